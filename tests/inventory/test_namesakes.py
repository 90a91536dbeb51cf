"""Several devices with the name that their maker gave them: each list says which is meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from inventory.conclude import conclude
from inventory.namesakes import Labels
from inventory.outputs.redacted import redacted
from inventory.outputs.report import listing
from inventory.outputs.report.limits import LIMITS
from inventory.store import Store
from scanner.cli import untrap
from tests.inventory.making import SITE, observed

NAMES = {"10.0.0.1": "SWITCH", "10.0.0.2": "SWITCH", "10.0.0.3": "SW-hall", "10.0.0.4": ""}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "i.db"
    store = Store.open(path, SITE)
    for at, (address, name) in enumerate(NAMES.items()):
        told = {"name": name} if name else {}
        store.append([observed(address, told, at=at, protocol="snmp", port=161, transport="udp")])
    conclude(store)
    store.close()
    return path


def said(file: Path, *words: str) -> str:
    done = CliRunner().invoke(untrap, ["--db", str(file), *words], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.output


def test_a_name_of_two_devices_is_told_with_the_address(file: Path) -> None:
    with Store.open(file, SITE) as store:
        labels = Labels(store)
        named = {one.thing.addresses[0]: labels.of(one.thing.key, one.thing.name)
                 for one in store.assets("device")}  # fmt: skip
    assert named == {
        "10.0.0.1": "SWITCH (10.0.0.1)", "10.0.0.2": "SWITCH (10.0.0.2)",
        "10.0.0.3": "SW-hall", "10.0.0.4": "",
    }  # fmt: skip


def test_the_lists_that_people_read_say_which_is_meant(file: Path) -> None:
    for words in (("questions",), ("gaps", "--all"), ("gaps", "--all", "--by", "fix")):
        shown = said(file, *words)
        assert "SWITCH (10.0.0.1)" in shown, words
        assert "SWITCH (10.0.0.2)" in shown, words
        assert "SW-hall (" not in shown, words


def test_a_fix_frees_as_many_assets_as_there_are_and_not_as_many_names(file: Path) -> None:
    shown = said(file, "gaps", "--all", "--by", "fix")
    assert "4 assets" in shown


def test_the_data_keep_the_name_as_it_is(file: Path) -> None:
    assert '"asset_name": "SWITCH"' in said(file, "gaps", "--all", "--json")


def test_a_redacted_list_tells_them_apart_without_name_or_address(file: Path) -> None:
    with Store.open(file, SITE) as store:
        hidden = redacted(store)
        (asked, _) = listing.asked(hidden.questions(), Labels(hidden).of, LIMITS)
        names = {name for one in asked for name in one.assets}
        assert not [name for name in names if "SWITCH" in name or "10.0.0" in name]
        assert len(names) == 4
