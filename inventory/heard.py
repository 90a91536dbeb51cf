"""What a device answered the last time that it was asked, and whether it was asked so again.

One rule keeps it simple: nobody is gone who was not asked again where and how it had answered; a
narrower scan, another port or another credential leaves everything open.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from inventory.derive.places import ALIVE
from inventory.model import Evidence
from protocols.contract import SPOKE, Observation, Outcome

UNASKED = frozenset({Outcome.NOT_ASKED, Outcome.FAILED_HERE, Outcome.BROKEN})
"""Outcomes after which nothing more is known than before."""

Port = tuple[str, int]
Way = tuple[str, int, str, str]
"""How a question was put: transport, port, the credential that it came with ("" for none), and the
vantage."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one device answered the last time that it was asked."""

    addresses: frozenset[str] = frozenset()  # that answered
    asked: bool = False
    answered: bool = False
    outcome: str = ""  # every outcome of that scan
    services: Mapping[tuple[str, str, int, str], Outcome] = field(default_factory=dict)
    tried: frozenset[Way] = frozenset()
    spoke: frozenset[Way] = frozenset()
    closed: frozenset[tuple[Port, str]] = frozenset()  # refused plainly, whoever asks from there
    names: Mapping[Port, str] = field(default_factory=dict)  # protocol by port

    def again(self, before: Heard) -> frozenset[Port]:
        """Ports that answered before and were asked in the same way now."""
        return frozenset(
            way[:2] for way in before.spoke if way in self.tried or (way[:2], way[3]) in self.closed
        )


def heard(evidence: Evidence, old: Collection[str]) -> Heard:
    """What a device said in the latest scan that asked it, leaving out old observations (by id)."""
    fresh = [o for o in evidence.observations if o.id not in old and o.outcome not in UNASKED]
    if not fresh:
        return Heard()
    latest = fresh[-1].scan
    last = [one for one in fresh if one.scan == latest]
    alive = [one for one in last if one.outcome.value in ALIVE]
    services: dict[tuple[str, str, int, str], Outcome] = {}
    for one in last:
        place = (one.question.protocol, one.target.transport, one.target.port, one.question.part)
        if one.target.port and (place not in services or one.outcome in SPOKE):
            services[place] = one.outcome
    return Heard(
        frozenset(one.target.address for one in alive),
        asked=True,
        answered=bool(alive),
        outcome=", ".join(sorted({one.outcome.value for one in last})),
        services=services,
        tried=frozenset(map(_way, last)),
        spoke=frozenset(map(_way, alive)),
        closed=frozenset(
            (_port(one), one.vantage) for one in last if one.outcome is Outcome.CLOSED
        ),
        names={_port(one): one.question.protocol for one in (*last, *alive)},
    )


def _port(one: Observation) -> Port:
    return one.target.transport, one.target.port


def _way(one: Observation) -> Way:
    who = "" if one.credential == "anonymous" else one.credential
    return (*_port(one), who, one.vantage)


def absence(then: Heard, now: Heard) -> tuple[bool, str]:
    """Of a device that answered then and does not now: whether it is gone, and why one says so."""
    if not now.asked:
        return False, "was not asked again, so nothing is known"
    again = now.again(then)
    left = sorted(way for way in then.spoke if way[:2] not in again)
    silent = any(outcome is not Outcome.CLOSED for outcome in now.services.values())
    if again and (silent or not left):
        return True, f"was asked again and did not answer ({now.outcome})"
    asked = {way[:2] for way in now.tried}
    locked = [way for way in left if way[:2] in asked and way[2]]
    rest = f" (elsewhere: {now.outcome})" if again else ""
    here = {way[3] for way in now.tried}
    if left and all(way[3] not in here for way in left):
        there = ", ".join(sorted({way[3] or "here" for way in left}))
        asked_from = ", ".join(sorted(name or "here" for name in here))
        why = f"was not asked from {there}, where it answered; from {asked_from} it did not"
        return False, f"{why} ({now.outcome}), so nothing is known of it"
    if locked:
        told = ", ".join(f"{then.names[way[:2]]} on {_where(way)}, {way[2]}" for way in locked)
        why = f"was asked without the credential that it answers to ({told})"
    else:
        told = ", ".join(dict.fromkeys(f"{then.names[way[:2]]} on {_where(way)}" for way in left))
        why = f"was not asked again where it answered ({told})"
    return False, f"{why}, so nothing is known{rest}"


def _where(way: Way) -> str:
    return f"{way[0]}/{way[1]}" if way[1] else way[0]


def presence(then: Heard, now: Heard, *, known: bool, asked: bool) -> str:
    """Of a device that answers now and did not then: what that says. `known`: it was seen earlier;
    `asked`: its address was asked before."""
    if then.asked and not then.tried & now.spoke:
        return f"answers now, asked otherwise than before ({then.outcome} then)"
    if known:
        return "answers again"
    if then.asked:
        return f"answers now, before: {then.outcome}"
    return "was not known before" if asked else "was not asked before"
