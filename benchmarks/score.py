"""Who identified what: the answers of each tool against the plant's own record of its devices.

One rule keeps it simple: a value counts as right when the device's own words hold it, letter case
and blanks aside; the same comparison serves every tool. What a device does not tell at the depth
that was asked counts neither for nor against anybody: 43/14 of Modbus has no serial number, and an
OPC UA server names its maker and product in its endpoint list, firmware and serial in a session.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from simulators.contract import Device
from simulators.generate import from_text

ANSWERS = frozenset({"slow"})
"""Faults with which a good client still gets its answers."""

SAYS = ("name", "product_uri", "application_uri")
"""Facts, beside product and model, in which a device may name its maker and product."""


CALLED = {"tcopcuaserver": "twincatopcuaserver"}
"""What the maker calls what the device's URI names (Beckhoff TF6100)."""


@dataclass(frozen=True, slots=True)
class Key:
    """Who stands at one address, what it tells, and whether it answers a good client."""

    address: str
    protocol: str
    vendor: str
    product: str
    firmware: str
    serial: str  # "" where it does not tell it at the depth asked
    answers: bool
    units: int = 0
    tells_firmware: bool = True


def key(plant: str, depth: str = "identify") -> dict[str, Key]:
    """The answer key of a `generate:` plant, by address."""
    made = from_text(plant.removeprefix("generate:"))
    return {device.address: _key(device, depth == "identify") for device in made.devices}


def _key(device: Device, shallow: bool) -> Key:
    service = device.services[0]
    # A meter tells its serial in the SunSpec models, if at all; a gateway has no registers.
    mute = service.protocol == "modbus" and not service.options.get("sunspec")
    untold = mute or (shallow and service.protocol != "snmp")
    return Key(
        device.address,
        service.protocol,
        device.vendor,
        device.product,
        device.firmware,
        "" if untold else device.serial,
        all(fault.kind in ANSWERS for fault in service.faults),
        len(device.units),
        not (shallow and service.protocol == "opcua"),
    )


def plain(text: str) -> str:
    """Letters and digits that matter when two spellings are compared."""
    return "".join(text.lower().split())


def of_untrap(lines: Iterable[str]) -> tuple[dict[str, dict[str, str]], dict[str, int]]:
    """From `assets --json`: fields by address, and how many parts stand behind each address."""
    found: dict[str, dict[str, str]] = {}
    parts: dict[str, int] = {}
    for line in lines:
        record = json.loads(line)
        for address in record["addresses"]:
            if record["part"]:
                parts[address] = parts.get(address, 0) + bool(record["product"])
            else:
                names = ("vendor", "product", "model", "firmware", "serial")
                said = {name: record[name] or "" for name in names}
                words = [str(f["value"]) for f in record.get("facts", ()) if f["name"] in SAYS]
                found[address] = said | {"said": " ".join(words)}
    return found, parts


def of_nmap(path: Path) -> dict[str, str]:
    """From `-oX`: all that the scripts said of a host, by address."""
    try:
        tree = ElementTree.parse(path)  # noqa: S314 - written by the program that we just ran
    except (ElementTree.ParseError, OSError):
        return {}
    found = {}
    for host in tree.iter("host"):
        address = host.find("address")
        said = " ".join(script.get("output", "") for script in host.iter("script"))
        if address is not None and said:
            found[address.get("addr", "")] = said
    return found


def score_text(keys: Mapping[str, Key], said: Mapping[str, str]) -> dict[str, int]:
    """For tools that print what a device says: whether its words are in there."""
    total = _blank(keys)
    for item in keys.values():
        text = plain(said.get(item.address, ""))
        named = item.answers and plain(item.product) in text
        total["identified"] += named
        version = not item.tells_firmware or plain(item.firmware) in text
        total["complete"] += named and version and plain(item.vendor) in text
        total["serial"] += item.answers and bool(item.serial) and plain(item.serial) in text
    return total


def _blank(keys: Mapping[str, Key]) -> dict[str, int]:
    names = ("identified", "complete", "serial", "wrong", "believed", "units")
    there = [item for item in keys.values() if item.answers]
    return dict.fromkeys(names, 0) | {
        "answering": len(there),
        "serial_there": sum(bool(item.serial) for item in there),
        "units_there": sum(item.units for item in there),
    }


def score_untrap(
    keys: Mapping[str, Key], found: Mapping[str, Mapping[str, str]], parts: Mapping[str, int]
) -> dict[str, int]:
    """The same for records; `wrong` are fields that the device does not say, `believed` are
    devices whose answers are no answers and that were identified all the same."""
    total = _blank(keys)
    for item in keys.values():
        record = found.get(item.address, {})
        product = plain(f"{record.get('product', '')} {record.get('model', '')}")
        said = product + plain(record.get("said", ""))
        identified = plain(item.product) in said
        same = plain(record.get("firmware", "")) == plain(item.firmware)
        whole = _vendor(item, record) and (same or not item.tells_firmware)
        serial = plain(record.get("serial", "")) == plain(item.serial)
        total["identified"] += item.answers and identified
        total["complete"] += item.answers and identified and whole
        total["serial"] += item.answers and bool(item.serial) and serial
        total["wrong"] += _wrong(item, record, product)
        total["believed"] += not item.answers and identified
        if item.answers:
            total["units"] += min(item.units, parts.get(item.address, 0))
    return total


def _vendor(item: Key, record: Mapping[str, str]) -> bool:
    one, other = plain(item.vendor), plain(record.get("vendor", ""))
    stated = bool(other) and (one in other or other in one)
    return stated or (not other and one in plain(record.get("said", "")))


def _wrong(item: Key, record: Mapping[str, str], product: str) -> int:
    """Stated fields that contradict the device."""
    vendor = bool(record.get("vendor")) and not _vendor(item, record)
    firmware = plain(record.get("firmware", ""))
    version = bool(firmware) and firmware != plain(item.firmware)
    serial = plain(record.get("serial", ""))
    number = bool(serial and item.serial) and serial != plain(item.serial)
    told = plain(item.product)
    named = told in product or CALLED.get(told, told) in product
    return vendor + version + number + (bool(product) and not named)
