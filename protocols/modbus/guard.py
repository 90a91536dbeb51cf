"""What may leave on a Modbus connection: reading functions, in their exact shape, nothing else.

One rule keeps it simple: a frame passes only when every byte of it was understood (safety.md 2,
rulings 5). The never-send list (5, 6, 8, 15, 16, 21, 22, 23, 90) needs no mention: not allowed.
"""

from __future__ import annotations

from protocols.contract import Forbidden
from protocols.modbus.codec import (
    ENCAPSULATED,
    IDENTIFICATION,
    MBAP,
    MOST_BITS,
    MOST_REGISTERS,
    NAMES,
    READ_COILS,
    READ_DISCRETE,
    READ_HOLDING,
    READ_INPUT,
    REPORT_SERVER_ID,
)

MOST_ITEMS = {
    READ_COILS: MOST_BITS,
    READ_DISCRETE: MOST_BITS,
    READ_HOLDING: MOST_REGISTERS,
    READ_INPUT: MOST_REGISTERS,
}
IDENTIFICATION_CODES = (1, 2, 3, 4)  # V1.1b3, 6.21


def guard(frame: bytes) -> str:
    """Name of the reading function that `frame` performs; raises `Forbidden` for all else."""
    if len(frame) < MBAP.size + 1:
        raise Forbidden(f"no whole Modbus/TCP frame: {len(frame)} bytes")
    _, protocol, length, _ = MBAP.unpack_from(frame)
    if protocol != 0 or length != len(frame) - 6:
        raise Forbidden("the header does not fit the frame")
    pdu = frame[MBAP.size :]
    if not _reads(pdu):
        raise Forbidden(f"function {pdu[0]} in this form is not known to be read-only")
    return f"Modbus {NAMES[pdu[0]]}"


def _reads(pdu: bytes) -> bool:
    function = pdu[0]
    if function in MOST_ITEMS:
        return len(pdu) == 5 and _within(pdu, MOST_ITEMS[function])
    if function == ENCAPSULATED:
        return len(pdu) == 4 and pdu[1] == IDENTIFICATION and pdu[2] in IDENTIFICATION_CODES
    return pdu == bytes((REPORT_SERVER_ID,))


def _within(pdu: bytes, most: int) -> bool:
    address, count = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
    return 1 <= count <= most and address + count <= 0x1_0000
