"""Which row of the ENTITY-MIB is the device itself, and what it says. Pure.

Agents list the stack, a slot or a power supply before the chassis as they like; so rows are read
one after the other, a few at most, until one is the device: a chassis, or something of no stated
class that nothing else contains (RFC 6933, entPhysicalClass and entPhysicalContainedIn). Where an
agent keeps the class of its rows quiet, its first row stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from protocols.snmp import codec
from protocols.snmp.codec import Binding, Oid
from protocols.snmp.exchange import number, text
from protocols.snmp.identity import maker, spelled, worded

ENTITY: Oid = (1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1)  # RFC 6933, entPhysicalEntry
OTHER, UNKNOWN, CHASSIS, CONTAINER, STACK = 1, 2, 3, 5, 11  # IANAPhysicalClass
_CONTAINED_IN, _CLASS, _HARDWARE, _FIRMWARE, _SOFTWARE, _SERIAL, _MAKER, _MODEL = (
    4, 5, 8, 9, 10, 11, 12, 13,
)  # fmt: skip
COLUMNS = (_CLASS, _CONTAINED_IN, _MODEL, _SERIAL, _SOFTWARE, _FIRMWARE, _HARDWARE, _MAKER)
_NAMES = {
    _MODEL: "entPhysicalModelName",
    _SERIAL: "entPhysicalSerialNum",
    _SOFTWARE: "entPhysicalSoftwareRev",
    _FIRMWARE: "entPhysicalFirmwareRev",
    _HARDWARE: "entPhysicalHardwareRev",
    _MAKER: "entPhysicalMfgName",
}
# D-Link: the software revision is that of an inner layer. Everybody else's firmware revision is the
# boot loader's.
_FIRMWARE_FIRST = frozenset({171})
# The maker of the switch software, whose defaults tell of the software, not of the device.
_NAME_IN_FRONT = re.compile(r"^[A-Za-z]\S*\d\S* (?=v\d)")  # "FortiGate-501E v5.6.4,build1575"
_BRANCH = re.compile(r"(?<=build\d{4})b\d{4}\b")  # "build1575b1575": the build, and its branch's
_CODE = re.compile(r"[A-Z]{2,4}\d{2}")
_SOFTWARE_HOUSES = frozenset({"aricent"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its index, and its bindings by column number."""

    index: Oid
    cells: Mapping[int, Binding]

    @property
    def is_device(self) -> bool:
        """Whether the row describes the device itself."""
        kind = self.cells.get(_CLASS)
        if number(kind) in (OTHER, UNKNOWN):
            return number(self.cells.get(_CONTAINED_IN)) == 0
        return may_be_chassis(kind)


def may_be_chassis(kind: Binding | None) -> bool:
    """Whether a class is that of a chassis or not told; one that nobody can read is neither."""
    return kind is None or number(kind) == CHASSIS


def following(index: Oid = ()) -> tuple[Oid, ...]:
    """What a GetNext asks for the row behind an index; the first row without one."""
    return tuple((*ENTITY, column, *index) for column in COLUMNS)


def row_of(bindings: Sequence[Binding]) -> Row | None:
    """The first row among answers to `following`; None behind the table's end."""
    cells = {
        column: binding
        for column, binding in zip(COLUMNS, bindings, strict=True)
        if not binding.missing and binding.oid[: len(ENTITY) + 1] == (*ENTITY, column)
    }
    indexes = [binding.oid[len(ENTITY) + 1 :] for binding in cells.values()]
    if not indexes:
        return None
    first = min(indexes)
    own = {c: b for c, b in cells.items() if b.oid[len(ENTITY) + 1 :] == first}
    if bindings[0].spoilt:
        own[_CLASS] = bindings[0]  # the class that nobody can read may be this row's
    return Row(first, own)


def step(row: Row, passed: Sequence[Row]) -> Oid:
    """The index behind which to ask next, for a row that is not the device.

    What lies in something lies in the device at last, so its container is next, where that was not
    passed yet; of what lies in nothing (a stack, a slot of its own) the next row.
    """
    container = number(row.cells.get(_CONTAINED_IN)) or 0
    if container > 0 and all(other.index != (container,) for other in (row, *passed)):
        return (container - 1,) if container > 1 else ()
    return row.index


def of_stack(passed: Sequence[Row], enterprise: int | None) -> dict[str, tuple[str, str]]:
    """The software of a stack without a row for any chassis: it is the whole agent's.

    Such an agent has one row (switches on one maker's software development kit). Its serial number
    and model would be the stack's, which nobody sells, so they are not taken.
    """
    if len(passed) != 1 or number(passed[0].cells.get(_CLASS)) != STACK:
        return {}
    if number(passed[0].cells.get(_CONTAINED_IN)) != 0:
        return {}
    said = statements(passed[0], enterprise)
    return {name: said[name] for name in ("firmware",) if name in said}


def revisions(enterprise: int | None) -> tuple[int, int]:
    """The two columns that may hold the firmware's version, the better one first."""
    firmware_first = enterprise in _FIRMWARE_FIRST
    return (_FIRMWARE, _SOFTWARE) if firmware_first else (_SOFTWARE, _FIRMWARE)


def statements(row: Row, enterprise: int | None) -> dict[str, tuple[str, str]]:
    """Fact name to (value, source) of a row that is the device."""
    found: dict[str, tuple[str, str]] = {}
    if text(row.cells.get(_MAKER)).lower() in _SOFTWARE_HOUSES:
        return found
    versions = (("firmware", column) for column in revisions(enterprise))
    for name, column in (
        ("vendor", _MAKER), ("model", _MODEL), ("serial", _SERIAL), ("hardware", _HARDWARE),
        *versions,
    ):  # fmt: skip
        words = worded(name, text(row.cells.get(column)))
        if column == _MODEL and not any(c.isalpha() for c in words):
            continue  # a part number ("40-1000832-08"): an order for stores, no name of a model
        if column == _MAKER and _CODE.fullmatch(words):
            continue  # "DNT00": the maker's code in a list of Dell's, no name
        if column == _MAKER:
            words = makers_name(words, enterprise)
        if name == "firmware":
            words = _BRANCH.sub("", _NAME_IN_FRONT.sub("", words))
        words = spelled(enterprise, name, words)
        if words:
            source = f"snmp {_NAMES[column]}.{codec.dotted(row.index)}"
            found.setdefault(name, (words, source))
    return found


def makers_name(words: str, enterprise: int | None) -> str:
    """A maker's name as the enterprise numbers spell it, where it is the same ("cisco")."""
    registered = maker(enterprise)
    return registered if registered.casefold() == words.casefold() else words
