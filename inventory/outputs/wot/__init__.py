"""W3C Thing Descriptions: one file per readable service, for tools that connect by description.

    untrap export wot -o DIR --dialect w3c|node-wot|ua-edge

One rule keeps it simple: `thing.py` says what every dialect shares, and a dialect is one module of
this folder that exports `DIALECT`; every property is read-only, and no action is ever offered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from inventory.connection import connections, logins
from inventory.model import Kind
from inventory.outputs import Format, exported, view
from inventory.outputs.folder import folder, name_of, prepared
from inventory.outputs.wot.thing import Dialect, describe

if TYPE_CHECKING:
    from inventory.outputs import Request
    from inventory.store import Store

DEFAULT = "w3c"
NEXT = "`untrap gaps` says what stands in the way"


@cache
def dialects() -> Mapping[str, Dialect]:
    """Dialects by the name that `--dialect` takes."""
    found = exported(__name__, __path__, "DIALECT", Dialect)
    return {one.name: one for one in found}


def write(store: Store, request: Request) -> str:
    """Writes one file per connection into a folder. Raises ValueError for an unknown dialect."""
    name = request.options.get("dialect", DEFAULT)
    if name not in dialects():
        raise ValueError(f"--dialect {name!r}; there are {', '.join(dialects())}")
    place, store = folder(request, "wot"), view(store, request)
    known = logins(store.declarations(None, Kind.CREDENTIAL))
    count = left = 0
    for evidence in prepared(store):
        for one in connections(evidence, known):
            document = describe(one, dialects()[name])
            if document is None:
                left += 1
                continue
            text = json.dumps(document, indent=2, ensure_ascii=True) + "\n"
            (place / f"{name_of(one)}.td.jsonld").write_text(text, encoding="utf-8")
            count += 1
    rest = f"; {left} services have no form in dialect {name}" if left else ""
    if not count:
        return f"no service can be described yet, so {place} holds nothing new{rest}; {NEXT}"
    return f"{count} Thing Descriptions ({name}) written to {place}{rest}"


FORMAT = Format("wot", "W3C Thing Descriptions", write, ("dialect",))
