"""Modbus/TCP frames: what is sent, and what an answer must look like to be believed.

    0 transaction  2 protocol = 0  4 length (of what follows)  6 unit | 7 function  8 data …

Sources: Modbus Application Protocol V1.1b3 ("V1.1b3") and Modbus Messaging on TCP/IP V1.0b
("TCP V1.0b"). One rule keeps it simple: an answer is matched to its request (transaction, protocol,
length, unit, function) before a single byte of its data is looked at.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from protocols._cursor import Cursor
from protocols.contract import (
    Fact,
    Foreign,
    Frame,
    Garbled,
    Outcome,
    Read,
    Reading,
    Refused,
    Stale,
    Stray,
)

T = TypeVar("T")

MBAP = struct.Struct(">HHHB")
SHORTEST, LONGEST = 2, 254  # the length field: unit and function, or TCP V1.0b, 3.1.3
LONGEST_FRAME = 260  # TCP V1.0b, 4.1

READ_COILS, READ_DISCRETE, READ_HOLDING, READ_INPUT = 1, 2, 3, 4  # V1.1b3, 6.1 to 6.4
MORE = 0xFF  # V1.1b3, 6.21: more follows; 0x00: no more
REPORT_SERVER_ID = 17  # V1.1b3, 6.13
ENCAPSULATED, IDENTIFICATION = 43, 14  # V1.1b3, 6.19 and 6.21
TABLES = {
    "coil": READ_COILS,
    "discrete": READ_DISCRETE,
    "holding": READ_HOLDING,
    "input": READ_INPUT,
}
BIT_TABLES = frozenset({"coil", "discrete"})
MOST_REGISTERS = 125  # V1.1b3, 6.3
MOST_BITS = 2000  # V1.1b3, 6.1
NAMES = {
    READ_COILS: "read coils (1)",
    READ_DISCRETE: "read discrete inputs (2)",
    READ_HOLDING: "read holding registers (3)",
    READ_INPUT: "read input registers (4)",
    REPORT_SERVER_ID: "report server id (17)",
    ENCAPSULATED: "read device identification (43/14)",
}
EXCEPTIONS = {  # V1.1b3, 7; 07 is in the older PI-MBUS-300 only
    0x01: (Outcome.REFUSED_CAPABILITY, "illegal_function"),
    0x02: (Outcome.EMPTY, "illegal_data_address"),
    0x03: (Outcome.REFUSED_CAPABILITY, "illegal_data_value"),
    0x04: (Outcome.REFUSED_RESOURCE, "server_device_failure"),
    0x05: (Outcome.REFUSED_RESOURCE, "acknowledge"),
    0x06: (Outcome.REFUSED_RESOURCE, "server_device_busy"),
    0x07: (Outcome.REFUSED_CAPABILITY, "negative_acknowledge"),
    0x08: (Outcome.REFUSED_RESOURCE, "memory_parity_error"),
    0x0A: (Outcome.REFUSED_DOWNSTREAM, "gateway_path_unavailable"),
    0x0B: (Outcome.REFUSED_DOWNSTREAM, "gateway_target_failed_to_respond"),
}
STRANGERS = (  # how other protocols begin, for the wording of `Foreign`
    (b"HTTP", "HTTP"),
    (b"SSH-", "SSH"),
    (b"220", "an FTP or SMTP greeting"),
    (b"\x15\x03", "a TLS alert"),
    (b"\x16\x03", "TLS"),
    (b"\x03\x00", "TPKT (S7, MMS, RDP)"),
    (b"\xff\xfb", "telnet"),
    (b"\xff\xfd", "telnet"),
)


@dataclass(frozen=True, slots=True)
class Expect:
    """The request that an answer has to fit.

    `late` tells ids of earlier questions; `shows` is the unit whose presence any answer proves.
    """

    transaction: int
    unit: int
    pdu: bytes
    part: str = ""
    late: Callable[[int], bool] = lambda _: False
    shows: str = ""

    @property
    def function(self) -> int:
        """Function code that was asked for."""
        return self.pdu[0]

    @property
    def request(self) -> bytes:
        """The whole frame (TCP V1.0b, 3.1.3)."""
        return MBAP.pack(self.transaction, 0, 1 + len(self.pdu), self.unit) + self.pdu


def read_pdu(table: str, address: int, count: int) -> bytes:
    """Functions 1 to 4: `count` items of a table from the zero-based `address`."""
    return struct.pack(">BHH", TABLES[table], address, count)


def identification_pdu(code: int, first: int) -> bytes:
    """43/14: code 1 basic, 2 regular, 3 extended (V1.1b3, 6.21), from object `first`."""
    return bytes((ENCAPSULATED, IDENTIFICATION, code, first))


SERVER_ID_PDU = bytes((REPORT_SERVER_ID,))


def crc(data: bytes) -> int:
    """CRC-16 of serial framing (Modbus over Serial Line V1.02, 6.2.2)."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def is_rtu(raw: bytes, unit: int, function: int) -> bool:
    """Whether the bytes are a serial (RTU) frame that answers that unit and function."""
    return (
        5 <= len(raw) <= 256
        and raw[0] == unit
        and raw[1] & 0x7F == function
        and crc(raw[:-2]) == int.from_bytes(raw[-2:], "little")
    )


def framer(unit: int, function: int) -> Frame:
    """Measures an answer to a request for that unit and function; see `contract.Frame`."""

    def frame(buffer: bytes) -> int | None:
        if len(buffer) < 4:
            return None
        if buffer[2:4] != b"\0\0":
            return _without_mbap(buffer, unit, function)
        if len(buffer) < 6:
            return None
        length = int.from_bytes(buffer[4:6], "big")
        if not SHORTEST <= length <= LONGEST:
            raise Garbled(f"expected a length of {SHORTEST} to {LONGEST}, got {length}")
        return 6 + length

    return frame


def _without_mbap(buffer: bytes, unit: int, function: int) -> int | None:
    if is_rtu(buffer, unit, function):
        return len(buffer)
    if buffer[0] == unit and buffer[1] & 0x7F == function and len(buffer) < 256:
        return None  # may become a serial frame
    name = next((name for head, name in STRANGERS if buffer.startswith(head)), buffer[:8].hex())
    raise Foreign(f"expected a Modbus/TCP header, got {name}")


def reader(expect: Expect, parse: Callable[[bytes], Reading[T]]) -> Read[T | None]:
    """Decoder of one whole answer: header, exception, then `parse` on the data.

    Raises `Garbled`, `Stale`, `Stray` or `Refused`. A serial frame gives the `framing` fact and the
    outcome OTHER (rulings 34) without a value.
    """

    def read(raw: bytes) -> Reading[T | None]:
        if raw[2:4] != b"\0\0" and is_rtu(raw, expect.unit, expect.function):
            return _rtu()
        data = matched(raw, expect)
        reading = parse(data)
        return Reading(
            reading.value,
            reading.facts,
            reading.points,
            reading.samples,
            reading.outcome,
            reading.reason,
            reading.detail,
            reading.items,
        )

    return read


def _rtu() -> Reading[T | None]:
    detail = "answered in Modbus RTU framing: a serial converter in transparent mode"
    fact = Fact("framing", "rtu", "modbus answer without MBAP header, CRC-16 correct")
    return Reading(None, (fact,), outcome=Outcome.OTHER, reason="rtu", detail=detail)


def matched(raw: bytes, expect: Expect) -> bytes:
    """The data after the function code of an answer that fits its request.

    Raises `Garbled`, `Stale` for an answer to an earlier question, `Stray` for one to no question
    of this conversation, `Refused` for an exception.
    """
    cursor = Cursor(raw)
    transaction, protocol, length = cursor.u16(), cursor.u16(), cursor.u16()
    if protocol != 0:
        raise Garbled(f"expected protocol id 0, got {protocol}")
    if not SHORTEST <= length <= LONGEST or length != cursor.left:
        raise Garbled(f"announces {length} bytes, carries {cursor.left}")
    if transaction != expect.transaction:
        if expect.late(transaction):
            raise Stale(f"answer to transaction {transaction}")
        raise Stray(f"expected transaction {expect.transaction}, got {transaction}")
    unit, function = cursor.u8(), cursor.u8()
    if unit != expect.unit:
        raise Garbled(other_unit(expect.unit, unit))
    if function == expect.function | 0x80:
        raise _exception(cursor.rest(), expect)
    if function != expect.function:
        raise Garbled(f"expected function 0x{expect.function:02X}, got 0x{function:02X}")
    return cursor.rest()


def other_unit(expected: int, got: int) -> str:
    """How an answer that fits its request in all before its unit is refused."""
    return f"expected unit {expected}, got {got}"


def _exception(data: bytes, expect: Expect) -> Refused:
    """The refusal that an exception answer states; raises `Garbled` for an unknown code."""
    if expect.function == ENCAPSULATED and data[:1] == bytes((IDENTIFICATION,)) and data[1:]:
        data = data[1:]  # jsmodbus 5 repeats the MEI type before the code
    if len(data) != 1:
        raise Garbled(f"expected one byte of exception, got {len(data)}")
    code = data[0]
    if code not in EXCEPTIONS:
        raise Garbled(f"unknown exception 0x{code:02X}")
    outcome, reason = EXCEPTIONS[code]
    source = f"modbus exception 0x{code:02X}"
    facts: tuple[Fact, ...] = ()
    if code == 0x01:
        facts = (Fact("function", f"{NAMES[expect.function]}=refused", source, expect.part),)
    if expect.shows and outcome is not Outcome.REFUSED_DOWNSTREAM:
        facts = (*facts, Fact("unit", "present", source, expect.shows))
    return Refused(outcome, reason, f"exception 0x{code:02X} {reason}", facts)


def parse_items(data: bytes, table: str, count: int) -> tuple[int, ...]:
    """Registers or bits of an answer to functions 1 to 4 (V1.1b3, 6.1 to 6.4).

    Raises `Garbled`, and `Refused` (EMPTY) for an answer that says "no items": jsmodbus 5 gives
    that instead of exception 02 for addresses beyond its table.
    """
    cursor = Cursor(data)
    announced = cursor.u8()
    if announced == 0 and not cursor.left:
        raise Refused(Outcome.EMPTY, "no_items", "byte count 0")
    bits = table in BIT_TABLES
    expected = (count + 7) // 8 if bits else 2 * count
    if announced != expected or cursor.left != expected:
        raise Garbled(f"expected {expected} bytes, announces {announced}, carries {cursor.left}")
    body = cursor.rest()
    if bits:
        return tuple(body[place // 8] >> place % 8 & 1 for place in range(count))
    return struct.unpack(f">{count}H", body)


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to 43/14: `objects` by id; `following` is the object to go on with, or None.

    `lost`: its mark of more is neither yes nor no, so nobody knows whether there is more.
    """

    code: int
    conformity: int
    objects: tuple[tuple[int, bytes], ...]
    following: int | None = None
    lost: bool = False


def parse_identification(data: bytes, code: int) -> Page:
    """Read device identification (V1.1b3, 6.21). Raises `Garbled`."""
    cursor = Cursor(data)
    if (mei := cursor.u8()) != IDENTIFICATION:
        raise Garbled(f"expected MEI type 14, got {mei}")
    if (got := cursor.u8()) != code:
        raise Garbled(f"expected read code {code}, got {got}")
    conformity, more, following, count = cursor.u8(), cursor.u8(), cursor.u8(), cursor.u8()
    objects: dict[int, bytes] = {}
    for _ in range(count):
        identifier, size = cursor.u8(), cursor.u8()
        if identifier in objects:
            raise Garbled(f"object 0x{identifier:02X} twice")
        objects[identifier] = cursor.take(size)
    if cursor.left:
        raise Garbled(f"{cursor.left} bytes beyond {count} objects")
    listed = tuple(objects.items())
    return Page(
        code, conformity, listed, following if more == MORE else None, more not in (0, MORE)
    )


def parse_server_id(data: bytes) -> bytes:
    """The device-specific bytes of function 17 (V1.1b3, 6.13). Raises `Garbled`."""
    cursor = Cursor(data)
    announced = cursor.u8()
    if announced != cursor.left:
        raise Garbled(f"announces {announced} bytes, carries {cursor.left}")
    return cursor.rest()
