"""Progress on standard error: a live line on a terminal, one line every few seconds otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Sequence

from inventory.text import inert
from scanner.scan import Run
from scanner.ticker import PLAIN_SECONDS, TERMINAL_SECONDS, clear, show
from scanner.wording import duration

MOST_WHY = 60
"""Characters of a reason that leave room for the figures on a line."""


def watcher(quiet: bool) -> Callable[[Run], contextlib.AbstractAsyncContextManager[None]] | None:
    """What `scan.run` takes as `watch`; None when nothing is to be shown."""
    return None if quiet else _watch


@contextlib.asynccontextmanager
async def _watch(run: Run) -> AsyncIterator[None]:
    live = sys.stderr.isatty()
    if run.wire is not None:  # said when it begins, and on a line of its own that stays
        run.wire.on_pause = lambda _: show(line(run), live, stays=True)
    task = asyncio.create_task(_show(run, live))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        clear(live)


async def _show(run: Run, live: bool) -> None:
    while True:
        await asyncio.sleep(TERMINAL_SECONDS if live else PLAIN_SECONDS)
        show(line(run), live)


def line(run: Run) -> str:
    """Where the scan is, in one line."""
    if run.wire is None:
        return "starting"
    tally, wire = run.tally, run.wire
    hosts = max(1, run.prepared.hosts)
    paused = ""
    if wire.pacer.paused:
        left = max(0.0, wire.paused_until - wire.clock.monotonic())
        paused = f"PAUSED for {duration(left)}: {inert(wire.paused_for, MOST_WHY)} · "
    return (
        f"{paused}{tally.finished}/{hosts} hosts · {tally.answering} answer · "
        f"{wire.sent.packets} packets · {remaining(run)}"
    )


def remaining(run: Run) -> str:
    """An honest guess at the time left: what the rate allows, or what the scan has shown so far.

    Hosts are many at once, so the pace is that of beginning them; counted by those that are
    finished, the first thousand silent ones would promise hours.
    """
    tally = run.tally
    if run.wire is None or tally.finished < 5:
        return "time left: not known yet"
    left = max(0, run.prepared.hosts - tally.finished)
    least = left * run.wire.sent.packets / tally.begun / run.prepared.profile.packets
    elapsed = (run.wire.clock.now() - run.scan.started).total_seconds()
    guess = max(least, left * elapsed / tally.begun)
    if left and tally.begun >= run.prepared.hosts:  # only the last ones, and any may be silent
        guess = max(guess, run.prepared.limits.answer_timeout)
        if run.engine is not None and (reading := run.engine.reading):
            return f"time left: not known, still reading {_named(reading)}"
    return f"about {duration(guess)} left"


def _named(addresses: Sequence[str]) -> str:
    more = len(addresses) - 1
    return f"{addresses[0]} and {more} more" if more else addresses[0]
