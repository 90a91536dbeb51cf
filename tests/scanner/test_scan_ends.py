"""How a scan ends before its time, in what order it goes, and what its exit code says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanner.cli import Settings
from scanner.cli import untrap as commands
from scanner.planning.prepare import prepare
from tests.scanner.test_resume import PLANT, SCAN, words
from tests.support.database import sqlite
from tests.support.plants import Played, Ran, played, untrap
from tests.support.virtual import DEFAULTS

THEIRS, OURS = "127.32.1.", "127.55.1."  # addresses that only these tests listen on


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("ends")
    file = folder / "ends.toml"
    file.write_text(PLANT.replace(THEIRS, OURS), encoding="utf-8")
    with played(file, folder) as here:
        yield here


def clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"


def within(here: Played, folder: Path, seconds: int) -> Ran:
    """A scan at the gentlest rates, in a window that closes so many seconds from now."""
    now = datetime.now().astimezone()
    window = f"{clock(now - timedelta(minutes=1))}-{clock(now + timedelta(seconds=seconds))}"
    return untrap(
        *words(here, folder / f"{seconds}.db"),
        *("-iL", here.folder / "targets.txt", "--profile", "gentle"),
        *("--credentials", "snmp-public", "--window", window, "--json"),
        cwd=folder,
    )


def test_a_window_that_closes_ends_the_scan_in_order_and_says_how_to_go_on(
    plant: Played, tmp_path: Path
) -> None:
    for seconds in (
        6,
        12,
        20,
        40,
        80,
    ):  # a machine that needs longer to start finds the first one closed
        ran = within(plant, tmp_path, seconds)
        if ran.code != 5:
            break
    assert ran.code == 4, ran.err
    (summary,) = ran.lines()
    assert summary["resume"] in ran.err
    assert summary["unasked_hosts"] > 0
    total = plant.witness()["total"]
    assert total["open_connections"] == total["open_sessions"] == total["resets"] == 0
    with sqlite(tmp_path / f"{seconds}.db") as connection:
        assert connection.execute("SELECT status FROM scan").fetchall() == [("part",)]


def test_fail_on_compares_with_the_severest_gap_that_was_found(
    plant: Played, tmp_path: Path
) -> None:
    base = (*words(plant, tmp_path / "t.db"), f"{OURS}10", *SCAN, "--json", "--fail-on")
    ran = untrap(*base, "info", cwd=tmp_path)
    (summary,) = ran.lines()
    assert summary["worst"] in ("low", "medium", "high")
    assert ran.code == 1
    assert untrap(*base, "critical", cwd=tmp_path).code == 0


def test_what_is_critical_is_asked_first_then_what_is_registered_then_the_rest(
    tmp_path: Path,
) -> None:
    rows = ["Tag,Kind,Address,Criticality"]
    rows += [f"D{n},device,10.0.0.{n},{rank}" for n, rank in ((9, "C1"), (7, "C3"), (5, "C2"))]
    register = tmp_path / "register.csv"
    register.write_text("\n".join(rows) + "\n", encoding="utf-8")
    database = str(tmp_path / "t.db")
    base = ["--db", database, "import", "register", str(register)]
    found = CliRunner().invoke(commands, base)
    assert found.exit_code == 0, found.output
    prepared = prepare(Settings(db=database), **{**DEFAULTS, "targets": ("10.0.0.0/28",)})
    order = [int(visit.address.rpartition(".")[2]) for visit in prepared.visits()]
    assert order[:3] == [7, 5, 9]
    assert sorted(order) == list(range(1, 15))


def test_a_slash_16_is_planned_without_sending(tmp_path: Path) -> None:
    base = ["--db", str(tmp_path / "none.db"), "plan", "10.0.0.0/16", "--json"]
    found = CliRunner().invoke(commands, base)
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout.splitlines()[-1])["total"]["hosts"] == 65_534
    assert not (tmp_path / "none.db").exists()


AGENT = """
[plant]
name = "agent"
site = "agent"
[[device]]
id = "switch"
address = "127.55.2.10"
vendor = "Hirschmann"
product = "RS20"
[[device.service]]
protocol = "snmp"
[[device]]
id = "plc"
address = "127.55.2.11"
[[device.service]]
protocol = "modbus"
"""


def test_what_was_not_asked_for_want_of_a_credential_is_said_with_the_way_to_ask_it(
    tmp_path: Path,
) -> None:
    """A device that speaks SNMP only was missing without a word; one whose SNMP port refuses was
    counted with it, though no credential opens that."""
    (tmp_path / "agent.toml").write_text(AGENT, encoding="utf-8")
    with played(tmp_path / "agent.toml", tmp_path) as here:
        _want_of_a_credential(here, tmp_path)


def _want_of_a_credential(here: Played, tmp_path: Path) -> None:
    targets = ("127.55.2.10", "127.55.2.11")
    scan = (*words(here, tmp_path / "u.db"), *targets, "--profile", "bench", "--yes")
    ran = untrap(*scan, cwd=tmp_path)
    told = " ".join((ran.out + ran.err).split())
    assert "Not asked who it is, for want of a credential: snmp at 1 address." in told
    assert "--credentials snmp-public" in told
    assert untrap(*scan, "--json", cwd=tmp_path).lines()[0]["no_credential"] == {"snmp": 1}
    named = untrap(*scan, "--credentials", "snmp-public", "--json", cwd=tmp_path)
    assert named.lines()[0]["no_credential"] == {}
