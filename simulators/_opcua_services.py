"""Services of a light OPC UA double: discovery, session, browse, translate, read.

One rule keeps it simple: a service is a method that takes the request's parameters and returns
the answer's, or raises `Fault` with a status name. Clauses: OPC 10000-4, 5.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
from collections.abc import Callable, Mapping
from datetime import datetime

from simulators import _opcua_identity as identity
from simulators._opcua_answers import (
    class_of,
    is_a,
    readable,
    visible,
    write_attribute,
    write_browse_result,
    write_data_value,
    write_nested,
    write_reference,
)
from simulators._opcua_binary import (
    NodeId,
    Reader,
    write_bytes,
    write_list,
    write_node,
    write_text,
    write_variant,
)
from simulators._opcua_names import ORGANIZES, STATUS
from simulators._opcua_space import SERVER, VARIABLE, Reference
from simulators._opcua_state import Fault, Server, Session

MESSAGE_BYTES = 4 << 20
SESSION_MS = 60_000
ENDLESS = 2**31 - 1
ANONYMOUS_TOKEN, USER_TOKEN = 321, 324


class Services:
    """All services of one server."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def serve(self, name: str, token: NodeId, reader: Reader) -> bytes:
        """Parameters of the answer; raises `Fault` with the status of a service fault."""
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
        return min(max(asked, 1_000.0), self.server.option("session_timeout_ms", SESSION_MS))

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
        if node not in space.nodes or not visible(space.nodes[node], session):
            return write_browse_result("BadNodeIdUnknown", None, [])
        found = [
            write_reference(space, reference, mask)
            for reference in space.references.get(node, ())
            if direction == 2 or reference.forward == (direction == 0)
            if kind == NodeId(0, 0) or is_a(reference.type, kind, bool(subtypes))
            if not classes or class_of(space, reference.target) & classes
            if visible(space.nodes.get(reference.target), session)
        ]
        if self.server.service.fault("endless_continuation"):
            return write_browse_result("Good", b"again", found[:1])
        return self._page(session, found, page)

    def _page(self, session: Session, found: list[bytes], page: int) -> bytes:
        if len(found) <= page:
            return write_browse_result("Good", None, found)
        limit = self.server.limit("MaxBrowseContinuationPoints")
        if limit and len(session.pages) >= limit:
            return write_browse_result("BadNoContinuationPoints", None, [])
        point = struct.pack("<I", next(self.server.numbers))
        session.pages[point] = found[page:]
        return write_browse_result("Good", point, found[:page])

    def _browse_next(self, session: Session, reader: Reader) -> bytes:
        """OPC 10000-4, 5.8.3."""
        release = reader.number("B")
        points = [reader.bytes() or b"" for _ in range(reader.count())]
        results = []
        page = self.server.option("browse_page", 1_000)
        for point in points:
            waiting = session.pages.pop(point, None)
            if self.server.service.fault("endless_continuation"):
                bare = Reference(ORGANIZES, True, SERVER)
                again = [write_reference(self.server.space, bare, 63)]
                results.append(write_browse_result("Good", b"again", again))
            elif waiting is None:
                results.append(write_browse_result("BadContinuationPointInvalid", None, []))
            elif release:
                results.append(write_browse_result("Good", None, []))
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
                if kind == NodeId(0, 0) or is_a(reference.type, kind, bool(subtypes))
                if (target := space.nodes.get(reference.target)) is not None
                if (target.namespace, target.name) == wanted and visible(target, session)
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
        if node is None or not visible(node, session):
            return write_data_value(None, "BadNodeIdUnknown", None, None)
        if attribute != 13:
            variant = write_attribute(node, attribute, session)
            status = "Good" if variant else "BadAttributeIdInvalid"
            return write_data_value(variant, status, None, now if stamps in (1, 2) else None)
        if node.node_class != VARIABLE:
            return write_data_value(None, "BadAttributeIdInvalid", None, None)
        if not node.access & 1:
            return write_data_value(None, "BadNotReadable", None, None)
        if not readable(node, session):
            return write_data_value(None, "BadUserAccessDenied", None, None)
        if self.server.service.fault("recursive_variant") and node.namespace:
            return write_data_value(write_nested(100_000), "Good", None, None)
        value = node.value(now) if callable(node.value) else node.value
        bad = node.status.startswith("Bad")
        source = node.source_time(now) if node.source_time else now
        return write_data_value(
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
