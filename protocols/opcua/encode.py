"""Built-in types as bytes (OPC 10000-6 v1.05, 5.2): what our requests are made of. Pure."""

from __future__ import annotations

import struct
import uuid
from datetime import datetime, timedelta

from protocols.opcua.binary import EPOCH
from protocols.opcua.nodes import NodeId


def put_octets(value: bytes | None) -> bytes:
    """A ByteString."""
    return b"\xff\xff\xff\xff" if value is None else struct.pack("<i", len(value)) + value


def put_text(value: str | None) -> bytes:
    """A String."""
    return put_octets(None if value is None else value.encode())


def put_time(value: datetime | None) -> bytes:
    """A DateTime in ticks of 100 ns since 1601."""
    ticks = 0 if value is None else (value - EPOCH) // timedelta(microseconds=1) * 10
    return struct.pack("<q", ticks)


def put_node_id(node: NodeId) -> bytes:
    """A NodeId in the shortest form that holds it."""
    match node.identifier:
        case str():
            return struct.pack("<BH", 3, node.namespace) + put_text(node.identifier)
        case bytes():
            return struct.pack("<BH", 5, node.namespace) + put_octets(node.identifier)
        case uuid.UUID():
            return struct.pack("<BH", 4, node.namespace) + node.identifier.bytes_le
        case int() if node.namespace == 0 and node.identifier < 256:
            return struct.pack("<BB", 0, node.identifier)
        case int() if node.namespace < 256 and node.identifier < 65_536:
            return struct.pack("<BBH", 1, node.namespace, node.identifier)
        case int():
            return struct.pack("<BHI", 2, node.namespace, node.identifier)


def put_array(items: tuple[bytes, ...]) -> bytes:
    """An array of encoded elements."""
    return struct.pack("<i", len(items)) + b"".join(items)
