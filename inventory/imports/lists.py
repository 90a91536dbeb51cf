"""One list file as declarations: register, links, map, attest (rulings 22).

One rule keeps it simple: a row is checked by one function of its kind, which returns what is wrong
with it in words; a file with a wrong row declares nothing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from itertools import islice
from pathlib import Path

from inventory.derive.declared import denies, equipment_class, role, yes
from inventory.imports.columns import MappingError, choose, plain, told_by_cells
from inventory.imports.ratings import ratings, told
from inventory.imports.table import LOOKED_AT, Names, Row, Table, read
from inventory.judge.presence import NOT_FITTED, NOT_INSTRUMENTED
from inventory.judge.profiles import classes, profile, signal_of
from inventory.judge.statements import nearest
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


Fields = dict[str, str]


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
    columns = _columns(kind, table, stated)
    _require(kind, path, columns, table)
    rating = table.header[columns["Criticality"]] if "Criticality" in columns else ""
    levels = ratings(rating)
    found: list[Declaration] = []
    wrong: list[str] = []
    unread: dict[str, int] = {}
    first: dict[str, tuple[int, Fields]] = {}
    printed = {"Look at", "Why"} <= set(table.header)
    for row in table.rows:
        fields = _fields(row, columns)
        if not any(fields.values()) or (kind is Kind.ATTEST and _unanswered(fields, printed)):
            continue
        if word := fields.get("criticality"):
            fields["criticality"] = levels.get(plain(word), word)
        complaint, subject = _CHECKS[kind](fields)
        complaint = _shifted(row, table) or complaint
        if kind is Kind.REGISTER and not complaint:
            complaint = _second(subject, fields, *first.setdefault(subject, (row.line, fields)))
        if complaint:
            wrong.append(f"line {row.line}: {complaint}")
            continue
        if kind is Kind.ATTEST:
            unread.setdefault(fields["statement"], row.line)
        who = fields.get("author", "") or author
        made = Declaration(site, kind, subject, fields, who, table.document, _date(fields))
        found.append(_walked(made) if kind is Kind.ATTEST else made)
    if wrong:
        raise ListError(_said(path, wrong))
    if not found and table.rows:
        raise ListError(f"{path}: no row below the header; nothing was imported")
    used = set(columns.values())
    ignored = tuple(n for i, n in enumerate(table.header) if i not in used and n)
    theirs = {ours: table.header[index] for ours, index in columns.items()}
    remarks = "\n".join(filter(None, (table.told, told(rating), *_unread(unread))))
    return Imported(tuple(found), theirs, ignored, remarks)


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
    if one.fields.get("statement", "").strip().casefold() != "monitored by":
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


def _date(fields: Fields) -> datetime | None:
    text = fields.get("date", "")
    if day := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text.strip()):  # 20.11.2026
        text = f"{day[3]}-{day[2]:0>2}-{day[1]:0>2}"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# --- checks: what is wrong, and the subject ----------------------------------------------------


def _register(fields: Fields) -> tuple[str, str]:
    subject = next(
        (fields[n] for n in ("tag", "name", "serial", "mac", "address") if fields.get(n)), ""
    )
    if not subject:
        return "no tag, name, serial number, MAC or address", ""
    for check in (_address, _kind, _criticality, _redundancy, _mac):
        complaint = check(fields)
        if complaint:
            return complaint, subject
    if not (fields.get("tag") or fields.get("name")) and fields.get("unit"):
        subject = f"{subject} unit {fields['unit']}"
    return "", subject


def _address(fields: Fields) -> str:
    text = fields.get("address", "")
    if not text:
        return ""
    try:
        written = ipaddress.ip_interface(text.replace(" ", ""))  # an address, its prefix allowed
        fields["address"] = str(written.ip)
    except ValueError:
        return f"Address {text!r} is no IP address; write it like 10.0.0.17"
    return ""


def _kind(fields: Fields) -> str:
    kind = fields.get("kind", "").casefold()
    if kind in ("", "device", "equipment"):
        fields["kind"] = kind
    elif not fields.get("class"):
        fields["class"], fields["kind"] = fields["kind"], ""
    else:
        return f"Kind {fields['kind']!r}; write device or equipment, or leave it empty"
    return ""


def _criticality(fields: Fields) -> str:
    text = fields.get("criticality", "")
    if text in ("", "C1", "C2", "C3"):
        return ""
    return f"Criticality {text!r}; write C1 (low), C2 (medium) or C3 (high)"


def _redundancy(fields: Fields) -> str:
    text = fields.get("redundancy", "").upper()
    if text not in ("", "A", "B", "C"):
        return f"Redundancy {text!r}; write A, B or C (NORSOK Z-008)"
    if text:
        fields["redundancy"] = text
    return ""


def _mac(fields: Fields) -> str:
    text = fields.get("mac", "")
    digits = re.sub(r"[^0-9a-fA-F]", "", text).lower()
    if text and len(digits) != 12:
        return f"MAC {text!r} has not 12 hexadecimal digits; write it like 00:1b:1b:12:34:56"
    if text:
        fields["mac"] = ":".join(digits[i : i + 2] for i in range(0, 12, 2))
    return ""


def _link(fields: Fields) -> tuple[str, str]:
    if not fields.get("equipment"):
        return "no Equipment", ""
    # "Nothing monitors it" is a statement too, when the list is said to be complete.
    if complaint := _yes_or_no(fields, "complete"):
        return complaint, ""
    if not fields.get("device") and not yes(fields.get("complete", "")):
        return "no Device (leave it empty only with Complete = yes: nothing monitors it)", ""
    names = ("equipment", "device", "part", "signal")
    return "", " | ".join(fields.get(name, "") for name in names)


def _yes_or_no(fields: Fields, name: str) -> str:
    """A word that is neither would be taken for no."""
    text = fields.get(name, "")
    if text and not yes(text) and not denies(text):
        return f"{name.title()} {text!r}; write yes or no"
    return ""


_TABLES = {
    word: table
    for table, words in {
        "holding": ("holding", "holding register", "hr", "4x", "03", "fc3", "fc03"),
        "input": ("input", "input register", "ir", "3x", "04", "fc4", "fc04"),
        "coil": ("coil", "coils", "0x", "01", "fc1", "fc01"),
        "discrete": ("discrete", "discrete input", "1x", "02", "fc2", "fc02"),
    }.items()
    for word in words
}
"""Ways to write a table; a bare 3 or 4 is left out, it may mean the function or the prefix."""

_TYPES = re.compile(r"u?int(16|32|64)|float(32|64)|bit|string:\d{1,3}")

_ALIKE = {
    "float": "float32",
    "real": "float32",
    "double": "float64",
    "word": "uint16",
    "dword": "uint32",
    "int": "int16",
    "short": "int16",
    "dint": "int32",
    "long": "int32",
    "bool": "bit",
    "boolean": "bit",
    "u16": "uint16",
    "u32": "uint32",
    "u64": "uint64",
    "i16": "int16",
    "s16": "int16",
    "i32": "int32",
    "s32": "int32",
    "i64": "int64",
    "f32": "float32",
    "f64": "float64",
}


def _map(fields: Fields) -> tuple[str, str]:
    for check in (_map_table, _map_address, _map_type, _map_numbers, _map_orders):
        complaint = check(fields)
        if complaint:
            return complaint, ""
    if complaint := _yes_or_no(fields, "complete"):
        return complaint, ""
    if not fields.get("name"):
        return "no Name", ""
    names = ("vendor", "model", "firmware", "unit", "table", "address", "name")
    return "", " | ".join(fields.get(name, "") for name in names)


def _map_table(fields: Fields) -> str:
    text = fields.get("table", "")
    if text.casefold() not in _TABLES:
        return f"Table {text!r}; write holding, input, coil or discrete"
    fields["table"] = _TABLES[text.casefold()]
    return ""


def _map_address(fields: Fields) -> str:
    text = fields.get("address", "")
    digits = text[2:] if text.casefold().startswith("0x") else text
    base = 16 if digits != text else 10
    try:
        number = int(digits, base)
    except ValueError:
        number = -1
    if not 0 <= number <= 0xFFFF:
        return f"Address {text!r} is no zero-based register number from 0 to 65535"
    fields["address"] = str(number)
    return ""


def _map_type(fields: Fields) -> str:
    text = fields.get("type", "").casefold().replace(" ", "")
    kind = _ALIKE.get(text, text)
    if not _TYPES.fullmatch(kind):
        return (
            f"Type {fields.get('type', '')!r}; write one like uint16, int32, float32, bit, string:8"
        )
    fields["type"] = kind
    return ""


def _map_numbers(fields: Fields) -> str:
    for name in ("scale", "offset"):
        text = fields.get(name, "").replace(",", ".")
        try:
            number = float(text) if text else 0.0
        except ValueError:
            return f"{name.title()} {text!r} is no number"
        if text and number - number != 0:
            return f"{name.title()} {text!r} is no finite number"
        if name in fields:
            fields[name] = text
    return ""


def _map_orders(fields: Fields) -> str:
    for name, shown in (("wordorder", "WordOrder"), ("byteorder", "ByteOrder")):
        text = fields.get(name, "").casefold()
        text = {"msw": "big", "lsw": "little", "be": "big", "le": "little"}.get(text, text)
        if text not in ("", "big", "little"):
            return f"{shown} {fields[name]!r}; write big or little"
        if name in fields:
            fields[name] = text
    return ""


def _attest(fields: Fields) -> tuple[str, str]:
    for name in ("subject", "statement"):
        if not fields.get(name):
            return f"no {name.title()}", ""
    text = fields.get("date", "")
    if text and _date(fields) is None:
        return f"Date {text!r}; write it like 2026-05-04", ""
    if complaint := _measurands(fields) or _reader(fields):
        return complaint, ""
    return "", f"{fields['subject']} | {fields['statement']}"


def _measurands(fields: Fields) -> str:
    """A signal that no profile knows would be attested in vain."""
    text = fields.get("value", "")
    if fields["statement"].strip().casefold() not in NOT_INSTRUMENTED | NOT_FITTED or not text:
        return ""
    wrong = [
        one for one in text.split("|") if signal_of(one.strip().casefold()).name not in _known()
    ]
    return (
        f"Value {text!r} is no signal; write one like vibration or pressure:suction"
        if wrong
        else ""
    )


@cache
def _known() -> frozenset[str]:
    listed = [signal for cls in classes() if (about := profile(cls)) for signal in about.signals]
    return frozenset(name for one in listed for name in (one.name, one.measurand))


def _reader(fields: Fields) -> str:
    """A machine is monitored by a device; a yes or a no names none."""
    text = fields.get("value", "")
    if fields["statement"].strip().casefold() != "monitored by" or not (yes(text) or denies(text)):
        return ""
    return f"Value {text!r} names no device; write its tag or address, or none"


_CHECKS: Mapping[Kind, Callable[[Fields], tuple[str, str]]] = {
    Kind.REGISTER: _register,
    Kind.LINK: _link,
    Kind.MAP: _map,
    Kind.ATTEST: _attest,
}
