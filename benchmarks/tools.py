"""The programs that are compared, each with the best flags that trial has found.

One rule keeps it simple: a program that is not installed is left out and named.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import score
from benchmarks.stage import Measured, Played, measure

NMAP_SCRIPTS = "modbus-discover,snmp-info,snmp-sysdescr"
"""opcua has no script in nmap 7.93; s7-info adds connections and finds nothing here."""

NMAP = (
    *("nmap", "-n", "-Pn", "-T4", "--min-rate", "1000", "--max-rate", "1000"),
    *("--min-hostgroup", "2048", "--min-parallelism", "300", "--max-parallelism", "1000"),
    *("--max-retries", "1"),
    *("--script-timeout", "8s"),
)
"""Tried on 250, 1 000 and 2 000 devices, each as fast as it identifies all that it can:

One host group of all, since each group waits for its slowest script (groups of 256: 13, 49, 98 s;
one group, --max-parallelism 300: 13, 22, 34 s, and 124 of 865 missed at 2 000; with at least 300
and at most 1 000 at once 13, 20, 28 s and none missed). --script-timeout 15s and 40s find the same
in 22 and 44 s, and none at all lets one echoing device hold its group for minutes; -T5 misses slow
devices; -sT is slower than -sS. Without `aggressive` modbus-discover asks unit 1 only, and so names
a gateway's first unit and never the gateway; with it, it asks 247 units of every device, runs into
its time limit and identifies half as many (250: 54 in 12 s; in 26 s with 20 s of time).
What it can identify here are the SNMP agents and the plain Modbus devices; it has no OPC UA, and
these flags identify all of them. So they are its fastest and its most identifying ones as well: -sV
(117 s for 250) and `aggressive` with 60 s (70 s, 330 000 packets, 13 531 units told of 208 that are
there) find no further device."""

NMAP_UNITS = ("--script-args", "modbus-discover.aggressive=true")
"""Every unit number of every Modbus device, for who wants what stands behind gateways."""


@dataclass(slots=True)
class Result:
    """One program on one plant."""

    name: str
    flags: str
    measured: Measured
    score: dict[str, int] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    durable: list[tuple[float, int]] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """For the JSON file."""
        first = next((at for at, count in self.durable if count), None)
        return {
            "name": self.name,
            "flags": self.flags,
            "code": self.measured.code,
            **self.measured.figures(),
            **self.score,
            "first_durable": None if first is None else round(first, 2),
            "summary": self.summary,
            "phases": self.phases,
        }


def untrap(
    plant: str,
    here: Played,
    folder: Path,
    profile: str = "brisk",
    *more: str,
    depth: str = "identify",
    seconds: float = 600,
    register: Path | None = None,
    looks: Path | None = None,
) -> Result:
    """A whole process: from nothing to an inventory with its gaps derived. A register is imported
    before, and not measured. Where its processor time goes is written to `looks`."""
    database = folder / "bench.db"
    for old in folder.glob("bench.db*"):
        old.unlink()
    start = (sys.executable, "-m", "scanner", "--db", database, "--config", here.config, "-q")
    if register is not None:
        measure([*start, "import", "register", register], folder)
    durable: list[tuple[float, int]] = []
    flags = ["--profile", profile, "--depth", depth, "--yes", "--json", *more]
    words: list[str | Path] = [*start, "scan", *flags]
    if looks is not None:
        words[1:3] = ["-m", "benchmarks.sampled", looks]
    if not any("/" in item for item in more):
        words += ["-iL", here.targets]
    began = time.time()
    measured = measure(
        words, folder, seconds, lambda at: durable.append((at, identified(database)))
    )
    ended = time.time()
    lines = measured.out.splitlines()
    summary = json.loads(lines[-1]) if lines and measured.code in (0, 3, 4) else {}
    result = Result("untrap", " ".join(flags), measured, summary=summary, durable=durable)
    result.phases = phases(database, began, ended)
    if not summary:
        result.summary = {"error": measured.err[-400:]}
    if plant.startswith("generate:"):
        listed = measure(
            [sys.executable, "-m", "scanner", "--db", database, "--config", here.config,
             "assets", "--json"], folder,
        )  # fmt: skip
        result.score = score.score_untrap(
            score.key(plant, depth), *score.of_untrap(listed.out.splitlines())
        )
    return result


def phases(database: Path, began: float, ended: float) -> dict[str, float]:
    """Where the seconds of a scan went: until the first packet, until the last device had said who
    it is, until the last silence was waited for, and until the process had ended."""
    asked = (
        "SELECT time, duration_seconds, facts LIKE '[{%' FROM observation "
        "WHERE outcome != 'not_asked'"
    )
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            rows = [
                (datetime.fromisoformat(at).timestamp(), lasted or 0.0, says)
                for at, lasted, says in connection.execute(asked)
            ]
    except sqlite3.Error:
        return {}
    if not rows:
        return {}
    first = min(at - lasted for at, lasted, _ in rows)
    known = max((at for at, _, says in rows if says), default=first)
    last = max(at for at, _, _ in rows)
    spans = {"start": first - began, "answers": known - first, "tail": last - known}
    return {name: round(span, 2) for name, span in (spans | {"end": ended - last}).items()}


def identified(database: Path) -> int:
    """How many addresses have a durable answer with facts."""
    try:
        with closing(
            sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=0.05)
        ) as connection:
            asked = "SELECT count(DISTINCT address) FROM observation WHERE facts LIKE '[{%'"
            return int(connection.execute(asked).fetchone()[0])
    except sqlite3.Error:
        return 0


def nmap(
    plant: str,
    here: Played,
    folder: Path,
    ports: str,
    *targets: str,
    near: bool = False,
    units: bool = False,
    seconds: float = 300,
) -> Result | None:
    """nmap with the scripts that know these protocols; None where it is not installed. `near` lets
    it look for its neighbours by ARP first, `units` asks for every Modbus unit, with 60 s of time
    for each script."""
    if shutil.which("nmap") is None:
        return None
    out = folder / "nmap.xml"
    out.unlink(missing_ok=True)
    kind = "-s" + ("S" if "T:" in ports else "") + ("U" if "U:" in ports else "")
    base = tuple(word for word in NMAP if not (near and word == "-Pn"))
    flags = (*base, kind, "-p", ports, "--script", NMAP_SCRIPTS)
    if units:
        flags = (*(word.replace("8s", "60s") for word in flags), *NMAP_UNITS)
    where = targets or ("-iL", str(here.targets))
    measured = measure([*flags, *where, "-oX", str(out)], folder, seconds)
    said = score.of_nmap(out)
    found = score.score_text(score.key(plant), said)
    told = {"units_told": sum(text.count("sid 0x") for text in said.values())}
    return Result("nmap", " ".join(flags[1:]), measured, found, told)


def simple(
    name: str,
    words: Sequence[str],
    folder: Path,
    plant: str = "",
    seconds: float = 120,
) -> Result | None:
    """A tool that prints one line per agent, its address first; None where it is not installed."""
    if shutil.which(name) is None:
        return None
    measured = measure([name, *words], folder, seconds)
    result = Result(name, " ".join(words), measured)
    if plant:
        said: dict[str, str] = {}
        for line in measured.out.splitlines():
            address = line.partition(" ")[0].partition(":")[0]
            said[address] = said.get(address, "") + " " + line
        result.score = score.score_text(score.key(plant), said)
    return result
