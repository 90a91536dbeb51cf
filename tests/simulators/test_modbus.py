"""The Modbus double, asked by pymodbus and by bare frames."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.pdu.mei_message import ReadDeviceInformationResponse

from simulators.contract import Device, Fault, Point, Service, Unit
from simulators.modbus import SIMULATOR, crc, registers
from tests.simulators.doubles import (
    METER,
    POINTS,
    READ,
    READ_ANSWER,
    ask,
    meter,
    modbus_request,
    running,
    settled,
)
from tests.support.patience import HUNG_SECONDS

logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)


@asynccontextmanager
async def client(port: int) -> AsyncIterator[AsyncModbusTcpClient]:
    found = AsyncModbusTcpClient(
        "127.0.0.1", port=port, retries=0, reconnect_delay=0, timeout=HUNG_SECONDS
    )
    await found.connect()
    try:
        yield found
    finally:
        found.close()


async def identity(
    asker: AsyncModbusTcpClient, unit: int, code: int = 1, first: int = 0
) -> ReadDeviceInformationResponse:
    answer = await asker.read_device_information(read_code=code, object_id=first, device_id=unit)
    assert isinstance(answer, ReadDeviceInformationResponse)
    return answer


def test_identification_comes_in_pages() -> None:
    async def main() -> dict[int, bytes]:
        service = meter(page_bytes=30, objects={"4": "PowerLogic"})
        found: dict[int, bytes] = {}
        pages = 0
        async with running(SIMULATOR, METER, service) as one, client(one.port) as asker:
            following = 0
            while True:
                page = await identity(asker, 1, 3, following)
                pages += 1
                found |= page.information
                if not page.more_follows:
                    break
                following = page.next_object_id
        assert pages > 1
        return found

    assert asyncio.run(main()) == {
        0: b"Schneider Electric",
        1: b"METSEPM5560",
        2: b"02.3.1",
        4: b"PowerLogic",
        5: b"PM5560",
    }


def test_values_are_read_in_every_table() -> None:
    async def main() -> None:
        async with running(SIMULATOR, METER, meter()) as one, client(one.port) as asker:
            holding = await asker.read_holding_registers(10, count=2, device_id=1)
            kind = asker.DATATYPE.FLOAT32
            assert asker.convert_from_registers(holding.registers, kind) == 1.5
            inputs = await asker.read_input_registers(0, count=3, device_id=1)
            assert inputs.registers == [1, 2, 3]
            assert (await asker.read_coils(0, count=1, device_id=1)).bits[0] is True
            assert (await asker.read_discrete_inputs(1, count=1, device_id=1)).bits[0] is True

    asyncio.run(main())


@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        (b"\x03\x00\x0a\x00\x0b", 2),  # a hole in the range
        (b"\x03\x00\x0a\x00\x00", 3),  # no register
        (b"\x03\x00\x0a\x00\x7e", 3),  # 126 registers
        (b"\x10\x00\x0a\x00\x01\x02\x00\x01", 1),  # a write
        (b"\x11", 1),  # function 17 is not offered
        (b"\x2b\x0e\x04\x77", 2),  # an object that is not there
        (b"\x2b\x0e\x09\x00", 3),  # no such read code
    ],
)
def test_what_cannot_be_answered_is_an_exception(pdu: bytes, code: int) -> None:
    async def main() -> bytes:
        async with running(SIMULATOR, METER, meter()) as one:
            return await ask(one.port, modbus_request(pdu))

    assert asyncio.run(main())[7:] == bytes([pdu[0] | 0x80, code])


def gateway() -> Device:
    return replace(
        METER,
        units=(
            Unit(3, vendor="Danfoss", product="FC-302", firmware="8.20", points=POINTS),
            Unit(4, answers=False),
        ),
    )


@pytest.mark.parametrize(
    ("unit", "answer"),
    [(3, b"\x03\x02\x00\x07"), (4, b"\x83\x0b"), (9, b"\x83\x0b"), (255, b"\x83\x02")],
)
def test_a_gateway_answers_for_its_units(unit: int, answer: bytes) -> None:
    async def main() -> bytes:
        async with running(SIMULATOR, gateway(), Service("modbus")) as one:
            return await ask(one.port, modbus_request(READ[7:], unit=unit))

    found = asyncio.run(main())
    assert (found[6], found[7:]) == (unit, answer)


def test_each_unit_has_its_own_identity() -> None:
    async def main() -> list[bytes]:
        one = running(SIMULATOR, gateway(), Service("modbus"))
        async with one as double, client(double.port) as asker:
            return [(await identity(asker, unit)).information[1] for unit in (255, 3)]

    assert asyncio.run(main()) == [b"METSEPM5560", b"FC-302"]


def test_an_echo_gateway_answers_every_unit_alike() -> None:
    async def main() -> set[bytes]:
        async with running(SIMULATOR, METER, meter(units="any")) as one:
            return {
                (await ask(one.port, modbus_request(READ[7:], unit=unit)))[7:]
                for unit in (0, 1, 77, 255)
            }

    assert asyncio.run(main()) == {b"\x03\x02\x00\x07"}


@pytest.mark.parametrize(
    ("kind", "value", "answer"),
    [
        ("busy", 0, READ_ANSWER[:5] + b"\x03\x01\x83\x06"),
        ("exception", 4, READ_ANSWER[:5] + b"\x03\x01\x83\x04"),
        ("wrong_transaction", 0, b"\x00\x02" + READ_ANSWER[2:]),
        ("wrong_unit", 0, READ_ANSWER[:6] + b"\x02" + READ_ANSWER[7:]),
        ("wrong_function", 0, READ_ANSWER[:7] + b"\x04" + READ_ANSWER[8:]),
        ("rtu", 0, b"\x01\x03\x02\x00\x07" + crc(b"\x01\x03\x02\x00\x07").to_bytes(2, "little")),
    ],
)
def test_the_faults_of_the_protocol(kind: str, value: float, answer: bytes) -> None:
    async def main() -> bytes:
        async with running(SIMULATOR, METER, meter(Fault(kind, value))) as one:
            return await ask(one.port, READ)

    found = asyncio.run(main())
    if kind in ("busy", "exception"):
        assert found[7:] == answer[-2:]
    else:
        assert found == answer


def test_crc_of_the_specification() -> None:
    assert crc(bytes.fromhex("020700")[:2]) == 0x1241  # Serial Line V1.02, 6.2.2, example


def test_sunspec_begins_at_its_marker() -> None:
    async def main() -> bytes:
        async with running(SIMULATOR, METER, meter(sunspec=True)) as one:
            return await ask(one.port, modbus_request(b"\x03\x9c\x40\x00\x48"))

    body = asyncio.run(main())[9:]
    assert body[:8] == b"SunS\x00\x01\x00\x42"
    assert body[8:40].rstrip(b"\0") == b"Schneider Electric"
    assert body[104:136].rstrip(b"\0") == b"80207714"
    assert body[140:144] == b"\xff\xff\x00\x00"


def test_words_may_come_in_the_other_order() -> None:
    big = Point("holding:0", type="uint32", value=0x00010002)
    little = replace(big, options={"word_order": "little"})
    scaled = Point("holding:0", type="int16", value=-1.5, options={"scale": 0.1})
    assert (registers(big), registers(little)) == ([1, 2], [2, 1])
    assert registers(scaled) == [0x10000 - 15]


def test_the_witness_counts_functions_and_writes() -> None:
    async def main() -> None:
        async with running(SIMULATOR, METER, meter()) as one:
            await ask(one.port, READ)
            await ask(one.port, modbus_request(b"\x2b\x0e\x01\x00"))
            await ask(one.port, modbus_request(b"\x06\x00\x14\x00\x01"))
            await settled(one.witness)
            assert one.witness.functions == {"modbus 3": 1, "modbus 43/14": 1, "modbus 6": 1}
            assert one.witness.forbidden == 1
            assert one.witness.connections == 3
            assert one.witness.peak_connections == 1
            assert one.witness.abandoned == 0

    asyncio.run(main())
