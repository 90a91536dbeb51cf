"""The site file (rulings 21): what people know of a site before a packet is sent.

One rule keeps it simple: every key is listed in `site_keys.toml`; an unknown one is an error that
names the nearest good one, and so is a zone that no table declares. Nothing here resolves a secret.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inventory.judge.openness import protocols
from inventory.judge.thresholds import LARGEST
from protocols.contract import Credential, Secret
from scanner.secrets import BUILT_IN, SecretError, secret
from scanner.site_values import (
    SiteError,
    Table,
    digest,
    is_network,
    known,
    networks,
    number,
    one_of,
    ports,
    table,
    tables,
    text,
    texts,
    window,
)

__all__ = ["Site", "SiteError", "Vantage", "load", "parse"]

TYPES = ("snmp-v1", "snmp-v2c", "snmp-v3", "opcua-user", "opcua-certificate")
ANONYMOUS = "anonymous"
"""Name of what is used where nobody logs in. It is no credential: nothing about it is tried."""
ENTITLEMENTS = ("full", "partial", "unknown")


@dataclass(frozen=True, slots=True)
class Vantage:
    """Where somebody stands; `collection` marks where the data collector will stand."""

    name: str
    zone: str = ""
    level: str = ""
    covers: tuple[str, ...] = ()
    collection: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """The whole file. `credentials` holds named ones and the built-in ones."""

    name: str = ""
    areas: tuple[str, ...] = ()
    ports: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    credentials: Mapping[str, Credential] = field(default_factory=lambda: dict(BUILT_IN))
    named: tuple[str, ...] = ()  # credentials that the file itself names
    anonymous: str = ""  # what anonymous users may see: one of `ENTITLEMENTS`, "" for not stated
    vantages: tuple[Vantage, ...] = ()
    zones: tuple[Table, ...] = ()
    conduits: tuple[Table, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()


def load(path: Path | None) -> Site:
    """The site file, or an empty site for no file. Raises `SiteError`."""
    if path is None:
        return Site()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SiteError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SiteError(f"{path}: not TOML: {error}") from error
    try:
        return parse(content)
    except (SiteError, SecretError) as error:
        raise SiteError(f"{path}: {error}") from error


def parse(content: Table) -> Site:
    """A site from the parsed file. Raises `SiteError` or `SecretError`."""
    known("", content)
    site = table(content, "site")
    known("site", site)
    limits = table(content, "thresholds")
    known("thresholds", limits)
    given = dict(table(content, "credentials"))
    anonymous = _anonymous(given.pop(ANONYMOUS, None))
    named = {name: _credential(name, one) for name, one in given.items()}
    zones = _zones(content)
    return Site(
        name=text(site, "name", "site"),
        areas=texts(site, "areas", "site"),
        ports={name: ports(name, value) for name, value in table(content, "ports").items()},
        credentials={**BUILT_IN, **named},
        named=tuple(named),
        anonymous=anonymous,
        vantages=tuple(_vantage(item, zones) for item in tables(content, "vantage")),
        zones=tuple(zones.values()),
        conduits=tuple(_conduit(item, zones) for item in tables(content, "conduit")),
        thresholds={k: number(k, v, LARGEST) for k, v in limits.items()},
        exclude=texts(content, "exclude", ""),
        windows=tuple(window(item) for item in texts(content, "windows", "")),
    )


def _anonymous(given: object) -> str:
    """What `[credentials.anonymous]` states, which holds neither user nor secret."""
    if given is None:
        return ""
    where = f"credentials.{ANONYMOUS}"
    if not isinstance(given, dict):
        raise SiteError(f"{where} must be a table: [{where}]")
    for key in given:
        if key not in ("type", "entitlement"):
            raise SiteError(f"{where}.{key}: nobody logs in as {ANONYMOUS}; it has an entitlement")
    one_of(text(given, "type", where) or "opcua-anonymous", ("opcua-anonymous",), f"{where}.type")
    entitlement = text(given, "entitlement", where) or "unknown"
    return one_of(entitlement, ENTITLEMENTS, f"{where}.entitlement")


def _zones(content: Table) -> dict[str, Table]:
    """Zones by name. Raises `SiteError` for a name that is missing or there twice."""
    found: dict[str, Table] = {}
    for one in tables(content, "zone"):
        name = text(one, "name", "zone")
        if not name or name in found:
            raise SiteError(f"zone.name {name!r}: each [[zone]] needs a name of its own")
        networks(one, "addresses", f"zone {name!r}")
        found[name] = one
    return found


def _zone(name: str, zones: Mapping[str, Table], where: str) -> str:
    """The name of a zone that is declared, where any is. Raises `SiteError`."""
    return one_of(name, tuple(zones), where, "the names of [[zone]] are") if zones else name


def _conduit(given: Table, zones: Mapping[str, Table]) -> Table:
    for key in ("from", "to"):
        _zone(text(given, key, "conduit"), zones, f"conduit.{key}")
    for name in texts(given, "protocols", "conduit"):
        one_of(name, tuple(protocols()), "conduit.protocols")
    return given


def _credential(name: str, given: object) -> Credential:
    if not isinstance(given, dict):
        raise SiteError(f"credentials.{name} must be a table: [credentials.{name}]")
    known("credentials", given, f"credentials.{name}")
    where = f"credentials.{name}"
    kind = text(given, "type", where)
    if kind == "opcua-anonymous":
        raise SiteError(f"{where}: what anonymous users may see stands in [credentials.anonymous]")
    kind = one_of(kind, TYPES, f"{where}.type")
    entitlement = text(given, "entitlement", where) or "unknown"
    privacy_secret = text(given, "privacy_secret", where)
    _algorithms(given, kind, where)
    return Credential(
        name=name,
        type=kind,
        secret=_secret(given, kind, name, where),
        user=text(given, "user", where),
        auth=text(given, "auth", where),
        privacy=text(given, "privacy", where),
        privacy_secret=secret(privacy_secret, name) if privacy_secret else None,
        applies_to=networks(given, "applies_to", where),
        entitlement=one_of(entitlement, ENTITLEMENTS, f"{where}.entitlement"),
        trusts=tuple(digest(item, where) for item in texts(given, "trusts", where)),
    )


def _secret(given: Table, kind: str, name: str, where: str) -> Secret:
    """The secret, which a user of SNMPv3 without authentication has none of (noAuthNoPriv)."""
    reference = text(given, "secret", where)
    if kind == "snmp-v3" and not reference and not text(given, "auth", where):
        return Secret(lambda: "")
    return secret(reference, name)


def _algorithms(given: Table, kind: str, where: str) -> None:
    """Raises `SiteError` for a name that a probe could not use: before the scan, not in it."""
    auth, privacy = text(given, "auth", where), text(given, "privacy", where)
    if kind == "snmp-v3":
        from protocols.snmp import usm

        try:
            usm.authentication_named(auth)
            usm.privacy_named(privacy)
        except usm.UnusableError as error:
            raise SiteError(f"{where}: {error}") from error
        if privacy and not auth:
            raise SiteError(f"{where}.privacy needs an auth protocol: name {where}.auth as well")
    elif kind == "opcua-certificate" and privacy:
        from protocols.opcua.policies import POLICIES

        one_of(privacy, tuple(POLICIES), f"{where}.privacy")
    elif kind in ("snmp-v1", "snmp-v2c") and (auth or privacy):
        raise SiteError(f"{where}: auth and privacy are of snmp-v3; {kind} has a secret only")


def _vantage(given: Table, zones: Mapping[str, Table]) -> Vantage:
    collection = given.get("collection", False)
    if not isinstance(collection, bool):
        raise SiteError(f"vantage.collection {collection!r}: true or false")
    zone = text(given, "zone", "vantage")
    return Vantage(
        name=text(given, "name", "vantage"),
        zone=_zone(zone, zones, "vantage.zone") if zone else "",
        level=str(given.get("level", "")),
        covers=_covers(given, zones),
        collection=collection,
    )


def _covers(given: Table, zones: Mapping[str, Table]) -> tuple[str, ...]:
    """Zones by name, and networks."""
    said = texts(given, "covers", "vantage")
    for one in said:
        if one not in zones and not is_network(one):
            names = f", or a zone: {', '.join(zones)}" if zones else ""
            raise SiteError(f"vantage.covers {one!r}: a network, as in 10.0.0.0/24{names}")
    return said
