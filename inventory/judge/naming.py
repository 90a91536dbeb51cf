"""Which machine a value names, by its name and the folders that it lies in.

One rule keeps it simple: the words nearest to the value decide; a tag that differs from a
machine's own in its numbers alone is that of another machine, declared or not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from inventory.signals.names import read_name
from inventory.signals.words import fold, words
from protocols.contract import Point

RUNS = re.compile(r"[^\W\d_]+|\d+")
"""What a tag is made of; the marks between are written in many ways."""
BETWEEN = r"[\W_]*"
MOST_RUNS = 12
"""Words of a text that are looked at; a tag has fewer."""
MOST_DIGITS = 40
"""Digits of a number that is read as one; Python refuses to read thousands."""
FEWEST_DIGITS = 3
"""Digits from which the number of a tag is no index ("P-101", not "T2")."""
STRING_NODE = re.compile(r"(?:^|;)s=(.+)$")
"""Text of an OPC UA node id (Part 6, 5.3.1.10): the tag of who wrote the server, often."""


class Whose(StrEnum):
    """Whose a value is, as far as its words say."""

    MINE = "mine"
    OTHER = "other"
    NEIGHBOUR = "neighbour"  # it names a machine of another kind that the same device monitors
    LIKE = "like"  # it names another of the kind, by a way of numbering that is not the machine's
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class _Tag:
    """How a tag is found in a text: itself, and its like with other numbers."""

    text: str
    own: re.Pattern[str]
    kin: re.Pattern[str] | None  # None: a tag without a number has no like
    numbers: tuple[str, ...]
    suffix: str  # the letter at its end, "A" of "P-101A"
    ambiguous: bool  # its letters are a word for a measurand or a place too


@lru_cache(maxsize=65_536)
def _tag(text: str) -> _Tag | None:
    runs: list[str] = RUNS.findall(text)
    if not runs or len(runs) > MOST_RUNS:
        return None
    last = runs[-1]
    ends = r"(?!\d)" if last.isdecimal() else r"(?![^\W_])"
    own = BETWEEN.join(f"0*{_plain(run)}" if run.isdecimal() else re.escape(run) for run in runs)
    numbers = tuple(run for run in runs if run.isdecimal())
    suffixed = len(runs) > 1 and len(last) == 1 and not last.isdecimal() and runs[-2].isdecimal()
    stem = runs[:-1] if suffixed else runs
    kin = None
    if numbers and stem[-1].isdecimal() and len(stem) > len(numbers):
        parts = (r"(\d+)" if run.isdecimal() else re.escape(run) for run in stem)
        kin = _compiled(BETWEEN.join(parts) + r"(?:[\W_]?([^\W\d_])(?![^\W_]))?(?!\d)")
    letters = [fold(run) for run in stem if not run.isdecimal()]
    known = words()
    ambiguous = any(
        word in known.measurands or word in known.places or word in known.kinds for word in letters
    )
    return _Tag(text, _compiled(own + ends), kin, numbers, last if suffixed else "", ambiguous)


def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_]){text}", re.IGNORECASE)


def bears(tag: str, text: str) -> bool:
    """Whether a text holds a machine's tag as a word of its own, however it is punctuated."""
    found = _tag(tag)
    return found is not None and found.own.search(text) is not None


def plain_tag(text: str) -> str:
    """A tag without its punctuation: how it is compared with others."""
    return " ".join(map(_plain, RUNS.findall(text)))


def _plain(run: str) -> str:
    if not run.isdecimal():
        return run.casefold()
    return str(int(run)) if len(run) <= MOST_DIGITS else run


@lru_cache(maxsize=65_536)
def _words_in(text: str) -> tuple[tuple[str, int, int], ...]:
    """What may be a tag in a text: plain, with where it begins and ends; the longest first."""
    runs = list(RUNS.finditer(text))[:MOST_RUNS]
    found = [
        (" ".join(_plain(run[0]) for run in runs[first:end]), runs[first].start(), last.end())
        for first in range(len(runs))
        if not _joined(text, runs[first].start() - 1)
        for end in range(first + 1, len(runs) + 1)
        for last in [runs[end - 1]]
        if last[0].isdecimal() or not _joined(text, last.end())
    ]
    return tuple(sorted(found, key=lambda one: one[1] - one[2]))


def perhaps_tags(text: str) -> Iterator[str]:
    """Whatever in a text may be a tag, plain, the longest first."""
    return (one for one, _, _ in _words_in(text))


def _joined(text: str, place: int) -> bool:
    return 0 <= place < len(text) and text[place].isalnum()


def parts_of(point: Point) -> Iterator[str]:
    """The words of a value, the nearest first: its name, its folders, the text of its node."""
    yield point.name
    yield from reversed(point.path.replace("\\", "/").split("/"))
    if node := STRING_NODE.search(point.address):
        yield from reversed(re.split(r"[./\\|]", node[1]))


def whose(
    point: Point, tag: str, others: Collection[str] = (), tags: Collection[str] = frozenset()
) -> Whose:
    """Whose a value is: `tag`, or another's. `others` are the tags of machines that the same
    device monitors, `tags` all that are declared; both plain."""
    mine = _tag(tag)
    if mine is None:
        return Whose.NOBODY
    like = False
    for text in filter(None, parts_of(point)):
        found = _said(mine, text, others, tags)
        if found in (Whose.MINE, Whose.OTHER, Whose.NEIGHBOUR):
            return found
        like = like or found is Whose.LIKE
    return Whose.LIKE if like else Whose.NOBODY


def _said(mine: _Tag, text: str, others: Collection[str], tags: Collection[str]) -> Whose:
    """Whose one word of a value says that it is."""
    own = mine.own.search(text)
    named = next((one for one in _words_in(text) if one[0] in others), None) if others else None
    if named and own and named[1] <= own.start() and named[2] > own.end():
        return Whose.OTHER  # "P-101B" is not P-101
    if own:
        return Whose.MINE
    found = _kin(mine, text, tags)
    return Whose.NEIGHBOUR if named and found is not Whose.OTHER else found


def _kin(mine: _Tag, text: str, tags: Collection[str]) -> Whose:
    """Whether a text names one of the machine's like."""
    if mine.kin is None:
        return Whose.NOBODY
    for found in mine.kin.finditer(text):
        *numbers, suffix = found.groups()
        if [*map(_plain, numbers)] == [*map(_plain, mine.numbers)] and not (suffix and mine.suffix):
            continue  # the machine's own number, with or without the letter of one of a pair
        if plain_tag(found[0]) in tags:
            return Whose.OTHER
        written = _written(found[0]) == _written(mine.text)
        if mine.ambiguous and not _meant(mine, text, found, written=written):
            continue
        if written:
            return Whose.OTHER
        if [*map(len, numbers)] == [*map(len, mine.numbers)]:
            return Whose.LIKE
    return Whose.NOBODY


def _written(text: str) -> str:
    """How a tag is written, whatever its numbers are: "p-#"."""
    form = re.sub(r"\d+", "#", text.casefold())
    return form[: form.rfind("#") + 1]


def _meant(mine: _Tag, text: str, found: re.Match[str], *, written: bool) -> bool:
    """Whether letters that are a word for a measurand too name a machine here: by a mark between
    ("P-2"), by a long number, or because another word says what is measured."""
    if fold(found[0]) in words().places:
        return False  # "L2" is a phase
    if written and re.search(r"[\W_]", found[0]):
        return True
    if [*map(len, mine.numbers)] == [len(run) for run in RUNS.findall(found[0]) if run.isdecimal()]:
        rest = text.replace(found[0], " ")
        return max(map(len, mine.numbers)) >= FEWEST_DIGITS or bool(read_name(rest).scores)
    return False
