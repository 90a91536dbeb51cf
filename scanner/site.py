"""The site file (rulings 21): what people know of a site before a packet is sent.

One rule keeps it simple: every key is listed in `KEYS`; an unknown one is an error that names the
nearest good one. Nothing here resolves a secret.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import cast

from inventory.judge.thresholds import LARGEST, Thresholds
from protocols.contract import Credential
from scanner.secrets import BUILT_IN, SecretError, secret

Table = Mapping[str, object]

KEYS: Mapping[str, tuple[str, ...]] = {
    "": (
        *("site", "ports", "credentials", "vantage", "zone", "conduit", "thresholds"),
        *("exclude", "windows"),
    ),
    "site": ("name", "areas"),
    "credentials": (
        *("type", "user", "secret", "auth", "privacy", "privacy_secret", "applies_to"),
        *("entitlement", "trusts"),
    ),
    "vantage": ("name", "zone", "level", "covers", "collection"),
    "zone": ("name", "addresses", "level"),
    "conduit": ("from", "to", "protocols"),
    "thresholds": tuple(item.name for item in fields(Thresholds)),
}

TYPES = ("snmp-v1", "snmp-v2c", "snmp-v3", "opcua-user", "opcua-certificate")
WINDOW = re.compile(r"\s*-\s*".join([r"([01][0-9]|2[0-3]):[0-5][0-9]"] * 2))
ENTITLEMENTS = ("full", "partial", "unknown")
ANONYMOUS = "anonymous"
"""Under this name the file says what somebody without a credential may see; nothing is sent."""


class SiteError(ValueError):
    """The site file says something that cannot be meant: names it, and a good one."""


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
    anonymous: str = ""  # what a reader without a credential may see; "" where nothing is said
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
    _known("", content)
    site = _table(content, "site")
    _known("site", site)
    limits = _table(content, "thresholds")
    _known("thresholds", limits)
    named = dict(_table(content, "credentials"))
    nobody = _anonymous(named.pop(ANONYMOUS)) if _is_anonymous(named.get(ANONYMOUS)) else ""
    credentials = dict(BUILT_IN)
    for name, given in named.items():
        credentials[name] = _credential(name, given)
    return Site(
        name=_text(site, "name", "site"),
        areas=_texts(site, "areas", "site"),
        ports={name: _ports(name, value) for name, value in _table(content, "ports").items()},
        credentials=credentials,
        named=tuple(named),
        anonymous=nobody,
        vantages=tuple(_vantage(item) for item in _tables(content, "vantage")),
        zones=_tables(content, "zone"),
        conduits=_tables(content, "conduit"),
        thresholds={k: _number(k, v) for k, v in limits.items()},
        exclude=_texts(content, "exclude", ""),
        windows=tuple(_window(item) for item in _texts(content, "windows", "")),
    )


def _is_anonymous(given: object) -> bool:
    """Whether the table of that name tells of nobody's rights; with a type it is a credential."""
    return isinstance(given, dict) and "type" not in given


def _anonymous(given: object) -> str:
    assert isinstance(given, dict)  # noqa: S101  (`_is_anonymous` says so)
    where = f"credentials.{ANONYMOUS}"
    for key in given:
        if key != "entitlement":
            raise SiteError(f"{where}.{key}: it holds entitlement only, for it has no secret")
    return _one_of(_text(given, "entitlement", where), ENTITLEMENTS, f"{where}.entitlement")


def _credential(name: str, given: object) -> Credential:
    if not isinstance(given, dict):
        raise SiteError(f"credentials.{name} must be a table: [credentials.{name}]")
    _known("credentials", given, f"credentials.{name}")
    where = f"credentials.{name}"
    kind = _one_of(_text(given, "type", where), TYPES, f"{where}.type")
    entitlement = _text(given, "entitlement", where) or "unknown"
    privacy_secret = _text(given, "privacy_secret", where)
    _algorithms(given, kind, where)
    return Credential(
        name=name,
        type=kind,
        secret=secret(_text(given, "secret", where), name),
        user=_text(given, "user", where),
        auth=_text(given, "auth", where),
        privacy=_text(given, "privacy", where),
        privacy_secret=secret(privacy_secret, name) if privacy_secret else None,
        applies_to=tuple(_network(item, where) for item in _texts(given, "applies_to", where)),
        entitlement=_one_of(entitlement, ENTITLEMENTS, f"{where}.entitlement"),
        trusts=tuple(_digest(item, where) for item in _texts(given, "trusts", where)),
    )


def _algorithms(given: Table, kind: str, where: str) -> None:
    """Raises `SiteError` for a name that a probe could not use: before the scan, not in it."""
    auth, privacy = _text(given, "auth", where), _text(given, "privacy", where)
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

        _one_of(privacy, tuple(POLICIES), f"{where}.privacy")
    elif kind in ("snmp-v1", "snmp-v2c") and (auth or privacy):
        raise SiteError(f"{where}: auth and privacy are of snmp-v3; {kind} has a secret only")


def _digest(words: str, where: str) -> str:
    """A certificate's SHA-256 or SHA-1 in hexadecimal, without separators."""
    plain = words.replace(":", "").replace(" ", "").lower()
    if len(plain) not in (40, 64) or not set(plain) <= set("0123456789abcdef"):
        raise SiteError(f"{where}.trusts {words!r}: a SHA-256 or SHA-1 in hexadecimal digits")
    return plain


def _network(text: str, where: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise SiteError(
            f"{where}.applies_to {text!r}: an address or a network, as in 10.0.0.0/24"
        ) from error
    return text


def _window(text: str) -> str:
    if not WINDOW.fullmatch(text):
        raise SiteError(f"windows {text!r}: HH:MM-HH:MM, as in 22:00-05:30")
    return text


def _vantage(given: Table) -> Vantage:
    _known("vantage", given)
    collection = given.get("collection", False)
    if not isinstance(collection, bool):
        raise SiteError(f"vantage.collection {collection!r}: true or false")
    return Vantage(
        name=_text(given, "name", "vantage"),
        zone=_text(given, "zone", "vantage"),
        level=str(given.get("level", "")),
        covers=_texts(given, "covers", "vantage"),
        collection=collection,
    )


def _known(table: str, given: Table, where: str = "") -> None:
    good = KEYS[table]
    for key in given:
        if key not in good:
            near = difflib.get_close_matches(key, good, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(good)}"
            place = f" in [{where or table}]" if where or table else ""
            raise SiteError(f"unknown key {key!r}{place}: {hint}")


def _table(given: Table, key: str) -> Table:
    value = given.get(key, {})
    if not isinstance(value, dict):
        raise SiteError(f"{key} must be a table: [{key}]")
    return cast(Table, value)


def _tables(given: Table, key: str) -> tuple[Table, ...]:
    value = given.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise SiteError(f"{key} must be a list of tables: [[{key}]]")
    for item in value:
        _known(key, item)
    return tuple(value)


def _text(given: Table, key: str, where: str) -> str:
    value = given.get(key, "")
    if not isinstance(value, str):
        raise SiteError(f"{where}.{key} {value!r} must be text")
    return value


def _texts(given: Table, key: str, where: str) -> tuple[str, ...]:
    value = given.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise SiteError(f"{where + '.' if where else ''}{key} must be a list of texts")
    return tuple(value)


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SiteError(f"thresholds.{key} {value!r} must be a number")
    if not 0 <= value <= LARGEST:  # true for NaN
        raise SiteError(f"thresholds.{key} {value!r}: a number from 0 to {LARGEST}")
    return float(value)


def _ports(name: str, value: object) -> tuple[int, ...]:
    """One port, or a list of those that devices of the site use."""
    if not isinstance(value, list):
        return (_port(name, value),)
    if not value:
        raise SiteError(f"ports.{name} is empty: a port or a list of ports, as in [502, 1502]")
    return tuple(dict.fromkeys(_port(name, item) for item in value))


def _port(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65_535:
        raise SiteError(f"ports.{name} {value!r}: a number from 1 to 65535")
    return value


def _one_of(value: str, good: tuple[str, ...], where: str) -> str:
    if value not in good:
        near = difflib.get_close_matches(value, good, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(good)}"
        raise SiteError(f"{where} {value!r}: {hint}")
    return value
