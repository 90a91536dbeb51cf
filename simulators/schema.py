"""Which keys a plant file may hold, said once: the loader checks by it, the JSON Schema shows it.

One rule keeps it simple: a table of fields is data; `docs/plant-file.schema.json` is made from it
(`python -m simulators.schema`) and a test keeps the two equal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TEXT = "a text"
WHOLE = "a whole number"
NUMBER = "a number"
FLAG = "true or false"
SCALAR = "a text, number, true or false, or a list of them"
TEXTS = "a list of texts"
TABLE = "a table"
ADDRESS = "an address such as 127.20.1.11"
FAULTS = 'a list such as ["mute", {kind = "slow", value = 2}]'


@dataclass(frozen=True, slots=True)
class Field:
    """One key: what it must be (a constant above, or the name of a list of tables), and why."""

    kind: str
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()


POINT = {
    "address": Field(TEXT, "where it is, in the protocol's words: holding:100, an OID", True),
    "name": Field(TEXT, "its name"),
    "type": Field(TEXT, "data type: uint16, float32, Double, Counter32"),
    "value": Field(SCALAR, "its value"),
    "unit": Field(TEXT, "engineering unit: A, kW, degC"),
    "description": Field(TEXT, "free text"),
    "status": Field(TEXT, "quality: Good, BadNotConnected"),
    "options": Field(TABLE, "what only this protocol has: scale, word_order, range"),
}
IDENTITY = {
    "vendor": Field(TEXT, "manufacturer"),
    "product": Field(TEXT, "product name or code"),
    "model": Field(TEXT, "model or order number, when it differs from the product"),
    "firmware": Field(TEXT, "firmware revision"),
    "hardware": Field(TEXT, "hardware revision"),
    "serial": Field(TEXT, "serial number"),
}
TABLES: Mapping[str, Mapping[str, Field]] = {
    "": {
        "plant": Field("table:plant", "the plant", True),
        "device": Field("tables:device", "networked devices", True),
        "equipment": Field("tables:equipment", "things that can fail"),
        "link": Field("tables:link", "which device watches which signal of which equipment"),
        "register": Field("tables:register", "rows of the asset register, canonical columns"),
        "map": Field("tables:map", "register maps that the operator holds, one file each"),
        "site": Field("table:site", "what the site file of the written directory holds"),
        "expected": Field("table:expected", "the answer key, written by hand"),
    },
    "plant": {
        "name": Field(TEXT, "name of the plant", True),
        "site": Field(TEXT, "name of the site", True),
        "about": Field(TEXT, "one sentence for --list"),
        "targets": Field(TEXTS, "addresses or CIDRs to scan; default: all devices and rows"),
    },
    "device": {
        "id": Field(TEXT, "name of the device in this file", True),
        "address": Field(
            ADDRESS,
            "its IPv4 address, in 127.0.0.0/8 to be played outside a network of its own",
            True,
        ),
        "mac": Field(TEXT, "hardware address"),
        **IDENTITY,
        "name": Field(TEXT, "the name that it gives itself"),
        "location": Field(TEXT, "where it says it stands"),
        "contact": Field(TEXT, "whom it names"),
        "service": Field("tables:service", "its listeners"),
        "unit": Field("tables:unit", "Modbus units behind it"),
    },
    "service": {
        "protocol": Field(TEXT, "a module of simulators/: modbus, snmp, opcua, s7comm", True),
        "port": Field(WHOLE, "standard port; default: the protocol's own"),
        "options": Field(TABLE, "what only this protocol has"),
        "faults": Field(FAULTS, "how it misbehaves"),
        "points": Field("tables:point", "what can be read"),
    },
    "unit": {
        "unit": Field(WHOLE, "unit id, 0 to 255", True),
        **IDENTITY,
        "answers": Field(FLAG, "false: declared and dead, the gateway says 0x0B"),
        "options": Field(TABLE, "what only this unit has"),
        "points": Field("tables:point", "what can be read"),
    },
    "point": POINT,
    "equipment": {
        "tag": Field(TEXT, "tag", True),
        "name": Field(TEXT, "name"),
        "class": Field(TEXT, "equipment class: pump, motor, transformer", True),
        "criticality": Field(TEXT, "consequence class", choices=("C1", "C2", "C3", "")),
        "monitored_by": Field(TEXTS, 'devices, "id" or "id/unit 3"'),
        "complete": Field(FLAG, "whether these are all its devices"),
        "area": Field(TEXT, "area"),
        "line": Field(TEXT, "line"),
        "redundancy": Field(TEXT, "redundancy class"),
        "owner": Field(TEXT, "owner"),
    },
    "link": {
        "equipment": Field(TEXT, "tag of the equipment", True),
        "device": Field(TEXT, "id of the device", True),
        "part": Field(TEXT, 'part of the device: "unit 3"'),
        "signal": Field(TEXT, "signal that comes by this link"),
        "complete": Field(FLAG, "whether the equipment has no other device"),
    },
    "register": {
        "tag": Field(TEXT, "tag", True),
        "kind": Field(TEXT, "device or equipment", choices=("device", "equipment", "")),
        "name": Field(TEXT, "name"),
        "class": Field(TEXT, "class"),
        "site": Field(TEXT, "site"),
        "area": Field(TEXT, "area"),
        "line": Field(TEXT, "line"),
        "address": Field(TEXT, "address"),
        "mac": Field(TEXT, "hardware address"),
        "protocol": Field(TEXT, "protocol"),
        "unit": Field(TEXT, "Modbus unit"),
        "parent": Field(TEXT, "tag of the parent"),
        "vendor": Field(TEXT, "manufacturer"),
        "model": Field(TEXT, "model"),
        "serial": Field(TEXT, "serial number"),
        "criticality": Field(TEXT, "consequence class", choices=("C1", "C2", "C3", "")),
        "redundancy": Field(TEXT, "redundancy class"),
        "owner": Field(TEXT, "owner"),
    },
    "map": {
        "file": Field(TEXT, "file name in maps/", True),
        "vendor": Field(TEXT, "manufacturer", True),
        "model": Field(TEXT, "model", True),
        "firmware": Field(TEXT, "firmware"),
        "unit": Field(TEXT, "unit id"),
        "complete": Field(FLAG, "whether its author says that it lists everything"),
        "row": Field("tables:row", "registers", True),
    },
    "row": {
        "table": Field(TEXT, "table", True, ("holding", "input", "coil", "discrete")),
        "address": Field(WHOLE, "zero-based address", True),
        "type": Field(TEXT, "uint16, int16, uint32, int32, float32", True),
        "word_order": Field(TEXT, "big or little"),
        "byte_order": Field(TEXT, "big or little"),
        "scale": Field(NUMBER, "factor"),
        "offset": Field(NUMBER, "added after the factor"),
        "unit": Field(TEXT, "engineering unit"),
        "name": Field(TEXT, "name", True),
        "signal": Field(TEXT, "signal name"),
    },
    "site": {
        "areas": Field(TEXTS, "areas"),
        "credentials": Field(TABLE, "credentials.NAME tables as the site file holds them"),
        "vantage": Field("tables:free", "vantage tables as the site file holds them"),
        "thresholds": Field(TABLE, "thresholds as the site file holds them"),
        "exclude": Field(TEXTS, "excluded addresses"),
    },
    "expected": {
        "rules": Field(TEXTS, "rules that the key speaks of; findings by others are not judged"),
        "assets": Field("tables:asset", "what must be in the inventory"),
        "gaps": Field("tables:gap", "every finding, and no other"),
        "questions": Field("tables:question", "every open question, and no other"),
    },
    "asset": {
        "id": Field(TEXT, 'device id, "id/unit 3", or an equipment tag', True),
        "kind": Field(TEXT, "device or equipment", choices=("device", "equipment")),
        "vendor": Field(TEXT, "manufacturer"),
        "product": Field(TEXT, "product"),
        "model": Field(TEXT, "model"),
        "firmware": Field(TEXT, "firmware"),
        "hardware": Field(TEXT, "hardware"),
        "serial": Field(TEXT, "serial number"),
        "name": Field(TEXT, "its own name"),
        "parent": Field(TEXT, "id of the parent"),
        "part": Field(TEXT, "part of the parent"),
        "points": Field(WHOLE, "number of points"),
        "lo": Field(WHOLE, "lowest level that holds"),
        "hi": Field(WHOLE, "highest level that may hold"),
        "category": Field(TEXT, "primary category"),
        "outcomes": Field(TABLE, "outcome of the identity question by protocol"),
        "because": Field(TEXT, "why, by the domain model"),
    },
    "gap": {
        "rule": Field(TEXT, "rule", True),
        "subject": Field(TEXT, 'device id, "id/unit 3", or an equipment tag', True),
        "severity": Field(
            TEXT, "severity", True, choices=("info", "low", "medium", "high", "critical")
        ),
        "confidence": Field(TEXT, "confidence", True, choices=("low", "medium", "high")),
        "signal": Field(TEXT, "signal that is missing or bad"),
        "because": Field(TEXT, "why, by the domain model"),
    },
    "question": {
        "rule": Field(TEXT, "rule that could not be decided", True),
        "subject": Field(TEXT, 'device id, "id/unit 3", or an equipment tag', True),
        "signals": Field(TEXTS, "what the questions are about, all of them"),
        "because": Field(TEXT, "the missing premise"),
    },
}

_PLAIN: Mapping[str, object] = {
    TEXT: {"type": "string"},
    ADDRESS: {"type": "string", "format": "ipv4"},
    WHOLE: {"type": "integer"},
    NUMBER: {"type": "number"},
    FLAG: {"type": "boolean"},
    TABLE: {"type": "object"},
    TEXTS: {"type": "array", "items": {"type": "string"}},
    SCALAR: {"type": ["string", "number", "boolean", "array"]},
    FAULTS: {
        "type": "array",
        "items": {
            "oneOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"kind": {"type": "string"}, "value": {"type": "number"}},
                    "required": ["kind"],
                },
            ]
        },
    },
}


def json_schema() -> dict[str, object]:
    """The JSON Schema (2020-12) of a plant file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Plant file",
        **_table(""),
        "$defs": {name: _table(name) for name in TABLES if name},
    }


def _table(name: str) -> dict[str, object]:
    fields = TABLES[name]
    return {
        "type": "object",
        "properties": {key: _field(field) for key, field in fields.items()},
        "required": [key for key, field in fields.items() if field.required],
        "additionalProperties": False,
    }


def _field(field: Field) -> dict[str, object]:
    shape, _, name = field.kind.partition(":")
    found: dict[str, object] = {"description": field.meaning}
    if shape == "table":
        found["$ref"] = f"#/$defs/{name}"
    elif shape == "tables":
        items: object = {"type": "object"} if name == "free" else {"$ref": f"#/$defs/{name}"}
        found |= {"type": "array", "items": items}
    else:
        plain = _PLAIN[field.kind]
        if isinstance(plain, dict):
            found |= plain
    if field.choices:
        found["enum"] = list(field.choices)
    return found


def page() -> str:
    """The text of `docs/plant-file.schema.json`."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    folder = Path(__file__).resolve().parent.parent / "docs"
    (folder / "plant-file.schema.json").write_text(page(), encoding="utf-8")
