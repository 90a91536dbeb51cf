"""Several SNMP credentials: who is asked when, and how often (docs/decisions/0026)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from protocols.contract import Credential, Depth, Observation, Outcome
from protocols.snmp import PROBE, codec
from protocols.snmp.discover import discover
from scanner.planning.cost import Attempt, Manner, attempts, cost
from scanner.profile import PROFILES, Limits
from scanner.targets import parse
from scanner.wire.link import Conversation
from scanner.wire.wire import Wire
from tests.protocols.snmp.test_probe import MOXA, OLD, PUBLIC, SECURE, agent
from tests.protocols.snmp.test_secured import USER, answering, double
from tests.support.virtual import LoopClock, virtually

HERE = "127.0.0.1"
Answering = Callable[[bytes], bytes | None]


@dataclass
class Heard(asyncio.DatagramProtocol):
    """A UDP port that answers, late where it is slow, and keeps when it was asked what."""

    answer: Answering
    late: float = 0.0
    times: list[float] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, peer: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        self.times.append(loop.time())
        self.versions.append(codec.decode_version(data)[0])
        if (said := self.answer(data)) is not None:
            loop.call_later(self.late, self.transport.sendto, said, peer)

    @property
    def gaps(self) -> list[float]:
        """Seconds between one datagram and the next, to a tenth."""
        return [round(b - a, 1) for a, b in zip(self.times, self.times[1:], strict=False)]


def asked(
    answer: Answering,
    *credentials: Credential,
    late: float = 0.0,
    likeliest: bool = True,
    limits: Limits | None = None,
) -> tuple[Heard, list[Observation], int]:
    """One discovery: what the port heard, the observations, and the retries that were counted."""

    async def run() -> tuple[Heard, list[Observation], int]:
        loop = asyncio.get_running_loop()
        kept: list[Observation] = []

        def sink(item: Observation) -> asyncio.Future[None]:
            kept.append(item)
            done: asyncio.Future[None] = loop.create_future()
            done.set_result(None)
            return done

        transport, heard = await loop.create_datagram_endpoint(
            lambda: Heard(answer, late), local_addr=(HERE, 0)
        )
        wire = Wire(
            *("scan", "site", "here", parse([HERE]), PROFILES["brisk"], limits or Limits()),
            *(LoopClock(loop), sink),
            credentials=credentials,
        )
        port = transport.get_extra_info("sockname")[1]
        link = Conversation(
            *(wire, wire.host(HERE), PROBE, port),
            most_requests=PROBE.rungs[Depth.DISCOVER].most.pages + 1,
            seconds=60,
            likeliest=likeliest,
        )
        await discover(link)
        await link.close()
        wire.close()
        transport.close()
        return heard, kept, wire.sent.retries

    return virtually(run())


def outcomes(kept: Sequence[Observation]) -> list[tuple[str, Outcome]]:
    return [(item.credential, item.outcome) for item in kept]


def test_the_next_credential_is_asked_when_the_first_might_be_asked_again() -> None:
    heard, kept, retries = asked(agent(MOXA, versions=(0,)), PUBLIC, OLD)
    assert heard.versions == [codec.V2C, codec.V1]
    assert heard.gaps == [2.0]
    assert retries == 0
    assert outcomes(kept) == [
        ("snmp-public", Outcome.SILENT),
        ("old", Outcome.COMPLETE),
    ]


def test_a_user_of_version_3_is_reached_behind_two_communities() -> None:
    heard, kept, _ = asked(answering(double(versions=["v3"])), PUBLIC, OLD, USER)
    assert heard.versions == [codec.V2C, codec.V1, 3, 3]
    assert heard.gaps[:2] == [2.0, 2.0]
    assert kept[-1].outcome is Outcome.COMPLETE


def test_a_silent_address_gets_every_first_try_before_any_second_one() -> None:
    heard, kept, retries = asked(lambda _: None, PUBLIC, OLD, SECURE)
    assert heard.versions == [codec.V2C, codec.V1, 3] * 2
    assert min(heard.gaps) >= 2.0  # docs/decisions/0006
    assert retries == 3
    assert [item.tries for item in kept] == [1] * 6
    assert {item.outcome for item in kept} == {Outcome.SILENT}


def test_an_unlikely_port_of_a_silent_address_gets_no_second_tries() -> None:
    heard, kept, retries = asked(lambda _: None, PUBLIC, OLD, SECURE, likeliest=False)
    assert heard.versions == [codec.V2C, codec.V1, 3]
    assert (len(kept), retries) == (3, 0)


def test_no_retries_means_none_with_several_credentials_either() -> None:
    heard, _, retries = asked(lambda _: None, PUBLIC, OLD, limits=Limits(retries=0))
    assert (heard.versions, retries) == ([codec.V2C, codec.V1], 0)


def test_an_answer_too_late_for_the_first_try_is_heard_at_the_second() -> None:
    """Its first answer meets the question of version 3, which is not taken for a garbled one."""
    heard, kept, _ = asked(agent(MOXA), PUBLIC, USER, late=2.5)
    assert heard.versions == [codec.V2C, 3, codec.V2C]
    assert outcomes(kept)[-1] == ("snmp-public", Outcome.COMPLETE)
    assert [item.outcome for item in kept[:-1]] == [Outcome.SILENT] * 2


def test_no_user_is_named_to_an_agent_that_serves_the_community_late() -> None:
    """Wrong users are counted, and may be locked out: the engine answers after the community."""
    heard, kept, _ = asked(answering(double(versions=["v2c", "v3"])), PUBLIC, USER, late=1.9)
    assert heard.versions == [codec.V2C]
    assert outcomes(kept) == [("snmp-public", Outcome.COMPLETE)]


def test_one_credential_is_asked_as_ever() -> None:
    heard, kept, retries = asked(lambda _: None, PUBLIC)
    assert (heard.gaps, retries) == ([2.0], 1)
    assert [(item.tries, item.outcome) for item in kept] == [(2, Outcome.SILENT)]


@pytest.mark.parametrize(
    ("credentials", "likeliest"),
    [
        ((), True),
        ((PUBLIC,), True),
        ((SECURE, USER), True),
        ((PUBLIC, OLD), True),
        ((PUBLIC, OLD, SECURE, USER), True),
        ((PUBLIC, OLD, SECURE), False),
    ],
)
def test_the_plan_prices_silence_as_it_is_met(
    credentials: tuple[Credential, ...], likeliest: bool
) -> None:
    heard, *_ = asked(lambda _: None, *credentials, likeliest=likeliest)
    shape = attempts([(PROBE, 161)], credentials)
    if not likeliest:
        shape = (Attempt("other", "tcp", 1, Manner.NOT_SENT), *shape)
    assert cost({shape: 1}, PROFILES["brisk"], Limits()).packets == len(heard.times)
