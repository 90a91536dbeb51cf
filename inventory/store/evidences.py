"""Reads the evidence on devices: the observations that are about each of them.

One rule keeps it simple: memory holds the evidence of one device, or of a few hundred that are
named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from inventory.derive.nodes import END
from inventory.judge.evidence import assemble
from inventory.model import Device, Evidence
from inventory.store import codec, values
from inventory.store.reading import KEYS, Reading
from protocols.contract import Observation

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Table

LAST = (1 << 31) - 1
"""A rank after every other."""

_LAST_COLUMN = itemgetter(len(codec.STORED_COLUMNS))


class Evidences(Reading):
    """The evidence on the devices of one site."""

    def evidence(self, device: Device) -> Evidence:
        """Everything known about one device."""
        return next(self.evidences_of([device]))

    def evidences_of(self, devices: Sequence[Device]) -> Iterator[Evidence]:
        """Everything known about each of some devices, in their order; a query for many of them."""
        from sqlalchemy import select

        from inventory.store import tables

        place, seen = tables.place, tables.observation
        columns = (*(seen.c[name] for name in codec.STORED_COLUMNS), place.c.asset)
        joined = select(*columns).select_from(place.join(seen, at_place(place, seen)))
        for start in range(0, len(devices), KEYS):
            some = devices[start : start + KEYS]
            wanted = joined.where(place.c.asset.in_([one.key for one in some]))
            found: dict[object, list[Observation]] = {}
            for row in self.rows(wanted.order_by(seen.c.seq)):
                found.setdefault(_LAST_COLUMN(row), []).append(codec.stored(row))
            for one in some:
                yield assemble(one, found.get(one.key, ()))

    def evidences(self, *, first: int = 0, end: int = LAST) -> Iterator[Evidence]:
        """Everything about every device, one device at a time; memory holds one device.

        Only those whose rank is at least `first` and below `end`.
        """
        coming = self._side_by_side(
            codec.STORED_COLUMNS, values.device_of, values.DEVICE, first=first, end=end
        )
        for device, rows in coming:
            yield assemble(device, [codec.stored(row) for row in rows])

    def surveyed(
        self, *, first: int = 0, end: int = LAST
    ) -> Iterator[tuple[Device, list[Sequence[object]]]]:
        """The same as far as a survey of the site needs it: devices hold what tells them apart,
        and what was observed is rows of `codec.SURVEYED_COLUMNS`."""
        return self._side_by_side(
            codec.SURVEYED_COLUMNS, values.surveyed_device, values.SURVEYED, first=first, end=end
        )

    def listings(self) -> Iterator[Evidence]:
        """Every device whole, and of its observations what a survey needs: its points, and the
        facts of one that several scans asked, which tell what it stated formerly."""
        coming = self._side_by_side(codec.SURVEYED_COLUMNS, values.device_of, values.DEVICE)
        for device, rows in coming:
            again = codec.several_scans(rows)
            told = (codec.surveyed(row, self.site, points=True, facts=again) for row in rows)
            yield assemble(device, told)

    def _side_by_side(
        self,
        columns: Sequence[str],
        device: Callable[[Sequence[object]], Device],
        told: Sequence[str],
        *,
        first: int = 0,
        end: int = LAST,
    ) -> Iterator[tuple[Device, list[Sequence[object]]]]:
        """Streams the devices and the rows of their observations side by side, both in order of the
        device; `told` are the columns that `device` takes."""
        from sqlalchemy import select

        from inventory.store import tables

        place, seen, c = tables.place, tables.observation, tables.assets.c
        wanted = (
            select(*(seen.c[name] for name in columns), place.c.rank)
            .select_from(place.join(seen, at_place(place, seen)))
            .where(place.c.site == self.site, place.c.rank >= first, place.c.rank < end)
            .order_by(place.c.rank)
        )
        ranked = select(*(c[name] for name in told), c.rank).where(
            c.site == self.site, c.kind == "device", c.rank >= first, c.rank < end
        )
        groups = groupby(self.rows(wanted), key=itemgetter(len(columns)))
        rank, rows = next(groups, _NOTHING)
        for one in self.rows(ranked.order_by(c.rank)):
            mine = one[len(told)]
            while rank < mine:  # type: ignore[operator]  # of no device: as ranks, both are numbers
                rank, rows = next(groups, _NOTHING)
            if rank == mine:
                yield device(one), list(rows)
                rank, rows = next(groups, _NOTHING)
            else:
                yield device(one), []


_NOTHING: tuple[object, Iterator[Sequence[object]]] = (LAST, iter(()))


def at_place(place: Table, seen: Table) -> ColumnElement[bool]:
    """Which observations are about the device of a place.

    What it said where another device answers since is history, if it was seen elsewhere: its old
    address proves nothing of it any more.
    """
    from sqlalchemy import and_, exists, or_

    now = place.alias("now")
    elsewhere = exists().where(now.c.asset == place.c.asset, now.c.until == END)
    return and_(
        or_(place.c.until == END, ~elsewhere),
        seen.c.site == place.c.site,
        seen.c.address == place.c.address,
        seen.c.part == place.c.part,
        seen.c.time >= place.c.since,
        seen.c.time <= place.c.until,
    )
