"""`python -m simulators`: ready, files, witness, and how it ends."""

from __future__ import annotations

import csv
import json
import signal
import socket
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simulators import generate, runner
from simulators.plant import PlantError, load
from simulators.runner import needed
from simulators.written import write
from tests.support.patience import HUNG_SECONDS

ROOT = Path(__file__).parents[2]
PLANT = """
[plant]
name = "tiny"
site = "Tiny"
[[device]]
id = "meter"
address = "127.0.84.1"
vendor = "V"
product = "P"
[[device.service]]
protocol = "modbus"
points = [{ address = "holding:0", type = "uint16", value = 1 }]
[[device]]
id = "agent"
address = "127.0.84.2"
[[device.service]]
protocol = "snmp"
[[equipment]]
tag = "P-1"
class = "pump"
monitored_by = ["meter"]
complete = true
[[equipment]]
tag = "P-2"
class = "pump"
complete = true
[[equipment]]
tag = "P-3"
class = "pump"
[[register]]
tag = "M-1"
kind = "device"
address = "127.0.84.9"
[[map]]
file = "m.csv"
vendor = "V"
model = "P"
complete = true
row = [{ table = "holding", address = 0, type = "uint16", name = "Current", unit = "A" }]
[site.credentials.reader]
type = "snmp-v3"
user = "reader"
secret_value = "hidden"
"""


def free_shift() -> int:
    """A shift whose ports are free now."""
    with socket.socket() as one:
        one.bind(("127.0.84.1", 0))
        return int(one.getsockname()[1]) - 502


def command(*words: str | Path | float) -> list[str]:
    return [sys.executable, "-m", "simulators", *map(str, words)]


@contextmanager
def played(
    tmp_path: Path, *words: str | Path | float
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    path = tmp_path / "tiny.toml"
    path.write_text(PLANT, encoding="utf-8")
    shift = free_shift()
    with subprocess.Popen(
        command(path, "--base-port", str(shift), *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == '{"ready":true}\n'
            yield child, shift
        finally:
            child.kill()


def asked(shift: int) -> bytes:
    """The meter's answer to a read of its first holding register."""
    with socket.create_connection(("127.0.84.1", 502 + shift), timeout=HUNG_SECONDS) as asker:
        asker.sendall(bytes.fromhex("000100000006010300000001"))
        return asker.recv(100)


def finished(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), capture_output=True, text=True, cwd=ROOT, timeout=HUNG_SECONDS, check=False
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_files_are_there_when_it_is_ready(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with played(tmp_path, "--write", out) as (child, shift):
        targets = (out / "targets.txt").read_text(encoding="utf-8").split()
        assert targets == ["127.0.84.1", "127.0.84.2", "127.0.84.9"]
        site: dict[str, Any] = tomllib.loads((out / "site.toml").read_text(encoding="utf-8"))
        assert site["ports"] == {"modbus": 502 + shift, "snmp": 161 + shift}
        reference = site["credentials"]["reader"]["secret"]
        secret = Path(reference.removeprefix("file:"))
        assert secret.read_text(encoding="utf-8") == "hidden"
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        links = rows(out / "links.csv")
        assert [tuple(row.values()) for row in links] == [
            ("P-1", "127.0.84.1", "", "", "yes"),
            ("P-2", "", "", "", "yes"),
        ]
        register = rows(out / "register.csv")
        assert [(row["Tag"], row["Kind"]) for row in register] == [
            ("M-1", "device"),
            ("P-1", "equipment"),
            ("P-2", "equipment"),
            ("P-3", "equipment"),
        ]
        entry = rows(out / "maps" / "m.csv")[0]
        assert (entry["Vendor"], entry["Address"], entry["Complete"]) == ("V", "0", "yes")
        with socket.create_connection(("127.0.84.1", 502 + shift), timeout=HUNG_SECONDS):
            pass
        child.send_signal(signal.SIGTERM)
        assert child.wait(HUNG_SECONDS) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(tmp_path: Path, number: signal.Signals) -> None:
    with played(tmp_path) as (child, _):
        child.send_signal(number)
        assert child.wait(HUNG_SECONDS) == 0
        assert child.stderr is not None
        assert child.stderr.read() == ""


def test_it_ends_by_itself_and_leaves_the_counts(tmp_path: Path) -> None:
    counts = tmp_path / "counts.json"
    for seconds in (0.5, 5, 50):  # on a busy machine it has ended before anybody asks
        with played(tmp_path, "--witness", counts, "--seconds", seconds) as (child, shift):
            try:
                answer = asked(shift)
            except ConnectionError:
                continue
            finally:
                assert child.wait(HUNG_SECONDS) == 0
        break
    assert answer[7:] == b"\x03\x02\x00\x01"
    found = json.loads(counts.read_text(encoding="utf-8"))
    assert found["plant"] == "tiny"
    assert found["devices"]["meter"]["functions"] == {"modbus 3": 1}
    assert found["devices"]["meter"]["connections"] == 1
    assert found["total"]["open_connections"] == 0


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    path, out = tmp_path / "tiny.toml", tmp_path / "out"
    path.write_text(PLANT, encoding="utf-8")
    with socket.socket() as taken:
        taken.bind(("127.0.84.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = finished(path, "--base-port", str(port - 502), "--write", out)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"127.0.84.1:{port}/tcp" in done.stderr
    assert "--base-port" in done.stderr
    assert not out.exists()


def test_a_point_that_cannot_be_played_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text(PLANT.replace('type = "uint16", value = 1 }', 'type = "u16", value = 1 }'))
    done = finished(path, "--base-port", "31000")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "'u16'" in done.stderr
    assert "uint16" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "bottling"),
        (("bottling", "--base-port", "65000"), "--base-port"),
        (("generate:x",), "generate:100"),
        ((), "which plant"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_wrong_words_are_usage_errors(words: tuple[str, ...], said: str) -> None:
    done = finished(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_list_names_every_bundled_plant() -> None:
    done = finished("--list")
    assert done.returncode == 0
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [
        "bottling",
        "fragile",
        "hostile",
        "quality",
    ]


def test_ports_are_shifted_only_where_they_must_be() -> None:
    assert runner.default_shift(102, root=True) == 0
    assert runner.default_shift(60_000, root=False) == 0


def test_a_generated_plant_is_the_same_twice() -> None:
    recipe = generate.Recipe(200, misbehaving=0.15, seed=7)
    first = generate.generate(recipe)
    assert first.devices == generate.generate(recipe).devices
    bad = [device for device in first.devices if device.services[0].faults]
    assert len(bad) == 30
    assert len({device.address for device in first.devices}) == 200


def test_a_wrong_recipe_names_a_good_one() -> None:
    with pytest.raises(PlantError, match="generate:100"):
        generate.from_text("100,colour=red")


ODD = """
[plant]
name = "odd"
site = "Odd"
about = "two Modbus ports"
[[device]]
id = "one"
address = "127.0.84.21"
[[device.service]]
protocol = "modbus"
port = 1502
[[device]]
id = "two"
address = "127.0.84.22"
[[device.service]]
protocol = "modbus"
[[device.service]]
protocol = "snmp"
"""


@pytest.mark.parametrize(
    ("shift", "text", "ports"),
    [
        (0, ODD, {"modbus": [502, 1502], "snmp": 161}),
        (10_000, ODD, {"modbus": [10502, 11502], "snmp": 10161}),
        (0, ODD.replace("port = 1502", ""), None),
        (10_000, ODD.replace("port = 1502", ""), {"modbus": 10502, "snmp": 10161}),
    ],
)
def test_the_site_file_names_every_port_that_the_plant_uses(
    tmp_path: Path, shift: int, text: str, ports: dict[str, Any] | None
) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(text, encoding="utf-8")
    made = load(path)
    write(made, tmp_path / "out", needed(made), shift)
    site = tomllib.loads((tmp_path / "out" / "site.toml").read_text(encoding="utf-8"))
    assert site.get("ports") == ports
