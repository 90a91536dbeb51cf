"""Signals that only their places tell apart, where the names of the values do not say the places.

One rule keeps it simple: a value is measured at one place, so three values are at most three of
four signals: one is missing for sure, whichever it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from inventory.judge.holding import Row
from inventory.judge.profiles import Signal

Group = tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Requirements that fewer values could meet than there are requirements."""

    groups: tuple[Group, ...]  # of which one or more are met by no value
    rows: tuple[Row, ...]
    needed: int  # how many requirements these values would have to meet
    missing: int  # at least so many of the groups are met by no value

    @property
    def signals(self) -> Group:
        """One signal of each requirement; of a single one, all that would do."""
        return self.groups[0] if len(self.groups) == 1 else tuple(one[0] for one in self.groups)


def shortfalls(
    unsure: Mapping[Group, Sequence[Row]], met: Mapping[Group, Sequence[Row]]
) -> list[Shortfall]:
    """What is missing by the count: from the values that may meet each requirement, of which
    nothing but their place is in doubt, and those that do meet another one. A value that meets
    two of them at once (a pressure difference) is not counted against either."""
    wanted = {**_apart(met, lambda group: {id(row[1]) for row in met[group]}),
              **_apart(unsure, lambda group: set(group))}  # fmt: skip
    found = []
    for groups, rows in _parts(wanted):
        lost = tuple(group for group in groups if group in unsure)
        missing = len(groups) - _served([wanted[group] for group in groups])
        if missing and missing < len(lost):
            found.append(Shortfall(lost, rows, len(groups), missing))
        elif missing:  # all of them
            found += [Shortfall((one,), rows, len(groups), 1) for one in lost]
    return found


def _apart(
    wanted: Mapping[Group, Sequence[Row]], parts: Callable[[Group], set[Signal] | set[int]]
) -> dict[Group, Sequence[Row]]:
    """Those that have nothing in common with another one."""
    return {
        group: rows for group, rows in wanted.items()
        if not any(parts(group) & parts(other) for other in wanted if other is not group)
    }  # fmt: skip


def _parts(
    wanted: Mapping[Group, Sequence[Row]],
) -> Iterator[tuple[list[Group], tuple[Row, ...]]]:
    """The requirements that compete for the same values, and these values."""
    left = dict(wanted)
    while left:
        group = next(iter(left))
        groups, rows = [group], {id(row[1]): row for row in left.pop(group)}
        while near := [one for one in left if any(id(row[1]) in rows for row in left[one])]:
            groups += near
            for one in near:
                rows |= {id(row[1]): row for row in left.pop(one)}
        yield groups, tuple(rows.values())


def _served(wanted: Sequence[Sequence[Row]]) -> int:
    """How many requirements can be met at once, each by a value of its own (augmenting paths)."""
    taken: dict[int, Sequence[Row]] = {}

    def place(rows: Sequence[Row], tried: set[int]) -> bool:
        for _, point, _ in rows:
            if id(point) in tried:
                continue
            tried.add(id(point))
            holder = taken.get(id(point))
            if holder is None or place(holder, tried):
                taken[id(point)] = rows
                return True
        return False

    return sum(place(rows, set()) for rows in wanted)
