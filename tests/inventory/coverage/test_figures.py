"""Failure-mode coverage reproduces the figures of the domain model 4.2."""

from __future__ import annotations

import pytest

from inventory.judge.coverage import best_next, coverage_of, matrices
from inventory.judge.profiles import classes, profile

PARTIAL = [
    ("electric motor", "current voltage speed torque power", (7, 5), 0.75),
    ("electric motor", "current vibration temperature", (9, 6), 0.94),
    ("electric motor", "current", (7, 0), 0.44),
    ("pump", "vibration", (8, 0), 0.62),
    ("pump", "pressure_or_vacuum speed power", (4, 4), 0.62),
    ("fan", "speed power pressure_or_vacuum", (4, 4), 0.57),
    ("compressor", "pressure_or_vacuum temperature power", (7, 3), None),
    ("power transformer", "amps/_volts/_load temperature", (8, 3), 0.52),
    ("power transformer", "amps/_volts/_load temperature dissolved_gas_analysis", (11, 7), 0.86),
]
REQUIRED = [
    ("electric motor", "current vibration temperature", 0.94),
    ("pump", "vibration pressure_or_vacuum power", 0.92),
    ("compressor", "vibration pressure_or_vacuum temperature speed", 1.0),
    ("fan", "vibration pressure_or_vacuum speed temperature", 1.0),
    ("steam turbine", "vibration temperature speed", 1.0),
    ("industrial gas turbine",
     "vibration speed output_power exhaust_temperature compressor_pressure"
     " fuel_pressure/_fuel_flow",
     0.94),
    ("reciprocating internal combustion engine",
     "vibration cylinder_pressure exhaust_pressure engine_temperature", 0.81),
    ("electric generator", "current voltage vibration temperature", 1.0),
    ("power transformer", "amps/_volts/_load temperature dissolved_gas_analysis", 0.86),
]  # fmt: skip


def names(text: str) -> list[str]:
    return [name.replace("_", " ") for name in text.split()]


@pytest.mark.parametrize(("cls", "present", "counts", "value"), PARTIAL)
def test_partial_sets(cls: str, present: str, counts: tuple[int, int], value: float | None) -> None:
    matrix = matrices()[cls]
    assert matrix.counts(names(present))[0] == counts[0]
    if value is not None:
        assert matrix.counts(names(present)) == counts
        assert matrix.coverage(names(present)) == pytest.approx(value, abs=0.006)


@pytest.mark.parametrize(("cls", "present", "value"), REQUIRED)
def test_required_sets_pass_both_targets(cls: str, present: str, value: float) -> None:
    found = matrices()[cls].coverage(names(present))
    assert found == pytest.approx(value, abs=0.006)
    assert found > 0.8


def test_the_matrices_hold_470_positive_cells() -> None:
    cells = sum(len(places) for m in matrices().values() for places in m.responds.values())
    assert cells == 470
    assert len(matrices()) == 10


def test_the_fan_ceiling_is_nine_of_ten() -> None:
    matrix = matrices()["fan"]
    assert matrix.counts(matrix.online)[0] == 9


def test_twenty_eight_classes() -> None:
    assert len(classes()) == 28


def test_best_next_sensor_of_a_motor_on_current_alone_is_not_current() -> None:
    about = profile("motor")
    assert about is not None
    assert best_next(about, matrices()["electric motor"], frozenset({"current"})) == "vibration"


def test_unknown_signals_widen_the_interval() -> None:
    about = profile("motor")
    assert about is not None
    found = coverage_of(about, frozenset({"current"}), frozenset({"current", "vibration"}))
    assert found is not None
    assert found.lo == pytest.approx(0.44, abs=0.01)
    assert found.hi > found.lo
