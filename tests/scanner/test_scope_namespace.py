"""Nothing leaves for an address outside the scope, whatever devices say: counted by the kernel.

The test starts itself again in a network namespace of its own, where nftables counts every packet
that this machine sends and where every other address has a route.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.patience import HUNG_SECONDS
from tests.support.peers import PLACES, need
from tests.support.plants import ROOT, played, untrap
from tests.support.rights import unshared

LURES = {
    "ua": (
        "127.35.1.10",
        "opcua",
        'options = { advertised_url = ["opc.tcp://10.77.0.1:4840", "opc.tcp://lure.example:4840"], '
        'application_type = "discovery", servers = [{ uri = "urn:x", name = "X", '
        'url = "opc.tcp://10.77.0.2:4840" }, { uri = "urn:y", name = "Y", '
        'url = "opc.tcp://127.35.1.14:4840" }] }',
    ),
    "switch": (
        "127.35.1.11",
        "snmp",
        'options = { addresses = [{ address = "10.77.0.3", mask = "255.255.255.0" }], '
        'arp = [{ address = "10.77.0.5", mac = "00:90:e8:20:04:0d" }], '
        'lldp = [{ port = 1, name = "lure.example", mac = "00:90:e8:20:04:0b", port_id = "8", '
        'address = "127.35.1.14" }, { port = 2, name = "N", mac = "00:90:e8:20:04:0c", '
        'port_id = "9", address = "10.77.0.4" }] }',
    ),
    "plc": ("127.35.1.12", "modbus", 'points = [{address = "holding:0", name = "a", value = 1}]'),
    "kept-out": ("127.35.1.13", "modbus", ""),
    "not-named": ("127.35.1.14", "modbus", ""),
}
PLANT = '[plant]\nname = "lures"\nsite = "lures"\n' + "".join(
    f"""
[[device]]
id = "{name}"
address = "{address}"
vendor = "Acme"
product = "{name}"
[[device.service]]
protocol = "{protocol}"
{more}
"""
    for name, (address, protocol, more) in LURES.items()
)
NAMED = ("127.35.1.10", "127.35.1.11", "127.35.1.12", "127.35.1.200")
TWOFOLD, MOVING = "twofold.example", "moving.example"
HOSTS = f"""127.0.0.1 localhost
127.35.1.12 {TWOFOLD}
127.35.1.13 {TWOFOLD}
"""
"""One name for two addresses, of which one is excluded."""

REGISTER = """Tag,Kind,Name,Address,Protocol,Unit,Parent
GW-1,device,gateway elsewhere,10.77.0.6,modbus,,
PLC-12,device,behind it,127.35.1.12,modbus,,GW-1
UNIT-3,device,a unit of it,,modbus,3,GW-1
UNIT-4,device,a unit of the PLC,,modbus,4,PLC-12
FAR-1,device,critical and elsewhere,10.77.0.7,snmp,,
BY-IP,device,behind an address,127.35.1.11,snmp,,10.77.0.8
OUT-1,device,not named,127.35.1.14,modbus,,PLC-12
"""
"""Gateways and parents that point elsewhere."""
RULES = f"""
table inet watch {{
  counter outside {{ }}
  counter scope {{ }}
  counter dns {{ }}
  counter excluded {{ }}
  chain out {{
    type filter hook output priority 0; policy accept;
    meta l4proto {{ tcp, udp }} th dport {{ 53, 137, 5353, 5355 }} counter name dns
    ip daddr 127.35.1.13 counter name excluded
    ip saddr 127.35.1.0/24 accept comment "the plant's own answers"
    ip daddr {{ {", ".join(NAMED)} }} counter name scope accept
    counter name outside
  }}
}}
"""


def nft(*words: str, given: str | None = None) -> str:
    done = subprocess.run(
        [need("nft"), *words], input=given, capture_output=True, text=True, check=True
    )
    return done.stdout


def counted() -> dict[str, int]:
    """Packets per counter, which then begin at zero again."""
    found = json.loads(nft("-j", "reset", "counters"))["nftables"]
    return {i["counter"]["name"]: i["counter"]["packets"] for i in found if "counter" in i}


def inside(folder: Path) -> dict[str, dict[str, int]]:
    """In the namespace: play the plant, plan, scan, and count."""
    os.environ["PATH"] = PLACES
    for words in ("link set lo up", "route add default dev lo"):
        subprocess.run([need("ip"), *words.split()], check=True)
    nft("-f", "-", given=RULES)
    file = folder / "lures.toml"
    file.write_text(PLANT, encoding="utf-8")
    found = {}
    targets = (*NAMED, "127.35.1.13", "--exclude", "127.35.1.13", "--credentials", "snmp-public")
    with played(file, folder) as here:
        common = ("--db", folder / "t.db", "--config", here.config)
        counted()
        for words in (("plan", *targets), ("plan", "10.0.0.0/16", "--json"), ("doctor",)):
            ran = untrap(*common, *words, cwd=folder)
            assert ran.code == 0 or words == ("doctor",), ran.err
        found["plan"] = counted()
        ran = untrap(*common, "scan", *targets, "--profile", "brisk", cwd=folder)
        assert ran.code == 0, ran.err
        found["scan"] = counted()
        ran = untrap(*common, "scan", *targets, "--depth", "sample", "--sample-seconds", "2",
                     "--sample-every", "1", "--profile", "brisk", cwd=folder)  # fmt: skip
        assert ran.code == 0, ran.err
        found["sample"] = counted()
        found |= _by_name(folder, common) | _by_register(folder, here.config)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stray:
        stray.sendto(b"?", ("10.77.0.1", 53))
    found["proof"] = counted()
    return found


def _by_name(folder: Path, common: tuple[str | Path, ...]) -> dict[str, dict[str, int]]:
    """A name of two addresses; and one that means another address when the scan is resumed."""
    hosts = folder / "hosts"
    hosts.write_text(f"{HOSTS}127.35.1.10 {MOVING}\n", encoding="utf-8")
    words = ("mount", "--bind", str(hosts), "/etc/hosts")
    subprocess.run([need(words[0]), *words[1:]], check=True)
    targets = (TWOFOLD, MOVING, "--exclude", "127.35.1.13", "--credentials", "snmp-public")
    ran = untrap(*common, "scan", *targets, "--profile", "standard", "--max-time", "1s", cwd=folder)
    assert ran.code == 4, ran.err
    found = {"names": counted()}
    hosts.write_text(f"{HOSTS}10.77.0.9 {MOVING}\n127.35.1.14 {TWOFOLD}\n", encoding="utf-8")
    ran = untrap(*common, "scan", "--resume", "--yes", cwd=folder)
    assert ran.code == 0, ran.err
    return found | {"resume": counted()}


def _by_register(folder: Path, config: Path) -> dict[str, dict[str, int]]:
    """Rows whose address, parent or gateway is elsewhere."""
    register = folder / "register.csv"
    register.write_text(REGISTER, encoding="utf-8")
    common = ("--db", folder / "registered.db", "--config", config)
    ran = untrap(*common, "import", "register", register, cwd=folder)
    assert ran.code == 0, ran.err
    targets = (*NAMED, "--credentials", "snmp-public")
    ran = untrap(*common, "scan", *targets, "--profile", "brisk", cwd=folder)
    assert ran.code == 0, ran.err
    return {"register": counted()}


@pytest.mark.root
def test_no_packet_leaves_for_an_address_outside_the_scope(tmp_path: Path) -> None:
    for tool in ("ip", "nft"):
        need(tool)
    code = (
        "import json, sys; from pathlib import Path; "
        "from tests.scanner.test_scope_namespace import inside; "
        "print(json.dumps(inside(Path(sys.argv[1]))))"
    )
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        done = subprocess.run(
            [*unshared("-rnm"), sys.executable, "-c", code, folder],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=HUNG_SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["proof"] == {"outside": 1, "scope": 0, "dns": 1, "excluded": 0}  # it does count
    assert found["plan"] == {"outside": 0, "scope": 0, "dns": 0, "excluded": 0}
    for run in ("scan", "sample", "names", "resume", "register"):
        counts = found[run]
        assert counts["scope"] > 0
        assert counts == {"outside": 0, "scope": counts["scope"], "dns": 0, "excluded": 0}
