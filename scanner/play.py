"""Plays a plant of simulated devices as a child process: `python -m simulators`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


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
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, stdout=subprocess.PIPE, text=True
    )
    try:
        line = child.stdout.readline() if child.stdout else ""
        if not line or not json.loads(line).get("ready"):
            child.wait(timeout=10)
            raise PlayError(f"the plant did not start (exit code {child.returncode}); see above")
        yield
    finally:
        child.terminate()
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout:
            child.stdout.close()
