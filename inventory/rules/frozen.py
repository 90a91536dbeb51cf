"""Q03: values that stand still to the last bit while something beside them moves.

The reads of all scans count, back to the last one that differed: a session that may last a minute
(OPC UA) shows ten minutes in two scans only. Reads that are more than an hour apart do not count
together: a slow value may go and come back meanwhile. Where there were reads, but not for long
enough, that is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from inventory.judge.logic import declared, true, unknown
from inventory.judge.view import View
from inventory.model import Proposition, Strength
from inventory.rules.inaccessible import name_of
from inventory.rules.ranges import outside
from inventory.rules.rule import Case
from inventory.signals.points import Meaning
from protocols.contract import Point, Sample

MOST_LISTED = 10
FLOATS = frozenset({"double", "float", "float32", "float64", "real", "lreal"})
"""Types that hold parts of a whole; a scaled register's own type does not."""
EARLIEST = datetime.min.replace(tzinfo=UTC)
Row = tuple[Point, Meaning, list[Sample]]


class Still(NamedTuple):
    """Values that did not move while something beside them did."""

    long: list[Row]  # over enough reads, for long enough
    open: list[Row]  # not for long enough, or at a whole number that a coarse instrument keeps


def q03(view: View) -> list[Case]:
    """Values that do not move while something beside them does."""
    if view.plain:
        return []
    found = standing_still(view)
    if found.long:
        return [_found(view, found.long)]
    if found.open:
        return [_asked(view, found.open)]
    still = [row for row in unmoved(view, view.sampled) if not _explained(row, _begin(view, row))]
    return [Case("", alive(view, still), {"asset": name_of(view)})] if still else []


def standing_still(view: View) -> Still:
    """The values of a device that do not move while something beside them does."""
    still = Still([], [])
    if view.plain:
        return still
    limits = view.context.thresholds
    rows = view.sampled
    if _stopped(rows) or not _watched(rows):
        return still
    moved = _last_change(view, rows)
    for row in rows:
        point, meaning, samples = row
        whole = _is_whole(samples[-1])
        if not meaning.known or not _may_freeze(point, samples[-1]):
            continue
        run = _run(_together(view, point))
        start = run[0].received_time
        if start is None or moved <= start:
            continue
        if not whole and len(run) >= limits.frozen_reads and _span(run) >= limits.frozen_seconds:
            still.long.append(row)
        elif len(run) >= limits.bad_reads and not _explained(row, start):
            still.open.append(row)
    return still


def unmoved(view: View, rows: Sequence[Row]) -> list[Row]:
    """Values of a device that were read over a window in which not one of them moved; none where
    one of them says that the machine stands still. Nobody knows then whether they are alive: a
    server that lost its source may stamp anew what it held last."""
    if view.plain:
        return []
    if not _watched(rows):
        return []
    given = [row for row in rows if row[2][-1].value is not None]
    if _stopped(rows) or any(_moved(view, point) for point, _, _ in given):
        return []
    least = view.context.thresholds.window_reads
    return [row for row in given if row[1].known and len(_together(view, row[0])) >= least]


def _begin(view: View, row: Row) -> datetime:
    """When the newest reads that are alike began; the first moment, where nobody knows."""
    return _run(_together(view, row[0]))[0].received_time or EARLIEST


def _moved(view: View, point: Point) -> bool:
    """Whether a value changed in the newest window, or between that and what was read before."""
    reads = view.reads(point)
    run = len(_run(reads))
    return run < len(reads) and run <= len(_together(view, point))


def alive(view: View, rows: Sequence[Row]) -> Proposition:
    """The question whether values are alive of which none moved."""
    reads = max(len(_together(view, point)) for point, _, _ in rows)
    what = "the value that was" if len(rows) == 1 else f"the {len(rows)} values that were"
    return unknown(
        f"whether {what} read over a window can be believed: nothing moved in {reads} reads",
        "read again while the machine runs, up to an hour later: reads of several scans count"
        " together; where it stands still, attest that",
        _read_again(view),
        *(view.data_proof(point) for point, _, _ in rows[:3]),
    )


def _read_again(view: View) -> str:
    return view.scan("--depth sample --sample-every 5")


def _watched(rows: Sequence[Row]) -> bool:
    """Whether anything was read more than once: most scans read once and need no more work."""
    return any(len(samples) > 1 for _, _, samples in rows)


def _stopped(rows: Sequence[Row]) -> bool:
    """Whether the machine says that it does not run."""
    return any(
        meaning.measurand == "running" and samples[-1].value in (0, False, "0", "stopped")
        for _, meaning, samples in rows
    )


def _together(view: View, point: Point) -> list[Sample]:
    """The newest reads of a point between which nobody looked away for long, oldest first."""
    reads = view.reads(point)
    longest = view.context.thresholds.frozen_gap_seconds
    at = len(reads) - 1
    while at > 0 and _span((reads[at - 1], reads[at])) <= longest:
        at -= 1
    return reads[max(at, 0) :]


def _run(reads: Sequence[Sample]) -> list[Sample]:
    """The newest reads that are identical, oldest first."""
    at = len(reads) - 1
    while at and reads[at - 1].value == reads[-1].value:
        at -= 1
    return list(reads[at:])


def _explained(row: Row, start: datetime) -> bool:
    """Whether other rules speak of it: its own stamp stands still (Q02), or its value is none."""
    point, meaning, samples = row
    stamp = samples[-1].source_time
    return outside(point, meaning, samples) or (stamp is not None and stamp < start)


def _last_change(view: View, rows: Sequence[Row]) -> datetime:
    """When any value was first seen at what it holds now, of those that were read often enough."""
    least = view.context.thresholds.bad_reads
    times = []
    for point, _, _ in rows:
        reads = _together(view, point)
        run = _run(reads)
        if len(run) < len(reads) >= least and run[0].received_time:
            times.append(run[0].received_time)
    return max(times, default=EARLIEST)


def _span(samples: Sequence[Sample]) -> float:
    first, last = samples[0].received_time, samples[-1].received_time
    return (last - first).total_seconds() if first and last else 0.0


def _is_whole(sample: Sample) -> bool:
    return not isinstance(sample.value, float) or sample.value.is_integer()


def _may_freeze(point: Point, sample: Sample) -> bool:
    """Not a value that is only ever a whole number, and not one at a limit of its range.

    A whole number of a type that could hold more may be coarse (a grid at 50.0 Hz, read to a tenth,
    stands still for hours) or dead (0.0 A of a motor that runs): that is asked.
    """
    finer = not _is_whole(sample) or (
        isinstance(sample.value, float) and point.type.casefold() in FLOATS
    )
    return finer and sample.value not in (point.low, point.high)


def _found(view: View, rows: list[Row]) -> Case:
    device = view.device
    words = {
        "asset": name_of(view),
        "vendor": device.vendor or "the device",
        "model": device.model or device.product,
    }
    text = "values stand still to the last bit, in one scan or several, while others move"
    proofs = (view.data_proof(row[0]) for row in rows[:MOST_LISTED])
    said = true(Strength.E2, declared(f"{len(rows)} {text}"), *proofs)
    return Case("", said, words, unlocks=len(rows))


def _asked(view: View, rows: list[Row]) -> Case:
    limits = view.context.thresholds
    step = "read them again ten minutes later: reads of all scans count together"
    if all(_span(_run(_together(view, point))) >= limits.frozen_seconds for point, _, _ in rows):
        step = "look at the instruments whether they tell whole numbers only; if so, it is no gap"
    said = unknown(
        f"whether values that stood still beside one that moved are frozen ({len(rows)} of them)",
        step,
        _read_again(view),
        *(view.data_proof(row[0]) for row in rows[:3]),
    )
    return Case("", said, {"asset": name_of(view)})
