"""Who stands behind a server: pure rules over what it tells anybody, kept in `makers.toml`.

The rule that keeps it honest: a development kit's default names the kit, not the device. Its maker
becomes no vendor and its version no firmware.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from protocols.contract import Fact

NAMES = ("vendor", "product", "role")
_MOST_CHARACTERS = 300  # what a pattern sees: bounds its time


@dataclass(frozen=True, slots=True)
class Maker:
    """Holds where the pattern is found in one of a server's URIs."""

    name: str
    uri: re.Pattern[str]
    facts: Mapping[str, str]
    example: str
    expect: Mapping[str, str]


@cache
def _document() -> Mapping[str, list[dict[str, Any]]]:
    return tomllib.loads(files(__package__).joinpath("makers.toml").read_text("utf-8"))


@cache
def makers() -> tuple[Maker, ...]:
    """All rules, in the order in which they are tried."""
    return tuple(_maker(entry) for entry in _document()["maker"])


def _maker(entry: Mapping[str, Any]) -> Maker:
    return Maker(
        entry["name"],
        re.compile(entry["uri"], re.IGNORECASE),
        {name: entry[name] for name in NAMES if name in entry},
        entry["example"]["uri"],
        entry["example"]["expect"],
    )


def statements(application_uri: str, product_uri: str) -> tuple[Fact, ...]:
    """Vendor, product and role where a rule knows one of the URIs."""
    for maker in makers():
        for word, uri in (("ApplicationUri", application_uri), ("ProductUri", product_uri)):
            match = maker.uri.search(uri[:_MOST_CHARACTERS])
            if match:
                groups = {name: value or "" for name, value in match.groupdict().items()}
                said = {**groups, **{n: v.format_map(groups) for n, v in maker.facts.items()}}
                source = f"opcua {word} rule {maker.name}"
                return tuple(Fact(name, said[name], source) for name in NAMES if said.get(name))
    return ()


def is_toolkit(manufacturer: str) -> bool:
    """Whether a build's manufacturer is that of a development kit."""
    plain = manufacturer.strip().lower()
    return any(
        plain in {name.lower() for name in kit["manufacturers"]}
        or plain.startswith(tuple(word.lower() for word in kit["begins"]))
        for kit in _document()["toolkit"]
    )
