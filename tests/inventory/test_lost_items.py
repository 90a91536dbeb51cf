"""What a listing counted and no answer holds is lost, and not absent (domain model 9.13)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.judge.superseded import lost_items, whole_listing
from inventory.judge.view import View
from inventory.model import Truth
from protocols.contract import Observation
from tests.inventory.making import observed
from tests.inventory.test_listed_no_more import FIRST, FOUR, known, listing
from tests.inventory.verdict.evidence import context

DESCRIBED = frozenset({"read_nameplate"})


def counting(items: int | None, *scan: Observation) -> list[Observation]:
    """The same answers, the listing of which counted so many items."""
    return [
        replace(one, items=items) if one.question.operation == "browse" else one for one in scan
    ]


def without(operation: str, *scan: Observation) -> list[Observation]:
    return [one for one in scan if one.question.operation != operation]


PLATE = replace(
    observed("10.0.0.5", protocol="opcua", operation="read_nameplate", port=4840, at=2.5), items=3
)


@pytest.mark.parametrize(
    ("scan", "lost"),
    [
        (counting(4, *FIRST), 0),
        (counting(None, *FIRST), 0),  # an older program counted nothing
        (counting(3, *FIRST), 0),
        (counting(4, *without("read", *FIRST)), 4),
        (counting(6, *FIRST), 2),
        (counting(7, *FIRST, PLATE), 0),  # what it says of itself is listed too
        (counting(7, *FIRST, replace(PLATE, credential="reader")), 3),
        (counting(7, *FIRST, replace(PLATE, items=None)), 3),
    ],
)
def test_what_a_listing_counted_is_held_by_points_or_by_what_describes_the_device(
    scan: list[Observation], lost: int
) -> None:
    ended = next(one for one in scan if one.question.operation == "browse")
    assert lost_items(scan, ended, DESCRIBED) == lost
    assert (whole_listing(scan) is None) == (lost > 0)


def test_lost_answers_ask_for_a_new_listing_and_take_nothing_back() -> None:
    whole, rest = known(counting(4, *FIRST)), known(counting(4, *without("read", *FIRST)))
    here = {"entitlements": {"anonymous": "full"}}
    seen, cut = (View(one, context(one, **here)) for one in (whole, rest))
    assert seen.enumerated(seen.doors[0]).truth is Truth.TRUE
    said = cut.enumerated(cut.doors[0])
    assert said.truth is Truth.UNKNOWN
    assert said.unknown.startswith("4 of the 4 items that the listing of OPC UA counted")
    assert said.command.endswith("--depth points")

    second = listing(FOUR[:2], "scan-2", 100)
    assert len(known(FIRST, counting(2, *second)).gone) == 2
    assert not known(FIRST, counting(3, *second)).gone


def test_a_listing_holds_what_it_gave_to_its_own_identity() -> None:
    other = replace(FIRST[2], credential="reader", points=FIRST[2].points[:1])
    whole = whole_listing([FIRST[0], FIRST[1], other, FIRST[3]])
    assert whole is not None
    assert not whole.points
