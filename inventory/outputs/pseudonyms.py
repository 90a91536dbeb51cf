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
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from inventory.model import Declaration, Device, Kind
from inventory.outputs.shelf import Shelf
from inventory.text import slug

if TYPE_CHECKING:
    from inventory.store import Store

ADDRESS = re.compile(
    r"(?<![0-9A-Za-z])(?<!\d\.)\d{1,3}([._-])\d{1,3}\1\d{1,3}\1\d{1,3}(?![0-9A-Za-z])(?!\.\d)"
    r"|(?<![0-9A-Za-z])[0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}(?:\2[0-9a-fA-F]{2}){4}(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}(?![0-9A-Za-z])"
    r"|(?<![\w:.])(?:[0-9a-fA-F]{1,4}:){2,7}:?(?:[0-9a-fA-F]{1,4})?(?![\w:])"
    r"|(?<![\w:.])::(?:[0-9a-fA-F]{1,4}:){0,6}[0-9a-fA-F]{1,4}(?![\w:])"
)
"""Addresses in free text: IPv4, hardware, IPv6. The numbers of an SNMP object are longer."""
RUN = re.compile(r"[^\W_]+")
"""What a text is searched by: letters and digits, so that `PLC_7` is found in `PLC_7_Temp`."""
SHORTEST = 2
"""Shorter names, and short numbers, are replaced as a whole text only, never inside one."""
GLUED = 4
"""From this length on, a name of letters with digits is also found inside a longer run."""
LONGEST_RUN = 64
"""In longer runs nothing is looked for."""
REMEMBERED = 20_000
"""Texts whose pseudonyms are remembered: many are the same."""
KEPT = frozenset(
    (
        *(
            "vendor",
            "product",
            "model",
            "firmware",
            "hardware",
            "role",
            "enterprise",
            "served_enterprise",
            "object_id",
        ),
        *("vendor_id", "device_id", "boots", "uptime_seconds", "clock_skew_seconds", "security"),
        *("endpoint_reach", "certificate.not_before", "certificate.not_after", "limit", "range"),
        *("certificate.key_kind", "certificate.digest"),
        *("certificate.key_bits", "conformity", "function", "framing", "unit", "word_order"),
        *("interface.state", "interface.errors", "model_id", "companion", "device_time"),
        *("server_state", "service_level", "redundancy", "health"),
    )
)
"""Facts that say what a thing is and not whose or where; the others are replaced."""
NAMING = frozenset(
    (
        *("tag", "name", "serial", "address", "mac", "parent", "owner", "area", "line", "site"),
        *("equipment", "device", "author", "user", "areas", "zone", "from", "to", "addresses"),
        *("covers", "keep", "drop", "identity", "asset"),
    )
)
"""Fields of declarations that name the plant, its places or its people."""


class Pseudonyms:
    """Replaces what is known by name, and everything that looks like an address.

    A name is found by its first run of letters and digits, without regard to case, and looked up
    by the lengths that names with this run have: the effort grows with the text and not with the
    number of names, also where ten thousand begin with `PLC-`. Names are kept on disk (`Shelf`).
    """

    def __init__(self, key: bytes, names: Iterable[tuple[str, str]]) -> None:
        self._key = key
        self._kinds, self._shown, self._starts = Shelf(), Shelf(), Shelf()
        self._kinds.fill(((name, kind) for name, kind in names if name), last=True)
        shapes = (shape for name, _ in self._kinds if (shape := _shape(name)))
        lengths: set[int] = set()
        self._shown.fill(self._started(shapes, lengths))
        self._lengths = tuple(sorted(lengths, reverse=True))
        self._name = lru_cache(REMEMBERED)(self._of)
        self._places = lru_cache(REMEMBERED)(self._begun)
        self._glued_in = lru_cache(REMEMBERED)(self._glued)
        self._say = lru_cache(REMEMBERED)(self._said)

    def _started(
        self, shapes: Iterable[tuple[str, str, int, str]], lengths: set[int]
    ) -> Iterator[tuple[str, str]]:
        """What each name is found by and its kind; meanwhile the first runs are told apart."""
        for low, run, before, shown in shapes:
            place, known = f"{len(low)} {before}", self._starts.get(run)
            if known is None:
                self._starts.put(run, place)
            elif place not in known.split(","):
                self._starts.put(run, f"{known},{place}")
            if len(run) >= GLUED and _mixed(run):
                lengths.add(len(run))
            yield low, shown

    def named(self, text: str, kind: str) -> str:
        """The pseudonym of a text; `kind` is its first word, "key" gives an identifier."""
        found = hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256)
        if kind == "key":
            return str(UUID(bytes=found.digest()[:16], version=5))
        return f"{kind}-{found.hexdigest()[:10]}"

    def _of(self, text: str) -> str:
        """The pseudonym of a known name; "" for any other text."""
        kind = self._kinds.get(text) if text else None
        if kind is None:
            return ""
        return self.named(text, "host" if ADDRESS.fullmatch(text) else kind)

    def whole(self, text: str, kind: str) -> str:
        """The pseudonym of a text as a whole, whether it is a known name or not."""
        return self._name(text) or (self.named(text, kind) if text else "")

    def __call__(self, text: str) -> str:
        """The text with pseudonyms."""
        return self._say(text)

    def _said(self, text: str) -> str:
        whole = self._name(text)
        if whole:
            return whole
        return ADDRESS.sub(lambda match: self.named(match[0].lower(), "host"), self.known(text))

    def known(self, text: str) -> str:
        """The text with pseudonyms for known names only: a version may look like an address."""
        return "".join(self._replaced(text))

    def _replaced(self, text: str) -> Iterator[str]:
        done, low = 0, _low(text)
        for run in RUN.finditer(low):
            for start, end, shown in self._entries(run):
                if start >= done:
                    yield text[done:start]
                    yield shown
                    done = end
        yield text[done:]

    def _entries(self, run: re.Match[str]) -> Iterator[tuple[int, int, str]]:
        """Names that begin in a run, each with where: whole ones first, then glued ones."""
        text, begin = run[0], run.start()
        yield from (
            found for found in self._known(text, begin, run.string) if _ends(run.string, found[1])
        )
        if GLUED < len(text) <= LONGEST_RUN and _mixed(text):
            for start, part in self._glued_in(text):
                yield from self._known(part, begin + start, run.string)

    def _known(self, first: str, at: int, low: str) -> Iterator[tuple[int, int, str]]:
        """Names whose first run is `first`, as they stand around `at`: from, to, pseudonym."""
        for length, before in self._places(first):
            start, end = at - before, at - before + length
            if start < 0 or end > len(low):
                continue
            shown = self._shown.get(low[start:end])
            if shown is not None:
                yield start, end, self._name(shown)

    def _begun(self, run: str) -> tuple[tuple[int, int], ...]:
        """The lengths of the names that have this first run, the longest first, each with how many
        characters stand before it."""
        known = self._starts.get(run)
        several = (one.partition(" ") for one in known.split(",")) if known else ()
        found = ((int(length), int(before)) for length, _, before in several)
        return tuple(sorted(found, key=lambda one: (-one[0], one[1])))

    def _glued(self, run: str) -> tuple[tuple[int, str], ...]:
        """Where in a run another run begins that a name begins with, the longest first."""
        return tuple(
            (start, run[start : start + length])
            for start in range(len(run))
            for length in self._lengths
            if length < len(run) and start + length <= len(run)
            if (part := run[start : start + length]) in self._starts and _mixed(part)
        )


def _shape(name: str) -> tuple[str, str, int, str] | None:
    """What a name is found by: in lower case, its first run and where that begins, and the name
    itself; None where it is never looked for inside a text."""
    low = _low(name)
    first = RUN.search(low)
    if not first or len(name) < SHORTEST or (low.isdigit() and len(low) < GLUED):
        return None
    return low, first[0], first.start(), name


def _low(text: str) -> str:
    """The text in lower case, letter by letter, so that places stay the same."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _mixed(text: str) -> bool:
    """Whether a text has letters and digits, as a tag or a serial number has."""
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def _ends(text: str, end: int) -> bool:
    """Whether no run of letters and digits reaches over the end of a name that ends there."""
    return not (text[end - 1].isalnum() and text[end : end + 1].isalnum())


def pseudonyms(store: Store) -> Pseudonyms:
    """The pseudonyms of one inventory."""
    return Pseudonyms(salt(store), _names(store))


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
    """Names with the first word of their pseudonym; what is said later stands for what is said
    first. Whatever names an asset is given last, so that it is called an asset everywhere."""
    yield from _stated_names(store.ever_stated(None, *NAMED_IN))
    for scan in store.scans():
        yield scan.vantage, "place"
        yield scan.id, "key"
        yield from ((text, "host") for text in (*scan.targets, *scan.excluded))
    yield store.site, "site"
    own = _own_words()
    for evidence in store.evidences():
        for point in evidence.points:
            for text in (point.name, point.path, point.address):
                if not PLAIN_POINT.fullmatch(text) and not own.issuperset(RUN.findall(_low(text))):
                    yield text, "point"
    for one in store.assets():
        thing = one.thing
        yield thing.key, "key"
        yield thing.key[:8], "asset"  # commands and texts shorten it to this
        row = thing.register
        if isinstance(thing, Device):
            yield from _device_names(thing, own)
        else:
            yield from ((thing.tag, "asset"), (thing.name, "asset"), (thing.owner, "person"))
            yield from ((thing.area, "area"), (thing.line, "line"))
            yield from ((link.device, "asset") for link in thing.links if not link.resolved)
        if row is not None:
            yield from (
                (row.tag, "asset"), (row.name, "asset"), (row.serial, "serial"),
                (row.area, "area"), (row.line, "line"), (row.owner, "person"), (row.site, "site"),
            )  # fmt: skip


PLAIN_POINT = re.compile(r"(holding|input|coil|discrete):\d+(\.\d+)?|[\d.]+|")
"""Addresses of points that hold no name: registers and SNMP objects."""


NAMED_IN = tuple(kind for kind in Kind if kind not in (Kind.MAP, Kind.THRESHOLD, Kind.KEY))
"""Statements that name the plant, its places or its people."""


def _stated_names(declarations: Iterable[Declaration]) -> Iterator[tuple[str, str]]:
    for one in declarations:
        kind = {Kind.ZONE: "zone", Kind.VANTAGE: "place", Kind.CREDENTIAL: "credential"}
        word = kind.get(one.kind, "asset")
        if one.kind is Kind.FIELD:
            if one.fields.get("name", "") in NAMING:
                yield one.fields.get("value", ""), "asset"
            continue
        yield from ((text, word) for text in one.subject.split("|"))
        for name in NAMING & one.fields.keys():
            yield one.fields[name], word if name in ("name", "tag") else name
            yield from ((part.strip(), name) for part in re.split(r"[,;]", one.fields[name]))
        yield one.author, "person"
        yield one.document, "document"
        yield one.document.partition(" ")[0], "document"


@cache
def _own_words() -> frozenset[str]:
    """Words of our rules and of the signal tables: a name made of them alone tells nothing."""
    data = files("inventory").joinpath("data")
    texts = (data.joinpath(name).read_text("utf-8") for name in ("rules.toml", "names.toml"))
    return frozenset(word for text in texts for word in RUN.findall(text.lower()))


def _device_names(thing: Device, own: frozenset[str]) -> Iterator[tuple[str, str]]:
    kind = {thing.vendor, thing.product, thing.model}  # a type's name says nothing of the plant
    for fact in thing.facts:
        text = fact.value
        if fact.name in KEPT or not isinstance(text, str) or text in kind:
            continue
        if not own.issuperset(RUN.findall(_low(text))):
            yield text, fact.name.replace(".", "-")
            if fact.name.endswith("mac"):
                yield text.replace(":", ""), "host"
    yield from ((text, "asset") for text in (thing.name, *thing.aliases) if text not in kind)
    yield thing.serial, "serial"
    yield from ((address, "host") for address in (thing.mac, *thing.addresses))
    yield thing.mac.replace(":", ""), "host"
