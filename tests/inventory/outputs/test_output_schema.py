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
