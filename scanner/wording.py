"""Small words: counts, folded text, durations."""

from __future__ import annotations

import textwrap


def counted(number: int, one: str, many: str) -> str:
    """1 address, 2 addresses."""
    return f"{number} {one if number == 1 else many}"


def wrapped(text: str, indent: int) -> list[str]:
    """Text folded to 80 columns, indented."""
    space = " " * indent
    return textwrap.wrap(text, 79, initial_indent=space, subsequent_indent=space)


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5_400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h"


def size(octets: int) -> str:
    """Bytes as people say them: 512 bytes, 4.2 MB, 1.7 GB (powers of ten)."""
    for unit, digits in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if octets >= unit:
            return f"{octets / unit:.1f} {digits}"
    return f"{octets} bytes"
