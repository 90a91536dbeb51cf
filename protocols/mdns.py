"""DNS as overheard: who answers names, and what mDNS responders call themselves.

    id 2 · flags 2 · four counts of 2 · questions · records (name, type 2, class 2, TTL 4, length 2)

Source: RFC 1035, 4.1; RFC 6762. Names are followed through at most 16 pointers.
"""

from __future__ import annotations

from protocols._cursor import Cursor, address, text
from protocols.contract import Fact, Garbled, Overheard, Segment
from protocols.passive import Passive, nothing, overheard

RECORDS = 128
A, TXT, AAAA = 1, 16, 28


def name(cursor: Cursor) -> str:
    """A domain name; pointers may only lead backwards."""
    labels: list[str] = []
    back: int | None = None
    limit = cursor.position
    for _ in range(128):
        length = cursor.u8()
        if length >= 0xC0:
            target = (length & 0x3F) << 8 | cursor.u8()
            back = cursor.position if back is None else back
            if target >= limit:
                raise Garbled("a name that points forward")
            cursor.position = limit = target
            continue
        if length > 63:
            raise Garbled(f"a label of {length} bytes")
        if not length:
            break
        labels.append(text(cursor.take(length)))
    else:
        raise Garbled("a name of more than 127 labels")
    cursor.position = cursor.position if back is None else back
    return ".".join(labels)


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """Host names that a multicast responder announces for its own addresses."""
    cursor = Cursor(segment.payload)
    cursor.skip(2)
    flags = cursor.u16()
    counts = [cursor.u16() for _ in range(4)]
    if not flags & 0x8000 or sum(counts) > 4 * RECORDS:
        return ()
    for _ in range(min(counts[0], RECORDS)):
        name(cursor)
        cursor.skip(4)
    found: list[Fact] = []
    for _ in range(min(sum(counts[1:]), RECORDS)):
        owner = name(cursor)
        kind = cursor.u16()
        cursor.skip(6)
        value = cursor.take(cursor.u16())
        if kind in (A, AAAA) and len(value) in (4, 16):
            if address(value) == segment.source:
                found.append(Fact("name", owner.removesuffix(".local"), "mDNS host"))
        elif kind == TXT and owner.endswith("_device-info._tcp.local"):
            found.append(Fact("model", text(value[1:]).removeprefix("model="), "mDNS device info"))
    return (overheard(segment.source, "mdns", found),) if found else ()


def _query(payload: bytes) -> bool:
    return len(payload) >= 12 and payload[4:6] != b"\xff\xff"


PASSIVE = (
    Passive(
        "mdns",
        "mDNS",
        decode,
        transports=("udp",),
        ports=(5353,),
        plant=False,
        peers=True,
    ),
    Passive("dns", "DNS", nothing, transports=("udp",), ports=(53,), plant=False),
)
