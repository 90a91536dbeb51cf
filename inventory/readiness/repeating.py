"""Question 5: would it work at ten sites without redesign?

One rule keeps it simple: the use case itself is answered machine by machine (`usecases`); here is
what any use case rests on.
"""

from __future__ import annotations

from inventory.readiness.answer import Answer, rest, share
from inventory.readiness.values import Values


class Repeating:
    """Values whose meaning and unit are known, so that they mean the same everywhere."""

    def __init__(self) -> None:
        self.points = 0
        self.named = 0
        self.quantities = 0
        self.united = 0

    def device(self, values: Values) -> None:
        """Counts one device in."""
        self.points += values.points
        self.named += values.named
        self.quantities += values.quantities
        self.united += values.united


def answer(repeating: Repeating) -> Answer:
    """Question 5."""
    return Answer(
        5,
        "Would it work at ten sites without redesign?",
        (
            ("run it", "untrap readiness --use-case FILE --pilot SITE"),
            ("values with a known meaning", share(repeating.named, repeating.points)),
            ("values with a unit", share(repeating.united, repeating.quantities)),
        ),
        rest(repeating.named, repeating.points),
        "budget, people, bandwidth beyond the plant",
    )
