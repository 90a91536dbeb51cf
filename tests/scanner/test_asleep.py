"""A laptop that sleeps, a cable that is pulled, a clock that is set: our side, and never the
device's; and no packet after the end that was agreed to."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from protocols import probes
from protocols.contract import Depth, Observation, Options, Outcome, Reason
from scanner.clock import Ends, SystemClock, passed
from scanner.engine import Engine, Visit
from scanner.profile import PROFILES, Limits
from scanner.scan import _in_time
from scanner.targets import parse
from scanner.wire.link import Conversation
from scanner.wire.neighbours import Links
from scanner.wire.wire import Wire
from simulators import registry
from simulators.contract import Bind, Device, Service
from tests.scanner.test_link import Bench, saying, serving
from tests.scanner.test_witness_matrix import Diary, port_of
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need
from tests.support.plants import ROOT
from tests.support.rights import unshared
from tests.support.virtual import LoopClock, virtually

HOST = "127.0.0.1"
MODBUS = next(probe for probe in probes() if probe.name == "modbus")
NIGHT = 8 * 3_600.0
NO_ENDS = Ends()


@dataclass
class Slept:
    """A scan of one device in the middle of which the computer sleeps."""

    wire: Wire
    diary: Diary
    at: float
    emitted: list[Observation] = field(default_factory=list)


async def scan(ends: Ends, at: float = 3.0, night: float = NIGHT) -> Slept:
    """One device at gentle rates; after `at` seconds the computer sleeps for a night."""
    loop, clock, diary = asyncio.get_running_loop(), LoopClock(asyncio.get_running_loop()), Diary()
    emitted: list[Observation] = []

    def sink(observation: Observation) -> asyncio.Future[None]:
        emitted.append(observation)
        done: asyncio.Future[None] = loop.create_future()
        done.set_result(None)
        return done

    wire = Wire(
        *("scan", "site", "here", parse([HOST]), PROFILES["gentle"], Limits(), clock, sink),
        options=Options(Depth.POINTS),
    )
    device = Device("well", HOST, product="W", serial="1")
    double = registry.simulators({"modbus"})["modbus"]
    handle = await double.start(device, Service("modbus"), Bind(HOST, 0), diary)
    slept_at = loop.time() + at
    loop.call_at(slept_at, setattr, clock, "slept", night)
    engine = Engine(wire, Depth.POINTS)
    if ends.closes is not None:
        ends = Ends(clock.now() + timedelta(seconds=7), ends.seconds)
    with _in_time(wire, engine, ends):
        await engine.run(iter([Visit(HOST, ((MODBUS, port_of(handle)),))]))
    wire.close()
    await handle.close()
    return Slept(wire, diary, slept_at, emitted)


@pytest.mark.parametrize(
    "ends",
    [Ends(closes=SystemClock().now()), Ends(seconds=60.0)],
    ids=["end-of-window", "max-time"],
)
def test_nothing_is_asked_after_sleeping_through_the_end(ends: Ends) -> None:
    seen = virtually(scan(ends))
    assert seen.wire.stopping is Reason.MAX_TIME
    assert seen.diary.times
    assert max(seen.diary.times) <= seen.at
    assert seen.diary.open_connections == 0
    assert seen.diary.bare == seen.diary.resets == 0


def test_without_an_end_the_scan_goes_on_after_a_sleep() -> None:
    seen = virtually(scan(NO_ENDS))
    assert max(seen.diary.times) > seen.at
    assert seen.wire.stopping is None


def test_sleep_counts_and_a_clock_that_is_set_moves_only_the_end_of_the_window() -> None:
    async def run() -> None:
        clock = LoopClock(asyncio.get_running_loop())
        begun = passed(clock)
        long, window = Ends(seconds=100.0), Ends(closes=clock.now() + timedelta(seconds=100))
        assert long.left(clock, begun) == window.left(clock, begun) == 100.0
        clock.slept = 40.0
        assert long.left(clock, begun) == window.left(clock, begun) == 60.0
        assert NO_ENDS.left(clock, begun) == float("inf")

    virtually(run())


async def cut_while_asleep(night: float) -> tuple[Outcome, Bench]:
    """The peer answers once; then it ends the connection, after the computer slept so long."""
    clock = LoopClock(asyncio.get_running_loop())
    async with serving(saying(b"!1 hello\n", hold=False)) as port:
        bench = Bench(port)
        bench.wire.clock = clock
        assert await bench.ask() is Outcome.COMPLETE
        clock.slept = night
        await asyncio.sleep(0.01)  # the peer's FIN arrives
        outcome = await bench.ask(2)
        await bench.link.close()
        bench.wire.close()
    return outcome, bench


def test_a_connection_that_ended_while_we_slept_is_our_side() -> None:
    outcome, bench = virtually(cut_while_asleep(NIGHT))
    assert outcome is Outcome.FAILED_HERE
    assert bench.emitted[-1].reason == "suspended"
    assert bench.host.failed_here  # so that a resume asks this host again
    assert not bench.host.health.sign
    assert bench.wire.our_side["suspended"] == 1


def test_a_connection_that_ended_while_we_were_awake_is_the_peers() -> None:
    outcome, bench = virtually(cut_while_asleep(0.0))
    assert outcome is Outcome.HUNG_UP
    assert not bench.wire.our_side


# ---- interfaces


async def silent_with(down: str) -> Outcome:
    """A peer that never answers, while one of our interfaces is down."""
    async with serving(saying()) as port:
        bench = Bench(port)
        bench.wire.links = Links(up=frozenset({"lo", "wlan0"}))
        bench.wire.interfaces = lambda: frozenset({"lo", "wlan0"} - {down})
        outcome = await bench.ask(timeout_seconds=0.05)
        bench.wire.close()
    return outcome


def test_only_the_interface_that_leads_to_a_device_excuses_its_silence() -> None:
    assert virtually(silent_with("wlan0")) is Outcome.MUTE
    assert virtually(silent_with("lo")) is Outcome.FAILED_HERE


def inside() -> dict[str, object]:
    """In a namespace: what is told of two interfaces, with the cable in and out; and of an
    address whose neighbour entry the kernel had no room for."""
    ip = need("ip")

    def do(words: str) -> None:
        subprocess.run([ip, *words.split()], check=True)

    from scanner.wire import neighbours

    do("link set lo up")
    do("link add name near type veth peer name far")
    do("addr add 10.250.0.1/24 dev near")
    do("link set near up")
    do("link set far up")
    until = time.monotonic() + HUNG_SECONDS
    while time.monotonic() < until:  # the kernel tells of a cable at most once a second
        links = neighbours.links()
        if {"near", "far"} <= (links.up or frozenset()):
            break
        time.sleep(0.01)
    found: dict[str, object] = {"in": sorted(links.up or ())}
    found["kept"] = asyncio.run(no_room(links, held=False))
    rules = "table ip t { chain c { type filter hook output priority 0; tcp dport 502 drop; }; }"
    subprocess.run([need("nft"), "-f", "-"], input=rules, text=True, check=True)
    found["no room"] = asyncio.run(no_room(links, held=True))
    do("link set far down")
    while time.monotonic() < until:
        found["out"] = sorted(neighbours.up() or ())
        if found["out"] == ["lo"]:
            break
        time.sleep(0.01)
    return found


async def no_room(links: Links, *, held: bool) -> tuple[str, str, int]:
    """Knock at an address of our link where nobody is. Where our own filter holds the packet back,
    that looks from here as a full table does (measured with small gc_thresh values): silence, and
    no entry among the neighbours."""
    address = "10.250.0.8" if held else "10.250.0.9"
    bench = Bench(502, targets=(address,))
    bench.wire.links = links
    bench.host = bench.wire.host(address)
    bench.link = Conversation(
        bench.wire, bench.host, bench.link.probe, 502, most_requests=9, seconds=30
    )
    outcome = await bench.ask()
    bench.wire.close()
    return outcome.value, bench.emitted[-1].reason, bench.wire.pauses


@pytest.mark.root
def test_a_pulled_cable_and_a_full_neighbour_table_are_our_side() -> None:
    for tool in ("ip", "nft"):
        need(tool)
    code = "import json; from tests.scanner.test_asleep import inside; print(json.dumps(inside()))"
    done = subprocess.run(
        [*unshared("-rn"), sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=HUNG_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["in"] == ["far", "lo", "near"]
    assert found["out"] == ["lo"]
    assert found["kept"] == ["no_path", "neighbour", 0]
    outcome, reason, pauses = found["no room"]
    assert (outcome, reason) == ("failed_here", "neighbour_table")
    assert pauses > 0
