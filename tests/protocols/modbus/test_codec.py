"""Frames and answers against the tables of Modbus Application Protocol V1.1b3."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.contract import Foreign, Garbled, MapEntry, Outcome, Reading, Refused, Stale
from protocols.modbus import codec, sunspec
from protocols.modbus.codec import Expect
from protocols.modbus.identity import page_reading
from protocols.modbus.maps import Span, read_span, unmapped

# (function's clause, request PDU, answer PDU) as the specification prints them
READS = [
    ("6.1", "coil", 0x13, 0x13, "0100130013", "0103CD6B05"),
    ("6.2", "discrete", 0xC4, 0x16, "0200C40016", "0203ACDB35"),
    ("6.3", "holding", 0x6B, 3, "03006B0003", "0306022B00000064"),
    ("6.4", "input", 0x08, 1, "0400080001", "0402000A"),
]
VALUES = {
    "6.1": (1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1),
    "6.3": (0x022B, 0x0000, 0x0064),
    "6.4": (0x000A,),
}
# 6.21: "Company identification", "Product code XX", "V2.11"
IDENTIFICATION = bytes.fromhex("2B0E010100000300") + (
    b"\x16Company identification\x01\x0fProduct code XX\x02\x05V2.11"
)


def whole(pdu: bytes, transaction: int = 7, unit: int = 1) -> bytes:
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


def read(pdu: bytes, raw: bytes, late: int = -1) -> Reading[bytes | None]:
    expect = Expect(7, 1, pdu, late=lambda number: number == late)
    return codec.reader(expect, lambda data: Reading(data))(raw)


@pytest.mark.parametrize(("clause", "table", "address", "count", "request_", "answer"), READS)
def test_reads_are_encoded_and_decoded_as_printed(
    clause: str, table: str, address: int, count: int, request_: str, answer: str
) -> None:
    pdu = codec.read_pdu(table, address, count)
    assert pdu == bytes.fromhex(request_)
    data = codec.matched(whole(bytes.fromhex(answer)), Expect(7, 1, pdu))
    items = codec.parse_items(data, table, count)
    assert len(items) == count
    if clause in VALUES:
        assert items == VALUES[clause]


def test_identification_is_decoded_as_printed() -> None:
    pdu = codec.identification_pdu(1, 0)
    assert pdu == bytes.fromhex("2B0E0100")
    page = codec.parse_identification(IDENTIFICATION[1:], 1)
    assert dict(page.objects) == {
        0: b"Company identification",
        1: b"Product code XX",
        2: b"V2.11",
    }
    assert (page.conformity, page.following) == (1, None)


def test_more_follows_names_the_next_object() -> None:
    page = codec.parse_identification(bytes.fromhex("0E0101FF0201000141"), 1)
    assert page.following == 2


def test_request_carries_the_header_of_the_messaging_guide() -> None:
    assert Expect(0x1501, 0xFF, bytes.fromhex("0400010001")).request == bytes.fromhex(
        "150100000006FF0400010001"
    )


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (1, Outcome.REFUSED_CAPABILITY),
        (2, Outcome.EMPTY),
        (3, Outcome.REFUSED_CAPABILITY),
        (4, Outcome.REFUSED_RESOURCE),
        (5, Outcome.REFUSED_RESOURCE),
        (6, Outcome.REFUSED_RESOURCE),
        (0x0A, Outcome.REFUSED_DOWNSTREAM),
        (0x0B, Outcome.REFUSED_DOWNSTREAM),
    ],
)
def test_exceptions_land_where_the_rulings_say(code: int, outcome: Outcome) -> None:
    with pytest.raises(Refused) as refusal:
        read(codec.read_pdu("holding", 0, 1), whole(bytes((0x83, code))))
    assert refusal.value.outcome is outcome


def test_illegal_function_tells_that_the_function_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        read(codec.read_pdu("input", 0, 1), whole(b"\x84\x01"))
    assert [fact.value for fact in refusal.value.facts] == ["read input registers (4)=refused"]


HOLDING = codec.read_pdu("holding", 0, 1)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (whole(b"\x04\x02\x00\x01"), "expected function 0x03, got 0x04"),
        (whole(b"\x84\x01"), "expected function 0x03, got 0x84"),
        (whole(b"\x03\x02\x00\x01", transaction=0), "expected transaction 7, got 0"),
        (whole(b"\x03\x02\x00\x01", transaction=9), "expected transaction 7, got 9"),
        (whole(b"\x03\x02\x00\x01", unit=2), "expected unit 1, got 2"),
        (whole(b"\x83\x0c"), "unknown exception 0x0C"),
        (whole(b"\x83\x01\x00"), "one byte of exception"),
        (whole(b"\x83"), "one byte of exception"),
        (struct.pack(">HHHB", 7, 1, 3, 1) + b"\x83\x01", "protocol id"),
        (struct.pack(">HHHB", 7, 0, 9, 1) + b"\x83\x01", "announces 9 bytes"),
    ],
)
def test_what_does_not_fit_the_request_is_garbled(raw: bytes, words: str) -> None:
    with pytest.raises(Garbled, match=words):
        read(HOLDING, raw)


@pytest.mark.parametrize(
    "data",
    [
        b"\x04\x00\x01\x00\x02",  # too many registers
        b"\x03\x00\x01\x00",  # odd byte count
        b"\x02\x00",  # lying byte count: announces more than it carries
        b"\x02\x00\x01\x00\x02",  # lying byte count: carries more
        b"",
    ],
)
def test_byte_counts_must_be_those_asked_for(data: bytes) -> None:
    with pytest.raises(Garbled):
        codec.parse_items(data, "holding", 1)


def test_no_items_is_empty() -> None:
    with pytest.raises(Refused) as refusal:
        codec.parse_items(b"\0", "holding", 1)
    assert refusal.value.outcome is Outcome.EMPTY


def test_exception_that_repeats_the_mei_type_is_understood() -> None:
    with pytest.raises(Refused) as refusal:
        read(codec.identification_pdu(1, 0), whole(b"\xab\x0e\x01"))
    assert refusal.value.outcome is Outcome.REFUSED_CAPABILITY


def test_late_answer_is_stale_not_garbled() -> None:
    with pytest.raises(Stale):
        read(HOLDING, whole(b"\x03\x02\x00\x01", transaction=6), late=6)


@pytest.mark.parametrize(
    "data",
    ["0D010100000000", "0E020100000000", "0E010101000000", "0E01010000020001410001420",
     "0E0101000001000541", "0E010100000000FF"],
)  # fmt: skip
def test_bad_identification_is_garbled(data: str) -> None:
    with pytest.raises(Garbled):
        codec.parse_identification(bytes.fromhex(data if len(data) % 2 == 0 else data[:-1]), 1)


def rtu(body: bytes) -> bytes:
    return body + codec.crc(body).to_bytes(2, "little")


def test_crc_of_the_serial_specification() -> None:
    # Modbus over Serial Line V1.02, 6.2.2: 02 07 gives 0x1241, low byte first on the line
    assert rtu(b"\x02\x07") == b"\x02\x07\x41\x12"


def test_serial_framing_is_named_not_garbled() -> None:
    raw = rtu(b"\x01\x03\x02\x00\x2a")
    assert codec.framer(1, 3)(raw) == len(raw)
    assert codec.framer(1, 3)(raw[:-1]) is None
    reading = read(HOLDING, raw)
    assert (reading.outcome, reading.reason) == (Outcome.OTHER, "rtu")
    assert [(fact.name, fact.value) for fact in reading.facts] == [("framing", "rtu")]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
        (bytes.fromhex("15030300020228"), "TLS"),
        (bytes.fromhex("0300000b06d00000"), "TPKT"),
        (b"\x00\x01\x7f\x7f\x00\x00", "00017f7f"),
        (b"\x01\x03" + b"\xff" * 300, "0103"),
    ],
)
def test_other_protocols_are_foreign(raw: bytes, name: str) -> None:
    with pytest.raises(Foreign, match=name):
        codec.framer(1, 3)(raw)


def test_frame_measures_as_soon_as_it_can() -> None:
    good = whole(b"\x03\x02\x00\x01")
    assert [codec.framer(1, 3)(good[:n]) for n in (0, 3, 5, 6, 11)] == [None, None, None, 11, 11]


@pytest.mark.parametrize("length", [0, 1, 255, 65535])
def test_impossible_length_is_garbled(length: int) -> None:
    with pytest.raises(Garbled):
        codec.framer(1, 3)(struct.pack(">HHHBB", 7, 0, length, 1, 3))


COMMON = bytes(2 * 66)
GOOD = {
    "identification": (codec.identification_pdu(1, 0), IDENTIFICATION),
    "holding": (codec.read_pdu("holding", 0x6B, 3), bytes.fromhex("0306022B00000064")),
    "coil": (codec.read_pdu("coil", 0x13, 0x13), bytes.fromhex("0103CD6B05")),
    "server id": (codec.SERVER_ID_PDU, b"\x11\x05\x01\xffABC"),
    "sunspec": (codec.read_pdu("holding", 40004, 66), b"\x03\x84" + COMMON),
}
ENTRIES = (MapEntry("holding", 0x6B, "uint16", "a"), MapEntry("holding", 0x6C, "float32", "b"))


def parse(name: str, data: bytes) -> Reading[object]:
    if name == "identification":
        reading = page_reading(codec.parse_identification(data, 1), "")
        return Reading(reading.value, reading.facts)
    if name == "server id":
        return Reading(codec.parse_server_id(data))
    if name == "coil":
        return Reading(unmapped("coil", 0x13, codec.parse_items(data, "coil", 0x13), ""))
    if name == "sunspec":
        return Reading(sunspec.body(1, 40004, codec.parse_items(data, "holding", 66)).value)
    return Reading(read_span(Span("holding", ENTRIES), codec.parse_items(data, "holding", 3), ""))


def judge(name: str, raw: bytes) -> None:
    """Whatever the bytes are, only the words of the contract come out."""
    pdu, _ = GOOD[name]
    expect = Expect(7, 1, pdu)
    try:
        codec.framer(1, pdu[0])(raw)
        codec.reader(expect, lambda data: parse(name, data))(raw)
    except (Garbled, Foreign, Stale, Refused):
        pass


@pytest.mark.parametrize("name", GOOD)
def test_every_truncation_of_a_good_answer_is_garbled(name: str) -> None:
    pdu, answer = GOOD[name]
    raw = whole(answer)
    reader = codec.reader(Expect(7, 1, pdu), lambda data: parse(name, data))
    reader(raw)
    for end in range(len(raw)):
        with pytest.raises(Garbled):
            reader(raw[:end])


def mutate(rng: random.Random, raw: bytes) -> bytes:
    data = bytearray(raw)
    for _ in range(rng.randint(1, 4)):
        kind, place = rng.randrange(4), rng.randrange(len(data) + 1)
        if kind == 0 and place < len(data):
            data[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif kind == 1:
            data[place:place] = rng.randbytes(rng.randint(1, 4))
        elif kind == 2:
            del data[place : place + rng.randint(1, 4)]
        elif len(data) > 6:
            data[4:6] = (len(data) - 6).to_bytes(2, "big")  # a header that fits again
    return bytes(data)


def campaign(count: int) -> None:
    rng = random.Random(502)
    for name, (_, answer) in GOOD.items():
        raw = whole(answer)
        for _ in range(count // len(GOOD)):
            judge(name, mutate(rng, raw))


def test_mutated_answers_give_the_words_of_the_contract_only() -> None:
    campaign(10_000)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_a_hundred_thousand_mutations_per_parser() -> None:
    campaign(100_000 * len(GOOD))


@given(st.sampled_from(sorted(GOOD)), st.binary(max_size=300))
def test_random_bytes_give_the_words_of_the_contract_only(name: str, raw: bytes) -> None:
    judge(name, raw)


@given(
    st.dictionaries(st.integers(0, 255), st.binary(max_size=30), min_size=1, max_size=7),
    st.integers(0, 255),
)
def test_identification_round_trip(objects: dict[int, bytes], conformity: int) -> None:
    body = b"".join(bytes((n, len(v))) + v for n, v in objects.items())
    data = bytes((14, 1, conformity, 0, 0, len(objects))) + body
    assert dict(codec.parse_identification(data, 1).objects) == objects
