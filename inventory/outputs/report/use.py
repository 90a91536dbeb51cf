"""Signals of machines and readiness for use cases, as tables.

One rule keeps it simple: a cell is yes, no or unknown by the same propositions that the gaps use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from inventory.judge.presence import Machine
from inventory.judge.profiles import Profile
from inventory.model import Truth
from inventory.outputs.report.page import NO, UNKNOWN, YES, Case, Elsewhere, Matrix, Share
from inventory.outputs.report.words import spoken
from inventory.usecases import Obstacles, UseCase, bundled, ready, use_case

WORDS = {Truth.TRUE: YES, Truth.FALSE: NO, Truth.UNKNOWN: UNKNOWN}
NAMED = 50
"""Machines that one use case names with what each lacks."""


def used(
    machines: Iterable[Machine], obstacles: Obstacles, most: int
) -> tuple[tuple[Matrix, ...], tuple[Case, ...]]:
    """A table per class of machine that has a profile, of at most `most` rows, and every bundled
    use case that is about a machine of this site; in one pass, machines are not kept."""
    tables: dict[str, _Table] = {}
    cases = [_Case(use_case(name)) for name in bundled()]
    for one in machines:
        if one.profile is not None:
            tables.setdefault(one.cls, _Table(one.profile)).see(one, most)
        for case in cases:
            case.see(one, obstacles)
    matrices = tuple(table.matrix() for _, table in sorted(tables.items()))
    return matrices, tuple(case.told() for case in cases if case.count)


def elsewhere(site: str, machines: Iterable[Machine], obstacles: Obstacles) -> Elsewhere:
    """What the bundled use cases find at another site; machines are not kept."""
    cases = [_Case(use_case(name)) for name in bundled()]
    for one in machines:
        for case in cases:
            case.see(one, obstacles)
    told = (case.told() for case in cases if case.count)
    return Elsewhere(site, tuple((case.name, case.share) for case in told))


@dataclass(slots=True)
class _Table:
    """Signals of the machines of one class."""

    profile: Profile
    count: Counter[tuple[str, str]] = field(default_factory=Counter)  # signal, state
    rows: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    machines: int = 0

    def see(self, one: Machine, most: int) -> None:
        states = tuple(WORDS[one.exists(item).truth] for item in self.profile.signals)
        self.count.update(zip((item.name for item in self.profile.signals), states, strict=True))
        self.machines += 1
        if len(self.rows) < most:
            self.rows.append((one.equipment.tag or one.equipment.name, states))

    def matrix(self) -> Matrix:
        named = tuple(item.name for item in self.profile.signals)
        totals = tuple(self._share(name) for name in named)
        names = tuple(spoken(name) for name in named)
        return Matrix(self.profile.title, names, tuple(self.rows), totals, self.machines)

    def _share(self, name: str) -> Share:
        yes = self.count[(name, YES)]
        return Share(yes, yes + self.count[(name, UNKNOWN)], self.machines)


@dataclass(slots=True)
class _Case:
    """A use case, machine by machine."""

    wanted: UseCase
    count: Counter[Truth] = field(default_factory=Counter)
    listed: dict[Truth, list[tuple[str, str]]] = field(
        default_factory=lambda: {Truth.FALSE: [], Truth.UNKNOWN: []}
    )

    def see(self, machine: Machine, obstacles: Obstacles) -> None:
        one = ready(machine, self.wanted, obstacles.unreadable(machine))
        if one is None:
            return
        self.count[one.truth] += 1
        if one.truth is not Truth.TRUE and len(self.listed[one.truth]) < NAMED:
            lacks = [spoken(item.signal) for item in one.missing if item.truth is one.truth]
            self.listed[one.truth].append((one.unit, ", ".join(lacks)))

    def told(self) -> Case:
        yes, maybe = self.count[Truth.TRUE], self.count[Truth.UNKNOWN]
        share = Share(yes, yes + maybe, self.count.total())
        no, unknown = self.listed[Truth.FALSE], self.listed[Truth.UNKNOWN]
        return Case(self.wanted.name, share, tuple(no), tuple(unknown))
