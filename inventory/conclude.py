"""Brings the derived tables up to date: assets, then verdicts, then the stamp.

One rule keeps it simple: it does nothing when neither records nor rules changed since the last
time; reading commands call it and need no separate step.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import logging
from collections import deque
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from inventory import derive
from inventory.model import Device, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.model import Verdict
    from inventory.store import Store
    from inventory.store.store import Signal

log = logging.getLogger(__name__)


def conclude(store: Store, *, today: datetime | None = None, again: bool = False) -> bool:
    """Derives and judges when something changed; tells whether it did.

    Findings age (evidence older than its life weakens), so a new day is a change too.
    Raises `StoreError` when the database cannot be written.
    """
    from inventory.judge_site import without_collector

    today = today or datetime.now(UTC)
    wanted = _stamp(store, today)
    if not again and store.derived_stamp() == wanted:
        return False
    with without_collector():
        refresh(store)
        _judge(store, today)
    store.set_stamp(_stamp(store, today))
    return True


def refresh(store: Store) -> derive.Inventory:
    """Derives the assets, records new keys, and stores the result."""
    from inventory.openness import protocols

    openness = {name: one.openness for name, one in protocols().items()}
    found = derive.derive_seen(store.site, store.seen(), store.declarations(), openness)
    store.declare(found.keys)
    store.replace_inventory(found)
    return found


def _stamp(store: Store, today: datetime) -> str:
    parts = (store.records_stamp(), derive.VERSION, rules_digest(), today.date().isoformat())
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
    """Judges every asset, when this version holds the verdict engine."""
    if importlib.util.find_spec("inventory.verdict") is None:
        return
    from inventory.assemble import units
    from inventory.rollup import roll_up

    signals: deque[Signal] = deque()
    store.replace_verdicts(verdicts(store, today, signals), signals)
    lines = roll_up(units(store))
    store.replace_readiness(
        (str(line["scope"]), str(line["name"]), json.dumps(line)) for line in lines
    )


def verdicts(
    store: Store, today: datetime, signals: deque[Signal] | None = None
) -> Iterator[Verdict]:
    """One verdict per asset; streams over the evidence twice (survey, then judgement).

    What the points were taken for is added to `signals` on the way.
    """
    from inventory.judge_equipment import judge_equipment
    from inventory.judge_site import signals_of
    from inventory.store.store import Signal
    from inventory.survey import survey
    from inventory.verdict import judge_device

    equipment, declarations = store.equipment(), store.declarations()
    stated = [one for one in declarations if one.kind is not Kind.KEY]
    context = survey(
        store.evidences(answers=False), equipment, stated, today=today, site=store.site
    )
    linked = {link.device for one in equipment for link in one.links if link.resolved}
    known: dict[str, Verdict] = {}
    for evidence in store.evidences():
        verdict = judge_device(evidence, context)
        if verdict.asset in linked:
            known[verdict.asset] = verdict
        if signals is not None:
            key = evidence.device.key
            signals += (Signal(key, *one) for one in signals_of(evidence))
        yield verdict
    for one in equipment:
        keys = dict.fromkeys(link.device for link in one.links if link.resolved)
        assets = [found for key in keys if (found := store.asset(key)) is not None]
        things = [a.thing for a in assets if isinstance(a.thing, Device)]
        yield judge_equipment(one, [store.evidence(thing) for thing in things], context, known)


__all__ = ["conclude", "refresh", "rules_digest", "verdicts"]
