"""Captures that mean harm: endless numbers of hosts, flows, statements; written as a stream.

Each generator yields frames. They are told apart by what they multiply, since every table of the
walk needs a bound of its own.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

Frames = Iterator[bytes]


def numbered(kind: int, number: int) -> bytes:
    """A unicast hardware address made from a number."""
    return bytes((2, kind)) + number.to_bytes(4)


def packet(source: int, destination: int, protocol: int, body: bytes, mac: int = 1) -> bytes:
    """An IPv4 frame from 10.x to 11.x."""
    head = struct.pack(
        ">BBHHHBBHII", 0x45, 0, 20 + len(body), 7, 0, 64, protocol, 0,
        0x0A000000 | source & 0xFFFFFF, 0x0B000000 | destination & 0xFFFFFF,
    )  # fmt: skip
    return numbered(1, destination) + numbered(2, mac) + b"\x08\0" + head + body


def back(source: int, destination: int, protocol: int, body: bytes) -> bytes:
    """The way back: from 11.x to 10.x."""
    forth = packet(destination, source, protocol, body, 3)
    return forth[:26] + struct.pack(
        ">II", 0x0B000000 | source & 0xFFFFFF, 0x0A000000 | destination & 0xFFFFFF
    ) + forth[34:]  # fmt: skip


def tcp(ports: tuple[int, int], sequence: int, payload: bytes, flags: int = 0x18) -> bytes:
    head = struct.pack(">HHIIBBHHH", *ports, sequence & 0xFFFFFFFF, 1, 0x50, flags, 8192, 0, 0)
    return head + payload


def udp(ports: tuple[int, int], payload: bytes) -> bytes:
    return struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload


def hosts(count: int) -> Frames:
    """A new hardware address and a new IP address in every frame."""
    for n in range(count):
        yield packet(n, 1, 17, udp((5000, 9), b"x" * 10), n)


def stations(count: int) -> Frames:
    """A new station in every frame, each with LLDP of a name of its own."""
    for n in range(count):
        name = b"switch-%08d" % n + b"n" * 200
        body = struct.pack(">HB6s", 0x0207, 4, numbered(3, n)) + struct.pack(">HB", 0x0402, 7)
        body += b"p" + struct.pack(">HH", 0x0602, 20)
        body += struct.pack(">H", 5 << 9 | len(name)) + name + b"\0\0"
        yield bytes.fromhex("0180c200000e") + numbered(3, n) + b"\x88\xcc" + body


def flows(count: int) -> Frames:
    """A new connection in every frame, each with an unfinished message."""
    for n in range(count):
        yield packet(n >> 12, n >> 16, 6, tcp((1024 + n % 60_000, 502), 7, bytes(4) + b"\1\0" * 3))


def held(count: int) -> Frames:
    """Segments behind a gap, of a kilobyte each, in very many connections."""
    for n in range(count):
        flow = n // 16
        step = 5000 * (n % 16)
        ports = (1024 + flow % 60_000, 502)
        yield packet(flow >> 14, 5, 6, tcp(ports, 7 + step, bytes(4) + b"\0\x06\1\3" + bytes(1000)))


def unfinished(count: int) -> Frames:
    """OPC UA messages of a megabyte that never end, in very many connections."""
    for n in range(count):
        flow, step = n % 12_000, n // 12_000
        ports = (1024 + flow % 60_000, 4840)
        begin = b"MSGF" + (1 << 20).to_bytes(4, "little") + bytes(1000)
        payload = begin if not step else bytes(1008)
        yield packet(flow >> 14, 5, 6, tcp(ports, 7 + 1008 * step, payload))


def registers(count: int) -> Frames:
    """A new register range, unit and client in every question, with its answer."""
    for n in range(count):
        client, ports = n >> 9, (40_000, 502)
        unit, first = n & 0xFF, n * 7 & 0xFFFF
        ask = struct.pack(">HHHBBHH", n & 0xFFFF, 0, 6, unit, 3, first, 4)
        answer = struct.pack(">HHHBBB", n & 0xFFFF, 0, 11, unit, 3, 8) + n.to_bytes(8)
        index = n & 0x1FF
        yield packet(client, 5, 6, tcp(ports, 1 + 12 * index, ask))
        yield back(5, client, 6, tcp(ports[::-1], 1 + 17 * index, answer))


def names(count: int) -> Frames:
    """A new identity of a kilobyte in every answer."""
    for n in range(count):
        unit, server = n & 0xFF, n >> 8
        text = b"product %012d" % n + b"z" * 220
        body = bytes((unit, 0x2B, 0x0E, 1, 1, 0, 0, 1, 1, len(text))) + text
        answer = struct.pack(">HHH", n & 0xFFFF, 0, len(body)) + body
        yield back(server, 5, 6, tcp((502, 40_000), 1 + len(answer) * unit, answer))


def questions(count: int) -> Frames:
    """Datagrams of SNMP questions that never get an answer, each of 60 000 bytes."""
    for n in range(count):
        filler = bytes(60_000)
        yield packet(n, 5, 17, udp((30_000, 161), b"\x30\x82\xea\x60\2\1\1\4\6public" + filler))


def fragments(count: int) -> Frames:
    """First fragments whose rest never comes."""
    for n in range(count):
        frame = bytearray(packet(n >> 10, 5, 17, udp((9, 161), bytes(1000))))
        frame[18:20] = (n & 0xFFFF).to_bytes(2)
        frame[20:22] = b"\x20\0"
        yield bytes(frame)


def announced(count: int) -> Frames:
    """ARP that names a new hardware address for one IP address each time."""
    for n in range(count):
        body = bytes.fromhex("0001080006040002") + numbered(3, n) + b"\x0a\0\0\1" + bytes(10)
        yield b"\xff" * 6 + numbered(3, n) + b"\x08\x06" + body


def doubles(count: int) -> Frames:
    """One address in every VLAN, and from ever new hardware addresses."""
    for n in range(count):
        body = bytes.fromhex("0001080006040002") + numbered(3, n) + b"\x0a\0\0\1" + bytes(10)
        yield (
            b"\xff" * 6 + numbered(3, n) + struct.pack(">HHH", 0x8100, n % 4094 + 1, 0x0806) + body
        )


def objects(count: int) -> Frames:
    """IEC 104: ever new stations and objects, all of them from one server."""
    for n in range(count):
        body = struct.pack("<BBBBH", 13, 1, 3, 0, n & 0xFFFF) + n.to_bytes(3, "little")
        body += struct.pack("<fB", n, 0)
        message = bytes((0x68, 4 + len(body), 2, 0, 0, 0)) + body
        yield back(n >> 16, 5, 6, tcp((2404, 40_000), 1 + len(message) * n, message))


KINDS: dict[str, Callable[[int], Frames]] = {
    one.__name__: one
    for one in (
        hosts, stations, flows, held, unfinished, registers, names, questions, fragments,
        announced, doubles, objects,
    )
}  # fmt: skip


def write(path: Path, kind: str, count: int) -> int:
    """Write one such capture; the number of frames."""
    written = 0
    with path.open("wb") as file:
        file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        for number, frame in enumerate(KINDS[kind](count)):
            seconds, micro = divmod(number * 500, 1_000_000)
            file.write(struct.pack("<IIII", 100 + seconds, micro, len(frame), len(frame)))
            file.write(frame)
            written += 1
    return written
