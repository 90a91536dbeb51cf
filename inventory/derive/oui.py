"""Who made a network adapter: the IEEE registries, and which of these makers build plant devices.

One rule keeps it simple: a prefix names the adapter's maker. It is said to be the device's maker
only for companies that build automation devices themselves.

`data/oui.csv.gz` is made by `inventory/data/make_oui.py` from the IEEE lists MA-L, MA-M and MA-S.
"""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parents[1] / "data" / "oui.csv.gz"

PLANT_MAKERS = tuple(
    """
abb, advantech, alerton, automatedlogic, b&r industrial, bachmann, balluff, beckhoff,
belimo, bosch rexroth, carel, codesys, danfoss, delta electronics, deif, distech, eaton,
emerson, endress, fanuc, festo, fisher, general electric, ge fanuc, ge intelligent, ge
power, hilscher, hirschmann, hms industrial, honeywell, ifm electronic, janitza, johnson
controls, keyence, koyo, kuka, lenze, lantronix, loytec, lutze, measurement computing,
mitsubishi electric, moxa, murrelektronik, national instruments, nidec, omron, opto 22,
opto-22, panasonic electric works, pepperl, phoenix contact, phoenix-contact, pilz, prosoft,
red lion, rockwell, allen-bradley, rosemount, saia, schneider, schweitzer, sel inc, sew
eurodrive, sew-eurodrive, sick ag, siemens, socomec, sma solar, sma regelsysteme,
telemecanique, tridium, trane, toshiba industrial, turck, unitronics, vipa, wago, weidm,
westermo, woodward, yaskawa, yokogawa,
camille bauer, raspberry pi, gossen, wieland electric, krohne, vega grieshaber, kistler,
brooks instrument, micro motion, triconex, invensys, foxboro, cognex, datalogic, leuze, ruggedcom,
garrettcom, korenix, oring, elster, landis+gyr, itron, echelon, sauter, kieback, reliable controls,
delta controls, liebert, american power conversion, riello, power measurement, satec, accuenergy,
carlo gavazzi, frako, gefran, eurotherm, watlow, crouzet, idec, fuji electric, hitachi industrial,
ls electric, lsis, ls industrial, inovance, kollmorgen, parker hannifin, control techniques, vacon,
baumuller, stober, universal robots, staubli, 3s-smart, softing, helmholz, systeme helmholz, insys
    """.replace("\n", " ")
    .strip()
    .split(", ")
)
"""Beginnings of the names, lower-case, of companies whose prefixes sit in their own devices."""


@cache
def _table() -> dict[str, str]:
    with gzip.open(TABLE, "rt", encoding="utf-8", newline="") as file:
        rows = (line.rstrip("\n").split(",", 1) for line in file if not line.startswith("#"))
        return {row[0]: row[1] for row in rows if len(row) == 2}


def adapter_maker(mac: str) -> str:
    """The registered owner of this hardware address' prefix, or "" (also if locally given)."""
    digits = mac.replace(":", "").replace("-", "").lower()
    if len(digits) != 12 or int(digits[1], 16) & 2:
        return ""
    table = _table()
    held = table.get(digits[:9]) or table.get(digits[:7]) or table.get(digits[:6]) or ""
    return held.rstrip(" ,")  # the registry has "Siemens AG,"


def device_maker(mac: str) -> str:
    """The adapter's maker where it is one that builds plant devices; else ""."""
    maker = adapter_maker(mac)
    return maker if maker.lower().startswith(PLANT_MAKERS) else ""
