"""What of the right unit is the signal of a machine, what is another thing's, what may be it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.judge.profiles import fits, profile, signal_of
from inventory.judge.verdict import judge_device, judge_equipment
from inventory.model import Truth
from inventory.signals.points import measure
from protocols.contract import Point
from tests.inventory.verdict.evidence import context
from tests.inventory.verdict.plants import DRIVE, FULL, evidence, listed, motor, tag
from tests.inventory.verdict.test_presence import exists, machine, owned

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def said(cls: str, signal: str, name: str, unit: str = "", type: str = "") -> Truth:
    """Whether that value shows the signal of a machine of that class."""
    type = type or ("Double" if unit else "Boolean")
    return exists(machine(owned(tag(name, unit, type)), unit=motor(cls)), signal).truth


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("Temperature", T),
        ("Motor temperature", T),
        ("Winding temperature", T),
        ("Lagertemperatur", T),
        ("Temperatura carcaça", T),
        ("Drive-end bearing oil temperature", T),
        ("Ambient temperature", F),
        ("Außentemperatur", F),
        ("Temperatura zewnętrzna", F),
        ("环境温度", F),
        ("Room temperature", F),
        ("Cabinet temperature", F),
        ("Enclosure temp", F),
        ("Temperatura armario", F),
        ("Temperatura szafy", F),
        ("控制柜温度", F),
        ("CPU temperature", F),
        ("Heatsink temperature", F),
        ("Heater temperature", F),
        ("Oil tank temperature", U),  # of its bearing oil, or of another machine
        ("Discharge temperature", U),
        ("Room 3 motor temperature", U),  # the place may be where the motor stands
        ("Panel2.TT-101", U),
        ("Cabinet/Temperature 4", U),
    ],
)
def test_a_temperature_of_another_place_is_not_a_motors(name: str, truth: Truth) -> None:
    assert said("motor", "temperature", name, "CEL") is truth


def test_a_typed_place_counts_as_a_named_one() -> None:
    point = tag("Temperature", "CEL", semantic="temperature:ambient")
    assert exists(machine(owned(point)), "temperature").truth is F
    assert exists(machine(owned(point), unit=motor("pv-inverter")), "temperature").truth is T


@pytest.mark.parametrize(
    ("cls", "signal", "name", "unit", "truth"),
    [
        ("motor", "current", "Heater current", "AMP", F),
        ("motor", "current", "Leakage current", "AMP", F),
        ("motor", "current", "Ableitstrom", "AMP", F),
        ("motor", "current", "Battery current", "AMP", F),
        ("motor", "current", "Supply current", "AMP", U),  # of the motor, or of the controls
        ("motor", "current", "Phase L1 current", "AMP", T),
        ("motor", "current", "Stator current", "AMP", T),
        ("ups", "current", "Battery current", "AMP", T),
        ("pump", "flow", "Seal water flow", "MQH", F),
        ("pump", "flow", "Cooling water flow", "MQH", U),  # what the pump moves, or what cools it
        ("pump", "flow", "Discharge flow", "MQH", T),
        ("pump", "flow", "Campo di portata", "MQH", U),  # a range
        ("pump", "pressure", "Seal pressure", "BAR", F),
        ("network", "temperature", "Cabinet temperature", "CEL", T),
        ("tank", "temperature", "Product temperature", "CEL", T),
        ("tank", "temperature", "Ambient temperature", "CEL", F),
        ("motor", "running", "Not running", "", U),  # its opposite, or a fault
        ("motor", "running", "Läuft nicht", "", U),
        ("motor", "running", "Pas en marche", "", U),
        ("motor", "running", "未运行", "", U),
        ("motor", "running", "Pump No 1 running", "", T),
        ("motor", "running", "Heater running", "", F),
    ],
)
def test_the_right_unit_is_not_enough(
    cls: str, signal: str, name: str, unit: str, truth: Truth
) -> None:
    assert said(cls, signal, name, unit) is truth


def test_the_place_that_a_signal_names_is_the_only_one_that_meets_it() -> None:
    found = {
        name: fits(signal_of("temperature:winding"), measure(Point("x", name, unit="CEL")))
        for name in ("Winding temperature", "Temperature", "Ambient temperature")
    }
    assert found == {
        "Winding temperature": True, "Temperature": None, "Ambient temperature": False
    }  # fmt: skip
    about = profile("motor")
    assert about is not None
    assert about.own == {
        "temperature": {"winding", "bearing", "axial"}, "current": {"winding"}
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["Var0", "Pos1", "F8:3", "N7:12", "CT 1", "PT3", "Par 3", "Q1", "T1", "St 4", "Param_12",
     "Parameter 7", "Paramètre 3"],
)  # fmt: skip
@pytest.mark.parametrize("signal", ["current", "vibration", "temperature"])
def test_a_number_whose_name_is_a_letter_or_three_may_be_anything(name: str, signal: str) -> None:
    assert said("motor", signal, name, type="Double") is U


@pytest.mark.parametrize(
    ("name", "unit", "signal", "truth"),
    [
        ("Pos1", "C16", "vibration", U),  # by its unit it may be that
        ("Pos1", "C16", "temperature", F),  # and not this
        ("Var0", "CEL", "vibration", F),
        ("Humidity", "", "vibration", F),  # a whole word
        ("Status 3", "", "vibration", F),
        ("PT100 2", "", "vibration", F),
        ("SP1", "", "vibration", F),  # a set point, whatever of
    ],
)
def test_what_a_name_or_unit_rules_out_stays_out(
    name: str, unit: str, signal: str, truth: Truth
) -> None:
    assert said("motor", signal, name, unit, "Double") is truth


def test_a_value_whose_unit_contradicts_its_name_may_still_be_what_it_says() -> None:
    assert said("pump", "flow", "FT-112", "CEL") is U
    assert said("pump", "vibration", "FT-112", "CEL") is F


@pytest.mark.parametrize(
    ("value", "low", "rules"),
    [
        (12.0, 4.0, set()),  # healthy, and not scaled
        (3.2, 4.0, {"U03"}),  # one gap for one point
        (3.2, 0.0, set()),
        (3.2, None, set()),  # nobody says that it is a loop from 4 mA
        (400.0, None, {"Q05"}),  # no loop
    ],
)
def test_the_bare_current_of_a_loop_is_asked_about(
    value: float, low: float | None, rules: set[str]
) -> None:
    point = replace(
        tag("Discharge pressure", "4K"), low=low, high=20.0 if low is not None else None
    )
    found = evidence(listed(point, value=value), about=DRIVE)
    here = context(found, **FULL)
    device = judge_device(found, here)
    verdict = judge_equipment(motor("pump"), [found], here, {"device-1": device})
    fired = {one.rule for one in (*device.findings, *verdict.findings)}
    assert fired & {"U03", "Q05"} == rules
    wanted = "pressure:discharge|pressure:differential"
    assert wanted in {one.subject for one in verdict.questions if one.rule == "U01"}
    assert wanted not in {one.subject for one in verdict.findings}
