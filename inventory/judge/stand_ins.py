"""Values that stand for a signal that no value shows: a speed by the frequency of its drive.

One rule keeps it simple: a frequency is the drive's where the device is a drive or the words say
so, never where they say that it is the mains'; anything else is asked about (domain model 3.4).
"""

from __future__ import annotations

from functools import cache

from inventory.judge.holding import Row
from inventory.judge.openness import document
from inventory.judge.profiles import Signal, signal_of
from inventory.signals.tokens import tokenize


@cache
def stand_in_of(signal: Signal) -> Signal | None:
    """The signal that may stand for one, or None."""
    row = document("profiles")["stands_for"].get(signal.name)
    return signal_of(row["signal"]) if row else None


def stands(signal: Signal, row: Row) -> bool | None:
    """Whether a value of the stand-in's kind stands for the signal; None where nobody says."""
    view, point, _ = row
    about = document("profiles")["stands_for"][signal.name]
    said = _words(f"{point.name} {point.description}")
    named = not (said | _words(point.path)).isdisjoint(about["words"])
    if not said.isdisjoint(about["never"]):
        return None if named else False
    return True if named or view.device.role in about["roles"] else None


def _words(text: str) -> frozenset[str]:
    return frozenset(tokenize(text))
