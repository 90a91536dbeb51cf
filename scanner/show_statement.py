"""What `untrap show` prints of a statement: who declared what, and whether it counts.

One rule keeps it simple: a statement is shown as it was made, also when it counts no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inventory.outputs import records
from scanner.console import lines, next_step, say

if TYPE_CHECKING:
    from inventory.model import Declaration
    from inventory.store import Store


def show_statement(store: Store, one: Declaration, as_json: bool) -> None:
    """Prints one statement."""
    holds = any(other.id == one.id for other in store.stated(one.site, one.kind))
    if as_json:
        lines([_record(one, holds)])
        return
    say(f"declaration {one.id}")
    say(f"kind       {one.kind.value}, site {one.site}")
    say(f"about      {one.subject}")
    for name, value in one.fields.items():
        if value:
            say(f"states     {name} = {value}")
    say(f"by         {', '.join(filter(None, (one.author, one.document))) or 'somebody'}")
    say(f"when       {records.time(one.time) or 'not stated'}")
    say(f"in force   {'yes' if holds else 'no: it was withdrawn'}")
    next_step("show", one.subject, why="the asset")


def _record(one: Declaration, holds: bool) -> records.Record:
    return {
        "declaration": one.id,
        "kind": one.kind.value,
        "site": one.site,
        "subject": one.subject,
        "fields": dict(one.fields),
        "author": one.author,
        "document": one.document,
        "time": records.time(one.time),
        "in_force": holds,
    }
