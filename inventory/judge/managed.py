"""Level 5 of a device and of a machine: held over time, protected, named, and watched.

One rule keeps it simple: a machine answers for its own values, its own register row and its own
watchers; what else its devices hold is not its concern. Without a history nothing is said, in
either direction (domain model 5).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from inventory.judge import soundness
from inventory.judge.logic import both, declared, false, true, unknown
from inventory.judge.presence import Machine
from inventory.judge.statements import holds, says
from inventory.judge.view import ACTIVE, View
from inventory.model import Equipment, Proposition, Strength, Truth
from inventory.rules.informational import covered
from protocols.contract import Quality, Sample

Keys = frozenset[tuple[str, str]]
"""Part and address of points."""

UNNAMED = unknown("a register row with owner, criticality and place")


def managed_device(view: View, rules: Collection[str]) -> Proposition:
    """Level 5 of a device by itself; `rules` are those that are TRUE of it."""
    held = _held(view)
    if held.truth is Truth.UNKNOWN:
        return held
    return both(held, _protected(rules), _named(view, rules), _watched(view))


def managed_machine(machine: Machine, rules: Mapping[str, Collection[str]]) -> Proposition:
    """Level 5 of a machine; `rules` are those that are TRUE of its devices, by key."""
    rows = _sources(machine)
    if not rows:
        return unknown("the devices that deliver its values, over time")
    several = [
        both(_held(view, keys), _protected(rules.get(view.device.key, ())), _seen_to(machine, view))
        for view, keys in rows
    ]
    held = [_held(view, keys) for view, keys in rows]
    first = next((one for one in held if one.truth is Truth.UNKNOWN), None)
    return first or both(*several, _declared(machine.equipment))


def _sources(machine: Machine) -> list[tuple[View, Keys]]:
    """The devices that deliver what level 4 rests on, each with those values."""
    about = machine.profile
    groups = [machine.witnesses(group) for group in about.required] if about else []
    found: dict[str, tuple[View, set[tuple[str, str]]]] = {}
    for view, point, meaning in (row for rows in groups for row in rows):
        if soundness.of(view).of(point, meaning).truth is Truth.TRUE:
            _, keys = found.setdefault(view.device.key, (view, set()))
            keys.add((point.part, point.address))
    return [(view, frozenset(keys)) for view, keys in found.values()]


def _held(view: View, keys: Keys | None = None) -> Proposition:
    """Good values in several scans, far enough apart: one good day is no habit. Of these points,
    or of all."""
    limits = view.context.thresholds
    reads: dict[str, list[Sample]] = {}
    times: list[datetime] = []
    for item in view.evidence.observations:
        if item.origin not in ACTIVE:
            continue
        if samples := [one for one in item.samples if keys is None or _of(one, keys)]:
            reads.setdefault(item.scan, []).extend(samples)
            times.append(item.time)
    for samples in reads.values():
        good = sum([item.quality is Quality.GOOD for item in samples])
        if good < limits.good_share * len(samples):
            return false(Strength.E3, declared("in one of its scans too few values were good"))
    long = bool(times) and (max(times) - min(times)).total_seconds() >= limits.held_days * 86_400
    if len(reads) >= limits.held_scans and long:
        return true(Strength.E3)
    return unknown(
        f"level 4 held over {limits.held_scans} scans in {limits.held_days:g} days"
        f" ({len(reads)} so far)"
    )


def _of(sample: Sample, keys: Keys) -> bool:
    """Whether a value is of one of these points; one without a part is of the point of its name."""
    if sample.part:
        return (sample.part, sample.point) in keys
    return any(point == sample.point for _, point in keys)


def _protected(rules: Collection[str]) -> Proposition:
    """No value comes by a path that is only in clear or anonymous."""
    if "G01" in rules:
        return false(Strength.E3, declared("the only collection path is in clear or anonymous"))
    return true(Strength.E3)


def _named(view: View, rules: Collection[str]) -> Proposition:
    """Owner, criticality and place of a device are known."""
    if view.device.register is None:
        return UNNAMED
    return false(Strength.E4) if "G07" in rules else true(Strength.E4)


def _declared(equipment: Equipment) -> Proposition:
    """Owner, criticality and place of a machine are known, from whomever."""
    if equipment.owner and equipment.criticality and (equipment.area or equipment.line):
        return true(Strength.E4)
    return UNNAMED if equipment.register is None else false(Strength.E4)


def _seen_to(machine: Machine, view: View) -> Proposition:
    """Somebody would notice the loss of what a machine has from a device: attested of either."""
    for statement, _, premise in machine.attested.statements():
        if holds("monitored", statement):
            return true(Strength.E4, premise)
    return _watched(view)


def _watched(view: View) -> Proposition:
    """Somebody would notice the loss of the path: attested, or a server that streams it."""
    for item in view.statements():
        if says("monitored", item.fields):
            return true(Strength.E4, declared("attested: it is monitored", item.id))
    elsewhere = covered(view)
    if elsewhere.truth is Truth.TRUE:
        return elsewhere
    return unknown("whether the loss of its path would be noticed (attest: monitored)")
