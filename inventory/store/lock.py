"""One scan of a site at a time, and one deriving of it: locks that vanish with the process that
holds them.

One rule keeps it simple: the operating system (or PostgreSQL) holds the lock, not a row, so a
crash never leaves a site locked.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.store.errors import StoreError
from inventory.text import inert, slug

if TYPE_CHECKING:
    from inventory.store.store import Store

WAIT_SECONDS = 600
"""How long a program waits for another one of ours that derives: longer than the largest site
takes."""

LOOK_SECONDS = 0.05
"""How often it looks meanwhile."""

Busy = Callable[[str], None]
"""Called with the holder's process number, or "", when a lock is taken: raises, or waits a bit."""


def scanning(store: Store) -> AbstractContextManager[None]:
    """Holds the site for one scan. Raises `StoreError` when another scan of it runs."""

    def busy(who: str) -> None:
        by = f" (process {who})" if who else ""
        raise StoreError(
            f"another scan of site {store.site!r} is running{by}; wait for it, or use another --db"
            " or --site"
        )

    return _lock(store, "scan", busy)


def concluding(store: Store) -> AbstractContextManager[None]:
    """Holds the site while it is derived and judged; waits while another program does that.

    Raises `StoreError` when that takes too long.
    """
    until = time.monotonic() + WAIT_SECONDS

    def busy(who: str) -> None:
        if time.monotonic() >= until:
            by = f" (process {who})" if who else ""
            raise StoreError(
                f"another program{by} derives site {store.site!r} and does not end; end it and run"
                " this again"
            )
        store.look()
        time.sleep(LOOK_SECONDS)

    return _lock(store, "derive", busy)


def derived_elsewhere(database: Path) -> bool:
    """Whether another program derives any site of an SQLite file at this moment."""
    pattern = f"{escape(database.name)}-derive-*.lock"
    return any(map(_held_elsewhere, database.parent.glob(pattern)))


def _held_elsewhere(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:  # it ended this moment, or is somebody else's
        return False
    try:
        return not _take(handle) and _holder(handle) != str(os.getpid())
    finally:
        os.close(handle)


def _lock(store: Store, what: str, busy: Busy) -> AbstractContextManager[None]:
    if store.path is None:
        return _database_lock(store, what, busy)
    mark = hashlib.sha256(store.site.encode("utf-8", "replace")).hexdigest()[:8]
    name = f"{store.path.name}-{what}-{slug(store.site, 40)}-{mark}.lock"
    return _file_lock(store.path.with_name(name), busy)


@contextmanager
def _file_lock(path: Path, busy: Busy) -> Iterator[None]:
    handle = _held(path, busy)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no open file: there it stays, empty of meaning
            path.unlink()
        os.close(handle)


def _held(path: Path, busy: Busy) -> int:
    """The open lock file, locked by us and still under its name.

    Whoever ends removes the file; a lock taken on a file that was removed meanwhile holds nothing.
    """
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}; its lock file is needed") from error
        try:
            if not _take(handle):
                busy(_holder(handle))
            elif _named(handle, path):
                with suppress(OSError):  # a full disk: the lock holds, it only lacks our number
                    os.ftruncate(handle, 0)
                    os.write(handle, f"{os.getpid()}\n".encode())
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _holder(handle: int) -> str:
    """The process number that whoever holds a lock file wrote into it, or ""."""
    return inert(os.read(handle, 20).decode("ascii", "replace").strip(), 20)


def _named(handle: int, path: Path) -> bool:
    """Whether the open file is the one of that name now."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _take(handle: int) -> bool:
    """Whether the lock could be taken; it ends when the file is closed or the process dies."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            os.lseek(handle, 1 << 20, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        os.lseek(handle, 0, os.SEEK_SET)
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def _database_lock(store: Store, what: str, busy: Busy) -> Iterator[None]:
    from sqlalchemy import text

    words = f"untrap {store.site}" if what == "scan" else f"untrap {what} {store.site}"
    number = int.from_bytes(hashlib.sha256(words.encode()).digest()[:7], "big")
    wanted = text("SELECT pg_try_advisory_lock(:n)")
    with store.reading() as connection:
        while not connection.execute(wanted, {"n": number}).scalar():
            busy("")
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": number})
