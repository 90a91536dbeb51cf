"""Connectable today: the share of assets for which a ready connector exists.

One rule keeps it simple: an asset counts when a value with a known meaning was read from it and a
connector of this program can be written for it; a raw register counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inventory.connection import VERIFIED, Connection, Login, connections
from inventory.judge.openness import infrastructure
from inventory.model import Evidence


@dataclass(frozen=True, slots=True)
class Connectable:
    """How many assets that can carry data have a ready connector."""

    ready: int
    assets: int

    @property
    def share(self) -> float | None:
        """0 to 1; None without an asset."""
        return self.ready / self.assets if self.assets else None


def ready(one: Connection) -> bool:
    """Whether a connector can be written that gives a value with a meaning.

    A credential that nobody declared cannot be referred to, so it is not ready.
    """
    if one.login.label and not one.login.type:
        return False
    return any(item.evidence == VERIFIED and item.name for item in one.items)


def connectable(evidences: Iterable[Evidence], known: dict[str, Login]) -> Connectable:
    """Counts over all devices but network equipment; memory holds one device."""
    some = assets = 0
    for evidence in evidences:
        if evidence.device.role in infrastructure():
            continue
        assets += 1
        some += any(ready(one) for one in connections(evidence, known))
    return Connectable(some, assets)
