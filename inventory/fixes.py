"""The fix planner: one cause, one fix; the smallest set that frees most value per effort.

One rule keeps it simple: a gap is freed by any one of its remedies, so choosing fixes is a set
cover, done greedily by freed value per effort (within 1 - 1/e of the best choice).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
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
    freed = [False] * len(gaps)
    heap = [(-_worth(offer, gains, freed), cause) for cause, offer in offers.items()]
    heapq.heapify(heap)
    chosen: list[Fix] = []
    while heap:
        stated, cause = heapq.heappop(heap)
        offer = offers[cause]
        worth = _worth(offer, gains, freed)
        if worth <= 0:
            continue
        if heap and worth < -heap[0][0] - 1e-12 and worth < -stated:
            heapq.heappush(heap, (-worth, cause))  # others were freed meanwhile: weigh again
            continue
        mine = [place for place in dict.fromkeys(offer.gaps) if not freed[place]]
        for place in mine:
            freed[place] = True
        chosen.append(_fix(cause, offer, [gaps[place] for place in mine], worth))
    return chosen


def _worth(offer: _Offer, gains: list[float], freed: list[bool]) -> float:
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
