"""S7 answers built from the layout, for a station of our own invention."""

from __future__ import annotations

import struct

CONFIRM = bytes.fromhex("0300001611d00001000100c0010ac1020100c2020102")


def _tpkt(payload: bytes) -> bytes:
    return b"\x03\x00" + (4 + len(payload)).to_bytes(2, "big") + payload


def job(parameters: str) -> str:
    """A request with ROSCTR 1, as hexadecimal text."""
    return _pdu(1, parameters).hex()


def userdata(parameters: str) -> str:
    """A request with ROSCTR 7 and an empty data part, as hexadecimal text."""
    return _pdu(7, parameters, bytes.fromhex("0a000000")).hex()


def _pdu(rosctr: int, parameters: str, data: bytes = b"") -> bytes:
    body = bytes.fromhex(parameters)
    head = struct.pack(">BBHHHH", 0x32, rosctr, 0, 1, len(body), len(data))
    return _tpkt(b"\x02\xf0\x80" + head + body + data)


def disconnect(reason: int) -> bytes:
    return _tpkt(bytes([6, 0x80, 0, 1, 0, 0, reason]))


def setup_answer(reference: int, pdu_bytes: int, error: int = 0) -> bytes:
    parameters = struct.pack(">BBHHH", 0xF0, 0, 1, 1, pdu_bytes)
    head = struct.pack(">BBHHHHH", 0x32, 3, 0, reference, len(parameters), 0, error)
    return _tpkt(b"\x02\xf0\x80" + head + parameters)


def szl_answer(
    reference: int, data: bytes, *, more: bool = False, code: int = 0xFF, sequence: int = 1
) -> bytes:
    parameters = bytes([0, 1, 0x12, 8, 0x12, 0x84, 1, sequence, 5, more, 0, 0])
    item = struct.pack(">BBH", code, 9, len(data)) + data
    head = struct.pack(">BBHHHH", 0x32, 7, 0, reference, len(parameters), len(item))
    return _tpkt(b"\x02\xf0\x80" + head + parameters + item)


def szl_refusal(reference: int, error: int) -> bytes:
    parameters = bytes([0, 1, 0x12, 8, 0x12, 0x84, 1, 0, 0, 0]) + error.to_bytes(2, "big")
    head = struct.pack(">BBHHHH", 0x32, 7, 0, reference, len(parameters), 4)
    return _tpkt(b"\x02\xf0\x80" + head + parameters + bytes.fromhex("0a000000"))


def szl(szl_id: int, size: int, records: tuple[bytes, ...], announced: int | None = None) -> bytes:
    count = len(records) if announced is None else announced
    return struct.pack(">HHHH", szl_id, 0, size, count) + b"".join(records)


def component(index: int, content: bytes | str) -> bytes:
    body = content.encode("latin-1") if isinstance(content, str) else content
    return index.to_bytes(2, "big") + body.ljust(32, b"\0")


def module(index: int, order: str, kind: int, first: bytes, second: bytes) -> bytes:
    return (
        index.to_bytes(2, "big")
        + order.encode("ascii").ljust(20)
        + kind.to_bytes(2, "big")
        + first
        + second
    )


COMPONENTS = (
    component(1, "Press line 4"),
    component(2, "PLC_Press"),
    component(3, "Hall B"),
    component(4, "Original Siemens Equipment"),
    component(5, "S C-X4U421302009"),
    component(7, "CPU 317-2 PN/DP"),
    component(8, "MMC 8D1A22F0"),
    component(9, bytes.fromhex("002af600")),
    component(11, "Cabinet 12"),
)
ORDER = "6ES7 317-2EK14-0AB0"
MODULES = (
    module(1, ORDER, 0x00C0, b"\x00\x05", b"\x00\x01"),
    module(6, ORDER, 0x00C0, b"\x00\x05", b"\x00\x01"),
    module(7, "", 0x00C0, b"V\x03", b"\x02\x0a"),
    module(0x81, "Boot Loader", 0, b"A ", b"\x09\x09"),
)
