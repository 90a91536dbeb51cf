"""Silent devices: what switch MAC tables and ARP tables know, joined with what answered.

One rule keeps it simple: a hardware address that a switch learned is an asset of its own only where
it cannot be a device that is known already: it has an address of its own by some ARP table, or
every device that it could be has shown another hardware address, or its maker is another one, or
it is the switch itself, which learns nobody's address but others'. One that the register names is
that row's device.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from inventory.derive.identity import ROUTERS, plain_mac, plain_serial, plain_vendor
from inventory.derive.oui import device_maker
from inventory.derive.places import Place, Places, Seen, gather
from inventory.model import RegisterRow

MOST_PER_ADDRESS = 4  # addresses behind one hardware address before it counts as a router
OWN = ("mac", "interface.mac")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A hardware address on one port of one switch."""

    observer: str  # its address
    port: str
    first: str
    last: str
    scan: str
    source: str


@dataclass(slots=True)
class Tables:
    """What the tables of all observers say."""

    seen: dict[str, list[Sighting]] = field(default_factory=dict)  # by hardware address
    spoken: dict[str, set[str]] = field(default_factory=dict)  # address → hardware addresses
    lines: dict[tuple[str, str], Sighting] = field(default_factory=dict)  # address, hardware
    crowd: dict[tuple[str, str], int] = field(default_factory=dict)  # switch port → addresses
    trunks: set[tuple[str, str]] = field(default_factory=set)  # ports that lead to another switch
    latest: dict[str, Sighting] = field(default_factory=dict)  # observer → its youngest line

    def current(self, one: Sighting) -> bool:
        """Whether the switch's last word was taken in the scan that this line is from."""
        return self.latest[one.observer].scan == one.scan


class Outline(NamedTuple):
    """What tables are compared with, of one address."""

    own: tuple[str, ...]  # hardware addresses that the device there is known to have
    alive: bool
    makers: tuple[str, ...]


def outlines(places: Places) -> dict[str, Outline]:
    """The outline of every address."""
    return {
        address: Outline(
            tuple(_own(here)), any(place.alive for place in here.values()), _makers(here)
        )
        for address, here in places.items()
    }


def telling(places: Places) -> Places:
    """The places that tell of others."""
    return {
        address: here
        for address, here in places.items()
        if any(place.tables for place in here.values())
    }


def joined(places: Places, register: Sequence[RegisterRow]) -> Places:
    """`places` and, beside them, what only tables know; the same object where they know nothing."""
    tables = telling(places)
    return beside(places, told(tables, outlines(places), register)) if tables else places


def told(
    places: Places, around: Mapping[str, Outline], register: Sequence[RegisterRow]
) -> list[Seen]:
    """What the tables of `places` add to a site: facts of devices, and silent devices."""
    tables = _read(places)
    if not (tables.seen or tables.spoken):
        return []
    known = _known(around, register, tables)
    listed = {plain_mac(row.mac) for row in register}
    return list(_added(places, around, known, tables, listed))


def beside(places: Places, added: Iterable[Seen]) -> Places:
    """The same places with what tables added, each address for itself."""
    for address, here in gather(added).items():
        mine = places.setdefault(address, {})
        for part, place in here.items():
            if part in mine:
                _merge(mine[part], place)
            else:
                mine[part] = place
    return places


def _read(places: Places) -> Tables:
    tables = Tables()
    for address, here in places.items():
        for place in here.values():
            if not place.tables:
                continue
            for (name, value, source, part), (first, last) in place.facts.items():
                where = Sighting(address, part, first, last, _scan(place, last), source)
                if name == "mac_seen" and (mac := _single(str(value))):
                    tables.seen.setdefault(mac, []).append(where)
                    known = tables.latest.get(address)
                    if known is None or known.last < last:
                        tables.latest[address] = where
                elif name == "arp_seen":
                    _line(str(value), where, tables)
    for sightings in tables.seen.values():
        for one in filter(tables.current, sightings):
            port = (one.observer, one.port)
            tables.crowd[port] = tables.crowd.get(port, 0) + 1
    tables.trunks = set(_trunks(places, tables))
    return tables


def _trunks(places: Places, tables: Tables) -> Iterator[tuple[str, str]]:
    """Ports that lead to another switch whose tables are known: it is the neighbour there, or
    its own hardware address was learned there. Any other neighbour may be the device itself."""
    owners: dict[str, str] = {}
    for address in tables.latest:
        owners[address] = address
        for mac in _own(places[address]):
            owners[mac] = address
            for one in tables.seen.get(mac, ()):
                if one.observer != address and tables.current(one):
                    yield one.observer, one.port
    for address in tables.latest:
        for place in places[address].values():
            for name, value, _, part in place.facts:
                if name in ("neighbour.mac", "neighbour.address"):
                    text = str(value)
                    if owners.get(plain_mac(text) or text, address) != address:
                        yield address, part


def _line(text: str, where: Sighting, tables: Tables) -> None:
    """One line of an ARP table, "address=hardware address"."""
    address, _, hardware = text.partition("=")
    mac = _single(hardware)
    if mac and _usable(address):
        tables.spoken.setdefault(address, set()).add(mac)
        known = tables.lines.get((address, mac))
        if known is None or known.last < where.last:
            tables.lines[address, mac] = where


def _single(text: str) -> str:
    """A hardware address of one device, or ""."""
    mac = plain_mac(text)
    blank = mac in ("", "00:00:00:00:00:00")
    return "" if blank or mac.startswith(ROUTERS) else mac


def _usable(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_multicast or address.is_unspecified)


def _scan(place: Place, time: str) -> str:
    return next((s for s, (low, high) in place.scans.items() if low <= time <= high), "")


def _known(
    around: Mapping[str, Outline], register: Iterable[RegisterRow], tables: Tables
) -> dict[str, set[str]]:
    """Hardware address → addresses that it has: by its own word, ARP tables and the register."""
    known: defaultdict[str, set[str]] = defaultdict(set)
    for address, one in around.items():
        for mac in one.own:
            known[mac].add(address)
    for address, macs in tables.spoken.items():
        for mac in macs:
            known[mac].add(address)
    for row in register:
        mac = plain_mac(row.mac)
        if mac and row.address:
            known[mac].add(row.address)
    return known


def _own(here: dict[str, Place]) -> set[str]:
    """Hardware addresses that the device at this place is known to have."""
    return {
        mac
        for place in here.values()
        for name, value, _, _ in place.facts
        if name in OWN and (mac := plain_mac(str(value)))
    }


def shown_macs(places: Places, wanted: set[str]) -> frozenset[str]:
    """Of these hardware addresses, those that something which is there has or is known by."""
    found = set()
    for address, here in places.items():
        if any(place.alive for place in here.values()):
            found |= wanted & ({plain_mac(address)} | _own(here))
    return frozenset(found)


def shown_serials(places: Places, wanted: set[str]) -> frozenset[str]:
    """Of these serial numbers (plain), those that something which is there states."""
    return frozenset(
        serial
        for here in places.values()
        if any(place.alive for place in here.values())
        for place in here.values()
        for name, value, _, _ in place.facts
        if name == "serial" and (serial := plain_serial(str(value))) in wanted
    )


def _added(
    places: Places,
    around: Mapping[str, Outline],
    known: dict[str, set[str]],
    tables: Tables,
    listed: set[str],
) -> Iterator[Seen]:
    """What the tables add: hardware addresses of known devices, places, and silent devices.

    `listed` are the hardware addresses that the register names.
    """
    for address, macs in sorted(tables.spoken.items()):
        mac = next(iter(macs)) if len(macs) == 1 else ""
        at = [one for one in known.get(mac, ()) if plain_mac(one) == ""]
        if mac and len(at) <= MOST_PER_ADDRESS:
            where = tables.lines[address, mac]
            yield from _fact(address, where, ("mac", mac, f"ip-mib table of {where.observer}"))
    unresolved, ports = _unresolved(around, tables), _Ports(places)
    for mac, sightings in sorted(tables.seen.items()):
        where = _edge(sightings, tables)
        addresses = sorted(one for one in known.get(mac, ()) if plain_mac(one) == "")
        if len(addresses) > MOST_PER_ADDRESS:
            continue
        named = addresses or mac in around or mac in listed
        if not named and _could_be_known(mac, sightings, unresolved):
            continue
        port = "on" if tables.crowd.get((where.observer, where.port), 1) == 1 else "behind"
        said = f"{port} {ports(where)}"
        for address in addresses or [mac]:
            yield from _fact(address, where, ("attached", said, where.source))
            if address == mac:
                yield from _fact(mac, where, ("mac", mac, where.source))
                if maker := device_maker(mac):
                    prefix = "IEEE prefix of its hardware address"
                    yield from _fact(mac, where, ("vendor", maker, prefix))


def _fact(address: str, where: Sighting, fact: tuple[str, str, str]) -> Iterator[Seen]:
    for time in sorted({where.first, where.last}):
        yield Seen(
            where.scan, address, "link", 0, "table", "", 0, "complete", "", time, "scan",
            ((*fact, ""),), (), (),
        )  # fmt: skip


def _edge(sightings: Iterable[Sighting], tables: Tables) -> Sighting:
    """The port nearest to the device: no trunk, then fewest other addresses. What a switch no
    longer tells counts only where no switch tells anything: then its latest word does."""
    told = sorted(sightings, key=lambda one: (one.observer, one.port))
    now = [one for one in told if tables.current(one)]
    if not now:
        return max(told, key=lambda one: one.last)

    def far(one: Sighting) -> tuple[bool, int]:
        port = (one.observer, one.port)
        return port in tables.trunks, tables.crowd[port]

    return min(now, key=far)


def _makers(here: dict[str, Place]) -> tuple[str, ...]:
    root = here.get("")
    said = [str(f[1]) for f in root.facts if f[0] == "vendor" and not f[3]] if root else []
    return tuple(map(plain_vendor, said))


def _unresolved(around: Mapping[str, Outline], tables: Tables) -> list[tuple[str, str]]:
    """(address, maker, "" unknown) of what answered and whose hardware address is not known."""
    found = []
    for address, one in around.items():
        if not one.alive or plain_mac(address) or one.own or tables.spoken.get(address):
            continue
        found += [(address, maker) for maker in one.makers] or [(address, "")]
    return found


def _could_be_known(
    mac: str, sightings: Iterable[Sighting], unresolved: Sequence[tuple[str, str]]
) -> bool:
    """Whether it may belong to a device that answered; never to a switch that learned it."""
    maker, learners = plain_vendor(device_maker(mac)), {one.observer for one in sightings}
    return any(
        address not in learners
        and (not one or not maker or one.startswith(maker) or maker.startswith(one))
        for address, one in unresolved
    )


class _Ports:
    """What switches call themselves and their ports; each is read once, it may have hundreds."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[str, tuple[str, dict[str, str]]] = {}

    def __call__(self, where: Sighting) -> str:
        """The port, else its number, and the switch, else its address: "Gi1/0/7 of sw 1"."""
        name, ports = self._read(where.observer)
        port = ports.get(where.port, "") or where.port or "a port"
        port = port if any(map(str.isalpha, port)) else f"port {port}"
        return f"{port} of {name}"

    def _read(self, address: str) -> tuple[str, dict[str, str]]:
        known = self._known.get(address)
        if known is None:
            root = self._places.get(address, {}).get("")
            names: dict[str, tuple[str, str]] = {}
            for (name, value, _, part), (_, last) in root.facts.items() if root else ():
                if value and (name == "interface.name" or (name == "name" and not part)):
                    about = f"port {part}" if name == "interface.name" else ""
                    names[about] = max(names.get(about, ("", "")), (last, str(value)))
            ports = {about[5:]: told for about, (_, told) in names.items() if about}
            known = self._known[address] = (names.get("", ("", address))[1], ports)
        return known


def _merge(mine: Place, other: Place) -> None:
    """Counts what a table says in at a place that is known already."""
    for fact, (first, last) in other.facts.items():
        low, high = mine.facts.get(fact, (first, last))
        mine.facts[fact] = (min(low, first), max(high, last))
    mine.alive = True
    mine.first, mine.last = min(mine.first, other.first), max(mine.last, other.last)
    mine.heard_first = min(mine.heard_first, other.heard_first)
    mine.heard_last = max(mine.heard_last, other.heard_last)
    for scan, (first, last) in other.scans.items():
        low, high = mine.scans.get(scan, (first, last))
        mine.scans[scan] = (min(low, first), max(high, last))
