"""One line on standard error that tells how far something is.

One rule keeps it simple: on a terminal the line is written over, four times a second; elsewhere it
is a line of its own every five seconds, so that a log stays short and a short run says nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import click

from scanner.console import line_width

TERMINAL_SECONDS, PLAIN_SECONDS = 0.25, 5.0
BAR = 20


class Ticker:
    """Says when a line is due, and shows it. `clock` gives seconds that only ever grow."""

    def __init__(self, quiet: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.quiet, self.clock = quiet, clock
        self.live = sys.stderr.isatty()
        self.every = TERMINAL_SECONDS if self.live else PLAIN_SECONDS
        self.began = clock()
        self._last = self.began - (self.every if self.live else 0)

    @property
    def due(self) -> bool:
        """Whether it is time for a line."""
        return not self.quiet and self.clock() - self._last >= self.every

    def tell(self, text: str) -> None:
        """Show where things are."""
        self._last = self.clock()
        show(text, self.live)

    def end(self) -> None:
        """Take the line off the terminal."""
        if not self.quiet:
            clear(self.live)


def show(text: str, live: bool, *, stays: bool = False) -> None:
    """The line; on a terminal cut to its width and over the last one, where it perhaps `stays`."""
    if live:
        text = f"\r\x1b[K{text[: line_width(sys.stderr) - 1]}"
    click.echo(text, nl=stays or not live, err=True)


def clear(live: bool) -> None:
    """Leave an empty line on a terminal."""
    if live:
        click.echo("\r\x1b[K", nl=False, err=True)


def bar(share: float) -> str:
    """A share as a bar: [#####...............]."""
    full = max(0, min(BAR, round(share * BAR)))
    return f"[{'#' * full}{'.' * (BAR - full)}]"
