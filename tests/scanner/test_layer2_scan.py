"""`untrap scan` on its own segment: ARP first, listening, PROFINET DCP, with and without the right.

Two network namespaces that this test makes, joined by a veth pair; nothing else is touched.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: network namespaces"),
    pytest.mark.skipif(importlib.util.find_spec("scapy") is None, reason="needs scapy"),
    pytest.mark.xdist_group("layer2"),
]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LAB = ("--probe", "modbus", "--depth", "discover", "--yes", "--json", "--timeout", "30")
LONG = "7200"  # seconds: until it is ended
TIMES = 5
"""What hears nothing for a few seconds, as on a busy machine, listens again so often."""
BENCH = ("--profile", "bench", "--i-own-this-lab", "--max-rate", "1000")


def ip(*words: str) -> str:
    return subprocess.run([need("ip"), *words], check=True, capture_output=True, text=True).stdout


@dataclass
class Wire:
    """Two ends: the scanner stands at `near`, devices at `far`."""

    near: str
    far: str
    cwd: Path
    patience: float = HUNG_SECONDS  # that a run may take

    def untrap(self, *words: str, drop: str = "") -> list[dict[str, object]]:
        """Run `untrap` at the near end, perhaps without one capability; its JSON lines."""
        held = [need("setpriv"), f"--bounding-set=-{drop}"] if drop else []
        run = [need("ip"), "netns", "exec", self.near, *held, sys.executable, "-m", "scanner"]
        done = subprocess.run(
            [*run, "--db", str(self.cwd / "t.db"), *words],
            capture_output=True,
            text=True,
            timeout=self.patience,
            check=False,
            cwd=self.cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode in (0, 3), done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def scan(self, *words: str, drop: str = "") -> dict[str, object]:
        (summary,) = self.untrap("scan", *words, drop=drop)
        return summary

    def left(self, name: str = "here") -> int:
        """Frames that left the near end through one interface."""
        rows = ip("netns", "exec", self.near, "cat", "/proc/net/dev").splitlines()
        (row,) = [line for line in rows if line.strip().startswith(f"{name}:")]
        return int(row.partition(":")[2].split()[9])

    def kernel(self, part: str, name: str) -> int:
        """A counter of the near end's kernel (/proc/net/snmp)."""
        rows = ip("netns", "exec", self.near, "cat", "/proc/net/snmp").splitlines()
        names, counts = (line.split() for line in rows if line.startswith(f"{part}:"))
        return int(counts[names.index(name)])

    @contextmanager
    def playing(self, script: Path, *words: str) -> Iterator[None]:
        run = [need("ip"), "netns", "exec", self.far, sys.executable, str(script), *words]
        with subprocess.Popen(run, stdout=subprocess.PIPE) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == b"ready\n"
            try:
                yield
            finally:
                running.kill()


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    near, far = f"un{os.getpid()}", f"uf{os.getpid()}"
    try:
        ip("netns", "add", near)
    except subprocess.CalledProcessError:
        pytest.skip("network namespaces are not allowed here")
    try:
        ip("netns", "add", far)
        ip("-n", near, "link", "add", "here", "type", "veth", "peer", "name", "far", "netns", far)
        for space, name in ((near, "here"), (far, "far")):
            quiet = f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6"
            ip("netns", "exec", space, "sh", "-c", f"echo 1 > {quiet}")
        ip("-n", far, "link", "set", "far", "address", "00:1b:1b:00:00:42")
        for space, name in ((near, "here"), (far, "far")):
            ip("-n", space, "link", "set", "lo", "up")
            ip("-n", space, "link", "set", name, "up")
        yield Wire(near, far, tmp_path)
    finally:
        for space in (near, far):
            with suppress(subprocess.CalledProcessError):
                ip("netns", "delete", space)


def addresses(wire: Wire, near: str, far: list[str]) -> None:
    """Give both ends their addresses, many at a time."""
    ip("-n", wire.near, "address", "add", near, "dev", "here")
    batch = "".join(f"address add {item} dev far\n" for item in far)
    subprocess.run([need("ip"), "-n", wire.far, "-batch", "-"], input=batch, text=True, check=True)


def test_arp_first_and_dead_addresses_get_no_ip_packet(wire: Wire) -> None:
    addresses(wire, "10.77.0.1/28", ["10.77.0.9/28"])
    with wire.playing(HERE / "segment.py", LONG):
        *_, last = wire.untrap("plan", "10.77.0.0/28", "--exclude", "10.77.0.5", "--json")
        counters = (("Ip", "OutRequests"), ("Tcp", "RetransSegs"), ("Tcp", "OutRsts"))
        before = [wire.kernel(*one) for one in counters]
        summary = wire.scan("10.77.0.0/28", "--exclude", "10.77.0.5", *LAB)
        after = [wire.kernel(*one) for one in counters]
    layer2, sent = summary["layer2"], summary["sent"]
    assert last["layer2"]["arp_addresses"] == 13  # type: ignore[index]
    assert last["layer2"]["arp_requests"] == 26  # type: ignore[index]
    assert layer2["arp_requests"] == 13 + 12  # type: ignore[index]
    assert summary["answered"] == 1
    # By the kernel's count no IP packet is more than the model's but for its answer to the knock
    # at our own address; one less is an acknowledgement that travelled with the next request.
    left, again, resets = (now - was for now, was in zip(after, before, strict=True))
    fewer = sent["packets"] - (left - again - resets)  # type: ignore[index]
    assert 0 <= fewer <= sent["requests"]  # type: ignore[index]
    assert sent["packets"] <= summary["planned"]["ceiling"]["packets"]  # type: ignore[index]
    assert sent["packets"] >= summary["planned"]["floor"]["packets"] == 0  # type: ignore[index]
    assert summary["outcomes"]["no_path"] == 11  # type: ignore[index] # 14 hosts less 1, 5, 9
    assets = wire.untrap("assets", "--json")
    assert [(a["addresses"], a["mac"]) for a in assets] == [(["10.77.0.9"], "00:1b:1b:00:00:42")]


def test_without_the_right_the_scan_works_and_says_what_is_off(wire: Wire) -> None:
    addresses(wire, "10.77.0.1/28", ["10.77.0.9/28"])
    with wire.playing(HERE / "segment.py", LONG):
        summary = wire.scan("10.77.0.0/28", *LAB, "--listen", "1", "--dcp", drop="net_raw")
    assert summary["answered"] == 1
    assert "CAP_NET_RAW" in str(summary["layer2"]["off"])  # type: ignore[index]


@pytest.mark.parametrize("drop", ["", "net_raw"])
def test_nothing_leaves_through_another_interface_than_the_named_one(wire: Wire, drop: str) -> None:
    """Two links lead into networks with the same addresses, as on two machines of one maker: the
    routing table alone would take the first."""
    addresses(wire, "10.77.0.1/28", [])
    ip("-n", wire.near, "link", "add", "there", "type", "veth", "peer", "beyond", "netns", wire.far)
    ip("-n", wire.near, "address", "add", "10.77.0.2/28", "dev", "there")
    ip("-n", wire.far, "address", "add", "10.77.0.9/28", "dev", "beyond")
    for space, name in ((wire.near, "there"), (wire.far, "beyond")):
        quiet = f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6"
        ip("netns", "exec", space, "sh", "-c", f"echo 1 > {quiet}")
        ip("-n", space, "link", "set", name, "up")
    with wire.playing(HERE / "segment.py", LONG):
        before = wire.left("here")
        summary = wire.scan("10.77.0.8/30", "--interface", "there", *LAB, drop=drop)
        assert wire.left("here") == before
    assert summary["answered"] == 1
    assert wire.left("there") > 0
    (asset,) = wire.untrap("assets", "--json")
    assert asset["addresses"] == ["10.77.0.9"]


def test_listening_sends_nothing_and_fills_the_inventory(wire: Wire) -> None:
    addresses(wire, "10.77.0.1/28", ["10.77.0.9/28"])
    with wire.playing(HERE / "capture" / "double.py", "far", LONG):
        for _ in range(TIMES):
            before = wire.left()
            summary = wire.scan("--listen", "2", "--json")
            assert wire.left() == before
            assert summary["hosts"] == 0
            assert summary["sent"]["packets"] == 0  # type: ignore[index]
            if assets := wire.untrap("assets", "--json"):
                break
    (asset,) = assets
    assert (asset["name"], asset["role"], asset["mac"]) == (
        "switch-42",
        "switch",
        "00:1b:1b:00:00:42",
    )


def test_dcp_is_asked_only_when_it_is_wanted(wire: Wire) -> None:
    addresses(wire, "10.77.0.1/28", ["10.77.0.9/28"])
    with wire.playing(HERE / "capture" / "double.py", "far", LONG):
        for _ in range(TIMES):
            summary = wire.scan("--dcp", "--yes", "--json")
            assert summary["layer2"]["dcp_requests"] == 1  # type: ignore[index]
            assert summary["sent"]["packets"] == 0  # type: ignore[index]
            assets = wire.untrap("assets", "--json")
            facts = {(f["name"], f["value"]) for a in assets for f in a["facts"]}  # type: ignore[attr-defined]
            if {("name", "press-7.plc"), ("product", "S7-1200")} <= facts:
                return
    pytest.fail(f"no answer to DCP in {TIMES} scans: {facts}")


def live(size: int) -> list[str]:
    """Every thirteenth of so many addresses."""
    return [f"10.78.{n // 256}.{n % 256}" for n in range(7, size - 6, 13)]


def sweep(wire: Wire, prefix: int, drop: str) -> None:
    """Scan a whole own network; every live host is found, none is called absent by mistake."""
    limit = Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3")
    if limit.exists() and int(limit.read_text()) > 1024:  # not told in a network of our own
        pytest.skip("the neighbour table of this machine is larger than stock")
    size = 1 << (32 - prefix)
    here, hosts = f"10.78.{size // 256 - 1}.254", live(size)
    addresses(wire, f"{here}/{prefix}", [f"{item}/{prefix}" for item in hosts])
    with wire.playing(HERE / "segment.py", LONG):
        pace = ("--profile", "brisk") if drop else BENCH
        summary = wire.scan(f"10.78.0.0/{prefix}", *LAB, *pace, drop=drop)
    assert summary["answered"] == len(hosts), json.dumps(summary)
    outcomes = summary["outcomes"]
    assert isinstance(outcomes, dict)
    assert outcomes.get("failed_here", 0) <= 3  # the own address, and the ends of the network
    found = {a for asset in wire.untrap("assets", "--json") for a in asset["addresses"]}  # type: ignore[attr-defined]
    assert set(hosts) <= found


def test_a_slash_23_finds_every_live_host(wire: Wire) -> None:
    """The quick one of the three: 512 addresses by ARP first."""
    sweep(wire, 23, "")


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("drop", ["", "net_raw"])
def test_a_slash_20_finds_every_live_host_with_a_stock_neighbour_table(
    wire: Wire, drop: str
) -> None:
    """4 096 addresses, four times what the table holds; 315 of them live."""
    sweep(wire, 20, drop)
