"""EtherCAT as overheard: the master that sends, and the serials a slave's identity holds.

    header 2 (length 11 bits, type 4 bits), then datagrams: command 1 · index 1 · address 4 ·
    length and flags 2 · interrupt 2 · data · working counter 2

Source: IEC 61158-4-12, 5.2 and 5.3. Slaves have no address of their own on Ethernet: a master
is the asset, its slaves are the parts.
"""

from __future__ import annotations

from protocols._cursor import Cursor
from protocols.contract import Fact, Garbled, Overheard, Segment
from protocols.passive import Passive, overheard

DATAGRAMS = 256


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """The sender drives an EtherCAT segment. Frames that return carry its address, altered."""
    cursor = Cursor(segment.payload, order="little")
    head = cursor.u16()
    if head >> 12 != 1:
        return ()
    body = Cursor(cursor.take(head & 0x7FF), order="little")
    answered = 0
    for _ in range(DATAGRAMS):
        command = body.u8()
        if command > 14:
            raise Garbled(f"expected an EtherCAT command, got {command}")
        body.skip(5)
        length = body.u16()
        body.skip(2)
        body.skip(length & 0x7FF)
        answered = max(answered, body.u16())
        if not length & 0x8000:
            break
    if int(segment.source[1], 16) & 2 and answered:
        return ()  # the first slave sets the local bit on the way back
    return (
        overheard(segment.source, "ethercat", (Fact("role", "plc", "drives an EtherCAT segment"),)),
    )


PASSIVE = Passive(
    "ethercat", "EtherCAT", decode, transports=("link",), ethertypes=(0x88A4,), peers=True
)
