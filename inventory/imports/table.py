"""A CSV or XLSX file as a header and numbered rows, whatever its delimiter and encoding.

One rule keeps it simple: bounds first (size, rows, columns, cell length), then text.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from inventory.imports.encodings import NO_WORDS, EncodingError, decode
from inventory.imports.sheets import SheetError, sheet

MOST_BYTES = 200_000_000
MOST_ROWS = 1_000_000
MOST_COLUMNS = 500
MOST_TEXT = 4_096
MOST_CELL_LINES = 50
"""Lines in one quoted cell; more is taken for a quote that was never closed."""
LOOKED_AT = 20
"""First lines by which the delimiter is told, and in which the columns may be named."""
LOOKED_AT_LETTERS = 1_000_000


Names = Callable[[Sequence[str]], bool]


class TableError(Exception):
    """The file is no table; the message says what was found and what is expected."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its number in the file, counting from 1, and its cells."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file's first row and the rows below it."""

    name: str
    digest: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    told: str  # "CSV, delimiter ;, UTF-8"
    workbook: bool = False
    others: tuple[str, ...] = ()  # sheets of a workbook that were not read
    line: int = 1  # of the header

    @property
    def document(self) -> str:
        """How declarations cite the file."""
        return f"{self.name} sha256:{self.digest}"

    def headed(self, place: int) -> Table:
        """The same with one of its rows as the header, and what stands above left out."""
        row = self.rows[place]
        told = f"{self.told}, columns from line {row.line}"
        rows = self.rows[place + 1 :]
        return replace(self, header=_headings(row.cells), rows=rows, told=told, line=row.line)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person, or the kind of the list, says of the file."""

    sheet: str = ""  # of a workbook
    encoding: str = ""  # of a text
    names: Names = lambda _: False  # whether cells name the columns
    headings: frozenset[str] = NO_WORDS  # known ones, as they are compared


def read(path: Path, asked: Asked | None = None) -> Table:
    """Reads a table, of a workbook the sheet that is asked for or that names the columns.

    Raises `TableError` for what is no table, OSError for what cannot be read.
    """
    asked = asked or Asked()
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise TableError(f"{path}: {size} bytes; a list has at most {MOST_BYTES}")
    content = path.read_bytes()
    if not content.strip():
        raise TableError(f"{path} is empty; the first row must name the columns")
    others: tuple[str, ...] = ()
    workbook = content.startswith(b"PK\x03\x04")
    if workbook:
        others, told, lines = _workbook(path, content, asked)
    elif asked.sheet:
        raise TableError(f"{path} is no .xlsx workbook and has no sheet {asked.sheet!r}")
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError(f"{path} is an old .xls workbook; save it as .xlsx or .csv")
    else:
        told, lines = _text(path, content, asked)
    found = [row for row in lines if any(row.cells)]
    if not found:
        raise TableError(f"{path} has no row; the first row must name the columns")
    header = _headings(found[0].cells)
    if len(header) > MOST_COLUMNS:
        raise TableError(f"{path}: {len(header)} columns; at most {MOST_COLUMNS} are read")
    digest = hashlib.sha256(content).hexdigest()
    return Table(path.name, digest, header, tuple(found[1:]), told, workbook, others)


def _cell(text: str) -> str:
    """What a cell says: without blanks and unseen signs around it, and without what spreadsheets
    put before a text that is no formula (="00123", '=A1-K1 as we write it ourselves)."""
    if not text.isascii():
        text = text.replace("\xa0", " ").strip(UNSEEN)
    text = text.strip()[:MOST_TEXT]
    if text[:1] in "='" and (kept := KEPT_TEXT.fullmatch(text)):
        return kept[1] or kept[2] or ""
    return text


UNSEEN = " \t\r\n\v\f\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Blanks, and signs of no width."""
KEPT_TEXT = re.compile(r"=\"([^\"]*)\"|'([=+\-@|%\d].*)", re.DOTALL)


def _headings(cells: Sequence[str]) -> tuple[str, ...]:
    """Headings in one line each."""
    return tuple(" ".join(cell.split()) for cell in cells)


def _workbook(
    path: Path, content: bytes, asked: Asked
) -> tuple[tuple[str, ...], str, Iterator[Row]]:
    """Sheets that are not read, what is said of the one that is, and its rows."""
    if asked.encoding:
        raise TableError(f"{path} is a workbook, which says its encoding; leave out --encoding")
    try:
        chosen = sheet(content, asked.sheet, asked.names, LOOKED_AT)
    except SheetError as error:
        raise TableError(f"{path}{error}") from error
    told = f"XLSX, sheet {chosen.name!r}" + (f" of {len(chosen.others) + 1}" * bool(chosen.others))
    told += ", the only one that names the columns" * chosen.told_by_columns
    rows = (Row(number, tuple(map(_cell, cells))) for number, cells in enumerate(chosen.rows, 1))
    return chosen.others, told, rows


def _text(path: Path, content: bytes, asked: Asked) -> tuple[str, Iterator[Row]]:
    try:
        found = decode(content, asked.encoding, asked.headings)
    except EncodingError as error:
        raise TableError(f"{path}: {error}") from error
    if "\0" in found.text:
        raise TableError(f"{path} is no CSV or XLSX file (it holds zero bytes)")
    delimiter = _delimiter(found.text, asked.names)
    shown = {"\t": "TAB"}.get(delimiter, delimiter)
    return f"CSV, delimiter {shown}, {found.told}", _lines(path, found.text, delimiter)


def _delimiter(text: str, names: Names) -> str:
    """Of the signs by which one of the first lines names the columns, else of all, the one that
    parts the most cells, the same number in the most of these lines; outside quotes. A title above
    the columns has none, and commas in texts mostly differ from line to line."""
    lines = list(islice(filter(str.strip, text[:LOOKED_AT_LETTERS].splitlines()), LOOKED_AT))
    bare = [re.sub(r'"[^"]*"', "", line) for line in lines]
    signs = sorted((",", ";", "\t", "|"), key=lambda sign: -_parted(sign, bare))
    naming = (sign for sign in signs if any(names(_cells(line, sign)) for line in lines))
    return next(naming, signs[0])


def _cells(line: str, sign: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=sign), [])]
    except csv.Error:  # a cell longer than the library reads
        return []


def _parted(sign: str, lines: Sequence[str]) -> int:
    counts = Counter(line.count(sign) for line in lines)
    return max((cells * times for cells, times in counts.items()), default=0)


def _lines(path: Path, text: str, delimiter: str) -> Iterator[Row]:
    source = io.StringIO(text, newline="")
    # Strict, since otherwise a quote that is never closed swallows all rows to the end.
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    started, columns = 1, 0
    try:
        for number, cells in enumerate(reader):
            if number > MOST_ROWS:
                raise TableError(f"{path}: more than {MOST_ROWS} rows")
            columns = max(columns, len(cells)) if number < LOOKED_AT else columns
            if reader.line_num > started and _swallowed(cells, columns, delimiter):
                raise TableError(_unclosed(path, started, reader.line_num))
            yield Row(started, tuple(map(_cell, cells)))
            started = reader.line_num + 1
    except csv.Error as error:
        if reader.line_num > started or "unexpected end" in str(error):
            raise TableError(_unclosed(path, started, reader.line_num)) from error
        raise TableError(f"{path}, line {started}: {error}") from error


def _swallowed(cells: list[str], columns: int, delimiter: str) -> bool:
    """Whether a quoted cell holds what looks like rows: the row is short, the cell has their cells.

    A cell may hold line breaks; programs that write such cells write all cells of a row.
    """
    for cell in cells:
        lines = cell.splitlines()
        if len(lines) > MOST_CELL_LINES:
            return True
        if len(cells) < columns and any(line.count(delimiter) >= columns - 1 for line in lines[1:]):
            return True
    return False


def _unclosed(path: Path, line: int, end: int) -> str:
    reach = f" and takes in line {end}" if end > line else ""
    return (
        f"{path}, line {line}: a quote opens and is not closed{reach}; nothing was imported; "
        'close it, as in "open, pump", and write "" for a quote inside'
    )
