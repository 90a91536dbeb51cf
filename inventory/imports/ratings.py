"""Criticality as people write it: in words of ten languages, as a letter, as a figure.

One rule keeps it simple: a letter and a priority count down from the most critical, a figure counts
up; what is neither is set aside by the check, not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from inventory.derive.identity import data
from inventory.imports.columns import plain

FIGURES = {"1": "C1", "2": "C2", "3": "C3"}
DOWNWARD = {"1": "C3", "2": "C2", "3": "C1"}


class Scale(NamedTuple):
    """How a column rates: word as it is compared (`plain`) → C1, C2 or C3; and what has to be said
    of its figures, for both ways are usual ("" where it has none)."""

    levels: Mapping[str, str]
    told: str

    figures: bool = True  # whether they are taken

    def of(self, text: str) -> str:
        """C1, C2 or C3; "" for a figure that is not taken, the text itself where it is no word."""
        number = figure(text)
        return "" if number and not self.figures else self.levels.get(plain(number or text), text)


def scale(heading: str, cells: Iterable[str]) -> Scale:
    """How the cells of a column rate. Figures of more than three steps are no scale of three."""
    words, ranks = _words()
    figures = set(filter(None, map(figure, cells)))
    if others := sorted(figures - set(FIGURES), key=int):
        said = f"{heading}: no figure is taken, for {others[-1]} is none of the steps 1, 2, 3"
        return Scale(words, said, figures=False)
    downward = plain(heading) in ranks
    most, least = ("1", "3") if downward else ("3", "1")
    told = f"{heading}: {most} is taken for the most critical (C3), {least} for the least (C1)"
    if not downward:
        told += '; if 1 is: name the column "Priority"'
    return Scale({**words, **(DOWNWARD if downward else FIGURES)}, told if figures else "")


def figure(text: str) -> str:
    """The whole number that a cell holds, as "3" and "3.0"; else ""."""
    found = re.fullmatch(r"0*(\d{1,3})(?:[.,]0+)?", text)
    return found[1] if found else ""


@cache
def _words() -> tuple[Mapping[str, str], frozenset[str]]:
    listed = data("columns.toml")["criticality"]
    assert isinstance(listed, dict)  # noqa: S101  (a table of our own file)
    words = {plain(word): name for name in ("C1", "C2", "C3") for word in listed[name]}
    return words, frozenset(map(plain, listed["ranks"]))
