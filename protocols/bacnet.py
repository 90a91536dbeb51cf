"""BACnet as overheard: I-Am, and the properties of device objects that somebody read.

    BVLC 81 function 1 length 2 [forwarded: address 6] · NPDU 01 control [networks] · APDU

Source: ANSI/ASHRAE 135-2020, annex J (BVLC), clause 6 (NPDU), 20.1 (APDU), 16.10.2 (I-Am).
Over Ethernet (clause 7) the NPDU follows LLC 82 82 03.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from protocols._bacnet_values import Read, plain, properties, tag_of, told
from protocols._cursor import Cursor, address
from protocols._vendors import bacnet as vendor_name
from protocols.contract import Fact, Garbled, Overheard, Point, Question, Segment
from protocols.passive import OTHER, READ, WRITE, Passive, Use

PORT = 0xBAC0
PORTS = range(PORT, PORT + 16)
LLC = b"\x82\x82\x03"
DEVICE = 8
TYPES = {0: "analog-input", 1: "analog-output", 2: "analog-value", 3: "binary-input",
         4: "binary-output", 5: "binary-value", 6: "calendar", 8: "device", 10: "file",
         12: "loop", 13: "multi-state-input", 14: "multi-state-output", 15: "notification-class",
         16: "program", 17: "schedule", 19: "multi-state-value", 20: "trend-log"}  # fmt: skip
PROPERTIES = {12: "firmware", 28: "description", 44: "firmware", 58: "location", 70: "product",
              77: "name", 121: "vendor", 372: "serial"}  # fmt: skip
CONFIRMED = {12: ("read property", READ), 14: ("read property multiple", READ),
             26: ("read range", READ), 6: ("read file", READ), 15: ("write property", WRITE),
             16: ("write property multiple", WRITE), 7: ("write file", WRITE),
             17: ("device communication control", WRITE), 20: ("reinitialize device", WRITE),
             5: ("subscribe COV", READ)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Packet:
    """An APDU, the station behind a router that it comes from, and the BBMD's original sender."""

    apdu: bytes
    part: str = ""
    sender: str = ""


def unpack(data: bytes) -> Packet:
    """Take BVLC and NPDU off. An empty APDU is a network message."""
    cursor, sender = Cursor(data), ""
    if data[:3] == LLC:
        cursor.skip(3)
    elif data[:1] == b"\x81":
        cursor.skip(1)
        function, length = cursor.u8(), cursor.u16()
        if length > len(data):
            raise Garbled(f"BVLC claims {length} bytes of {len(data)}")
        if function == 4:
            sender = address(cursor.take(4))
            cursor.skip(2)
        elif function not in (9, 10, 11):
            return Packet(b"")
    else:
        raise Garbled("expected BACnet/IP 0x81 or BACnet Ethernet")
    if cursor.u8() != 1:
        raise Garbled("expected NPDU version 1")
    control, part = cursor.u8(), ""
    if control & 0x20:
        cursor.skip(2)
        cursor.skip(cursor.u8())
    if control & 0x08:
        network, station = cursor.u16(), cursor.take(cursor.u8())
        part = f"network {network} station {station.hex(':')}"
    if control & 0x20:
        cursor.skip(1)
    return Packet(b"" if control & 0x80 else cursor.rest(), part, sender)


def _object(raw: bytes) -> tuple[int, int]:
    number = int.from_bytes(raw)
    return number >> 22, number & 0x3FFFFF


def _name(kind: int, instance: int) -> str:
    return f"{TYPES.get(kind, f'type-{kind}')},{instance}"


def _device(instance: int, source: str) -> tuple[Fact, ...]:
    return (Fact("device_instance", instance, source),)


def _iam(apdu: bytes) -> tuple[Fact, ...]:
    cursor = Cursor(apdu, 2)
    kind, instance = _object(tag_of(cursor)[2])
    tag_of(cursor)
    tag_of(cursor)
    vendor = int.from_bytes(tag_of(cursor)[2])
    if kind != DEVICE:
        raise Garbled("expected a device object in I-Am")
    return (
        *_device(instance, "BACnet I-Am"),
        Fact("vendor_id", vendor, "BACnet I-Am"),
        *((Fact("vendor", vendor_name(vendor), "BACnet I-Am"),) if vendor_name(vendor) else ()),
    )


def _reads(apdu: bytes) -> list[Read]:
    """What an answer to a read or a report of changes tells; a cut one as far as it goes."""
    if not apdu:
        return []
    kind = apdu[0] >> 4
    start = {0: 3, 1: 1, 3: 2}.get(kind, len(apdu)) + (2 if kind in (0, 3) and apdu[0] & 8 else 0)
    service = apdu[start] if len(apdu) > start else -1
    if (kind, service) not in ((0, 1), (1, 2), (3, 12), (3, 14)):
        return []
    found: list[Read] = []
    try:
        found.extend(properties(service, apdu[start + 1 :]))
    except Garbled:
        if not found and not apdu[0] & 8:
            raise
    return found


def _properties(reads: list[Read]) -> tuple[tuple[Fact, ...], tuple[Point, ...]]:
    """Facts of the device object, and the other objects with name and unit."""
    facts: list[Fact] = []
    for one in reads:
        if one.kind != DEVICE:
            continue
        if one.instance != 0x3FFFFF:
            facts += _device(one.instance, "BACnet device object")
        said = plain(one.tag, one.value)
        if one.property in PROPERTIES and isinstance(said, str) and said:
            source = f"BACnet device property {one.property}"
            facts.append(Fact(PROPERTIES[one.property], said, source))
    return tuple(dict.fromkeys(facts)), told([one for one in reads if one.kind != DEVICE], TYPES)[0]


def values(asked: Segment | None, segment: Segment) -> tuple[Overheard, ...]:
    """Present values that a device answers or reports, with their status flags."""
    packet = unpack(segment.payload)
    points, samples = told([one for one in _reads(packet.apdu) if one.kind != DEVICE], TYPES)
    if not samples:
        return ()
    question = Question("bacnet", "read_property", packet.part)
    points = tuple(replace(one, part=packet.part) for one in points)
    samples = tuple(replace(one, part=packet.part) for one in samples)
    return (Overheard(packet.sender or segment.source, question, (), points, samples),)


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """What the sender, or the station behind it, says."""
    packet = unpack(segment.payload)
    apdu, place = packet.apdu, packet.sender or segment.source
    facts: tuple[Fact, ...] = ()
    points: tuple[Point, ...] = ()
    operation = "overheard"
    if apdu[:2] == b"\x10\x00":
        facts, operation = _iam(apdu), "i-am"
    elif reads := _reads(apdu):
        facts, points = _properties(reads)
        operation = "read_property"
    if not facts and not points:
        return ()
    facts = tuple(Fact(f.name, f.value, f.source, packet.part) for f in facts)
    port = segment.source_port if segment.source_port in PORTS and not packet.sender else 0
    return (Overheard(place, Question("bacnet", operation, packet.part), facts, points, port=port),)


def uses(data: bytes) -> tuple[Use, ...]:
    """What a confirmed request does; I-Am and Who-Is are no use of anybody."""
    apdu = unpack(data).apdu
    if len(apdu) < 5 or apdu[0] >> 4 != 0:
        return ()
    cursor = Cursor(apdu, 3 + (2 if apdu[0] & 8 else 0))
    service = cursor.u8()
    name, kind = CONFIRMED.get(service, (f"service {service}", OTHER))
    item = ""
    if service in (12, 14, 15, 16) and cursor.left >= 5:
        number, _, value, _ = tag_of(cursor)
        item = _name(*_object(value)) if number == 0 and len(value) == 4 else ""
    return (Use(name, kind, item),)


def side(data: bytes) -> str:
    """Who speaks. Reports of changes and events go from the server to its client (13.1, 13.6)."""
    apdu = unpack_or_nothing(data)
    if len(apdu) < 2:
        return ""
    kind = apdu[0] >> 4
    if kind == 0:
        at = 3 + (2 if apdu[0] & 8 else 0)
        return "server" if apdu[at : at + 1] in (b"\1", b"\2") else "client"
    if kind == 1:
        return "server" if apdu[1] in (2, 3) else ""  # announcements: everybody's
    if kind == 2:
        return "client" if apdu[2:3] in (b"\1", b"\2") else "server"
    if kind in (4, 7):
        return "server" if apdu[0] & 1 else "client"
    return "server" if kind in (3, 5, 6) else ""


def alike(data: bytes) -> bytes:
    """Without the invoke id: what a request asks; answers and announcements in full."""
    apdu = unpack_or_nothing(data)
    if apdu[:1] == b"\0" and apdu[3:4] == b"\1":
        return _reported(apdu, 4)
    if apdu[:2] == b"\x10\2":
        return _reported(apdu, 2)
    if apdu[:1] and apdu[0] >> 4 == 0:
        return apdu[:1] + apdu[3:]
    if apdu[:1] and apdu[0] >> 4 in (2, 5, 6, 7):
        return apdu[:1]
    if apdu[:1] == b"\x30" and apdu[2:4] in (b"\x0c\x0c", b"\x0e\x0c"):
        device = apdu[4] == DEVICE >> 2 and apdu[5] >> 6 == DEVICE & 3
        if not device:  # object and property, without the value; of many the first, and how long
            return apdu[:1] + (apdu[2:11] if apdu[2] == 12 else apdu[2:8] + len(apdu).to_bytes(2))
    return apdu[:1] + apdu[2:96]


def _reported(apdu: bytes, start: int) -> bytes:
    """A report of changes by process, device and object: time and values differ each time."""
    cursor = Cursor(apdu, start)
    try:
        for _ in range(3):
            tag_of(cursor)
    except Garbled:
        return apdu[:start]
    return apdu[:1] + apdu[start : cursor.position]


def unpack_or_nothing(data: bytes) -> bytes:
    """The APDU, or the first bytes where there is none: only a key is wanted."""
    try:
        return unpack(data).apdu
    except Garbled:
        return data[:4]


def recognise(data: bytes) -> bool:
    """Whether this is BACnet/IP whose length agrees with the datagram's."""
    return (
        len(data) >= 4
        and data[0] == 0x81
        and data[1] <= 12
        and int.from_bytes(data[2:4]) == len(data)
    )


def proof(data: bytes) -> bool:
    """Besides, a network layer of version 1 where this function has one (annex J.2)."""
    if not recognise(data) or data[1] not in (4, 9, 10, 11):
        return False
    return data[10:11] == b"\1" if data[1] == 4 else data[4:5] == b"\1"


PASSIVE = Passive(
    "bacnet",
    "BACnet",
    decode,
    transports=("udp", "link"),
    ports=tuple(PORTS),
    llc=(LLC,),
    uses=uses,
    alike=alike,
    values=values,
    reports=True,
    recognise=recognise,
    proof=proof,
    side=side,
    least=4,
)
