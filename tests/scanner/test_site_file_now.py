"""What a changed site file states counts for the next command that reads, with no scan between."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inventory.model import Kind
from inventory.store import Store
from scanner.cli import untrap
from tests.inventory.making import listed, observed, stated

SITE = '[site]\nname = "plant"\n[credentials.anonymous]\ntype = "opcua-anonymous"\n'
UNKNOWN, FULL = SITE + 'entitlement = "unknown"\n', SITE + 'entitlement = "full"\n'


class Place:
    """A motor whose server listed everything, and a site file."""

    def __init__(self, folder: Path) -> None:
        self.database, self.site = folder / "t.db", folder / "site.toml"
        self.site.write_text(UNKNOWN, "utf-8")
        listing = observed("10.0.0.1", protocol="opcua", operation="browse", port=4840,
                           points=("Motor current",), values=(4.5,))  # fmt: skip
        points = tuple(replace(one, type="Double", unit="AMP") for one in listing.points)
        with Store.open(self.database, "plant") as store:
            store.append([replace(listing, points=points)])
            store.declare([listed(tag="M-1", class_="motor", kind_="equipment")])
            store.declare(
                [stated(Kind.LINK, "l", equipment="M-1", device="10.0.0.1", complete="yes")]
            )

    def run(self, *words: str) -> Result:
        base = ("--db", str(self.database), "--config", str(self.site))
        done = CliRunner().invoke(untrap, [*base, *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done

    def missing(self) -> set[str]:
        """Subjects of U01."""
        rows = [json.loads(line) for line in self.run("gaps", "--json").stdout.splitlines()]
        return {str(one["label"]) for one in rows if one["rule"] == "U01"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_an_entitlement_that_was_changed_counts_for_the_next_reading(place: Place) -> None:
    assert not place.missing()
    assert '"rule": "U01"' in place.run("questions", "--json").stdout
    place.site.write_text(FULL, "utf-8")
    said = place.run("questions", "--json")
    assert "site.toml: 1 changed statement counts from now on" in said.stderr
    assert '"rule": "U01"' not in said.stdout
    assert place.missing()
    place.site.write_text(SITE.partition("[cred")[0], "utf-8")
    said = place.run("readiness", "--json")
    assert "no longer in site.toml, and no longer in force: credential anonymous" in said.stderr
    assert not place.missing()


def test_a_site_file_that_states_nothing_new_is_not_recorded_again(place: Place) -> None:
    place.run("gaps")
    with Store.open(place.database, "plant") as store:
        before = store.records_stamp()
    place.site.write_text(f"# a comment\n{UNKNOWN}", "utf-8")
    said = place.run("gaps")
    assert "from now on" not in said.stderr
    with Store.open(place.database, "plant") as store:
        assert store.records_stamp() == before


def test_a_site_file_of_another_site_states_nothing_here(place: Place) -> None:
    place.site.write_text(FULL.replace("plant", "other"), "utf-8")
    said = place.run("--site", "plant", "gaps")
    assert "from now on" not in said.stderr
    with Store.open(place.database, "plant") as store:
        assert not list(store.declarations(None, Kind.CREDENTIAL))
