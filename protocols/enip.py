"""EtherNet/IP and CIP as overheard: identities, and the tags that somebody reads or writes.

    command 2 · length 2 · session 4 · status 4 · context 8 · options 4 (little-endian), then
    interface 4 · timeout 2 · items: count 2, (type 2, length 2, data) …

Source: ODVA, CIP Volume 2, 2-3 (encapsulation), 2-6 (items); Volume 1, 5A-2 (identity object).
"""

from __future__ import annotations

from itertools import pairwise

from protocols._cursor import Cursor, printable, text
from protocols._vendors import odva
from protocols.contract import Fact, Foreign, Garbled, Overheard, Segment
from protocols.passive import OTHER, READ, WRITE, Passive, Use, nothing, overheard

PORT = 44818
COMMANDS = frozenset({0x01, 0x04, 0x63, 0x64, 0x65, 0x66, 0x6F, 0x70, 0x72, 0x73})
LIST_IDENTITY, SEND_RR, SEND_UNIT = 0x63, 0x6F, 0x70
ROLES = {0x02: "drive", 0x07: "io", 0x0C: "gateway", 0x0E: "plc", 0x18: "hmi", 0x2C: "switch",
         0x25: "drive", 0x26: "drive", 0x10: "positioner", 0x22: "io"}  # fmt: skip
UNCONNECTED_SEND = 0x52
SERVICES = {
    0x01: ("get all attributes", READ), 0x03: ("get attribute list", READ),
    0x0E: ("get attribute", READ), 0x4C: ("read tag", READ), 0x52: ("read tag fragment", READ),
    0x55: ("list instances", READ), 0x02: ("set all attributes", WRITE),
    0x04: ("set attribute list", WRITE), 0x10: ("set attribute", WRITE),
    0x4D: ("write tag", WRITE), 0x53: ("write tag fragment", WRITE), 0x05: ("reset", WRITE),
    0x06: ("start", WRITE), 0x07: ("stop", WRITE), 0x4B: ("PCCC", OTHER),
    0x54: ("forward open", OTHER), 0x5B: ("large forward open", OTHER),
    0x4E: ("forward close", OTHER),
}  # fmt: skip


def frame(data: bytes) -> int | None:
    """Length of the message that the bytes begin with."""
    if len(data) < 4:
        return None
    if int.from_bytes(data[:2], "little") not in COMMANDS or data[1]:
        raise Foreign("expected an EtherNet/IP command")
    return 24 + int.from_bytes(data[2:4], "little")


def recognise(data: bytes) -> bool:
    """Whether this is one whole message with a known command and no status beyond the list."""
    return (
        len(data) >= 24
        and data[0] in COMMANDS
        and not data[1]
        and len(data) >= 24 + int.from_bytes(data[2:4], "little")
        and data[20:24] == b"\0\0\0\0"
        and int.from_bytes(data[8:12], "little") < 0x100
    )


def proof(data: bytes) -> bool:
    """One whole message whose body has the one shape that its command allows."""
    if not recognise(data) or len(data) != 24 + int.from_bytes(data[2:4], "little"):
        return False
    if data[0] == 0x65:  # RegisterSession: version 1, no options (2-4.4)
        return data[24:] == b"\1\0\0\0"
    if data[0] in (SEND_RR, SEND_UNIT):  # interface 0, two items or more, an address first
        return data[24:28] == bytes(4) and data[30:34] in (b"\2\0\0\0", b"\2\0\xa1\0")
    return data[0] == LIST_IDENTITY and data[26:28] == b"\x0c\0"


def _items(payload: bytes) -> list[tuple[int, bytes]]:
    cursor = Cursor(payload, 24, "little")
    if payload[0] != LIST_IDENTITY:
        cursor.skip(6)
    return [(cursor.u16(), cursor.take(cursor.u16())) for _ in range(min(cursor.u16(), 16))]


def identity(raw: bytes, source: str, part: str = "") -> list[Fact]:
    """Attributes 1 to 7 of the identity object; `Garbled` unless the lengths agree."""
    cursor = Cursor(raw, order="little")
    vendor, kind, product = cursor.u16(), cursor.u16(), cursor.u16()
    major, minor = cursor.u8(), cursor.u8()
    cursor.skip(2)
    serial = cursor.u32()
    name = cursor.take(cursor.u8())
    if not printable(name):
        raise Garbled("expected a product name in ASCII")
    facts = [
        Fact("vendor", odva(vendor), source, part),
        Fact("vendor_id", vendor, source, part),
        Fact("product", text(name), source, part),
        Fact("device_id", product, source, part),
        Fact("firmware", f"{major}.{minor:02d}", source, part),
        Fact("serial", f"0x{serial:08x}" if serial else "", source, part),
    ]
    if not part:
        facts.append(Fact("role", ROLES.get(kind, ""), source))
    return facts


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """The identity in an answer to ListIdentity."""
    data = segment.payload
    if len(data) < 26 or data[0] != LIST_IDENTITY:
        return ()
    for kind, body in _items(data):
        if kind == 0x0C:
            cursor = Cursor(body, 18)  # version 2, socket address 16
            return (overheard(segment.source, "enip", identity(cursor.rest(), "ListIdentity")),)
    return ()


def message(payload: bytes) -> bytes | None:
    """The CIP message inside, without the sequence number of a connected one."""
    if len(payload) < 30 or payload[0] not in (SEND_RR, SEND_UNIT):
        return None
    for kind, body in _items(payload):
        if kind == 0xB2:
            return body
        if kind == 0xB1 and len(body) >= 2:
            return body[2:]
    return None


def _path(raw: bytes) -> str:
    """A request path as text: class/instance/attribute, or a tag name."""
    cursor, words = Cursor(raw, order="little"), []
    for _ in range(32):
        if cursor.left < 2:
            break
        segment = cursor.u8()
        if segment == 0x91:
            length = cursor.u8()
            words.append(text(cursor.take(length)))
            cursor.skip(min(length % 2, cursor.left))
        elif segment in (0x20, 0x24, 0x28, 0x30):
            words.append(f"0x{cursor.u8():02x}")
        elif segment in (0x21, 0x25, 0x29, 0x31):
            cursor.skip(1)
            words.append(f"0x{cursor.u16():02x}")
        else:
            break
    return "/".join(words)


def request(raw: bytes) -> tuple[int, str, bytes, str]:
    """(service, path, data, part) of the innermost request; the part is the slot of a route."""
    cursor = Cursor(raw, order="little")
    service = cursor.u8()
    path = _path(cursor.take(cursor.u8() * 2))
    if service == UNCONNECTED_SEND and path.startswith("0x06/"):
        cursor.skip(2)
        inner = cursor.take(cursor.u16())
        cursor.skip(len(inner) % 2)
        route = cursor.take(cursor.u8() * 2 + 1)[1:] if cursor.left > 1 else b""
        inside, where, data, _ = request(inner) if inner[:1] != b"\x52" else (0, "", b"", "")
        slot = f"slot {route[-1]}" if len(route) >= 2 and route[-2] == 1 else "routed"
        return inside, where, data, slot
    return service, path, cursor.rest(), ""


def _uses(raw: bytes, depth: int = 0) -> tuple[Use, ...]:
    service, path, data, part = request(raw)
    if service == 0x0A and depth == 0 and path.startswith("0x02/"):
        cursor = Cursor(data, order="little")
        starts = [cursor.u16() for _ in range(min(cursor.u16(), 64))]
        found: list[Use] = []
        for begin, end in pairwise([*starts, len(data)]):
            if begin < end:
                found += _uses(data[begin:end], 1)
        return tuple(found)
    name, kind = SERVICES.get(service, (f"service 0x{service:02x}", OTHER))
    tag = "" if path.startswith("0x") and kind == READ else path
    return (Use(name, kind, tag, part),)


def uses(data: bytes) -> tuple[Use, ...]:
    """What a request does."""
    inner = message(data)
    if inner:
        return _uses(inner)
    names = {LIST_IDENTITY: "list identity", 0x04: "list services", 0x64: "list interfaces"}
    return (Use(names[data[0]], READ),) if data and data[0] in names else ()


def alike(data: bytes) -> bytes:
    """The CIP message itself: session, context and sequence numbers are left out."""
    if data[0] == LIST_IDENTITY or len(data) < 40:
        return data[:4] + data[24:]
    inner = data[40:] if data[0] == SEND_RR else data[46:]
    return data[:1] + (inner[:6] if inner[:1] and inner[0] & 0x80 else inner)


def pair(asked: Segment, answer: Segment) -> tuple[Overheard, ...]:
    """The identity in an answer to Get_Attributes_All of the identity object."""
    question, reply = message(asked.payload), message(answer.payload)
    if not question or not reply or asked.payload[12:20] != answer.payload[12:20]:
        return ()
    service, path, _, part = request(question)
    if service != 1 or path != "0x01/0x01" or reply[:3] != b"\x81\0\0" or len(reply) < 4:
        return ()
    found = identity(reply[4 + 2 * reply[3] :], "CIP identity object", part)
    operation = "identity"
    return (overheard(answer.source, "enip", found, operation=operation, part=part),)


def side(data: bytes) -> str:
    """Who speaks, by the reply bit of the CIP service, or a list's being empty (a question)."""
    if data[0] in (0x04, LIST_IDENTITY, 0x64):
        return "client" if data[2:4] == b"\0\0" else "server"
    try:
        inner = message(data)
    except Garbled:
        return ""
    return ("server" if inner[0] & 0x80 else "client") if inner else ""


def _cyclic(payload: bytes) -> bool:
    """Common packet format with a sequenced address item first (Volume 2, 3-2.2)."""
    return len(payload) >= 14 and payload[:6] == b"\x02\0\x02\x80\x08\0"


PASSIVE = (
    Passive(
        "enip",
        "EtherNet/IP",
        decode,
        transports=("tcp", "udp"),
        ports=(PORT,),
        frame=frame,
        pair=pair,
        uses=uses,
        alike=alike,
        recognise=recognise,
        proof=proof,
        side=side,
        least=24,
    ),
    Passive(
        "enip-io",
        "EtherNet/IP cyclic data",
        nothing,
        transports=("udp",),
        ports=(2222,),
        recognise=_cyclic,
        proof=_cyclic,
        alike=lambda data: b"",
        peers=True,
    ),
)
