"""Makes text that a device or a file gave harmless where people and programs read it.

One rule keeps it simple: nothing is dropped silently. What could act (an escape sequence, a bidi
mark, a formula, a path) is shown in a visible form; the raw bytes stay in the store.
"""

from __future__ import annotations

import re
import unicodedata

CUT = "…"
"""Ends a text that was longer than its limit."""

# Unicode categories that act instead of being seen: control, format (bidi marks, zero width),
# surrogate, private use, unassigned, line and paragraph separator.
_ACTING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", *"\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet takes for a formula, its full-width forms included (OWASP CSV injection)."""

_NUMBER = re.compile(r"[+-]?\d{1,15}([.,]\d{1,15})?")

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def inert(text: str, limit: int = 4096) -> str:
    """The text in one line, every acting character replaced by `\\x1b`-like escapes, cut to limit.

    The result is at most `limit` characters and always encodes to UTF-8.
    """
    text = text[: limit + 1]
    if not text.isprintable():
        text = "".join(_visible(character) for character in text)
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + CUT


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _ACTING:
        return " " if character.isspace() else character
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def cell(text: str, limit: int = 32_000) -> str:
    """`inert`, and no spreadsheet takes it for a formula (a leading apostrophe is put before).

    Plain numbers such as `-12.5` stay as they are. 32 767 characters is what Excel takes.
    """
    risky = text.startswith(_FORMULA) or text.lstrip().startswith(("=", "+", "-", "@"))
    safe = inert(text, limit)
    return "'" + safe if risky and not _NUMBER.fullmatch(text) else safe


def slug(text: str, limit: int = 80) -> str:
    """A file name of letters, digits, `.`, `_`, `-`: no path, no device name, never empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip(".-_")[:limit].rstrip(".-_")
    if not name or _RESERVED.fullmatch(name):
        name = f"x-{name}" if name else "unnamed"
    return name


def storable(text: str, limit: int = 65_536) -> str:
    """The text as a database column takes it: no NUL, no lone surrogate, at most `limit` long."""
    text = text[:limit]
    if text.isascii() and "\0" not in text:
        return text
    text = text.replace("\0", "\\x00")
    return "".join(_visible(c) if "\ud800" <= c <= "\udfff" else c for c in text)
