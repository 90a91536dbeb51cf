"""Against software that nobody here wrote: pymodbus, libmodbus, jsmodbus, and nmap beside us."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from protocols.contract import Depth, Outcome, Target
from protocols.modbus import PROBE
from tests.protocols.modbus.box import Box, Listener, Slave, facts, named, values
from tests.support.peers import need
from tests.support.plain import PlainLink

ROOT = Path(__file__).parents[3]
PEERS = ROOT / "tests" / "peers"


async def climb(port: int, parts: tuple[str, ...] = ()) -> PlainLink:
    link = PlainLink(PROBE, Target("s", "127.0.0.1", "tcp", port), parts=parts)
    for depth in (Depth.DISCOVER, Depth.IDENTIFY, Depth.POINTS):
        await PROBE.rungs[depth].run(link)
    await link.close()
    return link


@contextmanager
def child(*command: str) -> Iterator[int]:
    """A server as a child process; its first line is its port."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.peer("pymodbus")
def test_pymodbus_server_is_identified_and_read() -> None:
    from pymodbus import ModbusDeviceIdentification
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    async def go() -> PlainLink:
        cells = SimData(0, count=20, values=77, datatype=DataType.REGISTERS)
        names = {"VendorName": "Pymodbus", "ProductCode": "PM", "ModelName": "Server"}
        identity = ModbusDeviceIdentification(info_name={**names, "MajorMinorRevision": "3.16"})
        device = SimDevice(1, simdata=[cells])
        server = ModbusTcpServer(device, identity=identity, address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        port = server.transport.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        try:
            return await climb(port)
        finally:
            await server.shutdown()

    link = asyncio.run(go())
    assert "Pymodbus" in facts(link, "vendor")
    assert "Server" in facts(link, "model")
    assert values(link)["holding:0"] == 77
    assert link.connections == 1


def libmodbus(folder: Path) -> str:
    """The path of the libmodbus server, built there."""
    compiler, program = need("gcc"), folder / "server"
    source = PEERS / "libmodbus" / "server.c"
    command = [compiler, str(source), "-I/usr/include/modbus", "-lmodbus", "-o", str(program)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        if os.environ.get("UNTRAP_REQUIRE_PEERS") == "1":
            pytest.fail(f"libmodbus-dev is required: {built.stderr}")
        pytest.skip("libmodbus-dev is not installed")
    return str(program)


@pytest.mark.peer("libmodbus")
def test_libmodbus_server_is_found_and_read(tmp_path: Path) -> None:
    with child(libmodbus(tmp_path)) as port:
        link = asyncio.run(climb(port))
    assert link.observations[0].outcome is Outcome.REFUSED_CAPABILITY  # it has no 43/14
    assert values(link)["holding:9"] == 1009
    assert values(link)["input:0"] == 2000
    assert values(link)["coil:0"] == 1
    assert values(link)["discrete:3"] == 1
    assert link.connections == 1


@pytest.mark.peer("jsmodbus")
def test_jsmodbus_server_is_found_and_read() -> None:
    node = need("node")
    modules = ROOT / ".peers" / "node_modules"
    if not (modules / "jsmodbus").is_dir():
        if os.environ.get("UNTRAP_REQUIRE_PEERS") == "1":
            pytest.fail("jsmodbus is required and not installed")
        pytest.skip("jsmodbus is not installed")
    with child(node, str(PEERS / "jsmodbus" / "server.js"), str(modules.parent)) as port:
        link = asyncio.run(climb(port))
    assert any(o.outcome is Outcome.COMPLETE for o in link.observations)
    assert values(link)["holding:0"] == 3000
    assert link.connections <= 2


def gateway() -> Box:
    """Two real units behind a TCP gateway that knows no other."""
    return Box({3: Slave(named("A", "x")), 7: Slave(named("B", "y"))})


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    box = gateway()
    while header := await reader.readexactly(7):
        pdu = await reader.readexactly(int.from_bytes(header[4:6], "big") - 1)
        writer.write(box(header + pdu) or b"")
        await writer.drain()


def test_two_units_behind_a_gateway_are_exactly_two() -> None:
    async def go() -> tuple[int, PlainLink]:
        async with Listener(serve) as peer:
            link = await climb(peer.port, ("unit 3", "unit 7"))
        return peer.connections, link

    connections, link = asyncio.run(go())
    assert present(link) == {"unit 3", "unit 7"}
    assert connections <= 3


def present(link: PlainLink) -> set[str]:
    return {f.part for o in link.observations for f in o.facts if f.value == "present"}


@pytest.mark.peer("nmap")
def test_gateway_beside_nmap(capsys: pytest.CaptureFixture[str]) -> None:
    nmap = need("nmap")

    async def theirs() -> tuple[int, str]:
        async with Listener(serve) as peer:
            arguments = ["-Pn", "-n", "-sT", f"-p{peer.port}", "--script", "+modbus-discover"]
            arguments += ["--script-args", "modbus-discover.aggressive=true", "127.0.0.1"]
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(nmap, *arguments, stdout=pipe)
            output, _ = await process.communicate()
        return peer.connections, output.decode()

    async def ours() -> tuple[int, PlainLink]:
        async with Listener(serve) as peer:
            link = await climb(peer.port, ("unit 3", "unit 7"))
        return peer.connections, link

    connections, output = asyncio.run(theirs())
    our_connections, link = asyncio.run(ours())
    reported = len(re.findall(r"sid 0x[0-9a-f]+", output))
    with capsys.disabled():
        said = f"untrap {len(present(link))} over {our_connections} connections"
        print(f"\ngateway with 2 units: {said}; ", end="")  # noqa: T201 - the comparison is the point
        print(f"nmap modbus-discover {reported} over {connections} connections")  # noqa: T201
    assert len(present(link)) == 2
