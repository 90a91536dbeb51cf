"""What a value of the site file may be: each reader gives it, or names it with a good one.

Raises `SiteError` throughout.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import cast

Table = Mapping[str, object]

WINDOW = re.compile(r"\s*-\s*".join([r"([01][0-9]|2[0-3]):[0-5][0-9]"] * 2))


class SiteError(ValueError):
    """The site file says something that cannot be meant: names it, and a good one."""


@cache
def keys() -> Mapping[str, Mapping[str, str]]:
    """What may be said: table ("" for the file itself) to key to meaning."""
    return tomllib.loads(files("scanner").joinpath("site_keys.toml").read_text("utf-8"))


def digest(words: str, where: str) -> str:
    """A certificate's SHA-256 or SHA-1 in hexadecimal, without separators."""
    plain = words.replace(":", "").replace(" ", "").lower()
    if len(plain) not in (40, 64) or not set(plain) <= set("0123456789abcdef"):
        raise SiteError(f"{where}.trusts {words!r}: a SHA-256 or SHA-1 in hexadecimal digits")
    return plain


def networks(given: Table, key: str, where: str) -> tuple[str, ...]:
    """A list of addresses and networks; one text may hold several, with commas between."""
    value = given.get(key, [])
    listed = {key: re.split(r"[\s,;]+", value.strip(" ,;"))} if isinstance(value, str) else given
    found = texts(listed, key, where)
    for words in found:
        if not is_network(words):
            good = "an address or a network, as in 10.0.0.0/24"
            raise SiteError(f"{where}.{key} {words!r}: {good}")
    return found


def is_network(words: str) -> bool:
    """Whether it is an address or a network."""
    try:
        ipaddress.ip_network(words, strict=False)
    except ValueError:
        return False
    return True


def window(words: str) -> str:
    """A span of the day."""
    if not WINDOW.fullmatch(words):
        raise SiteError(f"windows {words!r}: HH:MM-HH:MM, as in 22:00-05:30")
    return words


def known(kind: str, given: Table, where: str = "") -> None:
    """Refuses a key that a table of that kind may not hold."""
    good = tuple(keys()[kind])
    for key in given:
        if key not in good:
            place = f" in [{where or kind}]" if where or kind else ""
            raise SiteError(f"unknown key {key!r}{place}: {_hint(key, good)}")


def _hint(value: str, good: Sequence[str], said: str = "one of") -> str:
    near = difflib.get_close_matches(value, good, n=1)
    return f"did you mean {near[0]!r}?" if near else f"{said} {', '.join(good)}"


def table(given: Table, key: str) -> Table:
    """One table, empty where it is not there."""
    value = given.get(key, {})
    if not isinstance(value, dict):
        raise SiteError(f"{key} must be a table: [{key}]")
    return cast(Table, value)


def tables(given: Table, key: str) -> tuple[Table, ...]:
    """All tables of one kind, with keys that it may hold."""
    value = given.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise SiteError(f"{key} must be a list of tables: [[{key}]]")
    for item in value:
        known(key, item)
    return tuple(value)


def text(given: Table, key: str, where: str) -> str:
    """A text, "" where it is not there."""
    value = given.get(key, "")
    if not isinstance(value, str):
        raise SiteError(f"{where}.{key} {value!r} must be text")
    return value


def texts(given: Table, key: str, where: str) -> tuple[str, ...]:
    """A list of texts."""
    value = given.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise SiteError(f"{where + '.' if where else ''}{key} must be a list of texts")
    return tuple(value)


def number(key: str, value: object, largest: float) -> float:
    """A threshold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SiteError(f"thresholds.{key} {value!r} must be a number")
    if not 0 <= value <= largest:  # true for NaN
        raise SiteError(f"thresholds.{key} {value!r}: a number from 0 to {largest}")
    return float(value)


def ports(name: str, value: object) -> tuple[int, ...]:
    """One port, or a list of those that devices of the site use."""
    if not isinstance(value, list):
        return (port(name, value),)
    if not value:
        raise SiteError(f"ports.{name} is empty: a port or a list of ports, as in [502, 1502]")
    return tuple(dict.fromkeys(port(name, item) for item in value))


def port(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65_535:
        raise SiteError(f"ports.{name} {value!r}: a number from 1 to 65535")
    return value


def one_of(value: str, good: Sequence[str], where: str, said: str = "one of") -> str:
    """One of these texts; `said` introduces them where none is near."""
    if value not in good:
        raise SiteError(f"{where} {value!r}: {_hint(value, good, said)}")
    return value
