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
import time
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from protocols.contract import Observation
from scanner import prepare as preparing
from scanner import scan as scans
from scanner.cli import Settings
from scanner.engine import Engine
from scanner.plan import Total
from scanner.summary import summary
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

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.loop.time())

    def monotonic(self) -> float:
        return self.loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


def virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on a loop that jumps."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(work)


@dataclass(frozen=True, slots=True)
class Walked:
    """A scan in virtual time: what was planned, the same priced afterwards, and what was sent."""

    planned: dict[str, Total]
    summary: dict[str, Any]

    @property
    def cost(self) -> dict[str, float]:
        """The plan's own arithmetic with what was found."""
        return dict(self.summary["cost"])

    @property
    def sent(self) -> dict[str, float]:
        """What left."""
        return dict(self.summary["sent"])


def walked(plant: str, folder: Path, **options: Any) -> Walked:
    """Play `plant` and scan it; `options` are those of `scanner.prepare.prepare`."""
    for _ in range(TRIES):
        shift = random.SystemRandom().choice(SHIFTS)
        try:
            return virtually(_walk(plant, shift, folder / f"plant-{shift}", options))
        except PlayError as error:
            if "listen" not in str(error):
                raise
    raise AssertionError(f"no free ports for {plant} in {TRIES} tries")


async def _walk(plant: str, shift: int, folder: Path, options: dict[str, Any]) -> Walked:
    loaded, stage = parse([plant, "--base-port", str(shift), "--write", str(folder)])
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
        return await _scan(folder, options)
    finally:
        playing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await playing


async def _scan(folder: Path, options: dict[str, Any]) -> Walked:
    settings = Settings(db=str(folder / "none.db"), config=folder / "site.toml")
    targets = (folder / "targets.txt").read_text(encoding="utf-8").split()
    prepared = preparing.prepare(settings, **{**DEFAULTS, "targets": targets, **options})
    planned = scans.totals(prepared)
    record = scans.new_scan(prepared, {})
    loop = asyncio.get_running_loop()

    def sink(_: Observation) -> asyncio.Future[None]:
        future: asyncio.Future[None] = loop.create_future()
        future.set_result(None)
        return future

    wire = replace(scans._wire(prepared, record, sink, None), clock=LoopClock(loop))
    engine = Engine(wire, prepared.depth)
    begun, spent = loop.time(), time.process_time()
    await engine.run(prepared.visits())
    wire.close()
    run = scans.Run(prepared, record, wire, engine, engine.tally, seconds=loop.time() - begun)
    print(f"{time.process_time() - spent:.1f} s of CPU for both sides")  # noqa: T201 - a figure
    return Walked(planned, summary(run, planned, 0))


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
