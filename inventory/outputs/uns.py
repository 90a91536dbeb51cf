"""A proposal for topics of a unified name space: enterprise/site/area/line/asset/point, as CSV.

One rule keeps it simple: a topic is proposed only where people stated the hierarchy (site name,
area and line of the register); a level that nobody stated is never made up.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from inventory.connection import Connection, Item, connections, logins
from inventory.model import Kind
from inventory.outputs import Format, view
from inventory.outputs.folder import prepared
from inventory.text import cell, slug

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store

HEADER = ("Topic", "Asset", "Name", "Point", "Unit", "Type", "Signal", "Evidence", "Source")


def write(store: Store, request: Request) -> str:
    """Writes the table to a file or stdout; `--option enterprise=NAME` puts a level on top."""
    store = view(store, request)
    known = logins(store.declarations(None, Kind.CREDENTIAL))
    enterprise = request.options.get("enterprise", "")
    count, homeless = 0, 0
    with _target(request) as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(HEADER)
        for evidence in prepared(store):
            for one in connections(evidence, known):
                if not place(one, enterprise):
                    homeless += 1
                    continue
                for row in rows(one, enterprise):
                    writer.writerow([cell(text) for text in row])
                    count += 1
    rest = f"; {homeless} assets have no area and line in the register" if homeless else ""
    return f"{count} topics proposed{rest}"


def place(one: Connection, enterprise: str = "") -> str:
    """The levels above the points, or "" where site, area or line is not known."""
    if one.site in ("", "default") or not one.area or not one.line:
        return ""
    levels = (enterprise, one.site, one.area, one.line, one.tag or one.name)
    return "/".join(segment(level) for level in levels if level)


def segment(text: str) -> str:
    """One level of a topic: letters, digits, `.`, `_`, `-`; no blank, `+`, `#`, `/` or `$`."""
    return slug(text, 60)


def rows(one: Connection, enterprise: str = "") -> Iterator[tuple[str, ...]]:
    """The topics of one connection's described points; raw registers have no name to give."""
    base = place(one, enterprise)
    taken: set[str] = set()
    for item in one.items:
        if item.name:
            topic = f"{base}/{segment(item.name)}"
            if topic in taken:
                topic = f"{topic}-{segment(item.address)}"
            taken.add(topic)
            told = (item.name, item.unit, item.type, item.signal, item.evidence)
            yield (topic, one.asset, one.name, *told, _source(one, item))


def _source(one: Connection, item: Item) -> str:
    unit = "" if one.unit is None else f" unit {one.unit}"
    return f"{one.protocol} {one.host}:{one.port}{unit} {item.address}"


@contextmanager
def _target(request: Request) -> Iterator[IO[str]]:
    if request.output is None:
        yield sys.stdout
    else:
        with request.output.open("w", encoding="utf-8-sig", newline="") as file:
            yield file


FORMAT = Format("uns", "topic proposal for a unified name space", write, ("enterprise",))
