"""A layer 2 double, run inside a network namespace: sends LLDP, answers PROFINET DCP Identify.

Written from IEEE 802.1AB and IEC 61158-6-10. Usage: `python double.py INTERFACE SECONDS`.
"""

from __future__ import annotations

import socket
import struct
import sys
import time
from pathlib import Path

MAC = bytes.fromhex("001b1b000042")


def lldp() -> bytes:
    def tlv(kind: int, value: bytes) -> bytes:
        return struct.pack(">H", kind << 9 | len(value)) + value

    body = tlv(1, b"\4" + MAC) + tlv(2, b"\7port-001") + tlv(3, b"\0\x14") + tlv(5, b"switch-42")
    body += tlv(6, b"Siemens, SIMATIC NET, SCALANCE X208") + tlv(7, b"\0\4\0\4") + tlv(0, b"")
    return bytes.fromhex("0180c200000e") + MAC + b"\x88\xcc" + body


def block(option: int, suboption: int, value: bytes) -> bytes:
    body = bytes(2) + value
    return bytes((option, suboption)) + struct.pack(">H", len(body)) + body + bytes(len(body) % 2)


def answer(asker: bytes, xid: bytes) -> bytes:
    blocks = block(2, 1, b"S7-1200") + block(2, 2, b"press-7.plc")
    blocks += block(2, 3, struct.pack(">HH", 0x002A, 0x010D)) + block(2, 4, b"\2\0")
    head = b"\xfe\xff\5\1" + xid + bytes(2) + struct.pack(">H", len(blocks))
    return asker + MAC + b"\x88\x92" + head + blocks


def main() -> None:
    interface, seconds = sys.argv[1], float(sys.argv[2])
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    raw.bind((interface, 0))
    raw.settimeout(0.2)
    Path("/dev/stdout").write_text("ready\n")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        raw.send(lldp())
        try:
            frame = raw.recv(2048)
        except TimeoutError:
            continue
        if frame[12:16] == b"\x88\x92\xfe\xfe":
            raw.send(answer(frame[6:12], frame[18:22]))


if __name__ == "__main__":
    main()
