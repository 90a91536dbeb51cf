"""Runs the layer 2 part of a scan: listen, then ARP, then PROFINET DCP, before any IP packet.

One rule keeps it simple: an address is dead only where every ARP request of the plan left and
nothing came; whatever went wrong makes nobody dead.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from protocols.contract import Observation
from scanner.capture.observations import Origin
from scanner.layer2.helper import Heard, Helper, Layer2Error, identify, listen, sweep
from scanner.layer2.plan import DCP_SECONDS, Layer2, Segment
from scanner.targets import text_of
from scanner.wire.names import source_of

PIECE = 1_000  # ranges that one run of the helper takes as its argument
SETTLE_SECONDS = 1.0  # after the last request of a sweep
STOP_POLL_SECONDS = 0.2


@dataclass(slots=True)
class Found:
    """What layer 2 taught, and what it sent."""

    asked: set[str] = field(default_factory=set)  # addresses whose ARP requests all left
    answered: set[str] = field(default_factory=set)
    arp_requests: int = 0
    dcp_requests: int = 0
    packets: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def dead(self, address: str) -> bool:
        """Whether nobody answered for this address when it was asked by ARP."""
        return address in self.asked and address not in self.answered

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
    ) -> None:
        self.plan = plan
        self.found = Found(problems=[plan.off] if plan.off else [])
        self._origin = origin
        self._emit = emit
        self._stopping = stopping
        self._helpers: list[Helper] = []

    async def run(self) -> Found:
        """Do what the plan says. Never raises for what the network or the helper does."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with self._watched():
            async with asyncio.TaskGroup() as group:
                for name in self.plan.listens:
                    job = functools.partial(listen, name, self.plan.listen_seconds, self._origin)
                    group.create_task(self._one(job))
            for segment in self.plan.segments:
                await self._sweep(segment)
            for name in self.plan.dcp:
                heard = await self._one(
                    functools.partial(identify, name, DCP_SECONDS, self._origin)
                )
                self.found.dcp_requests += heard.sent if heard else 0
        self.found.seconds = loop.time() - started
        return self.found

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
        helper = Helper()
        self._helpers.append(helper)
        try:
            heard = await asyncio.to_thread(job, helper=helper)
        except Layer2Error as error:
            self.found.problems.append(str(error))
            return None
        self.found.packets += heard.packets
        self.found.answered |= heard.answered
        for observation in heard.observations:
            self._emit(observation)
        return None if helper.cancelled else heard

    @contextlib.asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        """A stop of the scan ends the helpers at once."""
        watcher = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watcher.cancel()
            for helper in self._helpers:
                helper.cancel()

    async def _watch(self) -> None:
        while not self._stopping():  # noqa: ASYNC110 - the wire has no event
            await asyncio.sleep(STOP_POLL_SECONDS)
        for helper in self._helpers:
            helper.cancel()


def _own(silent: set[str]) -> set[str]:
    """Own addresses: we do not hear ourselves, and are alive all the same."""
    return {address for address in silent if source_of(address) == address}
