"""Values that OPC UA clients read or are told of (subscriptions), as they are overheard.

    CreateMonitoredItems: subscription 4 · timestamps 4 · items: (node, attribute 4, range,
    encoding, mode 4, handle 4, sampling interval 8, filter, queue 4, discard 1) …
    Publish answer: subscription 4 · available … · more 1 · number 4 · time 8 · notifications …

Source: OPC 10000-4, 5.11.2 (Read), 5.13.2 (CreateMonitoredItems), 5.14.5 (Publish), 7.25.2
(DataChangeNotification).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from protocols._cursor import Cursor, text
from protocols.contract import Fact, Garbled, Overheard, Point, Question, Sample, Segment
from protocols.opcua.heard import (
    after_request,
    after_response,
    extra,
    length_of,
    node,
    octets,
    service_of,
    string,
)

if TYPE_CHECKING:
    from protocols.opcua.nodes import DataValue

READ_REQUEST, READ_RESPONSE, VALUE, NAMESPACES, MOST_READ = 631, 634, 13, "i=2255", 1000
CREATE_ITEMS, PUBLISHED, DATA_CHANGE = 751, 829, "i=811"
MOST = 1000  # items of a request, and notifications of an answer, that are looked at


def _asked(data: bytes) -> list[tuple[str, int]]:
    """(node, attribute) of each item of a Read request, as many as are looked at."""
    if (service := service_of(data)) is None or service[0] != READ_REQUEST:
        return []
    cursor = service[1]
    after_request(cursor)
    cursor.skip(12)
    found: list[tuple[str, int]] = []
    for _ in range(length_of(cursor)):
        found.append((node(cursor), cursor.u32()))
        string(cursor)
        cursor.skip(2)
        string(cursor)
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
    if (service := service_of(data)) is None or service[0] != READ_RESPONSE:
        return ()
    wanted = _asked(asked.payload)
    if not wanted or not after_response(service[1]):
        return ()
    from protocols.opcua.binary import Cursor as Strict

    cursor = Strict(data[service[1].position :])
    found = cursor.array(cursor.data_value, 1, 8)
    if len(found) != len(wanted):
        raise Garbled(f"expected {len(wanted)} values, got {len(found)}")
    points: list[Point] = []
    samples: list[Sample] = []
    facts: list[Fact] = []
    for (item, attribute), value in zip(wanted, found, strict=True):
        if item == NAMESPACES and value.variant is not None:
            facts += [
                Fact("namespace", f"{number}={text(uri.encode())}", "OPC UA NamespaceArray")
                for number, uri in enumerate(value.variant.values)
                if isinstance(uri, str)
            ]
        elif attribute == VALUE:
            _told(item, value, answer, points, samples)
    if not (samples or facts):
        return ()
    told = Question("opcua", "values")
    return (Overheard(answer.source, told, tuple(facts), tuple(points), tuple(samples)),)


def _told(
    item: str, value: DataValue, answer: Segment, points: list[Point], samples: list[Sample]
) -> None:
    """Adds a node's value; nodes of namespace 0 are about the server and left out."""
    from protocols.opcua.numbers import DATA_TYPES
    from protocols.opcua.values import sample_of

    sample = None if item.startswith("i=") else sample_of(item, value, answer.time)
    if sample is not None:
        samples.append(sample)
        kind = DATA_TYPES.get(value.variant.type, "") if value.variant else ""
        points.append(Point(item, _called(item), _path(item), type=kind, access="r"))


def remember(data: bytes) -> bool:
    """Whether later reports refer to this request."""
    service = service_of(data)
    return service is not None and service[0] == CREATE_ITEMS


@lru_cache(maxsize=64)
def monitored(data: bytes) -> dict[int, tuple[str, int]]:
    """Handle → (node, attribute) of a CreateMonitoredItems request, as many as are looked at."""
    if (service := service_of(data)) is None or service[0] != CREATE_ITEMS:
        return {}
    cursor = service[1]
    after_request(cursor)
    cursor.skip(8)
    found: dict[int, tuple[str, int]] = {}
    for _ in range(length_of(cursor, MOST)):
        item, attribute = node(cursor), cursor.u32()
        string(cursor)
        cursor.skip(2)
        string(cursor)
        cursor.skip(4)
        found[cursor.u32()] = (item, attribute)
        cursor.skip(8)
        extra(cursor)
        cursor.skip(5)
    return found


def recall(asked: Sequence[Segment], answer: Segment) -> tuple[Overheard, ...]:
    """The values in a Publish answer, by the items that this connection asked to be told of."""
    if (service := service_of(answer.payload)) is None or service[0] != PUBLISHED:
        return ()
    cursor = service[1]
    if not after_response(cursor):
        return ()
    cursor.skip(4)
    cursor.skip(4 * length_of(cursor))
    cursor.skip(13)  # more, number, time of publishing
    nodes: dict[int, tuple[str, int]] = {}
    for one in asked:
        nodes |= monitored(one.payload)
    points: list[Point] = []
    samples: list[Sample] = []
    for _ in range(length_of(cursor, 16)):
        kind = node(cursor)
        body = octets(cursor) if cursor.u8() == 1 else b""
        if kind == DATA_CHANGE:
            _changes(body, nodes, answer, points, samples)
    if not samples:
        return ()
    told = Question("opcua", "values")
    return (Overheard(answer.source, told, (), tuple(points), tuple(samples)),)


def _changes(
    body: bytes,
    nodes: dict[int, tuple[str, int]],
    answer: Segment,
    points: list[Point],
    samples: list[Sample],
) -> None:
    """Adds what one DataChangeNotification tells."""
    from protocols.opcua.binary import Cursor as Strict

    count = length_of(Cursor(body, order="little"), MOST)
    strict = Strict(body[4:])
    for _ in range(count):
        handle = int.from_bytes(strict.take(4), "little")
        value = strict.data_value()
        item, attribute = nodes.get(handle, ("", 0))
        if item and attribute == VALUE:
            _told(item, value, answer, points, samples)


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
