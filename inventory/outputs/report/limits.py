"""How much of a site the report holds.

One rule keeps it simple: every cut is made at one of these numbers, and says how many it left out.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the page holds; beyond it, counts stand in for rows."""

    assets: int = 3_000  # more are aggregated per network
    gaps: int = 5_000
    big_gaps: int = 1_000  # the same of a site whose assets are aggregated
    full: int = 1_000  # gaps up to which each is shown in full
    first: int = 200  # how many are shown in full where there are more
    questions: int = 1_000
    fixes: int = 5
    names: int = 6
    rows: int = 150  # machines of one class in the signal table
    changes: int = 500
    compared: int = 25_000  # assets up to which the page says itself what changed


LIMITS = Limits()
