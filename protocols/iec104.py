"""IEC 60870-5-104 as overheard: controlled stations, information objects, commands.

    68 · length 1 · control 4 · type 1 · count 1 · cause 2 · common address 2 · object 3 · …

Source: IEC 60870-5-104:2006, 5; IEC 60870-5-101:2003, 7.2 (type identifications).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from protocols._cursor import Cursor
from protocols.contract import (
    Foreign,
    Overheard,
    Point,
    Quality,
    Question,
    Sample,
    Segment,
    Value,
)
from protocols.passive import OTHER, READ, WRITE, Passive, Use

PORT = 2404
MONITOR = {1: "single point", 3: "double point", 5: "step position", 7: "bitstring",
           9: "normalized value", 11: "scaled value", 13: "short float", 15: "integrated totals",
           30: "single point", 31: "double point", 32: "step position", 33: "bitstring",
           34: "normalized value", 35: "scaled value", 36: "short float",
           37: "integrated totals", 21: "normalized value"}  # fmt: skip
SIZES = {1: 1, 3: 1, 5: 2, 7: 5, 9: 3, 11: 3, 13: 5, 15: 5, 21: 2, 30: 8, 31: 8, 32: 9, 33: 12,
         34: 10, 35: 10, 36: 12, 37: 12}  # fmt: skip
COMMANDS = {45: "single command", 46: "double command", 47: "step command", 48: "set point",
            49: "set point", 50: "set point", 51: "bitstring command", 58: "single command",
            59: "double command", 60: "step command", 61: "set point", 62: "set point",
            63: "set point", 64: "bitstring command", 105: "reset process",
            110: "parameter", 111: "parameter", 112: "parameter"}  # fmt: skip
READS = {100: "interrogation", 101: "counter interrogation", 102: "read"}


def frame(data: bytes) -> int | None:
    """Length of the APDU."""
    if len(data) < 2:
        return None
    if data[0] != 0x68 or not 4 <= data[1] <= 253:
        raise Foreign("expected an IEC 104 start 0x68")
    return 2 + data[1]


def recognise(data: bytes) -> bool:
    """Whether the bytes are whole APDUs, one behind the other."""
    position = 0
    while position + 6 <= len(data):
        if data[position] != 0x68 or not 4 <= data[position + 1] <= 253:
            return False
        if data[position + 2] & 1 and data[position + 1] != 4:  # S and U formats have no body
            return False
        position += 2 + data[position + 1]
    return position == len(data) and position > 0


def proof(data: bytes) -> bool:
    """Besides, a first APDU that starts or tests the line, or whose type is known."""
    if not recognise(data):
        return False
    if data[1] == 4:
        return data[2] in (0x07, 0x0B, 0x43, 0x83) and not any(data[3:6])
    return len(data) >= 15 and (data[6] in MONITOR or data[6] in COMMANDS or data[6] in READS)


def _asdu(data: bytes) -> Cursor | None:
    """The ASDU of an I-format APDU."""
    return Cursor(data, 6, "little") if len(data) >= 15 and not data[2] & 1 else None


def uses(data: bytes) -> tuple[Use, ...]:
    """Commands and interrogations of the controlling station."""
    if (cursor := _asdu(data)) is None:
        return (Use("start of data transfer", READ),) if data[2:3] == b"\x07" else ()
    kind = cursor.u8()
    cursor.skip(3)
    station, place = cursor.u16(), cursor.number(3)
    part = f"station {station}"
    if kind in COMMANDS:
        return (Use(COMMANDS[kind], WRITE, str(place), part),)
    if kind in READS:
        return (Use(READS[kind], READ, "", part),)
    return (Use(f"type {kind}", OTHER, "", part),)


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """The information objects that a controlled station reports."""
    if (cursor := _asdu(segment.payload)) is None:
        return ()
    kind, shape = cursor.u8(), cursor.u8()
    cursor.skip(2)
    part = f"station {cursor.u16()}"
    if kind not in MONITOR:
        return ()
    places = [place for place, _ in _objects(cursor, kind, shape)]
    points = tuple(
        Point(f"ioa:{place}", type=MONITOR[kind], part=part, description="reported to others")
        for place in places
    )
    return (Overheard(segment.source, Question("iec104", "monitor", part), (), points),)


def _objects(cursor: Cursor, kind: int, shape: int) -> Iterator[tuple[int, bytes]]:
    """(address, element) of each information object; a cut last one has fewer bytes."""
    size = SIZES[kind]
    first = cursor.number(3) if shape & 0x80 else 0
    for index in range(shape & 0x7F):
        if not shape & 0x80 and cursor.left < 3:
            return
        place = first + index if shape & 0x80 else cursor.number(3)
        yield place, cursor.take(min(size, cursor.left))


def values(asked: Segment | None, segment: Segment) -> tuple[Overheard, ...]:
    """The values that a controlled station reports, with their quality."""
    if (cursor := _asdu(segment.payload)) is None:
        return ()
    kind, shape, cause = cursor.u8(), cursor.u8(), cursor.u8()
    cursor.skip(1)
    part = f"station {cursor.u16()}"
    if kind not in MONITOR or cause & 0x80:  # the test bit: no process behind it
        return ()
    samples = tuple(
        _sample(place, kind, element, part)
        for place, element in _objects(cursor, kind, shape)
        if len(element) == SIZES[kind]
    )
    told = Question("iec104", "monitor", part)
    return (Overheard(segment.source, told, samples=samples),) if samples else ()


def _sample(place: int, kind: int, element: bytes, part: str) -> Sample:
    value, flags = _value(BASE.get(kind, kind), element)
    if isinstance(value, float) and not math.isfinite(value):
        return Sample(f"ioa:{place}", None, Quality.BAD, "not a number", part)
    for bit, quality, word in FLAGS:
        if flags & bit:
            return Sample(f"ioa:{place}", value, quality, word, part)
    return Sample(f"ioa:{place}", value, part=part)


def _value(kind: int, element: bytes) -> tuple[Value, int]:
    """(value, quality bits) of an information element (60870-5-101, 7.2.6)."""
    match kind:
        case 1:
            return bool(element[0] & 1), element[0] & 0xF0
        case 3:
            return element[0] & 3, element[0] & 0xF0
        case 5:
            return (element[0] & 0x7F ^ 0x40) - 0x40, element[1]
        case 7:
            return int.from_bytes(element[:4], "little"), element[4]
        case 9 | 21:
            raw = int.from_bytes(element[:2], "little", signed=True)
            return raw / 32_768, element[2] if kind == 9 else 0
        case 11:
            return int.from_bytes(element[:2], "little", signed=True), element[2]
        case 13:
            number: float = struct.unpack("<f", element[:4])[0]
            return number, element[4]
    return int.from_bytes(element[:4], "little", signed=True), element[4] & 0x80


BASE = {30: 1, 31: 3, 32: 5, 33: 7, 34: 9, 35: 11, 36: 13, 37: 15}  # with time, without
FLAGS = (
    (0x80, Quality.BAD, "invalid"),
    (0x40, Quality.UNCERTAIN, "not_topical"),
    (0x20, Quality.UNCERTAIN, "substituted"),
    (0x10, Quality.UNCERTAIN, "blocked"),
    (0x01, Quality.UNCERTAIN, "overflow"),
)
"""Quality descriptor (60870-5-101, 7.2.6.3). Bit 0 is the value of a single point: masked there."""


def side(data: bytes) -> str:
    """Who speaks: process information comes from the controlled station only."""
    if len(data) >= 15 and not data[2] & 1 and data[6] in MONITOR:
        return "server"
    return "client" if data[2:3] == b"\x07" else ""


def alike(data: bytes) -> bytes:
    """Type, cause, station and first object; sequence numbers and values are left out."""
    return data[6:15] if len(data) >= 15 and not data[2] & 1 else data[2:3]


PASSIVE = Passive(
    "iec104",
    "IEC 60870-5-104",
    decode,
    ports=(PORT,),
    frame=frame,
    uses=uses,
    alike=alike,
    side=side,
    values=values,
    reports=True,
    recognise=recognise,
    proof=proof,
    least=6,
)
