"""Whether a controller has an open server of its own that could be switched on: `data/servers.csv`.

One rule keeps it simple: a family that the table does not hold is not known, and said so.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files

from inventory.model import Device

NONE = "none"
NUMBER = re.compile(r"\d+(?:\.\d+)*")


@cache
def _table() -> tuple[tuple[str, str, str], ...]:
    """Maker, beginning of the order number, first firmware with a server (or `NONE`)."""
    lines = files("inventory").joinpath("data/servers.csv").read_text("utf-8").splitlines()
    rows = csv.reader(line for line in lines if not line.startswith("#"))
    next(rows)
    return tuple((vendor.casefold(), begins.casefold(), first) for vendor, begins, first in rows)


def open_server(device: Device) -> str:
    """What could be switched on, in words; "" where no firmware of that family has any."""
    name = device.product or device.model or "the controller"
    first = _first_firmware(device)
    if first is None:
        return f"the built-in OPC UA server of {name}, if the firmware and the licence have one"
    if first == NONE:
        return ""
    licence = "which needs a licence"
    if device.firmware and _numbers(device.firmware) < _numbers(first):
        return f"the OPC UA server that {name} has from firmware {first} on, {licence}"
    return f"the built-in OPC UA server of {name}, {licence}"


def _first_firmware(device: Device) -> str | None:
    order = device.model.replace(" ", "").casefold()
    maker = device.vendor.casefold()
    known = ((begins, first) for vendor, begins, first in _table() if maker.startswith(vendor))
    return next((first for begins, first in known if order.startswith(begins)), None)


def _numbers(text: str) -> tuple[int, ...]:
    """The parts of the first version number in a text, as numbers."""
    found = NUMBER.search(text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
