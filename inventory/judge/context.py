"""The site as a verdict on one asset needs it: all of it declared or counted.

One rule keeps it simple: a `Context` holds compact facts only (counts, sets of short texts), so
that a site of 100 000 assets is surveyed by streaming over its evidence once.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from inventory.judge.mapped import CompleteMap
from inventory.judge.thresholds import Thresholds
from inventory.model import Declaration, RegisterRow


@dataclass(frozen=True, slots=True)
class Vantage:
    """Where a scan stood, as the operator declared it."""

    name: str
    zone: str = ""
    covers: tuple[str, ...] = ()  # zones by name, and networks
    collection: bool = False

    def reaches(self, zone: str, address: str) -> bool:
        """Whether a place in a declared zone is said to be reachable from here."""
        if zone in (self.zone, *self.covers):
            return True
        found = address_of(address)
        return found is not None and any(found in network for network in networks_of(self.covers))


@dataclass(frozen=True, slots=True)
class Zone:
    """A declared zone and its networks."""

    name: str
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a unit behind a gateway: when, in which scan, which unit."""

    scan: str
    time: float
    part: str


class Neighbour(NamedTuple):
    """One of several machines that one device monitors."""

    tag: str  # plain
    cls: str
    whole: bool  # by a link to the whole device, no part or signal of it


@dataclass(frozen=True, slots=True)
class Context:
    """The site as a verdict on one asset needs it. All of it is declared or counted."""

    today: datetime
    site: str = ""
    vantages: Mapping[str, Vantage] = field(default_factory=dict)
    collection: str = ""
    zones: tuple[Zone, ...] = ()
    conduits: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """Permitted ways between two zones, with their protocols; none stands for all."""
    register: bool = False
    entitlements: Mapping[str, str] = field(default_factory=dict)
    credential_types: Mapping[str, str] = field(default_factory=dict)
    thresholds: Thresholds = field(default_factory=Thresholds)
    waivers: Mapping[str, Declaration] = field(default_factory=dict)
    attested: Mapping[str, tuple[Declaration, ...]] = field(default_factory=dict)
    twins: frozenset[str] = frozenset()
    """Names, in lower case, of what people attested that something else is redundant with."""
    connectors: frozenset[str] = frozenset()
    maps_complete: tuple[CompleteMap, ...] = ()
    """Register maps whose author declares that they hold every value of the device."""
    maps_known: tuple[CompleteMap, ...] = ()
    """What people declared maps of, complete or not; without their lines."""
    criticality: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    behind: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Criticality and redundancy of each machine that a device monitors, by the device."""
    classes: Mapping[str, str] = field(default_factory=dict)
    monitors: Mapping[str, frozenset[str]] = field(default_factory=dict)
    neighbours: Mapping[str, tuple[Neighbour, ...]] = field(default_factory=dict)
    """Machines by the device that monitors them, where that device monitors several."""
    tags: frozenset[str] = frozenset()
    """Tags of all machines, plain."""
    sought: frozenset[str] = frozenset()
    """Those of them that are looked for on devices that no link ties to the machine."""
    addressed: Mapping[str, RegisterRow] = field(default_factory=dict)
    """Register rows of machines by what they name: "10.0.0.5", or "10.0.0.5 unit 4" and "via
    10.0.0.5", the gateway; and keys of devices."""
    claimed: Mapping[str, str] = field(default_factory=dict)
    """Address to label, of the register rows of devices that name one."""
    siblings: Mapping[tuple[str, ...], Mapping[frozenset[str], int]] = field(default_factory=dict)
    owners: Mapping[tuple[str, ...], Mapping[frozenset[str], str]] = field(default_factory=dict)
    """By maker, model and firmware: each set of signals with one device that publishes it."""
    collisions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    answered: Mapping[str, tuple[Answered, ...]] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()
    unlisted: frozenset[str] = frozenset()
    """Keys of the gateways with a unit behind them that the register lists; that it does not."""
    asked: tuple[int, ...] = ()
    clocks_near: int = 0
    clock_synchronised: bool | None = None

    def zone_of(self, addresses: Iterable[str]) -> str:
        """Name of the declared zone that holds one of the addresses, or "". A cell lies in a
        plant: the narrowest network counts."""
        if not self.zones:
            return ""
        for text in addresses:
            address = address_of(text)
            holding = [
                (-network.prefixlen, place)
                for place, zone in enumerate(self.zones)
                for network in zone.networks
                if address is not None and address in network
            ]
            if holding:
                return self.zones[min(holding)[1]].name
        return ""

    def permits(self, one: str, other: str, name: str) -> bool:
        """Whether a conduit between two zones, declared in either direction, lets a protocol in."""
        for ends in ((one, other), (other, one)):
            allowed = self.conduits.get(ends)
            if allowed is not None and (not allowed or name in allowed):
                return True
        return False

    def was_asked(self, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
        """Whether any address inside that network was sent a question."""
        first = int(network.network_address)
        place = bisect_left(self.asked, first)
        return place < len(self.asked) and self.asked[place] <= int(network.broadcast_address)

    def statements(self, *subjects: str) -> tuple[Declaration, ...]:
        """Attestations about any of the subjects (key, tag, name, address)."""
        if not self.attested:
            return ()
        found: dict[str, Declaration] = {}
        for subject in subjects:
            for item in self.attested.get(subject.casefold(), ()):
                found[item.id] = item
        return tuple(found.values())


def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IP address; None for a text that is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def networks_of(
    texts: Iterable[str],
) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """The texts that are networks; an address is a network of its own."""
    found = []
    for part in texts:
        try:
            found.append(ipaddress.ip_network(part, strict=False))
        except ValueError:  # the import of the site file refuses it; an old record may hold it
            continue
    return tuple(found)
