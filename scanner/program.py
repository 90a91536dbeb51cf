"""Commands as they are printed: what is shown can be pasted into a shell and means the same there.

One rule keeps it simple: every command that anybody is shown is made here, from words; each word
is quoted, and the global options of this run come along.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.cli import Settings


def ours(*words: str, settings: Settings | None = None) -> str:
    """`untrap` with the global options of this run and `words`, as one shell line.

    Without `settings` those of the command that runs now; outside of any, none.
    """
    return " ".join(map(word, ("untrap", *_globals(settings or _running()), *words)))


def rebased(command: str) -> str:
    """A command that a rule wrote (`untrap scan …`), for the inventory of this run."""
    return " ".join(_parts(command))


def folded(command: str, indent: int, width: int) -> str:
    """The same over several lines, indented, that the shell joins again: each but the last ends in
    a backslash. A word is never cut."""
    lines = [" " * indent]
    for part in _parts(command):
        if lines[-1].strip() and len(lines[-1]) + len(part) + 3 > width:
            lines[-1] += " \\"
            lines.append(" " * (indent + 2))
        lines[-1] += f"{' ' if lines[-1].strip() else ''}{part}"
    return "\n".join(lines)


def _parts(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError:  # an unclosed quote: no rule writes one, a foreign bundle might
        words = command.split()
    head = ["untrap", *_globals(_running())] if words[:1] == ["untrap"] else words[:1]
    return [word(part) for part in (*head, *words[1:])]


def word(text: str) -> str:
    """One word of a POSIX shell; what would act on a terminal is written `$'\\x1b'` (bash, zsh,
    POSIX.1-2024 2.2.4). An ellipsis stands for what only a person knows."""
    if text.isprintable():
        return text if text == "…" else shlex.quote(text)
    return f"$'{''.join(map(_escaped, text))}'"


def _escaped(character: str) -> str:
    if character in "'\\":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))


def _globals(settings: Settings | None) -> Iterator[str]:
    """The options that are not what `untrap` takes by itself, here and in another shell."""
    if settings is None:
        return
    if settings.db != "untrap.db" or "UNTRAP_DB" in os.environ:
        if not _secret(settings.db):
            yield from ("--db", settings.db)
        elif os.environ.get("UNTRAP_DB") != settings.db:  # else it is taken from there again
            from inventory.store.where import shown

            yield from ("--db", shown(settings.db))
    if settings.site != "default" or "UNTRAP_SITE" in os.environ:
        yield from ("--site", settings.site)
    if settings.config is not None:
        yield from ("--config", str(settings.config))


def _secret(db: str) -> bool:
    """Whether a database URL holds a password: it is never printed (safety.md 5.7)."""
    from urllib.parse import urlsplit

    if "://" not in db:
        return False
    try:
        parts = urlsplit(db)
        return parts.password is not None or "password" in parts.query.lower()
    except ValueError:
        return True


def _running() -> Settings | None:
    import click

    from scanner.cli import Settings

    context = click.get_current_context(silent=True)
    return context.find_object(Settings) if context else None
