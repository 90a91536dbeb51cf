"""Stable pseudonyms for names, addresses and serial numbers, so that an output can be shown around.

One rule keeps it simple: one random salt per site, kept beside the database and never in an output,
makes the same name the same pseudonym in each output, and nobody can try names out without it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from inventory.model import Device
from inventory.text import slug

if TYPE_CHECKING:
    from inventory.store import Store

ADDRESS = re.compile(
    r"\b(?<!\d\.)\d{1,3}(?:\.\d{1,3}){3}\b(?!\.\d)|\b[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}\b"
    r"|(?<![\w:.])(?:[0-9a-fA-F]{1,4}:){2,7}:?(?:[0-9a-fA-F]{1,4})?(?![\w:])"
    r"|(?<![\w:.])::(?:[0-9a-fA-F]{1,4}:){0,6}[0-9a-fA-F]{1,4}(?![\w:])"
)
"""Addresses in free text: IPv4, hardware, IPv6. The numbers of an SNMP object are longer."""
WORD = re.compile(r"\w+")
SHORTEST = 3
"""Shorter names are replaced as a whole text only, never inside one."""
KEPT = frozenset(
    (
        *("vendor", "product", "model", "firmware", "hardware", "role", "enterprise", "object_id"),
        *("vendor_id", "device_id", "boots", "uptime_seconds", "clock_skew_seconds", "security"),
        *("endpoint_reach", "certificate.not_before", "certificate.not_after", "limit", "range"),
        *("certificate.key_bits", "conformity", "function", "framing", "unit", "word_order"),
        *("interface.state", "interface.errors", "model_id", "companion", "device_time"),
    )
)
"""Facts that say what a thing is and not whose or where; the others are replaced."""


class Pseudonyms:
    """Replaces what is known by name, and everything that looks like an address.

    A name is found by its first word, so that the effort grows with the text and not with the
    number of names.
    """

    def __init__(self, key: bytes, names: Mapping[str, str]) -> None:
        self._key = key
        self._names = {n: self.named(n, kind) for n, kind in names.items() if n}
        self._starts: dict[str, list[tuple[int, str]]] = {}
        for name in self._names:
            first = WORD.search(name)
            if first and len(name) >= SHORTEST:
                self._starts.setdefault(first[0], []).append((first.start(), name))
        for several in self._starts.values():
            several.sort(key=lambda one: -len(one[1]))

    def named(self, text: str, kind: str) -> str:
        """The pseudonym of a text; `kind` is its first word, "key" gives an identifier."""
        found = hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256)
        if kind == "key":
            return str(UUID(bytes=found.digest()[:16], version=5))
        return f"{kind}-{found.hexdigest()[:10]}"

    def whole(self, text: str, kind: str) -> str:
        """The pseudonym of a text as a whole, whether it is a known name or not."""
        return self._names.get(text) or (self.named(text, kind) if text else "")

    def __call__(self, text: str) -> str:
        """The text with pseudonyms."""
        if text in self._names:
            return self._names[text]
        text = "".join(self._replaced(text))
        return ADDRESS.sub(lambda match: self.named(match[0].lower(), "host"), text)

    def _replaced(self, text: str) -> Iterator[str]:
        done = 0
        for word in WORD.finditer(text):
            if word.start() < done:
                continue
            for before, name in self._starts.get(word[0], ()):
                start = word.start() - before
                if start >= done and text.startswith(name, start) and _whole(text, start, name):
                    yield text[done:start]
                    yield self._names[name]
                    done = start + len(name)
                    break
        yield text[done:]


def _whole(text: str, start: int, name: str) -> bool:
    """Whether no word reaches over the ends of the name."""
    end = start + len(name)
    after = text[end : end + 1]
    return not (name[-1].isalnum() and (after.isalnum() or after == "_"))


def pseudonyms(store: Store) -> Pseudonyms:
    """The pseudonyms of one inventory."""
    return Pseudonyms(salt(store), dict(_names(store)))


def salt_file(store: Store) -> Path:
    """Where the salt of a site is kept: beside an SQLite file, else with the user's own data."""
    mark = hashlib.sha256(store.site.encode("utf-8", "replace")).hexdigest()[:8]
    name = f"redact-{slug(store.site, 40)}-{mark}.salt"
    if store.path is not None:
        return store.path.with_name(f"{store.path.name}-{name}")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "untrap" / name


def salt(store: Store) -> bytes:
    """The salt of a site, made on first use; readable by its owner only.

    Raises ValueError when the file holds something else.
    """
    path = salt_file(store)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError(f"{path} is no salt of ours; remove it and pseudonyms change")
    return bytes.fromhex(text)


def _names(store: Store) -> Iterator[tuple[str, str]]:
    yield store.site, "site"
    for scan in store.scans():
        yield scan.vantage, "place"
    for one in store.assets():
        thing = one.thing
        yield thing.key, "key"
        row = thing.register
        if isinstance(thing, Device):
            yield from _device_names(thing)
        else:
            yield from ((thing.tag, "asset"), (thing.name, "asset"), (thing.owner, "person"))
            yield from ((thing.area, "area"), (thing.line, "line"))
        if row is not None:
            yield from (
                (row.tag, "asset"), (row.name, "asset"), (row.serial, "serial"),
                (row.area, "area"), (row.line, "line"), (row.owner, "person"), (row.site, "site"),
            )  # fmt: skip


def _device_names(thing: Device) -> Iterator[tuple[str, str]]:
    kind = {thing.vendor, thing.product, thing.model}  # a type's name says nothing of the plant
    yield from ((text, "asset") for text in (thing.name, *thing.aliases) if text not in kind)
    yield thing.serial, "serial"
    yield from ((address, "host") for address in (thing.mac, *thing.addresses))
    for fact in thing.facts:
        if fact.name not in KEPT and isinstance(fact.value, str) and fact.value not in kind:
            yield fact.value, fact.name.replace(".", "-")
