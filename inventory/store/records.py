"""One open database and one site in it: scans, observations, declarations.

One rule keeps it simple: every method is one transaction, and values go in and come out. A store
belongs to the thread that uses it; `Writer` owns one of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from inventory.derive.places import Seen
from inventory.model import Declaration, Kind, Scan
from inventory.store import codec
from inventory.store.engine import begin, connect, roomy
from inventory.store.errors import StoreError, explained
from inventory.store.filling import fill
from inventory.store.where import is_url, shown
from protocols.contract import CUT, Observation, Outcome, Question, Target

if TYPE_CHECKING:
    from types import TracebackType

    from sqlalchemy import Connection, Engine, Select, Table

BATCH = 5_000
"""Rows per read or write step; keeps memory flat."""


class Records:
    """The tables of record of one site; `Store` adds what is derived from them."""

    def __init__(self, engine: Engine, where: str, site: str, *, readonly: bool) -> None:
        self._engine = engine
        self.where = where
        self.site = site
        self.readonly = readonly
        self._sites: set[str] = set()  # that are there: a site is never taken away
        self._inside: Connection | None = None
        self._look: Callable[[], None] | None = None

    @classmethod
    def open(
        cls, url_or_path: str | Path, site: str, *, create: bool = True, readonly: bool = False
    ) -> Self:
        """The store at a path (SQLite) or URL (PostgreSQL), made when absent and `create`.

        Raises `StoreError`, one line, when it is newer than this program, not ours, locked,
        unreadable or absent. An older one is upgraded, after a copy of an SQLite file.
        """
        where = str(url_or_path)
        engine = connect(where, create=create and not readonly, readonly=readonly)
        return cls(engine, where, site, readonly=readonly)

    def close(self) -> None:
        """Gives the file back."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def another(self) -> Self:
        """A second store of the same database and site, for another thread."""
        return self.open(self.where, self.site, create=False, readonly=self.readonly)

    def looks(self, look: Callable[[], None]) -> None:
        """Calls `look` before each statement and each step of a long read. What it raises ends the
        work there, in order, and undoes its transaction: an exception out of a signal's handler
        may come while a library tidies up, and that library then tells a traceback."""
        from sqlalchemy import event

        self._look = look
        event.listen(self._engine, "before_cursor_execute", lambda *_: look())

    def look(self) -> None:
        """Looks so, in a wait that no statement is part of."""
        if self._look is not None:
            self._look()

    # --- transactions ------------------------------------------------------------------------

    def inside(self, connection: Connection) -> Self:
        """This store as a transaction that has not ended sees it, for reading."""
        seen = copy(self)
        seen._inside = connection
        return seen

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection with one consistent view."""
        if self._inside is not None:
            yield self._inside
            return
        with explained(shown(self.where)), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, *, much: bool = False) -> Iterator[Connection]:
        """A connection whose transaction is durable when the block ends; `much` tells that it
        writes all that is derived. Waits while another program writes."""
        if self.readonly:
            raise StoreError(f"{shown(self.where)} was opened for reading only")
        with (
            explained(shown(self.where)),
            self._engine.begin() as connection,
            roomy(connection) if much else nullcontext(),
        ):
            begin(connection, self.where)
            yield connection

    # --- scans -------------------------------------------------------------------------------

    def begin_scan(self, scan: Scan) -> None:
        """Records that a scan runs; the same scan again (a resume) sets it running again."""
        from sqlalchemy import update

        from inventory.store import tables

        with self.writing() as connection:
            self._site(connection, scan.site)
            ignore(connection, tables.scan, [codec.scan_row(scan)])
            connection.execute(
                update(tables.scan)
                .where(tables.scan.c.id == scan.id)
                .values(status="running", finished=None)
            )

    def finish_scan(self, scan: Scan) -> None:
        """Records how a scan ended: status, time, plan and summary."""
        from sqlalchemy import update

        from inventory.store import tables

        row = codec.scan_row(replace(scan, finished=scan.finished or datetime.now(UTC)))
        with self.writing() as connection:
            connection.execute(update(tables.scan).where(tables.scan.c.id == scan.id).values(**row))

    def scans(self, site: str | None = None) -> list[Scan]:
        """The scans of a site (this one unless named), oldest first."""
        from sqlalchemy import select

        from inventory.store import tables

        wanted = select(tables.scan).where(tables.scan.c.site == (site or self.site))
        with self.reading() as connection:
            rows = connection.execute(wanted.order_by(tables.scan.c.started, tables.scan.c.id))
            return [codec.scan_value({**row}) for row in rows.mappings()]

    def sites(self) -> list[str]:
        """Names of all sites in this database."""
        from sqlalchemy import select

        from inventory.store import tables

        with self.reading() as connection:
            return sorted(connection.execute(select(tables.site.c.name)).scalars())

    def _site(self, connection: Connection, name: str) -> None:
        from inventory.store import tables

        row: codec.Row = {"name": name, "added": codec.stamp(datetime.now(UTC))}
        ignore(connection, tables.site, [row])

    # --- observations ------------------------------------------------------------------------

    def append(self, observations: Iterable[Observation], *, keep_raw: bool = True) -> int:
        """Stores what is not stored yet, in one transaction; returns how many were new."""
        from inventory.store import tables

        rows: list[codec.Row] = []
        raws: dict[str, codec.Row] = {}
        for observation in observations:
            rows.append(codec.observation_row(observation))
            digest = observation.digest
            if keep_raw and observation.raw and digest and digest not in raws:
                raws[digest] = codec.raw_row(observation)
        if not rows:
            return 0
        with self.writing() as connection:
            new = {str(row["site"]) for row in rows} - self._sites
            for name in new:
                self._site(connection, name)
            if raws:
                ignore(connection, tables.raw, list(raws.values()))
            added = ignore(connection, tables.observation, rows)
        self._sites |= new
        return added

    def observations(
        self,
        *,
        scan: str = "",
        address: str = "",
        id_prefix: str = "",
        by_place: bool = False,
        raw: bool = False,
    ) -> Iterator[Observation]:
        """The site's observations, in the order they were stored, or by address and part.

        Streams: memory does not grow with their number. `raw` loads the answers' bytes too.
        """
        from sqlalchemy import select

        from inventory.store import tables

        table = tables.observation
        columns = [table.c[name] for name in codec.OBSERVATION_COLUMNS]
        wanted = select(*columns).where(table.c.site == self.site)
        if raw:
            wanted = wanted.add_columns(tables.raw.c.compressed).outerjoin(
                tables.raw, tables.raw.c.digest == table.c.digest
            )
        if scan:
            wanted = wanted.where(table.c.scan == scan)
        if address:
            wanted = wanted.where(table.c.address == address)
        if id_prefix:
            wanted = wanted.where(table.c.id.startswith(id_prefix.lower(), autoescape=True))
        order = (table.c.address, table.c.part, table.c.seq) if by_place else (table.c.seq,)
        for row in self.rows(wanted.order_by(*order)):
            kept = codec.raw_bytes(row[24]) if raw and row[24] else b""  # type: ignore[arg-type]
            yield codec.observation(row, kept)

    def seen(self, first: str = "", end: str = "", *, points: bool = True) -> Iterator[Seen]:
        """The part of each observation that derivation needs, streamed by address.

        `first` and `end`, where given, name the address to begin with and the one to end before.
        Without `points` nothing is told of points and samples, half of what is read and decoded.
        """
        from sqlalchemy import literal, select

        from inventory.store import tables

        c = tables.observation.c
        names = codec.SEEN_COLUMNS
        listed = () if points else ("points", "samples")
        columns = [literal("").label(name) if name in listed else c[name] for name in names]
        wanted = select(*columns).where(c.site == self.site).order_by(c.address, c.part, c.seq)
        wanted = wanted.where(c.address >= first) if first else wanted
        wanted = wanted.where(c.address < end) if end else wanted
        return map(codec.seen, self.rows(wanted))

    def addresses(self, most: int = 0, outcomes: Collection[str] = ()) -> list[str]:
        """The addresses that anything was observed at, in order; the first `most` where given, and
        those with one of some outcomes."""
        from sqlalchemy import select

        from inventory.store import tables

        c = tables.observation.c
        wanted = select(c.address).where(c.site == self.site).distinct().order_by(c.address)
        wanted = wanted.where(c.outcome.in_(outcomes)) if outcomes else wanted
        return [str(row[0]) for row in self.rows(wanted.limit(most) if most else wanted)]

    def rows(self, wanted: Select[tuple[object, ...]]) -> Iterator[Sequence[object]]:
        """Rows of a query, fetched in steps."""
        with self.reading() as connection:
            options = {"stream_results": True, "yield_per": BATCH}
            for step in connection.execute(wanted, execution_options=options).partitions(BATCH):
                self.look()
                yield from step

    def finished_questions(self, scan: str) -> Iterator[tuple[Target, Question, Outcome, str]]:
        """What a scan has asked already, with outcome and reason, oldest first: resume state."""
        from sqlalchemy import select

        from inventory.store import tables

        c = tables.observation.c
        wanted = (
            select(
                c.site,
                c.address,
                c.transport,
                c.port,
                c.protocol,
                c.operation,
                c.part,
                c.argument,
                c.outcome,
                c.reason,
            )
            .where(c.scan == scan)
            .order_by(c.seq)
        )
        for row in self.rows(wanted):
            target = Target(str(row[0]), str(row[1]), str(row[2]), int(str(row[3])))
            question = Question(str(row[4]), str(row[5]), str(row[6]), str(row[7]))
            yield target, question, Outcome(str(row[8])), str(row[9])

    def finish_visits(self, scan: str, addresses: Iterable[str]) -> None:
        """Records that nothing more is to be asked of these hosts in this scan."""
        from inventory.store import tables

        rows: list[codec.Row] = [{"scan": scan, "address": item} for item in addresses]
        if rows:
            with self.writing() as connection:
                ignore(connection, tables.visit, rows)

    def finished_visits(self, scan: str) -> Iterator[str]:
        """Addresses of the hosts that a scan has finished with."""
        from sqlalchemy import select

        from inventory.store import tables

        wanted = select(tables.visit.c.address).where(tables.visit.c.scan == scan)
        for row in self.rows(wanted):
            yield str(row[0])

    def cited(self, ids: Iterable[str]) -> Iterator[Observation]:
        """The observations of these ids, with the bytes that were kept; unknown ids are skipped."""
        from sqlalchemy import select

        from inventory.store import tables

        table = tables.observation
        columns = [table.c[name] for name in codec.OBSERVATION_COLUMNS]
        wanted = select(*columns, tables.raw.c.compressed).outerjoin(
            tables.raw, tables.raw.c.digest == table.c.digest
        )
        known = list(dict.fromkeys(ids))
        for start in range(0, len(known), 500):
            for row in self.rows(wanted.where(table.c.id.in_(known[start : start + 500]))):
                yield codec.observation(row, codec.raw_bytes(row[24]) if row[24] else b"")  # type: ignore[arg-type]

    def tally(self, scan: str = "") -> dict[tuple[str, str], int]:
        """How many questions of the site (of one scan where named) ended so: (outcome, reason).

        Without what a run left undone and a resume of the same scan asked later.
        """
        from sqlalchemy import func, select

        from inventory.store import tables

        c, later = tables.observation.c, tables.observation.alias("later").c
        asked = (
            *("scan", "site", "address", "part", "transport", "port"),
            *("protocol", "operation", "argument"),
        )
        again = (
            select(later.seq)
            .where(later.seq > c.seq, *(later[name] == c[name] for name in asked))
            .exists()
        )
        cut = (c.outcome == Outcome.NOT_ASKED) & c.reason.in_(sorted(CUT))
        undone = (c.outcome == Outcome.FAILED_HERE) | cut  # as `judge.evidence` has it
        wanted = select(c.outcome, c.reason, func.count()).where(
            c.site == self.site, ~undone | ~again
        )
        if scan:
            wanted = wanted.where(c.scan == scan)
        found = self.rows(wanted.group_by(c.outcome, c.reason))
        return {(str(row[0]), str(row[1])): int(str(row[2])) for row in found}

    def raw(self, digest: str) -> bytes:
        """The bytes of an answer (at most 64 KB), or b"" when they were not kept."""
        from sqlalchemy import select

        from inventory.store import tables

        wanted = select(tables.raw.c.compressed).where(tables.raw.c.digest == digest)
        with self.reading() as connection:
            found = connection.execute(wanted).scalar()
        return codec.raw_bytes(found) if found else b""

    # --- declarations ------------------------------------------------------------------------

    def declare(self, declarations: Iterable[Declaration]) -> int:
        """Stores statements that are not stored yet, all or none; returns how many were new."""
        several = list(declarations)
        if not several:
            return 0
        with self.writing() as connection:
            return self.declare_in(connection, several)

    def declare_in(self, connection: Connection, declarations: Iterable[Declaration]) -> int:
        """The same in a transaction that is open."""
        from inventory.store import tables

        now = datetime.now(UTC)
        rows = [codec.declaration_row(declaration, now) for declaration in declarations]
        for name in {str(row["site"]) for row in rows}:
            self._site(connection, name)
        return ignore(connection, tables.declaration, rows)

    def declare_keys(self, keys: Sequence[Declaration]) -> None:
        """Records the keys of devices that were derived for the first time, some at a time."""
        for start in range(0, len(keys), BATCH):
            self.declare(keys[start : start + BATCH])

    def declarations(self, site: str | None = None, *kinds: Kind) -> list[Declaration]:
        """The statements in force about a site (this one unless named), oldest first."""
        return list(self.stated(site, *kinds))

    def stated(self, site: str | None = None, *kinds: Kind) -> Iterator[Declaration]:
        """The same; streams. Every asset has its key stated, so there may be very many."""
        return self._stated(site, kinds, withdrawn=False)

    def ever_stated(self, site: str | None = None, *kinds: Kind) -> Iterator[Declaration]:
        """All statements on record, with those that were withdrawn, and the withdrawals."""
        return self._stated(site, kinds, withdrawn=True)

    def stated_as(self, prefix: str) -> Iterator[Declaration]:
        """The statements of this site whose id begins so, those included that hold no more."""
        from sqlalchemy import select

        from inventory.store import tables

        table = tables.declaration
        wanted = select(table).where(table.c.site == self.site, table.c.id.startswith(prefix))
        with self.reading() as connection:
            for row in connection.execute(wanted).mappings():
                yield codec.declaration_value({**row})

    def _stated(
        self, site: str | None, kinds: Collection[Kind], *, withdrawn: bool
    ) -> Iterator[Declaration]:
        from sqlalchemy import select

        from inventory.store import tables

        table = tables.declaration
        wanted = select(table).where(table.c.site == (site or self.site)).order_by(table.c.seq)
        if kinds:
            wanted = wanted.where(table.c.kind.in_([kind.value for kind in kinds]))
        with self.reading() as connection:
            back = select(table.c.subject).where(
                table.c.site == (site or self.site), table.c.kind == Kind.WITHDRAWN.value
            )
            if not withdrawn and connection.execute(back.limit(1)).first() is not None:
                here = table.c.kind != Kind.WITHDRAWN.value
                wanted = wanted.where(here, table.c.id.not_in(back.scalar_subquery()))
            streaming = connection.execution_options(stream_results=True, yield_per=BATCH)
            for row in streaming.execute(wanted).mappings():
                yield codec.declaration_value({**row})

    # --- state of the records ----------------------------------------------------------------

    def records_stamp(self) -> str:
        """A text that changes whenever something about this site was added."""
        from sqlalchemy import func, select

        from inventory.store import tables

        o, d = tables.observation.c, tables.declaration.c
        with self.reading() as connection:
            newest = connection.execute(select(func.max(o.seq)).where(o.site == self.site)).scalar()
            stated = connection.execute(select(func.max(d.seq)).where(d.site == self.site)).scalar()
        return f"{newest or 0}.{stated or 0}"

    @property
    def path(self) -> Path | None:
        """The SQLite file; None for a database by URL."""
        return None if is_url(self.where) else Path(self.where)


def ignore(connection: Connection, table: Table, rows: list[codec.Row]) -> int:
    """Inserts rows whose key is not there yet; returns how many."""
    if connection.dialect.name == "sqlite":
        return fill(connection, table, rows, new_only=True)
    from sqlalchemy.dialects.postgresql import insert

    new = 0
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        statement = insert(table).on_conflict_do_nothing()
        # PostgreSQL's driver does not count the rows of a batch
        key = next(iter(table.primary_key))
        new += len(connection.execute(statement.returning(key), some).all())
    return new
