"""A database of an older version opens, keeps its records and is derived anew."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from inventory.conclude import conclude
from inventory.store import Store, tables
from inventory.store.migrate import MIGRATIONS, run
from tests.inventory.making import SITE, observed

TELLING = observed(
    "10.0.0.1", {"vendor": "Acme"}, protocol="opcua", operation="browse", port=4840,
    points=("Motor current",), values=(4.2,),
)  # fmt: skip


def revisions() -> list[str]:
    """All revisions, the oldest first."""
    from alembic.script import ScriptDirectory

    found = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return [str(one.revision) for one in found][::-1]


def of_revision(path: Path, revision: str) -> None:
    """An inventory as the version of that revision left it, with one observation."""
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        run(connection, revision)
    engine.dispose()
    with Store.open(path.with_name("new.db"), SITE) as store:
        store.append([TELLING])
    with closing(sqlite3.connect(path)) as file:
        file.execute("ATTACH ? AS new", (str(path.with_name("new.db")),))
        for name in ("site", "observation"):
            file.execute(f"INSERT INTO {name} SELECT * FROM new.{name}")  # noqa: S608 - constant
        file.execute("INSERT INTO stamp (site, value, time) VALUES ('plant', '1.0 4 x y', '')")
        file.commit()


def test_a_new_file_is_of_the_last_revision() -> None:
    assert revisions()[-1] == tables.REVISION


@pytest.mark.parametrize("revision", revisions())
def test_a_file_of_an_older_version_opens_with_its_records(tmp_path: Path, revision: str) -> None:
    of_revision(tmp_path / "old.db", revision)
    with Store.open(tmp_path / "old.db", SITE) as store:
        assert list(store.observations()) == [TELLING]
        assert conclude(store)
        assert [one.vendor for one in store.devices()] == ["Acme"]
        (device,) = store.devices()
        assert [one.signal for one in store.signals(device.key).values()] == ["current"]
    with closing(sqlite3.connect(tmp_path / "old.db")) as file:
        assert file.execute('SELECT address, signal, "match" FROM signals').fetchall() == [
            ("Motor current", "current", "name")
        ]
    copy = tmp_path / f"old.db.before-{revision}"
    assert copy.exists() == (revision != tables.REVISION)


@pytest.mark.parametrize("revision", revisions())
def test_who_only_reads_an_older_file_finds_its_records_too(tmp_path: Path, revision: str) -> None:
    """A plan or a use case may be the first that is asked after an upgrade."""
    of_revision(tmp_path / "old.db", revision)
    with Store.open(tmp_path / "old.db", SITE, create=False, readonly=True) as store:
        assert list(store.observations()) == [TELLING]
        assert store.readonly
