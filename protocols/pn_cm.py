"""PROFINET context management as overheard: controllers, devices, I&M records.

    DCE/RPC: version 4 · type 1 · flags 2 · representation 3 · serial 1 · object 16 ·
    interface 16 · activity 16 · boot 4 · if version 4 · sequence 4 · operation 2 · hints 4 ·
    length 2 · fragment 2 · 2 · body

Source: IEC 61158-6-10, 4.10 and 5.2 (AR blocks), 5.2.36 (I&M0); C706 DCE 1.1 RPC, 12.5.
"""

from __future__ import annotations

from protocols._cursor import Cursor, mac, printable, text
from protocols._vendors import profinet
from protocols.contract import Fact, Garbled, Overheard, Segment
from protocols.passive import OTHER, READ, WRITE, Passive, Use, overheard

PORT = 34964
INTERFACES = tuple(bytes((0xDE, 0xA0, 0, n)) for n in range(1, 5)) + tuple(
    bytes((n, 0, 0xA0, 0xDE)) for n in range(1, 5)
)  # DEA00001 to DEA00004: device, controller, supervisor, parameter server
OPERATIONS = {0: ("connect", OTHER), 1: ("release", OTHER), 2: ("read", READ),
              3: ("write", WRITE), 4: ("control", OTHER), 5: ("read implicit", READ)}  # fmt: skip
REQUEST, RESPONSE = 0, 2


def _order(data: bytes) -> str:
    return "little" if data[4] & 0x10 else "big"


def recognise(data: bytes) -> bool:
    """DCE/RPC version 4 whose object or interface is PROFINET's."""
    return len(data) >= 80 and data[0] == 4 and data[24:28] in INTERFACES


def _to_device(data: bytes) -> bool:
    """Whether the interface is a device's (DEA00001), in either byte order."""
    return data[24:28] in (b"\xde\xa0\0\1", b"\1\0\xa0\xde")


def _operation(data: bytes) -> int:
    order = _order(data)
    return int.from_bytes(data[68:70], "little" if order == "little" else "big")


def uses(data: bytes) -> tuple[Use, ...]:
    """What a request does."""
    if data[1] != REQUEST:
        return ()
    name, kind = OPERATIONS.get(_operation(data), ("operation", OTHER))
    return (Use(name, kind),)


def _blocks(body: bytes, kind: int, least: int) -> list[bytes]:
    """Contents of the blocks of one type; found by type and a length that fits."""
    found: list[bytes] = []
    position = body.find(kind.to_bytes(2))
    while position >= 0 and len(found) < 8:
        length = int.from_bytes(body[position + 2 : position + 4])
        end = position + 4 + length
        if length >= least and end <= len(body) and body[position + 4 : position + 5] == b"\1":
            found.append(body[position + 6 : end])
        position = body.find(kind.to_bytes(2), position + 1)
    return found


def _initiator(segment: Segment, body: bytes) -> list[Overheard]:
    found = []
    for block in _blocks(body, 0x0101, 54):
        cursor = Cursor(block, 20)
        hardware = mac(cursor.take(6))
        cursor.skip(16 + 4 + 2 + 2)
        name = cursor.take(cursor.u16())
        if printable(name):
            facts = (
                Fact("name", text(name), "PROFINET AR initiator station name"),
                Fact("mac", hardware if hardware == segment.source else "", "PROFINET AR"),
            )
            found.append(overheard(segment.source, "profinet-cm", facts, operation="controller"))
    return found


def _responder(segment: Segment, body: bytes) -> list[Overheard]:
    """AR server block: the device's station name."""
    for block in _blocks(body, 0x8106, 5):
        cursor = Cursor(block)
        name = cursor.take(cursor.u16())
        if printable(name):
            facts = (Fact("name", text(name), "PROFINET AR responder station name"),)
            return [overheard(segment.source, "profinet-cm", facts, operation="device")]
    return []


def _identification(segment: Segment, body: bytes) -> list[Overheard]:
    """I&M0: vendor id, order id, serial number, revisions."""
    found = []
    for block in _blocks(body, 0x0020, 0x38):
        cursor = Cursor(block)
        vendor, order, serial = cursor.u16(), cursor.take(20), cursor.take(16)
        hardware, prefix, software = cursor.u16(), cursor.take(1), cursor.take(3)
        if not printable(order.strip()):
            continue
        source = "PROFINET I&M0"
        firmware = ".".join(map(str, software))
        found.append(
            overheard(
                segment.source,
                "profinet-cm",
                (
                    Fact("vendor_id", vendor, source),
                    Fact("vendor", profinet(vendor), source),
                    Fact("model", text(order), source),
                    Fact("serial", text(serial) if printable(serial.strip()) else "", source),
                    Fact("hardware", str(hardware), source),
                    Fact("firmware", f"{text(prefix)}{firmware}", source),
                ),
                operation="identification",
            )
        )
    return found


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """The controller's station name, the device's numbers, I&M records."""
    data = segment.payload
    if len(data) < 80:
        raise Garbled("a DCE/RPC head of less than 80 bytes")
    body = data[80:]
    found: list[Overheard] = []
    if data[1] == REQUEST:
        found = _initiator(segment, body) if _operation(data) == 0 else []
        numbers = Cursor(data[20:24])
        device, vendor = numbers.u16(), numbers.u16()
        if _to_device(data) and vendor:
            source = "PROFINET object UUID"
            facts = (
                Fact("device_id", device, source),
                Fact("vendor_id", vendor, source),
                Fact("vendor", profinet(vendor), source),
            )
            found.append(overheard(segment.destination, "profinet-cm", facts))
    elif data[1] == RESPONSE and _operation(data) == 0:
        found = _responder(segment, body)
    elif data[1] == RESPONSE and _operation(data) in (2, 5):
        found = _identification(segment, body)
    return tuple(found)


def alike(data: bytes) -> bytes:
    """Type, object and operation; a connect and a read in full but for their activity."""
    head = data[1:2] + data[8:24] + data[68:70]
    return head + (data[80:] if _operation(data) in (0, 2, 5) else b"")


def side(data: bytes) -> str:
    """Who speaks, by the type; a controller is asked too, so only devices count."""
    if _to_device(data):
        return "client" if data[1] == REQUEST else "server" if data[1] == RESPONSE else ""
    return ""


PASSIVE = Passive(
    "profinet-cm",
    "PROFINET context management",
    decode,
    transports=("udp",),
    ports=(PORT,),
    uses=uses,
    alike=alike,
    recognise=recognise,
    proof=recognise,
    side=side,
    least=80,
)
