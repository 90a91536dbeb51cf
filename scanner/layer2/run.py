"""Runs the layer 2 part of a scan: listening and PROFINET DCP before any IP packet, then ARP.

While ARP goes on, those that have answered are talked to already (`arrivals`).

One rule keeps it simple: an address is dead only where every ARP request of the plan left and
nothing came; whatever went wrong makes nobody dead.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from protocols.contract import Observation
from scanner.capture.observations import Origin
from scanner.layer2.helper import Heard, Helper, Layer2Error, identify, listen, sweep
from scanner.layer2.plan import DCP_SECONDS, SETTLE_SECONDS, Layer2, Segment
from scanner.targets import text_of
from scanner.wire.names import source_of

PIECE = 1_000  # ranges that one run of the helper takes as its argument
STOP_POLL_SECONDS = 0.2


class Visited(Protocol):
    """What has an address."""

    @property
    def address(self) -> str: ...


V = TypeVar("V", bound=Visited)


@dataclass(slots=True)
class Found:
    """What layer 2 taught, and what it sent."""

    asked: set[str] = field(default_factory=set)  # addresses whose ARP requests all left
    answered: set[str] = field(default_factory=set)
    arp_requests: int = 0
    dcp_requests: int = 0
    packets: int = 0
    seconds: float = 0.0
    arp_seconds: float = 0.0  # of these, without the pauses: as the plan counts them
    problems: list[str] = field(default_factory=list)

    def dead(self, address: str) -> bool:
        """Whether nobody answered for this address when it was asked by ARP."""
        return address in self.asked and address not in self.answered

    def heard(self, address: str) -> bool:
        """Whether somebody answered for this address."""
        return address in self.answered

    def as_json(self) -> dict[str, object]:
        """The object of the scan's summary."""
        return {
            "arp_requests": self.arp_requests,
            "arp_answered": len(self.asked & self.answered),
            "dead": len(self.asked - self.answered),
            "dcp_requests": self.dcp_requests,
            "packets_heard": self.packets,
            "seconds": round(self.seconds, 1),
            "off": "; ".join(self.problems) or None,
        }

    def lines(self) -> list[str]:
        """The same for people; nothing where layer 2 had nothing to do."""
        shown = []
        if self.arp_requests:
            shown.append(
                f"ARP: {self.arp_requests} requests, {len(self.asked & self.answered)} of "
                f"{len(self.asked)} addresses answered; the others got no IP packet."
            )
        if self.dcp_requests:
            shown.append(f"PROFINET DCP: {self.dcp_requests} identify requests (multicast).")
        if self.packets and not (self.arp_requests or self.dcp_requests):
            shown.append(f"Heard {self.packets} packets in {self.seconds:.0f} s; sent nothing.")
        shown += [f"Layer 2 is off: {problem}" for problem in self.problems]
        return shown


class Before:
    """One run of the plan. Every observation goes to `emit`."""

    def __init__(
        self,
        plan: Layer2,
        origin: Origin,
        emit: Callable[[Observation], object],
        stopping: Callable[[], bool],
        paused: Callable[[], bool] = lambda: False,
        paused_seconds: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.plan = plan
        self.found = Found(problems=[plan.off] if plan.off else [])
        self._origin = origin
        self._emit = emit
        self._stopping, self._paused, self._paused_seconds = stopping, paused, paused_seconds
        self._helpers: list[Helper] = []
        # Who answered, or will not any more; None at the end.
        self.arrivals: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()

    async def listen(self) -> None:
        """Listen and ask by multicast, as planned. Never raises for what the network does."""
        async with self._watched():
            async with asyncio.TaskGroup() as group:
                for name in self.plan.listens:
                    job = functools.partial(listen, name, self.plan.listen_seconds, self._origin)
                    group.create_task(self._one(job))
            for name in self.plan.dcp:
                heard = await self._one(
                    functools.partial(identify, name, DCP_SECONDS, self._origin)
                )
                self.found.dcp_requests += heard.sent if heard else 0
        self._spent()

    async def sweep(self) -> None:
        """Ask by ARP, as planned; `arrivals` names each address once it is known whether somebody
        is there, and None at the end. Never raises for what the network or the helper does."""
        rested = self._paused_seconds()
        try:
            async with self._watched():
                for segment in self.plan.segments:
                    await self._sweep(segment)
        finally:
            rested = self._paused_seconds() - rested
            self.found.arp_seconds = max(0.0, self._spent() - rested)
            self.arrivals.put_nowait(None)

    def _spent(self) -> float:
        """Seconds since the last of them; added to all."""
        now = self._loop.time()
        spent, self._since = now - self._since, now
        self.found.seconds += spent
        return spent

    async def _sweep(self, segment: Segment) -> None:
        for first in range(0, len(segment.ranges), PIECE):
            piece = segment.ranges[first : first + PIECE]
            words = ",".join(f"{text_of(4, r.first)}-{text_of(4, r.last)}" for r in piece)
            heard = await self._one(
                functools.partial(
                    sweep,
                    segment.interface,
                    segment.source,
                    words,
                    SETTLE_SECONDS,
                    self._origin,
                    per_second=self.plan.per_second,
                )
            )
            if heard is None:
                return
            self.found.arp_requests += heard.sent
            asked = {text_of(4, n) for r in piece for n in range(r.first, r.last + 1)}
            self.found.asked |= asked
            self.found.answered |= await asyncio.to_thread(_own, asked - self.found.answered)

    async def _one(self, job: Callable[..., Heard]) -> Heard | None:
        """Run one helper; None when it could not do the whole of its job."""
        if self._stopping():
            return None
        helper = Helper(self._arrived, self._gone, asks=self.plan.asks)
        self._helpers.append(helper)
        helper.hold(self._paused())
        try:
            heard = await asyncio.to_thread(job, helper=helper)
        except Layer2Error as error:
            self.found.problems.append(str(error))
            return None
        self.found.packets += heard.packets
        self.found.answered |= heard.answered
        for observation in heard.observations:
            self._emit(observation)
        if heard.problem:
            self.found.problems.append(heard.problem)
        return None if helper.cancelled or heard.problem else heard

    def _arrived(self, addresses: set[str]) -> None:
        """In the helper's thread: tell the event loop."""
        for address in addresses:
            self._loop.call_soon_threadsafe(self._meet, address)

    def _gone(self, addresses: set[str]) -> None:
        """In the helper's thread: these will not answer any more, and are none of our own."""
        for address in addresses - _own(addresses):
            self._loop.call_soon_threadsafe(self._miss, address)

    def _miss(self, address: str) -> None:
        self.found.asked.add(address)
        self.arrivals.put_nowait(address)

    def _meet(self, address: str) -> None:
        self.found.answered.add(address)
        self.arrivals.put_nowait(address)

    @contextlib.asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        """A stop of the scan ends the helpers at once, and a pause holds their requests back."""
        watcher = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watcher.cancel()
            for helper in self._helpers:
                helper.cancel()

    async def _watch(self) -> None:
        while not self._stopping():
            await asyncio.sleep(STOP_POLL_SECONDS)
            paused = self._paused()
            for helper in self._helpers:
                if helper.held != paused:
                    helper.hold(paused)
        for helper in self._helpers:
            helper.cancel()


def _own(silent: set[str]) -> set[str]:
    """Own addresses: we do not hear ourselves, and are alive all the same."""
    return {address for address in silent if source_of(address) == address}


async def in_order(
    visits: Iterable[V], asked: Callable[[str], bool], arrivals: asyncio.Queue[str | None]
) -> AsyncIterator[V]:
    """Those that ARP does not ask, then the others as soon as it knows whether they are there."""
    waiting: dict[str, V] = {}
    for visit in visits:
        if asked(visit.address):
            waiting[visit.address] = visit
        else:
            yield visit
    while waiting and (address := await arrivals.get()) is not None:
        if address in waiting:
            yield waiting.pop(address)
    for silent in waiting.values():
        yield silent
