"""Adding a protocol is new files and no edit: `tests/added/`, laid over a copy of the house."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.house import house_with, python_in

PLANT = """
[plant]
name = "tanks"
site = "Depot"
[[device]]
id = "gauge"
address = "127.0.91.1"
vendor = "Veeder-Root"
firmware = "346329-100-G"
[[device.service]]
protocol = "tankgauge"
"""


ADDED = ("protocols/tankgauge.py", "protocols/tankgauge.toml", "simulators/tankgauge.py")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return house_with(tmp_path_factory.mktemp("house"), *ADDED)


def test_an_added_probe_is_listed_planned_scanned_and_judged(house: Path) -> None:
    (house / "tanks.toml").write_text(PLANT, encoding="utf-8")
    shift = random.randrange(11_000, 50_000)
    plays = [sys.executable, "-m", "simulators", "tanks.toml", "--write", "site"]
    child = subprocess.Popen(
        [*plays, "--base-port", str(shift)], cwd=house, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert json.loads(child.stdout.readline()) == {"ready": True}
        base = ("-m", "scanner", "--db", "a.db", "--config", "site/site.toml")
        assert '"tankgauge"' in python_in(house, "-m", "scanner", "probes", "--json")
        targets = ("-iL", "site/targets.txt", "--probe", "tankgauge")
        assert "tank gauge report 902" in python_in(house, *base, "plan", *targets)
        python_in(house, *base, "scan", *targets)
    finally:
        child.terminate()
        child.communicate()
    (asset,) = map(json.loads, python_in(house, *base, "assets", "--json").splitlines())
    assert (asset["vendor"], asset["firmware"], asset["level"]["lo"]) == (
        "Veeder-Root", "346329-100-G", 2,
    )  # fmt: skip
    known = "from inventory.judge.openness import plausible, protocol as p"
    shown = python_in(
        house, "-c", f"{known}; print(p('tankgauge').openness, *plausible('tank-gauge'))"
    )
    assert shown.split() == ["O1", "opcua", "modbus", "tankgauge"]
