"""A bench of devices, one for each positive, negative and trap that a scan alone can settle.

Scanned once over a real wire; every gap and every question is compared with the key by hand.
"""

from __future__ import annotations

from pathlib import Path

from inventory.signals.units import dimension
from tests.support.answers import Key, differences
from tests.support.scanned import scan

BENCH = Path(__file__).with_name("bench.toml")
NOT_HERE = {"T02"}
"""Judged, so that nothing is taken for it; no double speaks its protocols."""


def test_every_positive_is_found_and_no_negative_or_trap_is_taken_for_one(tmp_path: Path) -> None:
    bench = scan(BENCH, tmp_path)
    assert differences(bench.key, bench.found()) == []


def test_each_rule_of_the_bench_has_a_positive() -> None:
    rows = Key.load(BENCH).expected
    assert {row["rule"] for row in rows["gaps"]} >= set(rows["rules"]) - NOT_HERE


def test_a_flux_in_tesla_is_no_mass() -> None:
    """The bench found it: T was read as tonnes, so that an axial flux contradicted its unit."""
    assert dimension("T") == dimension("mT") == dimension("D33") == "flux_density"
    assert dimension("t") == "mass"
