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
from scanner.wire.wire import PAUSE_SECONDS, Wire
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
    troubles: tuple[float, ...], probe: Probe = MODBUS, profile: str = "gentle"
) -> tuple[Wire, Diary, list[str], Engine]:
    """A scan of one healthy device, while other hosts fall ill at these seconds."""
    loop, diary, said = asyncio.get_running_loop(), Diary(), []

    def sink(_: Observation) -> asyncio.Future[None]:
        done: asyncio.Future[None] = loop.create_future()
        done.set_result(None)
        return done

    wire = Wire(
        *("scan", "site", "here", parse([HOST]), PROFILES[profile], Limits()),
        *(LoopClock(loop), sink),
        options=Options(Depth.POINTS),
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


@pytest.mark.parametrize("troubles", [(), (1.1,), (1.1, 1.2)])
def test_fewer_pause_nobody(troubles: tuple[float, ...]) -> None:
    wire, diary, _, _ = virtually(disturbed(troubles))
    assert wire.pauses == 0
    assert longest_gap(diary) < 5


@pytest.mark.parametrize("probe", [p for p in probes() if p.session], ids=lambda p: p.name)
@pytest.mark.parametrize("at", [1.3, 2.1, 3.4, 5.2, 7.3, 9.4])
def test_no_session_is_kept_open_over_a_long_pause(probe: Probe, at: float) -> None:
    """It would time out, and the device would be blamed for what a pause of ours did."""
    wire, diary, said, engine = virtually(disturbed((at, at, at), probe, "standard"))
    assert diary.open_sessions == diary.open_connections == 0
    assert diary.resets == diary.early == diary.bare == 0
    assert HOST not in wire.ward.stopped
    assert "1 open" not in said
    if wire.outcomes[Outcome.NOT_ASKED]:  # it was cut: a resume asks the rest
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
