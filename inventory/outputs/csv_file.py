"""CSV of one table: gaps (the columns of `interface.md`), questions, assets, points.

One rule keeps it simple: rows stream, and every cell passes `cell`, so that no spreadsheet runs
what a device said.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from inventory.model import Because, Device, Equipment
from inventory.outputs import Format, records, view
from inventory.text import cell

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store
    from inventory.store.reading import Asset

GAPS = (
    "Site",
    "Area",
    "Line",
    "Asset",
    "Kind",
    "Vendor",
    "Model",
    "Serial",
    "Address",
    "Parent",
    "Category",
    "Gap",
    "Rule",
    "Severity",
    "Confidence",
    "Why",
    "Evidence",
    "Fix",
    "Effort",
    "Needs outage",
    "Unlocks",
    "Owner",
    "Criticality",
    "Last seen",
)
"""Columns of the gap list, in the order of `interface.md`."""

QUESTIONS = ("Site", "Asset", "Rule", "Subject", "Missing", "Next step", "Command")

ASSETS = (
    "Key",
    "Kind",
    "Site",
    "Area",
    "Line",
    "Tag",
    "Name",
    "Class",
    "Role",
    "Vendor",
    "Product",
    "Model",
    "Firmware",
    "Hardware",
    "Serial",
    "MAC",
    "Addresses",
    "Parent",
    "Part",
    "Points",
    "Readable",
    "LevelLow",
    "LevelHigh",
    "Category",
    "Criticality",
    "Owner",
    "Planned",
    "Seen",
    "FirstSeen",
    "LastSeen",
)

POINTS = (
    "Asset",
    "AssetName",
    "Part",
    "Address",
    "Name",
    "Path",
    "Unit",
    "Type",
    "Access",
    "Value",
    "Quality",
    "SourceTime",
    "Signal",
    "Match",
    "Observation",
)


def write(store: Store, request: Request) -> str:
    """Writes one table to a file or stdout. Raises ValueError for an unknown table."""
    if request.table not in TABLES:
        raise ValueError(f"--table {request.table!r}; there are {', '.join(TABLES)}")
    store = view(store, request)
    header, rows = TABLES[request.table]
    count = 0
    with _target(request) as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        for row in rows(store):
            writer.writerow([cell(_text(value)) for value in row])
            count += 1
    return f"{count} {request.table} written" + (f" to {request.output}" if request.output else "")


@contextmanager
def _target(request: Request) -> Iterator[IO[str]]:
    if request.output is None:
        yield sys.stdout
    else:
        with request.output.open("w", encoding="utf-8-sig", newline="") as file:
            yield file


def _text(value: object) -> str:
    return "" if value is None else str(value)


KNOWN = 2_000
"""Assets that are held beside their gaps; the others are read again."""


def gap_rows(store: Store) -> Iterator[Sequence[object]]:
    """Rows under `GAPS`, the most valuable gap first."""
    known: dict[str, Asset | None] = {}
    for one in store.findings():
        if one.asset not in known:
            if len(known) > KNOWN:
                known.clear()
            known[one.asset] = store.asset(one.asset)
        owner = known[one.asset]
        fix = one.remedies[0] if one.remedies else None
        yield (
            one.site,
            *_where(owner),
            one.asset_name,
            *_what(owner),
            _parent(store, owner, known),
            one.category.value,
            one.label,
            one.rule,
            one.severity.value,
            one.confidence.value,
            "; ".join(item.text for item in one.because),
            evidence(one.because),
            fix.text if fix else "",
            fix.effort.value if fix else "",
            "yes" if fix and fix.needs_outage else "no" if fix else "",
            one.unlocks,
            *_whose(owner),
        )


def evidence(because: Iterable[Because]) -> str:
    """What the premises rest on; one that rests on others (a control) names nothing of its own."""
    named = (item.observation or item.declaration for item in because)
    return " ".join(dict.fromkeys(filter(None, named)))


def _where(owner: Asset | None) -> tuple[str, str]:
    if owner is None:
        return ("", "")
    thing = owner.thing
    row = thing.register if isinstance(thing, Device) else thing
    return (row.area, row.line) if row else ("", "")


def _what(owner: Asset | None) -> tuple[str, str, str, str, str]:
    if owner is None:
        return ("", "", "", "", "")
    thing = owner.thing
    if isinstance(thing, Equipment):
        return ("equipment", "", "", "", "")
    address = " ".join([*thing.addresses[:1], thing.part]).strip()
    return ("device", thing.vendor, thing.model or thing.product, thing.serial, address)


def _parent(store: Store, owner: Asset | None, known: dict[str, Asset | None]) -> str:
    if owner is None or not isinstance(owner.thing, Device) or not owner.thing.parent:
        return ""
    key = owner.thing.parent
    if key not in known:
        known[key] = store.asset(key)
    parent = known[key]
    return parent.thing.name or key if parent else key


def _whose(owner: Asset | None) -> tuple[str, str, str]:
    if owner is None:
        return ("", "", "")
    thing = owner.thing
    if isinstance(thing, Equipment):
        return (thing.owner, thing.criticality, "")
    row = thing.register
    seen = records.time(thing.last_seen) or ""
    return (row.owner if row else "", row.criticality if row else "", seen)


def question_rows(store: Store) -> Iterator[Sequence[object]]:
    """Rows under `QUESTIONS`."""
    for q in store.questions():
        yield (q.site, q.asset_name, q.rule, q.subject, q.missing, q.next_step, q.command)


def asset_rows(store: Store) -> Iterator[Sequence[object]]:
    """Rows under `ASSETS`."""
    for one in store.assets():
        thing = one.thing
        if isinstance(thing, Device):
            yield _device_row(one, thing)
        else:
            head = (thing.key, "equipment", thing.site, thing.area, thing.line, thing.tag)
            blank = ("",) * 9
            level = (one.level.lo, one.level.hi, one.category)
            tail = (thing.criticality, thing.owner, "yes" if thing.register else "no", "", "", "")
            yield (*head, thing.name, thing.cls, *blank, "", "", 0, 0, *level, *tail)


def _device_row(one: Asset, thing: Device) -> Sequence[object]:
    row = thing.register
    named = (row.area, row.line, row.tag) if row else ("", "", "")
    return (
        thing.key,
        "device",
        thing.site,
        *named,
        thing.name,
        row.cls if row else "",
        thing.role,
        thing.vendor,
        thing.product,
        thing.model,
        thing.firmware,
        thing.hardware,
        thing.serial,
        thing.mac,
        " ".join(thing.addresses),
        thing.parent,
        thing.part,
        thing.points,
        thing.readable,
        one.level.lo,
        one.level.hi,
        one.category,
        row.criticality if row else "",
        row.owner if row else "",
        "yes" if row else "no",
        "yes" if thing.seen else "no",
        records.time(thing.first_seen),
        records.time(thing.last_seen),
    )


def point_rows(store: Store) -> Iterator[Sequence[object]]:
    """Rows under `POINTS`."""
    names = "asset asset_name part address name path unit type access value quality source_time"
    for evidence in store.evidences():
        if evidence.points:
            signals = store.signals(evidence.device.key)
            for one in records.points(evidence, signals):
                yield [one[name] for name in (*names.split(), "signal", "match", "observation")]


Rows = Callable[["Store"], Iterable[Sequence[object]]]

TABLES: dict[str, tuple[Sequence[str], Rows]] = {
    "gaps": (GAPS, gap_rows),
    "questions": (QUESTIONS, question_rows),
    "assets": (ASSETS, asset_rows),
    "points": (POINTS, point_rows),
}
"""Tables by name: header and rows."""


FORMAT = Format("csv", "one table as CSV (--table gaps|questions|assets|points)", write)
