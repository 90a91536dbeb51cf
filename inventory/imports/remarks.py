"""What has to be said of a list that was read: of its wrong rows, and of what was set aside.

One rule keeps it simple: whatever is not taken as it stands is named, and a long tale is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from inventory.judge.statements import nearest

SHOWN = 20
"""Lines of one kind that a message lists; the rest is counted."""

MOST_WORDS = 5
"""Different words for "not known" that the import names."""


class Remarks:
    """What is to be said, gathered row by row."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.aside: list[str] = []
        self.sums: list[int] = []
        self.unknown: Counter[str] = Counter()
        self.statements: dict[str, int] = {}  # each with its first line
        self._spares: dict[str, str] = {}

    def took(self, word: str, letter: str) -> None:
        """Remembers how a word for redundancy was read."""
        if letter and letter != word.upper():
            self._spares.setdefault(word, letter)

    def refusal(self, path: Path) -> str:
        """Why a file was not imported."""
        many = f"{len(self.wrong)} row{'s are' if len(self.wrong) > 1 else ' is'} wrong"
        return "\n  ".join([f"{path}: {many}, nothing was imported:", *shown(self.wrong)])

    def lines(self) -> Iterator[str]:
        """Of a file that was imported, what a person has to know."""
        if self._spares:
            yield "redundancy: " + ", ".join(
                f"{word} is taken for {letter}"
                for word, letter in islice(self._spares.items(), SHOWN)
            )
        if self.sums:
            yield f"left out: line {self.sums[0]}, a sum of the list"
        if self.unknown:
            words = ", ".join(text for text, _ in self.unknown.most_common(MOST_WORDS))
            many = self.unknown.total()
            yield f"taken as not known: {many} cell{'s' if many > 1 else ''} ({words})"
        if self.aside:
            cells = "1 cell" if len(self.aside) == 1 else f"{len(self.aside)} cells"
            yield f"not taken as written: {cells}; the rest of the row is kept"
            yield from shown(self.aside)
        yield from _unread(self.statements)


def shown(lines: Sequence[str]) -> Iterator[str]:
    """The first lines, and how many more there are."""
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield f"and {len(lines) - SHOWN} more"


def _unread(statements: dict[str, int]) -> Iterator[str]:
    """What has to be said of statements, each with its first line, that no verdict reads."""
    unread = {text: near for text in statements if (near := nearest(text)) is not None}
    for text, near in islice(unread.items(), SHOWN):
        hint = f"; did you mean {near!r}?" if near else ""
        yield f"line {statements[text]}: no verdict reads {text!r}; it is kept as a note{hint}"
