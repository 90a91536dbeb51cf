"""A lock that is a file beside the inventory: held by the operating system, named for its holder.

One rule keeps it simple: this module knows files and processes, and no `Store`; who holds what, and
in which words a wait ends, is `lock.py`'s.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from inventory.store.errors import StoreError
from inventory.text import inert, slug

WAIT_SECONDS = 600
"""How long a program waits for another one of ours that derives: longer than the largest site
takes."""

Busy = Callable[[str], None]
"""Called with the holder's process number, or "", when a lock is taken: raises, or waits a bit."""


def beside(database: Path, what: str, site: str) -> Path:
    """The lock file of one site for one purpose ("scan", "derive"), beside its database."""
    mark = hashlib.sha256(site.encode("utf-8", "replace")).hexdigest()[:8]
    return database.with_name(f"{database.name}-{what}-{slug(site, 40)}-{mark}.lock")


@contextmanager
def file_lock(path: Path, busy: Busy) -> Iterator[None]:
    """Holds the lock file while the block runs. Raises `StoreError` where it cannot be made."""
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
