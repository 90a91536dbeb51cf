"""TCP listeners for light doubles: accept, frame, count, misbehave; the double only answers.

One rule keeps it simple: everything that concerns sockets, slots, time and counting happens here,
once, for every protocol.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from simulators import listening
from simulators.contract import Bind, Device, Service, Witness
from simulators.faults import Mischief, number, word
from simulators.turns import Conversation, ForeignBytesError, Turn


@dataclass(eq=False, slots=True)
class TcpDouble:
    """One TCP listener of one device, with its slots and faults."""

    device: Device
    service: Service
    bind: Bind
    witness: Witness
    converse: Callable[[], Conversation]
    mischief: Mischief = field(init=False)
    connections: list[_Connection] = field(default_factory=list)
    leaked: int = 0  # slots that a badly closed connection still holds
    dead: bool = False
    listener: socket.socket | None = None
    plug: list[socket.socket] = field(default_factory=list)
    timers: set[asyncio.TimerHandle] = field(default_factory=set)
    arrivals: deque[float] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.mischief = Mischief(self.service, self.device.id)

    @property
    def port(self) -> int:
        """The port that it really listens on."""
        return int(self.listener.getsockname()[1]) if self.listener else self.bind.port

    def start(self) -> None:
        """Begin to listen; raises OSError where the port is taken."""
        silent = self.service.fault("silent") is not None
        if self.bind.board is not None and not silent:
            self.bind.board.add_tcp(self.bind.host, self.bind.port, self)
            return
        shared = self.bind.board is not None
        self.listener = listening.listener(self.bind.host, self.bind.port, shared=shared)
        if silent:
            self._fill_queue()
        else:
            asyncio.get_running_loop().add_reader(self.listener, self._accept)

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self.listener is not None:
            asyncio.get_running_loop().remove_reader(self.listener)
            self.listener.close()
            self.listener = None
        for timer in self.timers:
            timer.cancel()
        for stopper in self.plug:
            stopper.close()
        self.plug.clear()
        for connection in tuple(self.connections):
            connection.end()
        await asyncio.sleep(0)

    def take(self, connection: socket.socket) -> None:
        """Begin a conversation, if a slot is free."""
        if self.dead:
            connection.close()
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._admits():
            self.witness.connection_opened()
            self.witness.connection_closed(exchanged=False, ours=True)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, listening.RESET)
            connection.close()
            return
        _Connection(self, connection)

    def count_death(self, heard: int) -> bool:
        """Whether this request is one too many; `heard`: requests on its connection so far."""
        fault = self.service.fault("dies_after")
        if fault is None or self.dead:
            return self.dead
        now = asyncio.get_running_loop().time()
        self.arrivals.append(now)
        while now - self.arrivals[0] > 1.0:
            self.arrivals.popleft()
        count = {"connection": heard, "second": len(self.arrivals)}.get(
            word(fault, "per", "device"), self.mischief.answered + 1
        )
        if count > fault.value:
            self._die(number(fault, "revives", 0.0))
        return self.dead

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run `action` after a while, unless the double is closed before."""

        def run() -> None:
            self.timers.discard(timer)
            action()

        timer = asyncio.get_running_loop().call_later(seconds, run)
        self.timers.add(timer)

    def _admits(self) -> bool:
        fault = self.service.fault("max_clients")
        if fault is None or len(self.connections) + self.leaked < fault.value:
            return True
        if word(fault, "when_full", "refuse") == "drop_oldest" and self.connections:
            self.connections[0].end(reset=True)
            return True
        return False

    def _die(self, revives_seconds: float) -> None:
        """No packet any more: the handshake included."""
        self.dead = True
        if self.listener is not None:
            asyncio.get_running_loop().remove_reader(self.listener)
            self._fill_queue()
        if revives_seconds:
            self.later(revives_seconds, self._revive)

    def _revive(self) -> None:
        self.dead = False
        self.mischief.answered = 0
        self.arrivals.clear()
        for connection in tuple(self.connections):
            connection.end(reset=True)
        for stopper in self.plug:
            stopper.close()
        self.plug.clear()
        if self.listener is not None:
            self.listener.close()
            self.listener = listening.listener(self.bind.host, self.bind.port)
            asyncio.get_running_loop().add_reader(self.listener, self._accept)

    def _fill_queue(self) -> None:
        """Fill the accept queue, so that the kernel drops every further SYN (listen(2))."""
        if self.listener is None:
            return
        self.listener.listen(0)
        for _ in range(2):  # a queue of length zero still holds one connection
            stopper = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            stopper.setblocking(False)
            stopper.connect_ex(self.listener.getsockname())
            self.plug.append(stopper)

    def _accept(self) -> None:
        if self.listener is not None:
            for connection in listening.accepted(self.listener):
                self.take(connection)


class _Connection(asyncio.Protocol):
    """One connection: frames what comes in, answers in order, counts."""

    def __init__(self, double: TcpDouble, connection: socket.socket) -> None:
        self.double = double
        self.conversation = double.converse()
        self.buffer = b""
        self.heard = 0
        self.waiting: deque[tuple[bytes, Turn]] = deque()
        self.ahead = False
        self.exchanged = False
        self.peer_ended = False
        self.bare = True
        self.over = False
        double.connections.append(self)
        double.witness.connection_opened()
        self.transport: asyncio.Transport | None = None
        self.connection = connection
        loop = asyncio.get_running_loop()
        self.opening = loop.create_task(loop.connect_accepted_socket(lambda: self, connection))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        fault = self.double.service.fault("hangup")
        if fault and word(fault, "when", "request") == "accept":
            self.end(reset=bool(fault.options.get("reset", False)))

    def data_received(self, data: bytes) -> None:
        self.bare = False
        self.buffer += data
        while self.buffer and not self.over:
            try:
                length = self.conversation.frame(self.buffer)
            except ForeignBytesError:
                self.double.witness.foreign(self.buffer)
                self.buffer = b""
                self.end()
                return
            if length is None or len(self.buffer) < length:
                return
            request, self.buffer = self.buffer[:length], self.buffer[length:]
            early = self.ahead or bool(self.waiting)
            self.ahead = bool(self.buffer)  # the next one began before this one was answered
            self._hear(request, early)

    def eof_received(self) -> bool:
        self.peer_ended = True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        double = self.double
        if self not in double.connections:
            return
        double.connections.remove(self)
        ours = self.over and not self.peer_ended
        reset = isinstance(exc, ConnectionError)
        fault = double.service.fault("max_clients")
        well = self.exchanged and not reset
        if fault and word(fault, "frees", "always") == "fin" and not ours and not well:
            double.leaked += 1
        double.witness.connection_closed(
            exchanged=self.exchanged, reset=reset, bare=self.bare, ours=ours
        )
        self.over = True

    def end(self, *, reset: bool = False) -> None:
        """Close from our side."""
        self.over = True
        if self.transport is not None:
            if reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, listening.RESET)
                self.transport.abort()
            else:
                self.transport.close()

    def _hear(self, request: bytes, early: bool) -> None:
        double = self.double
        self.heard += 1
        turn = self.conversation.hear(request)
        double.witness.request(turn.function, forbidden=turn.forbidden, early=early)
        if double.count_death(self.heard):
            return
        self.waiting.append((request, turn))
        if len(self.waiting) == 1:
            self._schedule()

    def _schedule(self) -> None:
        delay = self.double.mischief.delay_seconds()
        if delay:
            self.double.later(delay, self._reply)
        else:
            self._reply()

    def _reply(self) -> None:
        if not self.waiting or self.over or self.double.dead:
            return
        request, turn = self.waiting.popleft()
        mischief = self.double.mischief
        if turn.answer is None:
            mischief.answered += 1
            if turn.close:
                self.end()
        else:
            sent, ends = mischief.spoil(request, turn.answer)
            mischief.answered += 1
            if sent and self.transport is not None:
                self.transport.write(sent)
                self.exchanged = True
            if ends or turn.close:
                fault = self.double.service.fault("hangup")
                self.end(reset=bool(fault and fault.options.get("reset", False)))
        if self.waiting:
            self._schedule()
