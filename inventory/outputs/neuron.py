"""EMQX Neuron: south nodes with a group of tags each, as one JSON for `PUT /api/v2/global/drivers`.

One rule keeps it simple: a tag is only ever readable (attribute 1), and what Neuron cannot read as
it stands (a point without a name, an offset, a server that wants a login) is left out and counted.

Sources: emqx/neuron docs/api http.md, "Put Drivers" (data types, attributes); its
plugins/modbus/modbus-tcp.json (settings, addresses); neuron-docs, Modbus TCP (byte orders) and
OPC UA (addresses, data types), 2026.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from inventory.connection import Connection, Item, connections, logins
from inventory.model import Kind
from inventory.outputs import Format, view
from inventory.outputs.folder import name_of, prepared
from inventory.outputs.json_file import target
from inventory.outputs.wot.node_wot import indexed
from inventory.outputs.wot.types import register_type
from inventory.text import inert, slug

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.outputs.wot.thing import Json
    from inventory.store import Store

READ = 1
"""The attribute of a tag that may be read and nothing else."""
AREAS = {"coil": "0", "discrete": "1", "input": "3", "holding": "4"}
BIT, BOOL, STRING = 11, 12, 13
REGISTERS = {
    "int16": 3, "uint16": 4, "int32": 5, "uint32": 6, "int64": 7, "uint64": 8, "float32": 9,
    "float64": 10, "bit": BIT,
}  # fmt: skip
NODES = {
    "SByte": 1, "Byte": 2, "Int16": 3, "UInt16": 4, "Int32": 5, "UInt32": 6, "Int64": 7,
    "UInt64": 8, "Float": 9, "Double": 10, "Boolean": BOOL, "String": STRING,
}  # fmt: skip
"""Neuron's numbers of data types."""
ORDERS = {("big", "big"): "LL", ("big", "little"): "LB", ("little", "big"): "BL"} | {
    ("little", "little"): "BB"
}
"""Byte orders of two registers: 1234, 2143, 3412, 4321."""
SHORT, NAME = 100, 60


def write(store: Store, request: Request) -> str:
    """Writes the document to a file or stdout, node by node."""
    store = view(store, request)
    known = logins(store.declarations(None, Kind.CREDENTIAL))
    count = left = 0
    with target(request) as file:
        file.write('{"nodes": [')
        for evidence in prepared(store):
            for one in connections(evidence, known):
                made = node(one)
                if made is None:
                    left += 1
                    continue
                mark = ",\n" if count else "\n"
                file.write(mark + json.dumps(made, ensure_ascii=True, separators=(",", ":")))
                count += 1
        file.write("\n]}\n")
    rest = f"; {left} services have nothing that Neuron can read" if left else ""
    return f"{count} Neuron nodes written{rest}"


def node(one: Connection) -> Json | None:
    """One south node, or None where Neuron can read nothing of it."""
    if one.protocol not in ("modbus", "opcua") or one.secured or one.login.label:
        return None
    tags = list(_tags(one))
    if not tags:
        return None
    plugin, settings = _settings(one)
    group = {"group": "untrap", "interval": one.interval_seconds * 1000, "tags": tags}
    return {"name": name_of(one), "plugin": plugin, "params": settings, "groups": [group]}


def _settings(one: Connection) -> tuple[str, Json]:
    if one.protocol == "opcua":
        url = f"opc.tcp://{one.host}:{one.port}{one.path}"
        return "OPC UA", {
            "url": url, "username": "", "password": "", "cert": "", "key": "",
            "security_mode": 1, "update_mode": 0, "publish-interval": 500,
        }  # fmt: skip
    return "Modbus TCP", {
        "connection_mode": 0, "host": one.address, "port": one.port, "timeout": 3000,
        "interval": 20, "max_retries": 0, "retry_interval": 0, "check_header": 1,
        "device_degrade": 0,
    }  # fmt: skip


def _tags(one: Connection) -> Iterator[Json]:
    taken: set[str] = set()
    for item in one.items:
        address, kind = (_node if one.protocol == "opcua" else _register)(one, item)
        if not item.name or not address or item.offset:
            continue
        name = slug(item.name, NAME)
        if name in taken:
            name = f"{name}-{slug(item.address, 30)}"
        taken.add(name)
        told = " ".join(text for text in (item.evidence, item.unit, item.name) if text)
        found: Json = {"name": name, "address": address, "attribute": READ, "type": kind}
        if item.scale != 1.0:
            found["decimal"] = item.scale
        yield found | {"description": inert(told, SHORT)}


def _register(one: Connection, item: Item) -> tuple[str, int]:
    """`1!400001` counts from 1; the first digit is the table, the byte order follows `#`."""
    kind = register_type(item.type)
    if item.table not in AREAS:
        return "", 0
    place = f"{1 if one.unit is None else one.unit}!{AREAS[item.table]}{item.register + 1:05d}"
    if item.table in ("coil", "discrete"):
        return place, BIT
    if item.bit is not None:
        return f"{place}.{item.bit}", BIT
    order = (item.words, item.bytes)
    if kind in ("int32", "uint32", "float32"):
        return f"{place}#{ORDERS.get(order, 'LL')}", REGISTERS[kind]
    if kind not in REGISTERS or kind == "bit" or order != ("big", "big"):
        return "", 0
    return place, REGISTERS[kind]


def _node(one: Connection, item: Item) -> tuple[str, int]:
    """`2!Name`: the namespace index that the server had when it was read, and the identifier."""
    address, kind = indexed(item.address, one), NODES.get(item.type, 0)
    space, _, identifier = address.partition(";") if ";" in address else ("ns=0", "", address)
    index, form = space.removeprefix("ns="), identifier[:2]
    if not kind or not index.isdigit() or form not in ("i=", "s=", "g="):
        return "", 0
    return f"{index}!{identifier[2:]}", kind


FORMAT = Format("neuron", "Neuron south nodes with their tags", write)
