"""The fixes that pay most, the machines that they are for, and the critical ones in the dark.

One rule keeps it simple: a machine is named wherever a device that people linked to it is meant.
The order of the fixes is value per effort, so what a critical machine waits for may come late in
it: such a machine is named beside them, with its own fix.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from inventory.fixes import Planned, planned
from inventory.judge.weigh import COST
from inventory.model import Equipment, Finding
from inventory.outputs.report import page
from inventory.outputs.report.limits import Limits
from inventory.outputs.report.naming import criticality, name_of
from inventory.outputs.report.sitemap import state_of
from inventory.outputs.report.words import spoken
from inventory.outputs.shelf import Ledger
from inventory.store.reading import Asset

MOST_DARK = 12
"""Critical ones without data, and of those not known as many, that the first screen names."""
MOST_GROUPS = 5
"""Fixes that those without data wait for, that it names."""

Watched = Mapping[str, Sequence[tuple[str, bool]]]
"""Machines by the key of each device that monitors them: tag, and whether rated critical."""


def watched(equipment: Iterable[Equipment]) -> Watched:
    """Machines by the key of each device that monitors them: tag, and whether rated critical."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for one in equipment:
        named = (one.tag or one.name, one.criticality == "C3")
        for key in one.monitored_by:
            found.setdefault(key, []).append(named)
    return found


@dataclass(frozen=True, slots=True)
class Plan:
    """Fixes in the order in which they pay, and the findings that they free."""

    fixes: Sequence[Planned]
    findings: Ledger[Finding]

    @classmethod
    def of(cls, findings: Ledger[Finding]) -> Plan:
        """The plan that frees these findings."""
        return cls(planned(findings), findings)

    def freed(self, fix: Planned) -> Iterator[Finding]:
        """What a fix frees; one at a time."""
        return map(self.findings.__getitem__, fix.places)

    def first(self, watched: Watched, limits: Limits) -> tuple[page.Todo, ...]:
        """The fixes that pay most."""
        return tuple(
            todo(one, self.freed(one), watched, limits)
            for one in self.fixes[: limits.fixes]
            if one.places
        )

    def best(self, wanted: Mapping[str, Iterable[str]]) -> dict[str, int]:
        """For each of some names, by the keys of its assets, the place from 1 on of the fix that
        frees most of their value, whatever the effort; none where no fix is about them."""
        owners: dict[str, list[str]] = {}
        for name, keys in wanted.items():
            for key in keys:
                owners.setdefault(key, []).append(name)
        numbers = array("L", bytes(array("L").itemsize * len(self.findings)))
        for number, fix in enumerate(self.fixes, 1):
            for place in fix.places:
                numbers[place] = number
        found: dict[str, tuple[float, int]] = {}
        for number, one in zip(numbers, self.findings if owners else (), strict=False):
            for name in owners.get(one.asset, ()) if number else ():
                gain = one.value * COST[one.remedies[0].effort], -number
                found[name] = max(gain, found.get(name, gain))
        return {name: -number for name, (_, number) in found.items()}


@dataclass(slots=True)
class Freed:
    """What a fix frees, added up as it goes by."""

    names: list[str] = field(default_factory=list)  # the first assets, each once
    known: set[int] = field(default_factory=set)  # all of them, as numbers
    labels: dict[str, None] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)
    machines: dict[tuple[str, bool], None] = field(default_factory=dict)

    @classmethod
    def of(cls, gaps: Iterable[Finding], watched: Watched, most: int) -> Freed:
        """The sum over some findings; of the assets, `most` are named."""
        found = cls()
        for gap in gaps:
            if (number := hash(gap.asset)) not in found.known and len(found.names) < most:
                found.names.append(gap.asset_name)
            found.known.add(number)
            found.labels.setdefault(gap.label)
            found.subjects.add(spoken(gap.subject))
            found.machines.update(dict.fromkeys(watched.get(gap.asset, ())))
        return found

    @property
    def subject(self) -> str:
        """What all of them are about, where that is one thing."""
        return next(iter(self.subjects)) if len(self.subjects) == 1 else ""


def todo(fix: Planned, gaps: Iterable[Finding], watched: Watched, limits: Limits) -> page.Todo:
    """One fix as the page shows it."""
    freed = Freed.of(gaps, watched, limits.names)
    return page.Todo(
        fix.text,
        fix.effort.value,
        fix.needs_outage,
        len(fix.places),
        tuple(freed.names),
        len(freed.known) - len(freed.names),
        tuple(freed.labels)[:2],
        fix.value,
        freed.subject,
        tuple(sorted(freed.machines, key=lambda one: not one[1])[: limits.names]),
        max(len(freed.machines) - limits.names, 0),
    )


@dataclass(slots=True)
class Critical:
    """Critical ones that give nothing, or of which nobody knows: filled asset by asset."""

    equipment: Sequence[Equipment]
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)  # name → keys, its devices' too
    count: int = 0
    unclear: list[str] = field(default_factory=list)
    unclear_count: int = 0
    linked: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.linked = frozenset(key for one in self.equipment for key in one.monitored_by)

    def see(self, one: Asset) -> None:
        """Keeps it where it is one; a device that monitors a machine is named by its machine."""
        thing = one.thing
        if criticality(one) != "C3" or thing.key in self.linked:
            return
        state = state_of(one.level, one.category)
        if state == page.NO:
            self.count += 1
            if len(self.names) < MOST_DARK:
                devices = thing.monitored_by if isinstance(thing, Equipment) else ()
                self.names.setdefault(name_of(one), (thing.key, *devices))
        elif state == page.UNKNOWN:
            self.unclear_count += 1
            if len(self.unclear) < MOST_DARK:
                self.unclear.append(name_of(one))

    def dark(self, plan: Plan, limits: Limits) -> tuple[tuple[page.Dark, ...], int]:
        """The ones without data by the fix that they wait for, in the order in which those pay;
        and how many are not named."""
        best = plan.best(self.names)
        groups: dict[int, list[str]] = {}
        for name in self.names:
            groups.setdefault(best.get(name, 0), []).append(name)
        ranked = sorted(groups.items(), key=lambda item: item[0] or len(plan.fixes) + 1)
        told = [self._told(names, place, plan, limits) for place, names in ranked[:MOST_GROUPS]]
        return tuple(told), self.count - sum(len(one.names) for one in told)

    def _told(self, names: Sequence[str], place: int, plan: Plan, limits: Limits) -> page.Dark:
        """Those that wait for one fix."""
        if not place:
            return page.Dark(tuple(names))
        fix, keys = plan.fixes[place - 1], {key for name in names for key in self.names[name]}
        at = dict.fromkeys(gap.asset_name for gap in plan.freed(fix) if gap.asset in keys)
        other = tuple(one for one in at if one not in names)[: limits.names]
        shown = place if place <= limits.fixes else 0
        return page.Dark(tuple(names), shown, fix.text, fix.effort.value, fix.needs_outage, other)
