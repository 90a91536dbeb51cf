"""PROFINET on layer 2 as overheard: DCP (who a station is) and cyclic data (that it is one).

    frame id 2 · service 1 · type 1 · xid 4 · delay 2 · length 2 · blocks (option 1, suboption 1,
    length 2, block info 2, value, padded to even)

Source: IEC 61158-6-10, 4.3 (DCP); frame ids table 4.2.2.
"""

from __future__ import annotations

from protocols._cursor import Cursor, address, text
from protocols._vendors import profinet
from protocols.contract import Fact, Garbled, Overheard, Question, Segment
from protocols.passive import Passive, overheard

IDENTIFY, GET, SET, HELLO = 5, 3, 4, 6
SUCCESS = 1
ROLES = ((0x02, "plc"), (0x01, "ot-device"), (0x08, "hmi"))
BLOCK_LIMIT = 64


def _block(option: int, suboption: int, value: bytes) -> list[Fact]:
    if (option, suboption) == (1, 2) and len(value) >= 12 and any(value[:4]):
        return [Fact("address", address(value[:4]), "PROFINET DCP IP block")]
    if option != 2:
        return []
    if suboption == 1:
        return [Fact("product", text(value), "PROFINET DCP type of station")]
    if suboption == 2:
        return [Fact("name", text(value), "PROFINET DCP name of station")]
    if suboption == 3 and len(value) >= 4:
        return [
            Fact("vendor_id", int.from_bytes(value[:2]), "PROFINET DCP device id"),
            Fact("device_id", int.from_bytes(value[2:4]), "PROFINET DCP device id"),
            Fact("vendor", profinet(int.from_bytes(value[:2])), "PROFINET DCP vendor id"),
        ]
    if suboption == 4 and value:
        name = next((role for bit, role in ROLES if value[0] & bit), "")
        return [Fact("role", name, "PROFINET DCP device role")]
    return []


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """What a station says of itself: identify, get and hello answers; a set names its receiver."""
    cursor = Cursor(segment.payload)
    frame = cursor.u16()
    if not 0xFEFC <= frame <= 0xFEFF:
        return (
            Overheard(segment.source, Question("profinet", "cyclic")),
        )  # real-time data and alarms: a station, nothing more
    service, kind = cursor.u8(), cursor.u8()
    cursor.skip(6)
    body = Cursor(cursor.take(cursor.u16()))
    answer = kind == SUCCESS or service == HELLO
    if not answer:
        return (Overheard(segment.source, Question("pn-dcp", "client")),)
    if service == SET:
        return ()
    found: list[Fact] = []
    for _ in range(BLOCK_LIMIT):
        if body.left < 4:
            break
        option, suboption = body.u8(), body.u8()
        value = body.take(body.u16())
        if body.position % 2 and body.left:
            body.skip(1)
        if len(value) < 2:
            raise Garbled(f"DCP block {option}/{suboption} without its info")
        found += _block(option, suboption, value[2:])
    return (overheard(segment.source, "pn-dcp", found),)


PASSIVE = Passive(
    "profinet",
    "PROFINET (layer 2)",
    decode,
    transports=("link",),
    ethertypes=(0x8892,),
    peers=True,
)
