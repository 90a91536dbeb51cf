"""Whose a hardware address is, and whether several devices stand behind an IP address.

One rule keeps it simple: what a router may have written into a frame is not said of a host.
"""

from __future__ import annotations

from collections import defaultdict

from inventory.derive.identity import ROUTERS
from protocols._cursor import hardware
from protocols.contract import Fact
from scanner.capture.model import Host
from scanner.capture.walk import Walk

MOST_ADDRESSES = 4  # IPv4 addresses behind one hardware address before it counts as a router


def standing_for(walk: Walk) -> dict[str, int]:
    """How many IPv4 addresses each hardware address stands for."""
    count: defaultdict[str, int] = defaultdict(int)
    for address, host in walk.hosts.items():
        for mac in host.macs:
            count[mac] += ":" not in address
    return dict(count)


def own_mac(address: str, host: Host, shared: dict[str, int]) -> str:
    """The hardware address that is this host's own, or "" where a router may stand between.

    ARP, DHCP and the like name it outright. Otherwise the packets must have come with a TTL that
    nobody has counted down, and the address must not stand for many.
    """
    announced = sorted(mac for mac in host.announced if hardware(mac))
    if announced:
        return announced[0] if len(announced) == 1 else ""
    own = [
        mac
        for mac, untouched in host.macs.items()
        if untouched
        and hardware(mac)
        and not mac.startswith(ROUTERS)
        and shared.get(mac, 0) <= MOST_ADDRESSES
    ]
    return own[0] if len(own) == 1 and len(host.macs) == 1 else ""


def shares(host: Host, shared: dict[str, int]) -> list[Fact]:
    """That several devices may stand behind this address, and what says so."""
    found = []
    group = sorted(
        mac
        for mac in host.announced | host.macs.keys()
        if mac.startswith(ROUTERS)
        and (mac in host.announced or (host.macs.get(mac) and shared.get(mac) == 1))
    )
    if group:
        said = f"routers share it (VRRP, HSRP or GLBP, {group[0]})"
        found.append(Fact("shared", said, "hardware address"))
        found.append(Fact("role", "router", "shared address"))
    if len(host.origins) > 1:
        starts = " and ".join(map(str, sorted(host.origins)))
        said = f"systems of different kinds open connections from it (TTL {starts}): translation?"
        found.append(Fact("shared", said, "TTL of connection requests"))
    return found


def vlans(host: Host) -> tuple[Fact, ...]:
    """The virtual networks whose tag its frames bore."""
    return tuple(Fact("network", f"vlan {number}", "802.1Q tag") for number in sorted(host.vlans))
