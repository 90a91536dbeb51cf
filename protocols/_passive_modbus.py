"""Modbus/TCP as overheard: who reads and writes what, and identities that somebody asked for.

    transaction 2 · protocol 2 (0) · length 2 · unit 1 · function 1 · data

Source: Modbus Application Protocol V1.1b3; Messaging on TCP/IP V1.0b, 3.1.3.
"""

from __future__ import annotations

from protocols._cursor import Cursor, printable, text
from protocols.contract import Fact, Foreign, Overheard, Question, Sample, Segment
from protocols.passive import OTHER, READ, WRITE, Passive, Use, overheard

PORT = 502
TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
FUNCTIONS = {
    1: "read coils", 2: "read discrete inputs", 3: "read holding registers",
    4: "read input registers", 5: "write single coil", 6: "write single register",
    7: "read exception status", 8: "diagnostics", 11: "get event counter", 12: "get event log",
    15: "write multiple coils", 16: "write multiple registers", 17: "report server id",
    20: "read file record", 21: "write file record", 22: "mask write register",
    23: "read/write registers", 24: "read FIFO", 43: "encapsulated interface", 90: "unity",
}  # fmt: skip
WRITES = {5: "coil", 6: "holding", 15: "coil", 16: "holding", 22: "holding", 23: "holding"}
OBJECTS = {0: "vendor", 1: "product", 2: "firmware", 4: "product", 5: "model", 6: "name"}


def part(unit: int) -> str:
    """The unit as a part; 0, 1 and 255 usually are the device itself (rulings 16)."""
    return "" if unit in (0, 1, 255) else f"unit {unit}"


def frame(data: bytes) -> int | None:
    """Length of the message that the bytes begin with."""
    if len(data) < 7:
        return None
    if not recognise(data):
        raise Foreign("expected Modbus/TCP with protocol 0")
    return 6 + int.from_bytes(data[4:6])


def recognise(data: bytes) -> bool:
    """Whether the bytes begin like Modbus/TCP: protocol 0, a length that can be, a function."""
    return (
        len(data) >= 8
        and data[2:4] == b"\0\0"
        and 2 <= int.from_bytes(data[4:6]) <= 260
        and 0 < data[7] & 0x7F < 0x7F
    )


def proof(data: bytes) -> bool:
    """Besides, one message that fills the segment and has a shape of its function (6.1 to 6.17):
    LDAP's long lengths look like a header, and nothing but the shape tells them apart."""
    size, function = len(data), data[7] if len(data) > 7 else 0
    if not recognise(data) or 6 + int.from_bytes(data[4:6]) != size or size < 9:
        return False
    if function & 0x80:
        return size == 9 and function & 0x7F in FUNCTIONS and 1 <= data[8] <= 11
    if function in TABLES:
        return size in (12, 9 + data[8])
    if function in (5, 6):
        return size == 12
    if function in (15, 16):
        return size == 12 or (size > 13 and size == 13 + data[12])
    return function == 43 and data[8] == 0x0E and (size == 11 or size > 14)


def alike(data: bytes) -> bytes:
    """Same unit, function and range; identities always count as different when they differ."""
    if data[7] in (43, 17):
        return data[6:]
    return data[6:12] if len(data) == 12 else data[6:8]


def side(data: bytes) -> str:
    """Who speaks, where the length of the message tells (V1.1b3, 6); "" where both may send it."""
    function, size = data[7], len(data)
    if function & 0x80:
        return "server"
    if function in TABLES and size > 8:
        if size == 9 + data[8] and (size != 12 or function in (1, 2)):
            return "" if size == 12 else "server"
        return "client" if size == 12 else ""
    if function in (15, 16):
        return "server" if size == 12 else "client"
    if function == 43 and data[8:9] == b"\x0e":
        return "client" if size == 11 else "server"
    return ""


def uses(data: bytes) -> tuple[Use, ...]:
    """What a request does."""
    cursor = Cursor(data, 6)
    unit, function = cursor.u8(), cursor.u8()
    name = FUNCTIONS.get(function, f"function {function}")
    if function in TABLES and len(data) >= 12:
        first, count = cursor.u16(), cursor.u16()
        last = first + max(count, 1) - 1
        return (Use(name, READ, f"{TABLES[function]}:{first}-{last}", part(unit)),)
    if function in WRITES and len(data) >= 10:
        cursor.skip(4 if function == 23 else 0)
        return (Use(name, WRITE, f"{WRITES[function]}:{cursor.u16()}", part(unit)),)
    if function in (21, 90):
        return (Use(name, WRITE, "", part(unit)),)
    return (Use(name, READ if function in (7, 17, 20, 24, 43) else OTHER, "", part(unit)),)


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """The identity in an answer to 43/14; nothing else names a device."""
    data = segment.payload
    if len(data) < 15 or data[7:9] != b"\x2b\x0e":
        return ()
    cursor = Cursor(data, 6)
    unit = part(cursor.u8())
    cursor.skip(6)  # function, MEI type, code, conformity, more follows, next object
    found = []
    for _ in range(cursor.u8()):
        number, value = cursor.u8(), b""
        value = cursor.take(cursor.u8())
        if number in OBJECTS and printable(value):
            source = f"modbus 43/14 object 0x{number:02X}"
            found.append(Fact(OBJECTS[number], text(value), source, unit))
    return (overheard(segment.source, "modbus", found, operation="device_identification"),)


def values(asked: Segment | None, answer: Segment) -> tuple[Overheard, ...]:
    """The raw registers or bits of an answer that belongs to this question (V1.1b3, 6.1 to 6.4).

    They are raw: what they mean, a register map says later.
    """
    if asked is None or len(asked.payload) < 12 or len(answer.payload) < 9:
        return ()
    question, data = asked.payload, answer.payload
    table = TABLES.get(question[7], "")
    if not table or data[:2] != question[:2] or data[6:8] != question[6:8]:
        return ()
    first, count = int.from_bytes(question[8:10]), int.from_bytes(question[10:12])
    body = data[9 : 9 + data[8]]
    bits = question[7] in (1, 2)
    if len(body) != ((count + 7) // 8 if bits else 2 * count) or first + count > 0x1_0000:
        return ()
    words = _bits(body, count) if bits else _words(body)
    unit = data[6]
    samples = tuple(
        Sample(f"{table}:{place}", word, part=part(unit)) for place, word in enumerate(words, first)
    )
    told = Question("modbus", "values", part(unit), f"{table} of unit {unit}")
    return (Overheard(answer.source, told, samples=samples),)


def _words(body: bytes) -> list[int]:
    return [int.from_bytes(body[at : at + 2]) for at in range(0, len(body), 2)]


def _bits(body: bytes, count: int) -> list[int]:
    return [body[place >> 3] >> (place & 7) & 1 for place in range(count)]


PASSIVE = Passive(
    "modbus",
    "Modbus/TCP",
    decode,
    ports=(PORT, 802),
    frame=frame,
    uses=uses,
    alike=alike,
    values=values,
    recognise=None,
    proof=proof,
    side=side,
    least=8,
)
