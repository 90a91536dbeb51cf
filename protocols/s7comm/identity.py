"""What an S7 station says of itself in two system status lists, as facts with their source.

Nothing is concluded beyond the words of the station: the vendor is Siemens only where an order
number, the copyright entry or the manufacturer number says so, and nothing contradicts it (other
makers' controllers speak S7 too). SZL 0x0011: module identification, 28-byte records; SZL 0x001C:
component identification, 34-byte records (System Software for S7-300/400, volume 2, chapter 33).
"""

from __future__ import annotations

import re

from protocols.contract import Fact, Garbled
from protocols.s7comm.codec import Table

MODULE_IDENTIFICATION = 0x0011
COMPONENT_IDENTIFICATION = 0x001C

_MODULE, _HARDWARE, _FIRMWARE = 0x0001, 0x0006, 0x0007
_MODULE_RECORD_BYTES = 28
_COMPONENT_RECORD_BYTES = 34

_STATION_NAME = 0x0001
_MODULE_NAME = 0x0002
_PLANT_DESIGNATION = 0x0003
_COPYRIGHT = 0x0004
_SERIAL = 0x0005
_MODULE_TYPE = 0x0007
_CARD_SERIAL = 0x0008
_MANUFACTURER = 0x0009
_LOCATION = 0x000B

_NAMED = {
    _STATION_NAME: "name",
    _PLANT_DESIGNATION: "description",
    _SERIAL: "serial",
    _MODULE_TYPE: "product",
    _LOCATION: "location",
}

SIEMENS = "Siemens"
_SIEMENS_NUMBER = 42  # PROFIBUS/PROFINET International, Man_ID table: Siemens AG
_SIEMENS_COPYRIGHT = "Original Siemens Equipment"
# SIMATIC S7, SIPLUS, SIMATIC NET, LOGO!, SINUMERIK, SIMOTION: catalogue prefixes of Siemens.
_SIEMENS_ORDER = re.compile(r"(6ES7|6AG[12]|6GK7|6ED1|6FC5|6AU1) ?\d")
_PLC_ORDER = re.compile(r"6(ES7|AG[12]) ?(15[14]-[78]|(21[1-7]|31[2-9]|41[02-7]|51[0-8])-)")
_PLC_TYPE = re.compile(r"CPU ?\d")


def manufacturer(table: Table) -> int | None:
    """The manufacturer number that the component identification gives; None if it is silent."""
    number = int.from_bytes(_records(table, _COMPONENT_RECORD_BYTES).get(_MANUFACTURER, b"")[:2])
    return number or None


def component_facts(table: Table, slot: str) -> tuple[Fact, ...]:
    """Facts of SZL 0x001C; `slot` ("rack 0 slot 2") is the part that carries module names."""
    records = _records(table, _COMPONENT_RECORD_BYTES)
    texts = {index: _text(data) for index, data in records.items() if index != _MANUFACTURER}
    facts = [
        Fact(name, texts[index], _source(table.id, index))
        for index, name in _NAMED.items()
        if texts.get(index)
    ]
    module = texts.get(_MODULE_NAME)
    if module and module != texts.get(_MODULE_TYPE):
        facts.append(Fact("part", module, _source(table.id, _MODULE_NAME), slot))
    if texts.get(_CARD_SERIAL):
        card = f"memory card {texts[_CARD_SERIAL]}"
        facts.append(Fact("part", card, _source(table.id, _CARD_SERIAL), "memory card"))
    number = manufacturer(table)
    if number == _SIEMENS_NUMBER:
        facts.append(Fact("vendor", SIEMENS, _source(table.id, _MANUFACTURER)))
    elif number is None and texts.get(_COPYRIGHT) == _SIEMENS_COPYRIGHT:
        facts.append(Fact("vendor", SIEMENS, _source(table.id, _COPYRIGHT)))
    if _PLC_TYPE.match(texts.get(_MODULE_TYPE, "")):
        facts.append(Fact("role", "plc", _source(table.id, _MODULE_TYPE)))
    return tuple(facts)


def module_facts(table: Table, made_by: int | None = None) -> tuple[Fact, ...]:
    """Facts of SZL 0x0011; `made_by` is the manufacturer number, if the station gave one."""
    records = _records(table, _MODULE_RECORD_BYTES)
    facts: list[Fact] = []
    module = records.get(_MODULE, b"")
    order = _text(module[:20])
    if order:
        facts.append(Fact("model", order, _source(table.id, _MODULE)))
    if _SIEMENS_ORDER.match(order) and made_by in (None, _SIEMENS_NUMBER):
        facts.append(Fact("vendor", SIEMENS, _source(table.id, _MODULE)))
    if _PLC_ORDER.match(order):
        facts.append(Fact("role", "plc", _source(table.id, _MODULE)))
    for index in (_HARDWARE, _MODULE):
        state = int.from_bytes(records.get(index, b"")[22:24])
        if state:
            facts.append(Fact("hardware", str(state), _source(table.id, index)))
            break
    version = records.get(_FIRMWARE, b"")[22:26]
    if version[:1] == b"V":
        text = "V" + ".".join(str(number) for number in version[1:])
        facts.append(Fact("firmware", text, _source(table.id, _FIRMWARE)))
    return tuple(facts)


def _records(table: Table, size: int) -> dict[int, bytes]:
    """Contents by index word; of two records with one index the first counts."""
    if any(len(record) != size for record in table.records):
        raise Garbled(f"expected records of {size} bytes, got {len(table.records[0])}")
    found: dict[int, bytes] = {}
    for record in table.records:
        found.setdefault(int.from_bytes(record[:2]), record[2:])
    return found


def _text(data: bytes) -> str:
    """Text up to the first NUL, without padding. Siemens gives no character set: Latin-1."""
    return data.split(b"\0", 1)[0].decode("latin-1").strip()


def _source(szl_id: int, index: int) -> str:
    return f"s7comm SZL 0x{szl_id:04X} index 0x{index:04X}"
