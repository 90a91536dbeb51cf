"""Layer 2, live: listening, an ARP sweep, PROFINET DCP identify; its own process, JSON lines out.

    python -m scanner.capture.live listen INTERFACE SECONDS
    python -m scanner.capture.live arp INTERFACE SECONDS SOURCE NETWORK
    python -m scanner.capture.live dcp INTERFACE SECONDS

Each line is `{"time": nanoseconds, "frame": hexadecimal}`; the last one is `{"sent": n}`. This is
the only module that imports scapy, and it imports nothing else of this project, so that scapy
(GPL-2.0-only) never shares a process with the rest. It needs CAP_NET_RAW and nothing more.

One rule keeps it simple: `listen` opens a receiving socket and sends no packet at all.
"""

from __future__ import annotations

import ipaddress
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scapy.supersocket import SuperSocket

ARP_PER_SECOND = 100
ADDRESSES = 65_536
LINE_LIMIT = 4096  # bytes of one frame that are handed on
DCP_ALL = "01:0e:cf:00:00:00"


def write(value: dict[str, object]) -> None:
    """One JSON line on stdout."""
    sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def receive(socket: SuperSocket, until: float) -> None:
    """Hand on every frame until the monotonic time `until`."""
    while (left := until - time.monotonic()) > 0:
        ready = socket.select([socket], min(left, 0.5))
        for source in ready:
            _, raw, stamp = source.recv_raw(65_536)
            if raw:
                at = int((stamp or time.time()) * 1_000_000_000)
                write({"time": at, "frame": bytes(raw[:LINE_LIMIT]).hex()})


def arp(interface: str, source: str, network: str) -> Iterator[bytes]:
    """One who-has per address of the network (RFC 826), built by scapy."""
    from scapy.arch import get_if_hwaddr
    from scapy.layers.l2 import ARP, Ether

    own = get_if_hwaddr(interface)
    wanted = ipaddress.ip_network(network)
    if wanted.num_addresses > ADDRESSES:
        raise SystemExit(f"{network} has more than {ADDRESSES} addresses")
    for address in wanted.hosts():
        question = ARP(op=1, hwsrc=own, psrc=source, pdst=str(address))
        yield bytes(Ether(src=own, dst="ff:ff:ff:ff:ff:ff") / question)


def dcp(interface: str) -> Iterator[bytes]:
    """One PROFINET DCP Identify-All (IEC 61158-6-10, 4.3.1.4): a multicast, so only on request."""
    from scapy.arch import get_if_hwaddr
    from scapy.layers.l2 import Ether

    own = get_if_hwaddr(interface)
    body = bytes.fromhex("fefe05000000000100010004ffff0000")
    yield bytes(Ether(src=own, dst=DCP_ALL, type=0x8892)) + body + bytes(28)


def send(socket: SuperSocket, frames: Iterator[bytes], until: float) -> int:
    """Send paced; receive between. Returns how many were sent."""
    from scapy.packet import Raw

    sent = 0
    for frame in frames:
        socket.send(Raw(frame))
        sent += 1
        receive(socket, time.monotonic() + 1 / ARP_PER_SECOND)
    receive(socket, max(until, time.monotonic() + 1.0))
    return sent


def main(words: list[str]) -> int:
    """Run one job; 0 when it ended, 3 without the right to open the interface."""
    what, interface, seconds = words[0], words[1], float(words[2])
    jobs: dict[str, Callable[[], Iterator[bytes]]] = {
        "listen": lambda: iter(()),
        "arp": lambda: arp(interface, words[3], words[4]),
        "dcp": lambda: dcp(interface),
    }
    import scapy.layers.l2  # sets the sockets of this system  # noqa: F401
    from scapy.config import conf
    from scapy.error import Scapy_Exception

    try:
        opener = conf.L2listen if what == "listen" else conf.L2socket
        socket = opener(iface=interface, filter=None)
    except PermissionError:
        write({"problem": "no right to open raw sockets (CAP_NET_RAW)"})
        return 3
    except (OSError, ValueError, Scapy_Exception) as error:
        write({"problem": f"{interface}: {error}"})
        return 3
    try:
        write({"ready": True})
        until = time.monotonic() + seconds
        sent = 0
        if what == "listen":
            receive(socket, until)
        else:
            sent = send(socket, jobs[what](), until)
        write({"sent": sent})
    finally:
        socket.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
