"""Whether what a device lists may be compared with what its siblings list (Q11).

One rule keeps it simple: a listing that broke off, or registers that nobody named, do not tell what
a device publishes; such a one is neither odd nor an example for others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from inventory.judge.door import NOTHING
from inventory.judge.openness import protocol
from inventory.model import Evidence
from inventory.signals.points import signature
from protocols.contract import Outcome

REGISTERS = ("holding:", "input:", "coil:", "discrete:")
"""How the addresses of registers begin: a value without a name is called by its address."""
BROKE = frozenset(
    {
        *(Outcome.PARTIAL, Outcome.HUNG_UP, Outcome.GARBLED, Outcome.SILENT, Outcome.MUTE),
        *(Outcome.REFUSED_RESOURCE, Outcome.FAILED_HERE, Outcome.BROKEN),
    }
)
"""Outcomes after which more may be there than was listed."""


class Said(NamedTuple):
    """What one observation says of a listing."""

    scan: str
    protocol: str
    operation: str
    outcome: object  # an `Outcome`, or its text as it is kept
    listed: bool


def broke_off(said: Iterable[Said]) -> str:
    """The protocol whose values were listed or read to the end in no scan; "" where none is."""
    whole: dict[tuple[str, str], bool] = {}
    gave: dict[str, None] = {}
    for one in said:
        if one.listed or one.outcome == Outcome.PARTIAL:
            gave[one.protocol] = None
        if one.listed or one.operation == "read" or one.operation in _listing(one.protocol):
            key = one.protocol, one.scan
            whole[key] = whole.get(key, True) and one.outcome not in BROKE
    ended = {name for (name, _), good in whole.items() if good}
    asked = {name for name, _ in whole}
    return next((name for name in gave if name in asked - ended), "")


def _listing(name: str) -> frozenset[str]:
    return (protocol(name) or NOTHING).listing


def unnamed(signals: Iterable[str]) -> bool:
    """Whether registers are among these signals that no map names."""
    return any(one.startswith(REGISTERS) for one in signals)


def cut_short(evidence: Evidence) -> str:
    """`broke_off` of what a device gave."""
    return broke_off(
        Said(one.scan, one.question.protocol, one.question.operation, one.outcome, bool(one.points))
        for one in evidence.observations
    )


def comparable(evidence: Evidence) -> bool:
    """Whether the listing of a device is an example for its siblings."""
    return not (unnamed(signature(evidence.points)) or cut_short(evidence))
