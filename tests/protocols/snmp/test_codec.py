"""The codec: bytes of the RFCs, truncation, mutation, and pysnmp as an oracle."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api

from protocols.contract import Garbled, Stale
from protocols.snmp import codec, engine
from protocols.snmp.codec import GET, GET_BULK, GET_NEXT, NO_SUCH_OBJECT, V1, V2C, Oid
from protocols.snmp.message import Engine
from tests.protocols.snmp.player import Agent, agent, octets, signed

DESCR = codec.oid("1.3.6.1.2.1.1.1.0")
NAME = codec.oid("1.3.6.1.2.1.1.5.0")
ARCS = st.builds(
    lambda root, second, rest: (root, second, *rest),
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(st.integers(0, 2**32 - 1), max_size=30),
)


def answer_to(request: bytes) -> bytes:
    found = agent({"1.3.6.1.2.1.1.1.0": octets("a switch"), "1.3.6.1.2.1.1.5.0": octets("sw1")})(
        request
    )
    assert found is not None
    return found


GOOD = answer_to(codec.encode_request(V2C, b"public", GET, 77, (DESCR, NAME)))


def test_a_get_request_is_the_bytes_of_the_standard() -> None:
    request = codec.encode_request(V2C, b"public", GET, 1, (DESCR,))
    assert request.hex() == (
        "302602010104067075626c6963a019020101020100020100300e300c06082b060102010101000500"
    )


@given(ARCS)
def test_object_identifiers_round_trip(arcs: Oid) -> None:
    content = codec.encode_oid(arcs)
    _, start, end = codec.element(content, 0, len(content))
    assert codec.decode_oid(content[start:end]) == arcs


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_round_trip(number: int) -> None:
    content = codec.encode_integer(number)
    assert codec.integer(content, 0, len(content)) == (number, len(content))


@given(ARCS, st.integers(0, 2**31 - 1), st.binary(max_size=40), st.sampled_from([V1, V2C]))
def test_pysnmp_reads_our_requests(arcs: Oid, number: int, community: bytes, version: int) -> None:
    module = api.PROTOCOL_MODULES[version]
    data = codec.encode_request(version, community, GET, number, (arcs,))
    message, rest = decoder.decode(data, asn1Spec=module.Message())
    pdu = module.apiMessage.get_pdu(message)
    assert not rest
    assert int(module.apiPDU.get_request_id(pdu)) == number
    assert bytes(module.apiMessage.get_community(message)) == community
    assert [tuple(o) for o, _ in module.apiPDU.get_varbinds(pdu)] == [arcs]


@given(
    ARCS,
    st.one_of(
        st.integers(-(2**31), 2**31 - 1).map(lambda n: ("Integer", n, n)),
        st.integers(0, 2**32 - 1).map(lambda n: ("Gauge32", n, n)),
        st.integers(0, 2**64 - 1).map(lambda n: ("Counter64", n, n)),
        st.binary(max_size=300).map(lambda b: ("OctetString", b, b)),
        ARCS.map(lambda o: ("ObjectIdentifier", o, o)),
    ),
)
def test_we_read_what_pysnmp_writes(arcs: Oid, given_value: tuple[str, object, object]) -> None:
    kind, raw, wanted = given_value
    module = api.PROTOCOL_MODULES[V2C]
    pdu = module.GetResponsePDU()
    module.apiPDU.set_defaults(pdu)
    module.apiPDU.set_request_id(pdu, 5)
    module.apiPDU.set_varbinds(pdu, [(arcs, getattr(module, kind)(raw))])
    message = module.Message()
    module.apiMessage.set_defaults(message)
    module.apiMessage.set_pdu(message, pdu)
    response = codec.decode_response(encoder.encode(message), V2C, GET, 5, (arcs,))
    assert codec.value(response.bindings[0]) == wanted


def test_every_truncation_is_garbled() -> None:
    for end in range(len(GOOD)):
        with pytest.raises(Garbled):
            codec.decode_response(GOOD[:end], V2C, GET, 77, (DESCR, NAME))


def test_another_request_id_is_stale() -> None:
    with pytest.raises(Stale):
        codec.decode_response(GOOD, V2C, GET, 78, (DESCR, NAME))


@pytest.mark.parametrize(
    ("version", "oids", "data"),
    [
        (V1, (DESCR, NAME), GOOD),
        (V2C, (DESCR,), GOOD),
        (V2C, (NAME, DESCR), GOOD),
        (V2C, (DESCR, NAME), GOOD + b"\x00"),
        (V2C, (DESCR, NAME), GOOD.replace(b"\xa2", b"\xa7", 1)),
    ],
    ids=["version", "fewer asked", "other order", "bytes behind", "not a response"],
)
def test_an_answer_to_something_else_is_garbled(
    version: int, oids: tuple[Oid, ...], data: bytes
) -> None:
    with pytest.raises(Garbled):
        codec.decode_response(data, version, GET, 77, oids)


def test_a_walk_that_does_not_grow_is_garbled() -> None:
    same = agent({"1.3.6.1.2.1.1.1.0": octets("x")})
    request = codec.encode_request(V2C, b"public", GET, 3, (DESCR,))
    data = same(request)
    assert data is not None
    with pytest.raises(Garbled, match="after"):
        codec.decode_response(data, V2C, GET_NEXT, 3, (DESCR,))
    with pytest.raises(Garbled, match="after"):
        codec.decode_response(data, V2C, GET_BULK, 3, (DESCR,))


def test_lengths_that_are_not_minimal_are_read() -> None:
    start, end = codec.inside(GOOD, 0, len(GOOD), codec.SEQUENCE)
    padded = b"\x30\x84" + (end - start).to_bytes(4, "big") + GOOD[start:end]
    assert len(codec.decode_response(padded, V2C, GET, 77, (DESCR, NAME)).bindings) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x80\x00\x00",
        b"\x30\x89" + b"\xff" * 9,
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x82" * 20_000,
        b"\x30\x03\x02\x01\x02",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_nonsense_is_garbled(data: bytes) -> None:
    with pytest.raises(Garbled):
        codec.decode_response(data, V2C, GET, 1, (DESCR,))


def test_an_exception_value_is_no_value() -> None:
    binding = codec.Binding(DESCR, NO_SUCH_OBJECT, b"")
    assert binding.missing
    assert codec.value(binding) is None


def test_a_value_of_no_snmp_type_is_garbled() -> None:
    with pytest.raises(Garbled):
        codec.value(codec.Binding(DESCR, 0x47, b"\x01"))
    with pytest.raises(Garbled):
        codec.value(codec.Binding(DESCR, codec.COUNTER64, b"\x01" * 10))


def test_too_many_bindings_are_garbled() -> None:
    small = codec.decode_message(codec.encode_request(V2C, b"public", GET, 3, (DESCR,)))
    data = Agent.answer(small, 0, 0, [((1, 3, n), signed(n)) for n in range(3_000)])
    with pytest.raises(Garbled, match="at most"):
        codec.decode_response(data, V2C, GET, 3, (DESCR,))


# ---- version 3


def report(
    message_id: int = 42, engine_id: bytes = b"\x80\x00\x1f\x88\x03" + b"\x00\x1b" * 3
) -> bytes:
    """A discovery Report as net-snmp writes it."""
    tlv, number = codec.tlv, codec.encode_integer
    header = number(message_id) + number(65_507) + tlv(4, b"\x00") + number(3)
    security = tlv(4, engine_id) + number(5) + number(10_000) + tlv(4, b"") * 3
    binding = tlv(48, codec.encode_oid(engine.UNKNOWN_ENGINE_IDS) + b"\x41\x01\x07")
    pdu = tlv(0xA8, number(message_id) + number(0) + number(0) + tlv(48, binding))
    scoped = tlv(48, tlv(4, engine_id) + tlv(4, b"") + pdu)
    return tlv(48, number(3) + tlv(48, header) + tlv(4, tlv(48, security)) + scoped)


def test_a_report_names_its_engine() -> None:
    found = engine.decode_report(report(), 42)
    assert (found.enterprise, found.boots, found.time) == (8072, 5, 10_000)
    assert found.mac == "00:1b:00:1b:00:1b"


def test_a_report_to_another_message_is_stale() -> None:
    with pytest.raises(Stale):
        engine.decode_report(report(43), 42)


def test_every_truncation_of_a_report_is_garbled() -> None:
    whole = report()
    for end in range(len(whole)):
        with pytest.raises(Garbled):
            engine.decode_report(whole[:end], 42)


# ---- mutation


def mutate(data: bytes, chance: random.Random) -> bytes:
    """One to four small changes."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed))
        change = chance.randrange(4)
        if change == 0:
            changed[at] = chance.randrange(256)
        elif change == 1:
            changed[at] ^= 1 << chance.randrange(8)
        elif change == 2 and len(changed) > 2:
            del changed[at : at + chance.randint(1, 8)]
        else:
            changed[at:at] = chance.randbytes(chance.randint(1, 8))
        if not changed:
            changed = bytearray(b"\x30")
    return bytes(changed)


def campaign(count: int, seed: int) -> None:
    """Mutated answers end in a reading, Garbled or Stale; values too."""
    chance = random.Random(seed)
    whole = report()
    for _ in range(count):
        try:
            response = codec.decode_response(mutate(GOOD, chance), V2C, GET, 77, (DESCR, NAME))
            for binding in response.bindings:
                codec.value(binding)
        except (Garbled, Stale):
            pass
        try:
            engine.decode_report(mutate(whole, chance), 42)
        except (Garbled, Stale):
            continue


def test_mutated_answers_never_raise_anything_else() -> None:
    campaign(10_000, 1)


@pytest.mark.soak
def test_the_long_campaign_of_mutated_answers() -> None:
    campaign(100_000, 2)


@pytest.mark.parametrize(
    ("engine_id", "enterprise", "mac"),
    [
        ("8000000903001122aabbcc", 9, "00:11:22:aa:bb:cc"),
        ("80001f8880e9630000d61ff449", 8072, ""),  # net-snmp: a random number and the time
        ("800021f304" + "6d6f78612d31", 8691, ""),  # text
        ("80001c1801c0a80101", 7192, ""),  # IPv4
        ("80001c1802fe800000000000000000000000000001", 7192, ""),
        ("000000090000a1c0a8010203", 9, ""),  # the former form: 12 octets, first bit unset
        ("0000000901", None, ""),  # neither form
        ("00000009" + "ab" * 28, None, ""),
        ("8000000903ffffffffffff", 9, ""),  # nobody's own hardware address
        ("8000000903000000000000", 9, ""),
        ("8000000903010203040506", 9, ""),  # a group's
        ("80000009030011", 9, ""),
        ("ffffffffff", None, ""),
        ("8000000000", 0, ""),
    ],
)
def test_an_engine_id_says_what_its_form_lets_it_say(
    engine_id: str, enterprise: int | None, mac: str
) -> None:
    found = Engine(bytes.fromhex(engine_id), 1, 2)
    assert (found.enterprise, found.mac) == (enterprise, mac)
