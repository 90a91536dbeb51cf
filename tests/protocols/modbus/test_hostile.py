"""Every hostile behaviour that `safety.md` 4 names: the right outcome, in bounded time."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

import pytest

from protocols.contract import Depth, Outcome, Target
from protocols.modbus import PROBE
from protocols.modbus.identity import MOST_PAGES
from tests.protocols.modbus.box import Box, Listener, Scripted, Serve, Slave, facts, named, run
from tests.support.plain import PlainLink
from tests.support.virtual import virtually


def header(good: bytes, pdu: bytes) -> bytes:
    return good[:4] + struct.pack(">HB", len(pdu) + 1, good[6]) + pdu


TWISTS: dict[str, tuple[Callable[[bytes, bytes], bytes], Outcome]] = {
    "wrong function": (lambda _, good: header(good, b"\x03\x02\0\0"), Outcome.GARBLED),
    "transaction 0": (lambda _, good: b"\0\0" + good[2:], Outcome.GARBLED),
    "another transaction": (lambda _, good: b"\x77\x77" + good[2:], Outcome.GARBLED),
    "another unit": (lambda _, good: good[:6] + b"\x09" + good[7:], Outcome.GARBLED),
    "lying object length": (lambda _, good: good[:15] + b"\xff" + good[16:], Outcome.GARBLED),
    "lying object count": (lambda _, good: good[:13] + b"\xff" + good[14:], Outcome.GARBLED),
    "length 0": (lambda _, good: good[:4] + b"\0\0" + good[6:], Outcome.GARBLED),
    "length 65535": (lambda _, good: good[:4] + b"\xff\xff" + good[6:], Outcome.GARBLED),
    "cut": (lambda _, good: good[:-3], Outcome.GARBLED),
    "exception 0xFF": (lambda _, good: header(good, b"\xab\xff"), Outcome.GARBLED),
    "HTTP": (lambda _, good: b"HTTP/1.1 400 Bad Request\r\n\r\n", Outcome.OTHER),
    "noise": (lambda _, good: b"\xde\xad\xbe\xef" * 16, Outcome.OTHER),
    "our own request": (lambda request, _: request, Outcome.GARBLED),
    "busy": (lambda _, good: header(good, b"\xab\x06"), Outcome.REFUSED_RESOURCE),
}


@pytest.mark.parametrize("name", TWISTS)
def test_hostile_answer_has_its_outcome_and_no_fact(name: str) -> None:
    twist, outcome = TWISTS[name]
    box = Box({}, any_unit=Slave(named(), holding={0: 1}), twist=twist)
    link = run(box)
    assert link.observations[0].outcome is outcome
    assert facts(link, "vendor") == []
    assert len(box.asked) <= 30
    if outcome in (Outcome.GARBLED, Outcome.OTHER):
        assert len(box.asked) == 1


def stray(number: int) -> bytes:
    """What a gateway owed somebody before us: another transaction, another unit."""
    return struct.pack(">HHHB", 0x7000 + number, 0, 5, 9) + b"\x03\x02\x12\x34"


@pytest.mark.parametrize("strays", [1, 5])
@pytest.mark.parametrize("each", [False, True], ids=["at first", "before each answer"])
def test_answers_owed_to_somebody_else_cost_no_device(strays: int, each: bool) -> None:
    """They were taken for a broken device, which was then not asked again."""
    owed: list[bytes] = []

    def answer(request: bytes) -> bytes | None:
        if request:
            good = box(request)
            if each or len(box.asked) == 1:
                owed.extend(stray(number) for number in range(strays))
            owed.append(good or b"")
        return owed.pop(0) if owed else None

    box = Box({}, any_unit=Slave(named(), holding=dict.fromkeys(range(20), 4)))
    link = run(answer)
    assert set(facts(link, "vendor")) == {"Acme"}
    assert Outcome.GARBLED not in {o.outcome for o in link.observations}


@pytest.mark.parametrize(
    "words",
    [
        b"\x1b[2J\x1b]0;owned\x07",
        b"=cmd|'/c calc'!A1",
        b"<script>alert(1)</script>",
        "\u202eevil\n\x00".encode(),
        b"\xed\xa0\x80\xff\xfe",  # half of a surrogate pair, and no UTF-8 at all
        b"9" * 100,
    ],
    ids=["escapes", "formula", "script", "bidi and NUL", "no UTF-8", "many digits"],
)
def test_hostile_text_is_kept_as_bounded_text(words: bytes) -> None:
    link = run(Box({}, any_unit=Slave({0: words, 1: b"PM5560", 2: words}, holding={0: 1})))
    texts = [f.value for o in link.observations for f in o.facts if isinstance(f.value, str)]
    assert "PM5560" in texts
    for text in texts:
        assert len(text) <= 4_096
        assert "\x00" not in text
        text.encode()


READS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "too many registers": lambda _, good: header(good, good[7:8] + b"\x80" + bytes(128)),
    "odd byte count": lambda _, good: header(good, good[7:8] + b"\x03" + bytes(3)),
    "lying byte count": lambda _, good: header(good, good[7:8] + b"\xfa" + bytes(2)),
}


@pytest.mark.parametrize("name", READS)
def test_bad_register_block_gives_no_value(name: str) -> None:
    def twist(request: bytes, good: bytes) -> bytes:
        return READS[name](request, good) if request[7] in (3, 4) else good

    link = run(Box({}, any_unit=Slave(named(), holding={0: 1}), twist=twist))
    assert link.observations[-1].outcome is Outcome.GARBLED
    assert not [s for o in link.observations for s in o.samples]
    assert facts(link, "vendor")[0] == "Acme"  # what was learned before is kept


@pytest.mark.parametrize("step", [1, 0, -1], ids=["ever further", "the same", "back"])
def test_identification_that_never_ends_is_bounded(step: int) -> None:
    """`more follows` in every page, wherever it points (V1.1b3 6.21)."""

    def twist(request: bytes, good: bytes) -> bytes:
        if request[7] != 0x2B:
            return good
        first = request[10]
        page = bytes((0x2B, 14, request[9], 0x83, 0xFF, (first + step) % 256, 1, first, 1)) + b"x"
        return header(good, page)

    box = Box({}, any_unit=Slave(named(), holding={0: 1}), twist=twist)
    link = run(box)
    pages = [pdu for _, pdu in box.asked if pdu[0] == 0x2B]
    assert 1 < len(pages) <= 3 * MOST_PAGES + 3
    assert {o.outcome for o in link.observations} & {Outcome.PARTIAL, Outcome.GARBLED}


def against(serve: Serve, timeout_seconds: float = 0.3) -> tuple[PlainLink, float]:
    """The rungs up to POINTS against a real socket, and the seconds (virtual) that they took."""

    async def go() -> tuple[PlainLink, float]:
        begun = asyncio.get_running_loop().time()
        async with Listener(serve) as peer:
            target = Target("s", "127.0.0.1", "tcp", peer.port)
            link = Quick(PROBE, target, timeout_seconds=timeout_seconds)
            for depth in (Depth.DISCOVER, Depth.IDENTIFY, Depth.POINTS):
                await PROBE.rungs[depth].run(link)
            await link.close()
        return link, asyncio.get_running_loop().time() - begun

    return virtually(go())


class Quick(PlainLink):
    """The plain link with its own short patience, whatever a probe would grant a gateway."""

    async def _exchange(self, request, frame, limit, timeout_seconds):  # type: ignore[no-untyped-def]
        return await super()._exchange(request, frame, limit, self.timeout_seconds)


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A good beginning, then one byte at a time, too slowly."""
    request = await reader.read(300)
    answer = request[:4] + b"\x00\x40" + request[6:7] + b"\x2b\x0e\x01\x01\x00\x00\x03"
    for byte in answer + bytes(60):
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(0.05)


async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def hangup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(300)


@pytest.mark.parametrize("serve", [drip, mute, hangup])
def test_bad_stream_ends_in_time_with_two_connections_at_most(serve: Serve) -> None:
    link, seconds = against(serve)
    assert seconds < 5
    assert link.connections <= 2
    assert len(link.requests) <= 2
    ends = {Outcome.MUTE, Outcome.HUNG_UP, Outcome.GARBLED}
    assert {o.outcome for o in link.observations} <= ends
    assert not [f for o in link.observations for f in o.facts]


def test_no_answer_at_connect_is_not_asked_twice() -> None:
    class Dead(Scripted):
        def _scripted(self, request, frame):  # type: ignore[no-untyped-def]
            return PlainLink._scripted(self, request, frame)

    link = Dead(PROBE, Target("s", "127.0.0.1", "tcp", 502), responder=lambda _: None)
    asyncio.run(PROBE.rungs[Depth.DISCOVER].run(link))
    assert len(link.requests) == 1
