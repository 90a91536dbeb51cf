"""Dialect `ua-edge`: what OPC Foundation's UA Edge Translator reads (OPC 10100-1, 1.02).

The unit is part of `base`, the entity begins in lower case (`holdingRegister`), the node of an OPC
UA server is the whole `href`, and the description's `name` names the asset. It knows `nosec` only
and decodes most significant word first only; points that need more have no form.
"""

from __future__ import annotations

from inventory.connection import Connection, Item
from inventory.outputs.wot.thing import Dialect, Json
from inventory.outputs.wot.types import plain_type, register_type, registers, xsd_type

ENTITIES = {
    "holding": "holdingRegister",
    "input": "inputRegister",
    "coil": "coil",
    "discrete": "discreteInput",
}
_KINDS = {"number": "xsd:float", "integer": "xsd:integer", "boolean": "xsd:boolean"}


def forms(one: Connection, item: Item) -> list[Json]:
    """The form of one point; [] where the translator cannot read it."""
    form: Json = {"op": ["readproperty"]}
    if one.protocol == "opcua":
        kind = "xsd:double" if item.type == "Double" else _KINDS.get(plain_type(item.type))
        milliseconds = one.interval_seconds * 1000
        return [
            {"href": item.address}
            | form
            | {"type": kind or "xsd:string", "pollingTime": milliseconds}
        ]
    kind = register_type(item.type)
    ordered = (item.words, item.bytes) == ("big", "big")
    if not kind or not ordered or item.table not in ENTITIES:
        return []
    form |= {"modv:type": xsd_type(item.type), "modv:entity": ENTITIES[item.table]}
    form["modv:pollingTime"] = one.interval_seconds * 1000
    return [{"href": f"{item.register}?quantity={registers(kind)}"} | form]


def base(one: Connection) -> str:
    """Where the asset is; for Modbus with its unit."""
    if one.protocol == "opcua":
        return f"opc.tcp://{one.host}:{one.port}{one.path}"
    return f"modbus+tcp://{one.host}:{one.port}/{one.unit}"


DIALECT = Dialect("ua-edge", forms, frozenset(("modbus", "opcua")), base, security=False)
