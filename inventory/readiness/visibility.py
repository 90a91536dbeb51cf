"""Question 3: is it visible what is connected, where data comes from and where gaps are?

One rule keeps it simple: register and scan are two lists, and what one lacks is said of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from inventory.judge.survey import addressed, row_of
from inventory.model import Device, Equipment, Evidence
from inventory.population import MADE_BY_SCAN, estimate
from inventory.readiness.answer import Answer, Concluded, share


class Visibility:
    """What register and scan know of the devices."""

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

    def device(self, evidence: Evidence) -> None:
        """Counts one device in."""
        device = evidence.device
        self.devices += 1
        self.unseen += not device.seen
        self.undeclared += device.seen and row_of(device, self._addressed) is None
        for name in ("vendor", "serial", "firmware", "mac", "role"):
            self.identity[name] += bool(getattr(device, name))
        self._population(device)

    def _population(self, device: Device) -> None:
        """For the estimate: not what is behind a gateway, nor what nobody asked."""
        if device.parent or not (device.seen or device.services):
            return
        row = row_of(device, self._addressed)
        self.listed += row is not None
        self.found += device.seen
        self.shared += device.seen and row is not None
        self.from_scan |= row is not None and MADE_BY_SCAN in row.document.casefold()


def answer(seen: Visibility, line: Mapping[str, object], concluded: Concluded) -> Answer:
    """Question 3."""
    return Answer(
        3,
        "Is it visible what is connected, where data comes from and where gaps are?",
        (
            ("devices found and not declared", share(seen.undeclared, seen.devices)),
            ("declared and not observed", share(seen.unseen, seen.devices)),
            ("devices that there are, estimated (Chapman)",
             str(estimate(seen.listed, seen.found, seen.shared, seen.from_scan))),
            ("maker known", share(seen.identity["vendor"], seen.devices)),
            ("serial number known", share(seen.identity["serial"], seen.devices)),
            ("networks that nobody looked at (T10)", str(concluded.of("T10"))),
            ("questions not asked", str(line.get("not_asked", 0))),
        ),
        concluded.unknown(seen.devices),
        "who owns the register",
    )  # fmt: skip
