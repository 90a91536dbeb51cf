"""Live layer 2 against doubles behind a veth pair: right identity, and listening sends nothing."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.layer2.helper import Helper, Layer2Error, identify, listen, sweep
from tests.support.peers import need

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: network namespaces"),
    pytest.mark.skipif(importlib.util.find_spec("scapy") is None, reason="needs scapy"),
    pytest.mark.xdist_group("layer2"),
]

DOUBLE = Path(__file__).with_name("double.py")
LISTENING = (2.0, 20.0, 200.0)
"""Seconds: on a busy machine the double may have nothing said and nothing answered in the first."""


@pytest.fixture
def wire() -> Iterator[str]:
    """Our end of a veth pair; at the other end, in a namespace, is 10.77.0.9 with the double."""
    ip, space, here = need("ip"), f"ut{os.getpid()}", f"uv{os.getpid()}"[:15]

    def run(*words: str) -> None:
        subprocess.run([ip, *words], check=True, capture_output=True)

    try:
        run("netns", "add", space)
    except subprocess.CalledProcessError:
        pytest.skip("network namespaces are not allowed here")
    try:
        run("link", "add", here, "type", "veth", "peer", "name", "far", "netns", space)
        Path(f"/proc/sys/net/ipv6/conf/{here}/disable_ipv6").write_text("1")
        run("link", "set", here, "up")
        run("-n", space, "link", "set", "far", "address", "00:1b:1b:00:00:42")
        run("-n", space, "link", "set", "far", "up")
        run("-n", space, "address", "add", "10.77.0.9/24", "dev", "far")
        double = [ip, "netns", "exec", space, sys.executable, str(DOUBLE), "far", "7200"]
        with subprocess.Popen(double, stdout=subprocess.PIPE) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == b"ready\n"
            yield here
            running.terminate()
    finally:
        subprocess.run([ip, "netns", "delete", space], check=False)
        subprocess.run([ip, "link", "delete", here], check=False, capture_output=True)


def sent(interface: str) -> int:
    """Packets that left through an interface, by the kernel's count (its tenth column)."""
    rows = Path("/proc/net/dev").read_text().splitlines()
    (row,) = [line for line in rows if line.strip().startswith(f"{interface}:")]
    return int(row.partition(":")[2].split()[9])


def test_listening_hears_lldp_and_sends_nothing(wire: str) -> None:
    for seconds in LISTENING:
        before = sent(wire)
        heard = listen(wire, seconds)
        assert sent(wire) == before
        assert heard.sent == 0
        facts = {(f.name, f.value) for o in heard.observations for f in o.facts}
        if facts:
            break
    assert {("name", "switch-42"), ("role", "switch"), ("mac", "00:1b:1b:00:00:42")} <= facts


def test_an_arp_sweep_finds_the_live_host(wire: str) -> None:
    before = sent(wire)
    heard = sweep(wire, "10.77.0.1", "10.77.0.1-10.77.0.8,10.77.0.9-10.77.0.14", 0.5)
    assert heard.sent == sent(wire) - before == 14 + 13  # the silent ones twice
    assert heard.answered == {"10.77.0.9"}
    found = {
        (o.target.address, f.value) for o in heard.observations for f in o.facts if f.name == "mac"
    }
    assert ("10.77.0.9", "00:1b:1b:00:00:42") in found


def test_a_sweep_that_is_held_sends_nothing_and_asks_everybody_afterwards(wire: str) -> None:
    targets, left = "10.77.0.9-10.77.0.60", [52]

    def hold(_: set[str]) -> None:
        """The first answer has come."""
        helper.hold(True)
        left[:] = [sent(wire) - before]
        while len(left) < 2 or left[-2] != left[-1]:
            time.sleep(0.6)  # far longer than a round lasts
            left.append(sent(wire) - before)
        helper.hold(False)

    for rate in (100, 10, 1):  # on a busy machine all have left before it is told
        before, helper = sent(wire), Helper(hold)
        heard = sweep(wire, "10.77.0.1", targets, 0.2, helper=helper, per_second=rate)
        assert heard.sent == sent(wire) - before == 52 + 51
        assert heard.answered == {"10.77.0.9"}
        if left[-1] < 52:
            return
    pytest.fail("nothing was held")


def test_dcp_identify_gives_the_stations_identity(wire: str) -> None:
    for seconds in LISTENING:
        heard = identify(wire, seconds)
        assert heard.sent == 1
        facts = {
            f.name: f.value
            for o in heard.observations
            if o.question.protocol == "pn-dcp" and o.question.operation == "overheard"
            for f in o.facts
        }
        if facts:
            break
    assert facts["name"] == "press-7.plc"
    assert facts["product"] == "S7-1200"
    assert (facts["vendor_id"], facts["device_id"]) == (0x2A, 0x10D)
    assert (facts["vendor"], facts["role"]) == ("Siemens", "plc")


def test_an_interface_that_is_not_there_is_said_so() -> None:
    with pytest.raises(Layer2Error, match="nosuch0"):
        listen("nosuch0", 0.1)
