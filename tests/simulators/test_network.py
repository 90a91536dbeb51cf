"""`simulate --namespace`: standard ports, and truly nobody at the addresses between the devices."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from simulators import network
from tests.support.peers import need
from tests.support.rights import unshared

PLANT = """
[plant]
name = "own"
site = "Own"
[[device]]
id = "looped"
address = "127.20.1.10"
[[device.service]]
protocol = "modbus"
[[device]]
id = "meter"
address = "10.44.1.5"
[[device.service]]
protocol = "modbus"
"""
KNOCK = """
import errno, socket
from tests.support.patience import HUNG_SECONDS
for address in ("127.20.1.10", "127.20.1.11", "10.44.1.5", "10.44.1.6"):
    try:
        socket.create_connection((address, 502), timeout=HUNG_SECONDS).close()
        print("answers")
    except OSError as error:
        print(errno.errorcode[error.errno])
"""


def test_a_plant_in_a_network_of_its_own_has_standard_ports_and_true_absence(
    tmp_path: Path,
) -> None:
    unshared("-rn")
    inside = [need("nsenter"), "--preserve-credentials", "-U", "-n", "-t"]
    (tmp_path / "own.toml").write_text(PLANT, encoding="utf-8")
    child = subprocess.Popen(
        [sys.executable, "-m", "scanner", "simulate", tmp_path / "own.toml", "--namespace"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        assert child.stderr is not None
        assert json.loads(child.stdout.readline()) == {"ready": True}
        found = re.search(r"-t (\d+)", child.stderr.readline())
        assert found
        line = [*inside, found[1], sys.executable, "-c", KNOCK]
        said = subprocess.run(line, capture_output=True, text=True, check=True).stdout
        scan = [
            *inside,
            found[1],
            sys.executable,
            "-m",
            "scanner",
            "--db",
            tmp_path / "a.db",
            "scan",
        ]
        probes = ["--probe", "modbus", "--probe", "snmp", "--credentials", "snmp-public"]
        nobody = [*scan, "10.44.1.6", *probes, "--yes", "--profile", "brisk"]
        ran = subprocess.run(nobody, capture_output=True, text=True, check=False)
        assert ran.returncode == 3, ran.stderr
    finally:
        child.terminate()
        child.communicate()
    with closing(sqlite3.connect(tmp_path / "a.db")) as file:
        rows = file.execute("SELECT DISTINCT protocol, outcome, reason FROM observation").fetchall()
    assert ("modbus", "no_path", "neighbour") in rows
    assert {reason for _, outcome, reason in rows if outcome == "no_path"} == {"neighbour"}
    assert said.split() == ["answers", "EHOSTUNREACH", "answers", "EHOSTUNREACH"]
    assert child.returncode == 0


def test_a_network_in_use_is_left_alone() -> None:
    need("ip")
    busy = [*unshared("-rn"), "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    code = "from simulators.network import lay; lay(['127.20.1.10'])"
    done = subprocess.run(
        [*busy, sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "this network is in use" in done.stderr


def test_without_iproute2_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(network.NetworkError, match="iproute2"):
        network.lay(["127.20.1.10"])
