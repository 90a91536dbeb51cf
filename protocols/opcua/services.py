"""Session, Browse and Read: requests as bytes, answers as values (OPC 10000-4 v1.05, 5.6 to 5.10).

Pure. Nothing here can change a server: the guard allows no other service.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from protocols.contract import Garbled
from protocols.opcua.binary import HEAVY, Cursor
from protocols.opcua.discovery import Endpoint, read_endpoint
from protocols.opcua.encode import put_array, put_node_id, put_octets, put_text
from protocols.opcua.nodes import DataValue, NodeId, core
from protocols.opcua.numbers import (
    ANONYMOUS_TOKEN,
    CERTIFICATE_TOKEN,
    HIERARCHICAL,
    MOST_MESSAGE,
    MOST_REQUEST,
    MOST_SHOWN,
    SESSION_SECONDS,
    USER_NAME_TOKEN,
    Attribute,
    NodeClass,
)

SESSION_NAME = "read-only inventory scan"
_MOST_NONCE = 1024
_MOST_SIGNATURE = 1024


@dataclass(frozen=True, slots=True)
class Session:
    """What CreateSession granted; the token is what later requests carry."""

    id: NodeId
    token: NodeId
    nonce: bytes = field(repr=False)
    certificate: bytes = field(repr=False)
    endpoints: tuple[Endpoint, ...]
    signature: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference that a walk follows. `name` is the BrowseName, `shown` the DisplayName."""

    type: NodeId
    target: NodeId
    namespace: int
    name: str
    node_class: int
    definition: NodeId
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The references of one node, and the point at which they go on.

    `cut`: it lists more than we take. `unread`: it stands behind one that does.
    """

    status: int
    continuation: bytes
    references: tuple[Reference, ...]
    cut: bool = False
    unread: bool = False


def create_session(url: str, nonce: bytes, uri: str, certificate: bytes | None = None) -> bytes:
    """CreateSession (5.6.2). `uri` is ours and equals that of the certificate."""
    client = put_text(uri) + put_text(None) + b"\x02" + put_text(SESSION_NAME)
    client += struct.pack("<I", 1) + put_text(None) + put_text(None) + put_array(())
    names = put_text(None) + put_text(url) + put_text(SESSION_NAME)
    limits = struct.pack("<dI", SESSION_SECONDS * 1000, MOST_MESSAGE)
    return client + names + put_octets(nonce) + put_octets(certificate) + limits


def read_session(cursor: Cursor) -> Session:
    """The answer of CreateSession."""
    session, token = cursor.node_id(), cursor.node_id()
    cursor.real()
    nonce, certificate = cursor.octets() or b"", cursor.octets() or b""
    if len(nonce) > _MOST_NONCE:
        raise Garbled(f"nonce of {len(nonce)} bytes")
    endpoints = cursor.array(lambda: read_endpoint(cursor), 52, HEAVY)
    cursor.array(lambda: (cursor.octets(), cursor.octets()), 8, HEAVY)  # software certificates
    cursor.text()
    signature = cursor.octets() or b""
    if len(signature) > _MOST_SIGNATURE:
        raise Garbled(f"signature of {len(signature)} bytes")
    return Session(session, token, nonce, certificate, endpoints, signature)


def activate_session(
    token: bytes,
    algorithm: str | None,
    signature: bytes | None,
    of_user: tuple[str | None, bytes | None] = (None, None),
) -> bytes:
    """ActivateSession (5.6.3) with one identity token, our signature, which None leaves out, and
    the user's, where a certificate is the user's."""
    signed = put_text(algorithm) + put_octets(signature)
    user = put_text(of_user[0]) + put_octets(of_user[1])
    return signed + put_array(()) + put_array(()) + token + user


def anonymous_token(policy: str) -> bytes:
    """AnonymousIdentityToken (7.40.3)."""
    return put_node_id(core(ANONYMOUS_TOKEN)) + b"\x01" + put_octets(put_text(policy))


def user_token(policy: str, user: str, cipher: bytes, algorithm: str | None) -> bytes:
    """UserNameIdentityToken (7.40.4); no algorithm where the channel alone encrypts."""
    body = put_text(policy) + put_text(user) + put_octets(cipher) + put_text(algorithm)
    return put_node_id(core(USER_NAME_TOKEN)) + b"\x01" + put_octets(body)


def certificate_token(policy: str, certificate: bytes) -> bytes:
    """X509IdentityToken (7.40.5)."""
    body = put_text(policy) + put_octets(certificate)
    return put_node_id(core(CERTIFICATE_TOKEN)) + b"\x01" + put_octets(body)


def close_session() -> bytes:
    """CloseSession (5.6.4), subscriptions too, though we never make one."""
    return b"\x01"


def fitting(lengths: Iterable[int], most: int) -> int:
    """How many items of these encoded lengths one request may hold: one at least.

    20 bytes beside each cover what Read, Browse and BrowseNext say about an item.
    """
    room = MOST_REQUEST
    for count, length in enumerate(lengths):
        room -= length + 20
        if count == most or room < 0:
            return max(count, 1)
    return most


def browse(nodes: tuple[NodeId, ...], most_references: int) -> bytes:
    """Browse (5.8.2): hierarchical references forward, to objects and variables."""
    mask = NodeClass.OBJECT | NodeClass.VARIABLE
    tail = b"\x01" + struct.pack("<II", mask, 0x3F)
    asked = tuple(
        put_node_id(node) + struct.pack("<I", 0) + put_node_id(core(HIERARCHICAL)) + tail
        for node in nodes
    )
    view = put_node_id(core(0)) + struct.pack("<qI", 0, 0)
    return view + struct.pack("<I", most_references) + put_array(asked)


def browse_next(points: tuple[bytes, ...], *, release: bool = False) -> bytes:
    """BrowseNext (5.8.3): the next page, or the release of what we do not want."""
    return bytes([release]) + put_array(tuple(put_octets(point) for point in points))


def read_listings(cursor: Cursor, expected: int) -> tuple[Listing, ...]:
    """The answer of Browse and of BrowseNext: one listing for each node asked.

    Some servers list all that they have, whatever maximum the request names: what we take of that
    is kept, and the rest of the answer left alone.
    """
    count = cursor.count(12, HEAVY)
    if count != expected:
        raise Garbled(f"expected {expected} results, got {count}")
    found: list[Listing] = []
    while len(found) < count:
        found.append(_listing(cursor))
        if found[-1].cut:
            return (*found, *[_UNREAD] * (count - len(found)))
    cursor.diagnostics()
    return tuple(found)


_UNREAD = Listing(0, b"", (), unread=True)


def _listing(cursor: Cursor) -> Listing:
    status, point = cursor.number("I"), cursor.octets() or b""
    references, whole = cursor.first(lambda: _reference(cursor), 18, HEAVY)
    return Listing(status, point, references, cut=not whole)


def _reference(cursor: Cursor) -> Reference:
    kind = cursor.node_id()
    cursor.number("B")
    target = cursor.node_id()
    namespace, name = cursor.qualified()
    shown = cursor.localized_text()[:MOST_SHOWN]
    return Reference(kind, target, namespace, name, cursor.number("I"), cursor.node_id(), shown)


def read(wanted: tuple[tuple[NodeId, Attribute], ...]) -> bytes:
    """Read (5.10.2) of attributes, with both time stamps, straight from the source's last value."""
    items = tuple(
        put_node_id(node) + struct.pack("<I", attribute) + put_text(None) + b"\0\0" + put_text(None)
        for node, attribute in wanted
    )
    return struct.pack("<dI", 0.0, 2) + put_array(items)


def read_values(cursor: Cursor, expected: int) -> tuple[DataValue, ...]:
    """The answer of Read: one value for each attribute asked."""
    found = cursor.array(cursor.data_value, 1, HEAVY)
    cursor.diagnostics()
    if len(found) != expected:
        raise Garbled(f"expected {expected} values, got {len(found)}")
    return found
