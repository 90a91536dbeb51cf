"""The row of the processor's time: the same runs as elsewhere, with a look at what they do.

One rule keeps it simple: seconds here are of the processor and never of the clock, and the looks
themselves cost some; the walls of the other rows are without them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import tools
from benchmarks.figures import Found, mixed
from benchmarks.parts import PARTS
from benchmarks.stage import played


class Case(NamedTuple):
    """One run that is looked at."""

    name: str
    plant: str
    flags: tuple[str, ...]


def cases(size: int) -> tuple[Case, ...]:
    """The runs whose rows miss a target for want of processor time, and one beside them."""
    devices, agents = mixed(size, 0.15, "127.30"), mixed(size, 0, "127.26", "snmp")
    return (
        Case(f"{size} mixed, brisk", devices, ("brisk",)),
        Case(f"{size} mixed, bench", devices, ("bench",)),
        Case(f"{size} SNMP agents, bench", agents, ("bench", "--probe", "snmp")),
    )


def profiled(size: int, folder: Path) -> Found:
    """Seconds of the processor by part, for each run."""
    found: dict[str, Mapping[str, float]] = {}
    for case in cases(size):
        looks = folder / "looks.json"
        looks.unlink(missing_ok=True)
        with played(case.plant, folder) as here:
            tools.untrap(case.plant, here, folder, *case.flags, looks=looks)
        found[case.name] = json.loads(looks.read_text(encoding="utf-8"))
    return {
        "rows": [],
        "parts": found,
        "targets": [],
        "notes": ["\n".join(_table(found, size)), "\n".join(MEANT)],
    }


MEANT = (
    "*import*: our modules and their libraries, those that conclude included. *plan*: its "
    "arithmetic, three",
    "times before and once after. *wire*: tasks, limits, sockets and the event loop. *protocols*: "
    "encoding,",
    "guarding and decoding. *observations*: their values. *writer*: the thread that stores them, "
    "all of it.",
)


def _table(found: Mapping[str, Mapping[str, float]], size: int) -> Iterator[str]:
    """Seconds by part, their sum, and what one device costs."""
    yield "| processor seconds | " + " | ".join(found) + " |"
    yield "|" + "---|" * (1 + len(found))
    for part in PARTS:
        row = [one.get(part, 0.0) for one in found.values()]
        if any(seconds >= 0.005 for seconds in row):
            yield _line(part, row)
    sums = [sum(one.values()) for one in found.values()]
    yield _line("all", sums)
    yield _line("ms a device", [1_000 * one / size for one in sums])


def _line(name: str, row: Sequence[float]) -> str:
    return f"| {name} | " + " | ".join(f"{value:.2f}" for value in row) + " |"
