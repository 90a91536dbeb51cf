"""Every verdict of a site, streaming: devices first, machines as soon as their devices are known.

One rule keeps it simple: evidence of a device is held only until the last machine that it monitors
is judged; everything else is judged and forgotten.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

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
        context = survey(evidences(), equipment, declarations, today=today, site=site)
        yield from judge_streaming(evidences(), equipment, context)


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
    evidences: Iterable[Evidence], equipment: Sequence[Equipment], context: Context
) -> Iterator[Verdict]:
    """The same with a context at hand: one pass over the evidence."""
    waiting = _Waiting(equipment)
    for evidence in evidences:
        verdict = judge_device(evidence, context)
        yield verdict
        for unit, devices, verdicts in waiting.ready(evidence, verdict):
            yield judge_equipment(unit, devices, context, verdicts)
    for unit, devices, verdicts in waiting.left():
        yield judge_equipment(unit, devices, context, verdicts)


Ready = tuple[Equipment, list[Evidence], dict[str, Verdict]]


class _Waiting:
    """Machines that wait for their devices, and devices that are kept for them."""

    def __init__(self, equipment: Sequence[Equipment]) -> None:
        self.needs = {unit.key: set(unit.monitored_by) for unit in equipment}
        self.units = {unit.key: unit for unit in equipment}
        self.users: dict[str, set[str]] = {}
        for key, devices in self.needs.items():
            for device in devices:
                self.users.setdefault(device, set()).add(key)
        self.missing = {key: set(devices) for key, devices in self.needs.items()}
        self.kept: dict[str, tuple[Evidence, Verdict]] = {}

    def ready(self, evidence: Evidence, verdict: Verdict) -> Iterator[Ready]:
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

    def left(self) -> Iterator[Ready]:
        """Machines without devices, or with devices that do not exist."""
        for key in [*self.units]:
            yield self._take(key)

    def _take(self, key: str) -> Ready:
        unit = self.units.pop(key)
        found = [self.kept[device] for device in sorted(self.needs[key]) if device in self.kept]
        for device in self.needs[key]:
            self.users[device].discard(key)
            if not self.users[device]:
                self.kept.pop(device, None)
        devices = [evidence for evidence, _ in found]
        return unit, devices, {evidence.device.key: verdict for evidence, verdict in found}


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
