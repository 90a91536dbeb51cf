"""What a listing says together: names of machines, words said of values, units that contradict."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from inventory.judge.fitting import could_be
from inventory.judge.profiles import profile, signal_of
from inventory.signals.habits import LONGEST_GAP, MOST_PIECES, gaps, votes
from inventory.signals.listing import Listing
from inventory.signals.names import read_name
from inventory.signals.points import Meaning, has_meaning, measure
from protocols.contract import Point


def read(*names: str, units: Sequence[str] = (), path: str = "") -> dict[str, Meaning]:
    """What each of the names measures when they stand in one listing."""
    given = [*units, *[""] * (len(names) - len(units))]
    points = [
        Point(f"a{place}", name, f"{path}/{name}" if path else "", unit=unit)
        for place, (name, unit) in enumerate(zip(names, given, strict=True))
    ]
    return {point.name: meaning for point, meaning in Listing(tuple(points)).measured}


def known(found: dict[str, Meaning]) -> dict[str, str]:
    return {name: meaning.measurand for name, meaning in found.items() if meaning.known}


def is_unclassified(meaning: Meaning) -> bool:
    return not (meaning.measurand or meaning.candidates or meaning.kind)


# --- names of machines and lines -----------------------------------------------------------


def test_a_word_beside_differing_measurands_is_a_name_and_the_word_behind_it_is_read() -> None:
    assert not measure(Point("x", "POWER_1_TEMP")).known  # alone it says two things
    found = read("POWER_1_TEMP", "POWER_1_PRESSURE", "POWER_1_FLOW")
    assert known(found) == {
        "POWER_1_TEMP": "temperature",
        "POWER_1_PRESSURE": "pressure",
        "POWER_1_FLOW": "flow",
    }


def test_what_stands_behind_such_a_name_and_says_nothing_is_open() -> None:
    assert measure(Point("x", "Level_Foo")).known
    found = read("Level_Foo", "Level_Temp", "Level_Pressure")
    assert is_unclassified(found["Level_Foo"])
    assert known(found) == {"Level_Temp": "temperature", "Level_Pressure": "pressure"}


@pytest.mark.parametrize("name", ["M-2 Xyz", "M-2 Wert 17"])
def test_the_number_of_a_machine_says_nothing_of_what_is_behind_it(name: str) -> None:
    others = ("M-2 Temperature", "M-2 Pressure")
    assert measure(Point("x", name)).candidates == ("torque",)  # by its letter, alone
    assert is_unclassified(read(name, *others)[name])
    points = [Point(f"a{place}", one) for place, one in enumerate((name, *others))]
    assert Listing(tuple(points)).unclassified
    assert not Listing(tuple(points[1:])).unclassified


def test_the_value_itself_behind_such_a_name_is_the_value() -> None:
    assert "Flow.PV" in known(read("Flow.PV", "Flow.Temp", "Flow.Pressure"))
    assert "Flow" in known(read("Flow", "Flow_Temp", "Flow_Pressure"))
    assert "Flow rate" in known(read("Flow rate", "Flow temp", "Flow pressure"))


@pytest.mark.parametrize(
    "names",
    [
        ("Temp_Oil", "Temp_Water", "Temp_Air"),  # places of one measurand
        ("Temp_1_Max", "Temp_1_Min", "Temp_1", "Temp_2"),
        ("Motor_Temp", "Motor_Current", "Motor_Speed"),
        ("Power_L1", "Power_L2", "Power_L3"),
        ("Level_Running", "Level_Fault", "Level_Tank"),  # states are of anything
    ],
)
def test_a_measurand_before_its_places_stays_one(names: tuple[str, ...]) -> None:
    alone = {name: measure(Point("x", name)) for name in names}
    assert known(read(*names)) == known(alone)


def test_a_part_with_a_running_number_and_the_same_strange_words_is_an_instance() -> None:
    names = [f"LEVEL_{number}_{word}" for number in (1, 2) for word in ("Quux", "Zorg")]
    assert all(measure(Point("x", name)).known for name in names)
    assert not known(read(*names))


def test_the_pond_that_is_called_like_a_pressure_controller() -> None:
    names = [f"PC_0{pond}.{word}" for pond in (1, 2) for word in ("Run_Rem", "Level", "Temp")]
    assert set(known(read(*names)).values()) == {"level", "temperature"}


def test_a_folder_of_differing_values_says_nothing_of_the_one_that_is_not_known() -> None:
    path = "Objects/Plant/Druck 1"
    assert measure(Point("x", "Zorg", f"{path}/Zorg")).measurand == "pressure"
    found = read("Zorg", "Temperatur", "Drehzahl", path=path)
    assert is_unclassified(found["Zorg"])
    assert known(found) == {"Temperatur": "temperature", "Drehzahl": "speed"}


def test_a_tag_that_is_a_folder_speaks_for_its_own_value_only() -> None:
    path = "Objects/Plant/FIC_1303"
    found = read("PV", "CV", "Zorg", "OUTPUT_HIGH", path=path)
    assert known(found) == {"PV": "flow"}


# --- words that are said of values ---------------------------------------------------------


def test_a_word_that_stands_where_others_have_alarm_or_limit_is_said_of_the_value() -> None:
    names = [
        f"{machine}_{word}TEMP" for machine in ("MOTOR", "PUMP") for word in ("", "ALM_", "QRX_")
    ]
    assert measure(Point("x", "MOTOR_QRX_TEMP")).known
    found = read(*names)
    assert known(found) == {"MOTOR_TEMP": "temperature", "PUMP_TEMP": "temperature"}
    assert found["MOTOR_QRX_TEMP"].kind == "doubtful"


def test_a_unit_does_not_help_what_is_said_of_a_value() -> None:
    names = [
        f"{machine}_{word}TEMP" for machine in ("MOTOR", "PUMP") for word in ("", "MAX_", "QRX_")
    ]
    found = read(*names, units=["CEL"] * len(names))
    assert set(known(found)) == {"MOTOR_TEMP", "PUMP_TEMP"}


def test_one_place_is_not_enough() -> None:
    assert "MOTOR_QRX_TEMP" in known(read("MOTOR_TEMP", "MOTOR_ALM_TEMP", "MOTOR_QRX_TEMP"))


def test_a_word_may_mean_the_value_where_no_name_has_it_bare() -> None:
    """ "ARVO" stands where "SET" does, as the actual value always does."""
    names = [f"{m}_{w}_SPEED" for m in ("PR1", "PR4", "PR5") for w in ("ARVO", "SET")]
    assert set(known(read(*names))) == {"PR1_ARVO_SPEED", "PR4_ARVO_SPEED", "PR5_ARVO_SPEED"}


@pytest.mark.parametrize("word", ["ACT", "ACTUAL", "IST", "FDBK", "MISURA", "实际"])
def test_a_word_for_the_actual_value_is_none_of_those(word: str) -> None:
    names = [f"{m}_{w}_SPEED" for m in ("PR1", "PR4", "PR5") for w in (word, "SET", "MAX")]
    assert set(known(read(*names))) == {f"{m}_{word}_SPEED" for m in ("PR1", "PR4", "PR5")}


# --- units, tags, types --------------------------------------------------------------------


def test_a_word_that_units_contradict_loses_its_vote() -> None:
    names = ("Level_A", "Level_B", "Level_C")
    assert set(known(read(*names))) == set(names)
    assert not known(read(*names, units=["VLT", "AMP"]))
    assert "Level_C" in known(read(*names, units=["VLT", "MTR"]))  # as often supported


def test_a_unit_in_a_name_that_contradicts_it_is_a_word() -> None:
    found = measure(Point("x", "Temperature (min)"))
    assert (found.conflict, found.kind) == (False, "limit")
    assert measure(Point("x", "Temperature [bar]")).conflict


def test_letters_that_mean_other_things_too_are_a_loops_beside_tags_of_loops() -> None:
    loops = ("TT-101", "PT-102", "FT-103", "LT-104", "TT-105")
    assert not read("TI-201", "PI-202", *loops[:3])["TI-201"].measurand
    found = known(read("TI-201", "PI-202", "ST-203", "VT-204", *loops))
    assert (found["TI-201"], found["PI-202"]) == ("temperature", "pressure")
    assert not {"ST-203", "VT-204"} & set(found)  # a status and a transformer in the same plants


def test_what_goes_on_behind_a_tag_of_the_listing_is_about_it() -> None:
    loops = ("TT-101", "PT-102", "FT-103", "LT-104", "TT-105")
    found = known(read(*loops, "FT-103_Qrx", "TT-105 outlet"))
    assert "FT-103_Qrx" not in found
    assert "TT-105 outlet" in found
    assert "FT-103_Qrx" in known(read("FT-103_Qrx", *loops[:2]))


def test_a_time_is_no_temperature_where_names_begin_with_the_letter_of_their_type() -> None:
    names = ("fTemperature", "fPressure", "bRunning", "nCount", "tCycleTemp", "fSpeed")
    assert measure(Point("x", "tCycleTemp")).known
    assert "tCycleTemp" not in known(read(*names))
    assert "fTemperature" in known(read(*names))


# --- what holds for all of it --------------------------------------------------------------

MIXED = (
    "POWER_1_TEMP", "POWER_1_PRESSURE", "POWER_1_FLOW", "Level_Foo", "Level_Temp", "Level_Pressure",
    "MOTOR_TEMP", "MOTOR_ALM_TEMP", "MOTOR_QRX_TEMP", "PUMP_TEMP", "PUMP_ALM_TEMP", "PUMP_QRX_TEMP",
    "TT-101", "PT-102", "FT-103", "LT-104", "TT-105", "TI-201", "温度1", "Öldruck", "", "  ",
    "1_2_3",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_points_makes_no_difference(seed: int) -> None:
    shuffled = list(MIXED)
    random.Random(seed).shuffle(shuffled)
    assert read(*shuffled) == read(*MIXED)


def test_what_is_open_asks_a_question_and_denies_nothing() -> None:
    point = Point("x", "MOTOR_QRX_TEMP")
    meaning = read(*MIXED)["MOTOR_QRX_TEMP"]
    assert could_be(signal_of("temperature"), point, meaning, profile("motor"))


@pytest.mark.parametrize("signal", ["temperature", "pressure", "current", "running"])
def test_what_is_behind_the_name_of_a_machine_may_be_any_signal(signal: str) -> None:
    others = ("M-2 Temperature", "M-2 Pressure")
    found = read("M-2 Xyz", *others)
    assert could_be(signal_of(signal), Point("x", "M-2 Xyz"), found["M-2 Xyz"], profile("motor"))


@pytest.mark.parametrize("name", ["Start current", "Not running", "Anlauf"])
def test_a_doubtful_value_is_not_classified(name: str) -> None:
    plain = Point("a", "Temperature", unit="CEL")
    assert not Listing((plain,)).unclassified
    assert Listing((plain, Point("b", name))).unclassified


def test_only_who_reads_more_than_a_doubt_knows_what_a_value_is() -> None:
    for name, told in (("Anlauf", False), ("Start current", True), ("Temperature limit", True)):
        point = Point("holding:1", name)
        assert has_meaning(point, measure(point), typed_protocol=False) is told


def test_typed_and_mapped_meanings_are_left_alone() -> None:
    mapped = Point("a", "MOTOR_QRX_TEMP", signal="pressure")
    others = [Point(f"b{place}", name) for place, name in enumerate(MIXED)]
    found = dict(Listing((mapped, *others)).measured[:1])
    assert found[mapped] == measure(mapped)


def test_a_long_name_is_not_looked_at_word_by_word() -> None:
    name = "TEMP_1_" + "_".join(["QRX"] * 80)
    assert (gaps(name), votes(name)) == ((), ())
    most = "_".join(["TEMP", *["QRX"] * (MOST_PIECES - 1)])
    assert len(gaps(most)) <= LONGEST_GAP * MOST_PIECES


def test_a_hostile_listing_costs_a_few_readings_a_name() -> None:
    draw = random.Random(20261129)
    parts = ["temp", "press", "flow", "level", "alm", "qrx", "zorg", "pump", "1", "2", "x"]
    names = ["_".join(draw.choices(parts, k=9)) + f"_{place}" for place in range(600)]
    before = read_name.cache_info().misses
    read(*names)
    asked = read_name.cache_info().misses - before
    assert asked <= (MOST_PIECES + 2) * len(names)


def test_a_unit_in_a_name_counts_beside_a_type_and_a_map_too() -> None:
    typed = measure(Point("x", "Pressure [bar]", semantic="AnalogItemType"))
    assert (typed.measurand, typed.match) == ("pressure", "unit+name")
    assert measure(Point("x", "Temperature [bar]", signal="temperature")).conflict
