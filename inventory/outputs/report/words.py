"""Names of our own data as people say them: signals and protocols.

One rule keeps it simple: what is not recognised as a name of ours stays as it is.
"""

from __future__ import annotations

import re
from functools import cache

from inventory.judge.openness import document, protocol

SIGNAL = re.compile(r"[a-z_]+(:[a-z_]+)?(\|[a-z_]+(:[a-z_]+)?)*")


@cache
def _measurands() -> frozenset[str]:
    return frozenset(document("names")["measurand"])


def spoken(text: str) -> str:
    """What a gap or a column is about: "discharge temperature", "OPC UA"; else as it is."""
    if about := protocol(text):
        return about.title
    if not SIGNAL.fullmatch(text):
        return text
    several = [one.split(":") for one in text.split("|")]
    if not all(parts[0] in _measurands() for parts in several):
        return text.replace("_", " ")
    return " or ".join(" ".join(reversed(parts)) for parts in several).replace("_", " ")
