"""Stable pseudonyms for names, addresses and serial numbers, so that an output can be shown around.

One rule keeps it simple: one key per database (its first scan's random id, which a redacted
output does not show) makes the same name the same pseudonym in each output.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from inventory.model import Device

if TYPE_CHECKING:
    from inventory.store import Store

ADDRESS = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}\b"
    r"|(?<![\w:.])(?:[0-9a-fA-F]{1,4}:){2,7}:?(?:[0-9a-fA-F]{1,4})?(?![\w:])"
    r"|(?<![\w:.])::(?:[0-9a-fA-F]{1,4}:){0,6}[0-9a-fA-F]{1,4}(?![\w:])"
)
"""Addresses in free text: IPv4, hardware, IPv6."""
SHORTEST = 3
"""Shorter names are replaced as a whole text only, never inside one."""


class Pseudonyms:
    """Replaces what is known by name, and everything that looks like an address."""

    def __init__(self, key: bytes, names: dict[str, str]) -> None:
        self._key = key
        self._names = {name: self._named(name, kind) for name, kind in names.items() if name}
        long = sorted((n for n in self._names if len(n) >= SHORTEST), key=len, reverse=True)
        pattern = "|".join(re.escape(name) for name in long)
        self._known = re.compile(rf"(?<!\w)(?:{pattern})(?!\w)") if long else None

    def _named(self, text: str, kind: str) -> str:
        found = hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256)
        return f"{kind}-{found.hexdigest()[:8]}"

    def __call__(self, text: str) -> str:
        """The text with pseudonyms."""
        if text in self._names:
            return self._names[text]
        if self._known is not None:
            text = self._known.sub(lambda match: self._names[match[0]], text)
        return ADDRESS.sub(lambda match: self._named(match[0].lower(), "host"), text)


def pseudonyms(store: Store) -> Pseudonyms:
    """The pseudonyms of one inventory."""
    scans = store.scans()
    key = (scans[0].id if scans else store.site).encode()
    return Pseudonyms(key, dict(_names(store)))


def _names(store: Store) -> Iterator[tuple[str, str]]:
    yield store.site, "site"
    for scan in store.scans():
        yield scan.vantage, "place"
    for one in store.assets():
        thing = one.thing
        row = thing.register
        if isinstance(thing, Device):
            for text in (thing.name, *thing.aliases):
                yield text, "asset"
            yield thing.serial, "serial"
            yield thing.mac, "host"
            for address in thing.addresses:
                yield address, "host"
            for fact in thing.facts:
                if fact.name in ("name", "location", "contact", "serial") and fact.value:
                    yield str(fact.value), "text"
        else:
            yield thing.tag, "asset"
            yield thing.name, "asset"
            yield thing.area, "area"
            yield thing.line, "line"
            yield thing.owner, "person"
        if row is not None:
            yield from (
                (row.tag, "asset"), (row.name, "asset"), (row.serial, "serial"),
                (row.area, "area"), (row.line, "line"), (row.owner, "person"), (row.site, "site"),
            )  # fmt: skip
