"""`python -m benchmarks`: runs the experiments, writes build/bench.json and build/bench.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import report, runs
from benchmarks.stage import ROOT, prepare_network, private_network

PAGE = ROOT / "docs" / "performance.md"
PARTS = ("identify", "healthy", "agents", "killed", "promise", "profiles", "routed", "start")


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options; the defaults take about five minutes."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--sizes", default="250", help="devices of the main table, 250,1000,2000")
    parser.add_argument("--agents", type=int, default=250, help="SNMP agents")
    parser.add_argument("--promise", type=int, default=250, help="devices of the plan's promise")
    parser.add_argument("--parts", default=",".join(PARTS), help="which experiments")
    parser.add_argument("--no-peers", action="store_true", help="untrap alone")
    parser.add_argument("--bench-profile", action="store_true", help="also without rate limits")
    parser.add_argument("--big", action="store_true", help="also a /16 that answers RST")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json")
    parser.add_argument("--page", action="store_true", help="write docs/performance.md as well")
    parser.add_argument("--render", type=Path, help="only write the pages from this JSON file")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what was asked for; results of parts that are not run again are kept."""
    given = parsed(arguments)
    if given.render:
        write(given, json.loads(given.render.read_text(encoding="utf-8")))
        return
    private_network()
    counters = prepare_network()
    found: dict[str, Any] = {}
    if given.out.exists():
        found = json.loads(given.out.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for part in given.parts.split(","):
            print(f"{part} …", flush=True)
            found["machine"] = machine(counters)
            run(part, given, Path(folder), found)
            write(given, found)


def machine(counters: bool) -> dict[str, Any]:
    """Where and when the figures were taken."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="minutes"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "kernel": platform.release().partition("-")[0],
        "load": round(os.getloadavg()[0], 1),
        "kernel_counters": counters,
    }


def run(part: str, given: argparse.Namespace, folder: Path, found: dict[str, Any]) -> None:
    """One experiment; its result is put into `found`."""
    peers = not given.no_peers
    sizes = [int(size) for size in given.sizes.split(",")]
    if part == "identify":
        profiles = ("brisk", "bench") if given.bench_profile else ("brisk",)
        held = {str(item["size"]): item for item in found.get("identify", [])}
        for size in sizes:
            held[str(size)] = runs.identify(size, folder, profiles, peers)
        found["identify"] = sorted(held.values(), key=lambda item: item["size"])
    elif part == "healthy":
        found["healthy"] = runs.healthy(sizes[0], folder)
    elif part == "agents":
        found["agents"] = runs.agents(given.agents, folder)
    elif part == "killed":
        wall = found["identify"][0]["rows"][0]["wall"]
        found["killed"] = runs.killed(found["identify"][0]["size"], folder, wall)
    elif part == "promise":
        found["promise"] = runs.promise(folder, given.promise)
    elif part == "profiles":
        found["profiles"] = runs.profiles(folder)
    elif part == "routed" and found["machine"]["kernel_counters"]:
        found["routed"] = [runs.routed(folder, 250, 20, refuse=False, peers=peers)]
        if given.big:
            found["routed"].append(runs.routed(folder, 500, 16, refuse=True, peers=False))
    elif part == "start":
        found["start"] = runs.start_up(folder)


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
