"""What may leave, judged by a decoder that is not ours."""

from __future__ import annotations

import random
import struct

import pytest
from pymodbus.pdu import DecodePDU

from protocols.contract import Forbidden
from protocols.modbus.guard import guard

NAMES = {
    "ReadCoilsRequest": "Modbus read coils (1)",
    "ReadDiscreteInputsRequest": "Modbus read discrete inputs (2)",
    "ReadHoldingRegistersRequest": "Modbus read holding registers (3)",
    "ReadInputRegistersRequest": "Modbus read input registers (4)",
    "ReadDeviceInformationRequest": "Modbus read device identification (43/14)",
    "ReportDeviceIdRequest": "Modbus report server id (17)",
}
NEVER = (5, 6, 7, 8, 11, 12, 15, 16, 20, 21, 22, 23, 24, 90, 125)


def frame(pdu: bytes, unit: int = 1) -> bytes:
    return struct.pack(">HHHB", 1, 0, len(pdu) + 1, unit) + pdu


@pytest.mark.parametrize(
    ("pdu", "name"),
    [
        ("0100000001", "Modbus read coils (1)"),
        ("02000007D0", "Modbus read discrete inputs (2)"),
        ("030000007D", "Modbus read holding registers (3)"),
        ("04FFFF0001", "Modbus read input registers (4)"),
        ("2B0E0100", "Modbus read device identification (43/14)"),
        ("2B0E0480", "Modbus read device identification (43/14)"),
        ("11", "Modbus report server id (17)"),
    ],
)
def test_reading_functions_pass_under_their_name(pdu: str, name: str) -> None:
    assert guard(frame(bytes.fromhex(pdu))) == name


@pytest.mark.parametrize(
    "pdu",
    [
        "030000007E",  # 126 registers
        "01000007D1",  # 2 001 coils
        "0300000000",
        "04FFFF0002",  # beyond the last address
        "03000000",
        "030000000100",
        "2B0D0100",  # CANopen
        "2B0E0000",
        "2B0E0500",
        "2B0E01",
        "2B0E010000",
        "2B",
        "1100",
    ],
)
def test_reading_functions_in_another_shape_are_forbidden(pdu: str) -> None:
    with pytest.raises(Forbidden):
        guard(frame(bytes.fromhex(pdu)))


@pytest.mark.parametrize("function", NEVER)
@pytest.mark.parametrize("tail", [b"", b"\0\0\0\1", b"\0\0\xff\0", b"\0\0\0\1\2\0\0"])
def test_never_send_list_is_forbidden(function: int, tail: bytes) -> None:
    with pytest.raises(Forbidden):
        guard(frame(bytes((function,)) + tail))


@pytest.mark.parametrize(
    "raw",
    [b"", frame(b"\x11")[:7], struct.pack(">HHHB", 1, 1, 2, 1) + b"\x11", frame(b"\x11") + b"\0",
     struct.pack(">HHHB", 1, 0, 6, 1) + b"\x11"],
)  # fmt: skip
def test_frames_that_are_not_whole_are_forbidden(raw: bytes) -> None:
    with pytest.raises(Forbidden):
        guard(raw)


def fuzz(count: int) -> tuple[int, int]:
    """Random and near-valid frames; what passes must be a read to pymodbus as well."""
    rng, decoder, passed = random.Random(1), DecodePDU(True), 0
    for _ in range(count):
        function = rng.choice((1, 2, 3, 4, 17, 43, rng.randrange(256)))
        pdu = bytes((function,)) + rng.choice(
            (
                struct.pack(">HH", rng.randrange(65536), rng.choice((1, 10, 125, 126, 2000, 2001))),
                bytes((14, rng.randrange(6), rng.randrange(256))),
                b"",
                rng.randbytes(rng.randrange(12)),
            )
        )
        raw = bytearray(frame(pdu, rng.randrange(256)))
        if rng.random() < 0.1:
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        try:
            name = guard(bytes(raw))
        except Forbidden:
            continue
        passed += 1
        decoded = decoder.decode(bytes(raw[7:]))
        assert decoded is not None
        assert NAMES[type(decoded).__name__] == name
    return count, passed


def test_nothing_but_reads_passes_by_an_independent_decoder() -> None:
    _, passed = fuzz(10_000)
    assert passed > 1_000


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_a_million_frames_by_an_independent_decoder() -> None:
    fuzz(1_000_000)
