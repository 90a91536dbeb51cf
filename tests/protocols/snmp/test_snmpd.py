"""Against Debian's net-snmp agent: versions 1, 2c and engine discovery, over a real socket."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from protocols.contract import Credential, Depth, Outcome, Reason, Secret, Target
from protocols.snmp import PROBE, engine
from tests.protocols.snmp.test_probe import facts, run
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need
from tests.support.plain import PlainLink

pytestmark = pytest.mark.peer("snmpd")
ADDRESS = "127.0.0.1"
COMMUNITY = "plant-read"
DESCRIPTION = (
    "Siemens, SIMATIC NET, SCALANCE XC208, 6GK5 208-0BA00-2AC2, HW: Version 2, "
    "FW: Version V04.01.00, SVPM0000001"
)
CONFIGURATION = f"""\
rocommunity {COMMUNITY} {ADDRESS}
sysDescr {DESCRIPTION}
sysObjectID 1.3.6.1.4.1.4329.6.1.2.1.2
sysName hall-2-switch
sysLocation Hall 2
sysContact maintenance
"""


def free_port() -> int:
    """A UDP port that nobody holds now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A running agent's port."""
    with agent(tmp_path_factory.mktemp("snmpd")) as chosen:
        yield chosen


@contextmanager
def agent(where: Path, more: str = "") -> Iterator[int]:
    """Debian's agent with the configuration above and `more` of it, until the block ends."""
    path = need("snmpd")
    (where / "snmpd.conf").write_text(CONFIGURATION + more)
    chosen = free_port()
    command = [path, "-f", "-Lf", str(where / "log"), "-C", "-c", str(where / "snmpd.conf")]
    command += ["-p", str(where / "pid"), f"udp:{ADDRESS}:{chosen}"]
    environment = os.environ | {"SNMP_PERSISTENT_DIR": str(where), "MIBS": ""}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as child:
        try:
            await_agent(chosen)
            yield chosen
        finally:
            child.terminate()
            child.wait(HUNG_SECONDS)


def await_agent(port: int) -> None:
    """Return when the agent answers discovery."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        client.connect((ADDRESS, port))
        deadline = time.monotonic() + HUNG_SECONDS
        while time.monotonic() < deadline:
            try:
                client.send(engine.encode_discovery(1))
                engine.decode_report(client.recv(65_535), 1)
            except (TimeoutError, ConnectionRefusedError):
                continue
            return
    pytest.fail("snmpd did not start")


def link(port: int, kind: str = "", community: str = COMMUNITY) -> PlainLink:
    named = (Credential("plant", kind, Secret(lambda: community)),) if kind else ()
    return PlainLink(PROBE, Target("test", ADDRESS, "udp", port), credentials=named)


@pytest.mark.parametrize("kind", ["snmp-v1", "snmp-v2c"])
def test_an_agent_is_identified_and_walked(port: int, kind: str) -> None:
    found = run(link(port, kind), Depth.POINTS)
    assert facts(found, "vendor")[0] == "Siemens"
    assert facts(found, "model")[0] == "6GK5 208-0BA00-2AC2"
    assert facts(found, "serial")[0] == "VPM0000001"
    assert facts(found, "name") == ["hall-2-switch"]
    assert "lo" in facts(found, "interface.name")
    outcomes = {o.outcome for o in found.observations}
    assert not outcomes & {Outcome.GARBLED, Outcome.SILENT, Outcome.BROKEN, Outcome.OTHER}


def test_one_request_identifies(port: int) -> None:
    found = run(link(port, "snmp-v2c"))
    assert len(found.requests) == 1


def test_both_versions_tell_the_same_interfaces(port: int) -> None:
    names = [
        facts(run(link(port, kind), Depth.POINTS), "interface.name")
        for kind in ("snmp-v1", "snmp-v2c")
    ]
    assert names[0] == names[1] != []


def test_discovery_without_a_credential_names_the_engine(port: int) -> None:
    found = run(link(port))
    assert facts(found, "enterprise") == [8072]
    assert facts(found, "vendor") == []
    assert facts(found, "boots") == [1]
    assert found.observations[-1].reason == Reason.NO_CREDENTIAL


def test_a_wrong_community_is_silence(port: int) -> None:
    quiet = link(port, "snmp-v2c", community="wrong")
    quiet.timeout_seconds = 0.5
    assert [o.outcome for o in run(quiet).observations] == [Outcome.SILENT]


def test_net_snmp_reads_what_we_read(port: int) -> None:
    client = need("snmpget")
    command = [client, "-v2c", "-c", COMMUNITY, "-Oqv", "-m", "", f"{ADDRESS}:{port}"]
    theirs = subprocess.run(
        [*command, "1.3.6.1.2.1.1.1.0"],
        capture_output=True,
        text=True,
        check=True,
        timeout=HUNG_SECONDS,
    )
    ours = facts(run(link(port, "snmp-v2c"), Depth.DISCOVER), "description")
    assert ours == [theirs.stdout.strip().strip('"')]
