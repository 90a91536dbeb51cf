"""What a person states: by hand about assets (fields, merges, splits), and lists that come again.

One rule keeps it simple: a statement is a declaration with author and time; nothing is overwritten.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from inventory.derive.declared import denies
from inventory.model import Declaration, Kind

if TYPE_CHECKING:
    from inventory.store import Store


def author() -> str:
    """Who states it: UNTRAP_AUTHOR, else the name of the account."""
    try:
        return os.environ.get("UNTRAP_AUTHOR") or getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def last_word(store: Store, several: Sequence[Declaration]) -> list[Declaration]:
    """The statements as they have to be declared for all of them to be the last word.

    A statement is stored once. One that comes again, after another about the same, is made anew
    with this moment in its document; else the list before it would go on counting.
    """
    kinds = {one.kind for one in several}
    site = several[0].site if several else ""
    known: set[str] = set()
    newest: dict[tuple[Kind, str], Declaration] = {}
    for one in store.stated(site, *kinds) if several else ():
        known.add(one.id)
        newest[one.kind, one.subject] = one
    now = datetime.now(UTC)
    return [
        replace(one, document=f"{one.document} again {now.isoformat()}")
        if one.id in known and _undone(one, newest[one.kind, one.subject])
        else one
        for one in several
    ]


def _undone(one: Declaration, newest: Declaration) -> bool:
    """Whether what was said last takes a statement back. Attestations of one subject stand side by
    side, but for a yes and a no."""
    if one.kind is Kind.ATTEST:
        yes_or_no = (denies(each.fields.get("value", "")) for each in (one, newest))
        return len(set(yes_or_no)) == 2
    return newest.fields != one.fields


def by_hand(kind: Kind, site: str, subject: str, fields: dict[str, str]) -> Declaration:
    """A declaration made at the command line, now; saying it again later is a new statement."""
    now = datetime.now(UTC)
    document = f"command line {now.isoformat()}"
    return Declaration(site, kind, subject, fields, author(), document, now)
