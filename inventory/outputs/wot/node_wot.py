"""Dialect `node-wot`: what Eclipse Thingweb node-wot reads (core 0.9.2, bindings 0.8.16).

Its OPC UA binding takes the node from `opcua:nodeId` with a namespace *index*, wants
`application/json`, and opens an unsecured anonymous session. It gives an OPC UA integer of 64 bits
as two halves, which its own check of the schema refuses, and its octet-stream codec decodes none;
times and structures come as objects. It has no SNMP. The index is the one that the server's own
table had when it was read: where the table is not known, or the server wants more than that, there
is no form.
"""

from __future__ import annotations

from inventory.connection import Connection, Item
from inventory.outputs.wot import w3c
from inventory.outputs.wot.thing import Dialect, Json
from inventory.outputs.wot.types import register_type

READABLE = frozenset(
    (
        *("Boolean", "SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32"),
        *("Float", "Double", "Enumeration", "String"),
    )
)
"""OPC UA types whose values it gives as they are described; each was read back."""


def forms(one: Connection, item: Item) -> list[Json]:
    """The form of one point; [] where node-wot cannot read it."""
    if one.protocol == "opcua":
        return _opcua(one, item)
    if register_type(item.type) in ("uint64", "int64"):
        return []
    return w3c.modbus(one, item)


def _opcua(one: Connection, item: Item) -> list[Json]:
    node = indexed(item.address, one)
    if one.secured or one.login.label or not node or item.type not in READABLE:
        return []
    form: Json = {"href": f"opc.tcp://{one.host}:{one.port}{one.path}", "op": ["readproperty"]}
    return [form | {"contentType": "application/json", "opcua:nodeId": node}]


def indexed(address: str, one: Connection) -> str:
    """`nsu=urn:x;s=y` as `ns=2;s=y` by the server's table; "" where that has no such entry."""
    if not address.startswith("nsu="):
        return address
    uri, sign, rest = address[4:].partition(";")
    index = one.namespaces.get(uri)
    return f"ns={index};{rest}" if sign and index is not None else ""


DIALECT = Dialect("node-wot", forms, frozenset(("modbus", "opcua")))
