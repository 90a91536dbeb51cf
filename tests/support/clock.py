"""A clock that a test turns: time passes only when everybody sleeps."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")
SETTLE = 50


class TurnedClock:
    """`scanner.clock.Clock` in virtual time."""

    def __init__(self) -> None:
        self.time = 1_000.0
        self.slept = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time + self.slept)

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.time + seconds, next(self._order), future))
        await future

    def suspended(self) -> float:
        return self.slept

    async def drive(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end, turning the clock whenever nothing else can happen."""
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(SETTLE):
                await asyncio.sleep(0)
            if task.done():
                break
            if not self._sleepers:
                raise AssertionError("everybody waits, and nobody for the clock")
            self.time, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
        return task.result()


def turned(work_of: Any) -> Any:
    """Run `work_of(clock)` in virtual time; returns its result."""
    clock = TurnedClock()
    return asyncio.run(clock.drive(work_of(clock)))
