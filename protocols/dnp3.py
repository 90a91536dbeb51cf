"""DNP3 as overheard: masters and outstations, what is read and operated, attributes and values.

    05 64 · length 1 · control 1 · destination 2 · source 2 · CRC 2 (little-endian), then data in
    blocks of 16 bytes with a CRC of 2 each · transport 1 · application control 1 · function 1 · …

Source: IEEE 1815-2012, 9.2 (link), 8.2 (transport), 4.2 (application), A.1 (group 0).
"""

from __future__ import annotations

from collections.abc import Iterator

from protocols import _dnp3_values
from protocols._cursor import Cursor, printable, text
from protocols.contract import Fact, Foreign, Overheard, Point, Question, Segment
from protocols.passive import OTHER, READ, WRITE, Passive, Use, overheard

PORT = 20000
START = b"\x05\x64"
FUNCTIONS = {1: ("read", READ), 2: ("write", WRITE), 3: ("select", WRITE), 4: ("operate", WRITE),
             5: ("direct operate", WRITE), 6: ("direct operate, no answer", WRITE),
             13: ("cold restart", WRITE), 14: ("warm restart", WRITE),
             20: ("enable unsolicited", OTHER), 21: ("disable unsolicited", OTHER),
             25: ("open file", READ), 0: ("confirm", OTHER),
             23: ("measure delay", OTHER)}  # fmt: skip
ATTRIBUTES = {252: "vendor", 250: "product", 248: "serial", 247: "name", 245: "location",
              242: "firmware", 243: "hardware"}  # fmt: skip


def frame(data: bytes) -> int | None:
    """Length of the link frame with its CRCs."""
    if len(data) < 3:
        return None
    if data[:2] != START or data[2] < 5:
        raise Foreign("expected a DNP3 link frame 0564")
    body = data[2] - 5
    return 10 + body + 2 * ((body + 15) // 16)


def recognise(data: bytes) -> bool:
    """Whether the bytes begin with a DNP3 link header."""
    return len(data) >= 10 and data[:2] == START and data[2] >= 5


def proof(data: bytes) -> bool:
    """Besides, the check sum of the header (IEEE 1815, 9.2.4.3)."""
    return recognise(data) and _crc(data[:8]) == int.from_bytes(data[8:10], "little")


def _crc(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA6BC if value & 1 else 0)
    return value ^ 0xFFFF


def application(data: bytes) -> bytes:
    """Application bytes of a frame that begins a fragment; nothing for others."""
    if len(data) < 13:
        return b""
    body = b"".join(data[i : i + 16] for i in range(10, len(data), 18))[: data[2] - 5]
    return body[1:] if body[:1] and body[0] & 0x40 else b""


def _outstation(data: bytes) -> int:
    begin = 4 if data[3] & 0x80 else 6  # direction bit: from the master
    return int.from_bytes(data[begin : begin + 2], "little")


def uses(data: bytes) -> tuple[Use, ...]:
    """What a master's request does."""
    body = application(data)
    if len(body) < 2 or not data[3] & 0x80:
        return ()
    name, kind = FUNCTIONS.get(body[1], (f"function {body[1]}", OTHER))
    item = f"group {body[2]} variation {body[3]}" if len(body) >= 4 else ""
    return (Use(name, kind, item, f"outstation {_outstation(data)}"),)


def _answered(segment: Segment) -> tuple[bytes, str]:
    """(application bytes, outstation) of an answer or a report; nothing for anything else."""
    data = segment.payload
    body = application(data)
    if len(body) < 4 or data[3] & 0x80 or body[1] not in (129, 130):
        return b"", ""
    return body, f"outstation {_outstation(data)}"


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """Device attributes (group 0) and the points that an outstation's answer holds."""
    body, part = _answered(segment)
    found = list(_attributes(body))
    told = [overheard(segment.source, "dnp3", found, part=part)] if found else []
    places = dict.fromkeys(one.point for one in _dnp3_values.samples(body[4:], part))
    if places:
        points = tuple(Point(one, part=part, description="reported to others") for one in places)
        told.append(Overheard(segment.source, Question("dnp3", "monitor", part), (), points))
    return tuple(told)


def _attributes(body: bytes) -> Iterator[Fact]:
    cursor = Cursor(body, 4)
    for _ in range(64):
        if cursor.left < 5 or cursor.u8() != 0:
            return
        variation, qualifier = cursor.u8(), cursor.u8()
        if qualifier not in (0x00, 0x17):
            return
        cursor.skip(2)
        kind, value = cursor.u8(), b""
        value = cursor.take(cursor.u8())
        if kind == 1 and variation in ATTRIBUTES and printable(value):
            yield Fact(ATTRIBUTES[variation], text(value), f"DNP3 g0v{variation}")


def values(_: Segment | None, segment: Segment) -> tuple[Overheard, ...]:
    """The values of an outstation's answer or report, with their flags."""
    body, part = _answered(segment)
    found = tuple(_dnp3_values.samples(body[4:], part))
    told = Question("dnp3", "monitor", part)
    return (Overheard(segment.source, told, samples=found),) if found else ()


def side(data: bytes) -> str:
    """Who speaks: the direction bit is set by masters."""
    return "client" if data[3] & 0x80 else "server"


def alike(data: bytes) -> bytes:
    """Addresses, function and objects; sequence numbers and CRCs are left out."""
    if not recognise(data):
        return data[:10]
    body = application(data)
    return data[3:8] + (body[1:] if data[3] & 0x80 else body[1:2] + body[4:6])


PASSIVE = Passive(
    "dnp3",
    "DNP3",
    decode,
    transports=("tcp", "udp"),
    ports=(PORT,),
    frame=frame,
    uses=uses,
    alike=alike,
    side=side,
    values=values,
    reports=True,
    recognise=recognise,
    proof=proof,
    least=10,
)
