"""Values that were overheard, as samples: registers by their map, all others as they came.

One rule keeps it simple: a register without a map is a number without a meaning, and gives no
sample; the range that somebody reads is told elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from protocols.contract import Fact, MapEntry, Point, Sample
from scanner.capture.messages import moment
from scanner.capture.model import Learned, Reading, Series

Told = tuple[tuple[Fact, ...], tuple[Point, ...], tuple[Sample, ...]]


def values(learned: Learned) -> tuple[Sample, ...]:
    """Every value that was kept, point by point, oldest first."""
    return tuple(
        Sample(point, value, quality, status, part, source, received_time=moment(time))
        for (part, point), series in sorted(learned.series.items())
        for time, value, quality, status, source in series.rows
    )


def mapped(stated: Sequence[Fact], maps: Sequence[MapEntry], unit: int, learned: Learned) -> Told:
    """Points and samples of the registers that the map of this device describes."""
    from protocols.modbus.maps import Span, fitting, read_span
    from protocols.modbus.registers import size

    chosen = fitting(stated, maps, unit)
    if chosen is None:
        return (), (), ()
    points: dict[str, Point] = {}
    samples: list[Sample] = []
    part = next(iter(learned.series))[0]
    for entry in chosen.entries:
        for time, words in _together(entry, size(entry.type) or 0, part, learned):
            read = read_span(Span(entry.table, (entry,)), words, part)
            points.update((point.address, point) for point in read.points)
            samples += [
                Sample(one.point, one.value, one.quality, one.status, part,
                       received_time=moment(time))
                for one in read.samples
            ]  # fmt: skip
    if not points:
        return (), (), ()
    fact = Fact("map", chosen.chosen, "vendor, model and firmware that it stated", part)
    return (fact,), tuple(points.values()), tuple(samples)


def _together(
    entry: MapEntry, count: int, part: str, learned: Learned
) -> Iterator[tuple[int, list[int]]]:
    """The registers of an entry that came in one answer, with its time."""
    names = [(part, f"{entry.table}:{entry.address + n}") for n in range(count)]
    rows = [learned.series.get(name, Series()).rows for name in names]
    if not rows:
        return
    others = [{row[0]: row for row in one} for one in rows[1:]]
    for row in rows[0]:
        found = [row, *(known[row[0]] for known in others if row[0] in known)]
        if len(found) == count:
            yield row[0], [_word(one) for one in found]


def _word(row: Reading) -> int:
    return int(row[1]) if isinstance(row[1], (int, float)) else 0


__all__ = ["mapped", "values"]
