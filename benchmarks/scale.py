"""Deriving and judging 1 000, 10 000 and 100 000 devices with 20 points each, and reading them.

    python -m benchmarks.scale [--outputs] [--keep FOLDER] [1000 10000 100000]

One rule keeps it simple: what is timed is the program as people start it, in a process of its own;
figures are printed, never asserted. Memory is the sum of the peaks (VmHWM) of the program and its
workers, which is never less than what they held at once. Wall seconds mean something on a quiet
machine only, so the load of that moment stands beside them; CPU seconds count workers too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

from benchmarks.derive import START
from benchmarks.derive import observations as registers
from inventory.model import Declaration, Kind, Scan
from inventory.store import Store
from protocols.contract import Observation, Point, Question, Target

SITE = "plant"
WORDS = ("Temperature", "Pressure", "Current", "Vibration", "Speed", "Flow", "Level", "Power")
UNITS = ("CEL", "BAR", "AMP", "C16", "RPM", "MQH", "MTR", "KWT")
MACHINE_EVERY = 50
STEP = 5_000
LOOK_SECONDS = 0.1

READING = (("gaps", "--json"), ("gaps",), ("readiness",), ("assets", "--json"))
"""Commands that are timed one after the other; the first derives and judges everything."""
RESCANNED = 50
"""Hosts that are scanned once more at the end; then only what that reaches is to be derived."""
AFTER = ("readiness",)
OUTPUTS = (("points", "--json"), ("export", "csv"), ("export", "json"))


def observations(count: int) -> Iterator[Observation]:
    """Two in three devices are siblings with raw registers, one has points with own names."""
    for one in registers(count):
        number = (one.time - START).total_seconds() * 1000
        if round(number) % 3 or not one.points:
            yield one
            continue
        points = tuple(
            Point(
                f"nsu=urn:p;s={round(number)}.{place}",
                f"{WORDS[place % 8]} {round(number) % 97}.{place}",
                "Objects/Line", UNITS[place % 8], "Double", "r",
            )
            for place in range(len(one.points))
        )  # fmt: skip
        samples = tuple(
            replace(sample, point=point.address)
            for sample, point in zip(one.samples, points, strict=True)
        )
        target = Target(SITE, one.target.address, "tcp", 4840)
        asked = Question("opcua", "browse")
        yield replace(one, target=target, question=asked, points=points, samples=samples)


def machines(count: int) -> Iterator[Declaration]:
    """A machine for every fiftieth device, which monitors it."""
    for number in range(0, count, MACHINE_EVERY):
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        tag = f"M-{number}"
        row = {"tag": tag, "kind": "equipment", "class": "motor", "criticality": "C3"}
        link = {"equipment": tag, "device": address, "complete": "yes"}
        yield Declaration(SITE, Kind.REGISTER, tag, row, document="bench")
        yield Declaration(SITE, Kind.LINK, tag, link, document="bench")


def fill(path: Path, count: int) -> None:
    """Makes an inventory of that many devices, observed and declared, nothing derived."""
    with Store.open(path, SITE) as store:
        store.begin_scan(Scan("bench", SITE, "here", START))
        step: list[Observation] = []
        for one in observations(count):
            step.append(one)
            if len(step) >= STEP:
                store.append(step)
                step.clear()
        store.append(step)
        store.declare(machines(count))


def rescan(path: Path, count: int) -> None:
    """Asks some devices in the middle of the site the same questions a day later."""
    first = max(0, (count - RESCANNED) // 2) * 3
    several = islice(observations(count), first, first + RESCANNED * 3)
    later = [replace(one, scan="again", time=one.time + timedelta(days=1)) for one in several]
    with Store.open(path, SITE) as store:
        store.begin_scan(Scan("again", SITE, "here", later[0].time))
        store.append(later)


def peak_kilobytes(pid: int) -> int:
    """The peak of one process (VmHWM), or 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def family(pid: int) -> list[int]:
    """A process and all that it started (Linux)."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return [pid]
    return [pid, *(one for child in listed for one in family(int(child)))]


def measure(database: Path, words: Sequence[str]) -> dict[str, object]:
    """Runs one command on an inventory and measures it and its workers."""
    command = [sys.executable, "-m", "scanner", "--db", str(database), "--site", SITE, *words]
    peaks: dict[int, int] = {}
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors) as child:
            while True:
                for pid in family(child.pid):
                    peaks[pid] = max(peaks.get(pid, 0), peak_kilobytes(pid))
                ended, status, used = os.wait4(child.pid, os.WNOHANG)
                if ended:
                    break
                time.sleep(LOOK_SECONDS)
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace")[-2000:]
            raise SystemExit(f"{' '.join(words)} ended with {child.returncode}: {said}")
    return {
        "wall_seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mb": round(sum(peaks.values()) / 1024),
        "processes": len(peaks),
        "load": round(os.getloadavg()[0], 1),
    }


def run(count: int, folder: Path, commands: Sequence[Sequence[str]]) -> dict[str, object]:
    """All figures of one size."""
    database = folder / f"scale-{count}.db"
    if not database.exists():
        fill(database, count)
    found: dict[str, object] = {"devices": count, "points": count * 20}
    for number, words in enumerate(commands):
        found[" ".join(words) + (" (cold)" if number == 0 else "")] = measure(database, words)
    rescan(database, count)
    found[f"{' '.join(AFTER)} (after a scan of {RESCANNED})"] = measure(database, AFTER)
    parts = (database, Path(f"{database}-wal"))
    found["file_mb"] = round(sum(part.stat().st_size for part in parts if part.exists()) / 1e6)
    return found


def main(words: Sequence[str]) -> None:
    """Prints one JSON line per size, and what a device costs more than in the size before."""
    rest = list(words)
    keep = ""
    if "--keep" in rest:
        place = rest.index("--keep")
        keep = rest[place + 1]
        del rest[place : place + 2]
    commands = (*READING, *(OUTPUTS if "--outputs" in rest else ()))
    sizes = [int(text) for text in rest if text.isdigit()] or [1_000, 10_000, 100_000]
    with tempfile.TemporaryDirectory() as folder:
        before: dict[str, object] = {}
        for size in sizes:
            found = run(size, Path(keep or folder), commands)
            print(json.dumps(found), flush=True)
            if before:
                print(json.dumps(growth(before, found)), flush=True)
            before = found


def growth(before: dict[str, object], now: dict[str, object]) -> dict[str, object]:
    """CPU seconds per device, as a ratio of those of the size before: 1 is linear."""
    times = int(str(now["devices"])) / int(str(before["devices"]))
    ratios: dict[str, object] = {"from": before["devices"], "to": now["devices"]}
    for name, figures in now.items():
        earlier = before.get(name)
        if isinstance(figures, dict) and isinstance(earlier, dict):
            ratios[name] = round(figures["cpu_seconds"] / earlier["cpu_seconds"] / times, 2)
    return ratios


if __name__ == "__main__":
    main(sys.argv[1:])
