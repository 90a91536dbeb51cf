"""Which addresses are on our own links, and what the kernel knows of them.

Reads the kernel's tables; sends nothing. A silent on-link address whose hardware address was
never resolved got no packet at all: that is NO_PATH, not SILENT (libraries.md, finding 4).
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from protocols.contract import Outcome, Reason
from scanner.wire.failures import Failure

ROUTES = Path("/proc/net/route")
ARP = Path("/proc/net/arp")
UP, GATEWAY = 0x1, 0x2  # linux/route.h, RTF_UP and RTF_GATEWAY
COMPLETE = 0x2  # linux/if_arp.h, ATF_COM


NO_ROOM = "neighbour_table"
"""Linux 6.18, measured: with a full table a datagram gets ENOBUFS, but a SYN is dropped in
silence, and the address is not among the neighbours."""

NO_ROOM_WORDS = "no packet left: the neighbour table is full, or a filter of our own holds it back"


@dataclass(frozen=True, slots=True)
class Links:
    """IPv4 networks that are reached without a router, and the default route's interface."""

    networks: tuple[tuple[ipaddress.IPv4Network, str], ...] = ()
    default: str = ""
    up: frozenset[str] | None = None  # interfaces that were up, where the system tells
    direct: frozenset[str] = frozenset()  # those that need no hardware address, as a tunnel

    def on_link(self, address: str) -> bool:
        """Whether `address` is on one of our links (loopback is none)."""
        return self._network(address) is not None

    def resolves(self, address: str) -> bool:
        """Whether our kernel has to look for `address` by ARP before a packet leaves."""
        found = self._network(address)
        return found is not None and found[1] not in self.direct

    def interface(self, address: str) -> str:
        """The interface that leads to `address`, as far as the table tells."""
        found = self._network(address)
        if found is not None:
            return found[1]
        return "lo" if address.startswith("127.") or address == "::1" else self.default

    def _network(self, address: str) -> tuple[ipaddress.IPv4Network, str] | None:
        if ":" in address or address.startswith("127.") or not self.networks:
            return None
        number = struct.unpack("!I", socket.inet_aton(address))[0]
        for network, name in self.networks:
            if number & int(network.netmask) == int(network.network_address):
                return network, name
        return None


def links() -> Links:
    """The links of this machine now; none where the kernel offers no such table."""
    try:
        lines = ROUTES.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return Links(up=up())
    networks, default = [], ""
    for line in lines:
        fields = line.split()
        if len(fields) < 8 or not int(fields[3], 16) & UP:
            continue
        if int(fields[3], 16) & GATEWAY:
            default = default or (fields[0] if int(fields[1], 16) == 0 else "")
            continue
        number, mask = (
            ipaddress.IPv4Address(struct.pack("<I", int(f, 16))) for f in (fields[1], fields[7])
        )
        networks.append((ipaddress.IPv4Network(f"{number}/{mask}", strict=False), fields[0]))
    networks.sort(key=lambda item: -item[0].prefixlen)
    flags = _flags() or {}
    direct = frozenset(name for name, found in flags.items() if found & IFF_NOARP)
    return Links(tuple(networks), default, up(), direct)


SIOCGIFFLAGS = 0x8913  # linux/sockios.h
IFF_UP, IFF_RUNNING, IFF_NOARP = 0x1, 0x40, 0x80  # linux/if.h


def up() -> frozenset[str] | None:
    """Interfaces that are up and have their cable in now; None where the system does not tell."""
    if (flags := _flags()) is None:
        return None
    both = IFF_UP | IFF_RUNNING
    return frozenset(name for name, found in flags.items() if found & both == both)


def _flags() -> dict[str, int] | None:
    """The flags of every interface; None where the system does not tell."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    found = {}
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            for _, name in socket.if_nameindex():
                answer = fcntl.ioctl(asking, SIOCGIFFLAGS, struct.pack("40s", name.encode()))
                found[name] = struct.unpack_from("H", answer, 16)[0]
    except OSError:  # no descriptor left, or the interface vanished while we asked
        return None
    return found


def resolved(address: str) -> bool | None:
    """Whether the neighbour table holds a hardware address; None when it says nothing."""
    try:
        lines = ARP.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return None
    for line in lines:
        fields = line.split()
        if len(fields) >= 4 and fields[0] == address:
            return bool(int(fields[2], 16) & COMPLETE)
    return None


def explained(links: Links, address: str, failure: Failure, *, tcp: bool) -> Failure:
    """A silent or unreachable neighbour that was never resolved got no packet from us; one
    that our kernel did not even begin to look for had no room in its table (TCP; a datagram is
    told of that at once, and its entry may be gone again by the time that nobody answered)."""
    lost = failure.outcome in (Outcome.SILENT, Outcome.NO_PATH)
    if not lost or not links.resolves(address):
        return failure
    match resolved(address):
        case False:
            return Failure(Outcome.NO_PATH, Reason.NEIGHBOUR, failure.detail)
        case None if tcp and failure.outcome is Outcome.SILENT:
            return Failure(Outcome.FAILED_HERE, NO_ROOM, NO_ROOM_WORDS)
    return failure


def hardware(address: str) -> str:
    """The hardware address that the kernel resolved for `address`, or ""."""
    try:
        lines = ARP.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return ""
    for line in lines:
        fields = line.split()
        if len(fields) >= 4 and fields[0] == address and int(fields[2], 16) & COMPLETE:
            return fields[3].lower()
    return ""
