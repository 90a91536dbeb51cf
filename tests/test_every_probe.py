"""The contract that every probe is held to, whoever wrote it (docs/add-a-protocol.md)."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from docs.generate import protocols_page
from protocols import probes
from protocols.contract import (
    FACTS,
    Credential,
    Depth,
    Forbidden,
    Observation,
    Options,
    Outcome,
    Probe,
    Secret,
    Size,
)
from scanner.engine import Engine, Visit
from scanner.profile import PROFILES, Limits
from scanner.targets import parse
from scanner.wire.wire import Wire
from simulators import registry
from tests.support.virtual import LoopClock, virtually

QUICK = Limits(connect_timeout=0.3, answer_timeout=0.15, retry_delay=0.02, close_seconds=0.1)
EVERY = pytest.mark.parametrize("probe", probes(), ids=lambda probe: probe.name)
HEADS = {
    "modbus": bytes.fromhex("000100000006ff2b0e0100"),
    "opcua": b"ACKF\x1c\0\0\0" + bytes(20),
    "s7comm": bytes.fromhex("0300001611d00001000100c0010ac1020100c2020102"),
    "snmp": bytes.fromhex("302602010104067075626c6963a219020101020100020100300e300c"),
}


@EVERY
def test_it_states_what_a_plan_needs(probe: Probe) -> None:
    assert probe.ports
    assert probe.title
    assert Depth.DISCOVER in probe.rungs
    for rung in probe.rungs.values():
        least, usual, most = rung.cost(Size()), rung.cost(rung.usual), rung.cost(rung.most)
        assert least.requests <= usual.requests <= most.requests
        assert most.functions
        assert most.connections <= probe.most_connections
        for grown in (Size(2, 1, 1), Size(1, 2, 1), Size(1, 1, 2)):
            cost = rung.cost(grown)
            assert cost.requests >= rung.cost(Size(1, 1, 1)).requests
            assert cost.bytes >= rung.cost(Size(1, 1, 1)).bytes


@EVERY
def test_it_has_a_double_and_a_section_in_the_docs(probe: Probe) -> None:
    assert probe.name in registry.simulators({probe.name})
    assert f"## {probe.title}\n" in protocols_page()


@EVERY
def test_its_guard_lets_no_random_frame_pass_unnamed(probe: Probe) -> None:
    dice = random.Random(7)
    head = HEADS.get(probe.name, b"")
    for _ in range(3_000):
        frame = bytearray(head or bytes(12)) + bytearray(dice.randbytes(dice.randrange(0, 12)))
        for _ in range(dice.randrange(1, 4)):
            frame[dice.randrange(len(frame))] = dice.randrange(256)
        try:
            assert probe.guard(bytes(frame))
        except Forbidden:
            continue


@dataclass
class Run:
    """What one probe made of one double."""

    observations: list[Observation] = field(default_factory=list)
    requests: int = 0
    seconds: float = 0.0
    tasks_left: int = 0

    def outcomes(self) -> set[Outcome]:
        return {item.outcome for item in self.observations}


Answer = Callable[[bytes, random.Random], bytes | None]
"""What a double says to a request: None hangs up, b"" stays silent."""


def against(probe: Probe, answer: Answer, seed: int = 1) -> Run:
    """Run every rung of `probe` through the production engine against one double."""
    run = Run()

    def sink(observation: Observation) -> asyncio.Future[None]:
        run.observations.append(observation)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def scan() -> None:
        dice = random.Random(seed)
        async with double(probe, answer, dice) as port:
            credentials = tuple(
                Credential(kind, kind, Secret(lambda: "secret-word"), user="reader", auth="SHA")
                for kind in probe.credentials
                if kind != "opcua-certificate"
            )
            wire = Wire(
                *("scan", "site", "here", parse(["127.0.0.1"]), PROFILES["bench"], QUICK),
                *(LoopClock(asyncio.get_running_loop()), sink),
                options=Options(Depth.SAMPLE, sample_seconds=0.3, sample_every_seconds=0.1),
                credentials=credentials,
            )
            begun = wire.clock.monotonic()
            engine = Engine(wire, Depth.SAMPLE)
            await engine.run(iter([Visit("127.0.0.1", ((probe, port),))]))
            run.seconds = wire.clock.monotonic() - begun
            run.requests = wire.sent.requests
            wire.close()
        await asyncio.sleep(0)
        run.tasks_left = len(asyncio.all_tasks()) - 1

    virtually(scan())
    return run


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer, dice: random.Random) -> None:
        self.answer, self.dice = answer, dice

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        said = self.answer(data, self.dice)
        if said:
            self.transport.sendto(said, addr)  # type: ignore[attr-defined]


def double(probe: Probe, answer: Answer, dice: random.Random):  # type: ignore[no-untyped-def]
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def udp():  # type: ignore[no-untyped-def]
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(answer, dice), ("127.0.0.1", 0)
        )
        yield transport.get_extra_info("sockname")[1]
        transport.close()

    @asynccontextmanager
    async def tcp():  # type: ignore[no-untyped-def]
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while data := await reader.read(65_536):
                    said = answer(data, dice)
                    if said is None:
                        return
                    writer.write(said)
            except ConnectionError:
                return
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        yield server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()

    return udp() if probe.transport == "udp" else tcp()


def mutated_head(probe: Probe) -> Answer:
    head = HEADS.get(probe.name, b"")

    def answer(request: bytes, dice: random.Random) -> bytes:
        data = bytearray(head + request[:40])
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        return bytes(data[: dice.randrange(1, len(data) + 1)])

    return answer


DOUBLES: dict[str, Callable[[Probe], Answer]] = {
    "mute": lambda _: lambda *_: b"",
    "hangup": lambda _: lambda *_: None,
    "echo": lambda _: lambda request, _: request,
    "zeros": lambda _: lambda *_: bytes(64),
    "random": lambda _: lambda _, dice: dice.randbytes(dice.randrange(1, 300)),
    "mutated": mutated_head,
    "http": lambda _: lambda *_: b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
}


@EVERY
@pytest.mark.parametrize("name", DOUBLES)
def test_it_ends_well_whatever_answers(probe: Probe, name: str) -> None:
    for seed in range(4):
        run = against(probe, DOUBLES[name](probe), seed)
        assert run.observations
        assert Outcome.BROKEN not in run.outcomes(), run.observations
        most = sum(rung.cost(rung.most).requests for rung in probe.rungs.values())
        assert run.requests <= most
        assert run.tasks_left == 0
        assert run.seconds < 20
        for observation in run.observations:
            for fact in observation.facts:
                assert fact.name in FACTS, fact
                assert fact.source, fact


@EVERY
def test_it_leaves_no_socket_behind(probe: Probe) -> None:
    with no_resource_warnings():
        against(probe, DOUBLES["random"](probe))
        gc.collect()


@contextmanager
def no_resource_warnings() -> Iterator[None]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        yield


def test_a_rung_that_asks_nothing_does_not_end_the_climb() -> None:
    from dataclasses import replace

    from protocols.contract import Cost, Rung

    climbed: list[str] = []

    async def note(_: object) -> None:
        climbed.append("asked nothing")

    modbus = next(probe for probe in probes() if probe.name == "modbus")
    rung = Rung(lambda _: Cost(), note)
    quiet = replace(modbus, rungs=dict.fromkeys(Depth, rung))
    against(quiet, DOUBLES["mute"](quiet))
    assert len(climbed) == len(Depth)
