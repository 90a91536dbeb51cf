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
    waits: float = 0.0  # seconds in which an accepted peer let us wait

    @property
    def connections(self) -> int:
        """Connections that are accepted."""
        if self.transport != "tcp" or self.manner is not Manner.ACCEPTED:
            return 0
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


def packets(attempt: Attempt, limits: Limits) -> int:
    """Packets of one attempt: refused 1; unanswered 1 a try; accepted 2 + 2 per exchange + 2 to
    close, per connection; UDP 1 a request."""
    if attempt.manner is Manner.NOT_SENT:
        return 0
    if attempt.manner is Manner.REFUSED:
        return 1
    if attempt.manner is Manner.UNANSWERED:
        return 1 + limits.retries
    if attempt.transport == "udp":
        return attempt.requests
    return 4 * attempt.connections + 2 * attempt.requests


def seconds(attempt: Attempt, profile: Profile, limits: Limits) -> float:
    """How long one attempt keeps one host busy, network latency aside."""
    if attempt.manner in (Manner.REFUSED, Manner.NOT_SENT):
        return 0.0
    if attempt.manner is Manner.UNANSWERED:
        wait = limits.connect_timeout if attempt.transport == "tcp" else limits.answer_timeout
        return (1 + limits.retries) * wait + limits.retries * limits.retry_delay
    return max(0, attempt.requests) / profile.requests_per_host + attempt.waits


def cost(composition: Composition, profile: Profile, limits: Limits, groups: int = 1) -> Total:
    """Price a composition. `groups` is the number of /24s over which the hosts are spread."""
    total, talking, longest, alive = Total(), 0.0, 0.0, 0
    quiet = 0.0
    for shape, count in composition.items():
        busy = [seconds(attempt, profile, limits) for attempt in shape]
        accepted = [a.manner is Manner.ACCEPTED for a in shape]
        alive += count * any(accepted)
        talking += count * sum(s for s, yes in zip(busy, accepted, strict=True) if yes)
        longest = max(longest, sum(busy))
        quiet = max(quiet, sum(s for s, yes in zip(busy, accepted, strict=True) if not yes))
        total = Total(
            total.hosts + count,
            total.connections + count * sum(a.connections for a in shape),
            total.requests + count * sum(a.requests for a in shape),
            total.packets + count * sum(packets(a, limits) for a in shape),
            total.bytes + count * sum(a.bytes for a in shape),
        )
    bounds = (
        total.packets / profile.packets,
        alive / profile.new_hosts,
        talking / (profile.hosts_at_once * max(1, groups)),
    )
    # The rate decides until the last host is begun; what is left then is that host's own time.
    lasts = max(longest, max(bounds) + quiet) if total.hosts > 1 else longest
    return Total(total.hosts, total.connections, total.requests, total.packets, total.bytes, lasts)


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
