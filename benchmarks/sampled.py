"""Runs untrap with a look at what it does at every few milliseconds of its processor time.

    python -m benchmarks.sampled OUT.json UNTRAP-WORDS…

One rule keeps it simple: the kernel counts the seconds, of the whole process and of its main
thread; the looks (SIGPROF, which comes by processor time and so not while the process waits) only
say how those of the main thread are divided. Other threads are the writer's.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from benchmarks.parts import OTHER_PROCESSES, START, WRITER, part

LOOK_SECONDS = 0.004
DEEPEST = 80
"""Frames of a stack that are looked at, innermost first."""


class Looks:
    """Seconds of the main thread by what it was doing."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._last = time.thread_time()
        self.seconds[START] += self._last

    def begin(self) -> None:
        """Look from now on."""
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, LOOK_SECONDS, LOOK_SECONDS)

    def _look(self, _: int, frame: FrameType | None) -> None:
        now = time.thread_time()
        self.seconds[part(_stack(frame))] += now - self._last
        self._last = now

    def end(self) -> dict[str, float]:
        """Stop looking; the seconds of all threads and processes, by part."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        found = dict(self.seconds)
        found[WRITER] = max(0.0, time.process_time() - time.thread_time())
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        found[OTHER_PROCESSES] = children.ru_utime + children.ru_stime
        return found


def _stack(frame: FrameType | None) -> list[str]:
    """Files of the frames, innermost first."""
    found: list[str] = []
    while frame is not None and len(found) < DEEPEST:
        found.append(frame.f_code.co_filename)
        frame = frame.f_back
    return found


def main(words: list[str]) -> None:
    """Be `untrap`, and write the parts when it ends."""
    looks = Looks()
    looks.begin()
    sys.argv = ["untrap", *words[1:]]
    try:
        from scanner.start import main as untrap

        untrap()
    finally:
        Path(words[0]).write_text(json.dumps(looks.end()), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
