"""How long deriving assets takes for 1k, 10k and 100k devices with 20 points each.

    python -m benchmarks.derive [--judge] [1000 10000 100000]

One rule keeps it simple: figures are printed, never asserted; growth is shown as a ratio.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from inventory.conclude import conclude, refresh
from inventory.model import Scan
from inventory.store import Store
from protocols.contract import (
    Fact,
    Observation,
    Outcome,
    Point,
    Question,
    Sample,
    Target,
    digest,
)

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
POINTS = 20


def observations(count: int) -> Iterator[Observation]:
    """Three questions per device: identity, points with values, and a closed port."""
    for n in range(count):
        address = f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
        target = Target("plant", address, "tcp", 502)
        when = START + timedelta(milliseconds=n)
        facts = tuple(
            Fact(name, value, f"modbus 43/14 object 0x0{i}")
            for i, (name, value) in enumerate(
                (
                    ("vendor", "Acme"),
                    ("product", f"PLC {n % 40}"),
                    ("firmware", f"2.{n % 7}"),
                    ("serial", f"SN{n:08}"),
                    ("name", f"plc-{n}"),
                )
            )
        )
        raw = f"identity of {n}".encode()
        asked = Question("modbus", "43/14", "", "")
        yield Observation(
            "bench", "here", target, asked, Outcome.COMPLETE, when, 0, facts=facts, raw=raw,
            digest=digest(raw),
        )  # fmt: skip
        names = [f"holding:{i}" for i in range(POINTS)]
        points = tuple(Point(a, f"Flow {a}", unit="MQH", type="float32", access="r") for a in names)
        samples = tuple(Sample(a, 1.5 + n, received_time=when) for a in names)
        yield Observation(
            "bench", "here", target, Question("modbus", "3"), Outcome.COMPLETE, when, 1,
            points=points, samples=samples, items=POINTS,
        )  # fmt: skip
        other = Target("plant", address, "tcp", 4840)
        yield Observation(
            "bench", "here", other, Question("opcua", "endpoints"), Outcome.CLOSED, when, 2
        )


def measure(count: int, judge: bool) -> dict[str, float]:
    """Seconds and megabytes of each step for so many devices."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        with Store.open(path, "plant") as store:
            store.begin_scan(Scan("bench", "plant", "here", START))
            found: dict[str, float] = {"devices": count}
            found["store"] = _timed(lambda: _store(store, count))
            found["derive"] = _timed(lambda: refresh(store))
            found["again"] = _timed(lambda: refresh(store))
            found["evidence"] = _timed(lambda: sum(1 for _ in store.evidences()))
            if judge:
                found["all"] = _timed(lambda: conclude(store, again=True))
        found["file_mb"] = path.stat().st_size / 1e6
    found["memory_mb"] = peak_megabytes()
    return found


def peak_megabytes() -> float:
    """Peak memory of this process (VmHWM, Linux); `getrusage` would count the parent's too."""
    lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _store(store: Store, count: int) -> None:
    batch: list[Observation] = []
    for one in observations(count):
        batch.append(one)
        if len(batch) >= 5_000:
            store.append(batch)
            batch.clear()
    store.append(batch)


def _timed(work: object) -> float:
    started = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - started


def main() -> None:
    """Prints one JSON line per size, and the growth from one to the next."""
    judge = "--judge" in sys.argv
    sizes = [int(text) for text in sys.argv[1:] if text.isdigit()] or [1_000, 10_000, 100_000]
    before: dict[str, float] = {}
    for size in sizes:
        found = measure(size, judge)
        if before:
            growth = found["devices"] / before["devices"]
            found["growth"] = found["derive"] / before["derive"] / growth
        print(json.dumps({name: round(value, 2) for name, value in found.items()}), flush=True)
        before = found


if __name__ == "__main__":
    main()
