"""What the commands print is what `docs/output.schema.json` says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanner.cli import untrap
from tests.inventory.making import SITE
from tests.inventory.outputs.sample import plant
from tests.inventory.outputs.schema import errors


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield plant(tmp_path_factory.mktemp("plant"), twice=True, hostile=True)


def printed(database: Path, *words: str) -> str:
    done = CliRunner().invoke(untrap, ["--db", str(database), "--site", SITE, *words])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("assets", "asset"),
        ("points", "point"),
        ("gaps", "gap"),
        ("questions", "question"),
        ("diff", "difference"),
    ],
)
def test_json_lines_fit_the_published_schema(database: Path, command: str, name: str) -> None:
    lines = printed(database, command, "--json").splitlines()
    assert lines
    for line in lines:
        assert errors(json.loads(line), name) == []


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("sites",), "site"),
        (("scans",), "scan"),
        (("rules",), "rule"),
        (("probes",), "probe"),
        (("doctor",), "check"),
        (("readiness",), "roll_up"),
        (("readiness", "--use-case", "pump-efficiency"), "ready"),
        (("show", "PLC-0"), "asset"),
    ],
)
def test_every_other_command_that_prints_json_fits_it_too(
    database: Path, words: tuple[str, ...], name: str
) -> None:
    lines = printed(database, *words, "--json").splitlines()
    assert lines
    for line in lines:
        assert errors(json.loads(line), name) == []


def test_a_plan_fits_the_published_schema(database: Path) -> None:
    *hosts, total = printed(database, "plan", "127.9.9.1-4", "--json").splitlines()
    assert hosts
    for line in hosts:
        assert errors(json.loads(line), "plan") == []
    assert errors(json.loads(total), "plan_total") == []


def test_a_gap_and_its_proof_fit_the_published_schema(database: Path) -> None:
    gaps = [json.loads(line) for line in printed(database, "gaps", "--json").splitlines()]
    seen = next(b["observation"] for gap in gaps for b in gap["because"] if b["observation"])
    assert errors(json.loads(printed(database, "show", gaps[0]["id"], "--json")), "gap") == []
    assert errors(json.loads(printed(database, "show", seen, "--json")), "observation") == []


def test_the_summary_of_a_real_scan_fits_the_published_schema(tmp_path: Path) -> None:
    words = ["--db", str(tmp_path / "s.db"), "scan", "127.0.0.1:9/modbus", "--yes", "--json"]
    done = CliRunner().invoke(untrap, words)
    assert errors(json.loads(done.stdout), "summary") == [], done.output


def test_the_whole_inventory_fits_the_published_schema(database: Path) -> None:
    whole = json.loads(printed(database, "export", "json"))
    assert whole["assets"] and whole["points"] and whole["gaps"] and whole["questions"]
    assert errors(whole, "inventory") == []


def test_the_schema_refuses_what_is_wrong(database: Path) -> None:
    gap = json.loads(printed(database, "gaps", "--json").splitlines()[0])
    for name, bad in (("severity", "huge"), ("rule", "x"), ("because", [{}]), ("unlocks", -1)):
        assert errors(gap | {name: bad}, "gap")
    del gap["id"]
    assert errors(gap, "gap") == ["gap: no 'id'"]
