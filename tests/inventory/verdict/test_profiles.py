"""The profile of each class of machine, row by row of domain model 4.1: what is enough, what not.

For each class a machine with exactly the required signals, with each of them missing in turn, with
a value that nobody classified, and with decoys: the right dimension of another thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from inventory.judge.profiles import classes, profile
from inventory.model import Verdict
from protocols.contract import Point
from tests.inventory.verdict.plants import FULL, judged, monitored, motor, no, tag


class Wanted(NamedTuple):
    """One required signal as a server names it."""

    subject: str  # of the gap where it is missing
    name: str
    unit: str = ""
    decoys: tuple[tuple[str, str], ...] = ()  # name and unit of what is another thing's
    type: str = ""

    def point(self) -> Point:
        return tag(self.name, self.unit, self.type or ("Double" if self.unit else "Boolean"))


VIBRATION = Wanted("vibration", "Vibration", "C16", (("Vibration limit", "C16"),))
RUNNING = Wanted("running", "Running", "", (("Heater running", ""),))
FAULT = Wanted("fault", "Fault", "", (("Running", ""),))
CABINET = ("Cabinet temperature", "CEL")
AMBIENT = ("Ambient temperature", "CEL")
BATTERY = ("Battery current", "AMP")
CONTROLS = ("Cabinet supply voltage", "VLT")
MACHINES: dict[str, tuple[Wanted, ...]] = {
    "motor": (
        Wanted("current", "Current", "AMP", (BATTERY, ("Current setpoint", "AMP"))),
        Wanted("vibration|axial_flux", "Vibration", "C16"),
        Wanted("temperature", "Winding temperature", "CEL", (AMBIENT, CABINET)),
        RUNNING,
    ),
    "drive": (
        Wanted("frequency", "Output frequency", "HTZ", (("Frequency setpoint", "HTZ"),)),
        Wanted("current", "Output current", "AMP", (BATTERY,)),
        Wanted("voltage:dc_link", "DC link voltage", "VLT",
               (CONTROLS, ("Output voltage", "VLT"), ("Input voltage", "VLT"))),
        Wanted("temperature:heatsink", "Heatsink temperature", "CEL", (AMBIENT, CABINET)),
        FAULT,
    ),
    "pump": (
        VIBRATION,
        Wanted("pressure:discharge|pressure:differential", "Discharge pressure", "BAR",
               (("Oil pressure", "BAR"), ("Seal pressure", "BAR"))),
        Wanted("pressure:suction|pressure:differential", "Suction pressure", "BAR",
               (("Discharge pressure setpoint", "BAR"),)),
        Wanted("flow|power", "Flow", "MQH", (("Seal water flow", "MQH"),)),
        RUNNING,
    ),
    "compressor": (
        VIBRATION,
        Wanted("pressure:suction", "Suction pressure", "BAR", (("Oil pressure", "BAR"),)),
        Wanted("pressure:discharge", "Discharge pressure", "BAR",
               (("Discharge pressure limit", "BAR"),)),
        Wanted("temperature:discharge", "Discharge temperature", "CEL",
               (AMBIENT, ("Oil temperature", "CEL"), ("Suction temperature", "CEL"))),
        Wanted("speed", "Speed", "RPM", (("Speed setpoint", "RPM"), ("Mains frequency", "HTZ"))),
    ),
    "air-compressor": (
        Wanted("pressure:discharge", "Outlet pressure", "BAR", (("Oil pressure", "BAR"),)),
        Wanted("power|current", "Power", "KWT", (BATTERY,)),
        Wanted("hours:load|hours:unloaded", "Loaded hours", "HUR", (("Hours setpoint", "HUR"),)),
        Wanted("temperature:discharge", "Outlet temperature", "CEL", (AMBIENT,)),
    ),
    "fan": (
        VIBRATION,
        Wanted("pressure:differential|power", "Differential pressure", "PAL"),
        Wanted("speed", "Speed", "RPM"),
        Wanted("temperature:bearing", "Bearing temperature", "CEL", (AMBIENT, CABINET)),
    ),
    "gearbox": (
        VIBRATION,
        Wanted("temperature:oil", "Oil temperature", "CEL", (("Bearing temperature", "CEL"),)),
        Wanted("pressure:oil|level:oil", "Oil pressure", "BAR", (("Air pressure limit", "BAR"),)),
    ),
    "steam-turbine": (
        Wanted("vibration", "Shaft vibration", "4H"),
        Wanted("temperature:bearing", "Bearing temperature", "CEL", (("Steam temp", "CEL"),)),
        Wanted("speed", "Speed", "RPM", (("Speed setpoint", "RPM"),)),
        Wanted("position:axial", "Axial position", "4H"),
    ),
    "gas-turbine": (
        VIBRATION,
        Wanted("speed", "Speed", "RPM"),
        Wanted("power", "Output power", "KWT"),
        Wanted("temperature:exhaust", "Exhaust temperature", "CEL", (AMBIENT,)),
        Wanted("pressure:compressor|pressure:discharge", "Compressor discharge pressure", "BAR",
               (("Oil pressure", "BAR"),)),
        Wanted("flow:fuel|pressure:fuel", "Fuel flow", "MQH", (("Seal air flow", "MQH"),)),
    ),
    "engine": (
        VIBRATION,
        Wanted("pressure:cylinder|temperature:cylinder+exhaust",
               "Cylinder 1 exhaust temperature", "CEL", (("Coolant temperature", "CEL"),)),
        Wanted("pressure:exhaust", "Exhaust pressure", "BAR", (("Oil pressure", "BAR"),)),
        Wanted("pressure:oil", "Oil pressure", "BAR", (("Exhaust pressure", "BAR"),)),
        Wanted("temperature:coolant", "Coolant temperature", "CEL", (AMBIENT,)),
    ),
    "generator": (
        Wanted("current", "Stator current", "AMP", (BATTERY,)),
        Wanted("voltage", "Voltage", "VLT", (CONTROLS, ("Battery voltage", "VLT"))),
        VIBRATION,
        Wanted("temperature:winding", "Winding temperature", "CEL", (AMBIENT,)),
    ),
    "genset": (
        RUNNING,
        Wanted("level:fuel", "Fuel level", "P1", (("Coolant level", "P1"),)),
        Wanted("voltage:battery", "Battery voltage", "VLT", (("Output voltage", "VLT"),)),
        Wanted("temperature:oil", "Oil temperature", "CEL", (("Coolant temperature", "CEL"),)),
        Wanted("pressure:oil", "Oil pressure", "BAR", (("Fuel pressure", "BAR"),)),
        Wanted("hours", "Operating hours", "HUR"),
        Wanted("power", "Power", "KWT", (("Heater power", "KWT"),)),
    ),
    "transformer": (
        Wanted("current|voltage", "Load current", "AMP", (BATTERY, CONTROLS)),
        Wanted("temperature:oil", "Top oil temperature", "CEL", (AMBIENT,)),
        Wanted("gas", "Hydrogen", "59"),
        Wanted("level:oil", "Oil level", "P1"),
    ),
    "ups": (
        Wanted("voltage:input|voltage:mains|voltage:supply", "Input voltage", "VLT",
               (("Bypass voltage setpoint", "VLT"),)),
        Wanted("voltage:output|voltage:load", "Output voltage", "VLT", (("Mains voltage", "VLT"),)),
        Wanted("current:output|current:load|current:input|current:mains|current:supply",
               "Output current", "AMP", (BATTERY,)),
        Wanted("voltage:battery", "Battery voltage", "VLT", (("Output voltage", "VLT"),)),
        Wanted("charge", "State of charge", "P1"),
        Wanted("running:battery|running:mains", "On battery", ""),
    ),
    "switchgear": (
        Wanted("power", "Active power", "KWT"),
        Wanted("energy", "Active energy", "KWH"),
        Wanted("voltage", "Voltage", "VLT", (CONTROLS,)),
        Wanted("current", "Current", "AMP", (BATTERY, ("Residual current", "AMP"))),
        Wanted("power_factor", "Power factor", "C62"),
    ),
    "conveyor": (
        Wanted("current", "Motor current", "AMP", (BATTERY,)),
        Wanted("speed|frequency", "Belt speed", "MTS", (("Belt speed setpoint", "MTS"),)),
        RUNNING,
        FAULT,
    ),
    "heat-exchanger": (
        Wanted("primary in", "Primary inlet temperature", "CEL", (AMBIENT,)),
        Wanted("primary out", "Primary outlet temperature", "CEL", (AMBIENT,)),
        Wanted("secondary in", "Secondary inlet temperature", "CEL",
               (("Secondary temperature setpoint", "CEL"),)),
        Wanted("secondary out", "Secondary outlet temperature", "CEL", (CABINET,)),
        Wanted("flow|power", "Flow", "MQH"),
    ),
    "control-valve": (
        Wanted("position", "Position", "P1", (("Position setpoint", "P1"),)),
        Wanted("position:setpoint", "Position setpoint", "P1", (("Position", "P1"),)),
        FAULT,
    ),
    "tank": (
        Wanted("level", "Level", "P1", (("Level limit", "P1"),)),
        Wanted("temperature", "Temperature", "CEL", (AMBIENT,)),
    ),
    "boiler": (
        Wanted("pressure", "Pressure", "BAR", (("Pressure setpoint", "BAR"),)),
        Wanted("temperature:supply|temperature:discharge|temperature:steam", "Flow temperature",
               "CEL", (AMBIENT, ("Exhaust temperature", "CEL"))),
        Wanted("temperature:return|temperature:suction", "Return temperature", "CEL", (AMBIENT,)),
        Wanted("running", "Burner running", "", (("Heater running", ""),)),
        Wanted("flow:fuel", "Fuel flow", "MQH", (("Seal water flow", "MQH"),)),
    ),
    "chiller": (
        Wanted("temperature:supply|temperature:evaporator+outlet",
               "Chilled water supply temperature", "CEL",
               (AMBIENT, ("Chilled water supply temperature setpoint", "CEL"))),
        Wanted("temperature:return|temperature:evaporator+inlet",
               "Chilled water return temperature", "CEL", (AMBIENT,)),
        Wanted("temperature:condenser+inlet|temperature:condenser+supply",
               "Condenser water inlet temperature", "CEL", (AMBIENT, ("Oil temperature", "CEL"))),
        Wanted("temperature:condenser+outlet|temperature:condenser+return",
               "Condenser water outlet temperature", "CEL", (AMBIENT,)),
        Wanted("power", "Power", "KWT"),
        RUNNING,
    ),
    "ahu": (
        Wanted("temperature:supply|temperature:discharge", "Supply air temperature", "CEL",
               (("Room temperature", "CEL"),)),
        Wanted("temperature:mixed", "Mixed air temperature", "CEL",
               (("Supply air temperature", "CEL"),)),
        Wanted("temperature:return", "Return air temperature", "CEL", (("Room temp", "CEL"),)),
        Wanted("temperature:ambient", "Outdoor air temperature", "CEL",
               (("Return air temperature", "CEL"),)),
        Wanted("pressure", "Duct static pressure", "PAL",
               (("Filter differential pressure", "PAL"),)),
        Wanted("pressure:setpoint", "Duct static pressure setpoint", "PAL",
               (("Duct static pressure", "PAL"),)),
        Wanted("temperature:setpoint", "Supply air temperature setpoint", "CEL",
               (("Room temperature setpoint", "CEL"),)),
        Wanted("speed|running", "Fan running"),
        Wanted("position:setpoint|position", "Valve position", "P1"),
        Wanted("mode", "Operating mode", type="Int32"),
    ),
    "vav": (
        Wanted("temperature:room", "Zone temperature", "CEL",
               (AMBIENT, ("Zone temperature setpoint", "CEL"))),
        Wanted("flow", "Discharge air flow", "MQH", (("Air flow setpoint", "MQH"),)),
        Wanted("position:setpoint|position", "Damper position", "P1"),
    ),
    "cooling-tower": (
        Wanted("temperature:supply|temperature:discharge|temperature:cold",
               "Water supply temperature", "CEL", (CABINET,)),
        Wanted("temperature:return|temperature:suction|temperature:hot",
               "Water return temperature", "CEL", (CABINET,)),
        Wanted("speed|running", "Fan speed", "RPM", (("Fan speed setpoint", "RPM"),)),
        Wanted("temperature:ambient", "Ambient wet bulb temperature", "CEL", (CABINET,)),
    ),
    "pv-inverter": (
        Wanted("power", "Active power", "KWT", (("DC power", "KWT"),)),
        Wanted("energy", "Energy", "KWH"),
        Wanted("current", "Phase A current", "AMP", (("DC current", "AMP"), BATTERY)),
        Wanted("voltage", "Phase A voltage", "VLT", (("DC voltage", "VLT"), CONTROLS)),
        Wanted("frequency", "Frequency", "HTZ"),
        Wanted("power:dc_link|power:input|power:array|current:dc_link|current:input|current:array|"
               "voltage:dc_link|voltage:input|voltage:array", "DC voltage", "VLT", (CONTROLS,)),
        RUNNING,
    ),
    "machine-tool": (
        Wanted("running", "Execution", type="Int32"),
        Wanted("mode", "Controller mode", type="Enumeration"),
        Wanted("program", "Program name", type="String"),
        Wanted("speed:spindle", "Spindle speed", "RPM", (("Spindle speed setpoint", "RPM"),)),
        Wanted("load:spindle|torque:spindle|power:spindle", "Spindle load", "P1"),
        FAULT,
    ),
    "robot": (
        Wanted("mode", "Operation mode", type="Int32"),
        Wanted("safety", "Emergency stop"),
        Wanted("temperature", "Motor temperature", "CEL", (AMBIENT, CABINET)),
        Wanted("load|torque|current", "Axis load", "P1", (BATTERY,)),
        FAULT,
    ),
    "network": (),
}  # fmt: skip


def said(cls: str, *points: Point) -> Verdict:
    return judged(no("U01", "", monitored(*points), FULL, motor(cls)))


def gaps(verdict: Verdict) -> list[str]:
    return [one.subject for one in verdict.findings if one.rule == "U01"]


def asked(verdict: Verdict) -> list[str]:
    return [one.subject for one in verdict.questions if one.rule == "U01"]


def points_of(cls: str, without: Wanted | None = None) -> list[Point]:
    return [one.point() for one in MACHINES[cls] if one is not without]


def every() -> Iterator[object]:
    for cls, wanted in MACHINES.items():
        for one in wanted:
            yield pytest.param(cls, one, id=f"{cls} without {one.name}")


def subject_of(cls: str, one: Wanted) -> str:
    """The subject of the gap; that of a heat exchanger names its sides in all their words."""
    about = profile(cls)
    assert about is not None
    place = [item.subject for item in MACHINES[cls]].index(one.subject)
    return "|".join(signal.name for signal in about.required[place])


def test_each_profile_has_a_machine_here() -> None:
    assert set(MACHINES) == set(classes())
    assert len(MACHINES) == 28


@pytest.mark.parametrize("cls", MACHINES)
def test_the_required_signals_are_enough(cls: str) -> None:
    verdict = said(cls, *points_of(cls))
    assert gaps(verdict) == asked(verdict) == []
    about = profile(cls)
    assert about is not None
    assert len(about.required) == len(MACHINES[cls])
    assert all(
        wanted.subject == "|".join(one.name for one in group) or cls == "heat-exchanger"
        for wanted, group in zip(MACHINES[cls], about.required, strict=True)
    )
    if about.failure_modes:
        assert verdict.coverage is not None
        assert verdict.coverage.lo > 0.8
    assert not any(one.rule == "U05" for one in verdict.findings)


@pytest.mark.parametrize(("cls", "lost"), list(every()))
def test_a_required_signal_that_is_not_listed_is_a_gap_and_the_only_one(
    cls: str, lost: Wanted
) -> None:
    verdict = said(cls, *points_of(cls, lost))
    assert gaps(verdict) == [subject_of(cls, lost)]
    assert asked(verdict) == []


@pytest.mark.parametrize(("cls", "lost"), list(every()))
def test_a_value_that_nobody_classified_makes_a_question_of_it(cls: str, lost: Wanted) -> None:
    blank = tag("AI_7" if lost.unit else "DI_7", lost.unit, lost.point().type)
    if blank.type == "String":  # a text without a name is looked for by nobody
        blank = tag("DI_7", type="Int32")
    verdict = said(cls, *points_of(cls, lost), blank)
    assert gaps(verdict) == []
    assert asked(verdict) == [subject_of(cls, lost)]


def decoys() -> Iterator[object]:
    for cls, wanted in MACHINES.items():
        for one in wanted:
            for name, unit in one.decoys:
                yield pytest.param(cls, one, name, unit, id=f"{cls}: {name} for {one.name}")


@pytest.mark.parametrize(("cls", "lost", "name", "unit"), list(decoys()))
def test_what_is_of_another_thing_is_not_taken_for_it(
    cls: str, lost: Wanted, name: str, unit: str
) -> None:
    other = tag(name, unit, "Double" if unit else "Boolean")
    verdict = said(cls, *points_of(cls, lost), other)
    assert gaps(verdict) == [subject_of(cls, lost)]
    assert asked(verdict) == []
