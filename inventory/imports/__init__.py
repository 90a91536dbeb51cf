"""Reads lists that people keep (register, links, maps, attestations) into declarations.

One rule keeps it simple: a file is read whole and judged whole; either every row is declared or
none, a cell that a row can do without is set aside, and what was wrong is said line by line.
"""

from inventory.imports.columns import MappingError
from inventory.imports.lists import Imported, ListError, read_list
from inventory.imports.table import TableError

__all__ = ["Imported", "ListError", "MappingError", "TableError", "read_list"]
