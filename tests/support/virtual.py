"""A whole plant and a scan of it on one event loop in virtual time.

Loopback delivers at once: when nothing can be read and nobody is ready to run, no packet is under
way, and the clock of the loop jumps to the next timer. So the wire, its time-outs and the doubles
take exactly the seconds that the rules make them take, on any machine, however busy.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import selectors
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from protocols.contract import Observation
from scanner import scan as scans
from scanner.cli import Settings
from scanner.engine import Engine, Tally
from scanner.planning import prepare as preparing
from scanner.planning.cost import Total
from scanner.summary import summary
from scanner.wire.neighbours import Links
from scanner.wire.wire import Wire
from simulators.command import parse
from simulators.runner import PlayError, play

T = TypeVar("T")
SHIFTS = range(11_000, 55_000)
TRIES = 8


class JumpingSelector(selectors.DefaultSelector):
    """Never waits: gives what is ready, or lets the time that was asked for pass."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if ready := super().select(0):
            return ready
        if timeout is None:
            return super().select(1.0)  # nothing but a thread or a signal can go on
        self.passed += max(0.0, timeout)
        return []


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is the sum of the waits that it skipped."""

    def __init__(self) -> None:
        self.jumping = JumpingSelector()
        super().__init__(self.jumping)

    def time(self) -> float:
        return 1_000.0 + self.jumping.passed


class LoopClock:
    """`scanner.clock.Clock` on the time of a `JumpingLoop`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.slept = 0.0  # a test lets the computer sleep by adding to it

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.loop.time() + self.slept)

    def monotonic(self) -> float:
        return self.loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def suspended(self) -> float:
        return self.slept


def virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on a loop that jumps."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(work)


def held_up(seconds: float) -> None:
    """Let time pass in which the loop that calls this does not run, as on a busy machine."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop)
    loop.jumping.passed += seconds


@dataclass(frozen=True, slots=True)
class Walked:
    """A scan in virtual time: what was planned, the same priced afterwards, and what was sent."""

    planned: dict[str, Total]
    summary: dict[str, Any]
    stored: tuple[Observation, ...] = ()
    functions: Counter[str] = field(default_factory=Counter)  # of requests that left
    shift: int = 0  # of every port

    @property
    def cost(self) -> dict[str, float]:
        """The plan's own arithmetic with what was found."""
        return dict(self.summary["cost"])

    @property
    def sent(self) -> dict[str, float]:
        """What left."""
        return dict(self.summary["sent"])


@dataclass(slots=True)
class Killing:
    """A sink that is durable at once, and lets a scan die at its `most`th observation."""

    most: int | None = None
    stored: list[Observation] = field(default_factory=list)
    functions: Counter[str] = field(default_factory=Counter)
    wire: Wire | None = None
    dead: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, observation: Observation) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self.dead.is_set():
            self.stored.append(observation)
            future.set_result(None)
            if self.wire is not None:
                self.functions = Counter(self.wire.sent.functions)
        if len(self.stored) == self.most:
            self.dead.set()
        return future


def walked(
    plant: str,
    folder: Path,
    *,
    past: Sequence[Observation] = (),
    most: int | None = None,
    shift: int = 0,
    **options: Any,
) -> Walked:
    """Play `plant` and scan it; `options` are those of `scanner.planning.prepare.prepare`.

    `past` is what an earlier run stored, `most` after how many observations this one is killed,
    `shift` what that run's ports were shifted by. Flags of the simulators may follow the plant.
    """
    if shift:
        return virtually(_walk(plant, shift, folder / f"plant-{shift}", options, past, most))
    for _ in range(TRIES):
        shift = random.SystemRandom().choice(SHIFTS)
        try:
            return virtually(_walk(plant, shift, folder / f"plant-{shift}", options, past, most))
        except PlayError as error:
            if "listen" not in str(error):
                raise
    raise AssertionError(f"no free ports for {plant} in {TRIES} tries")


async def _walk(
    plant: str,
    shift: int,
    folder: Path,
    options: dict[str, Any],
    past: Sequence[Observation],
    most: int | None,
) -> Walked:
    name, *flags = plant.split(" --")
    words = [name, *(f"--{flag}" for flag in flags)]
    loaded, stage = parse([*words, "--base-port", str(shift), "--write", str(folder)])
    assert loaded is not None
    ready = asyncio.Event()
    playing = asyncio.ensure_future(play(loaded, stage, lambda _: ready.set()))
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait({playing, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if playing.done():
        waiting.cancel()
        playing.result()  # raises why it could not be played
        raise AssertionError(f"{plant} ended at once")
    try:
        return replace(await _scan(folder, options, past, Killing(most)), shift=shift)
    finally:
        playing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await playing


async def _scan(
    folder: Path, options: dict[str, Any], past: Sequence[Observation], sink: Killing
) -> Walked:
    settings = Settings(db=str(folder / "none.db"), config=folder / "site.toml")
    targets = (folder / "targets.txt").read_text(encoding="utf-8").split()
    prepared = preparing.prepare(settings, **{**DEFAULTS, "targets": targets, **options})
    planned = scans.totals(prepared)
    record = scans.new_scan(prepared, {})
    loop = asyncio.get_running_loop()
    # Without links: an interface that another program takes down meanwhile is none of ours.
    wire = replace(scans._wire(prepared, record, sink, None), clock=LoopClock(loop), links=Links())
    sink.wire = wire
    for item in past:
        wire.past = {
            **wire.past,
            item.target.address: (*wire.past.get(item.target.address, ()), item),
        }
    engine = Engine(wire, prepared.depth)
    begun = loop.time()
    await _until_dead(asyncio.ensure_future(engine.run(prepared.visits())), sink.dead)
    wire.close()
    run = scans.Run(prepared, record, wire, engine, engine.tally, seconds=loop.time() - begun)
    return Walked(planned, summary(run, planned, 0), tuple(sink.stored), sink.functions)


async def _until_dead(running: asyncio.Future[Tally], dead: asyncio.Event) -> None:
    """Wait for the end of a scan; where it is to die, drop it as the kernel would."""
    dying = asyncio.ensure_future(dead.wait())
    await asyncio.wait({running, dying}, return_when=asyncio.FIRST_COMPLETED)
    dying.cancel()
    if not running.done():
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    elif not dead.is_set():
        running.result()


DEFAULTS: dict[str, Any] = {
    "exclude": (),
    "depth": "identify",
    "probe_names": (),
    "port_list": (),
    "profile_name": "brisk",
    "max_rate": None,
    "per_host_delay": None,
    "timeout": 3.0,
    "retries": 1,
    "units": "",
    "names": (),
    "vantage": "",
    "collection_vantage": "",
    "interface": "",
    "sample_seconds": 60.0,
    "sample_every": 10.0,
    "fc17": False,
}
