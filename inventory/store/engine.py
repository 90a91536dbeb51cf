"""Opens the database: SQLite by path, PostgreSQL by URL, with the settings that keep it safe.

One rule keeps it simple: a database is either of our revision when this module returns it, or a
`StoreError` says why not; a newer one is never touched.

Durability: WAL with `synchronous=NORMAL`. A committed row survives `kill -9` of this program. A
power cut may lose the last commits (never the database); `UNTRAP_SYNCHRONOUS=FULL` waits for the
disk at each commit instead.
"""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.store.errors import OlderError, StoreError, explained
from inventory.store.lock_file import WAIT_SECONDS, derived_elsewhere
from inventory.store.where import is_url, shown

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

log = logging.getLogger(__name__)

BUSY_MILLISECONDS = 5_000
"""How long a statement waits for another program's lock."""

STEP_MILLISECONDS = 250
"""The same in `begin`, after a first time: nobody hears Ctrl-C while SQLite waits."""

ROOM_KILOBYTES = 65_536
"""Pages that `roomy` keeps."""

HEADER_BYTES = 100
"""No SQLite file that holds anything is shorter (Database File Format, 1.3)."""


def connect(where: str, *, create: bool, readonly: bool) -> Engine:
    """An engine for a database of our revision; one of an older version is brought up to date
    first, also where it is only read, if it may be written.

    Raises `StoreError`, one line, for everything that stands in the way.
    """
    try:
        return _connect(where, create=create, readonly=readonly)
    except OlderError:
        if is_url(where) or not os.access(where, os.W_OK):
            raise
    _connect(where, create=False, readonly=False).dispose()
    return _connect(where, create=False, readonly=readonly)


def _connect(where: str, *, create: bool, readonly: bool) -> Engine:
    made = not is_url(where) and not os.path.lexists(where)
    engine = _url_engine(where) if is_url(where) else _file_engine(Path(where), create, readonly)
    try:
        with explained(shown(where)):
            _settle(engine, where, create=create, readonly=readonly)
    except BaseException:
        engine.dispose()
        for end in ("", "-wal", "-shm") if made else ():  # nothing half made stays
            Path(where + end).unlink(missing_ok=True)
        raise
    return engine


def _url_engine(url: str) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    if url.startswith("sqlite:"):
        raise StoreError(f"{url}: name an SQLite file by its path, as in --db untrap.db")
    if not url.startswith(("postgres://", "postgresql://", "postgresql+psycopg://")):
        message = f"{shown(url)}: no database that untrap writes to; name a file or postgresql://"
        raise StoreError(f"{message}user@host/name")
    if url.startswith("postgres://"):
        url = "postgresql://" + url.removeprefix("postgres://")
    try:
        return create_engine(url, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError) as error:
        message = f"{shown(url)}: not a database URL; one is postgresql://user@host/name"
        raise StoreError(message) from error
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed; install untrap[postgresql]"
        raise StoreError(message) from error


def _file_engine(path: Path, create: bool, readonly: bool) -> Engine:
    from sqlalchemy import create_engine, event

    _check_file(path, create, readonly)
    mode = "ro" if readonly and not os.access(path, os.W_OK) else "rw"
    location = f"{path.absolute().as_uri()}?mode={mode}"

    def open_file() -> sqlite3.Connection:
        return sqlite3.connect(
            location, uri=True, timeout=BUSY_MILLISECONDS / 1000, check_same_thread=False
        )

    engine = create_engine("sqlite://", creator=open_file, poolclass=_pool())

    def settings(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        if readonly:
            # Not mode=ro: such a connection makes -wal and -shm and may not take them away again.
            connection.execute("PRAGMA query_only=ON")
        else:
            connection.execute("PRAGMA journal_mode=WAL")
            full = os.environ.get("UNTRAP_SYNCHRONOUS", "").upper() == "FULL"
            connection.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")

    event.listen(engine, "connect", settings)
    return engine


def begin(connection: Connection, where: str) -> None:
    """Begins a transaction that writes (SQLite), when no other program writes.

    Waits long where that is one of ours that derives, any site of the file: it will end. Raises the
    driver's error for every other that does not end soon.
    """
    if connection.dialect.name != "sqlite" or _begun(connection):
        return
    until = time.monotonic() + WAIT_SECONDS
    waiting = derived_elsewhere(Path(where))
    if waiting:
        log.warning("waiting for another program that derives inventory=%s", where)
    with _set(connection, "busy_timeout", STEP_MILLISECONDS):
        while not _begun(connection, last=not waiting):
            waiting = time.monotonic() < until and derived_elsewhere(Path(where))


def _begun(connection: Connection, *, last: bool = False) -> bool:
    from sqlalchemy.exc import OperationalError

    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        if last or "locked" not in str(error.orig):
            raise
        return False
    return True


@contextmanager
def roomy(connection: Connection) -> Iterator[None]:
    """Room in memory for the pages that a large transaction changes (SQLite), while it lasts.

    Keys are random, so that an index is changed all over: with the usual 2 MB each page goes to the
    log again and again (5.8 s of system time for 100 000 devices, 3.2 with this).
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    with _set(connection, "cache_size", -ROOM_KILOBYTES):
        yield


@contextmanager
def _set(connection: Connection, name: str, value: int) -> Iterator[None]:
    """What SQLite goes by, as long as that lasts.

    Beneath SQLAlchemy: where a person ends the work it closes the connection, in which case there
    is nothing to set back, and each statement raises (`Records.looks`), also those that tidy up.
    """
    beneath = connection.connection.dbapi_connection
    assert isinstance(beneath, sqlite3.Connection)  # noqa: S101 - as `_file_engine` makes it
    (usual,) = beneath.execute(f"PRAGMA {name}").fetchone()
    beneath.execute(f"PRAGMA {name}={value}")
    try:
        yield
    finally:
        with suppress(sqlite3.ProgrammingError):
            beneath.execute(f"PRAGMA {name}={usual}")


def _pool() -> type:
    from sqlalchemy.pool import QueuePool

    return QueuePool


def _check_file(path: Path, create: bool, readonly: bool) -> None:
    """Refuses what SQLite would say less clearly.

    A file that is there is not opened for it: closing it would drop the locks that this process
    holds on it by SQLite (fcntl(2)), and the next reader that leaves would take itself for the last
    one and delete the log that a scan is writing to. Measured: what was acknowledged was gone.
    """
    try:
        if path.is_dir():
            raise StoreError(f"{path} is a folder; name a file, as in --db {path / 'untrap.db'}")
        if not path.exists():
            if not create:
                message = f"{path}: no such inventory; `untrap scan` or `untrap import` makes one"
                raise StoreError(message)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        if not os.access(path, os.R_OK if readonly else os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if 0 < path.stat().st_size < HEADER_BYTES:  # SQLite takes so little for nothing
            raise StoreError(f"{path} is not an untrap database; name another file with --db")
    except PermissionError as error:
        if not readonly and os.access(path, os.R_OK):
            message = f"{path} is read-only; copy it to a folder where you may write"
            raise StoreError(f"{message}, as in --db copy.db") from error
        raise StoreError(f"{path}: no permission; choose another file with --db") from error
    except FileNotFoundError as error:
        raise StoreError(f"{path}: its folder does not exist; make it first") from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; choose another file with --db") from error


def _settle(engine: Engine, where: str, *, create: bool, readonly: bool) -> None:
    """Brings the database to our revision: made, found, upgraded or refused."""
    from sqlalchemy import inspect

    from inventory.store import tables

    with engine.connect() as connection:
        names = set(inspect(connection).get_table_names())
        found = _revision(connection) if "alembic_version" in names else ""
    if found == tables.REVISION:
        return
    if names and not found and not is_url(where):
        raise StoreError(f"{where} is not an untrap database; name another file with --db")
    if not found:
        if readonly or not create:
            raise StoreError(f"{shown(where)} is empty; `untrap scan` or `untrap import` fills it")
        with engine.begin() as connection:
            make(connection)
        return
    from inventory.store.migrate import upgrade

    upgrade(engine, where, found, readonly=readonly)


def _revision(connection: Connection) -> str:
    from sqlalchemy import select

    from inventory.store import tables

    return str(connection.execute(select(tables.version.c.version_num)).scalar() or "")


def make(connection: Connection) -> None:
    """Makes the whole schema at our revision (a test holds it equal to the migrations)."""
    from sqlalchemy import insert

    from inventory.store import tables, views

    tables.metadata.create_all(connection)
    views.create(connection)
    connection.execute(insert(tables.version).values(version_num=tables.REVISION))
