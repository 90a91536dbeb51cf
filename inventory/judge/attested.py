"""What people attested of one machine: signals that it has no sensor for, parts that it has not.

One rule keeps it simple: a person's word is as sure as an answer for a year, and then a step less
(domain model 2.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from inventory.judge.context import Context
from inventory.judge.logic import declared, demote, false
from inventory.judge.profiles import Signal, signal_of
from inventory.judge.statements import holds, says, stated
from inventory.model import Because, Declaration, Equipment, Proposition, Strength


@dataclass(frozen=True, slots=True)
class Attested:
    """The attestations about one machine, the oldest first."""

    items: tuple[Declaration, ...]
    context: Context

    def statements(self) -> list[tuple[str, str, Because]]:
        """Statement, value, premise."""
        return [
            (stated(item.fields), item.fields.get("value", ""), _premise(item))
            for item in self.items
        ]

    def not_fitted(self, group: Sequence[Signal]) -> bool:
        """The machine has no part that any of these would be measured at."""
        return any(
            holds("not_fitted", statement) and any(speaks_of(value, signal) for signal in group)
            for statement, value, _ in self.statements()
        )

    def absent(self, signal: Signal) -> Proposition | None:
        """A person's word that there is no such sensor; an old one is a step less sure."""
        for item in reversed(self.items):
            if not says("not_instrumented", item.fields):
                continue
            if speaks_of(item.fields.get("value", ""), signal):
                return false(strength_of(item.time, self.context), _premise(item))
        return None


def attested(equipment: Equipment, context: Context) -> Attested:
    """What was attested of a machine, by its tag or its key."""
    return Attested(context.statements(equipment.tag, equipment.key), context)


def strength_of(said: datetime | None, context: Context) -> Strength:
    """The strength of a person's word of that time."""
    days = context.thresholds.attestation_days * 86_400
    old = said and (context.today - said).total_seconds() > days
    return demote(Strength.E4) if old else Strength.E4


def speaks_of(value: str, signal: Signal) -> bool:
    """Whether a statement's value names a signal: by measurand, or at that place alone.

    Alternatives may be joined by |, as a walk-down sheet prints them.
    """
    named = (signal_of(text.strip().casefold()) for text in value.split("|"))
    return any(
        (one.measurand, one.kind) == (signal.measurand, signal.kind)
        and (not one.places or one.places == signal.places)
        for one in named
    )


def _premise(item: Declaration) -> Because:
    said = ": ".join(filter(None, map(item.fields.get, ("statement", "value"))))
    day = f" on {item.time:%Y-%m-%d}" if item.time else ""
    who = item.author or item.document or "somebody"
    return declared(f"attested by {who}{day}: {said}", item.id)
