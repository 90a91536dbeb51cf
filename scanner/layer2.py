"""Runs the capture helper as its own process and reads what it hears.

One rule keeps it simple: frames that come in live take the same walk as those of a file, so what
is heard and what is imported can never differ.
"""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from protocols.contract import Observation
from scanner.capture.files import Batch
from scanner.capture.observations import Conclusions, Origin
from scanner.capture.walk import Walk

LINE_LIMIT = 16_384
PACKETS = 5_000_000


class Layer2Error(Exception):
    """The helper could not listen or send; the message says why, for `doctor` and the report."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one run of the helper taught. `sent` counts the frames that it sent itself."""

    observations: tuple[Observation, ...]
    packets: int
    sent: int


def listen(interface: str, seconds: float, origin: Origin | None = None) -> Heard:
    """Listen only: sends nothing. Raises `Layer2Error`."""
    return _run(("listen", interface, str(seconds)), seconds, origin)


def sweep(
    interface: str, source: str, network: str, seconds: float = 2.0, origin: Origin | None = None
) -> Heard:
    """ARP for every address of one on-link network, at most 100 a second."""
    return _run(("arp", interface, str(seconds), source, network), 700 + seconds, origin)


def identify(interface: str, seconds: float = 3.0, origin: Origin | None = None) -> Heard:
    """PROFINET DCP Identify-All. A multicast: only where the user asked for it."""
    return _run(("dcp", interface, str(seconds)), seconds, origin)


def _run(words: tuple[str, ...], seconds: float, origin: Origin | None) -> Heard:
    where = origin or Origin("default", str(uuid.uuid4()), f"listening on {words[1]}")
    command = [sys.executable, "-m", "scanner.capture.live", *words]
    walk = Walk()
    with subprocess.Popen(  # noqa: S603 - our own module, with words that never pass a shell
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as helper:
        try:
            sent = _read(helper, walk)
            helper.wait(timeout=seconds + 10)
        finally:
            helper.kill()
    walk.finish()
    observations = tuple(Conclusions(walk, where).observations())
    return Heard(observations, walk.packets, sent)


def _read(helper: subprocess.Popen[str], walk: Walk) -> int:
    sent = -1
    for line in _lines(helper):
        value = json.loads(line)
        if "frame" in value:
            walk.feed(Batch(1, [int(value["time"])], [bytes.fromhex(value["frame"])]))
        elif "problem" in value:
            raise Layer2Error(str(value["problem"]))
        elif "sent" in value:
            sent = int(value["sent"])
        if walk.packets >= PACKETS:
            break
    if sent < 0 and walk.packets < PACKETS:
        raise Layer2Error("the capture helper ended early")
    return sent


def _lines(helper: subprocess.Popen[str]) -> Iterator[str]:
    if helper.stdout is None:
        raise Layer2Error("the capture helper has no output")
    while line := helper.stdout.readline(LINE_LIMIT):
        yield line
