"""What one list of points adds to the counts: values, their names and units.

One rule keeps it simple: only measured process values count.
"""

from __future__ import annotations

from typing import NamedTuple

from inventory.once import Once
from inventory.rules.quality import has_unit
from inventory.signals.listing import listing
from inventory.signals.points import BINARY_TYPES, Meaning
from protocols.contract import Point


class Values(NamedTuple):
    """Counts of one list of points."""

    points: int
    named: int
    quantities: int  # that mean nothing without a unit
    united: int


def _count(points: tuple[Point, ...]) -> Values:
    values = [
        (point, meaning)
        for point, meaning in listing(points).measured
        if meaning.process and meaning.numeric
    ]
    quantities = [(point, meaning) for point, meaning in values if _is_quantity(point, meaning)]
    return Values(
        len(values),
        sum(meaning.known for _, meaning in values),
        len(quantities),
        sum(bool(point.unit or meaning.dimension) for point, meaning in quantities),
    )


def _is_quantity(point: Point, meaning: Meaning) -> bool:
    """Whether a value wants a unit: a state and a ratio have none."""
    if meaning.measurand:
        return has_unit(meaning.measurand)
    return not point.type.casefold().startswith(BINARY_TYPES)


counted = Once(_count)
"""Siblings list the same points and are counted once."""
