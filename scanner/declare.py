"""What the site file states, as declarations; never a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inventory.model import Declaration, Kind
from protocols.contract import digest
from scanner.planning.prepare import Prepared


def declarations(prepared: Prepared) -> list[Declaration]:
    """One statement per vantage, zone, conduit, credential, threshold, and the site itself."""
    path = prepared.settings.config
    document = f"{path.name} sha256:{digest(path.read_bytes())[:16]}" if path else ""
    return [
        Declaration(prepared.site_name, kind, subject, fields, document=document)
        for kind, subject, fields in _statements(prepared)
    ]


def _statements(prepared: Prepared) -> Iterator[tuple[Kind, str, Mapping[str, str]]]:
    site = prepared.site
    if site.name or site.areas:
        yield Kind.SITE, prepared.site_name, {"name": site.name, "areas": ", ".join(site.areas)}
    for vantage in site.vantages:
        fields = {"name": vantage.name, "zone": vantage.zone, "level": vantage.level}
        fields |= {"covers": ", ".join(vantage.covers)}
        yield Kind.VANTAGE, vantage.name, fields | {"collection": _yes(vantage.collection)}
    for name in site.named:
        credential = site.credentials[name]
        fields = {"name": name, "type": credential.type, "user": credential.user}
        fields |= {"auth": credential.auth, "privacy": credential.privacy}
        yield Kind.CREDENTIAL, name, fields | {"entitlement": credential.entitlement}
    for kind, tables, key in (
        (Kind.ZONE, site.zones, "name"),
        (Kind.CONDUIT, site.conduits, "from"),
    ):
        for table in tables:
            yield kind, str(table.get(key, "")), {k: _flat(v) for k, v in table.items()}
    for name, value in site.thresholds.items():
        yield Kind.THRESHOLD, name, {"name": name, "value": f"{value:g}"}


def _yes(value: bool) -> str:
    return "true" if value else "false"


def _flat(value: object) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
