"""The S7 double, asked by python-snap7 (1.4.1, the compiled Snap7 client) and by bare frames."""

from __future__ import annotations

import asyncio
import importlib.util

import pytest

from simulators.contract import Device, Service
from simulators.s7comm import SIMULATOR
from tests.simulators.doubles import ask, running, settled
from tests.support.virtual import virtually

PLC = Device(
    id="plc",
    address="127.0.0.1",
    vendor="Siemens",
    product="CPU 315-2 PN/DP",
    model="6ES7 315-2EH14-0AB0",
    firmware="V3.2.6",
    hardware="8",
    serial="S C-X4U421302009",
    name="FILLER_L1",
)
CONNECT = bytes.fromhex("0300001611e00000000100c0010ac1020100c2020102")
DISCONNECT = bytes.fromhex("0300000b06800031000100")
SETUP = bytes.fromhex("0300001902f08032010000000100080000f0000001000101e0")
STOP = bytes.fromhex("0300002102f0803201000000020010000029000000000009505f50524f4752414d")
needs_snap7 = pytest.mark.skipif(
    importlib.util.find_spec("snap7") is None, reason="python-snap7 is not installed"
)


@needs_snap7
def test_snap7_reads_the_identity_in_parts() -> None:
    import snap7

    def read(port: int) -> tuple[bytes, tuple[int, int, int], bytes, bytes]:
        client = snap7.client.Client()
        client.connect("127.0.0.1", 0, 2, port)
        order = client.get_order_code()
        info = client.get_cpu_info()
        client.disconnect()
        version = (int(order.V1), int(order.V2), int(order.V3))
        return order.OrderCode, version, info.SerialNumber, info.ModuleTypeName

    async def main() -> None:
        async with running(SIMULATOR, PLC, Service("s7comm")) as one:
            order, version, serial, kind = await asyncio.to_thread(read, one.port)
            assert order.strip() == b"6ES7 315-2EH14-0AB0"
            assert version == (3, 2, 6)
            assert (serial, kind) == (b"S C-X4U421302009", b"CPU 315-2 PN/DP")
            assert one.witness.functions["s7 szl next"] == 1  # 348 bytes do not fit into 240
            assert one.witness.forbidden == 0
            await settled(one.witness)
            assert one.witness.abandoned == 0

    asyncio.run(main())


def test_a_disconnect_request_hangs_it_for_everybody() -> None:
    async def main() -> None:
        async with running(SIMULATOR, PLC, Service("s7comm")) as one:
            assert (await ask(one.port, CONNECT))[5] == 0xD0
            with pytest.raises(TimeoutError):
                await ask(one.port, DISCONNECT, timeout_seconds=0.1)
            with pytest.raises(TimeoutError):
                await ask(one.port, CONNECT, timeout_seconds=0.1)
            assert one.witness.forbidden == 1

    virtually(main())


def test_a_stop_is_refused_and_witnessed() -> None:
    async def main() -> None:
        async with running(SIMULATOR, PLC, Service("s7comm")) as one:
            reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
            for request in (CONNECT, SETUP, STOP):
                writer.write(request)
                answer = await reader.read(300)
            assert answer[17:19] == b"\x85\x00"
            writer.close()
            await writer.wait_closed()
            assert one.witness.functions["s7 plc stop"] == 1
            assert one.witness.forbidden == 1

    virtually(main())


def test_nothing_is_answered_before_the_connection_is_confirmed() -> None:
    async def main() -> bytes:
        async with running(SIMULATOR, PLC, Service("s7comm")) as one:
            return await ask(one.port, SETUP)

    assert virtually(main()) == b""
