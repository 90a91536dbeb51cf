"""Further ports of a host stand aside while new hosts are begun.

What ends a scan is the host that lets us wait longest and was begun last: a Modbus device that
accepts and says nothing takes two questions of 3 s. So every host is asked at its likeliest port
first, and the other ports, likeliest first, as soon as nobody new can be begun.

One rule keeps it simple: a port changes its turn and nothing else; the same packets leave, as far
apart for each host as ever, and nobody who is talking waits for who stands aside.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from scanner.wire.pacer import BACKLOG_SECONDS, Pacer

Waiter = TypeVar("Waiter")

MOST_ASIDE = 1_024
"""Hosts that may stand aside, for the sake of memory; from there on the one that is nearest to its
end goes on before a new one is begun."""


def most_aside(in_flight: int) -> int:
    """How many of so many hosts under way may stand aside: never all of them."""
    return max(1, min(MOST_ASIDE, in_flight // 2))


@dataclass(slots=True)
class Line(Generic[Waiter]):
    """Those that stand aside, by the place of their port, and who is next: the rule, whoever
    waits. `begins` says whether new hosts can be begun now."""

    most: int
    begins: bool = True
    _lines: dict[int, deque[Waiter]] = field(default_factory=dict)
    _aside: int = 0

    def __len__(self) -> int:
        return self._aside

    @property
    def full(self) -> bool:
        """Whether nobody else may be begun before one of these goes on."""
        return self._aside >= self.most

    @property
    def may_go_on(self) -> bool:
        """Whether one of these may go on now."""
        return self._aside > 0 and (self.full or not self.begins)

    def join(self, place: int, waiter: Waiter) -> None:
        """Stand aside with the port at this place of its host's ports."""
        self._lines.setdefault(place, deque()).append(waiter)
        self._aside += 1

    def next(self) -> Waiter:
        """Who has the likeliest port; where too many stand aside, who is nearest to its end.

        Raises ValueError where nobody stands aside.
        """
        nearest = max if self.begins and self.full else min
        place = nearest(place for place, line in self._lines.items() if line)
        self._aside -= 1
        return self._lines[place].popleft()


@dataclass(slots=True)
class Later:
    """The line of a scan, and who calls it."""

    group: asyncio.TaskGroup
    pacer: Pacer
    line: Line[asyncio.Future[None]]
    _calling: bool = False
    _over: bool = False
    _space: asyncio.Event = field(default_factory=asyncio.Event)

    async def turn(self, place: int) -> None:
        """Wait until the port at this place of its host's ports may be asked."""
        if self._over:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.line.join(place, waiter)
        self._call()
        await waiter

    async def space(self) -> None:
        """Wait until a new host may be begun; the line's `begins` is true from then on."""
        self.line.begins = True
        while self.line.full and not self._over:
            self._space.clear()
            await self._space.wait()

    def rest(self) -> None:
        """No new host can be begun now."""
        self.line.begins = False
        self._call()

    def end(self) -> None:
        """Nobody stands aside any more: the scan is to stop."""
        self._over = True
        while self.line:
            self._release()

    def _call(self) -> None:
        if self.line.may_go_on and not self._calling:
            self._calling = True
            self.group.create_task(self._called())

    async def _called(self) -> None:
        """Let one after the other go on, as the packet rate has room."""
        try:
            while self.line.may_go_on:
                await self.pacer.running()
                await self.pacer.packets.room(BACKLOG_SECONDS)
                if self.line.may_go_on:
                    self._release()
        finally:
            self._calling = False

    def _release(self) -> None:
        waiter = self.line.next()
        if not waiter.done():
            waiter.set_result(None)
        self._space.set()
