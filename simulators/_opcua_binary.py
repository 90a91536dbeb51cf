"""OPC UA binary encoding (OPC 10000-6, 5.2) as a device double needs it: a writer and a reader.

One rule keeps it simple: `write_…` functions return bytes, a `Reader` hands out values and raises
`DecodingError` instead of reading past the end. Written from the specification for the doubles
alone; the probes have their own codec.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1601, 1, 1, tzinfo=UTC)  # OPC 10000-6, 5.2.2.5
NULL_NODE = b"\0\0"
NULL_EXTENSION = b"\0\0\0"
MOST_ITEMS = 100_000
"""Longest array that a request may hold."""

NODE_TEXT = re.compile(r"^(?:ns=(\d+);)?([isgb])=(.+)$", re.DOTALL)

BUILT_IN = {
    "Boolean": (1, "?"),
    "SByte": (2, "b"),
    "Byte": (3, "B"),
    "Int16": (4, "h"),
    "UInt16": (5, "H"),
    "Int32": (6, "i"),
    "UInt32": (7, "I"),
    "Int64": (8, "q"),
    "UInt64": (9, "Q"),
    "Float": (10, "f"),
    "Double": (11, "d"),
}
"""Numeric built-in types: identifier (OPC 10000-6, table 1) and struct code."""


STRUCTURES = {
    "EUInformation": 887,
    "Range": 884,
    "BuildInfo": 338,
    "ServerStatus": 862,
    "SessionDiagnostics": 865,
}
"""Structures and their DataType nodes; their values are given as encoded ExtensionObjects."""


Octets = bytes
"""The type, where a method named `bytes` hides it."""


class DecodingError(ValueError):
    """The request ends too early or announces what cannot be."""


@dataclass(frozen=True, slots=True)
class NodeId:
    """A node identifier; `key` is a number, a text, or bytes (GUID, opaque)."""

    namespace: int
    key: int | str | bytes

    def __str__(self) -> str:
        prefix = f"ns={self.namespace};" if self.namespace else ""
        kind = {int: "i", str: "s", bytes: "b"}[type(self.key)]
        return f"{prefix}{kind}={self.key!s}"


def parse_node(text: str) -> NodeId | None:
    """The NodeId that a text like "ns=2;s=Pump.Flow" gives; None for any other text."""
    match = NODE_TEXT.match(text)
    if not match:
        return None
    namespace, kind, key = int(match[1] or 0), match[2], match[3]
    if kind == "i":
        return NodeId(namespace, int(key))
    return NodeId(namespace, key if kind == "s" else key.encode())


def write_node(node: NodeId) -> bytes:
    """NodeId in its shortest form (5.2.2.9)."""
    if isinstance(node.key, str):
        return struct.pack("<BH", 3, node.namespace) + write_text(node.key)
    if isinstance(node.key, bytes):
        return struct.pack("<BH", 5, node.namespace) + write_bytes(node.key)
    if node.namespace == 0 and node.key <= 0xFF:
        return struct.pack("<BB", 0, node.key)
    if node.namespace <= 0xFF and node.key <= 0xFFFF:
        return struct.pack("<BBH", 1, node.namespace, node.key)
    return struct.pack("<BHI", 2, node.namespace, node.key)


def write_bytes(data: bytes | None) -> bytes:
    """ByteString; None is the null string."""
    return struct.pack("<i", -1) if data is None else struct.pack("<i", len(data)) + data


def write_text(text: str | None) -> bytes:
    """String in UTF-8; None is the null string."""
    return write_bytes(None if text is None else text.encode("utf-8", "surrogatepass"))


def write_localized(text: str) -> bytes:
    """LocalizedText without a locale; the empty text has no text field (5.2.2.14)."""
    return b"\x02" + write_text(text) if text else b"\0"


def write_qualified(namespace: int, name: str) -> bytes:
    """QualifiedName."""
    return struct.pack("<H", namespace) + write_text(name)


def write_time(time: datetime | None) -> bytes:
    """DateTime: 100 ns since 1601; None is 0."""
    if time is None:
        return bytes(8)
    return struct.pack("<q", (time - EPOCH) // timedelta(microseconds=1) * 10)


def write_list(items: Iterable[bytes]) -> bytes:
    """An array of encoded items."""
    encoded = list(items)
    return struct.pack("<i", len(encoded)) + b"".join(encoded)


def write_extension(type_id: int, body: bytes) -> bytes:
    """ExtensionObject with a binary body, its encoding in namespace 0."""
    return write_node(NodeId(0, type_id)) + b"\x01" + write_bytes(body)


def write_variant(type_name: str, value: object) -> bytes:
    """Variant of a scalar or, for a tuple or list, of an array (5.2.2.16)."""
    if value is None:
        return b"\0"
    type_id, write = _writer(type_name)
    if isinstance(value, tuple | list):
        return bytes([type_id | 0x80]) + write_list(write(item) for item in value)
    return bytes([type_id]) + write(value)


def data_type(type_name: str) -> NodeId:
    """The DataType node of a type."""
    if type_name in STRUCTURES:
        return NodeId(0, STRUCTURES[type_name])
    if type_name == "Utc":
        return NodeId(0, 294)
    return NodeId(0, _writer(type_name)[0])


def _writer(type_name: str) -> tuple[int, Callable[[object], bytes]]:
    if type_name in BUILT_IN:
        number, code = BUILT_IN[type_name]
        return number, lambda value: struct.pack("<" + code, _number(code, value))
    if type_name in STRUCTURES:
        return 22, _any_bytes_as_is
    return {
        "String": (12, lambda value: write_text(str(value))),
        "DateTime": (13, _any_time),
        "Utc": (13, _any_time),
        "ByteString": (15, _any_bytes),
        "NodeId": (17, lambda value: write_node(value) if isinstance(value, NodeId) else b"\0\0"),
        "LocalizedText": (21, lambda value: write_localized(str(value))),
    }[type_name]


def _number(code: str, value: object) -> float | int | bool:
    if code == "?":
        return bool(value)
    number = float(value) if isinstance(value, int | float | str) else 0.0
    return number if code in "fd" else int(value) if isinstance(value, int) else int(number)


def _any_time(value: object) -> bytes:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return write_time(value if isinstance(value, datetime) else None)


def _any_bytes(value: object) -> bytes:
    return write_bytes(value if isinstance(value, bytes) else bytes.fromhex(str(value)))


def _any_bytes_as_is(value: object) -> bytes:
    return value if isinstance(value, bytes) else NULL_EXTENSION


class Reader:
    """Takes values from a request, in order."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, count: int) -> bytes:
        """The next bytes; raises DecodingError where they are not there."""
        if count < 0 or self.position + count > len(self.data):
            raise DecodingError(f"{count} bytes at {self.position} of {len(self.data)}")
        self.position += count
        return self.data[self.position - count : self.position]

    def number(self, code: str) -> int:
        """One little-endian whole number by its struct code."""
        return int(struct.unpack("<" + code, self.take(struct.calcsize(code)))[0])

    def double(self) -> float:
        """Double."""
        return float(struct.unpack("<d", self.take(8))[0])

    def bytes(self) -> bytes | None:
        """ByteString."""
        length = self.number("i")
        return None if length < 0 else self.take(length)

    def text(self) -> str:
        """String; null is empty."""
        return (self.bytes() or b"").decode("utf-8", "replace")

    def count(self) -> int:
        """Length of an array; null is 0."""
        count = self.number("i")
        if count > MOST_ITEMS or count > len(self.data):
            raise DecodingError(f"array of {count}")
        return max(0, count)

    def node(self) -> NodeId:
        """NodeId, also in the expanded form (its namespace URI and server index are dropped)."""
        kind = self.number("B")
        form = kind & 0x3F
        if form == 0:
            node = NodeId(0, self.number("B"))
        elif form == 1:
            node = NodeId(self.number("B"), self.number("H"))
        elif form == 2:
            node = NodeId(self.number("H"), self.number("I"))
        elif form == 3:
            node = NodeId(self.number("H"), self.text())
        elif form == 4:
            node = NodeId(self.number("H"), self.take(16))
        elif form == 5:
            node = NodeId(self.number("H"), self.bytes() or b"")
        else:
            raise DecodingError(f"node form {form}")
        if kind & 0x80:
            self.text()
        if kind & 0x40:
            self.number("I")
        return node

    def qualified(self) -> tuple[int, str]:
        """QualifiedName."""
        return self.number("H"), self.text()

    def localized(self) -> str:
        """LocalizedText without its locale."""
        mask = self.number("B")
        if mask & 1:
            self.text()
        return self.text() if mask & 2 else ""

    def extension(self) -> tuple[int, Octets]:
        """ExtensionObject: number of its encoding (0 if none) and its body."""
        node = self.node()
        form = self.number("B")
        body = (self.bytes() or b"") if form else b""
        return (node.key if isinstance(node.key, int) else 0), body
