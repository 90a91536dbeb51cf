"""What the tables of switches and routers say: hardware addresses on ports, neighbours, ARP lines.

One rule keeps it simple: this only reads; what a line means for the inventory is decided in
`silent`. Tables of record: BRIDGE-MIB (RFC 4188), LLDP-MIB (IEEE 802.1AB), IP-MIB (RFC 4293).
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from inventory.derive.identity import ROUTERS, plain_mac
from inventory.derive.places import Place, Places

OWN = ("mac", "interface.mac")
NEIGHBOUR = "neighbour."
"""Begins the names of the facts that tell of a neighbour."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A hardware address, or a neighbour, on one port of one switch."""

    observer: str  # its address
    port: str
    first: str
    last: str
    scan: str
    source: str
    direct: bool = False  # it named itself on that port, and nothing else did


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One row of a table of neighbours."""

    where: Sighting
    mac: str  # "" where it told none
    port_mac: str  # of its port, where that is another one
    addresses: tuple[str, ...]  # by its word
    words: Mapping[str, str]  # name, port, description, role


@dataclass(slots=True)
class Tables:
    """What the tables of all observers say."""

    seen: dict[str, list[Sighting]] = field(default_factory=dict)  # by hardware address
    spoken: dict[str, set[str]] = field(default_factory=dict)  # address → hardware addresses
    lines: dict[tuple[str, str], Sighting] = field(default_factory=dict)  # address, hardware
    near: list[Neighbour] = field(default_factory=list)
    crowd: dict[tuple[str, str], int] = field(default_factory=dict)  # switch port → addresses
    trunks: set[tuple[str, str]] = field(default_factory=set)  # ports that lead to another switch
    latest: dict[str, Sighting] = field(default_factory=dict)  # observer → its youngest line

    def current(self, one: Sighting) -> bool:
        """Whether the switch's last word was taken in the scan that this line is from."""
        return self.latest[one.observer].scan == one.scan

    def look(self, mac: str, where: Sighting) -> None:
        """Take in that a hardware address was seen on a port."""
        self.seen.setdefault(mac, []).append(where)

    def heard(self, where: Sighting) -> None:
        """Take in when a switch spoke last."""
        known = self.latest.get(where.observer)
        if known is None or known.last < where.last:
            self.latest[where.observer] = where


def read(places: Places) -> Tables:
    """Everything that the tables at these places say."""
    tables = Tables()
    for address, here in places.items():
        mine = {address, *own(here)}
        for place in here.values():
            if place.tables:
                _read_place(place, tables, mine)
    for one in tables.near:
        if one.mac:
            tables.look(one.mac, one.where)
    _same_housing(tables)
    ports = {
        (mac, one.observer, one.port)
        for mac, sightings in tables.seen.items()
        for one in sightings
        if tables.current(one)
    }
    tables.crowd = dict(Counter((observer, port) for _, observer, port in ports))
    tables.trunks = set(_trunks(places, tables))
    return tables


def _read_place(place: Place, tables: Tables, mine: Collection[str]) -> None:
    """`mine` are the addresses of the one that tells: it is nobody's neighbour, not even on a
    port that is plugged into another of its own."""
    rows: dict[tuple[str, str, str], _Row] = {}
    for (name, value, source, part), (first, last) in place.facts.items():
        where = Sighting(place.address, part, first, last, _scan(place, last), source)
        if name == "mac_seen" and (mac := single(str(value))):
            tables.look(mac, where)
            tables.heard(where)
        elif name == "arp_seen":
            _line(str(value), where, tables)
        elif name.startswith(NEIGHBOUR):
            row = rows.setdefault((part, source, where.scan), _Row(where))
            row.told.setdefault(name.removeprefix(NEIGHBOUR), set()).add(str(value))
            tables.heard(where)
    several = Counter((part, scan) for part, _, scan in rows)
    for (part, _, scan), row in sorted(rows.items()):
        found = row.neighbours(alone=several[part, scan] == 1)
        tables.near.extend(one for one in found if not {one.mac, *one.addresses} & {*mine})


@dataclass(slots=True)
class _Row:
    """The fields of one row of a table of neighbours, as one scan read it."""

    where: Sighting
    told: dict[str, set[str]] = field(default_factory=dict)

    def neighbours(self, *, alone: bool) -> Iterator[Neighbour]:
        """The neighbour; of a row of which several stand under one name, each without words."""
        macs = sorted({single(text) for text in self.told.get("mac", ())} - {""})
        addresses = tuple(sorted(filter(usable, self.told.get("address", ()))))
        words = {
            name: min(values)
            for name, values in self.told.items()
            if name not in ("mac", "address")
        }
        mixed = len(macs) > 1 or any(len(self.told[name]) > 1 for name in words)
        port = single(words.get("port", ""))
        where = replace(self.where, direct=alone and not mixed)
        if mixed:
            yield from (Neighbour(where, mac, "", (), {}) for mac in macs)
        else:
            mac = macs[0] if macs else port
            yield Neighbour(where, mac, port if port != mac else "", addresses, words)


def _same_housing(tables: Tables) -> None:
    """What was seen of a neighbour's port was seen of the neighbour."""
    for one in tables.near:
        if one.port_mac in tables.seen:
            tables.seen[one.mac] += tables.seen.pop(one.port_mac)


def _trunks(places: Places, tables: Tables) -> Iterator[tuple[str, str]]:
    """Ports that lead to another switch whose tables are known: it is the neighbour there, or
    its own hardware address was learned there. Any other neighbour may be the device itself."""
    owners: dict[str, str] = {}
    for address in tables.latest:
        owners[address] = address
        for mac in own(places[address]):
            owners[mac] = address
            for one in tables.seen.get(mac, ()):
                if one.observer != address and tables.current(one):
                    yield one.observer, one.port
    for near in tables.near:
        for text in (near.mac, *near.addresses):
            if owners.get(text, near.where.observer) != near.where.observer:
                yield near.where.observer, near.where.port


def _line(text: str, where: Sighting, tables: Tables) -> None:
    """One line of an ARP table, "address=hardware address"."""
    address, _, hardware = text.partition("=")
    mac = single(hardware)
    if mac and usable(address):
        tables.spoken.setdefault(address, set()).add(mac)
        known = tables.lines.get((address, mac))
        if known is None or known.last < where.last:
            tables.lines[address, mac] = where


def own(here: Mapping[str, Place]) -> set[str]:
    """Hardware addresses that the device at this place is known to have."""
    return {
        mac
        for place in here.values()
        for name, value, _, _ in place.facts
        if name in OWN and (mac := plain_mac(str(value)))
    }


def single(text: str) -> str:
    """A hardware address of one device, or ""."""
    mac = plain_mac(text)
    blank = mac in ("", "00:00:00:00:00:00")
    return "" if blank or mac.startswith(ROUTERS) else mac


def usable(text: str) -> bool:
    """Whether this is the network address of one device elsewhere."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_multicast or address.is_unspecified)


def _scan(place: Place, time: str) -> str:
    return next((s for s, (low, high) in place.scans.items() if low <= time <= high), "")
