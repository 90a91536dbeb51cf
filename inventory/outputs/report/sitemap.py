"""The site map: networks, what answers in them, what stands behind, which machines it monitors.

One rule keeps it simple: a tree in preorder, built from values; a machine stands beneath the first
device that monitors it.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from inventory.model import Declaration, Device, Equipment, Kind, Level
from inventory.outputs.report.page import NO, NONE, STATES, UNKNOWN, YES, Net, Node
from inventory.outputs.shelf import Shelf
from inventory.rollup import NO_DATA, USEFUL
from inventory.store.reading import Asset

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NOWHERE = ""


def state_of(level: Level, category: str) -> str:
    """Whether an asset's data can be had."""
    if category == NO_DATA:
        return NONE
    lo, hi = level.lo or 0, 5 if level.hi is None else level.hi
    return YES if lo >= USEFUL else NO if hi < USEFUL else UNKNOWN


def level_text(level: Level) -> str:
    """A level as an interval; "?" when nothing can be said."""
    if level.lo is None or level.hi is None:
        return "?"
    return str(level.lo) if level.lo == level.hi else f"{level.lo} \u2013 {level.hi}"


@dataclass(frozen=True, slots=True)
class Networks:
    """Which network an address is counted in: a declared one, else its /24 (IPv6: /64)."""

    known: tuple[tuple[Network, str], ...] = ()  # network, zone; the narrowest first

    def of(self, address: str) -> tuple[str, str]:
        """Network and zone of an address."""
        try:
            at = ipaddress.ip_address(address)
        except ValueError:
            return (NOWHERE, "")
        for network, zone in self.known:
            if at.version == network.version and at in network:
                return (str(network), zone)
        around = ipaddress.ip_network(f"{at}/{24 if at.version == 4 else 64}", strict=False)
        return (str(around), "")


def networks(declarations: Iterable[Declaration]) -> Networks:
    """The networks that zones and vantages of the site file name."""
    found: dict[Network, str] = {}
    for one in declarations:
        if one.kind is Kind.ZONE:
            for network in _parsed(one.fields.get("addresses", "")):
                found[network] = one.fields.get("name", one.subject)
        elif one.kind is Kind.VANTAGE:
            for network in _parsed(one.fields.get("covers", "")):
                found.setdefault(network, "")
    ranked = sorted(found.items(), key=lambda item: -item[0].prefixlen)
    return Networks(tuple(ranked))


def _parsed(text: str) -> Iterator[Network]:
    for word in text.replace(";", ",").replace(" ", ",").split(","):
        try:
            network = ipaddress.ip_network(word.strip(), strict=False)
        except ValueError:
            continue
        if network.prefixlen:
            yield network


@dataclass(slots=True)
class _Place:
    zone: str = ""
    roots: list[Asset] = field(default_factory=list)


def site_map(assets: Sequence[Asset], where: Networks, gaps: Mapping[str, int]) -> tuple[Net, ...]:
    """Networks in order of address, with a node for each asset."""
    devices = {a.thing.key: a for a in assets if isinstance(a.thing, Device)}
    below: dict[str, list[Asset]] = {}
    places: dict[str, _Place] = {}
    for key, one in devices.items():
        device = one.thing
        if isinstance(device, Device) and device.parent in devices and not _circular(key, devices):
            below.setdefault(device.parent, []).append(one)
        elif isinstance(device, Device):
            name, zone = where.of(device.addresses[0] if device.addresses else "")
            place = places.setdefault(name, _Place(zone))
            place.roots.append(one)
    for one in assets:
        if isinstance(one.thing, Equipment):
            linked = (link.device for link in one.thing.links if link.device in devices)
            key = next(linked, "")
            if key:
                below.setdefault(key, []).append(one)
            else:
                places.setdefault(NOWHERE, _Place()).roots.append(one)
    return tuple(
        _net(name, place, below, gaps)
        for name, place in sorted(places.items(), key=lambda item: _order(item[0]))
    )


@dataclass(slots=True)
class Counting:
    """The same networks without nodes: assets are counted as they stream by, equipment first.

    A machine is counted where the first device that monitors it is, a unit where its parent is; so
    the place of each device is kept on disk until the end.
    """

    where: Networks
    equipment: Sequence[Equipment]
    counts: dict[str, Counter[str]] = field(default_factory=dict)  # network → states and `unseen`
    zones: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)  # of machines
    networks: Shelf = field(default_factory=Shelf)  # of devices without a parent
    behind: Shelf = field(default_factory=Shelf)  # of the others: parent, own network, state, seen

    def see(self, one: Asset) -> None:
        """Counts one in."""
        thing, state = one.thing, state_of(one.level, one.category)
        if isinstance(thing, Equipment):
            self.states[thing.key] = state
            return
        name, zone = self.where.of(thing.addresses[0] if thing.addresses else "")
        if thing.parent:
            told = (thing.parent, name, state, "seen" if thing.seen else "")
            self.behind.put(thing.key, "\0".join(told))
        else:
            self.networks.put(thing.key, name)
            self._count(name, state, thing.seen)
        self.zones.setdefault(name, zone)

    def _count(self, network: str, state: str, seen: bool = True) -> None:
        self.counts.setdefault(network, Counter()).update((state, *(() if seen else ("unseen",))))

    def nets(self) -> tuple[Net, ...]:
        """Networks in order of address."""
        for key, told in self.behind:
            *_, state, seen = told.split("\0")
            self._count(self._network(key), state, bool(seen))
        for one in self.equipment:
            device = next((link.device for link in one.links if self._known(link.device)), "")
            place = self._network(device) if device else NOWHERE
            self._count(place, self.states.get(one.key, UNKNOWN))
        return tuple(
            Net(
                name, self.zones.get(name, ""), {state: count[state] for state in STATES}, (),
                count["unseen"],
            )
            for name, count in sorted(self.counts.items(), key=lambda item: _order(item[0]))
        )  # fmt: skip

    def _known(self, key: str) -> bool:
        return key in self.networks or key in self.behind

    def _network(self, key: str) -> str:
        """Where what it stands behind is; its own network when that is not known, or is itself."""
        met: set[str] = set()
        at, first = key, ""
        while at not in met and (told := self.behind.get(at)) is not None:
            met.add(at)
            parent, own, *_ = told.split("\0")
            first = first if len(met) > 1 else own
            if not self._known(parent):
                return own
            at = parent
        found = self.networks.get(at)
        return first if found is None else found


def _circular(key: str, devices: Mapping[str, Asset]) -> bool:
    """Whether following the parents comes back to the device: then it is drawn as a root."""
    met: set[str] = set()
    at = key
    while at in devices and at not in met:
        met.add(at)
        thing = devices[at].thing
        at = thing.parent if isinstance(thing, Device) else ""
    return at == key


def _order(name: str) -> tuple[int, int, int]:
    if not name:
        return (9, 0, 0)
    network = ipaddress.ip_network(name)
    return (network.version, int(network.network_address), network.prefixlen)


def _net(
    name: str,
    place: _Place,
    below: Mapping[str, Sequence[Asset]],
    gaps: Mapping[str, int],
) -> Net:
    counts = dict.fromkeys(STATES, 0)
    nodes: list[Node] = []
    unseen = 0
    stack: list[tuple[Asset, int]] = [(one, 0) for one in reversed(place.roots)]
    met: set[str] = set()
    while stack:
        one, depth = stack.pop()
        if one.thing.key in met:
            continue
        met.add(one.thing.key)
        counts[state_of(one.level, one.category)] += 1
        unseen += isinstance(one.thing, Device) and not one.thing.seen
        children = below.get(one.thing.key, ())
        nodes.append(_node(one, depth, len(children), gaps))
        stack.extend((child, depth + 1) for child in reversed(children))
    return Net(name, place.zone, counts, tuple(nodes), unseen)


def _node(one: Asset, depth: int, children: int, gaps: Mapping[str, int]) -> Node:
    thing = one.thing
    state, level = state_of(one.level, one.category), level_text(one.level)
    if isinstance(thing, Equipment):
        label, sub, kind = thing.tag or thing.name, thing.name or thing.cls, "machine"
        criticality, seen = thing.criticality, True
    else:
        address = thing.part or " ".join(thing.addresses[:1])
        label = thing.name or thing.product or address or thing.key[:8]
        sub = " · ".join(text for text in (address, thing.role or thing.product) if text)
        kind = "unit" if thing.part else "device"
        criticality = thing.register.criticality if thing.register else ""
        seen = thing.seen
    count = gaps.get(thing.key, 0)
    return Node(
        thing.key, label, sub, kind, state, level, depth, children, criticality, count, seen
    )


__all__ = ["NO", "NONE", "UNKNOWN", "YES", "Networks", "level_text", "networks", "site_map"]
