"""Found, then connected: real consumers read the simulators by what was exported.

Eclipse node-wot reads back each value of a scanned plant by its Thing Descriptions; Prometheus'
snmp_exporter scrapes the simulated agent by the exported module.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need
from tests.support.plants import ROOT, played, untrap

HERE = Path(__file__).parent
MODULES = Path(os.environ.get("UNTRAP_WOT_MODULES", ROOT / ".peers/wot/node_modules"))
MAP = """Vendor,Model,Table,Address,Type,Scale,EngineeringUnit,Name
Acme,DRV-7,holding,0,uint16,0.1,Hz,Speed
Acme,DRV-7,holding,1,int16,1,Nm,Torque
Acme,DRV-7,holding,2,float32,1,kW,Power
Acme,DRV-7,input,0,uint32,1,kWh,Energy
Acme,DRV-7,coil,0,bit,1,,Running
"""

pytestmark = pytest.mark.xdist_group("connectors")


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the inventory `i.db` of a plant that goes on being played."""
    folder = tmp_path_factory.mktemp("connectors")
    with played(HERE / "connectors.toml", folder) as plant:
        (folder / "map.csv").write_text(MAP, "utf-8")
        base = ("--db", folder / "i.db", "--config", plant.config)
        done = untrap(*base, "import", "map", folder / "map.csv", cwd=folder)
        assert done.code == 0, done.err
        how = ("--profile", "bench", "--yes", "--i-own-this-lab", "--credentials", "snmp-public")
        done = untrap(*base, "scan", *plant.targets, *how, cwd=folder)
        assert done.code == 0, done.err
        yield folder


def export(folder: Path, *words: str) -> None:
    done = untrap("--db", "i.db", "--site", "Connectors", "export", *words, cwd=folder)
    assert done.code == 0, done.err


@pytest.mark.peer("node-wot")
def test_node_wot_reads_back_every_value(scanned: Path) -> None:
    if not (MODULES / "@node-wot/core").is_dir():
        need("node-wot (make peers)")
    node = need("node")
    export(scanned, "wot", "-o", "td", "--dialect", "node-wot")
    done = subprocess.run(
        [node, str(HERE / "read_things.js"), str(scanned / "td")],
        env={**os.environ, "NODE_PATH": str(MODULES)},
        capture_output=True,
        text=True,
        timeout=HUNG_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    found: dict[str, dict[str, Any]] = json.loads(lines[-1])
    assert found["DRV-7"] == {
        "Speed": 612,  # 61.2 Hz: the description says x 0.1
        "Torque": -25,
        "Power": 12.5,
        "Energy": 70_000,
        "Running": True,
    }
    press = next(values for name, values in found.items() if name != "DRV-7")
    assert press == {"Pressure": 162.5, "Closed": True}


@pytest.mark.peer("prometheus-snmp-exporter")
def test_snmp_exporter_scrapes_the_agent_by_the_exported_module(scanned: Path) -> None:
    program = need("prometheus-snmp-exporter")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    old = "version 0.2" in said.stdout + said.stderr and any(
        f"version 0.{minor}." in said.stdout + said.stderr for minor in (20, 21, 22)
    )
    export(scanned, "prometheus", "-o", "prom", "--option", f"style={'0.22' if old else '0.23'}")
    folder = scanned / "prom"
    (targets,) = (folder / "targets").glob("*.json")
    (one,) = json.loads(targets.read_text("utf-8"))
    config = _filled(folder, old=old)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    listen = f"--web.listen-address=127.0.0.1:{port}"
    child = subprocess.Popen([program, *config, listen], stderr=subprocess.PIPE, text=True)
    try:
        module, auth = (one["labels"][f"__param_{name}"] for name in ("module", "auth"))
        query = f"target={one['targets'][0]}&module={module}&auth={auth}"
        text = _answer(f"http://127.0.0.1:{port}/snmp?{query}", child)
    finally:
        child.terminate()
        child.communicate(timeout=HUNG_SECONDS)
    assert "untrap_battery_voltage 547" in text  # decivolts; the help says x 0.1
    assert "untrap_estimated_charge_remaining 87" in text


def _filled(folder: Path, *, old: bool) -> list[str]:
    """What the README asks the user to do: put the community in."""
    files = [folder / "snmp.yml"]
    if not old:
        files.append(folder / "auths.yml")
        shutil.copy(folder / "auths.yml.example", files[1])
    text = files[-1].read_text("utf-8")
    files[-1].write_text(text.replace("${UNTRAP_SNMP_PUBLIC_COMMUNITY}", "public"), "utf-8")
    return [f"--config.file={file}" for file in files]


def _answer(url: str, child: subprocess.Popen[str]) -> str:
    last, until = "", time.monotonic() + HUNG_SECONDS
    while time.monotonic() < until:
        assert child.poll() is None, child.stderr.read() if child.stderr else ""
        try:
            with urllib.request.urlopen(url, timeout=HUNG_SECONDS) as answer:  # noqa: S310 - loopback
                return str(answer.read().decode())
        except OSError as error:
            last = str(error)
            time.sleep(0.05)  # the exporter gives no sign but its port
    raise AssertionError(last)


BOTTLING = ROOT / "simulators" / "plants" / "bottling.toml"
_REAL = 'options = { server = "asyncua", application'
"""The two servers of the bundled plant that let anybody in are played by asyncua here: node-wot
opens a subscription before it reads, which the light double refuses."""


@pytest.mark.soak
@pytest.mark.peer("node-wot")
def test_node_wot_reads_back_the_bundled_plant(tmp_path: Path) -> None:
    if not (MODULES / "@node-wot/core").is_dir():
        need("node-wot (make peers)")
    text = BOTTLING.read_text("utf-8")
    for address in ("127.20.1.11", "127.20.1.14"):
        head, mark, rest = text.partition(f'address = "{address}"')
        text = head + mark + rest.replace("options = { application", _REAL, 1)
    (tmp_path / "bottling.toml").write_text(text, "utf-8")
    with played(tmp_path / "bottling.toml", tmp_path) as plant:
        base = ("--db", tmp_path / "i.db", "--config", plant.config)
        row = untrap(*base, "import", "register", tmp_path / "plant/register.csv", cwd=tmp_path)
        assert row.code == 0, row.err  # names that differ: two meters are of one type
        for name in sorted((tmp_path / "plant/maps").iterdir()):
            assert untrap(*base, "import", "map", name, cwd=tmp_path).code == 0
        how = ("--profile", "bench", "--yes", "--i-own-this-lab")
        done = untrap(*base, "scan", "-iL", tmp_path / "plant/targets.txt", *how, cwd=tmp_path)
        assert done.code in (0, 4), done.err
        said = untrap(*base, "points", "--json", cwd=tmp_path)
        known = {(one["asset"], one["name"]): one for one in map(json.loads, said.out.splitlines())}
        where = ("-o", "td", "--dialect", "node-wot")
        assert untrap(*base, "export", "wot", *where, cwd=tmp_path).code == 0
        read = subprocess.run(
            [need("node"), str(HERE / "read_things.js"), str(tmp_path / "td")],
            env={**os.environ, "NODE_PATH": str(MODULES)},
            capture_output=True, text=True, timeout=HUNG_SECONDS, check=False,
        )  # fmt: skip
    assert read.returncode == 0, read.stderr[-2000:]
    lines = [line for line in read.stdout.splitlines() if line.startswith("{")]
    found: dict[str, dict[str, Any]] = json.loads(lines[-1])
    agreed, schemes = 0, set()
    for path in (tmp_path / "td").iterdir():
        thing = json.loads(path.read_text("utf-8"))
        asset = next(key for key, _ in known if key in path.read_text("utf-8"))
        for key, one in thing["properties"].items():
            point = known.get((asset, one.get("title", key)))
            if point is None or not isinstance(point["value"], int | float):
                continue
            got = found[thing["title"]][key]
            assert not isinstance(got, str), (thing["title"], key, got)
            value = got * one.get("untrap:scale", 1) + one.get("untrap:offset", 0)
            near = max(abs(point["value"]) * 0.2, 0.5)  # values swing as those of machines do
            assert abs(value - point["value"]) <= near, (thing["title"], key, value, point)
            agreed += 1
            schemes.add(one["forms"][0]["href"].partition(":")[0])
    assert schemes == {"modbus+tcp", "opc.tcp"}
    assert agreed > 60
    print(f"{agreed} values of {len(found)} things read back")  # noqa: T201 - for whoever asks with -s
