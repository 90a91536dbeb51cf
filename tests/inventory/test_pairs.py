"""A place with a spare counts once, as its better twin; a proposed link counts for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inventory.assemble import stored_units, units
from inventory.conclude import conclude
from inventory.judge.survey import addressed, row_of
from inventory.model import Declaration, Device, Equipment, Evidence, Kind, Level, RegisterRow
from inventory.pairs import alike, locations
from inventory.readiness.census import Census
from inventory.rollup import Unit, dark_spares, once, roll_up
from inventory.store import Store
from protocols.contract import Outcome
from tests.inventory.making import SITE, listed, observed, stated

TODAY = datetime(2026, 5, 6, tzinfo=UTC)
SCOPES = {"site": "plant"}


def twin(name: str, lo: int | None, hi: int | None, redundancy: str = "B", **more: str) -> Unit:
    return Unit(Level(lo, hi), "C3", redundancy, SCOPES, name=name, location="place", **more)


def line(*several: Unit) -> dict[str, object]:
    return roll_up(once(several))[0]


def test_two_twins_count_as_one_place_at_half_the_weight() -> None:
    alone = Unit(Level(4, 4), "C1", "A", SCOPES)  # 1 of weight beside 9 * 0.5
    got = line(twin("P-A", 3, 3), twin("P-B", 0, 2), alone)
    assert (got["units"], got["dark_spares"]) == (2, 1)
    assert got["index"] == {"lo": round((4.5 * 0.45 + 0.9) / 5.5, 3),
                            "hi": round((4.5 * 0.45 + 0.9) / 5.5, 3)}  # fmt: skip
    assert got["c3_dark"] == {"lo": 0, "hi": 0}


@pytest.mark.parametrize(
    ("first", "second", "lo", "hi"),
    [
        ((3, 3), (1, 5), 3, 5),  # the other may give more
        ((1, 5), (None, None), 1, None),
        ((None, 2), (None, 1), None, 2),
        ((2, 2), (4, 4), 4, 4),
    ],
)
def test_a_place_gives_what_its_better_twin_gives(
    first: tuple[int | None, int | None],
    second: tuple[int | None, int | None],
    lo: int | None,
    hi: int | None,
) -> None:
    (got,) = once([twin("P-A", *first), twin("P-B", *second)])
    assert (got.level.lo, got.level.hi) == (lo, hi)


def test_a_spare_that_may_give_data_is_not_called_dark() -> None:
    assert not list(dark_spares(once([twin("P-A", 3, 3), twin("P-B", 1, 5)])))
    (found,) = dark_spares(once([twin("P-B", 1, 2), twin("P-A", 3, 3)]))
    assert [one.name for one in found] == ["P-B", "P-A"]


def test_a_place_with_a_twin_has_a_spare_whatever_the_register_says() -> None:
    (got,) = once([twin("P-A", 3, 3, ""), twin("P-B", 3, 3, "A")])
    assert got.weight == 4.5


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "t.db", SITE) as made:
        made.declare(
            listed(tag=tag, class_="pump", address=f"10.0.0.{n}", criticality="C3", redundancy="B")
            for n, tag in enumerate(("P-101A", "P-101B", "P-7"), 1)
        )
        yield made


def named(store: Store) -> list[str]:
    conclude(store, today=TODAY)
    found = sorted(one.name for one in units(store) if one.name)
    assert found == sorted(one.name for one in stored_units(store) if one.name)
    return found


def twins(subject: str, statement: str, value: str = "") -> Declaration:
    return stated(Kind.ATTEST, f"{subject} | {statement}", subject_=subject, statement=statement,
                  value=value)  # fmt: skip


def test_tags_that_look_alike_are_two_places_until_a_person_says_otherwise(store: Store) -> None:
    assert named(store) == ["P-101A", "P-101B", "P-7"]
    pairs = [[one.tag for one in some] for some in alike(store.equipment(), locations(store))]
    assert pairs == [["P-101A", "P-101B"]]


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("redundant with", "P-101B"),
        ("Redundant pair", "p-101b"),
        ("redundant with P-101B", ""),
    ],
)
def test_an_attested_pair_is_one_place(store: Store, statement: str, value: str) -> None:
    store.declare([twins("P-101A", statement, value)])
    assert named(store) == ["P-101A", "P-7"]
    assert not list(alike(store.equipment(), locations(store)))


@pytest.mark.parametrize(
    ("statement", "value"),
    [("redundant with", "P-999"), ("not redundant with", "P-101B"), ("redundant pair", "")],
)
def test_a_statement_that_names_no_twin_joins_nothing(
    store: Store, statement: str, value: str
) -> None:
    store.declare([twins("P-101A", statement, value)])
    assert named(store) == ["P-101A", "P-101B", "P-7"]


def test_three_that_are_stated_pair_by_pair_are_one_place(store: Store) -> None:
    store.declare([twins("P-7", "redundant with", "P-101B")])
    store.declare([twins("P-101A", "redundant with", "P-7")])
    assert len(named(store)) == 1


# --- proposed links ----------------------------------------------------------------------------


def answering(store: Store) -> None:
    for operation, outcome in (("browse", Outcome.COMPLETE), ("read", Outcome.COMPLETE)):
        seen = observed("10.0.0.3", at=1, protocol="opcua", operation=operation, port=4840,
                        outcome=outcome, points=("Motor current",), values=(4.5,))  # fmt: skip
        store.append([seen])


def level(store: Store) -> tuple[int | None, int | None]:
    conclude(store, today=TODAY)
    found = next(one for one in store.assets("equipment") if "P-7" in str(one.thing))
    return (found.level.lo, found.level.hi)


def test_a_link_that_only_the_register_proposes_lifts_no_machine(store: Store) -> None:
    answering(store)
    assert level(store)[0] == 0
    assert [one.level.lo for one in units(store) if one.level.lo] == [3]  # the device counts itself


def test_a_link_that_a_person_confirms_lifts_the_machine(store: Store) -> None:
    answering(store)
    store.declare([stated(Kind.LINK, "l", equipment="P-7", device="10.0.0.3")])
    assert level(store)[0] == 3


def test_what_was_not_asked_of_a_monitoring_device_counts_once(store: Store) -> None:
    """It was left out of every sum as soon as a person linked the device to its machines."""
    answering(store)
    store.append([
        observed("10.0.0.3", at=2, protocol="snmp", port=161, transport="udp",
                 outcome=Outcome.NOT_ASKED, reason="budget")
    ])  # fmt: skip

    def left() -> list[int]:
        conclude(store, today=TODAY)
        return [sum(one.not_asked for one in made(store)) for made in (units, stored_units)]

    before = left()
    store.declare([stated(Kind.LINK, tag, equipment=tag, device="10.0.0.3")
                   for tag in ("P-7", "P-101A")])  # fmt: skip
    assert left() == before == [1, 1]


def test_a_device_that_a_machines_row_names_is_declared() -> None:
    row = RegisterRow(tag="P-7", address="10.0.0.9", unit="4")
    named = addressed([Equipment("p", SITE, "P-7", register=row)])
    gateway, mine, other = (
        Device(str(part), SITE, addresses=("10.0.0.9",), seen=True, part=part)
        for part in ("", "unit 4", "unit 7")
    )
    assert [row_of(one, named) for one in (gateway, mine, other)] == [row, row, None]
    census = Census([Equipment("p", SITE, "P-7", register=row)])
    for one in (gateway, mine, other):
        census.device(Evidence(one, (), (), ()))
    assert (census.register.undeclared, census.devices) == (1, 3)
