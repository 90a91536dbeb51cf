"""The sites of an inventory side by side, and how far each class of equipment differs among them.

One rule keeps it simple: a site is compared by what was concluded of it; where its records or the
rules changed since, it is named as not known and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from inventory.readiness.answer import span


@dataclass(frozen=True, slots=True)
class Site:
    """The roll-up of one site, as it is stored."""

    name: str
    lines: Mapping[tuple[str, str], Mapping[str, object]] = field(default_factory=dict)
    """By scope and name, the JSON objects of `readiness`."""
    day: date | None = None  # of which its verdicts are; None: it was never concluded
    holds: bool = True  # neither its records nor the rules changed since

    @property
    def whole(self) -> Mapping[str, object]:
        """Its line for the whole site; empty where nothing was assessed."""
        return self.lines.get(("site", self.name), {})


@dataclass(frozen=True, slots=True)
class Spread:
    """How far the share of weight at level 4 differs among sites, for one class: most less least,
    0 to 1, within bounds."""

    cls: str
    sites: int
    low: float
    high: float


def level4(line: Mapping[str, object]) -> dict[str, object]:
    """The share of weight at level 4 or above within its bounds."""
    return {"lo": line.get("level4_share"), "hi": line.get("level4_possible")}


def side_by_side(sites: Sequence[Site], today: date) -> tuple[tuple[str, str], ...]:
    """Each site and what is told of it, where there are several."""
    return tuple((one.name, _told(one, today)) for one in sites) if len(sites) > 1 else ()


def _told(site: Site, today: date) -> str:
    if site.day is None:
        return "not known, never judged (untrap --site NAME readiness)"
    if not site.holds:
        return (
            f"not known, its records or the rules changed since {site.day}"
            " (untrap --site NAME readiness)"
        )
    line = site.whole
    old = f", as of {site.day}" if site.day != today else ""
    return (
        f"index {span(line.get('index'))}, level 4 {span(level4(line))},"
        f" critical (C3) {span(line.get('c3_level4'))}{old}"
    )


def spreads(sites: Iterable[Site]) -> list[Spread]:
    """The classes that two sites have, those that may differ most first."""
    held: dict[str, list[tuple[float, float]]] = {}
    for site in sites:
        if site.holds and site.day is not None:
            for cls, bounds in _classes(site):
                held.setdefault(cls, []).append(bounds)
    found = [_spread(cls, bounds) for cls, bounds in held.items() if len(bounds) > 1]
    return sorted(found, key=lambda one: (-one.high, -one.low, one.cls))


def _classes(site: Site) -> Iterator[tuple[str, tuple[float, float]]]:
    for (scope, name), line in site.lines.items():
        bounds = level4(line)
        if scope == "class" and None not in bounds.values():
            yield name, (float(str(bounds["lo"])), float(str(bounds["hi"])))


def _spread(cls: str, bounds: Sequence[tuple[float, float]]) -> Spread:
    """What is sure lies between the highest that is sure and the lowest that is possible; what may
    be, between two different sites at their far ends."""
    sure = max(lo for lo, _ in bounds) - min(hi for _, hi in bounds)
    may = max(
        high - low
        for at, (_, high) in enumerate(bounds)
        for other, (low, _) in enumerate(bounds)
        if at != other
    )
    return Spread(cls, len(bounds), round(max(sure, 0.0), 3), round(may, 3))


def differing(found: Sequence[Spread]) -> tuple[tuple[str, str], ...]:
    """Each class and how far it differs."""
    return tuple((one.cls, f"{_points(one)} points between {one.sites} sites") for one in found)


def _points(one: Spread) -> str:
    low, high = f"{100 * one.low:.0f}", f"{100 * one.high:.0f}"
    return low if low == high else f"{low} to {high}"
