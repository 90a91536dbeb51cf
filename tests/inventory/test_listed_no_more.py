"""What a later whole listing of the same service holds no more is not counted, and is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from inventory.diff import between
from inventory.judge.evidence import assemble
from inventory.judge.view import View
from inventory.model import Device, Evidence
from inventory.store import Store
from inventory.store.rulebook import conflicts
from protocols.contract import Observation, Outcome
from tests.inventory.making import SITE, observed
from tests.inventory.test_moved import concluded
from tests.inventory.verdict.evidence import context

FOUR = ("MotorCurrent", "Vibration", "WindingTemp", "Running")
TWO = FOUR[:2]


def asked(operation: str, at: float, scan: str, **more: object) -> Observation:
    # type: ignore[arg-type]
    return observed(
        "10.0.0.5", protocol="opcua", operation=operation, port=4840, at=at, scan=scan, **more
    )


def listing(
    points: tuple[str, ...], scan: str, at: float, *, vantage: str = "here", who: str = "",
    outcome: Outcome = Outcome.COMPLETE, ends: bool = True,
) -> list[Observation]:  # fmt: skip
    """As the OPC UA probe tells it: the browse concluded, then values read, then goodbye."""
    told = [
        asked("get_endpoints", at, scan, facts={"serial": "SN-4711", "vendor": "Maker"}),
        asked("browse", at + 1, scan, outcome=outcome),
        asked("read", at + 2, scan, points=points, values=(1.0,) * len(points)),
        *([asked("close_session", at + 3, scan)] if ends else []),
    ]
    return [replace(one, vantage=vantage, credential=who) for one in told]


def known(*scans: list[Observation]) -> Evidence:
    return assemble(Device("key", SITE), [one for scan in scans for one in scan])


def names(found: Evidence) -> tuple[list[str], list[str], list[str]]:
    return (
        [one.name for one in found.points],
        [one.point for one in found.samples],
        [one.point.name for one in found.gone],
    )


FIRST = listing(FOUR, "scan-1", 0)


def test_a_later_whole_listing_takes_back_what_it_does_not_hold() -> None:
    found = known(FIRST, listing(TWO, "scan-2", 100))
    assert names(found) == ([*TWO], [*TWO], [*FOUR[2:]])
    assert (found.device.points, found.device.readable) == (2, 2)
    assert found.gone[0].before.scan == "scan-1"
    assert found.gone[0].after.question.operation == "browse"
    assert len(found.observations) == 8  # nothing is forgotten


@pytest.mark.parametrize(
    "later",
    [
        listing(TWO, "scan-2", 100, vantage="elsewhere"),
        listing(TWO, "scan-2", 100, who="reader"),
        listing(TWO, "scan-2", 100, outcome=Outcome.PARTIAL),
        listing(TWO, "scan-2", 100, outcome=Outcome.REFUSED_AUTH),
        listing(TWO, "scan-2", 100, ends=False),  # cut before it read the rest
        listing(TWO, "scan-2", 100)[:1],  # it did not come to list
        listing(FOUR, "scan-2", 100),
        listing((*FOUR, "Torque"), "scan-2", 100),
    ],
)
def test_another_listing_takes_nothing_back(later: list[Observation]) -> None:
    found = known(FIRST, later)
    assert not found.gone
    assert {*FOUR} <= {one.name for one in found.points}


def test_what_is_still_given_otherwise_or_again_is_not_gone() -> None:
    second = listing(TWO, "scan-2", 100)
    beside = listing(FOUR, "scan-1", 50, vantage="elsewhere")
    assert not known(FIRST, beside, second).gone
    again = listing(FOUR, "scan-3", 200, outcome=Outcome.PARTIAL)
    assert not known(FIRST, second, again).gone


def test_an_empty_listing_takes_all_back() -> None:
    found = known(FIRST, listing((), "scan-2", 100, outcome=Outcome.EMPTY))
    assert names(found) == ([], [], [*FOUR])


def against(*scans: list[Observation]) -> list[str]:
    found = known(*scans)
    return [one.text for one in View(found, context(found)).conflicts]


def test_two_listings_that_differ_are_a_conflict_until_a_third_confirms_one() -> None:
    second = listing(TWO, "scan-2", 100)
    (lost,) = against(FIRST, second)
    assert "listed no more: WindingTemp, Running" in lost
    (more,) = against(second, listing(FOUR, "scan-3", 200))
    assert "with other values" in more
    third = listing(TWO, "scan-3", 200)
    assert against(FIRST, second, third) == []
    assert names(known(FIRST, second, third))[2] == [*FOUR[2:]]
    assert against(FIRST, listing(FOUR, "scan-2", 100)) == []


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    second = listing(TWO, "scan-2", 100)
    with concluded(tmp_path / "t.db", [*FIRST, *second]) as made:
        yield made


def test_the_inventory_counts_what_is_there_and_tells_what_is_gone(store: Store) -> None:
    (device,) = store.devices()
    assert (device.points, device.readable) == (2, 2)
    (text,) = [one.text for one in conflicts(store, device.key)]
    assert text.endswith("listed no more: WindingTemp, Running")
    told = {(one.kind.value, one.text) for one in between(store, "scan-1", "scan-2")}
    assert told == {("changed", "2 values are listed no more: WindingTemp, Running")}
    (surveyed,) = store.listings()
    assert [one.name for one in surveyed.points] == [*TWO]
