"""Level 4 of a machine: present, with a unit, good, at its class's interval, from known devices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from inventory.judge.verdict import judge_device, judge_equipment
from inventory.model import Device, Evidence, Level
from protocols.contract import Outcome, Quality, Sample
from tests.inventory.verdict.evidence import NOW, context, evidence, seen
from tests.inventory.verdict.plants import DRIVE, motor, tag

POINTS = (
    tag("MotorCurrent", "AMP"),
    tag("Vibration", "C16"),
    tag("WindingTemp", "CEL"),
    tag("Running", type="Boolean"),
)


def reads(
    *seconds: float, about: Device = DRIVE, bad: int = 0, timed: bool = True, source: float = 0.0
) -> Evidence:
    """Every value of the motor, read at these moments; the first `bad` reads of each are bad."""
    samples = tuple(
        Sample(
            point.address, True if point.type == "Boolean" else 20.0 + at,
            Quality.BAD if n < bad else Quality.GOOD,
            received_time=NOW - timedelta(seconds=100 - at) if timed else None,
            source_time=NOW - timedelta(seconds=source) if source else None,
        )
        for n, at in enumerate(seconds)
        for point in POINTS
    )  # fmt: skip
    return evidence(
        seen("opcua", Outcome.COMPLETE, "browse", points=POINTS, samples=samples), about=about
    )


def level(found: Evidence) -> Level:
    """Of a motor (interval 10 s) that this device monitors."""
    known = judge_device(found, context(found))
    return judge_equipment(motor(), [found], context(found), {"device-1": known}).level


@pytest.mark.parametrize(
    "found",
    [
        reads(0, 10, 20),
        reads(0, 11, 22),  # late by a tenth
        reads(0, 5, 10, 15, 60, 65),  # one late read is no habit
        reads(0, 10, 20, source=5),  # stamped once, on change: the read counts
    ],
)
def test_values_that_come_at_the_interval_of_the_class_are_level_4(found: Evidence) -> None:
    assert level(found).lo == 4


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        (reads(0, 11.5, 23), "every 10 s: it was read every 11.5 s"),
        (reads(0, 30, 60), "--sample-every 10"),
        (reads(0, 10), "a window of reads"),
        (reads(0, 10, 20, timed=False, source=5), "at what times"),
        (reads(0, 10, 20, about=replace(DRIVE, serial="")), "a complete nameplate of"),
        (reads(0, 10, 20, about=replace(DRIVE, vendor="")), "a complete nameplate of"),
    ],
)
def test_what_was_not_shown_leaves_level_4_open(found: Evidence, missing: str) -> None:
    said = level(found)
    assert (said.lo, said.hi) == (3, 5)
    assert missing in said.blocking[0]


def test_too_few_good_values_are_not_level_4_whatever_else_is_unknown() -> None:
    said = level(reads(0, 30, 60, 90, bad=1, about=replace(DRIVE, serial="")))
    assert (said.lo, said.hi) == (3, 3)
