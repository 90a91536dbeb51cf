"""How long a scan takes: its hosts played through the rates, places and time-outs of the wire.

One rule keeps it simple: the same limits as `scanner/wire/pacer.py`, on a heap of times instead of
an event loop. Answers take the time that a shape states and no more; our own machine takes none.
So two figures can be set against each other: what the rules cost, and what a run really took.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from scanner.later import Line, most_aside
from scanner.profile import Limits, Profile
from scanner.wire.pacer import BACKLOG_SECONDS, BURST_SECONDS, WINDOW_MARGIN

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
    def retried(self) -> bool:
        """Whether silence is worth a second packet."""

    @property
    def questions(self) -> int:
        """How many first questions silence is met by: each has its first try before any has its
        second (docs/decisions/0026)."""

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


@dataclass(slots=True)
class _Talk:
    """One host: its turn, and the right to talk to it."""

    profile: Profile
    turn: _Turn = field(init=False)
    line: deque[Step] = field(default_factory=deque)
    taken: bool = False
    alive: bool = False
    known: bool = False
    left: int = 0  # attempts that have not ended; not counted where several hosts share this

    def __post_init__(self) -> None:
        self.turn = _Turn(self.profile)


def _tries(questions: int, tries: int) -> Iterator[tuple[int, bool]]:
    """The number of each try of one port, and whether its question is asked no more: all first
    ones, then the others question by question."""
    if questions == 1:
        yield from ((made, made == tries) for made in range(1, tries + 1))
        return
    yield from ((1, False) for _ in range(questions))  # whether there is a second is not known yet
    for _ in range(questions):
        yield from ((made, made == tries) for made in range(2, tries + 1))


class Schedule:
    """One scan played. `seconds` is the time of its last step."""

    def __init__(
        self,
        profile: Profile,
        limits: Limits,
        groups: int = 1,
        *,
        on_link: bool = False,
        together: bool = False,  # all behind one gateway: one of them at a time
        first: int = 0,  # so many stand aside for none of the others
    ) -> None:
        self.profile, self.limits = profile, limits
        self.now = 0.0
        self._packets = _Rate(WINDOW_MARGIN / profile.packets)
        self._new_hosts = _Rate(WINDOW_MARGIN / profile.new_hosts)
        self._new_on_link = _Rate(WINDOW_MARGIN / limits.new_on_link)
        self._on_link = on_link
        self._gateway = _Talk(profile) if together else None
        self._groups = [_Group(profile.hosts_at_once) for _ in range(max(1, groups))]
        self._first = first
        self._later: Line[Step] = Line(most_aside(limits.in_flight))
        self._calling = False
        self._starter: Step | None = None  # who would begin a new host, and waits for space
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
            if self._later.full:
                self._starter = self._current
                yield None
            yield from self._room()
            group = self._groups[number % len(self._groups)]  # as `Scope.addresses` goes round
            self._push(self.now, self._visit(host, group, number < self._first))
        self._later.begins = False
        self._call()

    def _room(self) -> Step:
        """As `pacer.Rate.room`."""
        while (ahead := self._packets.free - self.now - BACKLOG_SECONDS) > 0:
            yield self.now + ahead

    def _visit(self, host: Host, group: _Group, first: bool) -> Step:
        """One attempt at a time, in the order of asking for the right to talk to this host."""
        state = self._gateway or _Talk(self.profile)
        if state is not self._gateway:
            state.left = sum(call.sent for call, _ in host)
        for place, (call, tries) in enumerate(host):
            if call.sent:
                yield from self._acquire(state)
                if place and not first:
                    self._release(state)
                    yield from self._aside(place)
                    yield from self._acquire(state)
                self._push(self.now, self._attempt(call, tries, group, state))

    def _aside(self, place: int) -> Step:
        """As `later.Later.turn`."""
        self._later.join(place, self._current)
        self._call()
        yield None

    def _call(self) -> None:
        if self._later.may_go_on and not self._calling:
            self._calling = True
            self._push(self.now, self._called())

    def _called(self) -> Step:
        later = self._later
        while later.may_go_on:
            yield self.now
            yield from self._room()
            if later.may_go_on:
                self._push(self.now, later.next())
            if self._starter is not None and not later.full:
                self._push(self.now, self._starter)
                self._starter = None
        self._calling = False

    def _attempt(self, call: Call, tries: int, group: _Group, host: _Talk) -> Step:
        """One attempt that has the right; it lends it while it only waits."""
        if call.answers:
            yield from self._converse(call, group, host)
        elif not call.silent:
            yield from self._knock(call, group, host)
            if call.udp:  # a question, and so a request, also where it is refused
                host.turn.mark(self.now)
            self._leave(group, accepted=0)
            host.alive = True
        else:
            for made, last in _tries(call.questions, tries):
                yield from self._silence(call, group, host, made, last)
        host.left -= 1
        self._release(host)

    def _silence(self, call: Call, group: _Group, host: _Talk, made: int, last: bool) -> Step:
        """One try that nobody answers, and the wait until the next may leave; the `last` one of a
        question is listened for to the end."""
        limits = self.limits
        yield from self._knock(call, group, host)
        sent = self.now
        yield sent + min(limits.connect_timeout, limits.answer_timeout if call.udp else 99.0)
        if call.udp:  # the answer is listened for while the other ports go on
            host.turn.mark(self.now)
            self._release(host)
            patient = limits.answer_timeout if last else limits.retry_delay
            yield max(self.now, sent + min(patient, limits.answer_timeout))
            self._leave(group, accepted=0)
            yield from self._acquire(host)
            return
        self._leave(group, accepted=0)
        # Whether a retry is worth it is decided after its delay, unless nobody is left to tell.
        if call.retried and made <= limits.retries and not (last and host.left == 1):
            self._release(host)
            yield max(self.now, sent + limits.retry_delay)
            yield from self._acquire(host)

    def _knock(self, call: Call, group: _Group, host: _Talk) -> Step:
        """The first packet of an attempt; the kernel looks for an unknown neighbour first."""
        if not call.udp:  # so that the first request can follow the connection at once
            yield host.turn.at(self.now)
        yield from self._enter(group)
        if call.udp:
            yield host.turn.at(self.now)
        if self._on_link and not host.alive:
            yield self._new_on_link.take(self.now)
        yield self._packets.take(self.now)

    def _converse(self, call: Call, group: _Group, host: _Talk) -> Step:
        """Every connection: the first request belongs to the knock, a place is for the others."""
        connections = 1 if call.udp else max(1, call.connections)
        left = call.requests - call.watching
        patience = call.waits / max(1, left)
        for number in range(connections):
            mine = left // (connections - number)
            left -= mine
            last = call.watching if number == connections - 1 else 0
            yield from self._knock(call, group, host)
            if call.udp:
                yield self.now + patience
                host.turn.mark(self.now)
            else:
                yield self._packets.take(self.now)
                yield from self._ask(min(mine, 1), 2, host.turn, patience)
            host.alive = True
            self._leave(group, accepted=1)
            if mine > 1 or last:
                yield from self._talk(call, group, host, mine - 1, last, patience)
            elif not call.udp:
                yield self._packets.take(self.now, 2)

    def _talk(
        self, call: Call, group: _Group, host: _Talk, left: int, watching: int, patience: float
    ) -> Step:
        """The requests after the first, in a place of the /24."""
        while group.talking >= group.places:
            yield from self._wait(group.talkers)
        group.talking += 1
        if not host.known:
            host.known = True
            yield self._new_hosts.take(self.now)
        each, steps = 1 if call.udp else 2, min(left, MOST_STEPS)
        for step in range(steps):
            size = left // (steps - step)
            left -= size
            yield from self._ask(size, each, host.turn, patience)
        if watching:
            yield self._packets.take(self.now, watching * each)
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

    def _acquire(self, host: _Talk) -> Step:
        if host.taken:
            yield from self._wait(host.line)
        host.taken = True

    def _release(self, host: _Talk) -> None:
        """Hand the right to the next in line."""
        host.taken = bool(host.line)
        if host.line:
            self._push(self.now, host.line.popleft())

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
        if group.talkers:
            if group.talking < group.places:
                self._push(self.now, group.talkers.popleft())
        elif group.knockers and group.may_knock():
            self._push(self.now, group.knockers.popleft())
