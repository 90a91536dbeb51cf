"""A link without pacing, budget or store, for probe tests: scripted answers, or a plain socket.

The production link is `scanner.wire`; this one keeps its promises about outcomes and nothing else,
so that a codec can be tested alone. End-to-end tests use the production link.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from protocols.contract import (
    SPOKE,
    Answer,
    Credential,
    Fact,
    Foreign,
    Frame,
    Garbled,
    MapEntry,
    Observation,
    Options,
    Outcome,
    Point,
    Probe,
    Question,
    Read,
    Refused,
    Sealed,
    Stale,
    Stray,
    Target,
    Tries,
    digest,
)
from tests.support.patience import HUNG_SECONDS

T = TypeVar("T")
Responder = Callable[[bytes], bytes | None]
"""Answers one request; None means silence. Raises ConnectionError to hang up."""


class NoAnswerError(Exception):
    """Nothing came; carries the outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome


@dataclass
class PlainLink:
    """One conversation of one probe; `responder` replaces the network where it is given."""

    probe: Probe
    target: Target
    responder: Responder | None = None
    options: Options = field(default_factory=Options)
    credentials: tuple[Credential, ...] = ()
    parts: tuple[str, ...] = ()
    maps: tuple[MapEntry, ...] = ()
    timeout_seconds: float = HUNG_SECONDS
    observations: list[Observation] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    connections: int = 0
    waited_seconds: float = 0.0
    over: bool = False

    def __post_init__(self) -> None:
        self._ids = itertools.count(1)
        self._socket: socket.socket | None = None

    @property
    def heard(self) -> Sequence[Observation]:
        return tuple(self.observations)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def next_id(self) -> int:
        return (next(self._ids) - 1) % 65_535 + 1

    async def ask(
        self,
        question: Question,
        request: bytes | Sealed,
        *,
        frame: Frame | None = None,
        read: Read[T],
        limit: int = 4096,
        credential: str = "",
        timeout_seconds: float | None = None,
        fresh: bool = False,
        parting: bool = False,
        tries: Tries = Tries.ALL,
    ) -> Answer[T]:
        if tries is Tries.SECOND:  # there is one try of everything here
            return Answer(Outcome.NOT_ASKED, "dependency")
        plain = request.plain if isinstance(request, Sealed) else request
        self.functions.append(self.probe.guard(plain))  # Forbidden propagates: a defect
        if self.over and not fresh:
            return self._emit(question, Outcome.NOT_ASKED, "dependency", credential)
        if fresh:
            await self.close()
        outgoing = request.seal(request.plain) if isinstance(request, Sealed) else request
        self.requests.append(outgoing)
        raw, stray = b"", ""
        try:
            while True:
                raw = await self._exchange(outgoing, frame, limit, timeout_seconds)
                try:
                    reading = read(raw)
                    break
                except Stale:
                    outgoing = b""
                except Stray as error:
                    outgoing, stray = b"", str(error)
        except NoAnswerError as error:
            if stray:
                return self._emit(question, Outcome.GARBLED, "", credential, raw, stray)
            return self._emit(question, error.outcome, "", credential)
        except Foreign as error:
            return self._emit(question, Outcome.OTHER, "", credential, raw, str(error))
        except Garbled as error:
            return self._emit(question, Outcome.GARBLED, "", credential, raw, str(error))
        except Refused as error:
            return self._emit(
                question, error.outcome, error.reason, credential, raw, error.detail, error.facts
            )
        observation = Observation(
            scan="test",
            vantage="test",
            target=self.target,
            question=question,
            outcome=reading.outcome,
            time=self.now(),
            sequence=len(self.observations),
            reason=reading.reason,
            detail=reading.detail,
            credential=credential,
            facts=reading.facts,
            points=reading.points,
            samples=tuple(
                s if s.received_time else replace(s, received_time=self.now())
                for s in reading.samples
            ),
            items=reading.items,
            raw=raw,
            digest=digest(raw),
        )
        self.observations.append(observation)
        return Answer(reading.outcome, reading.reason, reading, 0.001, raw)

    def _emit(
        self,
        question: Question,
        outcome: Outcome,
        reason: str,
        credential: str,
        raw: bytes = b"",
        detail: str = "",
        facts: tuple[Fact, ...] = (),
    ) -> Answer[T]:
        spoke = any(item.outcome in SPOKE for item in self.observations)
        if spoke and outcome in (Outcome.SILENT, Outcome.MUTE):
            outcome = Outcome.SILENT  # one unanswered request does not end a conversation
        elif outcome is not Outcome.GARBLED or self.target.transport == "tcp":
            self.over = self.over or outcome not in SPOKE
        self.note(question, outcome, reason, detail=detail, facts=facts, credential=credential)
        return Answer(outcome, reason, None, 0.001, raw)

    def note(
        self,
        question: Question,
        outcome: Outcome,
        reason: str = "",
        *,
        detail: str = "",
        facts: tuple[Fact, ...] = (),
        points: tuple[Point, ...] = (),
        credential: str = "",
        items: int | None = None,
    ) -> None:
        self.observations.append(
            Observation(
                scan="test",
                vantage="test",
                target=self.target,
                question=question,
                outcome=outcome,
                time=self.now(),
                sequence=len(self.observations),
                reason=reason,
                detail=detail,
                credential=credential,
                facts=facts,
                points=points,
                items=items,
            )
        )

    async def wait(self, seconds: float) -> None:
        self.waited_seconds += seconds

    async def close(self, farewell: bytes | Sealed = b"") -> None:
        if farewell:
            plain = farewell.plain if isinstance(farewell, Sealed) else farewell
            self.functions.append(self.probe.guard(plain))
            if self._socket is not None:
                outgoing = farewell.seal(plain) if isinstance(farewell, Sealed) else plain
                await asyncio.get_running_loop().sock_sendall(self._socket, outgoing)
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self.over = False

    async def _exchange(
        self, request: bytes, frame: Frame | None, limit: int, timeout_seconds: float | None
    ) -> bytes:
        if self.responder is not None:
            return self._scripted(request, frame)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_seconds or self.timeout_seconds):
                if self._socket is None:
                    kind = (
                        socket.SOCK_STREAM if self.target.transport == "tcp" else socket.SOCK_DGRAM
                    )
                    self._socket = socket.socket(socket.AF_INET, kind)
                    self._socket.setblocking(False)
                    await loop.sock_connect(self._socket, (self.target.address, self.target.port))
                    self.connections += kind == socket.SOCK_STREAM
                if request:
                    await loop.sock_sendall(self._socket, request)
                buffer = b""
                while True:
                    data = await loop.sock_recv(self._socket, 65_536)
                    if frame is None:
                        return data
                    if not data:
                        raise NoAnswerError(Outcome.HUNG_UP)
                    buffer += data
                    length = frame(buffer)
                    if length is not None and len(buffer) >= length:
                        return buffer[:length]
                    if len(buffer) > limit:
                        raise Garbled(f"answer longer than {limit} bytes")
        except TimeoutError:
            silent = self.target.transport == "udp"
            raise NoAnswerError(Outcome.SILENT if silent else Outcome.MUTE) from None
        except ConnectionRefusedError:
            raise NoAnswerError(Outcome.CLOSED) from None
        except ConnectionError:
            raise NoAnswerError(Outcome.HUNG_UP) from None

    def _scripted(self, request: bytes, frame: Frame | None) -> bytes:
        assert self.responder is not None
        try:
            answer = self.responder(request)
        except ConnectionError:
            raise NoAnswerError(Outcome.HUNG_UP) from None
        if answer is None:
            raise NoAnswerError(Outcome.SILENT)
        if frame is None:
            return answer
        length = frame(answer)
        if length is None or length > len(answer):
            raise Garbled(f"cut: {len(answer)} bytes of {length}")
        return answer[:length]
