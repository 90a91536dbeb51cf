"""The benchmark of large inventories on a small one, and that reading one needs no more memory."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.large import judged
from benchmarks.scale import fill, growth, machines, measure, observations, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_every_size_is_measured_and_compared(tmp_path: Path) -> None:
    found = run(40, tmp_path, (("gaps", "--json"),))
    figures = found["gaps --json (cold)"]
    assert isinstance(figures, dict)
    assert figures["cpu_seconds"] > 0
    assert figures["peak_mb"] > 10
    assert growth(found, found)["gaps --json (cold)"] == pytest.approx(1)


def test_the_plant_has_siblings_devices_of_their_own_and_machines() -> None:
    several = list(observations(6))
    listings = [one for one in several if one.points]
    assert len(listings) == 6
    assert len({one.points for one in listings}) == 3  # four siblings, and two that are like none
    assert len(list(machines(100))) == 4


def test_the_largest_size_is_held_to_its_targets_and_all_are_shown() -> None:
    found = [
        {
            "devices": size,
            "gaps --json (cold)": _figures(size / 2_000, 500),
            "assets --json": _figures(1, 60),
            "file_mb": size // 70,
        }
        for size in (1_000, 10_000, 100_000)
    ]
    row = judged(found)
    assert [one["met"] for one in row["targets"]] == [True] * 5
    assert row["notes"][0].count("\n") == 1 + 2 * 3
    slow = [*found[:2], found[2] | {"gaps --json (cold)": _figures(90, 2_000)}]
    assert [one["met"] for one in judged(slow)["targets"]] == [False, False, False, True, True]


def _figures(seconds: float, megabytes: int) -> dict[str, object]:
    return {
        "wall_seconds": seconds, "cpu_seconds": seconds, "peak_mb": megabytes, "processes": 1,
        "load": 0.5,
    }  # fmt: skip


@pytest.mark.soak
@pytest.mark.parametrize(
    "words", [("assets", "--json"), ("points", "--json"), ("export", "csv"), ("export", "json")]
)
def test_reading_ten_times_as_much_needs_no_more_memory(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    peaks = []
    for count in (1_000, 10_000):
        database = tmp_path / f"{count}.db"
        fill(database, count)
        measure(database, ("gaps",))
        peak = measure(database, words)["peak_mb"]
        assert isinstance(peak, int)
        peaks.append(peak)
    assert peaks[1] - peaks[0] < 30  # ten times as many would be some 80 MB more if they were held
