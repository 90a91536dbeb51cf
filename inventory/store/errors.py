"""What can go wrong with a database, said in one line that names the way out."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StoreError(Exception):
    """The database cannot be used; the message is one line for the person at the keyboard."""


class OlderError(StoreError):
    """It is of an older version, and was opened for reading only."""


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turns a database error into a `StoreError` that says what to do."""
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except DBAPIError as error:
        raise StoreError(explain(where, error.orig)) from error
    except sqlite3.Error as error:
        raise StoreError(explain(where, error)) from error
    except OSError as error:
        raise StoreError(f"{where}: {error.strerror or error}") from error


SMALLEST = 65_536  # bytes that SQLite needs to open a database with a write-ahead log
_SAYINGS = (
    ("not a database", "is not an untrap database; name another file with --db"),
    ("malformed", "is damaged; restore a copy, or name another file with --db"),
    ("locked", "is locked by another program; close that program and run this again"),
    ("disk is full", "cannot grow, the disk is full; free some space and run this again"),
    ("readonly", "is read-only; copy it to a place where you may write"),
    ("read-only", "is read-only; copy it to a place where you may write"),
    ("unable to open", "cannot be opened; check that the folder exists and that you may write"),
    ("disk i/o error", "cannot be read or written, the disk reports an error"),
)


def _full(where: str) -> bool:
    try:
        return shutil.disk_usage(Path(where).resolve().parent).free < SMALLEST
    except OSError:
        return False


def explain(where: str, error: BaseException | None) -> str:
    """One line for a driver's error, with a way out where one is known."""
    said = str(error).strip().splitlines()
    first = said[0] if said else type(error).__name__
    if "disk i/o error" in first.lower() and _full(where):
        first = "disk is full"  # SQLite says no more when its shared memory finds no room
    for mark, saying in _SAYINGS:
        if mark in first.lower():
            return f"{where} {saying}"
    return f"{where}: {first}"
