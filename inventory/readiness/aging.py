"""How old the evidence is: when devices were seen last, and when their values were read last.

One rule keeps it simple: evidence older than its life is counted, not dropped; ages are in days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from inventory.readiness.answer import share


class Ages:
    """How many days old each piece of one kind of evidence is."""

    def __init__(self, life: float = 0.0) -> None:
        self.life = life  # days, after which confidence is a step lower
        self.days = Counter[int]()

    def add(self, seen: Mapping[date, int], today: date) -> None:
        """Counts in what was seen on each day; what a clock puts into the future is of today."""
        for day, count in seen.items():
            self.days[max((today - day).days, 0)] += count

    def __str__(self) -> str:
        if not self.days:
            return "nothing to count"
        whole = self.days.total()
        old = sum(count for age, count in self.days.items() if age > self.life)
        middle, oldest = median(self.days.items()), max(self.days)
        return (
            f"median {middle:g} days, oldest {oldest} days; older than {self.life:g} days:"
            f" {share(old, whole)}"
        )


def median(counted: Iterable[tuple[int, int]]) -> float:
    """The median of values that are given with how often each is there; at least one is."""
    ordered = sorted(counted)
    whole = sum(count for _, count in ordered)
    return (_at(ordered, (whole - 1) // 2) + _at(ordered, whole // 2)) / 2


def _at(ordered: Iterable[tuple[int, int]], place: int) -> int:
    """The value at a place among all, from 0 on."""
    for value, count in ordered:
        place -= count
        if place < 0:
            return value
    raise ValueError("there are fewer")
