"""Names of our own data as people say them: signals, protocols, and how a question ended.

One rule keeps it simple: what is not recognised as a name of ours stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from inventory.judge.openness import document, protocol

SIGNAL = re.compile(r"[a-z_]+(:[a-z_]+)?(\|[a-z_]+(:[a-z_]+)?)*")
ASKED = re.compile(
    r"asked (?P<where>.+?) for (?P<protocol>\w+) (?P<operation>\w+) on (?P<transport>tcp|udp)/"
    r"(?P<port>\d{1,5}) from (?P<vantage>.+): (?P<outcome>[a-z_]+)(?: \((?P<reason>[^()]*)\))?"
)
"""A premise in the words of its question (`inventory.judge.logic.describe`)."""


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


def premise(text: str, endings: Mapping[str, str]) -> str:
    """A premise with the name of the protocol and what the outcome means (`endings`)."""
    found = ASKED.fullmatch(text)
    ending = found and endings.get(found["outcome"])
    if found is None or not ending:
        return text
    reason = f" ({found['reason'].replace('_', ' ')})" if found["reason"] else ""
    return (
        f"Asked {found['where']} from {found['vantage']} by {spoken(found['protocol'])} "
        f"({found['operation'].replace('_', ' ')}, {found['transport'].upper()} port "
        f"{found['port']}): {ending}{reason}"
    )
