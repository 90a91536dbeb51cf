"""A real nmap over a played plant, beside our own scan of it, and our report in nmap's own words.

A network namespace of its own, since nmap's scripts look at the standard ports only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from scanner.imports.nmap import read
from tests.support.dtd import Definition, definition
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need
from tests.support.plants import ROOT, Ran
from tests.support.rights import unshared

pytestmark = [pytest.mark.peer("nmap"), pytest.mark.xdist_group("nmap-plant")]

PLC, METER, SWITCH = "127.20.1.10", "127.20.3.10", "127.20.4.10"
TARGETS = (PLC, METER, SWITCH)
SCRIPTS = "s7-info,modbus-discover,snmp-sysdescr"
DTD = Path("/usr/share/nmap/nmap.dtd")
STAGE = """
import json, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
plant = subprocess.Popen([sys.executable, "-m", "simulators", "bottling", "--write", "plant"],
                         stdout=subprocess.PIPE)
plant.stdout.readline()
for words in json.loads(sys.argv[1]):
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    print(json.dumps([done.returncode, done.stdout, done.stderr]), flush=True)
plant.terminate()
plant.wait(30)
"""


@dataclass
class Stage:
    """A folder in which commands run, in a namespace where the plant is played, one by one."""

    folder: Path

    def run(self, *commands: list[str]) -> list[Ran]:
        done = subprocess.run(
            [*unshared("-rn"), sys.executable, "-c", STAGE, json.dumps(commands)],
            capture_output=True, text=True, cwd=self.folder, timeout=HUNG_SECONDS, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [Ran(*json.loads(line)) for line in done.stdout.splitlines()]

    def untrap(self, *words: str | Path) -> Ran:
        """A command beside the plant: it reads what is stored."""
        done = subprocess.run(
            ours(*words), capture_output=True, text=True, cwd=self.folder, timeout=HUNG_SECONDS,
            check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def assets(self, *more: str) -> dict[str, dict[str, Any]]:
        listed = self.untrap(*more, "assets", "--json").lines()
        assert len({one["addresses"][0] for one in listed}) == len(listed)
        return {one["addresses"][0]: one for one in listed}


def ours(*words: str | Path) -> list[str]:
    site = () if "--db" in words else ("--db", "a.db", "--config", "plant/site.toml")
    return [sys.executable, "-m", "scanner", *site, *map(str, words)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """nmap's report as `nmap.xml`, and an inventory of it alone before our own scan, `a.db`."""
    found = Stage(tmp_path_factory.mktemp("nmap"))
    nmap = [need("nmap"), "-n", "-Pn", "-sSU", "-sV", "--version-light", "--script", SCRIPTS]
    ports = ["-p", "T:102,502,4840,U:161", "-oX", "nmap.xml"]
    scan = ours("scan", *TARGETS, "--yes", "--profile", "brisk", "--depth", "identify")
    ran = found.run(
        [*nmap, *ports, *TARGETS],
        ours("import", "nmap", "nmap.xml"),
        ours("assets"),  # whoever looked at it keeps the keys that were seen
        ["cp", "a.db", "nmap-only.db"],
        scan,
    )
    assert [one.code for one in ran] == [0] * 5, ran
    return found


NMAP_ONLY = ("--db", "nmap-only.db", "--site", "Northfield Bottling")


def test_nmaps_report_alone_is_weak_evidence_from_its_own_place(stage: Stage) -> None:
    assets = stage.assets(*NMAP_ONLY)
    assert set(assets) == set(TARGETS)
    (scan,) = stage.untrap(*NMAP_ONLY, "scans", "--json").lines()
    assert scan["vantage"] == "nmap nmap.xml"
    assert {one["level"]["lo"] for one in assets.values()} == {2}  # each spoke to a script
    assert stage.untrap(*NMAP_ONLY, "gaps", "--json").lines() == []
    services = {(s["port"], s["outcome"]) for s in assets[PLC]["services"]}
    assert services == {(102, "complete"), (502, "closed"), (4840, "closed"), (161, "closed")}
    asked = stage.untrap(*NMAP_ONLY, "questions", "--json").lines()
    assert {one["asset"] for one in asked if one["rule"] == "T01"} == {assets[PLC]["key"]}


def test_what_scripts_quote_is_identity_and_a_programs_name_is_not(stage: Stage) -> None:
    assets = stage.assets(*NMAP_ONLY)
    plc = assets[PLC]
    assert (plc["product"], plc["model"]) == ("CPU 315-2 PN/DP", "6ES7 315-2EH14-0AB0")
    assert (plc["serial"], plc["name"]) == ("S C-X4U421302009", "FILLER_L1")
    assert assets[METER]["product"] == "Schneider Electric METSEPM5560 02.3.1"
    assert assets[SWITCH]["product"] == ""  # nmap says "SNMPv1 server": that is no switch
    assert "Hirschmann" in json.dumps(assets[SWITCH]["facts"])


def test_our_scan_makes_no_second_asset_and_its_word_counts_more(stage: Stage) -> None:
    before, after = stage.assets(*NMAP_ONLY), stage.assets()
    assert set(after) == set(TARGETS)
    assert {a: one["key"] for a, one in after.items()} == {
        a: one["key"] for a, one in before.items()
    }
    assert after[PLC]["vendor"] == "Siemens"
    assert (after[METER]["product"], after[METER]["firmware"]) == ("METSEPM5560", "02.3.1")
    assert after[SWITCH]["vendor"].startswith("Hirschmann")
    assert {one["level"]["lo"] for one in after.values()} == {2}


@pytest.fixture(scope="module")
def dtd() -> Definition:
    if not DTD.exists():
        pytest.skip("nmap's DTD is not installed here")
    return definition(DTD)


def test_our_report_is_valid_by_nmaps_dtd_as_nmaps_own_is(stage: Stage, dtd: Definition) -> None:
    stage.untrap("export", "nmap-xml", "-o", "ours.xml")
    for name in ("nmap.xml", "ours.xml"):
        root = ElementTree.parse(stage.folder / name).getroot()  # noqa: S314 - made here
        assert list(dtd.faults(root)) == []
    root.attrib["scanner"] = "other"
    root.remove(root[-1])
    assert len(list(dtd.faults(root))) == 2  # the look is no formality


def test_our_report_reads_back_as_the_same_devices(stage: Stage) -> None:
    stage.untrap("export", "nmap-xml", "-o", "back.xml")
    stage.untrap("--db", "back.db", "import", "nmap", "back.xml")
    before, after = stage.assets(), stage.assets("--db", "back.db")
    assert set(after) == set(before)
    for address, one in after.items():
        kept = before[address]
        assert (one["name"], one["product"]) == (kept["name"], kept["product"] or kept["model"])
        assert one["firmware"] == kept["firmware"]
    states = {
        (o.target.address, o.target.port): str(o.outcome)
        for o in read(stage.folder / "nmap.xml")[1]
    }
    again = {
        (o.target.address, o.target.port): str(o.outcome)
        for o in read(stage.folder / "back.xml")[1]
    }
    both = states.keys() & again.keys()
    assert len(both) == 12
    assert {place for place in both if states[place] != again[place]} == set()
