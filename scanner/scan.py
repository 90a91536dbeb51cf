"""One scan from the first packet to the summary: store, wire, engine and signals together.

One rule keeps it simple: the scan decides when to stop; what was learned before is durable.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import math
import os
import signal
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from inventory.model import Scan
from inventory.store import Store, Visited, Writer
from protocols.contract import Observation, Reason
from scanner.clock import NEVER_ENDS, Ends, SystemClock
from scanner.engine import STOP_SECONDS, Engine, Tally
from scanner.engine import Visit as EngineVisit
from scanner.planning import cost as planning
from scanner.planning.prepare import Prepared
from scanner.secrets import revealed
from scanner.targets import group
from scanner.wire.neighbours import links
from scanner.wire.record import AnyRecorder
from scanner.wire.wire import Recorder, Wire

if TYPE_CHECKING:
    from scanner.layer2.run import Found

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.5


@dataclass(slots=True)
class Run:
    """A scan under way: what the progress display looks at."""

    prepared: Prepared
    scan: Scan
    wire: Wire | None = None
    engine: Engine | None = None
    tally: Tally = field(default_factory=Tally)
    interrupted: bool = False
    concluded: bool = False  # whether what was heard has been put together
    stored: int = 0
    answered_before: int = 0  # hosts that an earlier run of this scan finished, and that answered
    error: str = ""
    seconds: float = 0.0
    layer2: Found | None = None


def new_scan(prepared: Prepared, plan: dict[str, object]) -> Scan:
    """The record of a scan that begins now."""
    return Scan(
        id=str(uuid.uuid4()),
        site=prepared.site_name,
        vantage=prepared.vantage,
        started=datetime.now(UTC),
        targets=prepared.targets,
        excluded=prepared.excluded,
        depth=prepared.depth.label,
        profile=prepared.profile.name,
        interface=prepared.interface,
        source_address=prepared.source,
        plan=plan,
    )


async def run(
    prepared: Prepared,
    scan: Scan,
    store: Store,
    *,
    ends: Ends = NEVER_ENDS,
    finished: frozenset[str] = frozenset(),
    past: Mapping[str, tuple[Observation, ...]] | None = None,
    answered_before: int = 0,
    recorder: AnyRecorder | None = None,
    keep_raw: bool = True,
    watch: Callable[[Run], contextlib.AbstractAsyncContextManager[None]] | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> Run:
    """Scan everything that was prepared. The store is given over until this returns.

    `finished` holds addresses that need nothing any more, `past` what was heard of the others by
    an earlier run of this scan (a resume). Never raises for what the
    network does; a store that fails stops the sending and is reported in `Run.error`. Where it was
    `interrupted` before it began, nothing is sent.
    """
    state = Run(prepared, scan, answered_before=answered_before)
    async with _signals(state, interrupted), Writer(store, keep_raw=keep_raw) as writer:
        _settle_down()
        wire = state.wire = _wire(prepared, scan, _sink(state, writer.submit), recorder)
        wire.past = past or {}
        engine = state.engine = Engine(
            wire, prepared.depth, _marker(scan, writer.submit), _ready_to_conclude
        )
        state.tally = engine.tally
        started = wire.clock.monotonic()
        with _in_time(wire, engine, ends):
            if state.interrupted:
                stop(wire, engine, Reason.ABORTED)
            if recorder is not None:
                recorder.start()
            try:
                async with watch(state) if watch else contextlib.nullcontext():
                    visits = (v for v in prepared.visits() if v.address not in finished)
                    started = await _walked(state, wire, engine, visits)
            finally:
                wire.close()
                if recorder is not None:
                    recorder.stop()
        state.seconds = wire.clock.monotonic() - started
        if writer.failure is not None:
            state.error = str(writer.failure)
    return state


def _ready_to_conclude() -> None:
    """Import what draws the conclusions while the last hosts are waited for."""

    def imported() -> None:
        from inventory.conclude import ready

        ready()

    asyncio.get_running_loop().run_in_executor(None, imported)


TURN_SECONDS = 0.001


def _settle_down() -> None:
    """Set the interpreter up for one loop of many small steps with a writer beside it.

    The loop gives its turn up with every packet, and would wait 5 ms for it while the writer
    encodes. What was imported stays: looking it through for garbage again and again is a tenth of
    a scan.
    """
    sys.setswitchinterval(TURN_SECONDS)
    gc.collect()
    gc.freeze()


async def _walked(state: Run, wire: Wire, engine: Engine, visits: Iterator[EngineVisit]) -> float:
    """Listen, then visit every host, those that ARP is planned for as soon as they answer it;
    afterwards the wire knows which of them are dead. When the visits, or ARP, began."""
    plan = state.prepared.layer2
    if not (plan.listens or plan.sends or plan.off):
        started = wire.clock.monotonic()
        await engine.run(visits)
        return started
    from scanner.capture.observations import Origin
    from scanner.layer2.run import Before, in_order

    origin = Origin(wire.site, wire.scan, wire.vantage)
    stopping, paused = (lambda: wire.stopping is not None), (lambda: wire.pacer.paused)
    below = Before(*(plan, origin, wire.sink, stopping, paused), lambda: wire.pacer.paused_seconds)
    state.layer2, wire.dead, wire.heard = below.found, below.found.dead, below.found.heard
    await below.listen()
    started = wire.clock.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(below.sweep())
        await engine.run(in_order(visits, plan.asks, below.arrivals))
    return started


def _wire(
    prepared: Prepared,
    scan: Scan,
    sink: Callable[[Observation], asyncio.Future[None]],
    recorder: Recorder | None,
) -> Wire:
    return Wire(
        scan=scan.id,
        site=scan.site,
        vantage=scan.vantage,
        scope=prepared.scope,
        profile=prepared.profile,
        limits=replace(prepared.limits, in_flight=descriptors(prepared.limits.in_flight)),
        clock=SystemClock(),
        sink=sink,
        options=prepared.options,
        credentials=prepared.credentials,
        secrets=revealed(prepared.credentials),
        maps=prepared.known.maps,
        claimed=prepared.known.claimed,
        gateways=prepared.known.gateways,
        gateway_addresses=prepared.known.gateway_addresses,
        links=links(),
        source=prepared.source,
        device=prepared.interface,
        recorder=recorder,
    )


def _sink(
    state: Run, submit: Callable[[Observation], asyncio.Future[None]]
) -> Callable[[Observation], asyncio.Future[None]]:
    """Store every observation; when that fails, stop sending."""

    def settled(future: asyncio.Future[None]) -> None:
        if future.cancelled():
            return
        if future.exception() is None:
            state.stored += 1
        elif state.wire is not None and state.wire.stopping is None:
            stop(state.wire, state.engine, Reason.OUR_SIDE)

    def sink(observation: Observation) -> asyncio.Future[None]:
        future = submit(observation)
        future.add_done_callback(settled)
        return future

    return sink


def _marker(
    scan: Scan, submit: Callable[[Visited], asyncio.Future[None]]
) -> Callable[[EngineVisit, bool], None]:
    """Remember which hosts need nothing more, for `--resume`."""

    def finished(visit: EngineVisit, whole: bool) -> None:
        if whole:
            submit(Visited(scan.id, visit.address))

    return finished


def descriptors(wanted: int) -> int:
    """How many sockets may be open at once: half of what the system lets us have."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return max(16, min(wanted, soft // 2))


def stop(wire: Wire, engine: Engine | None, reason: Reason) -> None:
    """Send nothing more but goodbyes; after 3 s not even those."""
    wire.stop(reason)
    if engine is not None:
        engine.cancel_waiting()
        asyncio.get_running_loop().call_later(STOP_SECONDS, engine.cancel_all)


@contextlib.contextmanager
def _in_time(wire: Wire, engine: Engine, ends: Ends) -> Iterator[None]:
    """Stop when time is up: looked at before each packet and, while nothing is sent, each second,
    since the timers of the loop stand still while the computer sleeps."""
    loop = asyncio.get_running_loop()
    ended = partial(stop, wire, engine, Reason.MAX_TIME)
    wire.ends, wire.on_end = ends, ended
    timer: asyncio.TimerHandle | None = None

    def tick() -> None:
        nonlocal timer
        left = ends.left(wire.clock, wire.begun)
        if left <= 0:
            ended()
        elif left < math.inf:
            timer = loop.call_later(min(left, LOOK_SECONDS), tick)

    tick()
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()


SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.asynccontextmanager
async def _signals(state: Run, interrupted: Callable[[], bool]) -> AsyncIterator[None]:
    """Ctrl-C and SIGTERM stop well; a second one leaves at once, also during the farewell."""
    loop = asyncio.get_running_loop()

    def leave() -> None:
        if state.interrupted:
            os._exit(130)
        state.interrupted = True
        if state.wire is not None:
            stop(state.wire, state.engine, Reason.ABORTED)

    before = {name: signal.getsignal(name) for name in SIGNALS}
    for name in SIGNALS:
        loop.add_signal_handler(name, leave)
    state.interrupted = interrupted()  # asked now: from here on none is missed
    try:
        yield
    finally:
        for name in SIGNALS:
            loop.remove_signal_handler(name)
            handler = leave_at_once if state.interrupted else before[name]
            signal.signal(name, signal.SIG_DFL if handler is None else handler)


def leave_at_once(*_: object) -> None:
    """A second signal."""
    os._exit(130)


def totals(prepared: Prepared) -> dict[str, planning.Total]:
    """Floor, expected and ceiling of what was prepared."""
    spared = prepared.layer2.arp_addresses
    silent = planning.attempts(prepared.everywhere, prepared.credentials)
    compositions = {
        name: planning.merged(composed[name] for composed in _composed(prepared))
        for name in ("floor", "expected", "ceiling")
    }
    for name in ("floor", "expected"):
        compositions[name] = planning.spared(compositions[name], silent, spared)
    count, near = groups(prepared), on_link(prepared)
    figures = {
        name: beside(
            planning.cost(
                *(composition, prepared.profile, prepared.limits, count),
                on_link=near,
                first=prepared.declared,
            ),
            prepared.layer2.arp_seconds,
            *_gateways(prepared, name),
        )
        for name, composition in compositions.items()
    }
    # Silence lasts longer than an answer: whoever agrees to a time agrees to the longest of them.
    longest = max(item.seconds for item in figures.values())
    return figures | {"ceiling": replace(figures["ceiling"], seconds=longest)}


def beside(total: planning.Total, *seconds: float) -> planning.Total:
    """Hosts are talked to while ARP goes on, and while those behind one gateway wait for each
    other: the longest of all lasts."""
    return replace(total, seconds=max(total.seconds, *(round(item, 1) for item in seconds)))


def _gateways(prepared: Prepared, figure: str) -> Iterator[float]:
    """Seconds of the addresses behind each gateway, in one of the three figures."""
    known, asked = prepared.known.gateways, prepared.everywhere
    depth, watching = prepared.depth, prepared.options.sample_seconds
    named = prepared.credentials
    for hosts in Counter(known[item] for item in known if prepared.scope.spans(item)).values():
        composition = {
            "floor": partial(planning.floor, hosts, planning.attempts(asked, named)),
            "expected": partial(planning.expected, hosts, asked, depth, hosts, watching, named),
            "ceiling": partial(planning.ceiling, hosts, asked, depth, watching),
        }[figure]()
        yield planning.behind_one(composition, prepared.profile, prepared.limits)


def _composed(prepared: Prepared) -> Iterator[dict[str, planning.Composition]]:
    """The three compositions of each kind of host; one that is named by its service is expected
    to be there."""
    declared = sum(map(prepared.scope.spans, prepared.known.first)) or None
    depth, watching = prepared.depth, prepared.options.sample_seconds
    named = prepared.credentials
    for number, (hosts, asked, whole) in enumerate(prepared.kinds()):
        known = declared if number == 0 else hosts
        yield {
            "floor": planning.floor(hosts, planning.attempts(asked, named)),
            "expected": planning.expected(hosts, asked, depth, known, watching, named),
            "ceiling": planning.ceiling(hosts, asked, depth, watching, whole=whole),
        }


def on_link(prepared: Prepared) -> bool:
    """Whether most targets are neighbours of ours, whom our kernel has to look for."""
    below = prepared.layer2
    return below.arp_addresses + below.unasked > prepared.hosts // 2


def groups(prepared: Prepared) -> int:
    """Over how many /24s (IPv6: ranges) the targets are spread."""
    spread, last = 0, -1
    for item in prepared.scope.remaining():
        if item.version == 6:
            spread += 1
            continue
        first = item.first >> 8
        spread += (item.last >> 8) - first + (first != last)
        last = item.last >> 8
    alone = (address for address in prepared.services if not prepared.scope.spans(address))
    return spread + len({group(address) for address in alone})
