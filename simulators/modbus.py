"""A Modbus/TCP device or gateway, from the specification.

    MBAP  0 transaction  2 protocol = 0  4 length  6 unit | 7 function  8 data

Modbus Application Protocol V1.1b3 and Modbus Messaging on TCP/IP V1.0b. A unit is a table of
registers and bits with holes (exception 02) and an identity (43/14); a gateway is several units.

Options of the service: `identification` ("refused"), `conformity` (0x83), `objects` (further
43/14 objects by decimal id), `page_bytes` (more follows beyond it), `units` ("any": every unit id
answers alike), `unknown_unit` ("0x0b", "0x0a", "0x04", "silent"), `functions` (those it offers),
`holes` ("zero"), `most_registers`, `report` (function 17), `sunspec` (true: the common model at
40000, further models as points from 40070 on; `sunspec_end`: address of the end mark). Faults
of its own: `busy`, `wrong_transaction`, `wrong_unit`, `wrong_function`, `exception` (value: code),
`rtu`.
"""

from __future__ import annotations

import math
import struct
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from simulators.contract import Bind, Device, Handle, Point, Service, Simulator, Unit, Witness
from simulators.faults import Mischief
from simulators.tcp import TcpDouble
from simulators.turns import ForeignBytesError, Turn

MBAP = struct.Struct(">HHHB")
SUNSPEC = 40_000  # the usual base, zero-based holding address
LONGEST_FRAME = 260  # Modbus Messaging on TCP/IP V1.0b, 4.1
ALLOWED = frozenset({1, 2, 3, 4, 17})  # reading functions; 43 is judged by its MEI type
FAULTS = frozenset(
    {"busy", "wrong_transaction", "wrong_unit", "wrong_function", "exception", "rtu"}
)
TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
MOST_BITS = 2000  # V1.1b3, 6.1
MOST_REGISTERS = 125  # V1.1b3, 6.3
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, BUSY, NO_PATH, NO_ANSWER = 1, 2, 3, 6, 10, 11
MEI_IDENTIFICATION = 14  # V1.1b3, 6.21
FORMATS = {
    "uint16": ">H",
    "int16": ">h",
    "uint32": ">I",
    "int32": ">i",
    "uint64": ">Q",
    "int64": ">q",
    "float32": ">f",
    "float64": ">d",
}


class RefusedError(Exception):
    """An exception answer, V1.1b3 clause 7."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code:#04x}")
        self.code = code


def registers(point: Point) -> list[int]:
    """The 16-bit registers that hold a point's value now."""
    kind = point.type or "uint16"
    if isinstance(point.value, tuple):
        return [int(cast(float, item)) & 0xFFFF for item in point.value]
    if kind == "string":
        return _text_registers(point)
    if kind not in FORMATS:
        raise ValueError(f"type {kind!r} of {point.address}; good ones: {', '.join(FORMATS)}")
    value = float(cast(float, point.value or 0)) / _number(point.options, "scale", 1.0)
    live = _number(point.options, "live", 0.0)
    if live:
        value *= 1 + live * math.sin(time.monotonic() / 5 + len(point.name))
    layout = FORMATS[kind]
    packed = struct.pack(layout, value if kind.startswith("float") else round(value))
    words = [word for (word,) in struct.iter_unpack(">H", packed)]
    return words[::-1] if point.options.get("word_order") == "little" else words


def _text_registers(point: Point) -> list[int]:
    length = int(_number(point.options, "length", 16.0))
    raw = str(point.value or "").encode().ljust(length * 2, b"\0")[: length * 2]
    return [word for (word,) in struct.iter_unpack(">H", raw)]


@dataclass(frozen=True, slots=True)
class Table:
    """The points of one table by first register, and how many registers each has."""

    starts: tuple[int, ...]
    widths: tuple[int, ...]
    points: tuple[Point, ...]

    def find(self, place: int) -> tuple[Point, int] | None:
        """The point that covers a register, and the register's place in it."""
        at = bisect_right(self.starts, place) - 1
        if at < 0 or place >= self.starts[at] + self.widths[at]:
            return None
        return self.points[at], place - self.starts[at]

    @property
    def end(self) -> int:
        """First register beyond the last point."""
        return self.starts[-1] + self.widths[-1]


def table_of(points: list[Point]) -> Table:
    """A table of points that do not overlap; raises ValueError where they do."""
    ordered = sorted(points, key=_first)
    table = Table(
        tuple(map(_first, ordered)),
        tuple(len(registers(point)) for point in ordered),
        tuple(ordered),
    )
    for start, width, following in zip(table.starts, table.widths, table.starts[1:], strict=False):
        if start + width > following:
            raise ValueError(f"points overlap at register {following}")
    return table


def _first(point: Point) -> int:
    return int(point.address.partition(":")[2])


@dataclass(slots=True)
class Slave:
    """One unit: its identity objects and its tables."""

    objects: Mapping[int, bytes]
    options: Mapping[str, object]
    points: Mapping[str, Table]
    report: bytes = b""

    def answer(self, pdu: bytes) -> bytes:
        """The answer to one request; raises RefusedError."""
        function = pdu[0]
        offered = self.options.get("functions")
        if isinstance(offered, list | tuple) and function not in offered:
            raise RefusedError(ILLEGAL_FUNCTION)
        if function in TABLES:
            return self._read(function, pdu)
        if function == 17 and self.report:
            return bytes([17, len(self.report)]) + self.report
        if function == 43 and len(pdu) == 4 and pdu[1] == MEI_IDENTIFICATION and self.objects:
            return self._identify(pdu[2], pdu[3])
        raise RefusedError(ILLEGAL_FUNCTION)

    def _read(self, function: int, pdu: bytes) -> bytes:
        if len(pdu) != 5:
            raise RefusedError(ILLEGAL_VALUE)
        start, count = struct.unpack(">HH", pdu[1:])
        bits = function < 3
        most = MOST_BITS if bits else int(_number(self.options, "most_registers", MOST_REGISTERS))
        if not 1 <= count <= most:
            raise RefusedError(ILLEGAL_VALUE)
        table = self.points.get(TABLES[function])
        if table is None:
            raise RefusedError(ILLEGAL_ADDRESS)
        words = [self._word(table, place) for place in range(start, start + count)]
        if bits:
            packed = bytearray((count + 7) // 8)
            for place, word in enumerate(words):
                packed[place // 8] |= bool(word) << place % 8
            return bytes([function, len(packed)]) + packed
        return bytes([function, 2 * count]) + struct.pack(f">{count}H", *words)

    def _word(self, table: Table, place: int) -> int:
        if found := table.find(place):
            point, offset = found
            return registers(point)[offset]
        if self.options.get("holes") == "zero" and place < table.end + 100:
            return 0
        raise RefusedError(ILLEGAL_ADDRESS)

    def _identify(self, code: int, first: int) -> bytes:
        conformity = int(_number(self.options, "conformity", 0x83))
        if code == 4:
            if first not in self.objects:
                raise RefusedError(ILLEGAL_ADDRESS)
            wanted = [first]
        elif code in (1, 2, 3):
            last = {1: 0x02, 2: 0x7F, 3: 0xFF}[min(code, conformity & 3)]
            first = first if first in self.objects else 0  # V1.1b3, 6.21: restart at 0
            wanted = [one for one in sorted(self.objects) if first <= one <= last]
        else:
            raise RefusedError(ILLEGAL_VALUE)
        budget = int(_number(self.options, "page_bytes", 240))
        body = b""
        sent = 0
        for one in wanted:
            item = bytes([one, len(self.objects[one])]) + self.objects[one]
            if sent and len(body) + len(item) > budget:
                break
            body += item
            sent += 1
        more = sent < len(wanted)
        head = [43, 14, code, conformity, 0xFF * more, wanted[sent] if more else 0, sent]
        return bytes(head) + body


def sunspec(who: Device | Unit, options: Mapping[str, object]) -> tuple[Point, ...]:
    """Marker, common model (1) and end mark, SunSpec Device Information Model 1.1, 6.3 to 6.5."""
    if not options.get("sunspec"):
        return ()
    model = who.model or who.product
    texts = ((4, 16, who.vendor), (20, 16, model), (44, 8, who.firmware), (52, 16, who.serial))
    end = int(_number(options, "sunspec_end", SUNSPEC + 70))
    return (
        Point(f"holding:{SUNSPEC}", "SunS", value=(0x5375, 0x6E53, 1, 66)),
        *(
            Point(f"holding:{SUNSPEC + at}", type="string", value=text, options={"length": size})
            for at, size, text in texts
        ),
        Point(f"holding:{SUNSPEC + 36}", "Opt", "string", "", options={"length": 8}),
        Point(f"holding:{SUNSPEC + 68}", "DA", value=(1, 0x8000)),
        Point(f"holding:{end}", "end", value=(0xFFFF, 0)),
    )


def slave(who: Device | Unit, points: tuple[Point, ...], options: Mapping[str, object]) -> Slave:
    """A unit with the identity of a device, or of a unit behind it."""
    objects: dict[int, bytes] = {}
    if options.get("identification") != "refused":
        basic = {0: who.vendor, 1: who.product, 2: who.firmware, 5: who.model}
        more = cast("Mapping[str, str]", options.get("objects", {}))
        basic |= {int(key): text for key, text in more.items()}
        objects = {
            key: text.encode() for key, text in sorted(basic.items()) if text or key in (0, 1, 2)
        }
        if not any(objects.values()):
            objects = {}
    grouped: dict[str, list[Point]] = {}
    for point in (*points, *sunspec(who, options)):
        grouped.setdefault(point.address.partition(":")[0], []).append(point)
    tables = {name: table_of(some) for name, some in grouped.items()}
    report = who.product.encode() + b"\xff" if options.get("report") else b""
    return Slave(objects, options, tables, report)


@dataclass(slots=True)
class Station:
    """Everything behind one listener: which unit answers, and the faults of this protocol."""

    device: Device
    service: Service
    units: dict[int, Slave] = field(init=False)
    dead: frozenset[int] = field(init=False)
    mischief: Mischief = field(init=False)

    def __post_init__(self) -> None:
        device, service = self.device, self.service
        own = slave(device, service.points, service.options)
        numbers: tuple[int, ...] = (0, 1, 255)
        if service.options.get("units") == "any":
            numbers = tuple(range(256))
        elif device.units:
            numbers = (0, 255)
        if service.options.get("own_unit") is not None:
            numbers = (int(_number(service.options, "own_unit", 255)),)
        self.units = dict.fromkeys(numbers, own)
        for unit in device.units:
            if unit.answers:
                self.units[unit.unit] = slave(unit, unit.points, unit.options)
        self.dead = frozenset(unit.unit for unit in device.units if not unit.answers)
        self.mischief = Mischief(service, device.id)

    def hear(self, request: bytes) -> Turn:
        """Answer one whole frame."""
        transaction, _, _, unit = MBAP.unpack_from(request)
        pdu = request[MBAP.size :]
        label = f"modbus {pdu[0]}" + (f"/{pdu[1]}" if pdu[0] == 43 and len(pdu) > 1 else "")
        harmless = pdu[0] in ALLOWED or pdu[:2] == bytes([43, MEI_IDENTIFICATION])
        answer = self._answer(unit, pdu)
        frame = None if answer is None else self._frame(transaction, unit, answer)
        self.mischief.answered += 1
        return Turn(label, frame, forbidden=not harmless)

    def _answer(self, unit: int, pdu: bytes) -> bytes | None:
        begun = self.mischief.begun
        try:
            if begun("busy"):
                raise RefusedError(BUSY)
            if fault := begun("exception"):
                raise RefusedError(int(fault.value))
            if unit in self.units:
                return self.units[unit].answer(pdu)
            self._unknown(unit)
        except RefusedError as refusal:
            return bytes([pdu[0] | 0x80, refusal.code])
        return None

    def _unknown(self, unit: int) -> None:
        """Refuse a unit that is not there, as the gateway does; or stay quiet."""
        word = str(self.service.options.get("unknown_unit", "0x0b"))
        if word == "silent" and unit not in self.dead:
            return
        raise RefusedError(NO_ANSWER if word == "silent" else int(word, 16))

    def _frame(self, transaction: int, unit: int, pdu: bytes) -> bytes:
        begun = self.mischief.begun
        if begun("rtu"):
            body = bytes([unit]) + pdu
            return body + crc(body).to_bytes(2, "little")
        transaction = (transaction + 1) & 0xFFFF if begun("wrong_transaction") else transaction
        unit = (unit + 1) & 0xFF if begun("wrong_unit") else unit
        pdu = bytes([pdu[0] ^ 0x07]) + pdu[1:] if begun("wrong_function") else pdu
        return MBAP.pack(transaction, 0, len(pdu) + 1, unit) + pdu

    def frame(self, buffer: bytes) -> int | None:
        """Length of the first frame; foreign when it is no MBAP header."""
        if len(buffer) >= 4 and buffer[2:4] != b"\0\0":
            raise ForeignBytesError("protocol identifier is not 0")
        if len(buffer) < 6:
            return None
        length = int.from_bytes(buffer[4:6], "big") + 6
        if not 8 <= length <= LONGEST_FRAME:
            raise ForeignBytesError(f"frame of {length} bytes")
        return length


def crc(data: bytes) -> int:
    """Modbus over Serial Line V1.02, 6.2.2."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


def _number(options: Mapping[str, object], name: str, default: float) -> float:
    value = options.get(name, default)
    return value if isinstance(value, int | float) else default


async def start(device: Device, service: Service, bind: Bind, witness: Witness) -> Handle:
    """Listen; every connection shares the registers."""
    station = Station(device, service)
    answerer: Callable[[], Station] = lambda: station  # noqa: E731 - one station for all
    double = TcpDouble(device, service, bind, witness, answerer)
    double.start()
    return double


SIMULATOR = Simulator("modbus", "tcp", 502, start)
