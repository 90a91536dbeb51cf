"""What of the right unit is the signal of a machine, what is another thing's, what may be it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.judge.fitting import fits
from inventory.judge.openness import document
from inventory.judge.profiles import classes, nameable, profile, signal_of
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


WORDS = ["ZSW1", "Statuswort", "Status word", "Zustand", "State", "Gerätestatus", "Mot d'état",
         "Palabra de estado", "状态字", "DB1.DBW4", "Word 3"]  # fmt: skip


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("signal", ["running", "fault"])
def test_a_whole_number_without_a_unit_may_be_a_packed_word(name: str, signal: str) -> None:
    for kind in ("UInt16", "int32", "Enumeration", "Byte", "WORD", "Gauge32"):
        assert said("pump", signal, name, type=kind) is U


@pytest.mark.parametrize(
    ("name", "unit", "kind", "truth"),
    [
        ("Zustand", "", "Double", F),  # no word of bits
        ("Zustand", "", "float32", F),
        ("Zustand", "BAR", "UInt16", F),  # a quantity
        ("Zustand", "items", "UInt16", F),  # by whatever unit
        ("Zustand [bar]", "", "UInt16", F),  # stated in its name
        ("Zähler", "", "UInt16", F),
        ("Speed setpoint", "", "UInt16", F),
        ("Alarmwort 1", "", "UInt16", F),  # of alarms only
        ("Betriebsart", "", "Int32", F),  # a mode says what is meant, not what is
        ("Motor speed", "", "UInt16", F),
        ("Pressure temperature", "", "UInt16", F),
        ("St 4", "", "UInt16", U),  # a letter or two may mean anything
        ("St 4", "", "Double", F),
        ("Pump state", "", "Boolean", U),
        ("DI_7", "", "Boolean", U),
    ],
)
def test_what_is_no_word_of_states(name: str, unit: str, kind: str, truth: Truth) -> None:
    assert said("pump", "running", name, unit, kind) is truth


def test_a_value_of_no_type_may_be_a_state() -> None:
    point = replace(tag("Zustand"), type="")
    assert exists(machine(owned(point), unit=motor("pump")), "running").truth is U


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("Alarmwort 1", U),
        ("Alarm word", U),
        ("Fault alarm", U),
        ("Position alarm", F),
        ("Zustand", U),
    ],
)
def test_a_word_of_alarms_may_hold_the_fault(name: str, truth: Truth) -> None:
    assert said("control-valve", "fault", name, type="UInt16") is truth


@pytest.mark.parametrize(
    ("cls", "signal", "name", "unit", "truth"),
    [
        ("chiller", "temperature:supply", "Condenser water supply temperature", "CEL", F),
        ("chiller", "temperature:supply", "Cooling water supply temperature", "CEL", F),
        ("chiller", "temperature:condenser+supply", "Cooling water supply temperature", "CEL", T),
        ("chiller", "temperature:condenser+inlet", "Condenser temperature", "CEL", U),
        ("chiller", "temperature:condenser+inlet", "Supply temperature", "CEL", F),
        ("chiller", "temperature:condenser+inlet", "Temperature", "CEL", U),
        ("chiller", "temperature:condenser+inlet", "Oil temperature", "CEL", F),
        ("chiller", "temperature:condenser+inlet", "Oil inlet temperature", "CEL", U),
        ("chiller", "temperature:evaporator+outlet", "Evaporator leaving temperature", "CEL", T),
        ("chiller", "temperature:evaporator+outlet", "Condenser leaving temperature", "CEL", F),
        ("chiller", "temperature:evaporator+outlet", "Room outlet temperature", "CEL", F),
        ("chiller", "temperature:evaporator+outlet", "Room 3 chiller outlet temp", "CEL", F),
        ("heat-exchanger", "temperature:primary+inlet", "Ambient inlet temperature", "CEL", F),
        ("heat-exchanger", "temperature:primary+inlet", "Room 3 pump inlet temperature", "CEL", U),
        ("gearbox", "temperature:oil", "Bearing oil temperature", "CEL", U),  # of which of the two
        ("gearbox", "temperature:oil", "Oil temperature", "CEL", T),
        ("genset", "voltage:battery", "Load voltage", "VLT", F),
        ("ups", "charge", "Carga de batería", "P1", U),  # the load of it, or the charge
        ("pv-inverter", "energy", "Total yield", "KWH", U),  # energy is counted
        ("pv-inverter", "energy", "Energy limit", "KWH", F),
        ("pv-inverter", "energy", "Yield limit", "KWH", F),
        ("tank", "level", "Total quantity", "MTQ", F),
        ("cooling-tower", "temperature:ambient", "Wet bulb temperature", "CEL", T),
        ("ahu", "position:setpoint", "Cooling valve command", "P1", T),
        ("vav", "position:setpoint", "Damper Cmd", "P1", T),
        ("heat-exchanger", "temperature:primary+outlet", "Primary supply temperature", "CEL", F),
        ("heat-exchanger", "temperature:primary+outlet", "Hot outlet temperature", "CEL", U),
        ("chiller", "temperature:condenser+supply", "Supply temperature", "CEL", F),
        ("tank", "pressure", "Ambient level pressure", "BAR", F),
        ("tank", "pressure", "Level pressure", "BAR", U),
        ("air-compressor", "humidity", "F L 1", "P1", F),
        ("air-compressor", "flow", "F L 1", "P1", U),
        ("pump", "temperature:bearing", "Bearing temperature", "CEL", T),
        ("cooling-tower", "temperature:hot", "Cold temperature", "CEL", F),
        ("cooling-tower", "temperature:hot", "Hot temperature", "CEL", T),
        ("cooling-tower", "temperature:hot", "Temperature", "CEL", U),
        ("engine", "temperature:exhaust", "Cylinder 3 exhaust temperature", "CEL", F),
        ("engine", "temperature:cylinder+exhaust", "Exhaust temperature", "CEL", F),
        ("engine", "temperature:cylinder+exhaust", "Cylinder 3 temperature", "CEL", U),
        ("pump", "pressure", "Discharge pressure", "BAR", T),
        ("pump", "pressure", "Oil pressure", "BAR", F),
        ("pump", "pressure:discharge", "Differential pressure discharge suction", "BAR", F),
        ("pump", "pressure:differential", "Differential pressure discharge suction", "BAR", T),
        ("pump", "pressure:discharge", "Pressione mandata", "BAR", T),
        ("boiler", "temperature:supply", "Temperatura mandata", "CEL", T),
        ("boiler", "temperature:discharge", "Temperatura mandata", "CEL", F),
        ("pv-inverter", "power", "Input power", "KWT", F),
        ("pv-inverter", "power", "Output power", "KWT", T),
        ("pv-inverter", "power", "DC power", "KWT", F),
        ("pv-inverter", "power:dc_link", "Output power", "KWT", F),
        ("pv-inverter", "power:dc_link", "Power", "KWT", U),
        ("ups", "voltage:battery", "Output voltage", "VLT", F),
        ("ups", "voltage:output", "Load voltage", "VLT", U),  # that is the alternative
        ("ups", "voltage:load", "Load voltage", "VLT", T),
        ("ups", "voltage:output", "Voltage", "VLT", U),
        ("motor", "current", "Output current", "AMP", T),
        ("motor", "current", "Mains current", "AMP", T),
        ("control-valve", "position:setpoint", "Position setpoint", "P1", T),
        ("control-valve", "position:setpoint", "Setpoint", "P1", U),
        ("control-valve", "position:setpoint", "Position", "P1", F),
        ("control-valve", "position:setpoint", "Pressure setpoint", "BAR", F),
        ("control-valve", "position:setpoint", "Position limit", "P1", F),
        ("control-valve", "position", "Position setpoint", "P1", F),
        ("robot", "load", "Axis load", "P1", T),
        ("robot", "load", "Axis load", "KWT", F),
        ("robot", "load", "Axis load limit", "P1", F),
        ("motor", "current", "Motor load", "P1", U),  # a share of its rated current, or torque
        ("motor", "temperature", "Motor load", "P1", F),
        ("motor", "temperature", "Ambient", "CEL", F),  # no name, and a place of others
        ("motor", "temperature", "Room 3 motor", "CEL", U),
        ("motor", "temperature", "Ambient", "", U),
        ("switchgear", "current", "Residual current", "AMP", F),
    ],
)
def test_the_places_of_a_profile_are_told_apart(
    cls: str, signal: str, name: str, unit: str, truth: Truth
) -> None:
    assert said(cls, signal, name, unit, "Double") is truth


@pytest.mark.parametrize(
    ("signal", "name", "places"),
    [
        ("temperature:condenser", "Condenser water inlet temperature", {"condenser", "suction"}),
        ("temperature", "Condenser water inlet temperature", {"condenser", "suction"}),
        ("temperature:oil", "Condenser water inlet temperature", {"oil"}),  # a person's word
        ("temperature:primary+inlet", "TT 4711", {"primary", "suction"}),
        ("voltage", "Output voltage", {"output"}),
        ("voltage:battery", "Output voltage", {"battery"}),
    ],
)
def test_a_stated_signal_takes_its_place_from_the_name_that_does_not_gainsay_it(
    signal: str, name: str, places: set[str]
) -> None:
    assert measure(Point("holding:1", name, signal=signal)).places == places
    assert measure(Point("holding:1", name, semantic=signal)).places == places


def test_a_stated_set_point_is_one() -> None:
    stated = measure(Point("holding:1", "x", signal="position:setpoint"))
    assert (stated.measurand, stated.kind, stated.places) == ("position", "setpoint", frozenset())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("temperature:primary+inlet", "primary inlet temperature"),
        ("position:setpoint", "position setpoint"),
        ("temperature:supply+setpoint", "supply temperature setpoint"),
        ("voltage:dc_link", "dc link voltage"),
        ("current", "current"),
    ],
)
def test_a_signal_in_words(text: str, words: str) -> None:
    assert signal_of(text).words == words
    assert signal_of(text).name == text


def test_the_folder_says_of_which_side_a_value_is() -> None:
    def places(folder: str, name: str) -> frozenset[str]:
        return measure(Point("ns=2;i=1", name, path=f"Plant/{folder}/{name}", unit="CEL")).places

    assert places("Condenser", "Inlet temperature") == {"condenser", "suction"}
    assert places("Primary side", "Supply temperature") == {"primary", "supply"}
    assert places("Primary", "Secondary inlet temperature") == {"secondary", "suction"}
    assert places("Ambient", "Inlet temperature") == {"suction"}


def test_a_use_case_may_name_what_a_profile_asks_for() -> None:
    measurands, places = nameable()
    assert {"mode", "load", "oil_debris", "temperature"} <= {*measurands}
    assert {"primary", "inlet", "setpoint", "bearing", "dc_link"} <= {*places}
    assert "" not in places


def test_each_place_that_a_profile_names_is_one_that_a_name_can_say() -> None:
    known = {*document("names")["place"]}
    asked = {
        place for cls in classes() if (about := profile(cls)) for one in about.signals
        for place in one.places
    }  # fmt: skip
    assert asked <= known
    table = document("profiles")
    pairs = {place for pair in table["opposed"]["pairs"] for place in pair}
    assert pairs <= known
    assert {place for listed in table["elsewhere"].values() for place in listed} <= known
