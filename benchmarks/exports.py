"""How long each export takes, and how much memory it adds, for two sizes of inventory.

    python -m benchmarks.exports [1000 10000]

One rule keeps it simple: each export runs in a process of its own, so that the peak is its own;
figures are printed, never asserted, and growth is shown as a ratio.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.derive import START, observations
from inventory.conclude import refresh
from inventory.model import Scan
from inventory.outputs import Request, load
from inventory.store import Store
from protocols.contract import Observation

SITE = "plant"
FORMATS = (
    *("csv", "json", "xlsx", "wot", "telegraf", "uns", "netbox", "servicenow", "maximo"),
    *("walkdown", "bundle"),
)


def readable(count: int) -> Iterator[Observation]:
    """The devices of the other benchmark, with points that may be read by their unit."""
    for one in observations(count):
        points = tuple(replace(p, access="r", type="uint16", name=p.address) for p in one.points)
        asked = replace(one.question, argument="unit 1 holding:0-19") if points else one.question
        yield replace(one, points=points, question=asked, duration_seconds=0.02)


def made(path: Path, count: int) -> None:
    """An inventory of that many devices."""
    with Store.open(path, SITE) as store:
        store.begin_scan(Scan("bench", SITE, "here", START))
        step: list[Observation] = []
        for one in readable(count):
            step.append(one)
            if len(step) == 5000:
                store.append(step)
                step.clear()
        store.append(step)
        refresh(store)


def peak() -> int:
    """Peak memory of this process in kilobytes; `getrusage` would count the parent's (Linux)."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def one(name: str, database: str, place: str) -> None:
    """Runs one export and prints its seconds and its peak, less the peak before it."""
    redact = name.endswith("+redact")
    module = load(name.removesuffix("+redact"))
    with Store.open(Path(database), SITE) as store:
        before = peak()
        start = time.perf_counter()
        module.write(store, Request(Path(place), "assets", redact))
        seconds = time.perf_counter() - start
        grown = (peak() - before) / 1024
    print(json.dumps({"seconds": round(seconds, 2), "megabytes": round(grown, 1)}))


def main(sizes: list[int]) -> None:
    """Prints one line per format: seconds and added megabytes per size, and their ratio."""
    found: dict[str, list[dict[str, float]]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            database = Path(folder) / "i.db"
            made(database, size)
            for name in (*FORMATS, "json+redact"):
                place = str(Path(folder) / (name if name != "servicenow" else "s.xlsx"))
                command = [sys.executable, "-m", "benchmarks.exports", "one", name]
                done = subprocess.run(
                    [*command, str(database), place], capture_output=True, text=True, check=True
                )
                found.setdefault(name, []).append(json.loads(done.stdout.splitlines()[-1]))
    print("format", *(f"{size}: s, MB added" for size in sizes), "s ratio", "MB ratio", sep="\t")
    for name, several in found.items():
        cells = [f"{each['seconds']:g}, {each['megabytes']:g}" for each in several]
        first, last = several[0], several[-1]
        times = last["seconds"] / max(first["seconds"], 0.01)
        memory = last["megabytes"] / max(first["megabytes"], 1.0)
        print(name, *cells, f"{times:.1f}", f"{memory:.1f}", sep="\t")


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one(*sys.argv[2:5])
    else:
        main([int(size) for size in sys.argv[1:]] or [1000, 10_000])
