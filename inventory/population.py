"""How many devices there are, from two lists that know nothing of each other (domain model 5, 7.3).

One rule keeps it simple: Chapman's estimate stands only where register and scan are independent
and share enough; otherwise the answer is why there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

FEWEST_SHARED = 7
"""Fewer devices on both lists make the estimate lean (Robson and Regier 1964, 7 or more)."""
BOUNDS = 1.96
"""Standard deviations of an interval that holds in 95 of 100 cases."""
MADE_BY_SCAN = "untrap"
"""A register whose document bears this name was exported from an inventory."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Devices that there are, with the bounds; or why that is not said."""

    likely: float = 0.0
    low: float = 0.0
    high: float = 0.0
    refused: str = ""

    def __str__(self) -> str:
        if self.refused:
            return f"not estimated: {self.refused}"
        return (
            f"{self.likely:.0f} ({self.low:.0f} to {self.high:.0f}), if the register was made"
            " without a scan"
        )


def estimate(declared: int, found: int, shared: int, from_scan: bool = False) -> Estimate:
    """Chapman: (M+1)(C+1)/(R+1) - 1, M declared and asked, C found, R both. The lower bound is
    never below what is known of already."""
    if from_scan:
        return Estimate(refused="the register was made from a scan, so the lists are one")
    if not declared:
        return Estimate(refused="there is no register of what was asked")
    if shared < FEWEST_SHARED:
        both = "1 device" if shared == 1 else f"{shared} devices"
        return Estimate(refused=f"register and scan share {both}, {FEWEST_SHARED} are needed")
    likely = (declared + 1) * (found + 1) / (shared + 1) - 1
    spread = (declared + 1) * (found + 1) * (declared - shared) * (found - shared)
    deviation = sqrt(spread / ((shared + 1) ** 2 * (shared + 2)))
    known = declared + found - shared
    return Estimate(likely, max(known, likely - BOUNDS * deviation), likely + BOUNDS * deviation)
