"""Question 2: can insight trigger action? And what the barrier of a missing write path rests on.

One rule keeps it simple: only what a point states of itself counts, and it is an indicator.
"""

from __future__ import annotations

from inventory.readiness.answer import Answer, rest, share
from inventory.readiness.values import Values


class Action:
    """Devices that state who may write their values."""

    def __init__(self) -> None:
        self.known = 0
        self.writable = 0

    def device(self, values: Values) -> None:
        """Counts one device in."""
        self.known += values.access
        self.writable += values.writable


def answer(action: Action, devices: int) -> Answer:
    """Question 2."""
    return Answer(
        2,
        "Can insight trigger action?",
        (
            ("indicator: devices with a writable value by their own attributes",
             share(action.writable, action.known)),
        ),
        rest(action.known, devices),
        "whether anything may write, and the safety case",
    )  # fmt: skip
