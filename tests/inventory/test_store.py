"""What is acknowledged is there, and what stands in the way is said in one line."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from inventory.conclude import conclude, refresh
from inventory.model import Kind, Scan
from inventory.store import Store, StoreError, Writer, lock_file
from inventory.store.lock import scanning
from protocols.contract import Fact, Outcome, Point, Quality, Sample, digest
from tests.inventory.making import SITE, START, listed, observed, stated


def opened(folder: Path, name: str = "a.db") -> Store:
    return Store.open(folder / name, SITE)


def full() -> object:
    raw = b"\x00\x01\x1b[31m"
    one = observed("10.0.0.1", {"vendor": "Acme"}, raw=raw, part="unit 3", reason="why")
    point = Point("h:1", "Flow", "a/b", "MQH", "float32", "r", "unit 3", "s", "sig", "d", 0.0, 9.5)
    sample = Sample("h:1", 1.5, Quality.BAD, "Bad", "unit 3", START, START, START)
    return replace(one, points=(point,), samples=(sample,), items=1, tries=2, credential="c")


def test_an_observation_comes_back_as_it_was(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.append([full()])  # type: ignore[list-item]
        assert list(store.observations(raw=True)) == [full()]


def test_appending_twice_stores_once(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        assert store.append([observed("10.0.0.1"), observed("10.0.0.2")]) == 2
        assert store.append([observed("10.0.0.1"), observed("10.0.0.3")]) == 1


def test_hostile_text_is_stored_and_found_again(tmp_path: Path) -> None:
    nasty = observed("10.0.0.1", {"name": "\ud800\0x"}, part="\udfff\0", reason="\0")
    with opened(tmp_path) as store:
        assert store.append([nasty]) == 1
        assert store.append([nasty]) == 0
        (kept,) = store.observations()
        assert kept.facts[0].value == "\\ud800\\x00x"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (float("nan"), None),
        (float("inf"), None),
        (2**62, 2**62),
        (2**70, hex(2**70)),
        (10**5000, hex(10**5000)[:65536]),
        (True, True),
        ("x" * 70_000, "x" * 65_536),
    ],
    ids=["nan", "inf", "62 bits", "70 bits", "5000 digits", "yes", "long"],
)
def test_values_that_no_database_holds_are_kept_readable(
    tmp_path: Path, value: object, kept: object
) -> None:
    with opened(tmp_path) as store:
        store.append([observed("10.0.0.1", {"limit": value})])
        (one,) = store.observations()
        assert one.facts == (Fact("limit", kept, "modbus 43/14"),)  # type: ignore[arg-type]


def test_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    opened(tmp_path).close()
    assert (tmp_path / "a.db").stat().st_mode & 0o777 == 0o600


def test_scans_and_resume_state_come_back(tmp_path: Path) -> None:
    scan = Scan("s-1", SITE, "here", START, targets=("10.0.0.0/24",), plan={"hosts": 3})
    with opened(tmp_path) as store:
        store.begin_scan(scan)
        store.append([observed("10.0.0.1", scan="s-1", outcome=Outcome.SILENT)])
        store.finish_scan(replace(scan, status="done", finished=START))
        assert store.scans() == [replace(scan, status="done", finished=START)]
        ((target, question, outcome, _),) = store.finished_questions("s-1")
        assert (target.address, question.operation, outcome) == ("10.0.0.1", "43/14", "silent")


def test_raw_answers_are_kept_once_and_bounded(tmp_path: Path) -> None:
    long = b"x" * 100_000
    with opened(tmp_path) as store:
        store.append([observed(f"10.0.0.{n}", raw=long) for n in range(5)])
        assert len(store.raw(digest(long))) == 65_536
        with store.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM raw").scalar() == 1


def test_declaring_twice_stores_once(tmp_path: Path) -> None:
    rows = [listed(tag="A", address="10.0.0.1"), stated(Kind.LINK, "x", equipment="P", device="A")]
    with opened(tmp_path) as store:
        assert (store.declare(rows), store.declare(rows)) == (2, 0)
        assert [(d.kind, d.subject, d.fields) for d in store.declarations()] == [
            (d.kind, d.subject, d.fields) for d in rows
        ]


# --- what stands in the way ---------------------------------------------------------------------


def test_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "a.db")) as file, file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
    before = (tmp_path / "a.db").read_bytes()
    with pytest.raises(StoreError, match="made by a newer untrap"):
        opened(tmp_path)
    assert (tmp_path / "a.db").read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all", b"SQLite format 3\0garbage"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.db").write_bytes(content)
    with pytest.raises(StoreError, match="not an untrap database"):
        opened(tmp_path)
    assert (tmp_path / "a.db").read_bytes() == content


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as file, file:
        file.execute("CREATE TABLE mine (x)")
    with pytest.raises(StoreError, match="not an untrap database"):
        opened(tmp_path)


def test_missing_inventory_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="untrap scan"):
        Store.open(tmp_path / "no.db", SITE, create=False)
    with pytest.raises(StoreError, match="folder"):
        Store.open(tmp_path / "no" / "no.db", SITE)
    with pytest.raises(StoreError, match="is a folder"):
        Store.open(tmp_path, SITE)


def test_bad_url_is_one_line_without_the_password() -> None:
    with pytest.raises(StoreError) as caught:
        Store.open("nosuch://user:hunter2@host/name", SITE)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_locked_database_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.store.engine.BUSY_MILLISECONDS", 10)
    with opened(tmp_path) as store, closing(sqlite3.connect(tmp_path / "a.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another program"):
            store.append([observed("10.0.0.1")])


def test_full_disk_is_said_and_what_was_stored_stays(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.append([observed("10.0.0.1")])
        with store.reading() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        with pytest.raises(StoreError, match="disk is full"):
            store.append([observed("10.0.0.2", {"description": "x" * 60_000})])
        assert [one.target.address for one in store.observations()] == ["10.0.0.1"]


def test_read_only_store_refuses_to_write(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with (
        Store.open(tmp_path / "a.db", SITE, readonly=True) as store,
        pytest.raises(StoreError, match="for reading only"),
    ):
        store.append([observed("10.0.0.1")])


def test_second_scan_of_a_site_is_refused_and_another_site_is_not(tmp_path: Path) -> None:
    with opened(tmp_path) as store, Store.open(tmp_path / "a.db", "other") as other:
        with scanning(store):
            busy = pytest.raises(StoreError, match="another scan of site 'plant' is running")
            with busy, scanning(store):
                pass
            with scanning(other):
                pass
        with scanning(store):
            pass


# --- migrations ---------------------------------------------------------------------------------


def test_migrations_lead_to_the_schema_that_a_new_file_gets(tmp_path: Path) -> None:
    from sqlalchemy import create_engine

    from inventory.store.migrate import run

    opened(tmp_path).close()
    engine = create_engine(f"sqlite:///{tmp_path / 'b.db'}")
    with engine.begin() as connection:
        run(connection, "head")
    engine.dispose()
    assert _schema(tmp_path / "a.db") == _schema(tmp_path / "b.db")


def _schema(path: Path) -> dict[str, object]:
    with closing(sqlite3.connect(path)) as file:
        names = file.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
        tables = [
            name
            for kind, name, _ in names
            if kind == "table" and name[:7] not in ("sqlite_", "alembic")
        ]
        found: dict[str, object] = {
            name: file.execute(f"PRAGMA table_info({name})").fetchall() for name in tables
        }
        found["views"] = sorted(sql for kind, _, sql in names if kind == "view")
        found["indexes"] = sorted(
            name for kind, name, _ in names if kind == "index" and name[:7] != "sqlite_"
        )
        found["strict"] = file.execute(
            "SELECT count(*) FROM pragma_table_list WHERE strict"
        ).fetchone()[0] >= len(tables)
        return found


# --- the writer ---------------------------------------------------------------------------------


def test_future_is_done_when_the_observation_is_durable(tmp_path: Path) -> None:
    async def write() -> list[str]:
        with opened(tmp_path) as store, store.another() as other:
            async with Writer(other) as writer:
                await writer.submit(observed("10.0.0.1"))
                found = [one.target.address for one in store.observations()]
                late = [writer.submit(observed(f"10.0.1.{n}")) for n in range(200)]
            assert all(future.done() for future in late)
            assert len(list(store.observations())) == 201
            return found

    assert asyncio.run(write()) == ["10.0.0.1"]


def test_an_error_reaches_every_waiter_and_stops_the_writer(tmp_path: Path) -> None:
    async def write() -> None:
        opened(tmp_path).close()
        with Store.open(tmp_path / "a.db", SITE, readonly=True) as store:
            writer = Writer(store)
            futures = [writer.submit(observed(f"10.0.0.{n}")) for n in range(5)]
            for future in futures:
                with pytest.raises(StoreError):
                    await future
            assert isinstance(writer.failure, StoreError)
            with pytest.raises(StoreError):
                await writer.put(observed("10.0.0.9"))
            await writer.close()
            await writer.close()

    asyncio.run(write())


def test_the_lock_of_a_site_leaves_nothing_and_holds_while_it_changes_hands(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", SITE) as store:
        for _ in range(3):
            with scanning(store):
                (held,) = tmp_path.glob("*.lock")
                with pytest.raises(StoreError, match=f"process {os.getpid()}"), scanning(store):
                    pass
                assert held.exists()  # who was refused takes nothing away
            assert not list(tmp_path.glob("*.lock"))


def test_a_lock_on_a_file_that_was_removed_meanwhile_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = lock_file._take
    seen: list[int] = []

    def removed_first(handle: int) -> bool:
        seen.append(handle)
        if len(seen) == 1:  # the one before us ends between our open and our lock
            next(tmp_path.glob("*.lock")).unlink()
        return taken(handle)

    monkeypatch.setattr(lock_file, "_take", removed_first)
    with Store.open(tmp_path / "a.db", SITE) as store, scanning(store):
        assert len(seen) == 2
        with pytest.raises(StoreError, match="another scan"), scanning(store):
            pass


CHILD = """
import asyncio, sys
from inventory.store import Store, Writer
from inventory.store.lock import scanning
from tests.inventory.making import SITE, observed

async def go():
    with Store.open(sys.argv[1], SITE) as store, scanning(store):
        async with Writer(store.another()) as writer:
            for n in range(100000):
                await writer.put(observed(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"))
                print(n, flush=True)

asyncio.run(go())
"""


def test_kill_loses_nothing_acknowledged_and_frees_the_site(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", CHILD, str(tmp_path / "a.db")]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True)
    assert child.stdout is not None
    last = -1
    for line in child.stdout:
        last = int(line)
        if last >= 40:
            os.kill(child.pid, signal.SIGKILL)
            break
    last = max([last, *(int(line) for line in child.stdout if line.endswith("\n"))])
    child.wait()
    child.stdout.close()
    with opened(tmp_path) as store:
        addresses = [one.target.address for one in store.observations()]
        assert len(addresses) == len(set(addresses))
        assert len(addresses) > last
        with store.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        with scanning(store):
            pass


# --- derived ------------------------------------------------------------------------------------


def test_derived_assets_come_back_as_they_were(tmp_path: Path) -> None:
    seen = [
        observed("10.0.0.1", {"vendor": "Acme", "serial": "SN-4711"}, points=("a",), values=(1,)),
        observed("10.0.0.5", {"vendor": "B"}, part="unit 255"),
        observed("10.0.0.5", {"vendor": "C"}, part="unit 3"),
    ]
    rows = [listed(tag="P", class_="pump", address="10.0.0.1"), listed(tag="X", address="10.0.0.9")]
    with opened(tmp_path) as store:
        store.append(seen)
        store.declare(rows)
        found = refresh(store)
        assert tuple(store.devices()) == found.devices
        assert tuple(store.equipment()) == found.equipment
        assert [one.device for one in store.evidences()] == list(found.devices)
        for one in store.evidences():
            assert store.evidence(one.device) == one


def test_concluding_again_without_change_does_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.append([observed("10.0.0.1", {"vendor": "Acme"})])
        assert (conclude(store, today=START), conclude(store, today=START)) == (True, False)
        store.append([observed("10.0.0.2")])
        assert conclude(store, today=START)


def test_views_answer_sql_users(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.append([observed("10.0.0.1", {"vendor": "A"}, points=("h:1",), values=(7,))])
        refresh(store)
        with store.reading() as connection:
            ask = connection.exec_driver_sql
            point = ask(
                "SELECT p.address, s.value FROM points p JOIN samples s ON s.point = p.address"
            )
            assert point.fetchall() == [("h:1", 7)]
            assert ask("SELECT count(*) FROM evidence JOIN assets ON key = asset").scalar() == 1
            for name in ("services", "signals", "gaps", "questions", "readiness"):
                ask(f"SELECT * FROM {name}")  # noqa: S608 - constant names


def test_evidence_is_read_by_index_and_not_sorted(tmp_path: Path) -> None:
    plan = (
        "EXPLAIN QUERY PLAN SELECT o.facts, p.rank FROM place p "
        "JOIN observation o ON o.site = p.site "
        "AND o.address = p.address AND o.part = p.part AND o.time >= p.since AND o.time <= p.until "
        "WHERE p.site = 'x' ORDER BY p.rank"
    )
    with opened(tmp_path) as store, store.reading() as connection:
        steps = [row[3] for row in connection.exec_driver_sql(plan)]
    assert all("USING INDEX" in step for step in steps), steps
