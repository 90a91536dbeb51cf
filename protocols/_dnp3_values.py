"""Process values in an outstation's answers: which object, how long, what its flags say. Pure.

    object header: group 1 · variation 1 · qualifier 1 · range (start and stop, or a count)
    object: [index] · [flags 1] · value · [time 6]

Source: IEEE 1815-2012, 4.2.2.7 (qualifiers), 11.3 (objects), 11.6 (flags). Times of events are not
taken: outstations before 2008 may have meant local time.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from protocols._cursor import Cursor
from protocols.contract import Garbled, Quality, Sample, Value

MOST = 2048  # objects of one fragment


@dataclass(frozen=True, slots=True)
class Shape:
    """How one variation is written; `code` as in `struct`, "state" where the flags hold it."""

    name: str
    code: str
    flags: bool = True
    time: int = 0  # bytes of a time behind the value


_INTEGERS = {1: Shape("", "<i"), 2: Shape("", "<h"), 3: Shape("", "<i", False),
             4: Shape("", "<h", False), 5: Shape("", "<f"), 6: Shape("", "<d")}  # fmt: skip
_EVENTS = {1: ("<i", 0), 2: ("<h", 0), 3: ("<i", 6), 4: ("<h", 6), 5: ("<f", 0), 6: ("<d", 0),
           7: ("<f", 6), 8: ("<d", 6)}  # fmt: skip
_COUNTS = {1: ("<I", True), 2: ("<H", True), 5: ("<I", False), 6: ("<H", False)}
_FROZEN = {1: ("<I", True, 0), 2: ("<H", True, 0), 5: ("<I", True, 6), 6: ("<H", True, 6),
           9: ("<I", False, 0), 10: ("<H", False, 0)}  # fmt: skip
STAMP = Shape("", "time", flags=False)
SHAPES: dict[tuple[int, int], Shape] = {
    (1, 2): Shape("binary", "state"),
    (2, 1): Shape("binary", "state"),
    (2, 2): Shape("binary", "state", time=6),
    (2, 3): Shape("binary", "state", time=2),
    (10, 2): Shape("binary-output", "state"),
    **{(20, v): Shape("counter", code, flags) for v, (code, flags) in _COUNTS.items()},
    **{(21, v): Shape("frozen", c, flags, time) for v, (c, flags, time) in _FROZEN.items()},
    **{(22, v): Shape("counter", c, time=t) for v, (c, t) in
       {1: ("<I", 0), 2: ("<H", 0), 5: ("<I", 6), 6: ("<H", 6)}.items()},
    **{(30, v): Shape("analog", one.code, one.flags) for v, one in _INTEGERS.items()},
    **{(32, v): Shape("analog", code, time=time) for v, (code, time) in _EVENTS.items()},
    **{(40, v): Shape("analog-output", c) for v, c in
       {1: "<i", 2: "<h", 3: "<f", 4: "<d"}.items()},
    (51, 1): STAMP,  # the common time of the events behind it
    (51, 2): STAMP,
}  # fmt: skip
PACKED = {(1, 1): "binary", (10, 1): "binary-output"}  # one bit for each, no flags
FLAGS = (
    (0x04, Quality.BAD, "comm_lost"),
    (0x02, Quality.UNCERTAIN, "restart"),
    (0x08, Quality.UNCERTAIN, "remote_forced"),
    (0x10, Quality.UNCERTAIN, "local_forced"),
    (0x20, Quality.UNCERTAIN, "over_range"),
    (0x40, Quality.UNCERTAIN, "reference_err"),
)
ONLINE, STATE = 0x01, 0x80
ANALOG = frozenset({"analog", "analog-output"})  # where the two upper flags speak of the value


def samples(objects: bytes, part: str) -> Iterator[Sample]:
    """The values behind the internal indications; what follows an unknown object is left alone."""
    cursor, left = Cursor(objects, 0, "little"), MOST
    while cursor.left >= 4 and left > 0:
        kind, qualifier = (cursor.u8(), cursor.u8()), cursor.u8()
        places = _places(cursor, qualifier)
        if places is None:
            return
        count, first, prefix = places
        if first is None and not prefix and SHAPES.get(kind) is not STAMP:
            return  # of which points is not said
        count = min(count, left)
        left -= count
        if kind in PACKED and not prefix:
            bits = cursor.take(min((count + 7) // 8, cursor.left))
            for index in range(min(count, 8 * len(bits))):
                value = bool(bits[index // 8] >> index % 8 & 1)
                yield Sample(f"{PACKED[kind]}:{(first or 0) + index}", value, part=part)
            continue
        shape = SHAPES.get(kind)
        if shape is None:
            return
        for index in range(count):
            try:
                place = cursor.number(prefix) if prefix else (first or 0) + index
                found = _sample(cursor, shape, place, part)
            except Garbled:
                return  # the fragment goes on in the next frame
            if found is not None:
                yield found


def _places(cursor: Cursor, qualifier: int) -> tuple[int, int | None, int] | None:
    """(objects, index of the first, bytes of an index before each); None for other qualifiers.

    A mere count (7 to 9 without an index before each) is for times, and names no point.
    """
    prefix, form = {0: 0, 1: 1, 2: 2, 3: 4}.get(qualifier >> 4), qualifier & 0x0F
    if prefix is None or form not in (0, 1, 2, 7, 8, 9) or (form < 7 and prefix):
        return None
    size = 1 << (form if form < 7 else form - 7)
    if cursor.left < size * (2 if form < 7 else 1):
        return None
    if form >= 7:
        return cursor.number(size), None, prefix
    start, stop = cursor.number(size), cursor.number(size)
    return max(0, stop - start + 1), start, 0


def _sample(cursor: Cursor, shape: Shape, place: int, part: str) -> Sample | None:
    """One object. Raises `Garbled` where it is cut."""
    if shape.code == "time":
        cursor.skip(6)
        return None
    flags = cursor.u8() if shape.flags else ONLINE
    value: Value
    if shape.code == "state":
        value = bool(flags & STATE)
    else:
        (value,) = struct.unpack(shape.code, cursor.take(struct.calcsize(shape.code)))
    cursor.skip(shape.time)
    address = f"{shape.name}:{place}"
    if isinstance(value, float) and not math.isfinite(value):
        return Sample(address, None, Quality.BAD, "not a number", part)
    if not flags & ONLINE:
        return Sample(address, value, Quality.BAD, "offline", part)
    for bit, quality, word in FLAGS if shape.name in ANALOG else FLAGS[:4]:
        if flags & bit:
            return Sample(address, value, quality, word, part)
    return Sample(address, value, part=part)
