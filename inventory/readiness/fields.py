"""The fields of an OT inventory of high priority that are known, device by device.

One rule keeps it simple: a field is known or not known; a scan never shows that there is none. What
hangs on a bus behind a gateway has neither name nor address of its own, and is not asked for them.

Source: CISA, NSA, EPA, FBI, ASD and others, "Foundations for OT Cybersecurity: Asset Inventory
Guidance for Owners and Operators", August 2025, Appendix A, table 1: the fourteen of high priority.
"""

from __future__ import annotations

from collections import Counter

from inventory.model import Device, RegisterRow
from inventory.readiness.answer import percent, share
from protocols.contract import SPOKE, Outcome

FIELDS = (
    *("active and supported protocols", "criticality", "asset number", "role or type"),
    *("hostname", "IP address", "logging", "MAC address", "manufacturer", "model"),
    *("operating system or firmware", "physical location", "ports and services"),
    "user accounts",
)
OF_A_HOST = frozenset({"hostname", "IP address", "MAC address"})
"""What only a device on the network has."""
NEVER = {"logging": "no probe asks", "user accounts": "not asked, by policy"}
"""Fields that no scan fills, each with the reason."""


class Fields:
    """Counts of devices by which of their fields are known."""

    def __init__(self) -> None:
        self._alike = Counter[tuple[bool, ...]]()  # whether a host, then a truth for each field

    def device(self, device: Device, row: RegisterRow | None) -> None:
        """Counts one device in, with the register row that declares it, if any."""
        host = not device.parent
        self._alike[(host, *_known(device, row, host))] += 1

    @property
    def devices(self) -> int:
        """How many were counted."""
        return self._alike.total()

    @property
    def known(self) -> Counter[str]:
        """Of how many devices each field is known; without those of which it is of none."""
        found = Counter[str]()
        for (_, *told), count in self._alike.items():
            found.update({name: count for name, one in zip(FIELDS, told, strict=True) if one})
        return found

    def asked(self, name: str) -> int:
        """Of how many devices a field is asked."""
        hosts = sum(count for (host, *_), count in self._alike.items() if host)
        return hosts if name in OF_A_HOST else self.devices

    @property
    def whole(self) -> str:
        """The share of all fields of all devices that is known."""
        return share(self.known.total(), sum(map(self.asked, FIELDS)))

    @property
    def each(self) -> str:
        """Each field with the share of devices of which it is known."""
        known = self.known
        told = (self._told(name, known[name]) for name in FIELDS)
        return ", ".join(told) if self.devices else "nothing to count"

    def _told(self, name: str, known: int) -> str:
        if name in NEVER:
            return f"{name} not known ({NEVER[name]})"
        asked = self.asked(name)
        return f"{name} {percent(known / asked) if asked else 'nothing to count'}"


def _known(device: Device, row: RegisterRow | None, host: bool) -> tuple[bool, ...]:
    """Whether each of `FIELDS` is known, in their order."""
    facts = {fact.name for fact in device.facts}
    stated = row or _NO_ROW
    asked = {one.outcome for one in device.services}
    return (
        not asked.isdisjoint(SPOKE),
        bool(stated.criticality),
        bool(stated.tag),
        bool(device.role),
        host and "name" in facts,
        host and bool(device.addresses),
        False,
        host and bool(device.mac),
        bool(device.vendor),
        bool(device.model or device.product),
        bool(device.firmware),
        bool(stated.area or stated.line or "location" in facts),
        bool(asked - _NOBODY_ASKED),
        False,
    )


_NO_ROW = RegisterRow()
_NOBODY_ASKED = frozenset({Outcome.NOT_ASKED})
