"""Machines with their views, and roll-up units, from a store: the glue of the reading commands.

One rule keeps it simple: it reads through the store's own functions and holds no state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from inventory.judge.bearing import all_keys, bearers, beside
from inventory.judge.context import Context
from inventory.judge.gathered import AGGREGATORS, Gathered
from inventory.judge.presence import Machine, class_of
from inventory.judge.survey import context_from
from inventory.judge.view import View
from inventory.model import Because, Device, Equipment, Kind, Truth
from inventory.pairs import locations
from inventory.rollup import Unit, once
from inventory.rules.informational import covered
from inventory.store import growing
from inventory.store.values import level_of_columns

if TYPE_CHECKING:
    from inventory.store import Store


def context_of(store: Store, today: datetime) -> Context:
    """The site's context, by one pass over its evidence."""
    found = Gathered()
    for device, rows in store.surveyed():
        found.add_kept(device, rows)
    stated = store.declarations(None, *(kind for kind in Kind if kind is not Kind.KEY))
    return context_from(found, store.equipment(), stated, today=today, site=store.site)


def covering(store: Store, device: Device) -> Because | None:
    """Which server hands out a device's values (N02), and how that is known; None for none.

    Only the servers that may are read, and what people attested; not the whole site.
    """
    found = Gathered()
    servers = growing.devices(store, growing.with_role(store, AGGREGATORS))
    for evidence in store.evidences_of(servers):
        found.add(evidence)
    stated = store.declarations(None, Kind.ATTEST)
    context = context_from(found, (), stated, today=datetime.now(UTC), site=store.site)
    mine = next(iter(store.evidences_of([device])))
    said = covered(View(mine, context))
    return said.because[0] if said.truth is Truth.TRUE else None


TOGETHER = 100
"""Machines whose devices are read in one query; memory holds so many."""


def machines(store: Store, context: Context) -> Iterator[Machine]:
    """Every machine of the site with the views of its devices; streams."""
    units, bearing = iter(store.equipment()), bearers(growing.bearing(store))
    while some := list(islice(units, TOGETHER)):
        others = {unit.key: beside(unit, bearing) for unit in some}
        devices = list(store.devices_of(sorted(all_keys(some, others))).values())
        known = {one.device.key: one for one in store.evidences_of(devices)}
        for unit in some:
            mine, theirs = (
                [View(known[key], context) for key in keys if key in known]
                for keys in (unit.monitored_by, others[unit.key])
            )
            yield Machine(unit, mine, context, theirs)


def units(store: Store) -> Iterator[Unit]:
    """Every asset as a roll-up needs it: machines, and devices that monitor none of them; twins of
    one functional location once."""
    return once(_units(store))


def _units(store: Store) -> Iterator[Unit]:
    place = locations(store)
    skipped: dict[str, int] = {}
    for finding in store.findings():
        if finding.rule == "A09":
            skipped[finding.asset] = skipped.get(finding.asset, 0) + finding.unlocks
    monitored = _carried(store.equipment(), skipped)
    for asset in store.assets():
        thing = asset.thing
        if isinstance(thing, Device) and thing.key in monitored:
            continue
        scopes = _scopes(thing, store.site)
        criticality, redundancy = _rank(thing)
        yield Unit(
            asset.level, criticality, redundancy, scopes, asset.category,
            skipped.get(thing.key, 0), _name(thing), place.get(thing.key, ""),
        )  # fmt: skip


def _carried(equipment: Iterable[Equipment], skipped: dict[str, int]) -> set[str]:
    """Keys of the devices that monitor a machine, which are no units beside it. What was not asked
    of one counts with the first machine that it monitors, so that it counts, and once."""
    monitored: set[str] = set()
    for one in equipment:
        for key in one.monitored_by:
            if key not in monitored:
                monitored.add(key)
                skipped[one.key] = skipped.get(one.key, 0) + skipped.get(key, 0)
    return monitored


_RATED = (
    *("key", "kind", "level_lo", "level_hi", "blocking", "category"),
    *("criticality", "redundancy", "area", "line", "class", "role", "tag", "name"),
)


def stored_units(store: Store) -> Iterator[Unit]:
    """The same as `units`, from a few columns: no asset and no finding is built."""
    return once(_stored_units(store))


def _stored_units(store: Store) -> Iterator[Unit]:
    place = locations(store)
    skipped = dict(store.unlocked("A09"))
    monitored = _carried(store.equipment(), skipped)
    for row in store.rated(_RATED):
        key, kind, low, high, blocking, category, *texts = row
        if kind == "device" and key in monitored:
            continue
        criticality, redundancy, area, line, cls, role, tag, name = map(str, texts)
        scopes = {
            "site": store.site,
            "area": area,
            "line": line,
            "class": role if kind == "device" else class_of(cls),
        }
        level = level_of_columns(low, high, blocking)
        yield Unit(
            level, criticality, redundancy, scopes, str(category or "not-assessed"),
            skipped.get(str(key), 0), tag or name, place.get(str(key), ""),
        )  # fmt: skip


def _name(thing: Device | Equipment) -> str:
    tag = thing.tag if isinstance(thing, Equipment) else thing.register and thing.register.tag
    return tag or thing.name


def _scopes(thing: Device | Equipment, site: str) -> dict[str, str]:
    row = thing.register
    if isinstance(thing, Equipment):
        cls = class_of(thing.cls)
        return {"site": site, "area": thing.area, "line": thing.line, "class": cls}
    area, line = (row.area, row.line) if row else ("", "")
    return {"site": site, "area": area, "line": line, "class": thing.role}


def _rank(thing: Device | Equipment) -> tuple[str, str]:
    if isinstance(thing, Equipment):
        return thing.criticality, thing.redundancy
    row = thing.register
    return (row.criticality, row.redundancy) if row else ("", "")
