"""What new observations reach: the devices and register rows that must be derived together.

One rule keeps it simple: it grows until nothing outside shares a word with anything inside
(`derive.ties`); then what is inside comes out as it would among everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from inventory.derive import declared
from inventory.derive.assets import Inventory, derive_seen
from inventory.derive.places import Seen
from inventory.derive.register import gateways
from inventory.derive.ties import (
    OWN,
    TABLES,
    link_words,
    looked_up,
    merge_words,
    nowhere_key,
    own_key,
    row_words,
    touching,
)
from inventory.judge.openness import protocols
from inventory.model import Declaration, Kind
from inventory.store import growing

if TYPE_CHECKING:
    from inventory.store import Store

MOST = 4_000
"""Addresses and devices beyond which the whole site is derived anew: it costs little more."""


class Stated:
    """What people stated, by the words that tie it to devices."""

    def __init__(self, site: str, statements: Sequence[Declaration]) -> None:
        self.statements = statements
        self.words: dict[int, set[str]] = {}  # by place in `statements`
        self.places: dict[int, set[str]] = {}  # addresses and keys that a row brings in
        register = declared.latest(statements, Kind.REGISTER)
        doors = gateways([declared.row(one) for one in register.values()])
        for number, one in enumerate(statements):
            if one.kind is Kind.REGISTER:
                row = declared.row(one)
                self.words[number] = row_words(site, row, doors)
                where = row.address or doors.get(row.parent.casefold(), "")
                self.places[number] = {where, nowhere_key(site, row)} - {""}
            elif one.kind is Kind.LINK:
                self.words[number] = link_words(declared.links([one])[0])
            elif one.kind is Kind.MERGE:
                self.words[number] = merge_words(one)
        self.by_word: dict[str, list[int]] = {}
        for number, words in self.words.items():
            for word in words | {_subject(statements[number])}:
                self.by_word.setdefault(word, []).append(number)

    def named(self, words: Iterable[str]) -> set[int]:
        """Statements that any of the words ties, and others about the same subject."""
        return {number for word in words for number in self.by_word.get(word, ())}

    def chosen(self, numbers: set[int]) -> list[Declaration]:
        """Of rows and links those that are named; of everything else all."""
        partial = (Kind.REGISTER, Kind.LINK)
        return [
            one
            for number, one in enumerate(self.statements)
            if number in numbers or one.kind not in partial
        ]


class Reach:
    """Grows from some addresses and words to all that they are tied to.

    `stated` spares reading what people stated once more; beyond `most` it is too much. `told` is
    what tables add, by address, where that is known: then who tells of others is no reason to look
    at the whole site.
    """

    def __init__(
        self,
        store: Store,
        addresses: set[str],
        *,
        words: Iterable[str] = (),
        stated: Stated | None = None,
        most: int = MOST,
        told: Mapping[str, Sequence[Seen]] | None = None,
    ) -> None:
        self.store = store
        self.stated = stated or Stated(store.site, store.declarations(None, *_WITHOUT_KEYS))
        self.most = most
        self.told = told
        self.kept = growing.ties(store)
        self.tied = dict(self.kept)
        self.addresses = set(addresses)
        self.keys: set[str] = set()
        self.words: set[str] = set(words)
        self.rows: set[int] = set()

    def grown(self) -> Inventory | None:
        """What is inside, derived; None when that may be the whole site, or too much of it."""
        self._add({word for one in self.addresses for word in looked_up(one)})
        if self.told is None and any(
            TABLES in words.split("\n") for _, words in self.kept if TABLES in words
        ):
            return None
        while True:
            if not self._spread():
                return None
            found = self._derived()
            new = {word for _, words in found.ties for word in words} - self.words
            if TABLES in new:
                if self.told is None:
                    return None
                new.discard(TABLES)
            if not new:
                return found
            self._add(new)

    def gone(self) -> set[str]:
        """Keys of everything that what was derived takes the place of."""
        named = {word[len(_KEY) :] for word in self.words if word.startswith(_KEY)}
        tags = [self._machine(number) for number in self.rows]
        machines = {declared.equipment_key(self.store.site, tag) for tag in tags if tag}
        return self.keys | named | machines

    def _machine(self, number: int) -> str:
        """The tag of the piece of equipment that a row or link is about, or ""."""
        one = self.stated.statements[number]
        if one.kind is Kind.LINK:
            return one.fields.get("equipment", "")
        row = declared.row(one)
        return (row.tag or row.name) if declared.is_equipment(row) else ""

    def _derived(self) -> Inventory:
        keys = {word[len(_KEY) :] for word in self.words if word.startswith(_KEY)}
        records = growing.key_statements(self.store, keys)
        statements = [*self.stated.chosen(self.rows), *records]
        openness = {name: one.openness for name, one in protocols().items()}
        seen = growing.seen_at(self.store, self.addresses)
        added: list[Seen] | None = None
        if self.told is not None:
            at = sorted(self.addresses)
            added = [one for address in at for one in self.told.get(address, ())]
        return derive_seen(self.store.site, seen, statements, openness, told=added)

    def _add(self, words: Iterable[str]) -> None:
        self.words.update(words)
        self.words.discard(TABLES)

    def _spread(self) -> bool:
        """Until nothing is added; False when it is too much."""
        looked: set[str] = set()
        while True:
            size = (len(self.addresses), len(self.keys), len(self.words), len(self.rows))
            self.keys |= growing.assets_at(self.store, self.addresses)
            self.addresses |= growing.addresses_of(self.store, self.keys)
            for key in self.keys:
                self._add(self.tied.get(key, "").split("\n"))
                self._add({own_key(key)})
            self.words.discard("")
            self._statements()
            wanted = self._scanned() - looked
            looked |= wanted
            for key, words in touching(self.kept, wanted) if wanted else ():
                self.keys.add(key)
                self._add(words.split("\n"))
            if max(len(self.addresses), len(self.keys)) > self.most:
                return False
            if size == (len(self.addresses), len(self.keys), len(self.words), len(self.rows)):
                return True

    def _statements(self) -> None:
        new = self.stated.named(self.words) - self.rows
        while new:
            self.rows |= new
            words = {word for number in new for word in self.stated.words[number]}
            subjects = {_subject(self.stated.statements[number]) for number in new}
            self._add(words)
            for number in new:
                for text in self.stated.places.get(number, ()):
                    self._add(looked_up(text))
                    self.addresses.add(text)
                    self.keys.add(text)
            new = self.stated.named(words | subjects) - self.rows

    def _scanned(self) -> set[str]:
        """Words by which other devices are inside: their own, and those that statements look up."""
        looked = {word for number in self.rows for word in self.stated.words[number]}
        return {word for word in self.words if word.startswith(OWN)} | looked


def _subject(one: Declaration) -> str:
    return f"{one.kind} {one.subject}"


_KEY = own_key("")
_WITHOUT_KEYS = tuple(kind for kind in Kind if kind is not Kind.KEY)
