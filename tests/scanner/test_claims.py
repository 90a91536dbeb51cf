"""A register map for a unit that says nothing of itself, by what the register says of it."""

from __future__ import annotations

import pytest

from inventory.model import Declaration, Kind
from protocols.contract import Fact, MapEntry
from protocols.modbus.maps import fitting
from scanner.planning.prepare import known
from tests.inventory.making import listed, stated

BOX = listed(tag="GW", vendor="Moxa", model="MB", address="10.0.0.7")


def line(vendor: str = "Acme", model: str = "Q3", **more: str) -> Declaration:
    return stated(
        Kind.MAP, f"{vendor} {model} holding 0", vendor=vendor, model=model, table="holding",
        address="0", type="uint16", name="Voltage", **more,
    )  # fmt: skip


def lines(*declarations: Declaration, at: str = "10.0.0.7") -> tuple[MapEntry, ...]:
    found = known(declarations)
    return (*found.maps, *found.claimed.get(at, ()))


def chosen(entries: tuple[MapEntry, ...], unit: int, **said: str) -> str:
    found = fitting([Fact(name, value, "43/14") for name, value in said.items()], entries, unit)
    return found.by if found else ""


def test_the_register_names_the_model_of_a_unit_that_names_none() -> None:
    row = listed(tag="M", vendor="ACME", model="q3", unit="3", parent="GW")
    entries = lines(BOX, row, line())
    assert chosen(entries, 3) == "vendor and model that the register states"
    assert chosen(entries, 4) == ""  # another unit
    assert chosen(lines(BOX, row, line(), at="10.0.0.8"), 3) == ""  # another gateway


@pytest.mark.parametrize("said", [{"vendor": "Other"}, {"model": "Q4"}, {"product": "Meter"}])
def test_what_a_unit_says_of_itself_goes_over_the_register(said: dict[str, str]) -> None:
    row = listed(tag="M", vendor="Acme", model="Q3", unit="3", parent="GW")
    assert chosen(lines(BOX, row, line()), 3, **said) == ""


def test_a_unit_that_states_the_model_is_read_by_the_same_map_once() -> None:
    row = listed(tag="M", vendor="Acme", model="Q3", unit="3", parent="GW")
    entries = lines(BOX, row, line())
    found = fitting([Fact("vendor", "Acme", ""), Fact("model", "Q3", "")], entries, 3)
    assert found is not None
    assert (len(found.entries), found.by) == (1, "vendor, model and firmware that it stated")


@pytest.mark.parametrize(
    ("row", "map_line"),
    [
        ({"vendor": "Acme"}, line()),  # no model: it may be any
        ({"vendor": "Acme", "model": "Q4"}, line()),
        ({"vendor": "Acme", "model": "Q3"}, line(firmware="2.0")),  # no row holds a firmware
        ({"vendor": "Acme", "model": "Q3"}, line(unit="4")),
        ({"vendor": "Acme", "model": "Q3", "class_": "pump"}, line()),
    ],
)
def test_half_a_word_chooses_no_map(row: dict[str, str], map_line: Declaration) -> None:
    told = listed(tag="M", unit="3", parent="GW", **row)
    assert chosen(lines(BOX, told, map_line), 3) == ""


def test_a_device_without_units_is_itself_at_the_usual_ones() -> None:
    row = listed(tag="M", vendor="Acme", model="Q3", address="10.0.0.7")
    entries = lines(row, line())
    assert [bool(chosen(entries, unit)) for unit in (0, 1, 255, 3)] == [True, True, True, False]


def test_a_meter_behind_a_gateway_of_no_known_unit_claims_none() -> None:
    row = listed(tag="M", vendor="Acme", model="Q3", parent="GW")
    assert not known([BOX, row, line()]).claimed
