"""The fix planner: one cause, one fix; the smallest set that frees most value per effort.

One rule keeps it simple: a gap is freed by any one of its remedies, so choosing fixes is a set
cover: greedily by freed value per effort, and then without those fixes that turned out needless.
What has to be done at each asset (a sensor) is chosen and paid asset by asset, and told as one fix.
"""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from inventory.judge.openness import document
from inventory.judge.weigh import COST
from inventory.model import Effort, Finding, Remedy


@dataclass(frozen=True, slots=True)
class Fix:
    """One thing to do, and what it frees."""

    cause: str
    text: str
    effort: Effort  # of each asset, where `each`
    needs_outage: bool
    value: float  # freed per effort
    gaps: tuple[str, ...]  # ids of findings
    assets: tuple[str, ...]  # names, each once
    each: bool = False  # it has to be done at each of the assets: so many times the effort
    keys: tuple[str, ...] = ()  # of the assets


@dataclass(frozen=True, slots=True)
class Planned:
    """A fix as a plan holds it: of the findings it knows nothing but their places."""

    cause: str
    text: str
    effort: Effort
    needs_outage: bool
    value: float
    places: Sequence[int]  # of what it frees, in what was planned from
    each: bool


@dataclass(slots=True)
class _Offer:
    cause: str
    text: str
    effort: Effort
    needs_outage: bool
    gaps: array[int] = field(default_factory=lambda: array("L"))  # places, each once, ascending


_Chosen = list[tuple[str, Sequence[int], float]]


def plan_fixes(findings: Iterable[Finding]) -> list[Fix]:
    """Fixes in the order in which they pay; every gap that has a remedy is freed once."""
    gaps = list(findings)
    return [
        Fix(
            one.cause,
            one.text,
            one.effort,
            one.needs_outage,
            one.value,
            tuple(gaps[place].id for place in one.places),
            tuple({gaps[place].asset: gaps[place].asset_name for place in one.places}.values()),
            one.each,
            tuple(dict.fromkeys(gaps[place].asset for place in one.places)),
        )
        for one in planned(gaps)
    ]


def planned(findings: Iterable[Finding]) -> list[Planned]:
    """The same plan by places. Goes through the findings once, so that they need not be in memory:
    of each it keeps a number for its gain, one for each remedy, and two marks."""
    offers, gains = _offers(findings)
    needed = _needed(offers, [key for key, _, _ in _chosen(offers, gains)], len(gains))
    together: dict[tuple[str, Effort, int], _Chosen] = {}
    for key, mine, worth in _chosen(needed, gains):
        offer = offers[key]
        alike = offer.cause, offer.effort, _rank(worth)
        together.setdefault(alike, []).append((key, mine, worth))
    fixes = [_fix(offers, chosen) for chosen in together.values()]
    return sorted(fixes, key=lambda fix: -fix.value)


def _offers(findings: Iterable[Finding]) -> tuple[dict[str, _Offer], array[float]]:
    """What the remedies come to, by cause, and by asset too where each asset needs its own; and
    what each finding is worth (0 of one that nobody wants to fix)."""
    offers: dict[str, _Offer] = {}
    gains = array("d")
    for place, item in enumerate(findings):
        remedies = () if item.waived else item.remedies
        gain = max(item.value * COST[remedies[0].effort], 0.01) if remedies else 0.0
        gains.append(gain)
        for remedy in remedies:
            cause, key = _cause_of(item, remedy), key_of(item, remedy)
            offer = offers.get(key)
            if offer is None:
                offer = _Offer(cause, remedy.text, remedy.effort, remedy.needs_outage)
                offers[key] = offer
            if not offer.gaps or offer.gaps[-1] != place:
                offer.gaps.append(place)
            if COST[remedy.effort] > COST[offer.effort]:
                offer.effort = remedy.effort
    return offers, gains


def key_of(finding: Finding, remedy: Remedy) -> str:
    """What is one thing to do: the same key, the same fix, however many gaps it frees."""
    cause = _cause_of(finding, remedy)
    return f"{cause}@{finding.asset}" if _done_at_each(remedy) else cause


def _cause_of(finding: Finding, remedy: Remedy) -> str:
    return remedy.cause or f"{finding.rule}:{finding.asset}"


def _done_at_each(remedy: Remedy) -> bool:
    """Whether it frees one asset only, so that each further one takes the same effort again."""
    return remedy.cause.partition(":")[0] in document("rules")["each"]


def _chosen(offers: Mapping[str, _Offer], gains: Sequence[float]) -> _Chosen:
    """Causes in the order in which they pay, each with the gaps that it frees first.

    One that frees nothing first comes last: it may still stand in for a dearer one (`_needed`).
    """
    freed = bytearray(len(gains))
    heap = [(-_worth(offer, gains, freed), cause) for cause, offer in offers.items()]
    heapq.heapify(heap)
    chosen: _Chosen = []
    while heap:
        _, cause = heapq.heappop(heap)
        worth = _worth(offers[cause], gains, freed)
        if heap and worth < -heap[0][0] - 1e-12:
            heapq.heappush(heap, (-worth, cause))  # others were freed meanwhile: weigh again
            continue
        mine = array("L", (place for place in offers[cause].gaps if not freed[place]))
        for place in mine:
            freed[place] = 1
        chosen.append((cause, mine, worth))
    return chosen


def _needed(offers: Mapping[str, _Offer], causes: Sequence[str], gaps: int) -> dict[str, _Offer]:
    """The chosen fixes without those, dearest first, whose gaps the others free anyway."""
    times = array("L", bytes(array("L").itemsize * gaps))
    for cause in causes:
        for place in offers[cause].gaps:
            times[place] += 1
    kept = dict.fromkeys(causes)
    places = {cause: place for place, cause in enumerate(causes)}
    for cause in sorted(causes, key=lambda name: (-COST[offers[name].effort], -places[name])):
        mine = offers[cause].gaps
        if all(times[place] > 1 for place in mine):
            del kept[cause]
            for place in mine:
                times[place] -= 1
    return {cause: offers[cause] for cause in kept}


def _worth(offer: _Offer, gains: Sequence[float], freed: Sequence[int]) -> float:
    return sum(gains[place] for place in offer.gaps if not freed[place]) / COST[offer.effort]


def _rank(worth: float) -> int:
    """Which fixes pay alike: a step is that of one criticality to the next (`WEIGHT`), so that
    the sensor of a critical machine is not told with those of machines that matter little."""
    return round(math.log(worth, 3))  # never 0: what is needed frees a gap that nothing else does


def _fix(offers: Mapping[str, _Offer], chosen: _Chosen) -> Planned:
    """One fix of what was chosen for one cause: of one asset, or of each of several."""
    offer = offers[chosen[0][0]]
    places = array("L")
    for _, mine, _ in chosen:
        places.extend(mine)
    return Planned(
        offer.cause,
        offer.text,
        offer.effort,
        offer.needs_outage,
        round(sum(worth for _, _, worth in chosen) / len(chosen), 4),
        places,
        chosen[0][0] != offer.cause,
    )
