"""Sums of a site and its scopes, and the six questions of a readiness review, by their counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.judge.levels import VALUES
from inventory.model import (
    Device,
    Equipment,
    Evidence,
    Level,
    Link,
    RegisterRow,
    Service,
)
from inventory.readiness.answer import Concluded
from inventory.readiness.barriers import barriers
from inventory.readiness.census import Census
from inventory.readiness.review import six_questions
from inventory.rollup import (
    Reach,
    Unit,
    dark_spares,
    once,
    rated_too_high,
    reached,
    roll_up,
)
from inventory.signals.listing import listing
from protocols.contract import Fact, Outcome, Point
from tests.inventory.verdict.evidence import seen

# --- roll-up ---------------------------------------------------------------------------------


def unit(lo: int | None, hi: int | None, criticality: str = "C2", **more: object) -> Unit:
    return Unit(Level(lo, hi), criticality, **{"scopes": {"site": "S"}, **more})  # type: ignore[arg-type]


def test_the_sums_of_a_scope() -> None:
    units = [
        unit(4, 5, "C3"),
        unit(2, 2, "C3"),
        unit(1, 3, "C3"),
        unit(None, None, ""),
        unit(3, 4, "C1", not_asked=2),
        unit(0, 0, "C1", category="not-data-bearing"),
        unit(4, 4, "C2", redundancy="B", scopes={"site": "S", "area": "", "line": "L"}),
    ]
    site, along = roll_up(units)
    weights = (9, 9, 9, 3, 1, 1.5)
    whole = sum(weights)
    low = [VALUES[n] for n in (4, 2, 1, 0, 3, 4)]
    high = [VALUES[n] for n in (5, 2, 3, 5, 4, 4)]
    assert site["units"] == 6
    assert site["index"] == {
        "lo": round(sum(w * v for w, v in zip(weights, low, strict=True)) / whole, 3),
        "hi": round(sum(w * v for w, v in zip(weights, high, strict=True)) / whole, 3),
    }
    assert site["level4_share"] == round((9 + 1.5) / whole, 3)
    assert site["level4_possible"] == round((9 + 3 + 1 + 1.5) / whole, 3)
    assert site["c3_dark"] == {"lo": 1, "hi": 2}
    assert site["c3_level4"] == {"lo": 0.333, "hi": 0.333}  # one of three, each of weight 9
    assert (site["unrated"], site["not_asked"]) == (round(3 / whole, 3), 2)
    assert (along["scope"], along["name"], along["units"]) == ("line", "L", 1)
    assert along["c3_level4"] is None  # none of C3 stands there
    critical = [unit(4, 5, "C3"), unit(None, None, "C3"), unit(2, 3, "C3", redundancy="B"),
                unit(2, 4, "C3")]  # fmt: skip
    found = {"lo": round(9 / 31.5, 3), "hi": round(27 / 31.5, 3)}
    assert roll_up(critical)[0]["c3_level4"] == found


def test_the_better_twin_is_the_one_that_surely_and_then_perhaps_gives_more() -> None:
    def twin(name: str, lo: int | None, hi: int | None) -> Unit:
        return unit(lo, hi, name=name, location="place")

    assert [one.name for one in once([twin("a", 1, 3), twin("b", 1, None)])] == ["b"]
    assert [one.name for one in once([twin("a", 1, 4), twin("b", 1, 3)])] == ["a"]
    (best,) = once([twin("a", 3, 3), twin("b", None, None)])
    assert list(dark_spares([best])) == []  # nobody knows what the spare gives


def test_scopes_come_from_the_whole_to_the_class() -> None:
    scopes = {"class": "pump", "line": "L", "area": "A", "site": "S", "other": "O"}
    found = [(row["scope"], row["name"]) for row in roll_up([unit(1, 1, scopes=scopes)])]
    assert found == [("site", "S"), ("area", "A"), ("line", "L"), ("class", "pump"), ("other", "O")]


@pytest.mark.parametrize(("c3", "others", "warns"), [(3, 7, False), (4, 7, True), (0, 0, False)])
def test_too_many_critical_ones_say_little(c3: int, others: int, warns: bool) -> None:
    units = [unit(1, 1, "C3")] * c3 + [unit(1, 1, "C1")] * others + [unit(1, 1, "")] * 20
    assert rated_too_high(units) is warns


def test_how_many_reach_a_level() -> None:
    units = [unit(3, 3), unit(2, 4), unit(None, None), unit(0, 2),
             unit(5, 5, category="not-data-bearing")]  # fmt: skip
    assert reached(units, 3) == (1, 3, 4)
    assert Reach(3).whole == 0


# --- the six questions -----------------------------------------------------------------------


def counted(*items: Evidence, equipment: tuple[Equipment, ...] = ()) -> Census:
    census = Census(equipment)
    for item in items:
        census.device(item)
    return census


def said(census: Census, concluded: Concluded, **site: object) -> dict[str, str]:
    answers = six_questions(census, site, concluded)
    return {name: value for one in answers for name, value in one.measures}


NOTHING = Concluded({}, 0, 0)


def test_only_values_that_mean_nothing_without_a_unit_are_asked_for_one() -> None:
    points = (Point("a", "Current", unit="AMP", type="Double"), Point("b", "Druck_bar"),
              Point("c", "Running", type="Boolean"), Point("d", "Motor fault", type="Int32"),
              Point("e", "Power factor", type="Double"), Point("f", "DI_7", type="Boolean"),
              Point("g", "Temperature", type="Double"),
              Point("h", "AI_7", type="Double"))  # fmt: skip
    census = counted(Evidence(Device("a", "S"), (), points, ()))
    assert (census.repeating.points, census.repeating.quantities, census.repeating.united) == (
        8,
        4,
        2,
    )
    assert said(census, NOTHING)["values with a unit"] == "50% of 4"
    own = (Point("a", "Flow", unit="buckets", type="Double"),)  # nobody's unit is one, too
    assert counted(Evidence(Device("a", "S"), (), own, ())).repeating.united == 1


def test_the_counts_of_the_six_questions() -> None:
    points = (Point("a", "Current", unit="AMP", type="Double", access="rw"),
              Point("b", "AI_7", type="Double", access="r"))  # fmt: skip
    row = RegisterRow(tag="A")
    services = (Service("opcua", "tcp", 4840, outcome=Outcome.COMPLETE),
                Service("modbus", "tcp", 502, outcome=Outcome.REFUSED_AUTH),
                Service("s7comm", "tcp", 102, outcome=Outcome.CLOSED),
                Service("lldp", "link", 0, outcome=Outcome.COMPLETE))  # fmt: skip
    facts = (Fact("clock_skew_seconds", 1.0, "x"), Fact("certificate.not_after", "2027", "x"))
    one = Device("a", "S", vendor="V", model="M", serial="1", seen=True, register=row,
                 services=services, facts=facts)  # fmt: skip
    two = Device("b", "S", vendor="V", product="P", seen=True, services=services[:1], parent="a")
    three = Device("c", "S", seen=False, register=row)
    opcua = (replace(seen("opcua", Outcome.COMPLETE), points=points),)
    census = counted(Evidence(one, opcua, points, ()), Evidence(two, (), (), ()),
                     Evidence(three, (), (Point("c", "X", type="Double"),), ()))  # fmt: skip
    site = {"index": {"lo": 0.1, "hi": 0.2}, "level4_share": 0.3, "level4_possible": 0.3}
    counts = Concluded({"Q02": 3, "T10": 1, "Q11": 2, "G01": 4, "G07": 5}, 6, 2)
    told = said(census, counts, **site, not_asked=7)
    assert told["devices found and not declared"] == "33% of 3"
    assert told["declared and not observed"] == "33% of 3"
    assert (told["maker known"], told["serial number known"]) == ("67% of 3", "33% of 3")
    assert told["services that describe themselves"] == "67% of 3"
    assert told["variants of devices (protocol and model)"] == "3"
    assert told["devices per variant"] == "1.0"
    assert told["values with a known meaning"] == "33% of 3"
    assert told["values with a unit"] == "33% of 3"
    assert told["indicator: devices with a writable value by their own attributes"] == "100% of 1"
    assert told["stale values (Q02)"].startswith("3 devices; ")
    assert told["networks that nobody looked at (T10)"] == "1"
    assert told["siblings that differ (Q11)"] == "2"
    assert told["assets without owner, criticality or place (G07)"] == "5"
    assert told["gaps accepted with an expiry"] == "6"
    assert told["questions not asked"].startswith("7; ")
    assert told["accessibility index"] == "10 to 20 %"
    assert told["share of weight at level 4"] == "30 %"
    shares = {one.number: one.unknown for one in six_questions(census, None, Concluded({}, 0, 2))}
    assert shares == {1: 1.0, 2: 0.667, 3: 0.667, 4: 0.667, 5: 0.667, 6: None}
    line = {"level4_share": 0.05, "level4_possible": 0.6}  # of weight: as that share is told
    assert six_questions(census, line, Concluded({}, 0, 2))[0].unknown == 0.55
    indicators = {name: value for _, name, value in barriers(census, NOTHING)}
    assert indicators["variants of protocol and model"] == "3; not known of 1 of 3 devices"


def test_only_measured_values_are_counted() -> None:
    points = (Point("a", "Current", unit="AMP", type="Double"),
              Point("b", "Recipe name", unit="AMP", type="String"),
              Point("c", "Running", type="Boolean"),
              Point("d", "CPU load", unit="P1", type="Double", path="diagnostics/cpu"))  # fmt: skip
    census = counted(Evidence(Device("a", "S", seen=True), (), points, ()))
    numeric = [
        meaning for _, meaning in listing(points).measured if meaning.process and meaning.numeric
    ]
    assert census.repeating.points == len(numeric)
    assert 0 < len(numeric) < len(points)


def test_who_was_never_seen_is_not_undeclared_and_an_own_protocol_is_no_variant() -> None:
    mystery = Service("mystery", "tcp", 9, outcome=Outcome.COMPLETE)
    unseen = Device("a", "S", seen=False, vendor="V", model="M", services=(mystery,))
    census = counted(Evidence(unseen, (), (), ()))
    seen = census.register
    assert (seen.undeclared, seen.unseen, seen.listed) == (0, 1, 0)
    assert census.integration.models == {}
    row = RegisterRow(tag="A", document="untrap-assets.csv")
    undeclared = counted(Evidence(replace(unseen, seen=True), (), (), ())).register
    assert (undeclared.listed, undeclared.found, undeclared.shared) == (0, 1, 0)
    own = counted(Evidence(replace(unseen, register=row), (), (), ())).register
    assert (own.from_scan, own.listed) == (True, 1)
    assert not counted(
        Evidence(replace(unseen, register=RegisterRow(tag="A")), (), (), ())
    ).register.from_scan


def test_of_nothing_everything_is_unknown_and_nothing_is_a_share() -> None:
    told = said(Census(), NOTHING)
    assert told["maker known"] == told["devices per variant"] == "nothing to count"
    assert told["accessibility index"] == "not assessed"
    unknown = [one.unknown for one in six_questions(Census(), None, Concluded({}, 0, 9))]
    assert unknown == [1.0, 1.0, 1.0, 1.0, 1.0, None]


def test_more_assets_asked_about_than_devices_is_all() -> None:
    census = counted(Evidence(Device("a", "S", seen=True), (), (), ()))
    assert six_questions(census, None, Concluded({}, 0, 5))[2].unknown == 1.0


def test_a_linked_machine_without_a_row_declares_no_device() -> None:
    alone = Equipment("m", "S", "M-1", links=(Link("M-1", "a"),))
    assert (
        counted(
            Evidence(Device("a", "S", seen=True), (), (), ()), equipment=(alone,)
        ).register.undeclared
        == 1
    )
