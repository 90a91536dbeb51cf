"""A pymodbus server on loopback: prints its port, serves until it is killed."""

from __future__ import annotations

import asyncio

from pymodbus import ModbusDeviceIdentification
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


async def main() -> None:
    """Twenty registers that hold 77, and a name."""
    cells = SimData(0, count=20, values=77, datatype=DataType.REGISTERS)
    names = {"VendorName": "Pymodbus", "ProductCode": "PM", "ModelName": "Server"}
    identity = ModbusDeviceIdentification(info_name={**names, "MajorMinorRevision": "3.16"})
    server = ModbusTcpServer(
        SimDevice(1, simdata=[cells]), identity=identity, address=("127.0.0.1", 0)
    )
    await server.serve_forever(background=True)
    print(server.transport.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await asyncio.Event().wait()


asyncio.run(main())
