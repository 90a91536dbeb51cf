"""Real peers that talk to each other in namespaces, for a test to record: `python talkers.py WHO …`

plc ADDRESS · historian ADDRESS PLC (asks the PLC by pymodbus, serves its value by asyncua under the
PLC's name) · cloud ADDRESS FOLDER (TLS) · meter CLOUD (a TLS client that reports). Each prints
"ready" and goes on until its standard input ends.
"""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from pathlib import Path

EVERY_SECONDS = 0.1
TLS_PORT = 8883
PLC_NODE = "press-7.plc/Temperature"


async def forever() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


async def plc(address: str) -> None:
    from pymodbus import ModbusDeviceIdentification
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    cells = SimData(0, count=20, values=715, datatype=DataType.REGISTERS)
    names = {"VendorName": "Acme", "ProductCode": "M1", "MajorMinorRevision": "1.0"}
    server = ModbusTcpServer(
        SimDevice(1, simdata=[cells]),
        identity=ModbusDeviceIdentification(info_name=names),
        address=(address, 502),
    )
    await server.serve_forever(background=True)
    await forever()


async def historian(address: str, source: str) -> None:
    from asyncua import Server, ua
    from pymodbus.client import AsyncModbusTcpClient

    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://{address}:4840/historian")
    await server.set_application_uri("urn:site:historian")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    space = await server.register_namespace("urn:site")
    node = await server.nodes.objects.add_variable(ua.NodeId(PLC_NODE, space), "Temperature", 0.0)
    client = AsyncModbusTcpClient(source, timeout=600)  # a busy machine takes its time

    async def poll() -> None:
        await client.connect()
        while True:
            found = await client.read_holding_registers(0, count=4)
            await node.write_value(found.registers[0] / 10)
            await asyncio.sleep(EVERY_SECONDS)

    async with server:
        asking = asyncio.create_task(poll())
        await forever()
        asking.cancel()


async def cloud(address: str, folder: str) -> None:
    key, certificate = Path(folder) / "key.pem", Path(folder) / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=cloud"]
    await asyncio.to_thread(
        subprocess.run,
        [*made, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    held = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    held.load_cert_chain(certificate, key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)

    async with await asyncio.start_server(serve, address, TLS_PORT, ssl=held):
        await forever()


async def meter(server: str) -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(server, TLS_PORT, ssl=trusting)

    async def report() -> None:
        while True:
            writer.write(b'{"energy": 4711}\n')
            await reader.readline()
            await asyncio.sleep(EVERY_SECONDS)

    telling = asyncio.create_task(report())
    await forever()
    telling.cancel()


if __name__ == "__main__":
    who = {"plc": plc, "historian": historian, "cloud": cloud, "meter": meter}[sys.argv[1]]
    asyncio.run(who(*sys.argv[2:]))
