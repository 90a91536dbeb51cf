"""Whether a machine's signal is exposed by the devices that monitor it: TRUE, FALSE or UNKNOWN.

One rule keeps it simple: FALSE needs the whole licence (domain model 2.3): links complete, every
data service listed to an entitled identity, no door locked, and no unnamed value that could be it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache, cached_property, lru_cache
from shlex import quote

from inventory.derive.declared import equipment_class
from inventory.judge import soundness
from inventory.judge.asking import PORT, refused
from inventory.judge.context import Context
from inventory.judge.door import Door, info
from inventory.judge.holding import Held, Row, borne, held
from inventory.judge.logic import (
    both,
    declared,
    demote,
    derived,
    either,
    false,
    true,
    unknown,
)
from inventory.judge.openness import no_data_roles
from inventory.judge.profiles import (
    Profile,
    Signal,
    classes,
    could_be,
    fits,
    profile,
    signal_of,
)
from inventory.judge.soundness import GOOD, Sound
from inventory.judge.stand_ins import stand_in_of, stands
from inventory.judge.statements import holds, says, stated
from inventory.judge.view import View
from inventory.model import (
    Because,
    Declaration,
    Equipment,
    Link,
    Proposition,
    Strength,
    Truth,
)
from inventory.rules.inaccessible import locked, name_of
from inventory.rules.quality import is_placeholder
from inventory.rules.standing import about_machine, resting, rests
from inventory.signals.points import (
    MAPPED,
    NAME_ONLY,
    TEXT_TYPES,
    TYPED,
    Meaning,
    dimensions,
    is_binary,
    measure,
)

STRENGTH = {TYPED: Strength.E4, MAPPED: Strength.E4, NAME_ONLY: Strength.E1}
PROPOSED = "untrap export links -o links.csv"
"""The command that proposes links by the tags that devices and values bear."""
REGISTERS = ("holding:", "input:", "coil:", "discrete:")
_NUMBER = re.compile(r"\s*[-+]?[0-9]+(?:[.,][0-9]+)?\s*[^\s0-9]{0,6}\s*")
"""A number in words, with the unit behind it."""
OPEN_IT = "open it first: its own gaps say how"


class Machine:
    """One machine with the views of the devices that monitor it."""

    def __init__(
        self,
        equipment: Equipment,
        views: Sequence[View],
        context: Context,
        others: Sequence[View] = (),
    ) -> None:
        self.equipment = equipment
        self.context = context
        self.others = others  # of devices that no link ties to it, and that bear its tag
        self.views = [view for view in views if not view.device.away]
        self.gone = [view for view in views if view.device.away]
        self.links = [link for link in equipment.links if not link.proposed and link.resolved]
        self.cls = class_of(equipment.cls)
        self.profile: Profile | None = profile(self.cls)
        self._found: dict[Signal, Proposition] = {}

    @property
    def required(self) -> tuple[tuple[Signal, ...], ...]:
        """Groups of alternatives of which the profile needs one each."""
        return self.profile.required if self.profile else ()

    def name_of(self, meaning: Meaning) -> str:
        """The profile's name of what a value measures, else its measurand."""
        signals = self.profile.signals if self.profile else ()
        return next(
            (s.name for s in signals if fits(s, meaning, self.profile) is True), meaning.measurand
        )

    @cached_property
    def held(self) -> list[Held]:
        """What each of its devices gives for it."""
        return [held(self.equipment, view) for view in self.views]

    @cached_property
    def rows(self) -> list[Row]:
        """Process points that belong to the machine, with what they measure."""
        return [row for one in self.held for row in one.rows]

    @cached_property
    def unsure(self) -> list[Row]:
        """Process points that may be the machine's or another's."""
        return [row for one in self.held for row in one.unsure]

    @cached_property
    def unlinked(self) -> list[Row]:
        """Process points that bear the machine's tag, and that no link holds."""
        here = [row for one in self.held for row in one.unlinked]
        return here + [row for view in self.others for row in borne(self.equipment, view)]

    @cached_property
    def claims(self) -> list[Proposition]:
        """A question for each device that bears the machine's tag, and that no link ties to it."""
        tag = self.equipment.tag
        return [
            unknown(
                f"whether {name_of(view)} monitors {tag}: it bears the tag, and no link ties them",
                "link it, where it does: strike what is wrong, and import the list",
                PROPOSED,
            )
            for view in self.others
        ]

    def statements(self) -> list[tuple[str, str, Because]]:
        """What people attested of the machine: statement, value, premise."""
        return [
            (
                stated(item.fields),
                item.fields.get("value", ""),
                _premise(item),
            )
            for item in self._attested
        ]

    @cached_property
    def _attested(self) -> tuple[Declaration, ...]:
        return self.context.statements(self.equipment.tag, self.equipment.key)

    @cached_property
    def resting(self) -> bool:
        """Whether it, its line, area or site, or a device of it, is declared to stand still."""
        seen = max((view.latest.date() for view in self.views if view.latest), default=date.max)
        about = about_machine(self.equipment, self.context)
        today = self.context.today.date()
        return rests(about, today, seen) or any(resting(view) for view in self.views)

    @cached_property
    def licence(self) -> Proposition:
        """Whether "not there" may be said of this machine at all."""
        premises = [self.complete(), *self.unresolved()]
        for view in self.views:
            closed = locked(view)
            if closed:
                missing = f"what is behind a door of {name_of(view)}: {closed[0].text}"
                premises.append(
                    unknown(missing, OPEN_IT, f"untrap show {view.address}", *closed[:3])
                )
            doors = [door for door in view.spoke if (about := info(door)) and about.data]
            doors = [door for door in doors if is_source(door, view)]
            if not doors:
                premises.append(self._unserved(view))
            premises += [view.enumerated(door) for door in doors]
        return both(*premises)

    def _unserved(self, view: View) -> Proposition:
        """What is asked of a device that monitors the machine and gave no data service."""
        missing = f"any data service of {name_of(view)}"
        closed = refused(door for door in view.here if door.protocol != "snmp")
        if not closed:
            return unknown(missing, "scan it", view.ask())
        said = f"{missing}: it refuses {closed} on the ports that were asked"
        if view.device.role in no_data_roles():
            return unknown(
                said,
                f"name the device that reads {self.equipment.tag}: this one only carries data",
                f"untrap set {quote(self.equipment.tag)} monitored_by=DEVICE",
            )
        return unknown(
            said,
            "find in its manual or set-up what it serves and on which port, and ask that; or link"
            " the device that serves it",
            f"untrap scan {view.target} --port {PORT}" if view.target else "",
        )

    def complete(self) -> Proposition:
        """Whether its links are all that there are: a person's word, the last one counts; an old
        one is a step less sure."""
        tag = self.equipment.tag
        if self.equipment.links_complete:
            said = max(
                (one for one in self.equipment.links if one.complete), key=_when, default=None
            )
            stated = said.stated if said else None
            day = f" on {stated:%Y-%m-%d}" if stated else ""
            text = f"the links of {tag} were declared complete{day}"
            premise = declared(text, said.declaration if said else "")
            return true(self._sure(stated), premise)
        return unknown(
            f"whether other devices monitor {tag} too"
            if self.links
            else f"which devices monitor {tag}: no link is declared",
            "declare the links complete (column Complete)",
            "untrap import links FILE",
        )

    def unresolved(self) -> list[Proposition]:
        """A question for the devices that links name and nobody has seen, or that are not there
        any more: who looks for a signal has not looked there."""
        lost = [one.device for one in self.equipment.links if one.device and not one.resolved]
        asked = (
            [f"which device {', '.join(lost[:3])} is: no device matches that link"] if lost else []
        )
        asked += [f"where {name_of(view)} is now: {view.device.away}" for view in self.gone[:3]]
        asked += [text for one in self.held for text in one.idle][:3]
        step = "correct the link, or scan where the device stands"
        return [unknown(text, step, "untrap import links FILE") for text in asked]

    def exists(self, signal: Signal) -> Proposition:
        """Whether the signal is exposed."""
        if signal not in self._found:
            self._found[signal] = self._exists(signal)
        return self._found[signal]

    def group(self, alternatives: Sequence[Signal]) -> Proposition:
        """Whether any of the alternatives is exposed."""
        return either(*(self.exists(signal) for signal in alternatives))

    @cached_property
    def hollow(self) -> dict[str, list[Row]]:
        """Signals whose only points were never wired up, with those points (U03)."""
        named: dict[str, list[Row]] = {}
        for row in self.rows:
            if row[2].known:
                named.setdefault(self.name_of(row[2]), []).append(row)
        return {
            name: rows
            for name, rows in named.items()
            if all(is_placeholder(point, view.values(point)) for view, point, _ in rows)
        }

    def delivered(self, alternatives: Sequence[Signal]) -> Proposition:
        """Whether any of the alternatives is exposed and wired to something (use cases)."""
        return either(*(self._delivered(signal) for signal in alternatives))

    def sound(self, alternatives: Sequence[Signal]) -> Sound:
        """Whether any of the alternatives comes to the collector and is good: of several values
        one that is good suffices."""
        best: Sound | None = None
        for view, point, meaning in self.witnesses(alternatives):
            said = soundness.of(view).of(point, meaning)
            if said.truth is Truth.TRUE:
                return said
            if best is None or said.truth > best.truth:
                best = said
        return best or GOOD

    def witnesses(self, alternatives: Sequence[Signal]) -> list[Row]:
        """The values that show any of the alternatives, or that stand for it."""
        found: list[Row] = []
        for one in alternatives:
            found += self._showing(one) or self._standing_for(one, True)
        return found

    def _showing(self, signal: Signal) -> list[Row]:
        """The values that are that signal for sure."""
        return [row for row in self.rows if fits(signal, row[2], self.profile) is True]

    def not_fitted(self, group: Sequence[Signal]) -> bool:
        """The machine has no part that any of these would be measured at, as a person attested."""
        return any(
            holds("not_fitted", statement) and any(speaks_of(value, signal) for signal in group)
            for statement, value, _ in self.statements()
        )

    def _delivered(self, signal: Signal) -> Proposition:
        rows = self.hollow.get(signal.name)
        if not rows:
            return self.exists(signal)
        return false(Strength.E4, *(view.data_proof(point) for view, point, _ in rows[:3]))

    def attested_absent(self, signal: Signal) -> Proposition | None:
        """A person's word that there is no such sensor; an old one is a step less sure."""
        for item in reversed(self._attested):
            fields = item.fields
            if not says("not_instrumented", fields):
                continue
            if not speaks_of(fields.get("value", ""), signal):
                continue
            return false(self._sure(item.time), _premise(item))
        return None

    def _sure(self, stated: datetime | None) -> Strength:
        """The strength of a person's word: a step less after a year (domain model 2.5)."""
        days = self.context.thresholds.attestation_days * 86_400
        old = stated and (self.context.today - stated).total_seconds() > days
        return demote(Strength.E4) if old else Strength.E4

    def _exists(self, signal: Signal) -> Proposition:
        absent, best = self.attested_absent(signal), self._best(signal)
        if absent is not None and best is not None:
            who, shown = absent.because[0], best.because[0]
            return unknown(
                f"whether there is {signal.words}: {who.text}; and a value is listed that is taken"
                f" for it ({shown.text})",
                'look at the machine; then attest it again, with "no" where it is there, or name'
                " that value by a map or a link",
                "untrap import attest FILE",
                who,
                shown,
            )
        if absent is not None:
            return absent
        if best is not None:
            return best
        if stand_ins := self._standing_for(signal, True):
            told = self._best_of(stand_ins)
            taken = derived(f"derived: {signal.words} of its drive's {stand_ins[0][2].measurand}")
            return true(min(told.strength, Strength.E2), *told.because, taken)
        candidates = self._candidates(signal)
        if candidates:
            view, point, _ = candidates[0]
            names = ", ".join(point.name or point.address for _, point, _ in candidates[:5])
            return unknown(
                f"{len(candidates)} unclassified value{'s' if len(candidates) > 1 else ''} could be"
                f" {signal.words}: {names}",
                *self._naming(candidates),
                view.data_proof(point),
            )
        if others := self._unsure_of(signal):
            return others
        if may := self._standing_for(signal, None):
            view, point, meaning = may[0]
            name = point.name or point.address
            return unknown(
                f"whether {name} of {name_of(view)} is the {meaning.measurand} of the drive of"
                f" {self.equipment.tag}, which tells its {signal.words}, or that of the mains",
                f"where it is the drive's, link it (Part: {name}, Signal: {signal.name})",
                "untrap import links FILE",
                view.data_proof(point),
            )
        if self.licence.truth is not Truth.TRUE:
            return self.licence
        for view, point, meaning in self.unlinked:
            if fits(signal, meaning, self.profile) or could_be(
                signal, point, meaning, self.profile
            ):
                name = point.name or point.address
                return unknown(
                    f"whether {name} of {name_of(view)} is the {signal.words} of"
                    f" {self.equipment.tag}: it bears the tag, and no link holds it",
                    "link it too, where it is that",
                    PROPOSED if view in self.others else "untrap import links FILE",
                    view.data_proof(point),
                )
        if text := self._as_text(signal):
            return text
        strength = min(self._absence_strength(signal), self.licence.strength)
        return false(strength, self._looked_through(signal), *self.licence.because)

    def _as_text(self, signal: Signal) -> Proposition | None:
        """A question for a value that is the signal by its name, and comes as a text ("3.0 A")."""
        for view in self.views:
            if self.context.neighbours.get(view.device.key):
                continue  # it may be of another machine
            for point in view.evidence.points:
                if not _is_text(point.type):  # as nearly all: not measured once more for this
                    continue
                meaning = measure(point)
                if not meaning.process or not fits(signal, meaning):
                    continue
                if any(_NUMBER.fullmatch(str(one.value)) for one in view.values(point)):
                    return unknown(
                        f"the {signal.words} as a number: {point.name or point.address} of"
                        f" {name_of(view)} is a text",
                        "publish it as a number, with its unit",
                        f"untrap points {view.address}",
                        view.data_proof(point),
                    )
        return None

    def _naming(self, candidates: Sequence[Row]) -> tuple[str, str]:
        """How a person says what values are, and the command: a map holds registers only."""
        if all(point.address.startswith(REGISTERS) for _, point, _ in candidates):
            return "name them: import the register map", "untrap import map FILE"
        step = "say what they are: a link of the machine to each (Part: its name, Signal)"
        return step, "untrap import links FILE"

    def _unsure_of(self, signal: Signal) -> Proposition | None:
        """A question for values that are the signal, or may be, of a machine that is not known."""
        found = [
            row for row in self.unsure
            if fits(signal, row[2], self.profile) or could_be(signal, row[1], row[2], self.profile)
        ]  # fmt: skip
        if not found:
            return None
        view, point, _ = found[0]
        names = ", ".join(point.name or point.address for _, point, _ in found[:5])
        return unknown(
            f"of which machine {names} of {name_of(view)} {'is' if len(found) == 1 else 'are'}:"
            f" {self.equipment.tag} is not the only one there, and the name is of none",
            "link that value to its machine (columns Part and Signal)",
            "untrap import links FILE",
            view.data_proof(point),
        )

    def _looked_through(self, signal: Signal) -> Because:
        """What was listed in full without finding the signal."""
        names = " and ".join(name_of(view) for view in self.views[:3])
        more = f" and {len(self.views) - 3} more" if len(self.views) > 3 else ""
        count = len(self.rows)
        lists = "1 value, which" if count == 1 else f"{count} values, none of which"
        if sum(one.others for one in self.held):
            lists = lists.replace(",", f" of {self.equipment.tag},")
        return derived(f"{names}{more} lists {lists} is{' not' * (count == 1)} {signal.words}")

    def _best(self, signal: Signal) -> Proposition | None:
        found = self._showing(signal)
        return self._best_of(found) if found else None

    def _best_of(self, rows: Sequence[Row]) -> Proposition:
        view, point, meaning = max(rows, key=lambda row: row[2].score)
        strength = STRENGTH.get(meaning.match, Strength.E3)
        return true(strength, view.data_proof(point))

    def _standing_for(self, signal: Signal, sure: bool | None) -> list[Row]:
        """The values that stand for a signal, or (None) of which nobody says whether they do."""
        other = stand_in_of(signal)
        rows = self._showing(other) if other else []
        return [row for row in rows if stands(signal, row) is sure]

    def _candidates(self, signal: Signal) -> list[Row]:
        """Unclassified values whose unit is compatible or missing (domain model 4.4)."""
        return [row for row in self.rows if could_be(signal, row[1], row[2], self.profile)]

    def _absence_strength(self, signal: Signal) -> Strength:
        """Absence that rests on the names of other values is weak (domain model 4.3)."""
        allowed = dimensions(signal.measurand)
        for _, _, meaning in self.rows:
            by_name = meaning.match == NAME_ONLY and not meaning.dimension
            if by_name and not is_binary(meaning.measurand) and allowed and not meaning.kind:
                return Strength.E1
        return Strength.E3

    def present(self) -> tuple[frozenset[str], frozenset[str]]:
        """Names of the profile's signals that are exposed, and of those that may be.

        A point that nothing was ever wired to shows no failure mode: its signal is in neither. One
        that does not come to the collector may be, and is not for sure.
        """
        return self._present

    @cached_property
    def _present(self) -> tuple[frozenset[str], frozenset[str]]:
        if self.profile is None:
            return frozenset(), frozenset()
        truths = {item.name: self.had(item).truth for item in self.profile.signals}
        sure = frozenset(name for name, truth in truths.items() if truth is Truth.TRUE)
        return sure, sure | {name for name, truth in truths.items() if truth is Truth.UNKNOWN}

    def had(self, signal: Signal) -> Proposition:
        """Whether the signal is exposed and comes to the collector. One that is behind a door
        may be had: it is not absent (domain model 3.8)."""
        said = self._delivered(signal)
        if said.truth is not Truth.TRUE:
            return said
        come = [
            soundness.of(view).collectable(point) for view, point, _ in self.witnesses([signal])
        ]
        kept = [one for one in come if one.truth is not Truth.TRUE]
        if len(kept) < len(come):
            return said
        first = max(kept, key=lambda one: one.truth).said
        why = first.because[0].text if first.because else ""
        missing = first.unknown or f"{signal.words} comes to no collector: {why}"
        step = first.next_step or "open its way first: the gaps of its device say how"
        command = first.command or next((f"untrap show {view.address}" for view in self.views), "")
        return unknown(missing, step, command, *first.because)


def _when(link: Link) -> float:
    return link.stated.timestamp() if link.stated else 0.0


def _premise(item: Declaration) -> Because:
    said = ": ".join(filter(None, map(item.fields.get, ("statement", "value"))))
    day = f" on {item.time:%Y-%m-%d}" if item.time else ""
    who = item.author or item.document or "somebody"
    return declared(f"attested by {who}{day}: {said}", item.id)


@lru_cache(maxsize=4096)
def class_of(text: str) -> str:
    """The class that a register's word means ("Kreiselpumpe" is a pump), or the word itself."""
    word = text.strip().casefold().replace("_", "-").replace(" ", "-")
    return word if word in classes() else equipment_class(text) or word


def speaks_of(value: str, signal: Signal) -> bool:
    """Whether a statement's value names a signal: by measurand, or at that place alone.

    Alternatives may be joined by |, as a walk-down sheet prints them.
    """
    named = (signal_of(text.strip().casefold()) for text in value.split("|"))
    return any(
        one.measurand == signal.measurand and one.place in ("", signal.place) for one in named
    )


@cache
def _is_text(kind: str) -> bool:
    return kind.casefold().startswith(TEXT_TYPES)


def is_source(door: Door, view: View) -> bool:
    """Whether values of the process may come through a door: an agent that describes only its host
    and network carries none."""
    if door.protocol != "snmp" or "snmp" in view.plausible:
        return True
    return any(measure(point).process for item in door.observations for point in item.points)
