"""Counts for all six questions and the other barriers, while the inventory streams by.

One rule keeps it simple: each theme counts for itself; the list of a device's points is read once.
"""

from __future__ import annotations

from collections.abc import Iterable

from inventory.model import Equipment, Evidence
from inventory.readiness.action import Action
from inventory.readiness.availability import Availability, Latency, Run
from inventory.readiness.clients import Clients
from inventory.readiness.integration import Integration
from inventory.readiness.management import Management
from inventory.readiness.repeating import Repeating
from inventory.readiness.values import counted
from inventory.readiness.visibility import Visibility


class Census:
    """The counts of every theme; holds no device.

    `runs`: in which runs each device answered; `times`: how often a protocol's answers took so
    many milliseconds; both as the store counts them.
    """

    def __init__(
        self,
        equipment: Iterable[Equipment] = (),
        runs: Iterable[Run] = (),
        times: Iterable[tuple[str, int, int]] = (),
    ) -> None:
        self.devices = 0
        self.action = Action()
        self.visibility = Visibility(equipment)
        self.integration = Integration()
        self.repeating = Repeating()
        self.management = Management()
        self.clients = Clients()
        self.availability = Availability(runs)
        self.latency = Latency(times)

    def device(self, evidence: Evidence) -> None:
        """Counts one device in."""
        values = counted(evidence.points)
        self.devices += 1
        self.action.device(evidence)
        self.visibility.device(evidence)
        self.integration.device(evidence.device)
        self.repeating.device(values)
        self.management.device(evidence)
        self.clients.device(evidence)
