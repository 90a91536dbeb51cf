"""Level 5: usable over time, on a protected path, with names in the register, and watched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from inventory.judge.verdict import judge_device, judge_equipment
from inventory.model import Declaration, Evidence, Kind, Level
from protocols.contract import Observation
from tests.inventory.verdict.evidence import NOW, context, evidence, row
from tests.inventory.verdict.plants import PLC, TEMPERATURE, motor, window

VALUES: list[object] = [20.0 + n for n in range(8)]
WATCHED = {"attested": {"device-1": (
    Declaration("site", Kind.ATTEST, "device-1", {"statement": "monitored"}),
)}}  # fmt: skip
DECLARED = replace(PLC, register=row())


def scanned(*days_ago: float, credential: str = "reader", bad: int = 0) -> tuple[Observation, ...]:
    """A good window in each of several scans."""
    whole = window(TEMPERATURE, VALUES, bad=bad)
    return tuple(
        replace(whole, scan=f"scan-{n}", credential=credential, time=NOW - timedelta(days=days))
        for n, days in enumerate(days_ago)
    )


def level(found: Evidence, **changes: object) -> Level:
    return judge_device(found, context(found, **changes)).level


def test_three_good_scans_over_a_week_watched_and_named_are_level_5() -> None:
    found = evidence(*scanned(8, 4, 0.1), about=DECLARED)
    assert (level(found, **WATCHED).lo, level(found, **WATCHED).hi) == (5, 5)


@pytest.mark.parametrize(
    ("days", "about", "changes", "missing"),
    [
        ((8, 0.1), DECLARED, WATCHED, "over 3 scans"),  # one scan too few
        ((6, 4, 0.1), DECLARED, WATCHED, "in 7 days"),  # less than a week
        ((8, 4, 0.1), DECLARED, {}, "would be noticed"),
        ((8, 4, 0.1), PLC, WATCHED, "a register row"),
    ],
)
def test_what_is_not_shown_leaves_level_5_open(
    days: tuple[float, ...], about: object, changes: dict[str, object], missing: str
) -> None:
    found = evidence(*scanned(*days), about=about)  # type: ignore[arg-type]
    said = level(found, **changes)
    assert (said.lo, said.hi) == (4, 5)
    assert missing in said.blocking[0]


def test_an_anonymous_path_is_not_level_5() -> None:
    found = evidence(*scanned(8, 4, 0.1, credential=""), about=DECLARED)
    assert (level(found, **WATCHED).lo, level(found, **WATCHED).hi) == (4, 4)


def test_a_register_row_without_an_owner_is_not_level_5() -> None:
    found = evidence(*scanned(8, 4, 0.1), about=replace(PLC, register=row(owner="")))
    assert level(found, **WATCHED).hi == 4


def test_a_machine_is_as_managed_as_its_devices() -> None:
    found = evidence(*scanned(8, 4, 0.1), about=DECLARED)
    unit = motor(links_complete=True)
    verdict = judge_device(found, context(found))
    said = judge_equipment(unit, [found], context(found), {"device-1": verdict}).level
    assert said.lo is not None
    assert said.lo <= 4
