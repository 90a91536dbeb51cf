"""The sheet for a clipboard: what to look at on site, with columns that `import attest` reads back.

    untrap export walkdown -o walkdown.csv      … walk, fill in Value, Author, Date …
    untrap import attest walkdown.csv

One rule keeps it simple: one line is one question about one asset; a line whose Value stays empty
states nothing.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from inventory.judge.statements import NAMEPLATE, lacking
from inventory.model import Device, Effort, Equipment, Finding, OpenQuestion
from inventory.outputs import Format, view
from inventory.outputs.profile import xlsx_rows
from inventory.text import cell

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store
    from inventory.store.reading import Asset

STATED = ("Subject", "Statement", "Value", "Author", "Date", "Document")
"""Columns that `import attest` takes."""

HEADER = (*STATED, "Where", "Asset type", "Serial on file", "Address on file", "Look at", "Why")

GONE = "out of service"
"""Statement about a device that never answered: what the verdict reads."""

TOGETHER = 500
"""Assets whose gaps and questions are asked for in one query."""

MONITORED_BY = "monitored by"
"""Statement about a machine; its value is the device, or none."""

NO_SENSOR = "not instrumented"
"""Statement about a signal that was not found; its value is the signal."""


def write(store: Store, request: Request) -> str:
    """Writes the sheet to a file (CSV, or a workbook where `-o` ends in .xlsx) or stdout."""
    count = put_rows(request, "Walk-down", HEADER, rows(view(store, request)))
    return f"{count} lines to look at" + (f" written to {request.output}" if request.output else "")


def rows(store: Store) -> Iterator[Sequence[str]]:
    """Lines under `HEADER`, equipment first; memory holds `TOGETHER` assets."""
    for kind in ("equipment", "device"):
        assets = store.assets(kind)
        while some := list(islice(assets, TOGETHER)):
            yield from _some(store, some)


def _some(store: Store, assets: Sequence[Asset]) -> Iterator[Sequence[str]]:
    keys = [one.thing.key for one in assets]
    asked: dict[str, list[OpenQuestion]] = {}
    for question in store.questions(*keys):
        asked.setdefault(question.asset, []).append(question)
    found: dict[str, list[Finding]] = {}
    for finding in store.findings(*keys):
        if finding.waived:
            continue  # its owner accepted it: nobody has to look
        if any(remedy.effort is not Effort.E0 for remedy in finding.remedies):
            found.setdefault(finding.asset, []).append(finding)
    for one in assets:
        yield from _lines(one, asked.get(one.thing.key, ()), found.get(one.thing.key, ()))


def _lines(
    one: Asset, asked: Iterable[OpenQuestion], found: Iterable[Finding]
) -> Iterator[Sequence[str]]:
    thing = one.thing
    place = _place(thing)
    seen: set[str] = set()
    if isinstance(thing, Device) and not thing.seen:
        look = "Is it there and powered? Read its nameplate. Gone for good: write yes under Value"
        why = "in the register, never answered"
        yield _line(thing, GONE, place, look, why)
        yield from _nameplate(thing, PLATE, place, why)
    subjects = [(q.rule, q.subject, q.next_step, q.missing) for q in asked]
    subjects += [(f.rule, f.subject, f.remedies[0].text, f.label) for f in found]
    for rule, subject, look, why in subjects:
        if f"{rule} {subject}" in seen or rule.startswith("N"):
            continue
        seen.add(f"{rule} {subject}")
        if rule == "Q10" and isinstance(thing, Device):
            yield from _nameplate(thing, tuple(NAMEPLATE), place, why)
            continue
        if rule == "U02" and isinstance(thing, Equipment):
            look = "Which device reads it? Write its tag or address under Value; none: write none"
            yield _line(thing, MONITORED_BY, place, look, why)
        elif rule.startswith("U") and subject:
            look = f"Is there a sensor for {subject}? None: write {subject} under Value. {look}"
            yield _line(thing, NO_SENSOR, place, look, why)
        else:
            yield _line(thing, f"{rule} {subject}".strip(), place, look, why)


PLATE = ("maker", "model", "serial number")
"""What is printed on a device that tells nothing; its firmware it tells alone."""


def _nameplate(
    thing: Device, asked: Sequence[str], place: Sequence[str], why: str
) -> Iterator[Sequence[str]]:
    """A line for each thing that its nameplate states and nobody knows."""
    for name in lacking(thing):
        if name in asked:
            look = f"Read its nameplate and write the {name} under Value"
            yield _line(thing, name, place, look, why)


def _line(
    thing: Device | Equipment, statement: str, place: Sequence[str], look: str, why: str
) -> Sequence[str]:
    return (_subject(thing), statement, "", "", "", "", *place, look, why)


def _subject(thing: Device | Equipment) -> str:
    """What the statement is about, as an attestation names it: tag, else address, else key."""
    if isinstance(thing, Equipment):
        return thing.tag or thing.key
    if thing.register and thing.register.tag:
        return thing.register.tag
    return thing.key if thing.part or not thing.addresses else thing.addresses[0]


def _place(thing: Device | Equipment) -> Sequence[str]:
    """Where it stands, what it is, and what is on file of its nameplate."""
    if isinstance(thing, Equipment):
        where = " / ".join(text for text in (thing.area, thing.line) if text)
        return (where, f"{thing.cls} {thing.name}".strip(), "", "")
    row = thing.register
    where = " / ".join(text for text in ((row.area, row.line) if row else ()) if text)
    what = " ".join(text for text in (thing.name, thing.vendor, thing.model) if text)
    return (where, what, thing.serial, " ".join([*thing.addresses[:1], thing.part]).strip())


def put_rows(
    request: Request, title: str, header: Sequence[str], lines: Iterable[Sequence[str]]
) -> int:
    """Writes lines under a header, harmless in every cell; how many lines there were."""
    count = 0
    with _sheet(request, title) as put:
        put(header)
        for line in lines:
            put([cell(text) for text in line])
            count += 1
    return count


@contextmanager
def _sheet(request: Request, title: str) -> Iterator[Callable[[Sequence[str]], object]]:
    """Takes rows: to stdout, a CSV file, or a workbook where the name ends in .xlsx."""
    path = request.output
    if path is None:
        yield csv.writer(sys.stdout, lineterminator="\r\n").writerow
    elif path.suffix.lower() == ".xlsx":
        with xlsx_rows(path, title) as put:
            yield put
    else:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            yield csv.writer(file, lineterminator="\r\n").writerow


FORMAT = Format("walkdown", "what to look at on site, for a clipboard", write)
