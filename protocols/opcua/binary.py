"""The binary encoding of the built-in types, with hard bounds (OPC 10000-6 v1.05, 5.2).

A `Cursor` refuses before it allocates: a length is compared with the bytes that are left, an
array count with the least bytes that its elements need, and all elements of one message share
one allowance, which is weighed so that no answer takes more than 100 ms to decode (measured by
`tests/protocols/opcua/test_bounds.py`). Nothing here knows a service.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from protocols.contract import Garbled
from protocols.opcua.nodes import DataValue, NodeId, Scalar, Structure, Variant
from protocols.opcua.numbers import MOST_DEPTH, MOST_ELEMENTS, MOST_SHOWN

T = TypeVar("T")

EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_LAST_TICK = 2_650_467_743_990_000_000  # 9999-12-31 23:59:59 (5.2.2.5)
HEAVY = 5
"""Weight of an element that has parts of its own."""
_HEAVY_TYPES = frozenset({17, 18, 22, 23, 24, 25})
_NESTED = 4
"""Weight of one level of nesting."""
_ODD_BYTES = 8
"""So many bytes of text that is no UTF-8 weigh as much as one element."""
_FIRST_ELEMENTS = 8
"""Of an array of numbers only so many are decoded; the rest is measured and skipped."""

_NUMBERS = {
    1: "?",
    2: "b",
    3: "B",
    4: "h",
    5: "H",
    6: "i",
    7: "I",
    8: "q",
    9: "Q",
    10: "f",
    11: "d",
    19: "I",
}
"""Built-in types of fixed size that `struct` knows (5.1.2)."""
_STRUCTS = {code: struct.Struct("<" + code) for code in "?bBhHiIqQfd"}


class Cursor:
    """Reads one message from the front; every method raises `Garbled` when it cannot."""

    __slots__ = ("_at", "_data", "_elements")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._elements = MOST_ELEMENTS

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self._at

    def take(self, length: int) -> bytes:
        """The next `length` bytes."""
        if length > self.left:
            raise Garbled(f"expected {length} bytes, {self.left} left")
        self._at += length
        return self._data[self._at - length : self._at]

    def number(self, code: str) -> int:
        """One little-endian integer of that `struct` code."""
        value: int = self._unpack(_STRUCTS[code])
        return value

    def real(self) -> float:
        """One Double."""
        value: float = self._unpack(_STRUCTS["d"])
        return value

    def _unpack(self, form: struct.Struct) -> Any:  # struct's own type
        at = self._at
        if at + form.size > len(self._data):
            raise Garbled(f"expected {form.size} bytes, {self.left} left")
        self._at = at + form.size
        return form.unpack_from(self._data, at)[0]

    def octets(self) -> bytes | None:
        """A ByteString; None for the null string (length below zero)."""
        length = self.number("i")
        return None if length < 0 else self.take(length)

    def text(self) -> str:
        """A String; the null string is "". Bytes that are no UTF-8 are kept visible, but few."""
        found = self.octets()
        if not found:
            return ""
        try:
            return found.decode()
        except UnicodeDecodeError:  # some 250 ns a byte to make visible
            shown = found[:MOST_SHOWN]
            self._spend(len(shown) // _ODD_BYTES)
            return shown.decode("utf-8", "backslashreplace")

    def count(self, least_bytes: int = 1, weight: int = 1) -> int:
        """An array's length, checked against what is left and against the allowance."""
        count = max(self.number("i"), 0)
        if count * least_bytes > self.left:
            raise Garbled(f"array of {count} elements in {self.left} bytes")
        self._spend(count * weight)
        return count

    def array(self, read: Callable[[], T], least_bytes: int = 1, weight: int = 1) -> tuple[T, ...]:
        """An array of what `read` reads; `weight` is higher for elements that take longer."""
        return tuple([read() for _ in range(self.count(least_bytes, weight))])

    def first(
        self, read: Callable[[], T], least_bytes: int = 1, weight: int = 1
    ) -> tuple[tuple[T, ...], bool]:
        """As many elements of an array as the allowance holds, and whether these are all.

        Where they are not, nothing after them can be read: their lengths are not known.
        """
        count = max(self.number("i"), 0)
        if count * least_bytes > self.left:
            raise Garbled(f"array of {count} elements in {self.left} bytes")
        kept = min(count, self._elements // weight)
        self._spend(kept * weight)
        return tuple([read() for _ in range(kept)]), kept == count

    def time(self) -> datetime | None:
        """A DateTime; None for "no time" and for the end of time (5.2.2.5)."""
        ticks = self.number("q")
        if not 0 < ticks < _LAST_TICK:
            return None
        return EPOCH + timedelta(microseconds=ticks // 10)

    def guid(self) -> uuid.UUID:
        """A Guid."""
        return uuid.UUID(bytes_le=self.take(16))

    def node_id(self) -> NodeId:
        """A NodeId or an ExpandedNodeId (5.2.2.9, 5.2.2.10)."""
        flags = self.number("B")
        namespace, identifier = self._identifier(flags & 0x3F)
        uri = self.text() if flags & 0x80 else ""
        server = self.number("I") if flags & 0x40 else 0
        return NodeId(namespace, identifier, uri, server)

    def _identifier(self, form: int) -> tuple[int, int | str | bytes | uuid.UUID]:
        if form == 0:
            return 0, self.number("B")
        if form == 1:
            return self.number("B"), self.number("H")
        if form == 2:
            return self.number("H"), self.number("I")
        if form == 3:
            return self.number("H"), self.text()
        if form == 4:
            return self.number("H"), self.guid()
        if form == 5:
            return self.number("H"), self.octets() or b""
        raise Garbled(f"NodeId of unknown form {form}")

    def qualified(self) -> tuple[int, str]:
        """A QualifiedName: namespace index and name."""
        return self.number("H"), self.text()

    def localized_text(self) -> str:
        """A LocalizedText without its locale."""
        flags = self.number("B")
        if flags & ~3:
            raise Garbled(f"LocalizedText with unknown flags 0x{flags:02X}")
        if flags & 1:
            self.text()
        return self.text() if flags & 2 else ""

    def structure(self) -> Structure:
        """An ExtensionObject; its body stays undecoded."""
        kind = self.node_id()
        encoding = self.number("B")
        if encoding > 2:
            raise Garbled(f"ExtensionObject of unknown encoding {encoding}")
        return Structure(kind, (self.octets() or b"") if encoding else b"")

    def diagnostic_info(self, depth: int = 0) -> None:
        """Step over a DiagnosticInfo (5.2.2.12); we never ask for one."""
        self._deeper(depth)
        flags = self.number("B")
        for bit in (0x01, 0x02, 0x08, 0x04):
            if flags & bit:
                self.number("i")
        if flags & 0x10:
            self.octets()
        if flags & 0x20:
            self.number("I")
        if flags & 0x40:
            self.diagnostic_info(depth + 1)

    def diagnostics(self) -> None:
        """Step over an array of DiagnosticInfo."""
        self.array(self.diagnostic_info)

    def data_value(self, depth: int = 0) -> DataValue:
        """A DataValue (5.2.2.17)."""
        self._deeper(depth)
        flags = self.number("B")
        variant = self.variant(depth + 1) if flags & 0x01 else None
        status = self.number("I") if flags & 0x02 else 0
        source_time = self.time() if flags & 0x04 else None
        if flags & 0x10:
            self.number("H")
        server_time = self.time() if flags & 0x08 else None
        if flags & 0x20:
            self.number("H")
        return DataValue(variant, status, source_time, server_time)

    def variant(self, depth: int = 0) -> Variant:
        """A Variant (5.2.2.16)."""
        self._deeper(depth)
        flags = self.number("B")
        kind = flags & 0x3F
        if flags == 0:
            return Variant(0)
        if not 1 <= kind <= 25:  # an array of nothing would cost time without costing bytes
            raise Garbled(f"Variant of unknown type {kind}")
        if not flags & 0x80:
            return Variant(kind, (self._scalar(kind, depth),))
        values, count = self._elements_of(kind, depth)
        if flags & 0x40:
            self.take(4 * self.count(4))
        return Variant(kind, values, count)

    def _elements_of(self, kind: int, depth: int) -> tuple[tuple[Scalar, ...], int]:
        code = _NUMBERS.get(kind)
        if code is None:
            count = self.count(weight=HEAVY if kind in _HEAVY_TYPES else 1)
            values = [self._scalar(kind, depth) for _ in range(count)]
            return tuple(values[: max(_FIRST_ELEMENTS, count if kind in (12, 22) else 0)]), count
        count, size = max(self.number("i"), 0), struct.calcsize(code)
        body = self.take(count * size)
        first = min(count, _FIRST_ELEMENTS)
        return struct.unpack(f"<{first}{code}", body[: first * size]), count

    def _scalar(self, kind: int, depth: int) -> Scalar:
        code = _NUMBERS.get(kind)
        if code is not None:
            value: bool | int | float = self._unpack(_STRUCTS[code])
            return value
        match kind:
            case 12 | 16:
                return self.text()
            case 13:
                return self.time()
            case 14:
                return self.guid()
            case 15:
                return self.octets()
            case 17 | 18:
                return self.node_id()
            case 20:
                return self.qualified()[1]
            case 21:
                return self.localized_text()
            case 22:
                return self.structure()
            case 23:
                self.data_value(depth + 1)
            case 24:
                self.variant(depth + 1)
            case _:
                self.diagnostic_info(depth + 1)
        return None

    def _deeper(self, depth: int) -> None:
        if depth > MOST_DEPTH:
            raise Garbled(f"nested deeper than {MOST_DEPTH}")
        if depth > 1:  # a value in its variant is no nesting
            self._spend(_NESTED)

    def _spend(self, elements: int) -> None:
        self._elements -= elements
        if self._elements < 0:
            raise Garbled(f"more than {MOST_ELEMENTS} elements in one answer")
