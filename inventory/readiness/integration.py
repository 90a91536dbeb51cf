"""Question 4: are integrations standardised and governed? And what handcrafting rests on.

One rule keeps it simple: a variant is what somebody must connect once.
"""

from __future__ import annotations

from collections import Counter

from inventory.judge.openness import protocol
from inventory.model import Device
from inventory.readiness.answer import Answer, Concluded, Listed, share
from inventory.readiness.origins import Origins
from protocols.contract import SPOKE, Openness


class Integration:
    """Services that spoke, by how open they are, and variants of protocol and model."""

    def __init__(self) -> None:
        self.classes = Counter[Openness]()
        self.models: dict[str, set[str]] = {}
        self.modelled = 0  # devices whose model is known
        self.delivering = 0  # devices that gave or listed values

    def device(self, device: Device) -> None:
        """Counts one device in."""
        self.modelled += bool(device.model or device.product)
        self.delivering += bool(device.points or device.readable)
        model = f"{device.vendor} {device.model or device.product}".strip()
        for service in device.services:
            about = protocol(service.protocol)
            if service.outcome in SPOKE and about is not None and about.data:
                self.classes[about.openness] += 1
                if model:
                    self.models.setdefault(device.role or "device", set()).add(
                        f"{service.protocol} {model}"
                    )

    @property
    def services(self) -> int:
        """Services that spoke and carry data."""
        return self.classes.total()

    @property
    def described(self) -> int:
        """Those of them that describe themselves."""
        return self.classes[Openness.O0]

    @property
    def variants(self) -> int:
        """How many connections of different kinds would have to be made."""
        return sum(len(models) for models in self.models.values())


def answer(
    integration: Integration, origins: Origins, devices: int, concluded: Concluded
) -> Answer:
    """Question 4."""
    variants = integration.variants
    return Answer(
        4,
        "Are integrations standardised and governed?",
        (
            ("required signals, by what they come", origins.by_way),
            ("services that describe themselves",
             share(integration.described, integration.services)),
            ("variants of devices (protocol and model)", str(variants)),
            ("devices per variant",
             f"{devices / variants:.1f}" if variants else "nothing to count"),
            ("siblings that differ (Q11)", str(concluded.of("Q11"))),
            ("devices whose only path to their data is insecure (G01)",
             share(concluded.of("G01"), integration.delivering)),
        ),
        concluded.unknown(devices),
        "contracts and the quality of pipelines",
        (Listed("machines per variant (protocol, maker, model, map), by class", origins.reuse),),
    )  # fmt: skip
