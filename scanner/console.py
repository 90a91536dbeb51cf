"""What people read: tables of at most 80 columns on a terminal, plain lines elsewhere.

One rule keeps it simple: data goes to stdout, everything else to stderr; every text passes
`inert`. rich is loaded only for a terminal; NO_COLOR switches colour off (no-color.org).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

import click

from inventory.text import inert
from protocols.contract import compact
from scanner.letters import columns as columns_of
from scanner.letters import fitted, wrapped
from scanner.program import ours

if TYPE_CHECKING:
    from scanner.cli import Settings

WIDTH, NARROWEST = 80, 20


def line_width(stream: TextIO) -> int:
    """How wide a line may be: 80, or what a narrower terminal has."""
    try:
        return max(NARROWEST, min(WIDTH, os.get_terminal_size(stream.fileno()).columns))
    except (AttributeError, OSError, ValueError):  # no terminal
        return WIDTH


TOGETHER = 32_768
"""Characters that are written at once where no terminal shows them: each write is flushed, and
lists have 100 000 entries."""


def printed(texts: Iterable[str]) -> None:
    """Texts on stdout, each ended by a line break; streams, some of them at a time."""
    most = 0 if sys.stdout.isatty() else TOGETHER
    waiting: list[str] = []
    size = 0
    try:
        for text in texts:
            waiting.append(text)
            size += len(text)
            if size >= most:
                some, waiting, size = waiting, [], 0
                click.echo("\n".join(some))
    finally:  # what was found before an error is shown before the error
        if waiting:
            click.echo("\n".join(waiting))


def lines(values: Iterable[Mapping[str, object]]) -> None:
    """JSON lines on stdout, one object each; streams."""
    printed(map(compact, values))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """A table on stdout; returns how many rows. Cells that do not fit wrap on a terminal."""
    found = [tuple(inert(_text(cell), 200) for cell in row) for row in rows]
    if found and sys.stdout.isatty():
        _rich(columns, found)
    elif found:
        _plain(columns, found)
    return len(found)


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)


def _rich(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(no_color=not coloured(), highlight=False)
    shown = Table(
        box=None,
        pad_edge=False,
        header_style="bold",
        width=min(line_width(sys.stdout), console.width),
    )
    for name in columns:
        shown.add_column(name, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    console.print(shown)


_STYLES = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "trapped": "red",
    "inaccessible": "yellow",
    "uninstrumented": "magenta",
    "covered": "green",
    "sufficient": "green",
    "not-assessed": "dim",
    "unknown": "dim",
}


def _plain(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns, cut so that a line takes at most 80."""
    widths = [max(columns_of(row[i]) for row in (columns, *rows)) for i in range(len(columns))]
    spare = WIDTH - 2 * (len(columns) - 1)
    while sum(widths) > spare and max(widths) > 4:
        widths[widths.index(max(widths))] -= 1
    for row in (columns, *rows):
        cells = (fitted(cell, width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


LABEL = re.compile(r" *(?:[a-z][a-z0-9_ ]{0,9} {2,}|[a-z_]{10} |(?:fix )?[A-Z]\d{1,2} {2,})(?=\S)")
"""A word and the blanks up to the column of its value: `severity   high`."""


def say(text: str = "", hang: int | None = None) -> None:
    """One or more lines on stdout for people, as `Page` lays them out."""
    click.echo(Page()(text, hang))


class Page:
    """Lays texts out for people, as stdout is now: made inert, wrapped under their value (at
    `hang`); the label is dimmed and a word of severity coloured where colour is shown."""

    def __init__(self) -> None:
        self.coloured, self.width = coloured(), line_width(sys.stdout)

    def __call__(self, text: str, hang: int | None = None) -> str:
        """The text in lines of its own."""
        return laid_out(text, self.width, hang, shown=self.coloured)


def laid_out(text: str, width: int, hang: int | None, *, shown: bool) -> str:
    """See `Page`; `shown` tells whether colour is."""
    parts: list[str] = []
    for line in text.split("\n"):
        safe = inert(line, 2_000)
        found = LABEL.match(safe)
        under = found.end() if found else len(safe) - len(safe.lstrip()) + 2
        parts_of = wrapped(safe, width, under if hang is None else hang) or [safe]
        for place, part in enumerate(parts_of):
            label = found.end() if found and not place else 0
            parts.append(_painted(part, label) if shown else part)
    return "\n".join(parts)


def coloured() -> bool:
    """Whether stdout is a terminal that takes colour, and nobody asked for none."""
    dumb = os.environ.get("TERM", "") in ("", "dumb")
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and not dumb


_INKS = {"critical": "bright_red", "high": "red", "medium": "yellow", "ready": "green"} | {
    "blocked": "red",
    "unknown": "cyan",
}
_INK = re.compile(rf"\b(?:{'|'.join(_INKS)})(?=:|  |$)")


def _painted(line: str, label: int) -> str:
    """The line with a severity coloured that is its label, or begins its value; other labels are
    dimmed."""
    found = next(filter(None, (_INK.match(line, at) for at in (0, label))), None) if label else None
    if found is None:
        return click.style(line[:label], dim=True) + line[label:] if label else line
    ink = click.style(found[0], fg=_INKS[found[0]], bold=found[0] == "critical")
    head = line[: found.start()]
    return (click.style(head, dim=True) if head else "") + ink + line[found.end() :]


def note(text: str) -> None:
    """A remark on stderr, folded where it does not fit."""
    for line in text.split("\n"):
        parts = wrapped(inert(line, 2_000), line_width(sys.stderr), 2, whole_words=True)
        click.echo("\n".join(parts), err=True)


def next_step(
    *words: str, why: str = "", after: str = "", settings: Settings | None = None
) -> None:
    """The last line of a command: what to do next, with the global options of this one.

    On stderr; `after` is what was just done or found.
    """
    head = inert(after, 2_000)
    line, tail = f"next: {ours(*words, settings=settings)}", f"({inert(why, 2_000)})" if why else ""
    width = line_width(sys.stderr)
    if head and len(head) + len(line) + 2 <= width:
        line = f"{head}; {line}"
    elif head:
        note(head)
    if tail and len(line) + len(tail) + 3 > width:
        line, tail = f"{line}\n{' ' * 6}{tail}", ""
    click.echo(f"{line}   {tail}".rstrip(), err=True)


def hexdump(raw: bytes, limit: int = 512) -> list[str]:
    """Offset, bytes, printable characters; at most `limit` bytes."""
    found = []
    for start in range(0, min(len(raw), limit), 16):
        part = raw[start : min(start + 16, limit)]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        found.append(f"{start:04x}  {part.hex(' '):<47}  {shown}")
    if len(raw) > limit:
        found.append(f"… {len(raw) - limit} more bytes; --raw FILE writes them all")
    return found
