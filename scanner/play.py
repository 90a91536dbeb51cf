"""Plays a plant of simulated devices as a child process: `python -m simulators`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class PlayError(Exception):
    """The plant could not be played; the text is what the child said."""


def arguments(
    plant: str,
    write: Path | None = None,
    base_port: int | None = None,
    seconds: float | None = None,
    spares: Sequence[int] = (),
) -> list[str]:
    """The child's command line."""
    command = [sys.executable, "-m", "simulators", plant]
    if write is not None:
        command += ["--write", str(write)]
    if base_port is not None:
        command += ["--base-port", str(base_port)]
    if seconds is not None:
        command += ["--seconds", f"{seconds:g}"]
    return command + [word for spare in spares for word in ("--spare-port", str(spare))]


@contextmanager
def playing(command: Sequence[str]) -> Iterator[None]:
    """The plant is ready inside the block and gone after it. Raises `PlayError`."""
    with tempfile.TemporaryFile("a+", encoding="utf-8", errors="replace") as said:
        yield from _played(command, said)


def _played(command: Sequence[str], said: IO[str]) -> Iterator[None]:
    """What the child says is passed on; its last word is the error where it did not start."""
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, stdout=subprocess.PIPE, stderr=said, text=True
    )
    try:
        line = child.stdout.readline() if child.stdout else ""
        if not line or not json.loads(line).get("ready"):
            child.wait(timeout=10)
            raise PlayError(_last(said) or f"the plant did not start (code {child.returncode})")
        shown = _pass_on(said)
        yield
        _pass_on(said, shown)
    finally:
        child.terminate()
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout:
            child.stdout.close()


def _last(said: IO[str]) -> str:
    """The last line that the child wrote, without its name in front."""
    said.seek(0)
    lines = said.read().splitlines() or [""]
    return lines[-1].removeprefix("simulate: ")


def _pass_on(said: IO[str], position: int = 0) -> int:
    """Shows what the child has written from `position` on; where that ends."""
    said.seek(position)
    sys.stderr.write(said.read())
    return said.tell()
