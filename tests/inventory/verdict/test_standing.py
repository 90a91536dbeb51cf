"""The standing list: a plant that is declared shut down, and a safety function."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from inventory.judge.weigh import touches
from inventory.model import Declaration, Effort, Kind, Remedy
from inventory.rules.standing import RESTING_RULES
from tests.inventory.verdict.evidence import NOW
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


def test_what_touches_is_told_by_the_kind_of_fix_or_the_outage() -> None:
    assert touches(Remedy("x", Effort.E1, cause="server:CPU"))
    assert touches(Remedy("x", Effort.E2, needs_outage=True, cause="sensor:current"))
    assert not touches(Remedy("x", Effort.E2, cause="connector:s7comm"))
    assert not touches(Remedy("x", Effort.E3, cause="second-channel"))


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
        ("yes", True),
    ],
)
def test_the_last_day_that_the_value_names_ends_it(statement: str, value: str, rests: bool) -> None:
    row = RESTING[0]
    assert answer(stating(row, statement, value)) == ("" if rests else row.key)
