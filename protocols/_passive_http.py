"""HTTP and TLS as overheard: what a web server says of itself, and its certificate.

Source: RFC 9110, 10.2.4 (Server), 11.6.1 (WWW-Authenticate); RFC 5246, 7.4.2 (Certificate). From
TLS 1.3 on certificates are encrypted, and nothing is said.
"""

from __future__ import annotations

import re

from protocols._cursor import Cursor, text
from protocols._passive_opcua import certificate
from protocols.contract import Fact, Foreign, Overheard, Segment
from protocols.passive import OTHER, Passive, Use, overheard

METHODS = (b"GET ", b"POST ", b"HEAD ", b"PUT ", b"OPTIONS ")
SERVER = re.compile(rb"\r\nServer: ([^\r\n]{1,200})", re.IGNORECASE)
REALM = re.compile(rb'\r\nWWW-Authenticate: [^\r\n]{0,80}realm="([^"\r\n]{1,200})"', re.IGNORECASE)
TITLE = re.compile(rb"<title>\s*([^<]{1,200})</title>", re.IGNORECASE)
RECORD_LIMIT = 16_384 + 2_048
SEALED = 17  # bytes of the shortest sealed record: one of content, sixteen of its tag
HANDSHAKES = frozenset({0, 1, 2, 3, 4, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22})


def banner(segment: Segment) -> tuple[Overheard, ...]:
    """Server header, realm and title of an answer."""
    data = segment.payload[:65_536]
    if not data.startswith(b"HTTP/1."):
        return ()
    found = [
        Fact("description", f"{what} {text(match[1])}", f"HTTP {what}")
        for what, pattern in (("server", SERVER), ("realm", REALM), ("title", TITLE))
        if (match := pattern.search(data))
    ]
    return (overheard(segment.source, "http", found, operation="banner"),) if found else ()


def recognise(data: bytes) -> bool:
    """A request line or a status line of HTTP/1."""
    if data.startswith(b"HTTP/1."):
        return True
    return data.startswith(METHODS) and b" HTTP/1." in data[:2048]


def uses(data: bytes) -> tuple[Use, ...]:
    """The method only: paths may hold secrets."""
    return (Use(text(data.split(b" ", 1)[0][:8]), OTHER),) if data.startswith(METHODS) else ()


def record(data: bytes) -> int | None:
    """Length of a TLS record."""
    if len(data) < 5:
        return None
    length = int.from_bytes(data[3:5])
    if data[0] not in range(20, 25) or data[1] != 3 or not 0 < length <= RECORD_LIMIT:
        raise Foreign("expected a TLS record")
    return 5 + length


def hello(data: bytes) -> bool:
    """A handshake record that begins with a hello."""
    return len(data) >= 6 and data[:2] == b"\x16\3" and data[2] <= 4 and data[5] in (1, 2)


def under_way(data: bytes) -> bool:
    """A hello, or records of application data that fill the segment: a connection that was there
    before the capture began, as those that report for days are. RFC 8446, 5.1."""
    if hello(data):
        return True
    place = 0
    while len(data) - place >= 5 + SEALED and data[place : place + 2] == b"\x17\3":
        length = int.from_bytes(data[place + 3 : place + 5])
        if data[place + 2] not in (1, 2, 3) or not SEALED <= length <= RECORD_LIMIT:
            return False
        place += 5 + length
    return 0 < place == len(data)


def chain(segment: Segment) -> tuple[Overheard, ...]:
    """The first certificate of a server's handshake."""
    cursor = Cursor(segment.payload)
    if cursor.u8() != 22:
        return ()
    cursor.skip(4)
    server = False
    for _ in range(8):
        if cursor.left < 4:
            break
        kind, body = cursor.u8(), b""
        if kind not in HANDSHAKES:
            return ()  # encrypted by now
        body = cursor.take(min(cursor.number(3), cursor.left))
        server = server or kind in (2, 12, 14)
        if kind == 11 and len(body) > 6:
            inner = Cursor(body, 3)
            facts = certificate(inner.take(inner.number(3)))
            return (overheard(segment.source, "tls", facts, operation="certificate"),)
    return ()


def _first(data: bytes) -> bytes:
    return data[:1] + (data[5:6] if data[:1] == b"\x16" else b"")


PASSIVE = (
    Passive(
        "http",
        "HTTP",
        banner,
        ports=(80, 8080),
        uses=uses,
        recognise=recognise,
        proof=recognise,
        alike=lambda data: data[:16] if data.startswith((b"HTTP/1.", *METHODS)) else b"",
        side=lambda data: "client" if data.startswith(METHODS) else "server",
        plant=False,
    ),
    Passive(
        "tls",
        "TLS",
        chain,
        ports=(443, 8443, 8883),  # the last: MQTT over TLS (IANA secure-mqtt)
        frame=record,
        recognise=under_way,
        proof=under_way,
        alike=_first,
        plant=False,
    ),
)
