"""Devices of one site that have the same name, told from each other where people read.

One rule keeps it simple: a name that is nobody else's stays as it is; data keeps every name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from inventory.model import Finding

if TYPE_CHECKING:
    from inventory.store import Store


class Labels:
    """What to call the assets of a site in a list."""

    def __init__(self, store: Store) -> None:
        self._namesakes = store.namesakes()

    def of(self, asset: str, name: str) -> str:
        """The name of the asset with that key, and its address where the name is not its own."""
        _, where = self._namesakes.get(asset, ("", ""))
        return f"{name} ({where})" if where and where != name else name

    def labelled(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """The findings with the name that tells their asset from others."""
        if not self._namesakes:
            yield from findings
            return
        for one in findings:
            yield replace(one, asset_name=self.of(one.asset, one.asset_name))
