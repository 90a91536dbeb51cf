"""HART-IP as overheard: device identities (command 0), tags, and what is asked of them.

    version 1 · type 1 · id 1 · status 1 · sequence 2 · length 2 · HART frame:
    delimiter 1 · address 1 or 5 · [expansion] · command 1 · count 1 · [status 2] · data

Source: FieldComm HCF_SPEC-085 (HART-IP), HCF_SPEC-127 (universal commands 0, 13, 20).
"""

from __future__ import annotations

from protocols._cursor import Cursor, text
from protocols.contract import Fact, Foreign, Overheard, Segment
from protocols.passive import OTHER, READ, WRITE, Passive, Use, overheard

PORT = 5094
REQUEST, RESPONSE, PUBLISH, NAK = 0, 1, 2, 15
PASS_THROUGH = 3
WRITES = frozenset({6, 17, 18, 19, 22, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47})
NAMES = {0: "identity", 1: "primary variable", 2: "current and percent", 3: "dynamic variables",
         9: "device variables", 13: "tag, descriptor, date", 20: "long tag",
         48: "additional status", 74: "I/O system capabilities",
         84: "sub-device identity"}  # fmt: skip


def frame(data: bytes) -> int | None:
    """Length of the message."""
    if len(data) < 8:
        return None
    if not recognise(data):
        raise Foreign("expected HART-IP version 1 or 2")
    return int.from_bytes(data[6:8])


def recognise(data: bytes) -> bool:
    """Whether this is a HART-IP header whose length agrees."""
    return (
        len(data) >= 8
        and data[0] in (1, 2)
        and data[1] in (REQUEST, RESPONSE, PUBLISH, NAK)
        and data[2] <= 5
        and 8 <= int.from_bytes(data[6:8]) <= 1024
    )


def _command(data: bytes) -> tuple[int, bytes, bytes] | None:
    """(command, long address, data) of the HART frame inside."""
    if len(data) < 12 or data[2] != PASS_THROUGH:
        return None
    cursor = Cursor(data, 8)
    delimiter = cursor.u8()
    address = cursor.take(5 if delimiter & 0x80 else 1)
    cursor.skip(delimiter >> 5 & 3)
    command = cursor.u8()
    return command, address, cursor.take(cursor.u8())


def uses(data: bytes) -> tuple[Use, ...]:
    """What a request does."""
    if data[1] != REQUEST or (found := _command(data)) is None:
        return ()
    command = found[0]
    name = NAMES.get(command, f"command {command}")
    known = command in NAMES
    return (Use(name, WRITE if command in WRITES else READ if known else OTHER),)


def packed(raw: bytes) -> str:
    """Packed ASCII: four characters of six bits in three bytes (HCF_SPEC-127, 5.1.1)."""
    bits = int.from_bytes(raw)
    count = len(raw) * 8 // 6
    codes = [bits >> 6 * (count - 1 - i) & 0x3F for i in range(count)]
    return "".join(chr(code if code & 0x20 else code + 0x40) for code in codes).strip()


def _identity(data: bytes) -> list[Fact]:
    cursor = Cursor(data, 1)
    kind = cursor.take(2)
    cursor.skip(1)
    revision = cursor.u8()
    device, software = cursor.u8(), cursor.u8()
    cursor.skip(2)
    serial = cursor.take(3).hex()
    maker = kind[0]
    if revision >= 7 and len(data) >= 19:
        maker = int.from_bytes(data[17:19])
    source = "HART command 0"
    return [
        Fact("vendor_id", maker, source),
        Fact("device_id", int.from_bytes(kind) if revision >= 7 else kind[1], source),
        Fact("hardware", str(device), source),
        Fact("firmware", str(software), source),
        Fact("serial", serial if any(data[9:12]) else "", source),
    ]


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """Identity, tag or long tag in an answer."""
    data = segment.payload
    if data[1] not in (RESPONSE, PUBLISH) or (found := _command(data)) is None:
        return ()
    command, address, body = found
    if len(body) < 2 or body[0] & 0x80:
        return ()
    body = body[2:]
    facts: list[Fact] = []
    if command == 0 and len(body) >= 12 and body[0] == 254:
        facts = _identity(body)
    elif command == 13 and len(body) >= 6:
        facts = [Fact("name", packed(body[:6]).strip("? @"), "HART command 13")]
    elif command == 20 and len(body) >= 32:
        facts = [Fact("name", text(body[:32]), "HART command 20")]
    part = f"hart {address.hex()}" if len(address) == 5 else ""
    return (overheard(segment.source, "hart-ip", facts, part=part),) if facts else ()


def side(data: bytes) -> str:
    """Who speaks, by the message type."""
    return "client" if data[1] == REQUEST else "server"


def alike(data: bytes) -> bytes:
    """Without the sequence number; values of answers other than identities are left out."""
    if data[1:2] in (b"\1", b"\2") and len(data) > 12 and data[2] == PASS_THROUGH:
        at = 14 if data[8] & 0x80 else 10
        if data[at : at + 1] not in (b"\x00", b"\x0d", b"\x14"):
            return data[1:3] + data[8:15]
    return data[1:3] + data[8:]


PASSIVE = Passive(
    "hart-ip",
    "HART-IP",
    decode,
    transports=("tcp", "udp"),
    ports=(PORT,),
    frame=frame,
    uses=uses,
    alike=alike,
    side=side,
    recognise=recognise,
    proof=lambda data: recognise(data) and int.from_bytes(data[6:8]) == len(data),
    least=8,
)
