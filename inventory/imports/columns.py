"""Guesses which column of a list is which, and takes the user's word over the guess.

One rule keeps it simple: a column is used once, an exact name wins over a synonym, and everything
that was decided is shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from inventory.derive.identity import data


class MappingError(Exception):
    """`--map` names a column that is not there; the message names the ones that are."""


@cache
def canonical(kind: str) -> Mapping[str, tuple[str, ...]]:
    """Canonical columns of a kind of list with their synonyms (rulings 22)."""
    table = data("columns.toml")[kind]
    columns = table if isinstance(table, dict) else {}
    return {name: tuple(words) for name, words in columns.items()}


@cache
def headings(kind: str) -> frozenset[str]:
    """All known headings of a kind of list, as they are compared (`plain`)."""
    return frozenset(
        plain(word) for name, words in canonical(kind).items() for word in (name, *words)
    )


@cache
def _unknown(name: str) -> frozenset[str]:
    table = data("columns.toml")["unknown"]
    return frozenset(table[name] if isinstance(table, dict) else ())


def says_nothing(column: str, text: str) -> bool:
    """Whether a cell says that what it should hold is not known ("-", "n/a", "tbd")."""
    word = text.strip().casefold()
    if word in _unknown("words") or (column == "address" and word in _unknown("address")):
        return True
    return word in _unknown("nothing") and column not in _unknown("ratings")


def no_asset(kind: str) -> bool:
    """Whether a row of that kind is about no asset, as an attribute of one is not."""
    return plain(kind) in _kinds("no_asset")


def anything(kind: str) -> bool:
    """Whether a kind says nothing of what a thing is ("element")."""
    return plain(kind) in _kinds("anything")


@cache
def _kinds(name: str) -> frozenset[str]:
    return frozenset(map(plain, _unknown(name)))


def a_rule(cells: Iterable[str]) -> bool:
    """Whether a row is a line that is drawn ("-----|-----")."""
    given = [text for text in cells if text]
    return bool(given) and all(re.fullmatch(r"[-=_+*:.~]{2,}", text) for text in given)


def headed_again(header: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether a row names the columns once more, as at the top of each printed page."""
    filled = [(name, text) for name, text in zip(header, cells, strict=False) if text]
    return len(filled) > 1 and all(plain(name) == plain(text) for name, text in filled)


def adds_up(cells: Iterable[str]) -> bool:
    """Whether a row holds a sum and nothing else ("Total: 214", "Total | 4 devices"), as below a
    list."""
    texts = (text for text in cells if text and not re.fullmatch(r"[\d\s.,]+", text))
    first = next(texts, "")
    found = re.match(r"([^\W\d_]+)\W*", first)
    if found is None or found[1].casefold() not in _unknown("sums"):
        return False
    given = [first, *texts]
    counts = all(re.match(r"\d+\s+\D+$", text) for text in given[1:])
    return len(given) == 1 or (counts and found.end() == len(given[0]))


def plain(text: str) -> str:
    """A column name as it is compared: lower case, no accents, no punctuation, no spaces."""
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(letter for letter in text if unicodedata.category(letter) != "Mn")
    return "".join(re.sub(r"[^\w]+", " ", bare.replace("_", " ")).split())


def parse(text: str) -> dict[str, str]:
    """`--map "Asset Tag=Tag,IP=Address"` as their column → ours."""
    found: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        theirs, sign, ours = part.rpartition("=")
        if not sign or not theirs.strip():
            raise MappingError(f'--map {part!r}: write "Their column=Ours", as in "Asset Tag=Tag"')
        found[theirs.strip()] = ours.strip()
    return found


def choose(kind: str, header: Sequence[str], stated: Mapping[str, str]) -> dict[str, int]:
    """Canonical column → index in the file. `stated` is their column → ours, or → "" to ignore.

    Raises `MappingError` when a stated name does not exist.
    """
    known = canonical(kind)
    chosen, used = _stated(kind, header, stated)
    names = [plain(name) for name in header]
    for ours in known:
        if ours not in chosen and plain(ours) in names:
            index = names.index(plain(ours))
            if index not in used:
                chosen[ours] = index
                used.add(index)
    for ours, words in known.items():
        if ours in chosen:
            continue
        for word in words:
            index = next((i for i, n in enumerate(names) if n == plain(word) and i not in used), -1)
            if index >= 0:
                chosen[ours] = index
                used.add(index)
                break
    return _qualified(kind, header, chosen, used)


def _qualified(
    kind: str, header: Sequence[str], chosen: Mapping[str, int], used: set[int]
) -> dict[str, int]:
    """And the columns whose heading is a known one with a word around it that leaves it the same
    ("Equipment Description")."""
    found, taken = dict(chosen), set(used)
    for ours, words in canonical(kind).items():
        wanted = {plain(ours), *map(plain, words)}
        for index, name in enumerate(header):
            if ours not in found and index not in taken and wanted & set(_cores(name, ours)):
                found[ours] = index
                taken.add(index)
    return found


def _cores(heading: str, ours: str) -> Iterator[str]:
    """What is left of a heading without the words around it, as it is compared."""
    bare = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", heading)
    yield from _one_of_several(bare)
    whole = plain(bare)
    before = [*_around("before"), *(_around("of_maker") if ours in _around("by_maker") else ())]
    starts = [whole, *(whole.removeprefix(plain(word)) for word in before)]
    for start in filter(None, starts):
        yield start
        yield from filter(None, (start.removesuffix(plain(word)) for word in _around("after")))


def _one_of_several(heading: str) -> Iterator[str]:
    """The only known one of the headings that one names at once ("IP address/DNS"); a column of
    two things that both are known ("Make/Model") is neither."""
    pieces = [plain(piece) for piece in heading.split("/")]
    means = {ours for ours, words in canonical("register").items() for piece in pieces
             if piece in {plain(ours), *map(plain, words)}}  # fmt: skip
    if len(pieces) > 1 and len(means) == 1:
        yield from filter(None, pieces)


@cache
def _around(name: str) -> tuple[str, ...]:
    table = data("columns.toml")["around"]
    return tuple(table[name] if isinstance(table, dict) else ())


def _stated(
    kind: str, header: Sequence[str], stated: Mapping[str, str]
) -> tuple[dict[str, int], set[int]]:
    by_plain = {plain(name): index for index, name in reversed(list(enumerate(header)))}
    ours_by_plain = {plain(name): name for name in canonical(kind)}
    chosen: dict[str, int] = {}
    used: set[int] = set()
    for theirs, ours in stated.items():
        if plain(theirs) not in by_plain:
            have = ", ".join(name for name in header if name)
            raise MappingError(f"--map: no column {theirs!r} in the file; it has {have}")
        if ours and plain(ours) not in ours_by_plain:
            have = ", ".join(ours_by_plain.values())
            raise MappingError(f"--map: no canonical column {ours!r}; there are {have}")
        used.add(by_plain[plain(theirs)])
        if ours:
            chosen[ours_by_plain[plain(ours)]] = by_plain[plain(theirs)]
    return chosen, used
