"""The schema: tables of record, and the derived tables that SQL users may rely on.

One rule keeps it simple: only `RECORDS` hold what cannot be computed again; everything in
`DERIVED` may be dropped and is rebuilt from them. `docs/schema.md` describes every column.
Times are RFC 3339 UTC with microseconds, so that text order is time order.
"""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import ForeignKey as Refers
from sqlalchemy.schema import SchemaItem

REVISION = "0006"
"""Alembic revision of this schema; `inventory/migrations/versions` holds the way here."""

metadata = MetaData()

_BIG = BigInteger().with_variant(Integer, "sqlite")


def _text(name: str, default: str | None = "", **more: bool) -> Column[str]:
    nullable = more.pop("nullable", False)
    return Column(name, Text, nullable=nullable, server_default=default, **more)  # type: ignore[arg-type]


def _table(name: str, *columns: SchemaItem) -> Table:
    return Table(name, metadata, *columns, sqlite_strict=True)


version = _table("alembic_version", Column("version_num", Text, primary_key=True))

site = _table("site", Column("name", Text, primary_key=True), _text("added", None))

scan = _table(
    "scan",
    Column("id", Text, primary_key=True),
    Column("site", Text, Refers("site.name"), nullable=False),
    _text("vantage"),
    _text("started", None),
    _text("finished", None, nullable=True),
    _text("status"),
    _text("depth"),
    _text("profile"),
    _text("interface"),
    _text("source_address"),
    _text("rules_version"),
    _text("targets", "[]"),
    _text("excluded", "[]"),
    _text("plan", "{}"),
    _text("summary", "{}"),
)

observation = _table(
    "observation",
    Column("seq", _BIG, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    _text("scan", None),
    Column("site", Text, Refers("site.name"), nullable=False),
    _text("vantage"),
    _text("address", None),
    _text("transport", None),
    Column("port", Integer, nullable=False),
    _text("protocol", None),
    _text("operation", None),
    _text("part"),
    _text("argument"),
    Column("sequence", Integer, nullable=False),
    _text("outcome", None),
    _text("reason"),
    _text("detail"),
    _text("credential"),
    Column("tries", Integer, nullable=False),
    _text("time", None),
    Column("duration_seconds", REAL, nullable=False),
    Column("items", _BIG, nullable=True),
    _text("digest"),
    _text("origin"),
    _text("facts"),
    _text("points"),
    _text("samples"),
    Index("observation_place", "site", "address", "part"),
    Index("observation_scan", "scan"),
)

raw = _table(
    "raw",
    Column("digest", Text, primary_key=True),
    Column("length", Integer, nullable=False),
    Column("compressed", LargeBinary, nullable=False),
)

visit = _table(
    "visit",
    Column("scan", Text, Refers("scan.id"), primary_key=True),
    Column("address", Text, primary_key=True),
)
"""Hosts that a scan has finished with: a resumed scan sends them nothing."""

declaration = _table(
    "declaration",
    Column("seq", _BIG, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("site", Text, Refers("site.name"), nullable=False),
    _text("kind", None),
    _text("subject", None),
    _text("fields", "{}"),
    _text("author"),
    _text("document"),
    _text("time", None),
    Index("declaration_kind", "site", "kind"),
)

stamp = _table(
    "stamp",
    Column("site", Text, primary_key=True),
    _text("value", None),
    _text("time", None),
)

assets = _table(
    "assets",
    Column("key", Text, primary_key=True),
    _text("site", None),
    _text("kind", None),
    _text("tag"),
    _text("name"),
    _text("role"),
    _text("class"),
    _text("vendor"),
    _text("product"),
    _text("model"),
    _text("firmware"),
    _text("hardware"),
    _text("serial"),
    _text("mac"),
    _text("addresses", "[]"),
    _text("aliases", "[]"),
    _text("parent"),
    _text("part"),
    _text("area"),
    _text("line"),
    _text("criticality"),
    _text("redundancy"),
    _text("owner"),
    _text("first_seen", None, nullable=True),
    _text("last_seen", None, nullable=True),
    Column("seen", Integer, nullable=False),
    _text("planned"),
    Column("points", Integer, nullable=False),
    Column("readable", Integer, nullable=False),
    Column("level_lo", Integer, nullable=True),
    Column("level_hi", Integer, nullable=True),
    _text("blocking", "[]"),
    Column("coverage_lo", REAL, nullable=True),
    Column("coverage_hi", REAL, nullable=True),
    _text("coverage"),
    _text("category"),
    Column("rank", Integer, nullable=False),
    _text("value", None),
    Column("judged", Integer, nullable=False, server_default="0"),
    Column("stale", Integer, nullable=False, server_default="0"),
    _text("read_at", None, nullable=True),
    _text("variant"),
    _text("required"),
    Index("assets_rank", "site", "kind", "rank"),
)

services = _table(
    "services",
    _text("asset", None),
    _text("site", None),
    _text("address"),
    _text("protocol"),
    _text("transport"),
    Column("port", Integer, nullable=False),
    _text("part"),
    _text("outcome"),
    _text("reason"),
    _text("security", "[]"),
    _text("openness"),
    Index("services_asset", "asset"),
)

place = _table(
    "place",
    _text("site", None),
    _text("address", None),
    _text("part"),
    _text("since"),
    _text("until", "~"),
    _text("asset", None),
    Column("rank", Integer, nullable=False),
    UniqueConstraint("site", "address", "part", "since"),
    Index("place_asset", "asset"),
    Index("place_rank", "site", "rank"),
)

meaning = _table(
    "meaning",
    Column("asset", Text, primary_key=True),
    _text("site", None),
    _text("body", None),
    Index("meaning_site", "site"),
)
"""What the points of an asset were taken for, one JSON array a row; the view `signals` unfolds it:
a row for each of two million points would cost more time and space than all else that is derived.
"""

gaps = _table(
    "gaps",
    Column("id", Text, primary_key=True),
    _text("site", None),
    _text("asset", None),
    _text("asset_name"),
    _text("rule", None),
    Column("version", Integer, nullable=False),
    _text("category"),
    _text("label"),
    _text("subject"),
    _text("severity"),
    _text("confidence"),
    Column("value", REAL, nullable=False),
    Column("unlocks", Integer, nullable=False),
    _text("waived"),
    _text("body", None),
    Index("gaps_asset", "asset"),
)

questions = _table(
    "questions",
    _text("site", None),
    _text("asset", None),
    _text("asset_name"),
    _text("rule", None),
    _text("subject"),
    _text("missing"),
    _text("next_step"),
    _text("command"),
    Index("questions_asset", "asset"),
)

conflicts = _table(
    "conflicts",
    _text("asset", None),
    _text("site", None),
    _text("observation"),
    _text("text"),
    Index("conflicts_asset", "asset"),
)
"""Observations of an asset that contradict a later one: both are kept, and confidence is lower."""

ties = _table(
    "ties",
    Column("asset", Text, primary_key=True),
    _text("site", None),
    _text("words"),
)
"""What ties a device to others: words, a line each (`derive.ties`); read as a whole."""

standing = _table(
    "standing",
    Column("asset", Text, primary_key=True),
    _text("site", None),
    _text("kin"),
    _text("listing"),
    _text("identities", "[]"),
    _text("networks", "[]"),
    _text("named", "[]"),
    Column("clocks", Integer, nullable=True),
    _text("until"),
)
"""What the verdicts on other assets need to know of one, and how long its own stands
(`judge.standing`)."""

rulebook = _table(
    "rulebook",
    Column("site", Text, primary_key=True),
    _text("time", None),
    _text("versions", "{}"),
    _text("changes", "[]"),
)
"""The versions of the rules that judged, and what the last change of them changed. It outlives a
new derivation, which it is compared with."""

readiness = _table(
    "readiness",
    _text("site", None),
    _text("scope", None),
    _text("name"),
    _text("body", None),
)

RECORDS = (site, scan, observation, raw, visit, declaration)
"""What was observed or stated: never edited, never computed again."""

DERIVED = (
    *(stamp, assets, services, place, ties),
    *(meaning, gaps, questions, conflicts, standing, readiness),
)
"""What is computed from `RECORDS`: may be dropped at any time."""

CONCLUDED = (gaps, questions, meaning, conflicts, standing)
"""What verdicts consist of, beside the columns of table `assets`."""
