"""`diff` end to end: a plant that changes is played, scanned twice, and compared by the command,
between scans of one inventory and between the visits of two laptops."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanner.cli import untrap as program
from tests.inventory.outputs.changing import host, plant, targets
from tests.support.plants import Played, played, untrap

pytestmark = pytest.mark.xdist_group("changing")
SITE = "Changing Works"
Lines = list[dict[str, object]]


@dataclass(frozen=True)
class Visits:
    """One inventory with both scans, and a second laptop's that has the later one alone."""

    folder: Path

    def run(self, database: str, *words: str | Path) -> str:
        """What a command prints."""
        base = ("--db", self.folder / database, "--site", SITE)
        done = CliRunner().invoke(program, [str(word) for word in (*base, *words)])
        assert done.exit_code == 0, done.output
        return done.stdout

    def lines(self, database: str, *words: str) -> Lines:
        return [json.loads(x) for x in self.run(database, *words, "--json").splitlines()]


def scan(here: Played, folder: Path, later: bool, database: str) -> None:
    how = ("--profile", "brisk", "--credentials", "snmp-public", "--yes")
    words = ("--db", folder / database, "--config", here.config, "scan")
    done = untrap(*words, *targets(here.shift, later), *how, cwd=folder)
    assert done.code == 0, done.err


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Visits:
    folder = tmp_path_factory.mktemp("changing")
    shift = None
    for later in (False, True):
        place = folder / f"day-{later:d}"
        place.mkdir()
        (place / "plant.toml").write_text(plant(later), "utf-8")
        with played(place / "plant.toml", place, shift) as here:
            shift = here.shift
            inventories = ("one.db", "two.db") if later else ("one.db",)
            with ThreadPoolExecutor() as both:  # two laptops in one plant, of which neither knows
                list(both.map(partial(scan, here, folder, later), inventories))
    return Visits(folder)


def told(found: Lines, kind: str) -> dict[str, str]:
    """Name and text of each change of a kind."""
    return {str(one["asset_name"]): str(one["text"]) for one in found if one["kind"] == kind}


def held(found: Lines) -> None:
    """Everything that happened between the two days, and nothing else of the devices."""
    assert told(found, "appeared").keys() == {"is-new"}
    gone = told(found, "vanished")
    assert gone.keys() == {"falls-silent"}
    assert "was asked again and did not answer (silent)" in gone["falls-silent"]
    unknown = told(found, "unknown")
    assert unknown.keys() == {"not-asked"} and "was not asked again" in unknown["not-asked"]
    moved = [one for one in found if one["kind"] == "moved"]
    assert [(one["asset_name"], one["before"], one["after"]) for one in moved] == [
        ("moves", host("moves", False), host("moves", True))
    ]
    firmware = [one for one in found if one["kind"] == "firmware"]
    assert [(one["asset_name"], one["before"], one["after"]) for one in firmware] == [
        ("updated", "09.0.15", "09.1.02")
    ]
    assert not told(found, "changed")  # who hides its nameplate now is the same product
    assert "stays" not in {one["asset_name"] for one in found}
    opened = [one for one in found if one["kind"] == "gap_opened"]
    closed = [one for one in found if one["kind"] == "gap_closed"]
    assert [o for o in opened if o["asset_name"] == "locks" and str(o["text"]).startswith("A03")]
    (a03,) = [o for o in closed if o["asset_name"] == "opens" and str(o["text"]).startswith("A03")]
    assert "now answers" in str(a03["text"])  # the reason, from what was heard
    assert not [o for o in closed if o["asset_name"] == "falls-silent"]  # silence mends nothing


def test_two_scans_of_a_plant_that_changed(visits: Visits) -> None:
    held(visits.lines("one.db", "diff"))


def test_the_table_says_the_same_in_words(visits: Visits) -> None:
    text = visits.run("one.db", "diff")
    for heading in ("appeared (1)", "vanished (1)", "not asked again (1)", "moved (1)"):
        assert f"{heading}\n" in text
    assert max(map(len, text.splitlines())) <= 80


def test_two_visits_by_bundles_of_two_laptops(visits: Visits) -> None:
    """The office holds neither visit; it is given the first laptop's bundle and the second's."""
    visits.run("one.db", "export", "bundle", "-o", visits.folder / "one.zip")
    visits.run("two.db", "export", "bundle", "-o", visits.folder / "two.zip")
    for name in ("one.zip", "two.zip"):
        visits.run("office.db", "import", "bundle", visits.folder / name)
    first, *_, last = (str(one["scan"])[:8] for one in visits.lines("office.db", "scans"))
    held(visits.lines("office.db", "diff", first, last))


def test_the_report_tells_what_changed(visits: Visits) -> None:
    visits.run("one.db", "report", "-o", visits.folder / "report.html")
    text = (visits.folder / "report.html").read_text("utf-8")
    part = text[text.index('id="changes"') : text.index('id="how"')]
    for name in ("is-new", "falls-silent", "not-asked", "moves", "updated", "locks", "opens"):
        assert name in part, name
