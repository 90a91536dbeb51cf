"""What a pause holds back, and for how long: by the device, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import pairwise

import pytest

from protocols import probes
from protocols.contract import Depth, Observation, Options, Outcome, Probe, Reason
from scanner.engine import Engine, Visit
from scanner.profile import PROFILES, Limits
from scanner.targets import parse
from scanner.wire.distress import Health
from scanner.wire.door import Door
from scanner.wire.failures import Failure, NetworkError
from scanner.wire.wire import PAUSE_SECONDS, SESSION_WAITS, Wire
from simulators import registry
from simulators.contract import Bind, Device, Service
from tests.scanner.test_knock import silent_port
from tests.scanner.test_witness_matrix import Diary, port_of
from tests.support.virtual import LoopClock, virtually

HOST = "127.0.0.1"
DROPPED = ("opcua", "s7comm")
MODBUS = next(probe for probe in probes() if probe.name == "modbus")


def ill(wire: Wire, number: int) -> None:
    """Another host of this scan shows distress."""
    host = wire.host(f"10.0.0.{number}")
    host.health = Health(sign="busy twice")
    wire.suffer(host)


async def disturbed(
    troubles: tuple[float, ...],
    probe: Probe = MODBUS,
    profile: str = "gentle",
    units: tuple[int, ...] = (),
    kept: list[Observation] | None = None,
) -> tuple[Wire, Diary, list[str], Engine]:
    """A scan of one healthy device, while other hosts fall ill at these seconds."""
    loop, diary, said = asyncio.get_running_loop(), Diary(), []

    def sink(item: Observation) -> asyncio.Future[None]:
        if kept is not None:
            kept.append(item)
        done: asyncio.Future[None] = loop.create_future()
        done.set_result(None)
        return done

    wire = Wire(
        *("scan", "site", "here", parse([HOST]), PROFILES[profile], Limits()),
        *(LoopClock(loop), sink),
        options=Options(Depth.POINTS, units),
        on_pause=said.append,
    )
    double = registry.simulators({probe.name})[probe.name]
    device, service = Device("well", HOST, product="W", serial="1"), Service(probe.name)
    handle = await double.start(device, service, Bind(HOST, 0), diary)
    for number, after in enumerate(troubles):
        loop.call_later(after, ill, wire, number)
    if len(troubles) > 2:  # in the middle of the pause
        loop.call_later(max(troubles) + 30, lambda: said.append(f"{diary.open_connections} open"))
    engine = Engine(wire, Depth.POINTS)
    await engine.run(iter([Visit(HOST, ((probe, port_of(handle)),))]))
    wire.close()
    await handle.close()
    return wire, diary, said, engine


def longest_gap(diary: Diary) -> float:
    return max(later - earlier for earlier, later in pairwise(diary.times))


def test_three_hosts_in_distress_within_a_minute_pause_everybody_for_a_minute() -> None:
    wire, diary, said, _ = virtually(disturbed((1.1, 1.2, 2.5)))
    assert wire.pauses == 1
    assert "third host in distress" in said[0]
    assert longest_gap(diary) >= PAUSE_SECONDS - 1
    assert diary.early == diary.bare == diary.resets == diary.open_connections == 0


@pytest.mark.parametrize("at", [1.1, 5.1])
def test_a_pause_takes_nothing_of_the_time_that_a_host_has(at: float) -> None:
    units = tuple(range(1, 11))
    wire, _, _, engine = virtually(disturbed((at, at, at), units=units))
    calm, *_ = virtually(disturbed((), units=units))
    assert (wire.pauses, engine.tally.unasked) == (1, 0)
    assert wire.outcomes == calm.outcomes


@pytest.mark.parametrize("troubles", [(), (1.1,), (1.1, 1.2)])
def test_fewer_pause_nobody(troubles: tuple[float, ...]) -> None:
    wire, diary, _, _ = virtually(disturbed(troubles))
    assert wire.pauses == 0
    assert longest_gap(diary) < 5


@pytest.mark.parametrize(
    "probe", [p for p in probes() if p.transport == "tcp"], ids=lambda p: p.name
)
@pytest.mark.parametrize("at", [1.3, 2.1, 3.4, 5.2, 7.3, 9.4])
def test_no_connection_is_kept_open_over_a_long_pause(probe: Probe, at: float) -> None:
    """It fills a slot, and it or its session would time out: the device would be blamed for what a
    pause of ours did."""
    wire, diary, said, engine = virtually(disturbed((at, at, at), probe, "standard"))
    assert diary.open_sessions == diary.open_connections == 0
    assert diary.resets == diary.early == diary.bare == 0
    assert HOST not in wire.ward.stopped
    assert "1 open" not in said
    if wire.outcomes[Outcome.NOT_ASKED]:  # it was cut: a resume asks the rest
        assert probe.session
        assert engine.tally.unasked == 1


@pytest.mark.parametrize("at", [1.3, 3.4, 5.2])
def test_what_needs_no_session_goes_on_after_a_pause_on_another_connection(at: float) -> None:
    units = tuple(range(1, 11))
    calm, before, *_ = virtually(disturbed((), units=units))
    wire, diary, _, engine = virtually(disturbed((at, at, at), units=units))
    assert wire.outcomes == calm.outcomes
    assert engine.tally.unasked == 0
    assert (before.connections, diary.connections) == (1, 2)
    assert diary.abandoned == diary.bare == diary.resets == 0


def test_where_no_further_connection_may_be_opened_the_rest_is_left_to_a_resume() -> None:
    units, kept = tuple(range(1, 31)), list[Observation]()
    troubles = (2.3, 2.3, 2.3, 75.3, 75.3, 75.3)
    wire, diary, said, engine = virtually(disturbed(troubles, units=units, kept=kept))
    assert wire.pauses == 2
    assert diary.connections == MODBUS.most_connections
    assert (diary.open_connections, said[-1]) == (0, "0 open")
    reasons = {item.reason for item in kept if item.outcome is Outcome.NOT_ASKED}
    assert reasons == {Reason.OUR_SIDE}  # not `budget`, which a resume takes for an answer
    assert engine.tally.unasked == 1


async def behind_a_firewall(hosts: int) -> tuple[dict[str, str], int, int]:
    """Healthy Modbus devices whose other ports drop what comes: who was left alone and why,
    pauses, and silent ports."""
    loop, silent = asyncio.get_running_loop(), 0

    def sink(item: Observation) -> asyncio.Future[None]:
        nonlocal silent
        silent += item.outcome is Outcome.SILENT
        done: asyncio.Future[None] = loop.create_future()
        done.set_result(None)
        return done

    wire = Wire(
        *("scan", "site", "here", parse(["127.0.4.0/24"]), PROFILES["standard"], Limits()),
        *(LoopClock(loop), sink),
        options=Options(Depth.IDENTIFY),
    )
    named = {probe.name: probe for probe in probes()}
    double = registry.simulators({"modbus"})["modbus"]
    async with contextlib.AsyncExitStack() as stack:
        visits = []
        for address in (f"127.0.4.{number}" for number in range(1, hosts + 1)):
            device, service = Device("well", address, product="W", serial="1"), Service("modbus")
            handle = await double.start(device, service, Bind(address, 0), Diary())
            stack.push_async_callback(handle.close)
            asked = [("modbus", port_of(handle))]
            asked += [(name, stack.enter_context(silent_port(address))) for name in DROPPED]
            visits.append(Visit(address, tuple((named[name], port) for name, port in asked)))
        await Engine(wire, Depth.IDENTIFY).run(iter(visits))
        wire.close()
    return wire.ward.stopped, wire.pauses, silent


def test_ports_behind_a_firewall_make_nobody_ill_and_pause_nothing() -> None:
    stopped, pauses, silent = virtually(behind_a_firewall(4))
    assert silent == 4 * len(DROPPED)
    assert (stopped, pauses) == ({}, 0)


def waiting_in_line(
    way: str, *, parting: bool = False, seconds: float = PAUSE_SECONDS
) -> tuple[list[float], float, int]:
    """When each of 60 packets left that stood in line as a pause of so many seconds began after
    0.2 s; when it began; and how many stood in line."""

    async def run() -> tuple[list[float], float, int]:
        loop, left, doors = asyncio.get_running_loop(), list[float](), list[Door]()
        wire = Wire(
            *("scan", "site", "here", parse(["127.0.5.0/24"]), PROFILES["gentle"], Limits()),
            *(LoopClock(loop), lambda _: loop.create_future()),
        )
        for number in range(60):
            doors.append(Door(wire, wire.host(f"127.0.5.{number}"), MODBUS, 502))
            doors[-1].parting = parting

        async def leave(door: Door) -> None:
            await getattr(door, way)(1)
            left.append(loop.time())

        begins = loop.time() + 0.2
        loop.call_at(begins, wire.pause, "for a test", seconds)
        async with asyncio.TaskGroup() as group:
            for door in doors:
                group.create_task(leave(door))
        wire.close()
        return left, begins, sum(at > begins for at in left)

    return virtually(run())


@pytest.mark.parametrize(
    ("way", "seconds"), [("first_packet", PAUSE_SECONDS), ("send_turn", SESSION_WAITS)]
)
def test_who_stands_in_line_when_a_pause_begins_waits_for_its_end(way: str, seconds: float) -> None:
    left, begins, waited = waiting_in_line(way, seconds=seconds)
    assert waited > 30
    after = [at for at in left if at > begins]
    assert min(after) > begins + seconds - 0.01
    # ... and no burst follows: the packet rate goes on where it stood.
    assert max(after) - min(after) >= (waited - 1) / PROFILES["gentle"].packets - 0.06


def test_a_goodbye_does_not_wait_for_the_end_of_a_pause() -> None:
    left, begins, waited = waiting_in_line("send_turn", parting=True)
    assert waited > 30
    assert max(left) < begins + 1


@pytest.mark.parametrize(("seconds", "waits"), [(PAUSE_SECONDS, False), (2.0, True)])
def test_a_connection_stands_through_a_short_pause_only(seconds: float, waits: bool) -> None:
    async def run() -> tuple[float, Failure | None]:
        loop, failure = asyncio.get_running_loop(), None
        wire = Wire(
            *("scan", "site", "here", parse([HOST]), PROFILES["gentle"], Limits()),
            *(LoopClock(loop), lambda _: loop.create_future()),
        )
        begun, door = loop.time(), Door(wire, wire.host(HOST), MODBUS, 502)
        wire.pause("for a test", seconds)
        try:
            await door.send_turn(1)
        except NetworkError as error:
            failure = error.failure
        wire.close()
        return loop.time() - begun, failure

    lasted, failure = virtually(run())
    assert lasted == pytest.approx(seconds if waits else 0, abs=0.01)
    assert failure == (None if waits else Failure(Outcome.NOT_ASKED, Reason.OUR_SIDE))


def test_a_stop_lets_nobody_go_who_waited_through_a_pause() -> None:
    async def run() -> tuple[float, Reason | str]:
        loop = asyncio.get_running_loop()
        wire = Wire(
            *("scan", "site", "here", parse([HOST]), PROFILES["gentle"], Limits()),
            *(LoopClock(loop), lambda _: loop.create_future()),
        )
        begun, door = loop.time(), Door(wire, wire.host(HOST), MODBUS, 502)
        wire.pause("for a test")
        loop.call_later(5, wire.stop, Reason.ABORTED)
        with pytest.raises(NetworkError) as caught:
            await door.first_packet(1)
        wire.close()
        return loop.time() - begun, caught.value.failure.reason

    lasted, reason = virtually(run())
    assert lasted == pytest.approx(5, abs=0.01)
    assert reason == Reason.ABORTED


async def knocked_in_a_pause(hosts: int) -> tuple[int, int, int]:
    """Mute devices of one /24 that let us in before a pause, in it and after it."""
    loop, let_in = asyncio.get_running_loop(), list[float]()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        let_in.append(loop.time())
        while await reader.read(300):
            pass
        writer.close()

    def sink(_: Observation) -> asyncio.Future[None]:
        done: asyncio.Future[None] = loop.create_future()
        done.set_result(None)
        return done

    wire = Wire(
        *("scan", "site", "here", parse(["127.0.6.0/24"]), PROFILES["gentle"], Limits()),
        *(LoopClock(loop), sink),
        options=Options(Depth.DISCOVER),
    )
    async with contextlib.AsyncExitStack() as stack:
        visits = []
        for number in range(1, hosts + 1):
            server = await asyncio.start_server(mute, f"127.0.6.{number}", 0)
            stack.callback(server.close)
            visits.append(
                Visit(f"127.0.6.{number}", ((MODBUS, server.sockets[0].getsockname()[1]),))
            )
        begins = loop.time() + 1
        loop.call_at(begins, wire.pause, "for a test")
        await Engine(wire, Depth.DISCOVER).run(iter(visits))
        wire.close()
    ends = begins + PAUSE_SECONDS
    before, after = (sum(at < begins for at in let_in), sum(at >= ends for at in let_in))
    return before, len(let_in) - before - after, after


def test_nobody_of_a_full_subnet_is_knocked_at_in_a_pause() -> None:
    before, meanwhile, after = virtually(knocked_in_a_pause(12))
    assert before > 0
    assert after > 0
    assert meanwhile == 0


def test_what_is_in_the_way_is_told_with_the_count() -> None:
    wire, *_ = virtually(disturbed((1.1, 1.2, 2.5)))
    assert set(wire.ward.stopped.values()) == {"busy twice"}
    assert len(wire.ward.stopped) == 3
    assert wire.stopping is None


def test_a_stop_ends_a_pause() -> None:
    async def run() -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        wire = Wire(
            *("scan", "site", "here", parse([HOST]), PROFILES["gentle"], Limits()),
            *(LoopClock(loop), lambda _: loop.create_future()),
        )
        wire.pause("for a test")
        loop.call_later(5, wire.stop, Reason.ABORTED)
        await wire.pacer.running()
        wire.close()
        return loop.time() - begun

    assert virtually(run()) == pytest.approx(5, abs=0.01)


@pytest.mark.parametrize(
    ("pauses", "lasts", "counted"),
    [
        (((0.0, 2.0), (1.0, PAUSE_SECONDS)), 1.0 + PAUSE_SECONDS, 2),  # the longer one wins
        (((0.0, PAUSE_SECONDS), (1.0, 2.0)), PAUSE_SECONDS, 1),
        (((0.0, 2.0), (0.5, 2.0), (1.5, 2.0)), 3.5, 1),  # one trouble of ours that goes on
        (((0.0, PAUSE_SECONDS), (3.0, PAUSE_SECONDS)), 3.0 + PAUSE_SECONDS, 1),
    ],
)
def test_a_pause_lasts_until_the_last_of_its_reasons_is_over(
    pauses: tuple[tuple[float, float], ...], lasts: float, counted: int
) -> None:
    async def run() -> tuple[float, int, list[str]]:
        loop, said = asyncio.get_running_loop(), list[str]()
        wire = Wire(
            *("scan", "site", "here", parse([HOST]), PROFILES["gentle"], Limits()),
            *(LoopClock(loop), lambda _: loop.create_future()),
            on_pause=said.append,
        )
        begun = loop.time()
        for after, seconds in pauses:
            loop.call_at(begun + after, wire.pause, f"{seconds} s", seconds)
        await asyncio.sleep(0.01)
        await wire.pacer.running()
        wire.close()
        assert wire.pacer.paused_seconds == pytest.approx(loop.time() - begun, abs=0.02)
        return loop.time() - begun, wire.pauses, said

    lasted, told, said = virtually(run())
    assert lasted == pytest.approx(lasts, abs=0.01)
    assert told == len(said) == counted


def test_trouble_of_ours_does_not_swallow_the_pause_for_distress() -> None:
    async def run() -> float:
        loop = asyncio.get_running_loop()
        wire = Wire(
            *("scan", "site", "here", parse([HOST]), PROFILES["gentle"], Limits()),
            *(LoopClock(loop), lambda _: loop.create_future()),
        )
        begun = loop.time()
        wire.pause("our side: ENOBUFS", 2.0)
        for number in range(3):
            ill(wire, number)
        await wire.pacer.running()
        wire.close()
        return loop.time() - begun

    assert virtually(run()) == pytest.approx(PAUSE_SECONDS, abs=0.01)


def test_a_host_is_let_go_when_its_time_is_up_whatever_it_speaks() -> None:
    """Ten minutes a host over all protocols (safety.md 2); here two seconds."""

    async def run(most: float) -> tuple[float, int]:
        loop, diary = asyncio.get_running_loop(), Diary()

        def sink(_: Observation) -> asyncio.Future[None]:
            done: asyncio.Future[None] = loop.create_future()
            done.set_result(None)
            return done

        limits = Limits(host_seconds=most)
        wire = Wire(
            *("scan", "site", "here", parse([HOST]), PROFILES["standard"], limits),
            *(LoopClock(loop), sink),
            options=Options(Depth.POINTS),
        )
        attempts, handles = [], []
        for probe in probes():
            double = registry.simulators({probe.name})[probe.name]
            device, service = Device("well", HOST, product="W", serial="1"), Service(probe.name)
            handles.append(await double.start(device, service, Bind(HOST, 0), diary))
            attempts.append((probe, port_of(handles[-1])))
        await Engine(wire, Depth.POINTS).run(iter([Visit(HOST, tuple(attempts))]))
        wire.close()
        for handle in handles:
            await handle.close()
        assert diary.open_sessions == diary.bare == diary.resets == 0
        data = [at for at, name in diary.said if "Close" not in name]
        return max(data) - min(data), len(data)

    whole, every = virtually(run(600.0))
    short, few = virtually(run(2.0))
    assert whole > 8
    assert short <= 4  # closing a connection is no conversation
    assert 0 < few < every
