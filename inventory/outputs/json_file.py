"""The whole inventory as one JSON document (rulings 26).

One rule keeps it simple: written piece by piece, so that memory does not grow with the inventory.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from inventory.outputs import Format, records, view

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store

DOCUMENT = "untrap-inventory"
VERSION = 1


def write(store: Store, request: Request) -> str:
    """Writes the document to a file or stdout."""
    store = view(store, request)
    with target(request) as file:
        head = json.dumps({"format": DOCUMENT, "version": VERSION, "site": store.site})
        file.write(head[:-1])
        _array(file, "assets", map(records.asset, store.assets()))
        _array(file, "points", _points(store))
        _array(file, "gaps", map(records.gap, store.findings()))
        _array(file, "questions", map(records.question, store.questions()))
        file.write("\n}\n")
    return f"inventory written to {request.output}" if request.output else ""


def _points(store: Store) -> Iterator[Mapping[str, object]]:
    for evidence in store.evidences():
        if evidence.points:
            yield from records.points(evidence, store.signals(evidence.device.key))


def _array(file: IO[str], name: str, items: Iterable[Mapping[str, object]]) -> None:
    file.write(f',\n"{name}": [')
    mark = "\n"
    for item in items:
        file.write(mark + json.dumps(item, ensure_ascii=True, separators=(",", ":")))
        mark = ",\n"
    file.write("]")


@contextmanager
def target(request: Request) -> Iterator[IO[str]]:
    """The file that the user named, or stdout."""
    if request.output is None:
        yield sys.stdout
    else:
        with request.output.open("w", encoding="utf-8") as file:
            yield file


FORMAT = Format("json", "the whole inventory as one JSON document", write)
