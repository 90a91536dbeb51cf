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

from scanner.wire.pacer import BACKLOG_SECONDS, Pacer

MOST_ASIDE = 1_024
"""Hosts that may stand aside, for the sake of memory; from there on the one that is nearest to its
end goes on before a new one is begun."""


def most_aside(in_flight: int) -> int:
    """How many of so many hosts under way may stand aside: never all of them."""
    return max(1, min(MOST_ASIDE, in_flight // 2))


@dataclass(slots=True)
class Later:
    """The line of those that stand aside. `begins` says whether new hosts can be begun now."""

    group: asyncio.TaskGroup
    pacer: Pacer
    most: int
    begins: bool = True
    _lines: dict[int, deque[asyncio.Future[None]]] = field(default_factory=dict)
    _aside: int = 0
    _calling: bool = False
    _over: bool = False
    _space: asyncio.Event = field(default_factory=asyncio.Event)

    async def turn(self, place: int) -> None:
        """Wait until the port at this place of its host's ports may be asked."""
        if self._over:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(place, deque()).append(waiter)
        self._aside += 1
        self._call()
        await waiter

    async def space(self) -> None:
        """Wait until a new host may be begun; `begins` is true from then on."""
        self.begins = True
        while self._full and not self._over:
            self._space.clear()
            await self._space.wait()

    def rest(self) -> None:
        """No new host can be begun now."""
        self.begins = False
        self._call()

    def end(self) -> None:
        """Nobody stands aside any more: the scan is to stop."""
        self._over = True
        while self._aside:
            self._release()

    def _call(self) -> None:
        if self._may and not self._calling:
            self._calling = True
            self.group.create_task(self._called())

    @property
    def _full(self) -> bool:
        return self._aside >= self.most

    @property
    def _may(self) -> bool:
        return self._aside > 0 and (self._full or not self.begins)

    async def _called(self) -> None:
        """Let one after the other go on, as the packet rate has room."""
        try:
            while self._may:
                await self.pacer.running()
                await self.pacer.packets.room(BACKLOG_SECONDS)
                if self._may:
                    self._release()
        finally:
            self._calling = False

    def _release(self) -> None:
        """Who has the likeliest port; where too many stand aside, who is nearest to its end."""
        nearest = max if self.begins and self._full else min
        line = self._lines[nearest(place for place, line in self._lines.items() if line)]
        waiter = line.popleft()
        self._aside -= 1
        if not waiter.done():
            waiter.set_result(None)
        self._space.set()
