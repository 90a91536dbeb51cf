"""Time, injected: the wall clock for evidence, the monotonic clock for pacing."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the wire needs of time; tests pass one that they turn by hand."""

    def now(self) -> datetime:
        """Wall clock, aware UTC, microseconds."""

    def monotonic(self) -> float:
        """Seconds that only grow."""

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`, at once when that is zero or less."""

    def suspended(self) -> float:
        """Seconds for which this computer was suspended so far: `monotonic` does not count them."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def suspended(self) -> float:
        if not hasattr(time, "CLOCK_BOOTTIME"):  # where it is missing, `monotonic` counts on
            return 0.0
        return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True)
class Ends:
    """When a scan has to be over: at a time of day, and after so long, asleep or not.

    Looked at again before every packet: a laptop that sleeps through the end of its window must
    not go on in the morning, and a clock that is set moves no end but that of the window.
    """

    closes: datetime | None = None  # aware
    seconds: float | None = None

    def left(self, clock: Clock, begun: float) -> float:
        """Seconds until then; `begun` is what `passed` said at the beginning."""
        lefts = [math.inf]
        if self.closes is not None:
            lefts.append((self.closes - clock.now()).total_seconds())
        if self.seconds is not None:
            lefts.append(begun + self.seconds - passed(clock))
        return min(lefts)


NEVER_ENDS = Ends()


def passed(clock: Clock) -> float:
    """Seconds that only grow, those of sleep included."""
    return clock.monotonic() + clock.suspended()
