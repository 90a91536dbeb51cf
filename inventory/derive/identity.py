"""What makes a device the same device: the identities that its facts state, strongest first.

One rule keeps it simple: an identity is text, "kind:value"; equal text means equal identity.
Strength: what the device states of itself, then a hardware address, then a bus address behind a
parent, then a network address (`docs/schema.md`, Identity).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.resources import files

STRENGTH = {"serial": 0, "opcua": 1, "product": 1, "engine": 2, "bacnet": 3, "mac": 4, "unit": 5}
"""Order of the kinds of identity; lower is stronger."""

STATED = frozenset({"serial", "opcua", "product", "engine", "bacnet"})
"""Kinds that a device states about itself; two devices that share one are worth a question."""

WEAKEST = 9
"""Strength of a network address or a register row."""

ROUTERS = (
    "00:00:5e:00:01", "00:00:5e:00:02", "00:00:0c:07:ac", "00:00:0c:9f:f", "00:05:73:a0:0",
    "00:07:b4:00",
)  # fmt: skip
"""Prefixes of hardware addresses that several routers share: VRRP (RFC 9568, 7.3), HSRP version 1,
2 and for IPv6, GLBP (Cisco, FHRP configuration guides)."""

_LEGAL = re.compile(
    r"\b(inc|incorporated|corp|corporation|co|company|ltd|limited|llc|gmbh|ag|se|sa|s\.a|spa|s\.p\.a"
    r"|srl|bv|b\.v|nv|oy|ab|as|a/s|kg|plc|pty|electric|electronics|automation)\b\.?"
)

_NO_WORD = re.compile(r"[^a-z0-9]+")
_NO_DIGIT = re.compile(r"[^0-9a-fA-F]+")


@cache
def data(name: str) -> Mapping[str, object]:
    """A data file of this package, read once."""
    text = files("inventory").joinpath("data", name).read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _placeholders(kind: str) -> frozenset[str]:
    known = data("placeholders.toml").get(kind, ())
    return frozenset(str(text) for text in known) if isinstance(known, list) else frozenset()


@lru_cache(maxsize=8192)
def placeholder(kind: str, value: str) -> bool:
    """Whether many devices state this value because nobody set it. `kind` is a fact name."""
    text = value.strip().lower()
    bare = _NO_WORD.sub("", text)
    return text in _placeholders(kind) or len(set(bare)) < 2 or (kind == "serial" and len(bare) < 3)


@lru_cache(maxsize=4096)
def plain_vendor(text: str) -> str:
    """A manufacturer's name without its legal form and punctuation, in lower case."""
    short = _LEGAL.sub(" ", text.casefold())
    return _NO_WORD.sub("", short) or _NO_WORD.sub("", text.casefold())


def plain_serial(text: str) -> str:
    """A serial number without spaces, in upper case; leading zeros stay."""
    return "".join(text.split()).upper()


def loose_serial(text: str) -> str:
    """A serial number as people may write it: without separators, case, and the zeros in front
    that a spreadsheet takes away; "" where less than four characters are left of it."""
    found = "".join(filter(str.isalnum, text)).casefold().lstrip("0")
    return found if len(found) >= 4 else ""


def plain_mac(text: str) -> str:
    """Lower case with colons; "" when it is no hardware address of one device."""
    if len(text) < 12:  # as most network addresses are
        return ""
    digits = _NO_DIGIT.sub("", text).lower()
    if len(digits) != 12 or int(digits[:2], 16) & 1:  # group bit: IEEE 802, 8.2
        return ""
    return ":".join(digits[index : index + 2] for index in range(0, 12, 2))


def plain_uri(text: str) -> str:
    """An application URI as it is compared."""
    return text.strip().rstrip("/").casefold()


def stated(facts: Iterable[tuple[str, str, str]], vendor: str) -> list[str]:
    """Identities that facts (name, value, source) state, strongest first.

    A serial number counts with its manufacturer only; placeholders never count.
    """
    found = {identity for fact in facts if (identity := _one(*fact, vendor))}
    return sorted(found, key=lambda identity: (strength(identity), identity))


def _one(name: str, value: str, source: str, vendor: str) -> str:
    if name not in _KINDS or placeholder(name, value):
        return ""
    if name == "serial":
        maker = plain_vendor(vendor)
        return f"serial:{maker}|{plain_serial(value)}" if maker else ""
    if name == "application_uri":
        uri = plain_uri(value)
        local = uri.startswith(("urn:localhost", "urn:127.0.0.1"))
        return "" if local or placeholder(name, uri) else f"opcua:{uri}"
    if name == "product_uri":  # ProductUri names a product, ProductInstanceUri one piece of it
        return f"product:{plain_uri(value)}" if "productinstanceuri" in source.lower() else ""
    if name == "mac":
        mac = plain_mac(value)
        return f"mac:{mac}" if mac else ""
    return f"{_KINDS[name]}:{value.strip().lower()}"


_KINDS = {
    "serial": "serial",
    "application_uri": "opcua",
    "product_uri": "product",
    "engine_id": "engine",
    "device_instance": "bacnet",
    "mac": "mac",
}


def kind(identity: str) -> str:
    """What stands before the colon."""
    return identity.partition(":")[0]


def strength(identity: str) -> int:
    """Lower is stronger."""
    return STRENGTH.get(kind(identity), WEAKEST)


_SAID = {
    "serial": "serial number",
    "opcua": "OPC UA ApplicationUri",
    "product": "OPC UA ProductInstanceUri",
    "engine": "SNMP engine id",
    "bacnet": "BACnet device instance",
    "mac": "hardware address",
    "unit": "bus address behind its gateway",
    "at": "network address",
    "row": "register row",
}


def said(identity: str) -> str:
    """An identity in words: "serial number 6ES7 123"."""
    name, _, value = identity.partition(":")
    return f"{_SAID.get(name, name)} {value.rpartition('|')[2] or value}"
