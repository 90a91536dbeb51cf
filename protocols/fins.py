"""OMRON FINS as overheard: models that somebody read, memory areas, writes.

    TCP: "FINS" · length 4 · command 4 · error 4 · frame;  UDP: the frame alone
    frame: ICF 1 · RSV 1 · GCT 1 · DNA DA1 DA2 · SNA SA1 SA2 · SID 1 · command 2 · [end code 2] · …

Source: OMRON W227 "FINS Commands Reference Manual", sections 3 and 5-3-9 (05 01).
"""

from __future__ import annotations

from protocols._cursor import Cursor, printable, text
from protocols.contract import Fact, Foreign, Overheard, Segment
from protocols.passive import OTHER, READ, WRITE, Passive, Use, overheard

PORT = 9600
COMMANDS = {0x0101: ("memory area read", READ), 0x0102: ("memory area write", WRITE),
            0x0103: ("memory area fill", WRITE), 0x0104: ("multiple memory area read", READ),
            0x0105: ("memory area transfer", WRITE), 0x0201: ("parameter area read", READ),
            0x0202: ("parameter area write", WRITE), 0x0306: ("program area read", READ),
            0x0307: ("program area write", WRITE), 0x0401: ("run", WRITE), 0x0402: ("stop", WRITE),
            0x0501: ("controller data read", READ), 0x0502: ("connection data read", READ),
            0x0601: ("controller status read", READ), 0x0701: ("clock read", READ),
            0x0702: ("clock write", WRITE), 0x2301: ("forced set/reset", WRITE)}  # fmt: skip
AREAS = {0x82: "DM", 0xB0: "CIO", 0xB1: "WR", 0xB2: "HR", 0xB3: "AR", 0x02: "DM bit",
         0x30: "CIO bit", 0x31: "WR bit", 0x32: "HR bit"}  # fmt: skip


def frame(data: bytes) -> int | None:
    """Length of the FINS/TCP message."""
    if len(data) < 8:
        return None
    if data[:4] != b"FINS":
        raise Foreign("expected FINS/TCP")
    return 8 + int.from_bytes(data[4:8])


def _frame(data: bytes) -> bytes:
    """The FINS frame inside; nothing for node address exchange."""
    if data[:4] == b"FINS":
        return data[16:] if data[8:12] == b"\0\0\0\2" else b""
    return data


def recognise(data: bytes) -> bool:
    """FINS/TCP by its magic; FINS/UDP by a header whose reserved fields agree."""
    if data[:4] == b"FINS":
        return True
    return (
        len(data) >= 12
        and data[0] & 0x3E == 0
        and data[0] & 0x80 != 0
        and data[1] == 0
        and data[2] in (1, 2, 3, 7)
        and int.from_bytes(data[10:12]) in COMMANDS
    )


def uses(data: bytes) -> tuple[Use, ...]:
    """What a command does."""
    body = _frame(data)
    if len(body) < 12 or body[0] & 0x40:
        return ()
    cursor = Cursor(body, 10)
    command = cursor.u16()
    name, kind = COMMANDS.get(command, (f"command {command:04x}", OTHER))
    item = ""
    if command in (0x0101, 0x0102, 0x0103) and cursor.left >= 6:
        area, first = cursor.u8(), cursor.u16()
        cursor.skip(1)
        item = f"{AREAS.get(area, f'0x{area:02x}')}:{first}-{first + max(cursor.u16(), 1) - 1}"
    return (Use(name, kind, item),)


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """Model and version in an answer to controller data read."""
    body = _frame(segment.payload)
    if len(body) < 54 or not body[0] & 0x40 or body[10:12] != b"\x05\x01":
        return ()
    model, version = body[14:34], body[34:54]
    if not printable(model):
        return ()
    found = [
        Fact("vendor", "Omron", "FINS 05 01"),
        Fact("product", text(model), "FINS 05 01"),
        Fact("firmware", text(version) if printable(version) else "", "FINS 05 01"),
        Fact("role", "plc", "FINS 05 01"),
    ]
    return (overheard(segment.source, "fins", found, operation="controller_data"),)


def side(data: bytes) -> str:
    """Who speaks, by the response bit, or by the direction of the node address exchange."""
    if data[:4] == b"FINS" and data[8:11] == b"\0\0\0" and data[11:12] in (b"\0", b"\1"):
        return "server" if data[11] else "client"
    body = _frame(data)
    if len(body) < 12:
        return ""
    return "server" if body[0] & 0x40 else "client"


def alike(data: bytes) -> bytes:
    """Without the service id; answers by command, controller data in full."""
    body = _frame(data)
    if len(body) < 12:
        return data[8:12]
    answer = body[0] & 0x40 and body[10:12] != b"\x05\x01"
    return body[:1] + (body[10:12] if answer else body[10:])


PASSIVE = Passive(
    "fins",
    "OMRON FINS",
    decode,
    transports=("tcp", "udp"),
    ports=(PORT,),
    frame=frame,
    uses=uses,
    alike=alike,
    recognise=recognise,
    proof=recognise,
    side=side,
)
