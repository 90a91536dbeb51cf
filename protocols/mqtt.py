"""MQTT as overheard: brokers, clients by name, topics, and Sparkplug nodes.

    type and flags 1 · remaining length 1-4 · [name 2+n · level 1 · flags 1 · keep alive 2 ·
    (v5 properties) · client id 2+n · …]

Source: OASIS MQTT 3.1.1 and 5.0, 2.2, 3.1, 3.3, 3.8; Eclipse Sparkplug 3.0, 4.1 (topics).
"""

from __future__ import annotations

from contextlib import suppress

from protocols._cursor import Cursor, text
from protocols.contract import Fact, Foreign, Garbled, Overheard, Point, Question, Segment
from protocols.passive import OTHER, READ, Passive, Use, overheard

CONNECT, CONNACK, PUBLISH, SUBSCRIBE = 1, 2, 3, 8
LIMIT = 1 << 20
PORT, SPARKPLUG = 1883, "spBv1.0"
BIRTHS = frozenset({"NBIRTH", "NDATA", "DBIRTH"})
LIFE = frozenset({b"\xc0\0", b"\xd0\0"})  # PINGREQ and PINGRESP


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


def under_way(data: bytes) -> bool:
    """A connection that was there before the capture began: whole packets that fill the segment,
    the first a PUBLISH with a topic, or a sign of life."""
    if recognise(data) or data in LIFE:
        return True
    published = bool(data) and data[0] >> 4 == PUBLISH
    return published and _whole(data) and bool(_named(data))


def _whole(data: bytes) -> bool:
    """Whether control packets fill the bytes."""
    place = 0
    with suppress(Foreign):
        while place < len(data) and (found := _length(data[place : place + 5])):
            place += sum(found)
    return place == len(data)


def _named(data: bytes) -> str:
    """The topic of a PUBLISH as far as it is one: printable, without wildcards; else ""."""
    with suppress(Garbled, Foreign):
        name = topic(data)
        return name if name.isprintable() and not set(name) & {"#", "+"} else ""
    return ""


def proof(data: bytes) -> bool:
    """On any port: a CONNECT by its protocol name, or a Sparkplug topic."""
    if data[:1] == b"\x10":
        return recognise(data)
    published = bool(data) and data[0] >> 4 == PUBLISH and under_way(data)
    return published and _named(data).startswith(SPARKPLUG)


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
    delivered = _from_the_broker(segment)
    broker = segment.source if delivered else segment.destination
    found = [
        Overheard(broker, Question("mqtt", "topics"), (), (Point(name, description="published"),))
    ]
    words = name.split("/")
    birth = len(words) >= 4 and words[0] == SPARKPLUG and words[2] in BIRTHS
    if birth and not delivered:  # what the broker hands on was said by another
        node = "/".join((words[1], words[3]))
        said = (Fact("name", node, "Sparkplug topic"), Fact("role", "gateway", "Sparkplug node"))
        found.append(overheard(segment.source, "sparkplug", said))
    return tuple(found)


def _from_the_broker(segment: Segment) -> bool:
    """Whether a PUBLISH is handed on: the broker's port is the known or the lower one."""
    ports = (segment.source_port, segment.destination_port)
    return ports[0] == PORT or (PORT not in ports and ports[0] < ports[1])


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
    ports=(PORT,),
    frame=frame,
    uses=uses,
    alike=alike,
    recognise=under_way,
    proof=proof,
    side=side,
    plant=False,
    least=2,
)
