"""What a later scan must not turn into something else, over a real wire.

One rule keeps it simple: each test scans twice what it needs and no more.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.support.plants import Played, played, untrap

PLANT = Path(__file__).with_name("later.toml")


def said(here: Played, folder: Path, *words: str | Path) -> list[dict[str, Any]]:
    """What a command prints, as rows."""
    done = untrap("--db", folder / "later.db", "--config", here.config, *words, cwd=folder)
    assert done.code == 0, done.err
    return done.lines()


def scan(here: Played, folder: Path, config: Path) -> None:
    words = ("scan", "-iL", here.folder / "targets.txt", "--profile", "bench", "--yes", "--json")
    done = untrap("--db", folder / "later.db", "--config", config, *words, cwd=folder)
    assert done.code == 0, done.err


def test_a_scan_without_the_credential_opens_no_gap_about_it(tmp_path: Path) -> None:
    with played(PLANT, tmp_path) as here:
        scan(here, tmp_path, here.config)
        first = said(here, tmp_path, "gaps", "--all", "--json")
        (asset,) = said(here, tmp_path, "assets", "--json")
        without = tmp_path / "without.toml"
        text = here.config.read_text("utf-8")
        without.write_text(re.sub(r"(?ms)^\[credentials\..*?(?=^\[(?!credentials)|\Z)", "", text))
        scan(here, tmp_path, without)
        later = said(here, tmp_path, "gaps", "--all", "--json")
        (again,) = said(here, tmp_path, "assets", "--json")
    assert "A03" not in {one["rule"] for one in first}
    kept = {"A09"}  # what was not asked is counted
    assert {one["rule"] for one in later} - kept == {one["rule"] for one in first} - kept
    assert (again["level"], again["category"]) == (asset["level"], asset["category"])
