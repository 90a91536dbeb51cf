"""The rungs on the production link: what a server gets to see, counted in packets and requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from protocols.contract import Credential, Depth, Observation, Outcome
from protocols.opcua import PROBE
from scanner.profile import PROFILES, Limits
from scanner.targets import parse
from scanner.wire.link import Conversation
from scanner.wire.wire import Wire
from tests.protocols.opcua.identities import held
from tests.protocols.opcua.responder import Responder, plant
from tests.protocols.opcua.secured import Secured
from tests.support.virtual import LoopClock, virtually

MOST_PACKETS = 15
"""To find and to identify one server."""


async def serve(
    peer: Callable[[bytes], bytes | None],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    try:
        while True:
            head = await reader.readexactly(8)
            size = int.from_bytes(head[4:8], "little")
            answer = peer(head + await reader.readexactly(size - 8))
            if head[:3] == b"CLO":
                return  # nothing is said to a goodbye
            if answer:
                writer.write(answer)
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.close()


class Today(LoopClock):
    """Virtual seconds, on the day that certificates are made for."""

    def now(self) -> datetime:
        return datetime.now(UTC)


async def climb(
    peer: Callable[[bytes], bytes | None], depth: Depth, credentials: tuple[Credential, ...] = ()
) -> tuple[Wire, list[Observation]]:
    emitted: list[Observation] = []

    def sink(observation: Observation) -> asyncio.Future[None]:
        emitted.append(observation)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    server = await asyncio.start_server(
        lambda reader, writer: serve(peer, reader, writer), "127.0.0.1", 0
    )
    targets = parse(("127.0.0.1",), ())
    wire = Wire(
        "scan",
        "site",
        "here",
        targets,
        PROFILES["bench"],
        Limits(),
        Today(asyncio.get_running_loop()),
        sink,
        credentials=credentials,
    )
    port = server.sockets[0].getsockname()[1]
    link = Conversation(wire, wire.host("127.0.0.1"), PROBE, port, most_requests=200, seconds=60)
    try:
        for rung in sorted(PROBE.rungs):
            if rung <= depth:
                await PROBE.rungs[rung].run(link)
        await link.close()
    finally:
        wire.close()
        server.close()
        await server.wait_closed()
    return wire, emitted


def test_finding_and_identifying_takes_fifteen_packets_at_most() -> None:
    wire, emitted = virtually(climb(Responder(), Depth.IDENTIFY))
    assert [seen.outcome for seen in emitted] == [Outcome.COMPLETE] * 4
    assert wire.sent.connections == 1
    assert wire.sent.packets <= MOST_PACKETS


def test_the_plan_of_these_rungs_holds() -> None:
    wire, _ = virtually(climb(Responder(), Depth.IDENTIFY))
    planned = sum(
        rung.cost(rung.usual).requests for depth, rung in PROBE.rungs.items() if depth <= 2
    )
    assert wire.sent.requests == planned


def test_a_secured_session_passes_the_guard_of_the_wire(tmp_path: Path) -> None:
    peer = Secured()
    plant(peer.inner)
    wire, emitted = virtually(climb(peer, Depth.POINTS, (held(tmp_path),)))
    assert {point.name for seen in emitted for point in seen.points} == {"Temp", "Secret"}
    assert wire.sent.refused_by_guard == 0
    assert wire.sent.functions["OPC UA Read"] >= 3
    assert wire.sent.connections == 2
    assert peer.inner.requests[-2:] == ["CloseSession", "CloseSecureChannel"]
