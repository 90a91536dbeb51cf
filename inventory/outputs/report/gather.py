"""Reads a concluded inventory into the values of the report.

One rule keeps it simple: it reads through the store's own functions, counts as things stream by,
and cuts at stated limits; every cut says how many were left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby, islice
from typing import TYPE_CHECKING

from inventory.assemble import context_of, machines, stored_units
from inventory.connectable import connectable
from inventory.connection import logins
from inventory.model import Equipment, Kind, Scan
from inventory.namesakes import Labels
from inventory.outputs.records import time
from inventory.outputs.report import honesty, listing, page
from inventory.outputs.report.census import Census, light, rows
from inventory.outputs.report.fixing import Critical, Plan, watched
from inventory.outputs.report.honesty import number
from inventory.outputs.report.limits import LIMITS, Limits
from inventory.outputs.report.page import Page, Share
from inventory.outputs.report.sitemap import Counting, networks, site_map
from inventory.outputs.report.use import used
from inventory.readiness.barriers import barriers
from inventory.readiness.review import six_questions
from inventory.readiness.sites import Site
from inventory.readiness.taking import counts_of, site_of, taken
from inventory.rollup import USABLE, USEFUL, dark_spares, reached, roll_up
from inventory.usecases import Obstacles

if TYPE_CHECKING:
    from inventory.store import Store


def gather(
    store: Store,
    now: datetime | None = None,
    limits: Limits = LIMITS,
    others: Sequence[Site] = (),
) -> Page:
    """The values of the report of one site; the store must be concluded. `others` are the roll-ups
    of the other sites."""
    now = now or datetime.now(UTC)
    big = store.assets_count() > limits.assets
    told = limits.big_gaps if big else limits.gaps
    ranked = listing.Ranked.read(store, told, by_asset=not big)
    equipment = store.equipment()
    census, critical = Census(), Critical(equipment)
    declared = networks(store.declarations(None, Kind.ZONE, Kind.VANTAGE))
    counting, assets = Counting(declared, equipment), []
    for kind in ("equipment", "device"):
        for one in store.assets(kind):
            census.see(one)
            critical.see(one)
            counting.see(one) if big else assets.append(light(one))
    assets.sort(key=lambda one: isinstance(one.thing, Equipment))
    line: Mapping[str, object] = next(
        (one for one in roll_up(stored_units(store)) if one["scope"] == "site"), {}
    )
    rated = reached((one for one in stored_units(store) if one.criticality == "C3"), USEFUL)
    everything = reached(stored_units(store), USEFUL)
    whole = ranked.whole if ranked.count <= limits.full else ranked.whole[: limits.first]
    groups = tuple(listing.groups(ranked.whole[len(whole) :]))
    scans = store.scans()
    named = machines(store, context_of(store, now)) if equipment else ()  # it surveys the site
    used_for = used(named, Obstacles(store), limits.rows if not big else 0)
    planned = Plan.of(ranked.data)
    dark, dark_more = critical.dark(planned, limits)
    counted, concluded = taken(store, now), counts_of(store)
    sites = (site_of(store, now), *others)
    questions, question_count = listing.asked(store.questions(), Labels(store).of, limits)
    return Page(
        site=store.site,
        made=time(now) or "",
        critical=Share(*(rated if rated[2] else everything)),
        critical_named=bool(rated[2]),
        everything=Share(*everything),
        index=_pair(line.get("index")),
        level4=Share(*reached(stored_units(store), USABLE)),
        connectable=_connectable(store),
        dark=dark,
        dark_more=dark_more,
        unclear=tuple(critical.unclear),
        unclear_more=critical.unclear_count - len(critical.unclear),
        spares=tuple((one.name, best.name) for one, best in dark_spares(stored_units(store))),
        coverage=census.coverage,
        machines_covered=census.covered,
        unrated=number(line.get("unrated")),
        fixes=planned.first(watched(equipment), limits),
        paperwork=Plan.of(ranked.rest).first({}, limits),
        nets=counting.nets() if big else site_map(assets, declared, ranked.by_asset),
        gaps=tuple(listing.gaps(store, whole)),
        groups=groups,
        gap_count=ranked.count,
        gaps_shown=len(whole) + sum(one.count for one in groups),
        by_rule=ranked.by_rule(),
        questions=questions,
        question_count=question_count,
        matrices=used_for[0],
        cases=used_for[1],
        honest=honesty.honest(store, scans, census.unseen, census.unseen_count),
        harm=honesty.harm(scans),
        changes=_changes(store, scans, census.count, limits),
        assets=tuple(rows(assets, ranked.by_asset)),
        asset_count=census.count,
        aggregated=big,
        about=honesty.about(scans),
        severities=ranked.severities,
        names=census.names,
        review=tuple(six_questions(counted, line, concluded, sites, now.date())),
        barriers=tuple(barriers(counted, concluded)),
    )


def _connectable(store: Store) -> Share:
    """Devices for which a connector can be written today; a count, so nothing in it is unknown."""
    known = logins(store.declarations(None, Kind.CREDENTIAL))
    found = connectable(store.evidences(), known)
    return Share(found.ready, found.ready, found.assets)


def _pair(value: object) -> tuple[float, float]:
    if isinstance(value, Mapping):
        return (number(value.get("lo")), number(value.get("hi")))
    return (0.0, 1.0)


def _changes(store: Store, scans: Sequence[Scan], assets: int, limits: Limits) -> page.Changes:
    """What changed since the scan before, by kind and each kind's first ones; unless there is no
    such scan, or the site is too large."""
    if len(scans) < 2:
        return page.Changes(absent="first")
    if assets > limits.compared:
        return page.Changes(absent="large")
    from inventory.diff import between

    found = between(store, scans[-2].id, scans[-1].id)
    counts = tuple(Counter(one.kind.value for one in found).items())
    shown: list[page.Change] = []
    most = len(found) if len(found) <= limits.changes else limits.changes // len(counts)
    for _, same in groupby(found, key=lambda one: one.kind):
        each = islice(same, most)
        shown += [page.Change(one.kind.value, one.name, one.text) for one in each]
    return page.Changes(tuple(shown), counts)


__all__ = ["LIMITS", "Limits", "gather"]
