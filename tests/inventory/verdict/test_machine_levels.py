"""Level 4 of a machine: present, with a unit, good, at its class's interval, from known devices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from inventory.judge.verdict import judge_device, judge_equipment
from inventory.model import Device, Equipment, Evidence, Level, Link, Verdict
from protocols.contract import Outcome, Point, Quality, Sample
from tests.inventory.verdict.evidence import NOW, context, evidence, seen
from tests.inventory.verdict.plants import DRIVE, motor, tag
from tests.inventory.verdict.plants.trapped import attested

POINTS = (
    tag("MotorCurrent", "AMP"),
    tag("Vibration", "C16"),
    tag("WindingTemp", "CEL"),
    tag("Running", type="Boolean"),
)


def reads(
    *seconds: float,
    about: Device = DRIVE,
    bad: int = 0,
    timed: bool = True,
    source: float = 0.0,
    moving: tuple[Point, ...] = POINTS,
    running: bool = True,
    more: tuple[Point, ...] = (),
) -> Evidence:
    """Every value of the motor, read at these moments; the first `bad` reads of each are bad."""
    samples = tuple(
        Sample(
            point.address,
            running if point.type == "Boolean" else 20.0 + at * (point in moving),
            Quality.BAD if n < bad else Quality.GOOD,
            received_time=NOW - timedelta(seconds=100 - at) if timed else None,
            source_time=NOW - timedelta(seconds=source) if source else None,
        )
        for n, at in enumerate(seconds)
        for point in (*POINTS, *more)
    )  # fmt: skip
    listed = seen("opcua", Outcome.COMPLETE, "browse", points=(*POINTS, *more), samples=samples)
    return evidence(listed, about=about)


def judged(found: Evidence, unit: Equipment | None = None, **changes: object) -> Verdict:
    """On a motor (interval 10 s) that this device monitors."""
    here = context(found, **changes)
    known = judge_device(found, here)
    return judge_equipment(unit or motor(), [found], here, {"device-1": known})


def level(found: Evidence) -> Level:
    return judged(found).level


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


STILL = reads(0, 10, 20, moving=())
SAID = "can be believed: nothing moved in 3 reads"


def test_values_of_which_none_moves_are_not_level_4_and_are_asked_about() -> None:
    said = judged(STILL)
    assert (said.level.lo, said.level.hi) == (3, 5)
    assert SAID in said.level.blocking[0]
    (asked,) = said.questions
    assert asked.rule == "N05"
    assert asked.missing == said.level.blocking[0]
    assert "while the machine runs" in asked.next_step
    assert asked.command.endswith("--depth sample --sample-every 5")


def test_one_value_of_the_machine_that_moves_shows_that_it_is_alive() -> None:
    assert level(reads(0, 10, 20, moving=POINTS[:1])).lo == 4


def test_a_value_of_another_machine_that_moves_shows_nothing_of_this_one() -> None:
    other = tag("M-2 current", "AMP")
    assert level(reads(0, 10, 20, moving=(other,), more=(other,))).lo == 3
    own = tag("M-1 speed", "RPM")
    assert level(reads(0, 10, 20, moving=(own,), more=(own,))).lo == 4


def test_a_parameter_that_moves_shows_nothing() -> None:
    limit = tag("Current limit", "AMP")
    assert level(reads(0, 10, 20, moving=(limit,), more=(limit,))).lo == 3


def test_a_machine_that_says_or_is_said_to_stand_still_need_not_move() -> None:
    assert level(reads(0, 10, 20, moving=(), running=False)).lo == 4
    for subject in ("m-1", "line 7", "device-1"):
        unit = motor(line="Line 7")
        held = attested(subject, statement="out of service", value="yes")
        assert judged(STILL, unit, **held).level.lo == 4
    assert judged(STILL, **attested("m-2", statement="out of service")).level.lo == 3


def test_a_rest_on_the_day_of_the_reads_counts_later_too() -> None:
    rest = attested("m-1", statement="shutdown", value="2026-11-20 to 2026-11-23")
    unread = evidence(about=replace(DRIVE, key="device-3"))
    unit = replace(motor(), links=(*motor().links, Link("M-1", "device-3")))
    for later in (timedelta(days=2), timedelta()):
        here = context(STILL, unread, today=NOW + later, **rest)
        known = {one.device.key: judge_device(one, here) for one in (STILL, unread)}
        assert judge_equipment(unit, [STILL, unread], here, known).level.lo == 4
    over = attested("m-1", statement="shutdown", value="2026-11-18 to 2026-11-20")
    assert judged(STILL, **over).level.lo == 3


def test_one_device_of_several_whose_values_move_suffices() -> None:
    moving = reads(0, 10, 20, about=replace(DRIVE, key="device-2"))
    unit = replace(motor(), links=(*motor().links, Link("M-1", "device-2")))
    here = context(STILL, moving)
    known = {one.device.key: judge_device(one, here) for one in (STILL, moving)}
    assert judge_equipment(unit, [STILL, moving], here, known).level.lo == 4


def test_a_device_by_itself_is_not_level_4_where_nothing_moves() -> None:
    def of_device(found: Evidence, **changes: object) -> Verdict:
        return judge_device(found, context(found, **changes))

    assert of_device(reads(0, 10, 20)).level.lo == 4
    said = of_device(STILL)
    assert (said.level.lo, said.level.hi) == (3, 5)
    assert SAID in said.level.blocking[0]
    (asked,) = (one for one in said.questions if one.rule == "Q03")
    assert SAID in asked.missing
    rests = attested("device-1", statement="out of service", value="yes")
    assert of_device(STILL, **rests).level.lo == 4
    assert not [one for one in of_device(STILL, **rests).questions if one.rule == "Q03"]
