"""How fast: packets/s overall, requests/s per host, new hosts/s, conversations per /24.

One rule keeps it simple: every limit is a schedule of earliest times (a leaky bucket kept as the
time at which it is next free), so that no timer runs and the injected clock decides everything.

Knocks and conversations: an address that is merely knocked at costs packets; a *conversation*
(a connection that was accepted, or a peer that answered) takes one of the places of its /24. How
many knocks may be under way in a /24 grows as its addresses turn out to be dead: places free,
divided by the share of knocks that were answered so far. On a dense subnet one knock is one
place; in empty space the packet rate alone decides.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from scanner.clock import Clock
from scanner.profile import Profile

BURST_SECONDS = 0.05
"""How much lateness of the event loop may be made up for at once."""

BACKLOG_SECONDS = 0.25
"""Hosts are begun while no more than this of the packet rate is spoken for: early enough that a
silent one costs its time-outs beside the others, and never thousands in one turn of the loop."""

WINDOW_MARGIN = 1.02
"""Windows are 2 % longer than a second, for a peer whose clock runs fast."""

COUNTED = 10_000
"""Rates above this are those of `bench`, which lifts them; they are not counted by window."""

TICK_SECONDS = 1e-6
"""Shorter waits than this may be lost in rounding, and whoever asks again would ask forever."""


class Rate:
    """At most `per_second` units in any second, taken in order of asking.

    One asker waits for the clock at a time and the others for it, so that a late wake-up moves
    everybody behind it and no second ever gets what an earlier one missed.
    """

    def __init__(self, clock: Clock, per_second: float) -> None:
        self._clock = clock
        self._interval = 1 / per_second
        whole = max(1, int(per_second))
        self._window = whole / per_second * WINDOW_MARGIN
        self._recent: deque[float] = deque(maxlen=whole if whole <= COUNTED else 0)
        self._free = 0.0
        self._line = asyncio.Lock()
        self._asked = 0  # units that somebody waits for

    async def take(self, units: int = 1) -> None:
        """Wait until `units` may be spent."""
        self._asked += units
        try:
            async with self._line:
                for _ in range(units):
                    await self._one()
                self._spent(units)
        finally:
            self._asked -= units

    async def _one(self) -> None:
        now = self._clock.monotonic()
        start = max(self._free, now - BURST_SECONDS)
        wait = max(start, self._oldest() + self._window) - now
        if wait > 0:
            await self._clock.sleep(wait)
            now = self._clock.monotonic()
            start = max(start, now - BURST_SECONDS)
        self._free = start + self._interval
        self._recent.append(now)

    def _oldest(self) -> float:
        """When the first of a full window was spent."""
        full = self._recent.maxlen and len(self._recent) == self._recent.maxlen
        return self._recent[0] if full else -math.inf

    def _spent(self, units: int) -> None:
        """What was waited for unit by unit is spent together, now."""
        now = self._clock.monotonic()
        for back in range(1, min(units, len(self._recent)) + 1):
            self._recent[-back] = now

    async def room(self, backlog_seconds: float) -> None:
        """Wait until at most so many seconds of the rate are asked for; lets others run anyway."""
        await self._clock.sleep(0)
        while (ahead := self._ahead() - backlog_seconds) > 0:
            await self._clock.sleep(max(ahead, TICK_SECONDS))

    def _ahead(self) -> float:
        """Seconds of the rate that are spoken for."""
        ahead = max(self._free - self._clock.monotonic(), -BURST_SECONDS)
        return ahead + self._asked * self._interval


@dataclass(slots=True)
class Passage:
    """One request on its way; `at` is the latest time at which it can have arrived."""

    at: float


class HostTurn:
    """Requests to one host: so many a second, and never closer than half the mean interval.

    Counted where the host sees it: a request that was answered arrived before its answer, so the
    next window and the next gap begin there. What happens on the way, in a queue of a switch or
    of a busy machine, then cannot push two requests of different windows into one.
    """

    def __init__(self, clock: Clock, profile: Profile) -> None:
        self._clock = clock
        self._gap = profile.least_gap
        rate = profile.requests_per_host
        counted = rate <= COUNTED
        self._whole = max(1, int(rate)) if counted else 1
        self._window = self._whole / rate * WINDOW_MARGIN if counted else 0.0
        self._last = Passage(-math.inf)
        self._latest: list[Passage] = []  # a window's worth

    async def ready(self) -> None:
        """Wait for this host's next turn without taking it: who knocks now may speak at once."""
        while (wait := self._next() - self._clock.monotonic()) > 0:
            await self._clock.sleep(max(wait, TICK_SECONDS))

    async def take(self) -> None:
        """Wait for this host's next turn, and take it."""
        await self.ready()
        self._last = Passage(self._clock.monotonic())
        self._latest.append(self._last)
        if len(self._latest) > self._whole:
            self._latest.remove(min(self._latest, key=_when))

    def mark(self, request: Passage | None = None) -> Passage:
        """The request, by default the last one, may have been on its way until now."""
        request = request or self._last
        request.at = self._clock.monotonic()
        return request

    def _next(self) -> float:
        """The earliest time of the next request."""
        if not self._latest:
            return -math.inf
        after_last = max(map(_when, self._latest)) + self._gap
        if len(self._latest) < self._whole:
            return after_last
        return max(after_last, min(map(_when, self._latest)) + self._window)


def _when(request: Passage) -> float:
    return request.at


@dataclass(slots=True)
class Group:
    """The conversations and knocks of one /24."""

    places: int
    talking: int = 0
    knocking: int = 0
    knocked: int = 0
    accepted: int = 0
    talkers: deque[asyncio.Future[None]] = field(default_factory=deque)
    knockers: deque[asyncio.Future[None]] = field(default_factory=deque)

    def may_knock(self) -> bool:
        """Whether one more knock is unlikely to be accepted without a free place."""
        share = (self.accepted + 1) / (self.knocked + 1)
        free = self.places - self.talking
        return free > 0 and self.knocking < free / share

    def wake(self) -> None:
        """Let the next in line look again; whoever was answered goes before a new knock."""
        line = self.talkers if self.talkers else self.knockers
        if line is self.knockers and not self.may_knock():
            return
        if line is self.talkers and self.talking >= self.places:
            return  # who is woken in vain goes to the end of the line
        while line:
            waiter = line.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    @property
    def idle(self) -> bool:
        """Whether nobody is in it or waits for it."""
        return not (self.talking or self.knocking or self.talkers or self.knockers)


class Pacer:
    """All limits of one scan."""

    def __init__(self, clock: Clock, profile: Profile, new_on_link: float = 200.0) -> None:
        self.clock = clock
        self.profile = profile
        self.packets = Rate(clock, profile.packets)
        self.new_hosts = Rate(clock, profile.new_hosts)
        self.new_on_link = Rate(clock, new_on_link)
        self._groups: OrderedDict[str, Group] = OrderedDict()
        self._running = asyncio.Event()
        self._running.set()
        self._paused_at = 0.0
        self._paused_for = 0.0  # seconds of the pauses that are over

    def host(self) -> HostTurn:
        """The turn keeper of one host."""
        return HostTurn(self.clock, self.profile)

    def pause(self) -> None:
        """Nothing more is sent until `resume`."""
        if not self.paused:
            self._paused_at = self.clock.monotonic()
        self._running.clear()

    def resume(self) -> None:
        """End a pause; does nothing where there is none."""
        self._paused_for = self.paused_seconds
        self._running.set()

    @property
    def paused(self) -> bool:
        """Whether the scan is paused."""
        return not self._running.is_set()

    @property
    def paused_seconds(self) -> float:
        """How long the scan was paused so far."""
        now = self.clock.monotonic() - self._paused_at if self.paused else 0.0
        return self._paused_for + now

    async def running(self) -> None:
        """Return at once, or when a pause ends."""
        await self._running.wait()

    @asynccontextmanager
    async def knock(self, name: str) -> AsyncIterator[Group]:
        """A place to knock in group `name`; say `group.accepted += 1` when it was answered."""
        group = self._groups.get(name)
        if group is None:
            self._forget()
            group = self._groups[name] = Group(self.profile.hosts_at_once)
        while not group.may_knock():
            await self._wait(group, group.knockers)
        group.knocking += 1
        group.wake()
        try:
            yield group
        finally:
            group.knocking -= 1
            group.knocked += 1
            group.wake()

    async def talk(self, name: str) -> None:
        """Take a place for a conversation in group `name`; `leave` gives it back."""
        group = self._groups.setdefault(name, Group(self.profile.hosts_at_once))
        while group.talking >= group.places:
            await self._wait(group, group.talkers)
        group.talking += 1

    def leave(self, name: str) -> None:
        """Give a conversation's place back."""
        group = self._groups[name]
        group.talking -= 1
        group.wake()

    async def _wait(self, group: Group, line: deque[asyncio.Future[None]]) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                group.wake()
            raise

    def _forget(self) -> None:
        """Keep memory flat: drop idle groups once there are many."""
        if len(self._groups) < 8_192:
            return
        idle = [name for name, group in self._groups.items() if group.idle]
        for name in idle[: len(idle) // 2]:
            del self._groups[name]
