"""Thresholds that an inventory holds: what is not understood leaves the default in place."""

from __future__ import annotations

import pytest

from inventory.judge.thresholds import Thresholds, thresholds


def test_a_stated_threshold_replaces_the_default() -> None:
    assert thresholds({"stale_seconds": "3"}) == Thresholds(stale_seconds=3.0)
    assert thresholds({"held_scans": "4"}).held_scans == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stale_secnds", "3"),
        ("stale_seconds", "many"),
        ("stale_seconds", ""),
        ("stale_seconds", "nan"),
        ("held_scans", "inf"),
        ("presence_days", "1e300"),
    ],
)
def test_a_stored_threshold_that_means_nothing_is_passed_over(name: str, value: str) -> None:
    assert thresholds({name: value}) == Thresholds()
