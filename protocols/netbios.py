"""NetBIOS as overheard: the names that Windows stations announce (RFC 1002; MS-BRWS 2.2).

name service: id 2 · flags 2 · counts 8 · name 34 · …      (port 137)
datagram: type 1 · flags 1 · id 2 · IP 4 · port 2 · length 2 · offset 2 · source 34 · … (138)
"""

from __future__ import annotations

from protocols._cursor import Cursor, address, printable, text
from protocols.contract import Fact, Garbled, Overheard, Segment
from protocols.passive import Passive, overheard

SYSTEMS = {(5, 0): "Windows 2000", (5, 1): "Windows XP", (5, 2): "Windows Server 2003",
           (6, 0): "Windows Vista", (6, 1): "Windows 7", (6, 2): "Windows 8",
           (6, 3): "Windows 8.1", (10, 0): "Windows 10"}  # fmt: skip
BROWSE = b"\\MAILSLOT\\BROWSE\0"
REGISTRATION, REFRESH = 5, (8, 9)


def name(raw: bytes) -> tuple[str, int]:
    """A half-ASCII name (RFC 1001, 14.1) and its suffix byte."""
    if len(raw) != 34 or raw[0] != 32 or any(not 65 <= byte <= 80 for byte in raw[1:33]):
        raise Garbled("expected a NetBIOS name of 32 letters")
    plain = bytes((raw[i] - 65) << 4 | (raw[i + 1] - 65) for i in range(1, 33, 2))
    return (text(plain[:15]) if printable(plain[:15]) else ""), plain[15]


def names(segment: Segment) -> tuple[Overheard, ...]:
    """A station that registers or refreshes its own unique name."""
    cursor = Cursor(segment.payload)
    cursor.skip(2)
    flags = cursor.u16()
    cursor.skip(8)
    operation = flags >> 11 & 15
    if flags & 0x8000 or operation not in (REGISTRATION, *REFRESH):
        return ()
    said, suffix = name(cursor.take(34))
    cursor.skip(4)
    group = False
    if cursor.left >= 18:  # the record: pointer, type, class, TTL, length, flags, address
        cursor.skip(12)
        group = bool(cursor.u16() & 0x8000)
    if group or suffix not in (0x00, 0x20):
        return ()
    return (overheard(segment.source, "netbios", (Fact("name", said, "NetBIOS registration"),)),)


def datagram(segment: Segment) -> tuple[Overheard, ...]:
    """The sender's name, and its system where it announces itself to the browser."""
    cursor = Cursor(segment.payload)
    if not 0x10 <= cursor.u8() <= 0x12:
        return ()
    cursor.skip(3)
    place = address(cursor.take(4))
    cursor.skip(6)
    said, suffix = name(cursor.take(34))
    place = place if place == segment.source else segment.source
    found = [Fact("name", said, "NetBIOS datagram")] if suffix in (0x00, 0x20) else []
    at = segment.payload.find(BROWSE)
    if at >= 0:
        body = Cursor(segment.payload, at + len(BROWSE), order="little")
        if body.left and body.u8() in (0x01, 0x0F) and body.left >= 31:
            body.skip(5)
            host = text(body.take(16))
            version = (body.u8(), body.u8())
            system = SYSTEMS.get(version, "")
            found = [
                Fact("name", host, "Windows browser announcement"),
                Fact("product", system, "Windows browser announcement"),
            ]
    return (overheard(place, "netbios", found),)


PASSIVE = (
    Passive(
        "netbios-ns",
        "NetBIOS names",
        names,
        transports=("udp",),
        ports=(137,),
        plant=False,
        peers=True,
    ),
    Passive(
        "netbios-dgm",
        "NetBIOS datagrams",
        datagram,
        transports=("udp",),
        ports=(138,),
        plant=False,
        peers=True,
    ),
)
