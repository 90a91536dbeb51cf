"""Reads and replaces the part of an inventory that new observations touch.

One rule keeps it simple: what is read is whole for the keys and addresses that are named; what is
replaced loses the stamp first, so that a run that was cut off is followed by a full derivation.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from inventory.derive.assets import in_order
from inventory.derive.places import TABLES, Seen
from inventory.model import Declaration, Device, Kind
from inventory.store import codec, values
from inventory.store.evidences import at_place
from inventory.store.filling import Rows, change, fill
from inventory.store.store import place_row
from inventory.store.values import STANDING, Concluded

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection

    from inventory.derive.assets import Inventory
    from inventory.store.store import Store

NAMED = 500
"""Values that one query names: SQLite before 3.32 takes 999 variables."""


class Kept(NamedTuple):
    """The standing of a device or machine, and its rank among the devices (-1: a machine)."""

    rank: int
    asset: str
    kin: str
    listing: str
    identities: str
    networks: str
    named: str
    clocks: int | None
    until: str


def touched(store: Store, number: int) -> set[str]:
    """Addresses of the observations after one, by its running number."""
    from sqlalchemy import select

    from inventory.store import tables

    c = tables.observation.c
    wanted = select(c.address).where(c.seq > number, c.site == store.site).distinct()
    return {str(row[0]) for row in store.rows(wanted)}


def tells_of_others(store: Store) -> bool:
    """Whether anything observed may tell of other devices by hardware address."""
    from sqlalchemy import or_, select

    from inventory.store import tables

    c = tables.observation.c
    told = or_(*(c.facts.contains(text) for text in _TELLING))
    wanted = select(c.seq).where(c.site == store.site, c.facts != "", told).limit(1)
    return any(True for _ in store.rows(wanted))


_TELLING = tuple(f'"name":"{name}' for name in (*sorted(TABLES), "neighbour."))


def assets_at(store: Store, addresses: Collection[str]) -> set[str]:
    """Keys of the devices that are at some addresses."""
    from inventory.store import tables

    return set(_column(store, tables.place.c.asset, tables.place.c.address, addresses))


def addresses_of(store: Store, keys: Collection[str]) -> set[str]:
    """Addresses where observations of some devices are."""
    from inventory.store import tables

    return set(_column(store, tables.place.c.address, tables.place.c.asset, keys))


def family(store: Store, keys: Collection[str]) -> set[str]:
    """Keys of some devices, of the gateways that they are behind, and of all behind the same."""
    from inventory.store import tables

    c = tables.assets.c
    gateways = set(keys) | (set(_column(store, c.parent, c.key, keys)) - {""})
    return gateways | set(_column(store, c.key, c.parent, gateways))


def with_role(store: Store, roles: Collection[str]) -> list[str]:
    """Keys of the devices with one of some roles, in the order of the site."""
    from sqlalchemy import select

    from inventory.store import tables

    c = tables.assets.c
    wanted = select(c.key).where(c.site == store.site, c.kind == "device", c.role.in_(roles))
    return [str(row[0]) for row in store.rows(wanted.order_by(c.rank))]


def asked(store: Store) -> set[str]:
    """Addresses of the devices of this site that were sent a question."""
    from sqlalchemy import select

    from inventory.store import tables

    place, seen = tables.place, tables.observation
    wanted = (
        select(seen.c.address)
        .select_from(place.join(seen, at_place(place, seen)))
        .where(place.c.site == store.site, seen.c.outcome != "not_asked")
        .distinct()
    )
    return {str(row[0]) for row in store.rows(wanted)}


def _column(
    store: Store, wanted: Column[str], named: Column[str], several: Collection[str]
) -> Iterator[str]:
    """One column of the rows of this site in which another holds one of several values."""
    from sqlalchemy import select

    query = select(wanted).where(wanted.table.c.site == store.site)
    for some in _steps(several):
        for row in store.rows(query.where(named.in_(some)).distinct()):  # type: ignore[arg-type]
            yield str(row[0])


def _steps(several: Iterable[str]) -> Iterator[list[str]]:
    coming = iter(sorted(several))
    while some := list(islice(coming, NAMED)):
        yield some


def ties(store: Store) -> list[tuple[str, str]]:
    """Every key with the words that tie it, a line each."""
    from sqlalchemy import select

    from inventory.store import tables

    c = tables.ties.c
    wanted = select(c.asset, c.words).where(c.site == store.site)
    return [(str(row[0]), str(row[1])) for row in store.rows(wanted)]


def standings(store: Store) -> list[Kept]:
    """The standing of every asset, devices in the order of the site."""
    from sqlalchemy import case, select

    from inventory.store import tables

    c, kept = tables.assets.c, tables.standing.c
    rank = case((c.kind == "device", c.rank), else_=-1)
    wanted = (
        select(rank, *(kept[name] for name in STANDING))
        .select_from(tables.standing.join(tables.assets, kept.asset == c.key))
        .where(kept.site == store.site)
        .order_by(rank)
    )
    return [Kept(*row) for row in store.rows(wanted)]  # type: ignore[arg-type]


def bearing(store: Store) -> list[tuple[str, tuple[str, ...]]]:
    """The devices that bear tags of machines, by key, with these."""
    from sqlalchemy import select

    from inventory.store import tables

    c = tables.standing.c
    wanted = select(c.asset, c.named).where(c.site == store.site, c.named != "[]")
    return [(str(key), tuple(json.loads(str(named)))) for key, named in store.rows(wanted)]


def seen_at(store: Store, addresses: Collection[str]) -> Iterator[Seen]:
    """The part that derivation needs of each observation at some addresses."""
    from sqlalchemy import select

    from inventory.store import tables

    c = tables.observation.c
    columns = [c[name] for name in codec.SEEN_COLUMNS]
    wanted = select(*columns).where(c.site == store.site)
    for some in _steps(addresses):
        yield from map(codec.seen, store.rows(wanted.where(c.address.in_(some)).order_by(c.seq)))


def key_statements(store: Store, keys: Collection[str]) -> list[Declaration]:
    """What is on record of some keys, oldest first."""
    from sqlalchemy import select

    from inventory.store import tables

    table = tables.declaration
    wanted = select(table).where(table.c.site == store.site, table.c.kind == Kind.KEY.value)
    found: list[tuple[int, Declaration]] = []
    with store.reading() as connection:
        for some in _steps(keys):
            rows = connection.execute(wanted.where(table.c.subject.in_(some))).mappings()
            found += [(int(row["seq"]), codec.declaration_value({**row})) for row in rows]
    return [one for _, one in sorted(found, key=lambda item: item[0])]


# --- replacing -------------------------------------------------------------------------------


def replace_some(store: Store, inventory: Inventory, gone: Collection[str]) -> bool:
    """Puts devices and machines in the place of those whose keys are `gone`.

    Ranks follow; tells whether any other asset has another one now.
    """
    with store.writing() as connection:
        store.forget_stamp(connection)
        return put(store, connection, inventory, gone)


def put(store: Store, connection: Connection, inventory: Inventory, gone: Collection[str]) -> bool:
    """The same in a transaction that is open."""
    from inventory.store import tables

    rows = [values.device_row(one, 0) for one in inventory.devices]
    rows += [values.equipment_row(one, 0) for one in inventory.equipment]
    ranks = _kept_ranks(store, connection, gone)
    _drop(connection, tables.assets.c.key, gone)
    for table in (tables.services, tables.place, tables.ties, *tables.CONCLUDED):
        _drop(connection, table.c.asset, gone)
    for row in rows:
        row["rank"] = ranks.get(str(row["key"]), 0)
    by_kind = len(inventory.devices)
    fill(connection, tables.assets, rows[:by_kind])
    fill(connection, tables.assets, rows[by_kind:])
    fill(connection, tables.services, (r for d in inventory.devices for r in
                                       values.service_rows(d)))  # fmt: skip
    fill(connection, tables.place, (place_row(one, ranks.get(one.asset, 0))
                                    for one in inventory.places))  # fmt: skip
    fill(connection, tables.ties, store.tie_rows(inventory))
    return rank(store, connection)


def newest(connection: Connection) -> int:
    """The running number of the newest statement."""
    from sqlalchemy import func, select

    from inventory.store import tables

    found = connection.execute(select(func.max(tables.declaration.c.seq))).scalar()
    return int(found or 0)


def take_back(connection: Connection, ids: Collection[str], number: int) -> None:
    """Takes statements off the record that were recorded in this transaction, after `number`."""
    from sqlalchemy import delete

    from inventory.store import tables

    c = tables.declaration.c
    for some in _steps(ids):
        connection.execute(delete(tables.declaration).where(c.seq > number, c.id.in_(some)))


def _drop(connection: Connection, column: Column[str], keys: Collection[str]) -> None:
    from sqlalchemy import delete

    for some in _steps(keys):
        connection.execute(delete(column.table).where(column.in_(some)))


def _kept_ranks(store: Store, connection: Connection, keys: Collection[str]) -> dict[str, int]:
    from sqlalchemy import select

    from inventory.store import tables

    c = tables.assets.c
    found: dict[str, int] = {}
    for some in _steps(keys):
        rows = connection.execute(select(c.key, c.rank).where(c.key.in_(some)))
        found.update((str(key), int(rank)) for key, rank in rows)
    return found


def rank(store: Store, connection: Connection) -> bool:
    """Numbers devices in their order, and machines in theirs, where a number is not right."""
    from sqlalchemy import select

    from inventory.store import tables

    c = tables.assets.c
    columns = (c.kind, c.addresses, c.part, c.key, c.tag, c.rank)
    devices: list[tuple[tuple[str, ...], str, str, int]] = []
    machines: list[tuple[str, str, int]] = []
    for kind, addresses, part, key, tag, rank in connection.execute(
        select(*columns).where(c.site == store.site)
    ):
        if kind == "device":
            devices.append((tuple(json.loads(addresses)[:1]), part, key, rank))
        else:
            machines.append((tag, key, rank))
    wrong = [(n, one[2]) for n, one in enumerate(sorted(devices)) if one[3] != n]
    moved = [(n, one[1]) for n, one in enumerate(sorted(machines)) if one[2] != n]
    change(connection, tables.assets, Rows(("rank", "key"), [*wrong, *moved]))
    change(connection, tables.place, Rows(("rank", "asset"), wrong), "asset")
    return bool(wrong)


def conclude_some(store: Store, keys: Collection[str], concluded: Iterable[Concluded]) -> None:
    """Puts verdicts in the place of those on some assets."""
    from inventory.store import tables

    with store.writing() as connection:
        store.forget_stamp(connection)
        for table in tables.CONCLUDED:
            _drop(connection, table.c.asset, keys)
        for some in concluded:
            store.fill_concluded(connection, some)


def devices(store: Store, keys: Collection[str]) -> list[Device]:
    """Some devices, in the order of the site."""
    return sorted(store.devices_of(sorted(keys)).values(), key=in_order)
