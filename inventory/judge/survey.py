"""What a verdict on one asset needs to know of the whole site, gathered in one pass.

One rule keeps it simple: a `Context` holds compact facts only (counts, sets of short texts), so
that a site of 100 000 assets is surveyed by streaming over its evidence once.
"""

from __future__ import annotations

import ipaddress
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from inventory.derive.declared import bus_part, denies, is_equipment, label, row, yes
from inventory.derive.identity import ROUTERS, placeholder
from inventory.judge.evidence import assemble
from inventory.judge.naming import plain_tag
from inventory.judge.statements import says, stated
from inventory.judge.thresholds import Thresholds, thresholds
from inventory.model import Declaration, Device, Equipment, Evidence, Kind, RegisterRow
from inventory.signals.points import labelled, signature
from inventory.store import codec
from protocols.contract import SPOKE, Observation, Outcome

MOST_SIGNATURES = 16  # different point sets remembered per model
MOST_ANSWERS = 4096  # answers remembered per gateway
MOST_SEGMENTS = 200_000  # names of origin remembered over all aggregating servers
AGGREGATORS = frozenset({"server", "historian", "gateway", "aggregator", "broker", "scada"})
PLACEHOLDERS = frozenset(
    {"", "0", "00", "000000", "00000000", "na", "none", "null", "unknown", "default", "tbd"}
    | {"serialnumber", "serial", "notset", "123456", "12345678", "1234567890", "ffffffff"}
)
"""Serial numbers that say nothing; compared without punctuation and in lower case."""
SHARED_MACS = (*ROUTERS, "00:00:00:00:00")
"""Virtual router addresses (RFC 5798, HSRP) and zeros: no collision."""


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
        found = _address(address)
        return found is not None and any(found in network for network in _networks(self.covers))


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
    connectors: frozenset[str] = frozenset()
    maps_complete: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """Vendor and model (letters and digits) → the firmware that a complete map is for; "" any."""
    criticality: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    behind: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Criticality and redundancy of each machine that a device monitors, by the device."""
    classes: Mapping[str, str] = field(default_factory=dict)
    monitors: Mapping[str, frozenset[str]] = field(default_factory=dict)
    neighbours: Mapping[str, tuple[Neighbour, ...]] = field(default_factory=dict)
    """Machines by the device that monitors them, where that device monitors several."""
    tags: frozenset[str] = frozenset()
    """Tags of all machines, plain."""
    addressed: Mapping[str, RegisterRow] = field(default_factory=dict)
    """Register rows of machines by what they name: "10.0.0.5", or "10.0.0.5 unit 4" and "via
    10.0.0.5", the gateway; and keys of devices."""
    claimed: Mapping[str, str] = field(default_factory=dict)
    """Address to label, of the register rows of devices that name one."""
    siblings: Mapping[tuple[str, ...], Mapping[frozenset[str], int]] = field(default_factory=dict)
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
            address = _address(text)
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


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def survey(
    evidence: Iterable[Evidence],
    equipment: Iterable[Equipment] = (),
    declarations: Iterable[Declaration] = (),
    *,
    today: datetime,
    site: str = "",
    clock_synchronised: bool | None = None,
) -> Context:
    """The context of a site: one pass over its evidence, equipment and declarations."""
    gathered = Gathered()
    for item in evidence:
        gathered.add(item)
    return context_from(
        gathered, equipment, declarations,
        today=today, site=site, clock_synchronised=clock_synchronised,
    )  # fmt: skip


def context_from(
    gathered: Gathered,
    equipment: Iterable[Equipment] = (),
    declarations: Iterable[Declaration] = (),
    *,
    today: datetime,
    site: str = "",
    clock_synchronised: bool | None = None,
) -> Context:
    """The context of a site from what its evidence gave, its equipment and its declarations."""
    stated = _Stated(today)
    for declaration in declarations:
        stated.add(declaration)
    units = tuple(equipment)
    ranks, classes, monitors = _of_equipment(units)
    rows = addressed(units)
    behind = {
        gateway: [any(name in rows for name in names) for names in several]
        for gateway, several in gathered.unlisted.items()
    }
    return Context(
        today=today,
        site=site,
        vantages=stated.vantages,
        collection=next((v.name for v in stated.vantages.values() if v.collection), ""),
        zones=tuple(stated.zones.values()),
        conduits=stated.conduits,
        register=stated.register,
        entitlements=stated.entitlements,
        credential_types=stated.credential_types,
        thresholds=thresholds(stated.limits),
        waivers=stated.waivers,
        attested={key: tuple(items) for key, items in stated.attested.items()},
        connectors=frozenset(stated.connectors),
        maps_complete=stated.maps_complete,
        criticality=ranks,
        behind=_behind(units),
        classes=classes,
        monitors=monitors,
        neighbours=_neighbours(units),
        tags=frozenset(plain for one in units if (plain := plain_tag(one.tag))),
        addressed=rows,
        claimed=stated.claimed,
        siblings=gathered.siblings,
        collisions={name: tuple(keys) for name, keys in gathered.collisions.items()},
        origins=gathered.origins,
        names=gathered.names,
        answered={key: tuple(items) for key, items in gathered.answered.items()},
        listed=frozenset({*gathered.listed, *(key for key, some in behind.items() if any(some))}),
        unlisted=frozenset(key for key, some in behind.items() if not all(some)),
        asked=tuple(sorted(gathered.asked)),
        clocks_near=gathered.clocks_near,
        clock_synchronised=clock_synchronised,
    )


def addressed(equipment: Iterable[Equipment]) -> dict[str, RegisterRow]:
    """Rows of machines by the devices that they name: by address and unit, or behind a parent."""
    return {text: held for one in equipment if (held := one.register) for text in _named(one, held)}


def _named(one: Equipment, held: RegisterRow) -> Iterator[str]:
    at, part = held.address, bus_part(held.unit)
    if at:
        yield from (f"{at} {part}", f"via {at}") if part else (at,)
    if at or held.parent:
        yield from (link.device for link in one.links if link.proposed or held.parent)


def row_of(device: Device, addressed: Mapping[str, RegisterRow]) -> RegisterRow | None:
    """The register row that declares a device: its own, or that of a machine which names where its
    data is (rulings 22).

    A unit is known by its own number; by the gateway's address only where that row names none.
    """
    if device.register is not None or not addressed:
        return device.register
    return next((addressed[text] for text in _names(device) if text in addressed), None)


def _names(device: Device) -> Iterator[str]:
    yield from _own_names(device)
    yield from device.addresses


def _own_names(device: Device) -> tuple[str, ...]:
    """Names that a unit does not share with the others of its gateway."""
    own = f"{{}} {device.part}" if device.part else "via {}"
    return (device.key, *map(own.format, device.addresses))


def _of_equipment(
    equipment: Iterable[Equipment],
) -> tuple[dict[str, tuple[str, str]], dict[str, str], dict[str, frozenset[str]]]:
    """Per device key: the worst criticality (with redundancy) and class of what it monitors, and
    the parts of it that are linked to a machine ("" for the whole device)."""
    ranks: dict[str, tuple[str, str]] = {}
    classes: dict[str, str] = {}
    monitors: dict[str, frozenset[str]] = {}
    for unit in equipment:
        for link in unit.links:
            if link.proposed or not link.resolved:
                continue
            if unit.criticality and unit.criticality > ranks.get(link.device, ("", ""))[0]:
                ranks[link.device] = (unit.criticality, unit.redundancy)
            classes.setdefault(link.device, unit.cls)
            monitors[link.device] = monitors.get(link.device, frozenset()) | {link.part}
    return ranks, classes, monitors


def _behind(equipment: Iterable[Equipment]) -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for unit in equipment:
        for device in dict.fromkeys(unit.monitored_by):
            found.setdefault(device, []).append((unit.criticality, unit.redundancy))
    return {key: tuple(several) for key, several in found.items()}


def _neighbours(equipment: Iterable[Equipment]) -> dict[str, tuple[Neighbour, ...]]:
    found: dict[str, dict[str, Neighbour]] = {}
    for unit in equipment:
        for link in unit.links:
            if link.proposed or not link.resolved:
                continue
            known = found.setdefault(link.device, {})
            before = known.get(unit.key)
            whole = not (link.part or link.signal) or (before is not None and before.whole)
            known[unit.key] = Neighbour(plain_tag(unit.tag), unit.cls, whole)
    return {key: tuple(some.values()) for key, some in found.items() if len(some) > 1}


class Gathered:
    """Grows while evidence streams by.

    `limited` is the whole of a site, which stays small; one that is not is a part of it, to be
    absorbed into the whole in the order of the parts: then the whole is what it would have been.
    """

    def __init__(self, *, limited: bool = True) -> None:
        self.limited = limited
        self.siblings: dict[tuple[str, ...], dict[frozenset[str], int]] = {}
        self.first_owner: dict[str, str] = {}
        self.collisions: dict[str, list[str]] = {}
        self.origins: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.answered: dict[str, list[Answered]] = {}
        self.listed: set[str] = set()
        self.unlisted: dict[str, list[tuple[str, ...]]] = {}
        """Gateway → names of each unit that no row of its own declares: a machine's may."""
        self.asked: set[int] = set()
        self._asked_last = ""
        self.clocks_near = 0

    def add(self, evidence: Evidence) -> None:
        """Counts in one device."""
        device = evidence.device
        self._device(device)
        group = sibling_group(device)
        if group and evidence.points:
            self._sibling(group, signature(evidence.points), 1)
        if device.role in AGGREGATORS:
            self.names[device.key] = device.name
            self._origins(evidence)
        self._observations(evidence)

    def add_kept(self, device: Device, rows: Sequence[Sequence[object]]) -> None:
        """The same from rows of `codec.SURVEYED_COLUMNS`. Most devices list their points once, name
        no unit and collect nothing: of those no observation and no point is made."""
        listings = [str(one[_POINTS]) for one in rows if one[_POINTS]]
        if len(listings) > 1 or device.role in AGGREGATORS or any(map(_of_unit, rows)):
            several = [codec.surveyed(one, device.site) for one in rows]
            self.add(assemble(device, several))
            return
        self._device(device)
        group = sibling_group(device) if listings else ()
        if group:
            self._sibling(group, kept_signature(listings[0]), 1)
        for one in rows:
            if one[_OUTCOME] != Outcome.NOT_ASKED:
                self._ask(str(one[_ADDRESS]))

    def _device(self, device: Device) -> None:
        for identity in identities(device):
            self.own(identity, device.key)
        if device.parent and device.part:
            if device.register:
                self.listed.add(device.parent)
            else:
                self.unlisted.setdefault(device.parent, []).append(_own_names(device))
        for fact in device.facts:
            if fact.name == "clock_skew_seconds" and isinstance(fact.value, (int, float)):
                self.clocks_near += abs(fact.value) <= 2

    def _ask(self, text: str) -> None:
        if text != self._asked_last:
            self._asked_last = text
            address = number_of(text)
            if address is not None:
                self.asked.add(address)

    def absorb(self, part: Gathered) -> None:
        """Counts in what another part of the site gave; parts come in the order of the site."""
        for identity, key in part.first_owner.items():
            for other in part.collisions.get(identity, (key,)):
                self.own(identity, other)
        for group, seen in part.siblings.items():
            for points, count in seen.items():
                self._sibling(group, points, count)
        for segment, key in part.origins.items():
            self._origin(segment, key)
        self.names |= part.names
        for gateway, answers in part.answered.items():
            known = self.answered.setdefault(gateway, [])
            known += answers[: MOST_ANSWERS - len(known)]
        self.listed |= part.listed
        for gateway, units in part.unlisted.items():
            self.unlisted.setdefault(gateway, []).extend(units)
        self.asked |= part.asked
        self.clocks_near += part.clocks_near

    def own(self, identity: str, key: str) -> None:
        """Counts in that a device states an identity."""
        owner = self.first_owner.setdefault(identity, key)
        if owner != key:
            self.collisions.setdefault(identity, [owner]).append(key)

    def _sibling(self, group: tuple[str, ...], points: frozenset[str], count: int) -> None:
        seen = self.siblings.setdefault(group, {})
        if points in seen or not self.limited or len(seen) < MOST_SIGNATURES:
            seen[points] = seen.get(points, 0) + count

    def _origins(self, evidence: Evidence) -> None:
        for point in evidence.points:
            if point.path:
                for segment in point.path.replace("\\", "/").split("/")[:6]:
                    if len(segment) >= 4:
                        self._origin(segment.casefold(), evidence.device.key)

    def _origin(self, segment: str, key: str) -> None:
        if not self.limited or len(self.origins) < MOST_SEGMENTS:
            self.origins.setdefault(segment, key)

    def _observations(self, evidence: Evidence) -> None:
        device = evidence.device
        gateway = device.parent or device.key
        for item in evidence.observations:
            if item.outcome is Outcome.NOT_ASKED:
                continue
            self._ask(item.target.address)
            part = unit_of(item)
            if part and item.outcome in SPOKE and item.outcome is not Outcome.REFUSED_DOWNSTREAM:
                answers = self.answered.setdefault(gateway, [])
                if not self.limited or len(answers) < MOST_ANSWERS:
                    answers.append(Answered(item.scan, item.time.timestamp(), part))


_ADDRESS, _PART, _ARGUMENT, _OUTCOME, _POINTS = map(
    codec.SURVEYED_COLUMNS.index, ("address", "part", "argument", "outcome", "points")
)


def _of_unit(one: Sequence[object]) -> bool:
    """Whether a row may be about a unit behind a gateway (`unit_of`)."""
    return str(one[_PART]).startswith(_UNITS) or str(one[_ARGUMENT]).startswith(_UNITS)


_UNITS = "unit"


def kept_signature(text: str) -> frozenset[str]:
    """`signature` of a listing as it is kept, without making its points."""
    return (_few_signatures if len(text) <= codec.CACHED_TEXT else _kept_signature)(text)


def _kept_signature(text: str) -> frozenset[str]:
    named = {(part, at): labelled(name or at, unit) for part, at, name, unit in codec.named(text)}
    return frozenset(named.values())


_few_signatures = lru_cache(maxsize=512)(_kept_signature)


def unit_of(item: Observation) -> str:
    """The unit that a question went to; the gateway's own stands in the argument (rulings 17)."""
    for text in (item.question.part, item.question.argument):
        if text.startswith(_UNITS) and (found := _UNIT.match(text)):
            return found[0]
    return ""


_UNIT = re.compile(r"unit [0-9]{1,3}(?![^ ])")
"""An argument may hold any name, as that of a credential does."""


def number_of(text: str) -> int | None:
    """An IPv4 address as a number, fast; IPv6 by the library; None for anything else."""
    parts = text.split(".")
    if len(parts) == 4:
        try:
            a, b, c, d = (int(part) for part in parts)
        except ValueError:
            return None
        return (a << 24) | (b << 16) | (c << 8) | d
    address = _address(text)
    return None if address is None else int(address)


def plain(text: str) -> str:
    """Letters and digits only, lower case: how identities and names are compared."""
    folded = text.casefold()
    return folded if folded.isalnum() else "".join(filter(str.isalnum, folded))


def identities(device: Device) -> list[str]:
    """Identities that no two live assets may share (G03); placeholders left out."""
    found = []
    serial = plain(device.serial)
    nothing = serial in PLACEHOLDERS or placeholder("serial", device.serial)
    if len(serial) >= 4 and not nothing and device.vendor:
        found.append(f"serial {device.vendor} {device.serial}")
    if device.mac and not device.parent and not device.mac.startswith(SHARED_MACS):
        found.append(f"mac {device.mac}")
    found += [
        f"{fact.name} {fact.value}"
        for fact in device.facts
        if fact.name in ("application_uri", "engine_id") and fact.value and not device.parent
    ]
    return list(dict.fromkeys(found))


def sibling_group(device: Device) -> tuple[str, ...]:
    """Manufacturer, model and firmware when all are known; else empty (Q11)."""
    group = (device.vendor, device.model or device.product, device.firmware)
    return group if all(group) else ()


class _Stated:
    """Grows while declarations stream by; a later one of the same subject replaces."""

    def __init__(self, today: datetime) -> None:
        self.today = today
        self.vantages: dict[str, Vantage] = {}
        self.zones: dict[str, Zone] = {}
        self.conduits: dict[tuple[str, str], frozenset[str]] = {}
        self.register = False
        self.claimed: dict[str, str] = {}
        self.entitlements: dict[str, str] = {}
        self.credential_types: dict[str, str] = {}
        self.limits: dict[str, str] = {}
        self.waivers: dict[str, Declaration] = {}
        self.attested: dict[str, list[Declaration]] = {}
        self.connectors: set[str] = set()
        self.maps_complete: dict[tuple[str, str], frozenset[str]] = {}

    def add(self, item: Declaration) -> None:
        fields = item.fields
        name = fields.get("name", item.subject)
        if item.kind is Kind.REGISTER:
            self.register = True
            self._claims(row(item))
        elif item.kind is Kind.VANTAGE:
            stated = fields.get("covers", "").split(",")  # a zone's name may hold spaces
            covers = tuple(one for text in stated if (one := text.strip()))
            collection = yes(fields.get("collection", ""))
            self.vantages[name] = Vantage(name, fields.get("zone", ""), covers, collection)
        elif item.kind is Kind.ZONE:
            self.zones[name] = Zone(name, _networks(split(fields.get("addresses", ""))))
        elif item.kind is Kind.CONDUIT:
            ends = (fields.get("from", ""), fields.get("to", ""))
            self.conduits[ends] = frozenset(split(fields.get("protocols", "")))
        elif item.kind is Kind.CREDENTIAL:
            self.entitlements[name] = fields.get("entitlement", "unknown")
            self.credential_types[name] = fields.get("type", "")
        elif item.kind is Kind.THRESHOLD:
            self.limits[name] = fields.get("value", "")
        elif item.kind is Kind.WAIVER:
            self.waivers[fields.get("finding", item.subject)] = item
        elif item.kind is Kind.ATTEST:
            self._attested(item)
        elif item.kind is Kind.MAP and yes(fields.get("complete", "")):
            of = plain(fields.get("vendor", "")), plain(fields.get("model", ""))
            known = self.maps_complete.get(of, frozenset())
            self.maps_complete[of] = known | {fields.get("firmware", "").strip()}

    def _claims(self, one: RegisterRow) -> None:
        if one.address and not bus_part(one.unit) and not is_equipment(one):
            self.claimed[one.address] = label(one)

    def _attested(self, item: Declaration) -> None:
        subject = item.fields.get("subject", item.subject)
        statement = stated(item.fields)
        known = self.attested.setdefault(subject.casefold(), [])
        if denies(item.fields.get("value", "")):  # "out of service: no" takes an earlier yes back
            known[:] = [
                one for one in known
                if stated(one.fields) != statement
            ]  # fmt: skip
            if says("connector", item.fields):
                self.connectors.discard(subject.casefold())
            return
        if says("connector", item.fields):
            self.connectors.add(subject.casefold())
        known.append(item)


def split(text: str) -> list[str]:
    """A comma, semicolon or space separated list."""
    return [part for part in text.replace(";", ",").replace(" ", ",").split(",") if part]


def _networks(
    texts: Iterable[str],
) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    found = []
    for part in texts:
        try:
            found.append(ipaddress.ip_network(part, strict=False))
        except ValueError:  # the import of the site file refuses it; an old record may hold it
            continue
    return tuple(found)
