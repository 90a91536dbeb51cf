"""What a gap rule is, and what its predicate says of a subject: values, and nothing else.

One rule keeps it simple: nothing here knows evidence or the rules' file, so whoever weighs, judges
or prints can name these without loading either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from inventory.model import Category, Proposition, Remedy, Severity
from inventory.quick import quick


@dataclass(frozen=True, slots=True)
class Rule:
    """One gap rule. Texts hold {fields} that the case fills."""

    id: str
    version: int
    category: Category
    label: str
    base: Severity
    meaning: str  # what it says, in plant language
    premises: tuple[str, ...]
    not_if: tuple[str, ...]
    remedies: tuple[Remedy, ...]
    quality: bool = False  # rests on values, which age in days rather than weeks
    data_gap: bool = False  # severity is reduced by breadth


@dataclass(frozen=True, slots=True)
class Case:
    """What a predicate says of one subject. `fields` fill the remedies' texts and causes."""

    subject: str
    proposition: Proposition
    fields: Mapping[str, str] = field(default_factory=dict)
    base: Severity | None = None
    unlocks: int = 0
    steps_down: int = 0


new_case = quick(Case)
"""The same, all words given, for rules that say something of most devices."""
