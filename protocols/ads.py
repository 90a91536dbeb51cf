"""Beckhoff ADS as overheard: AMS net ids and the device's own name and version.

    TCP: 0 2 · length 4 · AMS: target 6+2 · source 6+2 · command 2 · flags 2 · length 4 · error 4 ·
    invoke 4 · data (little-endian).   UDP 48899: 03 66 14 71 · invoke 4 · service 4 · net id 6 ·
    port 2 · count 4 · tags: kind 2 · length 2 · value

Source: Beckhoff Information System, "ADS/AMS specification" (TE1000).
"""

from __future__ import annotations

from protocols._cursor import Cursor, printable, text
from protocols.contract import Fact, Foreign, Overheard, Segment
from protocols.passive import OTHER, READ, WRITE, Passive, Use, overheard

COMMANDS = {1: ("read device info", READ), 2: ("read", READ), 3: ("write", WRITE),
            4: ("read state", READ), 5: ("write control", WRITE), 6: ("add notification", READ),
            7: ("delete notification", OTHER), 8: ("notification", OTHER),
            9: ("read/write", READ)}  # fmt: skip
MAGIC = b"\x03\x66\x14\x71"
SEARCHED, TAGS = 0x8000_0001, 16  # answer to a search; most tags that are read


def frame(data: bytes) -> int | None:
    """Length of the AMS/TCP message."""
    if len(data) < 6:
        return None
    length = int.from_bytes(data[2:6], "little")
    if data[:2] != b"\0\0" or not 32 <= length <= 1 << 20:
        raise Foreign("expected AMS/TCP")
    return 6 + length


def recognise(data: bytes) -> bool:
    """An AMS header whose lengths agree and whose command is known."""
    return (
        len(data) >= 38
        and data[:2] == b"\0\0"
        and int.from_bytes(data[2:6], "little") == 32 + int.from_bytes(data[26:30], "little")
        and 1 <= int.from_bytes(data[22:24], "little") <= 9
    )


def _net(raw: bytes) -> str:
    return "AMS " + ".".join(map(str, raw))


def uses(data: bytes) -> tuple[Use, ...]:
    """What a request does."""
    cursor = Cursor(data, 22, "little")
    command, flags = cursor.u16(), cursor.u16()
    if flags & 1:
        return ()
    name, kind = COMMANDS.get(command, (f"command {command}", OTHER))
    item = ""
    if command in (2, 3) and len(data) >= 46:
        cursor.skip(12)
        item = f"0x{cursor.u32():x}:0x{cursor.u32():x}"
    return (Use(name, kind, item),)


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """The sender's net id; name and version in an answer to ReadDeviceInfo."""
    cursor = Cursor(segment.payload, 14, "little")
    name = _net(cursor.take(6))
    cursor.skip(2)
    command, flags = cursor.u16(), cursor.u16()
    cursor.skip(12)
    found = [Fact("name", name, "AMS net id")]
    if command == 1 and flags & 1 and cursor.left >= 24 and cursor.u32() == 0:
        major, minor, build = cursor.u8(), cursor.u8(), cursor.u16()
        found += [
            Fact("vendor", "Beckhoff", "ADS device info"),
            Fact("product", text(cursor.take(16)), "ADS device info"),
            Fact("firmware", f"{major}.{minor}.{build}", "ADS device info"),
        ]
    return (overheard(segment.source, "ads", found),)


def _udp(segment: Segment) -> tuple[Overheard, ...]:
    """The sender's net id; its name and the version of TwinCAT in an answer to a search."""
    cursor = Cursor(segment.payload, 8, "little")
    service, net = cursor.u32(), _net(cursor.take(6))
    cursor.skip(2)
    found = [Fact("name", net, "AMS net id")]
    for _ in range(min(cursor.u32(), TAGS) if service == SEARCHED else 0):
        kind, value = cursor.u16(), cursor.take(cursor.u16())
        if kind == 5 and printable(value):
            found.append(Fact("name", text(value), "ADS search, host name"))
        elif kind == 3 and len(value) >= 4:
            build = int.from_bytes(value[2:4], "little")
            found.append(Fact("firmware", f"{value[0]}.{value[1]}.{build}", "ADS search, TwinCAT"))
            found.append(Fact("vendor", "Beckhoff", "ADS search, TwinCAT"))
    return (overheard(segment.source, "ads-udp", found),)


def alike(data: bytes) -> bytes:
    """Addresses, command and index; invoke ids and values are left out."""
    answer = data[24:25] and data[24] & 1
    info = data[22:24] == b"\1\0"
    return data[6:26] + (b"" if answer and not info else data[38:54])


def side(data: bytes) -> str:
    """Who speaks: the response flag."""
    return "server" if data[24] & 1 else "client"


PASSIVE = (
    Passive(
        "ads",
        "Beckhoff ADS",
        decode,
        ports=(48898,),
        frame=frame,
        uses=uses,
        alike=alike,
        recognise=recognise,
        proof=recognise,
        side=side,
        least=38,
    ),
    Passive(
        "ads-udp",
        "Beckhoff ADS discovery",
        _udp,
        transports=("udp",),
        ports=(48899,),
        recognise=lambda data: data[:4] == MAGIC,
        proof=lambda data: data[:4] == MAGIC,
        peers=True,
    ),
)
