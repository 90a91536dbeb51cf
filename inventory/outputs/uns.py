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
from inventory.outputs.shelf import Shelf
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
    count, homeless, taken = 0, 0, Taken()
    with _target(request) as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(HEADER)
        for evidence in prepared(store):
            for one in connections(evidence, known):
                if not place(one, enterprise):
                    homeless += 1
                    continue
                for row in rows(one, enterprise, taken):
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


class Taken:
    """Topics that are given away: those of one asset in full, of the others where they begin."""

    def __init__(self) -> None:
        self._bases = Shelf()
        self._base = self._asset = ""
        self._topics: set[str] = set()

    def base(self, one: Connection, enterprise: str) -> str:
        """Where the topics of an asset begin: no other asset's do, whatever they are called."""
        if one.asset != self._asset:
            wanted = place(one, enterprise)
            mine = wanted if self._bases.add(wanted) else f"{wanted}-{segment(one.asset[:8])}"
            self._asset, self._base, self._topics = one.asset, mine, set()
        return self._base

    def topic(self, base: str, *words: str) -> str:
        """The first of some ever longer topics that none of the asset's other points has."""
        names = (segment(" ".join(words[:end])) for end in range(1, len(words) + 1))
        several = (f"{base}/{name}" for name in names)
        found = next((one for one in several if one not in self._topics), "")
        self._topics.add(found)
        return found


def rows(
    one: Connection, enterprise: str = "", taken: Taken | None = None
) -> Iterator[tuple[str, ...]]:
    """The topics of one connection's described points; raw registers have no name to give."""
    taken = taken or Taken()
    base = taken.base(one, enterprise)
    for item in one.items:
        if item.name:
            where = (item.address, f"{one.protocol} {one.port} {one.unit} {one.address}")
            topic = taken.topic(base, item.name, *where)
            told = (item.name, item.unit, item.type, item.signal, item.evidence)
            yield (topic, one.asset, one.name, *told, _source(one, item))


def _source(one: Connection, item: Item) -> str:
    """Where the value is read, and how what is read there becomes the value."""
    unit = "" if one.unit is None else f" unit {one.unit}"
    return f"{one.protocol} {one.host}:{one.port}{unit} {item.address}{conversion(item)}"


def conversion(item: Item) -> str:
    """What has to be done with the number that is read; "" where it is the value."""
    factor = f", x {item.scale:g}" if item.scale != 1 else ""
    shift = f" {'+' if item.offset > 0 else '-'} {abs(item.offset):g}" if item.offset else ""
    return f"{factor or ','}{shift}" if factor or shift else ""


@contextmanager
def _target(request: Request) -> Iterator[IO[str]]:
    if request.output is None:
        yield sys.stdout
    else:
        with request.output.open("w", encoding="utf-8-sig", newline="") as file:
            yield file


FORMAT = Format("uns", "topic proposal for a unified name space", write, ("enterprise",))
