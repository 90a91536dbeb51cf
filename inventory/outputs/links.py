"""Links that are proposed from names, for a person to confirm: `import links` reads them back.

    untrap export links -o links.csv      ... strike what is wrong ...
    untrap import links links.csv

One rule keeps it simple: a device is proposed for a machine whose tag its name, its tag, or the
name or folder of a value bears as a word of its own; nothing is linked before a person says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inventory.judge.bearing import MOST_DEVICES, by_values, is_tag, names_of, tag_in
from inventory.judge.naming import plain_tag
from inventory.model import Device, Evidence
from inventory.outputs import Format, view
from inventory.outputs.walkdown import put_rows

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store

HEADER = ("Equipment", "Device", "Part", "Signal", "Complete", "Why")
"""The columns of `import links`, and why the row is there."""


@dataclass(slots=True)
class _Machine:
    tag: str
    linked: frozenset[str]
    found: list[tuple[str, str]] = field(default_factory=list)  # device as people name it, why


def write(store: Store, request: Request) -> str:
    """Writes the proposals to a file (CSV, or a workbook where `-o` ends in .xlsx) or stdout."""
    count = put_rows(request, "Links", HEADER, rows(view(store, request)))
    if not count:
        return (
            "no device or value bears the tag of a machine that it is not linked to; state links"
            " that you know: untrap set TAG monitored_by=DEVICE"
        )
    said = "1 link" if count == 1 else f"{count} links"
    where = f" written to {request.output}" if request.output else ""
    return f"{said} proposed{where}; strike what is wrong before you import them"


def rows(store: Store) -> Iterator[Sequence[str]]:
    """Lines under `HEADER`, by machine; memory holds the machines and one device."""
    machines = _machines(store)
    for evidence in store.evidences() if machines else ():
        for plain, why in _borne(evidence, machines).items():
            machine = machines[plain]
            if evidence.device.key not in machine.linked and len(machine.found) <= MOST_DEVICES:
                machine.found.append((_named(evidence.device), why))
    for machine in sorted(machines.values(), key=lambda one: one.tag):
        if len(machine.found) <= MOST_DEVICES:
            for device, why in machine.found:
                yield (machine.tag, device, "", "", "", why)


def _machines(store: Store) -> dict[str, _Machine]:
    """By plain tag: those with letters and a number in it, which no other machine has."""
    found: dict[str, list[_Machine]] = {}
    for one in store.equipment():
        plain = plain_tag(one.tag)
        if is_tag(plain):
            found.setdefault(plain, []).append(_Machine(one.tag, frozenset(one.monitored_by)))
    return {plain: several[0] for plain, several in found.items() if len(several) == 1}


def _borne(evidence: Evidence, machines: Mapping[str, _Machine]) -> dict[str, str]:
    """Tags of machines that a device bears, each with where."""
    found: dict[str, str] = {}
    for title, text in names_of(evidence.device):
        if tag := tag_in(text, machines):
            found.setdefault(tag, f"its {title} is {text}")
    for tag, (count, text) in by_values(evidence.points, machines).items():
        said = "1 value bears" if count == 1 else f"{count} values bear"
        found.setdefault(tag, f"{said} the tag, as in {text}")
    return found


def _named(device: Device) -> str:
    """What `import links` finds the device by: its own tag, or address, or key."""
    if device.register and device.register.tag:
        return device.register.tag
    return device.addresses[0] if device.addresses and not device.part else device.key


FORMAT = Format("links", "devices proposed for machines by names, to confirm", write)
