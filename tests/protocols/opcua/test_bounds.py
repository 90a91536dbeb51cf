"""What one answer may cost: the heaviest answers within the allowance, and what lies beyond it."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from protocols.contract import Garbled
from protocols.opcua.binary import HEAVY, Cursor
from protocols.opcua.discovery import read_endpoints
from protocols.opcua.numbers import MOST_ELEMENTS
from protocols.opcua.services import read_listings, read_values

MOST_SECONDS = 0.1
"""The project's safety page: CPU an answer."""
Decode = Callable[[Cursor], object]


def text(value: bytes) -> bytes:
    return struct.pack("<i", len(value)) + value


def array(kind: int, count: int, element: bytes) -> bytes:
    """One value that is an array."""
    head = struct.pack("<iBBi", 1, 1, 0x80 | kind, count)
    return head + element * count + struct.pack("<i", -1)


def one_value(cursor: Cursor) -> object:
    return read_values(cursor, 1)


TIMES = struct.pack("<IqHqH", 0, 10**17, 0, 10**17, 0)
GUID = b"\x04\x01\x00" + bytes(16)
NAME = b"\x03\x01\x00" + text(b"x")
REFERENCE = NAME + b"\x01" + NAME + b"\x01\x00" + text(b"a") + b"\x03" + text(b"") + text(b"b")
REFERENCE += struct.pack("<I", 1) + GUID
TOKEN = text(b"") + struct.pack("<I", 0) + text(b"") * 3
OFFER = text(b"u") + text(b"") * 2 + b"\0" + struct.pack("<I", 0) + text(b"") * 2
OFFER += struct.pack("<i", 0) + text(b"") + struct.pack("<I", 1) + text(b"")


def heaviest() -> dict[str, tuple[Decode, bytes]]:
    """Answers that use the allowance up, kind by kind."""
    heavy, light = MOST_ELEMENTS // HEAVY - 4, MOST_ELEMENTS - 20
    nested = MOST_ELEMENTS // (HEAVY + 7 * 4 + 1) - 4  # seven levels of weight 4
    moment = struct.pack("<q", 10**17)
    references = struct.pack("<iIii", 1, 0, -1, heavy) + REFERENCE * heavy + struct.pack("<i", -1)
    values = struct.pack("<i", heavy) + (b"\x3f\x11" + GUID + TIMES) * heavy + text(b"")[:4]
    offers = struct.pack("<i", 1) + OFFER + struct.pack("<i", heavy) + TOKEN * heavy
    return {
        "references": (lambda cursor: read_listings(cursor, 1), references),
        "values with times": (lambda cursor: read_values(cursor, heavy), values),
        "node ids": (one_value, array(17, heavy, b"\x84\x01\x00" + bytes(16) + text(b"u"))),
        "structures": (one_value, array(22, heavy, GUID + b"\x01" + text(b"b"))),
        "values in values": (
            one_value,
            array(24, nested, b"\x17\x3f" * 3 + b"\x0d" + moment + TIMES * 3),
        ),
        "diagnostics": (
            one_value,
            struct.pack("<iBi", 1, 0, light - HEAVY) + (b"\x03" + bytes(8)) * light,
        ),
        "strings": (one_value, array(12, light, text(b"abc"))),
        "times": (one_value, array(13, light, moment)),
        "guids": (one_value, array(14, light, bytes(16))),
        "localized texts": (one_value, array(21, light, b"\x03" + text(b"e") + text(b"x"))),
        "no utf-8": (one_value, array(12, light // 60, text(b"\xff" * 400))),
        "a huge text": (one_value, struct.pack("<iBB", 1, 1, 12) + text(b"\xff" * 8_000_000)),
        "tokens": (read_endpoints, offers),
    }


BEYOND = {
    "more strings": array(12, MOST_ELEMENTS, text(b"abc")),
    "more references": array(24, MOST_ELEMENTS // HEAVY, b"\x0d" + bytes(8)),
    "deep values": array(24, MOST_ELEMENTS // 10, b"\x17\x3f" * 3 + b"\x0d" + bytes(8) + TIMES * 3),
    "deep diagnostics": struct.pack("<iBi", 1, 0, 3000) + (b"\x40" * 8 + b"\0") * 3000,
    "much that is no text": array(12, 1000, text(b"\xff" * 4000)),
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_would_take_too_long_is_refused_by_its_weight(name: str) -> None:
    with pytest.raises(Garbled, match="elements"):
        one_value(Cursor(BEYOND[name]))


@pytest.mark.parametrize("name", heaviest())
def test_the_heaviest_answers_are_decoded_or_garbled(name: str) -> None:
    decode, raw = heaviest()[name]
    try:
        decode(Cursor(raw))
    except Garbled as error:
        assert "more than" not in str(error)  # within the allowance, cut elsewhere


@pytest.mark.soak
@pytest.mark.parametrize("name", heaviest())
def test_the_heaviest_answers_take_no_longer_than_allowed(name: str) -> None:
    decode, raw = heaviest()[name]
    spent = []
    for _ in range(5):
        begun = time.process_time()
        with suppress(Garbled):
            decode(Cursor(raw))
        spent.append(time.process_time() - begun)
    print(f"{name}: {min(spent) * 1000:.0f} ms of CPU for {len(raw)} bytes")  # noqa: T201
    assert min(spent) < MOST_SECONDS
