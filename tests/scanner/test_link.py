"""The link on real sockets: every way a peer can answer lands in its one outcome."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from protocols.contract import (
    Cost,
    Depth,
    Forbidden,
    Foreign,
    Garbled,
    Observation,
    Openness,
    Outcome,
    Probe,
    Question,
    Reading,
    Reason,
    Refused,
    Rung,
    Sample,
    Sealed,
    Stale,
    Stray,
)
from scanner.profile import PROFILES, Limits
from scanner.targets import parse
from scanner.wire.link import Conversation
from scanner.wire.wire import Wire
from tests.support.virtual import LoopClock, held_up, virtually

ASK = Question("toy", "ask")
QUICK = Limits(connect_timeout=0.3, answer_timeout=0.3, retry_delay=0.05, close_seconds=0.2)


def toy_guard(frame: bytes) -> str:
    """A toy protocol: `?` and a number asks, everything else is refused."""
    if not frame.startswith(b"?"):
        raise Forbidden(f"{frame[:4]!r} is no question")
    return "toy ask"


def toy_frame(buffer: bytes) -> int | None:
    if not buffer.startswith(b"!"):
        raise Foreign(f"expected !, got {buffer[:1]!r}")
    return buffer.index(b"\n") + 1 if b"\n" in buffer else None


def reader(number: int) -> Callable[[bytes], Reading[str]]:
    def read(raw: bytes) -> Reading[str]:
        text = raw[1:-1].decode("ascii", "replace")
        if text == "no":
            raise Refused(Outcome.REFUSED_AUTH, "toy")
        if text.startswith("stray"):
            raise Stray(text)
        if not text.startswith(f"{number} "):
            if text.split(" ")[0].isdigit():
                raise Stale(text)
            raise Garbled(f"expected {number}, got {text[:20]!r}")
        return Reading(text)

    return read


async def no_run(_: object) -> None:
    raise AssertionError("not used")


def probe(transport: str) -> Probe:
    rung = Rung(lambda _: Cost(1, 1), no_run)
    return Probe("toy", "Toy", transport, (0,), Openness.O0, toy_guard, {Depth.DISCOVER: rung})


@dataclass
class Bench:
    """A wire with one conversation, and everything that it emitted."""

    port: int
    transport: str = "tcp"
    targets: tuple[str, ...] = ("127.0.0.1",)
    exclude: tuple[str, ...] = ()
    emitted: list[Observation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wire = Wire(
            "scan",
            "site",
            "here",
            parse(self.targets, self.exclude),
            PROFILES["bench"],
            QUICK,
            LoopClock(asyncio.get_running_loop()),
            self.sink,
        )
        self.host = self.wire.host("127.0.0.1")
        self.link = Conversation(
            self.wire, self.host, probe(self.transport), self.port, most_requests=50, seconds=30
        )

    def sink(self, observation: Observation) -> asyncio.Future[None]:
        self.emitted.append(observation)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def ask(self, number: int = 1, **more: object) -> Outcome:
        answer = await self.link.ask(
            ASK,
            b"?%d\n" % number,
            frame=toy_frame,
            read=reader(number),
            **more,  # type: ignore[arg-type]
        )
        assert self.emitted[-1].outcome is answer.outcome  # exactly one observation per ask
        return answer.outcome


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve):  # type: ignore[no-untyped-def]
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def saying(*answers: bytes, hold: bool = True) -> Serve:
    """Answers each line in turn; then holds the line or hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            if not await reader.readline():
                return
            writer.write(answer)
            await writer.drain()
        if hold:
            await reader.read()

    return serve


def outcome_of(serve: Serve, asks: int = 1) -> tuple[list[Outcome], Bench]:
    async def run() -> tuple[list[Outcome], Bench]:
        async with serving(serve) as port:
            bench = Bench(port)
            outcomes = [await bench.ask(number + 1) for number in range(asks)]
            await bench.link.close()
            bench.wire.close()
            return outcomes, bench

    return virtually(run())


def test_a_sample_carries_the_time_at_which_it_came_unless_it_has_one() -> None:
    """A codec has no clock; a flat value is told by the time between its reads."""
    own = datetime(2026, 5, 4, tzinfo=UTC)
    samples = (Sample("holding:0", 7), Sample("holding:1", 8, received_time=own))

    async def run() -> Bench:
        async with serving(saying(b"!1 hello\n")) as port:
            bench = Bench(port)
            reading = Reading("", samples=samples)
            await bench.link.ask(ASK, b"?1\n", frame=toy_frame, read=lambda _: reading)
            await bench.link.close()
            bench.wire.close()
            return bench

    (seen,) = virtually(run()).emitted
    assert [s.received_time for s in seen.samples] == [seen.time, own]
    assert [s.value for s in seen.samples] == [7, 8]


@pytest.mark.parametrize(
    ("serve", "expected"),
    [
        (saying(b"!1 hello\n"), Outcome.COMPLETE),
        (saying(b"!no\n"), Outcome.REFUSED_AUTH),
        (saying(b"HTTP/1.1 400\r\n"), Outcome.OTHER),
        (saying(b"!what\n"), Outcome.GARBLED),
        (saying(b"!1 cut", hold=False), Outcome.GARBLED),
        (saying(b"!1 cut and held"), Outcome.GARBLED),
        (saying(b"!" + b"x" * 10_000), Outcome.GARBLED),
        (saying(), Outcome.MUTE),
        (saying(hold=False), Outcome.HUNG_UP),
        (saying(b"!9 late\n!1 hello\n"), Outcome.COMPLETE),
        (saying(b"!9 stray\n" * 16), Outcome.GARBLED),
        (saying(b"!stray\n!stray\n!1 hello\n"), Outcome.COMPLETE),
        (saying(b"!stray\n"), Outcome.GARBLED),
        (saying(b"!stray\n", hold=False), Outcome.GARBLED),
        (saying(b"!stray\n!1 cut"), Outcome.GARBLED),
        (saying(b"!stray\n" * 100), Outcome.GARBLED),
    ],
    ids=[
        *("answer", "refusal", "foreign", "garbage", "cut", "cut-held", "endless", "mute"),
        *("hung-up", "stale-first", "only-strays"),
        *("stranger-first", "stranger-only", "stranger-and-end", "stranger-and-cut", "strangers"),
    ],
)
def test_every_way_to_answer_has_its_outcome(serve: Serve, expected: Outcome) -> None:
    outcomes, _ = outcome_of(serve)
    assert outcomes == [expected]


def test_a_closed_port_is_closed() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    bench: Bench | None = None

    async def run() -> Outcome:
        nonlocal bench
        bench = Bench(port)
        return await bench.ask()

    assert virtually(run()) is Outcome.CLOSED
    assert bench is not None
    assert bench.wire.sent.packets == 1  # a refused attempt is one packet of ours
    assert bench.wire.sent.connections == 0


def test_a_full_accept_queue_is_silent_after_one_retry() -> None:
    with socket.socket() as full, socket.socket() as filler, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for sock in (filler, second):
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        bench: Bench | None = None

        async def run() -> Outcome:
            nonlocal bench
            bench = Bench(full.getsockname()[1])
            return await bench.ask()

        assert virtually(run()) is Outcome.SILENT
        assert bench is not None
        assert bench.emitted[0].tries == 2
        assert bench.wire.sent.packets == 2


def test_one_unanswered_request_does_not_end_a_conversation_but_two_stop_the_host() -> None:
    outcomes, bench = outcome_of(saying(b"!1 hello\n", b"", b"!3 again\n", b"", b""), asks=6)
    assert outcomes[:3] == [Outcome.COMPLETE, Outcome.SILENT, Outcome.COMPLETE]
    assert outcomes[3:5] == [Outcome.SILENT, Outcome.SILENT]
    assert outcomes[5] is Outcome.NOT_ASKED
    assert bench.emitted[-1].reason == Reason.DISTRESS
    assert "127.0.0.1" in bench.wire.ward.stopped


def test_a_reset_after_data_stops_the_host() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"!1 hello\n")
        await reader.readline()
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    outcomes, bench = outcome_of(serve, asks=3)
    assert outcomes == [Outcome.COMPLETE, Outcome.HUNG_UP, Outcome.NOT_ASKED]
    assert "reset" in bench.host.health.sign


def test_after_another_protocol_spoke_nothing_more_is_sent() -> None:
    outcomes, bench = outcome_of(saying(b"SSH-2.0-OpenSSH\r\n"), asks=2)
    assert outcomes == [Outcome.OTHER, Outcome.NOT_ASKED]
    assert bench.emitted[-1].reason == Reason.DEPENDENCY
    assert bench.wire.sent.requests == 1


@pytest.mark.parametrize(
    ("targets", "exclude", "reason"),
    [
        (("127.0.0.2",), (), Reason.OUT_OF_SCOPE),
        (("127.0.0.0/24",), ("127.0.0.1",), Reason.EXCLUDED),
    ],
)
def test_nothing_leaves_to_an_address_out_of_scope(
    targets: tuple[str, ...], exclude: tuple[str, ...], reason: Reason
) -> None:
    accepted = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.append(1)

    async def run() -> Bench:
        async with serving(serve) as port:
            bench = Bench(port, targets=targets, exclude=exclude)
            assert await bench.ask() is Outcome.NOT_ASKED
            return bench

    bench = virtually(run())
    assert bench.emitted[0].reason == reason
    assert bench.wire.sent.packets == 0
    assert not accepted


def test_a_forbidden_frame_is_held_and_nothing_leaves() -> None:
    async def run() -> Bench:
        async with serving(saying(b"!1 hello\n")) as port:
            bench = Bench(port)
            answer = await bench.link.ask(ASK, b"write!", frame=toy_frame, read=reader(1))
            assert answer.outcome is Outcome.NOT_ASKED
            return bench

    bench = virtually(run())
    assert bench.emitted[0].reason == Reason.SAFETY_HOLD
    assert bench.wire.sent.packets == 0
    assert bench.wire.sent.refused_by_guard == 1


def test_what_leaves_encrypted_is_judged_before_it_is_encrypted() -> None:
    sealed: list[bytes] = []

    def seal(plain: bytes) -> bytes:
        sealed.append(plain)
        return plain.swapcase()

    async def run() -> list[Outcome]:
        async with serving(saying(b"!1 hello\n")) as port:
            bench = Bench(port)
            good = Sealed(b"?1\n", seal)
            bad = Sealed(b"write!", seal)
            answers = [
                await bench.link.ask(ASK, item, frame=toy_frame, read=reader(1))
                for item in (bad, good)
            ]
            await bench.link.close()
            return [answer.outcome for answer in answers]

    assert virtually(run()) == [Outcome.NOT_ASKED, Outcome.COMPLETE]
    assert sealed == [b"?1\n"]  # the forbidden one was never encrypted


def test_the_request_budget_is_never_exceeded() -> None:
    async def run() -> Bench:
        async with serving(saying(*(b"!%d x\n" % n for n in range(1, 9)))) as port:
            bench = Bench(port)
            bench.link.most_requests = 3
            outcomes = [await bench.ask(n) for n in range(1, 6)]
            assert outcomes[3:] == [Outcome.NOT_ASKED] * 2
            await bench.link.close()
            return bench

    bench = virtually(run())
    assert bench.wire.sent.requests == 3
    assert bench.emitted[-1].reason == Reason.BUDGET


def test_at_most_two_connections_are_opened_to_a_port() -> None:
    connections = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await saying(b"!1 x\n")(reader, writer)

    async def run() -> list[Outcome]:
        async with serving(serve) as port:
            bench = Bench(port)
            found = [await bench.ask(1, fresh=True) for _ in range(4)]
            await bench.link.close()
            return found

    outcomes = virtually(run())
    assert outcomes == [Outcome.COMPLETE, Outcome.COMPLETE, Outcome.NOT_ASKED, Outcome.NOT_ASKED]
    assert len(connections) == 2


def test_a_conversation_ends_with_fin_and_never_with_reset() -> None:
    ended = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"!1 hello\n")
        try:
            ended.append(await reader.read())
            writer.write(b"late words that nobody reads")
            await writer.drain()
            ended.append(await reader.read())
        except ConnectionResetError:
            ended.append("reset")  # type: ignore[arg-type]

    outcome_of(serve)
    assert ended == [b"", b""]


def test_the_packet_model_of_one_conversation() -> None:
    _, bench = outcome_of(saying(b"!1 a\n", b"!2 b\n", b"!3 c\n"), asks=3)
    assert bench.wire.sent.packets == 2 + 2 * 3 + 2
    assert bench.wire.sent.connections == 1


def udp(answer: Callable[[bytes], list[bytes]]) -> tuple[Outcome, Bench]:
    async def run() -> tuple[Outcome, Bench]:
        class Double(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                for item in answer(data):
                    self.transport.sendto(item, addr)  # type: ignore[attr-defined]

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Double, ("127.0.0.1", 0))
        bench = Bench(transport.get_extra_info("sockname")[1], "udp")
        found = await bench.ask()
        await bench.link.close()
        bench.wire.close()
        transport.close()
        return found, bench

    return virtually(run())


def test_datagrams_are_matched_and_strays_are_passed_over() -> None:
    outcome, _ = udp(lambda _: [b"!9 stray\n", b"!1 hello\n"])
    assert outcome is Outcome.COMPLETE


def test_an_unanswered_datagram_is_silent_after_one_retry() -> None:
    outcome, bench = udp(lambda _: [])
    assert outcome is Outcome.SILENT
    assert bench.wire.sent.requests == 2


def test_port_unreachable_is_closed_not_silent() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    async def run() -> Bench:
        bench = Bench(port, "udp")
        await bench.ask()
        bench.wire.close()
        return bench

    bench = virtually(run())
    assert bench.emitted[0].outcome is Outcome.CLOSED
    assert bench.wire.sent.requests == 1


def test_an_answer_from_another_port_is_not_believed() -> None:
    async def run() -> Bench:
        loop = asyncio.get_running_loop()
        other, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))

        class Double(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                other.sendto(b"!1 hello\n", addr)

        transport, _ = await loop.create_datagram_endpoint(Double, ("127.0.0.1", 0))
        bench = Bench(transport.get_extra_info("sockname")[1], "udp")
        await bench.ask()
        bench.wire.close()
        transport.close()
        other.close()
        return bench

    bench = virtually(run())
    assert bench.emitted[0].outcome is Outcome.SILENT
    assert bench.wire.datagrams.unsolicited == 2


def test_after_a_stop_only_parting_requests_leave() -> None:
    async def run() -> list[Outcome]:
        async with serving(saying(b"!1 a\n", b"!2 b\n")) as port:
            bench = Bench(port)
            first = await bench.ask(1)
            bench.wire.stop(Reason.ABORTED)
            held = await bench.ask(2)
            parting = await bench.ask(2, parting=True)
            await bench.link.close()
            return [first, held, parting]

    assert virtually(run()) == [Outcome.COMPLETE, Outcome.NOT_ASKED, Outcome.COMPLETE]


def test_a_stop_shortens_the_wait_for_an_answer() -> None:
    async def run() -> float:
        async with serving(saying(b"")) as port:
            bench = Bench(port)
            loop = asyncio.get_running_loop()
            loop.call_later(0.05, bench.wire.stop, Reason.ABORTED)
            begun = loop.time()
            await bench.ask(1, timeout_seconds=20.0)
            return loop.time() - begun

    assert virtually(run()) < 5


def test_a_connection_that_our_own_loop_was_late_for_is_not_left_bare() -> None:
    async def run() -> tuple[Outcome, list[bytes]]:
        heard: list[bytes] = []

        async def listen(talker: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await talker.readline())
            writer.write(b"!1 hello\n")
            await writer.drain()

        async with serving(listen) as port:
            bench = Bench(port)
            bench.wire.limits = replace(QUICK, connect_timeout=0.05)
            asking = asyncio.ensure_future(bench.ask())
            while not bench.wire.sent.attempts:  # noqa: ASYNC110 - a count has no event
                await asyncio.sleep(0)
            held_up(0.2)  # our loop is late; the kernel shakes hands anyway
            outcome = await asking
            await bench.link.close()
            bench.wire.close()
        return outcome, heard

    assert virtually(run()) == (Outcome.COMPLETE, [b"?1\n"])
