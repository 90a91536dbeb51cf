"""A dialect in one file: a consumer that reads holding registers and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.outputs.wot.thing import Dialect, Json

if TYPE_CHECKING:
    from inventory.connection import Connection, Item


def forms(one: Connection, item: Item) -> list[Json]:
    """The form of a holding register."""
    if item.table != "holding":
        return []
    return [{"href": f"plain://{one.host}/{item.register}", "op": ["readproperty"]}]


DIALECT = Dialect("registers", forms, frozenset(("modbus",)))
