"""Writes many rows of derived tables at once.

One rule keeps it simple: rows are mappings with the same keys in the same order, or tuples in that
order; SQLite gets them through its own `executemany`, which costs half of what a compiled statement
with named parameters does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

V = TypeVar("V")

STEP = 2_000
"""Rows per statement; keeps memory flat."""


class Rows(NamedTuple):
    """Rows of one table: its columns, and what stands in them."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]


def fill(
    connection: Connection,
    table: Table,
    rows: Iterable[Mapping[str, object]] | Rows,
    *,
    new_only: bool = False,
) -> int:
    """Inserts rows that are not there yet; returns how many SQLite took. `new_only` (SQLite):
    those that are there already are passed over."""
    added = 0
    for columns, step in _steps(rows):
        if connection.dialect.name == "sqlite":
            names = ", ".join(f'"{name}"' for name in columns)
            marks = ", ".join("?" * len(columns))
            sql = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608 - our names
            sql += " ON CONFLICT DO NOTHING" if new_only else ""
            added += max(connection.exec_driver_sql(sql, step).rowcount, 0)
        else:
            from sqlalchemy import insert

            connection.execute(insert(table), [dict(zip(columns, r, strict=True)) for r in step])
    return added


def change(connection: Connection, table: Table, rows: Rows, key: str = "key") -> None:
    """Sets columns of rows that are there; the last column is the one that names them."""
    for columns, step in _steps(rows):
        if connection.dialect.name == "sqlite":
            names = ", ".join(f'"{name}" = ?' for name in columns[:-1])
            sql = f'UPDATE "{table.name}" SET {names} WHERE "{key}" = ?'  # noqa: S608 - our names
            connection.exec_driver_sql(sql, step)
        else:
            from sqlalchemy import bindparam, update

            keyed = (*columns[:-1], "wanted_key")
            connection.execute(
                update(table)
                .where(table.c[key] == bindparam("wanted_key"))
                .values({name: bindparam(name) for name in columns[:-1]}),
                [dict(zip(keyed, row, strict=True)) for row in step],
            )


def _steps(
    rows: Iterable[Mapping[str, object]] | Rows,
) -> Iterator[tuple[tuple[str, ...], list[tuple[object, ...]]]]:
    if isinstance(rows, Rows):
        for start in range(0, len(rows.rows), STEP):
            yield rows.columns, list(rows.rows[start : start + STEP])
        return
    coming = iter(rows)
    while some := list(islice(coming, STEP)):
        yield tuple(some[0]), [tuple(row.values()) for row in some]
