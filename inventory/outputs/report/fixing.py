"""The fixes that pay most, the machines that they are for, and the critical ones in the dark.

One rule keeps it simple: a machine is named wherever a device that people linked to it is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from inventory.fixes import Fix, plan_fixes
from inventory.model import Equipment, Finding
from inventory.outputs.report import page
from inventory.outputs.report.limits import Limits
from inventory.outputs.report.naming import criticality, name_of
from inventory.outputs.report.sitemap import state_of
from inventory.outputs.report.words import spoken
from inventory.store.reading import Asset

MOST_DARK = 12
"""Critical machines without data that the first screen names."""

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


def fixes(
    findings: Sequence[Finding], watched: Watched, limits: Limits
) -> list[tuple[page.Todo, set[str]]]:
    """The fixes that pay most, each with the keys of the assets that it is about."""
    known = {one.id: one for one in findings}
    return [
        (todo(one, gaps, watched, limits), {gap.asset for gap in gaps})
        for one in plan_fixes(findings)[: limits.fixes]
        if (gaps := [known[gap] for gap in one.gaps])
    ]


def todo(
    fix: Fix,
    gaps: Sequence[Finding],
    watched: Watched,
    limits: Limits,
) -> page.Todo:
    """One fix as the page shows it."""
    machines = dict.fromkeys(one for gap in gaps for one in watched.get(gap.asset, ()))
    subjects = {spoken(gap.subject) for gap in gaps}
    return page.Todo(
        fix.text,
        fix.effort.value,
        fix.needs_outage,
        len(gaps),
        fix.assets[: limits.names],
        max(len(fix.assets) - limits.names, 0),
        tuple(dict.fromkeys(gap.label for gap in gaps))[:2],
        fix.value,
        subjects.pop() if len(subjects) == 1 else "",
        tuple(sorted(machines, key=lambda one: not one[1])[: limits.names]),
    )


@dataclass(slots=True)
class Dark:
    """Critical ones that give nothing: filled asset by asset."""

    equipment: Sequence[Equipment]
    names: dict[str, set[str]] = field(default_factory=dict)  # name → keys of it and its devices
    linked: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.linked = frozenset(key for one in self.equipment for key in one.monitored_by)

    def see(self, one: Asset) -> None:
        """Keeps it where it is one; a device that monitors a machine is named by its machine."""
        thing = one.thing
        if len(self.names) >= MOST_DARK or criticality(one) != "C3" or thing.key in self.linked:
            return
        if state_of(one.level, one.category) == page.NO:
            devices = thing.monitored_by if isinstance(thing, Equipment) else ()
            self.names.setdefault(name_of(one), {thing.key, *devices})

    def told(self, fixes: Sequence[tuple[page.Todo, set[str]]]) -> tuple[tuple[str, int], ...]:
        """Each with the number of the first fix that is about it or its devices; 0 for none."""
        return tuple(
            (name, next((n for n, (_, freed) in enumerate(fixes, 1) if own & freed), 0))
            for name, own in self.names.items()
        )
