"""What one conversation has heard, and the one observation that every question ends in.

One rule keeps it simple: whatever is kept or passed on leaves without secrets, in order, once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from protocols.contract import (
    RAW_BYTES,
    Observation,
    Outcome,
    Question,
    Reading,
    Reason,
    Sample,
    digest,
)
from scanner.secrets import hidden
from scanner.wire.door import Door
from scanner.wire.past import Past
from scanner.wire.reply import Nothing

T = TypeVar("T")


class Ledger:
    """The observations of one conversation: replayed ones, and those of this run."""

    def __init__(self, door: Door, past: Past) -> None:
        self._door = door
        self.past = past
        self.heard: list[Observation] = []
        self._stored: set[int] = set()  # places in `heard`

    def recall(self, question: Question, *, asked: bool = True) -> Observation | None:
        """What an earlier run of this scan stored for `question`, if that comes next."""
        return self.past.take(question, asked=asked)

    def keep(self, item: Observation) -> None:
        """A stored observation stands: it was heard, and is not stored again."""
        self._stored.add(len(self.heard))
        self.heard.append(item)

    @property
    def replayed(self) -> int:
        """How many of `heard` an earlier run of this scan heard."""
        return len(self._stored)

    def news(self, since: int) -> list[Observation]:
        """What this run itself heard, from place `since` on."""
        return [
            item
            for place, item in enumerate(self.heard)
            if place >= since and place not in self._stored
        ]

    def emit(
        self,
        question: Question,
        reading: Reading[T] | Reading[Nothing],
        *,
        raw: bytes = b"",
        credential: str = "",
        tries: int = 1,
        spent: float = 0.0,
    ) -> None:
        """Make the observation of `question` and hand it to the sink."""
        made = observed(
            self._door, question, reading, raw=raw, credential=credential, tries=tries, spent=spent
        )
        self.heard.append(made)


def received(samples: tuple[Sample, ...], now: datetime) -> tuple[Sample, ...]:
    """The samples with the time at which they came, which a codec without a clock cannot know."""
    return tuple(s if s.received_time else replace(s, received_time=now) for s in samples)


def observed(
    door: Door,
    question: Question,
    reading: Reading[T] | Reading[Nothing],
    *,
    raw: bytes = b"",
    credential: str = "",
    tries: int = 1,
    spent: float = 0.0,
) -> Observation:
    """The one observation of `question`, without secrets; the sink has it."""
    wire, target = door.wire, door.target
    sequence = door.host.next_sequence(target.transport, target.port)
    raw = hidden(raw, wire.secrets)
    said = hidden(reading.detail.encode("utf-8", "surrogateescape"), wire.secrets)
    now = wire.clock.now()
    observation = Observation(
        scan=wire.scan,
        vantage=wire.vantage,
        target=target,
        question=question,
        outcome=reading.outcome,
        time=now,
        sequence=sequence,
        reason=str(reading.reason),
        detail=said.decode("utf-8", "surrogateescape"),
        credential=credential,
        tries=tries,
        duration_seconds=round(spent, 6),
        facts=reading.facts,
        points=reading.points,
        samples=received(reading.samples, now),
        items=reading.items,
        raw=raw[:RAW_BYTES],
        digest=digest(raw),
    )
    ours = reading.outcome is Outcome.FAILED_HERE or reading.reason == Reason.OUR_SIDE
    door.host.failed_here |= ours
    wire.outcomes[reading.outcome] += 1
    if reading.reason == Reason.NO_CREDENTIAL and not credential:
        wire.unnamed[question.protocol] += 1
    door.host.durable = wire.sink(observation)
    return observation
