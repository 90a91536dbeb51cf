"""`python -m benchmarks`: runs the experiments, writes build/bench.json and build/bench.md.

`--row NAME` (again and again) runs some of them, `--page` writes docs/performance.md as well. Both
files are written after every row, and a row that breaks is named and loses no other.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.rows import ROWS
from benchmarks.stage import ROOT, prepare_network, private_network

BREAKS = (OSError, RuntimeError, LookupError, ValueError, TypeError, subprocess.SubprocessError)
PAGE = ROOT / "docs" / "performance.md"


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options; all rows take about twenty minutes on a quiet machine."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--row", action="append", choices=[*ROWS], help="only this one; repeat")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json")
    parser.add_argument("--page", action="store_true", help="write docs/performance.md as well")
    parser.add_argument("--render", type=Path, help="only write the pages from this JSON file")
    parser.add_argument("--minutes", type=float, default=60, help="begin no row after this time")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what was asked for; results of rows that are not run again are kept."""
    given = parsed(arguments)
    if given.render:
        write(given, json.loads(given.render.read_text(encoding="utf-8")))
        return
    private_network()
    counters = prepare_network()
    found: dict[str, Any] = {"results": {}}
    if given.out.exists():
        found |= json.loads(given.out.read_text(encoding="utf-8"))
    until = time.monotonic() + 60 * given.minutes
    for name in given.row or ROWS:
        if time.monotonic() > until:
            break
        print(f"{name} …", end=" ", flush=True)
        found["results"][name] = result(name, counters)
        print(f"{found['results'][name]['took']:.0f} s", flush=True)
        write(given, found)


def result(name: str, counters: bool) -> dict[str, Any]:
    """One row's result, with where and when it was taken; an error in its place if it broke."""
    row, began = ROWS[name], time.monotonic()
    taken: dict[str, Any] = {"machine": machine(counters)}
    if row.private and not counters:
        return taken | {"error": "needs root and nftables", "took": 0.0}
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            taken |= row.run(Path(folder))
    except BREAKS as error:  # one row must not take the others with it
        traceback.print_exc()
        taken["error"] = f"{type(error).__name__}: {error}"[:400]
    return taken | {"took": round(time.monotonic() - began, 1)}


def machine(counters: bool) -> dict[str, Any]:
    """Where and when the figures were taken."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="minutes"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "kernel": platform.release().partition("-")[0],
        "load": round(os.getloadavg()[0], 1),
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
        "kernel_counters": counters,
    }


def write(given: argparse.Namespace, found: dict[str, Any]) -> None:
    """The JSON file, its Markdown beside it, and the page of the documentation."""
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    text = report.page(found)
    given.out.with_suffix(".md").write_text(text, encoding="utf-8")
    if given.page or given.render:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
