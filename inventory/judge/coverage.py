"""Failure-mode coverage: which failure modes of a machine show in what it exposes.

One rule keeps it simple: raw = (share seen by one parameter + share seen by two) / 2, divided by
what all online parameters of the class would give, so that 1 is all that a network can deliver
(domain model 4.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from inventory.judge.profiles import Profile
from inventory.model import Coverage
from inventory.signals.units import rows

EFFORT = {"running": 1.0, "current": 2.0, "power": 2.0, "voltage": 2.0, "speed": 2.0}
USUAL_EFFORT = 4.0
"""Effort of a new sensor by parameter: what a drive already knows is cheaper (own estimate)."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Failure modes of one class and the parameters that respond to each."""

    modes: tuple[str, ...]
    responds: Mapping[str, frozenset[int]]  # parameter → indices of modes
    online: frozenset[str]

    def clearing(self, measured: frozenset[str]) -> Matrix:
        """The same where somebody measures some offline parameters online: they count as any other,
        and the ceiling moves (domain model 4.2)."""
        return replace(self, online=self.online | (measured & self.responds.keys()))

    def counts(self, present: Iterable[str]) -> tuple[int, int]:
        """How many failure modes at least one, and at least two, of the parameters show."""
        hits = [0] * len(self.modes)
        for parameter in set(present):
            for place in self.responds.get(parameter, ()):
                hits[place] += 1
        return sum(hit >= 1 for hit in hits), sum(hit >= 2 for hit in hits)

    def raw(self, present: Iterable[str]) -> float:
        """Mean of the two shares, 0 to 1."""
        one, two = self.counts(present)
        return (one + two) / (2 * len(self.modes))

    def coverage(self, present: Iterable[str]) -> float:
        """Share of what all online parameters would give, 0 to 1."""
        return min(self.raw(present) / self.raw(self.online), 1.0)

    def unseen(self, present: Iterable[str]) -> tuple[str, ...]:
        """Failure modes that none of the parameters shows."""
        seen = {place for name in present for place in self.responds.get(name, ())}
        return tuple(mode for place, mode in enumerate(self.modes) if place not in seen)


@cache
def matrices() -> Mapping[str, Matrix]:
    """All matrices by class (`data/failure_modes.csv`)."""
    modes: dict[str, list[str]] = {}
    responds: dict[str, dict[str, frozenset[int]]] = {}
    online: dict[str, set[str]] = {}
    for row in rows("failure_modes.csv"):
        cls = row["class"]
        if row["kind"] == "mode":
            modes.setdefault(cls, []).append(row["name"])
            continue
        places = frozenset(ord(letter) - ord("a") for letter in row["modes"])
        responds.setdefault(cls, {})[row["name"]] = places
        if row["online"] == "1":
            online.setdefault(cls, set()).add(row["name"])
    return {
        cls: Matrix(tuple(listed), responds[cls], frozenset(online[cls]))
        for cls, listed in modes.items()
    }


def coverage_of(
    profile: Profile,
    present: frozenset[str],
    possible: frozenset[str],
    weight: float = 1.0,
    cleared: frozenset[str] = frozenset(),
) -> Coverage | None:
    """Coverage of a machine; `present` and `possible` are signal names, possible ⊇ present;
    `cleared` are offline parameters that somebody measures online there.

    None for a class without a matrix.
    """
    matrix = matrices().get(profile.failure_modes)
    if matrix is None:
        return None
    matrix = matrix.clearing(cleared)
    sure = parameters_of(profile, present) | cleared
    maybe = parameters_of(profile, possible) | sure
    return Coverage(
        round(matrix.coverage(sure), 3),
        round(matrix.coverage(maybe), 3),
        matrix.unseen(maybe),
        best_next(profile, matrix, sure, weight),
    )


def parameters_of(profile: Profile, signals: Iterable[str]) -> frozenset[str]:
    """Matrix parameters that the signals stand for; a signal at a place also counts without it."""
    table = profile.parameters or {}
    found = set()
    for name in signals:
        for key in (name, name.partition(":")[0]):
            if key in table:
                found.add(table[key])
                break
    return frozenset(found)


def best_next(
    profile: Profile, matrix: Matrix, present: frozenset[str], weight: float = 1.0
) -> str:
    """The signal that adds most coverage per effort; "" when none adds any."""
    base = matrix.coverage(present)
    best, most = "", 0.0
    for signal, parameter in (profile.parameters or {}).items():
        if parameter in present or parameter not in matrix.online:
            continue
        gain = matrix.coverage(present | {parameter}) - base
        gain *= weight / EFFORT.get(signal.partition(":")[0], USUAL_EFFORT)
        if gain > most + 1e-9:
            best, most = signal, gain
    return best
