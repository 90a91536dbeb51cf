"""What a capture turned out to hold, in the reader's words: who speaks what, and how many ask.

One rule keeps it simple: only what a decoder recognised is named; the rest is told with what was
not looked into.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from protocols.passive import Passive, passives
from scanner.capture.walk import Walk

MOST = 8  # protocols that are named


@dataclass(frozen=True, slots=True)
class Spoken:
    """One protocol of a capture and how many speak it; `asking` counts its clients."""

    title: str
    plant: bool  # whether who speaks it takes part in automation
    answering: int
    asking: int


def spoken(walk: Walk) -> tuple[Spoken, ...]:
    """Every protocol that was recognised: those of plants first, then by number of speakers."""
    known = {passive.name: passive for passive in passives()}
    answering: defaultdict[str, set[str]] = defaultdict(set)
    asking: defaultdict[str, set[str]] = defaultdict(set)
    for conversation in walk.conversations.values():
        passive = conversation.passive
        if passive is None or not (conversation.spoken or conversation.requested):
            continue
        known.setdefault(passive.name, passive)
        if conversation.spoken:
            answering[passive.name].add(conversation.server)
        if conversation.requested:
            (answering if passive.peers else asking)[passive.name].add(conversation.client)
    for mac, names in walk.kinds.items():
        for name in names:
            plain, _, client = name.partition(" ")
            (asking if client else answering)[plain].add(mac)
    found = (
        _counted(known[name], len(answering[name]), len(asking[name]))
        for name in answering.keys() | asking.keys()
        if name in known
    )
    return tuple(sorted(found, key=lambda one: (not one.plant, -one.answering, one.title)))


def _counted(passive: Passive, answering: int, asking: int) -> Spoken:
    return Spoken(passive.title, passive.plant, answering, asking)


def told(found: Iterable[Spoken]) -> list[str]:
    """At most two lines: what of the plant was heard (or that nothing was), and what besides."""
    plant = [one for one in found if one.plant]
    others = [one.title for one in found if not one.plant]
    lines = []
    if plant:
        shown = "; ".join(f"{one.title} ({_speakers(one)})" for one in plant[:MOST])
        more = f"; {len(plant) - MOST} more" if len(plant) > MOST else ""
        lines.append(f"heard: {shown}{more}")
    else:
        lines.append(
            "no automation protocol was heard: capture at a mirror of the port of a controller or"
            " of who reads it"
        )
    if others:
        more = f" and {len(others) - MOST} more" if len(others) > MOST else ""
        lines.append(f"besides: {', '.join(others[:MOST])}{more}")
    return lines


def _speakers(one: Spoken) -> str:
    """2 answer, 1 asks."""
    said = []
    if one.answering:
        said.append(f"{one.answering} {'answers' if one.answering == 1 else 'answer'}")
    if one.asking:
        said.append(f"{one.asking} {'asks' if one.asking == 1 else 'ask'}")
    return ", ".join(said)
