"""Messages of a light OPC UA double: Hello, secure channel, chunks; services are asked inside.

    MSG F  size  channel  token | sequence  request id | type id  request header  parameters
    0   3  4     8        12      16        20           24

One rule keeps it simple: only SecurityPolicy None is spoken; endpoints with other policies are
offered, and their channels are refused as a server refuses a certificate that it does not trust.
Clauses: OPC 10000-6, 6.7 and 7.1.
"""

from __future__ import annotations

import itertools
import struct

from simulators import _opcua_identity as identity
from simulators._opcua_binary import (
    NULL_EXTENSION,
    DecodingError,
    NodeId,
    Reader,
    write_bytes,
    write_node,
    write_text,
    write_time,
)
from simulators._opcua_names import FAULT, NEVER_SENT, SERVICES, STATUS
from simulators._opcua_services import MESSAGE_BYTES, Services
from simulators._opcua_state import Fault, Server
from simulators.turns import ForeignBytesError, Turn

SMALLEST_BUFFER, OUR_BUFFER = 8_192, 65_536
LIFETIME_MS = 3_600_000
TYPE_OF_ANSWER = 3
"""An answer's encoding number is that of its request plus three, in all services used here."""

CHANNEL_NUMBERS = itertools.count(1)


class Conversation:
    """One connection: implements `simulators.turns.Conversation`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.services = Services(server)
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
            body = self.services.serve(name, token, reader)
            answer = write_node(NodeId(0, number + TYPE_OF_ANSWER))
            answer += self._response_header(handle) + body
        except Fault as fault:
            answer = write_node(NodeId(0, FAULT)) + self._response_header(handle, str(fault))
        chunks = self._chunks(token_id, request_id, answer)
        return Turn(f"opcua {name}", chunks, forbidden=name in NEVER_SENT)

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
