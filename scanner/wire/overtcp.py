"""Requests over TCP: knock, talk, part. One connection at a time, closed with FIN.

One rule keeps it simple: a connection that was opened here is closed here, whatever happened to it.
"""

from __future__ import annotations

import logging
import math
from contextlib import AsyncExitStack
from typing import TypeVar

from protocols.contract import (
    Forbidden,
    Foreign,
    Frame,
    Garbled,
    Outcome,
    Read,
    Reading,
    Sealed,
    Stray,
)
from scanner.wire import guard, neighbours
from scanner.wire.door import Door
from scanner.wire.failures import NetworkError
from scanner.wire.reply import Nothing, decode, empty, outgoing, plain
from scanner.wire.tcp import Stream

T = TypeVar("T")
log = logging.getLogger(__name__)

STALE_MOST = 16

OPEN, EXCHANGE, CLOSE = 2, 2, 2  # packets of the model (rulings 2): SYN+ACK, data+ACK, FIN+ACK


class OverTcp:
    """The connection of one conversation, opened by its first request."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._wire = door.wire
        self._host = door.host
        self._stream: Stream | None = None
        self.opened = math.inf  # when the connection was opened
        self._knocking = AsyncExitStack()  # the place of a knock, until the first answer
        self._accepted = False  # a knock, which no request has followed yet

    @property
    def open(self) -> bool:
        """Whether there is a connection."""
        return self._stream is not None

    async def exchange(
        self,
        request: bytes | Sealed,
        frame: Frame | None,
        read: Read[T],
        limit: int,
        patience: float,
    ) -> tuple[bytes, Reading[T] | Reading[Nothing]]:
        """Send one request and take its answer. Raises `NetworkError` where nothing came."""
        door = self._door
        if frame is None:
            raise TypeError(f"probe {door.probe.name} asks over TCP without a frame function")
        if self._stream is not None and not self._accepted:
            if not door.parting:  # who was let in and answered goes on once there is a place
                await door.talk()
            await door.send_turn(EXCHANGE)
            return await self._ask(self._stream, request, frame, read, limit, patience)
        if not self._accepted:
            await self.knock()
        async with self._knocking.pop_all():
            self._accepted = False
            stream = self._stream
            assert stream is not None  # noqa: S101 - `knock` raises where nobody lets us in
            await self._door.spend(OPEN - 1)
            await door.opening_turn(EXCHANGE)
            return await self._ask(stream, request, frame, read, limit, patience)

    async def touch(self) -> None:
        """Connect and say nothing; `part` closes it. For ports that nobody uses, and no other."""
        await self._host.turn.ready()
        async with self._door.knocking() as place:
            await self._connect()
            place.accepted += 1
            await self._door.spend(OPEN - 1)

    async def knock(self) -> None:
        """Connect; the first request has to follow at once. Raises `NetworkError`."""
        await self._host.turn.ready()
        place = await self._knocking.enter_async_context(self._door.knocking())
        try:
            await self._connect()
        except BaseException:
            await self._knocking.aclose()
            raise
        place.accepted += 1
        self._accepted = True

    async def _ask(
        self,
        stream: Stream,
        request: bytes | Sealed,
        frame: Frame,
        read: Read[T],
        limit: int,
        patience: float,
    ) -> tuple[bytes, Reading[T] | Reading[Nothing]]:
        data = outgoing(request)
        with self._door.under_way():
            await stream.send(data)
            self._door.sent(data, plain(request))
            return await self._answer(stream, frame, read, limit, patience)

    async def _answer(
        self, stream: Stream, frame: Frame, read: Read[T], limit: int, patience: float
    ) -> tuple[bytes, Reading[T] | Reading[Nothing]]:
        """The first whole answer that is not one to an earlier or to somebody else's question."""
        raw, stray = b"", ""
        try:
            async with self._door.patience(patience):
                for _ in range(STALE_MOST):
                    raw = await stream.receive(frame, limit)
                    self._door.received(raw)
                    try:
                        reading = decode(read, raw)
                    except Stray as error:
                        stray = str(error)
                        continue
                    if reading is not None:
                        return raw, reading
                return raw, empty(Outcome.GARBLED, f"{STALE_MOST} stray answers")
        except Garbled as error:
            return raw or stream.leftover, empty(Outcome.GARBLED, str(error))
        except Foreign as error:
            return raw or stream.leftover, empty(Outcome.OTHER, str(error))
        except NetworkError as error:
            if stray and not stream.leftover:
                return raw, empty(Outcome.GARBLED, stray)
            if error.failure.outcome is not Outcome.MUTE or not stream.leftover:
                raise
            cut = f"cut: {len(stream.leftover)} bytes and no more in time"
            return stream.leftover, empty(Outcome.GARBLED, cut)

    async def _connect(self) -> None:
        """Knock. The first request follows at once: an open connection without a byte fills a
        slot of the device, and a place of the /24 is taken with the second request only."""
        door, wire, host = self._door, self._wire, self._host
        await door.first_packet(1)
        door.left = wire.clock.monotonic()
        wire.sent.attempts += 1
        host.open += 1
        wire.sent.most_at_once = max(wire.sent.most_at_once, host.open)
        try:
            self._stream = await Stream.connect(
                host.address,
                door.target.port,
                wire.limits.connect_timeout,
                wire.source,
                wire.device,
            )
        except NetworkError as error:
            links, address = self._wire.links, self._host.address
            explained = neighbours.explained(links, address, error.failure, tcp=True)
            raise NetworkError(explained) from error
        finally:
            host.open -= self._stream is None
        host.alive = host.answers = True
        host.connections[door.target.port] += 1
        door.connections += 1
        wire.sent.connections += 1
        wire.sent.packets += OPEN - 1
        self.opened = wire.clock.monotonic()

    async def part(self, farewell: bytes | Sealed) -> None:
        """Say goodbye where there is one to say, FIN, wait for the peer's FIN."""
        stream, self._stream, self._accepted = self._stream, None, False
        if stream is None:
            return
        await self._knocking.aclose()  # empty, but where nothing was asked after all
        try:
            if farewell:
                await self._say_farewell(stream, farewell)
            await self._door.spend(CLOSE)
        finally:  # also when time is up: a socket is never left open
            self._wire.sent.packets += CLOSE
            stream.finish()
            # Nothing more is said: what is left is to wait for the peer's FIN, and for that nobody
            # else of this /24 has to wait. This host gets no other connection before.
            self._door.give_place()
            await stream.close(self._wire.limits.close_seconds)
            self._host.open -= 1
            if farewell:  # by now the peer has read it
                self._host.turn.mark()

    async def _say_farewell(self, stream: Stream, farewell: bytes | Sealed) -> None:
        door = self._door
        try:
            door.function = guard.judge(door.probe, plain(farewell))
            await self._host.turn.take()
            await self._door.spend(EXCHANGE - 1)
            data = outgoing(farewell)
            with door.under_way():
                await stream.send(data)
            self._wire.sent.packets += EXCHANGE - 1  # nothing comes back that we acknowledge
            door.sent(data, plain(farewell))
        except NetworkError as error:
            log.info("farewell failed address=%s why=%s", self._host.address, error)
        except Forbidden as error:
            self._wire.sent.refused_by_guard += 1
            log.error("guard refused farewell probe=%s why=%s", door.probe.name, error)
