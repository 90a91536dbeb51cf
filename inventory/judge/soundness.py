"""Whether a value that is exposed can be had today, and is good: TRUE, FALSE or UNKNOWN.

One rule keeps it simple: the rules of quality and of access are asked about that very value; what
they ask is unknown here too, and nothing is good because nobody looked (domain model 5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from inventory.judge.door import Door, info, title_of
from inventory.judge.logic import cite, false, true, unknown
from inventory.judge.openness import OPEN
from inventory.judge.view import View
from inventory.judge.weigh import accepted
from inventory.model import Proposition, Strength, Truth, finding_id
from inventory.rules.frozen import standing_still
from inventory.rules.inaccessible import a01, a02, a03, a04, is_denied, name_of
from inventory.rules.quality import (
    aged,
    bad_reads,
    failed,
    is_placeholder,
    unitless,
)
from inventory.rules.ranges import IS_NONE, MARKED, impossible, marks
from inventory.rules.trapped import connector_declared
from inventory.signals.points import Meaning
from protocols.contract import Observation, Openness, Outcome, Point, Quality

Key = tuple[str, str]
"""Part and address of a point."""

TURNED_AWAY = (
    "see on the device whether that service still runs, on which side it listens and whom it lets"
    " in; then scan it from there"
)
READ_AGAIN = "read it over a window, ten reads or more"


class Sound(NamedTuple):
    """What is said of a value, and whose business it is."""

    said: Proposition
    rule: str = ""  # that finds the gap, or asks
    device: str = ""  # key of the device whose gap it is

    @property
    def truth(self) -> Truth:
        """Of "it can be had and is good"."""
        return self.said.truth


class Trouble(NamedTuple):
    """A rule that speaks of a value, and what it asks; "" where it is TRUE."""

    rule: str
    asked: str = ""
    step: str = READ_AGAIN  # what settles it


GOOD = Sound(true(Strength.E4))


class Soundness:
    """What one device's evidence says of its values; built once for a view, when asked."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.troubled: Mapping[Key, Trouble] = dict(_troubles(view))
        telling = [door for door in view.doors if _tells(door)]
        here = {id(door) for door in view.spoke if not door.earlier and delivers(view, door)}
        self._whole = {id(door) for door in telling} <= here
        self._carried: frozenset[Key] | None = None
        self._shut: Mapping[str, str] | None = None

    def of(self, point: Point, meaning: Meaning) -> Sound:
        """Whether a value comes to the collector, and is good."""
        come = self.collectable(point)
        if come.truth is not Truth.TRUE:
            return come
        return self.good(point, meaning)

    def good(self, point: Point, meaning: Meaning) -> Sound:
        """Whether a value is good, by its last reads."""
        trouble = self.troubled.get((point.part, point.address))
        view, name = self.view, point.name or point.address
        if trouble is not None and not trouble.asked:
            proof = false(Strength.E4, view.data_proof(point))
            return Sound(proof, trouble.rule, view.device.key)
        samples = view.values(point)
        if trouble is not None and samples[-1].quality is not Quality.BAD:
            return self._asks(point, f"whether {name} {trouble.asked}", trouble.step, trouble.rule)
        if not samples:
            text = f"whether {name} gives a good value: it is listed, and was not read"
            return self._asks(point, text, "read it", "")
        last = samples[-1]
        said = f" ({last.status})" if last.status else ""
        if last.quality is not Quality.GOOD:
            text = (
                f"whether {name} gives a good value: its last read was {last.quality.value}{said}"
            )
            return self._asks(point, text, READ_AGAIN, "Q01")
        if last.value is None:
            text = f"whether {name} gives a value: its last read held none{said}"
            return self._asks(point, text, READ_AGAIN, "Q01")
        if unitless(point, meaning):
            text = f"the unit of {name}"
            return self._asks(point, text, "state its unit in a map, or in the server", "Q04")
        return GOOD

    def collectable(self, point: Point) -> Sound:
        """Whether the value comes to the collector: from its place, by what it can read."""
        view = self.view
        if is_denied(point):
            said = false(Strength.E4, view.data_proof(point))
            return Sound(said, "A05", view.device.key)
        if self._whole:
            return GOOD
        if self._carried is None:
            self._carried = frozenset(self._comes())
        if (point.part, point.address) in self._carried:
            return GOOD
        return self._does_not_come(point)

    def _comes(self) -> list[Key]:
        view = self.view
        return [
            key
            for door in view.spoke
            if delivers(view, door)
            for item in door.observations
            for key in (
                *((point.part, point.address) for point in item.points),
                *((sample.part, sample.point) for sample in item.samples),
            )
        ]

    def _does_not_come(self, point: Point) -> Sound:
        """What is said where no open door of the collector's gives the value."""
        view, name = self.view, point.name or point.address
        if self._shut is None:
            self._shut = _shut(view)
        doors = [door for door in view.doors if carries(door, point)]
        protocols = list(dict.fromkeys(door.protocol for door in doors))
        gap = next((self._shut[name] for name in protocols if name in self._shut), "")
        asked = [door for name in protocols for door in view.of(name) if door.asked]
        seen = tuple(cite(_telling(door)) for door in (*asked, *doors)[:3])
        named = view.context.collection
        place = f"the collector's place ({named})" if named else "the collector"
        if gap and all(name in self._shut for name in protocols):
            return Sound(false(Strength.E2, *seen), gap, view.device.key)
        where, step = f"whether {name} comes to {place}: ", "scan it from there"
        if asked and asked[-1].spoke:
            titles = title_of(asked[-1].protocol)
            where += f"{name_of(view)} answers there by {titles}, which did not give it"
        elif asked:
            where += f"{asked[-1].decided.outcome.value} when it was asked last"
            step = TURNED_AWAY
        else:
            where += "it was not asked from there"
        return Sound(unknown(where, step, _from_there(view), *seen))

    def _asks(self, point: Point, missing: str, step: str, rule: str) -> Sound:
        view = self.view
        said = unknown(missing, step, view.ask(depth="sample"), view.data_proof(point))
        return Sound(said, rule, view.device.key)


def _troubles(view: View) -> Iterator[tuple[Key, Trouble]]:
    """Per value what a rule of quality says of it; the gravest comes last, and counts."""
    bad, doubtful = bad_reads(view)
    stated, old, fresh = view.once(aged)
    still = standing_still(view)
    hollow = [row for row in view.sampled if is_placeholder(row[0], row[2])]
    asked = (
        ("Q01", doubtful, "is bad as a rule: some of its reads were"),
        ("Q03", still.open, "is frozen: it stood still while others moved"),
        ("Q02", [] if fresh else old, "is old: its time stamp is"),
    )
    for rule, rows, text in asked:
        for point, _, _ in rows:
            yield (point.part, point.address), Trouble(rule, text)
    for point, _, samples in marks(view):
        text = f"is a value: it reads {samples[-1].value:g}, {IS_NONE}"
        yield (point.part, point.address), Trouble("Q05", text, MARKED)
    found = (
        *(("Q02", [*stated, *(old if fresh else [])]), ("Q03", still.long), ("Q01", bad)),
        *(("Q05", impossible(view)), ("Q12", failed(view)), ("U03", hollow)),
    )
    for rule, rows in found:
        if accepted(finding_id(rule, view.device.key, ""), view.context):
            continue  # a person knows of it, and lets it be
        for point, _, _ in rows:
            yield (point.part, point.address), Trouble(rule)


def delivers(view: View, door: Door) -> bool:
    """Whether a collector reads that protocol: it is open, or a connector for it is declared."""
    about = info(door)
    if about is None or not about.data:
        return False
    if about.openness in OPEN:
        return True
    return about.openness is Openness.O2 and connector_declared(view, about.name)


def _shut(view: View) -> dict[str, str]:
    """Protocols that a gap of access keeps from the collector, with the rule that says so."""
    rules = (("A01", a01), ("A02", a02), ("A03", a03), ("A04", a04))
    return {
        case.subject: name
        for name, rule in rules
        for case in rule(view)
        if case.proposition.truth is Truth.TRUE
    }


def _tells(door: Door) -> bool:
    return any(item.points or item.samples for item in (*door.earlier, *door.observations))


def _telling(door: Door) -> Observation:
    """What tells most of a door that gives nothing: that it refused us, where it did."""
    refusal = door.first(Outcome.REFUSED_AUTH)
    return refusal if refusal is not None and not _tells(door) else door.decided


def carries(door: Door, point: Point) -> bool:
    """Whether that door gave the point, now or in an earlier scan."""
    return any(
        any(one.address == point.address and one.part == point.part for one in item.points)
        or any(one.point == point.address for one in item.samples)
        for item in (*door.earlier, *door.observations)
    )


def _from_there(view: View) -> str:
    again = view.again()
    return f"{again} --depth sample" if again else ""


def of(view: View) -> Soundness:
    """What is said of a view's values; found once for a view."""
    return view.once(Soundness)
