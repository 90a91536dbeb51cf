"""Units as people write them."""

from __future__ import annotations

import pytest

from inventory.signals.points import measure
from inventory.signals.units import rows, spoken, unit_of
from protocols.contract import Point


@pytest.mark.parametrize(
    ("said", "shown"),
    [("C16", "mm/s"), ("MQH", "m³/h"), ("CEL", "°C"), ("bar", "bar"), ("", ""), ("ell", "ell")],
)
def test_a_code_is_shown_by_its_symbol_and_any_other_text_as_it_is(said: str, shown: str) -> None:
    assert spoken(said) == shown


def test_a_symbol_that_is_shown_means_the_unit_of_its_code() -> None:
    for row in rows("units.csv"):
        assert unit_of(spoken(row["code"])) == unit_of(row["code"])


@pytest.mark.parametrize(
    ("name", "unit", "measurand"),
    [
        ("Motor power", "PS", "power"),  # horse power, as Germans write it
        ("Motor power", "HP", "power"),
        ("Discharge pressure", "PS", "pressure"),  # the code of psi
        ("Filter pressure", "HP", "pressure"),  # the code of a millimetre of water
        ("Temperature", "PS", ""),
    ],
)
def test_a_code_that_is_a_symbol_of_something_else_is_what_the_name_says(
    name: str, unit: str, measurand: str
) -> None:
    found = measure(Point("x", name, unit=unit))
    assert (found.measurand, found.conflict) == (measurand, not measurand)
