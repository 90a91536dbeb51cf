"""The connection protocol and one channel (OPC 10000-6 v1.05, 6.7 and 7.1).

    0 type 3 | 3 chunk 'F' 'C' 'A' | 4 size 4 | 8 …        every message
    8 channel 4 | 12 token 4 | 16 sequence 4 | 20 request 4 | 24 body      MSG, CLO
    8 channel 4 | 12 policy, certificate, thumbprint | sequence 4 | request 4 | body    OPN

A `Channel` numbers requests and believes an answer only when channel, token, request id, request
handle, sequence and message type agree. It never renews its token: a session ends within a minute,
whatever life time the server grants. The server's Acknowledge never lifts our own limits.

Everything here is the plain form; an `Envelope`, where there is one, seals what goes out after the
guard has judged it and opens what comes in.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from protocols.contract import Anew, Foreign, Garbled, Reading, Reason, Refused, Sealed, Stale
from protocols.opcua.binary import Cursor
from protocols.opcua.encode import put_node_id, put_octets, put_text, put_time
from protocols.opcua.envelope import Envelope
from protocols.opcua.nodes import NodeId, core
from protocols.opcua.numbers import (
    CLOSE_CHANNEL,
    MOST_CHUNK,
    MOST_CHUNKS,
    MOST_MESSAGE,
    OPEN_CHANNEL,
    POLICY_NONE,
    RESPONSE_OFFSET,
    SERVICE_FAULT,
    SESSION_SECONDS,
)
from protocols.opcua.status import is_bad, refusal

T = TypeVar("T")

_ANSWERS = (b"ACK", b"ERR", b"OPN", b"MSG")
_LIFETIME_MS = int(SESSION_SECONDS * 1000)


def hello(url: str) -> bytes:
    """The first message (7.1.2.3): our version, our limits, and the address as we know it."""
    limits = struct.pack("<5I", 0, MOST_CHUNK, MOST_CHUNK, MOST_MESSAGE, MOST_CHUNKS)
    return framed(b"HEL", limits + put_text(url))


def framed(kind: bytes, body: bytes) -> bytes:
    """One final chunk of that type."""
    return kind + b"F" + struct.pack("<I", len(body) + 8) + body


def answer_length(data: bytes) -> int | None:
    """Length of the first answer on a connection; `Foreign` unless it is OPC UA."""
    if not any(kind.startswith(data[:3]) for kind in _ANSWERS):
        raise Foreign(f"expected an OPC UA message, got {data[:16]!r}")
    return reply_length(data)


def reply_length(data: bytes) -> int | None:
    """Length of a message up to its final chunk; `Garbled` when it is none or too much."""
    at = 0
    for _ in range(MOST_CHUNKS):
        if len(data) < at + 8:
            return None
        last, size = _chunk(data, at)
        at += size
        if at > MOST_MESSAGE:
            raise Garbled(f"message of more than {MOST_MESSAGE} bytes")
        if last:
            return at
    raise Garbled(f"message of more than {MOST_CHUNKS} chunks")


def _chunk(data: bytes, at: int) -> tuple[bool, int]:
    kind, chunk = data[at : at + 3], data[at + 3 : at + 4]
    (size,) = struct.unpack_from("<I", data, at + 4)
    if kind not in _ANSWERS:
        raise Garbled(f"expected an OPC UA message, got {data[at : at + 8]!r}")
    if chunk not in (b"F", b"C", b"A") or (chunk != b"F" and kind != b"MSG"):
        raise Garbled(f"{kind.decode()} with chunk type {chunk!r}")
    if not 8 <= size <= MOST_CHUNK:
        raise Garbled(f"chunk of {size} bytes, expected 8 to {MOST_CHUNK}")
    return chunk != b"C", size


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The limits that the server states; 0 means that it states none."""

    receive_buffer: int
    send_buffer: int
    most_message: int
    most_chunks: int


def read_acknowledge(raw: bytes) -> Reading[Acknowledge]:
    """The answer to Hello (7.1.2.4)."""
    kind, cursor = _plain(raw)
    if kind != b"ACK":
        raise Garbled(f"expected ACK, got {kind!r}")
    _version, receive, send, message, chunks = (cursor.number("I") for _ in range(5))
    if receive < 8192 or send < 8192:  # 7.1.2.3: at least 8 192 bytes
        return Reading(
            Acknowledge(receive, send, message, chunks),
            detail=f"states buffers of {receive} and {send} bytes, below the least of 8192",
        )
    return Reading(Acknowledge(receive, send, message, chunks))


def _plain(raw: bytes) -> tuple[bytes, Cursor]:
    """Type and body of a message; an ERR raises what it says."""
    if len(raw) < 8:
        raise Garbled(f"message of {len(raw)} bytes")
    kind, cursor = raw[:3], Cursor(raw)
    cursor.take(8)
    if kind == b"ERR":  # 7.1.2.5
        raise refusal(cursor.number("I"), _said(cursor))
    return kind, cursor


def _said(cursor: Cursor) -> str:
    return cursor.text()[:200] if cursor.left >= 4 else ""


@dataclass(frozen=True, slots=True)
class Header:
    """What a response says before its body."""

    type: int
    time: datetime | None


@dataclass(slots=True)
class Channel:
    """One channel: how far its numbers have come, and what secures it."""

    now: Callable[[], datetime]
    envelope: Envelope | None = None
    id: int = 0
    token: int = 0
    session: NodeId = field(default_factory=lambda: core(0))
    sequence: int = 0
    request: int = 0
    heard_sequence: int | None = None

    def open(self) -> bytes | Sealed:
        """OpenSecureChannel (OPC 10000-4, 5.5.2)."""
        mode, nonce = (self.envelope.mode, self.envelope.nonce) if self.envelope else (1, None)
        body = self._header(OPEN_CHANNEL) + struct.pack("<III", 0, 0, mode)
        body += put_octets(nonce) + struct.pack("<I", _LIFETIME_MS)
        security = put_text(POLICY_NONE) + put_octets(None) + put_octets(None)
        return self._out(b"OPN", struct.pack("<I", 0) + security + self._numbers() + body)

    def close(self) -> bytes | Sealed:
        """CloseSecureChannel, which has no answer (OPC 10000-4, 5.5.3)."""
        body = self._header(CLOSE_CHANNEL)
        return self._out(b"CLO", struct.pack("<II", self.id, self.token) + self._numbers() + body)

    def ask(self, service: int, body: bytes) -> bytes | Sealed:
        """One request of that service."""
        whole = self._header(service) + body
        return self._out(b"MSG", struct.pack("<II", self.id, self.token) + self._numbers() + whole)

    def _out(self, kind: bytes, body: bytes) -> bytes | Sealed:
        plain = framed(kind, body)
        return Sealed(plain, self.envelope.seal) if self.envelope else plain

    def _header(self, service: int) -> bytes:
        self.request += 1
        return (
            put_node_id(core(service))
            + put_node_id(self.session)
            + put_time(self.now())
            + struct.pack("<II", self.request, 0)
            + put_text(None)
            + struct.pack("<I", 3000)
            + b"\x00\x00\x00"
        )

    def _numbers(self) -> bytes:
        self.sequence += 1
        return struct.pack("<II", self.sequence, self.request)

    def read_open(self, raw: bytes) -> Reading[int]:
        """The server's answer to `open`; the value is the token's life time in milliseconds."""
        with self._secured() as unseal:
            return self._opened(unseal(raw))

    def _opened(self, raw: bytes) -> Reading[int]:
        kind, cursor = _plain(raw)
        if kind != b"OPN":
            raise Garbled(f"expected OPN, got {kind!r}")
        channel = cursor.number("I")
        policy = cursor.text()
        if policy != POLICY_NONE:
            raise Garbled(f"expected policy None, got {policy[:80]!r}")
        cursor.octets()
        cursor.octets()
        self._number(cursor)
        self._match(read_header(cursor, self.request), OPEN_CHANNEL)
        cursor.number("I")
        granted, token = cursor.number("I"), cursor.number("I")
        if granted != channel or not granted:
            raise Garbled(f"channel {channel} in the header, {granted} in the token")
        self.id, self.token = channel, token
        cursor.time()
        lifetime, nonce = cursor.number("I"), cursor.octets() or b""
        if self.envelope:
            self.envelope.agree(nonce)
        return Reading(lifetime, detail=_lifetime_note(lifetime))

    def read(self, service: int, body: Callable[[Cursor, Header], Reading[T]]) -> Anew[T]:
        """A decoder of the answer to the request that was made last, or of a stored answer to the
        same question; then that request was not sent, and its number is free again."""
        request, sequence = self.request, self.sequence

        def decode(raw: bytes) -> Reading[T]:
            self.sequence = max(self.sequence, sequence)
            with self._secured() as unseal:
                cursor = Cursor(self._joined(unseal(raw), request))
                header = read_header(cursor, request)
                self._match(header, service)
                return body(cursor, header)

        def stored(raw: bytes) -> Reading[T]:
            if self.envelope is not None:
                raise Garbled("a sealed answer can be opened by its own channel only")
            self.sequence = sequence - 1
            cursor = Cursor(stored_body(raw))
            header = read_header(cursor, None)
            self._match(header, service)
            return body(cursor, header)

        return Anew(decode, stored)

    @contextmanager
    def _secured(self) -> Iterator[Callable[[bytes], bytes]]:
        """How an answer is opened; a refusal of our certificate names the certificate."""
        if self.envelope is None:
            yield lambda raw: raw
            return
        try:
            yield self.envelope.unseal
        except Refused as error:
            if error.reason != Reason.CERTIFICATE_UNTRUSTED:
                raise
            said = f"{error.detail}; trust our certificate {self.envelope.client.thumbprint} there"
            raise Refused(error.outcome, error.reason, said, error.facts) from error

    def _match(self, header: Header, service: int) -> None:
        if header.type != service + RESPONSE_OFFSET:
            raise Garbled(f"expected message {service + RESPONSE_OFFSET}, got {header.type}")

    def _joined(self, raw: bytes, request: int) -> bytes:
        """The body of all chunks of one message, each checked."""
        kind, _ = _plain(raw)
        if kind != b"MSG":
            raise Garbled(f"expected MSG, got {kind!r}")
        parts, at = [], 0
        while at < len(raw):
            if len(raw) < at + 24:
                raise Garbled("chunk without a header")
            last, size = _chunk(raw, at)
            cursor = Cursor(raw[at : at + size])
            if size > cursor.left or size < 24:
                raise Garbled(f"chunk of {size} bytes, {cursor.left} there")
            cursor.take(8)
            self._owner(cursor, request)
            if raw[at + 3 : at + 4] == b"A":  # 6.7.3: the server gave the message up
                raise refusal(cursor.number("I"), _said(cursor))
            parts.append(cursor.take(cursor.left))
            at += size
            if last and at != len(raw):
                raise Garbled("bytes after the final chunk")
        return b"".join(parts)

    def _owner(self, cursor: Cursor, request: int) -> None:
        channel, token = cursor.number("I"), cursor.number("I")
        if (channel, token) != (self.id, self.token):
            raise Garbled(
                f"expected channel {self.id} token {self.token}, got {channel} and {token}"
            )
        answered = self._number(cursor)
        if answered == request:
            return
        if 0 < answered < request:
            raise Stale(f"answer to request {answered}")
        raise Garbled(f"expected request {request}, got {answered}")

    def _number(self, cursor: Cursor) -> int:
        """Check the sequence number (6.7.2.4: up by one, may wrap to below 1024)."""
        number, request = cursor.number("I"), cursor.number("I")
        before = self.heard_sequence
        wrapped = before is not None and before > 0xFFFFFBFF and number < 1024
        if before is not None and number != before + 1 and not wrapped:
            raise Garbled(f"expected sequence {before + 1}, got {number}")
        self.heard_sequence = number
        return request


def stored_body(raw: bytes) -> bytes:
    """The body of an answer without security that was matched before it was stored."""
    parts, at = [], 0
    while at < len(raw):
        if len(raw) < at + 24:
            raise Garbled("chunk without a header")
        _, size = _chunk(raw, at)
        if raw[at : at + 3] != b"MSG" or not 24 <= size <= len(raw) - at:
            raise Garbled(f"expected a whole MSG chunk, got {size} bytes of {raw[at : at + 4]!r}")
        parts.append(raw[at + 24 : at + size])
        at += size
    return b"".join(parts)


def read_header(cursor: Cursor, request: int | None) -> Header:
    """Type and response header (OPC 10000-4, 7.33); a bad result raises what it means.

    `request` is the handle that it must bear; None for an answer that was matched before.
    """
    kind = cursor.node_id()
    if kind.namespace or not isinstance(kind.identifier, int):
        raise Garbled(f"message type {kind} is no number of namespace 0")
    time, handle, result = cursor.time(), cursor.number("I"), cursor.number("I")
    cursor.diagnostic_info()
    cursor.array(cursor.octets, 4)
    cursor.structure()
    if request is not None and handle != request:
        raise Garbled(f"expected request handle {request}, got {handle}")
    if is_bad(result):
        raise refusal(result)
    if kind.identifier == SERVICE_FAULT:
        raise Garbled("ServiceFault that names no fault")
    return Header(kind.identifier, time)


def _lifetime_note(lifetime: int) -> str:
    if lifetime >= _LIFETIME_MS:
        return ""
    return f"token granted for {lifetime} ms only; it is not renewed"
