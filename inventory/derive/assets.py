"""Assets from observations and declarations: who is there, who is the same, who was planned.

One rule keeps it simple: a pure function of its arguments, the same whatever their order; adding
what is known already changes nothing. Points stay in the observations and are only counted here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from inventory.derive import declared, ties
from inventory.derive.clusters import Cluster, assign, clusters, join_stated, splits
from inventory.derive.devices import PlaceOf, device_of, places_of
from inventory.derive.identity import placeholder, plain_mac, plain_serial
from inventory.derive.nodes import Node, echoes, nodes
from inventory.derive.places import Places, Seen, gather, seen
from inventory.derive.register import ITSELF, Index, Match, alone, gateways
from inventory.derive.silent import beside, joined, shown_macs, shown_serials
from inventory.judge.evidence import assemble
from inventory.model import (
    ELSEWHERE,
    Declaration,
    Device,
    Equipment,
    Evidence,
    Kind,
    Link,
    Merge,
    RegisterRow,
)
from protocols.contract import Observation, Openness


@dataclass(frozen=True, slots=True)
class Planned:
    """One register row and the device that it means; `seen` tells whether that one answered."""

    row: RegisterRow
    device: str
    seen: bool
    why: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that is derived about a site."""

    site: str
    devices: tuple[Device, ...]
    equipment: tuple[Equipment, ...]
    links: tuple[Link, ...]
    planned: tuple[Planned, ...] = ()
    places: tuple[PlaceOf, ...] = ()
    keys: tuple[Declaration, ...] = ()  # to be recorded, once
    counted: Mapping[str, int] = field(default_factory=dict)  # outcome → addresses, no asset
    ties: tuple[ties.Ties, ...] = ()  # what ties its devices to each other

    @property
    def found_not_planned(self) -> tuple[Device, ...]:
        """Devices that answered and that no register row means."""
        return tuple(d for d in self.devices if d.seen and d.register is None)

    @property
    def planned_not_found(self) -> tuple[Planned, ...]:
        """Register rows whose device did not answer."""
        return tuple(one for one in self.planned if not one.seen)


def derive(
    site: str,
    observations: Iterable[Observation],
    declarations: Iterable[Declaration],
    openness: Mapping[str, Openness] | None = None,
) -> Inventory:
    """The inventory of a site from whole observations (tests, small imports)."""
    return derive_seen(site, map(seen, observations), declarations, openness)


def derive_seen(
    site: str,
    observations: Iterable[Seen],
    declarations: Iterable[Declaration],
    openness: Mapping[str, Openness] | None = None,
    *,
    told: Sequence[Seen] | None = None,
) -> Inventory:
    """The inventory of a site, from the part of each observation that derivation needs.

    `told` is what the tables of the whole site add (`derive.silent`), where this is a part of it.
    """
    places = gather(observations)
    return _Derivation(site, places, tuple(declarations), openness or {}, told).run()


class _Derivation:
    """The steps, in order; each fills what the next one needs."""

    def __init__(
        self,
        site: str,
        places: Places,
        declarations: tuple[Declaration, ...],
        openness: Mapping[str, Openness],
        told: Sequence[Seen] | None = None,
    ) -> None:
        self.site = site
        self.told = told
        self.places = places
        self.declarations = declarations
        self.openness = openness
        self.echoing: frozenset[str] = frozenset()
        self.register = declared.rows(declarations)
        self.gateways = gateways(self.register)
        self.alone = alone(self.register)
        self.stated = declared.stated_fields(declarations)

    def run(self) -> Inventory:
        if self.told is None:
            self.places = joined(self.places, self.register)
        else:
            self.places = beside(self.places, self.told)
        found = nodes(self.places, self._declared_places())
        grouped = _with_parents(clusters(found, splits(self.declarations)))
        recorded = [d for d in self.declarations if d.kind is Kind.KEY]
        keys = assign(self.site, grouped, recorded)
        grouped = join_stated(grouped, self.declarations)
        owner = {id(node): cluster for cluster in grouped for node in cluster.nodes}
        roots = {node.address: owner[id(node)].key for node in found if not node.part}
        for cluster in grouped:
            parent = roots.get(cluster.nodes[0].address, "") if cluster.part else ""
            cluster.parent = parent if parent != cluster.key else ""
        counted = self._counted(found)
        telling = self._telling()
        self._forget_places()
        devices: dict[str, Device] = {}
        where: list[PlaceOf] = []
        for cluster in grouped:
            where.extend(places_of(self.site, cluster))
            devices[cluster.key] = device_of(self.site, cluster, self.openness)
            for node in cluster.nodes:
                node.places = ()  # half of all that is held, and nobody asks for it again
        known = ties.recorded((*recorded, *keys))
        tied = tuple(ties.ties(grouped, devices, known, telling))
        index = Index()
        if self.register or any(d.kind is Kind.LINK for d in self.declarations):
            for device in devices.values():
                index.add(device)
        planned = self._plan(devices, index)
        if nobody := _meant_elsewhere(devices, planned):
            index.redirect(nobody)
            devices = {key: one for key, one in devices.items() if key not in nobody}
            where = [one for one in where if one.asset in devices]
        self._state(devices)
        linked = self._links(devices, index)
        units = declared.equipment(self.site, self.register, linked, self.stated)
        everything = tuple(link for links in linked.values() for link in links)
        ordered = tuple(sorted(devices.values(), key=in_order))
        return Inventory(
            self.site,
            ordered,
            tuple(units),
            everything,
            planned,
            tuple(where),
            tuple(keys),
            counted,
            tied,
        )

    def _declared_places(self) -> dict[str, frozenset[str]]:
        """Address → parts that the register names there.

        Not where the row's device shows its hardware address or serial number elsewhere and nothing
        answers here: that row is about the other one, and would leave a device that nobody knows.
        """
        named: dict[str, set[str]] = {}
        shown = self._shown()
        for one in self.register:
            if declared.wants_device(one) and not self._elsewhere(one, shown):
                part = declared.bus_part(one.unit)
                address = one.address or (
                    self.gateways.get(one.parent.casefold(), "") if part else ""
                )
                if address in self.alone:
                    part = ""
                if address:
                    named.setdefault(address, set()).update({"", part} if part else {""})
        return {address: frozenset(parts) for address, parts in named.items()}

    def _shown(self) -> frozenset[str]:
        """Hardware addresses and serial numbers of rows with an address that something shows."""
        rows = [one for one in self.register if one.address and (one.mac or one.serial)]
        macs = {plain_mac(one.mac) for one in rows} - {""}
        serials = {
            plain_serial(one.serial) for one in rows if not placeholder("serial", one.serial)
        }
        shown = shown_macs(self.places, macs) if macs else frozenset()
        return shown | (shown_serials(self.places, serials) if serials else frozenset())

    def _elsewhere(self, one: RegisterRow, shown: frozenset[str]) -> bool:
        here = self.places.get(one.address, {}).values()
        keys = {plain_mac(one.mac), plain_serial(one.serial)} - {""}
        return bool(keys & shown) and not any(place.alive for place in here)

    def _plan(self, devices: dict[str, Device], index: Index) -> tuple[Planned, ...]:
        """Matches every row about a device; makes devices of those that are nowhere."""
        planned: list[Planned] = []
        self._claim(devices, index)
        for one in self.register:
            if not declared.wants_device(one):
                continue
            where = self.gateways.get(one.parent.casefold(), "")
            match = index.row(one, where)
            if not match.key and one.address in self.alone:
                match = index.row(replace(one, unit=""), where)
            taken = "" if declared.is_equipment(one) else index.taken(match)
            if taken:
                match = Match("", "")
            folded = not match.key and not taken and self._echoes(one, where)
            if folded:
                match = Match(index.find(one.address or where).key, "it answers every unit alike")
            device = devices.get(match.key)
            if device is None:
                device = self._nowhere(one, index)
                if taken:
                    device = replace(device, merges=(Merge(ELSEWHERE, taken),))
                devices[device.key] = device
                index.add(device)
            if folded and device.register:
                device = _folded(device, one, match)
                devices[device.key] = device
            if not declared.is_equipment(one) and not (folded and device.register):
                device = _planned(device, one, match)
                devices[device.key] = device
                for text in (one.tag, one.name):
                    index.name(text, device.key)
            planned.append(Planned(one, device.key, device.seen, match.why))
        return tuple(planned)

    def _claim(self, devices: Mapping[str, Device], index: Index) -> None:
        """First of all, which devices stand elsewhere than their rows say, by a serial number or
        hardware address: another row that names the address alone does not mean those."""
        for one in self.register:
            if one.address and (one.serial or one.mac) and not declared.is_equipment(one):
                match = index.row(one, self.gateways.get(one.parent.casefold(), ""))
                if match.strong and one.address not in devices[match.key].addresses:
                    index.claim(match.key, declared.label(one))

    def _echoes(self, one: RegisterRow, where: str) -> bool:
        """Whether a row names a unit of a device that answers for itself whatever unit is asked."""
        return (one.address or where) in self.echoing and bool(declared.bus_part(one.unit))

    def _telling(self) -> frozenset[str]:
        """Addresses whose tables tell of other devices."""
        return frozenset(
            address
            for address, here in self.places.items()
            if any(place.tables for place in here.values())
        )

    def _forget_places(self) -> None:
        """Keeps of the places what register rows still need."""
        if self.register:
            self.echoing = frozenset(name for name, here in self.places.items() if echoes(here))
        self.places = {}

    def _nowhere(self, one: RegisterRow, index: Index) -> Device:
        """A device that only the register knows."""
        part = declared.bus_part(one.unit) if one.parent else ""
        parent = index.find(one.parent).key
        return Device(
            ties.nowhere_key(self.site, one),
            self.site,
            addresses=(one.address,) if one.address else (),
            parent=parent,
            part=part if parent else "",
            seen=False,
        )

    def _state(self, devices: dict[str, Device]) -> None:
        """A person's word over a scan's; it follows the asset through merges."""
        for key, device in devices.items():
            stated: dict[str, str] = {}
            for name in (*device.aliases, key):
                stated.update(self.stated.get(name, {}))
            known = {name: value for name, value in stated.items() if name in SETTABLE}
            if known:
                devices[key] = replace(device, **known)  # type: ignore[arg-type]
            row = {n: v for n, v in stated.items() if n in _ROW_FIELDS}
            if row:
                base = devices[key].register or RegisterRow()
                devices[key] = replace(devices[key], register=replace(base, **row))

    def _links(self, devices: Mapping[str, Device], index: Index) -> dict[str, list[Link]]:
        """Links per equipment tag: stated ones, then those proposed by the register."""
        linked: dict[str, list[Link]] = {}
        for one in declared.links(self.declarations):
            part = declared.bus_part(one.part)
            match = index.find(one.device, part) if part else Match("", "")
            key = match.key or index.find(one.device).key
            device = devices.get(key)
            own = device is not None and device.part == part and bool(part)
            own = own or (part in ITSELF and not match.key)  # no unit of its own: the device is it
            linked.setdefault(one.equipment, []).append(
                Link(
                    one.equipment,
                    key or one.device,
                    "" if own else one.part,
                    one.signal,
                    one.complete,
                    resolved=bool(key),
                    declaration=one.declaration,
                    stated=one.stated,
                )
            )
        for row in self.register:
            if declared.is_equipment(row):
                self._propose(row, index, linked)
        return linked

    def _propose(self, row: RegisterRow, index: Index, linked: dict[str, list[Link]]) -> None:
        tag = row.tag or row.name
        part = declared.bus_part(row.unit)
        key = index.find(row.address, part).key or index.find(row.address).key
        key = key or index.find(row.parent, part).key or index.find(row.parent).key
        known = {link.device for link in linked.get(tag, ())}
        if key and key not in known:
            linked.setdefault(tag, []).append(Link(tag, key, proposed=True))

    def _counted(self, found: Sequence[Node]) -> dict[str, int]:
        """Addresses that are no asset, by their strongest outcome (rulings 13)."""
        used = {node.address for node in found}
        count: Counter[str] = Counter()
        for address, here in self.places.items():
            if address not in used:
                outcomes = set().union(*(place.outcomes for place in here.values()))
                strongest = next((one for one in LIFELESS if one in outcomes), "other")
                count[strongest] += 1
        return dict(count)


LIFELESS = ("closed", "blocked", "silent", "no_path", "failed_here", "broken", "not_asked")
"""Outcomes of an address that is no asset, the strongest first."""

GENERIC_ROLES = frozenset({"", "ot-device", "ot-client"})
"""What a capture tells of who asks and who answers, and nothing else."""

SETTABLE = frozenset("name role vendor product model firmware hardware serial mac".split())  # noqa: SIM905 - a list of words
"""Fields of a device that `set` states."""

_ROW_FIELDS = frozenset("area line criticality redundancy owner tag".split())  # noqa: SIM905 - a list of words


def _meant_elsewhere(devices: Mapping[str, Device], planned: Sequence[Planned]) -> dict[str, str]:
    """What stands nowhere but at the address of a row that means another device, with the key of
    that one: nobody answers there, and nothing else says that somebody would."""
    stale = {
        one.row.address: one.device
        for one in planned
        if one.row.address and one.row.address not in devices[one.device].addresses
    }
    if not stale:
        return {}
    meant = {one.device for one in planned} | {one.parent for one in devices.values()}
    return {
        key: stale[one.addresses[0]]
        for key, one in devices.items()
        if key not in meant
        and not (one.seen or one.away or one.part)
        and stale.keys() >= set(one.addresses) > set()
    }


def in_order(device: Device) -> tuple[tuple[str, ...], str, str]:
    """The order of the devices of a site."""
    return (device.addresses[:1], device.part, device.key)


def _with_parents(found: list[Cluster]) -> list[Cluster]:
    """Joins units with one bus address behind gateways that are one device."""
    gateway = {
        node.at: index for index, one in enumerate(found) for node in one.nodes if not node.part
    }
    first: dict[tuple[int, str], Cluster] = {}
    for one in found:
        lead = gateway.get(one.nodes[0].address, -1)
        if not one.part or lead < 0:
            continue
        known = first.setdefault((lead, one.part), one)
        if known is not one and known.addresses().isdisjoint(one.addresses()):
            reason = "the same bus address behind the same gateway"
            known.merges.append(Merge(f"unit:{one.part}", reason))
            known.merges.extend(one.merges)
            known.nodes.extend(one.nodes)
            one.nodes = []
    return [one for one in found if one.nodes]


def _stated_role(heard: str, stated: str) -> str:
    """The device's own word; that it takes part in automation says less than a register's class."""
    return stated if stated and heard in GENERIC_ROLES else heard or stated


def _planned(device: Device, one: RegisterRow, match: Match) -> Device:
    """The device with what its register row says of it; the scan's own words stay."""
    merges = device.merges
    if match.why:
        merges = (*merges, Merge(f"register row {declared.label(one)}", match.why))
    before = device.register  # of a row that names the same address
    called = (device.name, before.tag, before.name) if before else (device.name,)
    aliases = tuple(n for n in called if n and n not in (one.tag, one.name))
    return replace(
        device,
        name=one.name or one.tag or device.name,
        role=_stated_role(device.role, declared.role(one.cls)),
        vendor=device.vendor or one.vendor,
        model=device.model or ("" if device.product else one.model),
        serial=device.serial or one.serial,
        mac=device.mac or one.mac.lower(),
        addresses=device.addresses or ((one.address,) if one.address else ()),
        aliases=tuple(dict.fromkeys((*device.aliases, *aliases))),
        register=one,
        merges=merges,
    )


def _folded(device: Device, one: RegisterRow, match: Match) -> Device:
    """The device with the names of a row about a unit of it that it does not tell apart."""
    names = (n for n in (one.tag, one.name) if n and n != device.name)
    merge = Merge(f"register row {declared.label(one)}", match.why)
    aliases = tuple(dict.fromkeys((*device.aliases, *names)))
    return replace(device, aliases=aliases, merges=(*device.merges, merge))


def evidence(
    device: Device, places: Iterable[PlaceOf], observations: Iterable[Observation]
) -> Evidence:
    """Everything known about one device, from observations of any devices."""
    mine = [place for place in places if place.asset == device.key]
    chosen = [one for one in observations if any(place.holds(one) for place in mine)]
    return assemble(device, chosen)


def moment(text: str) -> datetime | None:
    """The time of a stamp; None for none."""
    return datetime.fromisoformat(text) if text[:1].isdigit() else None
