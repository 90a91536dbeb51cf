"""Finds which device a text or a register row means, and says by what.

One rule keeps it simple: the strongest key that matches decides (key, serial number, hardware
address, tag or name, network address); a name that two devices share decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from inventory.derive.declared import bus_part, is_equipment
from inventory.derive.identity import (
    loose_serial,
    placeholder,
    plain_mac,
    plain_serial,
    plain_vendor,
)
from inventory.model import Device, RegisterRow

AMBIGUOUS = ""
"""Stands in the index for a text that several devices answer to."""


@dataclass(frozen=True, slots=True)
class Match:
    """The device that a row means: its key, or "" for none; and why."""

    key: str
    why: str
    strong: bool = False  # by a serial number or hardware address


class Index:
    """Devices by everything that may name them."""

    def __init__(self) -> None:
        self._by: dict[str, str] = {}
        self._moved: dict[str, str] = {}

    def claim(self, key: str, label: str) -> None:
        """Says which row means a device that has moved since that row was written."""
        self._moved.setdefault(key, label)

    def taken(self, match: Match) -> str:
        """Why a row does not mean the device that stands at its address: that one has moved there,
        and another row means it by a stronger key; "" where it may mean it."""
        other = "" if match.strong else self._moved.get(match.key, "")
        return f"{match.why}, and what stands there is {other}, which has moved" if other else ""

    def add(self, device: Device) -> None:
        """Makes a device findable; by its address only where no other one stands there."""
        away = bool(device.away)
        for text in names(device):
            if away and text.startswith("at:"):
                continue
            if self._by.setdefault(text, device.key) != device.key:
                self._by[text] = AMBIGUOUS

    def name(self, text: str, key: str) -> None:
        """Makes a device findable by one more name (its tag)."""
        folded = f"name:{text.casefold()}"
        if text and self._by.setdefault(folded, key) != key:
            self._by[folded] = AMBIGUOUS

    def redirect(self, instead: Mapping[str, str]) -> None:
        """Makes what found a device that is none find another (key → key)."""
        for text, key in self._by.items():
            if key in instead:
                self._by[text] = instead[key]

    def find(self, text: str, part: str = "") -> Match:
        """What one text means: a key, address, MAC, serial, tag or name."""
        text = text.strip()
        if not text:
            return Match("", "")
        if part:
            gateway = self.find(text)
            child = self._by.get(f"behind:{gateway.key} {part}", "")
            return Match(child, f"{gateway.why}, {part} behind it") if child else Match("", "")
        where = text
        for kind, value in (
            ("key", text),
            ("at", where),
            ("mac", plain_mac(text)),
            ("serial", plain_serial(text)),
            ("name", text.casefold()),
        ):
            key = self._by.get(f"{kind}:{value}", "") if value else ""
            if key:
                return Match(key, f"{_SAID[kind]} {value} is the same")
        return Match("", "")

    def row(self, one: RegisterRow, parent: str = "") -> Match:
        """The device of a register row. `parent` is the address of the gateway that it names."""
        part = bus_part(one.unit) if (one.parent or one.address) else ""
        where = one.address or (parent if part else "")  # what is behind it is not the gateway
        for kind, value in (
            ("serial", _serial(one)),
            ("mac", plain_mac(one.mac)),
            ("like", loosely(one)),
            ("name", "" if part else one.tag.casefold()),
            ("name", "" if part else one.name.casefold()),
            ("at", f"{where} {part}".strip() if where else ""),
        ):
            key = self._by.get(f"{kind}:{value}", "") if value else ""
            if key:
                shown = value.rpartition("|")[2]
                strong = kind in ("serial", "mac", "like")
                return Match(key, f"{_SAID[kind]} {shown} is the same", strong)
        return Match("", "")


_SAID = {
    "key": "key",
    "serial": "serial number",
    "mac": "hardware address",
    "like": "serial number, but for case, separators and zeros in front,",
    "name": "name",
    "at": "address",
}


def _serial(one: RegisterRow) -> str:
    usable = one.serial and not placeholder("serial", one.serial)
    if not usable:
        return ""
    maker = plain_vendor(one.vendor)
    return f"{maker}|{plain_serial(one.serial)}" if maker else plain_serial(one.serial)


def loosely(one: RegisterRow) -> str:
    """The serial number of a row without what people and spreadsheets change, with its maker."""
    loose = "" if placeholder("serial", one.serial) else loose_serial(one.serial)
    maker = plain_vendor(one.vendor)
    return f"{maker}|{loose}" if maker and loose else loose


def names(device: Device) -> Iterable[str]:
    """Everything that may name a device, as the index keeps it."""
    yield f"key:{device.key}"
    for alias in device.aliases:
        yield f"key:{alias}"
    for address in device.addresses:
        yield f"at:{address} {device.part}".strip()
    if device.mac:
        yield f"mac:{device.mac}"
    if device.serial and not placeholder("serial", device.serial):
        yield f"serial:{plain_serial(device.serial)}"
        if device.vendor:
            yield f"serial:{plain_vendor(device.vendor)}|{plain_serial(device.serial)}"
        if loose := loose_serial(device.serial):
            yield f"like:{loose}"
            if device.vendor:
                yield f"like:{plain_vendor(device.vendor)}|{loose}"
    if device.parent:
        yield f"behind:{device.parent} {device.part}"
    if device.name:
        yield f"name:{device.name.casefold()}"


ITSELF = frozenset({"unit 0", "unit 1", "unit 255"})
"""Bus parts at which a device answers for itself (rulings 16)."""


def alone(register: Sequence[RegisterRow]) -> frozenset[str]:
    """Addresses at which the register knows one device only, by a unit that is the device itself:
    "meter, 10.0.0.5, unit 1" is no unit behind a gateway that nobody named."""
    addresses = gateways(register)
    named: dict[str, set[str]] = {}
    for one in register:
        parent = addresses.get(one.parent.casefold(), "")
        part = bus_part(one.unit)
        if part or not is_equipment(one):  # a machine's address is that of a device beside it
            behind = "behind a gateway" if part and one.parent else ""
            named.setdefault(one.address or parent, set()).add(behind or part)
    return frozenset(where for where, parts in named.items() if len(parts) == 1 and parts <= ITSELF)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def gateways(register: Sequence[RegisterRow]) -> dict[str, str]:
    """Address of each row that has one, by tag and by name: what `Parent` may name; and of each
    `Parent` that is an address itself."""
    found = {text: text for one in register if _is_address(text := one.parent.strip())}
    for one in register:
        for text in (one.name, one.tag):
            if text and one.address:
                found[text.casefold()] = one.address
    return found
