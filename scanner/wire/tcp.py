"""TCP for the wire: connect with one SYN, bounded reading, and closing that leaves no trace.

Closing well is the point (safety.md 1): FIN first, then what the peer still says is read until it
closes too, so that our kernel never answers late bytes with RST.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket

from protocols.contract import Frame, Garbled, Outcome
from scanner.wire.failures import Failure, NetworkError, of_error

CHUNK = 65_536


def family(address: str) -> socket.AddressFamily:
    """The socket family of an IP literal."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


async def _connected(sock: socket.socket, peer: tuple[str, int], seconds: float) -> None:
    """Connect a non-blocking socket to an IP literal. Raises `OSError`, and `NetworkError` (SILENT)
    when the time is up.

    A sweep does this more often than all else, and of many thousand dead addresses: one future and
    one timer, where the event loop's own way takes twice the processor time.
    """
    number = sock.connect_ex(peer)
    if number in (errno.EINPROGRESS, errno.EWOULDBLOCK):
        loop = asyncio.get_running_loop()
        done: asyncio.Future[bool] = loop.create_future()
        descriptor = sock.fileno()  # for a socket the selectors would write its `repr` each time
        loop.add_writer(descriptor, _settle, done, True)
        timer = loop.call_later(seconds, _settle, done, False)
        try:
            answered = await done
        finally:
            timer.cancel()
            loop.remove_writer(descriptor)
        if not answered:
            raise NetworkError(Failure(Outcome.SILENT))
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise OSError(number, os.strerror(number))


def _settle(future: asyncio.Future[bool], answered: bool) -> None:
    if not future.done():
        future.set_result(answered)


class Stream:
    """One connection. `said` counts the bytes that the peer has sent on it."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self.said = 0

    @classmethod
    async def connect(
        cls, address: str, port: int, timeout_seconds: float, source: str = "", device: str = ""
    ) -> Stream:
        """Open a connection. Raises `NetworkError`; a time-out is SILENT."""
        try:
            sock = socket.socket(family(address), socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError as error:
            raise NetworkError(of_error(error)) from error
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if device:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
            if source:
                sock.bind((source, 0))
            await _connected(sock, (address, port), timeout_seconds)
        except OSError as error:
            sock.close()
            raise NetworkError(of_error(error)) from error
        except (NetworkError, asyncio.CancelledError):
            sock.close()
            raise
        return cls(sock)

    async def send(self, frame: bytes) -> None:
        """Send all of `frame`. Raises `NetworkError`."""
        try:
            await self._loop.sock_sendall(self._socket, frame)
        except OSError as error:
            raise NetworkError(of_error(error)) from error

    async def receive(self, frame: Frame, limit: int) -> bytes:
        """One whole answer; the caller bounds the wait.

        Raises `NetworkError` when the peer closes or resets, `Garbled` for more than `limit`
        bytes or a cut answer, and what `frame` raises.
        """
        while True:
            length = frame(self._buffer) if self._buffer else None
            if length is not None and length > limit:
                raise Garbled(f"announces {length} bytes, at most {limit} are taken")
            if length is not None and len(self._buffer) >= length > 0:
                answer, self._buffer = self._buffer[:length], self._buffer[length:]
                return answer
            if len(self._buffer) > limit:
                raise Garbled(f"no end within {limit} bytes")
            await self._read()

    async def _read(self) -> None:
        try:
            data = await self._loop.sock_recv(self._socket, CHUNK)
        except OSError as error:
            raise NetworkError(of_error(error)) from error
        if not data and self._buffer:
            raise Garbled(f"cut: closed after {len(self._buffer)} bytes")
        if not data:
            raise NetworkError(Failure(Outcome.HUNG_UP, "closed"))
        self.said += len(data)
        self._buffer += data

    @property
    def leftover(self) -> bytes:
        """Bytes beyond the last answer."""
        return self._buffer

    def finish(self) -> None:
        """FIN: nothing more will be said. Never raises."""
        with contextlib.suppress(OSError):  # the peer is gone already
            self._socket.shutdown(socket.SHUT_WR)

    async def close(self, patience_seconds: float) -> None:
        """FIN, read until the peer closes or patience ends, release. Never raises."""
        self.finish()
        try:
            async with asyncio.timeout(patience_seconds):
                while await self._loop.sock_recv(self._socket, CHUNK):
                    pass
        except (OSError, TimeoutError):
            # The peer is gone or does not close: nothing more can be done for it.
            return
        finally:
            self._socket.close()
