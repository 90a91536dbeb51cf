"""Which addresses share a gateway, by the register: they are talked to one at a time (safety.md 2).

One rule keeps it simple: a gateway behind a gateway is the same line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from scanner.targets import canonical

Row = Mapping[str, str]
"""Fields of a register row."""

NAMES = ("tag", "name", "address")
"""What `Parent` may name, strongest first."""


def shared(rows: Sequence[Row]) -> dict[str, str]:
    """The gateway of each address that shares one with another: what `Parent` names leads there,
    and the gateway's own address with it."""
    named = _named(rows)
    behind: dict[str, str] = {}
    for row in rows:
        gateway, way = _outermost(row, named)
        if gateway:
            for one in (row, *way):
                if address := _text(one, "address"):
                    behind[address] = gateway
    several = Counter(behind.values())
    return {address: gateway for address, gateway in behind.items() if several[gateway] > 1}


def own(rows: Sequence[Row]) -> dict[str, str]:
    """The address of each gateway that has one, by the name that `shared` gives it."""
    named = _named(rows)
    outermost = {_outermost(row, named)[0] for row in rows} - {""}
    return {
        gateway: address
        for gateway in outermost
        if (address := _text(named.get(gateway, {}), "address"))
    }


def _named(rows: Sequence[Row]) -> dict[str, Row]:
    """Rows by all that a `Parent` may call them."""
    return {text: row for kind in reversed(NAMES) for row in rows if (text := _text(row, kind))}


def _outermost(row: Row, named: Mapping[str, Row]) -> tuple[str, list[Row]]:
    """The last gateway on the way to a row, and the rows on that way; "" for none. Of gateways
    that are behind each other any is as good, and the same for all."""
    names: list[str] = []
    way: list[Row] = []
    while (parent := canonical(row.get("parent", "").strip()).casefold()) != "":
        row = named.get(parent, {})
        name = next(filter(None, (_text(row, kind) for kind in NAMES)), parent)
        if name in names:
            return min(names[names.index(name) :]), way
        names.append(name)
        way.append(row)
    return (names[-1] if names else ""), way


def _text(row: Row, kind: str) -> str:
    text = row.get(kind, "").strip()
    return canonical(text).casefold() if text else ""
