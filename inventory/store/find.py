"""Finds assets by what people call them: key, prefix of it, tag, name, address, MAC, serial.

One rule keeps it simple: ways are tried in that order, and the first that finds any decides.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inventory.derive.identity import plain_mac

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from inventory.store.reading import Asset
    from inventory.store.store import Store

SHORTEST_PREFIX = 4
MOST = 100


def find(store: Store, text: str) -> list[Asset]:
    """All assets that the text may mean; an old key (alias) finds the asset that it became."""
    from sqlalchemy import func

    from inventory.store import tables

    c = tables.assets.c
    text = text.strip()
    plain = text.casefold()
    address, _, part = text.partition(" ")
    ways: list[ColumnElement[bool]] = [c.key == plain]
    if len(plain) >= SHORTEST_PREFIX:
        ways.append(c.key.startswith(plain, autoescape=True))
    quoted = json.dumps(address)
    ways += [
        func.lower(c.tag) == plain,
        func.lower(c.name) == plain,
        c.addresses.contains(quoted, autoescape=True) & (c.part == part),
        c.mac == (plain_mac(text) or "-"),
        func.lower(c.serial) == plain,
        c.aliases.contains(json.dumps(text), autoescape=True),
    ]
    for way in ways if text else ():
        found = store.matching(way, MOST)
        if found:
            return found
    return []
