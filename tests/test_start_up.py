"""What a command loads decides how soon it answers; seconds are printed by `make bench`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from inventory.conclude import conclude
from inventory.store import Store

LIBRARIES = ("asyncua", "pysnmp", "pymodbus", "scapy", "cryptography", "xlsxwriter", "jinja2")


def loaded(words: list[str], cwd: Path) -> set[str]:
    """Modules that a command has imported when it ends well."""
    program = (
        "import sys\n"
        "from scanner.cli import main\n"
        f"sys.argv = ['untrap', *{words!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "print('LOADED', *sorted(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=cwd, check=True
    )
    return set(done.stderr.splitlines()[-1].split()[1:])


def test_the_help_text_needs_no_package_metadata(tmp_path: Path) -> None:
    heavy = {"importlib.metadata", "email", "asyncio", "sqlalchemy", *LIBRARIES}
    found = heavy & loaded(["--help"], tmp_path)
    assert not found


@pytest.mark.parametrize("command", ["gaps", "assets", "questions", "points"])
def test_a_reading_command_starts_without_wire_and_libraries(tmp_path: Path, command: str) -> None:
    with Store.open(tmp_path / "t.db", "plant"):
        pass
    modules = loaded(["--db", "t.db", "--site", "plant", command], tmp_path)
    assert "sqlalchemy" in modules
    heavy = {"alembic", "rich", "scanner.wire.wire", "scanner.engine", *LIBRARIES}
    found = heavy & modules
    assert not found


IDLE = {
    "inventory.derive.assets",
    "inventory.fixes",
    "inventory.judge.rows",
    "inventory.rules",
    "inventory.store.writer",
    "inventory.judge.survey",
    "inventory.judge.view",
    "inventory.judge.workers",
    "multiprocessing",
}
"""What only judging, planning or scanning needs."""


@pytest.mark.parametrize("command", ["gaps", "assets", "questions"])
def test_a_second_look_loads_neither_derivation_nor_rules(tmp_path: Path, command: str) -> None:
    with Store.open(tmp_path / "t.db", "plant") as store:
        conclude(store)
    modules = loaded(["--db", "t.db", "--site", "plant", command], tmp_path)
    assert "inventory.store.store" in modules
    found = IDLE & modules
    assert not found
