"""What register and scan know of the devices: two lists, and what each lacks of the other.

One rule keeps it simple: a device is declared by its own row, or by a machine's that names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from inventory.judge.survey import addressed, row_of
from inventory.model import Device, Equipment, Evidence, RegisterRow
from inventory.population import MADE_BY_SCAN
from protocols.contract import Outcome


class Register:
    """Counts of devices by the two lists."""

    def __init__(self, equipment: Iterable[Equipment] = ()) -> None:
        self._addressed = addressed(equipment)
        self.devices = 0
        self.undeclared = 0
        self.unseen = 0
        self.identity = Counter[str]()
        self.listed = 0  # devices that a register names and that were asked, themselves
        self.found = 0
        self.shared = 0
        self.from_scan = False  # the register was exported from an inventory
        self.asked = 0  # questions that the last scan of each device asked

    def device(self, evidence: Evidence) -> RegisterRow | None:
        """Counts one device in; gives the register row that declares it."""
        device = evidence.device
        self.devices += 1
        self.unseen += not device.seen
        row = row_of(device, self._addressed)
        self.undeclared += device.seen and row is None
        for name in ("vendor", "serial", "firmware", "mac", "role"):
            self.identity[name] += bool(getattr(device, name))
        self._population(device, row)
        if evidence.observations:
            last = evidence.observations[-1].scan
            self.asked += sum(
                one.scan == last and one.outcome is not Outcome.NOT_ASKED
                for one in evidence.observations
            )
        return row

    def _population(self, device: Device, row: RegisterRow | None) -> None:
        """For the estimate: not what is behind a gateway, nor what nobody asked."""
        if device.parent or not (device.seen or device.services):
            return
        self.listed += row is not None
        self.found += device.seen
        self.shared += device.seen and row is not None
        self.from_scan |= row is not None and MADE_BY_SCAN in row.document.casefold()
