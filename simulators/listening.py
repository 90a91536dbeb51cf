"""Listening sockets: made, and emptied of what waits."""

from __future__ import annotations

import socket
import struct

RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close() sends RST
BACKLOG = 128
DATAGRAMS_PER_WAKE = 256
Peer = tuple[str, int]


def listener(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A listening socket; `shared` may stand beside others on the port. Raises OSError."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:  # lets an address of its own stand beside the wildcard, socket(7)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        made.bind((host, port))
        made.listen(1024 if shared else BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def accepted(here: socket.socket) -> list[socket.socket]:
    """Every connection that waits."""
    waiting = []
    while True:
        try:
            waiting.append(here.accept()[0])
        except (BlockingIOError, ConnectionAbortedError):
            return waiting
