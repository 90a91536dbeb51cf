"""The row of large inventories: from records to gaps with nothing derived before, and reading them.

One rule keeps it simple: the figures are those of `benchmarks.scale`, which runs the program as
people start it; this module only says what is wanted of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import Found, target
from benchmarks.scale import READING, growth, run

SIZES = (1_000, 10_000, 100_000)
COLD = " ".join(READING[0]) + " (cold)"
LINEAR = 1.2
"""CPU seconds a device may cost more than at a tenth of the size and count as linear growth."""


def large(folder: Path) -> Found:
    """All sizes, the largest against its targets."""
    return judged([run(size, folder, READING) for size in SIZES])


def judged(found: Sequence[Mapping[str, object]]) -> Found:
    """The figures of all sizes, the smallest first; the largest is held to its targets."""
    most, ratios = found[-1], growth(found[-2], found[-1])
    listed: Any = most["assets --json"]
    cold: Any = most[COLD]
    return {
        "rows": [],
        "targets": [
            target("`gaps --json` from cold, s", cold["wall_seconds"], 60),
            target("memory of all its processes, MB", cold["peak_mb"], 1_024),
            target("CPU a device / at a tenth of the size", _number(ratios[COLD]), LINEAR),
            target("`assets --json` streams: its memory, MB", listed["peak_mb"], 200),
            target("inventory, MB", _number(most["file_mb"]), 2_000),
        ],
        "notes": ["\n".join(("| command | devices | wall s | CPU s | MB | processes | load |",
                             "|---|---|---|---|---|---|---|", *_lines(found)))],
    }  # fmt: skip


def _number(value: object) -> float:
    return float(str(value))


def _lines(found: Sequence[Mapping[str, object]]) -> list[str]:
    names = [name for name, item in found[-1].items() if isinstance(item, dict)]
    lines = []
    for name in names:
        for one in found:
            item: Any = one[name]
            cells = ("wall_seconds", "cpu_seconds", "peak_mb", "processes", "load")
            shown = " | ".join(f"{item[cell]:g}" for cell in cells)
            lines.append(f"| `{name}` | {one['devices']} | {shown} |")
    return lines
