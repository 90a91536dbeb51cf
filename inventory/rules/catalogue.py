"""The rules as data: `data/rules.toml` read into values.

One rule keeps it simple: nothing here decides anything; a rule's condition is its predicate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from inventory.judge.openness import beside, document
from inventory.judge.view import View
from inventory.model import Category, Effort, Remedy, Severity
from inventory.rules.rule import Case, Rule

Predicate = Callable[[View], Iterable[Case]]


@cache
def catalogue() -> Mapping[str, Rule]:
    """All rules by id, in the order of the file."""
    return {name: _rule(name, row) for name, row in document("rules")["rule"].items()}


def versions() -> dict[str, int]:
    """The version of each rule, by id."""
    return {name: rule.version for name, rule in catalogue().items()}


TABLES = (
    *("rules.toml", "openness.toml", "profiles.toml", "names.toml"),
    *("units.csv", "servers.csv"),
)
"""What the rules' verdicts rest on beside code."""


@cache
def rules_version() -> str:
    """Short digest of all rule data: changes when any rule's data or version changes."""
    names = (
        "rules.toml",
        "openness.toml",
        "profiles.toml",
        "names.toml",
        "units.csv",
        "servers.csv",
    )
    tables = [files("inventory").joinpath(f"data/{name}") for name in names]
    tables += [table for _, table in beside()]
    return hashlib.sha256(b"".join(table.read_bytes() for table in tables)).hexdigest()[:12]


def _rule(name: str, row: Mapping[str, Any]) -> Rule:  # read from TOML here, typed after
    remedies = row.get("remedies", [])
    return Rule(
        name,
        int(str(row["version"])),
        Category(str(row["category"])),
        str(row["label"]),
        Severity(str(row["base"])),
        str(row["meaning"]),
        _texts(row.get("premises")),
        _texts(row.get("not_if")),
        tuple(
            Remedy(
                item["text"],
                Effort(item["effort"]),
                bool(item.get("needs_outage", False)),
                item.get("cause", ""),
            )
            for item in remedies
        ),
        bool(row.get("quality", False)),
        bool(row.get("data_gap", False)),
    )


def _texts(listed: object) -> tuple[str, ...]:
    return tuple(str(item) for item in listed) if isinstance(listed, list) else ()
