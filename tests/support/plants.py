"""Plants played for a test, each with its own ports, and `untrap` run on them as a person would."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.patience import HUNG_SECONDS

TRIES = 8


@dataclass
class Played:
    """A plant that is being played; `folder` holds what `simulate --write` writes."""

    folder: Path
    shift: int
    child: subprocess.Popen[str]
    witness_file: Path

    @property
    def targets(self) -> list[str]:
        return (self.folder / "targets.txt").read_text(encoding="utf-8").split()

    @property
    def config(self) -> Path:
        return self.folder / "site.toml"

    def witness(self) -> dict[str, Any]:
        """What really arrived, so far."""
        self.witness_file.unlink(missing_ok=True)
        self.child.send_signal(signal.SIGUSR1)
        until = time.monotonic() + HUNG_SECONDS
        while time.monotonic() < until:
            assert self.child.poll() is None, "the plant has ended"
            try:
                return dict(json.loads(self.witness_file.read_text(encoding="utf-8")))
            except (FileNotFoundError, json.JSONDecodeError):
                time.sleep(0.01)  # not there yet, or caught in the middle of being written
        raise AssertionError("the plant did not write its witness file")


@contextmanager
def played(plant: str | Path, folder: Path, again: int | None = None) -> Iterator[Played]:
    """Play a plant on ports that nobody else uses, or on those of an earlier one again."""
    chance = random.Random(f"{os.getpid()} {time.monotonic_ns()}")
    for _ in range(TRIES):
        shift = again or chance.randrange(11_000, 60_000)
        out, witness = folder / "plant", folder / f"witness-{shift}.json"
        child = subprocess.Popen(
            [
                *(sys.executable, "-m", "simulators", str(plant), "--write", str(out)),
                *("--base-port", str(shift), "--witness", str(witness)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stderr is not None
        line = child.stdout.readline()
        if line and json.loads(line) == {"ready": True}:
            try:
                yield Played(out, shift, child, witness)
            finally:
                child.terminate()
                child.communicate(timeout=HUNG_SECONDS)
            return
        said = child.communicate()[1]
        if "use" not in said:  # anything but a port that is in use
            raise AssertionError(f"{plant} was not played: {said}")
    raise AssertionError(f"no free ports for {plant} in {TRIES} tries")


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]


def untrap(
    *words: str | Path,
    cwd: Path,
    environment: dict[str, str] | None = None,
    seconds: float = HUNG_SECONDS,
) -> Ran:
    """Run `untrap` as a child process, for so long at most."""
    done = subprocess.run(
        [sys.executable, "-m", "scanner", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=seconds,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def patiently(over: Callable[[], bool], done: Callable[[], int], pause: float = 0.01) -> None:
    """Wait until it is `over`; `HUNG_SECONDS` in which what is `done` stays the same fail.

    By progress and not by the clock: on a busy machine everything takes its time.
    """
    seen, since = done(), time.monotonic()
    while not over():
        if (now := done()) != seen:
            seen, since = now, time.monotonic()
        assert time.monotonic() < since + HUNG_SECONDS, f"stuck at {seen}"
        time.sleep(pause)


def started(words: Sequence[str | Path], cwd: Path) -> subprocess.Popen[str]:
    """Start `untrap` and let it run."""
    return subprocess.Popen(
        [sys.executable, "-m", "scanner", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
    )


ROOT = Path(__file__).resolve().parent.parent.parent
