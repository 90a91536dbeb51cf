"""Reads what the six questions of a readiness review count, without building assets.

One rule keeps it simple: what the database can count it counts; what is long streams.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from inventory.model import Need
from inventory.store import values

if TYPE_CHECKING:
    from inventory.store.store import Store

Line = Mapping[str, object]


def roll_up_lines(store: Store) -> dict[tuple[str, str], Line]:
    """The stored roll-up of the site: by scope and name, the JSON object of `readiness`."""
    from sqlalchemy import select

    from inventory.store import tables

    c = tables.readiness.c
    wanted = select(c.scope, c.name, c.body).where(c.site == store.site)
    return {(str(row[0]), str(row[1])): json.loads(str(row[2])) for row in store.rows(wanted)}


def machines(store: Store) -> Iterator[tuple[str, str, tuple[Need, ...]]]:
    """Class, variant and required signals of every machine; streams."""
    for cls, variant, required in store.rated(("class", "variant", "required"), "equipment"):
        yield str(cls), str(variant), values.needs(str(required))


def days(store: Store, column: str) -> dict[date, int]:
    """How many devices were seen last (`last_seen`), or gave a value last (`read_at`), on each
    day."""
    from sqlalchemy import func, select

    from inventory.store import tables

    c = tables.assets.c
    day = func.substr(c[column], 1, 10)
    wanted = select(day, func.count()).where(
        c.site == store.site, c.kind == "device", c[column].is_not(None), c[column] != ""
    )
    return {
        date.fromisoformat(str(row[0])): int(str(row[1]))
        for row in store.rows(wanted.group_by(day))
    }


def aged_values(store: Store) -> tuple[int, int, int]:
    """Values of which it is known whether they are old, those of them that are, and how many were
    read at all."""
    from sqlalchemy import func, select

    from inventory.store import tables

    c = tables.assets.c
    judged, stale, read = (func.sum(one) for one in (c.judged, c.stale, c.readable))
    wanted = select(judged, stale, read).where(c.site == store.site, c.kind == "device")
    found = [int(str(one or 0)) for row in store.rows(wanted) for one in row]
    return found[0], found[1], found[2]
