"""What gives a machine the signals that its class requires.

One rule keeps it simple: nothing is judged anew; where presence says TRUE, the value that shows it
is named with the way by which it comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inventory.judge.door import info
from inventory.judge.holding import Row
from inventory.judge.presence import Machine
from inventory.judge.profiles import Signal
from inventory.judge.soundness import carries
from inventory.judge.view import View
from inventory.model import Need, Truth, Way
from inventory.signals.points import TYPED, Meaning
from protocols.contract import Openness, Point

WAYS = {Openness.O0: Way.DESCRIBED, Openness.O1: Way.MAPPED}
BEST = (Way.DESCRIBED, Way.MAPPED, Way.VENDOR, Way.UNKNOWN)
"""Of several values that show a signal, the one that costs least to connect counts."""


def needs(machine: Machine) -> tuple[Need, ...]:
    """Each signal that the machine's class requires, and what gives it; none that belong to a part
    which the machine has not."""
    return tuple(
        _need(machine, group)
        for group in machine.required
        if not machine.attested.not_fitted(group)
    )


def _need(machine: Machine, group: Sequence[Signal]) -> Need:
    name = "|".join(signal.name for signal in group)
    said = machine.delivered(group).truth
    rows = list(_shown(machine, group)) if said is Truth.TRUE else []
    if not rows:
        return Need(name, said)
    view, point, meaning = min(rows, key=lambda row: BEST.index(_way(*row)))
    way = _way(view, point, meaning)
    return Need(name, said, way, view.device.key, point.part, point.address)


def _shown(machine: Machine, group: Sequence[Signal]) -> Iterator[Row]:
    """The values that show any of the alternatives, but those that nothing was ever wired to."""
    for signal in group:
        if machine.delivered([signal]).truth is Truth.TRUE:
            yield from machine.witnesses([signal])


def _way(view: View, point: Point, meaning: Meaning) -> Way:
    """How a value comes: a typed one describes itself, whatever carries it."""
    if meaning.match == TYPED:
        return Way.DESCRIBED
    doors = [door for door in view.doors if carries(door, point)]
    found = [WAYS.get(about.openness, Way.VENDOR) for door in doors if (about := info(door))]
    return min(found, key=BEST.index, default=Way.UNKNOWN)
