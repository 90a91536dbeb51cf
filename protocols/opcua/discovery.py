"""FindServers and GetEndpoints: what a server says to anybody (OPC 10000-4 v1.05, 5.5).

Pure: requests as bytes, answers as values.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from protocols.contract import Garbled
from protocols.opcua.binary import HEAVY, Cursor
from protocols.opcua.encode import put_array, put_text
from protocols.opcua.numbers import MODES, MOST_SHOWN, POLICY_ROOT, TCP_TRANSPORT, TOKENS


@dataclass(frozen=True, slots=True)
class Application:
    """An ApplicationDescription (7.2)."""

    uri: str
    product_uri: str
    name: str
    type: int
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """A UserTokenPolicy (7.41): which identity an endpoint takes, and how it is protected."""

    id: str
    kind: int
    policy: str

    @property
    def word(self) -> str:
        """The kind as the fact `security` has it."""
        return TOKENS.get(self.kind, f"token {self.kind}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An EndpointDescription (7.14)."""

    url: str
    server: Application
    certificate: bytes = field(repr=False)
    mode: int
    policy: str
    tokens: tuple[TokenPolicy, ...]
    transport: str
    level: int

    @property
    def binary(self) -> bool:
        """Whether it is reached by this protocol (and not by HTTPS or WebSockets)."""
        return self.transport in ("", TCP_TRANSPORT)

    @property
    def open(self) -> bool:
        """Whether the channel needs no certificate."""
        return self.binary and self.mode == 1

    @property
    def security(self) -> str:
        """The offer in one line: "Basic256Sha256/SignAndEncrypt/anonymous+username"."""
        mode = MODES.get(self.mode, f"mode {self.mode}")
        words = dict.fromkeys(token.word for token in sorted(self.tokens, key=lambda t: t.kind))
        return f"{short_policy(self.policy)}/{mode}/{'+'.join(words) or 'none'}"


def short_policy(uri: str) -> str:
    """The last part of a security policy's URI."""
    return uri.removeprefix(POLICY_ROOT) if uri.startswith(POLICY_ROOT) else uri[:80] or "None"


def url_request(url: str) -> bytes:
    """Parameters of FindServers and GetEndpoints alike: the URL, no filter."""
    return put_text(url) + put_array(()) + put_array(())


def read_application(cursor: Cursor) -> Application:
    """One ApplicationDescription; of a name that fills a message, as much as is shown."""
    uri, product_uri, name = cursor.text(), cursor.text(), cursor.localized_text()
    kind = cursor.number("I")
    cursor.text()
    cursor.text()
    uri, product_uri, name = uri[:MOST_SHOWN], product_uri[:MOST_SHOWN], name[:MOST_SHOWN]
    urls = tuple(url[:MOST_SHOWN] for url in cursor.array(cursor.text, 4))
    return Application(uri, product_uri, name, kind, urls)


def read_endpoint(cursor: Cursor) -> Endpoint:
    """One EndpointDescription."""
    url, server = cursor.text()[:MOST_SHOWN], read_application(cursor)
    certificate, mode, policy = cursor.octets() or b"", cursor.number("I"), cursor.text()
    tokens = cursor.array(lambda: _read_token(cursor), 20, HEAVY)
    return Endpoint(
        url[:MOST_SHOWN],
        server,
        certificate,
        mode,
        policy,
        tokens,
        cursor.text(),
        cursor.number("B"),
    )


def _read_token(cursor: Cursor) -> TokenPolicy:
    name, kind = cursor.text(), cursor.number("I")
    cursor.text()
    cursor.text()
    return TokenPolicy(name, kind, cursor.text())


def read_applications(cursor: Cursor) -> tuple[Application, ...]:
    """The answer of FindServers."""
    return cursor.array(lambda: read_application(cursor), 25, HEAVY)


def read_endpoints(cursor: Cursor) -> tuple[Endpoint, ...]:
    """The answer of GetEndpoints."""
    return cursor.array(lambda: read_endpoint(cursor), 52, HEAVY)


def stored_endpoints(raw: bytes) -> tuple[bool, tuple[Endpoint, ...]]:
    """Of an answer that was matched before: whether it was kept whole, and what there is of it."""
    parts, at = [], 0
    while at + 24 <= len(raw):
        (size,) = struct.unpack_from("<I", raw, at + 4)
        parts.append(raw[at + 24 : at + max(size, 24)])
        at += max(size, 24)
    cursor = Cursor(b"".join(parts))
    found: list[Endpoint] = []
    try:
        cursor.node_id()
        cursor.take(16)
        cursor.diagnostic_info()
        cursor.array(cursor.octets, 4)
        cursor.structure()
        announced = max(cursor.number("i"), 0)
        while len(found) < announced:
            found.append(read_endpoint(cursor))
    except Garbled:  # longer than what is kept of an answer
        return False, tuple(found)
    return True, tuple(found)
