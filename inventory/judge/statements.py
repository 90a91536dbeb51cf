"""What a person may attest and verdicts read: the words, from one table.

One rule keeps it simple: a rule asks for a statement by its name, never by its words.
"""

from __future__ import annotations

import difflib
from functools import cache
from typing import NamedTuple

from inventory.judge.openness import document


class Statement(NamedTuple):
    """One kind of statement: its words, and what it is about, holds and leads to."""

    words: tuple[str, ...]
    about: str
    value: str
    says: str


@cache
def statements() -> dict[str, Statement]:
    """All kinds by name, in the order of the table."""
    rows = document("statements")
    return {
        name: Statement(tuple(row["words"]), row["about"], row["value"], row["says"])
        for name, row in rows.items()
        if isinstance(row, dict)
    }


def words(name: str) -> frozenset[str]:
    """The words, in lower case, that mean a statement of that name."""
    return frozenset(statements()[name].words)


def nearest(text: str) -> str | None:
    """The words that a text may be misspelt for; "" for a text that resembles none; None when it
    is one of them, or holds one that is read within a sentence."""
    said = text.strip().casefold()
    known = [word for one in statements().values() for word in one.words]
    if any(word in said for word in known):
        return None
    return next(iter(difflib.get_close_matches(said, known, 1, 0.75)), "")
