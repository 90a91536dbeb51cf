"""Vendor numbers of EtherNet/IP (ODVA) and BACnet (ASHRAE), from `data/*.csv`."""

from __future__ import annotations

from functools import cache
from pathlib import Path


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
