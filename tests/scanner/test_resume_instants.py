"""Killed at every instant: whatever was on record is not asked for again, and nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from protocols.contract import Observation, Outcome
from tests.scanner.test_resume import DEVICES, MOVING, PLANT, data
from tests.support.virtual import Walked, walked

THEIRS, OURS = "127.32.1.", "127.54.1."  # addresses that only these tests listen on
OPTIONS: dict[str, Any] = {"depth": "points", "names": ("snmp-public",)}
GOODBYE = "close_session"  # of a session that is gone nothing can be said
PAGED = {"station": 1}
"""A list that comes in fragments is asked for again from its first one."""
STEP = {"plc": 6, "switch": 2, "cell": 1, "station": 1}
"""Every so many observations the scan is killed; sessions at each one."""


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("instants") / "cut.toml"
    file.write_text(PLANT.replace(THEIRS, OURS), encoding="utf-8")
    return str(file)


def known(items: tuple[Observation, ...]) -> set[tuple[object, ...]]:
    """What observations say, without times, repetitions and what was not asked."""
    said: set[tuple[object, ...]] = set()
    for item in items:
        if item.outcome is not Outcome.NOT_ASKED and item.question.operation != GOODBYE:
            said.add((item.target, item.question, item.outcome, item.items))
        said |= {(f.name, f.value, f.part) for f in item.facts if f.name not in MOVING}
        said |= {(p.address, p.name, p.type, p.access) for p in item.points}
        said |= {("sample", s.point, s.quality) for s in item.samples}
    return said


@pytest.mark.parametrize("name", STEP)
def test_killed_at_any_instant_nothing_on_record_is_asked_again(
    name: str, plant: str, tmp_path: Path
) -> None:
    options = {**OPTIONS, "targets": (DEVICES[name][0].replace(THEIRS, OURS),)}
    whole = walked(plant, tmp_path, **options)

    def scan(past: tuple[Observation, ...] = (), most: int | None = None) -> Walked:
        return walked(plant, tmp_path, past=past, most=most, shift=whole.shift, **options)

    assert sum(data(whole.functions).values()) >= 2
    for most in range(1, len(whole.stored), STEP[name]):
        cut = scan(most=most)
        assert len(cut.stored) == most
        resumed = scan(past=cut.stored)
        again = data(cut.functions + resumed.functions) - data(whole.functions)
        assert sum(again.values()) <= PAGED.get(name, 0), (most, cut.stored[-1].question, again)
        assert known((*cut.stored, *resumed.stored)) == known(whole.stored), most
