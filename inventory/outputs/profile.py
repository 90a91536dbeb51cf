"""Column profiles: receivers described by a TOML file, written by one engine.

    title = "…"                      what it is for
    source = "…"                     where its columns are documented, and when that was looked at
    format = "csv" | "xlsx"
    [[file]]                         one file, or sheet; in import order
    name = "05-devices.csv"
    rows = ["device", "equipment"]   assets that give a row
    each = "networks"                one row per entry of that field (optional)
    distinct = ["vendor"]            one row per value of these fields (optional)
    needs = ["serial"]               only assets that have one of these fields (optional)
    [[file.column]]
    name = "Serial number"           exactly as the receiver documents it
    from = ["serial", "key"]         first of these fields that is not empty
    number = 1                       entry of a field that holds several
    text = "…"                       a constant instead of `from`
    default = "…", map = {a = "b"}   when empty; other words for a value (* for any other)
    upper, slug, unique = true, length = 12, time = "%Y-%m-%d"
    refers = "parent"                the first unique column's value for the asset named there

One rule keeps it simple: a profile can pick and cut text, and every cell is made inert.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.outputs import view
from inventory.outputs.rows import FIELDS, Record, records
from inventory.outputs.shelf import Shelf
from inventory.outputs.workbook import workbook
from inventory.text import cell, inert, slug

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a receiver."""

    name: str
    sources: tuple[str, ...] = ()
    number: int = 0
    text: str = ""
    default: str = ""
    map: Mapping[str, str] = field(default_factory=dict)
    upper: bool = False
    slug: bool = False
    unique: bool = False
    length: int = 0
    time: str = ""
    refers: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """One file (or sheet) of a receiver."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[str, ...] = ("device",)
    each: str = ""
    distinct: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """A receiver."""

    title: str
    source: str
    format: str
    files: tuple[File, ...]


class ProfileError(ValueError):
    """The profile says something that cannot be meant: names it, and a good one."""


def bundled(name: str) -> Profile:
    """A profile of this version."""
    text = files("inventory").joinpath(f"data/exports/{name}.toml").read_text("utf-8")
    return parse(text, f"{name}.toml")


def chosen(name: str, request: Request) -> Profile:
    """The user's own profile where `--profile` names one, else the bundled one."""
    path = request.options.get("profile", "")
    if not path:
        return bundled(name)
    try:
        return parse(Path(path).read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: {error}") from error


def parse(text: str, where: str) -> Profile:
    """A profile from TOML. Raises `ProfileError`."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{where}: not TOML: {error}") from error
    try:
        found = tuple(_file(given) for given in content["file"])
        kind = str(content.get("format", "csv"))
        if kind not in ("csv", "xlsx"):
            raise ProfileError(f"format {kind!r}; write csv or xlsx")
        return Profile(str(content.get("title", "")), str(content.get("source", "")), kind, found)
    except (KeyError, TypeError, AttributeError) as error:
        raise ProfileError(f"{where}: a [[file]] with name and [[file.column]]: {error}") from error
    except ProfileError as error:
        raise ProfileError(f"{where}: {error}") from error


_FILE = {"name", "rows", "each", "distinct", "needs", "column"}
_COLUMN = {"name", "from", "number", "text", "default", "map", "upper", "slug", "unique"} | {
    "length",
    "time",
    "refers",
}


def _file(given: Mapping[str, object]) -> File:
    _known(given, _FILE, "file")
    columns = given["column"]
    if not isinstance(columns, list) or not columns:
        raise ProfileError("a file needs at least one [[file.column]]")
    return File(
        str(given["name"]),
        tuple(_column(one) for one in columns),
        _texts(given.get("rows", ["device"])),
        "".join(_fields([given["each"]])) if "each" in given else "",
        _fields(given.get("distinct", [])),
        _fields(given.get("needs", [])),
    )


def _column(given: Mapping[str, object]) -> Column:
    _known(given, _COLUMN, f"column {given.get('name', '')!r}")
    number, length, terms = given.get("number", 0), given.get("length", 0), given.get("map", {})
    if not isinstance(number, int) or not isinstance(length, int) or not isinstance(terms, dict):
        raise ProfileError(f"column {given['name']!r}: number and length are integers, map a table")
    return Column(
        str(given["name"]),
        _fields(given.get("from", [])),
        number,
        str(given.get("text", "")),
        str(given.get("default", "")),
        {str(k): str(v) for k, v in terms.items()},
        bool(given.get("upper", False)),
        bool(given.get("slug", False)),
        bool(given.get("unique", False)),
        length,
        str(given.get("time", "")),
        "".join(_fields([given["refers"]])) if "refers" in given else "",
    )


def _known(given: Mapping[str, object], good: set[str], where: str) -> None:
    for key in given:
        if key not in good:
            raise ProfileError(f"unknown key {key!r} in {where}; one of {', '.join(sorted(good))}")


def _texts(given: object) -> tuple[str, ...]:
    several = given if isinstance(given, list) else [given]
    return tuple(str(one) for one in several)


def _fields(given: object) -> tuple[str, ...]:
    found = _texts(given)
    for one in found:
        if one not in FIELDS:
            raise ProfileError(f"unknown field {one!r}; one of {', '.join(FIELDS)}")
    return found


# --- rows ----------------------------------------------------------------------------------------


def table(store: Store, file: File) -> Iterator[list[str]]:
    """The rows of one file, as text; streams. The values of unique columns are kept on disk."""
    given = _Given(file, store)
    seen = Shelf() if file.distinct else None
    for record in records(store, file.rows):
        if file.needs and not any(record[name] for name in file.needs):
            continue
        for one in _exploded(record, file.each):
            if seen is not None and not seen.add(
                "\0".join(str(one[name]) for name in file.distinct)
            ):
                continue
            yield [given.value(column, one) for column in file.columns]


def _exploded(record: Record, name: str) -> Iterator[Record]:
    if not name:
        yield record
        return
    several = record[name]
    for one in several if isinstance(several, tuple) else (several,):
        if one:
            yield {**record, name: one}


class _Given:
    """Values of unique columns, so that a reference finds them before their row.

    A value is kept where it differs from what the column's rules alone give, or where another asset
    refers to it; all others stand on a shelf, so that memory does not grow.
    """

    def __init__(self, file: File, store: Store) -> None:
        self._taken: dict[str, Shelf] = {}
        self._of: dict[tuple[str, str], str] = {}
        unique = [one for one in file.columns if one.unique]
        self._first = unique[0].name if unique else ""
        self._live = bool(file.distinct)  # rows are not those of assets: no pass before them
        if unique and not self._live:
            names = [one.refers for one in file.columns if one.refers]
            several = records(store, file.rows) if names else ()
            referred = {str(record[name]) for record in several for name in names}
            for record in records(store, file.rows):
                for column in unique:
                    self._keep(column, record, referred)

    def _keep(self, column: Column, record: Record, referred: set[str]) -> None:
        key, text = str(record["key"]), self._unique(column, record)
        if text != plain(column, record) or (column.name == self._first and key in referred):
            self._of[(column.name, key)] = text

    def value(self, column: Column, record: Record) -> str:
        """The text of one cell, before it is made inert."""
        if column.refers:
            return self._of.get((self._first, str(record[column.refers])), "")
        if column.unique and self._live:
            return self._unique(column, record)
        if column.unique:
            known = self._of.get((column.name, str(record["key"])))
            return known if known is not None else plain(column, record)
        return plain(column, record)

    def _unique(self, column: Column, record: Record) -> str:
        """The value, or the value with a mark of the asset where another has it already."""
        if column.name not in self._taken:
            self._taken[column.name] = Shelf()
        taken = self._taken[column.name]
        text = plain(column, record)
        if not text:
            return text
        if text.casefold() in taken:
            mark = str(record["short"])[:8].upper() if column.upper else str(record["short"])[:8]
            room = (column.length or len(text) + 9) - 9
            text = f"{text[: max(room, 0)]}-{mark}"[-(column.length or 1000) :]
        taken.put(text.casefold(), "")
        return text


def plain(column: Column, record: Record) -> str:
    """The text of a column for one record, by its rules alone."""
    text = column.text or next(filter(None, (_pick(record, n, column) for n in column.sources)), "")
    if column.map:
        text = column.map.get(text, column.map.get("*", text) if text else text)
    text = text or column.default
    if column.time and text:
        text = datetime.fromisoformat(text).strftime(column.time)
    if column.slug and text:
        text = slug(text, column.length or 80).lower()
    text = inert(text, 4096)
    text = text.upper() if column.upper else text
    return text[: column.length] if column.length else text


def _pick(record: Record, name: str, column: Column) -> str:
    several = record[name]
    if isinstance(several, str):
        return several
    if column.number:
        return several[column.number - 1] if len(several) >= column.number else ""
    return " ".join(several)


# --- files ---------------------------------------------------------------------------------------


Put = Callable[[Sequence[str]], object]
"""Takes one row."""


@contextmanager
def _csv(path: Path) -> Iterator[Put]:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        yield writer.writerow


@contextmanager
def xlsx_rows(path: Path, name: str = "Import") -> Iterator[Put]:
    """Takes rows into a workbook of one sheet; the caller makes each cell inert."""
    with workbook(path) as book:
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        at = 0

        def put(row: Sequence[str]) -> None:
            nonlocal at
            for place, text in enumerate(row):
                if text:
                    sheet.write_string(at, place, text[:32_767])
            at += 1

        yield put


def write_file(store: Store, file: File, path: Path, kind: str) -> int:
    """Writes one file; returns the number of its rows below the header."""
    count = 0
    with (xlsx_rows if kind == "xlsx" else _csv)(path) as put:
        put([column.name for column in file.columns])
        for row in table(store, file):
            put([cell(text) for text in row])
            count += 1
    return count


def write_single(name: str, store: Store, request: Request) -> str:
    """Writes a receiver of one file to `-o`. Raises ValueError without one."""
    profile = chosen(name, request)
    if request.output is None:
        raise ValueError(f"{name} needs a file; add -o {name}.{profile.format}")
    if len(profile.files) != 1:
        raise ValueError(f"this profile has {len(profile.files)} files; use export netbox -o DIR")
    count = write_file(view(store, request), profile.files[0], request.output, profile.format)
    return f"{count} rows for {profile.title or name} written to {request.output}"
