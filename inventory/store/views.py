"""The SQL views that the database computes by itself: `evidence`, `points`, `samples`, `signals`.

One rule keeps it simple: a view only joins and unfolds; what needs judgement is a derived table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

NAMES = ("evidence", "points", "samples", "signals")

_JOIN = """FROM place p JOIN observation o
  ON o.site = p.site AND o.address = p.address AND o.part = p.part
 AND o.time >= p.since AND o.time <= p.until"""

_EVIDENCE = f"""CREATE VIEW evidence AS
SELECT p.asset AS asset, o.id AS observation, o.site AS site, o.scan AS scan, o.time AS time,
       o.address AS address, o.transport AS transport, o.port AS port, o.protocol AS protocol,
       o.operation AS operation, o.part AS part, o.argument AS argument, o.outcome AS outcome,
       o.reason AS reason, o.detail AS detail, o.facts AS facts, o.digest AS digest
{_JOIN}"""

_POINT = ("address", "name", "path", "unit", "type", "access", "part", "semantic", "description")
_SAMPLE = ("point", "part", "value", "quality", "status", "source_time", "received_time")


def _unfolding(name: str, column: str, keys: tuple[str, ...], dialect: str) -> str:
    """A view that unfolds one JSON column; absent keys are empty text, as in the values."""
    if dialect == "sqlite":
        source = f"json_each(CASE o.{column} WHEN '' THEN '[]' ELSE o.{column} END) j"
        get = "json_extract(j.value, '$.{}')"
    else:
        source = f"jsonb_array_elements(CAST(COALESCE(NULLIF(o.{column}, ''), '[]') AS jsonb)) j"
        get = "(j.value ->> '{}')"
    picked = ", ".join(
        f"{get.format(key)} AS {key}"
        if key == "value"
        else f"COALESCE({get.format(key)}, '{'good' if key == 'quality' else ''}') AS {key}"
        for key in keys
    )
    return (
        f"CREATE VIEW {name} AS SELECT p.asset AS asset, p.site AS site, o.id AS observation, "
        f"o.protocol AS protocol, o.time AS time, {picked} {_JOIN} CROSS JOIN {source}"
    )


_SIGNAL = ("part", "address", "signal", "match", "candidates")


def _signals(dialect: str) -> str:
    """A view that unfolds the arrays of table `meaning`."""
    if dialect == "sqlite":
        source, get = "json_each(m.body) j", "json_extract(j.value, '$[{}]')"
    else:
        source, get = "jsonb_array_elements(CAST(m.body AS jsonb)) j", "(j.value ->> {})"
    picked = ", ".join(f'{get.format(n)} AS "{name}"' for n, name in enumerate(_SIGNAL))
    head = "CREATE VIEW signals AS SELECT m.asset AS asset, m.site AS site"
    return f"{head}, {picked} FROM meaning m CROSS JOIN {source}"


def create(connection: Connection, *names: str) -> None:
    """Makes the views (all, or those that are named) in the words of this database."""
    dialect = connection.dialect.name
    texts = {
        "evidence": _EVIDENCE,
        "points": _unfolding("points", "points", _POINT, dialect),
        "samples": _unfolding("samples", "samples", _SAMPLE, dialect),
        "signals": _signals(dialect),
    }
    for name in names or NAMES:
        connection.exec_driver_sql(texts[name])
