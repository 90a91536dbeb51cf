"""What has to be said of a list that was read: of its wrong rows, and of what was set aside.

One rule keeps it simple: whatever is not taken as it stands is named, and a long tale is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from inventory.imports.by_cells import alone
from inventory.imports.columns import adds_up, headed_again, no_asset
from inventory.imports.table import Row, Table
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
        self.left: dict[str, list[int]] = {}  # why rows are no assets, with their lines
        self.unknown: Counter[str] = Counter()
        self.statements: dict[str, int] = {}  # each with its first line
        self._spares: dict[str, str] = {}

    def took(self, word: str, letter: str) -> None:
        """Remembers how a word for redundancy was read."""
        if letter and letter != word.upper():
            self._spares.setdefault(word, letter)

    def is_none(
        self, row: Row, table: Table, columns: Mapping[str, int], *, one_word: bool
    ) -> bool:
        """Whether a row of a register is about no asset; remembers why. `one_word`: its tags are
        single words."""
        place = columns.get("Kind", -1)
        if adds_up(row.cells):
            why = "a sum of the list"
        elif headed_again(table.header, row.cells):
            why = "the headings again"
        elif 0 <= place < len(row.cells) and no_asset(row.cells[place]):
            why = f"a row of kind {row.cells[place]!r}, which is no asset"
        elif one_word and alone(row.cells, columns):
            text = next(filter(None, row.cells))[:40]
            why = f"{text!r} alone in its row: a heading or a note (an asset needs a second cell)"
        else:
            return False
        self.left.setdefault(why, []).append(row.line)
        return True

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
        yield from shown([_left(why, lines) for why, lines in self.left.items()])
        if self.unknown:
            words = ", ".join(text for text, _ in self.unknown.most_common(MOST_WORDS))
            many = self.unknown.total()
            yield f"taken as not known: {many} cell{'s' if many > 1 else ''} ({words})"
        if self.aside:
            cells = "1 cell" if len(self.aside) == 1 else f"{len(self.aside)} cells"
            yield f"not taken as written: {cells}; the rest of the row is kept"
            yield from shown(self.aside)
        yield from _unread(self.statements)


def _left(why: str, lines: Sequence[int]) -> str:
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"left out: line {lines[0]}{more}, {why}"


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
