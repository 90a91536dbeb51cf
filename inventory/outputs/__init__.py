"""Formats that an inventory is written in: one module each.

One rule keeps it simple: a format is a module with `write(store, request)`; `FORMATS` names it, and
a name whose module is not there is not in this version.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from inventory.store import Store

FORMATS: Mapping[str, tuple[str, str]] = {
    "csv": (
        "inventory.outputs.csv_file",
        "one table as CSV (--table gaps|questions|assets|points)",
    ),
    "json": ("inventory.outputs.json_file", "the whole inventory as one JSON document"),
    "xlsx": ("inventory.outputs.xlsx", "workbook: summary, gaps, questions, assets, signals"),
    "netbox": ("inventory.outputs.netbox", "NetBox CSV set, in import order"),
    "servicenow": ("inventory.outputs.servicenow", "ServiceNow OT import sheet"),
    "maximo": ("inventory.outputs.maximo", "Maximo CSV"),
    "wot": ("inventory.outputs.wot", "W3C Thing Descriptions"),
    "telegraf": ("inventory.outputs.telegraf", "Telegraf inputs"),
    "prometheus": ("inventory.outputs.prometheus", "Prometheus targets and snmp_exporter"),
    "uns": ("inventory.outputs.uns", "topic proposal for a unified name space"),
    "walkdown": ("inventory.outputs.walkdown", "what to look at on site, for a clipboard"),
    "bundle": ("inventory.outputs.bundle", "observations and declarations, for another inventory"),
    "nmap-xml": ("inventory.outputs.nmap_xml", "nmap XML"),
    "ocsf": ("inventory.outputs.ocsf", "OCSF device inventory"),
    "aas": ("inventory.outputs.aas", "Asset Administration Shells"),
    "neuron": ("inventory.outputs.neuron", "Neuron south nodes with their tags"),
}
"""Format → module and what it is."""


OPTIONS: Mapping[str, tuple[str, ...]] = {
    "netbox": ("profile",),
    "servicenow": ("profile",),
    "maximo": ("profile",),
    "wot": ("dialect",),
    "prometheus": ("exporter", "style"),
    "uns": ("enterprise",),
    "bundle": ("key",),
}
"""Format → the options that it takes; one that it does not take would change nothing."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked of a format."""

    output: Path | None = None  # file or folder; None is stdout
    table: str = "gaps"
    redact: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    now: datetime | None = None  # what a file says of when it was written; None is the clock's


class Format(Protocol):
    """What a format's module offers."""

    def write(self, store: Store, request: Request) -> str:
        """Writes it; returns one line that says what was written, or "".

        Raises ValueError naming what the user got wrong and a good value.
        """


def available() -> list[str]:
    """Formats whose module is in this version."""
    return [name for name, (module, _) in FORMATS.items() if _there(module)]


def load(name: str) -> Format:
    """The module of a format. Raises KeyError for a name that is not in this version."""
    module = FORMATS[name][0]
    if not _there(module):
        raise KeyError(name)
    loaded: Format = importlib.import_module(module)
    return loaded


def view(store: Store, request: Request) -> Store:
    """The store as the user wants it shown: with pseudonyms under `--redact`."""
    if not request.redact:
        return store
    from inventory.outputs.redacted import redacted

    return redacted(store)


def _there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
