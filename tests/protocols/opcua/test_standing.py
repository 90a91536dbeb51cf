"""Of a session that was cut: which answers stand, and how they are read on another channel."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest

from protocols.contract import Garbled, Observation, Outcome, Question, Reading, Target, digest
from protocols.opcua.channel import Channel, framed, stored_body
from protocols.opcua.encode import put_array, put_node_id, put_octets
from protocols.opcua.nodes import core
from protocols.opcua.numbers import BROWSE, BROWSE_NEXT, RESPONSE_OFFSET
from protocols.opcua.services import read_listings
from protocols.opcua.standing import standing

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SERVER = Target("site", "10.0.0.1", "tcp", 4840)


def answer(service: int, *points: bytes, handle: int = 7) -> bytes:
    """A listing for each point, without references: what Browse and BrowseNext answer."""
    listings = tuple(struct.pack("<I", 0) + put_octets(p or None) + put_array(()) for p in points)
    header = put_node_id(core(service + RESPONSE_OFFSET)) + struct.pack("<qII", 0, handle, 0)
    header += b"\0" + struct.pack("<i", -1) + b"\0\0\0"
    body = header + put_array(listings) + struct.pack("<i", -1)
    return framed(b"MSG", struct.pack("<IIII", 11, 22, 33, handle) + body)


def seen(operation: str, raw: bytes, number: int = 1) -> Observation:
    question = Question("opcua", operation, argument=str(number))
    done = Outcome.COMPLETE
    return Observation("s", "v", SERVER, question, done, NOW, number, raw=raw, digest=digest(raw))


def names(items: list[Observation]) -> list[str]:
    return [f"{i.question.operation} {i.question.argument}" for i in standing(items)]


def test_set_ups_do_not_stand_and_what_the_server_holds_does() -> None:
    items = [
        seen(name, b"x") for name in ("hello", "open_channel", "session", "read", "read_types")
    ]
    assert names(items) == ["read 1", "read_types 1"]


def test_a_listing_whose_next_page_is_missing_is_asked_again_from_its_first() -> None:
    whole = seen("browse_page", answer(BROWSE, b"", b""), 1)
    opened = seen("browse_page", answer(BROWSE, b"p", b"q"), 2)
    second = seen("browse_page", answer(BROWSE_NEXT, b"", b"q"), 3)
    last = seen("browse_page", answer(BROWSE_NEXT, b""), 4)
    assert names([whole, opened]) == ["browse_page 1"]
    assert names([whole, opened, second]) == ["browse_page 1"]
    assert names([whole, opened, second, last])[-1] == "browse_page 4"
    read = seen("read", b"x", 5)  # the walk is over: the page was not wanted
    assert names([whole, opened, read])[-1] == "read 5"


def test_a_page_that_was_not_kept_whole_does_not_stand() -> None:
    assert names([seen("browse_page", answer(BROWSE, b"")[:-6])]) == []


def test_a_stored_answer_is_read_on_another_channel_and_its_number_is_free_again() -> None:
    channel = Channel(lambda: NOW)
    channel.id, channel.token = 1, 2
    channel.ask(BROWSE, b"")
    read = channel.read(BROWSE, lambda cursor, _: Reading(read_listings(cursor, 1)))
    with pytest.raises(Garbled):  # an answer of this session must be one
        read(answer(BROWSE, b""))
    assert len(read.stored(answer(BROWSE, b"")).value) == 1
    asked = channel.ask(BROWSE, b"")
    assert isinstance(asked, bytes)
    assert struct.unpack_from("<I", asked, 16) == (1,)  # the sequence number has no gap


def test_a_stored_answer_to_another_service_is_refused() -> None:
    channel = Channel(lambda: NOW)
    read = channel.read(BROWSE_NEXT, lambda cursor, _: Reading(read_listings(cursor, 1)))
    with pytest.raises(Garbled):
        read.stored(answer(BROWSE, b""))


def test_every_truncation_of_a_stored_answer_is_garbled() -> None:
    raw = answer(BROWSE, b"")
    for length in range(1, len(raw)):
        with pytest.raises(Garbled):
            stored_body(raw[:length])
