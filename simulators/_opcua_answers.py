"""Pieces of a light OPC UA double's answers: references, attributes, values; pure functions."""

from __future__ import annotations

import struct
from datetime import datetime

from simulators._opcua_binary import (
    NULL_NODE,
    NodeId,
    data_type,
    write_bytes,
    write_list,
    write_localized,
    write_node,
    write_qualified,
    write_time,
)
from simulators._opcua_names import HAS_TYPE, STATUS, SUPERTYPES
from simulators._opcua_space import VARIABLE, Node, Reference, Space
from simulators._opcua_state import Session


def visible(node: Node | None, session: Session) -> bool:
    """Whether the node is there for the session's user."""
    return node is None or node.viewers is None or (session.user or "") in node.viewers


def readable(node: Node, session: Session) -> bool:
    """Whether the session's user may read its value."""
    return node.readers is None or (session.user or "") in node.readers


def is_a(kind: int, wanted: NodeId, subtypes: bool) -> bool:
    """Whether a reference type is the wanted one or derives from it."""
    here: int | None = kind
    while here is not None:
        if NodeId(0, here) == wanted:
            return True
        here = SUPERTYPES.get(here) if subtypes else None
    return False


def class_of(space: Space, target: NodeId) -> int:
    """NodeClass of a target, 0 where it is no node of ours."""
    node = space.nodes.get(target)
    return node.node_class if node else 0


def write_reference(space: Space, reference: Reference, mask: int) -> bytes:
    """ReferenceDescription with the fields that the mask asks for (OPC 10000-4, 7.29)."""
    node = space.nodes.get(reference.target)
    kind = next((r.target for r in space.references.get(reference.target, ()) if _defines(r)), None)
    name = node.name if node else ""
    return (
        (write_node(NodeId(0, reference.type)) if mask & 1 else NULL_NODE)
        + bytes([reference.forward if mask & 2 else 0])
        + write_node(reference.target)
        + (
            write_qualified(node.namespace if node else 0, name)
            if mask & 8
            else b"\0\0" + b"\xff" * 4
        )
        + write_localized(name if mask & 16 else "")
        + struct.pack("<I", node.node_class if node and mask & 4 else 0)
        + (write_node(kind) if kind and mask & 32 else NULL_NODE)
    )


def _defines(reference: Reference) -> bool:
    return reference.type == HAS_TYPE and reference.forward


def write_browse_result(status: str, point: bytes | None, references: list[bytes]) -> bytes:
    """BrowseResult (OPC 10000-4, 7.6)."""
    return struct.pack("<I", STATUS[status]) + write_bytes(point) + write_list(references)


def write_attribute(node: Node, attribute: int, session: Session) -> bytes | None:
    """Variant of an attribute other than Value; None where the node has none."""
    everybody: dict[int, tuple[int, bytes]] = {
        1: (17, write_node(node.id)),
        2: (6, struct.pack("<i", node.node_class)),
        3: (20, write_qualified(node.namespace, node.name)),
        4: (21, write_localized(node.name)),
        5: (21, write_localized(node.description)),
        6: (7, bytes(4)),
        7: (7, bytes(4)),
    }
    if node.node_class == 1:
        everybody[12] = (3, b"\0")
    if node.node_class in (8, 16):
        everybody[8] = (1, b"\0")
    if node.node_class == VARIABLE:
        array = isinstance(node.value, tuple | list)
        mine = node.access if readable(node, session) else 0
        everybody |= {
            14: (17, write_node(data_type(node.type))),
            15: (6, struct.pack("<i", 1 if array else -1)),
            17: (3, bytes([node.access])),
            18: (3, bytes([mine])),
            19: (11, struct.pack("<d", 1_000.0)),
            20: (1, b"\0"),
        }
    if attribute not in everybody:
        return None
    kind, content = everybody[attribute]
    return bytes([kind]) + content


def write_data_value(
    variant: bytes | None, status: str, source: datetime | None, server: datetime | None
) -> bytes:
    """DataValue (OPC 10000-6, 5.2.2.17)."""
    code = STATUS[status]
    mask = (variant is not None) | (code != 0) << 1
    mask |= (source is not None) << 2 | (server is not None) << 3
    return (
        bytes([mask])
        + (variant or b"")
        + (struct.pack("<I", code) if code else b"")
        + (write_time(source) if source else b"")
        + (write_time(server) if server else b"")
    )


def write_nested(depth: int) -> bytes:
    """A Variant that holds an array of one Variant, that many times over."""
    return (b"\x98" + struct.pack("<i", 1)) * depth + b"\x01\x01"
