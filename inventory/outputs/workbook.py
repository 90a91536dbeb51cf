"""One way to open a workbook: bounded memory, no cell that acts, a full disk as an `OSError`."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}


@contextmanager
def workbook(path: Path) -> Iterator[Any]:
    """An xlsxwriter workbook (published without types), written when the block ends well.

    Raises OSError when it cannot be; xlsxwriter wraps that in an exception of its own.
    """
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    try:
        with Workbook(str(path), OPTIONS) as book:
            yield book
    except FileCreateError as error:
        cause = error.args[0] if error.args else error
        _forget(error, cause)
        raise cause if isinstance(cause, OSError) else OSError(str(error)) from None


def _forget(*errors: BaseException) -> None:
    """Let go of the archive that could not be written: as it goes it tries again, and fails."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        for error in errors:
            traceback.clear_frames(error.__traceback__)
    finally:
        sys.unraisablehook = hook
