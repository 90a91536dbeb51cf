"""Tag names: the collision list of the domain model 4.5, naming systems, kinds, cut names."""

from __future__ import annotations

import pytest

from inventory.signals.names import read_name
from inventory.signals.points import measure
from protocols.contract import Point

COLLISIONS = [
    # name, unit, measurand ("" is an abstention), kind
    ("10LAC10CT001", "", "temperature", ""),  # CT: KKS temperature
    ("CT-101", "", "", ""),  # CT: current transformer or cooling tower
    ("CT-101", "AMP", "current", ""),
    ("CT-101", "CEL", "", ""),
    ("VT-101", "", "", ""),  # VT: vibration or voltage transformer
    ("VT-101", "C16", "vibration", ""),
    ("VT-101", "VLT", "voltage", ""),
    ("ST-101", "", "", ""),  # ST: speed transmitter or status
    ("ST-101", "RPM", "speed", ""),
    ("PT-101", "", "pressure", ""),  # PT: pressure, but PT100 is a sensor
    ("PT100", "", "", ""),
    ("PT100_1", "CEL", "temperature", ""),
    ("IT-101", "", "", ""),  # IT: current transmitter or information technology
    ("IT-101", "AMP", "current", ""),
    ("TI-101", "", "", ""),  # TI: temperature indicator or time
    ("TI-101", "CEL", "temperature", ""),
    ("Stromversorgung", "", "", ""),
    ("Motorstrom", "", "current", ""),
    ("courant alternatif", "", "", ""),  # courant: current or ongoing
    ("courant moteur", "AMP", "current", ""),
    ("par", "", "", ""),  # par: torque or parameter
    ("par motor", "NU", "torque", ""),
    ("portata", "", "", ""),  # portata: flow or range
    ("portata acqua", "MQH", "flow", ""),
    ("debit card", "", "", ""),  # debit is no débit
    ("débit eau", "MQH", "flow", ""),
    ("Leistung", "", "", ""),  # Leistung: power or performance
    ("Leistung Pumpe", "KWT", "power", ""),
    ("pos", "", "", ""),  # pos: position or point of sale
    ("pos valve feedback", "P1", "position", ""),
    ("Temp SP", "CEL", "temperature", "setpoint"),  # SP: set point
    # RFC 1628: zero where it is not on battery, so that it tells that state
    ("Seconds on battery", "SEC", "running", ""),
    ("On battery", "", "running", ""),
    ("Estimated charge remaining", "P1", "charge", ""),
    ("P", "", "", ""),  # P: pump or pressure
    ("P", "BAR", "pressure", ""),
    ("P", "KWT", "power", ""),
    ("Fuellstand", "", "level", ""),  # umlaut folding
    ("Füllstand", "", "level", ""),
    ("Stoerung", "", "fault", ""),
    ("Störung", "", "fault", ""),
    ("温度１", "", "temperature", ""),  # full-width digit
    ("TempÃ©rature", "", "temperature", ""),  # UTF-8 read as Latin-1
    ("Temperat", "", "temperature", ""),  # cut at eight characters
    ("Bearing_Temperat", "", "temperature", ""),  # and at sixteen
    ("Cooling_Water_Main_Press", "", "pressure", ""),  # and at twenty-four
    ("Duct SP", "PAL", "", "setpoint"),  # SP: set point or static pressure
    ("FÃ¼llstand", "", "level", ""),  # UTF-8 read as Windows-1252
    ("PresiÃ³n", "", "pressure", ""),  # the sign that a figure is raised is part of an ó
]


def test_the_charge_of_a_battery_is_at_no_load() -> None:
    """Load is "charge" in French, and the charge of a battery is charge."""
    assert measure(Point("a", "Estimated charge remaining", unit="P1")).places == frozenset()
    assert measure(Point("a", "Battery state of charge", unit="P1")).places == {"battery"}
    assert measure(Point("a", "Load current", unit="AMP")).places == {"load"}


@pytest.mark.parametrize(("name", "unit", "measurand", "kind"), COLLISIONS)
def test_collision(name: str, unit: str, measurand: str, kind: str) -> None:
    found = measure(Point("x", name, unit=unit))
    assert found.measurand == measurand
    assert found.kind == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("TSHH-101", "alarm"),
        ("FQI-200", "total"),
        ("Temperatur_Sollwert", "setpoint"),
        ("Consigne température", "setpoint"),
        ("温度设定", "setpoint"),
        ("Pressure HH limit", "limit"),
        ("Druck Grenzwert", "limit"),
        ("Wasserzähler", "total"),
        ("Temperature simulated", "simulated"),
    ],
)
def test_what_is_no_measurement_is_excluded(name: str, kind: str) -> None:
    found = measure(Point("x", name))
    assert found.kind == kind
    assert not found.known


def test_a_unit_alone_is_not_a_meaning() -> None:
    assert measure(Point("x", "AI_7", unit="CEL")).measurand == ""


def test_a_unit_of_another_kind_is_a_conflict_not_a_match() -> None:
    found = measure(Point("x", "Temperature", unit="BAR"))
    assert found.conflict
    assert found.measurand == ""


def test_typed_meaning_beats_the_name() -> None:
    found = measure(Point("x", "Temperature", semantic="sunspec:103:W"))
    assert (found.measurand, found.match) == ("power", "typed")


@pytest.mark.parametrize(
    ("semantic", "measurand"),
    [
        ("TwoStateDiscreteType", ""),  # how a value is given, and not what it is
        ("http://opcfoundation.org/UA/PADIM/#AnalogSignalVariableType", ""),
        ("http://opcfoundation.org/UA/Machinery/ProcessValues/#ProcessValueVariableType", ""),
        ("http://maker.example/voltage/#ValueType", ""),
        ("http://maker.example/#TemperatureSensorType", "temperature"),
        ("http://opcfoundation.org/UA/#Pressure", "pressure"),
        ("temperature:ambient", "temperature"),
    ],
)
def test_a_type_says_what_its_name_says_and_its_namespace_nothing(
    semantic: str, measurand: str
) -> None:
    found = measure(Point("x", "x7", semantic=semantic))
    assert (found.measurand, found.kind) == (measurand, "")


def test_a_signal_of_a_type_is_named_by_the_folder_that_it_stands_in() -> None:
    path = "Objects/DeviceSet/PT-101/SignalSet/Pressure/AnalogSignal"
    typed = "http://opcfoundation.org/UA/PADIM/#AnalogSignalVariableType"
    found = measure(Point("x", "AnalogSignal", path, "BAR", "Float", "r", semantic=typed))
    assert (found.measurand, found.match) == ("pressure", "unit+name")


@pytest.mark.parametrize("name", ["RevisionCounter", "DeviceManual", "SignalTag"])
def test_what_a_device_says_of_itself_is_no_process_value(name: str) -> None:
    found = measure(Point("x", name, f"Objects/DeviceSet/PT-101/{name}", type="Int32"))
    assert (found.process, found.measurand) == (False, "")


def test_a_state_of_two_words_is_what_its_name_says() -> None:
    found = measure(Point("x", "Pump running", type="Boolean", semantic="TwoStateDiscreteType"))
    assert (found.measurand, found.known) == ("running", True)


def test_a_map_beats_unit_and_name() -> None:
    found = measure(Point("x", "Temperature", unit="CEL", signal="pressure:oil"))
    assert (found.measurand, found.match) == ("pressure", "map")


SETTINGS = [
    "Target boiler temperature", "Pump speed threshold", "Rated power", "Program 4 Power",
    "Zieltemperatur Kessel", "Nennleistung", "Leistungsbegrenzung", "Druckschwelle",
    "Température souhaitée", "Limitation de puissance", "Seuil de pression",
    "Temperatura deseada", "Limitación de potencia", "Umbral de presión",
    "Temperatura desiderata", "Limitazione di potenza", "Soglia di pressione",
    "Temperatura desejada", "Limitação de potência", "Limiar de pressão",
    "Gewenste temperatuur", "Vermogensbegrenzing", "Piekvermogen", "Drukdrempel",
    "Temperatura zadana", "Maksymalna moc", "Próg ciśnienia",
]  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_no_measurement_in_any_language(name: str) -> None:
    assert not measure(Point("x", name)).known


@pytest.mark.parametrize(
    ("name", "measurand"),
    [
        ("Facteur de puissance", "power_factor"),  # no power
        ("Apparent power", "apparent_power"),
        ("State of charge", "charge"),
        ("Total power", "power"),  # a sum of places
        ("Total energy import", "energy"),  # a counter by nature
        ("Vibration peak", "vibration"),  # how vibration is measured
        ("Program:MainProgram.Motor_Temp", "temperature"),  # a PLC's scope
        ("Koelwatertemperatuur", "temperature"),
        ("Napięcie silnika", "voltage"),
        ("Przepływ wody", "flow"),
        ("Draaiuren pomp", "hours"),
    ],
)
def test_a_measurement_that_looks_like_something_else(name: str, measurand: str) -> None:
    found = measure(Point("x", name))
    assert (found.measurand, found.known) == (measurand, True)


@pytest.mark.parametrize("name", ["Wasserzähler Durchfluss gesamt", "Total flow", "Stromzähler"])
def test_a_counter_is_not_taken_for_its_rate(name: str) -> None:
    assert not measure(Point("x", name)).known


@pytest.mark.parametrize(
    ("name", "measurand"),
    [
        ("Flow [m3/h]", "flow"),  # the unit stands in the name, and its "h" and "min" are no words
        ("Feed [mm/min]", ""),
        ("Vitesse (tr/min)", "speed"),
        ("Pressure in bar", "pressure"),
        ("Current fan speed", "speed"),  # "current" is no current where another measurand follows
        ("Temperatura corriente del horno", "temperature"),
        ("Courant du bus", "current"),  # but it is one where it leads
        ("Portata aria esterna", "flow"),
        ("Débit refoulement", "flow"),
        ("Power.Frequency", "frequency"),  # of a path the last part speaks
        ("METER01.Power.Reactive", "reactive_power"),
        ("Druckmesswert", "pressure"),
        ("Flow temperature", "temperature"),
        ("Differenzdruck Filter", "pressure"),
    ],
)
def test_words_are_read_by_where_they_stand(name: str, measurand: str) -> None:
    found = measure(Point("x", name))
    assert (found.measurand if found.known else "") == measurand


@pytest.mark.parametrize(
    "name",
    [
        "Schaltdifferenz Kessel", "Différence de température", "Delta T boiler",  # no temperature
        "Current control", "Temperature sensor status", "État de la tension",  # states
        "Low battery voltage", "Niedrige Spannung", "温度高", "電池低電圧",  # what a switch says
        "Overcurrent", "Übertemperatur", "Sovracorrente", "Surtension",
        "Start temperature", "Anlaufdrehzahl", "Température de commutation",
        "Velocidad requerida", "Wymagana prędkość", "Vereiste snelheid",
        "Temperatura protezione", "Frostschutztemperatur", "额定电流", "目標温度", "電流制限",
        "Funktionswert H2",  # a terminal, no hydrogen
    ],
)  # fmt: skip
def test_what_only_speaks_of_a_value_is_none(name: str) -> None:
    assert not measure(Point("x", name)).known


def test_a_phrase_with_a_word_that_is_not_known_is_left_alone_unless_a_unit_supports_it() -> None:
    assert not measure(Point("x", "Quibbled motor current")).known
    assert measure(Point("x", "Quibbled motor current", unit="AMP")).measurand == "current"
    assert measure(Point("x", "Quibbled_Motor_Current")).measurand == "current"  # a tag, no phrase
    assert measure(Point("x", "Drive motor current")).measurand == "current"


@pytest.mark.parametrize(
    "name", ["Nachttemperatur", "day temperature T3", "température d'urgence", "Noodtemperatuur"]
)
def test_what_holds_at_a_time_of_day_or_in_an_emergency_is_a_setting(name: str) -> None:
    assert read_name(name).kind == "doubtful"


@pytest.mark.parametrize("name", ["Tagesenergie", "energy of the day", "Energi idag"])
def test_what_is_counted_over_a_day_is_measured(name: str) -> None:
    assert measure(Point("x", name)).measurand == "energy"
    assert not read_name(name).kind


@pytest.mark.parametrize(
    ("name", "clear"),
    [
        ("Quorbeltemperatur", False),  # nobody knows what a Quorbel is: a thing, or a setting
        ("Abgastemperatur", True),
        ("Pufferspeichertemperatur", True),  # of two known words
        ("Heizungsvorlauftemperatur", True),  # joined by letters that belong to neither
        ("Drehmoment", True),  # a word of the dictionary itself
    ],
)
def test_a_compound_is_clear_where_each_part_of_it_is_known(name: str, clear: bool) -> None:
    assert read_name(name).unclear is not clear
    assert measure(Point("x", name)).known is clear


def test_a_unit_settles_a_compound_that_the_name_alone_does_not() -> None:
    assert measure(Point("x", "Quorbeltemperatur", unit="CEL")).measurand == "temperature"


def test_a_whole_word_at_the_length_of_a_cut_is_not_taken_for_a_part() -> None:
    name = "chauffage activé"
    assert len(name) == 16
    assert not read_name(name).scores  # once taken for "active p(ower)"


@pytest.mark.parametrize("name", ["Flöde", "Motorström", "Turtall vifte", "Lufttrykk"])
def test_swedish_and_norwegian_are_read(name: str) -> None:
    assert read_name(name).scores


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("Input voltage 1", frozenset({"input"})),
        ("Output current", frozenset({"output"})),
        ("Output power", frozenset({"output"})),
        ("Inlet temperature", frozenset({"suction"})),
        ("Outlet pressure", frozenset({"discharge"})),
        ("Battery voltage", frozenset({"battery"})),
    ],
)
def test_what_is_electrical_has_no_suction_side(name: str, places: frozenset[str]) -> None:
    assert measure(Point("x", name)).places == places


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("Temperatura de descarga", {"discharge"}),
        ("Presión de succión bomba", {"suction"}),
        ("Température de palier", {"bearing"}),
        ("Motor temp DE", {"bearing"}),
        ("Motor DE temp 2", {"bearing"}),
        ("Pump vib DE1", {"bearing"}),
        ("Temperatur in Halle", set()),
        ("Water in temp", {"suction"}),
        ("Saugdruck", {"suction"}),
        ("P-101 Enddruck", {"discharge"}),
        ("Ciśnienie na tłoczeniu", {"discharge"}),
        ("Temperatura łożyska", {"bearing"}),
        ("Zuigdruk pomp", {"suction"}),
    ],
)
def test_a_preposition_is_no_drive_end(name: str, places: set[str]) -> None:
    assert read_name(name).places == places


@pytest.mark.parametrize(
    "name", ["Output power status", "Input voltage", "Motor running", "Charger fault"]
)
def test_a_numbered_word_is_no_quantity_whatever_its_name_speaks_of(name: str) -> None:
    said = measure(Point("1.3.6.1.4.1.9999.1", name, type="Enumeration"))
    assert (said.measurand, said.process) == ("", True)
    assert measure(Point("1", name, type="Enumeration", signal="running")).measurand == "running"


@pytest.mark.parametrize(
    ("name", "measurand"),
    [
        ("PC_01.Run_Rem", ""),  # pond 1, no pressure controller's value
        ("PC_01.Volt_L1", "voltage"),
        ("LIC101/OUT", ""),  # what the controller gives
        ("FIC101.SP", ""),
        ("TT-101.PV", "temperature"),
        ("Area 3/FIT200/F_CV", "flow"),
        ("10LAC10CT001.Value", "temperature"),
        ("SILO_A.LT001.PV", "level"),
    ],
)
def test_a_tag_within_a_path_speaks_for_its_own_value_only(name: str, measurand: str) -> None:
    found = measure(Point("x", name))
    assert (found.measurand if found.known else "") == measurand


@pytest.mark.parametrize("name", ["S7_1500.CPU.Load", "S7_1500.PLC01.CPU.Memory.Used", "P3/Share"])
def test_a_letter_of_what_is_above_is_no_measurand(name: str) -> None:
    assert not measure(Point("x", name, unit="%")).known


@pytest.mark.parametrize(
    "name",
    [
        "PLC_AO_POWER_1",  # an analogue output
        "AXIS_1_SPD_SV",  # a set value
        "Drum Level Controller Output",
        "Stp_Niv_Desc",
        "POWER_1_ACT_I",  # the current of supply 1
        "TOTFLOW",
        "CLG-MAXFLOW",
    ],
)
def test_what_is_set_summed_or_of_a_supply_is_left_alone(name: str) -> None:
    assert not measure(Point("x", name)).known


def test_words_of_air_handling_and_hydraulics_leave_a_value_a_value() -> None:
    names = {
        "Pression statique air soufflé dans gaines": "pressure",
        "Débit volumique air de reprise": "flow",
        "temperatura centralina olio": "temperature",
        "Pump_1_EM_1_VRY": "voltage",  # between the phases red and yellow
    }
    assert {name: measure(Point("x", name)).measurand for name in names} == names


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Temperatura ajustada", "setpoint"), ("Temperatura ajustado", "setpoint"),
        ("Ajuste de temperatura", "setpoint"), ("Temperatura di riferimento", "setpoint"),
        ("Temperatura de referencia", "setpoint"), ("Temperatura de referência", "setpoint"),
        ("Temperatura referencyjna", "setpoint"), ("Referentietemperatuur", "setpoint"),
        ("Referenztemperatur", "setpoint"), ("Température de référence", "setpoint"),
        ("Temperatura regolata", "setpoint"), ("TIC101_SV", "setpoint"), ("Speed ref", "setpoint"),
        ("TT-101 HI", "limit"), ("TT-101_LO", "limit"), ("temp_hi1", "limit"),
        ("LO pressure", ""), ("Hi-speed temp", ""),
        ("Escala de temperatura", "limit"), ("Temp scaling factor", "parameter"),
        ("Facteur température", "parameter"), ("Power factor", ""), ("Facteur de puissance", ""),
        ("Factor de potencia", ""), ("Współczynnik mocy", ""),
        ("Przepływ suma", "total"), ("Caudal suma", "total"), ("Portata somma", "total"),
        ("Soma da vazão", "total"), ("Refrigerant temperature", ""),
    ],
)  # fmt: skip
def test_set_values_ranges_and_totals_in_eight_languages(name: str, kind: str) -> None:
    assert read_name(name).kind == kind


def test_a_sum_of_a_rate_is_a_measurement() -> None:
    assert measure(Point("x", "Potencia suma", unit="KWT")).known
    assert not measure(Point("x", "Caudal suma", unit="MTQ")).known


@pytest.mark.parametrize(
    "name", ["Drive end bearing temp", "Non-drive end temperature", "NonDriveEnd_Temp"]
)
def test_the_end_of_a_shaft_is_a_place_and_no_doubt(name: str) -> None:
    found = read_name(name)
    assert (found.kind, found.places & {"bearing"}) == ("", {"bearing"})


def test_a_negation_is_of_states_only() -> None:
    assert read_name("Not running").kind == "doubtful"
    assert read_name("readable, not interpretable: no register map").kind == ""
    assert read_name("Temperature not ok").kind != "doubtful"


@pytest.mark.parametrize(
    ("semantic", "name", "measurand", "match"),
    [
        # "UA" of the namespace is no voltage of phase A.
        ("http://opcfoundation.org/UA/PADIM/#AnalogSignalVariableType", "Pressure", "pressure", ""),
        ("http://opcfoundation.org/UA/IOLink/#ProcessDataVariableType", "Data", "", ""),
        ("http://vendor.example/UA/Types#TemperatureVariableType", "x", "temperature", "typed"),
        ("http://vendor.example/UA/Types#SpeedType", "x", "speed", "typed"),
    ],
)
def test_a_companion_type_speaks_by_its_own_name(
    semantic: str, name: str, measurand: str, match: str
) -> None:
    found = measure(Point("x", name, type="Double", semantic=semantic))
    assert (found.measurand, found.kind) == (measurand, "")
    assert (found.match == "typed") == (match == "typed")
