"""`untrap doctor` says what is on, what is off and why, and never fails itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanner.cli import untrap

NAMES = {
    *("python", "system", "raw sockets", "networks", "neighbour table", "sockets", "clock"),
    *("capture", "xlsx", "report", "postgresql", "inventory"),
}


def doctor(database: Path) -> dict[str, dict[str, str]]:
    found = CliRunner().invoke(untrap, ["--db", str(database), "doctor", "--json"])
    assert found.exit_code == 0, found.output
    checks = [json.loads(line) for line in found.stdout.splitlines()]
    assert all(set(check) == {"check", "state", "why"} for check in checks)
    return {check["check"]: check for check in checks}


def test_everything_is_looked_at_with_a_reason_each(tmp_path: Path) -> None:
    checks = doctor(tmp_path / "t.db")
    assert checks.keys() >= NAMES
    for check in checks.values():
        assert check["state"] in ("ok", "off", "bad")
        assert check["why"]


def test_an_inventory_that_is_not_there_yet_is_no_fault(tmp_path: Path) -> None:
    assert doctor(tmp_path / "t.db")["inventory"]["state"] == "ok"
    assert not (tmp_path / "t.db").exists()  # and looking does not make one


@pytest.mark.parametrize("content", [b"shopping list", b""])
def test_an_inventory_that_cannot_be_used_is_said_in_one_line(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "t.db"
    file.write_bytes(content)
    check = doctor(file)["inventory"]
    assert check["state"] == "bad"
    assert "t.db" in check["why"]
    assert file.read_bytes() == content


def test_people_get_one_line_a_check(tmp_path: Path) -> None:
    found = CliRunner().invoke(untrap, ["--db", str(tmp_path / "t.db"), "doctor"])
    assert found.exit_code == 0
    assert len(found.stdout.splitlines()) >= len(NAMES)
