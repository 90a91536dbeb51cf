"""The dictionary of tag names, turned round for look-up, and how their letters are folded.

One rule keeps it simple: a word is looked up folded, in lower case and without accents, and what it
means stands in `data/names.toml`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from inventory.judge.openness import document

MOST_CHARACTERS = 200
STRONG = 0.85
"""Score of a word that settles the measurand by itself."""
WEAK = 0.5
"""Score of a hint that needs a compatible unit."""
SHORTEST_PART = 3
"""Letters below which a word is found in any other by chance."""
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
FOLDS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "œ": "oe", "æ": "ae", "ł": "l"}
)


@dataclass(frozen=True, slots=True)
class Words:
    """The dictionary, turned round for look-up."""

    measurands: Mapping[str, tuple[tuple[str, float], ...]]
    joined: frozenset[str]  # words that two words of a name may make together
    alone: Mapping[str, str]  # words that say a measurand where a name states no other
    kinds: Mapping[str, str]
    places: Mapping[str, tuple[str, ...]]
    machines: frozenset[str]
    prepositions: Mapping[str, frozenset[str]]  # words of a place too, and what may come after
    stops: frozenset[str]
    suffixes: tuple[str, ...]
    wide: tuple[str, ...]  # words in Chinese or Japanese script, longest first
    particles: frozenset[str]
    sums: frozenset[str]
    peaks: frozenset[str]
    of_a_supply: frozenset[str]
    negations: frozenset[str]
    no_level: tuple[str, ...]
    extremes: frozenset[str]
    starts: tuple[tuple[str, str], ...]  # beginning of a compound, and the kind it names
    end: re.Pattern[str]  # ends of compounds; each is a word of a kind, or a parameter
    stems: Mapping[str, str]  # beginnings of words in any language, and the kind they name
    stem: re.Pattern[str]  # any of the stems, longest first
    difference: re.Pattern[str]  # a word of difference; short ones only whole
    present: tuple[frozenset[str], frozenset[str]]  # "at present" before, and after a measurand
    leading: frozenset[str]
    states: frozenset[str]
    neutral: frozenset[str]
    schedule: frozenset[str]
    parts: frozenset[str]  # what a compound may be made of and still be understood


@cache
def words() -> Words:
    """The bundled dictionary (`data/names.toml`)."""
    table = document("names")
    measurands: dict[str, list[tuple[str, float]]] = {}
    for name, row in table["measurand"].items():
        for word in row["strong"]:
            measurands.setdefault(word, []).append((name, STRONG))
        for word in row["weak"]:
            measurands.setdefault(word, []).append((name, WEAK))
    alone = {
        word: name for name, row in table["measurand"].items() for word in row.get("alone", ())
    }
    kinds = {word: kind for kind, row in table["kind"].items() for word in row["words"]}
    places: dict[str, list[str]] = {}
    for place, listed in table["place"].items():
        for word in listed:
            places.setdefault(word, []).append(place)
    everything = {
        *measurands,
        *alone,
        *kinds,
        *places,
        *table["neutral"]["words"],
        *table["machine"]["words"],
    }
    everything |= {*table["compound"]["negations"]}
    wide = sorted((word for word in everything if CJK.search(word)), key=len, reverse=True)
    compound = table["compound"]
    stems = {stem: kind for kind, listed in table["stems"].items() for stem in listed}
    return Words(
        {word: tuple(rows) for word, rows in measurands.items()},
        frozenset({*measurands, *kinds, *compound["stop"], *alone, *places}),
        alone,
        kinds,
        {word: tuple(rows) for word, rows in places.items()},
        frozenset(table["machine"]["words"]),
        {word: frozenset(listed) for word, listed in table["preposition"].items()},
        frozenset(compound["stop"]),
        tuple(sorted(compound["suffixes"], key=len, reverse=True)),
        tuple(wide),
        frozenset(compound["particles"]),
        frozenset(compound["sums"]),
        frozenset(compound["peaks"]),
        frozenset(compound["of_a_supply"]),
        frozenset(compound["negations"]),
        tuple(compound["no_level"]),
        frozenset(compound["extremes"]),
        tuple(
            (start, kind)
            for kind in ("setpoint", "limit", "parameter")
            for start in compound[f"{kind}_starts"]
        ),
        re.compile(f"(?<=.)(?:{_any(compound['ends'])})$"),
        stems,
        re.compile(_any(stems)),
        _difference(compound["differences"]),
        (frozenset(compound["present_before"]), frozenset(compound["present_after"])),
        frozenset(compound["leading"]),
        frozenset(compound["states"]),
        frozenset(table["neutral"]["words"]),
        frozenset(compound["schedule"]),
        frozenset(
            word
            for word in everything | {*compound["sums"], *compound["schedule"]}
            if len(word) >= SHORTEST_PART
        ),
    )


def _any(listed: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(listed, key=len, reverse=True)))


def _difference(listed: list[str]) -> re.Pattern[str]:
    long, short = [w for w in listed if len(w) >= 6], [w for w in listed if len(w) < 6]
    return re.compile(f"(?:{_any(long)})|.*(?:{_any(long)})$|(?:{_any(short)})$")


def repair(text: str) -> str:
    """Undo UTF-8 that was read as Latin-1 or Windows-1252, and full-width letters and digits."""
    text = text[:MOST_CHARACTERS]
    if any(mark in text for mark in "ÃÂåæç"):  # before the compatible forms: "¼" is half of an "ü"
        for encoding in ("cp1252", "latin-1"):
            try:
                text = text.encode(encoding).decode("utf-8")
                break
            except UnicodeError:
                continue
    return unicodedata.normalize("NFKC", text)


def fold(text: str) -> str:
    """Lower case, umlauts written out, other accents dropped."""
    if text.isascii():
        return text.lower()
    text = text.casefold().translate(FOLDS)
    split = unicodedata.normalize("NFD", text)
    kept = "".join(letter for letter in split if unicodedata.category(letter) != "Mn")
    return unicodedata.normalize("NFC", kept)
