"""Silent devices: what switch tables and ARP tables know, joined with what answered.

One rule keeps it simple: a hardware address that a switch learned, or that a neighbour of its told,
is an asset of its own only where it cannot be a device that is known already: it has an address of
its own by some ARP table or by the neighbour's word, or every device that it could be has shown
another hardware address or system name, or its maker is another one, or it is the switch itself,
which learns nobody's address but others'. One that the register names is that row's device.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from inventory.derive.identity import plain_mac, plain_serial, plain_vendor
from inventory.derive.oui import device_maker
from inventory.derive.places import Place, Places, Seen, gather
from inventory.derive.sightings import Neighbour, Sighting, Tables, own, read
from inventory.model import RegisterRow

MOST_PER_ADDRESS = 4  # addresses behind one hardware address before it counts as a router


class Outline(NamedTuple):
    """What tables are compared with, of one address."""

    own: tuple[str, ...]  # hardware addresses that the device there is known to have
    alive: bool
    makers: tuple[str, ...]
    names: tuple[str, ...] = ()  # what its agent is called (SNMP)


def outlines(places: Places) -> dict[str, Outline]:
    """The outline of every address."""
    return {
        address: Outline(
            tuple(own(here)),
            any(place.alive for place in here.values()),
            _makers(here),
            _names(here),
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
    tables = read(places)
    if not (tables.seen or tables.spoken or tables.near):
        return []
    known = _known(around, register, tables)
    listed = {plain_mac(row.mac) for row in register}
    near = _tied(around, known, tables)
    return [
        *_resolved(known, tables),
        *_seen(places, around, known, tables, listed, near),
    ]


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


def shown_macs(places: Places, wanted: set[str]) -> frozenset[str]:
    """Of these hardware addresses, those that something which is there has or is known by."""
    found = set()
    for address, here in places.items():
        if any(place.alive for place in here.values()):
            found |= wanted & ({plain_mac(address)} | own(here))
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


def _resolved(known: Mapping[str, set[str]], tables: Tables) -> Iterator[Seen]:
    """The hardware addresses that ARP tables tell."""
    for address, macs in sorted(tables.spoken.items()):
        mac = next(iter(macs)) if len(macs) == 1 else ""
        at = [one for one in known.get(mac, ()) if plain_mac(one) == ""]
        if mac and len(at) <= MOST_PER_ADDRESS:
            where = tables.lines[address, mac]
            yield from _fact(address, where, ("mac", mac, f"ip-mib table of {where.observer}"))


def _tied(
    around: Mapping[str, Outline], known: dict[str, set[str]], tables: Tables
) -> dict[str, list[Neighbour]]:
    """Neighbours by hardware address, or by the address where they tell no other; `known` and what
    was seen take in the addresses that they tell."""
    claims: dict[str, set[str]] = {}
    for one in filter(lambda one: tables.current(one.where), tables.near):
        for address in one.addresses:
            who = one.mac or _short(one.words.get("name", "")) or f"{one.where}"
            claims.setdefault(address, set()).add(who)
    near: dict[str, list[Neighbour]] = {}
    for one in tables.near:
        if one.mac:
            near.setdefault(one.mac, []).append(one)
        for address in one.addresses:
            there = around.get(address)
            macs = {*tables.spoken.get(address, ()), *(there.own if there else ())}
            if len(claims.get(address, ())) > 1 or not _may_be(one, there, macs):
                continue
            who = one.mac or (min(macs) if len(macs) == 1 else address)
            known.setdefault(who, set()).add(address)
            if not one.mac:
                tables.look(who, one.where)
                near.setdefault(who, []).append(one)
    return near


def _may_be(one: Neighbour, other: Outline | None, macs: Iterable[str]) -> bool:
    """Whether a neighbour can be what is known at the address that it tells: neither the makers
    nor the system names tell otherwise."""
    maker = plain_vendor(device_maker(one.mac))
    makers = {plain_vendor(device_maker(mac)) for mac in macs}
    if maker and makers - {""} and maker not in makers:
        return False
    return other is None or (_alike(maker, other.makers) and _called(one, other.names))


def _alike(maker: str, makers: Sequence[str]) -> bool:
    """Whether a maker by its prefix may be one of those named; so where either is not known."""
    named = [one for one in makers if one]
    return not (maker and named) or any(
        one.startswith(maker) or maker.startswith(one) for one in named
    )


def _called(one: Neighbour, names: Sequence[str]) -> bool:
    """Whether a neighbour may be an agent of these names: its own is the agent's sysName
    (IEEE 802.1AB, 9.5.6)."""
    mine = _short(one.words.get("name", ""))
    return not (mine and names) or mine in map(_short, names)


def _short(name: str) -> str:
    """A system name as it is compared: the host's, without its domain."""
    return name.strip().casefold().partition(".")[0]


def _seen(
    places: Places,
    around: Mapping[str, Outline],
    known: dict[str, set[str]],
    tables: Tables,
    listed: set[str],
    near: Mapping[str, Sequence[Neighbour]],
) -> Iterator[Seen]:
    """Who hangs on which port: known devices, places, and silent devices.

    `listed` are the hardware addresses that the register names.
    """
    unresolved, ports = _unresolved(around, tables), _Ports(places)
    for mac, sightings in sorted(tables.seen.items()):
        where = _edge(sightings, tables)
        addresses = sorted(one for one in known.get(mac, ()) if plain_mac(one) == "")
        if len(addresses) > MOST_PER_ADDRESS:
            continue
        named = addresses or mac in around or mac in listed
        if not named and _could_be_known(mac, sightings, unresolved, near.get(mac, ())):
            continue
        alone = where.direct or tables.crowd.get((where.observer, where.port), 1) == 1
        said = f"{'on' if alone else 'behind'} {ports(where)}"
        for address in addresses or [mac]:
            yield from _fact(address, where, ("attached", said, where.source))
            if address == plain_mac(mac):
                yield from _fact(mac, where, ("mac", mac, where.source))
                if maker := device_maker(mac):
                    prefix = "IEEE prefix of its hardware address"
                    yield from _fact(mac, where, ("vendor", maker, prefix))
            elif _only_told(address, around, tables, near.get(mac, ())) and plain_mac(mac):
                yield from _fact(address, where, ("mac", mac, where.source))
            yield from _words(address, tables, near.get(mac, ()))


def _only_told(
    address: str, around: Mapping[str, Outline], tables: Tables, near: Iterable[Neighbour]
) -> bool:
    """Whether it is a neighbour's word alone that gives an address its hardware address."""
    shown = address in tables.spoken or (address in around and around[address].own)
    return not shown and any(address in one.addresses for one in near)


def _words(address: str, tables: Tables, near: Sequence[Neighbour]) -> Iterator[Seen]:
    """What a device said of itself to its neighbours, the switches; of an old word where none is
    said now."""
    now = [one for one in near if tables.current(one.where)]
    for one in now or near:
        source = f"LLDP-MIB of {one.where.observer}"
        port = one.words.get("port", "")
        said = {name: one.words.get(name, "") for name in ("name", "description", "role")}
        said["interface.mac" if plain_mac(port) else "interface.name"] = port
        for name, text in said.items():
            if text and text != one.mac:
                yield from _fact(address, one.where, (name, text, source))


def _fact(address: str, where: Sighting, fact: tuple[str, str, str]) -> Iterator[Seen]:
    for time in sorted({where.first, where.last}):
        yield Seen(
            where.scan, address, "link", 0, "table", "", 0, "complete", "", time, "scan",
            ((*fact, ""),), (), (),
        )  # fmt: skip


def _edge(sightings: Iterable[Sighting], tables: Tables) -> Sighting:
    """The port nearest to the device: where it named itself, no trunk, then fewest other addresses.
    What a switch no longer tells counts only where no switch tells anything: then its latest word
    does."""
    told = sorted(sightings, key=lambda one: (one.observer, one.port))
    now = [one for one in told if tables.current(one)]
    if not now:
        return max(told, key=lambda one: one.last)

    def far(one: Sighting) -> tuple[bool, bool, int]:
        port = (one.observer, one.port)
        return not one.direct, port in tables.trunks, tables.crowd.get(port, 0)

    return min(now, key=far)


def _makers(here: dict[str, Place]) -> tuple[str, ...]:
    root = here.get("")
    said = [str(f[1]) for f in root.facts if f[0] == "vendor" and not f[3]] if root else []
    return tuple(map(plain_vendor, said))


def _names(here: dict[str, Place]) -> tuple[str, ...]:
    root = here.get("")
    return tuple(
        str(value)
        for name, value, source, part in (root.facts if root else ())
        if name == "name" and not part and source.startswith("snmp")
    )


def _unresolved(around: Mapping[str, Outline], tables: Tables) -> list[tuple[str, Outline]]:
    """What answered and whose hardware address is not known, with its address."""
    return [
        (address, one)
        for address, one in around.items()
        if one.alive and not (plain_mac(address) or one.own or tables.spoken.get(address))
    ]


def _could_be_known(
    mac: str,
    sightings: Iterable[Sighting],
    unresolved: Sequence[tuple[str, Outline]],
    near: Sequence[Neighbour],
) -> bool:
    """Whether it may belong to a device that answered; never to a switch that learned it."""
    maker, learners = plain_vendor(device_maker(mac)), {one.observer for one in sightings}
    return any(
        address not in learners
        and _alike(maker, one.makers)
        and all(_called(neighbour, one.names) for neighbour in near)
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
