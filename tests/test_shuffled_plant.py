"""Scans of changed plants: other names give the same verdicts, fewer probes another result."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.answers import differences
from tests.support.plants import ROOT, untrap
from tests.support.scanned import BOTTLING, PROBES, scan
from tests.support.shuffled import shuffle

SEES = {
    "snmp": "missed asset time-server",
    "modbus": "missed gap T06 line-gateway/unit 4  high medium",
    "opcua": "missed gap A04 palletizer-opcua  low high",
    "s7comm": "missed gap T01 filler-plc  critical medium",
}
"""What only that probe sees, in the plant's answer key."""
ONE = "s7comm"


@pytest.mark.parametrize(
    "probe",
    [ONE, *(pytest.param(name, marks=pytest.mark.soak) for name in PROBES if name != ONE)],
)
def test_a_program_without_a_probe_misses_what_only_that_one_sees(
    tmp_path: Path, probe: str
) -> None:
    """The probe is taken out of a copy of the program, and the plant is really scanned."""
    code = tmp_path / "code"
    for name in ("protocols", "scanner", "inventory"):
        shutil.copytree(ROOT / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
    with (code / "protocols" / probe / "__init__.py").open("a", encoding="utf-8") as module:
        module.write("\nPROBE = None\n")  # its codecs stay: they check the site file's credentials
    left = untrap("probes", "--json", cwd=tmp_path, environment={"PYTHONPATH": str(code)}).lines()
    assert {row["name"] for row in left} == {*PROBES} - {probe}
    partial = scan(BOTTLING, tmp_path, code=code)
    said = differences(partial.key, partial.found())
    assert SEES[probe] in said, said


@pytest.mark.parametrize("seed", [20_261_122])
def test_other_names_addresses_units_and_order_give_the_same_verdicts(
    tmp_path: Path, seed: int
) -> None:
    plant = tmp_path / "shuffled.toml"
    shuffle(BOTTLING, plant, seed)
    other = scan(plant, tmp_path)
    assert differences(other.key, other.found()) == []
