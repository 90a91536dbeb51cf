"""Which devices bear the tag of a machine: what is looked for, and who is named beside links."""

from __future__ import annotations

import pytest

from inventory.judge.bearing import MOST_DEVICES, Bearing, beside, is_tag, sought
from inventory.judge.naming import plain_tag
from inventory.model import ELSEWHERE, Equipment, Link, Merge
from protocols.contract import Point
from tests.inventory.verdict.evidence import device, evidence, row
from tests.inventory.verdict.plants import listed


@pytest.mark.parametrize(
    ("plain", "is_so"),
    [
        ("p 101", True),
        ("p101", True),
        ("101", False),
        ("12 3", False),
        ("pump", False),
        ("", False),
    ],
)
def test_a_tag_has_letters_and_a_number(plain: str, is_so: bool) -> None:
    assert is_tag(plain) is is_so


def machine(tag: str = "P-101", *linked: str, complete: bool = True) -> Equipment:
    links = tuple(Link(tag, key, resolved=True) for key in linked)
    return Equipment(tag, "site", tag, links=links, links_complete=complete)


def test_only_tags_of_machines_whose_links_are_complete_are_looked_for() -> None:
    units = machine("P-101"), machine("P-102", complete=False), machine("101"), machine("Pump")
    assert sought(units) == {"p 101"}
    assert sought(()) == frozenset()


def test_a_device_bears_the_tags_of_its_own_name_its_row_and_its_values() -> None:
    tags = {"p 101", "p 102", "p 103", "p 104"}
    values = listed(Point("i=7", "P-103 current"))
    about = device(name="P-102 gateway", register=row("P-101"))
    assert Bearing(tags).of(evidence(values, about=about)) == ("p 101", "p 102", "p 103")
    assert Bearing(tags).of(evidence(values)) == ("p 103",)
    assert Bearing(tags).of(evidence(about=about)) == ("p 101", "p 102")
    assert Bearing(set()).of(evidence(values, about=about)) == ()


@pytest.mark.parametrize("text", ["İSTASYON-1 debi", "GRÖSSE-1", "GRÖßE-1 x"])
def test_a_tag_is_found_whatever_folding_its_case_makes_of_it(text: str) -> None:
    tags = {plain_tag(one) for one in ("İSTASYON-1", "GRÖSSE-1")}
    (tag,) = Bearing(tags).of(evidence(about=device(name=text)))
    assert tag in tags
    assert Bearing(tags).of(evidence(listed(Point("i=7", text)))) == (tag,)


@pytest.mark.parametrize(
    "point",
    [
        Point("ns=2;s=P-101.flow"),
        Point("s=P-101"),
        Point("nsu=urn:plant;s=Line.P-101.flow", "flow"),
        Point("i=7", "flow", "Plant/P-101/values"),
    ],
)
def test_a_tag_is_found_in_the_folders_of_a_value_and_in_the_text_of_its_node(point: Point) -> None:
    assert Bearing({"p 101"}).of(evidence(listed(point))) == ("p 101",)
    assert Bearing({"p 102"}).of(evidence(listed(point))) == ()


def test_a_device_whose_place_was_taken_is_not_there_to_ask() -> None:
    away = device(name="P-101", merges=(Merge(ELSEWHERE, "another stands there"),))
    assert away.away
    assert Bearing({"p 101"}).of(evidence(about=away)) == ()


def test_who_bears_the_tag_and_is_not_linked_is_named() -> None:
    bearing = {"p 101": ["c", "a", "b"], "p 102": ["d"]}
    assert beside(machine("P-101"), bearing) == ("a", "b", "c")
    assert beside(machine("P-101", "b"), bearing) == ("a", "c")
    assert beside(machine("P-103"), bearing) == ()
    assert beside(machine("P-101"), {}) == ()


def test_beside_links_that_may_go_on_nobody_is_named() -> None:
    assert beside(machine("P-101", complete=False), {"p 101": ["a"]}) == ()


def test_a_tag_that_many_devices_bear_is_no_tag_of_a_machine() -> None:
    many = [f"d{n}" for n in range(MOST_DEVICES + 1)]
    assert beside(machine(), {"p 101": many}) == ()
    assert beside(machine(), {"p 101": many[1:]}) == tuple(many[1:])
    assert beside(machine("P-101", "d0"), {"p 101": many}) == tuple(many[1:])
