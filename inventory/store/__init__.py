"""The one file of results: what was observed and declared, and what is derived from it.

    from inventory.store import Store, StoreError, Writer

One rule keeps it simple: rows never leave this package; it takes and returns values of
`protocols.contract` and `inventory.model`. sqlalchemy is imported when a store is opened.
"""

from typing import TYPE_CHECKING

from inventory.store.errors import StoreError
from inventory.store.store import Store

if TYPE_CHECKING:
    from inventory.store.writer import Visited, Writer

__all__ = ["Store", "StoreError", "Visited", "Writer"]


def __getattr__(name: str) -> object:
    """The writer is imported when it is asked for: reading commands need no asyncio."""
    if name in ("Visited", "Writer"):
        from inventory.store import writer

        return getattr(writer, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
