"""Every frame that left, judged by somebody else: tshark for clear traffic, the peers for all.

A slice of it runs always; `make soak` goes on to a million requests under `bench`, where every
fifth scan is killed and resumed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from scanner.health import raw_rights
from tests.scanner.test_resume import stored
from tests.support.peers import need
from tests.support.plants import Played, played, started, untrap

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
    found: dict[str, Counter[int]] = {field: Counter() for field in ALLOWED}
    lines = done.stdout.splitlines()
    for line in lines:
        for field, text in zip(ALLOWED, line.split("\t"), strict=False):
            found[field].update(int(word, 0) for word in text.split(",") if word)
    return found, len(lines)


def scan(here: Played, folder: Path, number: int, kill: bool) -> int:
    """One recorded scan, perhaps killed and resumed; its captures are judged. Requests sent."""
    database, capture = folder / f"{number}.db", folder / f"{number}.pcapng"
    words = ("--db", database, "--config", here.config, "-q", "scan")
    more = ("-iL", here.folder / "targets.txt", "--profile", "bench", "--timeout", "1")
    captures = [capture]
    if kill:
        child = started((*words, *more, "--record", capture), folder)
        deadline = time.monotonic() + 60
        while stored(database) < 50 and child.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        captures.append(folder / f"{number}-again.pcapng")
        more = ("--resume",)
    ran = untrap(*words, *more, "--record", captures[-1], "--json", cwd=folder)
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
        for field, functions in found.items():
            strangers = functions.keys() - ALLOWED[field]
            assert not strangers, (field, {n: functions[n] for n in strangers})
        file.unlink()
    database.unlink()
    return int(summary["sent"]["requests"])


def campaign(here: Played, folder: Path, most: int) -> int:
    sent = number = 0
    while sent < most:
        sent += scan(here, folder, number, kill=number % 5 == 4)
        number += 1
    total = here.witness()["total"]
    assert total["forbidden"] == 0  # the peers' own counters, encrypted traffic too
    assert total["peak_connections"] <= 1
    assert total["bare"] == total["resets"] == total["open_sessions"] == 0
    return sent


needs_raw = pytest.mark.skipif(not raw_rights(), reason="raw capture needs CAP_NET_RAW")


@pytest.mark.root
@pytest.mark.peer("tshark")
@needs_raw
@pytest.mark.timeout(300)
@pytest.mark.parametrize("plant", ["bottling", "generate:60,prefix=127.38,misbehaving=0.1"])
def test_a_judge_finds_only_reads_in_a_recorded_scan(tmp_path: Path, plant: str) -> None:
    need("tshark")
    with played(plant, tmp_path) as here:
        sent = campaign(here, tmp_path, 1)
    print(json.dumps({"plant": plant, "requests": sent}))  # noqa: T201 - a figure


@pytest.mark.soak
@pytest.mark.root
@pytest.mark.peer("tshark")
@needs_raw
@pytest.mark.timeout(6 * 3_600)
def test_a_million_requests_hold_nothing_but_reads(tmp_path: Path) -> None:
    need("tshark")
    with played("generate:500,prefix=127.39,misbehaving=0.05,per_subnet=100", tmp_path) as here:
        sent = campaign(here, tmp_path, MILLION)
    assert sent >= MILLION
