"""What a person may attest and verdicts read: the words, from one table.

One rule keeps it simple: a rule asks for a statement by its name, never by its words.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from inventory.judge.openness import document
from inventory.model import Device


class Statement(NamedTuple):
    """One kind of statement: its words, and what it is about, holds and leads to."""

    words: tuple[str, ...]
    about: str
    value: str
    says: str
    within: bool  # whether its words are read within a sentence, and not only by themselves


NAMEPLATE: Mapping[str, str] = {
    "maker": "vendor",
    "model": "model",
    "serial number": "serial",
    "firmware": "firmware",
}
"""What a nameplate states of a device → the field that holds it. The words are those of the table,
of which the first is printed."""


def lacking(device: Device) -> list[str]:
    """What is not known of a device that its nameplate would state."""
    model = device.model or device.product
    held = {"maker": device.vendor, "model": model, "serial number": device.serial,
            "firmware": device.firmware}  # fmt: skip
    return [name for name in NAMEPLATE if not held[name]]


def nameplate(fields: Mapping[str, str]) -> str:
    """The field of a device that an attestation fills; "" where it is about something else."""
    return next((field for name, field in NAMEPLATE.items() if says(name, fields)), "")


@cache
def statements() -> dict[str, Statement]:
    """All kinds by name, in the order of the table."""
    rows = document("statements")
    return {
        name: Statement(
            *(tuple(row["words"]), row["about"], row["value"], row["says"]),
            row.get("within", False),
        )
        for name, row in rows.items()
        if isinstance(row, dict)
    }


@cache
def words(name: str) -> frozenset[str]:
    """The words, in lower case, that mean a statement of that name."""
    return frozenset(statements()[name].words)


def stated(fields: Mapping[str, str]) -> str:
    """What an attestation states, as words are compared."""
    return " ".join(fields.get("statement", "").split()).casefold()


def says(name: str, fields: Mapping[str, str]) -> bool:
    """Whether an attestation states what is meant by that name."""
    return holds(name, stated(fields))


def holds(name: str, text: str) -> bool:
    """Whether a text is one of its words, or holds one where they are read within a sentence."""
    said = text.casefold()
    if statements()[name].within:
        return _within(name).search(said) is not None
    return said in words(name)


@cache
def _within(name: str) -> re.Pattern[str]:
    """Any of the words of a statement within a sentence."""
    return re.compile("|".join(map(_held, words(name))))


def after(name: str, fields: Mapping[str, str]) -> str | None:
    """What follows the words that an attestation begins with ("redundant with P-101B": P-101B);
    None where it begins otherwise."""
    said = " ".join(fields.get("statement", "").split())
    for word in sorted(words(name), key=len, reverse=True):
        if re.match(rf"{re.escape(word)}(?![a-z])", said, re.IGNORECASE):
            return said[len(word) :].strip()
    return None


def nearest(text: str) -> str | None:
    """The words that a text may be meant for; "" for a text that resembles none; None when it is
    one of them, or holds one that is read within a sentence."""
    said = text.strip().casefold()
    known = [word for one in statements().values() for word in one.words]
    within = (word for one in statements().values() if one.within for word in one.words)
    if said in known or any(_holds(said, word) for word in within):
        return None
    held = (word for word in known if _holds(said, word))
    close = difflib.get_close_matches(said, known, 1, 0.75)
    return max(held, key=len, default=next(iter(close), ""))


def _holds(said: str, word: str) -> bool:
    return re.search(_held(word), said) is not None


def _held(word: str) -> str:
    return rf"(?<![a-z]){re.escape(word)}s?(?![a-z])"
