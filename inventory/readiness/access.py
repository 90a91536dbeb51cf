"""Question 1: is data access consistent and reliable across all sites?

One rule keeps it simple: what is not known stays between the bounds, as no and as yes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from inventory.readiness.answer import Answer, BySite, Concluded, Listed, several, share, span
from inventory.readiness.availability import Availability
from inventory.readiness.census import Census, Stale
from inventory.readiness.sites import (
    Site,
    Spread,
    differing,
    level4,
    side_by_side,
    spreads,
)


def answer(
    line: Mapping[str, object],
    concluded: Concluded,
    census: Census,
    sites: Sequence[Site] = (),
    today: date = date.max,
) -> Answer:
    """Question 1, of the roll-up line of the site and those of all sites, this one included."""
    found = spreads(sites)
    return Answer(
        1,
        "Is data access consistent and reliable across all sites?",
        (
            ("accessibility index", span(line.get("index"))),
            ("share of weight at level 4", span(level4(line))),
            ("share of the weight of critical assets (C3) at level 4", _critical(line)),
            ("later asks that a service answered which answered before (A07)",
             census.availability.told),
            ("services that answer now and then", _wavering(census.availability)),
            ("stale values (Q02)", _stale(census.stale, concluded.of("Q02"))),
            ("difference between sites of the share at level 4, by class",
             _compared(sites, found)),
        ),
        _doubtful(line),
        "whether people copy data by hand instead",
        (
            BySite("sites side by side", side_by_side(sites, today)),
            Listed("most less least share at level 4, by class", differing(found)),
        ),
    )  # fmt: skip


def _critical(line: Mapping[str, object]) -> str:
    return span(held) if (held := line.get("c3_level4")) else "nothing is rated C3"


def _wavering(found: Availability) -> str:
    return share(found.intermittent, found.judged) if found.judged else "not known"


def _stale(found: Stale, gaps: int) -> str:
    """The rate of the values of which it is known, and of how many it is not."""
    devices = several(gaps, "device")
    left = max(found.read - found.judged, 0)
    unknown = f"not known of {left} of {max(found.read, found.judged)} values"
    if not found.judged:
        return f"{devices}; {unknown}: none tells its time"
    return f"{devices}; {share(found.stale, found.judged)} values that tell their time; {unknown}"


def _compared(sites: Sequence[Site], found: Sequence[Spread]) -> str:
    if len(sites) < 2:
        return "not known: the inventory holds one site"
    left = sum(not (one.holds and one.day) for one in sites)
    beside = f"; {left} of {len(sites)} sites not known" if left else ""
    if not found:
        return f"nothing to compare: no class that two sites have{beside}"
    classes = f"{len(found)} class{'' if len(found) == 1 else 'es'}"
    return f"at most {100 * found[0].high:.0f} points, of {classes}{beside}"


def _doubtful(line: Mapping[str, object]) -> float:
    """The share of weight of which it is not known whether it is at level 4; all where nothing is
    assessed."""
    bounds = [line.get(name) for name in ("level4_share", "level4_possible")]
    if None in bounds:
        return 1.0
    low, high = (float(str(one)) for one in bounds)
    return round(high - low, 3)
