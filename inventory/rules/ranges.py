"""Q05: values that cannot be what their name, unit or range says, and those that may be no values.

One rule keeps it simple: what no instrument can show is a gap; a number that devices give where
they have none is asked about, for it may be a value after all.
"""

from __future__ import annotations

from collections.abc import Sequence

from inventory.judge.logic import unknown
from inventory.judge.openness import document
from inventory.judge.view import View
from inventory.model import Strength
from inventory.rules.quality import Row, gap_of
from inventory.rules.rule import Case
from inventory.signals.listing import MILLIAMPERE, believed
from inventory.signals.points import Meaning, is_binary
from protocols.contract import AT_LIMIT, IMPLAUSIBLE, Point, Quality, Sample

HIGHEST_LOOP_CURRENT = 24
"""Milliampere that no loop of 4 to 20 mA exceeds, failures included (NAMUR NE 43: 21 and more)."""
_NUMBERS = (float, int)  # and not `bool`, which is an `int`


def impossible(view: View) -> list[Row]:
    """Process points whose unit is of another kind than the name, or whose value lies outside."""
    far, _ = view.once(_odd)
    if not view.listing.doubtful:
        return far
    wrong = [
        row
        for row, bounds in zip(view.valued, view.listing.bounds, strict=True)
        if not row[1].kind
        and (
            (row[1].conflict and not _is_raw_loop(row))
            or (bounds and row[2] and _beyond(row[2], bounds))
        )
    ]
    return wrong + [row for row in far if row not in wrong]


def marks(view: View) -> list[Row]:
    """Process points that read nothing but a number that devices give where they have no value."""
    _, found = view.once(_odd)
    return found + limits(view)


def limits(view: View) -> list[Row]:
    """Process points whose raw number stands at the limit of its type, as the probe says."""
    if view.plain:
        return []
    return [row for row in view.valued if row[2] and _at_limit(row[2][-1])]


def _at_limit(last: Sample) -> bool:
    return last.status == AT_LIMIT and type(last.value) in _NUMBERS


def _odd(view: View) -> tuple[list[Row], list[Row]]:
    """Values that are larger than any quantity, or too small to be one and not zero; those that
    may be marks for no value.

    Most devices give neither, which one look at their samples tells.
    """
    limits = document("names")["numbers"]
    most, least, none = limits["most"], limits["least"], frozenset(limits["none"])
    for one in view.evidence.samples:
        value = one.value
        if type(value) in _NUMBERS and (
            value in none or not -most <= value <= most or (-least < value < least and value)
        ):
            break
    else:
        return [], []
    rows = [row for row in view.valued if row[2] and row[1].known and _measured(row[1])]
    far = [row for row in rows if _no_quantity(row[2][-1], most, least)]
    return far, [row for row in rows if _only(row, none)]


def _no_quantity(last: Sample, most: float, least: float) -> bool:
    """Whether a number is none that anything measures, by its size alone: a probe that saw so
    calls it doubtful itself. Swapped words make vanishing numbers of round ones (60.0: 2e-41)."""
    if type(last.value) not in _NUMBERS or not (
        last.quality is Quality.GOOD or last.status == IMPLAUSIBLE
    ):
        return False
    size = abs(last.value)  # type: ignore[arg-type]
    return size > most or 0 < size < least


def _measured(meaning: Meaning) -> bool:
    return not is_binary(meaning.measurand)


def _only(row: Row, none: frozenset[float]) -> bool:
    """Whether a point gave one of these numbers each time, and states no range."""
    point, _, samples = row
    values = {one.value for one in samples if one.quality is Quality.GOOD}
    ranged = point.low is not None and point.high is not None and point.low < point.high
    return not ranged and len(values) == 1 and values.issubset(none)


def _is_raw_loop(row: Row) -> bool:
    """Whether it is what a transmitter gives before it is scaled: milliampere of a current loop.

    Its name says what the loop measures, and no unit contradicts that; what it reads is not known.
    """
    point, _, samples = row
    if point.unit not in MILLIAMPERE:
        return False
    last = samples[-1].value if samples else None
    return not isinstance(last, (int, float)) or 0 <= last <= HIGHEST_LOOP_CURRENT


def q05(view: View) -> list[Case]:
    """Units of another kind than the name, values outside their range."""
    if not view.evidence.points:
        return []
    if wrong := impossible(view):
        one, many = "value contradicts its unit or range", "values contradict their unit or range"
        return [gap_of(view, wrong, one, many, Strength.E3)]
    found = marks(view)
    return [_asked(view, found)] if found else []


IS_NONE = "a number that devices give where they have no value"


def _asked(view: View, rows: Sequence[Row]) -> Case:
    shown = ", ".join(f"{one.name or one.address} reads {s[-1].value:g}" for one, _, s in rows[:3])
    said = unknown(
        f"whether that is a value: {shown}, {IS_NONE} ({len(rows)} of them)",
        MARKED,
        view.ask(depth="points"),
        *(view.data_proof(row[0]) for row in rows[:3]),
    )
    return Case("", said, {})


MARKED = (
    "compare it with the instrument; mend the point, state its range, or state in the column"
    " NotAvailable of the register map which number means no value, and read it again"
)


def outside(point: Point, meaning: Meaning, samples: Sequence[Sample]) -> bool:
    """Whether the last value of a point lies beyond the values in which it is believed."""
    bounds = believed(point.low, point.high, point.unit, meaning.measurand)
    return bounds is not None and _beyond(samples, bounds)


def _beyond(samples: Sequence[Sample], bounds: tuple[float, float]) -> bool:
    last = samples[-1]
    if last.quality is not Quality.GOOD or type(last.value) not in _NUMBERS:
        return False
    return not bounds[0] <= last.value <= bounds[1]  # type: ignore[operator]
