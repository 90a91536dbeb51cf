"""Scans of changed plants: other names give the same verdicts, fewer probes another result."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.answers import differences
from tests.support.scanned import BOTTLING, PROBES, scan
from tests.support.shuffled import shuffle


def test_a_scan_without_a_probe_misses_what_only_that_one_sees(tmp_path: Path) -> None:
    others = [word for name in PROBES if name != "modbus" for word in ("--probe", name)]
    partial = scan(BOTTLING, tmp_path, *others)
    said = differences(partial.key, partial.found())
    assert "missed gap T06 line-gateway/unit 4  high medium" in said


@pytest.mark.parametrize("seed", [20_261_122])
def test_other_names_addresses_units_and_order_give_the_same_verdicts(
    tmp_path: Path, seed: int
) -> None:
    plant = tmp_path / "shuffled.toml"
    shuffle(BOTTLING, plant, seed)
    other = scan(plant, tmp_path)
    assert differences(other.key, other.found()) == []
