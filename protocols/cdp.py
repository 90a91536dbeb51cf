"""CDP as overheard: how Cisco devices introduce themselves.

    LLC/SNAP aa aa 03 00 00 0c 20 00 · version 1 · hold time 1 · checksum 2 · TLVs (type, length 2)

Source: Cisco, "Understanding Cisco Discovery Protocol", frame format; length includes its head.
"""

from __future__ import annotations

import re

from protocols._cursor import Cursor, address, text
from protocols.contract import Fact, Garbled, Overheard, Segment
from protocols.passive import Passive, overheard

SNAP = b"\xaa\xaa\x03\x00\x00\x0c\x20\x00"
TLV_LIMIT = 128
VERSION = re.compile(r"Version ([0-9][\w.()]{1,40})")


def _addresses(value: bytes) -> list[Fact]:
    cursor, found = Cursor(value), []
    for _ in range(min(cursor.u32(), 32)):
        cursor.skip(1)
        protocol = cursor.take(cursor.u8())
        body = cursor.take(cursor.u16())
        if protocol == b"\xcc" and len(body) == 4 and any(body):
            found.append(Fact("address", address(body), "CDP address"))
    return found


def _role(bits: int) -> str:
    if bits & 0x08:  # switch; a layer 3 switch has the router bit too
        return "switch"
    return "router" if bits & 0x01 else "phone" if bits & 0x80 else ""


def facts(payload: bytes) -> tuple[Fact, ...]:
    """What the sender says of itself."""
    cursor = Cursor(payload, len(SNAP))
    if cursor.u8() not in (1, 2):
        raise Garbled("expected CDP version 1 or 2")
    cursor.skip(3)
    found: list[Fact] = [Fact("vendor", "Cisco", "CDP")]
    for _ in range(TLV_LIMIT):
        if cursor.left < 4:
            break
        kind, length = cursor.u16(), cursor.u16()
        value = cursor.take(length - 4)
        if kind == 1:
            found.append(Fact("name", text(value), "CDP device id"))
        elif kind in (2, 22):
            found += _addresses(value)
        elif kind == 4 and len(value) == 4:
            found.append(Fact("role", _role(int.from_bytes(value)), "CDP capabilities"))
        elif kind == 5:
            described = text(value)
            found.append(Fact("description", described, "CDP software version"))
            if match := VERSION.search(described):
                found.append(Fact("firmware", match[1], "CDP software version"))
        elif kind == 6:
            found.append(Fact("product", text(value).removeprefix("cisco "), "CDP platform"))
    return tuple(found)


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """The sender's introduction."""
    return (overheard(segment.source, "cdp", facts(segment.payload)),)


PASSIVE = Passive("cdp", "CDP", decode, transports=("link",), llc=(SNAP,), plant=False, peers=True)
