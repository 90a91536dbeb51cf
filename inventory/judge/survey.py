"""Makes the context of a site of its evidence, its equipment and its declarations, in one pass.

One rule keeps it simple: what is declared later about the same subject replaces what was before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from inventory.derive.declared import bus_part, denies, is_equipment, label, row, yes
from inventory.derive.identity import plain_mac
from inventory.judge.bearing import sought
from inventory.judge.context import Context, Neighbour, Vantage, Zone, networks_of
from inventory.judge.gathered import Gathered, own_names
from inventory.judge.mapped import Gathering
from inventory.judge.naming import plain_tag
from inventory.judge.statements import says, stated
from inventory.judge.thresholds import thresholds
from inventory.model import Declaration, Device, Equipment, Evidence, Kind, RegisterRow
from inventory.pairs import stated_pairs


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
        twins=frozenset(stated.twins()),
        connectors=frozenset(stated.connectors),
        maps_complete=stated.maps.complete(),
        maps_known=stated.maps.known(),
        criticality=ranks,
        behind=_behind(units),
        classes=classes,
        monitors=monitors,
        neighbours=_neighbours(units),
        tags=frozenset(plain for one in units if (plain := plain_tag(one.tag))),
        sought=sought(units),
        addressed=rows,
        claimed=stated.claimed,
        siblings=gathered.siblings,
        owners=gathered.owners,
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
    yield from own_names(device)
    yield from device.addresses


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
        self.maps = Gathering()

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
            self.zones[name] = Zone(name, networks_of(split(fields.get("addresses", ""))))
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
        elif item.kind is Kind.MAP:
            self.maps.add(item)

    def _claims(self, one: RegisterRow) -> None:
        if bus_part(one.unit) or is_equipment(one):
            return
        for where in filter(None, (one.address, plain_mac(one.mac))):
            self.claimed[where] = label(one)

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

    def twins(self) -> Iterator[str]:
        """What the statements in force name as a twin."""
        for several in self.attested.values():
            yield from (twin.casefold() for _, twin in stated_pairs(several))


def split(text: str) -> list[str]:
    """A comma, semicolon or space separated list."""
    return [part for part in text.replace(";", ",").replace(" ", ",").split(",") if part]
