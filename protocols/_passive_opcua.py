"""OPC UA binary as overheard: applications, endpoints, certificates, and who reads which nodes.

    type 3 · chunk 1 · size 4 · [channel 4 · policy, certificate, thumbprint · sequence 4 ·
    request 4 · type id 4 · body] (little-endian)

Source: OPC 10000-6, 6.7 and 7.1; 10000-4, 5.4, 5.5, 5.6. Under encryption only what the opening
of the channel shows in clear is read.
"""

from __future__ import annotations

import hashlib
import warnings

from protocols._cursor import Cursor, text
from protocols.contract import Fact, Foreign, Garbled, Overheard, Question, Segment
from protocols.opcua.heard import (
    after_request,
    after_response,
    length_of,
    localized,
    node,
    octets,
    service_of,
    string,
    strings,
)
from protocols.opcua.heard_values import CREATE_ITEMS, VALUE, monitored, recall, remember, values
from protocols.passive import OTHER, READ, WRITE, Passive, Use

PORT = 4840
KINDS = (b"HEL", b"ACK", b"ERR", b"RHE", b"OPN", b"CLO", b"MSG")
LIMIT = 1 << 20
REQUESTS = {422: ("find servers", OTHER), 428: ("get endpoints", OTHER),
            461: ("create session", OTHER), 467: ("activate session", OTHER),
            527: ("browse", READ), 533: ("browse next", READ), 631: ("read", READ),
            664: ("history read", READ), 673: ("write", WRITE), 700: ("history update", WRITE),
            712: ("call", WRITE), 751: ("create monitored items", READ),
            787: ("create subscription", READ), 826: ("publish", READ)}  # fmt: skip
FIND_SERVERS, GET_ENDPOINTS, CREATE_REQUEST, CREATE_RESPONSE = 425, 431, 461, 464
APPLICATION = {0: "server", 1: "client", 2: "client and server", 3: "discovery server"}


def frame(data: bytes) -> int | None:
    """Length of the chunk."""
    if len(data) < 8:
        return None
    size = int.from_bytes(data[4:8], "little")
    if data[:3] not in KINDS or data[3:4] not in (b"F", b"C", b"A"):
        raise Foreign("expected an OPC UA message type")
    if not 8 <= size <= LIMIT:
        raise Garbled(f"an OPC UA chunk of {size} bytes")
    return size


def recognise(data: bytes) -> bool:
    """Whether the bytes begin with a chunk header that can be."""
    return (
        len(data) >= 8
        and data[:3] in KINDS
        and data[3:4] in (b"F", b"C", b"A")
        and 8 <= int.from_bytes(data[4:8], "little") <= LIMIT
    )


def _application(cursor: Cursor) -> list[Fact]:
    uri, product = string(cursor), string(cursor)
    name = localized(cursor)
    kind = cursor.u32()
    if kind not in APPLICATION:
        raise Garbled(f"an application type {kind}")
    string(cursor)
    string(cursor)
    strings(cursor)
    source = "OPC UA ApplicationDescription"
    return [
        Fact("application_uri", uri, source),
        Fact("product_uri", product, source),
        Fact("name", name, source),
    ]


def _endpoint(cursor: Cursor) -> list[Fact]:
    url = string(cursor)
    found = _application(cursor)
    found += certificate(octets(cursor))
    mode, policy = cursor.u32(), string(cursor)
    kinds = []
    for _ in range(length_of(cursor, 32)):
        string(cursor)
        kinds.append(
            {0: "anonymous", 1: "user", 2: "certificate", 3: "token"}.get(cursor.u32(), "")
        )
        for _ in range(3):
            string(cursor)
    string(cursor)
    cursor.skip(1)
    name = {1: "None", 2: "Sign", 3: "SignAndEncrypt"}.get(mode, str(mode))
    offer = f"{policy.rpartition('#')[2]} {name} {'+'.join(dict.fromkeys(kinds))}".strip()
    source = "OPC UA EndpointDescription"
    return [*found, Fact("endpoint_url", url, source), Fact("security", offer, source)]


def certificate(raw: bytes) -> list[Fact]:
    """Digest, subject, issuer and validity of a DER certificate (the first of a chain)."""
    if not raw:
        return []
    source = "certificate overheard"
    found = [Fact("certificate", hashlib.sha256(raw).hexdigest(), source)]
    from cryptography import x509

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old certificates: outdated, and still what is there
            parsed = x509.load_der_x509_certificate(raw)
            return [
                *found,
                Fact("certificate.subject", _name(parsed.subject.rfc4514_string()), source),
                Fact("certificate.issuer", _name(parsed.issuer.rfc4514_string()), source),
                Fact("certificate.not_before", parsed.not_valid_before_utc.isoformat(), source),
                Fact("certificate.not_after", parsed.not_valid_after_utc.isoformat(), source),
            ]
    except (ValueError, OverflowError, x509.InvalidVersion):
        return found


def _name(value: str) -> str:
    return text(value.encode(errors="replace"))


def uses(data: bytes) -> tuple[Use, ...]:
    """What a request asks for; nodes of reads, writes and monitored items."""
    if (service := service_of(data)) is None:
        return ()
    kind, cursor = service
    if kind not in REQUESTS:
        return ()
    name, what = REQUESTS[kind]
    if kind == CREATE_ITEMS:
        items = [item for item, attribute in monitored(data).values() if attribute == VALUE]
        return tuple(Use(name, what, item) for item in items[:64]) or (Use(name, what),)
    if kind not in (631, 673):
        return (Use(name, what),)
    after_request(cursor)
    cursor.skip(12 if kind == 631 else 0)
    found = []
    for _ in range(length_of(cursor, 64)):
        item = node(cursor)
        attribute = cursor.u32()
        found.append(Use(name, what, item if attribute == 13 else ""))
        string(cursor)
        if kind == 673:
            break  # the value's length depends on its type
        cursor.skip(2)
        string(cursor)
    return tuple(dict.fromkeys(found)) or (Use(name, what),)


def _hello(data: bytes) -> list[Fact]:
    cursor = Cursor(data, 28, "little")
    return [Fact("endpoint_url", string(cursor), "OPC UA Hello")]


def _channel(data: bytes) -> list[Fact]:
    cursor = Cursor(data, 12, "little")
    policy = string(cursor)
    found = certificate(octets(cursor))
    offer = Fact("security", f"{policy.rpartition('#')[2]} channel", "OPC UA OpenSecureChannel")
    return [*found, offer] if policy.startswith("http://opcfoundation.org/") else found


def _answer(kind: int, cursor: Cursor) -> list[Fact]:
    if not after_response(cursor):
        return []
    if kind == CREATE_RESPONSE:
        node(cursor)
        node(cursor)
        cursor.skip(8)
        octets(cursor)
        found = certificate(octets(cursor))
    else:
        found = []
    for _ in range(length_of(cursor, 32)):
        found += _application(cursor) if kind == FIND_SERVERS else _endpoint(cursor)
        if kind == FIND_SERVERS:
            break  # the first is the server itself, the others are servers that it knows
    return found


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """What this message says of the server, or (CreateSession) of the client."""
    data = segment.payload
    place, operation, found = segment.source, "", []
    if data[:3] == b"HEL":
        place, operation, found = segment.destination, "hello", _hello(data)
    elif data[:3] == b"OPN":
        service = service_of(data)
        answer = service is None or service[0] == 449
        operation = "channel" if answer else "client_channel"
        found = _channel(data)
        if service is None:
            return ()  # encrypted: whose certificate it is shows in the pair
    elif (known := service_of(data)) is not None:
        kind, cursor = known
        if kind in (FIND_SERVERS, GET_ENDPOINTS, CREATE_RESPONSE):
            operation, found = "endpoints", _answer(kind, cursor)
        elif kind == CREATE_REQUEST:
            after_request(cursor)
            operation, found = "client", _application(cursor)
    kept = tuple(dict.fromkeys(fact for fact in found if fact.value))
    return (Overheard(place, Question("opcua", operation), kept),) if kept else ()


def pair(asked: Segment, answer: Segment) -> tuple[Overheard, ...]:
    """An encrypted channel: the certificates of both sides."""
    if asked.payload[:3] != b"OPN" or answer.payload[:3] != b"OPN":
        return ()
    if service_of(answer.payload) is not None:
        return ()
    return (
        Overheard(answer.source, Question("opcua", "channel"), tuple(_channel(answer.payload))),
        Overheard(
            asked.source, Question("opcua", "client_channel"), tuple(_channel(asked.payload))
        ),
    )


def alike(data: bytes) -> bytes:
    """Type, service and, for requests on nodes, what stands at the end."""
    if data[:3] != b"MSG":
        return data[:3] + (data[12:64] if data[:3] == b"OPN" else b"")
    kind = int.from_bytes(data[26:28], "little")
    tail = data[-24:] if kind in (631, 673, 527, CREATE_ITEMS) else b""
    return data[3:4] + data[24:28] + tail


def whole(held: bytearray, chunk: bytes) -> bytes:
    """Adds a chunk to what is held of its message; the message, once it is there (10000-6, 6.7.2).

    A gap in the sequence numbers, another request or an abort ends what was held.
    """
    if chunk[:3] != b"MSG" or len(chunk) < 24:
        return chunk
    if held and held[20:24] != chunk[20:24]:
        held.clear()
    gap = held and _number(held) + 1 != _number(chunk)
    if gap or chunk[3:4] == b"A":
        held.clear()
        return b""
    if not held and chunk[3:4] == b"F":
        return chunk
    held += chunk[24:] if held else chunk
    held[16:20] = chunk[16:20]
    if chunk[3:4] == b"C":
        return b""
    held[3:4] = b"F"
    held[4:8] = len(held).to_bytes(4, "little")
    message = bytes(held)
    held.clear()
    return message


def _number(chunk: bytes | bytearray) -> int:
    return int.from_bytes(chunk[16:20], "little")


def side(data: bytes) -> str:
    """Who speaks, by the opening messages and the service."""
    if data[:3] in (b"HEL", b"CLO"):
        return "client"
    if data[:3] in (b"ACK", b"ERR"):
        return "server"
    if data[:3] == b"MSG" and data[24:26] == b"\1\0":
        return "client" if int.from_bytes(data[26:28], "little") in REQUESTS else ""
    return ""


PASSIVE = Passive(
    "opcua",
    "OPC UA",
    decode,
    ports=(PORT,),
    frame=frame,
    pair=pair,
    uses=uses,
    alike=alike,
    values=values,
    remember=remember,
    recall=recall,
    whole=whole,
    recognise=recognise,
    proof=recognise,
    side=side,
    least=8,
)
