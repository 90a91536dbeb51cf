"""How the program ends: one line for what the user got wrong, quiet when nobody reads any more.

One rule keeps it simple: only lost output and a user's mistakes are told here; what we got wrong
propagates with its traceback. Exit codes are those of `docs/cli.md`'s contract: 2 for a mistake or
a full disk behind stdout, 130 for Ctrl-C, and SIGPIPE for a reader that left, as `seq` and `cat`.
"""

from __future__ import annotations

import errno
import io
import os
import re
import signal
import sys
from collections.abc import Callable

import click

USAGE, INTERRUPTED = 2, 130
PLAINER = str.maketrans(
    {"…": "...", "→": "->", "·": "-", "≥": ">=", "≤": "<="}
    | {"\u2013": "-", "\u2014": "-", "\u2019": "'", "\u00d7": "x"}
)
"""Our own characters as an old terminal can show them; a device's become escapes."""


class OutputLost(Exception):
    """Standard output takes no more: `error` tells why."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror)
        self.error = error


class Stdout(io.TextIOWrapper):
    """Standard output; raises `OutputLost`, so that no command takes it for a file of its own."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            raise OutputLost(error) from error
        except UnicodeEncodeError:
            return self.write(encodable(text, self.encoding))

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise OutputLost(error) from error


class Stderr(io.TextIOWrapper):
    """Standard error; a remark that nobody can read any more ends nothing."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            silence(2)


def encodable(text: str, encoding: str) -> str:
    """The text in characters that `encoding` has; what it lacks is written `\\u2026`-like."""
    plain = text.translate(PLAINER)
    return plain.encode(encoding, "backslashreplace").decode(encoding)


def streams() -> None:
    """Put our streams in the place of Python's; a closed descriptor is taken so that no file that
    we open gets its number."""
    for number in (0, 1, 2):
        if not _is_open(number):
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
            os.set_inheritable(number, True)
    if isinstance(sys.stdout, io.TextIOWrapper):
        kept = sys.stdout
        made = {"encoding": kept.encoding, "line_buffering": kept.line_buffering}
        sys.stdout = Stdout(kept.detach(), errors="strict", **made)  # type: ignore[arg-type]
    elif sys.stdout is None:
        sys.stdout = Stdout(open(1, "rb", closefd=False), encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stderr, io.TextIOWrapper):
        kept = sys.stderr
        encoding = kept.encoding
        sys.stderr = Stderr(
            kept.detach(), encoding=encoding, errors="backslashreplace", line_buffering=True
        )

    elif sys.stderr is None:
        sys.stderr = Stderr(open(2, "wb", closefd=False), encoding="utf-8")  # noqa: SIM115
    sys.__stdout__ = sys.stdout  # type: ignore[assignment,misc]  # click asks it for the width


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def silence(number: int) -> None:
    """Sends a descriptor nowhere: what is still buffered has been told to be lost."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)


def code(run: Callable[[], object]) -> int:
    """The exit code of `run`, which ends by returning, by click's exceptions or by losing stdout.

    A command says its code with `ctx.exit`, which click hands back as the value of `run`.
    """
    try:
        found = run()
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        click.echo(f"Error: {told(error)}", err=True)
        return error.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except OutputLost as lost:
        return _lost(lost.error)
    return found if isinstance(found, int) else 0


def _lost(error: OSError) -> int:
    """The end of a run whose output went nowhere."""
    silence(1)
    if error.errno == errno.EPIPE and hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    why = error.strerror or "it is closed"
    click.echo(f"Error: standard output: {why}; the output is not whole", err=True)
    return USAGE


EXAMPLE = re.compile(r"Example:\s+(.+)")


def told(error: click.ClickException) -> str:
    """What was wrong, in one line that names the bad value and a good one; matches and rows that
    are listed keep a line each."""
    from inventory.text import inert

    lines = [inert(line, 2_000) for line in error.format_message().split("\n")]
    return "\n".join((lines[0] + _example(error, lines[0]), *lines[1:]))


def _example(error: click.ClickException, text: str) -> str:
    """click names what is wrong; where it names nothing good, the command's own example does."""
    bare = isinstance(error, click.MissingParameter | click.exceptions.BadOptionUsage)
    bare |= isinstance(error, click.NoSuchOption) and not error.possibilities
    bare |= text.startswith("Got unexpected extra") or text.endswith(
        (" valid float.", " valid integer.")
    )
    if not bare or not isinstance(error, click.UsageError):
        return ""
    found = EXAMPLE.search(error.ctx.command.help or "") if error.ctx else None
    return f" As in `{found[1] if found else 'untrap --help'}`."
