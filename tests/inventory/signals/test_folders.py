"""The place that only the folder of a value names, by the words of names in all their languages."""

from __future__ import annotations

import pytest

from inventory.judge.fitting import could_be, fits
from inventory.judge.openness import document
from inventory.judge.profiles import profile, signal_of
from inventory.signals.folders import folder_of
from inventory.signals.names import read_name
from inventory.signals.points import measure
from protocols.contract import Point


def placed(path: str, name: str = "Temperature", unit: str = "CEL") -> tuple[list[str], bool]:
    """The places of a value in a folder, and whether they may be where the machine stands."""
    said = measure(Point("ns=2;i=7", name, path=path, unit=unit, type="Double"))
    return sorted(said.places), said.near


@pytest.mark.parametrize(
    ("path", "places"),
    [
        ("Ambient", ["ambient"]),
        ("Objects/Ambient", ["ambient"]),
        ("Objects/Ambient/Temperature", ["ambient"]),  # a path may end in the value itself
        ("Objects\\Ambient\\temperature", ["ambient"]),
        ("Cabinet", ["cabinet"]),
        ("Room 2", ["room"]),
        ("Schaltschrank", ["cabinet"]),
        ("Raum 3", ["room"]),
        ("Außentemperatur", ["ambient"]),
        ("Armoire 2", ["cabinet"]),
        ("控制柜", ["cabinet"]),
        ("外気", ["ambient"]),
        ("Bearing DE", ["bearing"]),
        ("Lager 1", ["bearing"]),
        ("Winding", ["winding"]),
        ("Supply", ["supply"]),
        ("Rücklauf", ["return"]),
        ("In", ["suction"]),
        ("Out", ["discharge"]),
        ("CPU", ["controller"]),
        # What is no place of the value.
        ("", []),
        ("Ambient/Sensors", []),  # further out it may be where the machine stands
        ("Input", []),  # a controller's inputs
        ("Outputs/Eingang 3", []),
        ("Compressor 1", []),  # the machine itself
        ("L1", []),
        ("Line A", []),
        ("Load", []),
        ("M-101", []),
        ("Roomba", []),
    ],
)
def test_the_folder_says_the_place_where_the_name_says_none(path: str, places: list[str]) -> None:
    assert placed(path) == (places, False)


def test_the_words_of_the_name_are_nearer() -> None:
    assert placed("Cabinet", "Winding temperature") == (["winding"], False)
    assert placed("Ambient", "Ambient temperature") == (["ambient"], False)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Room 2", "Motor temperature"),
        ("Room 2", "MotorTemp"),
        ("Room 2", "M-101 temperature"),
        ("Raum 2", "TT-101"),
        ("Pump room", "Temperature"),
        ("Room of M-101", "Temperature"),
        ("Boiler room", "Temperature"),
    ],
)
def test_a_machine_beside_a_place_may_stand_there(path: str, name: str) -> None:
    assert placed(path, name) == (["room"], True)


def test_a_value_of_electricity_is_at_no_side_of_a_fluid() -> None:
    assert placed("In", "Voltage", "VLT") == (["input"], False)


def test_the_folder_of_a_path_that_ends_in_the_value_is_the_one_before() -> None:
    assert folder_of("Temp", "A/B/temp") == "B"
    assert folder_of("Temp", "A/B") == "B"
    assert folder_of("Temp", "Temp") == folder_of("Temp", "/") == ""


def test_every_word_of_a_place_that_a_name_knows_a_folder_knows_too() -> None:
    image = {"input", "output", "eingang", "ausgang"}
    for place, listed in document("names")["place"].items():
        for word in listed:
            in_name = read_name(word).places
            if place in ("load", "phase", "compressor") or place not in in_name or word in image:
                continue
            assert place in placed(word)[0], word


def test_what_a_folder_says_counts_for_a_machine() -> None:
    def said(path: str, name: str = "Temperature") -> tuple[bool | None, bool]:
        point = Point("ns=2;i=7", name, path=path, unit="CEL", type="Double")
        signal, about, meaning = signal_of("temperature"), profile("motor"), measure(point)
        fit = fits(signal, meaning, about)
        return fit, fit is not True and could_be(signal, point, meaning, about)

    assert said("M-101") == (True, False)
    assert said("Winding") == (True, False)
    for path in ("Ambient", "Cabinet", "Room 2"):
        assert said(path) == (False, False)
    assert said("Room 2", "M-101 temperature") == (None, True)
    assert said("Oil") == (None, True)
