"""UDP for the wire: one socket per address family, drained at each wake-up.

Every answer is matched to its asker by source address and port; what nobody asked for is counted
and dropped. ICMP errors come from the kernel's error queue, which tells who complained and why
(Linux ip(7), IP_RECVERR).
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

from protocols.contract import Outcome, Reason
from scanner.wire.failures import Failure, NetworkError, of_error, of_icmp

DRAIN = 256
LARGEST = 65_536
BUFFER_BYTES = 4 << 20
IP_MTU_DISCOVER, IP_PMTUDISC_DO = 10, 2  # linux/in.h: never send fragments
IP_RECVERR, IPV6_RECVERR = 11, 25  # linux/in.h, linux/in6.h
EXTENDED_ERROR = struct.Struct("=IBBBBII")  # struct sock_extended_err, linux/errqueue.h
ORIGIN_LOCAL, ORIGIN_ICMP, ORIGIN_ICMP6 = 1, 2, 3

Peer = tuple[str, int]
Received = bytes | Failure


class Datagrams:
    """All UDP of one scan."""

    def __init__(self, source: str = "", device: str = "") -> None:
        self._source = source
        self._device = device
        self._sockets: dict[socket.AddressFamily, socket.socket] = {}
        self._askers: dict[Peer, asyncio.Queue[Received]] = {}
        self.unsolicited = 0

    def expect(self, address: str, port: int) -> asyncio.Queue[Received]:
        """From now on, what `address`:`port` says arrives in the queue (at most 64 answers)."""
        queue: asyncio.Queue[Received] = asyncio.Queue(64)
        self._askers[address, port] = queue
        return queue

    def forget(self, address: str, port: int) -> None:
        """Nobody waits for this peer any more."""
        self._askers.pop((address, port), None)

    async def send(self, address: str, port: int, datagram: bytes) -> None:
        """Send one datagram. Raises `NetworkError`. A full buffer is waited for, not counted."""
        version = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = self._sockets.get(version) or self._open(version)
        for pause in (0.0, 0.01, 0.05, 0.2, 0.5):
            if pause:
                await asyncio.sleep(pause)
            try:
                self._sendto(sock, version, datagram, (address, port))
            except BlockingIOError:
                continue
            return
        raise NetworkError(Failure(Outcome.FAILED_HERE, "EAGAIN", "send buffer stays full"))

    def _sendto(
        self, sock: socket.socket, version: socket.AddressFamily, datagram: bytes, peer: Peer
    ) -> None:
        """Send now. Raises `NetworkError`, and `BlockingIOError` where the buffer is full."""
        for _ in range(DRAIN):
            try:
                sock.sendto(datagram, peer)
            except BlockingIOError:
                raise
            except OSError as error:
                # A pending error of an earlier datagram is reported here and belongs to its asker;
                # many may be pending, and none of them means that our buffer is full.
                if not self._complaints(sock, version):
                    raise NetworkError(of_error(error)) from error
            else:
                return
        raise BlockingIOError

    def close(self) -> None:
        """Release the sockets."""
        for sock in self._sockets.values():
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()
        self._sockets.clear()

    def _open(self, version: socket.AddressFamily) -> socket.socket:
        try:
            sock = socket.socket(version, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            if version is socket.AF_INET:
                sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
                sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
            else:
                sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
            if self._device:
                name = self._device.encode() + b"\0"
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
            if self._source:
                sock.bind((self._source, 0))
        except OSError as error:
            raise NetworkError(of_error(error)) from error
        self._sockets[version] = sock
        drain: Callable[[], None] = lambda: self._drain(sock, version)  # noqa: E731 - a closure
        asyncio.get_running_loop().add_reader(sock, drain)
        return sock

    def _drain(self, sock: socket.socket, version: socket.AddressFamily) -> None:
        self._complaints(sock, version)
        for _ in range(DRAIN):
            try:
                data, peer = sock.recvfrom(LARGEST)
            except BlockingIOError:
                return
            except OSError:
                # The error itself was, or will be, read from the error queue.
                self._complaints(sock, version)
                continue
            self._hand((peer[0], peer[1]), data)

    def _complaints(self, sock: socket.socket, version: socket.AddressFamily) -> int:
        """Read the error queue; how many complaints it held."""
        for count in range(DRAIN):
            try:
                _, ancillary, _, peer = sock.recvmsg(512, 512, socket.MSG_ERRQUEUE)
            except (BlockingIOError, OSError):
                return count
            for _, _, content in ancillary:
                failure = _failure(content, version, peer[0] if peer else "")
                if failure is not None and peer:
                    self._hand((peer[0], peer[1]), failure)
        return DRAIN

    def _hand(self, peer: Peer, item: Received) -> None:
        queue = self._askers.get(peer)
        if queue is None or queue.full():
            self.unsolicited += 1
        else:
            queue.put_nowait(item)


def _failure(content: bytes, version: socket.AddressFamily, target: str) -> Failure | None:
    if len(content) < EXTENDED_ERROR.size:
        return None
    number, origin, kind, code, *_ = EXTENDED_ERROR.unpack_from(content)
    if origin == ORIGIN_LOCAL:
        found = of_error(OSError(number, "local"))
        if found.outcome is Outcome.NO_PATH and found.reason == Reason.ROUTER:
            return Failure(Outcome.NO_PATH, Reason.NEIGHBOUR, found.detail)
        return found
    if origin in (ORIGIN_ICMP, ORIGIN_ICMP6):
        offender = _offender(content[EXTENDED_ERROR.size :], version)
        return of_icmp(4 if origin == ORIGIN_ICMP else 6, kind, code, offender == target)
    return None


def _offender(content: bytes, version: socket.AddressFamily) -> str:
    if version is socket.AF_INET and len(content) >= 8:
        return socket.inet_ntop(socket.AF_INET, content[4:8])
    if version is socket.AF_INET6 and len(content) >= 24:
        return socket.inet_ntop(socket.AF_INET6, content[8:24])
    return ""
