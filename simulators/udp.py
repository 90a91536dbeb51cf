"""UDP listeners for light doubles: receive, count, misbehave; the double only answers."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from simulators import listening
from simulators.contract import Bind, Device, Service, Witness
from simulators.faults import Mischief, number
from simulators.listening import Peer
from simulators.turns import ForeignBytesError, Turn


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
        for _ in range(listening.DATAGRAMS_PER_WAKE):
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
