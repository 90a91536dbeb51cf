"""One bad field costs that field, whatever was asked: a plain library loses the whole answer.

Two views (`safety.md` 4): a value that the agent always gives in a form that SNMP does not have
must cost no more than if the agent did not have the object; and one changed byte in one binding of
one answer must add nothing and cost at most its own column.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.contract import Credential, Depth, Garbled, Outcome, Quality, Secret
from protocols.snmp import codec
from tests.protocols.snmp.measure import PUBLIC
from tests.protocols.snmp.player import agent, encode_oid, octets, signed, tlv
from tests.protocols.snmp.test_probe import MOXA, OLD, UPS, interfaces, link_of, run, sensor
from tests.protocols.snmp.test_secured import answering, double
from tests.support.plain import PlainLink

Responder = Callable[[bytes], bytes | None]
NOBODY = Credential("reader", "snmp-v3", Secret(lambda: ""), user="reader")
ENTITY = "1.3.6.1.2.1.47.1.1.1.1"
CHASSIS = {
    f"{ENTITY}.{column}.{row}": value
    for row, kind in ((1, 11), (2, 3))
    for column, value in (
        (2, octets("switch")),
        (4, signed(0)),
        (5, signed(kind)),
        (10, octets("3.8.1")),
        (11, octets(f"TAABB000{row}")),
        (13, octets(f"EDS-405A-{row}")),
    )
}
ADDRESSES = {
    "1.3.6.1.2.1.4.20.1.1.10.1.2.3": tlv(0x40, bytes((10, 1, 2, 3))),
    "1.3.6.1.2.1.4.20.1.2.10.1.2.3": signed(1),
    "1.3.6.1.2.1.4.20.1.3.10.1.2.3": tlv(0x40, bytes((255, 255, 255, 0))),
    "1.3.6.1.2.1.17.1.1.0": tlv(4, bytes.fromhex("0090e8010203")),
}
NAMELESS = {
    "1.3.6.1.2.1.1.1.0": octets("Linux meter 4.4"),
    "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.8072.3.2.10"))),
    "1.3.6.1.4.1.8691.7.6.1.2.0": octets("EDS-405A-MM-SC"),
    "1.3.6.1.4.1.8691.7.6.1.78.0": octets("TAABB0001"),
}
WHOLE = MOXA | CHASSIS | ADDRESSES | interfaces(3) | UPS | sensor(1, 8, 9, 1, 215, 1)
AGENTS = {"moxa": WHOLE, "nameless": NAMELESS | CHASSIS | interfaces(2)}
BAD = {
    "no type": tlv(0x47, b"\1"),
    "no number": tlv(0x02, b""),
    "too wide": tlv(0x43, b"\1" * 12),
    "half an address": tlv(0x40, b"\1\2"),
    "cut identifier": tlv(0x06, b"\xff"),
}


SENSOR = "1.3.6.1.2.1.99.1.1.1"
STATUS = f"{SENSOR}.5"
MEANING = (f"{SENSOR}.2", f"{SENSOR}.3")


PASSING = {"uptime_seconds"}  # another with every answer


def told(link: PlainLink) -> set[tuple[object, ...]]:
    """All that a conversation stated."""
    said: set[tuple[object, ...]] = set()
    for seen in link.observations:
        assert seen.outcome is not Outcome.BROKEN
        said |= {("fact", f.name, f.value, f.part) for f in seen.facts if f.name not in PASSING}
        said |= {("point", p.address, p.unit, p.encoding) for p in seen.points}
        said |= {("sample", s.point, s.value, s.quality) for s in seen.samples}
    return said


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize("credential", [PUBLIC, OLD], ids=["v2c", "v1"])
@settings(max_examples=30)
@given(data=st.data())
def test_a_value_of_no_type_costs_what_an_absent_one_costs(
    name: str, credential: Credential, data: st.DataObject
) -> None:
    values = AGENTS[name]
    field = data.draw(st.sampled_from(sorted(values)))
    bad = BAD[data.draw(st.sampled_from(sorted(BAD)))]
    less = {k: v for k, v in values.items() if k != field}
    honest, absent, spoilt = (
        told(run(link_of(agent(v), credential), Depth.SAMPLE))
        for v in (values, less, values | {field: bad})
    )
    doubtful = {(*s[:3], Quality.UNCERTAIN) for s in honest if s[0] == "sample"}
    assert spoilt <= honest | absent | (doubtful if field.startswith(STATUS) else set())
    lost = (absent & honest) - spoilt
    if field.startswith((*MEANING, STATUS)):
        lost = {s for s in lost if s[1] != f"{SENSOR}.4.1"}  # a number of unknown scale is no value
    assert not lost


def bindings_of(data: bytes) -> list[tuple[int, int]]:
    """Where each binding's name and value begin in an unencrypted answer of any version."""
    version, at, end = codec.decode_version(data)
    if version == codec.V3:
        for _ in range(2):
            _, _, at = codec.element(data, at, end)  # header, security
        at, end = codec.inside(data, at, end, codec.SEQUENCE)
        _, _, at = codec.element(data, at, end)  # engine; the context stands where a community does
    _, _, at = codec.element(data, at, end)
    kind, at, end = codec.element(data, at, end)
    if kind != codec.RESPONSE:
        return []
    for _ in range(3):
        _, at = codec.integer(data, at, end)
    at, end = codec.inside(data, at, end, codec.SEQUENCE)
    found = []
    while at < end:
        name, after = codec.inside(data, at, end, codec.SEQUENCE)
        _, _, value = codec.element(data, name, after)
        found.append((name, value))
        at = after
    return found


def changed(data: bytes, name: int, value: int, manner: str) -> bytes:
    """The answer with one byte of one binding changed, all lengths around it untouched."""
    spoilt = bytearray(data)
    match manner:
        case "value tag":
            spoilt[value] = 0x47
        case "value length":
            spoilt[value + 1] ^= 0x01
        case "name tag":
            spoilt[name] = 0x04
        case "name cut":
            spoilt[value - 1] |= 0x80
        case "name length":
            spoilt[name + 1] += 1
        case "another name":
            spoilt[name + 3] ^= 0x07
    return bytes(spoilt)


# What another object says as well: it takes the place of the best one when that is lost.
SECOND_BEST = {"vendor", "product", "model", "firmware", "serial", "hardware", "role", "mac"}
SECOND_BEST |= {"served_enterprise", "part", "interface.name"}
MANNERS = ("value tag", "value length", "name tag", "name cut", "name length", "another name")


def spoiling(honest: Responder, turn: int, place: int, manner: str) -> Responder:
    """An agent one of whose answers carries one bad binding."""
    turns = iter(range(1_000_000))

    def answer(request: bytes) -> bytes | None:
        good = honest(request)
        if good is None or next(turns) != turn or not (found := bindings_of(good)):
            return good
        return changed(good, *found[place % len(found)], manner)

    return answer


def everywhere(credential: Credential) -> Responder:
    if credential is NOBODY:
        return answering(double(versions=["v3"], users=[{"name": "reader"}]))
    return agent(WHOLE)


@pytest.mark.parametrize("credential", [PUBLIC, OLD, NOBODY], ids=["v2c", "v1", "v3"])
@settings(max_examples=30)
@given(turn=st.integers(0, 30), place=st.integers(0, 60), manner=st.sampled_from(MANNERS))
def test_one_bad_binding_adds_nothing_and_costs_its_own_column(
    credential: Credential, turn: int, place: int, manner: str
) -> None:
    honest = told(run(link_of(everywhere(credential), credential), Depth.SAMPLE))
    answer = spoiling(everywhere(credential), turn, place, manner)
    link = run(link_of(answer, credential), Depth.SAMPLE)
    said = told(link)
    added = {s[1:3] for s in said if s[0] == "fact"} - {s[1:3] for s in honest}
    assert {name for name, _ in added} <= SECOND_BEST
    lost = {s[1:3] for s in honest if s[0] == "fact"} - {s[1:3] for s in said}
    assert len({name for name, _ in lost} - SECOND_BEST) <= 2
    assert all(o.outcome is not Outcome.GARBLED for o in link.observations[:1])


@pytest.mark.parametrize("manner", ["another name", "name cut", "name tag", "name length"])
def test_an_answer_of_which_nothing_was_asked_is_garbled(manner: str) -> None:
    asked = (codec.oid("1.3.6.1.2.1.1.5.0"),)
    data = agent(MOXA)(codec.encode_request(codec.V2C, b"public", codec.GET, 3, asked))
    assert data is not None
    spoilt = changed(data, *bindings_of(data)[0], manner)
    with pytest.raises(Garbled, match="that were asked"):
        codec.decode_response(spoilt, codec.V2C, codec.GET, 3, asked)


def test_a_request_with_an_unreadable_binding_is_refused_whole() -> None:
    """Only answers are read in part: what we send is judged whole."""
    asked = (codec.oid("1.3.6.1.2.1.1.5.0"),)
    request = codec.encode_request(codec.V2C, b"public", codec.GET, 3, asked)
    assert len(codec.decode_message(request).pdu.bindings) == 1
    name = request.rindex(bytes((codec.OBJECT_ID, 8)))
    with pytest.raises(Garbled):
        codec.decode_message(request[:name] + b"\x04" + request[name + 1 :])
