"""Derives a large site in shares of its addresses, by a few processes at once.

One rule keeps it simple: a share is derived as if it were the whole site. What a word ties to
another share (`derive.ties`) is then derived again, together with all that it is tied to
(`inventory.reach`), and takes the place of what the shares made of it: the result is that of
deriving everything at once, to the byte. A test compares the two on random sites
(`docs/decisions/0035`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from inventory.derive import declared
from inventory.derive.assets import derive_seen, in_order
from inventory.derive.places import Places, Seen, gather
from inventory.derive.register import gateways
from inventory.derive.silent import Outline, outlines, telling, told
from inventory.derive.ties import OWN, TABLES
from inventory.judge.openness import protocols
from inventory.judge.workers import Task, Workers
from inventory.model import Declaration, Kind, RegisterRow
from inventory.reach import MOST, Reach, Stated
from inventory.store import growing, values
from inventory.store.filling import Rows, fill
from inventory.store.store import place_row

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from inventory.derive.assets import Inventory
    from inventory.store import Store

SHARE = 4_000
"""Addresses that are derived in one go; bounds what a process holds."""

READ = (Kind.REGISTER, Kind.LINK, Kind.MERGE, Kind.SPLIT, Kind.FIELD, Kind.KEY)
"""Statements that deriving reads."""

DEALT = frozenset({Kind.REGISTER, Kind.LINK, Kind.KEY})
"""Those of them that go to one share each; all others go to every share."""

_SEVERAL = -1
"""Stands for the number of a share where a word is in several."""

Order = tuple[tuple[str, ...], str, str]


class Share(NamedTuple):
    """What deriving one share gives, as rows: ranks count from 0 in each share."""

    devices: Rows
    services: Rows
    places: Rows
    ties: Rows
    machines: Rows
    keys: tuple[Declaration, ...]
    ends: tuple[Order, ...]  # where its first and its last device stand among those of the site


class Outlined(NamedTuple):
    """What the tables of a site are compared with, of one share."""

    around: dict[str, Outline]
    telling: Places


class _Whole(Exception):
    """The site must be derived as a whole."""


def derived(store: Store, crew: Workers, *, size: int = 0, most: int = 0) -> bool:
    """Derives the site and stores the result; False, and nothing is stored, when it must be
    derived as a whole.

    So it is where more than `most` addresses (a quarter of the site unless given) are tied across
    shares. Where devices tell of others by hardware address (switch and ARP tables), what they tell
    is made out first, by one look at all addresses, and given to each share like observations.
    """
    addresses = store.addresses()
    most = most or max(MOST, len(addresses) // 4)
    try:
        _store(store, crew, addresses, size or SHARE, most)
    except _Whole:
        return False
    return True


def _store(store: Store, crew: Workers, addresses: Sequence[str], size: int, most: int) -> None:
    """Stores what is derived, and the new keys, in one transaction."""
    cuts = addresses[size::size]
    dealt = _Dealt(store, cuts)
    spans = list(pairwise(("", *cuts, "")))
    if growing.tells_of_others(store):
        dealt.tell(_told(crew, spans, dealt.register))
    tasks = (
        Task(__name__, "share", (first, end, dealt.of(number), dealt.told_to(number)))
        for number, (first, end) in enumerate(spans)
    )
    with store.writing(much=True) as connection:
        store.empty_derived(connection)
        kept = _Kept(store, connection, dealt)
        for number, answer in enumerate(crew.answers(tasks)):
            assert isinstance(answer, Share)  # noqa: S101 - what `share` gives
            kept.add(number, answer)
        kept.finish(most)


def _told(
    crew: Workers, spans: Sequence[tuple[str, str]], register: Sequence[RegisterRow]
) -> list[Seen]:
    """What tables add to the site, made out by one look at all of it."""
    around: dict[str, Outline] = {}
    telling: Places = {}
    for answer in crew.answers(Task(__name__, "outlined", one) for one in spans):
        assert isinstance(answer, Outlined)  # noqa: S101 - what `outlined` gives
        around |= answer.around
        telling |= answer.telling
    return told(telling, around, register)


class _Dealt:
    """What people stated, keys on record and what tables tell, share by share."""

    def __init__(self, store: Store, cuts: Sequence[str]) -> None:
        everything = store.declarations(None, *READ)
        self.cuts = cuts
        self.stated = Stated(store.site, [one for one in everything if one.kind is not Kind.KEY])
        register = declared.latest(everything, Kind.REGISTER)
        self.register = [declared.row(one) for one in register.values()]
        self.told: dict[str, list[Seen]] | None = None  # by address; None: nobody tells of others
        self._told: list[list[Seen]] = []
        self._doors = gateways(self.register)
        self._devices = {one.equipment: one.device for one in declared.links(everything)}
        self._mine: list[list[Declaration]] = [[] for _ in range(len(cuts) + 1)]
        for one in everything:
            to = (self.share_of(one),) if one.kind in DEALT else range(len(self._mine))
            for number in to:
                self._mine[number].append(one)

    def of(self, number: int) -> tuple[Declaration, ...]:
        """The statements that one share is derived with."""
        return tuple(self._mine[number])

    def tell(self, rows: Iterable[Seen]) -> None:
        """Deals what tables add, by its address."""
        self.told, self._told = {}, [[] for _ in self._mine]
        for one in rows:
            self.told.setdefault(one.address, []).append(one)
            self._told[self._at(one.address)].append(one)

    def told_to(self, number: int) -> tuple[Seen, ...] | None:
        """What tables add to one share; None where nobody tells of others."""
        if self.told is None:
            return None
        some, self._told[number] = self._told[number], []
        return tuple(some)

    def share_of(self, one: Declaration) -> int:
        """The share that a statement goes to. Any would do (what it is tied to elsewhere is found
        out afterwards), the one that holds its device costs least."""
        if one.kind is Kind.KEY:
            return self._at(one.fields.get("at", ""))
        if one.kind is Kind.LINK:
            return self._near(one.fields.get("device", ""))
        row = declared.row(one)
        where = row.address or self._doors.get(row.parent.casefold(), "")
        return self._at(where) if where else self._near(self._devices.get(row.tag or row.name, ""))

    def _near(self, device: str) -> int:
        return self._at(self._doors.get(device.casefold(), device))

    def _at(self, place: str) -> int:
        return bisect_right(self.cuts, place.partition(" ")[0])


class _Kept:
    """Writes shares as they come, and finds out what is tied across them."""

    def __init__(self, store: Store, connection: Connection, dealt: _Dealt) -> None:
        self.store, self.connection, self.dealt = store, connection, dealt
        asked = (word for words in dealt.stated.words.values() for word in words)
        self.words = _Words(asked, telling=dealt.told is not None)
        self.before = growing.newest(connection)
        self.machines: list[dict[str, object]] = []
        self.keys: list[Declaration] = []
        self.ends: list[Order] = []
        self.count = 0
        self.made: set[str] = set()  # keys of the devices that were written
        self.again: set[str] = set()  # addresses of those that were not

    def add(self, number: int, one: Share) -> None:
        """Writes one share: those before it hold `count` devices."""
        from inventory.store import tables

        for row in one.ties.rows:
            self.words.add(number, str(row[-1]).split("\n"))
        keys = {str(row[0]) for row in (*one.devices.rows, *one.ties.rows)}
        twice = keys & self.made
        self.made |= keys
        if twice:
            self._put_off(one, twice)
        fill(self.connection, tables.assets, _shifted(_but(one.devices, "key", twice), self.count))
        fill(self.connection, tables.services, _but(one.services, "asset", twice))
        places = _but(one.places, "asset", twice)
        fill(self.connection, tables.place, _shifted(places, self.count))
        fill(self.connection, tables.ties, _but(one.ties, "asset", twice))
        columns = one.machines.columns
        self.machines += [dict(zip(columns, row, strict=True)) for row in one.machines.rows]
        self.store.declare_in(self.connection, one.keys)
        self.keys += one.keys
        self.ends += one.ends
        self.count += len(one.devices.rows)

    def _put_off(self, one: Share, twice: set[str]) -> None:
        """Marks devices whose keys another share gave too: they are tied, and derived again."""
        for row in one.ties.rows:
            if row[0] in twice:
                self.words.crossing.update(set(str(row[-1]).split("\n")) - {TABLES})
        if one.places.rows:
            at, asset = map(one.places.columns.index, ("address", "asset"))
            self.again |= {str(row[at]) for row in one.places.rows if row[asset] in twice}

    def finish(self, most: int) -> None:
        """Puts right what is tied across shares."""
        from inventory.store import tables

        found, gone = self._tied(most)
        left = [one for one in self.machines if one["key"] not in gone]
        left.sort(key=lambda one: str(one["tag"]))
        for rank, one in enumerate(left):
            one["rank"] = rank
        fill(self.connection, tables.assets, left)
        if found is not None:
            growing.put(self.store, self.connection, found, gone)
            self._record_again(found, gone)
        elif any(one > other for one, other in pairwise(self.ends)):
            growing.rank(self.store, self.connection)  # devices without an address come first

    def _tied(self, most: int) -> tuple[Inventory | None, Collection[str]]:
        """What is tied across shares, derived again, and the keys whose place it takes."""
        crossing = self._crossing()
        if not crossing:
            return None, ()
        growing.take_back(self.connection, {one.id for one in self.keys}, self.before)
        inside = self.store.inside(self.connection)
        reach = Reach(
            inside, self.again,
            stated=self.dealt.stated, words=crossing, most=most, told=self.dealt.told,
        )  # fmt: skip
        found = reach.grown()
        if found is None:
            raise _Whole
        return found, reach.gone()

    def _record_again(self, found: Inventory, gone: Collection[str]) -> None:
        """Records the new keys once more, without those that are gone: in the order of the
        addresses that they were first derived at, as deriving everything at once gives them."""
        keys = [one for one in self.keys if one.subject not in gone]
        keys += found.keys
        keys.sort(key=lambda one: one.fields["at"].partition(" ")[0])
        self.store.declare_in(self.connection, keys)

    def _crossing(self) -> set[str]:
        """Words that tie devices or statements of several shares."""
        stated = self.dealt.stated
        for number, words in stated.words.items():
            one = stated.statements[number]
            share = _SEVERAL if one.kind is Kind.MERGE else self.dealt.share_of(one)
            self.words.state(share, (*words, f"{one.kind} {one.subject}"))
        return self.words.crossing


class _Words:
    """In which share each word is."""

    def __init__(self, asked: Iterable[str], *, telling: bool) -> None:
        self._telling = telling  # whether what tables tell is known, and nothing else ties by them
        self._asked = frozenset(asked)  # words of statements, by which devices are looked up
        self._own: dict[str, int] = {}
        self._named: dict[str, int] = {}
        self._stated: dict[str, int] = {}
        self.crossing: set[str] = set()

    def add(self, share: int, words: Iterable[str]) -> None:
        """Counts in the words of one device."""
        for word in words:
            if word == TABLES:
                if not self._telling:
                    raise _Whole
            elif word.startswith(OWN):
                if self._own.setdefault(word, share) != share:
                    self.crossing.add(word)
            elif word in self._asked and self._named.setdefault(word, share) != share:
                self._named[word] = _SEVERAL

    def state(self, share: int, words: Iterable[str]) -> None:
        """Counts in the words of one statement, after all devices."""
        for word in words:
            where = (self._own.get(word, share), self._named.get(word, share))
            first = self._stated.setdefault(word, share)
            if where != (share, share) or first != share or share == _SEVERAL:
                self.crossing.add(word)


def _but(rows: Rows, column: str, without: set[str]) -> Rows:
    """The rows but those about some assets."""
    if not without or not rows.rows:
        return rows
    at = rows.columns.index(column)
    return Rows(rows.columns, [row for row in rows.rows if row[at] not in without])


def _shifted(rows: Rows, first: int) -> Rows:
    """The rows with ranks that begin at `first`."""
    if not first or not rows.rows:
        return rows
    at = rows.columns.index("rank")
    moved = [(*row[:at], row[at] + first, *row[at + 1 :]) for row in rows.rows]  # type: ignore[operator]
    return Rows(rows.columns, moved)


# --- what is done with one share, here or in a worker -------------------------------------------


def outlined(store: Store, first: str, end: str) -> Outlined:
    """The outlines of the addresses from `first` on and before `end`, and who tells of others."""
    places = gather(store.seen(first, end, points=False))  # tables tell of no points
    return Outlined(outlines(places), telling(places))


def share(
    store: Store,
    first: str,
    end: str,
    statements: tuple[Declaration, ...],
    added: tuple[Seen, ...] | None = None,
) -> Share:
    """Derives the addresses from `first` on and before `end`; "" for no bound. `added` is what
    tables add there, where anybody tells of others."""
    openness = {name: one.openness for name, one in protocols().items()}
    found = derive_seen(store.site, store.seen(first, end), statements, openness, told=added)
    devices = found.devices
    ranks = {one.key: rank for rank, one in enumerate(devices)}
    ends = (devices[0], devices[-1]) if devices else ()
    return Share(
        _rows(values.device_row(one, rank) for rank, one in enumerate(devices)),
        _rows(row for one in devices for row in values.service_rows(one)),
        _rows(place_row(one, ranks[one.asset]) for one in found.places),
        store.tie_rows(found),
        _rows(values.equipment_row(one, 0) for one in found.equipment),
        found.keys,
        tuple(map(in_order, ends)),
    )


def _rows(several: Iterable[Mapping[str, object]]) -> Rows:
    coming: Iterator[Mapping[str, object]] = iter(several)
    first = next(coming, None)
    if first is None:
        return Rows((), [])
    return Rows(tuple(first), [tuple(first.values()), *(tuple(one.values()) for one in coming)])
