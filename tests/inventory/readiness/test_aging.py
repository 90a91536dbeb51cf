"""Ages of evidence in days."""

from __future__ import annotations

from datetime import date

import pytest

from inventory.readiness.aging import Ages, median

TODAY = date(2026, 11, 29)


def ages(life: float, **days: int) -> Ages:
    found = Ages(life)
    found.add({date(2026, 11, int(day[1:])): count for day, count in days.items()}, TODAY)
    return found


def test_median_oldest_and_the_share_past_its_life() -> None:
    found = ages(7, d29=2, d22=1, d21=1)  # 0, 0, 7 and 8 days old
    assert str(found) == "median 3.5 days, oldest 8 days; older than 7 days: 25% of 4"


def test_nothing_seen_has_no_age() -> None:
    assert str(ages(7)) == "nothing to count"


def test_a_clock_ahead_of_ours_is_of_today() -> None:
    found = ages(30, d30=1)
    assert found.days == {0: 1}


@pytest.mark.parametrize(
    ("counted", "middle"),
    [
        ([(5, 1)], 5),
        ([(9, 1), (1, 1)], 5),
        ([(9, 1), (1, 2)], 1),
        ([(9, 2), (1, 2)], 5),
        ([(3, 1), (9, 5), (1, 1)], 9),
    ],
)
def test_the_median_of_counted_values(counted: list[tuple[int, int]], middle: float) -> None:
    assert median(counted) == middle


def test_of_nothing_there_is_no_median() -> None:
    with pytest.raises(ValueError, match="fewer"):
        median([])
