"""Walks the hosts: for each, every attempt in the plan's order, one conversation at a time.

While one of them waits for its second try, the next takes its turn; so a host that is silent on
one port does not keep the scan from its other ports, and whether a second packet to a silent port
is worth it is decided when the other ports have been heard.

One rule keeps it simple: the engine knows the order and the end of things and nothing of any
protocol; whatever a probe does wrong ends in one `except Exception`, here, as `broken`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from protocols.contract import (
    SPOKE,
    Cost,
    Depth,
    Observation,
    Outcome,
    Probe,
    Question,
    Rung,
    Size,
)
from scanner.later import Later, Line, most_aside
from scanner.planning.cost import MOST_PLAYED, Attempt, Manner, Shape, control, many
from scanner.wire.control import PROBE as CONTROL
from scanner.wire.control import Control, port_for
from scanner.wire.knock import End, Ends, Knocked, knock, nobody, write_down
from scanner.wire.link import Conversation
from scanner.wire.pacer import BACKLOG_SECONDS
from scanner.wire.past import SessionCut
from scanner.wire.wire import Hold, Host, Wire

log = logging.getLogger(__name__)

OPENED = SPOKE | {Outcome.MUTE, Outcome.OTHER, Outcome.GARBLED, Outcome.HUNG_UP}
"""What only an accepted connection ends in."""

STOP_SECONDS = 2.8
"""Sessions are closed within 3 s of a stop (safety.md 5.5)."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One host of the plan: its attempts in order, and the units declared behind it."""

    address: str
    attempts: tuple[tuple[Probe, int], ...]
    units: tuple[str, ...] = ()
    first: bool = False  # goes before all others, and stands aside for none of them


@dataclass(slots=True)
class Tally:
    """What the walk found, folded: for the progress line and for the plan's own arithmetic."""

    begun: int = 0
    finished: int = 0
    answering: int = 0
    unasked: int = 0  # hosts that were not, or not wholly, asked
    shapes: Counter[Shape] = field(default_factory=Counter)
    first: dict[int, Shape] = field(default_factory=dict)  # those begun first, by their place
    behind: dict[str, Counter[Shape]] = field(default_factory=dict)  # by what they share

    def keep(self, place: int, shape: Shape, gateway: str = "") -> None:
        """One host more; the order of beginning is kept as far as the plan plays it."""
        self.shapes[shape] += 1
        if gateway:
            self.behind.setdefault(gateway, Counter())[shape] += 1
        if place < MOST_PLAYED:
            self.first[place] = shape

    @property
    def order(self) -> tuple[Shape, ...]:
        """The hosts that were begun first, in that order."""
        return tuple(self.first[place] for place in sorted(self.first))


class Engine:
    """Runs visits over one wire."""

    def __init__(
        self,
        wire: Wire,
        depth: Depth,
        on_finished: Callable[[Visit, bool], None] | None = None,
        on_begun: Callable[[], None] | None = None,  # when the last host has been begun
    ) -> None:
        self.wire = wire
        self.depth = depth
        self.tally = Tally()
        self._on_finished = on_finished
        self._on_begun = on_begun
        self._idle: dict[asyncio.Task[None], Host] = {}
        self._ends = Ends()
        self._later: Later | None = None

    async def run(self, visits: Iterator[Visit] | AsyncIterator[Visit]) -> Tally:
        """Visit every host; returns when all are done or the wire was stopped."""
        in_flight = self.wire.limits.in_flight
        places = asyncio.Semaphore(in_flight)
        async with asyncio.TaskGroup() as group:
            later = self._later = Later(group, self.wire.pacer, Line(most_aside(in_flight)))
            async for visit in (coming := _coming(visits, later)):
                await later.space()
                await self.wire.pacer.packets.room(BACKLOG_SECONDS)
                await places.acquire()
                if self.wire.stopping is not None:
                    places.release()
                    self.tally.unasked += 1
                    async for _ in coming:
                        self.tally.unasked += 1
                    break
                task = group.create_task(self._visit(visit))
                task.add_done_callback(lambda _: places.release())
            later.rest()
            few = self.tally.begun <= in_flight  # a large sweep has its memory full of hosts now
            if self._on_begun is not None and few and self.wire.stopping is None:
                self._on_begun()
        return self.tally

    @property
    def reading(self) -> list[str]:
        """The hosts under way that have answered, in the order of being begun: for the display."""
        return [host.address for host in self._idle.values() if host.health.answered]

    def cancel_waiting(self) -> None:
        """Let go of hosts that hold no connection; the others part in their own way."""
        if self._later is not None:
            self._later.end()
        for task, host in tuple(self._idle.items()):
            if not host.health.answered and not host.open:
                task.cancel()

    def cancel_all(self) -> None:
        """Time is up: leave everything."""
        for task in tuple(self._idle):
            task.cancel()

    async def _visit(self, visit: Visit) -> None:
        host = self.wire.host(visit.address, visit.units)
        task = asyncio.current_task()
        if task is not None:
            self._idle[task] = host
        begun = self.tally.begun
        self.tally.begun += 1
        found: dict[int, Attempt] = {}
        whole = False
        try:
            if (ends := self._dead(host, visit)) is not None:
                found |= enumerate(self._buried(host, visit, ends))
                whole = True
                await host.remembered()  # so that the writer keeps up
                return
            host.left = len(visit.attempts)
            async with asyncio.TaskGroup() as group:
                for place in range(len(visit.attempts)):
                    hold = Hold(host.talking)
                    await hold.take()
                    if place and not visit.first and self._later is not None:
                        await hold.rest(self._later.turn(place))
                    turn = self._turn(host, visit, place, hold, found)
                    if place + 1 < len(visit.attempts):
                        group.create_task(turn)
                    else:  # nobody waits for the last one's turn to be lent
                        await turn
            if many(host.accepting) and self.wire.scope.spans(visit.address):
                found[len(visit.attempts)] = await self._control(host, visit)
            whole = self.wire.stopping is None and not host.failed_here
        except asyncio.CancelledError:
            if self.wire.stopping is None:
                raise
        finally:
            if task is not None:
                self._idle.pop(task, None)
            self.tally.finished += 1
            self.tally.answering += host.answers
            self.tally.unasked += not whole
            shape = tuple(found[place] for place in sorted(found))
            self.tally.keep(begun, shape, host.gateway)
            if self._on_finished is not None:
                self._on_finished(visit, whole)

    def _dead(self, host: Host, visit: Visit) -> list[End] | None:
        """How every attempt ends at an address that ARP found nobody at; None where that is not
        the case, or only the probes can tell."""
        if not self.wire.dead(host.address) or host.past or host.units or self.wire.stopping:
            return None
        if self.wire.forbidden(host.address):
            return None
        ends = [self._known(host, *attempt, Outcome.NO_PATH) for attempt in visit.attempts]
        return None if None in ends else [end for end in ends if end is not None]

    def _under(self, host: Host, probe: Probe) -> tuple[str, ...]:
        """The credentials that `probe` may use at this host, by name."""
        return tuple(item.name for item in self.wire.credentials_for(probe, host.address))

    def _known(self, host: Host, probe: Probe, port: int, outcome: Outcome) -> End | None:
        """How this ends; None where only the probe can tell."""
        return self._ends.known(probe, port, outcome, self._under(host, probe))

    def _buried(self, host: Host, visit: Visit, ends: Sequence[End]) -> Iterator[Attempt]:
        """Write down every attempt at an address where nobody is."""
        for (probe, port), end in zip(visit.attempts, ends, strict=True):
            nobody(self.wire, host, probe, port, end)
            yield _nobody_there(probe.name, probe.transport, port, Manner.NOT_SENT)

    async def _turn(
        self, host: Host, visit: Visit, place: int, hold: Hold, found: dict[int, Attempt]
    ) -> None:
        """One attempt, by who has the right to talk to the host; it is given back at the end."""
        try:
            found[place] = await self.attempt(host, *visit.attempts[place], hold, place == 0)
        finally:
            host.left -= 1
            hold.give()

    async def _control(self, host: Host, visit: Visit) -> Attempt:
        """One connect to a port that nobody uses, after all else: does this host accept it too?"""
        asked = [port for _, port in visit.attempts]
        port = port_for(asked)
        past = host.recall(CONTROL, port)
        conversation = Control(
            *(self.wire, host, CONTROL, port),
            most_requests=1,
            seconds=self.wire.limits.identify_seconds,
            past=past,
        )
        hold = Hold(host.talking)
        await hold.take()
        try:
            await conversation.knock()
        finally:
            hold.give()
        heard = [item for item in conversation.news() if item.outcome is not Outcome.NOT_ASKED]
        return control(_manner(heard, conversation), asked)

    async def attempt(
        self, host: Host, probe: Probe, port: int, hold: Hold, likeliest: bool = True
    ) -> Attempt:
        """One conversation, every rung up to the depth; never raises for what a probe does."""
        past = host.recall(probe, port)
        standing: Sequence[Observation] = ()
        knocked: Knocked | None = None
        if probe.transport == "tcp" and not (host.past or host.units):
            if self._ends.begun(probe, port):
                knocked = await knock(self.wire, host, probe, port, hold, likeliest)
            if knocked is not None and (failure := knocked.failure) is not None:
                end = self._known(host, probe, port, failure.outcome)
                if end is not None:
                    write_down(knocked, end, failure)
                    dead = self.wire.dead(host.address)
                    manner = Manner.NOT_SENT if dead else _manner_of(failure.outcome)
                    return _nobody_there(probe.name, probe.transport, port, manner)
        while True:
            try:
                return await self._converse(
                    host, probe, port, past, standing, hold, likeliest, knocked
                )
            except SessionCut as cut:
                stands = probe.standing or _nothing
                past, standing = past[: cut.kept], stands(past[cut.kept :])

    async def _converse(
        self,
        host: Host,
        probe: Probe,
        port: int,
        past: Sequence[Observation],
        standing: Sequence[Observation],
        hold: Hold,
        likeliest: bool,
        knocked: Knocked | None = None,
    ) -> Attempt:
        limits = self.wire.limits
        conversation = Conversation(
            *(self.wire, host, probe, port),
            most_requests=0,
            seconds=0,
            past=past,
            standing=standing,
            hold=hold,
            likeliest=likeliest,
            knocked=knocked,
        )
        done: list[tuple[Depth, Cost]] = []
        watched = 0.0
        try:
            for depth, rung in sorted(probe.rungs.items()):
                if depth > self.depth:
                    break
                deep = depth >= Depth.POINTS
                time = limits.points_seconds if deep else limits.identify_seconds
                most = max(rung.cost(rung.most).requests, 1)
                conversation.extend(time, most)
                before = len(conversation.heard)
                begun = conversation.own_seconds
                try:
                    await rung.run(conversation)
                finally:
                    lasted = conversation.own_seconds - begun
                    host.spent += lasted
                watched += lasted * (depth is Depth.SAMPLE)
                heard = conversation.heard[before:]
                now = conversation.news(before)
                if now:
                    done.append((depth, rung.cost(found(rung, now))))
                # A rung that had nothing left to ask is no reason to stop.
                if heard and not any(item.outcome in SPOKE for item in heard):
                    break
        except SessionCut:
            raise
        except Exception:
            log.exception("probe broke probe=%s address=%s", probe.name, host.address)
            question = Question(probe.name, "conversation")
            conversation.note(question, Outcome.BROKEN, detail="our defect; see the log")
        finally:
            await conversation.close()
        if probe.transport == "tcp" and any(item.outcome in OPENED for item in conversation.heard):
            host.accepting.add(port)
        if not (host.past or host.units):
            self._ends.learn(probe, port, conversation.heard, self._under(host, probe))
        return self._shape(conversation, done, watched)

    def _shape(
        self, conversation: Conversation, done: Sequence[tuple[Depth, Cost]], watched: float
    ) -> Attempt:
        probe, port = conversation.probe, conversation.target.port
        heard = [item for item in conversation.news() if item.outcome is not Outcome.NOT_ASKED]
        manner = _manner(heard, conversation)
        if manner is not Manner.ACCEPTED:
            questions = {(item.question, item.credential) for item in heard}
            return Attempt(
                *(probe.name, probe.transport, port, manner), questions=max(1, len(questions))
            )
        waits = sum(item.duration_seconds for item in heard)
        return Attempt(
            *(probe.name, probe.transport, port, manner, tuple(done)),
            opened=conversation.connections,
            waits=round(waits, 1),
            watches=round(watched, 1),
        )


async def _coming(
    visits: Iterator[Visit] | AsyncIterator[Visit], later: Later
) -> AsyncIterator[Visit]:
    """Hosts in their order, also where it is not known from the beginning: while none comes, those
    that stand aside go on."""
    if isinstance(visits, AsyncIterator):
        later.rest()
        async for visit in visits:
            yield visit
            later.rest()
    else:
        for visit in visits:
            yield visit


def _nothing(_: Sequence[Observation]) -> Sequence[Observation]:
    """Of a session that was cut, nothing stands."""
    return ()


def _manner(heard: Sequence[Observation], conversation: Conversation) -> Manner:
    if not heard:
        return Manner.NOT_SENT
    if conversation.connections or any(item.outcome in SPOKE for item in heard):
        return Manner.ACCEPTED
    if conversation.wire.dead(conversation.host.address):
        return Manner.NOT_SENT
    return _manner_of(heard[0].outcome)


def _manner_of(outcome: Outcome) -> Manner:
    """How a port behaved that did not speak."""
    refused = outcome in (Outcome.CLOSED, Outcome.BLOCKED, Outcome.HUNG_UP)
    return Manner.REFUSED if refused else Manner.UNANSWERED


@lru_cache(256)
def _nobody_there(name: str, transport: str, port: int, manner: Manner) -> Attempt:
    """One value for the many ports of a kind."""
    return Attempt(name, transport, port, manner)


def found(rung: Rung, heard: Sequence[Observation]) -> Size:
    """How large a host turned out, by the rung's own count or by parts and items."""
    if rung.size is not None:
        return rung.size(heard)
    spoke = [item for item in heard if item.outcome in SPOKE]
    parts = len({item.question.part for item in spoke})
    return Size(max(1, parts), sum(item.items or 0 for item in spoke))
