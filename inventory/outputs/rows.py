"""Assets as flat records of text: what a column profile picks from.

One rule keeps it simple: a field that is not known is empty; nothing is filled in here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from inventory.model import Declaration, Device, Equipment, Kind
from inventory.outputs.records import time

if TYPE_CHECKING:
    from inventory.store import Store
    from inventory.store.reading import Asset

Record = Mapping[str, str | tuple[str, ...]]

FIELDS = (
    *("key", "short", "kind", "tag", "name", "label", "site", "area", "line", "class", "role"),
    *("vendor", "product", "model", "firmware", "hardware", "serial", "macs", "addresses"),
    *("networks", "parent", "part", "protocols", "criticality", "redundancy", "owner"),
    *("category", "gaps", "level", "purdue", "first_seen", "last_seen", "planned", "seen"),
)
"""Fields that a profile may name; `macs`, `addresses`, `networks`, `protocols` hold several."""


NOTHING: tuple[str, Iterator[tuple[str, str]]] = ("", iter(()))


def records(store: Store, kinds: Sequence[str] = ("device", "equipment")) -> Iterator[Record]:
    """One record per asset; streams: rules come in the order of the assets, so the two are read
    side by side."""
    zones = list(_zones(store.declarations(None, Kind.ZONE)))
    for kind in kinds:
        several = groupby(store.codes(kind), key=itemgetter(0))
        key, codes = next(several, NOTHING)
        for one in store.assets(kind):
            found: tuple[str, ...] = ()
            if one.thing.key == key:
                found = tuple(dict.fromkeys(rule for _, rule in codes))
                key, codes = next(several, NOTHING)
            yield record(one, found, zones)


Zone = tuple[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...], str]


def _zones(declared: Sequence[Declaration]) -> Iterator[Zone]:
    """Networks and Purdue level of each zone that states both."""
    for one in declared:
        level = one.fields.get("level", "")
        found = []
        for text in one.fields.get("addresses", "").replace(",", " ").split():
            try:
                found.append(ipaddress.ip_network(text, strict=False))
            except ValueError:
                continue  # a zone may name interfaces or hosts in words
        if level and found:
            yield tuple(found), level


def purdue(addresses: Sequence[str], zones: Sequence[Zone]) -> str:
    """The level of the zone that an address lies in; "" where nobody declared one."""
    for text in addresses:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            continue
        for networks, level in zones:
            if any(address in network for network in networks):
                return level
    return ""


def record(one: Asset, gaps: tuple[str, ...] = (), zones: Sequence[Zone] = ()) -> Record:
    """One asset as text."""
    thing = one.thing
    level = "" if one.level.lo is None else str(one.level.lo)
    shared: dict[str, str | tuple[str, ...]] = {
        "key": thing.key,
        "short": thing.key.replace("-", "")[:12],
        "site": thing.site,
        "category": one.category,
        "gaps": " ".join(gaps),
        "level": level,
    }
    found = _device(thing, zones) if isinstance(thing, Device) else _equipment(thing)
    return {**dict.fromkeys(FIELDS, ""), **shared, **found}


def _device(thing: Device, zones: Sequence[Zone]) -> dict[str, str | tuple[str, ...]]:
    row = thing.register
    addresses = () if thing.parent else thing.addresses  # a unit has its gateway's address
    spoke = dict.fromkeys(s.protocol for s in thing.services if s.outcome in _SPOKE)
    macs = [thing.mac, *(str(f.value) for f in thing.facts if f.name == "interface.mac")]
    return {
        "kind": "device",
        "tag": row.tag if row else "",
        "name": thing.name,
        "label": thing.name or thing.product or thing.model or " ".join(thing.addresses[:1]),
        "area": row.area if row else "",
        "line": row.line if row else "",
        "class": row.cls if row else "",
        "role": thing.role,
        "vendor": thing.vendor,
        "product": thing.product,
        "model": thing.model or thing.product,
        "firmware": thing.firmware,
        "hardware": thing.hardware,
        "serial": thing.serial,
        "macs": tuple(dict.fromkeys(mac for mac in macs if mac)),
        "addresses": addresses,
        "networks": tuple(_network(address) for address in addresses if _network(address)),
        "parent": thing.parent,
        "part": thing.part,
        "protocols": tuple(spoke),
        "criticality": row.criticality if row else "",
        "redundancy": row.redundancy if row else "",
        "owner": row.owner if row else "",
        "purdue": purdue(thing.addresses, zones),
        "first_seen": _time(thing.first_seen),
        "last_seen": _time(thing.last_seen),
        "planned": "yes" if row else "no",
        "seen": "yes" if thing.seen else "no",
    }


_SPOKE = frozenset(("complete", "partial", "empty"))


def _network(address: str) -> str:
    """The address with the mask of one host: a scan does not learn the mask."""
    try:
        return f"{address}/{ipaddress.ip_address(address).max_prefixlen}"
    except ValueError:
        return ""


def _time(moment: datetime | None) -> str:
    return time(moment) or ""


def _equipment(thing: Equipment) -> dict[str, str | tuple[str, ...]]:
    return {
        "kind": "equipment",
        "tag": thing.tag,
        "name": thing.name,
        "label": thing.name or thing.tag,
        "area": thing.area,
        "line": thing.line,
        "class": thing.cls,
        "criticality": thing.criticality,
        "redundancy": thing.redundancy,
        "owner": thing.owner,
        "planned": "yes" if thing.register else "no",
    }
