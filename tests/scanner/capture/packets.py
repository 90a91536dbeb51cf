"""Frames and capture files made by hand, for tests: written from the standards, not our readers."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable
from pathlib import Path

CLIENT, SERVER = "10.1.0.5", "10.1.0.9"
CLIENT_MAC, SERVER_MAC = "02:00:00:00:00:05", "02:00:00:00:00:09"
SYN, ACK, PUSH, RST, SYN_ACK = 0x02, 0x10, 0x18, 0x04, 0x12


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def ethernet(
    source: str, destination: str, kind: int, body: bytes, vlan: int | None = None
) -> bytes:
    tag = b"" if vlan is None else struct.pack(">HH", 0x8100, vlan)
    return mac(destination) + mac(source) + tag + struct.pack(">H", kind) + body


def ipv4(
    source: str, destination: str, protocol: int, body: bytes, ttl: int = 64, fragment: int = 0
) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 7, fragment, ttl, protocol, 0)
    return (
        head + ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed + body
    )


def ipv6(source: str, destination: str, protocol: int, body: bytes, hops: int = 64) -> bytes:
    head = struct.pack(">IHBB", 6 << 28, len(body), protocol, hops)
    return (
        head + ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed + body
    )


def segment(ports: tuple[int, int], sequence: int, flags: int, payload: bytes = b"") -> bytes:
    return struct.pack(">HHIIBBHHH", *ports, sequence, 0, 0x50, flags, 8192, 0, 0) + payload


def datagram(ports: tuple[int, int], payload: bytes) -> bytes:
    return struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload


def up(port: int, sequence: int, flags: int, payload: bytes = b"", ttl: int = 64) -> bytes:
    """A TCP frame from client to server."""
    body = segment((40_000, port), sequence, flags, payload)
    return ethernet(CLIENT_MAC, SERVER_MAC, 0x0800, ipv4(CLIENT, SERVER, 6, body, ttl))


def down(port: int, sequence: int, flags: int, payload: bytes = b"", ttl: int = 64) -> bytes:
    """A TCP frame from server to client."""
    body = segment((port, 40_000), sequence, flags, payload)
    return ethernet(SERVER_MAC, CLIENT_MAC, 0x0800, ipv4(SERVER, CLIENT, 6, body, ttl))


def record(frame: bytes, at: float = 0.0, order: str = "<", unit: int = 1_000_000) -> bytes:
    seconds = int(at)
    return (
        struct.pack(order + "IIII", seconds, round((at - seconds) * unit), len(frame), len(frame))
        + frame
    )


def pcap(
    frames: Iterable[bytes], link: int = 1, order: str = "<", nano: bool = False, every: float = 1.0
) -> bytes:
    magic, unit = (0xA1B23C4D, 1_000_000_000) if nano else (0xA1B2C3D4, 1_000_000)
    head = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 65_535, link)
    rows = (record(frame, 100 + n * every, order, unit) for n, frame in enumerate(frames))
    return head + b"".join(rows)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + length + body + length


def pcapng(
    frames: Iterable[tuple[int, bytes]], links: tuple[int, ...] = (1,), order: str = "<"
) -> bytes:
    """`frames` are (interface, bytes); interfaces count nanoseconds."""
    out = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    for link in links:
        options = struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0)
        out += block(1, struct.pack(order + "HHI", link, 0, 0) + options, order)
    out += block(5, bytes(12), order)  # interface statistics: passed over
    for number, (interface, frame) in enumerate(frames):
        time = (100 + number) * 1_000_000_000
        head = struct.pack(
            order + "IIIII", interface, time >> 32, time & 0xFFFFFFFF, len(frame), len(frame)
        )
        out += block(6, head + frame + bytes(-len(frame) % 4) + bytes(4), order)
    return out


def write(folder: Path, data: bytes, name: str = "a.pcap") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def modbus_read(number: int, unit: int = 1, first: int = 100, count: int = 10) -> bytes:
    return struct.pack(">HHHBBHH", number, 0, 6, unit, 3, first, count)


def modbus_answer(number: int, unit: int = 1, count: int = 10) -> bytes:
    body = struct.pack(">BBB", unit, 3, 2 * count) + bytes(2 * count)
    return struct.pack(">HHH", number, 0, len(body)) + body


def polled(times: int = 5) -> list[bytes]:
    """A handshake and `times` reads with their answers."""
    frames = [up(502, 9, SYN), down(502, 49, SYN_ACK), up(502, 10, ACK)]
    sent, got = 10, 50
    for number in range(times):
        question, answer = modbus_read(number), modbus_answer(number)
        frames += [up(502, sent, PUSH, question), down(502, got, PUSH, answer)]
        sent += len(question)
        got += len(answer)
    return frames
