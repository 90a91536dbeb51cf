"""What all conversations of one scan share: scope, pacer, counters, the ward and the sink.

One rule keeps it simple: the wire owns every count that the summary prints, and nothing else
counts packets.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Protocol

from protocols.contract import Credential, MapEntry, Observation, Options, Outcome, Probe, Reason
from scanner.clock import Clock, Ends, passed
from scanner.profile import Limits, Profile
from scanner.targets import Scope, group
from scanner.wire.distress import Health, Line, Ward
from scanner.wire.neighbours import Links, up
from scanner.wire.pacer import HostTurn, Pacer
from scanner.wire.past import usable
from scanner.wire.udp import Datagrams

PAUSE_SECONDS = 60.0
SESSION_WAITS = 10.0
"""Longer pauses outlive sessions (at most 60 s, safety.md 2), and idle connections take up slots
(docs/decisions/0033)."""

STOP_GRACE_SECONDS = 0.3
"""How long an answer is still waited for after a stop."""

SESSION_GRACE_SECONDS = 2.0
"""The same within a session: its goodbye must not overtake the answer that is still due."""

PART_SECONDS = 2.6
"""When the last goodbye after a stop has been waited for."""
SLEPT_SECONDS = 1.0
"""What counts as sleep: a peer has lost patience with us, or soon will."""

JUDGED = 8_192  # addresses whose place in the scope is remembered: those under way, twice over


def _settle(waiter: asyncio.Future[None], _: asyncio.Future[None]) -> None:
    """Tell who waits that it is over, however it ended."""
    if not waiter.done():
        waiter.set_result(None)


def nobody(address: str) -> bool:
    """No address is known to be dead."""
    return False


Sink = Callable[[Observation], "asyncio.Future[None]"]
"""Takes an observation at once; the future is done when the observation is durable. A sink that
cannot store any more stops the wire."""


class Recorder(Protocol):
    """Notes what was sent and received."""

    def sent(self, address: str, port: int, transport: str, data: bytes) -> None: ...
    def received(self, address: str, port: int, transport: str, data: bytes) -> None: ...


@dataclass(slots=True)
class Sent:
    """What left, by the documented model (rulings 2): the figures of plan and summary."""

    connections: int = 0
    attempts: int = 0  # TCP connections tried
    requests: int = 0
    packets: int = 0
    bytes: int = 0  # payload, both directions
    retries: int = 0
    functions: Counter[str] = field(default_factory=Counter)
    refused_by_guard: int = 0
    never: int = 0  # frames of the never-send list that left in spite of everything
    most_at_once: int = 0  # connections to one host at the same time, attempts included


@dataclass(slots=True)
class Hold:
    """The right to talk to a host: one conversation has it at a time, and lends it to the others
    while it only waits for a retry (no connection is open then)."""

    lock: asyncio.Lock | None = None
    held: bool = False

    async def take(self) -> None:
        """Wait for the right, in the order of asking."""
        if self.lock is not None:
            await self.lock.acquire()
            self.held = True

    def give(self) -> None:
        """Give it back; does nothing for who does not have it."""
        if self.lock is not None and self.held:
            self.held = False
            self.lock.release()

    async def regain(self) -> None:
        """Take the right back where it was lent; does nothing for who has it."""
        if not self.held:
            await self.take()

    async def rest(self, waiting: Awaitable[None]) -> None:
        """Lend the right for as long as `waiting` lasts."""
        self.give()
        await waiting
        await self.regain()


@dataclass(slots=True)
class Host:
    """One address during one scan."""

    address: str
    turn: HostTurn
    group: str
    health: Health = field(default_factory=Health)
    alive: bool = False  # anything at all came back: the live control
    answers: bool = False  # more than a closed port: somebody is there to talk to
    known: bool = False  # took its share of new hosts/s
    sequence: dict[tuple[str, int], int] = field(default_factory=dict)
    durable: asyncio.Future[None] | None = None
    connections: Counter[int] = field(default_factory=Counter)
    units: tuple[str, ...] = ()
    failed_here: bool = False  # our side was in the way: not wholly asked
    spent: float = 0.0  # seconds of conversations with it
    left: int = 0  # ports whose attempt has not ended
    open: int = 0  # connections now, attempts included
    talking: asyncio.Lock = field(default_factory=asyncio.Lock)  # see Hold; one of its gateway
    line: Line = field(default_factory=Line)  # those that lie behind the same gateway
    past: tuple[Observation, ...] = ()  # what an earlier run of this scan heard of it
    accepting: set[int] = field(default_factory=set)  # TCP ports that accepted a connection

    @property
    def gateway(self) -> str:
        """What it lies behind, together with others; "" for none."""
        return self.line.gateway

    @property
    def sign(self) -> str:
        """Why it is left alone; "" where it is not."""
        return self.health.sign or self.line.sign

    def recall(self, probe: Probe, port: int) -> tuple[Observation, ...]:
        """What may be replayed of one conversation with this host."""
        return usable(
            item
            for item in self.past
            if item.question.protocol == probe.name
            and (item.target.transport, item.target.port) == (probe.transport, port)
        )

    def exhausted(self, limits: Limits, probe: Probe, port: int) -> bool:
        """Whether its time is used up, or the connections that `probe` may open to `port`."""
        return self.spent >= limits.host_seconds or self.connections[port] >= probe.most_connections

    async def remembered(self) -> None:
        """Wait until the last observation is durable; a failure stops the wire and is not raised
        here."""
        if self.durable is not None and not self.durable.done():
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.durable.add_done_callback(partial(_settle, waiter))
            await waiter

    def next_sequence(self, transport: str, port: int) -> int:
        """Order of observations within (scan, target)."""
        number = self.sequence.get((transport, port), -1) + 1
        self.sequence[transport, port] = number
        return number


@dataclass(slots=True)
class Wire:
    """One scan's share of the network. `stop` ends it; nothing is sent afterwards."""

    scan: str
    site: str
    vantage: str
    scope: Scope
    profile: Profile
    limits: Limits
    clock: Clock
    sink: Sink
    options: Options = field(default_factory=Options)
    credentials: tuple[Credential, ...] = ()
    secrets: tuple[bytes, ...] = field(default=(), repr=False)  # starred out in what is kept
    maps: tuple[MapEntry, ...] = ()
    claimed: Mapping[str, tuple[MapEntry, ...]] = field(default_factory=dict)  # by address
    links: Links = field(default_factory=Links)
    source: str = ""
    device: str = ""
    recorder: Recorder | None = None
    sent: Sent = field(default_factory=Sent)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    unnamed: Counter[str] = field(default_factory=Counter)  # not asked: nobody named a credential
    ward: Ward = field(default_factory=Ward)
    stopping: Reason | None = None
    pauses: int = 0
    paused_until: float = -math.inf
    paused_for: str = ""  # why, of the pause under way or the last one
    our_side: Counter[str] = field(default_factory=Counter)
    waits: dict[asyncio.Timeout, float] = field(default_factory=dict)  # and their grace
    stopped_at: float = math.inf
    past: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)
    on_pause: Callable[[str], None] | None = None
    dead: Callable[[str], bool] = nobody  # addresses that ARP found nobody at
    heard: Callable[[str], bool] = nobody  # addresses that answered ARP
    gateways: Mapping[str, str] = field(default_factory=dict)  # of addresses that share one
    gateway_addresses: Mapping[str, str] = field(default_factory=dict)  # their own
    _doors: dict[str, tuple[HostTurn, asyncio.Lock, Line]] = field(default_factory=dict, repr=False)
    pacer: Pacer = field(init=False)
    datagrams: Datagrams = field(init=False)
    _judged: Callable[[str], Reason | None] = field(init=False, repr=False)
    _pausing: asyncio.TimerHandle | None = None
    _pause_seconds: float = 0.0  # how long the pause under way was asked for
    ends: Ends = field(default_factory=Ends)
    on_end: Callable[[], None] | None = None  # time is up; without it, the wire stops by itself
    interfaces: Callable[[], frozenset[str] | None] = up
    begun: float = field(init=False)
    woke_at: float = -math.inf  # when it was last noticed that this computer had slept
    _slept: float = field(init=False)
    _down: frozenset[str] = frozenset()
    _down_at: dict[str, float] = field(default_factory=dict)  # when each was last seen down
    _look_again: float = -math.inf

    def __post_init__(self) -> None:
        self.begun, self._slept = passed(self.clock), self.clock.suspended()
        self.pacer = Pacer(self.clock, self.profile, self.limits.new_on_link)
        self.datagrams = Datagrams(self.source, self.device)
        # A scope never changes, and each host is asked about several times a request.
        self._judged = lru_cache(JUDGED)(self._judge)

    def host(self, address: str, units: tuple[str, ...] = ()) -> Host:
        """The state of one address, at its first turn."""
        past = self.past.get(address, ())
        turn, talking, line = self._way(self.gateways.get(address, ""))
        host = Host(
            *(address, turn, group(address)),
            units=units,
            talking=talking,
            line=line,
            past=past,
        )
        for item in past:
            host.sequence[item.target.transport, item.target.port] = item.sequence
        return host

    def _way(self, gateway: str) -> tuple[HostTurn, asyncio.Lock, Line]:
        """Turn and right of a host of its own; or those that all behind its gateway share."""
        if not gateway:
            return self.pacer.host(), asyncio.Lock(), Line()
        if gateway not in self._doors:
            line = Line(gateway, self.gateway_addresses.get(gateway, ""))
            self._doors[gateway] = self.pacer.host(), asyncio.Lock(), line
        return self._doors[gateway]

    def credentials_for(self, probe: Probe, address: str) -> tuple[Credential, ...]:
        """The named credentials that `probe` can use and that apply to `address`."""
        return tuple(
            item
            for item in self.credentials
            if item.type in probe.credentials and _applies(item.applies_to, address)
        )

    def forbidden(self, address: str) -> Reason | None:
        """Why nothing may be sent to `address` now; None when it may. Asked at send time."""
        return self._judged(address)

    def _judge(self, address: str) -> Reason | None:
        if self.scope.excludes(address):
            return Reason.EXCLUDED
        if not self.scope.allows(address):
            return Reason.OUT_OF_SCOPE
        return None

    def look(self) -> None:
        """Notice, before each packet, what happened to this computer and to its clock."""
        slept = self.clock.suspended()
        if slept - self._slept > SLEPT_SECONDS:
            self._slept, self.woke_at = slept, self.clock.monotonic()
        if self.ends.left(self.clock, self.begun) <= 0 and self.stopping is None:
            self.stop(Reason.MAX_TIME)
            if self.on_end is not None:
                self.on_end()
        self._look_at_interfaces()

    def _look_at_interfaces(self) -> None:
        """At most four times a second: which interfaces that were up are not."""
        now = self.clock.monotonic()
        if self.links.up is None or now < self._look_again:
            return
        self._look_again = now + 0.25
        if (after := self.interfaces()) is not None:
            self._down = self.links.up - after
            self._down_at |= dict.fromkeys(self._down, now)

    def cut_off(self, address: str) -> bool:
        """Whether the interface that leads to `address` is down."""
        self.look()
        return self.links.interface(address) in self._down

    def cut_off_since(self, address: str, since: float) -> bool:
        """Whether it was down at any time from `since` on."""
        name = self.links.interface(address)
        return self.cut_off(address) or self._down_at.get(name, -math.inf) >= since

    def suffer(self, host: Host) -> None:
        """A host shows distress: leave it, and perhaps those behind its gateway; three within a
        minute pause everything."""
        host.line.admit(host.address)
        if self.ward.admit(host.address, host.health.sign, self.clock.monotonic()):
            self.pause(f"{host.address} is the third host in distress within a minute")

    def leave(self, host: Host) -> None:
        """A host that is well itself is left alone for the sake of its gateway."""
        self.ward.stopped.setdefault(host.address, host.sign)

    def pause(self, why: str, seconds: float = PAUSE_SECONDS) -> None:
        """Send nothing for a while; whoever wants to send waits.

        Within a pause the later end holds. It is counted and told again where it is a longer one:
        trouble of ours that goes on is one pause, and never shortens that for distress.
        """
        until = self.clock.monotonic() + seconds
        if self.stopping or (self.pacer.paused and until <= self.paused_until):
            return
        new = not self.pacer.paused or seconds > self._pause_seconds
        if self._pausing is not None:
            self._pausing.cancel()
        self.paused_until, self._pause_seconds, self.paused_for = until, seconds, why
        self.pacer.pause()
        self._pausing = asyncio.get_running_loop().call_later(seconds, self.pacer.resume)
        if new:
            self.pauses += 1
            if self.on_pause is not None:
                self.on_pause(why)

    def rests(self) -> bool:
        """Whether a pause lasts for so long that nobody keeps a connection open over it."""
        return self.pacer.paused and self.paused_until - self.clock.monotonic() > SESSION_WAITS

    def stop(self, reason: Reason) -> None:
        """From now on only parting requests leave; waiting ends soon."""
        if self.stopping is None:
            self.stopping = reason
            self.stopped_at = self.clock.monotonic()
        if self._pausing is not None:
            self._pausing.cancel()
        self.pacer.resume()
        now = asyncio.get_running_loop().time()
        for wait, grace in self.waits.items():
            when = wait.when()
            if when is not None and when > now + grace:
                wait.reschedule(now + grace)

    def close(self) -> None:
        """Release the sockets."""
        if self._pausing is not None:
            self._pausing.cancel()
        self.datagrams.close()


def _applies(patterns: tuple[str, ...], address: str) -> bool:
    if not patterns:
        return True
    parsed = ipaddress.ip_address(address)
    return any(parsed in ipaddress.ip_network(item, strict=False) for item in patterns)
