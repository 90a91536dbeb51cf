"""Rules that need a person's word or a second place beside the scan, over a real wire.

T10 A02 U05 G10 N02 N04, each with the run in which it must not be said yet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from scanner.cli import untrap as commands
from tests.support.plants import Played, played, untrap

PLANT = Path(__file__).with_name("declared.toml")
HEARD = 'options = { application_name = "cell", nameplate = true }'
SITE = """
[credentials.anonymous]
entitlement = "full"
[[vantage]]
name = "cell"
zone = "cell-1"
[[vantage]]
name = "dmz"
zone = "dmz"
collection = true
"""
REGISTER = """Tag,Class,Address,Serial,Owner,Criticality,Area
CELL,PLC,127.31.8.10,SN-810042,ops,C2,A
ROUTER,router,127.31.8.11,,ops,C2,A
PLC-5,PLC,127.31.8.12,SN-999042,ops,C2,A
M-5,motor,,,ops,C3,A
S7-3,PLC,127.31.8.13,,ops,C2,A
S7-4,PLC,127.31.8.14,,ops,C2,A
"""
LINKS = "Equipment,Device,Complete\nM-5,PLC-5,yes\n"
ATTEST = "Subject,Statement,Value,Author\nS7-3,covered by,Historian,J. Ito\n"


@dataclass
class Run:
    """What the commands print after a run."""

    gaps: list[dict[str, Any]]
    categories: dict[str, str]

    def of(self, rule: str) -> list[tuple[str, str, str]]:
        return [
            (one["asset_name"], one["subject"], f"{one['severity']}/{one['confidence']}")
            for one in self.gaps
            if one["rule"] == rule
        ]


def here_and_now(here: Played, folder: Path, *words: str) -> str:
    """A command that sends nothing, in this process."""
    given = ("--db", str(folder / "d.db"), "--config", str(here.config), *words)
    done = CliRunner().invoke(commands, given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def look(here: Played, folder: Path) -> Run:
    assets, gaps = (
        [json.loads(line) for line in here_and_now(here, folder, *words, "--json").splitlines()]
        for words in (("assets",), ("gaps", "--all"))
    )
    categories = {str(one["name"] or one["addresses"][0]): one["category"] for one in assets}
    return Run(gaps, categories)


def scan(here: Played, folder: Path, vantage: str) -> Run:
    with here.config.open("a", encoding="utf-8") as site:
        site.write(SITE)
    words = ("-iL", here.folder / "targets.txt", "--profile", "bench", "--vantage", vantage)
    base = ("--db", folder / "d.db", "--config", here.config)
    for kind, text in (("register", REGISTER), ("links", LINKS), ("attest", ATTEST)):
        path = folder / f"{kind}.csv"
        path.write_text(text, encoding="utf-8")
        here_and_now(here, folder, "import", kind, str(path))
    ran = untrap(*base, "scan", *words, "--yes", "--credentials", "snmp-public", cwd=folder)
    assert ran.code == 0, ran.err
    return look(here, folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Run, Run]]:
    """After the cell's scan, after the collector's, and after a gap was accepted."""
    folder = tmp_path_factory.mktemp("declared")
    with played(PLANT, folder) as here:
        shift, first = here.shift, scan(here, folder, "cell")
    silenced = folder / "silenced.toml"
    text = PLANT.read_text("utf-8")
    assert HEARD in text
    silenced.write_text(text.replace(HEARD, f'{HEARD}\nfaults = ["silent"]'), "utf-8")
    with played(silenced, folder, again=shift) as here:
        second = scan(here, folder, "dmz")
        (gap,) = [one for one in second.gaps if (one["rule"], one["asset_name"]) == ("T01", "S7-4")]
        owner = ("--owner", "J. Ito", "--reason", "replaced next year", "--until", "2099-01-01")
        here_and_now(here, folder, "waive", gap["id"], *owner)
        yield first, second, look(here, folder)


def test_a_service_that_only_the_cell_reaches_is_shown_by_both_runs(
    runs: tuple[Run, Run, Run],
) -> None:
    first, second, _ = runs
    assert first.of("A02") == []
    assert second.of("A02") == [("CELL", "opcua", "high/high")]
    assert second.of("A01") == []


def test_a_second_leg_names_a_network_that_nobody_asked(runs: tuple[Run, Run, Run]) -> None:
    assert runs[1].of("T10") == [("ROUTER", "10.77.3.0/24", "medium/high")]


def test_a_motor_with_its_current_alone_misses_its_target(runs: tuple[Run, Run, Run]) -> None:
    assert runs[1].of("U05") == [("M-5", "", "critical/high")]


def test_a_register_row_with_another_serial_number_is_told(runs: tuple[Run, Run, Run]) -> None:
    assert runs[1].of("G10") == [("PLC-5", "serial", "medium/high")]


def test_what_a_server_covers_is_no_gap_and_what_is_accepted_names_no_category(
    runs: tuple[Run, Run, Run],
) -> None:
    _, second, third = runs
    assert [name for name, _, _ in second.of("T01")] == ["S7-4"]
    assert second.categories["S7-3"] == third.categories["S7-3"] == "covered"
    assert (second.categories["S7-4"], third.categories["S7-4"]) == ("trapped", "accepted")
    (kept,) = [one for one in third.gaps if one["rule"] == "T01"]
    assert "J. Ito" in kept["waived"]
