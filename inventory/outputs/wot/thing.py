"""What every dialect of a Thing Description shares: title, security by reference, properties.

One rule keeps it simple: a value is described as it comes over the wire; where it must be scaled
first, its unit stands in `untrap:unit` beside the factor, so that nobody takes 65 for 6.5 bar.

Sources: W3C Web of Things Thing Description 1.1 (REC 2023-12-05); units by UNECE Rec. 20.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid5

from inventory.connection import Connection, Item, Login
from inventory.outputs.records import time
from inventory.outputs.wot.types import plain_type
from inventory.signals.units import unit_of
from inventory.text import inert, slug
from protocols.contract import NAMESPACE

Json = dict[str, object]

CONTEXT: Mapping[str, str] = {
    "modv": "https://www.w3.org/2019/wot/modbus#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "opcua": "http://opcfoundation.org/UA/WoT-Con/",
    "unece": "urn:un:unece:uncefact:codelist:standard:UNECE:Recommendation20#",
    "untrap": "urn:untrap:td:1#",
}

SHORT, LONG = 200, 1000
"""Longest texts that a description carries."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one consumer wants its forms. `forms` returns () for a point that it cannot read."""

    name: str
    forms: Callable[[Connection, Item], Sequence[Json]]
    protocols: frozenset[str] = frozenset(("modbus", "opcua", "snmp"))
    base: Callable[[Connection], str] | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
    security: bool = True  # False: knows `nosec` only, the reference stands beside it


def describe(one: Connection, dialect: Dialect) -> Json | None:
    """The Thing Description of a connection, or None where the dialect can read none of it."""
    if one.protocol not in dialect.protocols:
        return None
    properties: Json = {}
    left: list[str] = []
    for item in one.items:
        forms = list(dialect.forms(one, item))
        if forms:
            properties[_unique(key_of(item), properties)] = _property(item, forms)
        else:
            left.append(inert(item.address, SHORT))
    if not properties:
        return None
    name, scheme = security(one.login, one)
    if not dialect.security:
        name, scheme = "nosec_sc", {"scheme": "nosec"}
    thing = uuid5(NAMESPACE, f"td {one.asset} {one.protocol} {one.port} {one.unit}")
    document: Json = {
        "@context": ["https://www.w3.org/2022/wot/td/v1.1", dict(CONTEXT)],
        "@type": ["Thing"],
        "id": f"urn:uuid:{thing}",
        **dialect.extra,
        "title": inert(one.name, SHORT),
        "description": _about(one),
        "securityDefinitions": {name: scheme},
        "security": [name],
    }
    if dialect.base:
        document |= {"name": slug(one.name), "base": dialect.base(one)}
    return document | _marks(one, left) | {"properties": properties}


def _about(one: Connection) -> str:
    what = " ".join(text for text in (one.vendor, one.model) if text)
    return inert(f"{what or 'Device'}, {one.protocol} of {one.address}, read only", LONG)


def _marks(one: Connection, left: list[str]) -> Json:
    """What a person wants to know of the description: whence, how fast, with which credential."""
    marks: Json = {"untrap:asset": one.asset, "untrap:site": inert(one.site, SHORT)}
    if one.part:
        marks["untrap:part"] = one.part
    if one.login.label:
        reference = {"name": inert(one.login.label, SHORT), "type": one.login.type}
        marks["untrap:credential"] = reference
    if one.offers:
        marks["untrap:securityOffered"] = [inert(offer, SHORT) for offer in one.offers]
    if one.map:
        marks["untrap:map"] = inert(one.map, SHORT)
    marks["untrap:pollingIntervalSeconds"] = one.interval_seconds
    if one.response_seconds is not None:
        marks["untrap:responseSeconds"] = round(one.response_seconds, 4)
    marks["untrap:observed"] = time(one.observed)
    if left:
        marks["untrap:leftOut"] = left
    return marks


def security(login: Login, one: Connection) -> tuple[str, Json]:
    """A security definition that names what is needed and holds nothing of it."""
    if not login.label:
        return "nosec_sc", {"scheme": "nosec"}
    name = f"{slug(login.label, 40)}_sc"
    if login.type == "opcua-user":
        scheme: Json = {"scheme": "basic", "in": "auto"}
    elif login.type == "snmp-v3":
        scheme = {"scheme": "psk", "identity": inert(login.user, SHORT)}
    elif login.type.startswith("snmp"):
        scheme = {"scheme": "apikey", "in": "auto"}
    else:
        scheme = {"scheme": "auto"}
    text = f"credential {inert(login.label, SHORT)!r}: give the secret to the collector yourself"
    return name, scheme | {"description": text}


def key_of(item: Item) -> str:
    """The property's key: the point's own name, or its address where nobody named it."""
    return slug(item.name, 60) if item.name else slug(item.address.replace(":", "_"), 60)


def _unique(key: str, taken: Json) -> str:
    if key not in taken:
        return key
    return next(k for n in range(2, len(taken) + 3) if (k := f"{key}_{n}") not in taken)


def _property(item: Item, forms: list[Json]) -> Json:
    scaled = (item.scale, item.offset) != (1.0, 0.0)
    found: Json = {}
    if item.name:
        found["title"] = inert(item.name, SHORT)
    if text := _description(item, scaled):
        found["description"] = text
    found |= {"type": plain_type(item.type), "readOnly": True, "observable": False}
    if item.unit:
        found["untrap:unit" if scaled else "unit"] = _unit(item.unit)
    if scaled:
        found |= {"untrap:scale": item.scale, "untrap:offset": item.offset}
    elif plain_type(item.type) in ("number", "integer"):
        bounds = {"minimum": item.low, "maximum": item.high}
        found |= {name: bound for name, bound in bounds.items() if bound is not None}
    if item.bit is not None:
        found["untrap:bit"] = item.bit
    for name in ("path", "semantic", "signal", "status"):
        if text := getattr(item, name):
            found[f"untrap:{name}"] = inert(text, LONG)
    found |= {"untrap:evidence": item.evidence, "untrap:observation": item.observation}
    return found | {"forms": forms}


def _unit(unit: str) -> str:
    """A UNECE code as a term of its code list; the device's own text where it is none."""
    found = unit_of(unit)
    return f"unece:{found.code}" if found and found.code == unit else inert(unit, SHORT)


def _description(item: Item, scaled: bool) -> str:
    said = inert(item.description, LONG)
    if not item.name and item.table in ("holding", "input"):
        said = "raw UINT16; readable, meaning not known: no register map"
    if scaled:
        said = f"{said}; " if said else ""
        said += f"value = raw x {item.scale:g}"
        if item.offset:
            said += f" {'+' if item.offset > 0 else '-'} {abs(item.offset):g}"
        said += f" {item.unit}".rstrip()
    return inert(said, LONG)
