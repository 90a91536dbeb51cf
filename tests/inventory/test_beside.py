"""A reader beside a scan: whoever looks into the inventory meanwhile takes nothing from it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from inventory.store import Store, StoreError
from tests.inventory.making import SITE, observed
from tests.support.plants import ROOT

READER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])  # for reading and writing, as most tools open a file
print(connection.execute("SELECT count(*) FROM observation").fetchone()[0])
connection.close()
"""
OURS = """
import sys
from inventory.store import Store
with Store.open(sys.argv[1], "plant", create=False, readonly=True) as store:
    print(sum(1 for _ in store.observations()))
"""


def looked(database: Path, program: str) -> int:
    """What another program counts that opens the file, reads and closes it again."""
    done = subprocess.run(
        [sys.executable, "-c", program, database],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.parametrize("program", [READER, OURS], ids=["a tool", "untrap itself"])
def test_a_reader_that_leaves_takes_no_log_away(program: str, tmp_path: Path) -> None:
    """As a scan has it: one store for its record, another for the writer. The reader that left
    took itself for the last one, and what was written afterwards was in a file without a name."""
    database = tmp_path / "t.db"
    with Store.open(database, SITE) as store:
        store.append([observed("10.0.0.1")])
        with store.another() as writing:
            for number in range(2, 5):
                writing.append([observed(f"10.0.0.{number}")])
                assert looked(database, program) == number  # what is acknowledged is there


def test_what_is_no_database_is_told_as_such(tmp_path: Path) -> None:
    for text in ("x", "shopping list" * 100):
        file = tmp_path / "notes.db"
        file.write_text(text, encoding="utf-8")
        for readonly in (True, False):
            with pytest.raises(StoreError, match="not an untrap database"):
                Store.open(file, SITE, create=False, readonly=readonly)
        assert file.read_text(encoding="utf-8") == text
        assert [one.name for one in tmp_path.iterdir()] == ["notes.db"]
