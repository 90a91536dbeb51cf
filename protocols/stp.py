"""Spanning tree as overheard: who is a bridge (IEEE 802.1D-2004, clause 9.3).

LLC 42 42 03 · protocol 2 · version 1 · type 1 · flags 1 · root 8 · cost 4 · bridge 8 · …
"""

from __future__ import annotations

from protocols._cursor import Cursor, mac
from protocols.contract import Fact, Garbled, Overheard, Segment
from protocols.passive import Passive, overheard

LLC = b"\x42\x42\x03"


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """The sender is a switch; its bridge address is its own, beside the port's."""
    cursor = Cursor(segment.payload, len(LLC))
    if cursor.u16() != 0:
        raise Garbled("expected the spanning tree protocol identifier 0")
    cursor.skip(1)
    found = [Fact("role", "switch", "sends spanning tree")]
    if cursor.u8() in (0, 2):
        cursor.skip(1 + 8 + 4 + 2)
        found.append(Fact("mac", mac(cursor.take(6)), "spanning tree bridge id"))
    return (overheard(segment.source, "stp", found),)


PASSIVE = Passive(
    "stp", "Spanning tree", decode, transports=("link",), llc=(LLC,), plant=False, peers=True
)
