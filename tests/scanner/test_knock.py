"""Ports where nobody is are written down without a conversation, and as one would have."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from protocols import probes
from protocols.contract import (
    Cost,
    Depth,
    Link,
    Observation,
    Outcome,
    Probe,
    Question,
    Reason,
    Rung,
)
from scanner.engine import Engine, Visit
from scanner.planning.cost import Manner
from scanner.secrets import BUILT_IN
from scanner.targets import parse
from scanner.wire.failures import Failure
from scanner.wire.knock import Ends, unheard
from scanner.wire.wire import Hold
from tests.scanner.test_link import (
    ASK,
    Bench,
    Serve,
    probe,
    reader,
    saying,
    serving,
    toy_frame,
)
from tests.support.virtual import virtually


@contextmanager
def silent_port(address: str = "127.0.0.1") -> Iterator[int]:
    """A port whose accept queue is full: it answers no SYN."""
    with socket.socket() as full, socket.socket() as filler, socket.socket() as second:
        full.bind((address, 0))
        full.listen(0)
        filler.connect(full.getsockname())
        second.setblocking(False)
        second.connect_ex(full.getsockname())
        yield full.getsockname()[1]


Asks = Callable[[Link], Awaitable[None]]
CLOSED = [f"127.0.9.{n}" for n in range(1, 6)]


async def plain(link: Link) -> None:
    await link.ask(ASK, b"?1\n", frame=toy_frame, read=reader(1))


async def naming(link: Link) -> None:
    """A question that differs from host to host."""
    question = Question("toy", "ask", argument=link.target.address)
    await link.ask(question, b"?1\n", frame=toy_frame, read=reader(1))


async def noting(link: Link) -> None:
    """A question, and why another one was not asked."""
    await plain(link)
    detail = "no credential is named"
    link.note(Question("toy", "told"), Outcome.NOT_ASKED, Reason.NO_CREDENTIAL, detail=detail)


async def insisting(link: Link) -> None:
    """Two questions where the first one finds nobody."""
    for _ in range(2):
        await link.ask(ASK, b"?1\n", frame=toy_frame, read=reader(1), fresh=True)


async def under_a_name(link: Link) -> None:
    name = link.credentials[0].name
    await link.ask(ASK, b"?1\n", frame=toy_frame, read=reader(1), credential=name)


@dataclass
class Asked:
    """A probe that counts how often it was run."""

    asks: Asks
    runs: Counter[str] = field(default_factory=Counter)

    def probe(self) -> Probe:
        async def run(link: Link) -> None:
            self.runs[link.target.address] += 1
            await self.asks(link)

        return replace(
            probe("tcp"),
            rungs={Depth.DISCOVER: Rung(lambda _: Cost(1, 1), run)},  # type: ignore[arg-type]
        )


async def swept(
    bench: Bench, asked: Asked, addresses: list[str], port: int
) -> dict[str, list[Observation]]:
    """One host after the other, so that what is learned of one is known for the next."""
    engine = Engine(bench.wire, Depth.DISCOVER)
    one = asked.probe()
    for address in addresses:
        await engine.run(iter([Visit(address, ((one, port),))]))
    bench.wire.close()
    found: dict[str, list[Observation]] = {address: [] for address in addresses}
    for item in bench.emitted:
        found[item.target.address].append(item)
    return found


def wide(port: int) -> Bench:
    bench = Bench(port)
    bench.wire.scope = parse(["127.0.0.0/16"])
    return bench


def told(items: list[Observation]) -> list[tuple[object, ...]]:
    """All that does not differ from host to host."""
    return [
        (o.question, o.outcome, o.reason, o.detail, o.credential, o.tries, o.sequence)
        for o in items
    ]


@pytest.mark.parametrize("asks", [plain, noting])
def test_the_third_closed_port_is_written_down_like_the_first_and_without_its_probe(
    asks: Asks,
) -> None:
    async def run() -> None:
        asked, bench = Asked(asks), wide(1)
        found = await swept(bench, asked, CLOSED, 1)
        first = told(found[CLOSED[0]])
        assert first[0][1] is Outcome.CLOSED
        assert [told(items) for items in found.values()] == [first] * len(CLOSED)
        assert set(asked.runs) == set(CLOSED[:2])
        sent = bench.wire.sent
        assert (sent.packets, sent.attempts, sent.requests) == (len(CLOSED), len(CLOSED), 0)
        assert not sent.functions  # no request left: nobody let us in
        assert bench.wire.outcomes[Outcome.CLOSED] == len(CLOSED)
        assert bench.wire.outcomes.total() == len(CLOSED) * len(first)

    virtually(run())


@pytest.mark.parametrize("asks", [naming, insisting])
def test_a_probe_that_says_more_or_otherwise_is_always_run(asks: Asks) -> None:
    async def run() -> None:
        asked = Asked(asks)
        await swept(wide(1), asked, CLOSED, 1)
        assert set(asked.runs) == set(CLOSED)

    virtually(run())


def test_a_declared_unit_or_an_earlier_run_is_a_matter_for_the_probe() -> None:
    async def run() -> None:
        asked, bench = Asked(plain), wide(1)
        engine, one = Engine(bench.wire, Depth.DISCOVER), asked.probe()
        for address in CLOSED:
            await engine.run(iter([Visit(address, ((one, 1),), units=("1",))]))
        bench.wire.close()
        assert set(asked.runs) == set(CLOSED)

    virtually(run())


def test_a_silent_port_is_knocked_at_as_often_as_before() -> None:
    async def run() -> None:
        with silent_port() as port:
            asked, bench = Asked(plain), wide(port)
            bench.wire.limits = replace(bench.wire.limits, connect_timeout=0.02)
            engine, one = Engine(bench.wire, Depth.DISCOVER), asked.probe()
            for _ in range(4):
                await engine.run(iter([Visit("127.0.0.1", ((one, port),))]))
            bench.wire.close()
        assert [(o.outcome, o.tries) for o in bench.emitted] == [(Outcome.SILENT, 2)] * 4
        assert asked.runs == {"127.0.0.1": 2}
        assert (bench.wire.sent.packets, bench.wire.sent.retries) == (8, 4)
        assert all(0.02 <= o.duration_seconds < 0.05 + 0.02 for o in bench.emitted)

    virtually(run())


def heard_by(asks: Asks, serve: Serve, stop: bool) -> tuple[list[Outcome], int, int]:
    """Outcomes at a port that lets in after closed ones; requests; places that are still taken."""

    async def run() -> tuple[list[Outcome], int, int]:
        async with serving(serve) as port:
            asked, bench = Asked(asks), wide(port)
            engine, one = Engine(bench.wire, Depth.DISCOVER), asked.probe()
            for address in CLOSED:  # the server listens on 127.0.0.1 only
                await engine.run(iter([Visit(address, ((one, port),))]))
            if stop:  # at the moment at which the connection is accepted
                talk = bench.wire.pacer.packets.take

                async def take(units: int = 1) -> None:
                    if bench.wire.sent.connections:
                        bench.wire.stop(Reason.ABORTED)
                    await talk(units)

                bench.wire.pacer.packets.take = take  # type: ignore[method-assign]
            await engine.run(iter([Visit("127.0.0.1", ((one, port),))]))
            bench.wire.close()
            found = [o.outcome for o in bench.emitted if o.target.address == "127.0.0.1"]
            taken = sum(not group.idle for group in bench.wire.pacer._groups.values())
            return found, bench.wire.sent.requests, taken

    return virtually(run())


def test_who_lets_us_in_gets_the_first_request_on_that_connection() -> None:
    connections = 0

    async def serve(r: asyncio.StreamReader, w: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await saying(b"!1 hello\n")(r, w)

    assert heard_by(plain, serve, stop=False) == ([Outcome.COMPLETE], 1, 0)
    assert connections == 1


def test_a_connection_that_was_accepted_gets_its_request_also_after_a_stop() -> None:
    found, requests, taken = heard_by(plain, saying(b"!1 hello\n"), stop=True)
    assert (found, requests, taken) == ([Outcome.COMPLETE], 1, 0)


def test_a_port_that_may_be_opened_no_more_is_not_knocked_at() -> None:
    """Three probes whose names stand at one port of `[ports]`: two connections, and no third."""

    async def run() -> None:
        async with serving(saying(b"!1 hello\n")) as port:
            asked, bench = Asked(plain), wide(port)
            engine, one = Engine(bench.wire, Depth.DISCOVER), asked.probe()
            probes = [replace(one, name=name) for name in ("toy", "twin", "third")]
            for each in probes:  # so that all of them are known to the guard
                await engine.run(iter([Visit(CLOSED[0], ((each, port),))]))
            bench.emitted.clear()
            visit = Visit("127.0.0.1", tuple((each, port) for each in probes))
            await engine.run(iter([visit]))
            bench.wire.close()
        told = [(o.outcome, o.reason) for o in bench.emitted]
        assert told == [(Outcome.COMPLETE, "")] * 2 + [(Outcome.NOT_ASKED, Reason.BUDGET)]
        assert bench.wire.sent.connections == 2

    virtually(run())


def test_a_host_whose_time_is_used_up_is_not_knocked_at() -> None:
    async def run() -> None:
        async with serving(saying(b"!1 hello\n")) as port:
            asked, bench = Asked(plain), wide(port)
            engine, one = Engine(bench.wire, Depth.DISCOVER), asked.probe()
            await engine.run(iter([Visit(CLOSED[0], ((one, port),))]))
            attempts = bench.wire.sent.attempts
            bench.host.spent = bench.wire.limits.host_seconds
            await engine.attempt(bench.host, one, port, Hold())
            bench.wire.close()
        last = bench.emitted[-1]
        assert (last.outcome, last.reason) == (Outcome.NOT_ASKED, Reason.BUDGET)
        assert bench.wire.sent.attempts == attempts

    virtually(run())


def test_an_address_that_arp_found_nobody_at_gets_no_packet_and_one_line_a_port() -> None:
    async def run() -> None:
        asked, bench = Asked(plain), wide(1)
        bench.wire.dead = lambda address: True
        found = await swept(bench, asked, CLOSED, 1)
        first = told(found[CLOSED[0]])
        assert (first[0][1], first[0][2]) == (Outcome.NO_PATH, Reason.NEIGHBOUR)
        assert [told(items) for items in found.values()] == [first] * len(CLOSED)
        assert set(asked.runs) == set(CLOSED[:2])
        assert (bench.wire.sent.packets, bench.wire.sent.attempts) == (0, 0)
        assert all(o.duration_seconds < 1 for o in bench.emitted)

    virtually(run())


def test_snmp_without_a_credential_is_not_run_where_arp_found_nobody() -> None:
    """By default no credential is named: a question, and one that was not asked for that."""

    async def run() -> None:
        bench, runs = wide(1), Counter[str]()
        bench.wire.dead = lambda address: True
        snmp = next(each for each in probes() if each.name == "snmp")
        rung = snmp.rungs[Depth.DISCOVER]

        async def counted(link: Link) -> None:
            runs[link.target.address] += 1
            await rung.run(link)

        counting = replace(snmp, rungs={Depth.DISCOVER: replace(rung, run=counted)})
        engine = Engine(bench.wire, Depth.DISCOVER)
        for address in CLOSED:
            await engine.run(iter([Visit(address, ((counting, 161),))]))
        bench.wire.close()
        found = [told([o for o in bench.emitted if o.target.address == a]) for a in CLOSED]
        assert [outcome for _, outcome, *_ in found[0]] == [Outcome.NO_PATH, Outcome.NOT_ASKED]
        assert found == found[:1] * len(CLOSED)
        assert set(runs) == set(CLOSED[:2])

    virtually(run())


def test_no_packet_is_counted_where_arp_found_nobody_by_whichever_way() -> None:
    async def run() -> None:
        asked, bench = Asked(plain), wide(1)
        bench.wire.dead = lambda address: True
        engine, one = Engine(bench.wire, Depth.DISCOVER), asked.probe()
        found = [await engine.attempt(bench.wire.host(a), one, 1, Hold()) for a in CLOSED]
        bench.wire.close()
        assert len(asked.runs) == 2  # the others were knocked at
        assert [each.manner for each in found] == [Manner.NOT_SENT] * len(CLOSED)
        assert bench.wire.sent.packets == 0

    virtually(run())


def test_an_end_is_learned_for_those_under_the_same_credential() -> None:
    async def run() -> None:
        asked, bench = Asked(under_a_name), wide(1)
        names = ["north"] * 3 + ["south"] * 2
        bench.wire.credentials = tuple(
            replace(
                BUILT_IN["snmp-public"],
                name=name,
                type="toy",
                applies_to=tuple(a for a, n in zip(CLOSED, names, strict=True) if n == name),
            )
            for name in ("north", "south")
        )
        engine = Engine(bench.wire, Depth.DISCOVER)
        one = replace(asked.probe(), credentials=("toy",))
        for address in CLOSED:
            await engine.run(iter([Visit(address, ((one, 1),))]))
        bench.wire.close()
        assert [o.credential for o in bench.emitted] == names
        assert CLOSED[2] not in asked.runs

    virtually(run())


def test_an_end_is_known_when_two_hosts_have_ended_alike() -> None:
    ends, one = Ends(), probe("tcp")
    assert not ends.begun(one, 7)
    ends.learn(one, 7, ())
    assert ends.begun(one, 7)
    assert ends.known(one, 7, Outcome.CLOSED) is None


@pytest.mark.parametrize(
    ("outcome", "reason", "arp", "again"),
    [
        (Outcome.SILENT, "", False, True),
        (Outcome.CLOSED, "", True, False),
        (Outcome.NO_PATH, Reason.NEIGHBOUR, False, False),
        (Outcome.NO_PATH, Reason.NEIGHBOUR, True, True),
        (Outcome.NO_PATH, Reason.ROUTER, True, False),
    ],
)
def test_a_neighbour_who_answers_arp_and_was_not_found_in_time_is_tried_again(
    outcome: Outcome, reason: str, arp: bool, again: bool
) -> None:
    async def run() -> bool:
        wire = wide(1).wire
        wire.heard = lambda _: arp
        return unheard(wire, "127.0.9.1", Failure(outcome, reason))

    assert virtually(run()) is again
