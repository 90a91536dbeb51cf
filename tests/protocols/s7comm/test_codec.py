"""S7 requests and answers as bytes: tables, the guard's two lists, truncations, mutations."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.contract import Forbidden, Foreign, Garbled, Outcome, Refused
from protocols.s7comm import codec, identity
from tests.protocols.s7comm import examples as ex


def test_connect_request_matches_the_layout_of_recorded_clients() -> None:
    assert codec.encode_connect(0x0102).hex() == "0300001611e00000000100c0010ac1020100c2020102"


def test_setup_asks_for_one_job_each_way() -> None:
    expected = "0300001902f08032010000002a00080000f0000001000101e0"
    assert codec.encode_setup(42).hex() == expected


def test_read_szl_and_its_continuation() -> None:
    first = codec.encode_read_szl(7, 0x1C)
    assert first.hex() == "0300002102f080320700000007000800080001120411440100ff090004001c0000"
    more = codec.encode_next_szl(8, codec.Fragment(b"", sequence=3, more=True))
    expected = "0300002102f080320700000008000c00040001120812440103000000000a000000"
    assert more.hex() == expected


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (codec.encode_connect(0x0102), "cotp connect"),
        (codec.encode_setup(1), "s7 setup"),
        (codec.encode_read_szl(1, 0x11), "s7 read szl"),
        (codec.encode_next_szl(1, codec.Fragment(b"", 1, True)), "s7 read szl"),
    ],
)
def test_guard_names_what_is_allowed(request_: bytes, name: str) -> None:
    assert codec.guard(request_) == name


@pytest.mark.parametrize(
    "forbidden",
    [
        pytest.param("0300000b06800000000100", id="COTP disconnect request"),
        pytest.param("0300000b06c00000000100", id="COTP disconnect confirm"),
        pytest.param(ex.job("04011202"), id="read variable"),
        pytest.param(ex.job("05010000000000ab"), id="write variable"),
        pytest.param(ex.job("1a00010000000000"), id="request download"),
        pytest.param(ex.job("1d00000000000001"), id="start upload"),
        pytest.param(ex.job("2800000000000000"), id="start"),
        pytest.param(ex.job("29000000000009" + b"P_PROGRAM".hex()), id="stop"),
        pytest.param(ex.userdata("0001120411440200"), id="CPU functions: message service"),
        pytest.param(ex.userdata("0001120411410100"), id="programmer functions"),
        pytest.param(ex.userdata("0001120411430100"), id="block functions"),
        pytest.param(ex.userdata("0001120411450100"), id="security: password"),
        pytest.param(ex.userdata("0001120411470200"), id="set clock"),
        pytest.param(codec.encode_setup(1).hex() + "00", id="trailing byte"),
        pytest.param("", id="nothing"),
        pytest.param("000100000006010300000001", id="Modbus"),
    ],
)
def test_guard_refuses_everything_else(forbidden: str) -> None:
    with pytest.raises(Forbidden):
        codec.guard(bytes.fromhex(forbidden))


@given(st.binary(max_size=80))
def test_guard_never_lets_an_unknown_frame_pass(frame: bytes) -> None:
    with pytest.raises(Forbidden):
        codec.guard(frame)


@given(st.integers(7, 60), st.integers(0, 255))
def test_guard_judges_every_byte_of_a_changed_request(position: int, value: int) -> None:
    good = codec.encode_read_szl(1, 0x11)
    if position >= len(good) or good[position] == value:
        return
    changed = good[:position] + bytes([value]) + good[position + 1 :]
    try:
        name = codec.guard(changed)
    except Forbidden:
        return
    assert name == "s7 read szl"
    assert changed[17:24] == good[17:24], "service bytes decide"


def test_frame_length_needs_four_bytes() -> None:
    assert codec.answer_length(b"\x03\x00\x00") is None
    assert codec.answer_length(b"\x03\x00\x00\x16") == 22


@pytest.mark.parametrize("start", [b"HTTP/1.1", b"\x16\x03\x01", b"\x03\x01\x00\x08"])
def test_another_protocol_is_foreign(start: bytes) -> None:
    with pytest.raises(Foreign):
        codec.answer_length(start)


@pytest.mark.parametrize("length", [0, 6, 1_025, 65_535])
def test_a_length_out_of_bounds_is_garbled(length: int) -> None:
    with pytest.raises(Garbled):
        codec.answer_length(b"\x03\x00" + length.to_bytes(2, "big"))


def test_connect_confirm_is_accepted() -> None:
    codec.decode_connect(ex.CONFIRM)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [(0x00, Outcome.REFUSED_CAPABILITY), (0x81, Outcome.REFUSED_RESOURCE)],
)
def test_a_disconnect_is_the_peers_refusal(reason: int, outcome: Outcome) -> None:
    with pytest.raises(Refused) as caught:
        codec.decode_connect(ex.disconnect(reason))
    assert caught.value.outcome is outcome
    assert caught.value.reason == f"cotp_{reason:02x}"


def test_a_confirm_for_another_reference_is_garbled() -> None:
    with pytest.raises(Garbled, match="reference"):
        codec.decode_connect(ex.CONFIRM.replace(b"\xd0\x00\x01", b"\xd0\x00\x02"))


def test_setup_gives_the_granted_pdu_length() -> None:
    assert codec.decode_setup(ex.setup_answer(5, 240), 5) == 240


def test_an_answer_to_another_request_is_garbled() -> None:
    with pytest.raises(Garbled, match="reference"):
        codec.decode_setup(ex.setup_answer(5, 240), 6)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (0x8104, Outcome.REFUSED_CAPABILITY),
        (0xD401, Outcome.REFUSED_CAPABILITY),
        (0xD241, Outcome.REFUSED_AUTH),
        (0x8300, Outcome.REFUSED_RESOURCE),
    ],
)
def test_error_words_become_refusals(error: int, outcome: Outcome) -> None:
    with pytest.raises(Refused) as caught:
        codec.decode_fragment(ex.szl_refusal(3, error), 3)
    assert caught.value.outcome is outcome


def test_an_error_return_code_without_error_word_is_a_refusal() -> None:
    with pytest.raises(Refused) as caught:
        codec.decode_fragment(ex.szl_answer(3, b"", code=0x0A), 3)
    assert caught.value.outcome is Outcome.REFUSED_CAPABILITY
    assert caught.value.reason == "s7_0a"


def test_another_protocol_on_the_same_transport_is_foreign() -> None:
    mms = bytes.fromhex("0300000c02f080a903800101")
    with pytest.raises(Foreign):
        codec.decode_setup(mms, 1)


def test_a_list_keeps_whole_records_only() -> None:
    data = ex.szl(0x1C, 34, ex.COMPONENTS)
    table = codec.decode_table(data[:-1], 0x1C)
    assert (table.announced, len(table.records)) == (len(ex.COMPONENTS), len(ex.COMPONENTS) - 1)


@pytest.mark.parametrize("size", [0, 1, 65_535])
def test_a_record_size_that_cannot_be_is_garbled(size: int) -> None:
    with pytest.raises(Garbled):
        codec.decode_table(bytes.fromhex(f"001c0000{size:04x}ffff") + bytes(100), 0x1C)


def _decode_all(answer: bytes) -> None:
    """Every decoder over one answer; only the contract's exceptions may come out."""
    for read in (
        lambda: codec.decode_connect(answer),
        lambda: codec.decode_setup(answer, 3),
        lambda: codec.decode_fragment(answer, 3),
    ):
        try:
            found = read()
            if isinstance(found, codec.Fragment):
                for szl_id in (0x11, 0x1C):
                    table = codec.decode_table(found.data, szl_id)
                    identity.component_facts(table, "")
                    identity.module_facts(table)
        except (Garbled, Foreign, Refused):
            continue


GOOD = (
    ex.CONFIRM,
    ex.disconnect(2),
    ex.setup_answer(3, 480),
    ex.szl_answer(3, ex.szl(0x1C, 34, ex.COMPONENTS)),
    ex.szl_answer(3, ex.szl(0x11, 28, ex.MODULES)),
)


@pytest.mark.parametrize("answer", GOOD, ids=["confirm", "disconnect", "setup", "001C", "0011"])
def test_every_truncation_is_garbled_and_nothing_else(answer: bytes) -> None:
    for length in range(1, len(answer)):
        cut = answer[:length]
        mended = cut[:2] + len(cut).to_bytes(2, "big") + cut[4:]
        _decode_all(cut)
        _decode_all(mended)


def _campaign(count: int) -> None:
    chance = random.Random(102)
    for _ in range(count):
        answer = bytearray(chance.choice(GOOD))
        for _ in range(chance.randint(1, 4)):
            answer[chance.randrange(4, len(answer))] = chance.choice(
                (0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256))
            )
        _decode_all(bytes(answer))


def test_mutated_answers_raise_only_the_contracts_exceptions() -> None:
    _campaign(10_000)


@pytest.mark.soak
def test_mutated_answers_long_campaign() -> None:
    _campaign(100_000)


@given(st.binary(max_size=200))
def test_random_bytes_raise_only_the_contracts_exceptions(answer: bytes) -> None:
    _decode_all(answer)
