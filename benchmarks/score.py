"""Who identified what: the answers of each tool against the plant's own record of its devices.

One rule keeps it simple: a value counts as right when the device's own words hold it, letter case
and blanks aside; the same comparison serves every tool.
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


@dataclass(frozen=True, slots=True)
class Key:
    """Who stands at one address, and whether it answers a good client."""

    address: str
    protocol: str
    vendor: str
    product: str
    firmware: str
    serial: str
    answers: bool
    units: int = 0


def key(plant: str) -> dict[str, Key]:
    """The answer key of a `generate:` plant, by address."""
    made = from_text(plant.removeprefix("generate:"))
    return {device.address: _key(device) for device in made.devices}


def _key(device: Device) -> Key:
    service = device.services[0]
    return Key(
        device.address,
        service.protocol,
        device.vendor,
        device.product,
        device.firmware,
        device.serial,
        all(fault.kind in ANSWERS for fault in service.faults),
        len(device.units),
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
                found[address] = {name: record[name] or "" for name in names}
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
    blank = {"answering": 0, "identified": 0, "complete": 0, "serial": 0}
    for item in keys.values():
        text = plain(said.get(item.address, ""))
        blank["answering"] += item.answers
        held = [plain(word) in text for word in (item.product, item.vendor, item.firmware)]
        blank["identified"] += item.answers and held[0]
        blank["complete"] += item.answers and all(held)
        blank["serial"] += item.answers and plain(item.serial) in text
    return blank | {"wrong": 0, "believed": 0}


def score_untrap(
    keys: Mapping[str, Key], found: Mapping[str, Mapping[str, str]], parts: Mapping[str, int]
) -> dict[str, int]:
    """The same for records; `wrong` are fields that the device does not say, `believed` are
    devices whose answers are no answers and that were identified all the same."""
    total = dict.fromkeys(
        ("answering", "identified", "complete", "serial", "wrong", "believed", "units"), 0
    )
    total["units_there"] = 0
    for item in keys.values():
        record = found.get(item.address, {})
        product = plain(f"{record.get('product', '')} {record.get('model', '')}")
        identified = plain(item.product) in product
        total["answering"] += item.answers
        total["identified"] += item.answers and identified
        right = {
            "vendor": plain(item.vendor),
            "firmware": plain(item.firmware),
            "serial": plain(item.serial),
        }
        same = {name: plain(record.get(name, "")) == value for name, value in right.items()}
        total["complete"] += (
            item.answers and identified and same["firmware"] and _vendor(item, record)
        )
        total["serial"] += item.answers and same["serial"]
        total["wrong"] += _wrong(item, record, product, identified)
        total["believed"] += not item.answers and identified
        if item.answers:
            total["units_there"] += item.units
            total["units"] += min(item.units, parts.get(item.address, 0))
    return total


def _vendor(item: Key, record: Mapping[str, str]) -> bool:
    one, other = plain(item.vendor), plain(record.get("vendor", ""))
    return bool(other) and (one in other or other in one)


def _wrong(item: Key, record: Mapping[str, str], product: str, identified: bool) -> int:
    """Stated fields that contradict the device."""
    vendor = bool(record.get("vendor")) and not _vendor(item, record)
    firmware = plain(record.get("firmware", ""))
    version = bool(firmware) and firmware != plain(item.firmware)
    return vendor + version + (bool(product) and not identified)
