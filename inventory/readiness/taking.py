"""Takes the census of a concluded store, for whoever shows the six questions.

One rule keeps it simple: it reads through the store's own functions; devices stream by once.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from inventory.judge.presence import class_of
from inventory.judge.thresholds import thresholds
from inventory.model import Kind
from inventory.readiness.aging import Ages
from inventory.readiness.answer import Concluded
from inventory.readiness.availability import RUNS
from inventory.readiness.census import Census, Stale
from inventory.readiness.sites import Site
from inventory.store import reviewed
from inventory.store.history import answer_times, asking_scans, runs

if TYPE_CHECKING:
    from inventory.store import Store


def taken(store: Store, now: datetime) -> Census:
    """The counts of a site as of `now`."""
    scans = asking_scans(store)
    seen = runs(store) if scans >= RUNS else ()
    census = Census(store.equipment(), seen, answer_times(store), scans)
    for evidence in store.listings():
        census.device(evidence)
    for cls, variant, needs in reviewed.machines(store):
        census.origins.machine(class_of(cls), variant, needs)
    census.stale = Stale(*reviewed.aged_values(store))
    stated = {
        one.fields.get("name", one.subject): one.fields.get("value", "")
        for one in store.declarations(None, Kind.THRESHOLD)
    }
    limits, today = thresholds(stated), now.date()
    census.seen, census.read = Ages(limits.presence_days), Ages(limits.quality_days)
    census.seen.add(reviewed.days(store, "last_seen"), today)
    census.read.add(reviewed.days(store, "read_at"), today)
    return census


def counts_of(store: Store) -> Concluded:
    """What was concluded of a site, counted."""
    return Concluded(*store.concluded_counts())


def site_of(store: Store, now: datetime) -> Site:
    """The roll-up of a site as it is stored, and whether it holds today."""
    from inventory.conclude import stands

    stamped = store.stamped() if store.derived_stamp() else None
    return Site(
        store.site,
        reviewed.roll_up_lines(store),
        stamped.date() if stamped else None,
        stands(store, now),
    )
