"""Signals of machines and readiness for use cases, as tables.

One rule keeps it simple: a cell is yes, no or unknown by the same propositions that the gaps use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from inventory.judge.presence import Machine
from inventory.model import Truth
from inventory.outputs.report.page import NO, UNKNOWN, YES, Case, Matrix, Share
from inventory.outputs.report.words import spoken
from inventory.readiness import bundled, ready, use_case

WORDS = {Truth.TRUE: YES, Truth.FALSE: NO, Truth.UNKNOWN: UNKNOWN}
NAMED = 50
"""Machines that one use case names with what each lacks."""


def matrices(machines: Sequence[Machine], most: int) -> Iterator[Matrix]:
    """One table per class of machine that has a profile; at most `most` rows each."""
    classes: dict[str, list[Machine]] = {}
    for one in machines:
        if one.profile is not None:
            classes.setdefault(one.cls, []).append(one)
    for _, several in sorted(classes.items()):
        profile = several[0].profile
        if profile is None:
            continue
        count: Counter[tuple[str, str]] = Counter()
        rows = []
        for place, one in enumerate(several):
            states = tuple(WORDS[one.exists(item).truth] for item in profile.signals)
            count.update(zip((item.name for item in profile.signals), states, strict=True))
            if place < most:
                unit = one.equipment
                rows.append((unit.tag or unit.name, states))
        named = tuple(item.name for item in profile.signals)
        totals = tuple(_share(count, name, len(several)) for name in named)
        names = tuple(spoken(name) for name in named)
        yield Matrix(profile.title, names, tuple(rows), totals, len(several))


def _share(count: Counter[tuple[str, str]], name: str, whole: int) -> Share:
    return Share(count[(name, YES)], count[(name, YES)] + count[(name, UNKNOWN)], whole)


def cases(machines: Sequence[Machine]) -> Iterator[Case]:
    """Every bundled use case that is about a machine of this site."""
    for name in bundled():
        wanted = use_case(name)
        found = [one for machine in machines if (one := ready(machine, wanted)) is not None]
        if not found:
            continue
        count = Counter(one.truth for one in found)
        yes, maybe = count[Truth.TRUE], count[Truth.UNKNOWN]
        listed: dict[Truth, list[tuple[str, str]]] = {Truth.FALSE: [], Truth.UNKNOWN: []}
        for one in found:
            if one.truth is not Truth.TRUE and len(listed[one.truth]) < NAMED:
                lacks = [spoken(item.signal) for item in one.missing if item.truth is one.truth]
                listed[one.truth].append((one.unit, ", ".join(lacks)))
        share = Share(yes, yes + maybe, len(found))
        yield Case(wanted.name, share, tuple(listed[Truth.FALSE]), tuple(listed[Truth.UNKNOWN]))
