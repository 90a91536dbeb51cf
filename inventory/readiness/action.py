"""Question 2: can insight trigger action? And what the barrier of a missing write path rests on.

One rule keeps it simple: only what a server states of its own points counts, and it is an
indicator: registers state nothing about who may write them, and nothing is ever written to see.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

from inventory.judge.openness import document, protocol
from inventory.model import Device, Evidence
from inventory.once import Once
from inventory.readiness.answer import Answer, rest, share
from protocols.contract import SPOKE, Point

SUNSPEC = "sunspec:"
"""Begins what a SunSpec point is; its model says whether it may be written."""
STATED = ("r", "w", "rw", "-")
PLAIN = "/None/"
"""In an OPC UA endpoint's line: messages are neither signed nor encrypted."""
ANY_ROLE = "device"


@cache
def ways() -> dict[str, str]:
    """Protocols by which a client may command, and how their way is protected."""
    return dict(document("commands")["command"])


class Action:
    """Devices that state who may write their values, and services that take commands."""

    def __init__(self) -> None:
        self.known = 0
        self.writable = 0
        self.known_by_role = Counter[str]()
        self.writable_by_role = Counter[str]()
        self.silent = 0  # devices with values that state nothing of writing
        self.commanded = 0  # devices with a service that takes commands
        self.asked = 0  # devices of which a service answered
        self.services = Counter[str]()  # that take commands, by how they are protected
        self.overheard = 0  # devices whose clients were overheard
        self.written = 0  # devices to which somebody was overheard writing

    def device(self, evidence: Evidence) -> None:
        """Counts one device in."""
        known, writable = _access(evidence)
        role = evidence.device.role or ANY_ROLE
        self.known += known
        self.writable += writable
        self.known_by_role[role] += known
        self.writable_by_role[role] += writable
        self.silent += not known and any(item.points for item in evidence.observations)
        self._services(evidence.device)
        names = {fact.name for fact in evidence.device.facts}
        self.overheard += bool(names & {"consumer", "writer"})
        self.written += "writer" in names

    def _services(self, device: Device) -> None:
        spoken = [one for one in device.services if one.outcome in SPOKE]
        self.asked += bool(spoken)
        some = [one for one in spoken if one.protocol in ways()]
        self.commanded += bool(some)
        for one in some:
            self.services[_protection(ways()[one.protocol], one.security)] += 1

    def by_role(self) -> str:
        """Of each role, how many devices state a writable value, of those that state who may."""
        shown = sorted(role for role, known in self.known_by_role.items() if known)
        return ", ".join(
            f"{role} {self.writable_by_role[role]} of {self.known_by_role[role]}" for role in shown
        )


def _access(evidence: Evidence) -> tuple[bool, bool]:
    """Whether the device states who may write, and whether somebody may."""
    known = writable = False
    for item in evidence.observations:
        about = protocol(item.question.protocol)
        if about is not None:
            states, writes = (_states if about.access else _models)(item.points)
            known, writable = known or states, writable or writes
    return known, writable


def _stated(points: tuple[Point, ...]) -> tuple[bool, bool]:
    told = [point.access for point in points if point.access in STATED]
    return bool(told), any("w" in access for access in told)


def _modelled(points: tuple[Point, ...]) -> tuple[bool, bool]:
    """The same of registers: only those of a SunSpec model say it."""
    return _stated(tuple(point for point in points if point.semantic.startswith(SUNSPEC)))


_states, _models = Once(_stated), Once(_modelled)


def _protection(way: str, security: tuple[str, ...]) -> str:
    """ "open" where the unprotected way is offered, "closed" where only protected ones are."""
    if way == "never":
        return "open"
    if way == "unknown" or not security:
        return "unknown"
    return "open" if any(PLAIN in one for one in security) else "closed"


def answer(action: Action, devices: int) -> Answer:
    """Question 2."""
    return Answer(
        2,
        "Can insight trigger action?",
        (
            ("indicator: devices with a writable value by their own attributes",
             share(action.writable, action.known)),
        ),
        rest(action.known, devices),
        "whether anything may write, and the safety case",
    )  # fmt: skip
