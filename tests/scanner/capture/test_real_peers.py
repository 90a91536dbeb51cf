"""Conversations of real peers, recorded in namespaces, imported, and what the rules then say.

A switch with six machines: a PLC (pymodbus), a historian (asyncua) that polls it, an office
computer (node-opcua) that reads the historian, a meter that reports by TLS to a server outside, and
the place where tcpdump records and from where a scan starts. No corpus holds the three situations.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need
from tests.support.plants import ROOT, Ran

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: network namespaces"),
    pytest.mark.peer("tcpdump"),
    pytest.mark.peer("node-opcua"),
    pytest.mark.xdist_group("real-peers"),
]

HERE = Path(__file__).parent
PLC, HISTORIAN, OFFICE, METER = "10.9.1.10", "10.9.2.5", "10.9.3.20", "10.9.1.40"
CLOUD, WATCH = "18.196.10.4", "10.9.0.1"
MACS = {
    PLC: "00:80:f4:00:00:10", HISTORIAN: "00:0c:29:00:00:05", OFFICE: "00:0c:29:00:00:20",
    METER: "00:80:f4:00:00:40", CLOUD: "00:09:0f:00:00:01",
}  # fmt: skip
PLC_NAME, PLC_NODE = "press-7.plc", "ns=2;s=press-7.plc/Temperature"
READS = 12
LATER_SECONDS = 900  # the second recording of a set is told to be so much younger
SITE = """
[site]
name = "Hall"
[[zone]]
name = "cell"
addresses = "10.9.1.0/24"
[[zone]]
name = "dmz"
addresses = "10.9.2.0/24"
[[zone]]
name = "office"
addresses = "10.9.3.0/24"
[[conduit]]
from = "dmz"
to = "cell"
"""
REGISTER = f"""Tag,Kind,Class,Name,Address
PLC-7,device,plc,{PLC_NAME},{PLC}
H-1,device,historian,Historian,{HISTORIAN}
"""


def ip(*words: str) -> None:
    subprocess.run([need("ip"), *words], check=True, capture_output=True)


@dataclass
class Hall:
    """The switch's namespace, one for each machine, and what runs in them."""

    folder: Path
    name: str
    open: ExitStack = field(default_factory=ExitStack)

    def space(self, address: str) -> str:
        return f"{self.name}-{address.rpartition('.')[2] if address else 'sw'}"

    def inside(self, address: str, *words: str | Path) -> list[str]:
        return [need("ip"), "netns", "exec", self.space(address), *map(str, words)]

    def build(self) -> None:
        switch = self.space("")
        self.new(switch)
        ip("-n", switch, "link", "add", "br0", "type", "bridge")
        for number, (address, mac) in enumerate(MACS.items()):
            space, port = self.space(address), f"p{number}"
            self.new(space)
            ends = ("peer", "name", "eth0", "netns", space, "address", mac)
            ip("-n", switch, "link", "add", port, "type", "veth", *ends)
            ip("-n", switch, "link", "set", port, "master", "br0", "up")
            self.up(space, "eth0", f"{address}/32")
        self.up(switch, "br0", f"{WATCH}/32")

    def new(self, space: str) -> None:
        try:
            ip("netns", "add", space)
        except subprocess.CalledProcessError:
            pytest.skip("network namespaces are not allowed here")
        self.open.callback(ip, "netns", "delete", space)

    def up(self, space: str, interface: str, address: str) -> None:
        """All on one segment; the server outside is told to be there too."""
        ip("-n", space, "address", "add", address, "dev", interface)
        ip("-n", space, "link", "set", interface, "up")
        ip("-n", space, "link", "set", "lo", "up")
        for network in ("10.9.0.0/16", f"{CLOUD}/32"):
            if not address.startswith(network.partition("/")[0]):
                ip("-n", space, "route", "add", network, "dev", interface)

    def talk(self, who: str, address: str, *more: str | Path) -> None:
        """Start one of the peers and wait until it is ready."""
        command = self.inside(address, sys.executable, HERE / "talkers.py", who, *more)
        run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
        self.open.enter_context(run)
        self.open.callback(run.kill)
        assert run.stdout is not None
        assert run.stdout.readline() == b"ready\n"

    def record(self, file: Path) -> None:
        """One recording: as long as the office reads the historian."""
        dump = self.inside(
            "", need("tcpdump"), "--immediate-mode", "-i", "br0", "-U", "-Z", "root", "-w", file
        )
        reads = self.inside(
            OFFICE, need("node"), ROOT / "tests/peers/node-opcua/client.js",
            f"opc.tcp://{HISTORIAN}:4840/historian", PLC_NODE, str(READS), "50",
        )  # fmt: skip
        with subprocess.Popen(dump, stderr=subprocess.PIPE) as recording:
            assert recording.stderr is not None
            while b"listening on" not in recording.stderr.readline():
                assert recording.poll() is None
            try:
                subprocess.run(reads, check=True, capture_output=True, timeout=HUNG_SECONDS)
                office_has_left(file)
            finally:
                recording.terminate()

    def untrap(self, *words: str | Path) -> Ran:
        """A command at the switch, where the recording was made."""
        given = (sys.executable, "-m", "scanner", "--db", "a.db", "--config", "site.toml")
        done = subprocess.run(
            self.inside("", *given, *words),
            capture_output=True, text=True, cwd=self.folder, timeout=HUNG_SECONDS, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode in (0, 3), done.stderr  # 3: a scan to which nobody answered
        return Ran(done.returncode, done.stdout, done.stderr)


def office_has_left(file: Path) -> None:
    """Wait for the end of the office's connection: the file then holds all that came before it,
    which tcpdump, asked to end, would leave in the kernel."""
    end = f"src host {OFFICE} and tcp[tcpflags] & (tcp-fin|tcp-rst) != 0"
    until = time.monotonic() + HUNG_SECONDS
    while not subprocess.run(
        [need("tcpdump"), "-n", "-r", file, end], capture_output=True, check=False
    ).stdout:
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Peers that talked, two recordings, and an inventory of all that."""
    if not (ROOT / ".peers/node_modules/node-opcua").exists():
        if os.environ.get("UNTRAP_REQUIRE_PEERS") == "1":
            pytest.fail("node-opcua is required and not installed")
        pytest.skip("node-opcua is not installed")
    folder = tmp_path_factory.mktemp("hall")
    (folder / "site.toml").write_text(SITE)
    (folder / "register.csv").write_text(REGISTER)
    found = Hall(folder, f"h{os.getpid()}")
    with found.open:
        found.build()
        found.talk("plc", PLC, PLC)
        found.talk("historian", HISTORIAN, HISTORIAN, PLC)
        found.talk("cloud", CLOUD, CLOUD, folder)
        found.talk("meter", METER, CLOUD)
        for name in ("first.pcap", "now.pcap"):
            found.record(folder / name)
        later = [need("editcap"), "-F", "pcap", "-t", str(LATER_SECONDS)]
        subprocess.run([*later, folder / "now.pcap", folder / "second.pcap"], check=True)
        found.untrap("import", "register", "register.csv")
        found.untrap("import", "pcap", "first.pcap", "second.pcap")
        yield found


def gaps(hall: Hall) -> dict[tuple[str, str], str]:
    """(rule, subject) → the whole finding as text."""
    return {
        (row["rule"], row["subject"]): json.dumps(row)
        for row in hall.untrap("gaps", "--all", "--json").lines()
    }


def asset(hall: Hall, address: str) -> dict[str, Any]:
    (one,) = [a for a in hall.untrap("assets", "--json").lines() if address in a["addresses"]]
    return dict(one)


def facts(one: dict[str, Any], name: str) -> list[str]:
    return [str(fact["value"]) for fact in one["facts"] if fact["name"] == name]


def test_each_machine_is_one_asset_with_its_hardware_address(hall: Hall) -> None:
    assert {address: asset(hall, address)["mac"] for address in MACS} == MACS


def test_the_conversations_are_told(hall: Hall) -> None:
    """Who reads what, how often, though nobody did for fifteen minutes in between."""
    told = hall.untrap("show", PLC).out
    assert "holding:0-3" in told
    (consumer,) = facts(asset(hall, PLC), "consumer")
    assert consumer.startswith(f"{HISTORIAN} modbus ")
    assert "Acme" not in told  # nobody asked it who it is
    assert float(consumer.split()[2]) < 10
    (consumer,) = facts(asset(hall, HISTORIAN), "consumer")
    assert consumer.startswith(f"{OFFICE} opcua ")
    assert float(consumer.split()[2]) < 10


def test_a_reader_in_another_zone_is_a_crossing_unless_a_conduit_is_declared(hall: Hall) -> None:
    crossings = {subject: text for (rule, subject), text in gaps(hall).items() if rule == "G06"}
    assert list(crossings) == ["office"]
    assert OFFICE in crossings["office"]


def test_a_plc_whose_values_the_historian_names_is_covered(hall: Hall) -> None:
    assert asset(hall, PLC)["category"] == "covered"
    (point,) = hall.untrap("points", "--json").lines()
    assert (point["asset_name"], point["path"], point["value"]) == ("Historian", PLC_NAME, 71.5)


def test_a_meter_that_only_reports_outside_needs_a_scan_to_be_called_so(hall: Hall) -> None:
    asked = [row for row in hall.untrap("questions", "--json").lines() if row["rule"] == "T11"]
    assert len(asked) == 1
    hall.untrap("scan", METER, "--yes", "--profile", "brisk", "--depth", "identify")
    (finding,) = [text for (rule, _), text in gaps(hall).items() if rule == "T11"]
    assert CLOUD in finding
    assert asset(hall, METER)["category"] == "trapped"


def test_what_was_heard_and_what_is_scanned_is_one_asset(hall: Hall) -> None:
    before = {a["key"] for a in hall.untrap("assets", "--json").lines()}
    hall.untrap("scan", PLC, HISTORIAN, "--yes", "--profile", "brisk", "--depth", "identify")
    assert {a["key"] for a in hall.untrap("assets", "--json").lines()} == before
    assert asset(hall, PLC)["vendor"] == "Acme"
    assert asset(hall, HISTORIAN)["mac"] == MACS[HISTORIAN]
