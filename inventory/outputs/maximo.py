"""Maximo Manage: assets as CSV for its import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.outputs import Format
from inventory.outputs.profile import write_single

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store


def write(store: Store, request: Request) -> str:
    """Writes the file; its columns stand in `data/exports/maximo.toml`."""
    return write_single("maximo", store, request)


FORMAT = Format("maximo", "Maximo CSV", write, ("profile",))
