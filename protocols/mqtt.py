"""MQTT as overheard: brokers, clients by name, topics, and Sparkplug nodes.

    type and flags 1 · remaining length 1-4 · [name 2+n · level 1 · flags 1 · keep alive 2 ·
    (v5 properties) · client id 2+n · …]

Source: OASIS MQTT 3.1.1 and 5.0, 2.2, 3.1, 3.3, 3.8; Eclipse Sparkplug 3.0, 4.1 (topics).
"""

from __future__ import annotations

from protocols._cursor import Cursor, text
from protocols.contract import Fact, Foreign, Garbled, Overheard, Point, Question, Segment
from protocols.passive import OTHER, READ, Passive, Use, overheard

CONNECT, CONNACK, PUBLISH, SUBSCRIBE = 1, 2, 3, 8
LIMIT = 1 << 20


def _length(data: bytes) -> tuple[int, int] | None:
    """(bytes of the head, remaining length); None while undecidable."""
    value = 0
    for index in range(4):
        if len(data) < index + 2:
            return None
        value |= (data[index + 1] & 0x7F) << 7 * index
        if not data[index + 1] & 0x80:
            return index + 2, value
    raise Foreign("expected an MQTT length of at most four bytes")


def frame(data: bytes) -> int | None:
    """Length of the control packet."""
    if data[:1] and not data[0] >> 4:
        raise Foreign("expected an MQTT packet type")
    if (found := _length(data)) is None:
        return None
    if sum(found) > LIMIT:
        raise Garbled(f"an MQTT packet of {found[1]} bytes")
    return sum(found)


def recognise(data: bytes) -> bool:
    """A CONNECT by its protocol name, or a CONNACK."""
    if data[:2] in (b"\x20\x02",) and len(data) == 4:
        return data[2] <= 1 and data[3] <= 5
    return data[:1] == b"\x10" and (b"\0\4MQTT" in data[:12] or b"\0\6MQIsdp" in data[:14])


def _body(data: bytes) -> Cursor:
    found = _length(data)
    if found is None:
        raise Garbled("an MQTT packet without its length")
    return Cursor(data, found[0])


def _connect(cursor: Cursor) -> str:
    cursor.skip(cursor.u16())
    level = cursor.u8()
    cursor.skip(3)
    if level == 5:
        cursor.skip(cursor.u8())  # properties of at most 127 bytes
    return text(cursor.take(cursor.u16()))


def topic(data: bytes) -> str:
    """The topic of a PUBLISH; "" where an alias replaces it."""
    cursor = _body(data)
    return text(cursor.take(cursor.u16()))


def uses(data: bytes) -> tuple[Use, ...]:
    """Publishing hands data in, subscribing takes it out."""
    kind = data[0] >> 4
    if kind == PUBLISH:
        return (Use("publish", OTHER, topic(data)),)
    if kind == SUBSCRIBE:
        cursor = _body(data)
        cursor.skip(2)
        if cursor.left and cursor.data[cursor.position] == 0:
            with_properties = len(cursor.data) > cursor.position + 1
            if with_properties and cursor.data[cursor.position + 1] == 0:
                cursor.skip(1)
        return (Use("subscribe", READ, text(cursor.take(cursor.u16()))),)
    return (Use("connect", OTHER),) if kind == CONNECT else ()


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """A client's name at CONNECT; topics as points of the broker; Sparkplug nodes by topic."""
    data = segment.payload
    kind = data[0] >> 4
    if kind == CONNECT:
        facts = (Fact("name", _connect(_body(data)), "MQTT client id"),)
        return (overheard(segment.source, "mqtt", facts, operation="client"),)
    if kind != PUBLISH:
        return ()
    name = topic(data)
    if not name:
        return ()
    broker = segment.destination
    found = [
        Overheard(broker, Question("mqtt", "topics"), (), (Point(name, description="published"),))
    ]
    words = name.split("/")
    if words[0] == "spBv1.0" and len(words) >= 4 and words[2] in ("NBIRTH", "NDATA", "DBIRTH"):
        node = "/".join((words[1], words[3]))
        birth = (Fact("name", node, "Sparkplug topic"), Fact("role", "gateway", "Sparkplug node"))
        found.append(overheard(segment.source, "sparkplug", birth))
    return tuple(found)


def alike(data: bytes) -> bytes:
    """Type and topic; values are left out."""
    if data[0] >> 4 == PUBLISH:
        try:
            return data[:1] + topic(data).encode(errors="replace")
        except (Garbled, Foreign):
            return data[:8]
    return data[:1] + (data[1:256] if data[0] >> 4 in (CONNECT, SUBSCRIBE) else b"")


def side(data: bytes) -> str:
    """Who speaks: CONNECT, SUBSCRIBE and PINGREQ are the client's."""
    return {1: "client", 8: "client", 12: "client", 2: "server", 9: "server"}.get(data[0] >> 4, "")


PASSIVE = Passive(
    "mqtt",
    "MQTT",
    decode,
    ports=(1883,),
    frame=frame,
    uses=uses,
    alike=alike,
    recognise=recognise,
    proof=lambda data: data[:1] == b"\x10" and recognise(data),
    side=side,
    plant=False,
    least=2,
)
