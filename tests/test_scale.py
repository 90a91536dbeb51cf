"""The benchmark of large inventories on a small one, and that reading one needs no more memory."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.figures import LAB
from benchmarks.large import judged
from benchmarks.scale import fill, growth, machines, measure, observations, run
from benchmarks.stage import played
from benchmarks.tools import untrap
from inventory.conclude import conclude
from inventory.judge.workers import FEW, Workers
from inventory.model import Kind
from inventory.shares import derived
from inventory.store import Store
from protocols.contract import compact
from tests.inventory.test_conclude import contents
from tests.support.database import sqlite

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


@pytest.mark.soak
@pytest.mark.timeout(1_200)
def test_a_scan_of_4600_devices_concludes_in_shares_what_one_process_derives_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned, once = tmp_path / "bench.db", tmp_path / "once.db"
    with played(LARGE, tmp_path) as here:
        done = untrap(LARGE, here, tmp_path, "bench", *LAB)
    assert done.measured.code == 0, done.measured.err
    with Store.open(scanned, "default", create=False) as store:
        (site,) = store.sites()
    with sqlite(scanned) as made, sqlite(once) as copied:
        made.backup(copied)
        copied.execute("DELETE FROM declaration WHERE kind = 'key'")
    today = datetime.now(UTC)
    with Store.open(scanned, site) as store:
        assert len(store.addresses(FEW + 1)) > FEW
        assert store.devices_count() >= 4_600
        keys = recorded(store)
        conclude(store, today=today, again=True)  # by now with keys on record
        shares = contents(store)
        with Workers(store, 0) as crew:
            assert derived(store, crew)  # so it was done above: nothing asks for the whole
    monkeypatch.setattr("inventory.judge.workers.FEW", 1_000_000)
    with Store.open(once, site) as store:
        conclude(store, today=today, again=True)
        assert contents(store) == shares
        assert recorded(store) == keys  # which the scan recorded, in its shares


LARGE = "generate:4600,seed=7,prefix=127.24,protocols=modbus+snmp"


def recorded(store: Store) -> list[tuple[str, str, str]]:
    """The keys on record, in their order."""
    keys = store.declarations(None, Kind.KEY)
    return [(one.id, one.subject, compact(dict(one.fields))) for one in keys]
