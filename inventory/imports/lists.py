"""One list file as declarations: register, links, map, attest (rulings 22).

One rule keeps it simple: a row is checked by one function of its kind, which returns what is wrong
with it in words; a file with a wrong row declares nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

from inventory.derive.declared import equipment_class, role
from inventory.imports.checks import CHECKS, Fields, date_of
from inventory.imports.columns import (
    MappingError,
    adds_up,
    choose,
    placed,
    plain,
    says_nothing,
    told_by_cells,
)
from inventory.imports.ratings import FIGURES, ratings, told
from inventory.imports.table import LOOKED_AT, Names, Row, Table, read
from inventory.judge.statements import nearest, says
from inventory.model import Declaration, Kind

SHOWN_ERRORS = 20
"""Wrong rows that a message lists; the rest is counted."""


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
) -> Imported:
    """Reads one list file.

    Raises `TableError` (no table), `MappingError` (bad --map), `ListError` (wrong rows).
    """
    names = partial(_names_columns, kind, stated=stated)
    table = _headed(read(path, sheet, names), names)
    columns, placing = _placed(kind, table, _columns(kind, table, stated), stated)
    _require(kind, path, columns, table)
    rating = table.header[columns["Criticality"]] if "Criticality" in columns else ""
    levels = ratings(rating)
    found: list[Declaration] = []
    wrong: list[str] = []
    unread: dict[str, int] = {}
    first: dict[str, tuple[int, Fields]] = {}
    printed = {"Look at", "Why"} <= set(table.header)
    unknown, sums, figures = Counter[str](), list[int](), False
    for row in table.rows:
        fields = _fields(row, columns)
        if kind is Kind.REGISTER and adds_up(row.cells):
            sums.append(row.line)
            continue
        if kind in (Kind.REGISTER, Kind.LINK):
            unknown += _emptied(fields)
        if not any(fields.values()) or (kind is Kind.ATTEST and _unanswered(fields, printed)):
            continue
        if word := fields.get("criticality"):
            figures |= word in FIGURES
            fields["criticality"] = levels.get(plain(word), word)
        complaint, subject = CHECKS[kind](fields)
        complaint = _shifted(row, table) or complaint
        if kind is Kind.REGISTER and not complaint:
            complaint = _second(subject, fields, *first.setdefault(subject, (row.line, fields)))
        if complaint:
            wrong.append(f"line {row.line}: {complaint}")
            continue
        if kind is Kind.ATTEST:
            unread.setdefault(fields["statement"], row.line)
        who = fields.get("author", "") or author
        made = Declaration(site, kind, subject, fields, who, table.document, date_of(fields))
        found.append(_walked(made) if kind is Kind.ATTEST else made)
    if wrong:
        raise ListError(_said(path, wrong))
    if not found and table.rows:
        raise ListError(f"{path}: no row below the header; nothing was imported")
    used = set(columns.values())
    ignored = tuple(n for i, n in enumerate(table.header) if i not in used and n)
    theirs = {ours: table.header[index] for ours, index in columns.items()}
    left = f"left out: line {sums[0]}, a sum of the list" if sums else ""
    said = (table.told, told(rating, figures), placing, left, _not_known(unknown), *_unread(unread))
    remarks = "\n".join(filter(None, said))
    return Imported(tuple(found), theirs, ignored, remarks)


def _emptied(fields: Fields) -> Counter[str]:
    """Empties the cells that say that nothing is known ("-", "n/a", "tbd"): their words, counted.

    Taken for values, they would be owners, serial numbers and makers that nobody has.
    """
    words = {name: text for name, text in fields.items() if text and says_nothing(name, text)}
    fields.update(dict.fromkeys(words, ""))
    return Counter(words.values())


def _not_known(unknown: Counter[str]) -> str:
    if not unknown:
        return ""
    words = ", ".join(text for text, _ in unknown.most_common(MOST_WORDS))
    cells = "1 cell" if unknown.total() == 1 else f"{unknown.total()} cells"
    return f"taken as not known: {cells} ({words})"


MOST_WORDS = 5
"""Different words for "not known" that the import names."""


def _unread(statements: Mapping[str, int]) -> Iterator[str]:
    """What has to be said of statements, each with its first line, that no verdict reads."""
    unread = {text: near for text in statements if (near := _nearest(text)) is not None}
    for text, near in islice(unread.items(), SHOWN_ERRORS):
        hint = f"; did you mean {near!r}?" if near else ""
        yield f"line {statements[text]}: no verdict reads {text!r}; it is kept as a note{hint}"


def _nearest(text: str) -> str | None:
    return None if RULE.match(text) else nearest(text)


RULE = re.compile(r"[TAUQGN]\d\d\b")
"""How a walk-down sheet names what it asks about, where no statement is meant."""
SAMPLED = 200
"""Rows whose cells tell what a column is that its heading leaves open."""


def _columns(kind: Kind, table: Table, stated: Mapping[str, str]) -> dict[str, int]:
    columns = choose(_NAMES[kind], table.header, stated)
    place = columns.get("Class", -1)
    if kind is not Kind.REGISTER or place < 0 or "class" in map(str.casefold, stated.values()):
        return columns
    cells = [row.cells[place] for row in table.rows[:SAMPLED] if place < len(row.cells)]
    return told_by_cells(table.header, columns, cells, _is_class)


def _placed(
    kind: Kind, table: Table, columns: dict[str, int], stated: Mapping[str, str]
) -> tuple[dict[str, int], str]:
    if kind is not Kind.REGISTER or {"site", "area"} & set(map(str.casefold, stated.values())):
        return columns, ""
    return placed(table.header, columns)


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


def _said(path: Path, wrong: list[str]) -> str:
    more = len(wrong) - SHOWN_ERRORS
    tail = [f"and {more} more"] if more > 0 else []
    many = f"{len(wrong)} row{'s are' if len(wrong) > 1 else ' is'} wrong, nothing was imported"
    return "\n  ".join([f"{path}: {many}:", *wrong[:SHOWN_ERRORS], *tail])


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
