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

from protocols.contract import Cost, Credential, Depth, Probe
from scanner.planning.schedule import MOST_STEPS, Schedule
from scanner.profile import Limits, Profile
from scanner.wire.control import ENOUGH, port_for
from scanner.wire.control import PROBE as CONTROL
from scanner.wire.pacer import WINDOW_MARGIN

ASSUMED_ALIVE = 0.10
"""Share of addresses that answer, where neither register nor earlier scan tells (stated)."""


MOST_PLAYED = 1_024
"""Up to so many hosts have their schedule played one by one, in the order of beginning."""

MOST_PLANNED = 256
"""The same before a scan, which waits for it: in what order hosts are begun is not known then."""

MOST_STEPS_PLAYED = 100_000
"""The same bound on what these hosts do: it is less than half a second of computing."""

PLAYED_OF_MORE = 128, 512
"""Of more hosts than that, at least and at most so many are played, and the rest go by their rates
and places."""


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
    watches: float = 0.0  # seconds of the rung that watches values
    retried: bool = True  # whether silence is worth a second packet
    questions: int = 1  # first questions that silence is met by: one for each credential

    @property
    def udp(self) -> bool:
        """Whether it asks in datagrams."""
        return self.transport == "udp"

    @property
    def answers(self) -> bool:
        """Whether a conversation comes of it."""
        return self.manner is Manner.ACCEPTED

    @property
    def silent(self) -> bool:
        """Whether nothing comes back."""
        return self.manner is Manner.UNANSWERED

    @property
    def sent(self) -> bool:
        """Whether a packet leaves."""
        return self.manner is not Manner.NOT_SENT

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
        """Requests that an accepting peer gets; a datagram knock is one a question."""
        if self.manner is Manner.ACCEPTED:
            return sum(cost.requests for _, cost in self.rungs)
        if self.transport != "udp" or self.manner is Manner.NOT_SENT:
            return 0
        return self.questions if self.silent else 1

    @property
    def watching(self) -> int:
        """Requests of the rung that watches values; they take the time of its window."""
        asked = (cost.requests for depth, cost in self.rungs if depth is Depth.SAMPLE)
        return sum(asked) if self.answers and self.watches else 0

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
        1
        + limits.retries
        * (item.retried and item.manner is Manner.UNANSWERED and (there or place == 0))
        for place, item in enumerate(shape)
    )


def packets(attempt: Attempt, tried: int = 1) -> int:
    """Packets of one attempt: refused 1; unanswered 1 a try and question; accepted 2 + 2 per
    exchange + 2 to close, per connection; UDP 1 a request."""
    if attempt.manner is Manner.NOT_SENT:
        return 0
    if attempt.manner is Manner.REFUSED:
        return 1
    if attempt.manner is Manner.UNANSWERED:
        return tried * attempt.questions
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
    """Seconds for which one host holds a place of its /24: its questions at their pace, or its
    answers where those take longer; and the window in which values are watched."""
    return sum(
        max(pace(item.requests - item.watching, profile), item.waits) + item.watches
        for item in shape
        if item.answers
    )


def seconds(shape: Shape, profile: Profile, limits: Limits) -> float:
    """How long one host alone is being asked."""
    return Schedule(profile, limits).seconds([tuple(zip(shape, tries(shape, limits), strict=True))])


def cost(
    composition: Composition,
    profile: Profile,
    limits: Limits,
    groups: int = 1,
    *,
    order: Sequence[Shape] = (),
    on_link: bool = False,
    first: int = 0,
) -> Total:
    """Price a composition. `groups` is the number of /24s over which the hosts are spread,
    `order` the order in which they are begun, where it is known (otherwise they are mixed evenly),
    `on_link` whether they are neighbours of ours, `first` how many of them stand aside for none of
    the others."""
    total = Total()
    for shape, count in composition.items():
        each = zip(shape, tries(shape, limits), strict=True)
        total = Total(
            total.hosts + count,
            total.connections + count * sum(a.connections for a in shape),
            total.requests + count * sum(a.requests for a in shape),
            total.packets + count * sum(packets(a, tried) for a, tried in each),
            total.bytes + count * sum(a.bytes for a in shape),
        )
    most = MOST_PLAYED if order else MOST_PLANNED
    whole = total.hosts <= most and steps(composition) <= MOST_STEPS_PLAYED
    hosts = list(order) if whole and len(order) == total.hosts else mixed(composition, whole)
    if whole:
        return replace(total, seconds=_lasts(hosts, profile, limits, groups, on_link, first))
    part = Counter(hosts)
    few = max(1, round(groups * len(hosts) / total.hosts))
    lasts = _lasts(hosts, profile, limits, few, on_link, round(first * len(hosts) / total.hosts))
    lasts += _bound(composition, profile, limits, groups) - _bound(part, profile, limits, few)
    return replace(total, seconds=lasts)


def steps(composition: Composition) -> int:
    """About how many steps the schedule of these hosts has."""
    return sum(
        count * sum(4 + 5 * a.connections + 2 * min(a.requests, MOST_STEPS) for a in shape)
        for shape, count in composition.items()
    )


def mixed(composition: Composition, whole: bool = True) -> list[Shape]:
    """The hosts of a composition, each kind spread evenly; or a part of them, in which every kind
    is there at least once."""
    share = 1.0
    if not whole:
        least, most = PLAYED_OF_MORE
        share = MOST_STEPS_PLAYED / 5 / steps(composition)
        hosts = sum(composition.values())
        share = min(max(share, least / hosts), most / hosts)
    places: list[tuple[float, int, Shape]] = []
    for kind, (shape, count) in enumerate(composition.items()):
        kept = min(count, max(1, round(count * share)))
        places += [((n + 0.5) / kept, kind, shape) for n in range(kept)]
    places.sort(key=lambda place: place[:2])
    return [shape for _, _, shape in places]


def _lasts(
    hosts: Sequence[Shape],
    profile: Profile,
    limits: Limits,
    groups: int,
    on_link: bool,
    first: int,
) -> float:
    """The schedule of these hosts, played."""
    prepared = {shape: tuple(zip(shape, tries(shape, limits), strict=True)) for shape in set(hosts)}
    schedule = Schedule(profile, limits, groups, on_link=on_link, first=first)
    return schedule.seconds([prepared[shape] for shape in hosts])


def behind_one(composition: Composition, profile: Profile, limits: Limits) -> float:
    """Seconds of these hosts where one gateway leads to all of them."""
    played = [
        tuple(zip(shape, tries(shape, limits), strict=True))
        for shape in mixed(composition, steps(composition) <= MOST_STEPS_PLAYED)
    ]
    if not played:
        return 0.0
    lasts = Schedule(profile, limits, together=True).seconds(played)
    return lasts * sum(composition.values()) / len(played)


def _bound(composition: Composition, profile: Profile, limits: Limits, groups: int) -> float:
    """The least that a large composition takes: what its rates and places allow."""
    sent = alive = 0
    talking = being = 0.0
    for shape, count in composition.items():
        each = zip(shape, tries(shape, limits), strict=True)
        sent += count * sum(packets(item, tried) for item, tried in each)
        alive += count * any(item.answers for item in shape)
        talking += count * talk(shape, profile)
        being += count * seconds(shape, profile, limits)
    return max(
        sent / profile.packets * WINDOW_MARGIN,
        alive / profile.new_hosts * WINDOW_MARGIN,
        talking / (profile.hosts_at_once * max(1, groups)),
        being / limits.in_flight,
    )


def attempts(asked: Sequence[tuple[Probe, int]], credentials: Sequence[Credential] = ()) -> Shape:
    """One unanswered attempt for every probe and port, likeliest first. A credential counts as if
    it applied to every host."""
    return tuple(
        Attempt(
            *(probe.name, probe.transport, port, Manner.UNANSWERED),
            questions=probe.knocks(
                tuple(item for item in credentials if item.type in probe.credentials)
            ),
        )
        for probe, port in asked
    )


def answered(
    probe: Probe, port: int, depth: Depth, largest: bool, watching: float = 0.0
) -> Attempt:
    """The attempt of a peer that answers everything: as usual, or as much as may be. `watching`
    is for how many seconds values are watched, where the depth is `sample`."""
    rungs = []
    for rung_depth, rung in sorted(probe.rungs.items()):
        if rung_depth <= depth:
            size = rung.most if largest else rung.usual
            rungs.append((rung_depth, rung.cost(size)))
    extra = max(0, probe.most_connections - sum(c.connections for _, c in rungs)) if largest else 0
    watched = any(rung_depth is Depth.SAMPLE for rung_depth, _ in rungs)
    return Attempt(
        *(probe.name, probe.transport, port, Manner.ACCEPTED, tuple(rungs), extra),
        watches=watching * watched,
    )


def floor(hosts: int, shape: Shape) -> Composition:
    """Nobody answers."""
    return {shape: hosts} if hosts else {}


def ceiling(
    hosts: int,
    asked: Sequence[tuple[Probe, int]],
    depth: Depth,
    watching: float = 0.0,
    *,
    whole: bool = True,
) -> Composition:
    """Everybody answers everything, and everything is as large as it may be. Hosts that are not
    named `whole`, but by single services, are asked these and no further port (rulings 24)."""
    shape = tuple(answered(probe, port, depth, True, watching) for probe, port in asked)
    if whole and many(port for probe, port in asked if probe.transport == "tcp"):
        shape = (*shape, control(Manner.ACCEPTED, (port for _, port in asked)))
    return {shape: hosts} if hosts else {}


def many(accepting: Iterable[int]) -> bool:
    """Whether so many TCP ports of a host accept that one that nobody uses is tried as well."""
    return len(set(accepting)) >= ENOUGH


def control(manner: Manner, asked: Iterable[int]) -> Attempt:
    """The one connect to a port that nobody uses: nothing is said, and nothing said twice."""
    port = port_for(set(asked))
    opened = 1 if manner is Manner.ACCEPTED else None
    return Attempt(CONTROL.name, "tcp", port, manner, opened=opened, retried=False)


def expected(
    hosts: int,
    asked: Sequence[tuple[Probe, int]],
    depth: Depth,
    known: int | None = None,
    watching: float = 0.0,
    credentials: Sequence[Credential] = (),
) -> Composition:
    """So many hosts answer, each one protocol in turn; the others are silent.

    `known` is how many addresses of the scope the register or the last scan names.
    """
    alive = min(hosts, known if known is not None else round(hosts * ASSUMED_ALIVE))
    composition: Counter[Shape] = Counter()
    base = attempts(asked, credentials)
    probes = tuple({probe.name: probe for probe, _ in asked}.values())
    for number, probe in enumerate(probes):
        share = alive // len(probes) + (number < alive % len(probes))
        shape = tuple(
            answered(probe, item.port, depth, False, watching)
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
