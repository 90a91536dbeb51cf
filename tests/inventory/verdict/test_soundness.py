"""What is exposed counts when it comes to the collector today, and is good."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from inventory.judge import soundness
from inventory.judge.equipment import judge_equipment
from inventory.judge.profiles import signal_of
from inventory.judge.verdict import judge_device
from inventory.judge.view import View
from inventory.model import Coverage, Declaration, Evidence, Kind, Truth, finding_id
from inventory.signals.points import measure
from inventory.usecases import Ready, UseCase, ready
from protocols.contract import Observation, Outcome, Point, Quality
from tests.inventory.verdict.evidence import NOW, context, evidence, seen
from tests.inventory.verdict.plants import DRIVE, FULL, listed, motor, tag
from tests.inventory.verdict.plants.machines import CURRENT, RUN, VIBRATION
from tests.inventory.verdict.plants.quality import MOVING, frozen
from tests.inventory.verdict.test_presence import machine

TEMP = tag("WindingTemp", "CEL")
CASE = UseCase("case", {"motor": ("temperature:winding|temperature:bearing",)})
COLLECTOR = {"collection": "collector"}


def one(*observations: Observation) -> Evidence:
    return evidence(*observations, about=DRIVE)


def verdict(item: Evidence, wanted: UseCase = CASE, **changes: object) -> Ready:
    found = ready(machine(item, **changes), wanted)
    assert found is not None
    return found


def said(found: Ready) -> list[tuple[Truth, str, str]]:
    return [(lack.truth, lack.state, lack.rule) for lack in found.missing]


# --- good --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "sample", "expected"),
    [
        (TEMP, {}, []),
        (replace(TEMP, access="-"), {}, [(Truth.FALSE, "denied", "A05")]),
        (TEMP, {"value": 8750.0}, [(Truth.FALSE, "poor", "Q05")]),
        (replace(TEMP, low=0.0, high=60.0), {"value": 70.0}, [(Truth.FALSE, "poor", "Q05")]),
        (replace(TEMP, unit="AMP"), {"value": 70.0}, None),  # a unit of another kind: no meaning
        (TEMP, {"status": "UncertainLastUsableValue", "quality": Quality.UNCERTAIN},
         [(Truth.FALSE, "poor", "Q02")]),
        (TEMP, {"status": "UncertainSubstituteValue", "quality": Quality.UNCERTAIN},
         [(Truth.UNKNOWN, "unknown", "Q01")]),
        (TEMP, {"status": "BadSensorFailure", "quality": Quality.BAD, "value": None},
         [(Truth.FALSE, "failing", "Q12")]),
        (TEMP, {"status": "BadNoCommunication", "quality": Quality.BAD, "value": None},
         [(Truth.UNKNOWN, "unknown", "Q01")]),
        (TEMP, {"value": None, "status": "NaN"}, [(Truth.UNKNOWN, "unknown", "Q01")]),
        (TEMP, {"source_time": NOW - timedelta(hours=2)}, [(Truth.UNKNOWN, "unknown", "Q02")]),
        (replace(TEMP, unit=""), {}, [(Truth.UNKNOWN, "unknown", "Q04")]),
        (TEMP, {"value": 3.4e38}, [(Truth.FALSE, "poor", "Q05")]),
        (TEMP, {"value": 32767.0}, [(Truth.FALSE, "poor", "Q05")]),  # no temperature
    ],
)  # fmt: skip
def test_ready_means_that_the_value_is_good(
    point: Point, sample: dict[str, object], expected: list[tuple[Truth, str, str]] | None
) -> None:
    found = verdict(one(listed(point, **sample)))  # type: ignore[arg-type]
    if expected is None:
        assert found.truth is not Truth.TRUE
    else:
        assert said(found) == expected


def test_a_number_that_stands_for_no_value_leaves_it_open() -> None:
    current = UseCase("case", {"motor": ("current",)})
    item = one(listed(CURRENT, value=65535.0))
    assert said(verdict(item, current)) == [(Truth.UNKNOWN, "unknown", "Q05")]
    asked = "is a value: it reads 65535, a number that devices give where they have no value"
    (lack,) = verdict(item, current).missing
    assert asked in str(lack)
    good = soundness.of(View(item, context(item))).of(CURRENT, measure(CURRENT))
    assert good.said.next_step.startswith("compare it with the instrument")
    assert said(verdict(one(listed(CURRENT, value=65534.0)), current)) == []


def test_an_old_time_beside_a_fresh_one_is_stale() -> None:
    old = listed(TEMP, source_time=NOW - timedelta(hours=2))
    fresh = listed(CURRENT, source_time=NOW)
    assert said(verdict(one(old, fresh))) == [(Truth.FALSE, "poor", "Q02")]


def test_a_value_that_stands_still_while_others_move_is_not_ready() -> None:
    wanted = UseCase("case", {"motor": ("temperature",)})
    assert said(verdict(replace(frozen(MOVING), device=DRIVE), wanted)) == [
        (Truth.FALSE, "poor", "Q03")
    ]
    short = replace(frozen(MOVING, reads=12), device=DRIVE)
    assert said(verdict(short, wanted)) == [(Truth.UNKNOWN, "unknown", "Q03")]


def test_a_value_that_a_person_accepts_as_it_is_is_ready() -> None:
    item = one(listed(TEMP, value=8750.0))
    name = finding_id("Q05", "device-1", "")
    assert name in {gap.id for gap in judge_device(item, context(item)).findings}
    waiver = Declaration("site", Kind.WAIVER, name, {"finding": name, "expires": "2026-12-01"})
    over = replace(waiver, fields={**waiver.fields, "expires": "2026-11-01"})
    assert said(verdict(item, waivers={name: waiver})) == []
    assert said(verdict(item, waivers={name: over})) == [(Truth.FALSE, "poor", "Q05")]


def test_of_several_values_a_good_one_suffices_and_an_unread_one_leaves_it_open() -> None:
    spoilt = listed(TEMP, value=8750.0)
    bearing = tag("BearingTemp", "CEL")
    assert said(verdict(one(spoilt, listed(bearing)))) == []
    unread = replace(listed(bearing), samples=())
    assert said(verdict(one(spoilt, unread))) == [(Truth.UNKNOWN, "unknown", "")]


def test_speed_that_a_frequency_shows_is_as_good_as_that_one() -> None:
    wanted = UseCase("case", {"motor": ("speed",)})
    hertz = tag("OutputFrequency", "HTZ")
    assert said(verdict(one(listed(hertz)), wanted)) == []
    broken = listed(hertz, value=None, quality=Quality.BAD, status="BadSensorFailure")
    assert said(verdict(one(broken), wanted)) == [(Truth.FALSE, "failing", "Q12")]


# --- and comes to the collector ----------------------------------------------------------------

WHOLE = (CURRENT, VIBRATION, TEMP, RUN)
INSIDE = replace(listed(*WHOLE), vantage="incell")
THERE = replace(listed(*WHOLE), vantage="collector")


def far(outcome: Outcome, seconds: float = 60.0) -> Observation:
    return seen("opcua", outcome, vantage="collector", scan="scan-2", seconds=seconds)


ALIVE = seen("modbus", Outcome.CLOSED, vantage="collector", scan="scan-2", seconds=60.0)


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ((THERE,), []),
        ((), [(Truth.UNKNOWN, "unknown", "")]),  # nobody asked from there
        ((far(Outcome.SILENT), ALIVE), [(Truth.FALSE, "unreadable", "A02")]),
        ((far(Outcome.BLOCKED), ALIVE), [(Truth.FALSE, "unreadable", "A02")]),
        ((far(Outcome.CLOSED), ALIVE), [(Truth.UNKNOWN, "unknown", "")]),
        ((far(Outcome.COMPLETE),), [(Truth.UNKNOWN, "unknown", "")]),  # it answers; not asked more
        ((far(Outcome.REFUSED_AUTH),), [(Truth.FALSE, "unreadable", "A03")]),
        # It came once, and that service says nothing to the collector any more.
        ((THERE, far(Outcome.SILENT), ALIVE), [(Truth.FALSE, "unreadable", "A02")]),
    ],
)
def test_ready_means_that_the_collector_gets_it(
    rest: tuple[Observation, ...], expected: list[tuple[Truth, str, str]]
) -> None:
    assert said(verdict(one(INSIDE, *rest), **COLLECTOR)) == expected


def test_what_came_from_here_and_is_silent_now_does_not_come() -> None:
    silent = seen("opcua", Outcome.SILENT, scan="scan-2", seconds=60.0)
    found = verdict(one(listed(*WHOLE), silent))
    assert [lack.truth for lack in found.missing] == [Truth.UNKNOWN]
    assert "silent when it was asked last" in found.missing[0].text


def coverage(*observations: Observation, **changes: object) -> Coverage:
    item = one(*observations)
    here = context(item, **{**FULL, **changes})
    got = judge_equipment(motor(), [item], here, {"device-1": judge_device(item, here)}).coverage
    assert got is not None
    return got


def test_coverage_counts_for_sure_what_comes_to_the_collector() -> None:
    assert coverage(INSIDE, THERE, **COLLECTOR).lo > 0.9
    for rest in ((), (far(Outcome.SILENT), ALIVE)):
        got = coverage(INSIDE, *rest, **COLLECTOR)
        assert (got.lo, got.hi > 0.9) == (0.0, True)


def test_what_was_read_elsewhere_lifts_no_level_here() -> None:
    agent = seen("snmp", Outcome.COMPLETE, "get", vantage="collector", scan="scan-2", seconds=60.0)
    for rest in ((far(Outcome.SILENT), agent), (far(Outcome.COMPLETE), agent), (agent,)):
        item = one(INSIDE, *rest)
        assert judge_device(item, context(item, **COLLECTOR)).level.lo == 2
    here = one(listed(*WHOLE), agent)
    assert judge_device(here, context(here)).level.lo == 3
    gone = one(listed(*WHOLE), seen("opcua", Outcome.SILENT, scan="scan-2"), seen("snmp",
               Outcome.COMPLETE, "get", scan="scan-2"))  # fmt: skip
    assert judge_device(gone, context(gone)).level.lo == 2


def test_a_silent_door_gives_no_level_to_what_came_by_another_that_no_collector_reads() -> None:
    item = one(listed(*WHOLE, protocol="s7comm"), seen("opcua", Outcome.SILENT))
    assert judge_device(item, context(item)).level.lo == 2


def test_a_signal_is_had_when_one_value_of_it_comes() -> None:
    second = replace(listed(tag("MotorCurrent2", "AMP")), vantage="collector")
    both = machine(one(INSIDE, second), **COLLECTOR)
    assert both.had(signal_of("current")).truth is Truth.TRUE
    assert both.had(signal_of("running")).truth is Truth.UNKNOWN


@pytest.mark.parametrize(
    ("rest", "missing", "command"),
    [
        ((), "whether MotorCurrent comes to the collector's place", "untrap scan "),
        (
            (far(Outcome.SILENT), ALIVE),
            "current comes to no collector: 192.0.2.10 was silent",
            "untrap show 192.0.2.10",
        ),
    ],
)
def test_what_does_not_come_is_told_with_what_settles_it(
    rest: tuple[Observation, ...], missing: str, command: str
) -> None:
    asked = machine(one(INSIDE, *rest), **COLLECTOR).had(signal_of("current"))
    assert asked.unknown.startswith(missing)
    assert asked.command.startswith(command)


@pytest.mark.parametrize(
    ("outcome", "missing", "step"),
    [
        (Outcome.CLOSED, "closed when it was asked last", "whether that service still runs"),
        (Outcome.MUTE, "mute when it was asked last", "whether that service still runs"),
        (Outcome.COMPLETE, "which did not give it", "scan it from there"),
        (Outcome.REFUSED_AUTH, "192.0.2.10 refused opcua identify", "open its way first"),
    ],
)
def test_what_turns_the_collector_away_is_looked_at_before_it_is_asked_again(
    outcome: Outcome, missing: str, step: str
) -> None:
    hello = seen("opcua", Outcome.COMPLETE, "hello", vantage="collector", scan="scan-2")
    before = (hello,) if outcome is Outcome.REFUSED_AUTH else ()
    rest = (*before, far(outcome), ALIVE)
    asked = machine(one(INSIDE, *rest), **COLLECTOR).had(signal_of("current"))
    assert missing in asked.unknown
    assert step in asked.next_step
    if outcome is not Outcome.REFUSED_AUTH:
        assert asked.command == "untrap scan 192.0.2.10 --vantage collector --depth sample"


def test_what_keeps_coverage_open_is_told() -> None:
    item = one(INSIDE, far(Outcome.SILENT), ALIVE)
    here = context(item, **{**FULL, **COLLECTOR})
    got = judge_equipment(motor(), [item], here, {"device-1": judge_device(item, here)})
    (asked,) = [one.missing for one in got.questions if one.rule == "U05"]
    assert "comes to no collector" in asked
    assert not [gap.rule for gap in got.findings if gap.rule.startswith("U")]
    assert (got.level.lo, got.level.hi) == (2, 2)
