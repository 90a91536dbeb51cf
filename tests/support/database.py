"""A database as another program opens it: changes are kept, and the file is closed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def sqlite(
    where: str | Path,
    *,
    uri: bool = False,
    timeout: float = 5.0,
    autocommit: bool = False,
) -> Iterator[sqlite3.Connection]:
    """A connection whose transaction ends with the block; sqlite3's own does not close."""
    level = None if autocommit else ""
    opened = sqlite3.connect(where, uri=uri, timeout=timeout, isolation_level=level)
    with closing(opened) as connection, connection:
        yield connection
