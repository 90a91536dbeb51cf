"""What a tag name says: measurand, place, and whether it is a measurement at all.

One rule keeps it simple: naming systems first (KKS, ISA-5.1), then the dictionary; whatever means
two things is given as two candidates, and the caller abstains (domain model 4.5).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from inventory.openness import document

MOST_CHARACTERS = 200
STRONG = 0.85  # the word alone settles it
WEAK = 0.5  # a hint that needs a compatible unit
CUT_LENGTHS = frozenset({8, 16, 24})
"""Lengths at which old controllers and gateways cut a name."""

KKS = re.compile(r"(?<![A-Z])C([TPFLSGYMEQ])(\d{3})(?!\d)")
KKS_TAG = re.compile(r"(?<![A-Z0-9])\d{0,2}[A-Z]{3}\d{2}C([TPFLSGYMEQ])\d{3}")
ISA = re.compile(
    r"(?<![A-Za-z])([AFIJLPSTVWZ])(D?)([TIECRY]{1,3})[-_ .]?(\d{2,5}[A-Z]?)(?![A-Za-z0-9]{3})"
)
LINE_CONDUCTOR = re.compile(r"(?<![A-Za-z0-9])L[123](?![0-9])")
STRONG = 0.85
"""Score of a word that settles the measurand by itself."""
ISA_SUFFIX = re.compile(
    r"(?<![A-Za-z0-9])\d{2,5}[-_ .]?([AFIJLPSTVWZ])(D?)([TIECRY]{1,3})(?![A-Za-z])"
)
ISA_SWITCH = re.compile(r"(?<![A-Za-z])[AFIJLPSTVWZ]D?(?:S[HL]{0,2}|A[HL]{1,2})[-_ .]?\d{2,5}")
ISA_TOTAL = re.compile(r"(?<![A-Za-z])[FJW]Q[IT]?[-_ .]?\d{2,5}")
RESISTANCE_SENSOR = re.compile(r"(?<![A-Za-z])PT[-_ ]?(?:100|500|1000)(?![0-9])", re.IGNORECASE)
WORD = re.compile(r"\d+|[^\W\d_]+")
CAMEL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])|(?<=[A-ZÀ-Þ])(?=[A-ZÀ-Þ][a-zß-ÿ])")
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
FOLDS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "œ": "oe", "æ": "ae"})


@dataclass(frozen=True, slots=True)
class Name:
    """What a name says. `scores` holds measurands with how sure the name alone is."""

    scores: tuple[tuple[str, float], ...] = ()
    kind: str = ""  # "" measurement, or setpoint, limit, alarm, total, simulated, parameter
    places: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Words:
    """The dictionary, turned round for look-up."""

    measurands: Mapping[str, tuple[tuple[str, float], ...]]
    kinds: Mapping[str, str]
    places: Mapping[str, tuple[str, ...]]
    stops: frozenset[str]
    suffixes: tuple[str, ...]
    wide: tuple[str, ...]  # words in Chinese or Japanese script, longest first


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
    kinds = {word: kind for kind, row in table["kind"].items() for word in row["words"]}
    places: dict[str, list[str]] = {}
    for place, listed in table["place"].items():
        for word in listed:
            places.setdefault(word, []).append(place)
    everything = {*measurands, *kinds, *places}
    wide = sorted((word for word in everything if CJK.search(word)), key=len, reverse=True)
    compound = table["compound"]
    return Words(
        {word: tuple(rows) for word, rows in measurands.items()},
        kinds,
        {word: tuple(rows) for word, rows in places.items()},
        frozenset(compound["stop"]),
        tuple(sorted(compound["suffixes"], key=len, reverse=True)),
        tuple(wide),
    )


def repair(text: str) -> str:
    """Undo UTF-8 that was read as Latin-1 or Windows-1252, and full-width letters and digits."""
    text = unicodedata.normalize("NFKC", text[:MOST_CHARACTERS])
    if any(mark in text for mark in "ÃÂåæç"):
        for encoding in ("cp1252", "latin-1"):
            try:
                return text.encode(encoding).decode("utf-8")
            except UnicodeError:
                continue
    return text


def fold(text: str) -> str:
    """Lower case, umlauts written out, other accents dropped."""
    text = text.casefold().translate(FOLDS)
    split = unicodedata.normalize("NFD", text)
    kept = "".join(letter for letter in split if unicodedata.category(letter) != "Mn")
    return unicodedata.normalize("NFC", kept)


@lru_cache(maxsize=65_536)
def read_name(text: str) -> Name:
    """Measurands, kind and places that the name states; empty where it states none."""
    text = repair(text)
    tokens = tokenize(text)
    kind = _kind(text, tokens)
    places = _places(text, tokens)
    system = _system(text)
    scores = system if system else _dictionary(text, tokens)
    if LINE_CONDUCTOR.search(text) and scores.get("level", 1.0) < STRONG:
        del scores["level"]  # "Load L1": a phase, no level
    return Name(tuple(sorted(scores.items())), kind, places)


def tokenize(text: str) -> list[str]:
    """Folded words of a name: split at case changes, digits and punctuation; CJK by dictionary."""
    text = re.sub(r"C([TPFLSGYMEQ])(?=\d{3})", " ", text) if KKS_TAG.search(text) else text
    tokens = []
    for piece in WORD.findall(CAMEL.sub(" ", unicodedata.normalize("NFC", text))):
        tokens += _wide(piece) if CJK.search(piece) else [fold(piece)]
    joined = [first + second for first, second in pairwise(tokens)]
    known = words()
    for pair in joined:  # "set point", "run hours", "top oil" are one word elsewhere
        if pair in known.kinds or pair in known.measurands or pair in known.stops:
            tokens.append(pair)
    return tokens


def _wide(piece: str) -> list[str]:
    found = []
    while piece:
        word = next((word for word in words().wide if piece.startswith(word)), "")
        if word:
            found.append(word)
        piece = piece[len(word) or 1 :]
    return found


def _kind(text: str, tokens: list[str]) -> str:
    known = words().kinds
    if ISA_TOTAL.search(text):
        return "total"
    if ISA_SWITCH.search(text):
        return "alarm"
    order = ("setpoint", "limit", "alarm", "total", "simulated", "parameter")
    found = {known[token] for token in tokens if token in known}
    found |= {known[part] for token in tokens for part in _compound_kinds(token)}
    return next((kind for kind in order if kind in found), "")


def _compound_kinds(token: str) -> list[str]:
    ends = ("sollwert", "grenzwert", "zaehler", "alarm", "setpoint", "consigne", "consigna")
    return [end for end in ends if token.endswith(end) and token != end]


def _places(text: str, tokens: list[str]) -> frozenset[str]:
    known = words().places
    found: set[str] = set()
    for token in tokens:
        found.update(known.get(token, ()))
        if len(token) >= 8:
            found.update(
                place
                for word, listed in known.items()
                if len(word) >= 5 and token.startswith(word)
                for place in listed
            )
    if re.search(r"(?<![A-Za-z])PD[IT]", text):
        found.add("differential")
    return frozenset(found)


def _system(text: str) -> dict[str, float]:
    """Measurand by KKS or ISA-5.1; weak where the letters mean something else as often."""
    table = document("names")
    kks = KKS_TAG.search(text)
    if kks:
        name = table["kks"][kks[1]]
        return {} if name in ("electrical", "analysis") else {name: STRONG}
    if RESISTANCE_SENSOR.search(text):
        return {"temperature": WEAK}
    match = ISA.search(text) or ISA_SUFFIX.search(text)
    if match is None:
        return {}
    first, functions = match[1], match[3]
    name = table["isa"][first]
    letters = first + match[2] + functions
    measurands = _dictionary("", [fold(letters)]) if letters in table["isa"]["ambiguous"] else {}
    if letters in table["isa"]["ambiguous"]:
        named = _dictionary(text, tokenize(text.replace(match[0], " ")))
        return named or {name: WEAK, **dict.fromkeys(measurands, WEAK)}
    if name in ("analysis", "weight"):
        return {}
    return {name: STRONG}


def _dictionary(text: str, tokens: list[str]) -> dict[str, float]:
    known = words()
    if any(token in known.stops for token in tokens):
        tokens = [token for token in tokens if not _blocked(token, tokens, known)]
    scores: dict[str, float] = {}
    for token in tokens:
        for name, score in known.measurands.get(token, ()) or _compound(token, known):
            scores[name] = max(score, scores.get(name, 0.0))
    if not scores and len(text) in CUT_LENGTHS and tokens:
        scores = _cut(tokens[-1], known)
    strong = {name: score for name, score in scores.items() if score >= STRONG}
    return strong or scores


def _blocked(token: str, tokens: list[str], known: Words) -> bool:
    """Whether a word belongs to a compound that means something else ("current user")."""
    if token in known.stops:
        return True
    return any(stop != token and token in stop for stop in tokens if stop in known.stops)


def _compound(token: str, known: Words) -> tuple[tuple[str, float], ...]:
    """A word that ends in a measurand's word, as German builds them ("Lagertemperatur")."""
    if len(token) < 6 or any(token.startswith(stop) for stop in known.stops if len(stop) > 5):
        return ()
    for suffix in known.suffixes:
        if token.endswith(suffix):
            return known.measurands.get(suffix, ())
    return ()


def _cut(token: str, known: Words) -> dict[str, float]:
    """A last word that was cut at a fixed length: what all words that begin so agree on."""
    if len(token) < 5:
        return {}
    found = {
        name
        for word, rows in known.measurands.items()
        if word.startswith(token)
        for name, score in rows
        if score >= STRONG
    }
    return {found.pop(): STRONG} if len(found) == 1 else {}
