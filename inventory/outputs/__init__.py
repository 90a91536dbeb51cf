"""Formats that an inventory is written in: one module each.

One rule keeps it simple: a module of this folder that exports `FORMAT` is a format; `formats()`
finds them all, so a further one is one file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

    from inventory.store import Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked of a format."""

    output: Path | None = None  # file or folder; None is stdout
    table: str = "gaps"
    redact: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    now: datetime | None = None  # what a file says of when it was written; None is the clock's


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `write` returns one line that says what was written, or "", and raises ValueError
    naming what the user got wrong and a good value."""

    name: str
    title: str  # what it is, as `untrap export help` says it
    write: Callable[[Store, Request], str]
    options: tuple[str, ...] = ()  # that it takes; any other would change nothing


@cache
def formats() -> Mapping[str, Format]:
    """Every format of this version by its name."""
    return {one.name: one for one in exported(__name__, __path__, "FORMAT", Format)}


def exported(package: str, path: Iterable[str], name: str, kind: type[T]) -> list[T]:
    """What each module of a package exports under a name, where it is of that kind; in the order of
    the modules' names."""
    modules = sorted(f"{package}.{one.name}" for one in pkgutil.iter_modules(path))
    found = (getattr(importlib.import_module(module), name, None) for module in modules)
    return [one for one in found if isinstance(one, kind)]


def load(name: str) -> Format:
    """A format. Raises KeyError for a name that is not in this version."""
    return formats()[name]


def view(store: Store, request: Request) -> Store:
    """The store as the user wants it shown: with pseudonyms under `--redact`."""
    if not request.redact:
        return store
    from inventory.outputs.redacted import redacted

    return redacted(store)
