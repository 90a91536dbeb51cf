"""One conversation of one probe with one target: `protocols.contract.Link` on real sockets.

In this order for every request: stop, distress, scope, budget; guard; durability of the last
answer; pause; host's turn; packet rate; then the socket. What comes back is bounded, matched by the
probe's decoder, recorded and emitted as one observation. Nothing that the network does raises.

Asking and its consequences stand here; `door` holds what a packet waits for and what is counted,
`overtcp` and `overudp` the sockets, `reply` the reading of bytes, `ledger` what is kept.
"""

from __future__ import annotations

import logging
import zlib
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar, cast

from protocols.contract import (
    SPOKE,
    Anew,
    Answer,
    Credential,
    Fact,
    Forbidden,
    Frame,
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
    Sealed,
    Tries,
)
from scanner.wire import guard
from scanner.wire.door import RESTS, Door
from scanner.wire.failures import Failure, NetworkError
from scanner.wire.knock import SLEPT, Knocked, ours, unheard
from scanner.wire.ledger import Ledger
from scanner.wire.overtcp import OverTcp
from scanner.wire.overudp import OverUdp
from scanner.wire.past import Past
from scanner.wire.reply import NOTHING, Nothing, empty, plain, stored
from scanner.wire.wire import Hold, Host, Wire

T = TypeVar("T")
log = logging.getLogger(__name__)

OUR_TRIES = 4
OUTAGE_TRIES = 30  # about a minute for a cable that was pulled
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
        standing: Sequence[Observation] = (),
        hold: Hold | None = None,
        likeliest: bool = True,
        knocked: Knocked | None = None,
    ) -> None:
        self.wire = wire
        self.host = host
        self.probe = probe
        self.hold = hold or Hold()
        self.likeliest = likeliest
        self.most_requests = most_requests
        self._door = knocked.door if knocked else Door(wire, host, probe, port)
        self.target = self._door.target
        self._ledger = Ledger(self._door, Past(past, probe.session, standing=deque(standing)))
        self._past = self._ledger.past
        self._tcp = knocked.tcp if knocked else OverTcp(self._door)
        self._knocked = knocked  # what the first request finds done already
        self._udp = OverUdp(self._door, self.hold)
        # The same numbers again after a resume, so that stored answers match their requests.
        self._id = zlib.crc32(f"{host.address} {probe.name} {port}".encode())
        self._until = self._door.own_seconds + seconds
        self._over = False
        self._answered = False
        self._closed_for_rest = False  # the connection, for the sake of a long pause

    @property
    def own_seconds(self) -> float:
        """See `Door.own_seconds`."""
        return self._door.own_seconds

    @property
    def requests(self) -> int:
        """Requests that left."""
        return self._door.requests

    @property
    def connections(self) -> int:
        """Connections that were accepted."""
        return self._door.connections

    @property
    def replayed(self) -> int:
        """How many of `heard` an earlier run of this scan heard."""
        return self._ledger.replayed

    def news(self, since: int = 0) -> Sequence[Observation]:
        """What of `heard`, from place `since` on, this run itself heard."""
        return self._ledger.news(since)

    @property
    def options(self) -> Options:
        return self.wire.options

    @property
    def heard(self) -> Sequence[Observation]:
        return self._ledger.heard

    @property
    def credentials(self) -> tuple[Credential, ...]:
        return self.wire.credentials_for(self.probe, self.host.address)

    @property
    def parts(self) -> tuple[str, ...]:
        return self.host.units

    @property
    def maps(self) -> tuple[MapEntry, ...]:
        return (*self.wire.maps, *self.wire.claimed.get(self.host.address, ()))

    def now(self) -> datetime:
        return self.wire.clock.now()

    def next_id(self) -> int:
        self._id += 1
        return self._id % 65_535 + 1

    def extend(self, seconds: float, most_requests: int) -> None:
        """A deeper rung begins: its own time and requests, within the time of its host."""
        left = self.wire.limits.host_seconds - self.host.spent
        self._until = self._door.own_seconds + max(0.0, min(seconds, left))
        self.most_requests += most_requests

    async def wait(self, seconds: float) -> None:
        if self._past.left or self._past.standing:
            return  # that time has passed already
        left = self._until - self._door.own_seconds
        end = self.wire.clock.monotonic() + max(0.0, min(seconds, left))
        while not self.wire.stopping and (left := end - self.wire.clock.monotonic()) > 0:
            if self._tcp.open and self.wire.rests():
                return  # the next question finds the pause, and gives the connection up
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
        tries: Tries = Tries.ALL,
    ) -> Answer[T]:
        if (replayed := await self._replay(question, read, fresh, parting)) is not None:
            return replayed
        retries = self.wire.limits.retries
        if tries is Tries.SECOND and not self._worthy(1, retries):
            return Answer(Outcome.NOT_ASKED, Reason.DEPENDENCY)
        # A connection that was accepted is never left without a byte, whatever happened since.
        reason = None if self._knocked else self._held_back(fresh, parting)
        if reason is None:
            try:
                function = guard.judge(self.probe, plain(request))
            except Forbidden as error:
                self.wire.sent.refused_by_guard += 1
                log.error("guard refused probe=%s why=%s", self.probe.name, error)
                self.note(question, Outcome.NOT_ASKED, Reason.SAFETY_HOLD, detail=str(error))
                return Answer(Outcome.NOT_ASKED, Reason.SAFETY_HOLD)
            if fresh and not self._knocked:
                await self.close()
            reason = None if self._knocked else await self._my_turn(parting)
        if reason is not None:
            self.note(question, Outcome.NOT_ASKED, reason, credential=credential)
            return Answer(Outcome.NOT_ASKED, reason)
        self._door.function = function
        limit = min(limit, 4 * 8 << 20)
        patience = timeout_seconds or self.wire.limits.answer_timeout
        self._door.parting = parting
        most = {Tries.ALL: retries, Tries.FIRST: 0, Tries.SECOND: retries - 1}[tries]
        if tries is Tries.FIRST:
            patience = min(patience, self.wire.limits.retry_delay)
        self.wire.sent.retries += tries is Tries.SECOND
        return await self._exchange(
            question, request, frame, read, limit, credential, patience, most
        )

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
        if (item := self._ledger.recall(question, asked=False)) is not None:
            self._ledger.keep(item)
            return
        reading = Reading(NOTHING, facts, points, (), outcome, reason, detail, items)
        self._ledger.emit(question, reading, credential=credential)

    async def close(self, farewell: bytes | Sealed = b"") -> None:
        """FIN, and give the host's place back; a farewell is judged like any request."""
        self._past.part()
        try:
            await self._tcp.part(farewell if self._answered and not self._door.owing else b"")
        finally:
            self._over = False
            self._udp.forget()
            self._door.give_place()

    async def _replay(
        self, question: Question, read: Read[T], fresh: bool, parting: bool
    ) -> Answer[T] | None:
        """The answer that an earlier run of this scan stored; None when the network must be asked.

        Raises `SessionCut` when it must be asked in the middle of a session that is gone.
        """
        if fresh:
            self._past.part()
        item = self._ledger.recall(question)
        if item is None and parting and self._past.inside and not self._tcp.open:
            self._past.part()  # the session is gone already: there is nothing to say goodbye to
            self.note(question, Outcome.NOT_ASKED, Reason.DEPENDENCY, detail="session is gone")
            return Answer(Outcome.NOT_ASKED, Reason.DEPENDENCY)
        if item is None:
            self._past.leave()
            return await self._borrow(question, read)
        reading: Reading[T] | None = None
        if item.outcome in SPOKE and item.digest:
            found = stored(read, item)
            if found is None:
                self._past.leave()
                return None
            if not isinstance(found.value, Nothing):
                reading = cast(Reading[T], found)
        self._ledger.keep(item)
        if fresh:
            self._over = False
        await self._consequences(question, item.outcome, item.reason, item.duration_seconds)
        return Answer(item.outcome, item.reason, reading, item.duration_seconds, item.raw)

    async def _borrow(self, question: Question, read: Read[T]) -> Answer[T] | None:
        """The answer that a session stored before it was cut, where it stands without it."""
        if not isinstance(read, Anew) or (item := self._past.borrow(question)) is None:
            return None
        found = stored(read.stored, item)
        if found is None:
            self._past.standing.clear()
            return None
        self._ledger.keep(item)
        await self._consequences(question, item.outcome, item.reason, item.duration_seconds)
        reading = None if isinstance(found.value, Nothing) else cast(Reading[T], found)
        return Answer(item.outcome, item.reason, reading, item.duration_seconds, item.raw)

    # --- before the request -------------------------------------------------------------------

    def _held_back(self, fresh: bool, parting: bool) -> Reason | None:
        """Why this request must not leave, as far as that is known without waiting."""
        if (forbidden := self.wire.forbidden(self.host.address)) is not None:
            return forbidden
        if parting and self._tcp.open:
            return self.wire.stopping if self._door.owing else None
        if self._over and not fresh:
            return Reason.DEPENDENCY
        if self.wire.stopping is not None:
            return self.wire.stopping
        if self.host.sign:
            self.wire.leave(self.host)
            return Reason.DISTRESS
        if self.requests >= self.most_requests or self._door.own_seconds >= self._until:
            return Reason.BUDGET
        opens = self.target.transport == "tcp" and (fresh or not self._tcp.open)
        if opens and self.host.connections[self.target.port] >= self.probe.most_connections:
            return Reason.OUR_SIDE if self._closed_for_rest else Reason.BUDGET
        return None

    async def _my_turn(self, parting: bool) -> Reason | None:
        """Wait for durability and for a pause to end; things may have changed meanwhile."""
        if self.wire.profile.durable_first:
            await self.host.remembered()
        if not parting:
            if self._tcp.open and self.wire.rests():
                if self._door.session:  # the probe says goodbye, and a resume goes on
                    return Reason.OUR_SIDE
                await self._rest()
            await self._door.aside(self.wire.pacer.running())
        return self._held_back(fresh=False, parting=parting)

    async def _rest(self) -> None:
        """Give the device its slot back for a long pause; what follows asks on another connection,
        as far as the limit of these goes (docs/decisions/0033)."""
        self._closed_for_rest = True
        await self._tcp.part(b"")

    async def _rested(self, failure: Failure) -> bool:
        """Whether a long pause kept this request back and is over, so that it may leave now."""
        if failure != RESTS or self._door.session:
            return False
        await self._rest()
        await self._door.aside(self.wire.pacer.running())
        return self._held_back(fresh=False, parting=False) is None

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
        most: int,
    ) -> Answer[T]:
        """`most` is how often silence is answered by another packet, at most."""
        knocked, self._knocked = self._knocked, None
        tries, raw = (knocked.tries - 1 if knocked else 0), b""
        reading: Reading[T] | Reading[Nothing]
        while True:
            tries += 1
            if knocked is None:
                self._door.left = self.wire.clock.monotonic()
            try:
                if knocked is not None and knocked.failure is not None:
                    raise NetworkError(knocked.failure)
                if self.target.transport == "tcp":
                    raw, reading = await self._tcp.exchange(request, frame, read, limit, patience)
                else:
                    again = partial(self._worthy, tries, most)
                    raw, reading = await self._udp.exchange(request, read, limit, patience, again)
            except NetworkError as error:
                knocked = None
                if await self._rested(error.failure):
                    tries -= 1  # nothing has left
                    continue
                spent = self._door.spent
                failure = self._ours(error.failure, self._door.left)
                if self._again(failure, tries, most) and await self._worth_again(failure):
                    self.wire.sent.retries += 1
                    continue
                reading = self._failed(failure)
            else:
                spent = self._door.spent
            break
        self._ledger.emit(
            question, reading, raw=raw, credential=credential, tries=tries, spent=spent
        )
        await self._consequences(question, reading.outcome, reading.reason, spent)
        if isinstance(reading.value, Nothing):
            return Answer(reading.outcome, reading.reason, None, spent, raw)
        return Answer(reading.outcome, reading.reason, cast(Reading[T], reading), spent, raw)

    def _again(self, failure: Failure, tries: int, most: int) -> bool:
        """Whether to try once more: where no byte came, or where nothing left (safety.md 2)."""
        ours = failure.outcome is Outcome.FAILED_HERE
        if ours and self.wire.stopping is None:
            self._our_side(failure)
        if self._tcp.open or self.wire.stopping is not None or self.host.sign:
            return False
        if ours:
            lost = self.wire.cut_off(self.host.address)
            return tries < (OUTAGE_TRIES if lost else OUR_TRIES)
        return unheard(self.wire, self.host.address, failure) and tries <= most

    def _ours(self, failure: Failure, since: float) -> Failure:
        """See `ours`."""
        return ours(self.wire, self._tcp, self.host.address, failure, since)

    async def _worth_again(self, failure: Failure) -> bool:
        """Let the others of this host go first, and see whether it is worth a second packet.

        An address that has kept silent on every port is asked again on its likeliest port only:
        in empty space a second packet to each port finds nobody and doubles the traffic.
        """
        left = self._door.left + self.wire.limits.retry_delay - self.wire.clock.monotonic()
        # Who takes the right may need the place that we have: both are lent, or both wait for ever.
        self._door.give_place()
        self.hold.give()
        await self.wire.clock.sleep(left)
        await self._door.aside(self.hold.regain())
        await self._door.aside(self.wire.pacer.running())
        if self.wire.stopping is not None or self.host.sign:
            return False
        return failure.outcome is Outcome.FAILED_HERE or self._worthy()

    def _worthy(self, tries: int = 0, most: int = 0) -> bool:
        """Whether silence here is worth another packet, and `tries` of at most `most` leave one."""
        expected = self.likeliest or self.host.alive or bool(self.host.units)
        return expected and tries <= min(most, self.wire.limits.retries)

    def _our_side(self, failure: Failure) -> None:
        """Never mistake our own trouble for the device's: everything waits a little."""
        self.wire.our_side[failure.reason] += 1
        self.wire.pause(f"our side: {failure.detail or failure.reason}", seconds=2.0)

    # --- after the answer ---------------------------------------------------------------------

    def _failed(self, failure: Failure) -> Reading[Nothing]:
        outcome = failure.outcome
        if outcome is Outcome.MUTE and (self._answered or self.target.transport == "udp"):
            outcome = Outcome.SILENT
        return empty(outcome, failure.detail, failure.reason)

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
            self._door.session = self.probe.session
        health = self.host.health
        # A unit behind a serial line is compared with itself, not with its quick gateway.
        operation = f"{question.operation} {question.part}"
        sign = health.heard(self._door.service, operation, outcome, spent)
        if outcome is Outcome.HUNG_UP and reason == "reset" and not first:
            sign = health.reset_after_data()
        if sign:
            self.wire.suffer(self.host)
        streams = self.target.transport == "tcp"
        unanswered = outcome in (Outcome.SILENT, Outcome.MUTE, Outcome.FAILED_HERE)
        gone = outcome in ENDS or (outcome is Outcome.FAILED_HERE and reason == SLEPT)
        garbled = outcome is Outcome.GARBLED and streams
        if gone or (unanswered and first) or garbled:
            # A session is not left behind: its connection stays for the goodbye, and for no more.
            if not (garbled and self.probe.session and self._answered):
                await self.close()
            self._over = True
