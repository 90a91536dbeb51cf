"""What a list or site file states no more ceases to hold, is told, and stays on record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from inventory.model import Kind
from inventory.store import Store
from scanner.cli import untrap

REGISTER = """Tag,Class,Address,Owner,Criticality,Area
P-1,PLC,192.0.2.1,ops,C2,A
P-2,PLC,192.0.2.2,ops,C2,A
P-3,PLC,192.0.2.3,ops,C2,A
"""
SITE = """[site]
name = "site"
[[zone]]
name = "cell"
addresses = ["192.0.2.0/24"]
[[zone]]
name = "office"
addresses = ["198.51.100.0/24"]
[[conduit]]
from = "cell"
to = "office"
[[conduit]]
from = "cell"
to = "elsewhere"
[[zone]]
name = "elsewhere"
addresses = ["203.0.113.0/24"]
[credentials.anonymous]
type = "opcua-anonymous"
entitlement = "full"
[thresholds]
certificate_days = 180
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


class Place:
    """A folder with an inventory, a site file and lists."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / "site.toml"
        self.site.write_text(SITE, "utf-8")

    def run(self, *words: str) -> Result:
        base = ("--db", str(self.folder / "t.db"), "--config", str(self.site))
        done = CliRunner().invoke(untrap, [*base, *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done

    def take(self, text: str, *more: str, kind: str = "register", name: str = "r.csv") -> str:
        (self.folder / name).write_text(text, "utf-8")
        return " ".join(self.run("import", kind, str(self.folder / name), *more).stderr.split())

    def rows(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run(*words, "--json").stdout.splitlines()]

    def tags(self) -> set[str]:
        return {one["tag"] for one in self.rows("assets")}

    def stated(self, *kinds: Kind) -> set[str]:
        with Store.open(self.folder / "t.db", "site") as store:
            return {one.subject for one in store.stated(None, *kinds)}


def without(text: str, word: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if word not in line)


def test_a_row_that_left_the_register_holds_no_more_and_is_told(place: Place) -> None:
    place.take(REGISTER)
    assert place.tags() == {"P-1", "P-2", "P-3"}
    said = place.take(without(REGISTER, "P-2"))
    assert "no longer in r.csv, and no longer in force: register P-2" in said
    assert place.tags() == {"P-1", "P-3"}


def test_what_was_withdrawn_stays_on_record_and_comes_back_with_its_row(place: Place) -> None:
    place.take(REGISTER)
    place.take(without(REGISTER, "P-2"))
    with Store.open(place.folder / "t.db", "site") as store:
        ever = list(store.ever_stated(None, Kind.REGISTER, Kind.WITHDRAWN))
    (back,) = [one for one in ever if one.kind is Kind.WITHDRAWN]
    assert back.fields == {"kind": "register", "subject": "P-2"}
    assert back.subject in {one.id for one in ever}
    assert back.document.startswith("r.csv ")
    assert back.time
    assert "1 in force again" in place.take(REGISTER)  # the very file that was known
    assert place.tags() == {"P-1", "P-2", "P-3"}
    place.take(without(REGISTER, "P-2"))  # and so is this one
    assert place.tags() == {"P-1", "P-3"}


def test_what_another_list_states_too_stays(place: Place) -> None:
    place.take(REGISTER)
    place.take(REGISTER.replace("ops", "prod"), name="other.csv")
    place.take(without(REGISTER, "P-2"))
    assert "P-2" in place.tags()


def test_a_small_part_of_a_list_withdraws_nothing_unless_a_person_says_so(place: Place) -> None:
    place.take(REGISTER)
    part = "".join(REGISTER.splitlines(keepends=True)[:2])
    said = place.take(part)
    assert "an earlier r.csv held 2 rows that this one does not; they stay in force" in said
    assert "--replace" in said
    assert place.tags() == {"P-1", "P-2", "P-3"}
    assert "register P-2, register P-3" in place.take(part, "--replace")
    assert place.tags() == {"P-1"}


def test_a_sheet_of_attestations_withdraws_nothing(place: Place) -> None:
    place.take(REGISTER)
    sheet = "Subject,Statement,Value\nP-1,monitored,yes\nP-2,monitored,yes\n"
    place.take(sheet, kind="attest", name="w.csv")
    place.take(without(sheet, "P-2"), kind="attest", name="w.csv")
    assert len(place.stated(Kind.ATTEST)) == 2


def test_what_left_the_site_file_holds_no_more(place: Place) -> None:
    place.take(REGISTER)
    kinds = (Kind.ZONE, Kind.CONDUIT, Kind.CREDENTIAL, Kind.THRESHOLD)
    assert {"office", "cell to office", "anonymous", "certificate_days"} <= place.stated(*kinds)
    text = SITE.replace('[[conduit]]\nfrom = "cell"\nto = "office"\n', "")
    place.site.write_text(text.partition("[credentials.anonymous]")[0], "utf-8")
    said = place.take(REGISTER)
    for thing in ("conduit cell to office", "credential anonymous", "threshold certificate_days"):
        assert thing in said.partition("no longer in site.toml, and no longer in force: ")[2]
    assert place.stated(*kinds) == {"cell", "office", "elsewhere", "cell to elsewhere"}


def test_two_ways_out_of_one_zone_are_two_statements(place: Place) -> None:
    place.take(REGISTER)
    place.take(REGISTER)
    assert place.stated(Kind.CONDUIT) == {"cell to office", "cell to elsewhere"}
    with Store.open(place.folder / "t.db", "site") as store:
        assert len(list(store.ever_stated(None, Kind.CONDUIT))) == 2  # each once


def test_a_bundle_brings_the_withdrawal_too(place: Place, tmp_path: Path) -> None:
    place.take(REGISTER)
    place.take(without(REGISTER, "P-2"))
    place.run("export", "bundle", "-o", str(tmp_path / "b.zip"))
    other = Place(tmp_path)
    other.folder = tmp_path / "other"
    other.folder.mkdir()
    other.run("import", "bundle", str(tmp_path / "b.zip"))
    assert other.tags() == {"P-1", "P-3"}


SMALL = '[site]\nname = "site"\n[[zone]]\nname = "yard"\naddresses = ["198.18.0.0/24"]\n'


def other_folder(place: Place, text: str) -> Path:
    folder = place.folder / "elsewhere"
    folder.mkdir(exist_ok=True)
    (folder / "site.toml").write_text(text, "utf-8")
    return folder / "site.toml"


def test_a_site_file_of_that_name_in_another_folder_withdraws_nothing_of_the_first(
    place: Place,
) -> None:
    first, second = place.site, other_folder(place, SMALL)
    place.take(REGISTER)
    for site in (second, first, second):
        place.site = site
        said = place.take(REGISTER)
        assert "no longer in force" not in said
        assert place.stated(Kind.ZONE) == {"cell", "office", "elsewhere", "yard"}
    assert "a site.toml of another folder states more, which stays in force" in said
    assert "credential anonymous" in said
    second.write_text(SMALL.replace("yard", "hall"), "utf-8")  # its own it still withdraws
    assert "no longer in site.toml, and no longer in force: zone yard" in place.take(REGISTER)
    assert place.stated(Kind.ZONE) == {"cell", "office", "elsewhere", "hall"}


def test_a_site_file_that_was_moved_withdraws_what_it_stated_before(place: Place) -> None:
    place.take(REGISTER)
    place.site = other_folder(place, SITE)
    place.site.write_text(SITE, "utf-8")
    assert "another folder" not in place.take(REGISTER)
    place.site.write_text(SMALL, "utf-8")
    assert "zone office" in place.take(REGISTER)
    assert place.stated(Kind.ZONE) == {"yard"}
