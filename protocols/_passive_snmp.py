"""SNMP as overheard: who asks which objects, and what an agent says of itself.

    SEQUENCE { version, community, PDU { request id, status, index, { { OID, value } … } } }
    v3: SEQUENCE { version, { id, size, flags, model }, OCTET STRING { engine id, boots, … }, … }

Source: RFC 1157, RFC 3416 (PDUs), RFC 3412, 6 and RFC 3414, 2.4 (v3). The community is a secret
and is never handed on.
"""

from __future__ import annotations

from protocols import _ber
from protocols._cursor import Cursor, text
from protocols.contract import Fact, Garbled, Overheard, Segment
from protocols.passive import OTHER, READ, WRITE, Passive, Use, overheard

PORT = 161
PDUS = {0xA0: ("get", READ), 0xA1: ("get next", READ), 0xA5: ("get bulk", READ),
        0xA3: ("set", WRITE)}  # fmt: skip
ANSWER, TRAP_V1, TRAP_V2, INFORM = 0xA2, 0xA4, 0xA7, 0xA6
SYSTEM = "1.3.6.1.2.1.1."
NAMES = {"1.0": "description", "2.0": "object_id", "4.0": "contact", "5.0": "name",
         "6.0": "location"}  # fmt: skip
NOT_A_REAL_OID = 128


def element(cursor: Cursor) -> tuple[int, Cursor]:
    """One BER element: its tag, and a cursor over its value."""
    tag, value = _ber.element(cursor)
    return tag, Cursor(value)


def oid(raw: bytes) -> str:
    """An object identifier as dotted text."""
    if not raw or len(raw) > NOT_A_REAL_OID:
        raise Garbled(f"an object identifier of {len(raw)} bytes")
    numbers = [min(raw[0] // 40, 2), 0]
    numbers[1] = raw[0] - 40 * numbers[0]
    value = 0
    for byte in raw[1:]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    return ".".join(map(str, numbers))


def _pdu(data: bytes) -> tuple[int, Cursor] | None:
    """The PDU of a v1 or v2c message; None for v3."""
    tag, body = element(Cursor(data))
    if tag != 0x30:
        raise Garbled(f"expected a sequence, got tag 0x{tag:02x}")
    version = element(body)[1].rest()
    if version not in (b"\0", b"\1"):
        return None
    element(body)
    return element(body)


def _bindings(pdu: Cursor) -> list[tuple[str, int, bytes]]:
    for _ in range(3):
        element(pdu)
    _, rows = element(pdu)
    found: list[tuple[str, int, bytes]] = []
    while rows.left and len(found) < 64:
        _, row = element(rows)
        name = oid(element(row)[1].rest())
        tag, value = element(row)
        found.append((name, tag, value.rest()))
    return found


def uses(data: bytes) -> tuple[Use, ...]:
    """What a request asks for, by object."""
    if (pdu := _pdu(data)) is None:
        return (Use("v3 request", OTHER),)
    tag, body = pdu
    if tag not in PDUS:
        return ()
    name, kind = PDUS[tag]
    return tuple(Use(name, kind, row[0]) for row in _bindings(body)[:32])


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """The system group in an answer, the engine id in a v3 answer."""
    if segment.source_port != PORT:
        return ()
    if (pdu := _pdu(segment.payload)) is None:
        return _engine(segment)
    tag, body = pdu
    if tag != ANSWER:
        return ()
    found: list[Fact] = []
    for name, kind, value in _bindings(body):
        fact = NAMES.get(name.removeprefix(SYSTEM)) if name.startswith(SYSTEM) else None
        if fact == "object_id" and kind == 6:
            identifier = oid(value)
            found.append(Fact(fact, identifier, "SNMP sysObjectID"))
            if identifier.startswith("1.3.6.1.4.1."):
                number = int(identifier.split(".")[6])
                found.append(Fact("enterprise", number, "SNMP sysObjectID"))
        elif fact is not None and kind == 4:
            found.append(Fact(fact, text(value), f"SNMP system.{name.removeprefix(SYSTEM)}"))
    return (overheard(segment.source, "snmp", found, operation="system"),) if found else ()


def _engine(segment: Segment) -> tuple[Overheard, ...]:
    _, body = element(Cursor(segment.payload))
    element(body)
    element(body)
    _, security = element(body)
    if not security.left:
        return ()
    _, usm = element(security)
    engine = element(usm)[1].rest()
    if not 5 <= len(engine) <= 32:
        return ()
    facts = (Fact("engine_id", engine.hex(), "SNMPv3 answer"), Fact("security", "v3", "SNMPv3"))
    return (overheard(segment.source, "snmp", facts, operation="engine"),)


def alike(data: bytes) -> bytes:
    """The PDU without its request id; answers by their first object, but the system group whole."""
    try:
        pdu = _pdu(data)
        if pdu is None:
            return b"v3" + data[:2]
        tag, body = pdu
        element(body)
        rest = body.data[body.position :]
    except Garbled:
        return data[:8]
    if tag == ANSWER and b"\x2b\x06\x01\x02\x01\x01" not in rest:
        return bytes([tag]) + rest[8:16]
    return bytes([tag]) + rest


def side(data: bytes) -> str:
    """Who speaks, by the kind of PDU; v3 may hide it, and who reports asks nobody."""
    try:
        pdu = _pdu(data)
    except Garbled:
        return ""
    if pdu is None:
        return ""
    return "client" if pdu[0] in PDUS else "server" if pdu[0] == ANSWER else ""


def recognise(data: bytes) -> bool:
    """A BER sequence that fills the datagram and begins with a known version."""
    try:
        tag, body = element(Cursor(data))
        start = body.take(4)  # version and the tag behind it: a community, or the header of v3
        return tag == 0x30 and start in (b"\2\1\0\4", b"\2\1\1\4", b"\2\1\3\x30")
    except Garbled:
        return False


PASSIVE = Passive(
    "snmp",
    "SNMP",
    decode,
    transports=("udp",),
    ports=(PORT, 162),
    uses=uses,
    alike=alike,
    recognise=recognise,
    proof=recognise,
    side=side,
    plant=False,
    least=2,
)
