"""Links that are proposed from names, and what a person confirms of them."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from inventory.conclude import conclude
from inventory.imports import read_list
from inventory.model import Equipment, Kind
from inventory.outputs import Request, links
from inventory.store import Store
from tests.inventory.making import SITE, listed, observed, stated

MACHINES = ("P-1001", "P-1002", "P-1003", "MOTOR", "4711", "P-7")
NAMES = {
    "10.0.0.1": "VFD-P-1001",
    "10.0.0.2": "vfd p1001 b",
    "10.0.0.3": "PLC7",
    "10.0.0.4": "XP-1003",  # another word
    "10.0.0.5": "MOTOR 4711",  # words without a number, numbers without a word
    "10.0.0.6": "P-70",
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.open(tmp_path / "t.db", SITE)
    made.declare(listed(tag=tag, class_="pump") for tag in MACHINES)
    for at, (address, name) in enumerate(NAMES.items()):
        made.append([observed(address, {"name": name}, at=at)])
    values = observed("10.0.0.3", at=9, operation="read", points=("a", "b", "c"))
    folders = ("P-1002/vibration", "P_1002/current", "elsewhere")
    points = tuple(replace(p, path=path) for p, path in zip(values.points, folders, strict=True))
    made.append([replace(values, points=points)])
    conclude(made)
    return made


def proposed(store: Store) -> list[tuple[str, str, str]]:
    return [(row[0], row[1], row[5]) for row in links.rows(store)]


def test_a_device_whose_name_or_values_bear_the_tag_is_proposed_with_the_reason(
    store: Store,
) -> None:
    assert proposed(store) == [
        ("P-1001", "10.0.0.1", "its name is VFD-P-1001"),
        ("P-1001", "10.0.0.2", "its name is vfd p1001 b"),
        ("P-1002", "10.0.0.3", "2 values bear the tag, as in P-1002"),
    ]


def test_nothing_is_linked_before_a_person_reads_the_sheet_back(
    store: Store, tmp_path: Path
) -> None:
    assert not any(one.monitored_by for one in store.equipment())
    path = tmp_path / "links.csv"
    said = links.write(store, Request(path))
    assert (
        said == f"3 links proposed written to {path}; strike what is wrong before you import them"
    )
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(row for row in rows if "10.0.0.2" not in row)
    store.declare(read_list(Kind.LINK, path, SITE, {}).declarations)
    conclude(store)
    linked = {one.tag: len(one.monitored_by) for one in store.equipment()}
    assert linked == {tag: int(tag in ("P-1001", "P-1002")) for tag in MACHINES}
    assert proposed(store) == [("P-1001", "10.0.0.2", "its name is vfd p1001 b")]


def test_the_question_names_the_command(store: Store) -> None:
    (one,) = (q for q in store.questions() if q.rule == "U02" and q.asset_name == "P-1001")
    assert one.command == "untrap export links -o links.csv"


def test_a_tag_that_many_devices_bear_proposes_nothing(store: Store) -> None:
    store.append(
        observed(f"10.0.1.{n}", {"name": f"P-1003 {n}"}, at=20 + n)
        for n in range(links.MOST_DEVICES + 1)
    )
    conclude(store)
    assert not [row for row in proposed(store) if row[0] == "P-1003"]


def test_a_stated_link_is_not_proposed_again(store: Store) -> None:
    store.declare([stated(Kind.LINK, "l", equipment="P-1001", device="10.0.0.1")])
    conclude(store)
    assert isinstance(next(iter(store.equipment())), Equipment)
    assert ("P-1001", "10.0.0.1") not in [row[:2] for row in proposed(store)]
