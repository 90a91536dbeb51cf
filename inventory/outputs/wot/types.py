"""Data types of the protocols in the words of JSON Schema, XML Schema and registers.

One rule keeps it simple: a type that is not in the tables has no form; nothing is guessed.
"""

from __future__ import annotations

import re

_SUNSPEC = {
    "acc16": "uint16",
    "acc32": "uint32",
    "acc64": "uint64",
    "enum16": "uint16",
    "enum32": "uint32",
    "count": "uint16",
    "bitfield16": "uint16",
    "bitfield32": "uint32",
    "bitfield64": "uint64",
}
"""SunSpec Device Information Model 1.1, 5.1: what each type is as registers."""

_REGISTERS = {
    "uint16": 1,
    "int16": 1,
    "uint32": 2,
    "int32": 2,
    "float32": 2,
    "uint64": 4,
    "int64": 4,
    "float64": 4,
}

_INTEGERS = frozenset(
    (
        *("SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Enumeration"),
        *("INTEGER", "Integer32", "Gauge32", "Counter32", "Counter64", "TimeTicks", "Unsigned32"),
    )
)
_NUMBERS = frozenset(("Float", "Double", "Number"))

_XSD = {
    "uint16": "xsd:unsignedShort",
    "int16": "xsd:short",
    "uint32": "xsd:unsignedInt",
    "int32": "xsd:int",
    "uint64": "xsd:unsignedLong",
    "int64": "xsd:long",
    "float32": "xsd:float",
    "float64": "xsd:double",
    "bit": "xsd:boolean",
}


def register_type(name: str) -> str:
    """A Modbus type as registers hold it: uint16, float32, bit, string:N; "" when not known."""
    plain = _SUNSPEC.get(name, name)
    if plain in _REGISTERS or plain == "bit" or re.fullmatch(r"string:\d{1,3}", plain):
        return plain
    return "uint16" if re.fullmatch(r"bit:\d{1,2}", plain) else ""


def registers(name: str) -> int:
    """Registers (or bits) that a type of `register_type` takes."""
    if name.startswith("string:"):
        return (int(name[7:]) + 1) // 2
    return _REGISTERS.get(name, 1)


def plain_type(name: str) -> str:
    """The JSON Schema type of a value."""
    kind = register_type(name)
    if kind == "bit" or name == "Boolean":
        return "boolean"
    if kind.startswith(("uint", "int")) or name in _INTEGERS:
        return "integer"
    return "number" if kind.startswith("float") or name in _NUMBERS else "string"


def xsd_type(name: str) -> str:
    """The XML Schema type of register content; "xsd:string" for text."""
    return _XSD.get(register_type(name), "xsd:string")
