"""The light OPC UA double's bad manners, seen as bytes: no library survives all of them."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Awaitable, Callable

import pytest

from simulators import _opcua_identity as identity
from simulators._opcua_binary import NodeId
from simulators._opcua_server import Conversation
from simulators._opcua_state import Server, Session
from simulators.contract import Bind, Device, Fault, Service
from simulators.opcua import SIMULATOR
from simulators.witness import DeviceWitness
from tests.simulators.opcua_bench import POINTS, Played, Raw, play

BODY = 24  # where the type id of an answer stands
RESULTS = BODY + 4 + 24  # behind type id and response header


def run(
    body: Callable[[Raw, Played], Awaitable[None]],
    faults: tuple[Fault, ...] = (),
    options: dict[str, object] | None = None,
) -> None:
    async def whole() -> None:
        async with play(options, faults) as played:
            raw = await Raw.connect(played)
            try:
                await body(raw, played)
            finally:
                await raw.close()

    asyncio.run(whole())


def read_request(node: bytes) -> bytes:
    one = node + struct.pack("<Ii", 13, -1) + struct.pack("<Hi", 0, -1)
    return struct.pack("<dIi", 0, 2, 1) + one


def browse_request(node: bytes) -> bytes:
    view = b"\0\0" + struct.pack("<qII", 0, 0, 0)
    return (
        view
        + struct.pack("<i", 1)
        + node
        + struct.pack("<I", 0)
        + b"\0\0\x01"
        + struct.pack("<II", 0, 63)
    )


OBJECTS = b"\x00\x55"
OIL = b"\x03\x02\x00" + struct.pack("<i", 3) + b"Oil"


def test_hello_is_answered_with_our_limits() -> None:
    async def body(raw: Raw, played: Played) -> None:
        answer = await raw.hello()
        assert answer[:4] == b"ACKF"
        assert struct.unpack_from("<5I", answer, 8) == (0, 65_536, 65_535, 4 << 20, 0)

    run(body)


def test_unlimited_ack_lifts_every_limit() -> None:
    async def body(raw: Raw, played: Played) -> None:
        answer = await raw.hello()
        assert struct.unpack_from("<4I", answer, 12) == (0xFFFF_FFFF, 0xFFFF_FFFF, 0, 0)

    run(body, (Fault("unlimited_ack"),))


def test_zero_lifetime_grants_no_time() -> None:
    async def body(raw: Raw, played: Played) -> None:
        await raw.hello()
        answer = await raw.open()
        assert struct.unpack_from("<Ii", answer, len(answer) - 8) == (0, 0)

    run(body, (Fault("zero_lifetime"),))


def test_a_channel_with_a_policy_is_refused() -> None:
    async def body(raw: Raw, played: Played) -> None:
        await raw.hello()
        answer = await raw.open(b"Basic256Sha256")
        assert answer[:4] == b"ERRF"
        assert struct.unpack_from("<I", answer, 8) == (0x8013_0000,)

    run(body)


@pytest.mark.parametrize(
    ("at", "service", "request_", "session"),
    [
        ("Read", 631, read_request(OIL), True),
        ("Browse", 527, browse_request(OBJECTS), True),
        ("GetEndpoints", 428, struct.pack("<iii", -1, -1, -1), False),
        ("FindServers", 422, struct.pack("<iii", -1, -1, -1), False),
    ],
)
def test_huge_array_announces_what_it_does_not_hold(
    at: str, service: int, request_: bytes, session: bool
) -> None:
    async def body(raw: Raw, played: Played) -> None:
        token = await raw.session() if session else b"\0\0"
        if not session:
            await raw.hello()
            await raw.open()
        answer = await raw.ask(service, request_, token)
        assert struct.unpack_from("<i", answer, RESULTS) == (2**31 - 1,)

    run(body, (Fault("huge_array", options={"at": at}),))


def test_recursive_variant_nests_deeper_than_any_stack() -> None:
    async def body(raw: Raw, played: Played) -> None:
        token = await raw.session()
        answer = await raw.ask(631, read_request(OIL), token)
        assert answer.count(b"\x98\x01\x00\x00\x00") > 10_000

    run(body, (Fault("recursive_variant"),))


def test_endless_continuation_never_ends() -> None:
    async def body(raw: Raw, played: Played) -> None:
        token = await raw.session()
        answer = await raw.ask(527, browse_request(OBJECTS), token)
        for _ in range(20):
            point = struct.pack("<i", 5) + b"again"
            assert point in answer
            answer = await raw.ask(533, b"\0" + struct.pack("<i", 1) + point, token)

    run(body, (Fault("endless_continuation"),))


def test_wrong_handle_and_wrong_request_id_do_not_match() -> None:
    async def handle(raw: Raw, played: Played) -> None:
        await raw.hello()
        await raw.open()
        answer = await raw.ask(428, struct.pack("<iii", -1, -1, -1))
        assert struct.unpack_from("<I", answer, BODY + 4 + 8) == (78,)

    async def request_id(raw: Raw, played: Played) -> None:
        await raw.hello()
        await raw.open()
        answer = await raw.ask(428, struct.pack("<iii", -1, -1, -1))
        assert struct.unpack_from("<I", answer, 20) == (raw.sequence + 1,)

    run(handle, (Fault("wrong_handle"),))
    run(request_id, (Fault("wrong_request_id"),))


def test_a_loop_of_folders_leads_back_to_itself() -> None:
    async def body(raw: Raw, played: Played) -> None:
        token = await raw.session()
        loop = b"\x03\x02\x00" + struct.pack("<i", 5) + b"Loop0"
        answer = await raw.ask(527, browse_request(loop), token)
        assert loop in answer[RESULTS:]
        assert OBJECTS in answer[RESULTS:]

    run(body, options={"cycles": 1})


def test_foreign_bytes_are_counted_and_end_the_connection() -> None:
    async def body(raw: Raw, played: Played) -> None:
        raw.writer.write(b"GET / HTTP/1.0\r\n\r\n")
        assert await raw.reader.read() == b""
        assert played.witness.foreign_payloads == 1

    run(body)


def test_a_malformed_request_is_told_and_ends_the_connection() -> None:
    async def body(raw: Raw, played: Played) -> None:
        await raw.hello()
        await raw.open()
        answer = await raw.ask(631, b"\x01")
        assert answer[:4] in (b"ERRF", b"MSGF")

    run(body)


@pytest.mark.parametrize("kind", ["mute", "hangup", "garbage", "echo", "cut"])
def test_generic_faults_begin_after_so_many_answers(kind: str) -> None:
    async def body(raw: Raw, played: Played) -> None:
        assert (await raw.hello())[:4] == b"ACKF"
        if kind == "mute":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await raw.open()
        elif kind in ("hangup", "cut"):
            with pytest.raises(asyncio.IncompleteReadError):
                await raw.open()
        else:
            request = b"HELF" + struct.pack("<I", 32) + struct.pack("<5Ii", 0, 8192, 8192, 0, 0, -1)
            raw.writer.write(request)
            answer = await raw.reader.readexactly(28)
            assert (answer == request[:28]) == (kind == "echo")
            assert answer[:3] != b"ACK"

    run(body, (Fault(kind, options={"after": 1}),))


def test_changed_requests_never_break_the_double() -> None:
    chance = random.Random(4840)

    async def whole() -> None:
        async with play() as played:
            good, channel, token = await _recorded(played)
            heard = set()
            for _ in range(3_000):
                chunk = bytearray(chance.choice(good))
                for _ in range(chance.randint(1, 3)):
                    chunk[chance.randrange(8, len(chunk))] = chance.choice((0, 1, 0x7F, 0xFF))
                turn = _conversation(played, channel, token).hear(bytes(chunk))
                heard.add(turn.function)
            assert {"opcua Read", "opcua Browse", "opcua malformed"} <= heard
            raw = await Raw.connect(played)
            assert await raw.session()
            await raw.close()

    asyncio.run(whole())


async def _recorded(played: Played) -> tuple[list[bytes], int, bytes]:
    """Whole requests of one good session as they left, its channel and its token."""
    raw, sent = await Raw.connect(played), list[bytes]()
    write = raw.writer.write

    def record(data: bytes) -> None:
        sent.append(data)
        write(data)

    raw.writer.write = record  # type: ignore[method-assign]
    token = await raw.session()
    for service, body in ((631, read_request(OIL)), (527, browse_request(OBJECTS))):
        await raw.ask(service, body, token)
    await raw.close()
    return sent, int.from_bytes(raw.channel, "little"), token


def _conversation(played: Played, channel: int, token: bytes) -> Conversation:
    """A conversation with an open channel and an active session, without a socket."""
    service = Service("opcua", points=POINTS)
    device = Device("press-4", played.host)
    person = identity.person(device, service, lambda: played.port)
    server = Server(device, service, DeviceWitness(), person)
    key = NodeId(0, token[-16:])
    server.sessions[key] = Session(key, key, b"", 60, asyncio.get_running_loop().time(), "")
    conversation = Conversation(server)
    conversation.channel = channel
    return conversation


def test_many_doubles_live_in_one_process() -> None:
    async def whole() -> None:
        doubles = []
        for number in range(200):
            host = f"127.46.{number // 100}.{number % 100 + 1}"
            device = Device(f"d{number}", host, vendor="Acme")
            witness = DeviceWitness(host)
            start = SIMULATOR.start(device, Service("opcua"), Bind(host, 0), witness)
            doubles.append((await start, host, witness))
        for double, host, witness in doubles[::50]:
            port = double.listener.getsockname()[1]  # type: ignore[attr-defined]
            raw = await Raw.connect(Played(host, port, witness))
            assert (await raw.hello())[:3] == b"ACK"
            await raw.close()
        for double, _, _ in doubles:
            await double.close()

    asyncio.run(whole())
