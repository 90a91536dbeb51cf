"""Generic faults and what the witness sees of a careless client."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from simulators.contract import Bind, Fault
from simulators.modbus import SIMULATOR
from simulators.switchboard import Switchboard
from simulators.witness import DeviceWitness, total
from tests.simulators.doubles import METER, READ, READ_ANSWER, ask, meter, running, settled
from tests.support.patience import HUNG_SECONDS
from tests.support.virtual import virtually

RESET = struct.pack("ii", 1, 0)


def test_mute_accepts_and_says_nothing() -> None:
    async def main() -> None:
        async with running(SIMULATOR, METER, meter(Fault("mute"))) as one:
            with pytest.raises(TimeoutError):
                await ask(one.port, READ, timeout_seconds=0.2)
            assert one.witness.requests == 1

    virtually(main())


def test_silent_does_not_even_shake_hands() -> None:
    async def main() -> None:
        async with running(SIMULATOR, METER, meter(Fault("silent"))) as one:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await asyncio.open_connection("127.0.0.1", one.port)
            assert one.witness.connections == 0

    virtually(main())


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Fault("hangup"), b""),
        (Fault("echo"), READ),
        (Fault("cut", 5), READ_ANSWER[:5]),
        (Fault("echo", options={"after": 1}), READ_ANSWER),
    ],
)
def test_what_a_fault_sends(fault: Fault, answer: bytes) -> None:
    async def main() -> bytes:
        async with running(SIMULATOR, METER, meter(fault)) as one:
            return await ask(one.port, READ)

    assert virtually(main()) == answer


def test_garbage_is_the_same_in_every_run() -> None:
    async def main() -> bytes:
        async with running(SIMULATOR, METER, meter(Fault("garbage"))) as one:
            return await ask(one.port, READ)

    first = virtually(main())
    assert first == virtually(main())
    assert first != READ_ANSWER
    assert len(first) == len(READ_ANSWER)


@pytest.mark.parametrize("when", ["request", "accept"])
def test_hanging_up_by_reset(when: str) -> None:
    async def main() -> None:
        fault = Fault("hangup", options={"reset": True, "when": when})
        async with running(SIMULATOR, METER, meter(fault)) as one:
            with pytest.raises(ConnectionError):
                await ask(one.port, READ)
            await settled(one.witness)
            assert one.witness.abandoned == 0  # the device did it, not the client

    virtually(main())


def test_slow_shows_requests_sent_too_early() -> None:
    async def main() -> None:
        async with running(SIMULATOR, METER, meter(Fault("slow", 0.05))) as one:
            reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
            writer.write(READ)
            await writer.drain()
            writer.write(READ)
            assert await reader.readexactly(2 * len(READ_ANSWER)) == READ_ANSWER * 2
            writer.close()
            await writer.wait_closed()
            assert one.witness.early == 1

    virtually(main())


def test_two_requests_in_one_segment_are_early() -> None:
    async def main() -> None:
        async with running(SIMULATOR, METER, meter()) as one:
            reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
            writer.write(READ + READ)
            await reader.readexactly(2 * len(READ_ANSWER))
            writer.close()
            await writer.wait_closed()
            assert one.witness.early == 1

    virtually(main())


def test_a_card_whose_slots_leak_unless_closed_well() -> None:
    async def main() -> None:
        fault = Fault("max_clients", 2, {"frees": "fin"})
        async with running(SIMULATOR, METER, meter(fault)) as one:
            for _ in range(5):  # an exchange, then FIN: the slot comes back
                assert await ask(one.port, READ) == READ_ANSWER
                await settled(one.witness)
            for _ in range(2):  # bare connects: the slots stay taken
                _, writer = await asyncio.open_connection("127.0.0.1", one.port)
                writer.close()
                await writer.wait_closed()
                await settled(one.witness)
            with pytest.raises(ConnectionError):
                await ask(one.port, READ)
            assert (one.witness.bare, one.witness.abandoned) == (2, 2)

    virtually(main())


def test_a_controller_that_drops_its_oldest_client() -> None:
    async def main() -> None:
        fault = Fault("max_clients", 1, {"when_full": "drop_oldest"})
        async with running(SIMULATOR, METER, meter(fault)) as one:
            reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
            writer.write(READ)
            assert await reader.readexactly(len(READ_ANSWER)) == READ_ANSWER
            assert await ask(one.port, READ) == READ_ANSWER
            with pytest.raises(ConnectionError):
                await reader.readexactly(1)
            writer.close()

    virtually(main())


def test_dead_after_some_requests_and_back_after_a_while() -> None:
    async def main() -> None:
        fault = Fault("dies_after", 2, {"revives": 0.3})
        async with running(SIMULATOR, METER, meter(fault)) as one:
            assert await ask(one.port, READ) == READ_ANSWER
            assert await ask(one.port, READ) == READ_ANSWER
            with pytest.raises((TimeoutError, ConnectionError)):
                await ask(one.port, READ, timeout_seconds=0.1)
            async with asyncio.timeout(HUNG_SECONDS):
                while True:
                    try:
                        assert await ask(one.port, READ, timeout_seconds=0.5) == READ_ANSWER
                        break
                    except (TimeoutError, ConnectionError):
                        continue

    virtually(main())


def test_a_reset_is_an_abandoned_connection() -> None:
    async def main() -> None:
        async with running(SIMULATOR, METER, meter()) as one:
            loop = asyncio.get_running_loop()
            raw = socket.socket()
            raw.setblocking(False)
            await loop.sock_connect(raw, ("127.0.0.1", one.port))
            await loop.sock_sendall(raw, READ)
            assert await loop.sock_recv(raw, 100) == READ_ANSWER
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            raw.close()
            await settled(one.witness)
            assert (one.witness.resets, one.witness.abandoned, one.witness.bare) == (1, 1, 0)

    virtually(main())


def test_foreign_bytes_are_counted_and_end_the_connection() -> None:
    async def main() -> None:
        async with running(SIMULATOR, METER, meter()) as one:
            assert await ask(one.port, b"GET / HTTP/1.0\r\n\r\n") == b""
            assert (one.witness.foreign_payloads, one.witness.requests) == (1, 0)

    virtually(main())


def test_the_rate_is_the_most_within_any_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("simulators.witness.time.monotonic", lambda: now)
    witness = DeviceWitness()
    for now in (0.0, 0.4, 0.9, 1.3, 5.0, 6.0):  # noqa: B007 - the clock reads it
        witness.request("x")
    assert witness.peak_requests_per_second == 3
    assert total({"a": witness, "b": DeviceWitness()})["requests"] == 6


def test_a_switchboard_shares_one_socket_between_devices() -> None:
    async def main() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        board = Switchboard()
        witnesses = []
        for address in ("127.0.83.1", "127.0.83.2"):
            witness = DeviceWitness()
            await SIMULATOR.start(METER, meter(), Bind(address, port, board), witness)
            witnesses.append(witness)
        for address in ("127.0.83.2", "127.0.83.2", "127.0.83.1"):
            reader, writer = await asyncio.open_connection(address, port)
            writer.write(READ)
            assert await reader.readexactly(len(READ_ANSWER)) == READ_ANSWER
            writer.close()
            await writer.wait_closed()
        for witness in witnesses:
            await settled(witness)
        assert [witness.connections for witness in witnesses] == [1, 2]
        assert len(board.listeners) == 1
        board.close()

    virtually(main())
