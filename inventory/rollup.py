"""Adding it up: accessibility of a line, an area, a class, a site, always as an interval.

One rule keeps it simple: C3 machines in the dark come first, the share at level 4 leads, the index
is secondary, and what was not assessed stays in the denominator (domain model 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from inventory.judge.levels import VALUES
from inventory.judge.weigh import SPARE
from inventory.model import Level

WEIGHTS = {"C1": 1.0, "C2": 3.0, "C3": 9.0}
DARK = 2  # a machine at this level or below gives no data
USEFUL = 3  # a process value with known meaning was read: data can be had (rulings 18)
NO_DATA = "not-data-bearing"
USABLE = 4


@dataclass(frozen=True, slots=True)
class Unit:
    """One asset as a roll-up needs it."""

    level: Level
    criticality: str = ""
    redundancy: str = ""
    scopes: Mapping[str, str] = field(default_factory=dict)  # scope → name: line, area, class, site
    category: str = ""
    not_asked: int = 0
    name: str = ""
    location: str = ""  # the same for twins that serve one functional location; "": it has no twin
    spares: tuple[Unit, ...] = ()  # its twins, after `once`

    @property
    def weight(self) -> float:
        """Unrated counts as C2; a spare halves it."""
        return WEIGHTS.get(self.criticality, 3.0) * (0.5 if self.redundancy in SPARE else 1.0)


def once(units: Iterable[Unit]) -> Iterator[Unit]:
    """Each functional location once, with what its better twin gives; its other twins beneath.

    Two twins at half the weight each would count the place twice (domain model 5).
    """
    twins: dict[str, list[Unit]] = {}
    for unit in units:
        if unit.location:
            twins.setdefault(unit.location, []).append(unit)
        else:
            yield unit
    yield from map(_location, twins.values())


def _location(twins: Sequence[Unit]) -> Unit:
    best, *others = sorted(twins, key=_reach, reverse=True)
    if not others:
        return best
    highest = [unit.level.hi for unit in twins]
    high = None if None in highest else max(hi for hi in highest if hi is not None)
    return replace(
        best,
        level=Level(best.level.lo, high, best.level.blocking),
        criticality=max(unit.criticality for unit in twins),
        redundancy=best.redundancy if best.redundancy in SPARE else "B",
        not_asked=sum(unit.not_asked for unit in twins),
        spares=tuple(others),
    )


def _reach(unit: Unit) -> tuple[int, int]:
    lo, hi = unit.level.lo, unit.level.hi
    return (-1 if lo is None else lo, 5 if hi is None else hi)


def dark_spares(units: Iterable[Unit]) -> Iterator[tuple[Unit, Unit]]:
    """Each twin that gives no data for sure, and the one that it stands in for."""
    for unit in units:
        for spare in unit.spares:
            if spare.level.hi is not None and spare.level.hi <= DARK:
                yield spare, unit


@dataclass(slots=True)
class Total:
    """Running sums of one scope."""

    units: int = 0
    weight: float = 0.0
    low: float = 0.0
    high: float = 0.0
    usable: float = 0.0
    possible: float = 0.0
    dark_low: int = 0
    dark_high: int = 0
    dark_spares: int = 0
    unrated: float = 0.0
    not_asked: int = 0
    c3: int = 0
    c3_weight: float = 0.0
    c3_usable: float = 0.0
    c3_possible: float = 0.0

    def add(self, unit: Unit) -> None:
        """Counts one asset in."""
        lo, hi = unit.level.lo, unit.level.hi
        least, most = (0 if lo is None else lo), (5 if hi is None else hi)
        weight = unit.weight
        self.units += 1
        self.weight += weight
        self.low += weight * VALUES[least]
        self.high += weight * VALUES[most]
        self.usable += weight * (least >= USABLE)
        self.possible += weight * (most >= USABLE)
        if unit.criticality == "C3":
            self.c3 += 1
            self.c3_weight += weight
            self.c3_usable += weight * (least >= USABLE)
            self.c3_possible += weight * (most >= USABLE)
            self.dark_low += most <= DARK
            self.dark_high += least <= DARK
        self.unrated += weight * (unit.criticality not in WEIGHTS)
        self.not_asked += unit.not_asked
        self.dark_spares += sum(1 for _ in dark_spares((unit,)))

    def line(self, scope: str, name: str) -> dict[str, object]:
        """The JSON object of `readiness` (rulings 26)."""
        whole = self.weight or 1.0
        return {
            "scope": scope,
            "name": name,
            "units": self.units,
            "c3_dark": {"lo": self.dark_low, "hi": self.dark_high},
            "c3_level4": self._critical(),
            "level4_share": round(self.usable / whole, 3),
            "level4_possible": round(self.possible / whole, 3),
            "index": {"lo": round(self.low / whole, 3), "hi": round(self.high / whole, 3)},
            "dark_spares": self.dark_spares,
            "unrated": round(self.unrated / whole, 3),
            "not_asked": self.not_asked,
        }

    def _critical(self) -> dict[str, float] | None:
        """The share of the weight of C3 at level 4 or above; None where nothing is rated so."""
        if not self.c3:
            return None
        held = {"lo": self.c3_usable, "hi": self.c3_possible}
        return {name: round(part / self.c3_weight, 3) for name, part in held.items()}


@dataclass(slots=True)
class Reach:
    """How many assets that carry process data are at least at a level, as they stream by."""

    level: int
    lo: int = 0  # surely
    hi: int = 0  # perhaps
    whole: int = 0

    def see(self, one: Unit) -> None:
        """Counts one asset in."""
        if one.category == NO_DATA:
            return
        self.whole += 1
        self.lo += (one.level.lo or 0) >= self.level
        self.hi += one.level.hi is None or one.level.hi >= self.level


def reached(units: Iterable[Unit], level: int) -> tuple[int, int, int]:
    """How many assets that carry process data are at least at a level: surely, perhaps, of how
    many."""
    found = Reach(level)
    for one in units:
        found.see(one)
    return found.lo, found.hi, found.whole


def roll_up(units: Iterable[Unit]) -> list[dict[str, object]]:
    """Totals by site, area, line and class; infrastructure is left out of every sum."""
    totals: dict[tuple[str, str], Total] = {}
    for unit in units:
        if unit.category == NO_DATA:
            continue
        for scope, name in unit.scopes.items():
            if name:
                totals.setdefault((scope, name), Total()).add(unit)
    order = {"site": 0, "area": 1, "line": 2, "class": 3}
    ranked = sorted(totals, key=lambda key: (order.get(key[0], 9), key[1]))
    return [totals[key].line(*key) for key in ranked]


def rated_too_high(units: Iterable[Unit]) -> bool:
    """Whether more than 30 % of the rated assets are C3: then the rating says little."""
    rated = [unit.criticality for unit in units if unit.criticality in WEIGHTS]
    return bool(rated) and rated.count("C3") / len(rated) > 0.3
