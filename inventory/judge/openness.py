"""What is known of each protocol as a source of data: `data/openness.toml` as values.

One rule keeps it simple: rules ask this table and never compare protocol names themselves.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from protocols.contract import Openness

OPEN = frozenset({Openness.O0, Openness.O1})
CLOSED = frozenset({Openness.O3, Openness.O4})


@dataclass(frozen=True, slots=True)
class Protocol:
    """One protocol as a source of data (domain model 3.9)."""

    name: str
    title: str
    openness: Openness
    data: bool
    listing: frozenset[str]
    typed: bool
    access: bool
    described: frozenset[str] = frozenset()  # operations that read listed items that are no points
    identity: tuple[str, ...] = ()  # operations that tell who it is, where more than one does
    ports: frozenset[int] = frozenset()  # where a scan asks for it; none without a probe of ours


@cache
def document(name: str) -> dict[str, Any]:  # a TOML document is free-form until it is read here
    """One bundled TOML document of `inventory/data`."""
    return tomllib.loads(files("inventory").joinpath(f"data/{name}.toml").read_text("utf-8"))


def beside() -> Iterator[tuple[str, Traversable]]:
    """The tables that protocols bring themselves, by protocol: beside the module, or inside."""
    for entry in sorted(files("protocols").iterdir(), key=lambda entry: entry.name):
        table = entry / "openness.toml" if entry.is_dir() else entry
        if table.name.endswith(".toml") and table.is_file():
            yield entry.name.removesuffix(".toml"), table


@cache
def _rows() -> dict[str, dict[str, Any]]:
    """Every protocol's row: those of the bundled table, then what protocols bring themselves."""
    own = {name: tomllib.loads(table.read_text("utf-8")) for name, table in beside()}
    return {**document("openness")["protocol"], **own}


@cache
def protocols() -> dict[str, Protocol]:
    """All protocols by name, those included that one has where it is overheard."""
    return {
        called: Protocol(
            name,
            row["title"],
            Openness(row["openness"]),
            row["data"],
            frozenset(row["listing"]),
            row["typed"],
            row["access"],
            frozenset(row.get("described", ())),
            tuple(row.get("identity", ())),
            frozenset(row.get("ports", ())),
        )
        for name, row in _rows().items()
        for called in (name, *row.get("names", ()))
    }


@cache
def protocol(name: str) -> Protocol | None:
    """One protocol, or None when the table does not hold it."""
    return protocols().get(name)


@cache
def plausible(role: str) -> tuple[str, ...]:
    """Open process-data protocols that a device of that role may serve (T01, A01)."""
    table = document("openness")["plausible"]
    if role in no_data_roles():
        return ()
    own = (name for name, row in _rows().items() if role in row.get("plausible_for", ()))
    return (*table.get(role, table["default"]), *own)


@cache
def infrastructure() -> frozenset[str]:
    """Roles that carry traffic and hold no process data."""
    return frozenset(document("openness")["roles"]["infrastructure"])


@cache
def no_data_roles() -> frozenset[str]:
    """Roles that hold no process data (N03)."""
    return infrastructure() | frozenset(document("openness")["roles"]["office"])


@cache
def known_roles() -> frozenset[str]:
    """Every role that a rule makes a difference for."""
    return no_data_roles() | frozenset(document("openness")["plausible"]) - {"default"}


@cache
def class_of_role(role: str) -> str:
    """The equipment class that a device of that role is by itself, or ""."""
    return str(document("openness")["roles"]["class"].get(role, ""))
