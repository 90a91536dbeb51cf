"""Where results are written: never over the inventory they come from; whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from scanner.cli import Settings

BESIDE = ("", "-wal", "-shm", "-journal")
"""SQLite keeps these files beside a database; losing one loses what was not yet folded in."""


class Output(click.Path):
    """A path to write to, as `-o` takes it. Refuses the inventory itself."""

    def __init__(self, *, dir_okay: bool = True) -> None:
        super().__init__(dir_okay=dir_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(str(super().convert(value, param, ctx)))
        settings = ctx.find_object(Settings) if ctx else None
        if settings is not None and any(same(settings.db + end, path) for end in BESIDE):
            self.fail(f"{path} is the inventory itself; name another file", param, ctx)
        return path


def same(one: str, other: Path) -> bool:
    """Whether two names mean one file, through links too."""
    return Path(one).resolve() == other.resolve()


def reachable(path: Path) -> None:
    """Raises `OSError` where it is plain before any work that `path` cannot be written."""
    target = path.resolve()
    there = next(one for one in (path, *target.parents) if one.exists())  # a pipe has no real path
    if there != path and not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    places = (there, target.parent) if target.is_file() else (there,)  # a file may be replaced
    if not any(os.access(one, os.W_OK) for one in places):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to: written whole it takes that name, otherwise it goes.

    What is no regular file (a folder that is there, a pipe) is written to as it is, and so is a
    file in a folder where we may make none.
    """
    target = path.resolve()
    there = target.exists() and not target.is_file()
    if there or not target.parent.is_dir() or not os.access(target.parent, os.W_OK):
        yield path
        return
    made = target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")
    try:
        yield made
        if target.is_file() and made.is_file():
            shutil.copymode(target, made)
        if made.exists():
            made.replace(target)
    finally:
        if made.is_dir():
            shutil.rmtree(made, ignore_errors=True)
        else:
            made.unlink(missing_ok=True)
