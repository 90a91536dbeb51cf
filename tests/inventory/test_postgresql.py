"""The same store on PostgreSQL, by a server of the test's own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from inventory.conclude import conclude, refresh
from inventory.grow import grow
from inventory.outputs import Request, bundle
from inventory.store import Store, StoreError
from inventory.store.lock import scanning
from inventory.store.migrate import run
from tests.inventory.making import SITE, observed
from tests.inventory.outputs.connecting import plant
from tests.inventory.test_grow import TODAY, contents
from tests.inventory.test_migrate import revisions
from tests.support.plants import played, untrap
from tests.support.postgresql import Server, server

QUALITY = Path(__file__).parents[2] / "simulators" / "plants" / "quality.toml"

pytestmark = [pytest.mark.peer("postgresql"), pytest.mark.xdist_group("postgresql")]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    with server() as running:
        yield running


def test_postgresql_stores_derives_and_locks_like_sqlite(postgresql: Server) -> None:
    url = postgresql.database()
    name = f"plant-{uuid.uuid4()}"
    seen = [
        observed("10.0.0.1", {"name": "\0\ud800"}, points=("a",), values=(1.5,), site=name),
        observed("10.0.0.2", {"vendor": "B"}, site=name),
    ]
    with Store.open(url, name) as store:
        assert (store.append(seen), store.append(seen)) == (2, 0)
        found = refresh(store)
        assert tuple(store.devices()) == found.devices
        assert [one.device for one in store.evidences()] == list(found.devices)
        with Store.open(url, name) as other, scanning(store):
            busy = pytest.raises(StoreError, match="another scan")
            with busy, scanning(other):
                pass


def columns(url: str) -> dict[str, set[str]]:
    """The columns of every table and view."""
    engine = create_engine(url)
    try:
        found = inspect(engine)
        names = [*found.get_table_names(), *found.get_view_names()]
        return {name: {str(one["name"]) for one in found.get_columns(name)} for name in names}
    finally:
        engine.dispose()


@pytest.mark.parametrize("revision", revisions())
def test_a_database_of_an_older_version_is_brought_up_to_date(
    postgresql: Server, revision: str
) -> None:
    old, new = postgresql.database(), postgresql.database()
    engine = create_engine(old)
    with engine.begin() as connection:
        run(connection, revision)
    engine.dispose()
    for url in (old, new):
        with Store.open(url, SITE) as store:
            store.append([observed("10.0.0.1", {"vendor": "Acme"})])
            assert [one.vendor for one in refresh(store).devices] == ["Acme"]
    assert columns(old) == columns(new)


def said(database: object, folder: Path, site: str) -> dict[str, list[dict[str, Any]]]:
    """What the reading commands print, without the order of lines and the inventory's own name."""
    found = {}
    for command in (("assets",), ("points",), ("gaps", "--all"), ("questions",)):
        ran = untrap("--db", database, "--site", site, *command, "--json", cwd=folder)
        assert ran.code == 0, ran.err
        rows = [json.loads(line) for line in sorted(ran.out.splitlines())]
        found[command[0]] = [{k: v for k, v in row.items() if k != "command"} for row in rows]
    return found


def test_a_bundle_ends_equal_in_sqlite_and_in_postgresql(
    postgresql: Server, tmp_path: Path
) -> None:
    made = plant(tmp_path)
    with Store.open(made, SITE) as store:
        bundle.write(store, Request(tmp_path / "bundle.zip"))
    ends = []
    for database in (tmp_path / "again.db", postgresql.database()):
        for _ in range(2):
            ran = untrap(
                "--db", database, "import", "bundle", tmp_path / "bundle.zip", cwd=tmp_path
            )
            assert ran.code == 0, ran.err
        ends.append(said(database, tmp_path, SITE))
    assert ends[0] == ends[1]
    assert all(ends[0].values())


def test_a_scan_into_postgresql_leaves_what_one_into_a_file_would(
    postgresql: Server, tmp_path: Path
) -> None:
    url, site = postgresql.database(), "Test Stand"
    with played(QUALITY, tmp_path) as here:
        base = ("--db", url, "--config", here.config)
        for kind in ("register", "links"):
            ran = untrap(*base, "import", kind, here.folder / f"{kind}.csv", cwd=tmp_path)
            assert ran.code == 0, ran.err
        ran = untrap(*base, "scan", "-iL", here.folder / "targets.txt", "--profile", "brisk",
                     cwd=tmp_path)  # fmt: skip
        assert ran.code == 0, ran.err
    found = said(url, tmp_path, site)
    assert {row["rule"] for row in found["gaps"]} >= {"A09", "Q12"}
    one = tmp_path / "one.zip"
    ran = untrap("--db", url, "--site", site, "export", "bundle", "-o", one, cwd=tmp_path)
    assert ran.code == 0, ran.err
    ran = untrap("--db", tmp_path / "file.db", "import", "bundle", one, cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert said(tmp_path / "file.db", tmp_path, site) == found


def test_postgresql_grows_like_sqlite(postgresql: Server, tmp_path: Path) -> None:
    name = f"plant-{uuid.uuid4()}"
    before = [
        observed(f"10.0.0.{n}", {"vendor": "\0A", "serial": f"SER-{n}"}, at=n, site=name)
        for n in range(1, 6)
    ]
    moved = observed("10.0.0.9", {"vendor": "\0A", "serial": "SER-2"}, at=99, site=name)
    found = []
    for where in (postgresql.database(), str(tmp_path / "a.db")):
        with Store.open(where, name) as store:
            store.append(before)
            conclude(store, today=TODAY)
            store.append([moved])
            assert grow(store, int(store.derived_stamp().partition(".")[0]), TODAY)
            found.append(contents(store))
    assert found[0] == found[1]
