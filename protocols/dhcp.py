"""DHCP as overheard: a client's hardware address, name and kind (RFC 2131; options RFC 2132).

op 1 · type 1 · length 1 · hops 1 · xid 4 · secs 2 · flags 2 · client 4 · your 4 · server 4 ·
relay 4 · hardware address 16 · name 64 · file 128 · cookie 4 · options
"""

from __future__ import annotations

from protocols._cursor import Cursor, address, mac, text
from protocols.contract import Fact, Garbled, Overheard, Segment
from protocols.passive import Passive, overheard

COOKIE = b"\x63\x82\x53\x63"
OPTIONS = 128
REQUEST, ACK = 3, 5


def _options(cursor: Cursor) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for _ in range(OPTIONS):
        if not cursor.left or (code := cursor.u8()) == 255:
            break
        if code:
            found.setdefault(code, cursor.take(cursor.u8()))
    return found


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """What a client says of itself, and the address that a server acknowledged to it."""
    cursor = Cursor(segment.payload)
    operation, kind, length = cursor.u8(), cursor.u8(), cursor.u8()
    cursor.skip(9)
    client, yours = cursor.take(4), cursor.take(4)
    cursor.skip(8)
    hardware = mac(cursor.take(16)[:6])
    if (kind, length) != (1, 6):
        raise Garbled("expected DHCP for Ethernet")
    options: dict[int, bytes] = {}
    if cursor.left > 192:  # else cut by the capture: who asks is known all the same
        cursor.skip(192)
        if cursor.take(4) != COOKIE:
            raise Garbled("expected DHCP with its cookie")
        options = _options(cursor)
    message = options.get(53, b"\0")[:1]
    if operation == 1:
        held = client if any(client) else options.get(50, b"") if message == b"\x03" else b""
        place = address(held) if len(held) == 4 and any(held) else hardware
        found = [
            Fact("mac", hardware, "DHCP client"),
            Fact("name", text(options.get(12, b"")), "DHCP host name"),
            Fact("description", text(options.get(60, b"")), "DHCP vendor class"),
        ]
        return (overheard(place, "dhcp", found),)
    if message == bytes([ACK]) and any(yours):
        return (overheard(address(yours), "dhcp", (Fact("mac", hardware, "DHCP lease"),)),)
    return ()


def _recognise(payload: bytes) -> bool:
    cut = 44 <= len(payload) < 240 and payload[1:3] == b"\1\6" and not any(payload[34:44])
    return (cut or payload[236:240] == COOKIE) and payload[:1] in (b"\1", b"\2")


PASSIVE = Passive(
    "dhcp",
    "DHCP",
    decode,
    transports=("udp",),
    ports=(67, 68),
    recognise=_recognise,
    plant=False,
    peers=True,
)
