"""The floor of a sweep: the same knocks by bare epoll, with nothing decided, paced or kept.

One rule keeps it simple: so many attempts at once, each for so long, and every silent one again in
a second pass; that is what a scanner must do at least.

`python -m benchmarks.epoll NETWORK PORT` prints how many addresses accepted.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Iterable

AT_ONCE = 4_096
SECONDS = 0.9  # one SYN: the kernel repeats after 1 s


def sweep(addresses: Iterable[str], port: int) -> tuple[int, list[str]]:
    """How many accepted, and who stayed silent."""
    waiting: deque[tuple[float, socket.socket, str]] = deque()
    poll = select.epoll()
    source = iter(addresses)
    accepted, silent, more = 0, [], True
    settled: set[int] = set()
    while more or waiting:
        while more and len(waiting) < AT_ONCE:
            address = next(source, None)
            if address is None:
                more = False
                break
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            sock.connect_ex((address, port))
            poll.register(sock, select.EPOLLOUT | select.EPOLLONESHOT)
            waiting.append((time.monotonic() + SECONDS, sock, address))
        left = waiting[0][0] - time.monotonic() if waiting else 0.0
        for number, event in poll.poll(max(0.0, left), 1_024):
            settled.add(number)
            accepted += not event & (select.EPOLLERR | select.EPOLLHUP)
        now = time.monotonic()
        while waiting and (waiting[0][0] <= now or waiting[0][1].fileno() in settled):
            _, sock, address = waiting.popleft()
            if sock.fileno() in settled:
                settled.discard(sock.fileno())
            else:
                silent.append(address)
            sock.close()
    return accepted, silent


def main() -> None:
    """Two passes over a network."""
    network, port = ipaddress.ip_network(sys.argv[1]), int(sys.argv[2])
    found, silent = sweep(map(str, network.hosts()), port)
    again, _ = sweep(silent, port)
    sys.stdout.write(f"{found + again}\n")


if __name__ == "__main__":
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    main()
