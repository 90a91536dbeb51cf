"""What people call an asset, and how it is rated."""

from __future__ import annotations

from inventory.model import Equipment
from inventory.store.reading import Asset


def name_of(one: Asset) -> str:
    """What people call an asset; a machine by its tag."""
    thing = one.thing
    if isinstance(thing, Equipment):
        return thing.tag or thing.name or thing.key[:8]
    where = thing.part or " ".join(thing.addresses[:1])
    return thing.name or thing.product or where or thing.key[:8]


def criticality(one: Asset) -> str:
    """The rating of an asset, or of its register row; "" for none."""
    thing = one.thing
    if isinstance(thing, Equipment):
        return thing.criticality
    return thing.register.criticality if thing.register else ""
