"""Answers that a later scan has had anew: what only they told is of former days.

One rule keeps it simple: an answer takes back only what the same service gave to the same identity
on the same question before, and only if it is whole; a capture is never one: it was not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inventory.judge.superseded import ENDED, label
from protocols.contract import Observation

ASKED = frozenset({"scan", "bundle"})
"""Origins of observations that we asked for: what a capture does not show may be there still."""


def stale(ordered: Sequence[Observation]) -> frozenset[int]:
    """Places of the answers that a later scan has had anew: the same question, of the same service
    by the same identity, answered whole. A certificate was renewed, a clock set, a cable pulled."""
    if len({item.scan for item in ordered}) < 2:
        return frozenset()
    asked: dict[tuple[object, ...], dict[str, list[int]]] = {}
    for place, item in enumerate(ordered):
        if item.origin in ASKED:
            target = item.target
            key = (target.address, target.transport, target.port, item.question, label(item))
            asked.setdefault(key, {}).setdefault(item.scan, []).append(place)
    return frozenset(
        place for scans in asked.values() for place in _before(ordered, [*scans.values()])
    )


def _before(ordered: Sequence[Observation], scans: Sequence[Sequence[int]]) -> Iterator[int]:
    """The answers to one question before the newest scan that had it answered whole."""
    whole = [all(ordered[place].outcome in ENDED for place in places) for places in scans]
    newest = max((turn for turn, ended in enumerate(whole) if ended), default=0)
    for places in scans[:newest]:
        yield from places
