"""The standing list: a plant that is declared shut down, and a safety function."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from inventory.judge.context import Zone
from inventory.judge.standing import moments
from inventory.judge.view import View
from inventory.judge.weigh import touches
from inventory.model import Declaration, Effort, Kind, Remedy
from inventory.rules.standing import RESTING_RULES, is_safety, resting_turns
from tests.inventory.verdict.evidence import NOW, context, evidence
from tests.inventory.verdict.plants import POSITIVE, Row, answer, judged
from tests.inventory.verdict.plants.rows import ROWS

RESTING = [row for row in ROWS if row.rule in RESTING_RULES and row.kind == POSITIVE]


def stating(row: Row, statement: str, value: str = "") -> Row:
    """The row with that statement about its device."""
    evidence = row.found[0] if isinstance(row.found, tuple) else row.found
    subject = evidence.device.key
    said = Declaration("site", Kind.ATTEST, subject, {"statement": statement, "value": value})
    return replace(row, changes={**row.changes, "attested": {subject.casefold(): (said,)}})


@pytest.mark.parametrize("row", RESTING, ids=lambda row: f"{row.rule}-{row.key}")
def test_a_plant_that_stands_still_is_not_blamed_for_silence(row: Row) -> None:
    until = f"{NOW + timedelta(days=3):%Y-%m-%d}"
    assert answer(stating(row, "shutdown", until)) == ""
    assert answer(stating(row, "Maintenance")) == ""
    past = f"{NOW - timedelta(days=3):%Y-%m-%d}"
    assert answer(stating(row, "shutdown", past)) == row.key


def test_a_safety_function_is_offered_nothing_that_touches_it() -> None:
    for row in ROWS:
        if row.kind != POSITIVE or row.rule[0] not in "TAQ" or row.machine is not None:
            continue
        plain = [item for item in judged(row).findings if item.rule == row.rule]
        safe = [item for item in judged(stating(row, "SIS")).findings if item.rule == row.rule]
        assert [item.severity for item in safe] == [item.severity for item in plain]
        for before, after in zip(plain, safe, strict=True):
            assert after.remedies == tuple(r for r in before.remedies if not touches(r))


@pytest.mark.parametrize(("zone", "safe"), [("Safety", True), ("cell", False), ("", False)])
def test_a_device_in_a_zone_named_for_safety_is_one(zone: str, safe: bool) -> None:
    zones = (Zone(zone, (ip_network("192.0.2.0/24"),)),) if zone else ()
    item = evidence()
    assert is_safety(View(item, context(item, zones=zones))) is safe


def test_what_touches_is_told_by_the_kind_of_fix_or_the_outage() -> None:
    assert touches(Remedy("x", Effort.E1, cause="server:CPU"))
    assert touches(Remedy("x", Effort.E2, needs_outage=True, cause="sensor:current"))
    assert not touches(Remedy("x", Effort.E2, cause="connector:s7comm"))
    assert not touches(Remedy("x", Effort.E3, cause="second-channel"))


WEEK = timedelta(days=7)
COMING, GONE = NOW + timedelta(days=3), NOW - timedelta(days=3)


@pytest.mark.parametrize("statement", ["plant shutdown", "Maintenance window", "shut down"])
@pytest.mark.parametrize(
    ("value", "rests"),
    [
        (f"{COMING:%d.%m.%Y}", True),
        (f"{GONE:%d.%m.%Y}", False),  # once taken for no day: it held for ever
        (f"{GONE.day}.{GONE.month}.{GONE.year}", False),
        (f"{GONE:%Y-%m-%d} to {COMING:%Y-%m-%d}", True),
        (f"{COMING:%d.%m.%Y}, from {GONE:%d.%m.%Y}", True),
        ("99.99.2026", True),  # no day: it holds
        (f"{COMING:%Y-%m-%d} to {COMING + WEEK:%Y-%m-%d}", False),  # it has not begun
        (f"from {COMING:%d.%m.%Y}", False),
        (f"ab {GONE:%d.%m.%Y}", True),
        (f"from {GONE:%d.%m.%Y} on", True),
        (f"from {NOW:%Y-%m-%d} until {NOW:%Y-%m-%d}", True),
        ("9999-12-31", True),
        ("yes", True),
    ],
)
def test_it_rests_on_the_days_that_the_value_names(statement: str, value: str, rests: bool) -> None:
    row = RESTING[0]
    assert answer(stating(row, statement, value)) == ("" if rests else row.key)


def test_what_was_seen_in_a_shutdown_that_is_over_is_not_held_against_the_plant() -> None:
    row = RESTING[0]
    span = f"{NOW - WEEK:%Y-%m-%d} to {NOW:%Y-%m-%d}"
    stated = stating(row, "shutdown", span)
    later = replace(stated, changes={**stated.changes, "today": NOW + WEEK})
    assert answer(later) == ""
    ended = stating(row, "shutdown", f"{COMING:%Y-%m-%d}")  # nobody knows since when
    assert answer(replace(ended, changes={**ended.changes, "today": NOW + WEEK})) == row.key
    before = stating(row, "shutdown", f"{NOW + WEEK:%Y-%m-%d} to {NOW + 2 * WEEK:%Y-%m-%d}")
    assert answer(replace(before, changes={**before.changes, "today": NOW + WEEK})) == ""
    assert answer(replace(before, changes={**before.changes, "today": NOW + 3 * WEEK})) == row.key


def test_a_verdict_is_due_again_when_a_shutdown_begins_and_when_it_is_over() -> None:
    def turns(value: str) -> list[str]:
        row = stating(RESTING[0], "shutdown", value)
        found = row.found[0] if isinstance(row.found, tuple) else row.found
        view = View(found, context(found, **row.changes))
        return [f"{day:%Y-%m-%d}" for day in resting_turns(view)]

    assert turns("2026-05-04 to 2026-05-11") == ["2026-05-04", "2026-05-12"]
    assert turns("from 2026-05-04") == ["2026-05-04"]
    assert turns("2026-05-11") == ["2026-05-12"]
    assert turns("9999-12-31") == []  # there is no day after
    assert turns("yes") == []


def test_what_is_accepted_or_declared_to_the_last_of_days_is_never_due() -> None:
    row = stating(RESTING[0], "shutdown", "9999-12-31")
    found = row.found[0] if isinstance(row.found, tuple) else row.found
    made = judged(RESTING[0]).findings[0]
    waiver = Declaration("site", Kind.WAIVER, made.id, {"owner": "Ann", "expires": "9999-12-31"})
    here = context(found, **row.changes, waivers={made.id: waiver})
    assert not [one for one in moments([found], [made], here) if one.year > 9000]
