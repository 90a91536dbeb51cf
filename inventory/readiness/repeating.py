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


QUESTION = "Would it work at ten sites without redesign?"
STAYS_HUMAN = "budget, people, bandwidth beyond the plant"


def answer(repeating: Repeating, sites: int = 1) -> Answer:
    """Question 5, of an inventory that holds so many sites."""
    return Answer(
        5,
        QUESTION,
        (
            ("machines that are ready, blocked and not known, variants, effort", _counted(sites)),
            ("values with a known meaning", share(repeating.named, repeating.points)),
            ("values with a unit", share(repeating.united, repeating.quantities)),
        ),
        rest(repeating.named, repeating.points),
        STAYS_HUMAN,
    )


def _counted(sites: int) -> str:
    """How to have a use case counted: no question is about a use case that nobody named."""
    if sites < 2:
        return (
            "not known: this inventory holds no other site; scan one into it (--site NAME), then"
            " run untrap readiness --pilot SITE"
        )
    others = "the other site" if sites == 2 else f"the {sites - 1} other sites"
    return (
        f"run untrap readiness --pilot SITE: what that site exposes, at {others}; or"
        " --use-case FILE --pilot SITE"
    )
