"""IEC 61850 on layer 2 as overheard: GOOSE and sampled values name their publisher.

    APPID 2 · length 2 · reserved 4 · BER: 0x61 goosePdu / 0x60 savPdu

Source: IEC 61850-8-1, annex A (gocbRef [0], datSet [2], goID [3]); IEC 61850-9-2, 8.5.
"""

from __future__ import annotations

from protocols._ber import element
from protocols._cursor import Cursor, text
from protocols.contract import Fact, Garbled, Overheard, Point, Question, Segment
from protocols.passive import Passive

ELEMENTS = 64


def _elements(raw: bytes) -> dict[int, bytes]:
    cursor = Cursor(raw)
    found: dict[int, bytes] = {}
    for _ in range(ELEMENTS):
        if not cursor.left:
            break
        tag, value = element(cursor)
        found.setdefault(tag, value)
    return found


def goose(segment: Segment) -> tuple[Overheard, ...]:
    """The control block's reference names the logical device that publishes."""
    cursor = Cursor(segment.payload, 8)
    tag, body = element(cursor)
    if tag != 0x61:
        raise Garbled(f"expected a GOOSE PDU 0x61, got 0x{tag:02x}")
    found = _elements(body)
    reference, dataset = text(found.get(0x80, b"")), text(found.get(0x82, b""))
    facts = (
        Fact("name", reference.partition("/")[0], "GOOSE control block reference"),
        Fact("role", "ied", "publishes GOOSE"),
    )
    points = (Point(dataset, name=reference, type="GOOSE data set"),) if dataset else ()
    kept = tuple(fact for fact in facts if fact.value)
    return (Overheard(segment.source, Question("goose", "overheard"), kept, points),)


def sampled(segment: Segment) -> tuple[Overheard, ...]:
    """The stream's identifier (svID) of the first unit."""
    cursor = Cursor(segment.payload, 8)
    tag, body = element(cursor)
    if tag != 0x60:
        raise Garbled(f"expected a sampled values PDU 0x60, got 0x{tag:02x}")
    units = _elements(_elements(body).get(0xA2, b""))
    stream = text(_elements(units.get(0x30, b"")).get(0x80, b""))
    facts = (Fact("role", "merging-unit", "publishes sampled values"),)
    points = (Point(stream, name=stream, type="sampled values stream"),) if stream else ()
    return (Overheard(segment.source, Question("sampled-values", "overheard"), facts, points),)


PASSIVE = (
    Passive("goose", "GOOSE", goose, transports=("link",), ethertypes=(0x88B8,), peers=True),
    Passive(
        "sampled-values",
        "IEC 61850 sampled values",
        sampled,
        transports=("link",),
        ethertypes=(0x88BA,),
        peers=True,
    ),
)
