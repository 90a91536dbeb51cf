"""Files and streams that cannot be read or written: one line, exit code 2, never a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inventory.store import Store

NOBODY = 65_534
DROPPED = "--bounding-set=-dac_override,-dac_read_search"


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "a.db"
    with Store.open(path, "default", create=True):
        pass
    return path


def run(folder: Path, *words: str, out: str | None = None) -> subprocess.CompletedProcess[str]:
    """`untrap` as a child process that may do no more than file modes allow."""
    line = [sys.executable, "-m", "scanner", *words]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root without setpriv may open every file")
        line = ["setpriv", DROPPED, *line]
    root = str(Path(__file__).resolve().parents[2])
    there = {**os.environ, "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1"}
    with Path(out or os.devnull).open("w", encoding="utf-8") as file:
        return subprocess.run(
            line,
            cwd=folder,
            env=there,
            stdin=subprocess.DEVNULL,
            stdout=file if out else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )


def foreign(path: Path, mode: int) -> Path:
    """`path` with a mode, of another owner where we may give it away."""
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    return path


def refused(found: subprocess.CompletedProcess[str], *words: str) -> None:
    assert found.returncode == 2, found.stderr
    assert "Traceback" not in found.stderr
    errors = [line for line in found.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, found.stderr
    for word in words:
        assert word in errors[0]


@pytest.mark.parametrize(
    "words", [("gaps",), ("assets",), ("scan", "127.0.0.1", "--yes"), ("plan", "127.0.0.1")]
)
def test_a_folder_without_permission_is_named(tmp_path: Path, words: tuple[str, ...]) -> None:
    folder = tmp_path / "np"
    folder.mkdir()
    foreign(folder, 0o700 if os.geteuid() == 0 else 0)
    refused(run(tmp_path, "--db", "np/a.db", *words), "np/a.db", "permission", "--db")
    folder.chmod(0o700)


def test_a_demonstration_in_a_foreign_folder_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "ro"
    folder.mkdir()
    foreign(folder, 0o555)
    refused(run(tmp_path, "demo", "ro/demo"), "ro/demo", "may write")


def test_a_foreign_inventory_is_to_be_copied(tmp_path: Path, inventory: Path) -> None:
    foreign(inventory, 0o444)
    for words in (("gaps",), ("assets",), ("export", "csv"), ("report",)):
        refused(run(tmp_path, "--db", "a.db", *words), "a.db", "read-only", "copy it")


@pytest.mark.parametrize(
    "words",
    [
        ("export", "csv", "-o"),
        ("export", "xlsx", "-o"),
        ("report", "-o"),
        ("plan", "127.0.0.1", "-o"),
        ("plan", "127.0.0.1", "--record"),
        ("show", "127.0.0.1", "--raw"),
    ],
)
@pytest.mark.parametrize("end", ["", "-wal"])
def test_results_never_overwrite_the_inventory(
    inventory: Path, words: tuple[str, ...], end: str
) -> None:
    before = inventory.read_bytes()
    link = inventory.with_name("link.db")
    link.symlink_to(inventory)
    for name in (f"{inventory.name}{end}", link.name):
        ran = run(inventory.parent, "--db", inventory.name, *words, name)
        assert ran.returncode == 2
        assert "is the inventory itself" in ran.stderr
    assert inventory.read_bytes() == before
