"""Agents that lie: loops, values never asked, nonsense. Right outcomes, bounded work."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import pytest

from protocols.contract import Depth, Outcome, Reason
from protocols.snmp import codec
from protocols.snmp.codec import Oid
from protocols.snmp.walk import MOST_PAGES_HOST, MOST_PAGES_TABLE
from tests.protocols.snmp.measure import PUBLIC
from tests.protocols.snmp.player import Agent, agent, octets, tlv
from tests.protocols.snmp.test_codec import mutate
from tests.protocols.snmp.test_probe import MOXA, UPS, facts, interfaces, link_of, run
from tests.support.patience import least_cpu

Responder = Callable[[bytes], bytes | None]
IF_DESCR = codec.oid("1.3.6.1.2.1.2.2.1.2")
WHOLE = agent(MOXA | interfaces(12) | UPS)


def walking(step: Callable[[Oid, int], Oid]) -> Responder:
    """An agent that is honest until ifTable is walked; then each next OID is what `step` says."""

    def answer(request: bytes) -> bytes | None:
        message = codec.decode_message(request)
        oids = [b.oid for b in message.pdu.bindings]
        if message.pdu.kind == codec.GET or oids[0][: len(IF_DESCR)] != IF_DESCR:
            return WHOLE(request)
        found: list[tuple[Oid, bytes]] = []
        at = oids
        for turn in range(max(1, message.pdu.second)):
            at = [step(o, turn) for o in at]
            found.extend((o, octets("x")) for o in at)
        return Agent.answer(message, 0, 0, found)

    return answer


@pytest.mark.parametrize(
    "step",
    [
        lambda oid, turn: oid,
        lambda oid, turn: (*oid[:10], 1 + turn % 2),
        lambda oid, turn: (*oid[:10], 1_000 - turn),
        lambda oid, turn: (1, 3, 6, 1, 2, 1, 1, 1, 0),
    ],
    ids=["same", "cyclic", "descending", "backwards"],
)
def test_a_walk_that_loops_is_garbled_and_the_other_tables_are_read(
    step: Callable[[Oid, int], Oid],
) -> None:
    link = run(link_of(walking(step), PUBLIC), Depth.POINTS)
    outcomes = [o.outcome for o in link.observations if o.question.argument == "ifTable"]
    assert outcomes[0] is Outcome.GARBLED
    assert facts(link, "interface.name") == []
    samples = [s for o in link.observations for s in o.samples]
    assert len(samples) == len(UPS)
    assert len(link.requests) < 40


def test_endless_oids_end_at_our_cap() -> None:
    link = run(
        link_of(walking(lambda oid, _: (*oid[:10], oid[10] + 1 if oid[10:] else 1)), PUBLIC),
        Depth.POINTS,
    )
    pages = [o for o in link.observations if o.question.argument == "ifTable"]
    assert (pages[-1].outcome, pages[-1].reason) == (Outcome.PARTIAL, Reason.OUR_CAP)
    assert 1_000 <= (pages[-1].items or 0) <= 1_010


def test_one_binding_a_page_is_bounded_by_pages() -> None:
    def answer(request: bytes) -> bytes | None:
        message = codec.decode_message(request)
        if message.pdu.kind == codec.GET:
            return WHOLE(request)
        count = len(message.pdu.bindings) if message.pdu.kind == codec.GET_NEXT else 1
        longer = [
            (*b.oid[:-1], b.oid[-1] + 1) if len(b.oid) > 12 else (*b.oid, 1, 1)
            for b in message.pdu.bindings
        ]
        return Agent.answer(message, 0, 0, [(o, octets("y")) for o in longer[:count]])

    link = run(link_of(answer, PUBLIC), Depth.POINTS)
    assert len(link.requests) <= MOST_PAGES_HOST + 20
    asked = [o for o in link.observations if o.question.argument == "ifTable"]
    assert len(asked) <= MOST_PAGES_TABLE + 1
    assert asked[-1].reason == Reason.OUR_CAP


@pytest.mark.parametrize("depth", [Depth.DISCOVER, Depth.POINTS])
def test_values_of_oids_never_asked_are_not_believed(depth: Depth) -> None:
    def answer(request: bytes) -> bytes:
        message = codec.decode_message(request)
        lie = [((*b.oid[:-1], b.oid[-1] + 900), octets("Moxa NPort")) for b in message.pdu.bindings]
        return Agent.answer(message, 0, 0, lie)

    link = run(link_of(answer, PUBLIC), depth)
    assert link.observations[0].outcome is Outcome.GARBLED
    assert [f for o in link.observations for f in o.facts] == []


@pytest.mark.parametrize(
    "bad",
    [
        tlv(0x47, b"\1"),
        tlv(0x43, b""),
        tlv(0x43, b"\1" * 12),
        tlv(0x02, b"\1" * 2_100),
        tlv(0x40, b"\1\2"),
        tlv(0x06, b"\xff"),
    ],
    ids=["no type", "empty", "too wide", "5 000 digits", "half an address", "cut identifier"],
)
@pytest.mark.parametrize("field", ["1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.4.0"])
def test_one_bad_field_costs_no_other(field: str, bad: bytes) -> None:
    """A plain library loses the whole answer (safety.md 4)."""
    link = run(link_of(agent(MOXA | {field: bad}), PUBLIC))
    honest = run(link_of(agent({k: v for k, v in MOXA.items() if k != field}), PUBLIC))
    for name in ("vendor", "model", "serial", "firmware", "description"):
        assert facts(link, name) == facts(honest, name)
    assert facts(link, "vendor")
    assert not facts(link, "uptime_seconds" if field.endswith("3.0") else "contact")
    (first, *_) = link.observations
    assert (first.outcome, first.reason) == (Outcome.PARTIAL, "malformed_value")
    assert field in first.detail


def test_a_next_value_outside_the_column_is_not_read() -> None:
    values = {k: v for k, v in MOXA.items() if ".8691." not in k}
    values["1.3.6.1.4.1.8691.99.1.0"] = octets("something else")
    link = run(link_of(agent(values), PUBLIC))
    assert facts(link, "serial") == []
    assert facts(link, "firmware") == []


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00",
        b"\x30\x84\xff\xff\xff\xff" + b"\x00" * 100,
        b"\x30\x80" * 5_000,
        b"\x30\x82\x7f\xff" * 8_000,
        b"\x30\x06\x02\x04\xff\xff\xff\xff",
        b"\xff" * 65_000,
        b"HTTP/1.0 400 Bad Request\r\n\r\n",
    ],
    ids=["one byte", "oversize", "indefinite", "deep", "version", "ones", "http"],
)
def test_an_undecodable_answer_is_garbled(answer: bytes) -> None:
    link = run(link_of(lambda _: answer, PUBLIC), Depth.SAMPLE)
    assert [o.outcome for o in link.observations] == [Outcome.GARBLED]


@pytest.mark.parametrize(
    "words",
    [
        b"\x1b]0;owned\x07",
        b"\xff\xfe\x00\xd8",
        b"\x00" * 2_000,
        b"=cmd|'/c calc'!A0",
        b"A" * 60_000,
    ],
    ids=["escape", "not text", "zeros", "formula", "long"],
)
def test_hostile_text_is_kept_as_bounded_text(words: bytes) -> None:
    values = MOXA | {"1.3.6.1.2.1.1.5.0": tlv(4, words)}
    link = run(link_of(agent(values), PUBLIC), Depth.DISCOVER)
    for name in facts(link, "name"):
        assert isinstance(name, str)
        assert len(name) <= 4_096
        assert "\x00" not in name
        name.encode()


def campaign(count: int, seed: int) -> None:
    """Agents whose every answer may be mutated never raise and never hang."""
    chance = random.Random(seed)
    slowest = 0.0
    for _ in range(count):

        def answer(request: bytes) -> bytes | None:
            good = WHOLE(request)
            return mutate(good, chance) if good and chance.random() < 0.3 else good

        link = link_of(answer, PUBLIC)
        spent = least_cpu(partial(run, link, Depth.POINTS), 1)
        slowest = max(slowest, spent / max(1, len(link.requests)))
        assert all(o.outcome is not Outcome.BROKEN for o in link.observations)
    assert slowest < 0.1


def test_agents_with_mutated_answers_never_break_the_probe() -> None:
    campaign(150, 5)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_the_long_campaign_of_agents_with_mutated_answers() -> None:
    campaign(10_000, 6)
