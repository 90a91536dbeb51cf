"""What a light OPC UA double answers: channel, discovery, session, browse and read.

    MSG F  size  channel  token | sequence  request id | type id  request header  parameters
    0   3  4     8        12      16        20           24

One rule keeps it simple: a service is a method that takes the request's parameters and returns
the answer's, or raises `Fault` with a status name. Clauses: OPC 10000-6, 6.7 and 7.1 (messages),
OPC 10000-4, 5 (services). Only SecurityPolicy None is spoken; endpoints with other policies are
offered, and their channels are refused as a server refuses a certificate it does not trust.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from simulators import _opcua_identity as identity
from simulators._opcua_binary import (
    NULL_EXTENSION,
    NULL_NODE,
    DecodingError,
    NodeId,
    Reader,
    data_type,
    write_bytes,
    write_list,
    write_localized,
    write_node,
    write_qualified,
    write_text,
    write_time,
    write_variant,
)
from simulators._opcua_names import FAULT, HAS_TYPE, NEVER_SENT, SERVICES, STATUS, SUPERTYPES
from simulators._opcua_space import VARIABLE, Node, Reference, Space, build
from simulators.contract import Device, Service, Witness
from simulators.sockets import ForeignBytesError, Turn

SMALLEST_BUFFER, OUR_BUFFER = 8_192, 65_536
MESSAGE_BYTES = 4 << 20
LIFETIME_MS = 3_600_000
SESSION_MS = 60_000.0
ENDLESS = 2**31 - 1
DISCOVERY = frozenset({"FindServers", "GetEndpoints"})
ANONYMOUS_TOKEN, USER_TOKEN, CERTIFICATE_TOKEN = 321, 324, 327
TYPE_OF_ANSWER = 3
"""An answer's encoding number is that of its request plus three, in all services used here."""

CHANNEL_NUMBERS = itertools.count(1)


class Fault(Exception):
    """A service fault: the name of its status."""


@dataclass(slots=True)
class Session:
    """One session; `user` is None until it is activated, "" for anonymous."""

    id: NodeId
    token: NodeId
    nonce: bytes
    timeout_seconds: float
    last_used: float
    user: str | None = None
    pages: dict[bytes, list[bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class Server:
    """State that all connections of one double share."""

    device: Device
    service: Service
    witness: Witness
    person: identity.Person
    sessions: dict[NodeId, Session] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _space: Space | None = None

    @property
    def space(self) -> Space:
        """The address space, built when it is first needed: thousands of doubles are idle."""
        if self._space is None:
            self._space = build(self.device, self.service, self.person.uri)
        return self._space

    def option(self, name: str, default: int) -> int:
        """An option that is a whole number."""
        value = self.service.options.get(name, default)
        return value if isinstance(value, int) else default

    def limit(self, name: str) -> int:
        """An operation limit; 0 is none."""
        limits = self.service.options.get("limits", {})
        value = limits.get(name, 0) if isinstance(limits, Mapping) else 0
        return value if isinstance(value, int) else 0

    def fault_at(self, kind: str, service: str, default: str) -> bool:
        """Whether a hostile fault concerns this service (option `at`)."""
        fault = self.service.fault(kind)
        return fault is not None and fault.options.get("at", default) == service

    def now(self) -> datetime:
        """The double's clock, which may be wrong."""
        return datetime.now(UTC) + timedelta(seconds=self.option("clock_skew_seconds", 0))

    def forget_expired(self) -> None:
        """Drop sessions whose time is over (OPC 10000-4, 5.6.2)."""
        now = asyncio.get_running_loop().time()
        for token, session in tuple(self.sessions.items()):
            if now - session.last_used > session.timeout_seconds:
                del self.sessions[token]


class Conversation:
    """One connection: implements `simulators.sockets.Conversation`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.channel = 0
        self.sequence = 0
        self.buffer_bytes = OUR_BUFFER
        self.parts = b""

    def frame(self, buffer: bytes) -> int | None:
        """Length of the first message chunk (OPC 10000-6, 7.1.2)."""
        if not any(buffer[:3] == kind[: len(buffer)] for kind in (b"HEL", b"OPN", b"CLO", b"MSG")):
            raise ForeignBytesError(buffer[:8].hex())
        if len(buffer) < 8:
            return None
        length = int.from_bytes(buffer[4:8], "little")
        if not 8 <= length <= OUR_BUFFER:
            raise ForeignBytesError(f"chunk of {length} bytes")
        return length

    def hear(self, request: bytes) -> Turn:
        """Answer one chunk."""
        kind = request[:3]
        try:
            if kind == b"HEL":
                return Turn("opcua Hello", self._hello(request))
            if kind == b"OPN":
                return self._open(request)
            if kind == b"CLO":
                return Turn("opcua CloseSecureChannel", None, close=True)
            return self._message(request)
        except DecodingError as error:
            return Turn("opcua malformed", _error("BadDecodingError", str(error)), close=True)

    def _hello(self, request: bytes) -> bytes:
        reader = Reader(request[8:])
        _version, receive, _send, _most, _chunks = (reader.number("I") for _ in range(5))
        reader.text()
        self.buffer_bytes = min(OUR_BUFFER, max(SMALLEST_BUFFER, receive))
        if self.server.service.fault("unlimited_ack"):
            limits = (0, 0xFFFF_FFFF, 0xFFFF_FFFF, 0, 0)
        else:
            limits = (0, OUR_BUFFER, self.buffer_bytes, MESSAGE_BYTES, 0)
        return b"ACKF" + struct.pack("<I5I", 28, *limits)

    def _open(self, request: bytes) -> Turn:
        """OpenSecureChannel (OPC 10000-6, 6.7.2 and OPC 10000-4, 5.5.2)."""
        name = "opcua OpenSecureChannel"
        reader = Reader(request[12:])
        policy = reader.text()
        if policy != identity.POLICY + "None":
            return Turn(name, _error("BadSecurityChecksFailed", ""), close=True)
        reader.bytes()
        reader.bytes()
        reader.number("I")
        request_id = reader.number("I")
        reader.node()
        handle = _request_header(reader)[1]
        _version, renew, mode = (reader.number("I") for _ in range(3))
        reader.bytes()
        asked = reader.number("I")
        if mode != 1:
            return Turn(name, _error("BadSecurityModeRejected", ""), close=True)
        if not renew or not self.channel:
            self.channel = next(CHANNEL_NUMBERS)
        lifetime = 0 if self.server.service.fault("zero_lifetime") else min(asked, LIFETIME_MS)
        token = struct.pack("<II", self.channel, next(self.server.numbers))
        body = (
            write_node(NodeId(0, 449))
            + self._response_header(handle)
            + struct.pack("<I", 0)
            + token
            + write_time(self.server.now())
            + struct.pack("<I", lifetime)
            + write_bytes(b"")
        )
        security = write_text(identity.POLICY + "None") + write_bytes(None) * 2
        self.sequence += 1
        content = security + struct.pack("<II", self.sequence, request_id) + body
        return Turn(name, b"OPNF" + struct.pack("<II", 12 + len(content), self.channel) + content)

    def _message(self, request: bytes) -> Turn:
        if request[3:4] != b"F":
            self.parts += request[24:]
            if len(self.parts) > MESSAGE_BYTES:
                return Turn("opcua too long", _error("BadTcpMessageTooLarge", ""), close=True)
            return Turn("opcua chunk", None)
        reader = Reader(request[8:])
        channel, token_id = reader.number("I"), reader.number("I")
        _sequence, request_id = reader.number("I"), reader.number("I")
        if not self.channel or channel != self.channel:
            return Turn("opcua wrong channel", _error("BadSecureChannelIdInvalid", ""), close=True)
        reader = Reader(self.parts + request[24:])
        self.parts = b""
        node = reader.node()
        number = node.key if isinstance(node.key, int) and not node.namespace else 0
        name = SERVICES.get(number, f"service {number}")
        token, handle = _request_header(reader)
        try:
            body = self._serve(name, token, reader)
            answer = write_node(NodeId(0, number + TYPE_OF_ANSWER))
            answer += self._response_header(handle) + body
        except Fault as fault:
            answer = write_node(NodeId(0, FAULT)) + self._response_header(handle, str(fault))
        chunks = self._chunks(token_id, request_id, answer)
        return Turn(f"opcua {name}", chunks, forbidden=name in NEVER_SENT)

    def _serve(self, name: str, token: NodeId, reader: Reader) -> bytes:
        services: dict[str, Callable[[Reader], bytes]] = {
            "FindServers": self._find_servers,
            "GetEndpoints": self._get_endpoints,
            "CreateSession": self._create_session,
        }
        in_session: dict[str, Callable[[Session, Reader], bytes]] = {
            "ActivateSession": self._activate_session,
            "CloseSession": self._close_session,
            "Browse": self._browse,
            "BrowseNext": self._browse_next,
            "TranslateBrowsePathsToNodeIds": self._translate,
            "Read": self._read,
        }
        if name in services:
            return services[name](reader)
        if name not in in_session:
            raise Fault("BadServiceUnsupported")
        self.server.forget_expired()
        session = self.server.sessions.get(token)
        if session is None:
            raise Fault("BadSessionIdInvalid")
        session.last_used = asyncio.get_running_loop().time()
        if session.user is None and name not in ("ActivateSession", "CloseSession"):
            raise Fault("BadSessionNotActivated")
        return in_session[name](session, reader)

    def _find_servers(self, reader: Reader) -> bytes:
        return self._list("FindServers", self.server.person.all_servers())

    def _get_endpoints(self, reader: Reader) -> bytes:
        if self.server.fault_at("huge_array", "GetEndpoints", "Read"):
            return struct.pack("<i", ENDLESS)
        return self.server.person.all_endpoints()

    def _create_session(self, reader: Reader) -> bytes:
        """OPC 10000-4, 5.6.2."""
        server = self.server
        refusal = server.service.options.get("session_error")
        if refusal or server.person.type == identity.TYPES["discovery"]:
            raise Fault(str(refusal or "BadServiceUnsupported"))
        if not server.person.open:
            raise Fault(str(server.service.options.get("wall", "BadSecurityModeRejected")))
        server.forget_expired()
        if len(server.sessions) >= server.option("max_sessions", 1_000):
            raise Fault("BadTooManySessions")
        timeout = self._session_timeout(reader)
        session = Session(
            NodeId(1, next(server.numbers)),
            NodeId(0, secrets.token_bytes(16)),
            secrets.token_bytes(32),
            timeout / 1_000,
            asyncio.get_running_loop().time(),
        )
        server.sessions[session.token] = session
        server.witness.session_opened()
        return (
            write_node(session.id)
            + write_node(session.token)
            + struct.pack("<d", timeout)
            + write_bytes(session.nonce)
            + write_bytes(server.person.certificate)
            + server.person.all_endpoints()
            + write_list(())
            + write_text(None)
            + write_bytes(None)
            + struct.pack("<I", MESSAGE_BYTES)
        )

    def _session_timeout(self, reader: Reader) -> float:
        """Milliseconds that the session is granted: what was asked, at most ours."""
        for _ in range(2):
            reader.text()
        reader.localized()
        reader.number("i")
        for _ in range(2):
            reader.text()
        for _ in range(reader.count()):
            reader.text()
        for _ in range(3):  # server URI, endpoint URL, session name
            reader.text()
        reader.bytes()
        reader.bytes()
        asked = reader.double()
        return min(max(asked, 1_000.0), self.server.option("session_timeout_ms", int(SESSION_MS)))

    def _activate_session(self, session: Session, reader: Reader) -> bytes:
        """OPC 10000-4, 5.6.3."""
        reader.text()
        reader.bytes()
        for _ in range(reader.count()):
            reader.bytes()
            reader.bytes()
        for _ in range(reader.count()):
            reader.text()
        kind, body = reader.extension()
        session.user = self._login(session, kind, Reader(body))
        session.nonce = secrets.token_bytes(32)
        return write_bytes(session.nonce) + write_list(()) + write_list(())

    def _login(self, session: Session, kind: int, token: Reader) -> str:
        """The user's name, "" for anonymous; raises Fault."""
        offered = self.server.person.tokens
        if kind in (0, ANONYMOUS_TOKEN) and "anonymous" in offered:
            return ""
        if kind != USER_TOKEN or "username" not in offered:
            raise Fault("BadIdentityTokenRejected")
        token.text()
        user, secret, algorithm = token.text(), token.bytes() or b"", token.text()
        password: str | None = secret.decode("utf-8", "replace")
        if algorithm:
            password = identity.decrypt_password(secret, session.nonce)
        users = self.server.service.options.get("users", {})
        if not isinstance(users, Mapping) or password is None or users.get(user) != password:
            raise Fault("BadUserAccessDenied")
        return user

    def _close_session(self, session: Session, reader: Reader) -> bytes:
        del self.server.sessions[session.token]
        self.server.witness.session_closed()
        return b""

    def _browse(self, session: Session, reader: Reader) -> bytes:
        """OPC 10000-4, 5.8.2."""
        reader.node()
        reader.number("q")
        reader.number("I")
        asked = reader.number("I")
        count = self._operations(reader, "MaxNodesPerBrowse")
        if self.server.fault_at("huge_array", "Browse", "Read"):
            return struct.pack("<i", ENDLESS)
        most = self.server.option("browse_page", asked or 1_000)
        page = min(asked or most, most)
        results = [self._browse_one(session, reader, page) for _ in range(count)]
        return self._list("Browse", results) + write_list(())

    def _browse_one(self, session: Session, reader: Reader, page: int) -> bytes:
        node, direction, kind = reader.node(), reader.number("I"), reader.node()
        subtypes, classes, mask = reader.number("B"), reader.number("I"), reader.number("I")
        space = self.server.space
        if node not in space.nodes or not _visible(space.nodes[node], session):
            return _browse_result("BadNodeIdUnknown", None, [])
        found = [
            _reference(space, reference, mask)
            for reference in space.references.get(node, ())
            if direction == 2 or reference.forward == (direction == 0)
            if kind == NodeId(0, 0) or _is_a(reference.type, kind, bool(subtypes))
            if not classes or _class(space, reference.target) & classes
            if _visible(space.nodes.get(reference.target), session)
        ]
        if self.server.service.fault("endless_continuation"):
            return _browse_result("Good", b"again", found[:1])
        return self._page(session, found, page)

    def _page(self, session: Session, found: list[bytes], page: int) -> bytes:
        if len(found) <= page:
            return _browse_result("Good", None, found)
        limit = self.server.limit("MaxBrowseContinuationPoints")
        if limit and len(session.pages) >= limit:
            return _browse_result("BadNoContinuationPoints", None, [])
        point = struct.pack("<I", next(self.server.numbers))
        session.pages[point] = found[page:]
        return _browse_result("Good", point, found[:page])

    def _browse_next(self, session: Session, reader: Reader) -> bytes:
        """OPC 10000-4, 5.8.3."""
        release = reader.number("B")
        points = [reader.bytes() or b"" for _ in range(reader.count())]
        results = []
        page = self.server.option("browse_page", 1_000)
        for point in points:
            waiting = session.pages.pop(point, None)
            if self.server.service.fault("endless_continuation"):
                bare = Reference(35, True, NodeId(0, 2253))
                again = [_reference(self.server.space, bare, 63)]
                results.append(_browse_result("Good", b"again", again))
            elif waiting is None:
                results.append(_browse_result("BadContinuationPointInvalid", None, []))
            elif release:
                results.append(_browse_result("Good", None, []))
            else:
                results.append(self._page(session, waiting, page))
        return write_list(results) + write_list(())

    def _translate(self, session: Session, reader: Reader) -> bytes:
        """TranslateBrowsePathsToNodeIds (OPC 10000-4, 5.8.4)."""
        count = self._operations(reader, "MaxNodesPerTranslateBrowsePathsToNodeIds")
        return write_list(self._walk(session, reader) for _ in range(count)) + write_list(())

    def _walk(self, session: Session, reader: Reader) -> bytes:
        space, here = self.server.space, [reader.node()]
        for _ in range(reader.count()):
            kind, inverse, subtypes = reader.node(), reader.number("B"), reader.number("B")
            wanted = reader.qualified()
            here = [
                reference.target
                for node in here
                for reference in space.references.get(node, ())
                if reference.forward != bool(inverse)
                if kind == NodeId(0, 0) or _is_a(reference.type, kind, bool(subtypes))
                if (target := space.nodes.get(reference.target)) is not None
                if (target.namespace, target.name) == wanted and _visible(target, session)
            ]
        status = "Good" if here else "BadNoMatch"
        targets = [write_node(node) + struct.pack("<I", 0xFFFF_FFFF) for node in here]
        return struct.pack("<I", STATUS[status]) + write_list(targets)

    def _read(self, session: Session, reader: Reader) -> bytes:
        """OPC 10000-4, 5.10.2."""
        reader.double()
        stamps = reader.number("I")
        count = self._operations(reader, "MaxNodesPerRead")
        if self.server.fault_at("huge_array", "Read", "Read"):
            return struct.pack("<i", ENDLESS)
        now = self.server.now()
        values = []
        for _ in range(count):
            node, attribute = reader.node(), reader.number("I")
            reader.text()
            reader.qualified()
            values.append(self._value(session, node, attribute, stamps, now))
        return self._list("Read", values) + write_list(())

    def _value(
        self, session: Session, key: NodeId, attribute: int, stamps: int, now: datetime
    ) -> bytes:
        node = self.server.space.nodes.get(key)
        if node is None or not _visible(node, session):
            return _data_value(None, "BadNodeIdUnknown", None, None)
        if attribute != 13:
            variant = _attribute(node, attribute, session)
            status = "Good" if variant else "BadAttributeIdInvalid"
            return _data_value(variant, status, None, now if stamps in (1, 2) else None)
        if node.node_class != VARIABLE:
            return _data_value(None, "BadAttributeIdInvalid", None, None)
        if not node.access & 1:
            return _data_value(None, "BadNotReadable", None, None)
        if not _readable(node, session):
            return _data_value(None, "BadUserAccessDenied", None, None)
        if self.server.service.fault("recursive_variant") and node.namespace:
            return _data_value(_nested(100_000), "Good", None, None)
        value = node.value(now) if callable(node.value) else node.value
        bad = node.status.startswith("Bad")
        source = node.source_time(now) if node.source_time else now
        return _data_value(
            None if bad else write_variant(node.type, value),
            node.status,
            source if stamps in (0, 2) else None,
            now if stamps in (1, 2) else None,
        )

    def _operations(self, reader: Reader, limit: str) -> int:
        count, most = reader.count(), self.server.limit(limit)
        if not count:
            raise Fault("BadNothingToDo")
        if most and count > most:
            raise Fault("BadTooManyOperations")
        return count

    def _list(self, service: str, items: list[bytes]) -> bytes:
        if self.server.fault_at("huge_array", service, "Read"):
            return struct.pack("<i", ENDLESS)
        return write_list(items)

    def _response_header(self, handle: int, status: str = "Good") -> bytes:
        """ResponseHeader (OPC 10000-4, 7.33)."""
        if self.server.service.fault("wrong_handle"):
            handle = (handle + 1) & 0xFFFF_FFFF
        head = write_time(self.server.now()) + struct.pack("<II", handle, STATUS[status])
        return head + b"\0" + struct.pack("<i", -1) + NULL_EXTENSION

    def _chunks(self, token: int, request_id: int, body: bytes) -> bytes:
        """The message in chunks that fit the peer's buffer (OPC 10000-6, 6.7.2)."""
        if self.server.service.fault("wrong_request_id"):
            request_id = (request_id + 1) & 0xFFFF_FFFF
        room = self.buffer_bytes - 24
        pieces = [body[start : start + room] for start in range(0, len(body), room)]
        sent = b""
        for number, piece in enumerate(pieces, 1):
            self.sequence += 1
            final = b"F" if number == len(pieces) else b"C"
            head = (24 + len(piece), self.channel, token, self.sequence, request_id)
            sent += b"MSG" + final + struct.pack("<5I", *head) + piece
        return sent


def _request_header(reader: Reader) -> tuple[NodeId, int]:
    """(authentication token, request handle) of a RequestHeader (OPC 10000-4, 7.32)."""
    token = reader.node()
    reader.number("q")
    handle = reader.number("I")
    reader.number("I")
    reader.text()
    reader.number("I")
    reader.extension()
    return token, handle


def _error(status: str, reason: str) -> bytes:
    body = struct.pack("<I", STATUS[status]) + write_text(reason)
    return b"ERRF" + struct.pack("<I", 8 + len(body)) + body


def _visible(node: Node | None, session: Session) -> bool:
    return node is None or node.viewers is None or (session.user or "") in node.viewers


def _readable(node: Node, session: Session) -> bool:
    return node.readers is None or (session.user or "") in node.readers


def _is_a(kind: int, wanted: NodeId, subtypes: bool) -> bool:
    here: int | None = kind
    while here is not None:
        if NodeId(0, here) == wanted:
            return True
        here = SUPERTYPES.get(here) if subtypes else None
    return False


def _class(space: Space, target: NodeId) -> int:
    node = space.nodes.get(target)
    return node.node_class if node else 0


def _reference(space: Space, reference: Reference, mask: int) -> bytes:
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


def _browse_result(status: str, point: bytes | None, references: list[bytes]) -> bytes:
    return struct.pack("<I", STATUS[status]) + write_bytes(point) + write_list(references)


def _attribute(node: Node, attribute: int, session: Session) -> bytes | None:
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
        mine = node.access if _readable(node, session) else 0
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


def _data_value(
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


def _nested(depth: int) -> bytes:
    """A Variant that holds an array of one Variant, that many times over."""
    return (b"\x98" + struct.pack("<i", 1)) * depth + b"\x01\x01"
