"""Dialect `w3c`: the binding templates of the W3C Web of Things working group.

Sources: WoT Modbus Binding Template (w3c.github.io/wot-binding-templates, modbus.schema.json: the
entity is written `HoldingRegister`); OPC UA forms as OPC 10100-1 1.02 and the W3C draft write the
node into the query; SNMP addresses by RFC 4088.
"""

from __future__ import annotations

from urllib.parse import quote

from inventory.connection import Connection, Item
from inventory.outputs.wot.thing import Dialect, Json
from inventory.outputs.wot.types import register_type, registers, xsd_type

ENTITIES = {
    "holding": "HoldingRegister",
    "input": "InputRegister",
    "coil": "Coil",
    "discrete": "DiscreteInput",
}
READ = {"op": ["readproperty"]}


def forms(one: Connection, item: Item) -> list[Json]:
    """The form of one point; [] for what has no form."""
    return {"modbus": modbus, "opcua": _opcua, "snmp": _snmp}[one.protocol](one, item)


def modbus(one: Connection, item: Item) -> list[Json]:
    """A Modbus form with order and type of the registers."""
    kind = register_type(item.type)
    if not kind or item.table not in ENTITIES or one.unit is None:
        return []
    size = registers(kind)
    place = f"{one.unit}/{item.register}?quantity={size}"
    form: Json = {
        "href": f"modbus+tcp://{one.host}:{one.port}/{place}",
        **READ,
        "contentType": content_type(item, kind),
        "modv:entity": ENTITIES[item.table],
        "modv:type": xsd_type(item.type),
        "modv:zeroBasedAddressing": True,
        "modv:pollingTime": one.interval_seconds * 1000,
    }
    if item.words != "big":
        form["modv:mostSignificantWord"] = False
    if item.bytes != "big":
        form["modv:mostSignificantByte"] = False
    return [form]


def content_type(item: Item, kind: str) -> str:
    """`application/octet-stream` with what a consumer needs to decode it."""
    if kind == "bit":
        return "application/octet-stream"
    parts = [f"length={2 * registers(kind)}"]
    if kind.startswith("uint"):
        parts.append("signed=false")
    if not kind.startswith("string"):
        order = {
            ("big", "big"): "BIG_ENDIAN",
            ("little", "little"): "LITTLE_ENDIAN",
            ("big", "little"): "BIG_ENDIAN_BYTE_SWAP",
            ("little", "big"): "LITTLE_ENDIAN_BYTE_SWAP",
        }
        parts.append(f"byteSeq={order.get((item.words, item.bytes), 'BIG_ENDIAN')}")
    return ";".join(("application/octet-stream", *parts))


def _opcua(one: Connection, item: Item) -> list[Json]:
    href = f"opc.tcp://{one.host}:{one.port}{one.path}/?id={quote(item.address, safe='')}"
    form: Json = {"href": href, **READ, "contentType": "application/json"}
    form["opcua:nodeId"] = item.address
    return [form]


def _snmp(one: Connection, item: Item) -> list[Json]:
    """RFC 4088, 2: an empty context, then the object identifier of one value."""
    if not item.address.replace(".", "").isdigit():
        return []
    href = f"snmp://{one.host}:{one.port}//{item.address}"
    return [{"href": href, **READ, "contentType": "text/plain"}]


DIALECT = Dialect("w3c", forms)
