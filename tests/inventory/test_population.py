"""Chapman's estimate against populations that are known, and when it is refused."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from inventory.judge.openness import protocols
from inventory.model import Device, Evidence, RegisterRow, Service
from inventory.population import estimate
from inventory.readiness.register import Register
from protocols.contract import Outcome


def test_the_formula_and_its_bounds() -> None:
    found = estimate(30, 40, 20)
    assert found.likely == pytest.approx(31 * 41 / 21 - 1)
    deviation = (31 * 41 * 10 * 20 / (21**2 * 22)) ** 0.5
    assert found.high == pytest.approx(found.likely + 1.96 * deviation)
    assert found.low == pytest.approx(max(50, found.likely - 1.96 * deviation))
    assert str(found).startswith(f"{found.likely:.0f} (50 to ")


def test_lists_that_agree_leave_nothing_to_guess() -> None:
    found = estimate(20, 20, 20)
    assert (found.likely, found.low, found.high) == (20, 20, 20)


@pytest.mark.parametrize(
    ("declared", "found", "shared", "from_scan", "why"),
    [
        (0, 40, 0, False, "no register"),
        (30, 40, 6, False, "share 6 devices, 7 are needed"),
        (30, 40, 1, False, "share 1 device, 7 are needed"),
        (30, 40, 20, True, "made from a scan"),
    ],
)
def test_it_is_refused(declared: int, found: int, shared: int, from_scan: bool, why: str) -> None:
    assert why in str(estimate(declared, found, shared, from_scan))
    assert not estimate(30, 40, 7).refused


def test_the_bounds_hold_the_truth_in_most_populations() -> None:
    draw, held = random.Random(7), 0
    for _ in range(400):
        declared = {n for n in range(120) if draw.random() < 0.6}
        seen = {n for n in range(120) if draw.random() < 0.5}
        said = estimate(len(declared), len(seen), len(declared & seen))
        held += said.low <= 120 <= said.high
    assert held >= 0.9 * 400


def device(key: str, seen: bool, declared: bool, **more: object) -> Evidence:
    row = RegisterRow(tag=key, document="register.csv sha256:1a2b") if declared else None
    about = Device(key, "site", seen=seen, register=row, **more)  # type: ignore[arg-type]
    return Evidence(about, (), (), ())


def test_what_is_counted_is_what_was_asked_itself() -> None:
    name = next(iter(protocols()))
    silent = Service(name, "tcp", 1, outcome=Outcome.SILENT)
    census = Register()
    census.device(device("a", seen=True, declared=True))
    census.device(device("b", seen=True, declared=False))
    census.device(device("c", seen=False, declared=True, services=(silent,)))
    census.device(device("d", seen=False, declared=True))  # nobody asked it
    census.device(device("e", seen=True, declared=True, parent="gateway"))
    assert (census.listed, census.found, census.shared, census.from_scan) == (2, 2, 1, False)
    exported = device("f", seen=True, declared=True)
    assert exported.device.register is not None
    row = replace(exported.device.register, document="untrap-assets.csv sha256:1a2b")
    census.device(replace(exported, device=replace(exported.device, register=row)))
    assert census.from_scan
