"""What people read on nameplates, as fields of the devices: the walk-down's way back.

One rule keeps it simple: a nameplate is a person's word like `untrap set`; it needs one device that
is called so, and where there is none the word stays a note, which is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inventory.derive.declared import denies
from inventory.imports.columns import says_nothing
from inventory.judge.statements import nameplate
from inventory.model import Declaration, Device, Kind
from inventory.store import Store
from inventory.store.find import find
from scanner.statements import by_hand

MOST_NAMED = 5


def nameplates(store: Store, several: Sequence[Declaration]) -> tuple[list[Declaration], str]:
    """The fields that attestations fill, of devices that are known; and what has to be said of the
    others. The store must be concluded."""
    found: list[Declaration] = []
    strangers: list[str] = []
    for one in filter(_states, several):
        subject = one.fields["subject"]
        things = [asset.thing for asset in find(store, subject)]
        if len(things) == 1 and isinstance(things[0], Device):
            found.append(_field(one, things[0].key))
        else:
            strangers.append(subject)
    return found, _told(list(dict.fromkeys(strangers)))


def states_any(several: Sequence[Declaration]) -> bool:
    """Whether any of these tells what a nameplate says."""
    return any(map(_states, several))


def _states(one: Declaration) -> bool:
    value = one.fields.get("value", "")
    told = value and not denies(value) and not says_nothing("serial", value)
    return bool(told and one.kind is Kind.ATTEST and nameplate(one.fields))


def _field(one: Declaration, key: str) -> Declaration:
    name = nameplate(one.fields)
    fields = {"asset": key, "name": name, "value": one.fields["value"]}
    made = by_hand(Kind.FIELD, one.site, f"{key} {name}", fields, one.document)
    return replace(made, author=one.author or made.author)


def _told(strangers: Sequence[str]) -> str:
    if not strangers:
        return ""
    more = f" and {len(strangers) - MOST_NAMED} more" if len(strangers) > MOST_NAMED else ""
    names = ", ".join(strangers[:MOST_NAMED]) + more
    return f"a nameplate is that of one device; kept as a note, no one device is called: {names}"
