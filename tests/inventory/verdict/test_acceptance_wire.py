"""Acceptance tests 1, 3 and 5 of the domain model, section 9, over a real wire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.conclude import conclude
from inventory.model import Device
from inventory.store import Store
from protocols.contract import Outcome
from tests.support.plants import played, untrap

PLANT = Path(__file__).with_name("acceptance.toml")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The four devices, scanned once with all that may be asked."""
    folder = tmp_path_factory.mktemp("acceptance")
    with played(PLANT, folder) as here:
        base = ("--db", folder / "a.db", "--config", here.config)
        rows = [f"Unitronics,V570,holding,{n},uint16,Word {n}" for n in range(5)]
        (folder / "map.csv").write_text(
            "\n".join(["Vendor,Model,Table,Address,Type,Name", *rows]) + "\n", "utf-8"
        )
        assert untrap(*base, "import", "map", folder / "map.csv", cwd=folder).code == 0
        targets = ("-iL", here.folder / "targets.txt", "--profile", "brisk", "--depth", "points")
        ran = untrap(*base, "scan", *targets, "--credentials", "snmp-public", cwd=folder)
        assert ran.code == 0, ran.err
    with Store.open(folder / "a.db", "acceptance") as found:
        conclude(found)
        yield found


def at(store: Store, address: str) -> list[Device]:
    return [one for one in store.devices() if address in one.addresses]


def test_01_wrong_community_and_dropped_port_are_both_silent_and_no_gap(store: Store) -> None:
    outcomes = {
        last: {
            item.outcome
            for item in store.observations()
            if item.target.address == f"127.31.9.{last}" and item.question.protocol == "snmp"
            and item.outcome is not Outcome.NOT_ASKED
        }
        for last in (10, 11)
    }  # fmt: skip
    assert outcomes[10] == outcomes[11] == {Outcome.SILENT}
    for last in (10, 11):
        for device in at(store, f"127.31.9.{last}"):
            assert not {one.rule for one in store.findings(device.key) if one.rule[0] in "TU"}


def test_03_a_device_that_echoes_every_unit_id_is_one_asset(store: Store) -> None:
    (device,) = at(store, "127.31.9.12")
    assert not [one for one in store.devices() if one.parent == device.key]


def test_05_a_hole_in_a_block_leaves_the_other_registers_found(store: Store) -> None:
    (device,) = at(store, "127.31.9.13")
    found = store.evidence(device)
    values = {item.point: item.value for item in found.samples if item.point.startswith("holding")}
    assert [values.get(f"holding:{n}") for n in range(5)] == [1240, 871, None, 77, 9001]
    holes = [one for one in found.observations if one.reason == "illegal_data_address"]
    assert holes  # the block did fail whole
