"""What layer 2 may do before a scan, planned: listening, ARP on own segments, PROFINET DCP.

One rule keeps it simple: the plan names every address that is asked by ARP, so exclusions hold on
layer 2 as they do above it; without the right to raw sockets the plan is empty and says why.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scanner.profile import Profile
from scanner.targets import Range, Scope, merge, subtract, text_of
from scanner.wire.names import source_of
from scanner.wire.neighbours import Links

NET_RAW = 13  # linux/capability.h, CAP_NET_RAW
ROUNDS = 2  # an address is asked again before it counts as dead
ARP_PER_SECOND = 1_000.0
"""At most; below that the profile's packets/s, since an address that is asked by ARP is merely
knocked at (rulings 3). Every host of the segment hears each request, so `bench` is no faster."""

CROWD = 256  # own-link addresses beyond which the kernel's neighbour table (1 024) may fill
CROWDED_PER_SECOND = 100.0
"""New own-link addresses/s without ARP of our own: each unresolved one holds a place of the table
for 3 s, each live one for 30 s; at 200/s and 315 live hosts of a /20 the table was seen to fill."""

ARP_MOST = 65_536  # addresses asked by ARP in one scan
DCP_SECONDS = 3.0
SETTLE_SECONDS = 1.0
"""How long an answer to ARP is waited for after the last request, and at least before the next."""

LISTEN_MOST = 86_400.0
INTERFACES = Path("/sys/class/net")
ETHERNET = "1"  # linux/if_arp.h, ARPHRD_ETHER
UP, NO_ARP = 0x1, 0x80  # linux/if.h, IFF_UP and IFF_NOARP


@dataclass(frozen=True, slots=True)
class Segment:
    """Addresses of the scope on one own link, and the address that we ask from."""

    interface: str
    source: str
    ranges: tuple[Range, ...]

    def holds(self, number: int) -> bool:
        """Whether the IPv4 address `number` is asked."""
        place = bisect_right(self.ranges, number, key=_first) - 1
        return place >= 0 and number <= self.ranges[place].last

    @property
    def addresses(self) -> int:
        """How many addresses are asked."""
        return sum(item.last - item.first + 1 for item in self.ranges)


def _first(item: Range) -> int:
    return item.first


@dataclass(frozen=True, slots=True)
class Layer2:
    """What is done on layer 2 before the first IP packet. `off` says why something is not done."""

    listen_seconds: float = 0.0
    listens: tuple[str, ...] = ()
    dcp: tuple[str, ...] = ()
    segments: tuple[Segment, ...] = ()
    per_second: float = ARP_PER_SECOND
    off: str = ""
    unasked: int = 0  # own-link addresses that ARP does not ask first

    @property
    def crowded(self) -> bool:
        """Whether connects alone may fill the kernel's neighbour table: they must go slower."""
        return self.unasked > CROWD

    @property
    def arp_addresses(self) -> int:
        """How many addresses are asked by ARP."""
        return sum(item.addresses for item in self.segments)

    @property
    def arp_requests(self) -> int:
        """ARP requests at most: when nobody answers."""
        return ROUNDS * self.arp_addresses

    def asks(self, address: str) -> bool:
        """Whether `address` is asked by ARP."""
        if not self.segments or ":" in address:
            return False
        number = int(ipaddress.IPv4Address(address))
        return any(item.holds(number) for item in self.segments)

    @property
    def sends(self) -> bool:
        """Whether a frame leaves."""
        return bool(self.dcp or self.segments)

    @property
    def seconds(self) -> float:
        """How long it takes at most, apart from what the helper needs to start."""
        before = (self.listen_seconds if self.listens else 0.0) + DCP_SECONDS * len(self.dcp)
        return before + self.arp_seconds

    @property
    def arp_seconds(self) -> float:
        """The same for ARP alone, beside which those that answered are talked to already."""
        return sum(
            max(SETTLE_SECONDS, item.addresses / self.per_second)
            + (ROUNDS - 1) * item.addresses / self.per_second
            + SETTLE_SECONDS
            for item in self.segments
        )

    def as_json(self) -> dict[str, object]:
        """The object that `plan` prints beside its totals."""
        return {
            "listen_seconds": self.listen_seconds if self.listens else 0,
            "listens": list(self.listens),
            "arp_addresses": self.arp_addresses,
            "arp_requests": self.arp_requests,
            "dcp_requests": len(self.dcp),
            "interfaces": sorted({item.interface for item in self.segments} | set(self.dcp)),
            "seconds": round(self.seconds, 1),
            "off": self.off or None,
            "neighbour_table_limits": self.crowded,
        }

    def lines(self) -> list[str]:
        """The same for people; nothing where layer 2 has nothing to do."""
        shown = []
        if self.listens:
            where = ", ".join(self.listens)
            shown.append(f"listen on {where} for {self.listen_seconds:g} s; sends nothing")
        shown += [
            f"ARP on {item.interface}: {item.addresses} addresses, at most "
            f"{ROUNDS * item.addresses} requests (broadcasts), {self.per_second:g}/s beside the IP "
            "packets; those that answer are connected to meanwhile, the others never"
            for item in self.segments
        ]
        shown += [f"PROFINET DCP identify on {name}: 1 multicast request" for name in self.dcp]
        if self.off:
            shown.append(f"layer 2 is off: {self.off}")
        if self.crowded:
            shown.append(
                f"without ARP first, at most {CROWDED_PER_SECOND:g} new addresses/s on own "
                "segments: the kernel's neighbour table limits coverage"
            )
        return shown


def raw_rights() -> bool:
    """Whether this process may open raw sockets."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return hasattr(os, "geteuid") and os.geteuid() == 0
    line = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(line.split()[1], 16) >> NET_RAW & 1)


def missing() -> str:
    """Why layer 2 cannot be used here; "" when it can."""
    if not raw_rights():
        return "no right to open raw sockets (CAP_NET_RAW)"
    if importlib.util.find_spec("scapy") is None:
        return "scapy is not installed: pipx install 'untrap[capture]'"
    return ""


def planned(
    scope: Scope,
    links: Links,
    profile: Profile,
    *,
    interface: str = "",
    listen_seconds: float = 0.0,
    dcp: bool = False,
    arp: bool = True,
) -> Layer2:
    """What layer 2 does for this scope; empty, with the reason, where it cannot be used."""
    found = tuple(segments(scope, links, interface))
    count = sum(item.addresses for item in found)
    if not arp or count > ARP_MOST:
        found = ()
    unasked = 0 if found else count
    if not (found or listen_seconds or dcp):
        return Layer2(unasked=unasked)
    if why := missing():
        return Layer2(off=why, unasked=count)
    rate = min(ARP_PER_SECOND, profile.packets)
    named = (interface,) if interface else ()
    return Layer2(
        listen_seconds,
        (named or ethernet()) if listen_seconds else (),
        (named or tuple(dict.fromkeys(item.interface for item in found)) or own(links))
        if dcp
        else (),
        found,
        rate,
        unasked=unasked,
    )


def segments(scope: Scope, links: Links, interface: str) -> Iterator[Segment]:
    """The scope's addresses on own Ethernet links, longest prefix first, exclusions applied."""
    services = tuple(_range(s.address) for s in scope.services if not scope.excludes(s.address))
    left = merge(item for item in (*scope.remaining(), *services) if item.version == 4)
    for network, name in links.networks:
        if network.is_loopback or network.prefixlen == 0:
            continue
        here = Range(4, int(network[0]), int(network[-1]))
        inside = tuple(_within(left, here))
        if not inside:
            continue
        left = subtract(left, (here,))
        if (interface and name != interface) or not asks(name):
            continue
        source = source_of(text_of(4, inside[0].first))
        if source:
            yield Segment(name, source, inside)


def _range(address: str) -> Range:
    parsed = ipaddress.ip_address(address)
    return Range(parsed.version, int(parsed), int(parsed))


def _within(ranges: Iterable[Range], here: Range) -> Iterator[Range]:
    for item in ranges:
        first, last = max(item.first, here.first), min(item.last, here.last)
        if first <= last:
            yield Range(4, first, last)


def ethernet() -> tuple[str, ...]:
    """Ethernet interfaces that are up, loopback apart."""
    names = sorted(item.name for item in INTERFACES.glob("*")) if INTERFACES.exists() else []
    return tuple(name for name in names if name != "lo" and _flags(name) & UP and _wired(name))


def own(links: Links) -> tuple[str, ...]:
    """Ethernet interfaces that have a network of their own."""
    return tuple(dict.fromkeys(name for _, name in links.networks if asks(name)))


def asks(name: str) -> bool:
    """Whether hosts on this interface are found by ARP."""
    flags = _flags(name)
    return _wired(name) and bool(flags & UP) and not flags & NO_ARP


def _wired(name: str) -> bool:
    return _read(name, "type") == ETHERNET and name != "lo"


def _flags(name: str) -> int:
    return int(_read(name, "flags") or "0", 16)


def _read(name: str, what: str) -> str:
    try:
        return (INTERFACES / name / what).read_text(encoding="ascii").strip()
    except OSError:
        return ""
