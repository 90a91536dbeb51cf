"""The rows of the page, in the order in which they run: what matters most first.

One rule keeps it simple: a row is a name, a title and an experiment that needs only a folder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import networks, runs
from benchmarks.depth_cost import depth
from benchmarks.figures import Found
from benchmarks.large import large
from benchmarks.profiled import profiled


@dataclass(frozen=True, slots=True)
class Row:
    """One experiment. `private` needs a network namespace of its own, and so root."""

    title: str
    run: Callable[[Path], Found]
    private: bool = False


def _identify(size: int) -> Row:
    return Row(f"Identify {size} mixed devices, 15 % misbehaving", partial(runs.identify, size))


ROWS = {
    "identify-250": _identify(250),
    "identify-1000": _identify(1_000),
    "agents": Row("1 000 SNMP agents", partial(runs.agents, 1_000)),
    "routed": Row("250 devices in a routed /20", networks.routed, private=True),
    "segment": Row("250 devices on our own segment, a /20", networks.segment, private=True),
    "complete": Row("The whole identity of 250 devices, in depth", runs.complete),
    "depth": Row("Packets of one device, protocol by protocol", depth, private=True),
    "identify-2000": _identify(2_000),
    "healthy": Row("Misbehaviour does not spread", runs.healthy),
    "killed": Row("Nothing waits: killed at half time", runs.killed),
    "dead": Row("A routed /16 where nobody is, unlimited rate", networks.dead, private=True),
    "big": Row("500 devices in a routed /16 that refuses", networks.big, private=True),
    "memory": Row("2 000 devices in depth", runs.memory),
    "profiles": Row("The slow profiles against their own bound", runs.profiles),
    "promise": Row("The plan's promise", runs.promise),
    "profile": Row("Where the processor's time goes", partial(profiled, 1_000)),
    "large": Row("100 000 devices with two million points, nothing derived before", large),
    "start": Row("Start-up", runs.start_up),
}
