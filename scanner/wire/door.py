"""What a packet waits for before it leaves, and what is counted when it has left.

One rule keeps it simple: whatever a conversation writes to a socket has passed `first_packet` or
`send_turn`, and after every wait it is asked again whether the scan has ended or is paused. Who
waited for the end of a pause stands in line again, so that no burst follows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager

from protocols.contract import Outcome, Probe, Reason, Target
from scanner.secrets import hidden
from scanner.wire import guard
from scanner.wire.failures import Failure, NetworkError
from scanner.wire.pacer import Group, Passage
from scanner.wire.wire import (
    PART_SECONDS,
    SESSION_GRACE_SECONDS,
    STOP_GRACE_SECONDS,
    Host,
    Wire,
)

RESTS = Failure(Outcome.NOT_ASKED, Reason.OUR_SIDE)
"""A long pause began before the request left."""

DEAD = Failure(Outcome.NO_PATH, Reason.NEIGHBOUR, "no answer to ARP requests; no packet was sent")


class Door:
    """One conversation's way out: its host's turn, its place in the /24, its counts."""

    def __init__(self, wire: Wire, host: Host, probe: Probe, port: int) -> None:
        self.wire = wire
        self.host = host
        self.probe = probe
        self.target = Target(wire.site, host.address, probe.transport, port)
        self.requests = 0
        self.connections = 0
        self.left = 0.0  # when the last packet left that may be answered
        self.came = 0.0  # when the last answer came
        self.function = ""  # what the request under way does, as the guard reads it
        self.parting = False  # the request under way ends a session
        self.session = False  # there is a session, which a stop has to close
        self.owing = False  # a stop cut the wait for an answer that may still come
        self.idle = 0.0  # seconds in which it was not this conversation's turn
        self._placed = False

    @property
    def service(self) -> str:
        """What the health of the host is judged by: one protocol on one port."""
        return f"{self.probe.name} {self.target.port}"

    @property
    def placed(self) -> bool:
        """Whether this conversation has a place of its /24."""
        return self._placed

    @property
    def own_seconds(self) -> float:
        """A clock that stands still while this conversation waits `aside`."""
        return self.wire.clock.monotonic() - self.idle

    async def aside(self, waiting: Awaitable[None]) -> None:
        """Wait for what is none of this conversation's time: the others of its host, a pause, or
        a line that all hosts stand in."""
        begun = self.wire.clock.monotonic()
        try:
            await waiting
        finally:
            self.idle += self.wire.clock.monotonic() - begun

    @asynccontextmanager
    async def knocking(self) -> AsyncIterator[Group]:
        """A place to knock in this host's /24; the wait for it is none of its time."""
        begun = self.wire.clock.monotonic()
        async with self.wire.pacer.knock(self.host.group) as place:
            self.idle += self.wire.clock.monotonic() - begun
            yield place

    async def spend(self, packets: int) -> None:
        """Stand in line for the packet rate."""
        await self.aside(self.wire.pacer.packets.take(packets))

    async def first_packet(self, packets: int) -> None:
        """Charge a packet to an address that may be new on our link. Raises `NetworkError`."""
        if self.wire.dead(self.host.address):
            raise NetworkError(DEAD)
        await self._line(packets)
        while self.wire.pacer.paused:
            await self.aside(self.wire.pacer.running())
            await self._line(packets)
        self.wire.look()
        if self.wire.stopping is not None:
            raise NetworkError(Failure(Outcome.NOT_ASKED, self.wire.stopping))
        self.wire.sent.packets += packets

    async def _line(self, packets: int) -> None:
        """Stand in line for the packet rate, and for that of new neighbours."""
        if self.wire.stopping is not None:
            return
        if not self.host.alive and self.wire.links.on_link(self.host.address):
            await self.aside(self.wire.pacer.new_on_link.take())
        await self.spend(packets)

    async def opening_turn(self, packets: int) -> None:
        """Wait for the packet rate with the first request on a connection.

        Not held back by a stop: a connection that was accepted is never left without a byte.
        """
        await self.host.turn.take()
        await self.spend(packets)
        self.wire.sent.packets += packets

    async def send_turn(self, packets: int) -> None:
        """Wait for the host's turn and the packet rate. Raises `NetworkError` after a stop, and
        when a pause begins that no connection is kept open over."""
        await self.host.turn.take()
        await self.spend(packets)
        while self.wire.pacer.paused and not self.parting:
            if self.wire.rests():
                raise NetworkError(RESTS)
            await self.aside(self.wire.pacer.running())
            await self._line(packets)
        self.wire.look()  # so that an outage is noticed while it lasts
        if self.wire.stopping is not None and not self.parting:
            raise NetworkError(Failure(Outcome.NOT_ASKED, self.wire.stopping))
        self.wire.sent.packets += packets

    async def talk(self) -> None:
        """The peer is there: one place of its /24, and its share of new hosts/s."""
        self.host.alive = self.host.answers = True
        if not self._placed:
            await self.aside(self.wire.pacer.talk(self.host.group))
            self._placed = True
        if not self.host.known:
            self.host.known = True
            await self.aside(self.wire.pacer.new_hosts.take())

    def give_place(self) -> None:
        """Give the place of the /24 back; does nothing without one."""
        if self._placed:
            self._placed = False
            self.wire.pacer.leave(self.host.group)

    @asynccontextmanager
    async def patience(self, seconds: float) -> AsyncIterator[None]:
        """Bound a wait; a stop of the scan shortens it. A time-out is MUTE."""
        patient = self.wire.clock.monotonic() + seconds
        grace = SESSION_GRACE_SECONDS if self.session else STOP_GRACE_SECONDS
        if self.wire.stopping is not None:
            left = self.wire.stopped_at + PART_SECONDS - self.wire.clock.monotonic()
            seconds = min(seconds, max(STOP_GRACE_SECONDS, left if self.parting else 0.0))
        try:
            async with asyncio.timeout(seconds) as timeout:
                self.wire.waits[timeout] = grace
                try:
                    yield
                finally:
                    del self.wire.waits[timeout]
        except TimeoutError as error:
            if self.wire.stopping is not None and self.wire.clock.monotonic() < patient:
                # We left before it could answer: that says nothing about the device.
                self.owing = True
                words = "stopped while waiting for the answer"
                failure = Failure(Outcome.FAILED_HERE, self.wire.stopping, words)
                raise NetworkError(failure) from error
            raise NetworkError(Failure(Outcome.MUTE)) from error

    @property
    def spent(self) -> float:
        """Seconds from the last packet to its answer, or until now where none came."""
        came = self.came if self.came >= self.left else self.wire.clock.monotonic()
        return came - self.left

    @contextmanager
    def under_way(self) -> Iterator[Passage]:
        """A request leaves now; at the end it has arrived, if it ever will."""
        self.left = self.wire.clock.monotonic()
        request = self.host.turn.mark()
        try:
            yield request
        finally:
            self.host.turn.mark(request)

    def sent(self, request: bytes, plain: bytes) -> None:
        """Count a request that left; `plain` is what the guard judged."""
        self.requests += 1
        self.wire.sent.requests += 1
        self.wire.sent.functions[self.function] += 1
        # Counted here, from the bytes that left, and not where the guard judged them.
        self.wire.sent.never += bool(guard.never(self.probe, plain))
        self.wire.sent.bytes += len(request)
        if self.wire.recorder is not None:
            self.wire.recorder.sent(*self._peer, hidden(request, self.wire.secrets))

    def received(self, raw: bytes) -> None:
        """Count and record what came back."""
        self.came = self.wire.clock.monotonic()
        self.wire.sent.bytes += len(raw)
        if self.wire.recorder is not None:
            self.wire.recorder.received(*self._peer, hidden(raw, self.wire.secrets))

    @property
    def _peer(self) -> tuple[str, int, str]:
        return self.host.address, self.target.port, self.target.transport
