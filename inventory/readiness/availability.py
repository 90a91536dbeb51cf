"""How reliably services answer: in how many runs (A07), and how fast.

One rule keeps it simple: fewer than five runs over a day say nothing, and the interval is told, not
the ratio alone (domain model 3.3, A07).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import dropwhile, groupby
from operator import attrgetter
from typing import NamedTuple

from inventory.readiness.answer import share

RUNS, SPAN = 5, timedelta(hours=24)
"""The least that says anything of how reliably something answers."""
LOW, HIGH = 0.1, 0.9
"""Intermittent is what answers in a share of the runs between these, both included."""
SURE = 1.96
"""Standard deviations of a 95 % interval."""


class Run(NamedTuple):
    """One run in which a service of a device was asked from one place."""

    device: str
    service: str  # protocol, transport, port
    vantage: str
    time: datetime
    answered: bool


class Availability:
    """Services over the runs that asked them, from their first answer on: what never answered is no
    service. `scans`: how many asked anything at all."""

    def __init__(self, runs: Iterable[Run] = (), scans: int = 0) -> None:
        self.scans = scans
        self.services = 0  # that ever answered
        self.judged = 0  # of them, that were asked often enough
        self.intermittent = 0
        self.asked = 0  # runs after the first answer, of services that were judged
        self.answered = 0
        for _, several in groupby(runs, key=attrgetter("device", "service")):
            self._service(list(several))

    def _service(self, runs: list[Run]) -> None:
        """Counts in the runs of one service: those from the place that asked it most often."""
        places = Counter(run.vantage for run in runs)
        most = max(sorted(places), key=lambda place: places[place])
        told = sorted((run.time, run.answered) for run in runs if run.vantage == most)
        since = list(dropwhile(lambda one: not one[1], told))
        if not since:
            return
        self.services += 1
        if len(since) < RUNS or since[-1][0] - since[0][0] < SPAN:
            return
        answered = sum(one for _, one in since)
        self.judged += 1
        self.intermittent += LOW <= answered / len(since) <= HIGH
        self.asked += len(since) - 1
        self.answered += answered - 1

    @property
    def told(self) -> str:
        """The share of later runs that were answered, within its bounds; or why it is not known."""
        if self.scans < RUNS:
            return f"not known: {self.scans} of {RUNS} scans"
        if not self.judged:
            return f"not known: no service was asked in {RUNS} scans over a day"
        low, high = wilson(self.answered, self.asked)
        return (
            f"{share(self.answered, self.asked)} ({100 * low:.0f} to {100 * high:.0f} % in 95 of"
            f" 100 cases); not known of {self.services - self.judged} of {self.services} services"
        )


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
