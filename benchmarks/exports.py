"""How long each export takes, and how much memory it adds, for several sizes of inventory.

    python -m benchmarks.exports [1000 10000 100000] [--keep FOLDER] [--only NAME,…] | tee FILE
    python -m benchmarks.exports page FILE…

One rule keeps it simple: each output runs in a process of its own, so that the peak (VmHWM, Linux)
is its own; figures are printed, never asserted, and growth is shown as a ratio. An inventory is
kept under `--keep` and used again. `page` puts what was printed into the table of docs/exports.md.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.derive import START, observations
from inventory.conclude import conclude
from inventory.model import Scan
from inventory.outputs import Request, load, report
from inventory.store import Store
from protocols.contract import Observation

PAGE = Path(__file__).parent.parent / "docs" / "exports.md"
BEGIN, END = "<!-- measured by benchmarks.exports -->", "<!-- end -->"
SITE = "plant"
SINGLE = {
    "csv-gaps": ".csv",
    "csv-questions": ".csv",
    "csv-assets": ".csv",
    "csv-points": ".csv",
    "json": ".json",
    "xlsx": ".xlsx",
    "servicenow": ".xlsx",
    "netbox": "",
    "maximo": ".csv",
    "walkdown": ".csv",
    "nmap-xml": ".xml",
    "uns": ".csv",
    "neuron": ".json",
    "bundle": ".zip",
    "report": ".html",
    "json+redact": ".json",
}
"""Outputs of one file (NetBox: of seven) and how they end."""
FILES = ("wot-w3c", "wot-node-wot", "wot-ua-edge", "telegraf", "prometheus")
"""Formats of a file per service; Thing Descriptions by dialect."""
COMMANDS = {"assets --json": ("assets", "--json"), "gaps --json": ("gaps", "--json")}
"""Commands that print an inventory; measured in the same way."""


def readable(count: int) -> Iterator[Observation]:
    """The devices of the other benchmark, with points that may be read by their unit."""
    for one in observations(count):
        points = tuple(replace(p, access="r", type="uint16", name=p.address) for p in one.points)
        asked = replace(one.question, argument="unit 1 holding:0-19") if points else one.question
        yield replace(one, points=points, question=asked, duration_seconds=0.02)


def made(path: Path, count: int) -> None:
    """An inventory of that many devices, concluded."""
    with Store.open(path, SITE) as store:
        scan = Scan("bench", SITE, "here", START, START, status="done")
        store.begin_scan(scan)
        store.finish_scan(scan)
        step: list[Observation] = []
        for one in readable(count):
            step.append(one)
            if len(step) == 5000:
                store.append(step)
                step.clear()
        store.append(step)
        conclude(store)


def peak() -> int:
    """Peak memory of this process in kilobytes; `getrusage` would count the parent's (Linux)."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def run_of(name: str, store: Store, place: Path) -> Callable[[], object]:
    """What is measured, with everything imported that it needs."""
    if name == "report":
        return lambda: report.write(store, place)
    if name in COMMANDS:
        return lambda: _command(store, COMMANDS[name], place)
    base, _, mark = name.partition("+")
    format_, _, variant = base.partition("-")
    if format_ not in ("csv", "wot"):
        format_, variant = base, ""
    options = {"dialect": variant} if format_ == "wot" else {}
    request = Request(place, variant or "gaps", mark == "redact", options)
    chosen = load(format_)
    return lambda: chosen.write(store, request)


def _command(store: Store, words: tuple[str, ...], place: Path) -> None:
    from scanner.cli import untrap

    head = ["--db", str(store.path), "--site", SITE, "-q"]
    with (
        place.open("w", encoding="utf-8") as file,
        contextlib.redirect_stdout(file),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        untrap.main([*head, *words], standalone_mode=False)


def one(name: str, database: str, place: str) -> None:
    """Runs one output and prints its seconds (of this process), its peak, and what it added."""
    with Store.open(Path(database), SITE) as store:
        run = run_of(name, store, Path(place))
        before, start = peak(), time.process_time()
        run()
        seconds = time.process_time() - start
        top = peak()
    told = {"seconds": seconds, "added": (top - before) / 1024, "peak": top / 1024}
    print(json.dumps({key: round(value, 1) for key, value in told.items()}))


def measured(name: str, database: Path, folder: Path) -> dict[str, float]:
    """One output of one inventory, in a process of its own."""
    place = folder / f"out{SINGLE.get(name, '')}"
    command = [sys.executable, "-m", "benchmarks.exports", "one", name, str(database), str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def figures(lines: Iterable[str]) -> dict[str, dict[int, tuple[float, float]]]:
    """CPU seconds and peak megabytes by output and number of devices, from printed lines."""
    found: dict[str, dict[int, tuple[float, float]]] = {}
    for line in lines:
        parts = line.rstrip("\n").split("\t")
        if len(parts) == 5 and parts[1].isdigit():
            name, size, seconds, _, peak_ = parts
            found.setdefault(name, {})[int(size)] = (float(seconds), float(peak_))
    return found


def table(found: Mapping[str, Mapping[int, tuple[float, float]]]) -> str:
    """The table of the page: a row per output, with the two largest sizes."""
    small, large = sorted({size for several in found.values() for size in several})[-2:]
    head = [f"| | MB, {small:,} | MB, {large:,} | CPU s, {small:,} | CPU s, {large:,} |",
            "|---|---|---|---|---|"]  # fmt: skip
    order = {name: place for place, name in enumerate((*SINGLE, *FILES, *COMMANDS))}
    for name in sorted(found, key=lambda one: order.get(one, len(order))):
        if {small, large} <= found[name].keys():
            (few, little), (many, much) = found[name][small], found[name][large]
            head.append(f"| `{name}` | {little:.0f} | {much:.0f} | {few:.0f} | {many:.0f} |")
    return "\n".join(head)


def put(files: Iterable[str]) -> None:
    """Writes the figures of some files into the page, later ones over earlier ones."""
    lines = [line for name in files for line in Path(name).read_text("utf-8").splitlines()]
    text = PAGE.read_text("utf-8")
    before, after = text.split(BEGIN)[0], text.split(END, 1)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(figures(lines))}\n\n{END}{after}", "utf-8")


def main(words: list[str]) -> None:
    """Prints a line per output and size as it is measured, then what grew with the size."""
    keep = words[words.index("--keep") + 1] if "--keep" in words else ""
    only = words[words.index("--only") + 1].split(",") if "--only" in words else None
    sizes = [int(word) for word in words if word.isdigit()] or [1000, 10_000, 100_000]
    found: dict[str, list[tuple[int, dict[str, float]]]] = {}
    print("output", "devices", "CPU s", "MB added", "MB peak", sep="\t", flush=True)
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            database = Path(keep or folder) / f"{size}.db"
            if not database.exists():
                made(database, size)
            for name in only or (*SINGLE, *FILES, *COMMANDS):
                with tempfile.TemporaryDirectory() as place:
                    told = measured(name, database, Path(place))
                found.setdefault(name, []).append((size, told))
                print(name, size, *(told[k] for k in ("seconds", "added", "peak")), sep="\t",
                      flush=True)  # fmt: skip
    for name, several in found.items():
        (first, small), (last, large) = several[0], several[-1]
        growth = large["peak"] / small["peak"]
        print(f"{name}: {last // first} times the devices, {growth:.2f} times the peak")


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one(*sys.argv[2:5])
    elif sys.argv[1:2] == ["page"]:
        put(sys.argv[2:])
    else:
        main(sys.argv[1:])
