"""How reliably devices answer: in how many runs (A07), and how fast.

One rule keeps it simple: fewer than five runs over a day say nothing, and the interval is told, not
the ratio alone (domain model 3.3, A07).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

RUNS, SPAN = 5, timedelta(hours=24)
"""The least that says anything of how reliably something answers."""
LOW, HIGH = 0.1, 0.9
"""Intermittent is what answers in a share of the runs between these, both included."""
SURE = 1.96
"""Standard deviations of a 95 % interval."""


class Run(NamedTuple):
    """One run in which a device was asked from one place."""

    device: str
    vantage: str
    time: datetime
    answered: bool


class Availability:
    """Devices that were asked in enough runs, and in how many they answered."""

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self.devices = 0  # that were asked often enough
        self.intermittent = 0
        self.asked = 0  # runs of these devices
        self.answered = 0
        for _, several in groupby(runs, key=attrgetter("device")):
            self._device(list(several))

    def _device(self, runs: list[Run]) -> None:
        """Counts in the runs of one device: those from the place that asked it most often."""
        places = Counter(run.vantage for run in runs)
        most = max(sorted(places), key=lambda place: places[place])
        times = [run.time for run in runs if run.vantage == most]
        if len(times) < RUNS or max(times) - min(times) < SPAN:
            return
        answered = sum(run.answered for run in runs if run.vantage == most)
        self.devices += 1
        self.intermittent += LOW <= answered / len(times) <= HIGH
        self.asked += len(times)
        self.answered += answered


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson's score (JASA 22, 1927, 209); all where of nothing."""
    if not whole:
        return 0.0, 1.0
    seen, weight = part / whole, SURE**2 / whole
    middle = seen + weight / 2
    spread = SURE * math.sqrt((seen * (1 - seen) + weight / 4) / whole)
    return max((middle - spread) / (1 + weight), 0.0), min((middle + spread) / (1 + weight), 1.0)


class Latency:
    """How long answers took, by protocol: how often each time was met, in milliseconds."""

    def __init__(self, times: Iterable[tuple[str, int, int]] = ()) -> None:
        self._times: dict[str, Counter[int]] = {}
        for protocol, milliseconds, count in times:
            self._times.setdefault(protocol, Counter())[milliseconds] += count

    def told(self) -> Iterator[tuple[str, int, int, int]]:
        """Protocol, answers, half of them within, 95 of 100 within (milliseconds)."""
        for protocol, times in sorted(self._times.items()):
            yield protocol, times.total(), _within(times, 50), _within(times, 95)


def _within(times: Counter[int], hundredths: int) -> int:
    """The least time within which so many of a hundred answers came."""
    wanted = hundredths * times.total()
    for milliseconds in sorted(times):
        wanted -= 100 * times[milliseconds]
        if wanted <= 0:
            break
    return milliseconds
