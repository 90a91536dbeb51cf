"""The fix planner: one cause, one fix; the smallest set that frees most value per effort.

One rule keeps it simple: a gap is freed by any one of its remedies, so choosing fixes is a set
cover: greedily by freed value per effort, and then without those fixes that turned out needless.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from inventory.judge.weigh import COST
from inventory.model import Effort, Finding


@dataclass(frozen=True, slots=True)
class Fix:
    """One thing to do, and what it frees."""

    cause: str
    text: str
    effort: Effort
    needs_outage: bool
    value: float
    gaps: tuple[str, ...]  # ids of findings
    assets: tuple[str, ...]  # names, each once


@dataclass(slots=True)
class _Offer:
    text: str
    effort: Effort
    needs_outage: bool
    gaps: list[int]


def plan_fixes(findings: Iterable[Finding]) -> list[Fix]:
    """Fixes in the order in which they pay; every gap that has a remedy is freed once."""
    gaps = [item for item in findings if item.remedies and not item.waived]
    gains = [max(item.value * COST[item.remedies[0].effort], 0.01) for item in gaps]
    offers: dict[str, _Offer] = {}
    for place, item in enumerate(gaps):
        for remedy in item.remedies:
            cause = remedy.cause or f"{item.rule}:{item.asset}"
            offer = offers.setdefault(
                cause, _Offer(remedy.text, remedy.effort, remedy.needs_outage, [])
            )
            offer.gaps.append(place)
            if COST[remedy.effort] > COST[offer.effort]:
                offer.effort = remedy.effort
    needed = _needed(offers, [cause for cause, _, _ in _chosen(offers, gains)], len(gaps))
    return [
        _fix(cause, offers[cause], [gaps[place] for place in mine], worth)
        for cause, mine, worth in _chosen(needed, gains)
    ]


def _chosen(
    offers: Mapping[str, _Offer], gains: Sequence[float]
) -> list[tuple[str, list[int], float]]:
    """Causes in the order in which they pay, each with the gaps that it frees first.

    One that frees nothing first comes last: it may still stand in for a dearer one (`_needed`).
    """
    freed = [False] * len(gains)
    heap = [(-_worth(offer, gains, freed), cause) for cause, offer in offers.items()]
    heapq.heapify(heap)
    chosen = []
    while heap:
        _, cause = heapq.heappop(heap)
        worth = _worth(offers[cause], gains, freed)
        if heap and worth < -heap[0][0] - 1e-12:
            heapq.heappush(heap, (-worth, cause))  # others were freed meanwhile: weigh again
            continue
        mine = [place for place in dict.fromkeys(offers[cause].gaps) if not freed[place]]
        for place in mine:
            freed[place] = True
        chosen.append((cause, mine, worth))
    return chosen


def _needed(offers: Mapping[str, _Offer], causes: Sequence[str], gaps: int) -> dict[str, _Offer]:
    """The chosen fixes without those, dearest first, whose gaps the others free anyway."""
    times = [0] * gaps
    for cause in causes:
        for place in set(offers[cause].gaps):
            times[place] += 1
    kept = dict.fromkeys(causes)
    places = {cause: place for place, cause in enumerate(causes)}
    for cause in sorted(causes, key=lambda name: (-COST[offers[name].effort], -places[name])):
        mine = set(offers[cause].gaps)
        if all(times[place] > 1 for place in mine):
            del kept[cause]
            for place in mine:
                times[place] -= 1
    return {cause: offers[cause] for cause in kept}


def _worth(offer: _Offer, gains: Sequence[float], freed: Sequence[bool]) -> float:
    places = dict.fromkeys(offer.gaps)
    return sum(gains[place] for place in places if not freed[place]) / COST[offer.effort]


def _fix(cause: str, offer: _Offer, gaps: list[Finding], worth: float) -> Fix:
    return Fix(
        cause,
        offer.text,
        offer.effort,
        offer.needs_outage,
        round(worth, 4),
        tuple(item.id for item in gaps),
        tuple(dict.fromkeys(item.asset_name for item in gaps)),
    )
