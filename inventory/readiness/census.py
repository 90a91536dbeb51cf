"""Counts for all six questions and the other barriers, while the inventory streams by.

One rule keeps it simple: each theme counts for itself; the list of a device's points is read once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inventory.model import Equipment, Evidence
from inventory.readiness.action import Action
from inventory.readiness.aging import Ages
from inventory.readiness.availability import Availability, Latency, Run
from inventory.readiness.clients import Clients
from inventory.readiness.fields import Fields
from inventory.readiness.integration import Integration
from inventory.readiness.management import Management
from inventory.readiness.origins import Origins
from inventory.readiness.register import Register
from inventory.readiness.repeating import Repeating
from inventory.readiness.values import counted


@dataclass(frozen=True, slots=True)
class Stale:
    """Values by what their times say."""

    judged: int = 0  # of which it is known whether they are old
    stale: int = 0
    read: int = 0  # all that were read


class Census:
    """The counts of every theme; holds no device.

    `runs`: in which runs each service answered; `times`: how often a protocol's answers took so
    many milliseconds; `scans`: how many asked anything; all as the store counts them.
    """

    def __init__(
        self,
        equipment: Iterable[Equipment] = (),
        runs: Iterable[Run] = (),
        times: Iterable[tuple[str, int, int]] = (),
        scans: int = 0,
    ) -> None:
        self.devices = 0
        self.action = Action()
        self.register = Register(equipment)
        self.integration = Integration()
        self.repeating = Repeating()
        self.management = Management()
        self.clients = Clients()
        self.availability = Availability(runs, scans)
        self.latency = Latency(times)
        self.fields = Fields()
        self.origins = Origins()
        self.stale = Stale()
        self.seen = Ages()  # when devices were seen last
        self.read = Ages()  # when their values were

    def device(self, evidence: Evidence) -> None:
        """Counts one device in."""
        values = counted(evidence.points)
        self.devices += 1
        self.action.device(evidence)
        row = self.register.device(evidence)
        self.fields.device(evidence.device, row)
        self.integration.device(evidence.device)
        self.repeating.device(values)
        self.management.device(evidence)
        self.clients.device(evidence)
