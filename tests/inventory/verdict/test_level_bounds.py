"""Levels 0 to 4 of a device by itself: each predicate at its bound (domain model 5, rulings 18)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from inventory.judge.levels import interval, level_of
from inventory.judge.logic import false, true, unknown
from inventory.judge.openness import OPEN as OPEN_CLASSES
from inventory.judge.openness import protocols
from inventory.judge.view import View
from inventory.model import Evidence, Level, Proposition, Strength
from protocols.contract import Observation, Outcome, Point, Quality, Sample
from tests.inventory.verdict.evidence import NOW, context, device, evidence, row, seen
from tests.inventory.verdict.plants import PLC, S7, TEMPERATURE, listed, tag, window

YES, NO, OPEN = true(Strength.E4), false(Strength.E4), unknown("x")
KNOWN = replace(PLC, seen=True)


def test_what_blocks_two_levels_is_named_once() -> None:
    assert interval((YES, OPEN, OPEN, unknown("y"))).blocking == ("x", "y")


@pytest.mark.parametrize(
    ("steps", "low", "high"),
    [
        ((YES, YES, NO, YES), 1, 1),
        ((YES, OPEN, YES, NO), 0, 2),
        ((YES, OPEN, OPEN, YES), 0, 3),
        ((OPEN, YES), None, 1),
        ((NO, YES), None, None),
        ((YES, YES), 1, 1),
        ((YES, OPEN, NO), 0, 1),
    ],
)
def test_lo_is_what_is_sure_up_to_there_and_hi_what_nothing_refutes(
    steps: Sequence[Proposition], low: int | None, high: int | None
) -> None:
    found = interval(steps)
    assert (found.lo, found.hi) == (low, high)


def test_what_blocks_is_what_is_unknown_and_named_at_most_two() -> None:
    named = [unknown(text) for text in ("one", "", "two", "three")]
    assert interval([YES, *named]).blocking == ("one", "two")
    told = replace(YES, unknown="a TRUE is asked nothing")
    assert interval([OPEN, told, NO]).blocking == ("x",)


def level(found: Evidence, *fired: str, **changes: object) -> Level:
    return level_of(View(found, context(found, **changes)), fired)


def span(found: Evidence, *fired: str, **changes: object) -> tuple[int | None, int | None]:
    said = level(found, *fired, **changes)
    return said.lo, said.hi


def test_a_declared_device_that_nobody_heard_is_at_level_0_and_open() -> None:
    silent = evidence(seen("modbus", Outcome.SILENT), about=device(register=row(), seen=False))
    assert level(silent).lo == 0
    assert level(silent).blocking[0] == "any sign of it from here"
    assert span(evidence(about=replace(KNOWN, seen=True)))[0] == 1  # a capture saw it


@pytest.mark.parametrize(
    ("protocol", "operation", "low"),
    [("capture", "heard", 1), ("arp", "overheard", 1), ("modbus", "client", 1),
     ("lldp", "overheard", 2), ("modbus", "overheard", 2)],
)  # fmt: skip
def test_who_was_only_heard_or_asks_others_offers_no_service(
    protocol: str, operation: str, low: int
) -> None:
    heard = seen(protocol, Outcome.COMPLETE, operation, origin="capture")
    assert level(evidence(heard, about=KNOWN)).lo == low


def test_an_answer_is_level_1_and_only_what_speaks_is_level_2() -> None:
    hidden = device(seen=False)
    closed = evidence(seen("modbus", Outcome.CLOSED), about=hidden)
    assert level(closed).lo == 1
    assert level(closed).blocking[0] == "a service of it that speaks"
    assert level(evidence(S7, about=hidden)).lo == 2
    cell = evidence(seen("s7comm", Outcome.COMPLETE, vantage="cell"), about=replace(PLC, seen=True))
    assert level(cell, collection="dmz").lo == 2  # spoke, if not to the collector
    mute = evidence(seen("s7comm", Outcome.MUTE), about=replace(PLC, seen=True))
    assert level(mute).lo == 1
    overheard = evidence(
        seen("s7comm", Outcome.COMPLETE, vantage="cell"), about=replace(PLC, seen=False)
    )
    assert level(overheard, collection="dmz").lo == 1


def test_a_value_read_over_an_open_protocol_is_level_3() -> None:
    assert level(evidence(listed(TEMPERATURE), about=PLC)).lo == 3


def test_values_that_only_another_place_can_read_are_no_level_3_here() -> None:
    cell = replace(listed(TEMPERATURE), vantage="cell")
    for here in (seen("opcua", Outcome.SILENT, vantage="dmz"), *_carrying_no_values()):
        found = evidence(cell, here, about=replace(PLC, seen=True))
        assert level(found, collection="dmz").lo == 2


def test_what_was_read_before_we_were_refused_is_no_level_3_today() -> None:
    before = replace(listed(TEMPERATURE), scan="scan-0", time=NOW - timedelta(days=1))
    later = {"scan": "scan-1", "time": NOW}
    refused = replace(
        seen("opcua", Outcome.REFUSED_AUTH, "session", reason="anonymous_not_offered"), **later
    )
    assert span(evidence(before, refused, about=PLC), "A03") == (2, 2)
    raw = replace(seen("modbus", Outcome.COMPLETE, "read", points=(Point("holding:0"),),
                       samples=(Sample("holding:0", 7),)), **later)  # fmt: skip
    raw_before = replace(raw, scan="scan-0", time=before.time)
    both = evidence(before, raw_before, refused, raw, about=PLC)
    assert span(both, "A03") == (2, 2)  # it comes from there, and means nothing
    again = replace(listed(TEMPERATURE), **later)
    assert level(evidence(before, again, about=PLC)).lo == 3
    looked = replace(seen("opcua", Outcome.COMPLETE), **later)  # asked nothing that was refused
    assert level(evidence(before, looked, about=PLC)).lo == 3


def _carrying_no_values() -> list[Observation]:
    """One answer of every open protocol that carries no process values."""
    return [
        seen(name, Outcome.COMPLETE, vantage="dmz")
        for name, about in protocols().items()
        if not about.data and about.openness in OPEN_CLASSES
    ]


def test_no_value_no_level_3() -> None:
    bare = evidence(listed(about := tag("Temperature", "CEL"), quality=Quality.BAD), about=PLC)
    assert about.name
    assert level(bare).lo == 2
    assert level(bare).blocking[0] == "a process value with known meaning that was read"


def vendor(*points: Point) -> Observation:
    return listed(*points, protocol="enip", operation="tags")


def test_a_vendor_protocol_needs_a_declared_connector() -> None:
    found = evidence(vendor(TEMPERATURE), about=PLC)
    assert level(found).lo == 2
    for name in ("enip", "ethernetip"):  # either of its names
        assert level(found, connectors=frozenset({name})).lo == 3
    assert level(found, connectors=frozenset({"fins"})).lo == 2
    closed = evidence(listed(TEMPERATURE, protocol="s7comm", operation="read"), about=PLC)
    assert level(closed, connectors=frozenset({"s7comm"})).lo == 2  # undocumented: none counts


@pytest.mark.parametrize("rule", ["T01", "T02", "T03", "T05", "A01", "A02", "A03", "A04"])
def test_what_is_trapped_or_locked_is_at_level_2_and_no_more(rule: str) -> None:
    assert span(evidence(S7, about=PLC), rule) == (2, 2)
    assert span(evidence(S7, about=PLC), "G07")[1] == 5


def test_a_door_that_is_not_open_is_named() -> None:
    shut = evidence(S7, seen("opcua", Outcome.MUTE), about=PLC)
    assert "behind a door that is not open" in level(shut).blocking[0]


READS: list[object] = [20.0, 21.0, 22.0]


def good(reads: int = 3, bad: int = 0, point: Point = TEMPERATURE) -> Observation:
    return window(point, [20.0 + n for n in range(reads)], bad=bad)


def usable(*items: Observation, fired: Sequence[str] = (), **about: object) -> Level:
    return level(evidence(*items, about=replace(PLC, **about)), *fired)  # type: ignore[arg-type]


def test_a_good_window_and_a_nameplate_are_level_4() -> None:
    assert usable(good()).lo == 4
    assert usable(good(), model="M", product="").lo == 4
    assert usable(good(), model="", product="P").lo == 4


@pytest.mark.parametrize("lost", ["vendor", "serial"])
def test_without_a_nameplate_level_4_is_open(lost: str) -> None:
    said = usable(good(), **{lost: ""})
    assert (said.lo, said.blocking[0]) == (3, "a complete nameplate")


def test_without_model_and_product_level_4_is_open() -> None:
    assert usable(good(), model="", product="").blocking[0] == "a complete nameplate"


def test_two_reads_are_no_window() -> None:
    said = usable(good(2))
    assert (said.lo, said.blocking[0]) == (3, "a window of reads (scan --depth sample)")


def test_nineteen_good_reads_in_twenty_are_enough_and_eighteen_are_not() -> None:
    assert usable(good(20, bad=1)).lo == 4
    assert (usable(good(20, bad=2)).lo, usable(good(20, bad=2)).hi) == (3, 3)


def test_a_number_that_stands_for_no_value_leaves_level_4_open() -> None:
    said = level(evidence(window(tag("Motor current", "AMP"), [65535.0] * 4), about=PLC))
    assert (said.lo, said.hi) == (3, 5)
    assert said.blocking[0].startswith("whether Motor current is a value: it reads 65535, a number")


def test_a_value_without_a_meaning_leaves_level_4_open_and_a_set_point_does_not() -> None:
    odd = replace(good(), points=(TEMPERATURE, tag("AI_7")))
    assert "some are unclassified" in usable(odd).blocking[0]
    point = replace(good(), points=(TEMPERATURE, tag("Temperature setpoint", "CEL")))
    assert usable(point).lo == 4
    hollow = replace(good(), points=(TEMPERATURE, tag("Configuration")))
    assert usable(hollow).lo == 4  # a parameter needs no measurand
    doubted = replace(good(), points=(TEMPERATURE, tag("Start current", "AMP")))
    assert "some are unclassified" in usable(doubted).blocking[0]
    only = usable(good(point=tag("Temperature setpoint", "CEL")))
    assert "some are unclassified" in only.blocking[0]  # a set point alone is no measurement


@pytest.mark.parametrize("name", ["M-2 Xyz", "M-2 Wert 17"])
def test_a_value_that_only_the_number_of_its_machine_names_leaves_level_4_open(name: str) -> None:
    found = replace(
        good(), points=(TEMPERATURE, tag("M-2 Temperature"), tag("M-2 Flow"), tag(name))
    )
    assert "some are unclassified" in usable(found).blocking[0]
    without = replace(found, points=found.points[:-1])
    assert "some are unclassified" not in usable(without).blocking[0]


@pytest.mark.parametrize("rule", ["U03", "Q01", "Q02", "Q03", "Q04", "Q05", "Q10", "Q12", "A05"])
def test_values_with_a_gap_are_not_usable(rule: str) -> None:
    assert usable(good(), fired=[rule]).hi == 3


def history(share_bad: int = 0, reads: int = 20, first: float = 7.0, origin: str = "scan") -> Level:
    whole = good(reads, bad=share_bad)
    scans = tuple(
        replace(whole, scan=f"scan-{n}", origin=origin, time=NOW - timedelta(days=days))
        for n, days in enumerate((first, 3.0, 0.0))
    )
    latest = replace(good(reads), scan="scan-9", time=NOW)
    return level(evidence(*scans, latest, about=PLC))


def test_a_week_is_seven_days_and_the_share_of_good_reads_holds_in_each_scan() -> None:
    assert "register row" in history().blocking[0]  # held: what else level 5 needs comes next
    assert "in 7 days" in history(first=6.9).blocking[0]
    assert "register row" in history(share_bad=1).blocking[0]


def test_one_poor_scan_of_several_is_not_level_5_although_most_reads_are_good() -> None:
    plenty = [replace(good(100), scan=f"scan-{n}", time=NOW - timedelta(days=n)) for n in (8, 4)]
    poor = replace(good(4, bad=1), scan="scan-0", time=NOW)
    said = level(evidence(*plenty, poor, about=PLC))
    assert (said.lo, said.hi) == (4, 4)


def test_what_was_overheard_is_no_scan_of_ours() -> None:
    assert "over 3 scans" in history(origin="capture").blocking[0]


def test_listings_without_values_are_no_reads() -> None:
    empty = tuple(
        replace(seen("opcua", Outcome.COMPLETE, "browse"), scan=f"scan-{n}", time=NOW - age)
        for n, age in enumerate((timedelta(days=8), timedelta(days=4)))
    )
    latest = replace(good(), scan="scan-9", time=NOW)
    assert "(1 so far)" in level(evidence(*empty, latest, about=PLC)).blocking[0]


def test_samples_are_those_of_the_listed_points() -> None:
    assert all(isinstance(item, Sample) for item in good().samples)
