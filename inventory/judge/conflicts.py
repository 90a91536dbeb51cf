"""What a device's evidence says against itself: an older scan, and one that says otherwise now.

One rule keeps it simple: both answers are kept, and what is concluded from either is a step less
sure; silence contradicts nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from inventory.judge.door import SAYS_NOTHING, Door
from inventory.judge.logic import describe
from inventory.judge.superseded import label, whole_listing
from inventory.model import Because, Evidence, Gone
from protocols.contract import SPOKE, Observation, Outcome


def found(evidence: Evidence, doors: Sequence[Door]) -> list[Because]:
    """Doors that said one thing in an earlier scan and another in the latest."""
    pairs = (_contradiction(evidence, door) for door in doors if door.earlier)
    return [_conflict(*one) for one in pairs if one is not None]


def _contradiction(evidence: Evidence, door: Door) -> tuple[Observation, Observation, str] | None:
    """What was said before and now, and what more there is to say; None where they agree."""
    then = {_word(item) for item in door.earlier} - {""}
    now = {_word(item) for item in door.observations} - {""}
    if then and now and not then & now:
        return door.earlier[-1], door.decided, ""
    if (turn := _back(door)) is not None:
        return turn, door.decided, ""
    if (before := _let_in(door.earlier, door.observations)) is not None:
        return *before, ""
    if (lists := _listings(door)) is not None:
        lost = tuple(one for one in evidence.gone if one.after.id == lists[1].id)
        more = f"; listed no more: {lost_names(lost)}" if lost else "; with other values"
        return *lists, more
    if not evidence.device.serial and (kinds := _another_kind(door)) is not None:
        return *kinds, ""
    return None


def _conflict(before: Observation, after: Observation, more: str) -> Because:
    text = f"earlier: {describe(before)}; now: {describe(after)}{more}"
    return Because(before.id, "conflict", text)


MOST_NAMED = 5


def lost_names(gone: Sequence[Gone]) -> str:
    """The points that are listed no more, in a few words."""
    names = ", ".join(one.point.name or one.point.address for one in gone[:MOST_NAMED])
    more = f" and {len(gone) - MOST_NAMED} more" if len(gone) > MOST_NAMED else ""
    return f"{names}{more}"


KIND = ("vendor", "product", "model")
"""What a device is; an update may change what it runs, and not this."""


def _another_kind(door: Door) -> tuple[Observation, Observation] | None:
    """Two answers by which two kinds of device stood there; None where there are none. Without a
    serial number nothing else shows that one was replaced, or that two changed places."""
    said: dict[tuple[str, str], tuple[object, Observation]] = {}
    for item in door.earlier:
        said |= {(f.name, f.source): (f.value, item) for f in item.facts if f.name in KIND}
    for item in door.observations if said else ():
        for fact in item.facts:
            value, before = said.get((fact.name, fact.source), (fact.value, item))
            if value != fact.value and item.scan != before.scan:
                return before, item
    return None


def _word(item: Observation) -> str:
    """The class of an outcome that a later one may contradict; "" where it says nothing."""
    if item.outcome is Outcome.REFUSED_DOWNSTREAM and item.question.part:
        return "not reached"  # its gateway spoke, and said that this one does not
    if item.outcome in SPOKE:
        return "spoke"
    if item.outcome in (Outcome.CLOSED, Outcome.OTHER):
        return "not offered"
    if item.outcome in (Outcome.MUTE, Outcome.HUNG_UP, Outcome.GARBLED):
        return "listens"
    if item.outcome is Outcome.BLOCKED:
        return "filtered"
    return "" if item.outcome in SAYS_NOTHING else "not reached"


def _back(door: Door) -> Observation | None:
    """What the last earlier scan said of a unit that its gateway reaches in one of the two only:
    whatever was heard of it before that, it was gone and is there again, or the other way."""
    last = [item for item in door.earlier if item.scan == door.earlier[-1].scan]
    if all(item.outcome is not Outcome.REFUSED_DOWNSTREAM for item in (*last, *door.observations)):
        return None
    then, now = ({_word(item) for item in some} - {""} for some in (last, door.observations))
    return last[-1] if then and now and not then & now else None


def _let_in(
    earlier: list[Observation], later: list[Observation]
) -> tuple[Observation, Observation] | None:
    """The same identity refused in one scan and let in in the other; None where it was not."""
    for one, other in ((earlier, later), (later, earlier)):
        refused = {item.credential: item for item in one if item.outcome is Outcome.REFUSED_AUTH}
        inside = {item.credential: item for item in other if item.points or item.samples}
        for name in refused.keys() & inside.keys():
            pair = refused[name], inside[name]
            return pair if one is earlier else pair[::-1]
    return None


def _listings(door: Door) -> tuple[Observation, Observation] | None:
    """Two whole listings of one service that do not hold the same items; None where they do.

    Otherwise losing an item would look like its absence (domain model 9.13).
    """
    after = whole_listing(door.observations)
    scans: dict[str, list[Observation]] = {}
    for item in door.earlier:
        scans.setdefault(item.scan, []).append(item)
    for items in reversed(scans.values()):
        before = whole_listing(items)
        if before is not None and after is not None and label(before.ended) == label(after.ended):
            same = before.points == after.points
            return None if same else (before.ended, after.ended)
    return None
