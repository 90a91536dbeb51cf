"""Progress on standard error: a live line on a terminal, one line every few seconds otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable

import click

from scanner.scan import Run
from scanner.wording import duration

TERMINAL_SECONDS, PLAIN_SECONDS = 0.25, 5.0


def watcher(quiet: bool) -> Callable[[Run], contextlib.AbstractAsyncContextManager[None]] | None:
    """What `scan.run` takes as `watch`; None when nothing is to be shown."""
    return None if quiet else _watch


@contextlib.asynccontextmanager
async def _watch(run: Run) -> AsyncIterator[None]:
    live = sys.stderr.isatty()
    task = asyncio.create_task(_show(run, live))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        if live:
            click.echo("\r\x1b[K", nl=False, err=True)


async def _show(run: Run, live: bool) -> None:
    while True:
        await asyncio.sleep(TERMINAL_SECONDS if live else PLAIN_SECONDS)
        text = line(run)
        click.echo(f"\r\x1b[K{text[:79]}" if live else text, nl=not live, err=True)


def line(run: Run) -> str:
    """Where the scan is, in one line."""
    if run.wire is None:
        return "starting"
    tally, wire = run.tally, run.wire
    hosts = max(1, run.prepared.hosts)
    paused = "PAUSED · " if wire.pacer.paused else ""
    return (
        f"{paused}{tally.finished}/{hosts} hosts · {tally.answering} answer · "
        f"{wire.sent.packets} packets · {remaining(run)}"
    )


def remaining(run: Run) -> str:
    """An honest guess at the time left: what the rate allows, or what the last minute showed."""
    if run.wire is None or run.tally.finished < 5:
        return "time left: not known yet"
    left = max(0, run.prepared.hosts - run.tally.finished)
    per_host = run.wire.sent.packets / max(1, run.tally.finished)
    least = left * per_host / run.prepared.profile.packets
    begun = run.wire.clock.now() - run.scan.started
    pace = begun.total_seconds() / run.tally.finished
    return f"about {duration(max(least, left * pace))} left"
