"""A format in one file: one line per readable point, for a collector that takes a plain list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.connection import connections, logins
from inventory.outputs import Format, view
from inventory.outputs.folder import prepared
from inventory.outputs.json_file import target
from inventory.text import inert

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store


def write(store: Store, request: Request) -> str:
    """Writes the list, named points only."""
    store, count = view(store, request), 0
    known = logins(store.declarations())
    with target(request) as file:
        for evidence in prepared(store):
            for one in connections(evidence, known):
                for item in one.items:
                    if item.name:
                        file.write(f"{one.protocol} {one.host}:{one.port} {inert(item.name)}\n")
                        count += 1
    return f"{count} points written"


FORMAT = Format("tag-list", "one line per readable point", write)
