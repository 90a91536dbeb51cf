"""How many columns of a terminal a text takes, and texts cut and wrapped to so many.

One rule keeps it simple: a Chinese, Japanese or Korean letter and an emoji take two columns, a
combining mark none, everything else one (Unicode Standard Annex 11; what is ambiguous takes one).
"""

from __future__ import annotations

import textwrap
import unicodedata
from functools import lru_cache

FILL = "\ue000"
"""Stands for the second column of a wide letter while a text is wrapped; `inert` lets none in."""


def columns(text: str) -> int:
    """How many columns a text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


@lru_cache(maxsize=4096)
def _columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def fitted(text: str, width: int) -> str:
    """The text in exactly so many columns: filled with blanks, or cut with a mark."""
    taken = columns(text)
    if taken <= width:
        return text + " " * (width - taken)
    room, kept = width - 1, ""
    for letter in text:
        room -= _columns(letter)
        if room < 0:
            break
        kept += letter
    return kept + "…" + " " * (width - 1 - columns(kept))


def wrapped(text: str, width: int, hang: int, *, whole_words: bool = False) -> list[str]:
    """Lines of at most so many columns, all but the first behind `hang` blanks; with `whole_words`
    a longer word stands on a line of its own, for who copies it."""
    if columns(text) <= width:
        return [text]
    wide = not text.isascii()
    if wide:  # a column less: a wide letter and its second column may part
        text = "".join(FILL * (_columns(letter) == 2) + letter for letter in text)
    lines = textwrap.wrap(
        text,
        width - wide,
        subsequent_indent=" " * min(hang, width // 2),
        break_on_hyphens=False,
        break_long_words=not whole_words,
    )
    return [line.replace(FILL, "") for line in lines]
