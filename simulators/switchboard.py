"""One wildcard socket per port for all devices of a big plant."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Protocol

from simulators import listening
from simulators.listening import Peer

PKTINFO = struct.Struct("@I4s4s")  # struct in_pktinfo, ip(7): interface, local, destination
IP_PKTINFO = 8  # linux/in.h; the constant is missing in Python 3.11


class Takes(Protocol):
    """A double that is given its connections."""

    def take(self, connection: socket.socket) -> None:
        """Begin a conversation."""


class Receives(Protocol):
    """A double that is given its datagrams."""

    def receive(self, data: bytes, peer: Peer, send: Callable[[bytes, Peer], None]) -> None:
        """Answer one datagram by `send`."""


class Switchboard:
    """Shares one wildcard socket per port between all devices of a big plant.

    A plant of thousands of devices would need a descriptor per address and port. The local
    address of a connection or datagram tells which device was meant. Addresses without a device
    hang up at once instead of refusing: nothing on loopback can refuse behind a wildcard socket.
    """

    def __init__(self) -> None:
        self.listeners: dict[int, tuple[socket.socket, dict[str, Takes]]] = {}
        self.datagrams: dict[int, tuple[socket.socket, dict[str, Receives]]] = {}

    def add_tcp(self, address: str, port: int, double: Takes) -> None:
        """Route connections to (address, port) to a double."""
        if port not in self.listeners:
            here = listening.listener("0.0.0.0", port, shared=True)  # noqa: S104 - see class text
            doubles: dict[str, Takes] = {}
            self.listeners[port] = (here, doubles)
            asyncio.get_running_loop().add_reader(here, self._accept, here, doubles)
        self.listeners[port][1][address] = double

    def add_udp(self, address: str, port: int, double: Receives) -> None:
        """Route datagrams to (address, port) to a double."""
        if port not in self.datagrams:
            shared = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            shared.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            shared.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            shared.setblocking(False)
            shared.bind(("0.0.0.0", port))  # noqa: S104 - see class text
            doubles: dict[str, Receives] = {}
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

    def _accept(self, here: socket.socket, doubles: dict[str, Takes]) -> None:
        for connection in listening.accepted(here):
            double = doubles.get(connection.getsockname()[0])
            if double is None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, listening.RESET)
                connection.close()
            else:
                double.take(connection)

    def _receive(self, shared: socket.socket, doubles: dict[str, Receives]) -> None:
        for _ in range(listening.DATAGRAMS_PER_WAKE):
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


def _answering_from(shared: socket.socket, source: bytes) -> Callable[[bytes, Peer], None]:
    """A sender whose datagrams leave from the address that was asked."""
    control = [(socket.IPPROTO_IP, IP_PKTINFO, PKTINFO.pack(0, source, source))]

    def send(data: bytes, peer: Peer) -> None:
        shared.sendmsg([data], control, 0, peer)

    return send
