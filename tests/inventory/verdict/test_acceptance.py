"""The 14 acceptance tests of the domain model, section 9, by number and name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from inventory.judge.context import Answered, Context
from inventory.judge.coverage import matrices
from inventory.judge.verdict import judge_device, judge_equipment
from inventory.judge.view import View
from inventory.model import Confidence, Device, Equipment, Evidence, Link, Verdict
from protocols.contract import Fact, Observation, Outcome, Point, Quality, Sample
from tests.inventory.verdict.evidence import NOW, context, device, evidence, row, seen

FULL = {"anonymous": "full", "reader": "full"}


def rules(verdict: Verdict) -> set[str]:
    return {item.rule for item in verdict.findings}


def asked(verdict: Verdict) -> set[str]:
    return {item.rule for item in verdict.questions}


def server(*points: Point, values: dict[str, object] | None = None, **status: str) -> Observation:
    """An OPC UA server that lists these points and gives a value of each."""
    samples = tuple(
        Sample(
            point.address,
            (values or {}).get(point.name, 1.5),  # type: ignore[arg-type]
            Quality.BAD if status.get(point.name, "").startswith("Bad") else Quality.GOOD,
            status.get(point.name, "Good"),
            received_time=NOW,
            source_time=NOW,
        )
        for point in points
    )
    return seen("opcua", Outcome.COMPLETE, "browse", points=points, samples=samples)


def tag(name: str, unit: str = "", type: str = "Double", access: str = "r") -> Point:
    return Point(f"nsu=urn:x;s={name}", name, unit=unit, type=type, access=access)


def machine(cls: str = "motor", **changes: object) -> Equipment:
    links = (Link("M-1", "device-1", complete=True),)
    made = Equipment("machine-1", "site", "M-1", cls=cls, links=links, links_complete=True)
    return replace(made, **changes)  # type: ignore[arg-type]


def both(observation: Observation, cls: str = "motor", **changes: object) -> Verdict:
    found = evidence(observation, about=device(role="drive", vendor="A", product="B", serial="7"))
    return judge_equipment(machine(cls), [found], context(found, **changes))


def test_01_wrong_community_and_dropped_port_are_both_silent_and_no_gap() -> None:
    """That both are one outcome is shown over the wire in `test_acceptance_wire.py`."""
    found = evidence(seen("snmp", Outcome.SILENT), seen("modbus", Outcome.CLOSED))
    verdict = judge_device(found, context(found))
    assert not {rule for rule in rules(verdict) if rule[0] in "TU"}
    assert "A01" not in rules(verdict)


def test_02_partial_view_gives_questions_and_the_full_role_gives_u01() -> None:
    ten = [
        tag("MotorCurrent", "AMP"), tag("Running", type="Boolean"), tag("MotorSpeed", "RPM"),
        tag("WindingTemperature", "CEL"), tag("MotorVoltage", "VLT"), tag("MotorPower", "KWT"),
        tag("MotorTorque", "NU"), tag("OperatingHours", "HUR"), tag("Fault", type="Boolean"),
        tag("OutputFrequency", "HTZ"),
    ]  # fmt: skip
    partial = both(server(*ten[:3]))  # what anonymous sees
    assert not {rule for rule in rules(partial) if rule[0] == "U"}
    assert {item.subject for item in partial.questions if item.rule == "U01"} == {
        "vibration|axial_flux", "temperature",
    }  # fmt: skip
    whole = replace(server(*ten), credential="reader")
    full = both(whole, entitlements={"anonymous": "unknown", "reader": "full"})
    missing = {item.subject for item in full.findings if item.rule == "U01"}
    assert missing == {"vibration|axial_flux"}  # the one that is truly absent
    assert not [item for item in full.questions if item.rule == "U01"]


def test_03_an_echoing_gateway_is_one_asset() -> None:
    about = device(role="gateway", facts=(Fact("unit", "echo", "modbus"),))
    echo = seen("modbus", Outcome.COMPLETE, facts=(Fact("unit", "echo", "modbus"),))
    verdict = judge_device(evidence(echo, about=about), context(evidence(echo, about=about)))
    assert "T06" not in rules(verdict)


def unit(declared: bool) -> Evidence:
    about = device(
        "unit-3", parent="gateway-1", part="unit 3", register=row("M3") if declared else None
    )
    first = seen("modbus", Outcome.REFUSED_DOWNSTREAM, part="unit 3")
    second = seen("modbus", Outcome.REFUSED_DOWNSTREAM, part="unit 3", seconds=20)
    return evidence(first, second, about=about)


def between(found: Evidence) -> dict[str, tuple[Answered, ...]]:
    time = found.observations[0].time + timedelta(seconds=10)
    return {"gateway-1": (Answered("scan-1", time.timestamp(), "unit 1"),)}


def test_04_a_declared_silent_unit_is_t06_and_an_undeclared_one_is_nothing() -> None:
    found = unit(declared=True)
    verdict = judge_device(found, context(found, answered=between(found)))
    assert "T06" in rules(verdict)
    confidence = next(item.confidence for item in verdict.findings if item.rule == "T06")
    assert confidence is Confidence.MEDIUM
    found = unit(declared=False)
    verdict = judge_device(found, context(found, answered=between(found)))
    assert verdict.findings == ()


def test_04_without_another_unit_in_between_t06_is_a_question() -> None:
    found = unit(declared=True)
    verdict = judge_device(found, context(found))
    assert "T06" not in rules(verdict)
    assert "T06" in asked(verdict)


def test_05_a_hole_in_a_block_leaves_the_other_registers_found() -> None:
    hole = seen("modbus", Outcome.EMPTY, "read")
    rest = seen(
        "modbus", Outcome.COMPLETE, "read",
        points=(Point("holding:0"), Point("holding:2")),
        samples=(Sample("holding:0", 1), Sample("holding:2", 2)),
    )  # fmt: skip
    found = evidence(hole, rest, about=device(vendor="A", product="B"))
    verdict = judge_device(found, context(found))
    assert "T03" in rules(verdict)
    assert len(found.points) == 2


def test_06_a_setpoint_is_no_temperature() -> None:
    listing = server(
        tag("MotorCurrent", "AMP"),
        tag("Vibration", "C16"),
        tag("Temperature_SP", "CEL"),
        tag("Running", type="Boolean"),
    )
    verdict = both(listing, entitlements=FULL)
    assert {item.subject for item in verdict.findings if item.rule == "U01"} == {"temperature"}


def test_07_a_motor_behind_a_readable_drive_is_not_uninstrumented() -> None:
    drive = ("current", "voltage", "speed", "torque", "power")
    assert matrices()["electric motor"].counts(drive) == (7, 5)
    listing = server(
        tag("MotorCurrent", "AMP"), tag("MotorVoltage", "VLT"), tag("MotorSpeed", "RPM"),
        tag("MotorTorque", "NU"), tag("MotorPower", "KWT"),
    )  # fmt: skip
    verdict = both(listing, entitlements=FULL)
    assert verdict.coverage is not None
    assert verdict.coverage.lo == 0.75
    assert "U05" not in rules(verdict)
    assert "U02" not in rules(verdict)
    assert "U04" not in rules(verdict)


@pytest.mark.parametrize(
    ("status", "expected", "forbidden"),
    [("BadNotConnected", "U03", "Q12"), ("BadSensorFailure", "Q12", "U03")],
)
def test_08_never_wired_and_failed_are_told_apart(
    status: str, expected: str, forbidden: str
) -> None:
    listing = server(tag("Temperature", "CEL"), Temperature=status)
    found = evidence(listing)
    verdict = judge_device(found, context(found))
    assert expected in rules(verdict)
    assert forbidden not in rules(verdict)
    of_machine = both(listing, entitlements=FULL)
    assert ("U03" in rules(of_machine)) is (expected == "U03")
    assert "temperature" not in {one.subject for one in of_machine.findings if one.rule == "U01"}


def test_08_neither_present_is_u01() -> None:
    verdict = both(server(tag("MotorCurrent", "AMP")), entitlements=FULL)
    assert "temperature" in {one.subject for one in verdict.findings if one.rule == "U01"}


def test_09_a_vantage_differential_needs_both_runs() -> None:
    cell = seen("opcua", Outcome.COMPLETE, vantage="cell")
    here = seen("opcua", Outcome.SILENT, vantage="dmz", scan="scan-2")
    alive = seen("modbus", Outcome.CLOSED, vantage="dmz", scan="scan-2")
    for items, expected in (((cell, here, alive), True), ((here, alive), False), ((cell,), False)):
        found = evidence(*items)
        verdict = judge_device(found, context(found, collection="dmz"))
        assert ("A02" in rules(verdict)) is expected


def test_10_a_host_that_accepts_on_every_port_has_no_service() -> None:
    control = seen("control", Outcome.MUTE, "negative_control", port=61_234)
    mute = [seen(name, Outcome.MUTE) for name in ("opcua", "modbus", "s7comm")]
    found = evidence(control, *mute)
    verdict = judge_device(found, context(found))
    view = View(found, context(found))
    assert view.spoke == []  # no service is claimed
    assert not {rule for rule in rules(verdict) if rule[0] in "TAUQ"}
    assert verdict.level.lo is not None
    assert verdict.level.lo < 2
    assert any("proxy" in item.missing for item in verdict.questions)


def window(name: str, values: list[object], unit: str = "") -> tuple[Point, tuple[Sample, ...]]:
    point = tag(name, unit)
    times = [NOW - timedelta(minutes=20) + timedelta(seconds=40 * n) for n in range(len(values))]
    samples = [
        Sample(point.address, value, received_time=time, source_time=time)  # type: ignore[arg-type]
        for value, time in zip(values, times, strict=True)
    ]
    return point, tuple(samples)


@pytest.mark.parametrize(("running", "expected"), [(True, True), (False, False)])
def test_11_frozen_while_stopped_is_no_gap(running: bool, expected: bool) -> None:
    still, one = window("Temperature", [45.5] * 24, "CEL")
    moving, two = window("MotorCurrent", [float(n) for n in range(24)], "AMP")
    state, three = window("Running", [running] * 24)
    item = seen("opcua", Outcome.COMPLETE, points=(still, moving, state), samples=one + two + three)
    found = evidence(item)
    assert ("Q03" in rules(judge_device(found, context(found)))) is expected


def test_12_no_gap_with_open_questions_is_not_clean() -> None:
    from scanner.commands.gaps import exit_code, last_line

    assert "not a clean result" in last_line(0, 3)
    assert exit_code(-1, 3, None, False) == 0
    assert exit_code(-1, 3, None, True) == 1
    assert "not a clean result" not in last_line(0, 0)


TRAPPED = (("s7comm", Outcome.COMPLETE), ("opcua", Outcome.CLOSED), ("modbus", Outcome.CLOSED))


def test_13_dropping_a_premise_gives_unknown_never_the_opposite() -> None:
    observations = [seen(*one) for one in TRAPPED]
    plc = device(role="plc")
    whole = evidence(*observations, about=plc)
    assert "T01" in rules(judge_device(whole, context(whole)))
    for place in range(len(observations)):
        less = evidence(*(o for n, o in enumerate(observations) if n != place), about=plc)
        verdict = judge_device(less, context(less))
        assert "T01" not in rules(verdict)
        assert verdict.category not in ("sufficient", "covered", "accepted")
        assert verdict.questions


def test_13_adding_an_observation_flips_only_with_a_recorded_conflict() -> None:
    observations = [seen(*one) for one in TRAPPED]
    later = seen("opcua", Outcome.COMPLETE, scan="scan-2", seconds=600)
    found = evidence(*observations, later, about=device(role="plc"))
    verdict = judge_device(found, context(found))
    assert "T01" not in rules(verdict)
    assert verdict.conflicts


def test_14_the_collision_list_is_a_table() -> None:
    from tests.inventory.signals.test_names import COLLISIONS

    named = {name.casefold() for name, *_ in COLLISIONS}
    for word in (
        "ct",
        "vt",
        "st",
        "pt",
        "it",
        "ti",
        "strom",
        "courant",
        "par",
        "portata",
        "debit",
        "leistung",
        "pos",
        "sp",
        "p",
        "fuell",
        "stoer",
        "\uff11",
        "ã©",
        "ã¼",
        "temperat",
    ):
        assert any(word in name for name in named), word
    assert {8, 16, 24} <= {len(name) for name, *_ in COLLISIONS}  # cut at a fixed length
    abstained = [row for row in COLLISIONS if not row[2]]
    assert 0 < len(abstained) < len(COLLISIONS)  # told apart from errors


def test_context_is_used(  # the builders themselves
) -> None:
    about: Device = device()
    made: Context = context(evidence(about=about))
    assert made.today == NOW
