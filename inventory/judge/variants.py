"""Which connections must be built for a machine: protocol, maker, model and map (domain model 7.4).

One rule keeps it simple: what is read alike is one variant, however many machines it serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inventory.judge.door import Door
from inventory.judge.licence import is_source
from inventory.judge.presence import Machine
from inventory.judge.profiles import signal_of
from inventory.judge.view import View


@dataclass(frozen=True, slots=True)
class Variant:
    """One kind of connection that must be built: all machines that it serves are had alike."""

    protocol: str
    maker: str
    model: str  # "" where nobody knows it: then nobody knows whether it is one that is built
    map: str = ""  # by which its registers are read, where one is needed

    @property
    def text(self) -> str:
        """As people and JSON lines have it."""
        map_ = f"({self.map})" if self.map else ""
        return " ".join(filter(None, (self.protocol, self.maker, self.model, map_)))


def variants_of(machine: Machine, signals: Sequence[str] = ()) -> tuple[Variant, ...]:
    """Which connections must be built for a machine: those through which the signals come that are
    there; where none is, those through which its devices hand out data at all."""
    wanted = [[signal_of(name) for name in text.split("|")] for text in signals]
    shown = [row for group in wanted for row in machine.witnesses(group)]
    found = {
        _variant(view, door)
        for view, point, _ in shown
        if (door := view.once(_listing_doors).get((point.part, point.address)))
    }
    given = ((view, door) for view in machine.views for door in view.spoke)
    found = found or {_variant(view, door) for view, door in given if _gives(view, door)}
    return tuple(sorted(found, key=lambda one: one.text))


def _variant(view: View, door: Door) -> Variant:
    device = view.device
    return Variant(door.protocol, device.vendor, device.model or device.product, _map(door))


def _map(door: Door) -> str:
    """The register map by which a door was read, by its name; "" where none was."""
    named = {
        str(fact.value).partition(" (")[0].partition(" sha256:")[0]  # without its source
        for item in door.observations
        for fact in item.facts
        if fact.name == "map"
    }
    return ", ".join(sorted(named))


def _gives(view: View, door: Door) -> bool:
    """Whether a door handed out data: an agent that describes its own host has none to use."""
    return is_source(door, view) and any(item.points or item.samples for item in door.observations)


def _listing_doors(view: View) -> dict[tuple[str, str], Door]:
    """Through which door each point of a device came, by part and address."""
    return {
        (point.part, point.address): door
        for door in view.spoke
        for item in door.observations
        for point in item.points
    }
