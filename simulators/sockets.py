"""Listeners for light doubles: accept, frame, count, misbehave; the double only answers.

One rule keeps it simple: a double is a function from one whole request to one `Turn`; everything
that concerns sockets, slots, time and counting happens here, once, for every protocol.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

from simulators.contract import Bind, Device, Service, Witness
from simulators.faults import Mischief, number, word

RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close() sends RST
BACKLOG = 128
DATAGRAMS_PER_WAKE = 256
PKTINFO = struct.Struct("@I4s4s")  # struct in_pktinfo, ip(7): interface, local, destination


@dataclass(frozen=True, slots=True)
class Turn:
    """What a double makes of one request. `answer` None: it stays quiet (or there is no answer)."""

    function: str
    answer: bytes | None
    forbidden: bool = False
    close: bool = False


class ForeignBytesError(ValueError):
    """What arrived is not this protocol."""


class Conversation(Protocol):
    """One TCP connection as the double sees it."""

    def frame(self, buffer: bytes) -> int | None:
        """Length of the first request in `buffer`, None while it is incomplete."""

    def hear(self, request: bytes) -> Turn:
        """Answer one whole request."""


class Switchboard:
    """Shares one wildcard socket per port between all devices of a big plant.

    A plant of thousands of devices would need a descriptor per address and port. The local
    address of a connection or datagram tells which device was meant. Addresses without a device
    hang up at once instead of refusing: nothing on loopback can refuse behind a wildcard socket.
    """

    def __init__(self) -> None:
        self.listeners: dict[int, tuple[socket.socket, dict[str, TcpDouble]]] = {}
        self.datagrams: dict[int, tuple[socket.socket, dict[str, UdpDouble]]] = {}

    def add_tcp(self, address: str, port: int, double: TcpDouble) -> None:
        """Route connections to (address, port) to a double."""
        if port not in self.listeners:
            listener = _listener("0.0.0.0", port, shared=True)  # noqa: S104 - see class text
            doubles: dict[str, TcpDouble] = {}
            self.listeners[port] = (listener, doubles)
            asyncio.get_running_loop().add_reader(listener, self._accept, listener, doubles)
        self.listeners[port][1][address] = double

    def add_udp(self, address: str, port: int, double: UdpDouble) -> None:
        """Route datagrams to (address, port) to a double."""
        if port not in self.datagrams:
            shared = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            shared.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            shared.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            shared.setblocking(False)
            shared.bind(("0.0.0.0", port))  # noqa: S104 - see class text
            doubles: dict[str, UdpDouble] = {}
            self.datagrams[port] = (shared, doubles)
            asyncio.get_running_loop().add_reader(shared, self._receive, shared, doubles)
        self.datagrams[port][1][address] = double

    def close(self) -> None:
        """Stop listening everywhere."""
        loop = asyncio.get_running_loop()
        for shared in [one for one, _ in [*self.listeners.values(), *self.datagrams.values()]]:
            loop.remove_reader(shared)
            shared.close()
        self.listeners.clear()
        self.datagrams.clear()

    def _accept(self, listener: socket.socket, doubles: dict[str, TcpDouble]) -> None:
        for connection in _accepted(listener):
            double = doubles.get(connection.getsockname()[0])
            if double is None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                connection.close()
            else:
                double.take(connection)

    def _receive(self, shared: socket.socket, doubles: dict[str, UdpDouble]) -> None:
        for _ in range(DATAGRAMS_PER_WAKE):
            try:
                data, ancillary, _, peer = shared.recvmsg(65_535, 128)
            except BlockingIOError:
                return
            for level, kind, value in ancillary:
                if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
                    _, _, destination = PKTINFO.unpack(value[: PKTINFO.size])
                    double = doubles.get(socket.inet_ntoa(destination))
                    if double is not None:
                        double.receive(data, peer, _answering_from(shared, destination))


IP_PKTINFO = 8  # linux/in.h; the constant is missing in Python 3.11


def _answering_from(shared: socket.socket, source: bytes) -> Callable[[bytes, Peer], None]:
    """A sender whose datagrams leave from the address that was asked."""
    control = [(socket.IPPROTO_IP, IP_PKTINFO, PKTINFO.pack(0, source, source))]

    def send(data: bytes, peer: Peer) -> None:
        shared.sendmsg([data], control, 0, peer)

    return send


Peer = tuple[str, int]


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
        self.listener = _listener(self.bind.host, self.bind.port, shared=shared)
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
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
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
            self.listener = _listener(self.bind.host, self.bind.port)
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
            for connection in _accepted(self.listener):
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
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
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


@dataclass(eq=False, slots=True)
class UdpDouble:
    """One UDP listener of one device."""

    device: Device
    service: Service
    bind: Bind
    witness: Witness
    hear: Callable[[bytes], Turn]
    mischief: Mischief = field(init=False)
    socket: socket.socket | None = None
    owing: set[Peer] = field(default_factory=set)
    reviving: bool = False
    timers: set[asyncio.TimerHandle] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.mischief = Mischief(self.service, self.device.id)

    @property
    def port(self) -> int:
        """The port that it really listens on."""
        return int(self.socket.getsockname()[1]) if self.socket else self.bind.port

    def start(self) -> None:
        """Begin to listen; raises OSError where the port is taken."""
        silent = self.service.fault("silent") is not None
        if self.bind.board is not None:
            if not silent:  # nobody is routed there: the shared socket reads and drops
                self.bind.board.add_udp(self.bind.host, self.bind.port, self)
            return
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        try:
            self.socket.bind((self.bind.host, self.bind.port))
        except OSError:
            self.socket.close()
            raise
        if not silent:
            asyncio.get_running_loop().add_reader(self.socket, self._drain)

    async def close(self) -> None:
        """Stop listening."""
        for timer in self.timers:
            timer.cancel()
        if self.socket is not None:
            asyncio.get_running_loop().remove_reader(self.socket)
            self.socket.close()
            self.socket = None

    def receive(self, data: bytes, peer: Peer, send: Callable[[bytes, Peer], None]) -> None:
        """Answer one datagram by `send`."""
        try:
            turn = self.hear(data)
        except ForeignBytesError:
            self.witness.foreign(data)
            return
        self.witness.request(turn.function, forbidden=turn.forbidden, early=peer in self.owing)
        if self._dead():
            return
        if turn.answer is None:
            return
        sent, _ = self.mischief.spoil(data, turn.answer)
        delay = self.mischief.delay_seconds()
        self.mischief.answered += 1
        if sent is None:
            return
        if not delay:
            _send(send, sent, peer)
            return
        self.owing.add(peer)

        def late() -> None:
            self.owing.discard(peer)
            self.timers.discard(timer)
            if self.socket is not None or self.bind.board is not None:
                _send(send, sent, peer)

        timer = asyncio.get_running_loop().call_later(delay, late)
        self.timers.add(timer)

    def _dead(self) -> bool:
        """Whether it has died of too many requests; it may come back after a while."""
        fault = self.service.fault("dies_after")
        if fault is None or self.mischief.answered < fault.value:
            return False
        seconds = number(fault, "revives", 0.0)
        if seconds and not self.reviving:
            self.reviving = True

            def revive() -> None:
                self.timers.discard(timer)
                self.reviving = False
                self.mischief.answered = 0

            timer = asyncio.get_running_loop().call_later(seconds, revive)
            self.timers.add(timer)
        return True

    def _drain(self) -> None:
        here = self.socket
        if here is None:
            return
        for _ in range(DATAGRAMS_PER_WAKE):
            try:
                data, peer = here.recvfrom(65_535)
            except BlockingIOError:
                return
            except ConnectionError:
                continue  # an ICMP error for an earlier answer, recvfrom(2)
            self.receive(data, peer, lambda answer, to: _ignored(here.sendto(answer, to)))


def _ignored(_sent_bytes: int) -> None:
    """A datagram is sent whole or not at all."""


def _send(send: Callable[[bytes, Peer], None], data: bytes, peer: Peer) -> None:
    try:
        send(data, peer)
    except OSError as error:  # a full buffer or a gone peer loses a datagram, as on a wire
        if error.errno == errno.EBADF:
            raise


def _listener(host: str, port: int, *, shared: bool = False) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setblocking(False)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:  # lets an address of its own stand beside the wildcard, socket(7)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024 if shared else BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _accepted(listener: socket.socket) -> list[socket.socket]:
    """Every connection that waits."""
    waiting = []
    while True:
        try:
            waiting.append(listener.accept()[0])
        except (BlockingIOError, ConnectionAbortedError):
            return waiting
