"""A Modbus device for these tests: tables and identities per unit, written from V1.1b3.

It shares no code with the probe; misbehaviour is given as a function over good answers.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from protocols.contract import Depth, Frame, MapEntry, Observation, Options, Outcome, Target
from protocols.modbus import PROBE
from tests.support.patience import HUNG_SECONDS
from tests.support.plain import NoAnswerError, PlainLink


@dataclass
class Slave:
    """One unit. `None` for objects: 43/14 is refused with exception 01."""

    objects: Mapping[int, bytes] | None = None
    holding: Mapping[int, int] = field(default_factory=dict)
    input: Mapping[int, int] = field(default_factory=dict)
    coil: Mapping[int, int] = field(default_factory=dict)
    discrete: Mapping[int, int] = field(default_factory=dict)
    conformity: int = 0x01
    page: int = 99  # objects per answer
    functions: tuple[int, ...] = (1, 2, 3, 4, 43)

    def answer(self, pdu: bytes) -> bytes:
        function = pdu[0]
        if function not in self.functions:
            return bytes((function | 0x80, 1))
        if function == 43:
            return self.identify(pdu[2], pdu[3])
        if function == 17:
            return b"\x11\x0a\x01\xffDrive X1"
        start, count = struct.unpack(">HH", pdu[1:5])
        tables = {1: self.coil, 2: self.discrete, 3: self.holding, 4: self.input}
        table = tables[function]
        if any(place not in table for place in range(start, start + count)):
            return bytes((function | 0x80, 2))
        words = [table[place] for place in range(start, start + count)]
        if function < 3:
            number = sum(bool(word) << place for place, word in enumerate(words))
            size = (count + 7) // 8
            return bytes((function, size)) + number.to_bytes(size, "little")
        return bytes((function, 2 * count)) + struct.pack(f">{count}H", *words)

    def identify(self, code: int, first: int) -> bytes:
        if self.objects is None:
            return b"\xab\x01"
        last = {1: 2, 2: 0x7F, 3: 0xFF}[min(code, self.conformity & 0x7F)]
        wanted = [number for number in sorted(self.objects) if first <= number <= last]
        sent, rest = wanted[: self.page], wanted[self.page :]
        head = (43, 14, code, self.conformity, 0xFF if rest else 0, rest[0] if rest else 0)
        body = b"".join(bytes((n, len(self.objects[n]))) + self.objects[n] for n in sent)
        return bytes((*head, len(sent))) + body


Twist = Callable[[bytes, bytes], bytes | None]
"""Makes a bad answer of (request, good answer)."""


@dataclass
class Box:
    """What listens on one port: units by number, and what happens for all others."""

    units: Mapping[int, Slave]
    unknown: int | None = 0x0B  # exception for other units; None: silence
    any_unit: Slave | None = None
    twist: Twist | None = None
    asked: list[tuple[int, bytes]] = field(default_factory=list)

    def __call__(self, request: bytes) -> bytes | None:
        if not request:
            return None  # whoever waits on after a stray answer gets no other
        transaction, _, length, unit = struct.unpack(">HHHB", request[:7])
        pdu = request[7:]
        assert length == len(pdu) + 1
        self.asked.append((unit, pdu))
        slave = self.units.get(unit, self.any_unit)
        if slave is None and self.unknown is None:
            return None
        answer = slave.answer(pdu) if slave else bytes((pdu[0] | 0x80, self.unknown or 0))
        good = struct.pack(">HHHB", transaction, 0, len(answer) + 1, unit) + answer
        return self.twist(request, good) if self.twist else good


def named(vendor: str = "Acme", product: str = "P1", version: str = "1.0") -> dict[int, bytes]:
    return {0: vendor.encode(), 1: product.encode(), 2: version.encode()}


def floats(start: int, *values: float) -> dict[int, int]:
    """Registers that hold these float32 values, high word first."""
    words = struct.unpack(f">{2 * len(values)}H", struct.pack(f">{len(values)}f", *values))
    return {start + place: word for place, word in enumerate(words)}


class Scripted(PlainLink):
    """Over TCP a peer that answers nothing was connected to: it is mute, not silent."""

    def _scripted(self, request: bytes, frame: Frame | None) -> bytes:
        try:
            return super()._scripted(request, frame)
        except NoAnswerError as error:
            mute = error.outcome is Outcome.SILENT
            raise NoAnswerError(Outcome.MUTE if mute else error.outcome) from None


def run(
    box: Callable[[bytes], bytes | None] | None,
    depth: Depth = Depth.POINTS,
    *,
    parts: tuple[str, ...] = (),
    maps: tuple[MapEntry, ...] = (),
    options: Options | None = None,
    port: int = 502,
    timeout_seconds: float = HUNG_SECONDS,
) -> PlainLink:
    """The probe's rungs up to `depth` on one link."""
    link = Scripted(
        PROBE,
        Target("site", "127.0.0.1", "tcp", port),
        responder=box,
        parts=parts,
        maps=maps,
        options=options or Options(),
        timeout_seconds=timeout_seconds,
    )

    async def climb() -> None:
        for rung in Depth:
            if rung <= depth:
                await PROBE.rungs[rung].run(link)
        await link.close()

    asyncio.run(climb())
    return link


def facts(link: PlainLink, name: str, part: str = "") -> list[object]:
    return [f.value for o in link.observations for f in o.facts if (f.name, f.part) == (name, part)]


def values(link: PlainLink, part: str = "") -> dict[str, object]:
    return {s.point: s.value for o in link.observations for s in o.samples if s.part == part}


def asked(link: PlainLink, operation: str) -> list[Observation]:
    return [o for o in link.observations if o.question.operation == operation]


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Listener:
    """A real socket; every handler is awaited at the end, so that nothing stays open."""

    serve: Serve
    connections: int = 0
    port: int = 0

    async def __aenter__(self) -> Listener:
        self._handlers: list[asyncio.Task[None] | None] = []
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.wait([task for task in self._handlers if task], timeout=HUNG_SECONDS)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._handlers.append(asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self.serve(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
