"""Every verdict of a stored site as rows: slices of its devices, each read and judged by itself.

One rule keeps it simple: a slice is surveyed or judged by the same function whether that happens
here (a small site) or in a worker process (a large one), so the result is the same to the byte.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from inventory.judge.bearing import Bearing, all_keys, bearers, beside
from inventory.judge.context import Context
from inventory.judge.equipment import judge_equipment
from inventory.judge.gathered import Gathered
from inventory.judge.site import meaning_of
from inventory.judge.standing import Standing, first, moments, standing_of
from inventory.judge.survey import context_from
from inventory.judge.verdict import judge_device
from inventory.judge.workers import FEW, Task, Workers, shared, wanted
from inventory.model import Equipment, Evidence, Kind, Verdict
from inventory.rules.standing import about_machine
from inventory.store.values import Concluded
from inventory.store.values import Gathered as Rows

if TYPE_CHECKING:
    from inventory.store import Store

SLICE = 1_000
"""Devices that are judged in one go; bounds what a process holds."""

MACHINES = 250
"""Machines that are judged in one go."""

STATED = tuple(kind for kind in Kind if kind is not Kind.KEY)
"""What verdicts may rest on; keys, as many as there are devices, are not read for it."""


class _Shared(NamedTuple):
    """What every slice needs beside its devices."""

    context: Context
    linked: frozenset[str]  # keys of the devices whose verdicts machines need


class Judged(NamedTuple):
    """What judging one slice gives."""

    rows: Concluded
    known: tuple[Verdict, ...] = ()  # verdicts that machines need
    borne: tuple[tuple[str, tuple[str, ...]], ...] = ()  # devices, and tags of machines on them


def judged(
    store: Store,
    today: datetime,
    *,
    workers: int | None = None,
    size: int = SLICE,
    crew: Workers | None = None,
) -> Iterator[Concluded]:
    """Rows of every verdict of the site, `size` devices at a time.

    `workers` None: as many as the size of the site and this machine ask for, unless there is a
    `crew` already.
    """
    count = store.devices_count()
    slices = [(start, start + size) for start in range(0, count, size)]
    if crew is not None:
        yield from _judged(store, today, crew, slices)
        return
    if workers is None:
        workers = wanted() if count > FEW else 0
    with Workers(store, workers) as crew:
        yield from _judged(store, today, crew, slices)


def _judged(
    store: Store, today: datetime, crew: Workers, slices: Sequence[tuple[int, int]]
) -> Iterator[Concluded]:
    whole = Gathered()
    for part in crew.answers(Task(__name__, "surveyed", one) for one in slices):
        assert isinstance(part, Gathered)  # noqa: S101 - what `surveyed` gives
        whole.absorb(part)
    equipment = store.equipment()
    stated = store.declarations(None, *STATED)
    context = context_from(whole, equipment, stated, today=today, site=store.site)
    linked = frozenset(key for one in equipment for key in one.monitored_by)
    needed = pickle.dumps(_Shared(context, linked), protocol=pickle.HIGHEST_PROTOCOL)
    known: dict[str, Verdict] = {}
    borne: list[tuple[str, tuple[str, ...]]] = []
    for answer in crew.answers((Task(__name__, "devices", one) for one in slices), needed):
        assert isinstance(answer, Judged)  # noqa: S101 - what `devices` gives
        known.update((one.asset, one) for one in answer.known)
        borne += answer.borne
        yield answer.rows
    bearing = bearers(borne)
    others = {one.key: found for one in equipment if (found := beside(one, bearing))}
    for answer in crew.answers(_machines(equipment, others, known), needed):
        assert isinstance(answer, Judged)  # noqa: S101 - what `machines` gives
        yield answer.rows


def _machines(
    equipment: Sequence[Equipment],
    others: Mapping[str, tuple[str, ...]],
    known: dict[str, Verdict],
) -> Iterator[Task]:
    for some in _steps(equipment, MACHINES):
        keys = {key for one in some for key in one.monitored_by}
        mine = {key: known[key] for key in sorted(keys) if key in known}
        theirs = {one.key: others[one.key] for one in some if one.key in others}
        yield Task(__name__, "machines", (tuple(some), theirs, mine))


def _steps(several: Iterable[Equipment], size: int) -> Iterator[list[Equipment]]:
    coming = iter(several)
    while some := list(islice(coming, size)):
        yield some


# --- what is done with one slice, here or in a worker -------------------------------------------


def surveyed(store: Store, first: int, end: int) -> Gathered:
    """What a slice of the devices tells about the site."""
    found = Gathered(limited=False)
    for device, rows in store.surveyed(first=first, end=end):
        found.add_kept(device, rows)
    return found


def devices(store: Store, first: int, end: int) -> Judged:
    """The verdicts on a slice of the devices."""
    context, linked = _needed()
    rows, known, borne = Rows(store.site), [], []
    bearing = Bearing(context.sought)
    for evidence in store.evidences(first=first, end=end):
        verdict = judge_device(evidence, context)
        if tags := bearing.of(evidence):
            borne.append((verdict.asset, tags))
        added(rows, evidence, verdict, context, tags)
        if verdict.asset in linked:
            known.append(verdict)
    return Judged(rows.concluded(), tuple(known), tuple(borne))


def machines(
    store: Store,
    equipment: tuple[Equipment, ...],
    others: Mapping[str, tuple[str, ...]],
    known: dict[str, Verdict],
) -> Judged:
    """The verdicts on some machines, from the devices that monitor them and from the `others`
    that bear their tags."""
    context, _ = _needed()
    rows = Rows(store.site)
    things = store.devices_of(sorted(all_keys(equipment, others)))
    evidences = {one.device.key: one for one in store.evidences_of(list(things.values()))}
    for one in equipment:
        judged_machine(rows, one, evidences, others.get(one.key, ()), context, known)
    return Judged(rows.concluded())


def added(
    rows: Rows, evidence: Evidence, verdict: Verdict, context: Context, tags: tuple[str, ...]
) -> None:
    """Adds the verdict on a device, with its signals and its standing; `tags` of machines are on
    it."""
    standing = standing_of(evidence, verdict.findings, context, tags)
    counts = (evidence.device.points, evidence.device.readable) if evidence.gone else None
    rows.add(verdict, meaning_of(evidence.points), standing, counts)


def judged_machine(
    rows: Rows,
    one: Equipment,
    evidences: Mapping[str, Evidence],
    others: Sequence[str],
    context: Context,
    known: Mapping[str, Verdict],
) -> None:
    """Judges a machine and adds the verdict, with its standing. `evidences` are by device;
    `others` are those that no link ties to it, and that bear its tag."""
    mine, theirs = (
        [evidences[key] for key in keys if key in evidences] for keys in (one.monitored_by, others)
    )
    verdict = judge_equipment(one, mine, context, known, theirs)
    about = about_machine(one, context)
    said = [item.time for item in context.statements(one.tag, one.key)]
    said += [link.stated for link in one.links if link.complete]
    turns = moments(mine, verdict.findings, context, said, about)
    until = first(turns, context.today)
    rows.add(verdict, "", Standing(one.key, until=until))


def _needed() -> _Shared:
    made = shared()
    assert isinstance(made, _Shared)  # noqa: S101 - what `_judged` gives
    return made
