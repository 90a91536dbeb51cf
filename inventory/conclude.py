"""Brings the derived tables up to date: assets, then verdicts, then the stamp.

One rule keeps it simple: it does nothing when neither records nor rules changed since the last
time; reading commands call it and need no separate step.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.derive.places import ALIVE, VERSION
from inventory.model import Kind

if TYPE_CHECKING:
    from inventory.derive import assets as derive
    from inventory.judge.workers import Workers
    from inventory.rulebook import Change, Key, Said
    from inventory.store import Store

log = logging.getLogger(__name__)

BESIDE = frozenset(
    {Kind.ATTEST, Kind.WAIVER, Kind.VANTAGE, Kind.ZONE, Kind.CONDUIT, Kind.CREDENTIAL}
    | {Kind.THRESHOLD, Kind.MAP, Kind.SITE}
)
"""Statements that verdicts rest on, and no asset: deriving reads none of them."""


def conclude(
    store: Store,
    *,
    today: datetime | None = None,
    again: bool = False,
    told: Callable[[Sequence[Change]], None] | None = None,
) -> bool:
    """Derives and judges when something changed; tells whether it did.

    `told` hears what other versions of the rules changed, when the records are the same as before.

    Findings age (evidence older than its life weakens), so a new day is a change too. Waits where
    another program concludes this site. Raises `StoreError` when the database cannot be written.
    """
    today = today or datetime.now(UTC)
    wanted = _stamp(store.records_stamp(), today)
    if not again and store.derived_stamp() == wanted:
        return False
    from inventory.store.lock import concluding

    with concluding(store):
        if not again and store.derived_stamp() == _stamp(store.records_stamp(), today):
            return False  # another program did it meanwhile
        changes = _concluded(store, today, again=again)
    if told is not None and changes:
        told(changes)
    return True


def _concluded(store: Store, today: datetime, *, again: bool) -> tuple[Change, ...]:
    """Derives and judges; what other versions of the rules changed."""
    from inventory.judge.site import without_collector

    before, made_from, records = _then(store), store.derived_stamp(), store.records_stamp()
    with without_collector():
        if again or not _grown(store, made_from, today):
            _made_anew(store, today, derive=again or not _stands(store, made_from))
        else:
            _add_up(store)
    changes = _note(store, before)
    store.set_stamp(_stamp(_with_keys(store, records), today), today)
    return changes


def stands(store: Store, today: datetime) -> bool:
    """Whether what was concluded is of the records and rules that there are; of which day it is,
    the stamp tells."""
    before, now = store.derived_stamp().split(" "), _stamp(store.records_stamp(), today).split(" ")
    return before[:-1] == now[:-1]


def ready() -> None:
    """Imports what concluding needs, a tenth of a second: for who has to wait anyway."""
    from inventory import assemble, rollup, rulebook  # noqa: F401 - that they are there is all
    from inventory.derive import assets  # noqa: F401
    from inventory.judge import rows, workers  # noqa: F401
    from inventory.store import rulebook as stored  # noqa: F401


def _made_anew(store: Store, today: datetime, *, derive: bool) -> None:
    """Everything and its sums, a large site in parts and by several processes."""
    from inventory.judge.workers import FEW, Workers, wanted

    large = _more_than(store, FEW)
    with Workers(store, wanted() if large else 0) as crew:
        if derive and not (large and _shared(store, crew)):
            refresh(store)
        _judge(store, today, crew if large else None)
        crew.release()
        _add_up(store)


def _more_than(store: Store, few: int) -> bool:
    """Whether more than a few devices may come of what is recorded: addresses where nobody
    answered, of which a sweep has many, make none unless they are declared."""
    if len(store.addresses(few + 1)) <= few:
        return False
    answered = len(store.addresses(few + 1, ALIVE))
    return answered > few or answered + len(store.declarations(None, Kind.REGISTER)) > few


def _shared(store: Store, crew: Workers) -> bool:
    from inventory.shares import derived

    return derived(store, crew)


def _grown(store: Store, made_from: str, today: datetime) -> bool:
    """Whether it was enough to look at what new observations or the time reach."""
    records, _, rest = made_from.partition(" ")
    as_of = store.stamped()
    if rest.split(" ")[:2] != [VERSION, rules_digest()] or as_of is None or as_of > today:
        return False
    observed, _, stated = records.partition(".")
    if store.kinds_since(int(stated)):  # its own new keys came before the stamp
        return False
    from inventory.grow import grow

    return grow(store, int(observed), today)


def _with_keys(store: Store, records: str) -> str:
    """What the records were before it was derived, and the keys that were recorded since.

    What was observed meanwhile, or stated by others, is to be looked at the next time.
    """
    observed, _, stated = records.partition(".")
    if store.kinds_since(int(stated)) - {Kind.KEY}:
        return records
    return f"{observed}.{store.records_stamp().partition('.')[2]}"


@dataclass(frozen=True, slots=True)
class _Then:
    """What the rules of the last time said, as far as those of today have another version."""

    versions: Mapping[str, int]
    said: Mapping[Key, Said] | None  # None: there is nothing that could be compared


def _then(store: Store) -> _Then:
    """What was concluded last time; to be read before it is derived anew.

    Only an inventory with the same records is compared: else a new scan would look like a rule.
    """
    from inventory.rulebook import changed_rules
    from inventory.rules import versions as today
    from inventory.store import rulebook

    known = rulebook.versions(store)
    same = store.derived_stamp().startswith(store.records_stamp() + " ")
    changed = changed_rules(known, today()) if known else ()
    return _Then(known, rulebook.said(store, changed) if same and changed else None)


def _note(store: Store, before: _Then) -> tuple[Change, ...]:
    """Writes down which rules judged, and what other versions of them changed."""
    from inventory.rulebook import changed_rules, compare
    from inventory.rules import versions as today
    from inventory.store import rulebook

    now = today()
    if before.said is None:
        rulebook.note(store, now, None if before.versions == now else ())
        return ()
    changed = changed_rules(before.versions, now)
    found = compare((before.versions, now), (before.said, rulebook.said(store, changed)))
    rulebook.note(store, now, found)
    return found


def refresh(store: Store) -> derive.Inventory:
    """Derives the assets, records new keys, and stores the result."""
    from inventory.derive import assets as derive
    from inventory.judge.openness import protocols

    openness = {name: one.openness for name, one in protocols().items()}
    found = derive.derive_seen(store.site, store.seen(), store.declarations(), openness)
    store.declare_keys(found.keys)
    store.replace_inventory(found)
    return found


def _stands(store: Store, known: str) -> bool:
    """Whether the assets are still those that the records give, and only verdicts are to be made.

    So it is on a new day, and when all that was added are statements that no asset rests on.
    """
    made_from, _, rest = known.partition(" ")
    now, _, _ = store.records_stamp().partition(" ")
    observed, _, stated = made_from.partition(".")
    same_code = rest.split(" ")[:2] == [VERSION, rules_digest()]
    return (
        same_code
        and observed == now.partition(".")[0]
        and all(kind in BESIDE for kind in store.kinds_since(int(stated)))
    )


def _stamp(records: str, today: datetime) -> str:
    parts = (records, VERSION, rules_digest(), today.date().isoformat())
    return " ".join(parts)


@cache
def rules_digest() -> str:
    """Changes with the rules, the derivation and their tables: those files' sizes and times.

    Reading them all would cost more than a small inventory takes to derive.
    """
    base = Path(str(files("inventory")))
    found = hashlib.sha256()
    for path in sorted(base.rglob("*")):
        if path.suffix in (".py", ".toml", ".csv", ".gz") and path.parent.name != "outputs":
            state = path.stat()
            line = f"{path.relative_to(base)} {state.st_size} {state.st_mtime_ns}\n"
            found.update(line.encode())
    return found.hexdigest()[:16]


def _judge(store: Store, today: datetime, crew: Workers | None) -> None:
    """Judges every asset."""
    from inventory.judge.rows import judged

    store.replace_concluded(judged(store, today, crew=crew))


def _add_up(store: Store) -> None:
    """Sums by site, area, line and class."""
    from inventory.assemble import stored_units
    from inventory.rollup import roll_up

    lines = roll_up(stored_units(store))
    store.replace_readiness(
        (str(line["scope"]), str(line["name"]), json.dumps(line)) for line in lines
    )


__all__ = ["conclude", "ready", "refresh", "rules_digest"]
