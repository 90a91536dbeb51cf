"""What the formats of several files share: the folder, file names, the devices to go through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.text import slug

if TYPE_CHECKING:
    from inventory.connection import Connection
    from inventory.model import Evidence
    from inventory.outputs import Request
    from inventory.store import Store


def folder(request: Request, name: str) -> Path:
    """The folder to write to, made where absent. Raises ValueError without one."""
    if request.output is None:
        raise ValueError(f"{name} writes several files: name a folder, as in -o {name}")
    if request.output.exists() and not request.output.is_dir():
        raise ValueError(f"{request.output} is a file; name a folder, as in -o {name}")
    request.output.mkdir(parents=True, exist_ok=True)
    return request.output


def name_of(one: Connection) -> str:
    """A file name for a connection: readable, unique by key, and no path whatever a device says."""
    unit = "" if one.unit is None else f"-unit-{one.unit}"
    return f"{slug(one.name, 60)}-{one.asset[:8]}-{one.protocol}-{one.port}{unit}"


def prepared(store: Store) -> Iterator[Evidence]:
    """The evidence of each device that has points; memory holds one device."""
    for evidence in store.evidences():
        if evidence.points:
            yield evidence
