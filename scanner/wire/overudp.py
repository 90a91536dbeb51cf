"""Requests over UDP: one datagram, and the first answer that matches it.

One rule keeps it simple: what does not come from the address and port that was asked never arrives
here (`Datagrams`), and what does is matched by the probe's decoder.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from protocols.contract import Foreign, Garbled, Outcome, Read, Reading, Sealed
from scanner.wire import neighbours
from scanner.wire.door import Door
from scanner.wire.failures import Failure, NetworkError
from scanner.wire.overtcp import STALE_MOST
from scanner.wire.pacer import Passage
from scanner.wire.reply import Nothing, decode, empty, outgoing, plain
from scanner.wire.udp import Received
from scanner.wire.wire import Hold

T = TypeVar("T")


class OverUdp:
    """The datagrams of one conversation; `hold` is its right to talk to the host."""

    def __init__(self, door: Door, hold: Hold) -> None:
        self._door = door
        self._hold = hold
        self._wire = door.wire
        self._host = door.host
        self._queue: asyncio.Queue[Received] | None = None
        self._answered = False

    async def exchange(
        self,
        request: bytes | Sealed,
        read: Read[T],
        limit: int,
        patience: float,
        again: Callable[[], bool],
    ) -> tuple[bytes, Reading[T] | Reading[Nothing]]:
        """Send one datagram and take its answer. Raises `NetworkError` where nothing came; where
        `again` says that a second try is worth it, as soon as that may leave."""
        queue = self._queue
        if queue is None:
            queue = self._wire.datagrams.expect(self._host.address, self._door.target.port)
            self._queue = queue
        if self._answered:  # a knock that one answer settles is no conversation yet
            await self._door.talk()
        if self._door.placed:
            return await self._datagram(queue, request, read, limit, patience, again)
        try:
            async with self._door.knocking() as place:
                result = await self._datagram(queue, request, read, limit, patience, again)
                place.accepted += 1
        except NetworkError as error:
            await self._door.aside(self._hold.regain())
            links, address = self._wire.links, self._host.address
            raise NetworkError(
                neighbours.explained(links, address, error.failure, tcp=False)
            ) from error
        # Only now: who has the right may be waiting for the place that we had.
        await self._door.aside(self._hold.regain())
        self._answered = self._host.alive = self._host.answers = True
        return result

    async def _datagram(
        self,
        queue: asyncio.Queue[Received],
        request: bytes | Sealed,
        read: Read[T],
        limit: int,
        patience: float,
        again: Callable[[], bool],
    ) -> tuple[bytes, Reading[T] | Reading[Nothing]]:
        door = self._door
        await self._host.turn.take()
        await door.first_packet(1)
        data = outgoing(request)
        with door.under_way() as passage:
            await self._wire.datagrams.send(self._host.address, door.target.port, data)
            door.sent(data, plain(request))
            return await self._listen(queue, read, limit, patience, again, passage)

    async def _listen(
        self,
        queue: asyncio.Queue[Received],
        read: Read[T],
        limit: int,
        patience: float,
        again: Callable[[], bool],
        passage: Passage,
    ) -> tuple[bytes, Reading[T] | Reading[Nothing]]:
        """The answer, waited for in steps. A port that never spoke does not keep the other
        protocols of its host waiting: they go first after the time that a connection would get."""
        limits, clock = self._wire.limits, self._wire.clock
        steps = {patience}
        if not self._answered:
            steps |= {min(t, patience) for t in (limits.connect_timeout, limits.retry_delay)}
        begun = clock.monotonic()
        for step in sorted(steps):
            try:
                async with self._door.patience(begun + step - clock.monotonic()):
                    result = await self._answer(queue, read, limit)
            except NetworkError as error:
                if error.failure.outcome is not Outcome.MUTE:
                    raise
            else:
                return result
            if step >= limits.retry_delay and again():
                break
            if not self._answered:
                self._host.turn.mark(passage)  # it has arrived by now, or never will
                self._hold.give()
        raise NetworkError(Failure(Outcome.SILENT))  # nothing was accepted over UDP

    async def _answer(
        self, queue: asyncio.Queue[Received], read: Read[T], limit: int
    ) -> tuple[bytes, Reading[T] | Reading[Nothing]]:
        """The first datagram that is no answer to an earlier question."""
        for _ in range(STALE_MOST):
            item = await queue.get()
            if isinstance(item, Failure):
                raise NetworkError(item)
            self._door.received(item)
            try:
                if len(item) > limit:
                    raise Garbled(f"{len(item)} bytes, at most {limit} are taken")
                reading = decode(read, item)
            except Garbled as error:
                return item, empty(Outcome.GARBLED, str(error))
            except Foreign as error:
                return item, empty(Outcome.OTHER, str(error))
            if reading is not None:
                return item, reading
        return b"", empty(Outcome.GARBLED, f"{STALE_MOST} stray answers")

    def forget(self) -> None:
        """Take no more answers."""
        if self._queue is not None:
            self._wire.datagrams.forget(self._host.address, self._door.target.port)
            self._queue = None
