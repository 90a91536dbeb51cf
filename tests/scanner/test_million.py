"""Every frame that left, judged by somebody else: tshark for clear traffic, the peers for all.

A slice of it runs always; `make soak` goes on to a million requests under `bench`, where every
fifth scan is killed and resumed. The long campaign keeps its count in `build/soak`, so that it may
be interrupted at any time and goes on where it was: `UNTRAP_SOAK_SECONDS` bounds one sitting.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import pytest

from scanner.layer2.plan import raw_rights
from tests.scanner.test_resume import stored
from tests.support.peers import need
from tests.support.plants import ROOT, Played, played, started, untrap

ALLOWED = {
    "modbus.func_code": {1, 2, 3, 4, 17, 43},
    "snmp.data": {0, 1, 5},  # get, get-next, get-bulk (RFC 3416, 3)
    "cotp.type": {0x0E, 0x0F},  # connect request, data; a disconnect request is 0x08
    "s7comm.param.func": {0x00, 0xF0},  # CPU services (read SZL), setup
    "opcua.servicenodeid.numeric": {
        *(422, 428, 446, 452),  # FindServers, GetEndpoints, Open- and CloseSecureChannel
        *(461, 467, 473),  # Create-, Activate- and CloseSession
        *(527, 533, 554, 631),  # Browse, BrowseNext, TranslateBrowsePaths, Read
    },
}
"""What may leave, in tshark's fields (OPC UA: Opc.Ua.NodeIds.csv, encoding ids)."""
STANDARD = {"mbtcp": 502, "snmp": 161, "opcua": 4840, "tpkt": 102}
MILLION = 1_000_000


def judged(capture: Path, shift: int) -> tuple[dict[str, Counter[int]], int]:
    """Functions that tshark finds in what was sent to the plant, and how many such frames."""
    ports = {name: shift + port if shift else port for name, port in STANDARD.items()}
    decode = [
        word
        for name, port in ports.items()
        for word in ("-d", f"{'udp' if name == 'snmp' else 'tcp'}.port=={port},{name}")
    ]
    to_plant = " or ".join(
        f"{'udp' if name == 'snmp' else 'tcp'}.dstport == {port}" for name, port in ports.items()
    )
    wanted = [word for field in ALLOWED for word in ("-e", field)]
    done = subprocess.run(
        [
            *(need("tshark"), "-n", "-r", str(capture), *decode),
            *("-Y", f"({to_plant}) and (tcp.len > 0 or udp)", "-T", "fields", *wanted),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    found: dict[str, Counter[int]] = {name: Counter() for name in ALLOWED}
    lines = done.stdout.splitlines()
    for line in lines:
        for name, text in zip(ALLOWED, line.split("\t"), strict=False):
            found[name].update(int(word, 0) for word in text.split(",") if word)
    return found, len(lines)


@dataclass
class Tally:
    """What was sent and judged so far, over all sittings; kept in `file` where there is one."""

    file: Path | None = None
    requests: int = 0
    frames: int = 0
    scans: int = 0
    killed: int = 0
    excused: Counter[str] = field(default_factory=Counter)  # what `kill -9` left, this sitting
    functions: dict[str, Counter[int]] = field(
        default_factory=lambda: {name: Counter() for name in ALLOWED}
    )

    @classmethod
    def of(cls, file: Path) -> Tally:
        """The tally of an earlier sitting, or a new one."""
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            return cls(file)
        known = json.loads(file.read_text(encoding="utf-8"))
        functions = {
            name: Counter({int(number): n for number, n in counts.items()})
            for name, counts in known.pop("functions").items()
        }
        return cls(file, **known, functions=functions)

    def save(self) -> None:
        """Remember it for the next sitting; a reader never sees half of it."""
        if self.file is None:
            return
        known = {
            "requests": self.requests,
            "frames": self.frames,
            "scans": self.scans,
            "killed": self.killed,
            "functions": self.functions,
        }
        draft = self.file.with_suffix(".part")
        draft.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        draft.replace(self.file)


def scan(here: Played, folder: Path, tally: Tally) -> None:
    """One recorded scan, every fifth killed and resumed; its captures are judged."""
    kill = tally.scans % 5 == 4
    database, capture = folder / "scan.db", folder / "scan.pcapng"
    words = ("--db", database, "--config", here.config, "-q", "scan")
    more: tuple[str | Path, ...] = (
        "-iL",
        here.folder / "targets.txt",
        "--profile",
        "bench",
        "--timeout",
        "1",
    )
    captures = [capture]
    if kill:
        before = Counter(left(here))
        child = started((*words, *more, "--record", capture), folder)
        deadline = time.monotonic() + 60
        while stored(database) < 50 and child.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        tally.excused += Counter(left(here)) - before
        captures.append(folder / "again.pcapng")
        more = ("--resume",)
    ran = untrap(*words, *more, "--record", captures[-1], "--json", cwd=folder, seconds=900)
    assert "Traceback" not in ran.err
    assert ran.code in (0, 4), ran.err
    (summary,) = ran.lines()
    assert summary["harm"]["writes_sent"] == 0
    assert summary["harm"]["connections_at_once_per_host"] <= 1
    for file in captures:
        found, frames = judged(file, here.shift)
        if file is captures[-1]:
            assert frames > 0
            assert found["modbus.func_code"]  # it does read what it judges
        for name, functions in found.items():
            strangers = functions.keys() - ALLOWED[name]
            assert not strangers, (name, {n: functions[n] for n in strangers})
            tally.functions[name] += functions
        tally.frames += frames
        file.unlink()
    for file in folder.glob("scan.db*"):
        file.unlink()
    tally.requests += int(summary["sent"]["requests"])
    tally.scans += 1
    tally.killed += kill


def left(here: Played) -> dict[str, int]:
    """What badly ended connections left at the devices; a killed program cannot end one well."""
    deadline = time.monotonic() + 60
    while (total := here.witness()["total"])["open_connections"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)  # the kernel ends them for it
    return {name: total[name] for name in ("bare", "resets", "open_sessions")}


def campaign(here: Played, folder: Path, tally: Tally, most: int, until: float = inf) -> None:
    """Scan until so many requests were sent, or until the time is up."""
    while tally.requests < most and time.monotonic() < until:
        scan(here, folder, tally)
        tally.save()
    total = here.witness()["total"]
    assert total["forbidden"] == 0  # the peers' own counters, encrypted traffic too
    assert total["peak_connections"] <= 1
    for name, count in left(here).items():
        assert count <= tally.excused[name], name


needs_raw = pytest.mark.skipif(not raw_rights(), reason="raw capture needs CAP_NET_RAW")


@pytest.mark.root
@pytest.mark.peer("tshark")
@needs_raw
@pytest.mark.timeout(300)
@pytest.mark.parametrize("plant", ["bottling", "generate:60,prefix=127.38,misbehaving=0.1"])
def test_a_judge_finds_only_reads_in_a_recorded_scan(tmp_path: Path, plant: str) -> None:
    need("tshark")
    with played(plant, tmp_path) as here:
        campaign(here, tmp_path, tally := Tally(), 1)
    print(json.dumps({"plant": plant, "requests": tally.requests}))  # noqa: T201 - a figure


@pytest.mark.soak
@pytest.mark.root
@pytest.mark.peer("tshark")
@needs_raw
@pytest.mark.timeout(6 * 3_600)
def test_a_million_requests_hold_nothing_but_reads(tmp_path: Path) -> None:
    need("tshark")
    tally = Tally.of(ROOT / "build" / "soak" / "million.json")
    until = time.monotonic() + float(os.environ.get("UNTRAP_SOAK_SECONDS", "inf"))
    with played("generate:500,prefix=127.39,misbehaving=0.05,per_subnet=100", tmp_path) as here:
        campaign(here, tmp_path, tally, MILLION, until)
    said = f"{tally.requests} of {MILLION} requests in {tally.scans} scans, {tally.frames} frames"
    print(said)  # noqa: T201 - a figure
    if tally.requests < MILLION:
        pytest.skip(f"time is up after {said}; run again to go on")
