"""Contradictions and the history of the rules, read from and written to their two tables.

One rule keeps it simple: functions over a store; what is compared stands in `inventory.rulebook`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from inventory.model import Because
from inventory.rulebook import Change, Key, Said
from inventory.store import codec

if TYPE_CHECKING:
    from inventory.store.store import Store


def conflicts(store: Store, asset: str) -> list[Because]:
    """Observations of an asset that contradict each other; both are kept."""
    from sqlalchemy import select

    from inventory.store import tables

    c = tables.conflicts.c
    wanted = select(c.observation, c.text).where(c.asset == asset)
    return [Because(str(row[0]), "conflict", str(row[1])) for row in store.rows(wanted)]


def versions(store: Store) -> dict[str, int]:
    """Versions of the rules that the findings were made with; empty where nobody knows.

    An inventory of before this was kept tells those of its findings.
    """
    from sqlalchemy import select

    from inventory.store import tables

    book, gaps = tables.rulebook.c, tables.gaps.c
    row = next(iter(store.rows(select(book.versions).where(book.site == store.site))), None)
    if row is not None:
        return {name: int(number) for name, number in json.loads(str(row[0])).items()}
    told = select(gaps.rule, gaps.version).where(gaps.site == store.site).distinct()
    return {str(row[0]): int(str(row[1])) for row in store.rows(told)}


def said(store: Store, rules: Sequence[str]) -> dict[Key, Said]:
    """Findings and open questions of some rules."""
    from sqlalchemy import select

    from inventory.store import tables

    c = tables.gaps.c
    names = (c.rule, c.asset, c.subject, c.asset_name, c.severity, c.confidence)
    wanted = select(*names).where(c.site == store.site, c.rule.in_(rules))
    q = tables.questions.c
    asked = select(q.rule, q.asset, q.subject, q.asset_name)
    asked = asked.where(q.site == store.site, q.rule.in_(rules))
    return {
        (str(row[0]), str(row[1]), str(row[2])): Said(*map(str, row[3:]))
        for rows in (store.rows(asked), store.rows(wanted))
        for row in rows
    }


def changes(store: Store) -> tuple[Change, ...]:
    """What the last change of rules changed."""
    from sqlalchemy import select

    from inventory.store import tables

    c = tables.rulebook.c
    row = next(iter(store.rows(select(c.changes).where(c.site == store.site))), None)
    return tuple(Change(**item) for item in json.loads(str(row[0]))) if row else ()


def note(store: Store, rules: Mapping[str, int], found: Sequence[Change] | None) -> None:
    """Notes the versions that were used, and what they changed; None leaves the changes alone."""
    from sqlalchemy import delete, insert

    from inventory.store import tables

    kept = changes(store) if found is None else found
    row = {
        "site": store.site,
        "time": codec.stamp(datetime.now(UTC)),
        "versions": json.dumps(dict(rules), separators=(",", ":")),
        "changes": json.dumps([asdict(item) for item in kept], separators=(",", ":")),
    }
    with store.writing() as connection:
        connection.execute(delete(tables.rulebook).where(tables.rulebook.c.site == store.site))
        connection.execute(insert(tables.rulebook).values(row))
