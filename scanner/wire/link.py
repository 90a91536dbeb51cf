"""One conversation of one probe with one target: `protocols.contract.Link` on real sockets.

In this order for every request: stop, distress, scope, budget; guard; durability of the last
answer; pause; host's turn; packet rate; then the socket. What comes back is bounded, matched by the
probe's decoder, recorded and emitted as one observation. Nothing that the network does raises.

Longer than most modules: the order of these steps is the safety of the product and is read best
in one piece.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar, cast

from protocols.contract import (
    RAW_BYTES,
    SPOKE,
    Answer,
    Credential,
    Fact,
    Forbidden,
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
    Reading,
    Reason,
    Refused,
    Sealed,
    Stale,
    Target,
    digest,
)
from scanner.secrets import hidden
from scanner.wire import guard, neighbours
from scanner.wire.failures import Failure, NetworkError
from scanner.wire.past import Past
from scanner.wire.tcp import Stream
from scanner.wire.udp import Received
from scanner.wire.wire import Hold, Host, Wire

T = TypeVar("T")
log = logging.getLogger(__name__)


class Nothing:
    """The value of a reading that no decoder made."""


NOTHING = Nothing()
STALE_MOST = 16
OUR_TRIES = 4
OUTAGE_TRIES = 30  # about a minute for a cable that was pulled
OPEN, EXCHANGE, CLOSE = 2, 2, 2  # packets of the model (rulings 2): SYN+ACK, data+ACK, FIN+ACK
ENDS = frozenset({Outcome.HUNG_UP, Outcome.OTHER, Outcome.CLOSED, Outcome.BLOCKED, Outcome.NO_PATH})


class Conversation:
    """See `protocols.contract.Link` for what each member promises."""

    def __init__(
        self,
        wire: Wire,
        host: Host,
        probe: Probe,
        port: int,
        *,
        most_requests: int,
        seconds: float,
        past: Sequence[Observation] = (),
        hold: Hold | None = None,
        likeliest: bool = True,
    ) -> None:
        self.wire = wire
        self.host = host
        self.probe = probe
        self.target = Target(wire.site, host.address, probe.transport, port)
        self.hold = hold or Hold()
        self.likeliest = likeliest
        self.requests = 0
        self.most_requests = most_requests
        self.connections = 0
        self._heard: list[Observation] = []
        self._past = Past(past, probe.session)
        self.replayed = 0
        # The same numbers again after a resume, so that stored answers match their requests.
        self._id = zlib.crc32(f"{host.address} {probe.name} {port}".encode())
        self._until = wire.clock.monotonic() + seconds
        self._left = 0.0  # when the last packet left that may be answered
        self._stream: Stream | None = None
        self._queue: asyncio.Queue[Received] | None = None
        self._over = False
        self._answered = False
        self._placed = False
        self._parting = False

    @property
    def options(self) -> Options:
        return self.wire.options

    @property
    def heard(self) -> Sequence[Observation]:
        return self._heard

    @property
    def credentials(self) -> tuple[Credential, ...]:
        return self.wire.credentials_for(self.probe, self.host.address)

    @property
    def parts(self) -> tuple[str, ...]:
        return self.host.units

    @property
    def maps(self) -> tuple[MapEntry, ...]:
        return self.wire.maps

    def now(self) -> datetime:
        return self.wire.clock.now()

    def next_id(self) -> int:
        self._id += 1
        return self._id % 65_535 + 1

    def extend(self, seconds: float, most_requests: int) -> None:
        """A deeper rung begins: its own time and requests."""
        self._until = self.wire.clock.monotonic() + seconds
        self.most_requests += most_requests

    async def wait(self, seconds: float) -> None:
        if self._past.left:
            return  # that time has passed already
        left = self._until - self.wire.clock.monotonic()
        end = self.wire.clock.monotonic() + max(0.0, min(seconds, left))
        while not self.wire.stopping and (left := end - self.wire.clock.monotonic()) > 0:
            await self.wire.clock.sleep(min(left, 0.25))

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
    ) -> Answer[T]:
        if (replayed := await self._replay(question, read, fresh, parting)) is not None:
            return replayed
        reason = self._held_back(fresh, parting)
        if reason is None:
            try:
                function = guard.judge(self.probe, _plain(request))
            except Forbidden as error:
                self.wire.sent.refused_by_guard += 1
                log.error("guard refused probe=%s why=%s", self.probe.name, error)
                self.note(question, Outcome.NOT_ASKED, Reason.SAFETY_HOLD, detail=str(error))
                return Answer(Outcome.NOT_ASKED, Reason.SAFETY_HOLD)
            if fresh:
                await self.close()
            reason = await self._my_turn(parting)
        if reason is not None:
            self.note(question, Outcome.NOT_ASKED, reason, credential=credential)
            return Answer(Outcome.NOT_ASKED, reason)
        self.wire.sent.functions[function] += 1
        limit = min(limit, 4 * 8 << 20)
        patience = timeout_seconds or self.wire.limits.answer_timeout
        self._parting = parting
        return await self._exchange(question, request, frame, read, limit, credential, patience)

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
        if (item := self._past.take(question, asked=False)) is not None:
            self._heard.append(item)
            self.replayed += 1
            return
        reading = Reading(NOTHING, facts, points, (), outcome, reason, detail, items)
        self._emit(question, reading, credential=credential)

    async def close(self, farewell: bytes | Sealed = b"") -> None:
        """FIN, and give the host's place back; a farewell is judged like any request."""
        stream, self._stream = self._stream, None
        self._past.part()
        try:
            if stream is not None:
                await self._part(stream, farewell)
        finally:
            self._over = False
            if self._queue is not None:
                self.wire.datagrams.forget(self.host.address, self.target.port)
                self._queue = None
            self._give_place()

    def _give_place(self) -> None:
        if self._placed:
            self._placed = False
            self.wire.pacer.leave(self.host.group)

    async def _replay(
        self, question: Question, read: Read[T], fresh: bool, parting: bool
    ) -> Answer[T] | None:
        """The answer that an earlier run of this scan stored; None when the network must be asked.

        Raises `SessionCut` when it must be asked in the middle of a session that is gone.
        """
        if fresh:
            self._past.part()
        item = self._past.take(question)
        if item is None and parting and self._past.inside and self._stream is None:
            self._past.part()  # the session is gone already: there is nothing to say goodbye to
            self.note(question, Outcome.NOT_ASKED, Reason.DEPENDENCY, detail="session is gone")
            return Answer(Outcome.NOT_ASKED, Reason.DEPENDENCY)
        if item is None:
            self._past.leave()
            return None
        reading: Reading[T] | None = None
        if item.outcome in SPOKE and item.digest:
            found = _stored(read, item)
            if found is None:
                self._past.leave()
                return None
            if not isinstance(found.value, Nothing):
                reading = cast(Reading[T], found)
        self._heard.append(item)
        self.replayed += 1
        if fresh:
            self._over = False
        await self._consequences(question, item.outcome, item.reason, item.duration_seconds)
        return Answer(item.outcome, item.reason, reading, item.duration_seconds, item.raw)

    # --- before the request -------------------------------------------------------------------

    def _held_back(self, fresh: bool, parting: bool) -> Reason | None:
        """Why this request must not leave, as far as that is known without waiting."""
        if (forbidden := self.wire.forbidden(self.host.address)) is not None:
            return forbidden
        if parting and self._stream is not None:
            return None
        if self._over and not fresh:
            return Reason.DEPENDENCY
        if self.wire.stopping is not None:
            return self.wire.stopping
        if self.host.health.sign:
            return Reason.DISTRESS
        if self.requests >= self.most_requests or self.wire.clock.monotonic() >= self._until:
            return Reason.BUDGET
        opens = self.target.transport == "tcp" and (self._stream is None or fresh)
        if opens and self.host.connections[self.target.port] >= self.probe.most_connections:
            return Reason.BUDGET
        return None

    async def _my_turn(self, parting: bool) -> Reason | None:
        """Wait for durability and for a pause to end; things may have changed meanwhile."""
        durable = self.host.durable
        if self.wire.profile.durable_first and durable is not None and not durable.done():
            await asyncio.wait([durable])  # a failure stops the wire; it is not raised here
        if not parting:  # a pause is no reason to keep a session open
            await self.wire.pacer.running()
        return self._held_back(fresh=False, parting=parting)

    # --- the exchange -------------------------------------------------------------------------

    async def _exchange(
        self,
        question: Question,
        request: bytes | Sealed,
        frame: Frame | None,
        read: Read[T],
        limit: int,
        credential: str,
        patience: float,
    ) -> Answer[T]:
        tries, raw = 0, b""
        reading: Reading[T] | Reading[Nothing]
        while True:
            tries += 1
            self._left = self.wire.clock.monotonic()
            try:
                if self.target.transport == "tcp":
                    raw, reading = await self._over_tcp(request, frame, read, limit, patience)
                else:
                    raw, reading = await self._over_udp(request, read, limit, patience)
            except NetworkError as error:
                spent = self.wire.clock.monotonic() - self._left
                failure = self._ours(error.failure, self._left)
                if self._again(failure, tries) and await self._worth_again(failure):
                    self.wire.sent.retries += 1
                    continue
                reading = self._failed(failure)
            else:
                spent = self.wire.clock.monotonic() - self._left
            break
        self._emit(question, reading, raw=raw, credential=credential, tries=tries, spent=spent)
        await self._consequences(question, reading.outcome, reading.reason, spent)
        if isinstance(reading.value, Nothing):
            return Answer(reading.outcome, reading.reason, None, spent, raw)
        return Answer(reading.outcome, reading.reason, cast(Reading[T], reading), spent, raw)

    def _again(self, failure: Failure, tries: int) -> bool:
        """Whether to try once more: where no byte came, or where nothing left (safety.md 2)."""
        ours = failure.outcome is Outcome.FAILED_HERE
        if ours and self.wire.stopping is None:
            self._our_side(failure)
        if self._stream is not None or self.wire.stopping is not None or self.host.health.sign:
            return False
        if ours:
            return tries < (OUTAGE_TRIES if self.wire.lost_interface() else OUR_TRIES)
        return failure.outcome is Outcome.SILENT and tries <= self.wire.limits.retries

    def _ours(self, failure: Failure, since: float) -> Failure:
        """Silence says nothing about the device when an interface of ours was down meanwhile."""
        blind = (Outcome.SILENT, Outcome.MUTE, Outcome.NO_PATH)
        self.wire.lost_interface()
        if failure.outcome in blind and self.wire.lost_at >= since:
            return Failure(Outcome.FAILED_HERE, "ENETDOWN", "an interface went down")
        return failure

    async def _worth_again(self, failure: Failure) -> bool:
        """Let the others of this host go first, and see whether it is worth a second packet.

        An address that has kept silent on every port is asked again on its likeliest port only:
        in empty space a second packet to each port finds nobody and doubles the traffic.
        """
        left = self._left + self.wire.limits.retry_delay - self.wire.clock.monotonic()
        await self.hold.rest(self.wire.clock.sleep(left))
        await self.wire.pacer.running()
        if self.wire.stopping is not None or self.host.health.sign:
            return False
        ours = failure.outcome is Outcome.FAILED_HERE
        return ours or self.likeliest or self.host.alive or bool(self.host.units)

    def _our_side(self, failure: Failure) -> None:
        """Never mistake our own trouble for the device's: everything waits a little."""
        self.wire.our_side[failure.reason] += 1
        self.wire.pause(f"our side: {failure.detail or failure.reason}", seconds=2.0)

    async def _over_tcp(
        self,
        request: bytes | Sealed,
        frame: Frame | None,
        read: Read[T],
        limit: int,
        patience: float,
    ) -> tuple[bytes, Reading[T] | Reading[Nothing]]:
        if frame is None:
            raise TypeError(f"probe {self.probe.name} asks over TCP without a frame function")
        if self._stream is None:
            await self._connect()
        stream = self._stream
        assert stream is not None  # noqa: S101 - narrows; _connect raised otherwise
        await self._send_turn(EXCHANGE)
        self._left = self.wire.clock.monotonic()
        self.host.turn.mark()
        outgoing = _outgoing(request)
        await stream.send(outgoing)
        self._sent(outgoing, _plain(request))
        raw = b""
        try:
            async with self._patience(patience):
                for _ in range(STALE_MOST):
                    raw = await stream.receive(frame, limit)
                    self._received(raw)
                    reading = _decode(read, raw)
                    if reading is not None:
                        return raw, reading
                return raw, _empty(Outcome.GARBLED, f"{STALE_MOST} stray answers")
        except Garbled as error:
            return raw or stream.leftover, _empty(Outcome.GARBLED, str(error))
        except Foreign as error:
            return raw or stream.leftover, _empty(Outcome.OTHER, str(error))
        except NetworkError as error:
            if error.failure.outcome is not Outcome.MUTE or not stream.leftover:
                raise
            cut = f"cut: {len(stream.leftover)} bytes and no more in time"
            return stream.leftover, _empty(Outcome.GARBLED, cut)

    async def _connect(self) -> None:
        """Knock; once let in, take a place among the conversations of this /24."""
        limits = self.wire.limits
        async with self.wire.pacer.knock(self.host.group) as place:
            await self._first_packet(1)
            self._left = self.wire.clock.monotonic()
            self.wire.sent.attempts += 1
            self.host.open += 1
            self.wire.sent.most_at_once = max(self.wire.sent.most_at_once, self.host.open)
            try:
                self._stream = await Stream.connect(
                    self.host.address,
                    self.target.port,
                    limits.connect_timeout,
                    self.wire.source,
                    self.wire.device,
                )
            except NetworkError as error:
                raise NetworkError(self._explained(error.failure)) from error
            finally:
                self.host.open -= self._stream is None
            place.accepted += 1
        self.host.connections[self.target.port] += 1
        self.connections += 1
        self.wire.sent.connections += 1
        self.wire.sent.packets += OPEN - 1
        await self.wire.pacer.packets.take(OPEN - 1)
        await self._talk()

    async def _over_udp(
        self, request: bytes | Sealed, read: Read[T], limit: int, patience: float
    ) -> tuple[bytes, Reading[T] | Reading[Nothing]]:
        if self._queue is None:
            self._queue = self.wire.datagrams.expect(self.host.address, self.target.port)
        if self._placed:
            return await self._datagram(request, read, limit, patience)
        async with self.wire.pacer.knock(self.host.group) as place:
            result = await self._datagram(request, read, limit, patience)
            place.accepted += 1
        await self._talk()
        return result

    async def _datagram(
        self, request: bytes | Sealed, read: Read[T], limit: int, patience: float
    ) -> tuple[bytes, Reading[T] | Reading[Nothing]]:
        queue = self._queue
        assert queue is not None  # noqa: S101 - narrows; _over_udp made it
        await self.host.turn.take()
        await self._first_packet(1)
        self._left = self.wire.clock.monotonic()
        self.host.turn.mark()
        outgoing = _outgoing(request)
        await self.wire.datagrams.send(self.host.address, self.target.port, outgoing)
        self._sent(outgoing, _plain(request))
        try:
            async with self._patience(patience):
                for _ in range(STALE_MOST):
                    item = await queue.get()
                    if isinstance(item, Failure):
                        raise NetworkError(item)
                    self._received(item)
                    try:
                        if len(item) > limit:
                            raise Garbled(f"{len(item)} bytes, at most {limit} are taken")
                        reading = _decode(read, item)
                    except Garbled as error:
                        return item, _empty(Outcome.GARBLED, str(error))
                    except Foreign as error:
                        return item, _empty(Outcome.OTHER, str(error))
                    if reading is not None:
                        return item, reading
                return b"", _empty(Outcome.GARBLED, f"{STALE_MOST} stray answers")
        except NetworkError as error:
            if error.failure.outcome is Outcome.MUTE:  # nothing was accepted over UDP
                raise NetworkError(Failure(Outcome.SILENT)) from error
            raise

    @asynccontextmanager
    async def _patience(self, seconds: float) -> AsyncIterator[None]:
        """Bound a wait; a stop of the scan shortens it. A time-out is MUTE."""
        patient = self.wire.clock.monotonic() + seconds
        try:
            async with asyncio.timeout(seconds) as timeout:
                self.wire.waits.add(timeout)
                try:
                    yield
                finally:
                    self.wire.waits.discard(timeout)
        except TimeoutError as error:
            if self.wire.stopping is not None and self.wire.clock.monotonic() < patient:
                # We left before it could answer: that says nothing about the device.
                words = "stopped while waiting for the answer"
                failure = Failure(Outcome.FAILED_HERE, self.wire.stopping, words)
                raise NetworkError(failure) from error
            raise NetworkError(Failure(Outcome.MUTE)) from error

    async def _talk(self) -> None:
        """The peer is there: one place of its /24, and its share of new hosts/s."""
        self.host.alive = self.host.answers = True
        if not self._placed:
            await self.wire.pacer.talk(self.host.group)
            self._placed = True
        if not self.host.known:
            self.host.known = True
            await self.wire.pacer.new_hosts.take()

    async def _send_turn(self, packets: int) -> None:
        await self.host.turn.take()
        await self.wire.pacer.packets.take(packets)
        self.wire.lost_interface()  # so that an outage is noticed while it lasts
        if self.wire.stopping is not None and not self._parting:
            raise NetworkError(Failure(Outcome.NOT_ASKED, self.wire.stopping))
        self.wire.sent.packets += packets

    async def _first_packet(self, packets: int) -> None:
        """Charge a packet to an address that may be new on our link."""
        if self.wire.dead(self.host.address):
            words = "no answer to ARP requests; no packet was sent"
            raise NetworkError(Failure(Outcome.NO_PATH, Reason.NEIGHBOUR, words))
        if not self.host.alive and self.wire.links.on_link(self.host.address):
            await self.wire.pacer.new_on_link.take()
        await self.wire.pacer.packets.take(packets)
        self.wire.lost_interface()
        if self.wire.stopping is not None:
            raise NetworkError(Failure(Outcome.NOT_ASKED, self.wire.stopping))
        self.wire.sent.packets += packets

    def _sent(self, request: bytes, plain: bytes) -> None:
        self.requests += 1
        self.wire.sent.requests += 1
        # Counted here, from the bytes that left, and not where the guard judged them.
        self.wire.sent.never += bool(guard.never(self.probe, plain))
        self.wire.sent.bytes += len(request)
        if self.wire.recorder is not None:
            self.wire.recorder.sent(*self._peer, hidden(request, self.wire.secrets))

    def _received(self, raw: bytes) -> None:
        self.wire.sent.bytes += len(raw)
        if self.wire.recorder is not None:
            self.wire.recorder.received(*self._peer, hidden(raw, self.wire.secrets))

    @property
    def _peer(self) -> tuple[str, int, str]:
        return self.host.address, self.target.port, self.target.transport

    # --- after the answer ---------------------------------------------------------------------

    def _explained(self, failure: Failure) -> Failure:
        """A silent or unreachable neighbour that was never resolved got no packet from us."""
        address = self.host.address
        lost = failure.outcome in (Outcome.SILENT, Outcome.NO_PATH)
        if lost and self.wire.links.on_link(address) and neighbours.resolved(address) is False:
            return Failure(Outcome.NO_PATH, Reason.NEIGHBOUR, failure.detail)
        return failure

    def _failed(self, failure: Failure) -> Reading[Nothing]:
        outcome = failure.outcome
        if outcome is Outcome.MUTE and (self._answered or self.target.transport == "udp"):
            outcome = Outcome.SILENT
        return _empty(outcome, failure.detail, failure.reason)

    async def _consequences(
        self, question: Question, outcome: Outcome, reason: str, spent: float
    ) -> None:
        """Whether the conversation goes on, and whether the host is well."""
        first = not self._answered
        if outcome in SPOKE or outcome in (Outcome.GARBLED, Outcome.OTHER, Outcome.CLOSED):
            self.host.alive = True
            self.host.answers = self.host.answers or outcome is not Outcome.CLOSED
        if outcome in SPOKE:
            self._answered = True
        health = self.host.health
        # A unit behind a serial line is compared with itself, not with its quick gateway.
        operation = f"{question.operation} {question.part}"
        sign = health.heard(self.probe.name, operation, outcome, spent)
        if outcome is Outcome.HUNG_UP and reason == "reset" and not first:
            sign = health.reset_after_data()
        if sign:
            self.wire.suffer(self.host)
        streams = self.target.transport == "tcp"
        unanswered = outcome in (Outcome.SILENT, Outcome.MUTE, Outcome.FAILED_HERE)
        garbled = outcome is Outcome.GARBLED and streams
        if outcome in ENDS or (unanswered and first) or garbled:
            # A session is not left behind: its connection stays for the goodbye, and for no more.
            if not (garbled and self.probe.session and self._answered):
                await self.close()
            self._over = True

    def _emit(
        self,
        question: Question,
        reading: Reading[T] | Reading[Nothing],
        *,
        raw: bytes = b"",
        credential: str = "",
        tries: int = 1,
        spent: float = 0.0,
    ) -> None:
        sequence = self.host.next_sequence(self.target.transport, self.target.port)
        raw = hidden(raw, self.wire.secrets)
        said = hidden(reading.detail.encode("utf-8", "surrogateescape"), self.wire.secrets)
        observation = Observation(
            scan=self.wire.scan,
            vantage=self.wire.vantage,
            target=self.target,
            question=question,
            outcome=reading.outcome,
            time=self.wire.clock.now(),
            sequence=sequence,
            reason=str(reading.reason),
            detail=said.decode("utf-8", "surrogateescape"),
            credential=credential,
            tries=tries,
            duration_seconds=round(spent, 6),
            facts=reading.facts,
            points=reading.points,
            samples=reading.samples,
            items=reading.items,
            raw=raw[:RAW_BYTES],
            digest=digest(raw),
        )
        self._heard.append(observation)
        self.host.failed_here |= reading.outcome is Outcome.FAILED_HERE
        self.wire.outcomes[reading.outcome] += 1
        self.host.durable = self.wire.sink(observation)

    async def _part(self, stream: Stream, farewell: bytes | Sealed) -> None:
        try:
            if farewell and self._answered:
                await self._say_farewell(stream, farewell)
            await self.wire.pacer.packets.take(CLOSE)
        finally:  # also when time is up: a socket is never left open
            self.wire.sent.packets += CLOSE
            stream.finish()
            # Nothing more is said: what is left is to wait for the peer's FIN, and for that nobody
            # else of this /24 has to wait. This host gets no other connection before.
            self._give_place()
            await stream.close(self.wire.limits.close_seconds)
            self.host.open -= 1

    async def _say_farewell(self, stream: Stream, farewell: bytes | Sealed) -> None:
        try:
            guard.judge(self.probe, _plain(farewell))
            await self.host.turn.take()
            await self.wire.pacer.packets.take(EXCHANGE - 1)
            outgoing = _outgoing(farewell)
            self.host.turn.mark()
            await stream.send(outgoing)
            self.wire.sent.packets += EXCHANGE - 1  # nothing comes back that we acknowledge
            self._sent(outgoing, _plain(farewell))
        except NetworkError as error:
            log.info("farewell failed address=%s why=%s", self.host.address, error)
        except Forbidden as error:
            self.wire.sent.refused_by_guard += 1
            log.error("guard refused farewell probe=%s why=%s", self.probe.name, error)


def _plain(request: bytes | Sealed) -> bytes:
    """What the guard judges."""
    return request.plain if isinstance(request, Sealed) else request


def _outgoing(request: bytes | Sealed) -> bytes:
    """What leaves: sealed now, after the guard has judged."""
    return request.seal(request.plain) if isinstance(request, Sealed) else request


def _decode(read: Read[T], raw: bytes) -> Reading[T] | Reading[Nothing] | None:
    """What the probe's decoder says; None for an answer to an earlier question."""
    try:
        return read(raw)
    except Stale:
        return None
    except Refused as error:
        outcome, reason, detail = error.outcome, error.reason, error.detail
        return Reading(NOTHING, error.facts, (), (), outcome, reason, detail)


def _stored(read: Read[T], item: Observation) -> Reading[T] | Reading[Nothing] | None:
    """What the decoder says of a stored answer; None unless that is what was recorded."""
    if digest(item.raw) != item.digest:
        return None  # not kept, or not kept whole
    try:
        reading = _decode(read, item.raw)
    except (Garbled, Foreign):
        return None
    return reading if reading is not None and reading.outcome is item.outcome else None


def _empty(outcome: Outcome, detail: str = "", reason: str = "") -> Reading[Nothing]:
    return Reading(NOTHING, (), (), (), outcome, reason, detail)
