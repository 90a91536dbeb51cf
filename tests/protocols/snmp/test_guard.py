"""The guard: three reads and the discovery pass; everything else is forbidden."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.contract import Forbidden
from protocols.snmp import codec, engine, message, usm
from protocols.snmp.codec import GET, GET_BULK, GET_NEXT, V1, V2C
from protocols.snmp.first import opening
from protocols.snmp.guard import MOST_OIDS, guard
from protocols.snmp.message import Engine
from tests.protocols.snmp.test_codec import DESCR, mutate, report

ALLOWED = {"SNMP get", "SNMP getnext", "SNMP getbulk", "SNMP v3 discovery"}


def request(kind: int, *, version: int = V2C, first: int = 0, second: int = 0) -> bytes:
    return codec.encode_request(version, b"public", kind, 9, (DESCR,), first, second)


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        (request(GET), "SNMP get"),
        (request(GET, version=V1), "SNMP get"),
        (request(GET_NEXT), "SNMP getnext"),
        (request(GET_BULK, second=25), "SNMP getbulk"),
        (request(GET_BULK, first=1), "SNMP getbulk"),
        (engine.encode_discovery(70_000), "SNMP v3 discovery"),
    ],
)
def test_reads_pass_under_their_name(frame: bytes, name: str) -> None:
    assert guard(frame) == name


@pytest.mark.parametrize("kind", [0xA2, 0xA3, 0xA4, 0xA6, 0xA7, 0xA8, 0x30])
def test_set_traps_and_everything_else_are_forbidden(kind: int) -> None:
    with pytest.raises(Forbidden):
        guard(request(kind))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        request(GET) + b"\x00",
        request(GET)[:-1],
        request(GET, first=1),
        request(GET, second=1),
        request(GET_BULK, second=26),
        request(GET_BULK, second=-1),
        request(GET_BULK, first=2, second=5),
        request(GET_BULK, first=-1, second=5),
        request(GET_BULK, version=V1, second=5),
        codec.encode_request(V2C, b"public", GET, 9, ()),
        codec.encode_request(V2C, b"public", GET, 9, (DESCR,) * (MOST_OIDS + 1)),
        codec.encode_request(2, b"public", GET, 9, (DESCR,)),
        request(GET).replace(b"\x05\x00", b"\x04\x00"),
        b"\x30\x81" + request(GET)[1:],
        report(),
        engine.encode_discovery(5).replace(b"\x04\x01\x04", b"\x04\x01\x07"),
    ],
)
def test_what_is_not_exactly_a_read_is_forbidden(frame: bytes) -> None:
    with pytest.raises(Forbidden):
        guard(frame)


@given(st.binary(max_size=200))
def test_any_bytes_are_named_or_forbidden(frame: bytes) -> None:
    try:
        assert guard(frame) in ALLOWED
    except Forbidden:
        return


def test_no_mutation_passes_as_anything_but_a_read() -> None:
    chance = random.Random(3)
    frames = [request(GET), request(GET_BULK, second=10), engine.encode_discovery(7)]
    for _ in range(10_000):
        frame = mutate(chance.choice(frames), chance)
        try:
            name = guard(frame)
        except Forbidden:
            continue
        assert name in ALLOWED
        assert not frame or 0xA3 not in {frame[i] for i in _pdu_positions(frame)}


def _pdu_positions(frame: bytes) -> list[int]:
    """Where the PDU's tag stands, found without the guard's own decoder."""
    if frame[1] & 0x80 or frame[2:5] == b"\x02\x01\x03":
        return []
    return [7 + frame[6]] if len(frame) > 7 + frame[6] else []


# ---- version 3


def v3(
    kind: int, *, first: int = 0, second: int = 0, user: bytes = b"reader", **more: int
) -> bytes:
    pdu = codec.encode_pdu(kind, 9, (DESCR,) * more.get("count", 1), first, second)
    return message.encode_plain(9, ENGINE_ID, user, pdu)


ENGINE_ID = bytes.fromhex("80001f8803001b1b001b1b")
READ = v3(GET)


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        (READ, "SNMP get"),
        (v3(GET_NEXT), "SNMP getnext"),
        (v3(GET_BULK, second=25), "SNMP getbulk"),
    ],
)
def test_plain_reads_of_version_3_pass_under_their_name(frame: bytes, name: str) -> None:
    assert guard(frame) == name


@pytest.mark.parametrize("kind", [0xA2, 0xA3, 0xA4, 0xA6, 0xA7, 0xA8, 0x30])
def test_everything_else_of_version_3_is_forbidden(kind: int) -> None:
    with pytest.raises(Forbidden):
        guard(v3(kind))


def rewritten(**changes: object) -> bytes:
    return message.encode(replace(message.decode(READ), **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("flags", [0, 1, 2, 3, 5, 6, 7, 0x0C, 0xFF])
def test_what_claims_to_be_sealed_cannot_be_judged(flags: int) -> None:
    with pytest.raises(Forbidden):
        guard(rewritten(flags=flags))


@pytest.mark.parametrize(
    "frame",
    [
        READ + b"\x00",
        READ[:-1],
        v3(GET, first=1),
        v3(GET_BULK, second=26),
        v3(GET_BULK, first=2, second=1),
        v3(GET, count=0),
        v3(GET, count=MOST_OIDS + 1),
        v3(GET, user=b""),
        v3(GET, user=b"x" * 33),
        rewritten(digest=bytes(12)),
        rewritten(salt=bytes(8)),
        rewritten(engine=Engine(ENGINE_ID, 1, 0)),
        rewritten(engine=Engine(ENGINE_ID, 0, 1)),
        rewritten(engine=Engine(ENGINE_ID[:-1], 0, 0)),
        message.encode_plain(9, b"abc", b"reader", codec.encode_pdu(GET, 9, (DESCR,), 0, 0)),
        READ.replace(b"\x05\x00", b"\x04\x00"),
        b"\x30\x81" + READ[1:],
    ],
)
def test_what_is_not_exactly_a_read_of_version_3_is_forbidden(frame: bytes) -> None:
    with pytest.raises(Forbidden):
        guard(frame)


def test_ciphertext_is_forbidden() -> None:
    keys = usm.make_keys(
        usm.authentication_named("SHA"), usm.privacy_named("AES"), "secret", "secret", ENGINE_ID
    )
    sealed = usm.seal(message.decode(READ), keys, Engine(ENGINE_ID, 1, 1), bytes(8))
    with pytest.raises(Forbidden, match="before it was judged"):
        guard(sealed)


def test_no_mutation_of_version_3_passes_as_anything_but_a_read() -> None:
    chance = random.Random(4)
    for _ in range(10_000):
        frame = mutate(READ, chance)
        try:
            name = guard(frame)
        except Forbidden:
            continue
        assert name in ALLOWED
        assert message.decode(frame).flags == message.REPORTABLE
        assert message.decode_scoped(message.decode(frame).payload)[2].kind in (GET, GET_NEXT)


def test_what_was_judged_once_is_judged_again_in_all_but_its_bytes() -> None:
    """The same bytes behind a request id pass by being equal, and only under the same PDU type."""
    kind, oids = opening(V2C)
    whole = codec.encode_request(V2C, b"public", kind, 300, oids)
    assert guard(whole) == "SNMP get"
    assert guard(codec.encode_request(V2C, b"public", kind, 65_535, oids)) == "SNMP get"
    at = whole.index(bytes((kind,)), 13)
    for other in {*range(256)} - {codec.GET, codec.GET_NEXT, GET_BULK}:
        with pytest.raises(Forbidden):
            guard(whole[:at] + bytes((other,)) + whole[at + 1 :])


def test_no_single_byte_of_a_judged_request_can_be_changed_unseen() -> None:
    """Community and request id are free; any other change is forbidden or another plain read."""
    kind, oids = opening(V2C)
    whole = codec.encode_request(V2C, b"public", kind, 300, oids)
    assert guard(whole) == "SNMP get"
    for at in range(len(whole)):
        for change in (0x01, 0x80, 0xFF):
            frame = whole[:at] + bytes((whole[at] ^ change,)) + whole[at + 1 :]
            try:
                guard(frame)
            except Forbidden:
                continue
            message = codec.decode_message(frame)
            pdu = message.pdu
            assert pdu.kind in (GET, GET_NEXT, GET_BULK)
            assert all(b.tag == codec.NULL and not b.content for b in pdu.bindings)
