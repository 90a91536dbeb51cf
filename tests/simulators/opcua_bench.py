"""Starts one OPC UA double for a test, and speaks to it in raw bytes where no library would."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from simulators import opcua
from simulators.contract import Bind, Device, Fault, Point, Service
from simulators.witness import DeviceWitness

POINTS = (
    Point(
        "Press/Hydraulics/Pressure",
        "",
        "Double",
        162.5,
        "bar",
        options={"low": 0, "high": 250, "source_age_seconds": 3_600},
    ),
    Point("ns=2;s=Oil", "OilTemperature", "Float", 48.25, "°C", options={"path": "Press"}),
    Point("Press/Strokes", "", "UInt32", 71_204, options={"access": "rw"}),
    Point("Press/Vibration", "", "Double", 0.0, "mm/s", status="BadNotConnected"),
    Point("Press/Recipe", "", "String", "A-17", options={"readable_by": ["engineer"]}),
    Point("Press/Secret", "", "Boolean", True, options={"visible_to": ["engineer"]}),
    Point("Press/Curve", "", "Int16", (1, 2, 3), options={"source_time": "none"}),
)


@dataclass(frozen=True, slots=True)
class Played:
    """A running double: where it listens and what it counted."""

    host: str
    port: int
    witness: DeviceWitness

    @property
    def url(self) -> str:
        return f"opc.tcp://{self.host}:{self.port}"


@asynccontextmanager
async def play(
    options: Mapping[str, object] | None = None,
    faults: tuple[Fault, ...] = (),
    points: tuple[Point, ...] = POINTS,
    host: str = "127.0.0.1",
) -> AsyncIterator[Played]:
    """One double on a free port, with a nameplate of our own invention."""
    device = Device(
        "press-4",
        host,
        vendor="Acme Presses",
        product="HydroPress 400",
        model="HP400-B",
        firmware="2.7.1",
        hardware="C",
        serial="AP-0042",
        name="Press 4",
    )
    witness = DeviceWitness(host)
    service = Service("opcua", 0, options or {}, faults, points)
    double = await opcua.SIMULATOR.start(device, service, Bind(host, 0), witness)
    try:
        yield Played(host, double.listener.getsockname()[1], witness)  # type: ignore[attr-defined]
    finally:
        await double.close()


class Raw:
    """A client of bytes: sends what it is told and hands back whole chunks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.channel = self.token = b"\0\0\0\0"
        self.sequence = 1

    @classmethod
    async def connect(cls, played: Played) -> Raw:
        return cls(*await asyncio.open_connection(played.host, played.port))

    async def chunk(self) -> bytes:
        head = await self.reader.readexactly(8)
        return head + await self.reader.readexactly(struct.unpack("<I", head[4:])[0] - 8)

    async def hello(self) -> bytes:
        url = b"opc.tcp://x"
        body = struct.pack("<5I", 0, 65_535, 65_535, 0, 0) + struct.pack("<i", len(url)) + url
        self.writer.write(b"HELF" + struct.pack("<I", 8 + len(body)) + body)
        return await self.chunk()

    async def open(self, policy: bytes = b"None") -> bytes:
        uri = b"http://opcfoundation.org/UA/SecurityPolicy#" + policy
        body = struct.pack("<i", len(uri)) + uri + struct.pack("<iiII", -1, -1, 1, 1)
        body += b"\x01\x00" + struct.pack("<H", 446) + self.header(b"\0\0")
        body += struct.pack("<IIIiI", 0, 0, 1, -1, 600_000)
        self.writer.write(b"OPNF" + struct.pack("<II", 12 + len(body), 0) + body)
        answer = await self.chunk()
        if answer[:3] == b"OPN":
            self.channel = answer[8:12]
        return answer

    @staticmethod
    def header(session: bytes) -> bytes:
        return session + struct.pack("<qIIiI", 0, 77, 0, -1, 5_000) + b"\0\0\0"

    async def ask(self, service: int, body: bytes, session: bytes = b"\0\0") -> bytes:
        """Send one request; hands back the whole answer chunk."""
        self.sequence += 1
        content = struct.pack("<II", self.sequence, self.sequence) + b"\x01\x00"
        content += struct.pack("<H", service) + self.header(session) + body
        head = b"MSGF" + struct.pack("<I", 16 + len(content)) + self.channel + self.token
        self.writer.write(head + content)
        return await self.chunk()

    async def session(self) -> bytes:
        """Hello, channel, session, activated as anonymous; hands back its token."""
        await self.hello()
        await self.open()
        none = struct.pack("<i", -1)
        application = none * 2 + b"\0" + struct.pack("<i", 1) + none * 3
        body = application + none * 5 + struct.pack("<dI", 60_000, 0)
        answer = await self.ask(461, body)
        start = 24 + 4 + 24 + 4  # chunk head, type, response header, session id (four bytes)
        token = answer[start : start + 23]  # opaque node id of 16 bytes
        anonymous = b"\x01\x00" + struct.pack("<H", 321) + b"\x01" + none
        await self.ask(467, none * 4 + anonymous + none * 2, token)
        return token

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()
