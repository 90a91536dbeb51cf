"""Which column of a register map is the model, where a "Type" stands beside the data type.

One rule keeps it simple: a maker's type is taken for the model only where all rows name one; else
the import says that the map counts for every device of the maker.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from inventory.imports.by_cells import EITHER
from inventory.imports.checks import is_data_type, is_table
from inventory.imports.columns import canonical, plain

Cells = Callable[[int], Iterable[str]]
"""What stands in a column, by its place."""

_RIGHTS = frozenset({"r", "w", "rw", "ro", "wo", "read", "write", "read only", "read write"})


def model_of_map(
    header: Sequence[str], columns: Mapping[str, int], cells: Cells
) -> tuple[dict[str, int], str]:
    """The columns, with such a "Type" taken for Model; and what has to be said where no column is
    the model and one may be."""
    taken = _with_data_type(header, columns, cells)
    left = [
        place
        for place, name in enumerate(header)
        if plain(name) in EITHER and place not in taken.values()
    ]
    if "Model" in taken or "Vendor" not in taken or not left:
        return taken, ""
    words = set(cells(left[0]))
    if len(words) == 1 and not any(_means_another(word) for word in words):
        return {**taken, "Model": left[0]}, ""
    name = header[left[0]]
    return taken, (
        "no column is the model, so the map counts for every device of the maker; if"
        f' {name} is it: --map "{name}=Model"'
    )


def _means_another(text: str) -> bool:
    """Whether a word is no maker's type: nothing, a data type, a table, a right."""
    word = re.sub(r"[\s/_-]+", " ", text.casefold()).strip()
    rights = word in _RIGHTS or word.replace(" ", "") in _RIGHTS
    return not word or rights or is_table(word.removesuffix("s")) or is_data_type(text)


def _with_data_type(
    header: Sequence[str], columns: Mapping[str, int], cells: Cells
) -> dict[str, int]:
    """The columns, with a "Data type" taken for the type where the "Type" beside it holds none."""
    place = columns.get("Type", -1)
    if place < 0 or plain(header[place]) not in EITHER or all(map(is_data_type, cells(place))):
        return dict(columns)
    words = {plain(word) for word in canonical("map")["Type"]} - EITHER
    others = [n for n, name in enumerate(header) if plain(name) in words]
    free = [n for n in others if n not in columns.values()]
    return {**columns, "Type": free[0]} if free else dict(columns)
