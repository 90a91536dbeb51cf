"""Every format, byte for byte, against the golden files (`golden.py` tells how to renew them)."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from inventory.outputs import formats
from tests.inventory.outputs.golden import FOLDER, files

RENEW = "if this is meant: python -m tests.inventory.outputs.golden, then look at `git diff`"
KEPT = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return files(tmp_path_factory.mktemp("golden"))


def test_the_same_files_are_written(made: dict[str, str]) -> None:
    assert sorted(made) == KEPT, RENEW


@pytest.mark.parametrize("name", KEPT)
def test_no_byte_differs(made: dict[str, str], name: str) -> None:
    kept = (FOLDER / name).read_bytes()
    new = made.get(name, "").encode()
    if kept != new:
        lines = difflib.unified_diff(
            kept.decode().splitlines(), new.decode().splitlines(), "kept", "new", lineterm="", n=1
        )
        pytest.fail("\n".join([name, *list(lines)[:40], RENEW]))


def test_every_format_has_a_golden_file() -> None:
    for name in formats():
        assert any(one.startswith(name) for one in KEPT), name


def test_it_is_the_same_at_another_time_and_place(
    made: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    assert files(tmp_path) == made
