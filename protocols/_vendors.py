"""Vendor numbers: EtherNet/IP (ODVA) and BACnet (ASHRAE) from `data/*.csv`, a few of PROFINET."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PROFINET = {
    # Given out by PROFIBUS & PROFINET International. No licensed list was at hand: only those that
    # are common knowledge stand here, any other number stays a number (2026-11).
    0x002A: "Siemens",
    0x00B0: "Phoenix Contact",
    0x011D: "WAGO",
    0x011E: "Hilscher",
    0x0120: "Beckhoff",
}


@cache
def _table(name: str) -> dict[int, str]:
    path = Path(__file__).with_name("data") / name
    rows = (
        line.split(",", 1)
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    )
    return {int(number): vendor for number, vendor in rows}


def odva(number: int) -> str:
    """The vendor of a CIP vendor id, or ""."""
    return _table("odva_vendors.csv").get(number, "")


def bacnet(number: int) -> str:
    """The vendor of a BACnet vendor id, or ""."""
    return _table("bacnet_vendors.csv").get(number, "")


def profinet(number: int) -> str:
    """The vendor of a PROFINET vendor id, or ""."""
    return PROFINET.get(number, "")
