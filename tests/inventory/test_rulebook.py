"""Today's rules on an old inventory tell what they change; contradictions are kept and shown."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from inventory.conclude import conclude
from inventory.rulebook import (
    ASKED,
    GONE,
    GRADED,
    MORE,
    NEW,
    SETTLED,
    Said,
    changed_rules,
    compare,
    summary,
)
from inventory.rules import versions
from inventory.store import Store, rulebook, tables
from protocols.contract import Outcome
from scanner.cli import untrap
from tests.inventory.making import SITE, listed, observed

TODAY = datetime(2026, 11, 22, 18, tzinfo=UTC)
PLC = {"vendor": "Acme", "product": "PLC 5", "serial": "SN-4711", "firmware": "1"}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A controller with raw registers (T03, Q10 …), judged by today's rules."""
    path = tmp_path / "a.db"
    with Store.open(path, SITE) as store:
        names, values = tuple(f"holding:{n}" for n in range(4)), (7, 900, 31, 4)
        store.append([
            observed("10.0.0.1", PLC),
            observed("10.0.0.1", operation="read", points=names, values=values, at=1),
        ])  # fmt: skip
        conclude(store)
    return path


def by_older_rules(path: Path, rule: str, *, dropped: bool) -> None:
    """Makes the inventory one that an older version of one rule judged."""
    with Store.open(path, SITE) as store:
        old = {**versions(), rule: versions()[rule] - 1}
        rulebook.note(store, old, ())
        with store.writing() as connection:
            gaps = tables.gaps
            if dropped:
                connection.execute(gaps.delete().where(gaps.c.rule == rule))
            else:
                connection.execute(
                    update(gaps).where(gaps.c.rule == rule).values(severity="critical")
                )
        store.set_stamp(store.derived_stamp().rsplit(" ", 2)[0] + " other-rules 2026-11-22")


def run(path: Path, *words: str) -> Result:
    return CliRunner().invoke(untrap, ["--db", str(path), "--site", SITE, *words])


def test_a_finding_that_a_new_version_makes_is_put_down_to_it(database: Path) -> None:
    by_older_rules(database, "T03", dropped=True)
    told = run(database, "gaps")
    now = versions()["T03"]
    assert f"T03 version {now - 1 or 'none'} -> {now}: 1 new" in told.stderr
    (line,) = run(database, "rules", "--changes", "--json").stdout.splitlines()
    change = json.loads(line)
    assert (change["rule"], change["what"], change["after"]) == ("T03", NEW, versions()["T03"])


def test_another_grade_is_told_with_both(database: Path) -> None:
    by_older_rules(database, "T03", dropped=False)
    shown = " ".join(run(database, "rules", "--changes").stdout.split())
    assert f"{GRADED} (critical/medium -> medium/medium)" in shown


def test_it_is_told_once_and_kept(database: Path) -> None:
    by_older_rules(database, "T03", dropped=True)
    told = run(database, "gaps").stderr
    assert f"the rules changed since site {SITE} was judged last" in told
    assert "the rules changed" not in run(database, "gaps").stderr
    assert "T03" in run(database, "rules", "--changes").stdout


@pytest.mark.parametrize("table", ["readiness", "standing"])
def test_what_a_version_changes_is_told_also_where_the_tables_changed(
    database: Path, table: str
) -> None:
    """An upgrade of the program that brings the tables up to date is the usual way to new rules."""
    by_older_rules(database, "T03", dropped=True)
    with closing(sqlite3.connect(database)) as file:
        for column in ("judged", "stale", "read_at", "variant", "required"):  # of revision 0006
            file.execute(f"ALTER TABLE assets DROP COLUMN {column}")
        file.execute(f"DELETE FROM {table}")  # noqa: S608 - one of two constants
        file.execute("UPDATE alembic_version SET version_num = '0005'")
        file.commit()
    told = run(database, "gaps", "--all").stderr
    assert f"T03 version {versions()['T03'] - 1} -> {versions()['T03']}: 1 new" in told
    assert "1 new" not in run(database, "gaps", "--all").stderr


def test_a_new_scan_is_not_put_down_to_a_rule(database: Path) -> None:
    by_older_rules(database, "T03", dropped=True)
    with Store.open(database, SITE) as store:
        store.append([observed("10.0.0.9", PLC | {"serial": "SN-2"}, at=9)])
    assert "the rules changed" not in run(database, "gaps").stderr
    assert run(database, "rules", "--changes").stdout == ""


def test_an_inventory_of_before_tells_the_versions_of_its_findings(database: Path) -> None:
    by_older_rules(database, "T03", dropped=False)
    with Store.open(database, SITE) as store, store.writing() as connection:
        connection.execute(tables.rulebook.delete())
        connection.execute(update(tables.gaps).values(version=99))
    with Store.open(database, SITE) as store:
        assert rulebook.versions(store)["T03"] == 99
        assert conclude(store)
        rules = {one.rule for one in rulebook.changes(store)}
    assert "T03" in rules


def test_compare_names_the_six_ways() -> None:
    old, new = {"A": 1, "B": 1}, {"A": 2, "B": 1, "C": 1}
    assert changed_rules(old, new) == ("A", "C")
    then = {("A", "1", ""): Said("p", "low", "high"), ("A", "2", ""): Said("q", "low", "high"),
            ("A", "3", ""): Said("r", "low", "high"), ("A", "4", ""): Said("s"),
            ("A", "5", ""): Said("t"), ("A", "6", ""): Said("u")}  # fmt: skip
    now = {("A", "3", ""): Said("r", "high", "high"), ("C", "1", "x"): Said("p", "low", "low"),
           ("A", "2", ""): Said("q"), ("A", "5", ""): Said("t", "low", "low"),
           ("A", "6", ""): Said("u"), ("C", "2", ""): Said("q")}  # fmt: skip
    found = compare((old, new), (then, now))
    assert [(one.rule, one.asset, one.what) for one in found] == [
        ("A", "1", GONE), ("A", "2", ASKED), ("A", "3", GRADED), ("A", "4", SETTLED),
        ("A", "5", NEW), ("C", "1", NEW), ("C", "2", MORE),
    ]  # fmt: skip
    assert summary(found)[1] == "C version none -> 1: 1 a new question, 1 new"


def test_an_asset_that_is_called_otherwise_is_no_change_of_a_rule() -> None:
    then = {("A", "1", ""): Said("10.0.0.1", "low", "high"), ("A", "2", ""): Said("unit 3")}
    now = {("A", "1", ""): Said("plc-1", "low", "high"), ("A", "2", ""): Said("10.0.0.1 unit 3")}
    assert compare(({"A": 1}, {"A": 2}), (then, now)) == ()


def test_contradictions_are_stored_shown_and_cited(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with Store.open(path, SITE) as store:
        first = observed("10.0.0.1", PLC, scan="one")
        store.append([
            first,
            observed("10.0.0.1", outcome=Outcome.CLOSED, at=3600, scan="two"),
            observed("10.0.0.1", protocol="snmp", operation="walk", port=161, at=3601, scan="two"),
        ])  # fmt: skip
        store.declare([listed(tag="PLC-1", address="10.0.0.1")])
        conclude(store)
        (device,) = store.devices()
        (premise,) = rulebook.conflicts(store, device.key)
        assert premise.observation == first.id
        cited = [one for one in store.findings(device.key) if premise in one.because]
        assert cited
    shown = run(path, "show", "PLC-1")
    assert "conflict   earlier: " in shown.stdout
    assert first.id in shown.stdout
    (said,) = json.loads(run(path, "show", "PLC-1", "--json").stdout)["conflicts"]
    assert said["observation"] == first.id
