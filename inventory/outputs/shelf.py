"""A dictionary of texts that does not grow in memory: what does not fit is kept in a file.

One rule keeps it simple: SQLite's own nameless database holds everything; it lives in a few
megabytes of cache, goes on in a temporary file without a name, and is gone when it is closed.
"""

from __future__ import annotations

import pickle
import sqlite3
import weakref
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

CACHE_KIB = 2048
"""Memory of one shelf; a small inventory never touches the disk."""
FILTER_BITS = 23
"""2^23 bits (1 MiB) remember which keys were put: of a million keys nearly all questions about
others are answered without looking (3 bits a key; one in forty is looked up in vain)."""

_MASK = (1 << FILTER_BITS) - 1
_SETTINGS = ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE_KIB}")
_TABLE = "CREATE TABLE shelf (place INTEGER PRIMARY KEY, key BLOB UNIQUE, value BLOB)"
_FIRST = "INSERT INTO shelf (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING"
_LAST = f"{_FIRST.removesuffix('NOTHING')}UPDATE SET value = excluded.value"
_ASKED = "SELECT value FROM shelf WHERE key = ?"


class Shelf:
    """Texts by text, in the order in which each key was put first."""

    def __init__(self) -> None:
        self._database = _nameless(_TABLE)
        self._filter = bytearray(1 << (FILTER_BITS - 3))
        self._end = weakref.finalize(self, self._database.close)

    def fill(self, pairs: Iterable[tuple[str, str]], *, last: bool = False) -> None:
        """Puts pairs. Of a key that is put twice the first value stays, or the last one."""
        self._database.execute("BEGIN")
        self._database.executemany(_LAST if last else _FIRST, map(self._marked, pairs))
        self._database.execute("COMMIT")

    def _marked(self, pair: tuple[str, str]) -> tuple[bytes, bytes]:
        for bit in _bits(pair[0]):
            self._filter[bit >> 3] |= 1 << (bit & 7)
        return _bytes(pair[0]), _bytes(pair[1])

    def add(self, key: str) -> bool:
        """Puts a key without a value; whether it is new."""
        if key in self:
            return False
        self.put(key, "")
        return True

    def put(self, key: str, value: str) -> None:
        """Puts one pair; the value that was there is replaced."""
        self._database.execute(_LAST, self._marked((key, value)))

    def get(self, key: str) -> str | None:
        """The value of a key, or None."""
        filled = self._filter
        for bit in _bits(key):
            if not filled[bit >> 3] & 1 << (bit & 7):
                return None
        found = self._database.execute(_ASKED, (_bytes(key),)).fetchone()
        return None if found is None else _text(found[0])

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Keys and values; nothing may be put meanwhile."""
        for key, value in self._database.execute("SELECT key, value FROM shelf ORDER BY place"):
            yield _text(key), _text(value)

    def close(self) -> None:
        """Gives everything back; idempotent, and done at the latest when nobody holds it."""
        self._end()


class Ledger(Generic[T]):
    """Values of ours in the order in which they were put, by place; of all of them memory holds
    what SQLite keeps at hand."""

    def __init__(self) -> None:
        self._database = _nameless("CREATE TABLE ledger (place INTEGER PRIMARY KEY, value BLOB)")
        self._count = 0
        self._end = weakref.finalize(self, self._database.close)

    def append(self, value: T) -> None:
        """Puts one more."""
        body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        self._database.execute("INSERT INTO ledger VALUES (?, ?)", (self._count, body))
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int) -> T:
        asked = self._database.execute("SELECT value FROM ledger WHERE place = ?", (place,))
        return self._read(asked.fetchone()[0])

    def __iter__(self) -> Iterator[T]:
        for (body,) in self._database.execute("SELECT value FROM ledger ORDER BY place"):
            yield self._read(body)

    def _read(self, body: bytes) -> T:
        value: T = pickle.loads(body)  # noqa: S301 - written by this very object
        return value


def _nameless(table: str) -> sqlite3.Connection:
    """A database of this process alone, with one table."""
    made = sqlite3.connect("", isolation_level=None)
    for one in _SETTINGS:
        made.execute(f"PRAGMA {one}")
    made.execute(table)
    return made


def _bits(key: str) -> tuple[int, int, int]:
    """Three places of the filter, from the hash that Python keeps of a text."""
    number = hash(key)
    return number & _MASK, number >> 20 & _MASK, number >> 40 & _MASK


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(found: bytes) -> str:
    return found.decode("utf-8", "surrogatepass")
