"""The numbers that an operator may override in one file, with their defaults and sources.

One rule keeps it simple: every threshold that a rule uses stands here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

LARGEST = 604_800  # a week in seconds; as days, a date that a calendar still has


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Project defaults (domain model 2.5, 3, 4.2, 5); `[thresholds]` of the site file overrides."""

    presence_days: float = 30.0  # evidence older than this loses one step of confidence
    quality_days: float = 7.0
    attestation_days: float = 365.0
    window_overlap_hours: float = 24.0  # two vantages count as the same window (A02)
    retry_gap_seconds: float = 10.0  # two refusals that far apart are two tries (T06)
    bad_share: float = 0.2  # share of bad reads that makes Q01
    bad_reads: int = 10
    stale_seconds: float = 60.0
    frozen_reads: int = 20
    frozen_seconds: float = 600.0
    frozen_gap_seconds: float = 3600.0  # reads further apart are two windows (Q03)
    skew_seconds: float = 2.0
    certificate_days: float = 90.0
    sibling_jaccard: float = 0.8
    coverage_target: float = 0.6
    coverage_target_c3: float = 0.8
    good_share: float = 0.95  # share of good reads that level 4 needs
    window_reads: int = 3  # reads that make a window
    held_scans: int = 3  # scans over which level 4 must hold for level 5
    held_days: float = 7.0  # and the days that they must span


def thresholds(stated: Mapping[str, str]) -> Thresholds:
    """Defaults with the stated values over them.

    A name that does not exist or a value out of range keeps the default: an inventory may
    hold what another version wrote, and stays readable. The site file is checked when it is read.
    """
    known = {item.name for item in fields(Thresholds)}
    result = Thresholds()
    for name in known & stated.keys():
        try:
            value = float(stated[name])
        except ValueError:
            continue
        if 0 <= value <= LARGEST:  # false for NaN
            result = replace(result, **{name: type(getattr(result, name))(value)})
    return result
