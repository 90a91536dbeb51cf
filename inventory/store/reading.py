"""Reads what is derived: assets, findings, open questions, signals, and how many there are.

One rule keeps it simple: what may be long streams, in the order in which people read it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from inventory.judge.weigh import RECORD_RULES
from inventory.model import (
    Category,
    Coverage,
    Device,
    Equipment,
    Finding,
    Kind,
    Level,
    OpenQuestion,
    Severity,
)
from inventory.store import values
from inventory.store.records import Records
from protocols.contract import expand

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

V = TypeVar("V")

STEP = 500
"""Assets that are fetched at a time: their rows are wide."""

KEYS = 500
"""Keys that one query names: SQLite before 3.32 takes 999 variables."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset as a reading command shows it: the thing, and what is concluded about it."""

    thing: Device | Equipment
    level: Level
    coverage: Coverage | None
    category: str


@dataclass(frozen=True, slots=True)
class Signal:
    """What one point was taken for."""

    asset: str
    part: str
    address: str
    signal: str
    match: str  # typed, map, unit+name, name, none
    candidates: tuple[str, ...] = ()


class Reading(Records):
    """The derived tables of one site, as reading commands want them."""

    def assets(self, kind: str = "") -> Iterator[Asset]:
        """All assets, devices by address and equipment by tag; streams."""
        from sqlalchemy import select

        from inventory.store import tables

        table = tables.assets
        wanted = select(table).where(table.c.site == self.site)
        if kind:
            wanted = wanted.where(table.c.kind == kind)
        yield from self._values(wanted.order_by(table.c.kind, table.c.rank), _asset)

    def asset(self, key: str) -> Asset | None:
        """One asset by its whole key."""
        from sqlalchemy import select

        from inventory.store import tables

        return next(
            self._values(select(tables.assets).where(tables.assets.c.key == key), _asset), None
        )

    def matching(self, condition: ColumnElement[bool], most: int) -> list[Asset]:
        """Assets of this site that meet a condition on table `assets`, at most `most`."""
        from sqlalchemy import select

        from inventory.store import tables

        c = tables.assets.c
        wanted = select(tables.assets).where(c.site == self.site, condition)
        return list(self._values(wanted.order_by(c.kind, c.rank).limit(most), _asset))

    def devices(self) -> Iterator[Device]:
        """All devices; streams."""
        for one in self.assets("device"):
            if isinstance(one.thing, Device):
                yield one.thing

    def equipment(self) -> list[Equipment]:
        """All equipment."""
        found = [one.thing for one in self.assets("equipment")]
        return [one for one in found if isinstance(one, Equipment)]

    def findings(self, *assets: str) -> Iterator[Finding]:
        """All findings, or those of some assets; the most valuable first."""
        from sqlalchemy import select

        from inventory.store import tables

        table = tables.gaps
        wanted = select(table).where(table.c.site == self.site)
        if assets:
            wanted = wanted.where(table.c.asset.in_(assets))
        order = (table.c.value.desc(), table.c.rule, table.c.asset, table.c.subject)
        yield from self._values(wanted.order_by(*order), values.finding)

    def codes(self, kind: str = "") -> Iterator[tuple[str, str]]:
        """Asset and rule of every finding, in the order of `assets`, the most valuable rule of
        an asset first; streams."""
        from sqlalchemy import select

        from inventory.store import tables

        found, asset = tables.gaps.c, tables.assets.c
        wanted = select(found.asset, found.rule).join(tables.assets, asset.key == found.asset)
        wanted = wanted.where(found.site == self.site, asset.site == self.site)
        if kind:
            wanted = wanted.where(asset.kind == kind)
        order = (asset.kind, asset.rank, found.value.desc(), found.rule, found.subject)
        yield from self._values(
            wanted.order_by(*order), lambda row: (str(row["asset"]), str(row["rule"]))
        )

    def ranked(self, families: Sequence[str], *, everything: bool = False) -> Iterator[Finding]:
        """Findings of some families of rules as a list shows them; streams.

        What frees data first, then by value, then severity (rulings 19); without `everything`
        neither those of severity info nor those that were accepted.
        """
        for row in self.ranked_rows(families, everything=everything):
            yield values.finding(dict(zip(values.GAPS, row, strict=True)))

    def ranked_rows(
        self, families: Sequence[str], *, everything: bool = False
    ) -> Iterator[Sequence[object]]:
        """The same as rows of the columns `values.GAPS`; streams."""
        from sqlalchemy import case, or_, select

        from inventory.store import tables

        c = tables.gaps.c
        nothing = or_(c.category == Category.UNGOVERNED.value, c.rule.in_(sorted(RECORD_RULES)))
        harm = case({one.value: -place for place, one in enumerate(Severity)}, value=c.severity)
        columns = [c[name] for name in values.GAPS]
        wanted = select(*columns).where(self._listed(families, everything=everything))
        order = (case((nothing, 1), else_=0), c.value.desc(), harm, c.rule, c.id)
        return self.rows(wanted.order_by(*order))

    def ranked_count(self, families: Sequence[str]) -> int:
        """How many findings `ranked` gives."""
        from sqlalchemy import func, select

        from inventory.store import tables

        wanted = select(func.count()).select_from(tables.gaps).where(self._listed(families))
        with self.reading() as connection:
            return int(connection.execute(wanted).scalar() or 0)

    def _listed(self, families: Sequence[str], *, everything: bool = False) -> ColumnElement[bool]:
        from sqlalchemy import and_, func

        from inventory.store import tables

        c = tables.gaps.c
        mine = and_(c.site == self.site, func.substr(c.rule, 1, 1).in_(families))
        if everything:
            return mine
        return and_(mine, c.severity != Severity.INFO.value, c.waived == "")

    def severities(self) -> set[Severity]:
        """The severities of the gaps that nobody has accepted."""
        from sqlalchemy import select

        from inventory.store import tables

        c = tables.gaps.c
        wanted = select(c.severity).where(
            c.site == self.site, c.category != Category.NONE.value, c.waived == ""
        )
        return {Severity(str(row[0])) for row in self.rows(wanted.distinct())}

    def questions(self, *assets: str) -> Iterator[OpenQuestion]:
        """All open questions, or those of some assets."""
        from sqlalchemy import select

        from inventory.store import tables

        table = tables.questions
        wanted = select(table).where(table.c.site == self.site)
        if assets:
            wanted = wanted.where(table.c.asset.in_(assets))
        order = (table.c.rule, table.c.asset_name, table.c.asset, table.c.subject)
        yield from self._values(wanted.order_by(*order), values.question)

    def questions_count(self) -> int:
        """How many questions are open."""
        from sqlalchemy import func, select

        from inventory.store import tables

        wanted = select(func.count()).where(tables.questions.c.site == self.site)
        with self.reading() as connection:
            return int(connection.execute(wanted).scalar() or 0)

    def concluded_counts(self) -> tuple[dict[str, int], int, int]:
        """Findings by rule, how many of all were accepted, and of how many assets is asked."""
        from sqlalchemy import distinct, func, select

        from inventory.store import tables

        gaps, asked = tables.gaps.c, tables.questions.c
        by_rule = select(gaps.rule, func.count()).where(gaps.site == self.site)
        accepted = select(func.count()).where(gaps.site == self.site, gaps.waived != "")
        assets = select(func.count(distinct(asked.asset))).where(asked.site == self.site)
        with self.reading() as connection:
            counted = connection.execute(by_rule.group_by(gaps.rule)).all()
            ends = [int(connection.execute(one).scalar() or 0) for one in (accepted, assets)]
        return {str(rule): int(count) for rule, count in counted}, ends[0], ends[1]

    def namesakes(self) -> dict[str, tuple[str, str]]:
        """The devices whose name another device of this site has too: by key, the name and where
        the device is, which tells it from the others. Devices leave the maker a name of its own,
        and a list of gaps of five "SWITCH" tells nobody where to go."""
        from sqlalchemy import func, select

        from inventory.store import tables

        c = tables.assets.c
        mine = (c.site == self.site, c.kind == "device", c.name != "")
        common = select(c.name).where(*mine).group_by(c.name).having(func.count() > 1)
        wanted = select(c.key, c.name, c.addresses, c.part).where(*mine, c.name.in_(common))
        found = {}
        for key, name, addresses, part in self.rows(wanted):
            where = " ".join((*json.loads(str(addresses))[:1], *((str(part),) if part else ())))
            found[str(key)] = (str(name), where)
        return found

    def signals(self, asset: str) -> dict[tuple[str, str], Signal]:
        """What the points of one asset were taken for, by part and address."""
        from sqlalchemy import select

        from inventory.store import tables

        c = tables.meaning.c
        with self.reading() as connection:
            body = connection.execute(select(c.body).where(c.asset == asset)).scalar()
        found = expand(str(body)) if body else ()
        return {
            (part, address): Signal(asset, part, address, signal, match, tuple(candidates))
            for part, address, signal, match, candidates in found
        }

    def rated(self, table_columns: Sequence[str], kind: str = "") -> Iterator[Sequence[object]]:
        """Some columns of table `assets`, without building assets; streams, ordered as they are."""
        from sqlalchemy import select

        from inventory.store import tables

        c = tables.assets.c
        wanted = select(*(c[name] for name in table_columns)).where(c.site == self.site)
        if kind:
            wanted = wanted.where(c.kind == kind)
        return self.rows(wanted.order_by(c.kind, c.rank))

    def unlocked(self, rule: str) -> dict[str, int]:
        """Per asset, what the findings of one rule would unlock together."""
        from sqlalchemy import func, select

        from inventory.store import tables

        c = tables.gaps.c
        wanted = select(c.asset, func.sum(c.unlocks)).where(c.site == self.site, c.rule == rule)
        return {str(row[0]): int(str(row[1])) for row in self.rows(wanted.group_by(c.asset))}

    def kinds_since(self, number: int) -> set[Kind]:
        """Kinds of the statements about this site that came after one, by its running number."""
        from sqlalchemy import select

        from inventory.store import tables

        c = tables.declaration.c
        wanted = select(c.kind).where(c.site == self.site, c.seq > number).distinct()
        return {Kind(str(row[0])) for row in self.rows(wanted)}

    def devices_count(self) -> int:
        """How many devices this site has."""
        return self.assets_count("device")

    def assets_count(self, kind: str = "") -> int:
        """How many assets this site has, of one kind where named."""
        from sqlalchemy import func, select

        from inventory.store import tables

        c = tables.assets.c
        wanted = select(func.count()).where(c.site == self.site)
        if kind:
            wanted = wanted.where(c.kind == kind)
        with self.reading() as connection:
            return int(connection.execute(wanted).scalar() or 0)

    def _values(self, wanted: object, value: Callable[[Mapping[str, object]], V]) -> Iterator[V]:
        with self.reading() as connection:
            options = {"stream_results": True, "yield_per": STEP}
            result = connection.execute(wanted, execution_options=options)  # type: ignore[call-overload]
            names = tuple(result.keys())
            for step in result.partitions(STEP):
                for row in step:
                    yield value(dict(zip(names, row, strict=True)))

    def lifeless(self) -> dict[str, int]:
        """Addresses that were asked and are no asset, counted by their strongest outcome.

        An address that only ever answered `closed` is counted here (rulings 13).
        """
        from sqlalchemy import select

        from inventory.derive.assets import LIFELESS
        from inventory.store import tables

        seen, place = tables.observation.c, tables.place.c
        used = select(place.address).where(place.site == self.site)
        wanted = (
            select(seen.address, seen.outcome)
            .where(seen.site == self.site, seen.address.not_in(used))
            .distinct()
        )
        best: dict[str, int] = {}
        for row in self.rows(wanted):
            outcome = str(row[1])
            rank = LIFELESS.index(outcome) if outcome in LIFELESS else len(LIFELESS)
            best[str(row[0])] = min(rank, best.get(str(row[0]), rank))
        count: dict[str, int] = {}
        for rank in best.values():
            name = LIFELESS[rank] if rank < len(LIFELESS) else "other"
            count[name] = count.get(name, 0) + 1
        return count

    def ranks(self, keys: Sequence[str]) -> dict[str, int]:
        """Places of some assets among those of their kind."""
        from sqlalchemy import select

        from inventory.store import tables

        c = tables.assets.c
        found: dict[str, int] = {}
        for start in range(0, len(keys), KEYS):
            wanted = select(c.key, c.rank).where(c.key.in_(keys[start : start + KEYS]))
            found.update((str(row[0]), int(str(row[1]))) for row in self.rows(wanted))
        return found

    def ranked_as(self, key: str) -> tuple[str, int] | None:
        """Kind of one asset and its place, from 0 on, among those of its kind."""
        from sqlalchemy import select

        from inventory.store import tables

        c = tables.assets.c
        wanted = select(c.kind, c.rank).where(c.key == key, c.site == self.site)
        with self.reading() as connection:
            found = connection.execute(wanted).first()
        return (str(found[0]), int(found[1])) if found else None

    def devices_of(self, keys: Sequence[str]) -> dict[str, Device]:
        """Some devices by their keys; a key that is none is left out."""
        from sqlalchemy import select

        from inventory.store import tables

        c = tables.assets.c
        found: dict[str, Device] = {}
        for start in range(0, len(keys), KEYS):
            some = keys[start : start + KEYS]
            wanted = select(tables.assets).where(c.kind == "device", c.key.in_(some))
            found.update((one.key, one) for one in self._values(wanted, values.device))
        return found


def _asset(row: Mapping[str, object]) -> Asset:
    thing = values.device(row) if row["kind"] == "device" else values.equipment(row)
    category = str(row["category"] or "not-assessed")
    return Asset(thing, values.level(row), values.coverage(row), category)
