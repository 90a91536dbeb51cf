"""What a scan costs: one pure function, before with assumptions, afterwards with what was found.

A *shape* says how one host answers: for each attempt (probe and port) its manner and, where the
peer speaks, the cost of each rung. A *composition* counts hosts by shape. `cost` prices a
composition under a profile; *floor*, *expected* and *ceiling* are three compositions (rulings 1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from protocols.contract import Cost, Depth, Probe
from scanner.profile import Limits, Profile

ASSUMED_ALIVE = 0.10
"""Share of addresses that answer, where neither register nor earlier scan tells (stated)."""


class Manner(StrEnum):
    """How one port of one host takes an attempt."""

    UNANSWERED = "unanswered"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    NOT_SENT = "not_sent"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One probe at one port of one host, and how it went or is assumed to go."""

    probe: str
    transport: str
    port: int
    manner: Manner
    rungs: tuple[tuple[Depth, Cost], ...] = ()
    extra_connections: int = 0
    opened: int | None = None  # connections that were accepted, once that is known
    waits: float = 0.0  # seconds in which an accepted peer let us wait

    @property
    def connections(self) -> int:
        """Connections that are accepted."""
        if self.transport != "tcp" or self.manner is not Manner.ACCEPTED:
            return 0
        if self.opened is not None:
            return self.opened
        return max(1, sum(cost.connections for _, cost in self.rungs)) + self.extra_connections

    @property
    def requests(self) -> int:
        """Requests that an accepting peer gets; a datagram knock is one."""
        if self.manner is Manner.ACCEPTED:
            return sum(cost.requests for _, cost in self.rungs)
        return 1 if self.transport == "udp" and self.manner is not Manner.NOT_SENT else 0

    @property
    def bytes(self) -> int:
        """Payload bytes in both directions."""
        return sum(cost.bytes for _, cost in self.rungs)


Shape = tuple[Attempt, ...]
Composition = Mapping[Shape, int]


@dataclass(frozen=True, slots=True)
class Total:
    """The price of a composition. Packets are those that we cause to be sent (rulings 2)."""

    hosts: int = 0
    connections: int = 0
    requests: int = 0
    packets: int = 0
    bytes: int = 0
    seconds: float = 0.0

    def as_json(self) -> dict[str, int | float]:
        """The object that `plan` and `scan` print."""
        return {
            "connections": self.connections,
            "requests": self.requests,
            "packets": self.packets,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 1),
        }


def tries(shape: Shape, limits: Limits) -> tuple[int, ...]:
    """How often each attempt of a host is made.

    A silent port is asked again where somebody is known to be there; an address that is silent
    altogether is asked again on its likeliest port only.
    """
    there = any(item.manner in (Manner.ACCEPTED, Manner.REFUSED) for item in shape)
    return tuple(
        1 + limits.retries * (item.manner is Manner.UNANSWERED and (there or place == 0))
        for place, item in enumerate(shape)
    )


def packets(attempt: Attempt, tried: int = 1) -> int:
    """Packets of one attempt: refused 1; unanswered 1 a try; accepted 2 + 2 per exchange + 2 to
    close, per connection; UDP 1 a request."""
    if attempt.manner is Manner.NOT_SENT:
        return 0
    if attempt.manner is Manner.REFUSED:
        return 1
    if attempt.manner is Manner.UNANSWERED:
        return tried
    if attempt.transport == "udp":
        return attempt.requests
    return 4 * attempt.connections + 2 * attempt.requests


def pace(requests: int, profile: Profile) -> float:
    """Seconds from the first to the last of so many requests to one host: a second's worth goes
    out at the least gap, then the window holds (see `HostTurn`)."""
    whole = max(1, int(profile.requests_per_host))
    full, rest = divmod(max(0, requests - 1), whole)
    return full * whole / profile.requests_per_host + rest * profile.least_gap


def talk(shape: Shape, profile: Profile) -> float:
    """Seconds for which one host holds a place of its /24, network latency aside."""
    accepted = [item for item in shape if item.manner is Manner.ACCEPTED]
    asked = sum(item.requests for item in accepted)
    return pace(asked, profile) + sum(item.waits for item in accepted)


def seconds(shape: Shape, profile: Profile, limits: Limits) -> float:
    """How long one host is being asked: its talk, and the silences, one after the other; while
    one attempt waits for its second try, the next ones are made."""
    now, again = talk(shape, profile), []
    for item, tried in zip(shape, tries(shape, limits), strict=True):
        if item.manner is Manner.UNANSWERED:
            wait = limits.connect_timeout if item.transport == "tcp" else limits.answer_timeout
            again += [(now + limits.retry_delay, wait)] * (tried - 1)
            now += wait
    for ready, wait in again:
        now = max(now, ready) + wait
    return now


def cost(composition: Composition, profile: Profile, limits: Limits, groups: int = 1) -> Total:
    """Price a composition. `groups` is the number of /24s over which the hosts are spread."""
    total, talking, alive = Total(), 0.0, 0
    own: list[tuple[int, float]] = []  # hosts of a shape, and how long each is being asked
    for shape, count in composition.items():
        own.append((count, seconds(shape, profile, limits)))
        talking += count * talk(shape, profile)
        alive += count * any(item.manner is Manner.ACCEPTED for item in shape)
        each = zip(shape, tries(shape, limits), strict=True)
        total = Total(
            total.hosts + count,
            total.connections + count * sum(a.connections for a in shape),
            total.requests + count * sum(a.requests for a in shape),
            total.packets + count * sum(packets(a, tried) for a, tried in each),
            total.bytes + count * sum(a.bytes for a in shape),
        )
    lasts = _lasts(total, own, talking, alive, profile, limits, groups)
    return Total(total.hosts, total.connections, total.requests, total.packets, total.bytes, lasts)


def _lasts(
    total: Total,
    own: Sequence[tuple[int, float]],
    talking: float,
    alive: int,
    profile: Profile,
    limits: Limits,
    groups: int,
) -> float:
    """The rates decide, and after the last packet the last talk; or the slowest host does, which
    begins somewhere among the others."""
    longest = max((lasts for count, lasts in own if count), default=0.0)
    if total.hosts <= 1:
        return longest
    bound = max(
        total.packets / profile.packets,
        alive / profile.new_hosts,
        talking / (profile.hosts_at_once * max(1, groups)),
    )
    # All hosts that may be under way get their first packet before any gets its second.
    begun = max(total.hosts / profile.packets, bound * (1 - limits.in_flight / total.hosts))
    slowest = max(begun * count / (count + 1) + lasts for count, lasts in own)
    return max(bound + talking / max(1, alive), slowest)


def attempts(probes: Sequence[Probe], ports: Mapping[str, tuple[int, ...]]) -> Shape:
    """One unanswered attempt for every probe and port, likeliest first."""
    return tuple(
        Attempt(probe.name, probe.transport, port, Manner.UNANSWERED)
        for probe in probes
        for port in ports.get(probe.name, probe.ports)
    )


def answered(probe: Probe, port: int, depth: Depth, largest: bool, units: int = 0) -> Attempt:
    """The attempt of a peer that answers everything: as usual, or as much as may be."""
    rungs = []
    for rung_depth, rung in sorted(probe.rungs.items()):
        if rung_depth <= depth:
            size = rung.most if largest else rung.usual
            rungs.append((rung_depth, rung.cost(size)))
    extra = max(0, probe.most_connections - sum(c.connections for _, c in rungs)) if largest else 0
    return Attempt(
        probe.name, probe.transport, port, Manner.ACCEPTED, tuple(rungs), extra * (units == 0)
    )


def floor(hosts: int, shape: Shape) -> Composition:
    """Nobody answers."""
    return {shape: hosts} if hosts else {}


def ceiling(
    hosts: int, probes: Sequence[Probe], ports: Mapping[str, tuple[int, ...]], depth: Depth
) -> Composition:
    """Everybody answers everything, and everything is as large as it may be."""
    shape = tuple(
        answered(probe, port, depth, True)
        for probe in probes
        for port in ports.get(probe.name, probe.ports)
    )
    return {shape: hosts} if hosts else {}


def expected(
    hosts: int,
    probes: Sequence[Probe],
    ports: Mapping[str, tuple[int, ...]],
    depth: Depth,
    known: int | None = None,
) -> Composition:
    """So many hosts answer, each one protocol in turn; the others are silent.

    `known` is how many addresses of the scope the register or the last scan names.
    """
    alive = min(hosts, known if known is not None else round(hosts * ASSUMED_ALIVE))
    composition: Counter[Shape] = Counter()
    base = attempts(probes, ports)
    for number, probe in enumerate(probes):
        share = alive // len(probes) + (number < alive % len(probes))
        shape = tuple(
            answered(probe, item.port, depth, False)
            if item.probe == probe.name
            else Attempt(item.probe, item.transport, item.port, Manner.REFUSED)
            for item in base
        )
        composition[shape] += share
    composition[base] += hosts - alive
    return {shape: count for shape, count in composition.items() if count}


def spared(composition: Composition, silent: Shape, count: int) -> Composition:
    """`composition` when up to `count` of the silent hosts are known to be dead by ARP: they get
    no IP packet."""
    dead = min(count, composition.get(silent, 0))
    if not dead:
        return composition
    nothing = tuple(replace(attempt, manner=Manner.NOT_SENT) for attempt in silent)
    changed = {**composition, nothing: dead, silent: composition[silent] - dead}
    return {shape: number for shape, number in changed.items() if number}


def merged(compositions: Iterable[Composition]) -> Composition:
    """One composition of several."""
    result: Counter[Shape] = Counter()
    for composition in compositions:
        result.update(composition)
    return result
