"""A conversation's time is its own: what it waits in the lines of all hosts costs no question."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from protocols.contract import Cost, Depth, Link, Outcome, Rung
from scanner.engine import Engine, Visit
from scanner.profile import PROFILES
from scanner.wire.pacer import Rate
from scanner.wire.wire import Wire
from tests.scanner.test_link import ASK, Bench, probe, reader, serving, toy_frame
from tests.support.virtual import LoopClock, virtually

QUESTIONS = 4
SECONDS = 5.0  # of a conversation
LINE = 40.0  # how long it stands in a line


async def echo(talker: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await talker.readline():
        writer.write(b"!1 hello\n")


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.transport.sendto(b"!1 hello\n", addr)  # type: ignore[attr-defined]


async def packets(wire: Wire) -> None:
    """Others speak for the packet rate while it talks."""
    wire.pacer.packets = Rate(wire.clock, 5)
    others = wire.pacer.packets.take
    loop = asyncio.get_running_loop()
    loop.call_later(0.3, asyncio.ensure_future, others(int(5 * LINE)))


async def places(wire: Wire) -> None:
    """Others talk in the only place of the /24."""
    wire.pacer.profile = replace(wire.profile, hosts_at_once=1)
    group = wire.host("127.0.0.1").group
    await wire.pacer.talk(group)
    asyncio.get_running_loop().call_later(LINE, wire.pacer.leave, group)


async def new_hosts(wire: Wire) -> None:
    """Others have spoken for the share of new hosts."""
    wire.pacer.new_hosts = Rate(wire.clock, 1 / LINE)
    await wire.pacer.new_hosts.take()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("line", [packets, places, new_hosts])
def test_a_line_of_all_hosts_costs_a_conversation_none_of_its_time(
    line: Callable[[Wire], Awaitable[None]], transport: str
) -> None:
    async def ask(link: Link) -> None:
        frame = toy_frame if transport == "tcp" else None
        for _ in range(QUESTIONS):
            await link.ask(ASK, b"?1\n", frame=frame, read=reader(1))

    async def run() -> tuple[list[Outcome], float]:
        loop = asyncio.get_running_loop()
        datagrams, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
        async with serving(echo) as port:
            bench = Bench(port, transport)
            wire = Wire(
                *("scan", "site", "here", bench.wire.scope, PROFILES["standard"]),
                replace(bench.wire.limits, identify_seconds=SECONDS),
                *(LoopClock(loop), bench.sink),
            )
            begun = loop.time()
            await line(wire)
            rungs = {Depth.DISCOVER: Rung(lambda _: Cost(1, QUESTIONS), ask)}
            asked = replace(probe(transport), rungs=rungs)
            there = port if transport == "tcp" else datagrams.get_extra_info("sockname")[1]
            await Engine(wire, Depth.DISCOVER).run(iter([Visit("127.0.0.1", ((asked, there),))]))
            wire.close()
            datagrams.close()
        return [item.outcome for item in bench.emitted], loop.time() - begun

    outcomes, lasted = virtually(run())
    assert outcomes == [Outcome.COMPLETE] * QUESTIONS
    assert lasted > LINE / 2  # it did stand in that line
