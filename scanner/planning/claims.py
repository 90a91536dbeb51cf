"""What the register says of units that say nothing of themselves: which map is theirs.

One rule keeps it simple: a person's word on a nameplate chooses a map only where the unit states
neither maker nor model; it never goes over what the unit says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from inventory.derive.declared import bus_part, is_equipment
from inventory.model import RegisterRow
from protocols.contract import MapEntry
from protocols.modbus.maps import same
from scanner.targets import canonical

ITSELF = ("1", "255", "0")
"""Units at which a device without units answers for itself."""


def claims(
    register: Sequence[RegisterRow], doors: Mapping[str, str], maps: Sequence[MapEntry]
) -> dict[str, tuple[MapEntry, ...]]:
    """By address: the lines of maps whose vendor and model a row states of a unit, each with it."""
    found: dict[str, list[MapEntry]] = {}
    for row in register if maps else ():
        where = row.address or doors.get(row.parent.strip().casefold(), "")
        if not where or not (row.vendor and row.model) or is_equipment(row):
            continue
        lines = [one for one in maps if _of(row, one)]
        for unit in _units(row):
            mine = (replace(one, claimed=unit) for one in lines if one.unit in ("", unit))
            found.setdefault(canonical(where), []).extend(mine)
    return {where: tuple(dict.fromkeys(lines)) for where, lines in found.items() if lines}


def _units(row: RegisterRow) -> Iterable[str]:
    part = bus_part(row.unit)
    if part:
        return (part.removeprefix("unit "),)
    return () if row.parent else ITSELF


def _of(row: RegisterRow, one: MapEntry) -> bool:
    """Whether a line is for the vendor and model that a row states; firmware is in no row."""
    if not (one.vendor and one.model) or one.firmware:
        return False
    return same(one.vendor, (row.vendor,)) and same(one.model, (row.model,))
