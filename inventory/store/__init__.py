"""The one file of results: what was observed and declared, and what is derived from it.

    from inventory.store import Store, StoreError, Writer

One rule keeps it simple: rows never leave this package; it takes and returns values of
`protocols.contract` and `inventory.model`. sqlalchemy is imported when a store is opened.
"""

from inventory.store.errors import StoreError
from inventory.store.store import Store
from inventory.store.writer import Visited, Writer

__all__ = ["Store", "StoreError", "Visited", "Writer"]
