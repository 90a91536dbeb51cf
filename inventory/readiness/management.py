"""What the barrier "not managed for AI" rests on: clocks, certificates, single gateways.

One rule keeps it simple: what a device does not tell is not known of it.
"""

from __future__ import annotations

from collections import Counter

from inventory.model import Device


class Management:
    """Devices that tell their time and their certificate, and those behind a gateway."""

    def __init__(self) -> None:
        self.clocked = 0
        self.certified = 0
        self.behind = Counter[str]()

    def device(self, device: Device) -> None:
        """Counts one device in."""
        facts = {fact.name for fact in device.facts}
        self.clocked += "clock_skew_seconds" in facts
        self.certified += "certificate.not_after" in facts
        if device.parent:
            self.behind[device.parent] += 1
