"""SNMP messages as bytes: the three read requests out, one bounded answer in. Pure.

The rule that keeps it simple: a value is decoded only by who asked for its OID. `decode` splits an
answer into bindings (OID, tag, bytes) and matches it to its request; `value` reads one binding.
What is wrong with one binding costs that binding: it is handed on as `SPOILT`, without a value.

A v2c GetRequest (RFC 3416, 3; BER per X.690, 8.1):

    30 LL                     message
       02 01 01               version: 0 = v1, 1 = v2c
       04 LL community
       A0 LL                  PDU: A0 Get, A1 GetNext, A2 Response, A5 GetBulk
          02 LL request id
          02 01 00            error status (GetBulk: non-repeaters)
          02 01 00            error index  (GetBulk: max-repetitions)
          30 LL               bindings
             30 LL 06 LL oid 05 00

Real agents are tolerated in: long-form lengths that are not minimal, integers padded with zeros,
unsigned values of 32 bits in four bytes. Everything else that deviates is `Garbled`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from protocols.contract import Garbled, Stale

Oid = tuple[int, ...]
Plain = int | bytes | Oid | None

V1, V2C, V3 = 0, 1, 3
INTEGER, OCTETS, NULL, OBJECT_ID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
# RFC 2578, 7.1: application types
IP_ADDRESS, COUNTER32, GAUGE32, TIME_TICKS, OPAQUE, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
# RFC 3416, 3: exceptions of a binding
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 0x80, 0x81, 0x82
SPOILT = 0x00  # ours (BER reserves it): a binding that is malformed or answers another question
MISSING = frozenset({NULL, NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW})
GET, GET_NEXT, RESPONSE, GET_BULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA5, 0xA8
# RFC 3416, 3: error status
NO_ERROR, TOO_BIG, NO_SUCH_NAME, GEN_ERR, NO_ACCESS, AUTHORIZATION = 0, 1, 2, 5, 6, 16

MOST_REPETITIONS = 25
MOST_BINDINGS = 2_048
MOST_ARCS = 128  # RFC 2578, 3.5
_UNSIGNED = frozenset({COUNTER32, GAUGE32, TIME_TICKS, COUNTER64})
_TYPES = {
    INTEGER: "INTEGER",
    OCTETS: "OCTET STRING",
    OBJECT_ID: "OBJECT IDENTIFIER",
    IP_ADDRESS: "IpAddress",
    COUNTER32: "Counter32",
    GAUGE32: "Gauge32",
    TIME_TICKS: "TimeTicks",
    OPAQUE: "Opaque",
    COUNTER64: "Counter64",
}


@dataclass(frozen=True, slots=True)
class Binding:
    """One OID and what the agent put beside it, undecoded."""

    oid: Oid
    tag: int
    content: bytes

    @property
    def missing(self) -> bool:
        """No value: null, noSuchObject, noSuchInstance or endOfMibView."""
        return self.tag in MISSING

    @property
    def spoilt(self) -> bool:
        """A value came and cannot be believed; the OID is () where that was the matter."""
        return self.tag == SPOILT

    @property
    def type(self) -> str:
        """The SMI name of the value's type, or "" for one that SNMP does not have."""
        return _TYPES.get(self.tag, "")


@dataclass(frozen=True, slots=True)
class Response:
    """A matched answer, one binding for each that was asked; none with an `error_status`.

    A binding is sound, missing or spoilt; at least one has a name that answers what was asked.
    """

    bindings: tuple[Binding, ...]
    error_status: int = 0
    error_index: int = 0


@dataclass(frozen=True, slots=True)
class Pdu:
    """A decoded PDU; for GetBulk the two numbers are non-repeaters and max-repetitions."""

    kind: int
    request_id: int
    first: int
    second: int
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A decoded v1 or v2c message."""

    version: int
    community: bytes
    pdu: Pdu


def oid(text: str) -> Oid:
    """The arcs of a dotted OID; a leading dot is allowed."""
    return tuple(int(arc) for arc in text.strip(".").split("."))


def dotted(arcs: Oid) -> str:
    """The usual writing of an OID."""
    return ".".join(map(str, arcs))


# ---- out


def tlv(tag: int, content: bytes) -> bytes:
    """One BER element with the shortest definite length."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def encode_integer(number: int, tag: int = INTEGER) -> bytes:
    """A signed integer in the fewest bytes."""
    size = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return tlv(tag, number.to_bytes(size, "big", signed=True))


@lru_cache(maxsize=4_096)
def encode_oid(arcs: Oid) -> bytes:
    """An OID (X.690, 8.19); raises ValueError for arcs that cannot be written."""
    if len(arcs) < 2 or arcs[0] > 2 or (arcs[0] < 2 and arcs[1] > 39) or min(arcs) < 0:
        raise ValueError(f"not an object identifier: {dotted(arcs)}")
    content = bytearray()
    for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        content.extend(reversed(groups))
    return tlv(OBJECT_ID, bytes(content))


@lru_cache(maxsize=64)
def encode_tail(oids: tuple[Oid, ...], first: int, second: int) -> bytes:
    """What follows the request id in a request: the same for every address of a sweep."""
    bindings = b"".join(tlv(SEQUENCE, encode_oid(arcs) + b"\x05\x00") for arcs in oids)
    return encode_integer(first) + encode_integer(second) + tlv(SEQUENCE, bindings)


def encode_pdu(kind: int, request_id: int, oids: tuple[Oid, ...], first: int, second: int) -> bytes:
    """A request PDU whose bindings are null."""
    return tlv(kind, encode_integer(request_id) + encode_tail(oids, first, second))


def encode_request(
    version: int,
    community: bytes,
    kind: int,
    request_id: int,
    oids: tuple[Oid, ...],
    non_repeaters: int = 0,
    repetitions: int = 0,
) -> bytes:
    """A v1 or v2c request; the last two numbers are GetBulk's."""
    tail = encode_tail(oids, non_repeaters, repetitions)
    return encode_with(version, community, kind, request_id, tail)


def encode_with(version: int, community: bytes, kind: int, request_id: int, tail: bytes) -> bytes:
    """A v1 or v2c request around what follows its request id."""
    pdu = tlv(kind, encode_integer(request_id) + tail)
    return tlv(SEQUENCE, encode_integer(version) + tlv(OCTETS, community) + pdu)


# ---- in


def element(data: bytes, start: int, end: int) -> tuple[int, int, int]:
    """Tag, first content byte and end of the element at `start`; raises `Garbled`."""
    if start + 2 > end:
        raise Garbled(f"expected an element at byte {start}, got the end at {end}")
    tag, length, position = data[start], data[start + 1], start + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4 or position + size > end:
            raise Garbled(f"expected a definite length at byte {start + 1}, got 0x{length:02X}")
        length = int.from_bytes(data[position : position + size], "big")
        position += size
    if position + length > end:
        raise Garbled(f"expected {length} bytes at {position}, got {end - position}")
    return tag, position, position + length


def inside(data: bytes, start: int, end: int, tag: int) -> tuple[int, int]:
    """Bounds of the content of an element that must carry `tag`; raises `Garbled`."""
    found, first, last = element(data, start, end)
    if found != tag:
        raise Garbled(f"expected tag 0x{tag:02X} at byte {start}, got 0x{found:02X}")
    return first, last


def integer(data: bytes, start: int, end: int) -> tuple[int, int]:
    """A signed integer of at most eight bytes and the position behind it; raises `Garbled`."""
    first, last = inside(data, start, end, INTEGER)
    return _number(data[first:last], signed=True), last


def _number(content: bytes, *, signed: bool) -> int:
    if not 1 <= len(content) <= 9:
        raise Garbled(f"expected an integer of 1 to 9 bytes, got {len(content)}")
    return int.from_bytes(content, "big", signed=signed)


@lru_cache(maxsize=4_096)
def decode_oid(content: bytes) -> Oid:
    """The arcs of an OID's content; raises `Garbled` for cut, padded or too long ones."""
    if not content or len(content) > 5 * MOST_ARCS or content[-1] & 0x80:
        raise Garbled(f"expected an object identifier, got {len(content)} bytes")
    arcs: list[int] = []
    arc = 0
    for byte in content:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
        elif arc > 0x1FFFFFF:
            raise Garbled("expected arcs below 2^32 in an object identifier")
    if len(arcs) >= MOST_ARCS or max(arcs) > 0xFFFF_FFFF:
        raise Garbled("expected at most 128 arcs below 2^32 in an object identifier")
    root = min(arcs[0] // 40, 2)
    return (root, arcs[0] - 40 * root, *arcs[1:])


def _bindings(data: bytes, start: int, end: int, *, answer: bool) -> tuple[Binding, ...]:
    first, last = inside(data, start, end, SEQUENCE)
    if last != end:
        raise Garbled(f"expected the PDU to end at byte {last}, got {end}")
    found: list[Binding] = []
    while first < last:
        begin, after = inside(data, first, last, SEQUENCE)
        if len(found) >= MOST_BINDINGS:
            raise Garbled(f"expected at most {MOST_BINDINGS} bindings")
        try:
            found.append(_binding(data, begin, after))
        except Garbled:
            if not answer:
                raise
            found.append(_UNREADABLE)
        first = after
    return tuple(found)


def _binding(data: bytes, begin: int, end: int) -> Binding:
    name, value_at = inside(data, begin, end, OBJECT_ID)
    tag, content, stop = element(data, value_at, end)
    if stop != end:
        raise Garbled(f"expected one value in the binding at byte {begin}")
    return Binding(decode_oid(data[name:value_at]), tag, data[content:stop])


def decode_pdu(data: bytes, start: int, end: int) -> Pdu:
    """The PDU that fills `start` to `end`; raises `Garbled`.

    A binding of an answer that cannot be read within its own bounds is spoilt, and no other.
    """
    kind, position, last = element(data, start, end)
    if last != end:
        raise Garbled(f"expected the message to end at byte {last}, got {end}")
    request_id, position = integer(data, position, last)
    first, position = integer(data, position, last)
    second, position = integer(data, position, last)
    bindings = _bindings(data, position, last, answer=kind == RESPONSE)
    return Pdu(kind, request_id, first, second, bindings)


def decode_version(data: bytes) -> tuple[int, int, int]:
    """Version, position behind it and end of the message; raises `Garbled`."""
    start, end = inside(data, 0, len(data), SEQUENCE)
    if end != len(data):
        raise Garbled(f"expected a message of {end} bytes, got {len(data)}")
    version, position = integer(data, start, end)
    return version, position, end


def decode_message(data: bytes) -> Message:
    """A whole v1 or v2c message; raises `Garbled`."""
    version, position, end = decode_version(data)
    if version not in (V1, V2C):
        raise Garbled(f"expected version 0 or 1, got {version}")
    first, last = inside(data, position, end, OCTETS)
    return Message(version, data[first:last], decode_pdu(data, last, end))


def decode_response(
    data: bytes,
    version: int,
    kind: int,
    request_id: int,
    oids: tuple[Oid, ...],
) -> Response:
    """The answer to the request that the other arguments describe.

    Raises `Stale` for another request's answer and `Garbled` for anything that is no answer to
    this one: other version or PDU, nothing but OIDs never asked or not increasing in a walk.
    """
    message = decode_message(data)
    if message.version != version and message.pdu.request_id == request_id:
        raise Garbled(f"expected version {version}, got {message.version}")
    return match(message.pdu, kind, request_id, oids)


def match(pdu: Pdu, kind: int, request_id: int, oids: tuple[Oid, ...]) -> Response:
    """The same for a PDU of any version, out of its message."""
    if pdu.kind != RESPONSE:
        raise Garbled(f"expected a Response (0xA2), got 0x{pdu.kind:02X}")
    if pdu.request_id != request_id:
        raise Stale(f"expected request id {request_id}, got {pdu.request_id}")
    if pdu.first:
        if not 0 < pdu.first <= 18 or not 0 <= pdu.second <= len(oids):
            raise Garbled(f"expected an error status up to 18, got {pdu.first} at {pdu.second}")
        return Response((), pdu.first, pdu.second)
    if not pdu.bindings or (kind != GET_BULK and len(pdu.bindings) != len(oids)):
        raise Garbled(f"expected {len(oids)} bindings, got {len(pdu.bindings)}")
    matched = tuple((_asked if kind == GET else _increasing)(pdu.bindings, oids))
    if all(binding.spoilt for binding in matched):
        raise Garbled(f"expected OIDs {_WANTED[kind == GET]}, got others")
    return Response(tuple(b if _is_sound(b) else Binding(b.oid, SPOILT, b"") for b in matched))


_WANTED = {True: "that were asked", False: "after those asked, growing"}
_UNREADABLE = Binding((), SPOILT, b"")


def _asked(bindings: tuple[Binding, ...], oids: tuple[Oid, ...]) -> Iterator[Binding]:
    """Each binding where it answers what was asked at its place; spoilt where it does not."""
    for binding, asked in zip(bindings, oids, strict=True):
        yield binding if binding.oid == asked else Binding(asked, SPOILT, b"")


def _increasing(bindings: tuple[Binding, ...], oids: tuple[Oid, ...]) -> Iterator[Binding]:
    """Each column's OIDs grow from the one asked: the loop guard. One that loops is spoilt."""
    loops = tuple(_loops(bindings[at :: len(oids)], asked) for at, asked in enumerate(oids))
    for position, binding in enumerate(bindings):
        yield _UNREADABLE if loops[position % len(oids)] else binding


def _loops(column: tuple[Binding, ...], last: Oid) -> bool:
    for binding in column:
        if binding.tag == END_OF_MIB_VIEW or binding.spoilt:
            continue  # RFC 3416, 4.2.2: the name of the former is the one asked
        if binding.oid <= last:
            return True
        last = binding.oid
    return False


def _is_sound(binding: Binding) -> bool:
    try:
        value(binding)
    except Garbled:
        return False
    return not binding.spoilt


def value(binding: Binding) -> Plain:
    """The value of one binding; None where it has none. Raises `Garbled` for a malformed one."""
    tag, content = binding.tag, binding.content
    if tag in MISSING or tag == SPOILT:
        return None
    if tag == INTEGER:
        return _number(content, signed=True)
    if tag in _UNSIGNED:
        return _number(content, signed=False)
    if tag == OBJECT_ID:
        return decode_oid(content)
    if tag in (OCTETS, OPAQUE):
        return content
    if tag == IP_ADDRESS and len(content) == 4:
        return content
    raise Garbled(f"expected a value of an SNMP type, got tag 0x{tag:02X} of {len(content)} bytes")
