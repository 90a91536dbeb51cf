"""A CSV or XLSX file as a header and numbered rows, whatever its delimiter and encoding.

One rule keeps it simple: bounds first (size, rows, columns, cell length), then text.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path

MOST_BYTES = 200_000_000
MOST_ROWS = 1_000_000
MOST_COLUMNS = 500
MOST_TEXT = 4_096
MOST_CELL_LINES = 50
"""Lines in one quoted cell; more is taken for a quote that was never closed."""
LOOKED_AT = 20
"""First lines by which the delimiter is told, and in which the columns may be named."""
LOOKED_AT_LETTERS = 1_000_000
UNPACKED_BYTES = 1_000_000_000
"""What an XLSX file may unpack to; more is taken for a bomb."""


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
        return replace(self, header=row.cells, rows=rows, told=told, line=row.line)


def read(path: Path, sheet: str = "", names: Names = lambda _: False) -> Table:
    """Reads a table, of a workbook the `sheet` of that name or the first one; `names` tells whether
    cells name the columns, which tells the delimiter.

    Raises `TableError` for what is no table, OSError for what cannot be read.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise TableError(f"{path}: {size} bytes; a list has at most {MOST_BYTES}")
    content = path.read_bytes()
    if not content.strip():
        raise TableError(f"{path} is empty; the first row must name the columns")
    others: tuple[str, ...] = ()
    workbook = content.startswith(b"PK\x03\x04")
    if workbook:
        name, others, lines = _workbook(path, content, sheet)
        told = f"XLSX, sheet {name!r}" + (f" of {len(others) + 1}" if others else "")
    elif sheet:
        raise TableError(f"{path} is no .xlsx workbook and has no sheet {sheet!r}")
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError(f"{path} is an old .xls workbook; save it as .xlsx or .csv")
    else:
        told, lines = _text(path, content, names)
    found = [row for row in lines if any(row.cells)]
    if not found:
        raise TableError(f"{path} has no row; the first row must name the columns")
    header = found[0].cells
    if len(header) > MOST_COLUMNS:
        raise TableError(f"{path}: {len(header)} columns; at most {MOST_COLUMNS} are read")
    digest = hashlib.sha256(content).hexdigest()
    return Table(path.name, digest, header, tuple(found[1:]), told, workbook, others)


def _text(path: Path, content: bytes, names: Names) -> tuple[str, Iterator[Row]]:
    text, encoding = decode(content)
    if "\0" in text:
        raise TableError(f"{path} is no CSV or XLSX file (it holds zero bytes)")
    delimiter = _delimiter(text, names)
    shown = {"\t": "TAB"}.get(delimiter, delimiter)
    return f"CSV, delimiter {shown}, {encoding}", _lines(path, text, delimiter)


def decode(content: bytes) -> tuple[str, str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace"), "UTF-16"
    try:
        return content.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace"), "Windows-1252"


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
            yield Row(started, tuple(cell.strip()[:MOST_TEXT] for cell in cells))
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


def _workbook(
    path: Path, content: bytes, wanted: str
) -> tuple[str, tuple[str, ...], Iterator[Row]]:
    """Name and rows of the sheet that is meant, and the names of the others."""
    _check_archive(path, content)
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ModuleNotFoundError as error:
        raise TableError("python-calamine is not installed; install untrap[xlsx]") from error
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = book.sheet_names
        if wanted and wanted not in names:
            raise TableError(f"{path} has no sheet {wanted!r}; it has {', '.join(names)}")
        name = wanted or names[0]
        rows = list(_sheet(path, book.get_sheet_by_name(name).iter_rows()))
        return name, tuple(one for one in names if one != name), iter(rows)
    except (CalamineError, OSError, IndexError) as error:
        raise TableError(f"{path} is no workbook that can be read: {error}") from error


def _sheet(path: Path, rows: Iterable[Sequence[object]]) -> Iterator[Row]:
    for number, cells in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise TableError(f"{path}: more than {MOST_ROWS} rows")
        yield Row(number, tuple(_cell(value) for value in cells))


def _check_archive(path: Path, content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise TableError(f"{path} is no workbook that can be read: {error}") from error
    if unpacked > UNPACKED_BYTES:
        raise TableError(f"{path} unpacks to {unpacked} bytes; at most {UNPACKED_BYTES}")


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).strip()[:MOST_TEXT]
