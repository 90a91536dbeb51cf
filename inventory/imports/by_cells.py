"""What the cells, or the other columns, tell of a column whose heading leaves it open.

One rule keeps it simple: a column is taken otherwise only where another reading would lose what
the file says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from inventory.derive.declared import bus_part
from inventory.derive.identity import data
from inventory.imports.columns import canonical, plain

IsClass = Callable[[str], bool]

EITHER = frozenset({"typ", "type", "tipo"})
"""Headings of a class of equipment, or of a maker's type: only the cells tell."""


def told_by_cells(
    header: Sequence[str], columns: Mapping[str, int], cells: Iterable[str], is_class: IsClass
) -> dict[str, int]:
    """The columns, with a "Type" that holds makers' types (most have a figure, none is a class)
    taken for Model and not for Class, where no other column is the model."""
    if "Model" in columns or plain(header[columns["Class"]]) not in EITHER:
        return dict(columns)
    given = [text for text in cells if text]
    figures = sum(any(letter.isdigit() for letter in text) for text in given)
    if 2 * figures < len(given) or not given or any(map(is_class, given)):
        return dict(columns)
    return {"Model" if name == "Class" else name: index for name, index in columns.items()}


PLACES = frozenset({"standort", "locatie"})
"""Headings of a site, or of a place within it: mostly the latter, as "location" is."""


def placed(header: Sequence[str], columns: Mapping[str, int]) -> tuple[dict[str, int], str]:
    """The columns with a heading that may mean the site or a place within it taken for Area, where
    no other column is the area; and what has to be said of it.
    """
    taken = dict(columns)
    place = taken.get("Site", -1)
    if place >= 0 and "Area" not in taken and plain(header[place]) in PLACES:
        taken["Area"] = taken.pop("Site")
    name = header[taken["Area"]] if "Area" in taken else ""
    if plain(name) not in PLACES:
        return taken, ""
    return (
        taken,
        f'{name} is taken for a place within the site; if it names the site: --map "{name}=Site"',
    )


def process_unit(
    header: Sequence[str], columns: Mapping[str, int], rows: Sequence[Sequence[str]]
) -> tuple[dict[str, int], str]:
    """The columns, with a "Unit" that names units of the process taken for Line, where no other
    column is one; and what has to be said of it. A bus address is a number up to 255, of something
    that has an address or stands behind something.
    """
    taken = dict(columns)
    place = taken.get("Unit", -1)
    if place < 0 or "Line" in taken or plain(header[place]) not in PROCESS:
        return taken, ""
    filled = [cells for cells in rows if place < len(cells) and cells[place].strip("-? ")]
    bus = [cells for cells in filled if _bus_address(cells[place]) and _somewhere(cells, taken)]
    if not filled or 2 * len(bus) > len(filled):
        return taken, ""
    name = header[place]
    taken["Line"] = taken.pop("Unit")
    return taken, (
        f"{name} is taken for a unit of the process (Line); if it is a bus address:"
        f' --map "{name}=Unit"'
    )


PROCESS = frozenset({"unit", "unidad", "unidade", "station"})
"""Headings of a bus address, or of a unit of the process."""


def _bus_address(text: str) -> bool:
    return 0 <= int(bus_part(text).removeprefix("unit ") or -1) <= MOST_UNIT


MOST_UNIT = 255


def _somewhere(cells: Sequence[str], columns: Mapping[str, int]) -> bool:
    places = (columns.get(name, -1) for name in ("Address", "Parent"))
    return any(0 <= place < len(cells) and cells[place] for place in places)


def telling_tag(
    header: Sequence[str], columns: Mapping[str, int], rows: Sequence[Sequence[str]]
) -> dict[str, int]:
    """The columns, with another column of tags for Tag where the one that was taken names several
    things alike: of a functional location and an equipment number the one that tells them apart.
    A running number names rows, and no things.
    """
    taken = _named(header, columns)
    place = taken.get("Tag", -1)
    different = list(dict.fromkeys(map(tuple, rows)))
    if place < 0 or _apart(filter(None, _column(place, different))):
        return taken
    words = tuple(map(plain, canonical("register")["Tag"]))
    others = [
        index
        for index, name in enumerate(header)
        if plain(name) in words and index not in taken.values() and _names(index, different)
    ]
    taken["Tag"] = min(others, key=lambda index: words.index(plain(header[index])), default=place)
    return taken


def _named(header: Sequence[str], columns: Mapping[str, int]) -> dict[str, int]:
    """The columns, with what names a thing for Tag where nothing is, and the Name describes it."""
    taken = dict(columns)
    name = plain(header[taken["Name"]]) if "Name" in taken else ""
    if "Tag" in taken or name not in _naming("described"):
        return taken
    words = _naming("words")
    others = [
        i for i, text in enumerate(header) if plain(text) in words and i not in taken.values()
    ]
    if others:
        taken["Tag"] = min(others, key=lambda index: words.index(plain(header[index])))
    return taken


@cache
def _naming(name: str) -> tuple[str, ...]:
    table = data("columns.toml")["naming"]
    return tuple(map(plain, table[name])) if isinstance(table, dict) else ()


def alone(cells: Sequence[str], columns: Mapping[str, int]) -> bool:
    """Whether a text of several words stands alone in its row, as the heading of a section or a
    note below a list does."""
    given = [text for text in cells if text]
    return len(given) == 1 and " " in given[0] and len(columns) >= MOST_ALONE


def one_word(tags: Sequence[str]) -> bool:
    """Whether the tags of a list are single words, but for a few."""
    return 5 * sum(" " in tag for tag in tags) <= len(tags)


MOST_ALONE = 3
"""Columns of a list from which a row with one cell says too little to be an asset."""


def _column(place: int, rows: Sequence[Sequence[str]]) -> list[str]:
    return [cells[place] if place < len(cells) else "" for cells in rows]


def _names(place: int, rows: Sequence[Sequence[str]]) -> bool:
    cells = _column(place, rows)
    running = all(cell.isdecimal() and int(cell) <= len(rows) for cell in cells)
    return all(cells) and _apart(cells) and not running


def _apart(cells: Iterable[str]) -> bool:
    several = list(cells)
    return len(set(several)) == len(several)
