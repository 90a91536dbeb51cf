"""Register maps that people declared complete: which one is a device's, and what it names.

One rule keeps it simple: a complete map says what there is besides its lines: nothing. What a line
names is there by the map's own word, read or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from inventory.derive.declared import bus_part, yes
from inventory.model import Declaration, Device
from protocols.contract import Point

_WORD = re.compile(r"[^\W_]+")
ITSELF = frozenset({"", "unit 0", "unit 1", "unit 255"})
"""Units by which a device that is no gateway may be asked for its own registers (rulings 16)."""


class Line(NamedTuple):
    """One line of a map: the unit that it is for ("" any), and the value that it names."""

    unit: str
    point: Point


class CompleteMap(NamedTuple):
    """A map of one vendor, model and firmware ("" any) that its author declares complete."""

    vendor: str
    model: str
    firmware: str
    lines: tuple[Line, ...] = ()
    declaration: str = ""  # id of the last statement that calls it complete


class Chosen(NamedTuple):
    """The complete map that is a device's, and the model that it fits; firmware of those that
    would be, were they not of another."""

    map: CompleteMap | None
    model: str
    others: tuple[str, ...]


class Gathering:
    """Grows line by line; a map is complete when one line of it says so."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str, str], dict[tuple[str, str], Line]] = {}
        self._complete: dict[tuple[str, str, str], str] = {}

    def add(self, item: Declaration) -> None:
        """One line, as it was stated; a later one of the same place replaces."""
        fields = item.fields
        of = (
            fields.get("vendor", "").strip(),
            fields.get("model", "").strip(),
            fields.get("firmware", "").strip(),
        )
        lines = self._lines.setdefault(of, {})
        if fields.get("table"):
            line = _line(fields)
            lines[line.unit, line.point.address] = line
        if yes(fields.get("complete", "")):
            self._complete[of] = item.id

    def known(self) -> tuple[CompleteMap, ...]:
        """What the maps so far are of, complete or not, without their lines."""
        return tuple(CompleteMap(*of) for of in self._lines)

    def complete(self) -> tuple[CompleteMap, ...]:
        """The complete maps so far, in the order in which they were stated."""
        return tuple(
            CompleteMap(*of, tuple(lines.values()), self._complete[of])
            for of, lines in self._lines.items()
            if of in self._complete
        )


def _line(fields: Mapping[str, str]) -> Line:
    kind = fields.get("type", "")
    address = f"{fields['table']}:{fields.get('address', '')}"
    if kind.startswith("bit:"):
        address += f".{kind[4:]}"
    point = Point(
        address,
        fields.get("name", ""),
        unit=fields.get("engineeringunit", ""),
        type=kind,
        signal=fields.get("signal", ""),
    )
    return Line(bus_part(fields.get("unit", "")), point)


def chosen(maps: Iterable[CompleteMap], device: Device) -> Chosen:
    """The complete map of a device, by vendor, model (or product) and firmware."""
    others: dict[str, None] = {}
    for model in (device.model, device.product):
        for one in maps:
            if not _of(one, device.vendor, model):
                continue
            if begins(device.firmware, one.firmware):
                return Chosen(one, model, ())
            others[one.firmware] = None
    return Chosen(None, "", tuple(sorted(others)))


def unlisted(found: CompleteMap, device: Device, listed: Iterable[str]) -> tuple[Point, ...]:
    """What the map names for that device and no point of it has the address of."""
    known = frozenset(listed)
    part = device.part or ""
    return tuple(
        line.point
        for line in found.lines
        if line.point.address not in known
        and (not line.unit or line.unit == part or (not part and line.unit in ITSELF))
    )


def _of(one: CompleteMap, vendor: str, model: str) -> bool:
    """Whether a map is of that vendor and model: as the probe chooses it (whole words at the
    beginning), or letter by letter without blanks and punctuation."""
    named = bool(one.vendor or one.model)
    return named and _like(vendor, one.vendor) and _like(model, one.model)


def _like(text: str, wanted: str) -> bool:
    return begins(text, wanted) or _plain(text) == _plain(wanted)


def begins(text: str, start: str) -> bool:
    """Whether a text begins with whole words, as maps are compared; any with none."""
    wanted, words = _WORD.findall(start.casefold()), _WORD.findall(text.casefold())
    return words[: len(wanted)] == wanted


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
