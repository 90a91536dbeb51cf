"""Addresses that the register puts behind one gateway are one device to the wire (safety.md 2)."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from protocols.contract import Cost, Depth, Link, Outcome, Rung
from scanner.engine import Engine, Visit
from scanner.planning import cost as planning
from scanner.planning.gateways import own, shared
from scanner.planning.prepare import known
from scanner.profile import PROFILES, Limits
from scanner.targets import parse
from scanner.wire.wire import Wire
from tests.inventory.making import listed
from tests.scanner.test_link import ASK, Bench, probe, reader, toy_frame
from tests.support.virtual import LoopClock, virtually

HOSTS = ("127.36.1.1", "127.36.1.2", "127.36.1.3")
QUESTIONS = 6
SILENT = "127.36.1.9"


class Plant:
    """Servers at all addresses: who was connected at once, and when questions came."""

    def __init__(self) -> None:
        self.open = self.most = 0
        self.times: list[float] = []

    async def __call__(self, talker: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most = max(self.most, self.open)
        while await talker.readline():
            self.times.append(asyncio.get_running_loop().time())
            writer.write(b"!1 hello\n")
        self.open -= 1
        writer.close()


class Mute(asyncio.DatagramProtocol):
    """Answers two questions and no more."""

    def __init__(self) -> None:
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.asked += 1
        if self.asked <= 2:
            self.transport.sendto(b"!1 hello\n", addr)  # type: ignore[attr-defined]


def scanned(gateways: dict[str, str]) -> tuple[Plant, Engine, float, list[Outcome]]:
    async def ask(link: Link) -> None:
        for _ in range(QUESTIONS):
            await link.ask(ASK, b"?1\n", frame=toy_frame, read=reader(1))

    async def run() -> tuple[Plant, Engine, float, list[Outcome]]:
        loop, plant = asyncio.get_running_loop(), Plant()
        bench = Bench(1)
        wire = Wire(
            *("scan", "site", "here", parse(HOSTS), PROFILES["standard"], Limits()),
            *(LoopClock(loop), bench.sink),
            gateways=gateways,
        )
        asked = replace(
            probe("tcp"), rungs={Depth.DISCOVER: Rung(lambda _: Cost(1, QUESTIONS), ask)}
        )
        async with AsyncExitStack() as stack:
            visits = []
            for host in HOSTS:
                server = await asyncio.start_server(plant, host, 0)
                await stack.enter_async_context(server)
                port = server.sockets[0].getsockname()[1]
                visits.append(Visit(host, ((asked, port),)))
            engine, begun = Engine(wire, Depth.DISCOVER), loop.time()
            await engine.run(iter(visits))
            lasted = loop.time() - begun
        wire.close()
        return plant, engine, lasted, [item.outcome for item in bench.emitted]

    return virtually(run())


async def fall_silent(talker: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers one question and no more."""
    await talker.readline()
    writer.write(b"!1 hello\n")
    while await talker.readline():
        pass
    writer.close()


def left_alone(ill: tuple[int, ...], gateway: str, own: str = "") -> tuple[set[int], Wire]:
    """Which of six hosts were asked anything, where those numbered `ill` fall silent after one
    answer, and all are behind `gateway`, at address `own`."""

    async def ask(link: Link) -> None:
        for _ in range(3):
            await link.ask(ASK, b"?1\n", frame=toy_frame, read=reader(1))

    async def run() -> tuple[set[int], Wire]:
        loop, plant, bench = asyncio.get_running_loop(), Plant(), Bench(1)
        hosts = [f"127.36.3.{number}" for number in range(1, 7)]
        wire = Wire(
            *("scan", "site", "here", parse(hosts), PROFILES["standard"], Limits()),
            *(LoopClock(loop), bench.sink),
            gateways=dict.fromkeys(hosts, gateway) if gateway else {},
            gateway_addresses={gateway: own} if own else {},
        )
        asked = replace(probe("tcp"), rungs={Depth.DISCOVER: Rung(lambda _: Cost(1, 3), ask)})
        async with AsyncExitStack() as stack:
            visits = []
            for number, host in enumerate(hosts, 1):
                double = fall_silent if number in ill else plant
                server = await asyncio.start_server(double, host, 0)
                await stack.enter_async_context(server)
                visits.append(Visit(host, ((asked, server.sockets[0].getsockname()[1]),)))
            await Engine(wire, Depth.DISCOVER).run(iter(visits))
        wire.close()
        spoke = (item for item in bench.emitted if item.outcome is not Outcome.NOT_ASKED)
        return {int(item.target.address.rsplit(".", 1)[1]) for item in spoke}, wire

    return virtually(run())


EVERYBODY = {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("ill", "gateway", "own", "reached"),
    [
        ((1,), "gw", "", EVERYBODY),  # it may be that device alone
        ((1, 2), "gw", "", {1, 2}),  # another was asked, and failed too: it is the gateway
        ((2, 4), "gw", "", {1, 2, 3, 4}),
        ((3,), "gw", "127.36.3.3", {1, 2, 3}),  # the gateway itself
        ((1, 2), "", "", EVERYBODY),  # nothing in common
    ],
)
def test_distress_behind_a_gateway(
    ill: tuple[int, ...], gateway: str, own: str, reached: set[int]
) -> None:
    found, wire = left_alone(ill, gateway, own)
    assert found == reached
    spared = {f"127.36.3.{number}" for number in EVERYBODY - reached}
    assert wire.ward.stopped.keys() == {f"127.36.3.{number}" for number in ill} | spared
    for host in spared:  # and the summary says why
        assert "behind gateway gw with" in wire.ward.stopped[host]
        assert "127.36.3." in wire.ward.stopped[host]
    assert wire.pauses == 0  # who is spared is not in distress


def busiest(times: list[float]) -> int:
    return max(sum(first <= time < first + 1 for time in times) for first in times)


def test_without_a_gateway_they_are_asked_side_by_side() -> None:
    plant, engine, _, outcomes = scanned({})
    assert plant.most == len(HOSTS)
    assert engine.tally.behind == {}
    assert outcomes == [Outcome.COMPLETE] * QUESTIONS * len(HOSTS)


def test_behind_one_gateway_they_are_one_client_at_the_rate_of_one_host() -> None:
    plant, engine, lasted, outcomes = scanned(dict.fromkeys(HOSTS, "gw"))
    assert plant.most == 1
    assert busiest(plant.times) <= PROFILES["standard"].requests_per_host
    assert outcomes == [Outcome.COMPLETE] * QUESTIONS * len(HOSTS)
    # And the plan's arithmetic with what was found knows that it took longer.
    priced = planning.behind_one(engine.tally.behind["gw"], PROFILES["standard"], Limits())
    assert priced == pytest.approx(lasted, rel=0.2)


def test_many_that_fall_silent_behind_one_gateway_do_not_wait_for_ever() -> None:
    """Who waits for a retry keeps neither the right to the gateway nor a place of the /24."""

    async def ask(link: Link) -> None:
        for _ in range(QUESTIONS):
            await link.ask(ASK, b"?1\n", read=reader(1))

    async def run() -> Counter[Outcome]:
        loop = asyncio.get_running_loop()
        hosts = [f"127.36.2.{number}" for number in range(1, 13)]
        bench = Bench(1)
        wire = Wire(
            *("scan", "site", "here", parse(hosts), PROFILES["gentle"], Limits()),
            *(LoopClock(loop), bench.sink),
            gateways=dict.fromkeys(hosts, "gw"),
        )
        asked = replace(
            probe("udp"), rungs={Depth.DISCOVER: Rung(lambda _: Cost(1, QUESTIONS), ask)}
        )
        visits, doubles = [], []
        for host in hosts:
            double, _ = await loop.create_datagram_endpoint(Mute, local_addr=(host, 0))
            doubles.append(double)
            visits.append(Visit(host, ((asked, double.get_extra_info("sockname")[1]),)))
        async with asyncio.timeout(1_800):  # of virtual time
            await Engine(wire, Depth.DISCOVER).run(iter(visits))
        wire.close()
        for double in doubles:
            double.close()
        return Counter(item.outcome for item in bench.emitted)

    outcomes = virtually(run())
    assert outcomes[Outcome.COMPLETE] == 2 * 12
    assert outcomes[Outcome.SILENT] >= 12


ROWS = [
    {"tag": "GW-1", "address": "10.0.0.1"},
    {"tag": "A", "address": "10.0.0.2", "parent": "gw-1"},
    {"tag": "B", "address": "::ffff:10.0.0.3", "parent": "10.0.0.1"},
    {"tag": "GW-2", "address": "10.0.0.4", "parent": "GW-1"},
    {"tag": "C", "address": "10.0.0.5", "parent": "GW-2"},
    {"tag": "unit", "unit": "3", "parent": "GW-1"},
]


def test_what_a_register_says_of_gateways() -> None:
    behind = shared(ROWS)
    assert set(behind) == {f"10.0.0.{n}" for n in range(1, 6)}
    assert len(set(behind.values())) == 1


def test_a_gateways_own_address_is_that_of_its_row() -> None:
    assert own(ROWS) == {shared(ROWS)["10.0.0.2"]: "10.0.0.1"}
    assert own([{"tag": "a", "address": "10.1.0.1", "parent": "Panel"}]) == {}


def test_a_parent_without_a_row_is_a_gateway_all_the_same() -> None:
    rows = [{"tag": t, "address": f"10.1.0.{n}", "parent": "Moxa"} for n, t in enumerate("abc", 1)]
    assert set(shared(rows).values()) == {"moxa"}
    assert len(shared(rows)) == 3


def test_who_is_alone_behind_a_parent_without_an_address_shares_nothing() -> None:
    assert shared([{"tag": "a", "address": "10.1.0.1", "parent": "Panel"}]) == {}
    assert shared([{"tag": "a", "address": "10.1.0.1"}]) == {}


def test_gateways_behind_each_other_end() -> None:
    rows = [
        {"tag": "a", "address": "10.1.0.1", "parent": "b"},
        {"tag": "b", "address": "10.1.0.2", "parent": "a"},
        {"tag": "c", "address": "10.1.0.3", "parent": "a"},
    ]
    assert set(shared(rows)) == {"10.1.0.1", "10.1.0.2", "10.1.0.3"}
    assert len(set(shared(rows).values())) == 1


def test_units_that_are_asked_for_are_those_behind_a_gateway() -> None:
    """Unit 1 of an address that has no other row is the device itself, and asked anyway."""
    rows = [
        listed(tag="M-1", address="10.0.0.5", unit="1"),
        listed(tag="M-2", address="10.0.0.6", unit="2"),
        listed(tag="GW", address="10.0.0.7"),
        listed(tag="M-3", parent="GW", unit="1"),
    ]
    assert known(rows).units == {"10.0.0.6": ("unit 2",), "10.0.0.7": ("unit 1",)}


def test_units_are_asked_whatever_their_row_calls_the_gateway() -> None:
    rows = [
        listed(tag="GW", name="Box in hall 3", address="10.0.0.7"),
        listed(tag="M-1", parent="10.0.0.7", unit="3"),
        listed(tag="M-2", parent="box in Hall 3", unit="unit 4"),
        listed(tag="M-3", parent="gw", unit="5.0"),
        listed(tag="M-4", parent="10.0.0.8", unit="6"),  # no row of its own
        listed(tag="M-5", parent="GW"),
    ]
    assert known(rows).units == {
        "10.0.0.7": ("unit 3", "unit 4", "unit 5"),
        "10.0.0.8": ("unit 6",),
    }
