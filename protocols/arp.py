"""ARP as overheard: which hardware address holds which IPv4 address (RFC 826).

hardware type 2 · protocol type 2 · lengths 1+1 · operation 2 · sender MAC 6, IP 4 · target …
"""

from __future__ import annotations

from protocols._cursor import Cursor, address, hardware, mac
from protocols.contract import Fact, Garbled, Overheard, Segment
from protocols.passive import Passive, overheard


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """The sender's pair. A probe for a free address (sender 0.0.0.0) says nothing."""
    cursor = Cursor(segment.payload)
    head = cursor.take(6)
    if head != b"\0\1\x08\0\6\4":
        raise Garbled(f"expected ARP for IPv4 over Ethernet, got {head.hex()}")
    operation, sender, holder = cursor.u16(), mac(cursor.take(6)), cursor.take(4)
    if operation not in (1, 2) or holder[0] in (0, 255) or holder[0] >> 4 == 14:
        return ()
    if not hardware(sender) or sender != segment.source:
        return ()  # proxies and forgeries answer in somebody else's name
    return (overheard(address(holder), "arp", (Fact("mac", sender, "ARP sender"),)),)


PASSIVE = Passive(
    "arp", "ARP", decode, transports=("link",), ethertypes=(0x0806,), plant=False, peers=True
)
