"""Gathers observations by place: an address, and a bus address behind it.

One rule keeps it simple: adding is commutative (minimum, maximum, union), so the order in which
observations arrive never matters. A place keeps what identity needs and counts the rest.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from sys import intern
from typing import NamedTuple

from inventory.once import Once
from protocols.contract import CUT, NEGATIVE_CONTROL, Observation, Outcome, Quality, Value

VERSION = "14"
"""Raised when the derivation would give another result for the same records."""

BUS = re.compile(r"(unit|device|station) [0-9]{1,10}")
"""Parts that are participants of their own behind an address (rulings 16)."""

ALIVE = frozenset(
    outcome.value
    for outcome in Outcome
    if outcome
    not in {
        Outcome.NOT_ASKED,
        Outcome.NO_PATH,
        Outcome.SILENT,
        Outcome.BLOCKED,
        Outcome.CLOSED,
        Outcome.FAILED_HERE,
        Outcome.BROKEN,
    }
)
"""Outcomes that need something at the address. `closed` alone does not count (rulings 13)."""

NAMING = frozenset(
    (
        "vendor",
        "product",
        "model",
        "firmware",
        "hardware",
        "serial",
        "name",
        "description",
        "application_uri",
        "engine_id",
        "object_id",
        "device_instance",
        "vendor_id",
    )
)
"""Facts that make a question the identity question of its service."""

TABLES = frozenset(("mac_seen", "arp_seen"))
"""Facts that tell of other devices, by hardware address."""

FactKey = tuple[str, Value, str, str]
"""Name, value, source, part."""


class Seen(NamedTuple):
    """What derivation needs of one observation; times as `stamp` text."""

    scan: str
    address: str
    transport: str
    port: int
    protocol: str
    part: str
    sequence: int
    outcome: str
    reason: str
    time: str
    origin: str
    facts: tuple[FactKey, ...]
    points: tuple[tuple[str, str], ...]  # part, address
    samples: tuple[tuple[str, str, bool], ...]  # part, point, whether a value came


def seen(observation: Observation) -> Seen:
    """The part of an observation that derivation needs."""
    target, asked = observation.target, observation.question
    return Seen(
        observation.scan,
        target.address,
        target.transport,
        target.port,
        asked.protocol,
        asked.part,
        observation.sequence,
        observation.outcome.value,
        observation.reason,
        observation.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        observation.origin,
        tuple((fact.name, fact.value, fact.source, fact.part) for fact in observation.facts),
        tuple((point.part, point.address) for point in observation.points),
        tuple(
            (s.part, s.point, s.value is not None and s.quality != Quality.BAD)
            for s in observation.samples
        ),
    )


class Asked(NamedTuple):
    """How the identity question of one service ended in one scan; the smallest counts."""

    # 0 names the device, 1 another protocol, 2 spoke or answered, 3 says that another unit is not
    # there, 4 anything else, 5 tells of a run that ended early, which a resume went on from
    rank: int
    sequence: int
    time: str
    outcome: str
    reason: str


ServiceKey = tuple[str, str, int, str]
"""Protocol, transport, port, scan."""


# The many addresses of a range where nobody is share one value each of these two.
@lru_cache(4_096)
def _with(outcomes: frozenset[str], outcome: str) -> frozenset[str]:
    return outcomes | {outcome}


@lru_cache(4_096)
def _service(protocol: str, transport: str, port: int, scan: str) -> ServiceKey:
    return intern(protocol), intern(transport), port, intern(scan)


def _hashed(points: tuple[tuple[str, str], ...]) -> array[int]:
    return array("q", map(hash, points))


_hashes = Once(_hashed)
"""One number per point of a listing, which siblings share."""


@dataclass(slots=True)
class Place:
    """Everything gathered at one address and question part."""

    address: str
    part: str
    alive: bool = False
    first: str = "~"
    last: str = ""
    heard_first: str = "~"  # first and last sign of life
    heard_last: str = ""
    scans: dict[str, tuple[str, str]] = field(default_factory=dict)
    facts: dict[FactKey, tuple[str, str]] = field(default_factory=dict)
    services: dict[ServiceKey, Asked] = field(default_factory=dict)
    security: dict[ServiceKey, set[str]] | None = None
    outcomes: frozenset[str] = frozenset()
    points: array[int] | None = None
    readable: array[int] | None = None
    tables: bool = False  # whether it tells what is behind ports or at addresses

    def add(self, one: Seen) -> None:
        """Counts one observation in; the negative control is no service and no sign of life."""
        if one.protocol == NEGATIVE_CONTROL.protocol:
            return
        time = one.time
        if time < self.first:
            self.first = time
        if time > self.last:
            self.last = time
        known = self.scans.get(one.scan)
        if known is None:
            self.scans[intern(one.scan)] = (time, time)
        elif not known[0] <= time <= known[1]:
            self.scans[one.scan] = (min(known[0], time), max(known[1], time))
        if one.outcome not in self.outcomes:
            self.outcomes = _with(self.outcomes, one.outcome)
        alive = one.outcome in ALIVE or (bool(one.facts) and one.outcome != "not_asked")
        if alive:
            self.alive = True
            self.heard_first = min(self.heard_first, time)
            self.heard_last = max(self.heard_last, time)
        names = self._add_facts(one)
        if one.port:
            self._add_service(one, names)
        self._add_points(one)

    def _add_facts(self, one: Seen) -> bool:
        names = False
        for name, value, source, part in one.facts:
            names = names or name in NAMING
            self.tables = self.tables or name in TABLES or name.startswith("neighbour.")
            fact = (intern(name), value, intern(source), part)
            known = self.facts.get(fact)
            if known is None:
                self.facts[fact] = (one.time, one.time)
            elif not known[0] <= one.time <= known[1]:
                self.facts[fact] = (min(known[0], one.time), max(known[1], one.time))
            if name == "security":
                if self.security is None:
                    self.security = {}
                service = _service(one.protocol, one.transport, one.port, one.scan)
                self.security.setdefault(service, set()).add(str(value))
        return names

    def _add_service(self, one: Seen, names: bool) -> None:
        service = _service(one.protocol, one.transport, one.port, one.scan)
        other = one.outcome == Outcome.OTHER  # a later one too: COTP carries MMS as well as S7
        rank = 0 if names else 1 if other else 2 if one.outcome in ALIVE else 4
        if one.outcome == Outcome.REFUSED_DOWNSTREAM:
            rank = 3
        if one.outcome == Outcome.FAILED_HERE or one.reason in CUT:
            rank = 5
        asked = Asked(rank, one.sequence, one.time, one.outcome, one.reason)
        known = self.services.get(service)
        if known is None or asked < known:
            self.services[service] = asked

    def _add_points(self, one: Seen) -> None:
        if one.points:
            self.points = self.points if self.points is not None else array("q")
            self.points.extend(_hashes(one.points))
        good = [hash((part, point)) for part, point, came in one.samples if came]
        if good:
            self.readable = self.readable if self.readable is not None else array("q")
            self.readable.extend(good)

    def point_hashes(self) -> set[int]:
        """One number per listed or read point."""
        return set(self.points or ()) | set(self.readable or ())

    def readable_hashes(self) -> set[int]:
        """One number per point that gave a value."""
        return set(self.readable or ())


Places = dict[str, dict[str, Place]]
"""By address, then by part."""


def gather(observations: Iterable[Seen]) -> Places:
    """All places of a site."""
    places: Places = {}
    for one in observations:
        here = places.setdefault(one.address, {})
        place = here.get(one.part)
        if place is None:
            place = here[one.part] = Place(one.address, one.part)
        place.add(one)
    return places
