"""The values that messages carry: node ids, variants, values with status and time.

Pure data (OPC 10000-6 v1.05, 5.1 and 5.2); `binary` reads them, `encode` writes them.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime

_NODE_ID_TEXT = re.compile(r"(?:(ns=\d{1,5}|nsu=.*?);)?([isgb])=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class NodeId:
    """A node's identifier; `uri` is set where an ExpandedNodeId names its namespace in full."""

    namespace: int
    identifier: int | str | bytes | uuid.UUID
    uri: str = ""
    server: int = 0

    def is_core(self, number: int) -> bool:
        """Whether this is the node of namespace 0 with that number."""
        return self.namespace == 0 and not self.uri and self.identifier == number

    def text(self, namespaces: tuple[str, ...]) -> str:
        """The `nsu=` form of OPC 10000-6, 5.1.12; `ns=` only where the index has no name.

        Identifiers that are bytes are Base64 there (5.3.1.10).
        """
        match self.identifier:
            case bool() | int():
                tail = f"i={self.identifier}"
            case str():
                tail = f"s={self.identifier}"
            case uuid.UUID():
                tail = f"g={self.identifier}"
            case bytes():
                tail = f"b={base64.b64encode(self.identifier).decode()}"
        if self.uri:
            return f"nsu={self.uri};{tail}"
        if self.namespace == 0:
            return tail
        if self.namespace < len(namespaces) and namespaces[self.namespace]:
            return f"nsu={namespaces[self.namespace]};{tail}"
        return f"ns={self.namespace};{tail}"


@dataclass(frozen=True, slots=True)
class Structure:
    """An ExtensionObject: its type and its body, undecoded."""

    type: NodeId
    body: bytes = field(repr=False)


Scalar = bool | int | float | str | bytes | uuid.UUID | datetime | NodeId | Structure | None


@dataclass(frozen=True, slots=True)
class Variant:
    """A value. `count` is the number of elements of an array, None for a scalar.

    `values` holds one scalar, or the first elements of an array.
    """

    type: int
    values: tuple[Scalar, ...] = ()
    count: int | None = None

    @property
    def scalar(self) -> Scalar:
        """The value of a scalar; None for an array or an empty variant."""
        return self.values[0] if self.count is None and self.values else None


@dataclass(frozen=True, slots=True)
class DataValue:
    """A value with its status and times; `variant` is None where none was given."""

    variant: Variant | None = None
    status: int = 0
    source_time: datetime | None = None
    server_time: datetime | None = None


def core(number: int) -> NodeId:
    """A node of namespace 0."""
    return NodeId(0, number)


def parse_node_id(text: str, namespaces: tuple[str, ...]) -> NodeId | None:
    """The NodeId of a `nsu=` form; None when its namespace is not in the table any more,
    or its identifier is none."""
    found = _NODE_ID_TEXT.fullmatch(text)
    if found is None:
        return None
    head, form, tail = found[1] or "", found[2], found[3]
    if not head:
        namespace = 0
    elif head.startswith("ns="):
        namespace = int(head[3:])
    elif head[4:] in namespaces:
        namespace = namespaces.index(head[4:])
    else:
        return None
    identifier = _identifier(form, tail)
    return None if identifier is None else NodeId(namespace, identifier)


def _identifier(form: str, tail: str) -> int | str | bytes | uuid.UUID | None:
    """The identifier of a text; None where that is none (a ByteString is base64, 5.1.12)."""
    try:
        match form:
            case "i":
                return int(tail)
            case "g":
                return uuid.UUID(tail)
            case "b":
                return base64.b64decode(tail, validate=True)
            case _:
                return tail
    except (ValueError, binascii.Error):
        return None
