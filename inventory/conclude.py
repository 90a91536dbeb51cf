"""Brings the derived tables up to date: assets, then verdicts, then the stamp.

One rule keeps it simple: it does nothing when neither records nor rules changed since the last
time; reading commands call it and need no separate step.
"""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.derive_places import VERSION

if TYPE_CHECKING:
    from inventory import derive
    from inventory.store import Store

log = logging.getLogger(__name__)


def conclude(store: Store, *, today: datetime | None = None, again: bool = False) -> bool:
    """Derives and judges when something changed; tells whether it did.

    Findings age (evidence older than its life weakens), so a new day is a change too.
    Raises `StoreError` when the database cannot be written.
    """
    today = today or datetime.now(UTC)
    wanted = _stamp(store, today)
    if not again and store.derived_stamp() == wanted:
        return False
    from inventory.judge_site import without_collector

    with without_collector():
        refresh(store)
        _judge(store, today)
    store.set_stamp(_stamp(store, today))
    return True


def refresh(store: Store) -> derive.Inventory:
    """Derives the assets, records new keys, and stores the result."""
    from inventory import derive
    from inventory.openness import protocols

    openness = {name: one.openness for name, one in protocols().items()}
    found = derive.derive_seen(store.site, store.seen(), store.declarations(), openness)
    store.declare(found.keys)
    store.replace_inventory(found)
    return found


def _stamp(store: Store, today: datetime) -> str:
    parts = (store.records_stamp(), VERSION, rules_digest(), today.date().isoformat())
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


def _judge(store: Store, today: datetime) -> None:
    """Judges every asset, then adds it up."""
    from inventory.assemble import stored_units
    from inventory.judging import judged
    from inventory.rollup import roll_up

    store.replace_concluded(judged(store, today))
    lines = roll_up(stored_units(store))
    store.replace_readiness(
        (str(line["scope"]), str(line["name"]), json.dumps(line)) for line in lines
    )


__all__ = ["conclude", "refresh", "rules_digest"]
