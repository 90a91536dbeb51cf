"""What waits for what: nobody for a silent port, a slow goodbye or our own queue."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from protocols.contract import Cost, Depth, Link, Observation, Outcome, Probe, Reason, Rung
from scanner.engine import Engine, Visit
from scanner.profile import PROFILES, Limits
from scanner.targets import parse
from scanner.wire.pacer import Rate
from scanner.wire.wire import Hold, Host, Wire
from tests.scanner.test_link import ASK, Bench, probe, reader, saying, serving, toy_frame
from tests.support.patience import HUNG_SECONDS
from tests.support.virtual import LoopClock, virtually

NOBODY = "127.0.0.1"


def silent() -> socket.socket:
    """A bound socket that nobody reads: datagrams to it stay unanswered."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((NOBODY, 0))
    return sock


def tries(*, likeliest: bool, alive: bool) -> tuple[int, int]:
    """Tries of a silent port as recorded, and datagrams that left."""

    async def run() -> tuple[int, int]:
        with silent() as sock:
            bench = Bench(sock.getsockname()[1], "udp")
            bench.link.likeliest = likeliest
            bench.host.alive = alive
            await bench.ask()
            bench.wire.close()
            return bench.emitted[0].tries, bench.wire.sent.requests

    return virtually(run())


def test_the_likeliest_port_of_a_silent_address_is_asked_twice() -> None:
    assert tries(likeliest=True, alive=False) == (2, 2)


def test_the_other_ports_of_a_silent_address_are_asked_once() -> None:
    assert tries(likeliest=False, alive=False) == (1, 1)


def test_a_silent_port_of_a_host_that_answers_elsewhere_is_asked_twice() -> None:
    assert tries(likeliest=False, alive=True) == (2, 2)


def test_two_tries_are_at_least_the_retry_delay_apart() -> None:
    async def run() -> list[float]:
        times: list[float] = []

        class Heard(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: object) -> None:
                times.append(asyncio.get_running_loop().time())

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Heard, local_addr=(NOBODY, 0))
        bench = Bench(transport.get_extra_info("sockname")[1], "udp")
        bench.wire.limits = replace(bench.wire.limits, answer_timeout=0.1, retry_delay=0.4)
        await bench.ask()
        bench.wire.close()
        transport.close()
        return times

    first, second = virtually(run())
    assert second - first >= 0.39


def test_an_answer_is_timed_from_its_request_and_not_from_our_queue() -> None:
    async def run() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        async with serving(saying(b"!1 hello\n")) as port:
            bench = Bench(port)
            bench.wire.pacer.packets = Rate(bench.wire.clock, 100)
            began = loop.time()
            await bench.wire.pacer.packets.take(50)  # others were before us: half a second
            assert await bench.ask() is Outcome.COMPLETE
            lasted = loop.time() - began
            await bench.link.close()
            bench.wire.close()
        return bench.emitted[0].duration_seconds, lasted

    took, lasted = virtually(run())
    assert lasted > 0.4
    assert took < lasted - 0.3


def test_a_place_is_free_once_we_have_said_goodbye() -> None:
    async def run() -> None:
        left = asyncio.Event()

        async def keep_open(talker: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await talker.readline()
            writer.write(b"!1 hello\n")
            await talker.read()  # our FIN
            await left.wait()  # and none of its own

        async with serving(keep_open) as port:
            bench = Bench(port)
            bench.wire.limits = replace(bench.wire.limits, close_seconds=30.0)
            bench.wire.profile = bench.wire.pacer.profile = replace(
                bench.wire.profile, hosts_at_once=1
            )
            await bench.ask()
            closing = asyncio.ensure_future(bench.link.close())
            async with asyncio.timeout(HUNG_SECONDS):
                await bench.wire.pacer.talk(bench.host.group)  # the one place of this /24
            assert not closing.done()
            assert bench.host.open == 1  # the host itself gets no second connection meanwhile
            left.set()
            await closing
            assert bench.host.open == 0
            bench.wire.close()

    virtually(run())


def rung(run: object) -> dict[Depth, Rung]:
    return {Depth.DISCOVER: Rung(lambda _: Cost(1, 1), run)}  # type: ignore[arg-type]


class Keeping(Wire):
    """A wire that keeps the state of the one host that it was asked for."""

    kept: Host

    def host(self, address: str, units: tuple[str, ...] = ()) -> Host:
        self.kept = super().host(address, units)
        return self.kept


def test_who_waits_for_the_others_of_its_host_loses_none_of_its_time() -> None:
    """Two credentials at a silent UDP port, while a TCP port talks for all of its 60 seconds."""

    async def twice(link: Link) -> None:
        for _ in range(2):
            await link.ask(ASK, b"?1\n", read=reader(1), fresh=True)

    async def at_length(link: Link) -> None:
        while (await link.ask(ASK, b"?1\n", frame=toy_frame, read=reader(1))).spoke:
            await link.wait(5)

    async def echo(r: asyncio.StreamReader, w: asyncio.StreamWriter) -> None:
        while await r.readline():
            w.write(b"!1 hello\n")

    async def run() -> tuple[list[Observation], float]:
        loop = asyncio.get_running_loop()
        heard: list[Observation] = []

        def sink(item: Observation) -> asyncio.Future[None]:
            heard.append(item)
            done: asyncio.Future[None] = loop.create_future()
            done.set_result(None)
            return done

        wire = Keeping(
            *("scan", "site", "here", parse([NOBODY]), PROFILES["standard"], Limits()),
            *(LoopClock(loop), sink),
        )
        asking = {
            name: replace(
                probe(name),
                rungs={Depth.DISCOVER: Rung(lambda _: Cost(1, 50), run)},  # type: ignore[arg-type]
            )
            for name, run in (("udp", twice), ("tcp", at_length))
        }
        with silent() as sock:
            async with serving(echo) as port:
                asked = ((asking["udp"], sock.getsockname()[1]), (asking["tcp"], port))
                await Engine(wire, Depth.DISCOVER).run(iter([Visit(NOBODY, asked)]))
        wire.close()
        return heard, wire.kept.spent

    heard, spent = virtually(run())
    by = {name: [o for o in heard if o.target.transport == name] for name in ("udp", "tcp")}
    assert (by["tcp"][-1].outcome, by["tcp"][-1].reason) == (Outcome.NOT_ASKED, Reason.BUDGET)
    assert [o.outcome for o in by["udp"]] == [Outcome.SILENT] * 2
    assert 60 < spent < 90  # and the minute of the one is not counted again for the other


def test_while_a_silent_port_waits_for_its_retry_the_next_one_is_asked() -> None:
    async def ask(link: Link) -> None:
        await link.ask(ASK, b"?1\n", frame=toy_frame, read=reader(1))

    def asking(transport: str) -> Probe:
        return replace(probe(transport), rungs=rung(ask))

    async def run() -> list[tuple[str, Outcome]]:
        async with serving(saying(b"!1 hello\n")) as port:
            with silent() as sock:
                bench = Bench(port)
                bench.wire.limits = replace(bench.wire.limits, answer_timeout=0.1, retry_delay=5.0)
                engine = Engine(bench.wire, Depth.DISCOVER)
                visit = Visit(
                    NOBODY,
                    ((asking("udp"), sock.getsockname()[1]), (asking("tcp"), port)),
                )
                running = asyncio.ensure_future(engine.run(iter([visit])))
                async with asyncio.timeout(HUNG_SECONDS):
                    while not bench.emitted:  # noqa: ASYNC110 - the engine has no event for it
                        await asyncio.sleep(0.01)
                assert not running.done()
                running.cancel()
                await asyncio.wait([running])
                bench.wire.close()
        assert bench.wire.sent.most_at_once == 1
        return [(item.target.transport, item.outcome) for item in bench.emitted]

    assert virtually(run()) == [("tcp", Outcome.COMPLETE)]


def test_the_right_to_talk_is_lent_while_waiting_and_one_has_it_at_a_time() -> None:
    async def run() -> list[str]:
        lock, log = asyncio.Lock(), []
        wake = asyncio.Event()

        async def rests() -> None:
            hold = Hold(lock)
            await hold.take()
            log.append("first")
            await hold.rest(wake.wait())  # type: ignore[arg-type]
            assert hold.held
            log.append("again")
            hold.give()

        async def next_one() -> None:
            hold = Hold(lock)
            await hold.take()
            log.append("second")
            wake.set()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            log.append("second done")
            hold.give()

        async with asyncio.TaskGroup() as group:
            group.create_task(rests())
            group.create_task(next_one())
        return log

    assert virtually(run()) == ["first", "second", "second done", "again"]


def test_who_is_cancelled_while_resting_does_not_give_back_what_it_lent() -> None:
    async def run() -> bool:
        lock = asyncio.Lock()
        hold = Hold(lock)
        await hold.take()
        resting = asyncio.ensure_future(hold.rest(asyncio.sleep(60)))
        await asyncio.sleep(0)
        other = Hold(lock)
        await other.take()
        resting.cancel()
        await asyncio.wait([resting])
        hold.give()
        return lock.locked() and other.held

    assert virtually(run())


def test_an_agent_that_one_datagram_settles_takes_no_share_of_new_hosts() -> None:
    async def run() -> tuple[bool, bool]:
        class Agent(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, addr: object) -> None:
                self.transport.sendto(b"!" + data[1:-1] + b" hello\n", addr)  # type: ignore[attr-defined]

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Agent, local_addr=(NOBODY, 0))
        bench = Bench(transport.get_extra_info("sockname")[1], "udp")
        assert await bench.ask() is Outcome.COMPLETE
        after_one = bench.host.known
        assert await bench.ask(2) is Outcome.COMPLETE
        bench.wire.close()
        transport.close()
        return after_one, bench.host.known

    assert virtually(run()) == (False, True)


def test_a_silent_datagram_port_lends_its_turn_and_is_still_listened_to() -> None:
    async def run() -> tuple[bool, Outcome]:
        lock = asyncio.Lock()
        with silent() as sock:
            bench = Bench(sock.getsockname()[1], "udp")
            bench.wire.limits = replace(
                bench.wire.limits, connect_timeout=0.05, answer_timeout=30.0, retries=0
            )
            hold = bench.link.hold
            hold.lock = lock
            await hold.take()
            asking = asyncio.ensure_future(bench.ask())
            async with asyncio.timeout(HUNG_SECONDS):
                async with lock:  # lent: somebody else of this host has its turn
                    data, peer = sock.recvfrom(100)
                    sock.sendto(b"!" + data[1:-1] + b" hello\n", peer)
                    meanwhile = asking.done()
                outcome = await asking
            assert hold.held
            bench.wire.close()
        return meanwhile, outcome

    assert virtually(run()) == (False, Outcome.COMPLETE)


def test_hosts_that_are_silent_everywhere_do_not_wait_for_each_other_for_ever() -> None:
    async def ask(link: Link) -> None:
        await link.ask(ASK, b"?1\n", frame=toy_frame, read=reader(1))

    def asking(transport: str) -> Probe:
        return replace(probe(transport), rungs=rung(ask))

    async def run() -> int:
        with silent() as sock, socket.socket() as full:
            full.bind((NOBODY, 0))  # bound and never listened to: refused at once
            bench = Bench(full.getsockname()[1])
            bench.wire.scope = parse(["127.0.0.0/24"])
            bench.wire.limits = replace(
                bench.wire.limits, connect_timeout=0.02, answer_timeout=0.2, retry_delay=0.1
            )
            bench.wire.profile = bench.wire.pacer.profile = replace(
                bench.wire.profile, hosts_at_once=2
            )
            attempts = (
                (asking("udp"), sock.getsockname()[1]),
                (asking("tcp"), full.getsockname()[1]),
            )
            engine = Engine(bench.wire, Depth.DISCOVER)
            async with asyncio.timeout(HUNG_SECONDS):
                tally = await engine.run(Visit(NOBODY, attempts) for _ in range(8))
            bench.wire.close()
        return tally.finished

    assert virtually(run()) == 8


@pytest.mark.parametrize("takes", [0.0, 1.5, 2.5])
def test_a_device_that_takes_its_time_to_close_never_has_two_of_ours(takes: float) -> None:
    """Our FIN frees nothing yet: the slot is the device's until it closes too."""

    async def run() -> int:
        loop, now_open, most, bench = asyncio.get_running_loop(), 0, 0, Bench(1)

        async def serve(talker: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal now_open, most
            now_open += 1
            most = max(most, now_open)
            while await talker.readline():
                writer.write(b"!1 hello\n")
            await asyncio.sleep(takes)
            now_open -= 1
            writer.close()

        async def ask(link: Link) -> None:
            await link.ask(ASK, b"?1\n", frame=toy_frame, read=reader(1))

        here = "127.36.4.1"
        wire = Wire(
            *("scan", "site", "here", parse([here]), PROFILES["brisk"], Limits()),
            *(LoopClock(loop), bench.sink),
        )
        rungs = {Depth.DISCOVER: Rung(lambda _: Cost(1, 1), ask)}
        attempts = []
        async with AsyncExitStack() as stack:
            for name in ("one", "two"):
                server = await asyncio.start_server(serve, here, 0)
                await stack.enter_async_context(server)
                port = server.sockets[0].getsockname()[1]
                attempts.append((replace(probe("tcp"), name=name, rungs=rungs), port))
            await Engine(wire, Depth.DISCOVER).run(iter([Visit(here, tuple(attempts))]))
            await asyncio.sleep(takes + 1)
        wire.close()
        assert [item.outcome for item in bench.emitted] == [Outcome.COMPLETE] * 2
        return most

    assert virtually(run()) == 1
