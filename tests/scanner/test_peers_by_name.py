"""Parts that nobody here wrote, one by one through the real commands: found, identified, listed.

`tests/peers/peers.toml` is the table of what each must give; `docs/peers.md` is made from it.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.protocols.modbus.test_peers import child, libmodbus
from tests.protocols.opcua import test_peers as opcua
from tests.protocols.s7comm.test_peer import SERVER
from tests.protocols.snmp import test_snmpd
from tests.support.peers import need
from tests.support.plants import ROOT, untrap

FOLDER = ROOT / "tests" / "peers"
TABLE: Mapping[str, Mapping[str, Any]] = tomllib.loads((FOLDER / "peers.toml").read_text("utf-8"))


def node_opcua(folder: Path) -> AbstractContextManager[int]:
    """Open, with the address space of node-opcua's own sample server."""
    script, modules = FOLDER / "node-opcua" / "server.js", str(opcua.modules())
    words = [need("node"), str(script), "open", str(folder), '{"conformance": true}']
    return opcua.child(words, UNTRAP_NODE_MODULES=modules)


def asyncua(folder: Path) -> AbstractContextManager[int]:
    script = Path(opcua.__file__).with_name("asyncua_server.py")
    return opcua.child([sys.executable, str(script), "open", str(folder)])


def pymodbus(_folder: Path) -> AbstractContextManager[int]:
    return child(sys.executable, str(FOLDER / "pymodbus" / "server.py"))


@contextmanager
def snap7(_folder: Path) -> Iterator[int]:
    if importlib.util.find_spec("snap7") is None:
        pytest.skip("python-snap7 is not installed")
    words = [sys.executable, "-W", "ignore", "-c", SERVER]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.communicate("")


UPS = "1.3.6.1.2.1.33.1"
VALUES = f"""\
override {UPS}.2.1.0 integer 2
override {UPS}.2.4.0 integer 87
override {UPS}.2.7.0 integer 24
override {UPS}.3.3.1.3.1 integer 231
"""
"""A battery's state, charge and temperature and one input voltage (RFC 1628) for snmpd to serve."""


PEERS: Mapping[str, Callable[[Path], AbstractContextManager[int]]] = {
    "snmpd": lambda folder: test_snmpd.agent(folder, VALUES),
    "node-opcua": node_opcua,
    "asyncua": asyncua,
    "pymodbus": pymodbus,
    "libmodbus": lambda folder: child(libmodbus(folder)),
    "snap7": snap7,
}


def test_every_peer_of_the_table_can_be_started() -> None:
    assert set(PEERS) == set(TABLE)


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.peer(n)) for n in TABLE])
def test_a_peer_is_found_identified_and_its_points_are_listed(name: str, tmp_path: Path) -> None:
    about = TABLE[name]
    site = tmp_path / "site.toml"
    community = 'type = "snmp-v2c"\nsecret = "env:PEER_COMMUNITY"\n'
    site.write_text(f"[credentials.plant]\n{community}", encoding="utf-8")
    secret = {"PEER_COMMUNITY": test_snmpd.COMMUNITY}
    base = ("--db", tmp_path / "t.db", "--config", site)
    folder = tmp_path / "peer"
    folder.mkdir()
    with PEERS[name](folder) as port:
        target = f"127.0.0.1:{port}/{about['protocol']}"
        words = (target, "--profile", "brisk", "--timeout", "30", "--json")
        ran = untrap(*base, "scan", *words, cwd=tmp_path, environment=secret)
    assert ran.code == 0, ran.err
    found = untrap(*base, "assets", "--json", cwd=tmp_path).lines()
    (asset,) = [one for one in found if one["services"]]  # an agent's ARP table names neighbours
    (service,) = asset["services"]
    assert (service["protocol"], service["port"], service["outcome"]) == (
        about["protocol"],
        port,
        about["outcome"],
    )
    assert {field: asset[field] for field in about["says"]} == about["says"]
    points = untrap(*base, "points", "--json", cwd=tmp_path).lines()
    listed = {point["name"] for point in points} | {point["address"] for point in points}
    assert set(about["points"]) <= listed
    assert len(points) >= about["least"]
    assert asset["points"] == len(points)
