"""OPC UA binary as overheard: applications, endpoints, certificates, and who reads which nodes.

    type 3 · chunk 1 · size 4 · [channel 4 · policy, certificate, thumbprint · sequence 4 ·
    request 4 · type id 4 · body] (little-endian)

Source: OPC 10000-6, 6.7 and 7.1; 10000-4, 5.4, 5.5, 5.6. Under encryption only what the opening
of the channel shows in clear is read. Messages of more than one chunk are counted only.
"""

from __future__ import annotations

import hashlib
import warnings

from protocols._cursor import Cursor, text
from protocols.contract import Fact, Foreign, Garbled, Overheard, Point, Question, Segment
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
READ_REQUEST, READ_RESPONSE, VALUE, NAMESPACES, MOST_READ = 631, 634, 13, "i=2255", 1000
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


def _bytes(cursor: Cursor) -> bytes:
    length = cursor.u32()
    return b"" if length == 0xFFFFFFFF else cursor.take(length)


def _string(cursor: Cursor) -> str:
    return text(_bytes(cursor))


def _localized(cursor: Cursor) -> str:
    mask = cursor.u8()
    if mask & 1:
        _bytes(cursor)
    return _string(cursor) if mask & 2 else ""


def _strings(cursor: Cursor) -> list[str]:
    count = cursor.u32()
    return [] if count == 0xFFFFFFFF else [_string(cursor) for _ in range(min(count, 64))]


def node(cursor: Cursor) -> str:
    """A NodeId as text (10000-6, 5.2.2.9)."""
    form = cursor.u8() & 0x3F
    if form == 0:
        return f"i={cursor.u8()}"
    if form == 1:
        return f"ns={cursor.u8()};i={cursor.u16()}"
    space = cursor.u16()
    prefix = f"ns={space};" if space else ""
    if form == 2:
        return f"{prefix}i={cursor.u32()}"
    if form == 3:
        return f"{prefix}s={_string(cursor)}"
    if form == 4:
        return f"{prefix}g={cursor.take(16).hex()}"
    if form == 5:
        return f"{prefix}b={_bytes(cursor).hex()}"
    raise Garbled(f"a NodeId of form {form}")


def _application(cursor: Cursor) -> list[Fact]:
    uri, product = _string(cursor), _string(cursor)
    name = _localized(cursor)
    kind = cursor.u32()
    if kind not in APPLICATION:
        raise Garbled(f"an application type {kind}")
    _string(cursor)
    _string(cursor)
    _strings(cursor)
    source = "OPC UA ApplicationDescription"
    return [
        Fact("application_uri", uri, source),
        Fact("product_uri", product, source),
        Fact("name", name, source),
    ]


def _endpoint(cursor: Cursor) -> list[Fact]:
    url = _string(cursor)
    found = _application(cursor)
    found += certificate(_bytes(cursor))
    mode, policy = cursor.u32(), _string(cursor)
    kinds = []
    count = cursor.u32()
    for _ in range(0 if count == 0xFFFFFFFF else min(count, 32)):
        _string(cursor)
        kinds.append(
            {0: "anonymous", 1: "user", 2: "certificate", 3: "token"}.get(cursor.u32(), "")
        )
        for _ in range(3):
            _string(cursor)
    _string(cursor)
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


def _service(data: bytes) -> tuple[int, Cursor] | None:
    """(type id, cursor behind it) of a clear message of one chunk."""
    if data[:3] not in (b"MSG", b"OPN") or data[3:4] != b"F":
        return None
    cursor = Cursor(data, 12, "little")
    if data[:3] == b"OPN":
        for _ in range(3):
            _bytes(cursor)
    else:
        cursor.skip(4)
    cursor.skip(8)
    if cursor.left < 4 or cursor.data[cursor.position : cursor.position + 2] != b"\1\0":
        return None
    cursor.skip(2)
    return cursor.u16(), cursor


def _extra(cursor: Cursor) -> None:
    """Pass over an ExtensionObject."""
    node(cursor)
    if cursor.u8():
        _bytes(cursor)


def _after_request(cursor: Cursor) -> None:
    node(cursor)
    cursor.skip(16)
    _string(cursor)
    cursor.skip(4)
    _extra(cursor)


def _after_response(cursor: Cursor) -> bool:
    """Whether the result is good and the body follows."""
    cursor.skip(12)
    status = cursor.u32()
    if cursor.u8():
        return False  # diagnostics are not read
    _strings(cursor)
    _extra(cursor)
    return not status & 0x80000000


def uses(data: bytes) -> tuple[Use, ...]:
    """What a request asks for; nodes of reads, writes and monitored items."""
    if (service := _service(data)) is None:
        return ()
    kind, cursor = service
    if kind not in REQUESTS:
        return ()
    name, what = REQUESTS[kind]
    if kind not in (631, 673):
        return (Use(name, what),)
    _after_request(cursor)
    cursor.skip(12 if kind == 631 else 0)
    count = cursor.u32()
    found = []
    for _ in range(min(count, 64) if count != 0xFFFFFFFF else 0):
        item = node(cursor)
        attribute = cursor.u32()
        found.append(Use(name, what, item if attribute == 13 else ""))
        _string(cursor)
        if kind == 673:
            break  # the value's length depends on its type
        cursor.skip(2)
        _string(cursor)
    return tuple(dict.fromkeys(found)) or (Use(name, what),)


def _hello(data: bytes) -> list[Fact]:
    cursor = Cursor(data, 28, "little")
    return [Fact("endpoint_url", _string(cursor), "OPC UA Hello")]


def _channel(data: bytes) -> list[Fact]:
    cursor = Cursor(data, 12, "little")
    policy = _string(cursor)
    found = certificate(_bytes(cursor))
    offer = Fact("security", f"{policy.rpartition('#')[2]} channel", "OPC UA OpenSecureChannel")
    return [*found, offer] if policy.startswith("http://opcfoundation.org/") else found


def _answer(kind: int, cursor: Cursor) -> list[Fact]:
    if not _after_response(cursor):
        return []
    if kind == CREATE_RESPONSE:
        node(cursor)
        node(cursor)
        cursor.skip(8)
        _bytes(cursor)
        found = certificate(_bytes(cursor))
    else:
        found = []
    for _ in range(min(cursor.u32(), 32)):
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
        service = _service(data)
        answer = service is None or service[0] == 449
        operation = "channel" if answer else "client_channel"
        found = _channel(data)
        if service is None:
            return ()  # encrypted: whose certificate it is shows in the pair
    elif (known := _service(data)) is not None:
        kind, cursor = known
        if kind in (FIND_SERVERS, GET_ENDPOINTS, CREATE_RESPONSE):
            operation, found = "endpoints", _answer(kind, cursor)
        elif kind == CREATE_REQUEST:
            _after_request(cursor)
            operation, found = "client", _application(cursor)
    kept = tuple(dict.fromkeys(fact for fact in found if fact.value))
    return (Overheard(place, Question("opcua", operation), kept),) if kept else ()


def pair(asked: Segment, answer: Segment) -> tuple[Overheard, ...]:
    """An encrypted channel: the certificates of both sides."""
    if asked.payload[:3] != b"OPN" or answer.payload[:3] != b"OPN":
        return ()
    if _service(answer.payload) is not None:
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
    tail = data[-24:] if kind in (631, 673, 527) else b""
    return data[3:4] + data[24:28] + tail


def side(data: bytes) -> str:
    """Who speaks, by the opening messages and the service."""
    if data[:3] in (b"HEL", b"CLO"):
        return "client"
    if data[:3] in (b"ACK", b"ERR"):
        return "server"
    if data[:3] == b"MSG" and data[24:26] == b"\1\0":
        return "client" if int.from_bytes(data[26:28], "little") in REQUESTS else ""
    return ""


def _asked(data: bytes) -> list[tuple[str, int]]:
    """(node, attribute) of each item of a Read request, as many as are looked at."""
    if (service := _service(data)) is None or service[0] != READ_REQUEST:
        return []
    cursor = service[1]
    _after_request(cursor)
    cursor.skip(12)
    count, found = cursor.u32(), []
    for _ in range(0 if count == 0xFFFFFFFF else count):
        found.append((node(cursor), cursor.u32()))
        _string(cursor)
        cursor.skip(2)
        _string(cursor)
        if len(found) > MOST_READ:
            return []
    return found


def values(asked: Segment | None, answer: Segment) -> tuple[Overheard, ...]:
    """The values, names and namespaces in the answer to a Read (10000-4, 5.11.2).

    Question and answer belong together by channel and request id (10000-6, 6.7.2.4).
    """
    data = answer.payload
    if asked is None or asked.payload[8:12] != data[8:12] or asked.payload[20:24] != data[20:24]:
        return ()
    if (service := _service(data)) is None or service[0] != READ_RESPONSE:
        return ()
    wanted = _asked(asked.payload)
    if not wanted or not _after_response(service[1]):
        return ()
    from protocols.opcua.binary import Cursor as Strict
    from protocols.opcua.numbers import DATA_TYPES
    from protocols.opcua.values import sample_of

    cursor = Strict(data[service[1].position :])
    found = cursor.array(cursor.data_value, 1, 8)
    if len(found) != len(wanted):
        raise Garbled(f"expected {len(wanted)} values, got {len(found)}")
    points, samples, facts = [], [], []
    for (item, attribute), value in zip(wanted, found, strict=True):
        if item == NAMESPACES and value.variant is not None:
            facts += [
                Fact("namespace", f"{number}={text(uri.encode())}", "OPC UA NamespaceArray")
                for number, uri in enumerate(value.variant.values)
                if isinstance(uri, str)
            ]
        elif attribute == VALUE and not item.startswith("i="):  # namespace 0 is about the server
            sample = sample_of(item, value, answer.time)
            if sample is not None:
                samples.append(sample)
                kind = DATA_TYPES.get(value.variant.type, "") if value.variant else ""
                points.append(Point(item, _called(item), _path(item), type=kind, access="r"))
    told = Question("opcua", "values")
    if not (samples or facts):
        return ()
    return (Overheard(answer.source, told, tuple(facts), tuple(points), tuple(samples)),)


def _steps(item: str) -> list[str]:
    """The parts of a text identifier that engineers write as a path, with the sign that is the
    coarsest there: "PLC-7.Pump1.Flow", "press-7.plc/Flow", "Line|PLC.Flow"."""
    path = item.partition(";s=")[2]
    sign = next((one for one in "/|." if one in path), ".")
    return [text(step.strip('"').encode()) for step in path.split(sign)]


def _called(item: str) -> str:
    """What the engineer called a node of a text identifier; the last part of its path."""
    return _steps(item)[-1]


def _path(item: str) -> str:
    """Where the node stands, by its text identifier: who its values come from, often."""
    return "/".join(_steps(item)[:-1])


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
    recognise=recognise,
    proof=recognise,
    side=side,
    least=8,
)
