"""Redundancy as people write it: a letter of NORSOK Z-008, a word, or how many do of how many.

One rule keeps it simple: what is read is how many may fail (none A, one B, two or more C); a word
that says only that there is a spare means at least one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache

from inventory.derive.identity import data
from inventory.imports.columns import plain

LETTERS = "ABC"


def spares(text: str) -> str:
    """A, B or C for what a cell says of redundancy; "" for a text that says none of it."""
    found = _words().get(plain(text), "")
    if found:
        return found
    bare = "".join(text.casefold().replace("\u00d7", "x").replace(",", ".").split())
    for form, many in _FORMS:
        if match := form.fullmatch(bare):
            return LETTERS[max(0, min(2, many(*map(float, match.groups()))))]
    return ""


_FORMS = (
    # "1oo2", "2 out of 3", "1 von 2": so many are needed of so many (IEC 61508-6, annex B).
    (
        re.compile(r"(\d{1,3})(?:oo|outof|von|of|sur|de|su|z|van)(\d{1,3})d?"),
        lambda m, n: int(n - m),
    ),
    # "2x100%", "3 x 50 %": so many, each of which does so much of the duty.
    (
        re.compile(r"(\d{1,3})(?:x|\*)([1-9]\d{0,2}(?:\.\d+)?)%"),
        lambda n, share: int(n - math.ceil(100 / share)),
    ),
    # "N+1", "2+1": so many beside those that are needed.
    (re.compile(r"(?:n|\d{1,3})\+(\d{1,3})"), lambda more: int(more)),
)


@cache
def _words() -> Mapping[str, str]:
    listed = data("columns.toml")["redundancy"]
    assert isinstance(listed, dict)  # noqa: S101  (a table of our own file)
    return {plain(word): letter for letter in LETTERS for word in listed[letter]}
