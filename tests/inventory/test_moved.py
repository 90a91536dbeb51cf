"""Devices that changed places between two scans: moved, swapped, replaced."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from inventory.conclude import conclude
from inventory.derive.assets import derive
from inventory.diff import Change, between
from inventory.model import ELSEWHERE, Declaration, Device, Equipment, Kind, Scan
from inventory.store import Store, rulebook
from protocols.contract import Observation, Outcome
from tests.inventory.making import SITE, listed, observed, stated


def controller(address: str, serial: str, at: float, scan: str, **more: str) -> list[Observation]:
    """A controller with its maker's protocol alone: what is closed is learned before who it is."""
    who = {"vendor": "Maker", "product": "CPU 1", "model": "CPU 1-A", "role": "plc",
           "serial": serial, "firmware": "1", **more}  # fmt: skip
    closed = [
        observed(address, protocol=name, operation=asked, port=port, at=at + n, scan=scan,
                 outcome=Outcome.CLOSED)
        for n, (name, asked, port) in enumerate(
            (("opcua", "hello", 4840), ("modbus", "identity", 502), ("snmp", "get", 161))
        )
    ]  # fmt: skip
    hello = observed(address, who, protocol="s7comm", operation="identity", port=102, at=at + 5,
                     scan=scan)  # fmt: skip
    return [*closed, hello]


def both(first: dict[str, str], second: dict[str, str]) -> list[Observation]:
    """Two scans, an hour apart, of addresses with a controller of that serial number each."""
    found = [one for a, s in first.items() for one in controller(a, s, 0, "scan-1")]
    return found + [one for a, s in second.items() for one in controller(a, s, 3600, "scan-2")]


def devices(observations: list[Observation], *rows: Declaration) -> dict[str, Device]:
    return {one.serial or one.name: one for one in derive(SITE, observations, rows, {}).devices}


def test_all_that_its_scan_learned_is_about_the_device_that_took_the_place() -> None:
    found = devices(both({"10.0.0.3": "SN-4711C"}, {"10.0.0.3": "SN-4711X"}))
    old, new = found["SN-4711C"], found["SN-4711X"]
    assert {(s.protocol, s.outcome) for s in new.services} == {
        ("opcua", Outcome.CLOSED),
        ("modbus", Outcome.CLOSED),
        ("snmp", Outcome.CLOSED),
        ("s7comm", Outcome.COMPLETE),
    }
    assert new.first_seen and old.last_seen
    assert (new.first_seen - old.last_seen).total_seconds() > 3500  # not until the new one came
    assert not new.merges
    (gone,) = old.merges
    assert gone.identity == ELSEWHERE
    assert gone.reason.startswith("another device answers at 10.0.0.3 since ")


def test_two_that_showed_themselves_in_one_scan_part_where_the_second_did() -> None:
    one = controller("10.0.0.3", "SN-4711C", 0, "scan-1") + controller(
        "10.0.0.3", "SN-4711X", 60, "scan-1"
    )
    found = devices(one)
    assert set(found) == {"SN-4711C", "SN-4711X"}
    old, new = found["SN-4711C"], found["SN-4711X"]
    assert old.last_seen and new.first_seen
    assert old.last_seen <= new.first_seen


def test_a_device_that_moved_is_where_it_answers_now() -> None:
    found = devices(both({"10.0.0.1": "SN-4711A", "10.0.0.2": "SN-4711B"},
                         {"10.0.0.1": "SN-4711B", "10.0.0.2": "SN-4711A"}))  # fmt: skip
    assert len(found) == 2
    assert (found["SN-4711A"].addresses, found["SN-4711B"].addresses) == (
        ("10.0.0.2",),
        ("10.0.0.1",),
    )
    assert {s.address for s in found["SN-4711A"].services} == {"10.0.0.2"}
    assert all(merge.identity != ELSEWHERE for merge in found["SN-4711A"].merges)


def test_a_row_that_names_an_address_alone_does_not_mean_who_moved_there() -> None:
    rows = (
        listed(tag="PLC-1", address="10.0.0.1", serial="SN-4711A", criticality="C3"),
        listed(tag="PLC-2", address="10.0.0.2", criticality="C1"),
    )
    before = devices(both({"10.0.0.1": "SN-4711A", "10.0.0.2": "SN-4711B"}, {}), *rows)
    assert {one.register.tag for one in before.values() if one.register} == {"PLC-1", "PLC-2"}
    swapped = both(
        {"10.0.0.1": "SN-4711A", "10.0.0.2": "SN-4711B"},
        {"10.0.0.1": "SN-4711B", "10.0.0.2": "SN-4711A"},
    )
    for order in (rows, rows[::-1]):
        found = devices(swapped, *order)
        assert found["SN-4711A"].register and found["SN-4711A"].register.tag == "PLC-1"
        assert found["SN-4711B"].register is None
        assert not found["PLC-2"].seen
        assert "PLC-1, which has moved" in found["PLC-2"].merges[0].reason


def test_two_lists_may_still_tell_of_one_device_each_in_its_way() -> None:
    rows = (listed(tag="PLC-1", address="10.0.0.1", serial="SN-4711A"),
            listed(tag="PRESS", address="10.0.0.1"))  # fmt: skip
    assert set(devices(both({"10.0.0.1": "SN-4711A"}, {}), *rows)) == {"SN-4711A"}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Two scans: A and B swapped their addresses, X took the place of C."""
    first = {"10.0.0.1": "SN-4711A", "10.0.0.2": "SN-4711B", "10.0.0.3": "SN-4711C"}
    second = {"10.0.0.1": "SN-4711B", "10.0.0.2": "SN-4711A", "10.0.0.3": "SN-4711X"}
    observations = both(first, second)
    path = tmp_path / "t.db"
    with Store.open(path, SITE) as store:
        for scan in ("scan-1", "scan-2"):
            mine = [one for one in observations if one.scan == scan]
            begun = Scan(scan, SITE, "here", mine[0].time)
            store.begin_scan(begun)
            store.append(mine)
            store.finish_scan(replace(begun, finished=mine[-1].time, status="done"))
    return path


def test_a_gap_cites_what_a_device_said_where_it_is_now(database: Path) -> None:
    with Store.open(database, SITE) as store:
        conclude(store)
        serials = {
            one.thing.key: one.thing.serial
            for one in store.assets()
            if isinstance(one.thing, Device)
        }
        said = {
            serials[gap.asset]: " ".join(premise.text for premise in gap.because)
            for gap in store.findings()
            if gap.rule == "T01"
        }
    assert set(said) == {"SN-4711A", "SN-4711B", "SN-4711X"}  # where C is now, nobody knows
    assert "10.0.0.2" in said["SN-4711A"]
    assert "10.0.0.1" not in said["SN-4711A"]
    assert "10.0.0.1" in said["SN-4711B"]
    assert "10.0.0.2" not in said["SN-4711B"]


def test_who_was_replaced_is_asked_for_until_a_person_says_that_it_is_gone(database: Path) -> None:
    with Store.open(database, SITE) as store:
        conclude(store)
        (asked,) = [one for one in store.questions() if one.rule == "A08"]
        assert "another device answers at 10.0.0.3 since" in asked.missing
        assert asked.command == "untrap import attest FILE"
        replaced = next(one for one in store.devices() if one.key == asked.asset)
        assert list(store.findings(replaced.key)) == []  # what it was holds no more
        (level,) = [one.level for one in store.assets() if one.thing.key == asked.asset]
        assert (level.lo, level.hi) == (None, None)
        gone = stated(
            Kind.ATTEST, asked.asset, subject_=asked.asset, statement="removed", value="yes"
        )
        store.declare([gone])
        conclude(store)
        assert list(store.questions(replaced.key)) == []  # no scan of where it was is proposed


def concluded(path: Path, observations: list[Observation], *rows: Declaration) -> Store:
    """The site after scans of these observations and those lists."""
    store = Store.open(path, SITE)
    for scan in dict.fromkeys(one.scan for one in observations):
        mine = [one for one in observations if one.scan == scan]
        begun = Scan(scan, SITE, "here", mine[0].time)
        store.begin_scan(begun)
        store.append(mine)
        store.finish_scan(replace(begun, finished=mine[-1].time, status="done"))
    store.declare(list(rows))
    conclude(store)
    return store


REPLACED = ({"10.0.0.3": "SN-4711C"}, {"10.0.0.3": "SN-4711X"})


def test_a_row_or_link_that_names_an_address_means_who_stands_there_now(tmp_path: Path) -> None:
    rows = (
        listed(tag="PLC-3", address="10.0.0.3", criticality="C3"),
        listed(tag="M-3", class_="motor"),
        stated(Kind.LINK, "M-3|", equipment="M-3", device="10.0.0.3", complete="yes"),
    )
    with concluded(tmp_path / "t.db", both(*REPLACED), *rows) as store:
        found = {one.serial: one for one in store.devices()}
        assert set(found) == {"SN-4711C", "SN-4711X"}
        new = found["SN-4711X"]
        assert new.register
        assert (new.register.tag, found["SN-4711C"].register) == ("PLC-3", None)
        (machine,) = [one.thing for one in store.assets("equipment")]
        assert isinstance(machine, Equipment)
        assert [link.device for link in machine.links] == [new.key]


def test_a_machine_whose_device_was_replaced_is_asked_about(tmp_path: Path) -> None:
    """It was read through the one that is gone: neither dark now, nor read."""
    rows = (
        listed(tag="M-3", class_="motor"),
        stated(Kind.LINK, "M-3|", equipment="M-3", device="SN-4711C", complete="yes"),
    )
    with concluded(tmp_path / "t.db", both(*REPLACED), *rows) as store:
        (machine,) = store.assets("equipment")
        assert not [one for one in store.findings(machine.thing.key) if one.rule[0] == "U"]
        assert machine.level.hi != 0
        asked = [one.missing for one in store.questions(machine.thing.key) if one.rule == "U01"]
        assert asked
        assert all("another device answers at 10.0.0.3 since" in text for text in asked)


def test_diff_tells_who_moved_and_who_took_whose_place(database: Path) -> None:
    with Store.open(database, SITE) as store:
        conclude(store)
        found = {(one.kind, one.text) for one in between(store, "scan-1", "scan-2")}
    kinds = Counter(kind for kind, _ in found)
    assert kinds[Change.MOVED] == 2
    assert kinds[Change.APPEARED] == kinds[Change.VANISHED] == 1
    assert kinds[Change.UNKNOWN] == 0
    (gone,) = [text for kind, text in found if kind is Change.VANISHED]
    assert "another device answers at 10.0.0.3 since" in gone


# --- without a serial number -----------------------------------------------------------------


def nameless(address: str, scan: str, at: float, **who: str) -> Observation:
    said = {"vendor": "Maker", "product": "Meter", "model": "M-1", "firmware": "1.0", **who}
    return observed(address, said, protocol="modbus", operation="identity", at=at, scan=scan)


def told(path: Path, *observations: Observation) -> tuple[Counter[Change], str]:
    with concluded(path, list(observations)) as store:
        found = between(store, "scan-1", "scan-2")
    return Counter(one.kind for one in found), " | ".join(one.text for one in found)


def test_two_that_may_have_changed_places_are_not_called_updated(tmp_path: Path) -> None:
    first = (nameless("10.0.0.1", "scan-1", 0), nameless("10.0.0.2", "scan-1", 1, firmware="2.0"))
    second = (
        nameless("10.0.0.1", "scan-2", 3600, firmware="2.0"),
        nameless("10.0.0.2", "scan-2", 3601),
    )
    kinds, text = told(tmp_path / "t.db", *first, *second)
    assert (kinds[Change.FIRMWARE], kinds[Change.UNKNOWN]) == (0, 2)
    assert "firmware 1.0 → 2.0; or it and 10.0.0.2 changed places" in text
    updated = (second[0], nameless("10.0.0.2", "scan-2", 3601, firmware="2.0"))
    kinds, _ = told(tmp_path / "u.db", *first, *updated)
    assert (kinds[Change.FIRMWARE], kinds[Change.UNKNOWN]) == (1, 0)  # one was, and the other is


def test_another_kind_of_device_without_a_serial_number_is_a_conflict(tmp_path: Path) -> None:
    first, second = nameless("10.0.0.1", "scan-1", 0), nameless("10.0.0.1", "scan-2", 3600)
    for later, conflicts in ((replace_kind(second), 1), (second, 0)):
        with concluded(tmp_path / f"{conflicts}.db", [first, later]) as store:
            (device,) = store.devices()
            assert len(rulebook.conflicts(store, device.key)) == conflicts


def replace_kind(item: Observation) -> Observation:
    facts = tuple(replace(f, value="M-2") if f.name == "model" else f for f in item.facts)
    return replace(item, facts=facts)
