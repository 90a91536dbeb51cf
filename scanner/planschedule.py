"""How long a scan takes: its hosts played through the rates, places and time-outs of the wire.

One rule keeps it simple: the same limits as `scanner/wire/pacer.py`, on a heap of times instead of
an event loop. Answers take the time that a shape states and no more; our own machine takes none.
So two figures can be set against each other: what the rules cost, and what a run really took.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from scanner.profile import Limits, Profile
from scanner.wire.pacer import BURST_SECONDS, WINDOW_MARGIN

BACKLOG_SECONDS = 0.25  # as in scanner/engine.py: hosts are begun while no more is spoken for
MOST_STEPS = 16
"""Requests on one connection are played in at most so many steps, each of several requests."""


class Call(Protocol):
    """One attempt as the schedule sees it."""

    @property
    def udp(self) -> bool: ...
    @property
    def answers(self) -> bool:
        """Whether a conversation comes of it."""

    @property
    def silent(self) -> bool:
        """Whether nothing comes back at all."""

    @property
    def sent(self) -> bool:
        """Whether a packet leaves at all."""

    @property
    def connections(self) -> int: ...
    @property
    def requests(self) -> int: ...
    @property
    def waits(self) -> float:
        """Seconds that its answers took, all together."""

    @property
    def watching(self) -> int:
        """How many of the requests, the last ones, are spread over `watches` seconds."""

    @property
    def watches(self) -> float: ...


Step = Generator[float | None, None, None]
"""A process: yields the time at which it goes on, or None when somebody will wake it."""

Host = Sequence[tuple[Call, int]]
"""The attempts of one host in order, each with how often it is made while it is silent."""


@dataclass(slots=True)
class _Rate:
    """As `pacer.Rate`."""

    interval: float
    free: float = 0.0

    def take(self, now: float, units: int = 1) -> float:
        start = max(self.free, now - BURST_SECONDS)
        self.free = start + units * self.interval
        return max(start, now)


@dataclass(slots=True)
class _Group:
    """As `pacer.Group`, with processes in line."""

    places: int
    talking: int = 0
    knocking: int = 0
    knocked: int = 0
    accepted: int = 0
    talkers: deque[Step] = field(default_factory=deque)
    knockers: deque[Step] = field(default_factory=deque)

    def may_knock(self) -> bool:
        share = (self.accepted + 1) / (self.knocked + 1)
        free = self.places - self.talking
        return free > 0 and self.knocking < free / share


@dataclass(slots=True)
class _Turn:
    """As `pacer.HostTurn`; a step may stand for several requests."""

    profile: Profile
    times: deque[float] = field(default_factory=deque)

    def at(self, now: float) -> float:
        whole = max(1, int(self.profile.requests_per_host))
        if self.times:
            now = max(now, self.times[-1] + self.profile.least_gap)
        if len(self.times) >= whole:
            window = whole / self.profile.requests_per_host * WINDOW_MARGIN
            now = max(now, self.times[-whole] + window)
        return now

    def mark(self, now: float) -> None:
        self.times.append(now)
        if len(self.times) > max(1, int(self.profile.requests_per_host)):
            self.times.popleft()


class Schedule:
    """One scan played. `seconds` is the time of its last step."""

    def __init__(
        self, profile: Profile, limits: Limits, groups: int = 1, *, on_link: bool = False
    ) -> None:
        self.profile, self.limits = profile, limits
        self.now = 0.0
        self._packets = _Rate(WINDOW_MARGIN / profile.packets)
        self._new_hosts = _Rate(WINDOW_MARGIN / profile.new_hosts)
        self._new_on_link = _Rate(WINDOW_MARGIN / limits.new_on_link)
        self._on_link = on_link
        self._groups = [_Group(profile.hosts_at_once) for _ in range(max(1, groups))]
        self._heap: list[tuple[float, int, Step]] = []
        self._count = 0
        self._current: Step = iter(())  # type: ignore[assignment]

    def seconds(self, hosts: Sequence[Host]) -> float:
        """How long these hosts take, begun in this order."""
        self._push(0.0, self._start(hosts))
        while self._heap:
            self.now, _, self._current = heapq.heappop(self._heap)
            at = next(self._current, None)
            if at is not None:  # else it has ended, or waits in a line
                self._push(max(at, self.now), self._current)
        return self.now

    def _push(self, at: float, step: Step) -> None:
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, step))

    def _start(self, hosts: Sequence[Host]) -> Step:
        for number, host in enumerate(hosts):
            yield self.now
            while (ahead := self._packets.free - self.now - BACKLOG_SECONDS) > 0:
                yield self.now + ahead
            group = self._groups[number * len(self._groups) // len(hosts)]
            self._push(self.now, self._visit(host, group))

    def _visit(self, host: Host, group: _Group) -> Step:
        """One attempt at a time, in the order of asking for the turn: the next port asks as soon
        as the one before begins, a retry when its delay is over."""
        turn, known, alive = _Turn(self.profile), False, False
        again: deque[tuple[float, Call, int, int]] = deque()  # ready at, what, of tries, made
        asked, place, until = self.now, 0, self.now
        while place < len(host) or again:
            if place < len(host) and not (again and again[0][0] < min(self.now, asked)):
                (call, tries), made = host[place], 0
                place, asked = place + 1, self.now
            else:
                ready, call, tries, made = again.popleft()
                if ready > self.now:
                    yield ready
            if not call.sent:
                continue
            if call.answers:
                yield from self._converse(call, group, turn, known, alive)
                known = alive = True
                continue
            sent = yield from self._knock(call, group, turn, alive)
            alive = alive or not call.silent
            made += 1
            if call.silent and made <= self.limits.retries:
                # Whether a retry is worth it is decided when its delay is over, also if it is not.
                ready = max(self.now, sent + self.limits.retry_delay)
                until = max(until, ready)
                if made < tries:
                    again.append((ready, call, tries, made))
        yield until

    def _first(self, alive: bool) -> Step:
        """The first packet of an attempt; the kernel looks for an unknown neighbour first."""
        if self._on_link and not alive:
            yield self._new_on_link.take(self.now)
        yield self._packets.take(self.now)

    def _knock(
        self, call: Call, group: _Group, turn: _Turn, alive: bool
    ) -> Generator[float | None, None, float]:
        """A packet that opens nothing; gives the time at which it left."""
        yield from self._enter(group)
        if call.udp:
            yield turn.at(self.now)
        yield from self._first(alive)
        sent = self.now
        if call.silent:
            limits = self.limits
            yield self.now + (limits.answer_timeout if call.udp else limits.connect_timeout)
        if call.udp:
            turn.mark(self.now)
        self._leave(group, accepted=0)
        return sent

    def _converse(self, call: Call, group: _Group, turn: _Turn, known: bool, alive: bool) -> Step:
        connections = 1 if call.udp else max(1, call.connections)
        left = call.requests - call.watching
        patience = call.waits / max(1, left)
        for number in range(connections):
            mine = left // (connections - number)
            left -= mine
            yield from self._enter(group)
            if call.udp:
                first = min(mine, 1)
                yield from self._ask(first, 1, turn, patience)
                mine -= first
            else:
                yield from self._first(alive or known)
            self._leave(group, accepted=1)
            if not call.udp:
                yield self._packets.take(self.now)
            while group.talking >= group.places:
                yield from self._wait(group.talkers)
            group.talking += 1
            if not known:
                known = True
                yield self._new_hosts.take(self.now)
            steps = min(mine, MOST_STEPS)
            for step in range(steps):
                size = mine // (steps - step)
                mine -= size
                yield from self._ask(size, 1 if call.udp else 2, turn, patience)
            if call.watching and number == connections - 1:
                yield self._packets.take(self.now, call.watching * (1 if call.udp else 2))
                yield self.now + call.watches
            if not call.udp:
                yield self._packets.take(self.now, 2)
            group.talking -= 1
            self._wake(group)

    def _ask(self, size: int, each: int, turn: _Turn, patience: float) -> Step:
        """`size` requests of `each` packets, the next after the answer to the one before."""
        if size == 0:
            return
        yield turn.at(self.now)
        yield self._packets.take(self.now, size * each)
        yield self.now + (patience if size == 1 else max(size * patience, self._train(size)))
        turn.mark(self.now)

    def _train(self, size: int) -> float:
        """Seconds before the gap that follows so many requests at the window's rate."""
        return (size - 0.5) / self.profile.requests_per_host * WINDOW_MARGIN

    def _enter(self, group: _Group) -> Step:
        while not group.may_knock():
            yield from self._wait(group.knockers)
        group.knocking += 1
        self._wake(group)

    def _leave(self, group: _Group, accepted: int) -> None:
        group.accepted += accepted
        group.knocking -= 1
        group.knocked += 1
        self._wake(group)

    def _wait(self, line: deque[Step]) -> Step:
        line.append(self._current)
        yield None

    def _wake(self, group: _Group) -> None:
        line = group.talkers or group.knockers
        if line and (line is group.talkers or group.may_knock()):
            self._push(self.now, line.popleft())
