"""Every host is asked at its likeliest port before any is asked at the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from socket import socket

import pytest

from protocols.contract import Cost, Depth, Link, Observation, Outcome, Reason, Rung
from scanner.engine import Engine, Visit
from scanner.later import Later, Line, most_aside
from scanner.profile import PROFILES, Limits
from scanner.scan import stop
from scanner.targets import parse
from scanner.wire.pacer import Pacer
from scanner.wire.wire import Wire
from tests.scanner.test_knock import silent_port
from tests.scanner.test_link import ASK, probe, reader, toy_frame
from tests.support.virtual import LoopClock, virtually

PORTS = 3


@contextmanager
def refused() -> Iterator[tuple[int, ...]]:
    """Ports of every address of ours that refuse at once: bound, and never listened to."""
    held = [socket() for _ in range(PORTS)]
    for sock in held:
        sock.bind(("0.0.0.0", 0))  # noqa: S104 - so that no other program takes them
    try:
        yield tuple(sock.getsockname()[1] for sock in held)
    finally:
        for sock in held:
            sock.close()


async def asks(link: Link) -> None:
    await link.ask(ASK, b"?1\n", frame=toy_frame, read=reader(1))


TOY = replace(probe("tcp"), rungs={Depth.DISCOVER: Rung(lambda _: Cost(1, 1), asks)})

Heard = list[Observation]
Meanwhile = Callable[[Engine, Heard], Awaitable[None]]


async def _nothing(_: Engine, __: Heard) -> None:
    return


def walk(
    hosts: int,
    ports: tuple[int, ...],
    *,
    first: int = 0,
    meanwhile: Meanwhile = _nothing,
    **limits: int,
) -> tuple[Heard, float]:
    """So many hosts under brisk in virtual time; the last `first` of them are begun first."""

    async def run() -> tuple[Heard, float]:
        loop = asyncio.get_running_loop()
        heard: Heard = []

        def sink(item: Observation) -> asyncio.Future[None]:
            heard.append(item)
            done: asyncio.Future[None] = loop.create_future()
            done.set_result(None)
            return done

        wire = Wire(
            *("scan", "site", "here", parse(["127.36.0.0/16"])),
            *(PROFILES["brisk"], Limits(**limits), LoopClock(loop), sink),
        )
        addresses = [f"127.36.{n // 20}.{n % 20 + 1}" for n in range(hosts)]
        order = [*addresses[hosts - first :], *addresses[: hosts - first]]
        attempts = tuple((replace(TOY, name=f"toy{n}"), port) for n, port in enumerate(ports))
        visits = (Visit(one, attempts, (), n < first) for n, one in enumerate(order))
        begun = loop.time()
        engine = Engine(wire, Depth.DISCOVER)
        beside = asyncio.ensure_future(meanwhile(engine, heard))
        await engine.run(visits)
        await beside
        wire.close()
        return heard, loop.time() - begun

    return virtually(run())


def test_no_further_port_is_asked_before_every_host_was_asked_at_its_likeliest() -> None:
    with refused() as ports:
        heard, _ = walk(300, ports)
    asked = [ports.index(item.target.port) for item in heard]
    assert asked == sorted(asked)
    assert len(asked) == 300 * PORTS


def test_who_is_declared_is_wholly_asked_before_the_others() -> None:
    with refused() as ports:
        heard, _ = walk(300, ports, first=5)
    declared = {f"127.36.14.{n}" for n in range(16, 21)}
    places = [n for n, item in enumerate(heard) if item.target.address in declared]
    assert len(places) == 5 * PORTS
    assert places[-1] < 2 * 300 / PORTS  # the least gap between two requests to a host is 50 ms


def test_hosts_that_stand_aside_never_take_all_the_places() -> None:
    with refused() as ports:
        heard, _ = walk(40, ports, in_flight=16)
    assert len(heard) == 40 * PORTS
    begun = list(dict.fromkeys(item.target.address for item in heard))
    last = next(n for n, item in enumerate(heard) if item.target.address == begun[-1])
    ended = [n for n, item in enumerate(heard) if item.target.port == ports[-1]]
    assert sum(n < last for n in ended) >= 40 - 16  # who stood aside went on before new ones


def test_after_a_stop_nobody_stands_aside() -> None:
    async def stopping(engine: Engine, heard: Heard) -> None:
        while len(heard) < 100:  # noqa: ASYNC110 - the engine has no event for it
            await asyncio.sleep(0.01)
        stop(engine.wire, engine, Reason.ABORTED)

    with refused() as ports:
        heard, seconds = walk(300, ports, meanwhile=stopping)
    assert seconds < 0.5
    sent = [item for item in heard if item.outcome is not Outcome.NOT_ASKED]
    assert len(sent) < 150
    assert all(item.target.port == ports[0] for item in sent)


def test_a_silent_port_is_given_up_at_once_where_no_other_can_tell_of_its_host() -> None:
    """Its second try is for hosts that answer elsewhere; here all the others are silent too."""
    with silent_port("127.36.0.1") as one, silent_port("127.36.0.1") as other:
        heard, seconds = walk(1, (one, other))
    assert [(item.outcome, item.tries) for item in heard] == [
        (Outcome.SILENT, 2),
        (Outcome.SILENT, 1),
    ] or sorted(item.tries for item in heard) == [1, 2]
    assert seconds == pytest.approx(2.9, abs=0.2)


def test_at_most_half_of_those_under_way_stand_aside() -> None:
    assert [most_aside(n) for n in (1, 16, 4_096)] == [1, 8, 1_024]


def test_where_too_many_stand_aside_who_is_nearest_to_its_end_goes_on() -> None:
    async def run() -> list[int]:
        went: list[int] = []

        async def stands(later: Later, place: int) -> None:
            await later.turn(place)
            went.append(place)

        pacer = Pacer(LoopClock(asyncio.get_running_loop()), PROFILES["brisk"])
        async with asyncio.TaskGroup() as group:
            later = Later(group, pacer, Line(3))
            for place in (1, 3, 2):
                group.create_task(stands(later, place))
            await later.space()  # nothing stands aside yet
            await asyncio.sleep(0)
            await later.space()
            full = list(went)
            later.rest()
        assert full == [3]
        return went

    assert virtually(run()) == [3, 1, 2]
