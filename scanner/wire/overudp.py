"""Requests over UDP: one datagram, and the first answer that matches it.

One rule keeps it simple: what does not come from the address and port that was asked never arrives
here (`Datagrams`), and what does is matched by the probe's decoder.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

from protocols.contract import Foreign, Garbled, Outcome, Read, Reading, Sealed
from scanner.wire.door import Door
from scanner.wire.failures import Failure, NetworkError
from scanner.wire.overtcp import STALE_MOST
from scanner.wire.reply import Nothing, decode, empty, outgoing, plain
from scanner.wire.udp import Received

T = TypeVar("T")


class OverUdp:
    """The datagrams of one conversation."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._wire = door.wire
        self._host = door.host
        self._queue: asyncio.Queue[Received] | None = None

    async def exchange(
        self, request: bytes | Sealed, read: Read[T], limit: int, patience: float
    ) -> tuple[bytes, Reading[T] | Reading[Nothing]]:
        """Send one datagram and take its answer. Raises `NetworkError` where nothing came."""
        queue = self._queue
        if queue is None:
            queue = self._wire.datagrams.expect(self._host.address, self._door.target.port)
            self._queue = queue
        if self._door.placed:
            return await self._datagram(queue, request, read, limit, patience)
        async with self._wire.pacer.knock(self._host.group) as place:
            result = await self._datagram(queue, request, read, limit, patience)
            place.accepted += 1
        await self._door.talk()
        return result

    async def _datagram(
        self,
        queue: asyncio.Queue[Received],
        request: bytes | Sealed,
        read: Read[T],
        limit: int,
        patience: float,
    ) -> tuple[bytes, Reading[T] | Reading[Nothing]]:
        door = self._door
        await self._host.turn.take()
        await door.first_packet(1)
        data = outgoing(request)
        try:
            with door.under_way():
                await self._wire.datagrams.send(self._host.address, door.target.port, data)
                door.sent(data, plain(request))
                async with door.patience(patience):
                    return await self._answer(queue, read, limit)
        except NetworkError as error:
            if error.failure.outcome is Outcome.MUTE:  # nothing was accepted over UDP
                raise NetworkError(Failure(Outcome.SILENT)) from error
            raise

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
