"""What came back, in words of the contract: no socket, no clock, no state.

One rule keeps it simple: a decoder raises or returns, and both become a reading here.
"""

from __future__ import annotations

from typing import TypeVar

from protocols.contract import (
    Foreign,
    Garbled,
    Observation,
    Outcome,
    Read,
    Reading,
    Refused,
    Sealed,
    Stale,
    digest,
)

T = TypeVar("T")


class Nothing:
    """The value of a reading that no decoder made."""


NOTHING = Nothing()


def plain(request: bytes | Sealed) -> bytes:
    """What the guard judges."""
    return request.plain if isinstance(request, Sealed) else request


def outgoing(request: bytes | Sealed) -> bytes:
    """What leaves: sealed now, after the guard has judged."""
    return request.seal(request.plain) if isinstance(request, Sealed) else request


def decode(read: Read[T], raw: bytes) -> Reading[T] | Reading[Nothing] | None:
    """What the probe's decoder says; None for an answer to an earlier question.

    Raises `Garbled` and `Foreign`.
    """
    try:
        return read(raw)
    except Stale:
        return None
    except Refused as error:
        outcome, reason, detail = error.outcome, error.reason, error.detail
        return Reading(NOTHING, error.facts, (), (), outcome, reason, detail)


def stored(read: Read[T], item: Observation) -> Reading[T] | Reading[Nothing] | None:
    """What the decoder says of a stored answer; None unless that is what was recorded."""
    if digest(item.raw) != item.digest:
        return None  # not kept, or not kept whole
    try:
        reading = decode(read, item.raw)
    except (Garbled, Foreign):
        return None
    return reading if reading is not None and reading.outcome is item.outcome else None


def empty(outcome: Outcome, detail: str = "", reason: str = "") -> Reading[Nothing]:
    """A reading without a value."""
    return Reading(NOTHING, (), (), (), outcome, reason, detail)
