"""Starts one double on a free port, and talks to it with bare sockets."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from simulators.contract import Bind, Device, Fault, Point, Service, Simulator
from simulators.tcp import TcpDouble
from simulators.udp import UdpDouble
from simulators.witness import DeviceWitness
from tests.support.patience import HUNG_SECONDS

METER = Device(
    id="meter",
    address="127.0.0.1",
    vendor="Schneider Electric",
    product="METSEPM5560",
    model="PM5560",
    firmware="02.3.1",
    serial="80207714",
)
POINTS = (
    Point("holding:10", "Current", "float32", 1.5, "A"),
    Point("holding:20", "State", "uint16", 7),
    Point("input:0", "Raw", value=(1, 2, 3)),
    Point("coil:0", "Run", "uint16", 1),
    Point("discrete:1", "Trip", "uint16", 1),
)


@dataclass
class Running:
    """A double that listens."""

    double: TcpDouble | UdpDouble
    witness: DeviceWitness

    @property
    def port(self) -> int:
        return self.double.port


@asynccontextmanager
async def running(simulator: Simulator, device: Device, service: Service) -> AsyncIterator[Running]:
    """The double while the block runs."""
    witness = DeviceWitness()
    handle = await simulator.start(device, service, Bind("127.0.0.1", 0), witness)
    assert isinstance(handle, TcpDouble | UdpDouble)
    try:
        yield Running(handle, witness)
    finally:
        await handle.close()


def meter(*faults: Fault, **options: object) -> Service:
    """A Modbus service with these faults and options."""
    return Service("modbus", options=options, faults=faults, points=POINTS)


def modbus_request(pdu: bytes, transaction: int = 1, unit: int = 1) -> bytes:
    """One MBAP frame."""
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


READ = modbus_request(b"\x03\x00\x14\x00\x01")
"""Reads holding register 20."""

READ_ANSWER = bytes.fromhex("000100000005010302 0007".replace(" ", ""))


async def ask(port: int, request: bytes, *, timeout_seconds: float = HUNG_SECONDS) -> bytes:
    """One connection, one request, what comes until 2 KB, silence or the end."""
    async with asyncio.timeout(timeout_seconds):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(request)
            return await reader.read(2048)
        finally:
            writer.close()
            await writer.wait_closed()


async def settled(witness: DeviceWitness) -> None:
    """Wait until the double has seen every connection end."""
    async with asyncio.timeout(HUNG_SECONDS):
        while witness.open_connections:  # noqa: ASYNC110 - a count has no event
            await asyncio.sleep(0.001)
