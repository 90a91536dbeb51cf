"""The accessibility of one device's data, 0 to 5, as an interval (domain model 5, rulings 18).

One rule keeps it simple: `lo` is the largest level whose predicates up to there are all TRUE,
`hi` the largest with none FALSE; what is unknown widens the interval and is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from inventory.judge.door import Door
from inventory.judge.logic import false, true, unknown
from inventory.judge.managed import managed_device
from inventory.judge.soundness import delivers
from inventory.judge.view import View
from inventory.model import Level, Proposition, Strength, Truth
from inventory.quick import quick
from inventory.rules.frozen import alive, unmoved
from inventory.rules.inaccessible import locked
from inventory.rules.ranges import IS_NONE, marks
from inventory.rules.standing import resting
from inventory.signals.points import has_meaning
from protocols.contract import Quality

TRAPPED = frozenset({"T01", "T02", "T03", "T05", "T06", "T07"})
PRESENCE = frozenset({"capture", "arp"})
"""What says no more than that somebody is there: a packet of it, its hardware address."""
LOCKED = frozenset({"A01", "A02", "A03", "A04"})
VALUES = (0.0, 0.05, 0.15, 0.45, 0.9, 1.0)
"""Value of each level (domain model 5): convex, because 3 to 4 is where use begins."""


_new_level = quick(Level)
_THERE = true(Strength.E4)


def interval(predicates: Sequence[Proposition]) -> Level:
    """The interval that predicates for the levels 0, 1, 2, … span, with what blocks it."""
    low: int | None = None
    high: int | None = None
    blocking: list[str] = []
    rising = True
    for level, item in enumerate(predicates):
        if item.truth is Truth.FALSE:
            break
        high = level
        rising = rising and item.truth is Truth.TRUE
        if rising:
            low = level
        elif item.truth is Truth.UNKNOWN and item.unknown:
            blocking.append(item.unknown)
    return _new_level(low, high, tuple(dict.fromkeys(blocking))[:2])


def level_of(view: View, fired: Iterable[str] = ()) -> Level:
    """The interval of one device by itself; `fired` are the rules that are TRUE of it."""
    if view.device.away:  # what it gave once says nothing of what it gives
        return Level(None, None, (f"where it is now: {view.device.away}",))
    rules = set(fired)
    detected = _detected(view)
    identified = _identified(view, detected)
    readable = _readable(view, rules)
    usable = _usable(view, rules, readable)
    managed = usable if usable.truth is Truth.FALSE else managed_device(view, rules)
    return interval((_THERE, detected, identified, readable, usable, managed))


def _detected(view: View) -> Proposition:
    if view.present is not None or view.device.seen:
        return _THERE
    return unknown("any sign of it from here")


def _identified(view: View, detected: Proposition) -> Proposition:
    if view.spoke or (view.device.seen and any(_speaks(door) for door in view.doors)):
        return _THERE
    return unknown("a service of it that speaks" if detected.truth is Truth.TRUE else "")


def _speaks(door: Door) -> bool:
    """Whether it answers or says who it is; that it was heard, or asks others, is no service."""
    spoke = door.spoke
    return (
        spoke is not None and door.protocol not in PRESENCE and spoke.question.operation != "client"
    )


def _readable(view: View, rules: set[str]) -> Proposition:
    for door in view.here:
        if door.spoke and view.readable and delivers(view, door) and _gives(view, door):
            return true(Strength.E4)
    if rules & (TRAPPED | LOCKED):
        return false(Strength.E2)
    reasons = locked(view)
    if reasons:
        return unknown(f"values behind a door that is not open: {reasons[0].text}")
    return unknown("a process value with known meaning that was read")


def _gives(view: View, door: Door) -> bool:
    """Whether a value with a known meaning came by a door as it is since its latest scan: what was
    read before it refused us, or from another place, is not to be had from here today."""
    if not any(one.earlier for one in view.doors) and len(view.here) == len(view.doors):
        return True  # whatever was read was read here, in one scan: as nearly always
    given = {(one.part, one.point) for item in door.observations for one in item.samples}
    return any(
        {(point.part, point.address), ("", point.address)} & given
        for point, meaning in view.process
        if has_meaning(point, meaning, view.typed)
    )


def nameplate(view: View) -> Proposition:
    """Maker, model and serial number of the device are known."""
    device = view.device
    if device.vendor and (device.model or device.product) and device.serial:
        return true(Strength.E4)
    return unknown("a complete nameplate")


def _usable(view: View, rules: set[str], readable: Proposition) -> Proposition:
    """Level 4 of a device without a machine: what it publishes itself is usable and complete."""
    if readable.truth is Truth.FALSE:
        return false(Strength.E2)
    if rules & {"U03", "Q01", "Q02", "Q03", "Q04", "Q05", "Q12", "A05"} or "Q10" in rules:
        return false(Strength.E2)
    plate = nameplate(view)
    if plate.truth is not Truth.TRUE:
        return plate
    if not view.listing.known or view.listing.unclassified:
        return unknown("the meaning of every value: some are unclassified")
    if found := marks(view):
        point, _, samples = found[0]
        return unknown(
            f"whether {point.name or point.address} is a value: it reads {samples[-1].value:g},"
            f" {IS_NONE}"
        )
    reads = view.context.thresholds.window_reads
    for _, meaning, samples in view.valued:
        if not meaning.known:
            continue
        good = sum(item.quality is Quality.GOOD for item in samples)
        if len(samples) < reads:
            return unknown("a window of reads (scan --depth sample)")
        if good < view.context.thresholds.good_share * len(samples):
            return false(Strength.E3)
    still = unmoved(view, view.sampled)
    return alive(view, still) if still and not resting(view) else true(Strength.E3)
