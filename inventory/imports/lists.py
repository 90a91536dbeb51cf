"""One list file as declarations: register, links, map, attest (rulings 22).

One rule keeps it simple: a row is checked by one function of its kind, which returns what is wrong
with it in words; a file with a wrong row declares nothing, and a cell that a row can do without is
set aside and named (decision 0058).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from inventory.derive.declared import equipment_class, role
from inventory.imports.asset_row import Fields
from inventory.imports.by_cells import one_word, placed, process_unit, telling_tag, told_by_cells
from inventory.imports.checks import CHECKS, date_of
from inventory.imports.columns import (
    MappingError,
    a_rule,
    adds_up,
    choose,
    headed_again,
    headings,
    says_nothing,
)
from inventory.imports.map_model import model_of_map
from inventory.imports.ratings import Scale, scale
from inventory.imports.remarks import Remarks
from inventory.imports.table import LOOKED_AT, Asked, Names, Row, Table, read
from inventory.judge.statements import says
from inventory.model import Declaration, Kind


class ListError(Exception):
    """The list was not imported; one line per wrong row."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file holds, ready to be declared, and how its columns were taken."""

    declarations: tuple[Declaration, ...]
    columns: Mapping[str, str]  # canonical → theirs
    ignored: tuple[str, ...]
    told: str


def read_list(
    kind: Kind,
    path: Path,
    site: str,
    stated: Mapping[str, str],
    author: str = "",
    sheet: str = "",
    encoding: str = "",
) -> Imported:
    """Reads one list file.

    Raises `TableError` (no table), `MappingError` (bad --map), `ListError` (wrong rows).
    """
    names = partial(_names_columns, kind, stated=stated)
    asked = Asked(sheet, encoding, names, headings(_NAMES[kind]))
    table = _headed(read(path, asked), names)
    columns, placing = _placed(kind, table, _columns(kind, table, stated), stated)
    columns, modelling = _modelled(kind, table, columns, stated)
    _require(kind, path, columns, table)
    rated = _scale(table, columns)
    found: list[Declaration] = []
    said = Remarks()
    first: dict[str, tuple[int, Fields]] = {}
    for row, fields in _rows(kind, table, columns, said):
        if word := fields.get("criticality"):
            fields["criticality"] = rated.of(word)
        redundancy = fields.get("redundancy", "")
        complaint, subject, aside = CHECKS[kind](fields)
        complaint = _shifted(row, table) or complaint
        if kind is Kind.REGISTER and not complaint:
            complaint = _second(subject, fields, *first.setdefault(subject, (row.line, fields)))
        if complaint:
            said.wrong.append(f"line {row.line}: {complaint}")
            continue
        said.aside += [f"line {row.line}: {text}" for text in aside]
        said.took(redundancy, fields.get("redundancy", ""))
        if kind is Kind.ATTEST:
            said.statements.setdefault(fields["statement"], row.line)
        who = fields.get("author", "") or author
        made = Declaration(site, kind, subject, fields, who, table.document, date_of(fields))
        found.append(_walked(made) if kind is Kind.ATTEST else made)
    if said.wrong:
        raise ListError(said.refusal(path))
    if not found and table.rows:
        raise ListError(f"{path}: no row below the header; nothing was imported")
    used = set(columns.values())
    ignored = tuple(n for i, n in enumerate(table.header) if i not in used and n)
    theirs = {ours: table.header[index] for ours, index in columns.items()}
    told = (table.told, rated.told, placing, modelling, *said.lines())
    return Imported(tuple(found), theirs, ignored, "\n".join(filter(None, told)))


def _rows(
    kind: Kind, table: Table, columns: Mapping[str, int], said: Remarks
) -> Iterator[tuple[Row, Fields]]:
    """The rows that state something, with the cells of our columns."""
    printed = {"Look at", "Why"} <= set(table.header)
    words = kind is Kind.REGISTER and one_word(_tags(table, columns))
    for row in table.rows:
        fields = _fields(row, columns)
        if a_rule(row.cells):
            continue
        if kind is not Kind.REGISTER:
            if headed_again(table.header, row.cells):
                continue
        elif said.is_none(row, table, columns, one_word=words):
            continue
        if kind in (Kind.REGISTER, Kind.LINK):
            said.unknown += _emptied(fields)
        if any(fields.values()) and not (kind is Kind.ATTEST and _unanswered(fields, printed)):
            yield row, fields


def _tags(table: Table, columns: Mapping[str, int]) -> tuple[str, ...]:
    """The tags of rows that say more than a tag."""
    place = columns.get("Tag", columns.get("Name", -1))
    rows = [
        row.cells
        for row in table.rows
        if sum(map(bool, row.cells)) > 1 and not headed_again(table.header, row.cells)
    ]
    return tuple(cells[place] for cells in rows if 0 <= place < len(cells) and cells[place])


def _scale(table: Table, columns: Mapping[str, int]) -> Scale:
    place = columns.get("Criticality", -1)
    if place < 0:
        return scale("", ())
    cells = (row.cells[place] for row in table.rows if place < len(row.cells))
    return scale(table.header[place], cells)


def _emptied(fields: Fields) -> Counter[str]:
    """Empties the cells that say that nothing is known ("-", "n/a", "tbd"): their words, counted.

    Taken for values, they would be owners, serial numbers and makers that nobody has.
    """
    words = {name: text for name, text in fields.items() if text and says_nothing(name, text)}
    fields.update(dict.fromkeys(words, ""))
    return Counter(words.values())


SAMPLED = 200
"""Rows whose cells tell what a column is that its heading leaves open."""


def _columns(kind: Kind, table: Table, stated: Mapping[str, str]) -> dict[str, int]:
    columns = choose(_NAMES[kind], table.header, stated)
    place = columns.get("Class", -1)
    if kind is Kind.REGISTER and "tag" not in map(str.casefold, stated.values()):
        given = [row.cells for row in table.rows if any(row.cells) and not adds_up(row.cells)]
        columns = telling_tag(table.header, columns, given)
    if kind is not Kind.REGISTER or place < 0 or "class" in map(str.casefold, stated.values()):
        return columns
    cells = [row.cells[place] for row in table.rows[:SAMPLED] if place < len(row.cells)]
    return told_by_cells(table.header, columns, cells, _is_class)


def _placed(
    kind: Kind, table: Table, columns: dict[str, int], stated: Mapping[str, str]
) -> tuple[dict[str, int], str]:
    known = set(map(str.casefold, stated.values()))
    if kind is not Kind.REGISTER:
        return columns, ""
    columns, said = (columns, "") if {"site", "area"} & known else placed(table.header, columns)
    if {"unit", "line"} & known:
        return columns, said
    columns, more = process_unit(table.header, columns, [row.cells for row in table.rows])
    return columns, "\n".join(filter(None, (said, more)))


def _modelled(
    kind: Kind, table: Table, columns: dict[str, int], stated: Mapping[str, str]
) -> tuple[dict[str, int], str]:
    if kind is not Kind.MAP or "model" in map(str.casefold, stated.values()):
        return columns, ""
    rows = table.rows[:SAMPLED]

    def cells(place: int) -> list[str]:
        return [row.cells[place].strip() if place < len(row.cells) else "" for row in rows]

    return model_of_map(table.header, columns, cells)


def _is_class(text: str) -> bool:
    return bool(equipment_class(text) or role(text))


def _headed(table: Table, names: Names) -> Table:
    """The table with the row that names the columns as its header: the first that will do, among
    the first rows; a title, a date, an empty form may stand above."""
    if names(table.header):
        return table
    rows = enumerate(table.rows[:LOOKED_AT])
    place = next((place for place, row in rows if names(row.cells)), None)
    return table if place is None else table.headed(place)


def _names_columns(kind: Kind, cells: Sequence[str], stated: Mapping[str, str]) -> bool:
    try:
        columns = choose(_NAMES[kind], cells, stated)
    except MappingError:
        return False  # --map names a column that this row has not
    return len(columns) > 1 and all(
        any(name in columns for name in needed) for needed in _NEEDED[kind]
    )


def _walked(one: Declaration) -> Declaration:
    """What monitors a machine, found by looking, is a link; "none" says that there is none."""
    if not says("monitored_by", one.fields):
        return one
    device = one.fields.get("value", "").strip()
    none = device.casefold() in NOTHING
    fields = {
        "equipment": one.fields["subject"],
        "device": "" if none else device,
        "complete": "yes" if none else "",
    }
    subject = f"{fields['equipment']} | {fields['device']} |  | "
    return replace(one, kind=Kind.LINK, subject=subject, fields=fields)


NOTHING = frozenset(
    ("none", "nothing", "keine", "keins", "nichts", "aucun", "rien", "ninguno", "nada", "nessuno",
     "nenhum", "brak", "geen", "无", "なし")
)  # fmt: skip
"""Texts that mean that there is none."""


def _shifted(row: Row, table: Table) -> str:
    """A CSV line with more cells than the header: what stands behind the surplus is elsewhere."""
    if table.workbook or not any(row.cells[len(table.header) :]):
        return ""
    cells, columns = len(row.cells), len(table.header)
    return f'{cells} cells for {columns} columns; put a cell that holds the delimiter in "quotes"'


def _second(subject: str, fields: Fields, line: int, known: Fields) -> str:
    """What is wrong with a row about a thing that another row told otherwise: one would be lost."""
    if known == fields:
        return ""
    return f"{subject!r} stands in line {line} too and differs; give each row a Tag of its own"


def _unanswered(fields: Fields, printed: bool) -> bool:
    """Whether a line of a walk-down sheet was left as it was printed: it states nothing.

    On a `printed` sheet only Value answers: people sign every line that they walked past.
    """
    answers = ("value",) if printed else ("value", "author", "date", "document")
    return "value" in fields and not any(fields.get(name) for name in answers)


def _fields(row: Row, columns: Mapping[str, int]) -> Fields:
    return {
        ours.lower(): row.cells[index] if index < len(row.cells) else ""
        for ours, index in columns.items()
    }


_NAMES = {Kind.REGISTER: "register", Kind.LINK: "links", Kind.MAP: "map", Kind.ATTEST: "attest"}

_NEEDED = {
    Kind.REGISTER: (("Tag", "Name", "Address", "Serial", "MAC"),),
    Kind.LINK: (("Equipment",), ("Device",)),
    Kind.MAP: (("Table",), ("Address",), ("Type",), ("Name",)),
    Kind.ATTEST: (("Subject",), ("Statement",)),
}


def _require(kind: Kind, path: Path, columns: Mapping[str, int], table: Table) -> None:
    header = table.header
    for needed in _NEEDED[kind]:
        if not any(name in columns for name in needed):
            have = ", ".join(name for name in header if name)
            message = (
                f"{path}: no column for {' or '.join(needed)} among {have}; "
                f'say which one it is, as in --map "{header[0] or "Column"}={needed[0]}"'
            )
            if table.others:
                message += f"; or another sheet, as in --sheet {table.others[0]!r}"
            raise ListError(message)
