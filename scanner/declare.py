"""What the site file states, as declarations; never a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from inventory.model import Declaration, Kind
from protocols.contract import digest
from scanner.site import ANONYMOUS, Site

STATED = (
    Kind.SITE, Kind.VANTAGE, Kind.CREDENTIAL, Kind.ZONE, Kind.CONDUIT, Kind.THRESHOLD
)  # fmt: skip
"""Kinds of what a site file states."""


def declarations(site: Site, name: str, path: Path | None) -> list[Declaration]:
    """One statement per vantage, zone, conduit, credential, threshold, and the site itself.

    `name` is the site that they are about, `path` the file that states them.
    """
    document = (
        f"{path.name} sha256:{digest(path.read_bytes())[:16]} folder:{mark_of(path)}"
        if path
        else ""
    )
    return [
        Declaration(name, kind, subject, fields, document=document)
        for kind, subject, fields in _statements(site, name)
    ]


def mark_of(path: Path) -> str:
    """Tells the folders of files of one name apart, and names none of them."""
    return digest(str(path.resolve().parent).encode())[:8]


def _statements(site: Site, name: str) -> Iterator[tuple[Kind, str, Mapping[str, str]]]:
    if site.name or site.areas:
        yield Kind.SITE, name, {"name": site.name, "areas": ", ".join(site.areas)}
    for vantage in site.vantages:
        fields = {"name": vantage.name, "zone": vantage.zone, "level": vantage.level}
        fields |= {"covers": ", ".join(vantage.covers)}
        yield Kind.VANTAGE, vantage.name, fields | {"collection": _yes(vantage.collection)}
    for label in site.named:
        credential = site.credentials[label]
        fields = {"name": label, "type": credential.type, "user": credential.user}
        fields |= {"auth": credential.auth, "privacy": credential.privacy}
        yield Kind.CREDENTIAL, label, fields | {"entitlement": credential.entitlement}
    if site.anonymous:
        fields = {"name": ANONYMOUS, "type": "opcua-anonymous", "entitlement": site.anonymous}
        yield Kind.CREDENTIAL, ANONYMOUS, fields
    for table in site.zones:
        yield Kind.ZONE, str(table.get("name", "")), {k: _flat(v) for k, v in table.items()}
    for table in site.conduits:  # there may be several from one zone
        fields = {k: _flat(v) for k, v in table.items()}
        yield Kind.CONDUIT, f"{fields.get('from', '')} to {fields.get('to', '')}", fields
    for threshold, value in site.thresholds.items():
        yield Kind.THRESHOLD, threshold, {"name": threshold, "value": f"{value:g}"}


def _yes(value: bool) -> str:
    return "true" if value else "false"


def _flat(value: object) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
