"""One scan of a site at a time: a lock that vanishes with the process that holds it.

One rule keeps it simple: the operating system (or PostgreSQL) holds the lock, not a row, so a
crash never leaves a site locked.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.store.errors import StoreError
from inventory.text import inert, slug

if TYPE_CHECKING:
    from inventory.store.store import Store


@contextmanager
def scanning(store: Store) -> Iterator[None]:
    """Holds the site for one scan. Raises `StoreError` when another scan of it runs."""
    if store.path is None:
        with _database_lock(store):
            yield
    else:
        with _file_lock(store.path, store.site):
            yield


def _busy(site: str, who: str) -> StoreError:
    by = f" (process {who})" if who else ""
    return StoreError(
        f"another scan of site {site!r} is running{by}; wait for it, or use another --db or --site"
    )


@contextmanager
def _file_lock(database: Path, site: str) -> Iterator[None]:
    mark = hashlib.sha256(site.encode("utf-8", "replace")).hexdigest()[:8]
    path = database.with_name(f"{database.name}-scan-{slug(site, 40)}-{mark}.lock")
    handle = _held(path, site)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no open file: there it stays, empty of meaning
            path.unlink()
        os.close(handle)


def _held(path: Path, site: str) -> int:
    """The open lock file, locked by us and still under its name.

    Whoever ends removes the file; a lock taken on a file that was removed meanwhile holds nothing.
    """
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}; the scan needs its lock file") from error
        try:
            if not _take(handle):
                who = inert(os.read(handle, 20).decode("ascii", "replace").strip(), 20)
                raise _busy(site, who)
            if _named(handle, path):
                with suppress(OSError):  # a full disk: the lock holds, it only lacks our number
                    os.ftruncate(handle, 0)
                    os.write(handle, f"{os.getpid()}\n".encode())
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


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
def _database_lock(store: Store) -> Iterator[None]:
    from sqlalchemy import text

    number = int.from_bytes(hashlib.sha256(f"untrap {store.site}".encode()).digest()[:7], "big")
    with store.reading() as connection:
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": number}).scalar()
        if not taken:
            raise _busy(store.site, "")
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": number})
