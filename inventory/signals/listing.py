"""What a listing of points says by itself, whatever their values are.

One rule keeps it simple: a listing is looked at once, however many devices give it and however
many rules ask; whether a value lies where it should is not asked here.
"""

from __future__ import annotations

from functools import lru_cache

from inventory.judge.openness import document
from inventory.once import Lazily, Once
from inventory.signals.points import Meaning, measure
from inventory.signals.together import reread
from protocols.contract import Point

Measured = tuple[Point, Meaning]

SETTINGS = ("parameter", "limit")
"""Kinds of points whose values people set: nobody reads them to see whether they move."""


class Listing:
    """The points of a device, and what rules want to know of them."""

    def __init__(self, points: tuple[Point, ...]) -> None:
        self.points = points

    @Lazily
    def measured(self) -> tuple[Measured, ...]:
        """Every point with what it measures, the names read together."""
        alone = [measure(point) for point in self.points]
        return tuple(zip(self.points, reread(self.points, alone), strict=True))

    @Lazily
    def process(self) -> tuple[Measured, ...]:
        """Points of the process with what they measure: no housekeeping of the device, no text."""
        found = tuple([item for item in self.measured if item[1].process and item[1].numeric])
        return self.measured if len(found) == len(self.measured) else found

    @Lazily
    def places(self) -> tuple[int, ...]:
        """Where the points of the process stand among all points."""
        return tuple(
            [n for n, (_, about) in enumerate(self.measured) if about.process and about.numeric]
        )

    @Lazily
    def keys(self) -> list[tuple[str, str]]:
        """Part and address of each point."""
        return [(point.part, point.address) for point in self.points]

    @Lazily
    def distinct(self) -> bool:
        """Whether no two points have one key."""
        return len(set(self.keys)) == len(self.keys)

    @Lazily
    def bounds(self) -> tuple[tuple[float, float] | None, ...]:
        """Within which values of each point of the process are believed; None where all are."""
        return tuple(
            [believed(point.low, point.high, point.unit, about.measurand)
             for point, about in self.process]
        )  # fmt: skip

    @Lazily
    def doubtful(self) -> bool:
        """Whether a unit contradicts its name, or a value could lie out of bounds."""
        return any(self.bounds) or any(about.conflict for _, about in self.process)

    @Lazily
    def told(self) -> frozenset[str]:
        """Addresses of the points that a map, a standard or a unit gives a meaning."""
        return frozenset(
            [one.address for one in self.points if one.signal or one.semantic or one.unit]
        )

    @Lazily
    def known(self) -> bool:
        """Whether any point of the process is a measurement of a known measurand."""
        return any(about.known for _, about in self.process)

    @Lazily
    def unclassified(self) -> bool:
        """Whether nobody knows what some value of the process measures: one that is doubtful may
        be what its words say, and may be something about it."""
        return any(about.open for _, about in self.process)

    @Lazily
    def settings(self) -> bool:
        """Whether some of the points of the process are parameters or limits."""
        return any(about.kind in SETTINGS for _, about in self.process)

    @Lazily
    def loops(self) -> bool:
        """Whether any point is a current loop with a live zero: 4 to 20 mA."""
        return any(is_loop(point) for point in self.points)

    @Lazily
    def access(self) -> frozenset[str]:
        """The rights that are stated on points of the process."""
        return frozenset([point.access for point, _ in self.process])


MILLIAMPERE = frozenset({"4K", "mA"})


def is_loop(point: Point) -> bool:
    """Whether a point is a current loop that stands at 4 mA when its value is zero."""
    return point.unit in MILLIAMPERE and point.low == 4


@lru_cache(maxsize=16_384)
def believed(
    low: float | None, high: float | None, unit: str, measurand: str
) -> tuple[float, float] | None:
    """The values in which a point is believed: a tenth beyond the range that it states, and where
    it has a unit no more than its measurand ever shows. None for all."""
    least, most = float("-inf"), float("inf")
    if low is not None and high is not None and low < high:
        margin = (high - low) * 0.1
        least, most = low - margin, high + margin
    plausible = document("names")["measurand"].get(measurand, {}).get("plausible")
    if unit and plausible:
        least, most = max(least, plausible[0]), min(most, plausible[1])
    return None if (least, most) == (float("-inf"), float("inf")) else (least, most)


listing = Once(Listing)
"""The same for all devices that give the very same points: siblings share theirs."""
