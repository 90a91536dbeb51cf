"""What the observations of a site say over time: runs in which devices answered, times of answers.

One rule keeps it simple: the database counts; what we asked ourselves counts, not what was heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from inventory.judge.door import SAYS_NOTHING
from inventory.judge.view import ACTIVE
from inventory.readiness.availability import RUNS, Run
from inventory.store.codec import moment
from inventory.store.evidences import at_place
from protocols.contract import SPOKE, Outcome

if TYPE_CHECKING:
    from inventory.store import Store

ANSWERED = SPOKE - {Outcome.REFUSED_DOWNSTREAM}
"""Outcomes by which a device itself answered; of a unit, its gateway may in its stead."""


def runs(store: Store) -> Iterator[Run]:
    """Every device in every run that asked it, by device; none while there are too few runs."""
    from sqlalchemy import case, distinct, func, select

    from inventory.store import tables

    place, seen = tables.place, tables.observation
    mine = (seen.c.site == store.site, seen.c.origin.in_(sorted(ACTIVE)))
    said = seen.c.outcome.not_in([one.value for one in SAYS_NOTHING])
    count = select(func.count(distinct(seen.c.scan))).where(*mine, said)
    with store.reading() as connection:
        if connection.execute(count).scalar_one() < RUNS:
            return
    spoke = case((seen.c.outcome.in_([one.value for one in ANSWERED]), 1), else_=0)
    of = (place.c.asset, seen.c.vantage, seen.c.scan)
    wanted = (
        select(*of, func.min(seen.c.time), func.max(spoke))
        .select_from(place.join(seen, at_place(place, seen)))
        .where(*mine, said)
        .group_by(*of)
        .order_by(*of)
    )
    for device, vantage, _, time, answered in store.rows(wanted):
        yield Run(str(device), str(vantage), moment(str(time)), bool(answered))


def answer_times(store: Store) -> Iterator[tuple[str, int, int]]:
    """Protocol, whole milliseconds within which an answer came, and how many came so."""
    from sqlalchemy import Integer, cast, func, select

    from inventory.store import tables

    c = tables.observation.c
    within = cast(c.duration_seconds * 1000, Integer) + 1
    wanted = select(c.protocol, within, func.count()).where(
        c.site == store.site,
        c.origin.in_(sorted(ACTIVE)),
        c.outcome.in_([one.value for one in SPOKE]),
        c.duration_seconds > 0,
    )
    for protocol, milliseconds, count in store.rows(wanted.group_by(c.protocol, within)):
        yield str(protocol), int(str(milliseconds)), int(str(count))
