"""One scan of a site at a time, and one deriving of it: locks that vanish with the process that
holds them.

One rule keeps it simple: the operating system (or PostgreSQL) holds the lock, not a row, so a
crash never leaves a site locked.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from inventory.store.errors import StoreError
from inventory.store.lock_file import WAIT_SECONDS, Busy, beside, file_lock

if TYPE_CHECKING:
    from inventory.store.store import Store

LOOK_SECONDS = 0.05
"""How often it looks meanwhile."""


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


def _lock(store: Store, what: str, busy: Busy) -> AbstractContextManager[None]:
    if store.path is None:
        return _database_lock(store, what, busy)
    return file_lock(beside(store.path, what, store.site), busy)


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
