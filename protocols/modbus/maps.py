"""Register maps: which one fits a device, in which blocks it is read, what the values mean.

One rule keeps it simple: a map fits only where everything that it states (vendor, model, firmware,
unit) agrees with what the device said; a declared map goes before the bundled library.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from protocols.contract import (
    AT_LIMIT,
    IMPLAUSIBLE,
    Fact,
    MapEntry,
    Point,
    Quality,
    Reading,
    Sample,
    Value,
)
from protocols.modbus.codec import BIT_TABLES, MOST_REGISTERS, TABLES
from protocols.modbus.engineering import code
from protocols.modbus.registers import at_limit, decode, implausible, looks_swapped, scaled, size

GAP = 8  # registers between two entries that are read along
MOST_ENTRIES = 2000  # of one map for one unit
SWAPPED_LEAST = 3  # values that must speak for the other word order
SWAPPED_SHARE = 0.8
MODEL_FACTS = ("product", "model", "description", "name")


@dataclass(frozen=True, slots=True)
class Map:
    """A map that fits: its entries, and how it was chosen."""

    entries: tuple[MapEntry, ...]
    chosen: str
    by: str = "vendor, model and firmware that it stated"


@dataclass(frozen=True, slots=True)
class Bundled:
    """One file of the library: patterns for vendor and model, and the entries."""

    name: str
    vendor: re.Pattern[str]
    model: re.Pattern[str]
    source: str
    entries: tuple[MapEntry, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Entries of one table that are read with one request."""

    table: str
    entries: tuple[MapEntry, ...]

    @property
    def first(self) -> int:
        return self.entries[0].address

    @property
    def count(self) -> int:
        return max(_end(entry) for entry in self.entries) - self.first

    @property
    def halves(self) -> tuple[Span, ...]:
        """Two shorter spans, or nothing where there is one entry only."""
        middle = len(self.entries) // 2
        if not middle:
            return ()
        return Span(self.table, self.entries[:middle]), Span(self.table, self.entries[middle:])

    @property
    def name(self) -> str:
        """As a range fact and a question's argument: "holding:0-9"."""
        return f"{self.table}:{self.first}-{self.first + self.count - 1}"


def _end(entry: MapEntry) -> int:
    return entry.address + (size(entry.type) or 0)


@cache
def library() -> tuple[Bundled, ...]:
    """The bundled maps, by file name."""
    folder = Path(__file__).with_name("library")
    found = sorted(folder.glob("*.csv"))
    return tuple(_bundled(f.stem, f.read_text("utf-8")) for f in found)


def _bundled(name: str, content: str) -> Bundled:
    lines = content.splitlines()
    head: dict[str, str] = {}
    for line in lines:
        if line.startswith("#") and ":" in line:
            key, _, value = line[1:].partition(":")
            head[key.strip()] = value.strip()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    entries = tuple(
        MapEntry(
            table=row["Table"],
            address=int(row["Address"]),
            type=row["Type"],
            name=row["Name"],
            word_order=row.get("WordOrder") or "big",
            scale=float(row.get("Scale") or 1),
            engineering_unit=row.get("EngineeringUnit") or "",
            source=head["source"],
            not_available=int(row["NotAvailable"], 0) if row.get("NotAvailable") else None,
        )
        for row in rows
    )
    vendor, model = re.compile(head["vendor"], re.I), re.compile(head["model"], re.I)
    return Bundled(name, vendor, model, head["source"], entries)


def fitting(facts: Sequence[Fact], declared: Sequence[MapEntry], unit: int) -> Map | None:
    """The map for a device that stated these facts, or None."""
    stated = _stated(facts)
    own = tuple(entry for entry in declared if not entry.claimed and _fits(entry, stated, unit))
    if own:
        return Map(own[:MOST_ENTRIES], f"declared: {own[0].source or 'register map'}")
    if stated.keys().isdisjoint(("vendor", *MODEL_FACTS)):
        own = tuple(entry for entry in declared if entry.claimed == str(unit))
        if own:
            chosen = f"declared: {own[0].source or 'register map'}"
            return Map(own[:MOST_ENTRIES], chosen, "vendor and model that the register states")
    vendor = " ".join(stated.get("vendor", ()))
    models = [text for name in MODEL_FACTS for text in stated.get(name, ())]
    for one in library():
        if one.vendor.search(vendor) and any(one.model.search(model) for model in models):
            return Map(one.entries, f"library: {one.name} ({one.source})")
    return None


def _stated(facts: Sequence[Fact]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for fact in facts:
        found.setdefault(fact.name, []).append(str(fact.value))
    return {name: tuple(values) for name, values in found.items()}


def _fits(entry: MapEntry, stated: dict[str, tuple[str, ...]], unit: int) -> bool:
    """Whether a declared line fits; a line for no vendor and no model fits nothing."""
    if not (entry.vendor or entry.model):
        return False
    if entry.unit and entry.unit.removeprefix("unit").strip() != str(unit):
        return False
    models = [text for name in MODEL_FACTS for text in stated.get(name, ())]
    return (
        same(entry.vendor, stated.get("vendor", ()))
        and same(entry.model, models)
        and same(entry.firmware, stated.get("firmware", ()))
    )


def same(wanted: str, given: Iterable[str]) -> bool:
    """Equal but for case, blanks and punctuation; an empty wish is always met.

    A vendor or model may be stated in more words ("Schneider Electric" for "Schneider"), so whole
    words at the beginning are enough.
    """
    want = _words(wanted)
    return not want or any(_words(text)[: len(want)] == want for text in given)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def spans(entries: Iterable[MapEntry]) -> tuple[Span, ...]:
    """Entries in blocks of at most 125 items with gaps of at most 8; unknown types are left out."""
    usable = sorted(
        (e for e in entries if e.table in TABLES and size(e.type) and 0 <= e.address <= 0xFFFF),
        key=lambda e: (e.table, e.address, _end(e)),
    )
    found: list[list[MapEntry]] = []
    for entry in usable:
        if _end(entry) > 0x1_0000:
            continue
        last = found[-1] if found else None
        if last and last[0].table == entry.table:
            reach = max(_end(other) for other in last)
            wide = max(_end(entry), reach) - last[0].address
            if entry.address - reach <= GAP and wide <= MOST_REGISTERS:
                last.append(entry)
                continue
        found.append([entry])
    return tuple(Span(group[0].table, tuple(group)) for group in found)


def read_span(span: Span, words: Sequence[int], part: str) -> Reading[tuple[int, ...]]:
    """Points and samples of a block; a hint where the word order of the map cannot be right."""
    points, samples, facts = [], [], []
    votes: tuple[list[bool | None], list[bool | None]] = ([], [])
    for entry in span.entries:
        start = entry.address - span.first
        own = words[start : start + (size(entry.type) or 0)]
        point, sample = _value(entry, own, part)
        points.append(point)
        samples.append(sample)
        if entry.byte_order == "big":
            swapped = entry.word_order != "big"
            votes[swapped].append(looks_swapped(own[::-1] if swapped else own, entry.type))
        if entry.signal.casefold() == "serial" or entry.name.casefold() in (
            "serial",
            "serial number",
        ):
            facts += _serial(entry, sample.value, part)
    facts += _order_hint(span, votes[False], "little", part)
    facts += _order_hint(span, votes[True], "big", part)
    return Reading(tuple(words), tuple(facts), tuple(points), tuple(samples), items=len(points))


def address_of(entry: MapEntry) -> str:
    """The point's address: "holding:100", and "holding:100.3" for bit 3 of a register."""
    place = f"{entry.table}:{entry.address}"
    return f"{place}.{entry.type[4:]}" if entry.type.startswith("bit:") else place


def _value(entry: MapEntry, words: Sequence[int], part: str) -> tuple[Point, Sample]:
    address, kind = address_of(entry), entry.type
    raw: Value = decode(words, kind, entry.word_order, entry.byte_order)
    doubtful = implausible(raw)
    value, quality, status = scaled(raw, entry.scale, entry.offset)
    if entry.not_available is not None and raw == entry.not_available:
        value, quality, status = None, Quality.BAD, "not available"
    if doubtful and value is not None:
        quality, status = Quality.UNCERTAIN, IMPLAUSIBLE
    elif entry.engineering_unit and at_limit(raw, kind) and quality is Quality.GOOD:
        quality, status = Quality.UNCERTAIN, AT_LIMIT
    unit = code(entry.engineering_unit)
    point = Point(
        address,
        entry.name,
        unit=unit,
        type=kind,
        access="r",
        part=part,
        signal=entry.signal,
        encoding=encoding(entry),
    )
    return point, Sample(address, value, quality, status, part)


def encoding(entry: MapEntry) -> str:
    """How registers become the value, as `Point.encoding` says it."""
    parts = (
        ("words", entry.word_order, "big"),
        ("bytes", entry.byte_order, "big"),
        ("scale", f"{entry.scale:g}", "1"),
        ("offset", f"{entry.offset:g}", "0"),
    )
    return " ".join(f"{name}={value}" for name, value, usual in parts if value != usual)


def _serial(entry: MapEntry, value: Value, part: str) -> list[Fact]:
    text = "" if value is None else str(value).strip()
    source = f"modbus {entry.table}:{entry.address} ({entry.source or 'register map'})"
    return [Fact("serial", text, source, part)] if text.strip("0") else []


def _order_hint(span: Span, votes: Sequence[bool | None], order: str, part: str) -> list[Fact]:
    """The order under which values would make sense that make none under the map's own."""
    told = [vote for vote in votes if vote is not None]
    if len(told) < SWAPPED_LEAST or sum(told) < SWAPPED_SHARE * len(told):
        return []
    reason = f"{sum(told)} of {len(told)} values of {span.name} make sense only with words swapped"
    return [Fact("word_order", order, f"modbus register values: {reason}", part)]


def unmapped(table: str, first: int, words: Sequence[int], part: str) -> Reading[tuple[int, ...]]:
    """Registers without a map: readable, and nothing is known of what they mean."""
    kind = "bit" if table in BIT_TABLES else "uint16"
    said = "readable, not interpretable: no register map"
    points = tuple(
        Point(f"{table}:{first + i}", type=kind, access="r", part=part, description=said)
        for i in range(len(words))
    )
    samples = tuple(Sample(f"{table}:{first + i}", w, part=part) for i, w in enumerate(words))
    fact = Fact("range", f"{table}:{first}-{first + len(words) - 1}", "modbus read answer", part)
    return Reading(tuple(words), (fact,), points, samples, items=len(words))
