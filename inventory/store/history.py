"""What the observations of a site say over time: runs in which devices answered, times of answers.

One rule keeps it simple: the database counts; what we asked ourselves counts, not what was heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from inventory.judge.door import SAYS_NOTHING
from inventory.judge.view import ACTIVE
from inventory.readiness.availability import Run
from inventory.store.codec import moment
from inventory.store.evidences import at_place
from protocols.contract import SPOKE, Outcome

if TYPE_CHECKING:
    from inventory.store import Store

ANSWERED = SPOKE - {Outcome.REFUSED_DOWNSTREAM}
"""Outcomes by which a device itself answered; of a unit, its gateway may in its stead."""


def runs(store: Store) -> Iterator[Run]:
    """Every service of a device in every run that asked it, by device and service."""
    from sqlalchemy import case, func, select

    from inventory.store import tables

    place, seen = tables.place, tables.observation
    mine = (seen.c.site == store.site, seen.c.origin.in_(sorted(ACTIVE)))
    said = seen.c.outcome.not_in([one.value for one in SAYS_NOTHING])
    spoke = case((seen.c.outcome.in_([one.value for one in ANSWERED]), 1), else_=0)
    path = (place.c.asset, seen.c.protocol, seen.c.transport, seen.c.port)
    of = (*path, seen.c.vantage, seen.c.scan)
    wanted = (
        select(*of, func.min(seen.c.time), func.max(spoke))
        .select_from(place.join(seen, at_place(place, seen)))
        .where(*mine, said)
        .group_by(*of)
        .order_by(*of)
    )
    for device, protocol, transport, port, vantage, _, time, answered in store.rows(wanted):
        service = f"{protocol} {transport}/{port}"
        yield Run(str(device), service, str(vantage), moment(str(time)), bool(answered))


def asking_scans(store: Store) -> int:
    """How many scans of the site asked anything: what was overheard or imported is none."""
    from sqlalchemy import exists, func, select

    from inventory.store import tables

    scan, seen = tables.scan.c, tables.observation.c
    asked = exists().where(seen.scan == scan.id, seen.origin.in_(sorted(ACTIVE)))
    wanted = select(func.count()).select_from(tables.scan).where(scan.site == store.site, asked)
    with store.reading() as connection:
        return connection.execute(wanted).scalar_one()


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
