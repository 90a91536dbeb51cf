"""Where results are written: never over the inventory that they come from."""

from __future__ import annotations

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
