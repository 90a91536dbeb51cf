"""Values of BACnet objects as they are overheard: answers to reads, and reports of changes.

    ReadProperty answer: object [0] · property [1] · index [2] · [3 value ]3
    ReadPropertyMultiple answer: (object [0] ·
        [1 (property [2] · index [3] · [4 value ]4 | [5 error ]5) … ]1) …
    COV notification: process [0] · device [1] · object [2] · time [3] ·
        [4 (property [0] · index [1] · [2 value ]2 · priority [3]) … ]4

Source: ANSI/ASHRAE 135-2020, 13.6, 13.7 (COV), 15.5, 15.7 (reads), 20.2 (tags), 21 (units).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from protocols._cursor import Cursor, text
from protocols.contract import Point, Quality, Sample, Value

PRESENT_VALUE, STATUS_FLAGS, UNITS, NAME = 85, 111, 117, 77
MOST = 512  # properties of one message
UNIT_NAMES = {
    3: "A", 5: "V", 19: "kWh", 27: "Hz", 29: "%RH", 47: "W", 48: "kW", 49: "MW", 53: "Pa",
    54: "kPa", 55: "bar", 56: "psi", 62: "°C", 63: "K", 64: "°F", 71: "h", 72: "min", 73: "s",
    74: "m/s",
    84: "CFM", 85: "m³/s", 87: "L/s", 88: "L/min", 96: "ppm", 98: "%", 104: "rpm",
    135: "m³/h", 136: "L/h",
}  # fmt: skip
"""Engineering units by number, those that plants have most; 95 (no units) is none."""


@dataclass(frozen=True, slots=True)
class Read:
    """One property of one object; an error has no value."""

    kind: int
    instance: int
    property: int
    tag: int = -1  # application tag of the first value; -1 for none
    value: bytes = b""


def tag_of(cursor: Cursor) -> tuple[int, bool, bytes, int]:
    """(number, context?, value, form) of one tag; form 6 opens, 7 closes (20.2.1.3)."""
    head = cursor.u8()
    number, context, length = head >> 4, bool(head & 8), head & 7
    if number == 15:
        number = cursor.u8()
    if context and length in (6, 7):
        return number, True, b"", length
    if length == 5:
        length = cursor.u8()
        if length == 254:
            length = cursor.u16()
        elif length == 255:
            length = cursor.u32()
    if number == 1 and not context:  # a boolean holds its value in the length
        return number, False, bytes([length & 1]), 0
    return number, context, cursor.take(length), 0


def _content(cursor: Cursor, number: int) -> tuple[int, bytes]:
    """(tag, value) of the first primitive up to the closing tag `number`, which is passed over."""
    found, depth = (-1, b""), 0
    for _ in range(MOST):
        kind, context, value, form = tag_of(cursor)
        if form == 7 and kind == number and depth == 0:
            break
        depth += (form == 6) - (form == 7)
        if not context and found[0] < 0:
            found = (kind, value)
    return found


def _object(value: bytes) -> tuple[int, int]:
    number = int.from_bytes(value)
    return number >> 22, number & 0x3FFFFF


def properties(service: int, body: bytes) -> Iterator[Read]:
    """What an answer (12, 14) or a report (COV: 1 confirmed, 2 unconfirmed) tells, in order."""
    cursor = Cursor(body)
    if service == 12:
        yield from _of_object(cursor, _object(tag_of(cursor)[2]), 1, 3)
    elif service == 14:
        while cursor.left:
            what = _object(tag_of(cursor)[2])
            tag_of(cursor)  # opening tag 1
            yield from _of_object(cursor, what, 2, 4)
    else:
        tag_of(cursor)
        tag_of(cursor)
        what = _object(tag_of(cursor)[2])
        tag_of(cursor)
        tag_of(cursor)  # opening tag 4
        yield from _of_object(cursor, what, 0, 2)


def _of_object(cursor: Cursor, what: tuple[int, int], first: int, opens: int) -> Iterator[Read]:
    """Property values up to the end or a closing tag that none of them opened."""
    number = -1
    for _ in range(MOST):
        if not cursor.left:
            return
        kind, context, value, form = tag_of(cursor)
        if form == 7:
            return
        if form == 6:
            tag, content = _content(cursor, kind)
            if kind == opens and number >= 0:
                yield Read(*what, number, tag, content)
        elif context and kind == first:
            number = int.from_bytes(value)


def plain(tag: int, value: bytes) -> Value:
    """A primitive as a number, a truth or text; None for what is none of these (20.2)."""
    if tag == 1:
        return bool(value[0])
    if tag in (2, 9):
        return int.from_bytes(value) if len(value) <= 8 else None
    if tag == 3:
        return int.from_bytes(value, signed=True) if 0 < len(value) <= 8 else None
    if tag in (4, 5) and len(value) == (4 if tag == 4 else 8):
        number = float(struct.unpack(">f" if tag == 4 else ">d", value)[0])
        return number if math.isfinite(number) else None
    if tag == 7 and value[:1] in (b"\0", b"\5"):
        return text(value[1:])
    return None


def told(
    reads: Sequence[Read], names: dict[int, str]
) -> tuple[tuple[Point, ...], tuple[Sample, ...]]:
    """Points with name and unit, and samples of present values with their status flags (12.2.8)."""
    objects: dict[tuple[int, int], dict[int, Read]] = {}
    for one in reads:
        objects.setdefault((one.kind, one.instance), {})[one.property] = one
    points: list[Point] = []
    samples: list[Sample] = []
    for (kind, instance), found in objects.items():
        address = f"{names.get(kind, f'type-{kind}')},{instance}"
        name, unit = found.get(NAME), found.get(UNITS)
        said = plain(name.tag, name.value) if name is not None else ""
        number = plain(unit.tag, unit.value) if unit is not None else None
        shown = UNIT_NAMES.get(number, "") if isinstance(number, int) else ""
        points.append(
            Point(address, name=str(said or ""), unit=shown, description="read by others")
        )
        present = found.get(PRESENT_VALUE)
        if present is not None and present.tag >= 0:
            flags = found.get(STATUS_FLAGS)
            quality, status = _quality(flags.value if flags is not None else b"")
            samples.append(Sample(address, plain(present.tag, present.value), quality, status))
    return tuple(points), tuple(samples)


def _quality(flags: bytes) -> tuple[Quality, str]:
    """In alarm, fault, overridden, out of service; the first byte says how many bits are unused."""
    bits = flags[1] if len(flags) > 1 else 0
    if bits & 0x40:
        return Quality.BAD, "fault"
    if bits & 0x10:
        return Quality.UNCERTAIN, "out_of_service"
    return (Quality.UNCERTAIN, "overridden") if bits & 0x20 else (Quality.GOOD, "")
