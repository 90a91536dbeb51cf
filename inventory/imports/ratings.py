"""Criticality as people write it: in words of ten languages, as a letter, as a figure.

One rule keeps it simple: a letter and a priority count down from the most critical, a figure counts
up; what is neither is refused by the check, not guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from inventory.derive.identity import data
from inventory.imports.columns import plain

FIGURES = {"1": "C1", "2": "C2", "3": "C3"}
DOWNWARD = {"1": "C3", "2": "C2", "3": "C1"}


def ratings(heading: str) -> Mapping[str, str]:
    """Word as it is compared (`plain`) → C1, C2 or C3, for a column of that heading."""
    words, ranks = _words()
    return {**words, **(DOWNWARD if plain(heading) in ranks else FIGURES)}


def told(heading: str, figures: bool) -> str:
    """What has to be said of a column of figures, for both ways are usual; "" for others."""
    if plain(heading) in _words()[1]:
        return f"{heading}: 1 is taken for the most critical (C3), 3 for the least (C1)" * figures
    up = f"{heading}: 3 is taken for the most critical (C3), 1 for the least (C1)"
    return f'{up}; if 1 is: name the column "Priority"' * figures


@cache
def _words() -> tuple[Mapping[str, str], frozenset[str]]:
    listed = data("columns.toml")["criticality"]
    assert isinstance(listed, dict)  # noqa: S101  (a table of our own file)
    words = {plain(word): name for name in ("C1", "C2", "C3") for word in listed[name]}
    return words, frozenset(map(plain, listed["ranks"]))
