"""Words that are built of others ("Lagertemperatur"), and words that were cut off.

One rule keeps it simple: a compound says what its known part says; whether the rest of it is known
too is told apart, for what nobody knows may be a setting ("Quorbeltemperatur").
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from inventory.signals.words import SHORTEST_PART, STRONG, Words, words

SENSOR_WORDS = ("wert", "istwert", "messung", "messwert", "sensor", "fuehler", "geber", "meting")
"""What a compound may add to a measurand's word without changing it ("Druckmesswert")."""


@lru_cache(maxsize=16_384)
def compound(token: str) -> tuple[tuple[str, float], ...]:
    """A word that ends in a measurand's word, as German builds them ("Lagertemperatur")."""
    known = words()
    if len(token) < 6 or any(token.startswith(stop) for stop in known.stops if len(stop) > 5):
        return ()
    for suffix in known.suffixes:
        if token.endswith(suffix):
            return known.measurands.get(suffix, ())
    for prefix in known.suffixes:
        if token.startswith(prefix) and token[len(prefix) :].lstrip("s") in SENSOR_WORDS:
            return known.measurands.get(prefix, ())
    return ()


def half_known(token: str) -> bool:
    """Whether it is a compound, the rest of which is not known, and no word of ours itself."""
    known = token in words().measurands
    return not known and bool(compound(token)) and not _understood(rest_of(token))


@lru_cache(maxsize=16_384)
def rest_of(token: str) -> str:
    """What a compound says besides its measurand."""
    for suffix in words().suffixes:
        if token.endswith(suffix):
            return token.removesuffix(suffix)
    return ""


@lru_cache(maxsize=16_384)
def _understood(text: str) -> bool:
    """Whether it is made of known words, with the letters that join them."""
    if len(text) < SHORTEST_PART:
        return True
    parts = words().parts
    return any(
        text[:end] in parts and any(_understood(rest) for rest in _after_joint(text[end:]))
        for end in range(len(text), SHORTEST_PART - 1, -1)
    )


def _after_joint(rest: str) -> Iterator[str]:
    """What may follow a part of a compound: with and without the letters that join two."""
    yield rest
    for joint in ("s", "n", "en", "er", "e", "ings"):
        if rest.startswith(joint):
            yield rest.removeprefix(joint)


def cut_off(token: str, known: Words) -> dict[str, float]:
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
