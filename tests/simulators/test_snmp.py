"""The SNMP double, asked by net-snmp (Debian `snmp`) and by bare datagrams."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest

from simulators.contract import Bind, Device, Fault, Point, Service
from simulators.snmp import SIMULATOR, Agent, engine_id
from simulators.switchboard import Switchboard
from simulators.udp import UdpDouble
from simulators.witness import DeviceWitness
from tests.simulators.doubles import METER, Running, running
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need

SWITCH = replace(METER, vendor="Hirschmann", product="RSP25", mac="ec:74:ba:00:00:0a", name="SW-1")
USERS = [
    {
        "name": "reader",
        "auth": "SHA",
        "auth_secret": "authentic1",
        "privacy": "AES-128",
        "privacy_secret": "private-12",
    },
    {"name": "guest"},
]
OPTIONS = {
    "versions": ["v1", "v2c", "v3"],
    "enterprise": 248,
    "object_id": "1.3.6.1.4.1.248.11.2.1.20",
    "users": USERS,
    "entity": True,
    "ups": {},
    "interfaces": [{"name": "1/1", "mac": "ec:74:ba:00:00:0b"}, {"name": "1/2", "up": False}],
    "sensors": [{"name": "Inlet", "type": 8, "value": 23}],
    "lldp": [{"port": 1, "name": "SW-2", "mac": "ec:74:ba:00:00:1a", "address": "127.0.0.9"}],
    "fdb": [{"port": 2, "mac": "00:11:22:33:44:55"}],
}


READER = ("-v3", "-l", "authPriv", "-u", "reader", "-a", "SHA")


def agent(*faults: Fault, **options: object) -> Service:
    return Service("snmp", options=OPTIONS | options, faults=faults)


async def net_snmp(tool: str, one: Running, *words: str) -> tuple[int, list[str]]:
    """Run one tool of net-snmp; gives its exit code and all its lines."""
    process = await asyncio.create_subprocess_exec(
        *(need(tool), "-On", "-t", "0.7", "-r", "0", *words[:-1], f"udp:127.0.0.1:{one.port}"),
        words[-1],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode("latin-1").splitlines()


def asked(tool: str, *words: str, service: Service, device: Device = SWITCH) -> list[str]:
    async def main() -> list[str]:
        async with running(SIMULATOR, device, service) as one:
            return (await net_snmp(tool, one, *words))[1]

    return asyncio.run(main())


@pytest.mark.peer("snmp")
def test_bulk_walk_and_plain_walk_agree_and_end() -> None:
    bulk = asked("snmpbulkwalk", "-v2c", "-c", "public", "-Cr7", ".1.0", service=agent())
    bulk += asked("snmpbulkwalk", "-v2c", "-c", "public", "-Cr7", ".1.3", service=agent())
    plain = asked("snmpwalk", "-v2c", "-c", "public", ".1.0", service=agent())
    plain += asked("snmpwalk", "-v2c", "-c", "public", ".1.3", service=agent())

    def names(lines: list[str]) -> list[str]:
        return [line.split(" =")[0] for line in lines if line.startswith(".1")]

    assert names(bulk) == names(plain)
    assert len(names(bulk)) > 90
    text = "\n".join(bulk)
    for expected in ("Hirschmann", "RSP25", "SW-2", "80207714", "Inlet"):
        assert expected in text


@pytest.mark.peer("snmp")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("-v1", "-c", "public"), "Hirschmann RSP25"),
        (("-v2c", "-c", "public"), "Hirschmann RSP25"),
        (("-v2c", "-c", "wrong"), "No Response"),
        (("-v3", "-l", "noAuthNoPriv", "-u", "guest"), "Hirschmann RSP25"),
        (("-v3", "-l", "noAuthNoPriv", "-u", "nobody"), "Unknown user name"),
        (
            (*READER, "-A", "authentic1", "-x", "AES", "-X", "private-12"),
            "Hirschmann RSP25",
        ),
        (
            (*READER, "-A", "incorrect1", "-x", "AES", "-X", "private-12"),
            "incorrect password",
        ),
        (
            ("-v3", "-l", "authNoPriv", "-u", "guest", "-a", "SHA", "-A", "authentic1"),
            "Unsupported security level",
        ),
    ],
)
def test_who_is_let_in(words: tuple[str, ...], expected: str) -> None:
    said = "\n".join(asked("snmpget", *words, "1.3.6.1.2.1.1.1.0", service=agent()))
    assert expected in said


@pytest.mark.peer("snmp")
def test_versions_that_are_not_offered_are_silent() -> None:
    only = agent(versions=["v3"])
    said = asked("snmpget", "-v2c", "-c", "public", "1.3.6.1.2.1.1.1.0", service=only)
    assert "No Response" in "\n".join(said)


@pytest.mark.peer("snmp")
@pytest.mark.parametrize(
    ("name", "expected"),
    [("1.3.6.1.2.1.1.1.7", "No Such Instance"), ("1.3.6.1.2.1.99.9.1.0", "No Such Object")],
)
def test_absence_is_told_apart(name: str, expected: str) -> None:
    said = asked("snmpget", "-v2c", "-c", "public", name, service=agent())
    assert expected in "\n".join(said)


@pytest.mark.peer("snmp")
def test_points_of_the_plant_are_served_in_their_type() -> None:
    points = (
        Point("1.3.6.1.4.1.248.1.0", type="Counter64", value=2**40),
        Point("1.3.6.1.4.1.248.2.0", type="IpAddress", value="10.0.0.1"),
        Point("1.3.6.1.4.1.248.3.0", type="Integer32", value=-5),
    )
    service = replace(agent(), points=points)
    said = asked("snmpwalk", "-v2c", "-c", "public", "1.3.6.1.4.1.248", service=service)
    assert [line.split("= ")[1] for line in said] == [
        f"Counter64: {2**40}",
        "IpAddress: 10.0.0.1",
        "INTEGER: -5",
    ]


@pytest.mark.peer("snmp")
def test_a_write_is_refused_and_witnessed() -> None:
    async def main() -> None:
        async with running(SIMULATOR, SWITCH, agent()) as one:
            words = ("-v2c", "-c", "public", "1.3.6.1.2.1.1.5.0")
            process = await asyncio.create_subprocess_exec(
                *(need("snmpset"), *words[:3], f"udp:127.0.0.1:{one.port}", words[3], "s", "x"),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            assert await process.wait() != 0
            assert one.witness.forbidden == 1
            assert "snmp set" in one.witness.functions

    asyncio.run(main())


DISCOVERY = bytes.fromhex(
    "303e020103301102044a69d4a3020300ffe3040104020103041030 0e0400020100020100 0400 0400 0400"
    "3014 0400 0400 a00e 020437f0ed2e 020100 020100 3000".replace(" ", "")
)
"""RFC 3414, 4: no engine id, no user, reportable; request-id 0x37f0ed2e."""


def test_discovery_reports_the_engine_without_credentials() -> None:
    async def main() -> bytes:
        async with running(SIMULATOR, SWITCH, agent(versions=["v3"])) as one:
            loop = asyncio.get_running_loop()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
                asker.setblocking(False)
                await loop.sock_connect(asker, ("127.0.0.1", one.port))
                await loop.sock_sendall(asker, DISCOVERY)
                async with asyncio.timeout(HUNG_SECONDS):
                    answer = await loop.sock_recv(asker, 2000)
            assert one.witness.functions == {"snmp v3 discovery": 1}
            return answer

    answer = asyncio.run(main())
    assert bytes.fromhex("800000f803ec74ba00000a") in answer  # enterprise 248 and the mac
    assert bytes.fromhex("4a69d4a3") in answer  # the message's own id
    assert bytes.fromhex("37f0ed2e") in answer  # the request's own id
    assert bytes.fromhex("06 0a 2b 06 01 06 03 0f 01 01 04 00") in answer  # UnknownEngineIDs


@pytest.mark.parametrize("size", range(0, len(DISCOVERY), 3))
def test_a_cut_datagram_is_never_more_than_foreign(size: int) -> None:
    async def main() -> None:
        async with running(SIMULATOR, SWITCH, agent()) as one:
            assert isinstance(one.double, UdpDouble)
            one.double.receive(DISCOVERY[:size], ("127.0.0.1", 9), _sink)
            assert one.witness.foreign_payloads == 1

    asyncio.run(main())


def test_a_switchboard_answers_from_the_address_that_was_asked() -> None:
    async def main() -> None:
        board = Switchboard()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        for place in (1, 2):
            device = replace(SWITCH, mac=f"ec:74:ba:00:00:{place:02x}")
            bind = Bind(f"127.0.85.{place}", port, board)
            await SIMULATOR.start(device, agent(), bind, DeviceWitness())
        loop = asyncio.get_running_loop()
        for place in (2, 1):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
                asker.setblocking(False)
                await loop.sock_connect(asker, (f"127.0.85.{place}", port))  # drops other sources
                await loop.sock_sendall(asker, DISCOVERY)
                async with asyncio.timeout(HUNG_SECONDS):
                    answer = await loop.sock_recv(asker, 2000)
            assert bytes.fromhex(f"ec74ba0000{place:02x}") in answer
        assert len(board.datagrams) == 1
        board.close()

    asyncio.run(main())


def _sink(_data: bytes, _peer: tuple[str, int]) -> None:
    raise AssertionError("answered")


def test_a_loop_never_moves_on() -> None:
    double = Agent(SWITCH, agent(Fault("loop")))
    first = double.tree.order[0]
    assert double._following(first, 1)[0] == first


def test_the_engine_id_is_as_the_standard_builds_it() -> None:
    assert engine_id(SWITCH, {"enterprise": 248}).hex() == "800000f803ec74ba00000a"
    assert engine_id(SWITCH, {"engine_id": "8000"}).hex() == "8000"
