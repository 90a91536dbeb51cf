"""Failure-mode coverage reproduces the figures of the domain model 4.2."""

from __future__ import annotations

import pytest

from inventory.judge.coverage import best_next, coverage_of, matrices
from inventory.judge.profiles import classes, offline, profile

PARTIAL = [
    ("electric motor", "current voltage speed torque power", (7, 5), 0.75),
    ("electric motor", "current vibration temperature", (9, 6), 0.94),
    ("electric motor", "current", (7, 0), 0.44),
    ("pump", "vibration", (8, 0), 0.62),
    ("pump", "pressure_or_vacuum speed power", (4, 4), 0.62),
    ("pump", "pressure_or_vacuum speed power temperature", (5, 5), None),
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


ALONE = [
    ("electric motor", "current", 7, 9),
    ("electric motor", "vibration", 7, 9),
    ("electric motor", "temperature", 4, 9),
    ("pump", "vibration", 8, 8),
    ("pump", "temperature", 4, 8),
    ("pump", "speed", 4, 8),
    ("pump", "pressure_or_vacuum", 3, 8),
    ("pump", "power", 3, 8),
    ("compressor", "vibration", 9, 11),
    ("compressor", "temperature", 6, 11),
    ("compressor", "pressure_or_vacuum", 5, 11),
    ("fan", "vibration", 8, 10),
    ("steam turbine", "vibration", 9, 9),
    ("steam turbine", "temperature", 5, 9),
    ("steam turbine", "length_measurement", 3, 9),
    ("electric motor", "current vibration", 9, 9),
    ("compressor", "pressure_or_vacuum vibration", 11, 11),
    ("industrial gas turbine", "output_power vibration", 10, 10),
    ("reciprocating internal combustion engine",
     "cylinder_pressure exhaust_pressure vibration", 14, 14),
    ("electric generator", "current vibration", 9, 9),
]  # fmt: skip
"""The k of n of the table in 4.1, of single parameters and of the least that shows every mode."""


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


@pytest.mark.parametrize(("cls", "present", "shown", "modes"), ALONE)
def test_how_many_failure_modes_respond(cls: str, present: str, shown: int, modes: int) -> None:
    matrix = matrices()[cls]
    assert (matrix.counts(names(present))[0], len(matrix.modes)) == (shown, modes)


def test_a_fully_instrumented_transformer_reaches_its_ceiling() -> None:
    matrix = matrices()["power transformer"]
    assert matrix.raw(matrix.online) == pytest.approx(0.62, abs=0.006)
    assert matrix.coverage(matrix.online) == 1


def test_an_offline_parameter_that_is_measured_online_counts_and_moves_the_ceiling() -> None:
    """Pump: vibration shows 8 of 8 once; the length, 5 of them again; all that is online then,
    8 and 6 (without it 8 and 5)."""
    about = profile("pump")
    assert about is not None
    only = frozenset({"vibration"})
    length = frozenset({"length measurement"})
    before, after = coverage_of(about, only, only), coverage_of(about, only, only, cleared=length)
    assert before is not None
    assert after is not None
    assert (before.lo, after.lo) == (
        pytest.approx(8 / 13, abs=1e-3),
        pytest.approx(13 / 14, abs=1e-3),
    )
    everything = frozenset({"vibration", "speed", "temperature", "power", "pressure"})
    full = coverage_of(about, everything, everything, cleared=length)
    assert full is not None
    assert full.lo == 1
    other = coverage_of(about, only, only, cleared=frozenset({"oil debris/ contamination"}))
    assert other == before  # what another class calls so


def test_each_offline_parameter_can_be_named_as_a_signal() -> None:
    named = {name for listed in offline().values() for name in listed}
    offline_ones = {
        name for matrix in matrices().values() for name in matrix.responds.keys() - matrix.online
    }
    assert offline_ones - named == {"visual"}  # a person's look is no value
    assert named <= offline_ones


BEST = [
    # The gain over the effort (2 for what a drive knows, else 4), worked out by hand.
    ("motor", "current", "vibration"),  # 7/16/4; voltage 3/16/2
    ("motor", "current vibration", "voltage"),  # 2/16/2; power 1/16/2, temperature 1/16/4
    ("pump", "vibration", "speed"),  # 4/13/2; temperature 4/13/4, power 3/13/2
    ("pump", "pressure speed power", "vibration"),  # 4/13/4; temperature 1/13/4
    ("transformer", "current", "gas"),  # 10/21/4; temperature 7/21/4
    ("transformer", "current gas temperature", "vibration"),
]


@pytest.mark.parametrize(("cls", "present", "best"), BEST)
def test_the_best_next_sensor_adds_most_coverage_per_effort(
    cls: str, present: str, best: str
) -> None:
    about = profile(cls)
    assert about is not None
    found = coverage_of(about, frozenset(present.split()), frozenset(present.split()))
    assert found is not None
    assert found.best_next == best


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
