"""The words of a tag: split at case changes, digits and marks, folded as the dictionary has them.

One rule keeps it simple: nothing is known here of what a word means; two words that the dictionary
has as one ("set point") are given as that one beside them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from inventory.signals.systems import KKS_TAG
from inventory.signals.words import CJK, fold, words

WORD = re.compile(r"\d+|[^\W\d_]+")
PREFIXED_UNIT = re.compile(r"(?<![A-Za-z])[kMm](?:Wh|VAh|varh|W|VA|VAr|A|V|Pa|Hz)(?![A-Za-z])")
"""A unit whose case change is none between two words ("kWh")."""
CAMEL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])|(?<=[A-ZÀ-Þ])(?=[A-ZÀ-Þ][a-zß-ÿ])")


def tokenize(text: str) -> list[str]:
    """Folded words of a name: split at case changes, digits and punctuation; CJK by dictionary."""
    text = re.sub(r"C([TPFLSGYMEQ])(?=\d{3})", " ", text) if KKS_TAG.search(text) else text
    tokens = split_words(text)
    known = words()
    for first, second in pairs(tokens):  # "set point", "run hours" are one word elsewhere
        pair = first + second
        if pair in known.joined:
            tokens.append(pair)
    return tokens


@dataclass(frozen=True, slots=True)
class Piece:
    """A word of a text, folded, and where it ends there."""

    word: str
    end: int


def pieces(text: str) -> tuple[str, tuple[Piece, ...]]:
    """The text with its words parted, and the words; those in CJK script as they stand."""
    text = CAMEL.sub(" ", unicodedata.normalize("NFC", text))
    return text, tuple([Piece(_spelled(one[0]), one.end()) for one in WORD.finditer(text)])


def _spelled(piece: str) -> str:
    accented = piece.casefold() in words().measurands  # "débit" is a flow, "debit" is none
    return piece.casefold() if accented else fold(piece)


def split_words(text: str) -> list[str]:
    """Its words in their order, and nothing else."""
    tokens: list[str] = []
    text = PREFIXED_UNIT.sub(lambda unit: unit[0].lower(), unicodedata.normalize("NFC", text))
    for piece in WORD.findall(CAMEL.sub(" ", text)):
        tokens += _wide(piece) if CJK.search(piece) else [_spelled(piece)]
    return tokens


def pairs(tokens: list[str]) -> list[tuple[str, str]]:
    """Neighbouring words, and neighbours that only small words part ("state of charge")."""
    small = words().particles
    near = list(pairwise(tokens))
    return near + [
        pair for pair in pairwise([t for t in tokens if t not in small]) if pair not in near
    ]


def _wide(piece: str) -> list[str]:
    found = []
    while piece:
        word = next((word for word in words().wide if piece.startswith(word)), "")
        if word:
            found.append(word)
        piece = piece[len(word) or 1 :]
    return found
