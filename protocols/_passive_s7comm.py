"""S7 communication over ISO transport as overheard.

    TPKT 03 00 length 2 · COTP length 1, type 1, … · S7: 32 · kind 1 · 0 0 · reference 2 ·
    parameter length 2 · data length 2 · [error 2] · parameters · data

Source: RFC 1006 (TPKT), RFC 905 (COTP). S7: no public specification; layouts as observed on
S7-300 and documented by the libnodave and Snap7 projects' manuals.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from protocols._cursor import Cursor, printable, text
from protocols.contract import (
    Fact,
    Foreign,
    Garbled,
    Overheard,
    Quality,
    Question,
    Sample,
    Segment,
)
from protocols.passive import OTHER, READ, WRITE, Passive, Use, nothing, overheard

PORT = 102
JOB, ANSWER, USERDATA = 1, 3, 7
FETCHED = frozenset({0x1B, 0x1C})  # jobs by which a controller fetches the program it is to load
AREAS = {0x81: "I", 0x82: "Q", 0x83: "M", 0x84: "DB", 0x85: "DI", 0x1C: "C", 0x1D: "T"}
FUNCTIONS = {0x04: ("read var", READ), 0x05: ("write var", WRITE), 0xF0: ("setup", OTHER),
             0x1A: ("request download", WRITE), 0x1B: ("download block", WRITE),
             0x1C: ("download ended", WRITE), 0x1D: ("start upload", READ),
             0x1E: ("upload", READ), 0x1F: ("end upload", READ), 0x28: ("PLC control", WRITE),
             0x29: ("PLC stop", WRITE)}  # fmt: skip
TYPES = {1: "BIT", 2: "BYTE", 3: "CHAR", 4: "WORD", 5: "INT", 6: "DWORD", 7: "DINT", 8: "REAL",
         0x1C: "COUNTER", 0x1D: "TIMER"}  # fmt: skip
SHAPES = {"BIT": ">?", "INT": ">h", "DINT": ">i", "REAL": ">f"}
"""Types that say what a value is; a WORD may be anything."""
BLOCKS, COUNTED = frozenset({"DB", "DI"}), frozenset({0x1C, 0x1D})
CODES = {0x03: "access denied", 0x05: "invalid address", 0x06: "type not supported",
         0x0A: "object does not exist"}  # fmt: skip
DONE, MOST_ITEMS = 0xFF, 32
COMPONENTS = {1: "name", 2: "description", 5: "serial", 7: "product"}
MODULE = {1: "model", 6: "hardware", 7: "firmware"}


def frame(data: bytes) -> int | None:
    """Length of the TPKT that the bytes begin with."""
    if len(data) < 4:
        return None
    length = int.from_bytes(data[2:4])
    if data[0] != 3 or data[1] != 0 or length < 7:
        raise Foreign("expected a TPKT header")
    return length


def inside(data: bytes) -> bytes:
    """What a COTP data unit carries; nothing for connection set-up."""
    if len(data) < 7 or data[:2] != b"\3\0" or data[5] & 0xF0 != 0xF0:
        return b""
    return data[5 + data[4] :]


def _s7(data: bytes) -> bool:
    body = inside(data)
    return len(body) >= 10 and body[0] == 0x32 and body[1] in (1, 2, 3, 7)


def _plus(data: bytes) -> bool:
    body = inside(data)
    return len(body) >= 4 and body[0] == 0x72 and body[1] in (1, 2, 3)


def _parts(data: bytes) -> tuple[int, bytes, bytes]:
    cursor = Cursor(inside(data))
    if cursor.u8() != 0x32:
        raise Garbled("expected the S7 protocol id 0x32")
    kind = cursor.u8()
    cursor.skip(4)
    parameters, length = cursor.u16(), cursor.u16()
    cursor.skip(2 if kind in (2, 3) else 0)
    return kind, cursor.take(parameters), cursor.take(min(length, cursor.left))


def uses(data: bytes) -> tuple[Use, ...]:
    """What a job asks for."""
    if not inside(data):
        return ()
    kind, parameters, _ = _parts(data)
    if kind == USERDATA and parameters[5:7] == b"\x44\x01":
        return (Use("read system status list", READ),)
    if kind != JOB or not parameters:
        return ()
    name, what = FUNCTIONS.get(parameters[0], (f"function 0x{parameters[0]:02x}", OTHER))
    if parameters[0] not in (4, 5):
        return (Use(name, what),)
    found = tuple(Use(name, what, item.address) for item in _items(parameters) if item.address)
    return found or (Use(name, what),)


@dataclass(frozen=True, slots=True)
class Item:
    """One variable of a job; without an address where it is not given by area and place."""

    address: str = ""  # "DB1.8 REAL", "M1.0 BIT", "DB2.0 BYTE x4", "T0 TIMER"
    type: str = ""
    count: int = 0


def _items(parameters: bytes) -> Iterator[Item]:
    """The variables of a read or write job, in order: 12 · length 1 · syntax 10 · type 1 ·
    count 2 · data block 2 · area 1 · bit address 3."""
    cursor = Cursor(parameters, 1)
    for _ in range(min(cursor.u8(), MOST_ITEMS)):
        cursor.skip(1)
        item = cursor.take(cursor.u8())
        if cursor.position % 2 and cursor.left and len(item) != 10:
            cursor.skip(1)  # items of odd length are filled up
        yield _item(item) if len(item) == 10 and item[0] == 0x10 else Item()


def _item(raw: bytes) -> Item:
    kind, count = TYPES.get(raw[1], f"type {raw[1]}"), int.from_bytes(raw[2:4])
    area, bits = AREAS.get(raw[6], f"0x{raw[6]:02x} "), int.from_bytes(raw[7:10])
    if raw[6] in COUNTED:
        place = f"{area}{bits}"
    else:
        block = f"{area}{int.from_bytes(raw[4:6])}." if area in BLOCKS else area
        place = f"{block}{bits >> 3}" + (f".{bits & 7}" if kind == "BIT" else "")
    return Item(f"{place} {kind}" + (f" x{count}" if count != 1 else ""), kind, count)


def values(asked: Segment | None, segment: Segment) -> tuple[Overheard, ...]:
    """The values of an answered read job: those to which the client itself gave a type."""
    if asked is None or not inside(segment.payload) or not inside(asked.payload):
        return ()
    if inside(asked.payload)[4:6] != inside(segment.payload)[4:6]:  # another job's reference
        return ()
    kind, parameters, _ = _parts(asked.payload)
    answered, said, data = _parts(segment.payload)
    if (kind, answered) != (JOB, ANSWER) or parameters[:1] != b"\4" or said[:1] != b"\4":
        return ()
    samples = tuple(_samples(parameters, data))
    told = Question("s7comm", "values")
    return (Overheard(segment.source, told, samples=samples),) if samples else ()


def _samples(parameters: bytes, data: bytes) -> Iterator[Sample]:
    """Return code 1 · form 1 · length 2 (bits in forms 3 to 5) · bytes, filled up to even."""
    cursor = Cursor(data)
    for item in _items(parameters):
        if cursor.left < 4:
            return
        code, form, length = cursor.u8(), cursor.u8(), cursor.u16()
        size = (length + 7) // 8 if form in (3, 4, 5) else length
        if cursor.left < size:
            return
        raw = cursor.take(size)
        if size % 2 and cursor.left:
            cursor.skip(1)
        if item.count == 1 and item.type in SHAPES:
            if code != DONE:
                word = CODES.get(code, f"return code 0x{code:02x}")
                yield Sample(item.address, None, Quality.BAD, word)
            elif len(raw) == struct.calcsize(SHAPES[item.type]):
                yield _sample(item, raw)


def _sample(item: Item, raw: bytes) -> Sample:
    (value,) = struct.unpack(SHAPES[item.type], raw)
    if isinstance(value, float) and not math.isfinite(value):
        return Sample(item.address, None, Quality.BAD, "not a number")
    return Sample(item.address, value)


def _status_list(number: int, size: int, rows: Cursor, count: int) -> list[Fact]:
    found: list[Fact] = []
    source = f"S7 SZL 0x{number:04X}"
    for _ in range(min(count, 64)):
        if rows.left < size:
            break
        row = rows.take(size)
        index, body = int.from_bytes(row[:2]), row[2:]
        if number & 0xFF == 0x1C and index in COMPONENTS and printable(body[:24].strip(b"\0")):
            found.append(Fact(COMPONENTS[index], text(body[:24]), source))
        elif number & 0xFF == 0x11 and index in MODULE and size >= 28:
            if index == 1 and printable(body[:20]):
                found.append(Fact("model", text(body[:20]), source))
            elif body[22:23] == b"V":
                found.append(Fact(MODULE[index], f"V{body[23]}.{body[24]}.{body[25]}", source))
    return found


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """The CPU's identity in an answer to a system status list (SZL 0x1C, 0x11)."""
    if not inside(segment.payload):
        return ()
    kind, parameters, data = _parts(segment.payload)
    if kind != USERDATA or parameters[5:7] != b"\x84\x01" or len(data) < 12 or data[0] != 0xFF:
        return ()
    cursor = Cursor(data, 4)
    number = cursor.u16()
    cursor.skip(2)
    size, count = cursor.u16(), cursor.u16()
    found = _status_list(number, size, cursor, count) if size >= 4 else []
    if not found:
        return ()
    found += [Fact("vendor", "Siemens", "S7 system status list"), Fact("role", "plc", "S7 SZL")]
    return (overheard(segment.source, "s7comm", found, operation="system_status_list"),)


def alike(data: bytes) -> bytes:
    """A job by its parameters; answers by kind, system status lists always in full."""
    body = inside(data)
    if len(body) < 12:
        return body[:1]
    if body[1] == USERDATA:
        return body[1:2] + body[6:]
    end = 10 + int.from_bytes(body[6:8])
    return body[1:2] + (body[10:end] if body[1] == JOB else body[12:14])


def _side(data: bytes) -> str:
    """Who speaks: jobs are the client's, acknowledgements the server's; but for a download, whose
    blocks the controller fetches."""
    body = inside(data)
    job = len(body) > 1 and body[1] == JOB
    function = body[10:11] if job else body[12:13]
    if function and function[0] in FETCHED and body[1] in (JOB, ANSWER):
        return "server" if job else "client"
    return {1: "client", 2: "server", 3: "server"}.get(body[1], "") if len(body) > 1 else ""


def _skip(data: bytes) -> bytes:
    return inside(data)[:2]


def _set_up(data: bytes) -> bool:
    """COTP connection request or confirm, whose lengths agree."""
    return (
        len(data) >= 11
        and data[:2] == b"\3\0"
        and data[5] & 0xF0 in (0xE0, 0xD0)
        and data[4] + 5 == int.from_bytes(data[2:4])
    )


def _selectors(data: bytes) -> bool:
    """A set-up whose first parameter is a size or a selector: Remote Desktop's has others."""
    return _set_up(data) and data[11:12] in (b"\xc0", b"\xc1", b"\xc2")


PASSIVE = (
    Passive(
        "iso-transport",
        "ISO transport (S7 or MMS)",
        nothing,
        ports=(PORT,),
        frame=frame,
        recognise=_set_up,
        proof=_selectors,
        side=lambda data: {0xE0: "client", 0xD0: "server"}.get(data[5] & 0xF0, ""),
        least=7,
        vague=True,
    ),
    Passive(
        "s7comm",
        "S7 communication",
        decode,
        ports=(PORT,),
        frame=frame,
        uses=uses,
        alike=alike,
        side=_side,
        values=values,
        recognise=_s7,
        proof=_s7,
        least=7,
    ),
    Passive(
        "s7comm-plus",
        "S7 communication plus",
        nothing,
        ports=(PORT,),
        frame=frame,
        alike=_skip,
        recognise=_plus,
        proof=_plus,
    ),
)
