"""Layer 2, live: listening, an ARP sweep, PROFINET DCP identify; its own process, JSON lines out.

    python -m scanner.capture.live listen INTERFACE SECONDS
    python -m scanner.capture.live arp INTERFACE SECONDS SOURCE FIRST-LAST,… PER_SECOND
    python -m scanner.capture.live dcp INTERFACE SECONDS

Each line is `{"time": nanoseconds, "frame": hexadecimal}`, or `{"gone": [address, …]}` for those
that ARP is done with and that did not answer, or, each second, `{"alive": true}`, which tells a
quiet segment from a helper that hangs; the last one is `{"sent": n}`. This is the only module that
imports scapy, and it imports nothing else of this project, so that scapy (GPL-2.0-only) never
shares a process with the rest. It needs CAP_NET_RAW and nothing more.

One rule keeps it simple: `listen` opens a receiving socket and sends no packet at all.
"""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import json
import os
import select
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scapy.supersocket import SuperSocket

ROUNDS = 2
ADDRESSES = 65_536
LATE_SECONDS = 0.05
ALIVE_SECONDS = 1.0  # between two words that we live
HELD_SECONDS = 0.1  # between two looks at whether to go on
TOLD = 100  # addresses that are given up together
WAITING_FRAMES = 1_000  # that are read after the time: as many as the socket holds, and no flood
LINE_LIMIT = 4096  # bytes of one frame that are handed on
DCP_ALL = "01:0e:cf:00:00:00"
KINDS = {"arp": 0x0806, "dcp": 0x8892}  # linux/if_ether.h, ETH_P_ARP and ETH_P_PROFINET
SOL_PACKET, IGNORE_OUTGOING = 263, 23  # linux/socket.h, linux/if_packet.h

Hears = Callable[[bytes], None]


def write(value: dict[str, object]) -> None:
    """One JSON line on stdout."""
    sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")
    sys.stdout.flush()


class Alive:
    """Says now and then that this process lives."""

    def __init__(self) -> None:
        self._due = 0.0

    def __call__(self) -> None:
        """Say so, where the last time was long ago."""
        if (now := time.monotonic()) >= self._due:
            self._due = now + ALIVE_SECONDS
            write({"alive": True})


alive = Alive()


def deaf_to_ourselves(socket: SuperSocket) -> None:
    """What this machine sends is no news; a kernel before 4.20 cannot leave it out."""
    with contextlib.suppress(OSError):
        socket.ins.setsockopt(SOL_PACKET, IGNORE_OUTGOING, 1)


class Told:
    """What was said last on stdin: whether to wait. Called between two requests."""

    def __init__(self, stdin: int = 0) -> None:
        self._stdin = stdin
        self._rest = b""
        self._waits = self._ended = False

    def __call__(self) -> bool:
        """Whether to send nothing now. Ends the process where nobody is left to say "go"."""
        while not self._ended and select.select([self._stdin], [], [], 0)[0]:
            said = os.read(self._stdin, LINE_LIMIT)
            self._ended = not said
            *lines, self._rest = (self._rest + said).split(b"\n")
            self._waits = lines[-1] == b"wait" if lines else self._waits
        if self._waits and self._ended:
            sys.exit(0)
        return self._waits


def receive(socket: SuperSocket, until: float, hears: Hears | None = None) -> None:
    """Hand on every frame until the monotonic time `until`, and what waits to be read by then: on
    a busy machine we are late, and who answered in time was there."""
    alive()
    waiting = WAITING_FRAMES
    while (left := until - time.monotonic()) > 0 or waiting:
        ready = socket.select([socket], max(0.0, min(left, 0.5)))
        if left <= 0:
            if not ready:
                return
            waiting -= 1
        alive()
        for source in ready:
            _, raw, stamp = source.recv_raw(65_536)
            if raw:
                at = int((stamp or time.time()) * 1_000_000_000)
                if hears is not None:
                    hears(bytes(raw))
                write({"time": at, "frame": bytes(raw[:LINE_LIMIT]).hex()})


def wanted(text: str) -> Iterator[int]:
    """The addresses of "first-last,first-last", in order."""
    for item in text.split(","):
        first, _, last = item.partition("-")
        low, high = (int(ipaddress.IPv4Address(end)) for end in (first, last or first))
        yield from range(low, high + 1)


def arp(
    socket: SuperSocket,
    interface: str,
    source: str,
    text: str,
    rate: float,
    wait: float,
    waits: Callable[[], bool],
) -> int:
    """One who-has per address (RFC 826), built by scapy; who is silent is asked once more. While
    `waits` says so, nothing is sent and everything is heard."""
    from scapy.arch import get_if_hwaddr
    from scapy.layers.l2 import ARP, Ether
    from scapy.packet import Raw

    own = get_if_hwaddr(interface)
    # Built once; bytes 38 to 41 are the address that is asked for.
    question = bytes(Ether(src=own, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=own, psrc=source))
    addresses = list(itertools.islice(wanted(text), ADDRESSES))
    asked, answered = frozenset(addresses), set[int]()

    def hears(frame: bytes) -> None:
        answered.update(answering(frame, asked))

    sent = 0
    late: deque[tuple[float, int]] = deque()  # asked for the last time, and when that was
    for left in reversed(range(ROUNDS)):
        begun = due = time.monotonic()
        for number in addresses:
            if number in answered:
                continue
            while waits():
                receive(socket, time.monotonic() + HELD_SECONDS, hears)
            socket.send(Raw(question[:38] + number.to_bytes(4, "big") + question[42:]))
            sent += 1
            # On time where we are late by little; what a busy machine missed is not made up for.
            due = max(due + 1 / rate, time.monotonic() - LATE_SECONDS)
            receive(socket, due, hears)
            if not left:
                late.append((time.monotonic(), number))
                give_up(late, time.monotonic() - wait, answered)
        # The next round asks in the same order: whoever is asked again had this long to answer.
        receive(socket, begun + wait, hears)
    receive(socket, time.monotonic() + wait, hears)
    return sent


def answering(frame: bytes, asked: frozenset[int]) -> set[int]:
    """The sender of an ARP frame where it was asked: of a flood of others nothing is kept."""
    sender = int.from_bytes(frame[28:32], "big")
    return {sender} & asked if frame[12:14] == b"\x08\x06" else set()


def give_up(late: deque[tuple[float, int]], before: float, answered: set[int]) -> None:
    """Tell, many at a time, who was asked for the last time `before` and has not answered."""
    if len(late) < TOLD or late[TOLD - 1][0] > before:
        return
    gone = [late.popleft()[1] for _ in range(TOLD)]
    write({"gone": [str(ipaddress.IPv4Address(n)) for n in gone if n not in answered]})


def dcp(socket: SuperSocket, interface: str, wait: float) -> int:
    """One PROFINET DCP Identify-All (IEC 61158-6-10, 4.3.1.4): a multicast, so only on request."""
    from scapy.arch import get_if_hwaddr
    from scapy.layers.l2 import Ether
    from scapy.packet import Raw

    own = get_if_hwaddr(interface)
    body = bytes.fromhex("fefe05000000000100010004ffff0000")
    socket.send(Ether(src=own, dst=DCP_ALL, type=0x8892) / Raw(body + bytes(28)))
    receive(socket, time.monotonic() + wait)
    return 1


def main(words: list[str]) -> int:
    """Run one job; 0 when it ended, 3 without the right to open the interface."""
    what, interface, seconds = words[0], words[1], float(words[2])
    import scapy.layers.l2  # sets the sockets of this system  # noqa: F401
    from scapy.config import conf
    from scapy.error import Scapy_Exception

    try:
        if what == "listen":
            socket = conf.L2listen(iface=interface, filter=None)
        else:  # the scan's own packets pass here too, and would crowd out the answers
            socket = conf.L2socket(iface=interface, filter=None, type=KINDS[what])
    except PermissionError:
        write({"problem": "no right to open raw sockets (CAP_NET_RAW)"})
        return 3
    except (OSError, ValueError, Scapy_Exception) as error:
        write({"problem": f"{interface}: {error}"})
        return 3
    try:
        write({"ready": True})
        deaf_to_ourselves(socket)
        sent = 0
        if what == "listen":
            receive(socket, time.monotonic() + seconds)
        elif what == "arp":
            sent = arp(socket, interface, words[3], words[4], float(words[5]), seconds, Told())
        else:
            sent = dcp(socket, interface, seconds)
        write({"sent": sent})
    finally:
        socket.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
