"""One sheet of an XLSX workbook as rows of texts, and which one it is.

One rule keeps it simple: the first sheet that has rows is read, unless a person names another or
only one other names the columns; where several would do, a person is asked.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

MOST_ROWS = 1_000_000
UNPACKED_BYTES = 1_000_000_000
"""What an XLSX file may unpack to; more is taken for a bomb."""

Names = Callable[[Sequence[str]], bool]
Cells = tuple[str, ...]


class SheetError(Exception):
    """The file is no workbook that can be read, or the sheet is not told; the message goes on
    behind the name of the file."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet, the names of the others, and whether its columns told that it is meant."""

    name: str
    others: tuple[str, ...]
    rows: Sequence[Cells]
    told_by_columns: bool = False


def sheet(content: bytes, wanted: str, names: Names, looked_at: int) -> Sheet:
    """The sheet that is `wanted`, or that one of its first rows tells; its cells as texts.

    Raises `SheetError`.
    """
    _check_archive(content)
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ModuleNotFoundError as error:
        raise SheetError(": python-calamine is not installed; install untrap[xlsx]") from error
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        listed = tuple(book.sheet_names)
        if wanted and wanted not in listed:
            raise SheetError(f" has no sheet {wanted!r}; it has {', '.join(listed)}")
        name = wanted or _meant(book, listed, names, looked_at)
        others = tuple(one for one in listed if one != name)
        return Sheet(name, others, list(_rows(book, name)), not wanted and name != listed[0])
    except (CalamineError, OSError, IndexError) as error:
        raise SheetError(f" is no workbook that can be read: {error}") from error


def _meant(book: CalamineWorkbook, listed: Sequence[str], names: Names, looked_at: int) -> str:
    first = list(islice(_filled(book, listed[0]), looked_at + 1))
    if any(map(names, first)):
        return listed[0]
    good = [
        name for name in listed[1:] if any(map(names, islice(_filled(book, name), looked_at + 1)))
    ]
    if len(good) == 1:
        return good[0]
    if first and not good:
        return listed[0]
    without = "does not name the columns" if first else "is empty"
    hint = f"{', '.join(good)} do: name one, as in --sheet {good[0]!r}" if good else ""
    others = hint or f"none names them; there are {', '.join(listed)}"
    raise SheetError(f": its first sheet {listed[0]!r} {without}; {others}")


def _filled(book: CalamineWorkbook, name: str) -> Iterator[Cells]:
    return (cells for cells in _rows(book, name) if any(cells))


def _rows(book: CalamineWorkbook, name: str) -> Iterator[Cells]:
    for number, cells in enumerate(book.get_sheet_by_name(name).iter_rows(), 1):
        if number > MOST_ROWS:
            raise SheetError(f": more than {MOST_ROWS} rows")
        yield tuple(map(_cell, cells))


def _check_archive(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise SheetError(f" is no workbook that can be read: {error}") from error
    if unpacked > UNPACKED_BYTES:
        raise SheetError(f" unpacks to {unpacked} bytes; at most {UNPACKED_BYTES}")


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).strip()
