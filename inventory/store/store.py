"""The store: the tables of record, and what is derived from them.

One rule keeps it simple: derived tables are replaced as a whole in one transaction, so a reader
sees the old result or the new one; where verdicts take long they come in several, and the stamp is
away until they are all there. A store belongs to the thread that uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING

from inventory.model import Verdict
from inventory.store import codec, values
from inventory.store.evidences import Evidences
from inventory.store.filling import Rows, change, fill
from inventory.store.values import Concluded

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from inventory.derive.assets import Inventory
    from inventory.derive.devices import PlaceOf


HELD_SECONDS = 2.0
"""How long verdicts are written in one transaction."""


class Store(Evidences):
    """The inventory of one site. Make it with `Store.open`; close it, or use it in `with`."""

    # --- replacing ---------------------------------------------------------------------------

    def replace_inventory(self, inventory: Inventory) -> None:
        """Replaces assets, services and places, and drops what was concluded from the old ones."""
        from inventory.store import tables

        devices, units = inventory.devices, inventory.equipment
        with self.writing(much=True) as connection:
            self.empty_derived(connection)
            fill(connection, tables.assets, map(values.device_row, devices, count()))
            fill(connection, tables.assets, map(values.equipment_row, units, count()))
            services = (row for one in devices for row in values.service_rows(one))
            fill(connection, tables.services, services)
            ranks = {one.key: rank for rank, one in enumerate(devices)}
            places = (place_row(one, ranks[one.asset]) for one in inventory.places)
            fill(connection, tables.place, places)
            fill(connection, tables.ties, self.tie_rows(inventory))

    def empty_derived(self, connection: Connection) -> None:
        """Takes away all that was derived."""
        from inventory.store import tables

        for table in tables.DERIVED:
            self._empty(connection, table)

    def tie_rows(self, inventory: Inventory) -> Rows:
        """Rows of table `ties`."""
        from inventory.derive.ties import text_of

        rows = [(key, self.site, text_of(words)) for key, words in inventory.ties]
        return Rows(("asset", "site", "words"), rows)

    def replace_verdicts(self, verdicts: Iterable[Verdict]) -> None:
        """Replaces levels, findings and questions; no signals."""
        self.replace_concluded(values.concluded(one, self.site) for one in verdicts)

    def replace_concluded(self, concluded: Iterable[Concluded]) -> None:
        """Replaces levels, findings, questions and signals; streams.

        No transaction lasts longer than `HELD_SECONDS` and what comes last in it, and none is open
        between them: the scan of another site wants to store what it hears.
        """
        from inventory.store import tables

        coming = iter(concluded)
        some = next(coming, None)  # before the lock is taken: the whole site is surveyed for it
        with self.writing(much=True) as connection:
            for table in tables.CONCLUDED:
                self._empty(connection, table)
            if self._filled(connection, some, coming):
                return
            self.forget_stamp(connection)
        while (some := next(coming, None)) is not None:
            with self.writing(much=True) as connection:
                self._filled(connection, some, coming)

    def _filled(
        self, connection: Connection, some: Concluded | None, coming: Iterator[Concluded]
    ) -> bool:
        """Writes verdicts for some time; tells whether there are no more."""
        until = monotonic() + HELD_SECONDS
        while some is not None:
            self.fill_concluded(connection, some)
            if monotonic() >= until:
                return False
            some = next(coming, None)
        return True

    def fill_concluded(self, connection: Connection, some: Concluded) -> None:
        """Writes verdicts; those that were there have been taken away."""
        from inventory.store import tables

        change(connection, tables.assets, some.levels)
        fill(connection, tables.gaps, some.gaps)
        fill(connection, tables.questions, some.questions)
        fill(connection, tables.meaning, some.meanings)
        fill(connection, tables.conflicts, some.conflicts)
        fill(connection, tables.standing, some.standing)
        change(connection, tables.assets, some.counts)

    def replace_readiness(self, lines: Iterable[tuple[str, str, str]]) -> None:
        """Replaces the roll-ups: scope, name, JSON object."""
        from inventory.store import tables

        rows: Iterator[codec.Row] = (
            {"site": self.site, "scope": s, "name": n, "body": b} for s, n, b in lines
        )
        with self.writing() as connection:
            self._empty(connection, tables.readiness)
            fill(connection, tables.readiness, rows)

    def _empty(self, connection: Connection, table: Table) -> None:
        from sqlalchemy import delete

        connection.execute(delete(table).where(table.c.site == self.site))

    # --- stamp -------------------------------------------------------------------------------

    def derived_stamp(self) -> str:
        """What the derived tables were made from; "" for nothing."""
        from sqlalchemy import select

        from inventory.store import tables

        wanted = select(tables.stamp.c.value).where(tables.stamp.c.site == self.site)
        with self.reading() as connection:
            return str(connection.execute(wanted).scalar() or "")

    def stamped(self) -> datetime | None:
        """The moment whose verdicts stand; None for none."""
        from sqlalchemy import select

        from inventory.store import tables

        wanted = select(tables.stamp.c.time).where(tables.stamp.c.site == self.site)
        with self.reading() as connection:
            found = connection.execute(wanted).scalar()
        return codec.moment(found) if found else None

    def forget_stamp(self, connection: Connection) -> None:
        """Marks the derived tables as made from nothing: part of them is about to change."""
        from inventory.store import tables

        self._empty(connection, tables.stamp)

    def set_stamp(self, value: str, today: datetime | None = None) -> None:
        """Marks the derived tables as made from these records and rules, as of `today`."""
        from inventory.store import tables

        now = codec.stamp(today or datetime.now(UTC))
        with self.writing() as connection:
            self._empty(connection, tables.stamp)
            fill(connection, tables.stamp, [{"site": self.site, "value": value, "time": now}])


def place_row(one: PlaceOf, rank: int) -> codec.Row:
    """One row of table `place`."""
    names = ("site", "address", "part", "since", "until", "asset")
    return {name: getattr(one, name) for name in names} | {"rank": rank}
