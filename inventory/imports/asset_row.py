"""One row of a register: what it is about, what of it is read, and what is set aside.

One rule keeps it simple: each check reads one cell and writes back what it understood, or empties
it and says so; without its cell a row says less, never something else (decision 0058).
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from inventory.imports.columns import anything
from inventory.imports.spares import spares

Fields = dict[str, str]
"""The cells of a row by canonical column, in lower case."""

NAMING = ("tag", "name", "serial", "mac", "address")
"""Cells that may name what a row is about, the first that is filled does."""


class Checked(NamedTuple):
    """What is wrong with a row ("" if nothing), what it is about, and which of its cells were set
    aside or taken in part, in words."""

    wrong: str
    subject: str = ""
    aside: tuple[str, ...] = ()


def asset_row(fields: Fields) -> Checked:
    """Checks a row of a register."""
    if fields.get("tag"):
        fields["tag"] = " ".join(fields["tag"].split())
    written = dict(fields)
    checks = (_address, _kind, _criticality, _redundancy, _mac)
    aside = tuple(filter(None, (check(fields) for check in checks)))
    named = next((name for name in NAMING if fields.get(name)), "")
    if not named:
        return Checked("; ".join(["no tag, name, serial number, MAC or address", *aside]))
    subject = written.get(named) or fields[named]
    if named not in ("tag", "name") and fields.get("unit"):
        subject = f"{subject} unit {fields['unit']}"
    return Checked("", subject, aside)


def _address(fields: Fields) -> str:
    text = fields.get("address", "")
    if not text:
        return ""
    host = _host(_bare(text))
    fields["address"] = found = _ip(host)
    if found:
        return ""
    if _network(host):
        return f"Address {text!r} is a network; write the address of one device, like 10.0.0.17"
    if nobody := _nobody(host):
        return f"Address {text!r} is {nobody}; write the address of one device, like 10.0.0.17"
    if several := _several(_bare(text)):
        fields["address"] = several[0]
        return (
            f"Address {text!r} holds {len(several)}, the first is taken: what a scan finds at the"
            " others, `untrap merge` joins"
        )
    if HOST_NAME.fullmatch(host) or (host != text and LABEL.fullmatch(host)):
        return _by_name(fields, text, host)
    return f"Address {text!r} is no IP address; write it like 10.0.0.17"


def ip_of(text: str) -> str:
    """The IP address that a cell gives, as an address, with its port, in a URL; else ""."""
    return _ip(_host(_bare(text)))


def _by_name(fields: Fields, text: str, host: str) -> str:
    """A host name names the device, where nothing else does; it is never looked up."""
    said = f"Address {text!r} is a host name, which is not looked up; write the IP address"
    if fields.get("name"):
        return said
    fields["name"] = host
    return f"{said} (taken for the Name)"


_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://([^/?#@\s]*@)?(?P<host>\[[^\]]*\]|[^/:?#\s]+)\S*")
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
HOST_NAME = re.compile(
    rf"({LABEL.pattern}\.)+(?=[A-Za-z0-9-]*[A-Za-z]){LABEL.pattern}\.?(:\d{{1,5}})?"
)
"""A name with a dot; a word without one is rather a place, or a bus address."""


def _host(text: str) -> str:
    """What a URL names, as `opc.tcp://10.0.0.17:4840`; any other text as it is."""
    url = _URL.fullmatch(text)
    return url["host"].strip("[]") if url else text


def _bare(text: str) -> str:
    """A cell without remarks in brackets: "10.0.0.17 (eth0)"."""
    return re.sub(r"\s*\([^()]*\)", "", text).strip()


def _nobody(text: str) -> str:
    """What an address is that no device has; "" for any other text."""
    try:
        found = ipaddress.ip_interface(text).ip
    except ValueError:
        return ""
    if found.is_unspecified or found == ipaddress.ip_address("255.255.255.255"):
        return "nobody's"
    return "that of a group" if found.is_multicast else ""


def _several(text: str) -> tuple[str, ...]:
    pieces = [piece for piece in re.split(r"[\s,;/|+&]+", text) if piece]
    found = tuple(_ip(_host(piece)) for piece in pieces)
    return found if len(found) > 1 and all(found) else ()


_PADDED = re.compile(r"\d{3}(\.\d{3}){3}")
_PORT = re.compile(r"(?P<v4>[\d.]+)(:\d{1,5})|\[(?P<v6>[0-9a-fA-F:.]+)\](:\d{1,5})?")


def _ip(text: str) -> str:
    """The IP address that a cell holds, its prefix or a port behind it allowed; else ""."""
    bare = text.replace(" ", "")
    if with_port := _PORT.fullmatch(bare):
        bare = with_port["v4"] or with_port["v6"]
    if _PADDED.fullmatch(bare):  # filled up to a column's width
        bare = ".".join(str(int(octet)) for octet in bare.split("."))
    try:
        found = ipaddress.ip_interface(bare)
    except ValueError:
        return ""
    if _network(bare) or _nobody(bare):
        return ""
    mapped = found.ip.ipv4_mapped if isinstance(found, ipaddress.IPv6Interface) else None
    return str(mapped or found.ip)


def _network(text: str) -> bool:
    """Whether a text means a whole network: its first address, with a prefix."""
    if "/" not in text:
        return False
    try:
        found = ipaddress.ip_network(text.replace(" ", ""))
    except ValueError:
        return False
    return found.num_addresses > 2  # of two, as between two routers, each is a device's (RFC 3021)


def _kind(fields: Fields) -> str:
    kind = fields.get("kind", "").casefold()
    if kind in ("", "device", "equipment"):
        fields["kind"] = kind
    elif anything(kind):
        fields["kind"] = ""
    elif not fields.get("class"):
        fields["class"], fields["kind"] = fields["kind"], ""
    else:
        text, fields["kind"] = fields["kind"], ""
        return f"Kind {text!r}; write device or equipment, or leave it empty"
    return ""


def _criticality(fields: Fields) -> str:
    text = fields.get("criticality", "")
    if text in ("", "C1", "C2", "C3"):
        return ""
    fields["criticality"] = ""
    return f"Criticality {text!r}; write C1 (low), C2 (medium) or C3 (high)"


def _redundancy(fields: Fields) -> str:
    text = fields.get("redundancy", "")
    if not text:
        return ""
    fields["redundancy"] = spares(text)
    return "" if fields["redundancy"] else f"Redundancy {text!r}; write A, B or C (NORSOK Z-008)"


def _mac(fields: Fields) -> str:
    text = fields.get("mac", "")
    if not text:
        return ""
    digits = re.sub(r"[^0-9a-fA-F]", "", text).lower()
    several = len(digits) > 12 and len(digits) % 12 == 0
    fields["mac"] = ":".join(digits[i : i + 2] for i in range(0, 12, 2))
    if several:
        return f"MAC {text!r} holds {len(digits) // 12}, the first is taken"
    if len(digits) == 12:
        return ""
    fields["mac"] = ""
    return f"MAC {text!r} has not 12 hexadecimal digits; write it like 00:1b:1b:12:34:56"
