"""What is known about one device, from its observations.

One rule keeps it simple: nothing is judged here; the latest sample counts, a window is kept whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from inventory.judge.anew import stale
from inventory.judge.superseded import gone
from inventory.model import Device, Evidence
from inventory.once import Once
from inventory.quick import quick
from protocols.contract import CUT, Fact, Observation, Outcome, Point, Quality, Sample

_new_evidence = quick(Evidence)


def assemble(device: Device, observations: Iterable[Observation]) -> Evidence:
    """Evidence from the observations of one device: ordered, points once, latest samples.

    Several samples of one point are kept when they were taken in one window (one scan). What a run
    left undone is dropped where a resume of the same scan has asked it.
    """
    ordered = sorted(observations, key=_moment)
    if any(map(_left_undone, ordered)):
        ordered = list(_last_said(ordered))
    device = _without_former(device, ordered)
    points, samples = _points(ordered), _samples(ordered)
    if not (lost := gone(ordered)):
        return _new_evidence(device, tuple(ordered), points, samples)
    return _without(Evidence(device, tuple(ordered), points, samples, lost))


def of_today(device: Device, observations: Iterable[Observation]) -> Device:
    """The device without the facts that only answers gave which were had anew since."""
    return _without_former(device, sorted(observations, key=_moment))


def _without_former(device: Device, ordered: Sequence[Observation]) -> Device:
    if not (old := stale(ordered)):
        return device
    given: set[Fact] = set()
    lost: set[Fact] = set()
    for place, one in enumerate(ordered):
        (lost if place in old else given).update(one.facts)
    if not (lost := lost - given):
        return device
    return replace(device, facts=tuple(fact for fact in device.facts if fact not in lost))


def _without(found: Evidence) -> Evidence:
    """Without the points that are listed no more, and their samples."""
    lost = {(one.point.part, one.point.address) for one in found.gone}
    points = tuple(p for p in found.points if (p.part, p.address) not in lost)
    samples = tuple(s for s in found.samples if (s.part, s.point) not in lost)
    read = {(s.part, s.point) for s in samples if s.value is not None and s.quality != Quality.BAD}
    listed = {(p.part, p.address) for p in points} | read
    device = replace(found.device, points=len(listed), readable=len(read))
    return replace(found, device=device, points=points, samples=samples)


def _left_undone(one: Observation) -> bool:
    """Whether this tells of the run and not of the device: it ended, or our side failed."""
    if one.outcome is Outcome.NOT_ASKED:
        return one.reason in CUT
    return one.outcome is Outcome.FAILED_HERE


def _last_said(ordered: Sequence[Observation]) -> Iterator[Observation]:
    """Without what was left undone and asked later in the same scan."""
    last = {(one.scan, one.target, one.question): place for place, one in enumerate(ordered)}
    for place, one in enumerate(ordered):
        if not _left_undone(one) or last[one.scan, one.target, one.question] == place:
            yield one


def _moment(one: Observation) -> tuple[object, ...]:
    """When it was seen; two of one moment always stand in one order, however they were read."""
    return (one.time, one.sequence, one.scan, one.target.address, one.question.part)


def _points(ordered: Sequence[Observation]) -> tuple[Point, ...]:
    """Every point once; the very tuple of the one observation that lists any, where that is so."""
    listing = [one.points for one in ordered if one.points]
    if not listing:
        return ()
    if len(listing) == 1 and _each_once(listing[0]):
        return listing[0]
    return tuple({(p.part, p.address): p for some in listing for p in some}.values())


def _distinct(points: tuple[Point, ...]) -> bool:
    return len({(point.part, point.address) for point in points}) == len(points)


_each_once = Once(_distinct)
"""Whether no point is listed twice: asked once of a listing that siblings share."""


def _samples(ordered: Sequence[Observation]) -> tuple[Sample, ...]:
    telling = [one for one in ordered if one.samples]
    if len(telling) == 1:
        return telling[0].samples
    if len({one.scan for one in telling}) < 2:
        return tuple([sample for one in telling for sample in one.samples])
    newest = {(s.part, s.point): one.scan for one in telling for s in one.samples}
    return tuple(
        [
            sample
            for one in telling
            for sample in one.samples
            if newest[(sample.part, sample.point)] == one.scan
        ]
    )
