"""What the bundled plant must hold, asked of the devices as they run, by clients not our own.

Clients are pymodbus, asyncua, pysnmp, http.client and bare sockets; only what no device can tell
(areas, equipment, the register) is read from the plant file.
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import struct
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from asyncua import Client, ua
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.pdu.mei_message import ReadDeviceInformationResponse
from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    UdpTransportTarget,
    UsmUserData,
    get_cmd,
    next_cmd,
    usmAesCfb128Protocol,
    usmHMACSHAAuthProtocol,
)

from tests.support.patience import HUNG_SECONDS
from tests.support.plants import Played, played
from tests.support.scanned import BOTTLING

pytestmark = pytest.mark.xdist_group("bottling-devices")
TABLE: Mapping[str, Any] = tomllib.loads(BOTTLING.read_text(encoding="utf-8"))
AT = {device["id"]: device["address"] for device in TABLE["device"]}
MODBUS, OPCUA, SNMP, S7, WEB = 502, 4840, 161, 102, 80
DESCRIPTION = "1.3.6.1.2.1.1.1.0"
WAIT = 0.5
"""Seconds in which nothing comes from a device that means to say nothing."""


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with played("bottling", tmp_path_factory.mktemp("bottling-devices")) as here:
        yield here


# ------------------------------------------------------------------------------- what it is made of


def test_two_areas_four_subnets_and_two_dozen_networked_devices() -> None:
    absent = {"dosing-plc"}  # in the register, and nowhere
    networked = [device for device in TABLE["device"] if device["id"] not in absent]
    assert len(TABLE["site"]["areas"]) >= 2
    assert {row["area"] for row in TABLE["register"]} == set(TABLE["site"]["areas"])
    assert len(networked) >= 24
    assert len({device["address"] for device in networked}) == len(networked)
    assert len({device["address"].rpartition(".")[0] for device in networked}) == 4


def test_twelve_machines_of_the_named_kinds_with_links() -> None:
    classes = [machine["class"] for machine in TABLE["equipment"]]
    assert len(classes) >= 12
    kinds = {"pump", "motor", "air-compressor", "transformer", "chiller", "conveyor"}
    assert kinds <= set(classes)
    assert classes.count("pump") >= 2
    assert classes.count("motor") >= 2
    linked = [machine for machine in TABLE["equipment"] if machine.get("monitored_by")]
    assert len(linked) >= 12


# ------------------------------------------------------------------------------------------ Modbus


async def identity(
    plant: Played, name: str, unit: int = 255, code: int = 1
) -> tuple[tuple[bytes, ...], int]:
    """The objects of 43/14 that a device tells over all pages, and how many pages it needs."""
    client = AsyncModbusTcpClient(
        AT[name], port=MODBUS + plant.shift, retries=0, timeout=HUNG_SECONDS
    )
    assert await client.connect()
    found: dict[int, bytes] = {}
    try:
        first, pages, more = 0, 0, 1
        while more:
            answer = await client.read_device_information(
                read_code=code, object_id=first, device_id=unit
            )
            assert isinstance(answer, ReadDeviceInformationResponse), answer
            found |= answer.information
            pages, more, first = pages + 1, answer.more_follows, answer.next_object_id
    finally:
        client.close()
    return tuple(found[number] for number in sorted(found)), pages


def test_plcs_and_meters_on_modbus_have_identities_of_their_own(plant: Played) -> None:
    names = ("blower-plc", "filler-drive", "conveyor-plc", "meter-main", "meter-compressor")
    names += ("compressor-ctl", "meter-chiller", "chiller-ctl", "line-gateway", "tunnel-gateway")

    async def ask() -> dict[str, tuple[tuple[bytes, ...], int]]:
        return {name: await identity(plant, name) for name in names}

    found = asyncio.run(ask())
    assert len({objects for objects, _ in found.values()}) == len(names)
    assert all(len(objects) >= 3 for objects, _ in found.values())  # maker, product, revision
    assert found["blower-plc"][1] > 1  # more follows
    assert {pages for name, (_, pages) in found.items() if name != "blower-plc"} == {1}


def exception(plant: Played, name: str, unit: int) -> int:
    """The exception code that one read of a unit is refused with; 0 for an answer."""
    with socket.create_connection((AT[name], MODBUS + plant.shift), timeout=HUNG_SECONDS) as link:
        link.sendall(struct.pack(">HHHBBHH", 7, 0, 6, unit, 3, 0, 1))
        answer = link.recv(260)
    return answer[8] if answer[7] & 0x80 else 0


def test_a_gateway_has_three_real_units_and_a_declared_one_that_does_not_answer(
    plant: Played,
) -> None:
    async def ask() -> list[tuple[bytes, ...]]:
        return [(await identity(plant, "line-gateway", unit))[0] for unit in (255, 1, 2)]

    box, meter, drive = asyncio.run(ask())
    assert len({box, meter, drive}) == 3
    assert exception(plant, "line-gateway", 3) == 0  # no name, but registers
    assert exception(plant, "line-gateway", 4) == 0x0B
    rows = [row for row in TABLE["register"] if row.get("address") == AT["line-gateway"]]
    assert {row["unit"] for row in rows if row.get("unit")} == {"1", "2", "3", "4"}


def test_a_gateway_echoes_every_unit_id(plant: Played) -> None:
    async def ask() -> set[tuple[bytes, ...]]:
        return {(await identity(plant, "tunnel-gateway", n))[0] for n in (1, 2, 77, 200, 247, 255)}

    assert len(asyncio.run(ask())) == 1


# ------------------------------------------------------------------------------------------- OPC UA


def opcua(plant: Played, name: str) -> Client:
    return Client(f"opc.tcp://{AT[name]}:{OPCUA + plant.shift}", timeout=HUNG_SECONDS)


async def doors(plant: Played, name: str) -> tuple[set[str], set[str]]:
    """The security modes and the kinds of user that a server's endpoint list offers."""
    ends = await opcua(plant, name).connect_and_get_server_endpoints()
    modes = {ua.MessageSecurityMode(end.SecurityMode).name for end in ends}
    tokens = {
        ua.UserTokenType(one.TokenType).name for end in ends for one in end.UserIdentityTokens
    }
    return modes, tokens


def test_five_opcua_servers_each_with_its_own_trait(plant: Played) -> None:
    async def ask() -> None:
        offered = {name: await doors(plant, name) for name in AT if name.endswith("-opcua")}
        assert len(offered) == 5
        assert offered["mixer-opcua"] == ({"None_"}, {"Anonymous"})  # open
        assert offered["labeller-opcua"][1] == {"UserName"}  # refuses anonymous
        assert offered["palletizer-opcua"][0] == {"SignAndEncrypt"}  # a wall of certificates
        async with opcua(plant, "mixer-opcua") as client:  # good tags
            tag = client.get_node("ns=2;s=P101.BearingTemperature")
            value = await tag.read_data_value()
            assert value.StatusCode is not None
            assert value.StatusCode.is_good()
            unit = await (await tag.get_child(["0:EngineeringUnits"])).read_value()
            assert unit.DisplayName.Text == "°C"
        with pytest.raises(ua.UaStatusCodeError):
            await opcua(plant, "labeller-opcua").connect()
        async with opcua(plant, "capper-opcua") as client:  # placeholders
            motor = client.get_node("ns=2;s=M102.Current")
            value = await motor.read_data_value(raise_on_bad_status=False)
            assert value.StatusCode is not None
            assert value.StatusCode.name == "BadNotConnected"
        rinser = opcua(plant, "rinser-opcua")
        rinser.set_user("historian")
        rinser.set_password("northfield-read")
        async with rinser:  # publishes nothing: no variable of its own but the nameplate
            assert await variables(rinser) <= NAMEPLATE

    asyncio.run(ask())


NAMEPLATE = {
    *("Manufacturer", "Model", "ProductCode", "HardwareRevision", "SoftwareRevision"),
    *("DeviceRevision", "SerialNumber", "DeviceManual", "RevisionCounter", "ManufacturerUri"),
    *("ProductInstanceUri", "DeviceClass", "DeviceHealth", "AssetId", "ComponentName"),
}
"""OPC UA for Devices (OPC 10000-100), 5.5.2: the nameplate's properties."""


async def variables(client: Client) -> set[str]:
    """Names of the variables below Objects that are no part of the server's own object."""
    found, left = set[str](), [client.nodes.objects]
    while left:
        for child in await left.pop().get_children():
            name = await child.read_browse_name()
            kind = await child.read_node_class()
            if kind is ua.NodeClass.Variable:
                found.add(name.Name)
            elif child.nodeid != ua.NodeId(ua.ObjectIds.Server):
                left.append(child)
    return found


# --------------------------------------------------------------------------------------------- SNMP


async def described(
    plant: Played, name: str, who: object, oid: str = DESCRIPTION, wait: float = HUNG_SECONDS
) -> str:
    """What one Get hands out, or "" for silence of so many seconds."""
    engine = SnmpEngine()
    try:
        target = await UdpTransportTarget.create(
            (AT[name], SNMP + plant.shift), timeout=wait, retries=0
        )
        trouble, status, _, pairs = await get_cmd(
            engine, who, target, ContextData(), ObjectType(ObjectIdentity(oid))
        )
        return "" if trouble or status else str(pairs[0][1].prettyPrint())
    finally:
        engine.close_dispatcher()


async def sensors(plant: Played, name: str, who: object) -> list[str]:
    """The entPhySensorType of every sensor (RFC 3433), by GetNext."""
    engine, column, found = SnmpEngine(), "1.3.6.1.2.1.99.1.1.1.1", []
    target = await UdpTransportTarget.create(
        (AT[name], SNMP + plant.shift), timeout=HUNG_SECONDS, retries=0
    )
    place = column
    while True:
        asked = ObjectType(ObjectIdentity(place))
        trouble, status, _, pairs = await next_cmd(engine, who, target, ContextData(), asked)
        assert not trouble
        place = "" if status else str(pairs[0][0].get_oid())
        if not place.startswith(column + "."):
            engine.close_dispatcher()
            return found
        found.append(str(int(pairs[0][1])))


def test_snmp_agents_of_three_versions_and_one_with_another_community(plant: Played) -> None:
    v1, v2c, theirs = (
        CommunityData(name, mpModel=model)
        for name, model in (("public", 0), ("public", 1), ("n0rthfield-ro", 1))
    )
    user = UsmUserData(
        "ot-monitor", "Northfield-Auth-1", "Northfield-Priv-1",
        authProtocol=usmHMACSHAAuthProtocol, privProtocol=usmAesCfb128Protocol,
    )  # fmt: skip

    async def ask() -> None:
        assert "APC" in await described(plant, "ups", v1)
        assert await described(plant, "ups", v2c, wait=WAIT) == ""
        assert "Hirschmann" in await described(plant, "switch-core", v2c)  # managed
        links = await described(plant, "switch-core", v2c, "1.3.6.1.2.1.2.1.0")  # ifNumber
        assert int(links) >= 4
        assert await described(plant, "switch-utilities", v2c, wait=WAIT) == ""
        assert await described(plant, "switch-utilities", theirs) != ""
        assert "SCALANCE" in await described(plant, "cell-router", user)
        assert await described(plant, "cell-router", v2c, wait=WAIT) == ""
        charge = await described(plant, "ups", v1, "1.3.6.1.2.1.33.1.2.4.0")  # UPS-MIB
        assert int(charge) == 100
        assert await sensors(plant, "ups", v1) == ["8", "9"]  # Celsius and humidity

    asyncio.run(ask())


# -------------------------------------------------------------------------------------- the others


def refuses(plant: Played, name: str, port: int) -> bool:
    with socket.socket() as link:
        link.settimeout(HUNG_SECONDS)
        try:
            link.connect((AT[name], port + plant.shift))
        except ConnectionRefusedError:
            return True
    return False


def test_a_controller_speaks_s7_only(plant: Played) -> None:
    request = bytes.fromhex("0300001611e00000000100c1020100c2020102c0010a")  # COTP CR, RFC 905
    with socket.create_connection(
        (AT["filler-plc"], S7 + plant.shift), timeout=HUNG_SECONDS
    ) as link:
        link.sendall(request)
        answer = link.recv(64)
    assert answer[5] == 0xD0  # connection confirm
    assert all(refuses(plant, "filler-plc", port) for port in (MODBUS, OPCUA, WEB))


def test_a_host_accepts_and_stays_mute(plant: Played) -> None:
    place = (AT["pasteuriser-plc"], MODBUS + plant.shift)
    with socket.create_connection(place, timeout=HUNG_SECONDS) as link:
        link.sendall(struct.pack(">HHHBBBB", 1, 0, 5, 255, 0x2B, 14, 1) + b"\0")
        link.settimeout(WAIT)
        with pytest.raises(TimeoutError):
            link.recv(1)


def test_a_host_takes_the_connection_and_hangs_up(plant: Played) -> None:
    with socket.create_connection(
        (AT["stray-box"], MODBUS + plant.shift), timeout=HUNG_SECONDS
    ) as link:
        link.sendall(struct.pack(">HHHBBBB", 1, 0, 5, 255, 0x2B, 14, 1) + b"\0")
        with suppress(ConnectionResetError):
            assert link.recv(1) == b""


@pytest.mark.parametrize("name", ["silent-host", "dosing-plc"])
def test_a_silent_host_and_one_of_the_register_alone_give_no_sign(plant: Played, name: str) -> None:
    for port in (MODBUS, OPCUA, S7):
        with socket.socket() as link:
            link.settimeout(WAIT)
            with pytest.raises(TimeoutError):
                link.connect((AT[name], port + plant.shift))
    listed = {row["address"] for row in TABLE["register"] if row.get("address")}
    assert (AT[name] in listed) == (name == "dosing-plc")


def test_a_host_has_only_a_web_page(plant: Played) -> None:
    page = http.client.HTTPConnection(AT["checkweigher"], WEB + plant.shift, timeout=HUNG_SECONDS)
    page.request("GET", "/")
    answer = page.getresponse()
    assert answer.status == 200
    assert b"Checkweigher C3570" in answer.read()
    page.close()
    assert all(refuses(plant, "checkweigher", port) for port in (MODBUS, OPCUA, S7))


def test_every_fault_and_trait_is_played_by_a_server_that_shares_no_code_with_the_probes() -> None:
    folder = Path(BOTTLING).parents[1]
    for module in folder.rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        assert "import protocols" not in text, module
        assert "from protocols" not in text, module
