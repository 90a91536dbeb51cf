"""LLDP as overheard: a device introduces itself to its neighbour (IEEE 802.1AB-2016, clause 8).

    type 7 bits · length 9 bits · value, until type 0

Organisation TLVs read: LLDP-MED inventory (ANSI/TIA-1057, 10.2.6) and PROFINET (IEC 61158-6-10).
"""

from __future__ import annotations

from protocols._capabilities import role
from protocols._cursor import Cursor, address, mac, printable, text
from protocols.contract import Fact, Garbled, Overheard, Segment
from protocols.passive import Passive, overheard

TLV_LIMIT = 128
MED = b"\x00\x12\xbb"
PROFINET = b"\x00\x0e\xcf"
INVENTORY = {5: "hardware", 6: "firmware", 7: "firmware", 8: "serial", 9: "vendor", 10: "model"}


def _chassis(value: bytes) -> Fact | None:
    kind, body = value[0], value[1:]
    if kind == 4 and len(body) == 6:
        return Fact("mac", mac(body), "LLDP chassis id")
    if kind == 5 and len(body) == 5 and body[0] == 1:
        return Fact("address", address(body[1:]), "LLDP chassis id")
    if kind == 7 and printable(body):  # locally assigned: PROFINET puts the station's name here
        return Fact("name", text(body), "LLDP chassis id")
    return None


def _organisation(value: bytes) -> Fact | None:
    kind, body = value[3], value[4:]
    if value[:3] == MED and kind in INVENTORY:
        return Fact(INVENTORY[kind], text(body), "LLDP-MED inventory")
    if value[:3] == PROFINET and kind == 5 and len(body) == 6:
        return Fact("mac", mac(body), "LLDP PROFINET chassis MAC")
    return None


def _management(value: bytes) -> Fact | None:
    length = value[0]
    kind, body = value[1], value[2 : 1 + length]
    if (kind, len(body)) in ((1, 4), (2, 16)) and any(body):
        return Fact("address", address(body), "LLDP management address")
    return None


def facts(payload: bytes) -> tuple[Fact, ...]:
    """What the sender says of itself. Raises `Garbled` on anything but a list of TLVs."""
    cursor, found = Cursor(payload), []
    for number in range(TLV_LIMIT):
        head = cursor.u16()
        kind, value = head >> 9, cursor.take(head & 0x1FF)
        if number == 0 and (kind != 1 or len(value) < 2):
            raise Garbled(f"expected a chassis id first, got TLV {kind}")
        fact: Fact | None = None
        if kind == 0:
            break
        if kind == 1 and len(value) >= 2:
            fact = _chassis(value)
        elif kind == 5:
            fact = Fact("name", text(value), "LLDP system name")
        elif kind == 6:
            fact = Fact("description", text(value), "LLDP system description")
        elif kind == 7 and len(value) >= 4:
            fact = Fact("role", role(int.from_bytes(value[2:4])), "LLDP enabled capabilities")
        elif kind == 8 and len(value) >= 7:
            fact = _management(value)
        elif kind == 127 and len(value) > 4:
            fact = _organisation(value)
        if fact is not None:
            found.append(fact)
        if not cursor.left:
            break
    return tuple(found)


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """The sender's introduction; its place is the port's hardware address."""
    return (overheard(segment.source, "lldp", facts(segment.payload)),)


PASSIVE = Passive(
    "lldp", "LLDP", decode, transports=("link",), ethertypes=(0x88CC,), plant=False, peers=True
)
