"""Users of version 3: the rungs against a double of its own making, and answers that lie."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from protocols.contract import (
    Credential,
    Depth,
    Garbled,
    Outcome,
    Reason,
    Refused,
    Sealed,
    Secret,
    Stale,
)
from protocols.snmp import codec, message, secured, usm
from protocols.snmp.codec import GET, RESPONSE, Oid
from protocols.snmp.message import Engine, Message
from protocols.snmp.secured import Secured
from simulators.contract import Device, Service
from simulators.snmp import Agent as Double
from tests.protocols.snmp.measure import PUBLIC
from tests.protocols.snmp.player import encode_oid, signed, tlv
from tests.protocols.snmp.test_codec import mutate
from tests.protocols.snmp.test_probe import facts, link_of, run

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ENGINE = Engine(bytes.fromhex("80001f8803001b1b001b1b"), 7, 86_400)
DESCR = codec.oid("1.3.6.1.2.1.1.1.0")
USER = Credential(
    "ot-reader",
    "snmp-v3",
    Secret(lambda: "Signing-Secret-1"),
    user="reader",
    auth="SHA",
    privacy="AES-128",
    privacy_secret=Secret(lambda: "Private-Secret-2"),
)
LEVELS = {
    "clear": replace(USER, auth="", privacy=""),
    "signed": replace(USER, privacy=""),
    "encrypted": USER,
}


def session(credential: Credential = USER, now: datetime = NOW) -> Secured:
    authentication, privacy = secured.level(credential)
    keys = usm.make_keys(authentication, privacy, "Signing-Secret-1", "Private-Secret-2", ENGINE.id)
    return Secured(credential, keys, ENGINE, NOW, lambda: now)


def scoped(
    number: int = 9, kind: int = RESPONSE, oid: Oid = DESCR, value: bytes = b"\x04\x01x"
) -> bytes:
    binding = tlv(48, tlv(6, encode_oid(oid)) + value)
    pdu = tlv(kind, signed(number) + signed(0) * 2 + tlv(48, binding))
    return message.encode_scoped(ENGINE.id, pdu)


def answer(
    held: Secured,
    payload: bytes,
    *,
    number: int = 9,
    engine: Engine = ENGINE,
    user: bytes = b"reader",
    keys: usm.Keys | None = None,
) -> bytes:
    """What an agent that has the keys would send."""
    plain = Message(number, 0, engine, user, b"", b"", payload)
    return usm.seal(plain, keys or held.keys, engine, b"saltsalt")


def opened(held: Secured, data: bytes) -> bytes:
    return held.open(data, GET, 9, (DESCR,)).bindings[0].content


@pytest.mark.parametrize("name", LEVELS)
def test_a_true_answer_is_read_at_every_level(name: str) -> None:
    held = session(LEVELS[name])
    assert opened(held, answer(held, scoped())) == b"x"


def test_padded_ciphertext_is_read() -> None:
    held = session()
    assert opened(held, answer(held, scoped() + bytes(15))) == b"x"
    with pytest.raises(Garbled):
        opened(held, answer(held, scoped() + bytes(16)))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(lambda h: answer(h, scoped(), number=8), id="message id"),
        pytest.param(lambda h: answer(h, scoped(number=8)), id="request id"),
    ],
)
def test_an_answer_to_another_request_is_stale(data: Callable[[Secured], bytes]) -> None:
    held = session()
    with pytest.raises(Stale):
        opened(held, data(held))


OTHER_ENGINE = replace(ENGINE, id=b"\x80\x00\x00\x09\x04else")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda h: answer(h, scoped(), engine=OTHER_ENGINE), "expected engine"),
        (lambda h: answer(h, scoped(), user=b"writer"), "another's"),
        (lambda h: answer(h, scoped(), keys=replace(h.keys, signing=b"?" * 20)), "digest"),
        (lambda h: answer(h, scoped(), keys=session(LEVELS["signed"]).keys), "flags 3, got 1"),
        (lambda h: answer(h, scoped(), keys=session(LEVELS["clear"]).keys), "flags 3, got 0"),
        (lambda h: answer(h, scoped(kind=GET)), "expected a Response"),
        (lambda h: answer(h, scoped(oid=(*DESCR, 1))), "OIDs that were asked"),
        (lambda h: answer(h, b"\x04\x01x"), "expected tag 0x30"),
        (lambda h: answer(h, scoped(kind=codec.REPORT)), "known counter"),
        (lambda h: answer(h, scoped(), keys=replace(h.keys, encrypting=b"?" * 16)), "expected"),
    ],
)
def test_an_answer_that_does_not_agree_is_garbled(
    data: Callable[[Secured], bytes], words: str
) -> None:
    held = session()
    with pytest.raises(Garbled, match=words):
        opened(held, data(held))


def test_encrypted_but_unsigned_is_garbled() -> None:
    held = session()
    plain = Message(9, message.PRIVACY, ENGINE, b"reader", b"", b"saltsalt", b"cipher")
    with pytest.raises(Garbled, match="flags"):
        opened(held, message.encode(plain))


def test_an_answer_older_than_the_window_is_garbled_once_the_clock_is_known() -> None:
    held = session()
    opened(held, answer(held, scoped()))
    late = replace(ENGINE, time=ENGINE.time - 149)
    assert opened(held, answer(held, scoped(), engine=late)) == b"x"
    held = session()
    opened(held, answer(held, scoped()))
    with pytest.raises(Garbled, match="older"):
        opened(held, answer(held, scoped(), engine=replace(ENGINE, time=ENGINE.time - 151)))
    with pytest.raises(Garbled, match="older"):
        opened(held, answer(held, scoped(), engine=replace(ENGINE, boots=6)))


def test_the_agents_clock_is_carried_on() -> None:
    held = session(now=NOW + timedelta(seconds=61))
    assert held.engine_now().time == ENGINE.time + 61
    sent, _ = held.envelope(GET, 9, (DESCR,), 0)
    assert isinstance(sent, Sealed)
    leaving = message.decode(sent.seal(sent.plain))
    assert leaving.engine == replace(ENGINE, time=ENGINE.time + 61)
    assert leaving.flags == 7


def test_no_salt_is_used_twice() -> None:
    sent, _ = session().envelope(GET, 9, (DESCR,), 0)
    assert isinstance(sent, Sealed)
    salts = {message.decode(sent.seal(sent.plain)).salt for _ in range(100)}
    assert len(salts) == 100


WINDOW = scoped(kind=codec.REPORT, oid=secured.NOT_IN_TIME_WINDOWS, value=b"\x41\x01\x05")


def test_the_time_is_taken_from_one_signed_report_and_then_refused() -> None:
    held = session()
    signing = replace(held.keys, privacy=None)
    told = replace(ENGINE, boots=9, time=5)
    with pytest.raises(Refused) as first:
        opened(held, answer(held, WINDOW, engine=told, keys=signing))
    assert (first.value.outcome, first.value.reason) == (Outcome.EMPTY, "not_in_time_window")
    assert held.engine == told
    with pytest.raises(Refused) as second:
        opened(held, answer(held, WINDOW, engine=told, keys=signing))
    assert (second.value.outcome, second.value.reason) == (
        Outcome.REFUSED_AUTH,
        Reason.CLOCK_SKEW,
    )


def test_an_unsigned_report_does_not_move_the_clock() -> None:
    held = session()
    with pytest.raises(Refused) as refusal:
        opened(held, answer(held, WINDOW, engine=replace(ENGINE, boots=9), keys=usm.Keys()))
    assert refusal.value.reason == Reason.CLOCK_SKEW
    assert "unsigned" in refusal.value.detail
    assert held.engine == ENGINE


def test_every_truncation_is_garbled() -> None:
    held = session()
    whole = answer(held, scoped())
    for end in range(len(whole)):
        with pytest.raises(Garbled):
            opened(held, whole[:end])


def campaign(count: int, seed: int) -> None:
    """Mutated in flight, and mutated by who holds the keys: never another exception."""
    chance = random.Random(seed)
    believed = 0
    for turn in range(count):
        held = session_of[turn % 3]
        held.engine, held.resynchronised = ENGINE, False
        good = scoped() if chance.random() < 0.8 else WINDOW
        inside = turn % 2
        whole = answer(held, mutate(good, chance) if inside else good)
        try:
            response = held.open(whole if inside else mutate(whole, chance), GET, 9, (DESCR,))
            for binding in response.bindings:
                codec.value(binding)
        except (Garbled, Stale, Refused):
            continue
        believed += not inside and held.keys.flags != 0
    assert believed < count / 100


session_of = [session(credential) for credential in LEVELS.values()]


def test_mutated_secured_answers_never_raise_anything_else() -> None:
    campaign(10_000, 1)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_the_long_campaign_of_mutated_secured_answers() -> None:
    campaign(100_000, 2)


# ---- the rungs


def double(**options: object) -> Double:
    """The simulator's agent with one user."""
    given: dict[str, object] = {
        "versions": ["v3"],
        "enterprise": 4329,
        "object_id": "1.3.6.1.4.1.4329.6.1.2.1.1.41",
        "description": "Siemens, SIMATIC NET, SCALANCE S615, 6GK5 615-0AA00-2AA2, HW: Version 3, "
        "FW: Version V07.02.02, VPL0000001",
        "boots": 19,
        "interfaces": [{"name": f"vlan{n}"} for n in range(1, 40)],
        "users": [
            {
                "name": "reader",
                "auth": "SHA",
                "auth_secret": "Signing-Secret-1",
                "privacy": "AES-128",
                "privacy_secret": "Private-Secret-2",
            }
        ],
    }
    service = Service(protocol="snmp", port=161, options=given | options)
    return Double(Device(id="cell-router", address="127.0.0.1", services=(service,)), service)


def answering(agent: Double) -> Callable[[bytes], bytes | None]:
    return lambda request: agent.hear(request).answer


def test_a_secured_agent_is_identified_in_two_requests() -> None:
    link = run(link_of(answering(double()), USER))
    assert link.functions == ["SNMP v3 discovery", "SNMP get"]
    assert facts(link, "serial") == ["VPL0000001"]
    assert facts(link, "engine_id")
    assert [o.credential for o in link.observations] == ["", "ot-reader"]


def test_the_walk_is_that_of_version_2c() -> None:
    agent = double(versions=["v2c", "v3"])
    secured_link = run(link_of(answering(agent), USER), Depth.POINTS)
    open_link = run(link_of(answering(agent), PUBLIC), Depth.POINTS)
    assert len(facts(secured_link, "interface.name")) == 39
    for name in ("interface.name", "interface.mac", "serial"):
        assert facts(secured_link, name) == facts(open_link, name)
    assert secured_link.functions[1:] == open_link.functions


def test_the_order_of_the_credentials_is_kept() -> None:
    agent = answering(double(versions=["v2c", "v3"]))
    first = run(link_of(agent, USER, PUBLIC), Depth.DISCOVER)
    assert first.functions == ["SNMP v3 discovery", "SNMP get"]
    second = run(link_of(agent, PUBLIC, USER), Depth.DISCOVER)
    assert [o.credential for o in second.observations] == ["snmp-public"]


def test_a_wrong_clock_costs_one_more_request() -> None:
    agent = double(engine_skew=0)
    hear = answering(agent)

    def answer_late(request: bytes) -> bytes | None:
        found = hear(request)
        agent.engine.skew_seconds = 4_000  # the agent's clock jumps after it told the time
        return found

    link = run(link_of(answer_late, USER), Depth.DISCOVER)
    assert [(o.outcome, o.reason) for o in link.observations] == [
        (Outcome.COMPLETE, ""),
        (Outcome.EMPTY, "not_in_time_window"),
        (Outcome.COMPLETE, ""),
    ]
    assert facts(link, "serial") == ["VPL0000001"]


def test_a_clock_that_never_agrees_is_refused() -> None:
    agent = double()
    hear = answering(agent)

    def jumping(request: bytes) -> bytes | None:
        agent.engine.boots += 1
        return hear(request)

    link = run(link_of(jumping, USER), Depth.POINTS)
    assert [(o.outcome, o.reason) for o in link.observations][-1] == (
        Outcome.REFUSED_AUTH,
        Reason.CLOCK_SKEW,
    )
    assert len(link.requests) == 3


def test_an_agent_that_restarts_during_a_walk_is_read_to_the_end() -> None:
    agent = double()
    hear = answering(agent)
    asked = 0

    def restarting(request: bytes) -> bytes | None:
        nonlocal asked
        asked += 1
        agent.engine.boots = 20 if asked > 6 else 19
        return hear(request)

    link = run(link_of(restarting, USER), Depth.POINTS)
    assert len(facts(link, "interface.name")) == 39
    assert [o.reason for o in link.observations].count("not_in_time_window") == 1


@pytest.mark.parametrize(
    ("credential", "words"),
    [
        (replace(USER, privacy="DES"), "DES' is broken and not spoken here"),
        (replace(USER, auth="SHA-9"), "'SHA-9' is not one of"),
        (replace(USER, auth=""), "privacy needs an auth protocol"),
        (replace(USER, user=""), "name of 1 to 32 bytes"),
        (replace(USER, user="x" * 33), "name of 1 to 32 bytes"),
        (replace(USER, secret=Secret(lambda: "")), "secret is empty"),
    ],
)
def test_a_credential_that_cannot_be_used_says_why(credential: Credential, words: str) -> None:
    link = run(link_of(answering(double()), credential), Depth.POINTS)
    noted = [o for o in link.observations if o.outcome is Outcome.NOT_ASKED]
    assert [(o.reason, o.credential) for o in noted] == [(Reason.NO_CREDENTIAL, "ot-reader")]
    assert words in noted[0].detail
    assert link.functions == ["SNMP v3 discovery"]


def test_the_privacy_secret_falls_back_to_the_other() -> None:
    users = [
        {"name": "reader", "auth": "SHA", "auth_secret": "one-for-both"}
        | {"privacy": "AES-128", "privacy_secret": "one-for-both"}
    ]
    one = replace(USER, secret=Secret(lambda: "one-for-both"), privacy_secret=None)
    assert facts(run(link_of(answering(double(users=users)), one)), "serial") == ["VPL0000001"]


def test_no_engine_is_asked_for_once() -> None:
    link = run(link_of(lambda _: None, USER, replace(USER, name="second")))
    assert [(o.outcome, o.credential) for o in link.observations] == [
        (Outcome.SILENT, ""),
        (Outcome.NOT_ASKED, "second"),
    ]


def test_a_second_silence_of_an_agent_that_answered_is_not_risked() -> None:
    wrong = replace(USER, user="nobody")
    more = [replace(PUBLIC, name=n) for n in ("a", "b")]
    link = run(link_of(answering(double()), wrong, *more))
    assert [o.outcome for o in link.observations] == [
        Outcome.COMPLETE,
        Outcome.REFUSED_AUTH,
        Outcome.SILENT,
    ]


def test_no_secret_is_in_what_is_recorded_or_shown() -> None:
    link = run(link_of(answering(double()), USER))
    shown = repr(link.observations) + repr(session())
    for secret in ("Signing-Secret-1", "Private-Secret-2", session().keys.signing.hex()):
        assert secret not in shown


def test_stored_answers_are_opened_again_by_a_resumed_scan() -> None:
    hear, stored = answering(double()), []

    def storing(request: bytes) -> bytes | None:
        found = hear(request)
        stored.append(found)
        return found

    first = run(link_of(storing, USER), Depth.POINTS)
    again = iter(stored)
    second = run(link_of(lambda _: next(again), USER), Depth.POINTS)
    assert [(o.outcome, o.facts, o.digest) for o in second.observations] == [
        (o.outcome, o.facts, o.digest) for o in first.observations
    ]
