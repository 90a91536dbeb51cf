"""An answer to one of the six questions, and its figures in words.

One rule keeps it simple: a share is told with what it is a share of, and nothing to count is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listed:
    """What a measure is made of: class of equipment, and what is told of it."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BySite:
    """The same by site, whose names are the operator's."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the six questions, as far as a scan answers it."""

    number: int
    question: str
    measures: tuple[tuple[str, str], ...]
    unknown: float | None  # share of what it rests on that is not known; None: not computable
    stays_human: str
    lists: tuple[Listed | BySite, ...] = ()


@dataclass(frozen=True, slots=True)
class Concluded:
    """What the questions and indicators count of the findings and open questions."""

    gaps: Mapping[str, int]  # by rule
    accepted: int
    open_assets: int  # assets of which something is asked

    def of(self, rule: str) -> int:
        """How many findings one rule has."""
        return self.gaps.get(rule, 0)

    def unknown(self, devices: int) -> float:
        """The share of devices of which something is asked; all where there is none."""
        return round(min(self.open_assets / devices, 1.0), 3) if devices else 1.0


def several(count: int, word: str) -> str:
    """A number of things: "1 device", "2 devices"."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def percent(part: float) -> str:
    """A share of 0 to 1 in words; one that is neither nothing nor all is never told as such."""
    if 0 < part < 0.01:
        return "under 1%"
    return "over 99%" if 0.99 < part < 1 else f"{part:.0%}"


def share(part: float, whole: float) -> str:
    """A share in words: "33% of 3"."""
    return f"{percent(part / whole)} of {whole:g}" if whole else "nothing to count"


def span(held: object) -> str:
    """A share that is known within bounds: "31 to 45 %"."""
    if not isinstance(held, dict) or None in held.values():
        return "not assessed"
    low, high = (f"{100 * held[end]:.0f}" for end in ("lo", "hi"))
    return f"{low} %" if low == high else f"{low} to {high} %"


def rest(known: int, whole: int) -> float:
    """The share that is not known; all where there is nothing."""
    return round(1 - known / whole, 3) if whole else 1.0
