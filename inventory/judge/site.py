"""Every verdict of a site, streaming: devices first, machines as soon as their devices are known.

One rule keeps it simple: evidence of a device is held only until the last machine that it monitors
is judged; everything else is judged and forgotten.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from inventory.judge.bearing import Bearing, bearers, beside, sought
from inventory.judge.context import Context
from inventory.judge.equipment import judge_equipment
from inventory.judge.survey import survey
from inventory.judge.verdict import judge_device
from inventory.model import Declaration, Equipment, Evidence, Verdict
from inventory.once import Once
from inventory.signals.listing import listing
from protocols.contract import Point, compact


def judge_site(
    evidences: Callable[[], Iterable[Evidence]],
    equipment: Sequence[Equipment],
    declarations: Iterable[Declaration],
    today: datetime,
    site: str = "",
) -> Iterator[Verdict]:
    """One verdict per device and machine; calls `evidences` twice (survey, then judgement)."""
    with without_collector():
        tags, borne = Bearing(sought(equipment)), list[tuple[str, tuple[str, ...]]]()
        context = survey(
            _noted(evidences(), tags, borne), equipment, declarations, today=today, site=site
        )
        bearing = bearers(borne)
        others = {one.key: beside(one, bearing) for one in equipment}
        yield from judge_streaming(evidences(), equipment, context, others)


def _noted(
    evidences: Iterable[Evidence], tags: Bearing, borne: list[tuple[str, tuple[str, ...]]]
) -> Iterator[Evidence]:
    """The same; notes which devices bear tags of machines."""
    for evidence in evidences:
        borne.append((evidence.device.key, tags.of(evidence)))
        yield evidence


@contextmanager
def without_collector() -> Iterator[None]:
    """No cycle collection meanwhile: evidence and verdicts hold no cycles, and looking costs a
    fifth."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def judge_streaming(
    evidences: Iterable[Evidence],
    equipment: Sequence[Equipment],
    context: Context,
    others: Mapping[str, Collection[str]],
) -> Iterator[Verdict]:
    """The same with a context at hand: one pass over the evidence. `others` are, by machine, the
    devices that bear its tag and that no link ties to it."""
    waiting = _Waiting(equipment, others)
    for evidence in evidences:
        verdict = judge_device(evidence, context)
        yield verdict
        for one in waiting.ready(evidence, verdict):
            yield _judged(one, context)
    for one in waiting.left():
        yield _judged(one, context)


class _Ready(NamedTuple):
    """A machine, and what is known of its devices and of those beside that bear its tag."""

    unit: Equipment
    devices: list[Evidence]
    others: list[Evidence]
    verdicts: dict[str, Verdict]


def _judged(one: _Ready, context: Context) -> Verdict:
    return judge_equipment(one.unit, one.devices, context, one.verdicts, one.others)


class _Waiting:
    """Machines that wait for their devices, and devices that are kept for them."""

    def __init__(
        self, equipment: Sequence[Equipment], others: Mapping[str, Collection[str]]
    ) -> None:
        self.others = others
        self.needs = {
            unit.key: {*unit.monitored_by, *others.get(unit.key, ())} for unit in equipment
        }
        self.units = {unit.key: unit for unit in equipment}
        self.users: dict[str, set[str]] = {}
        for key, devices in self.needs.items():
            for device in devices:
                self.users.setdefault(device, set()).add(key)
        self.missing = {key: set(devices) for key, devices in self.needs.items()}
        self.kept: dict[str, tuple[Evidence, Verdict]] = {}

    def ready(self, evidence: Evidence, verdict: Verdict) -> Iterator[_Ready]:
        """Machines whose last device this one was."""
        device = evidence.device.key
        users = self.users.get(device)
        if not users:
            return
        self.kept[device] = (evidence, verdict)
        for key in sorted(users):
            self.missing[key].discard(device)
            if not self.missing[key]:
                yield self._take(key)

    def left(self) -> Iterator[_Ready]:
        """Machines without devices, or with devices that do not exist."""
        for key in [*self.units]:
            yield self._take(key)

    def _take(self, key: str) -> _Ready:
        unit = self.units.pop(key)
        found = [self.kept[device] for device in sorted(self.needs[key]) if device in self.kept]
        for device in self.needs[key]:
            self.users[device].discard(key)
            if not self.users[device]:
                self.kept.pop(device, None)
        beside = self.others.get(key, ())
        devices = [evidence for evidence, _ in found if evidence.device.key not in beside]
        others = [evidence for evidence, _ in found if evidence.device.key in beside]
        verdicts = {evidence.device.key: verdict for evidence, verdict in found}
        return _Ready(unit, devices, others, verdicts)


def signals_of(points: tuple[Point, ...]) -> Iterator[tuple[str, str, str, str, tuple[str, ...]]]:
    """Per point: part, address, signal, how it was matched, candidates where it was not.

    A point that says nothing is left out: it is one that has no row.
    """
    for point, meaning in listing(points).measured:
        signal = meaning.measurand
        if signal and meaning.places:
            signal = f"{signal}:{sorted(meaning.places)[0]}"
        if signal and meaning.kind:
            signal = f"{signal} ({meaning.kind})"
        candidates = () if signal else meaning.candidates
        if not signal and not candidates:
            continue
        yield point.part, point.address, signal, meaning.match, candidates


def _meaning(points: tuple[Point, ...]) -> str:
    several = list(signals_of(points))
    return compact(several) if several else ""


meaning_of = Once(_meaning)
"""The signals of a listing as they are kept: a JSON array, or "" for none."""
