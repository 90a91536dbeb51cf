"""What the verdicts on other assets, and those of a later day, need to know of one asset.

One rule keeps it simple: it is kept beside the verdict, so that a later run can tell which other
verdicts a new observation may change without reading the whole site again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from inventory.judge.comparing import comparable
from inventory.judge.context import Context
from inventory.judge.gathered import identities, sibling_group
from inventory.judge.view import View
from inventory.model import Declaration, Device, Evidence, Finding
from inventory.once import Once
from inventory.rules.governance import moment_of
from inventory.rules.networks import networks_named
from inventory.rules.standing import resting_turns, turns
from inventory.signals.points import signature
from inventory.store.codec import stamp
from protocols.contract import Point, compact

SKEW = "clock_skew_seconds"
NEAR_SECONDS = 2  # a clock that agrees with ours (Q07)


class Standing(NamedTuple):
    """One row of table `standing`."""

    asset: str
    kin: str = ""  # maker, model and firmware as JSON, where it lists points (Q11)
    listing: str = ""  # digest of the signals that it offers; "": no example for its siblings
    identities: str = "[]"  # that no other asset may share (G03)
    networks: str = "[]"  # that it names (T10)
    named: str = "[]"  # tags of machines that it bears (U01)
    clocks: int | None = None  # how many of its clocks agree with ours; None: it has none (Q07)
    until: str = ""  # the moment at which time alone may change its verdict; "": never


def standing_of(
    evidence: Evidence,
    findings: Iterable[Finding],
    context: Context,
    tags: Sequence[str] = (),
) -> Standing:
    """The standing of a device that was judged in this context, and bears tags of machines."""
    device = evidence.device
    kin, listing = kinship(evidence)
    networks = [str(one.network or one.words) for one in networks_named(device)]
    return Standing(
        device.key,
        kin,
        listing,
        compact(identities(device)),
        compact(networks) if networks else "[]",
        compact(list(tags)) if tags else "[]",
        clocks_of(device),
        first(moments((evidence,), findings, context), context.today),
    )


def clocks_of(device: Device) -> int | None:
    """How many of its clocks agree with ours; None where it tells of none."""
    skews = [fact.value for fact in device.facts if fact.name == SKEW]
    return sum(map(_near, skews)) if skews else None


def kin_of(device: Device) -> str:
    """Maker, model and firmware as a text, or ""."""
    group = sibling_group(device)
    return _kin(group) if group else ""


_kin = lru_cache(maxsize=4_096)(compact)


def kinship(evidence: Evidence) -> tuple[str, str]:
    """Maker, model and firmware, and the digest of its signals; both "" without one of them, and
    no digest of a listing that is no example for its siblings."""
    kin, points = kin_of(evidence.device), evidence.points
    if not kin or not points:
        return "", ""
    return kin, digest_of(points) if comparable(evidence) else ""


def _near(value: object) -> int:
    return int(isinstance(value, (int, float)) and abs(value) <= NEAR_SECONDS)


def _digest(points: tuple[Point, ...]) -> str:
    return hashlib.sha256(compact(sorted(signature(points))).encode()).hexdigest()[:32]


digest_of = Once(_digest)
"""Tells sets of signals apart."""


def moments(
    evidences: Sequence[Evidence],
    findings: Iterable[Finding],
    context: Context,
    said: Iterable[datetime | None] = (),
    about: Iterable[Declaration] = (),
) -> Iterator[datetime]:
    """The moments at which evidence or what people `said` at these times gets old, certificates
    end, or what was accepted, or declared in statements `about` a machine, runs out."""
    limits = context.thresholds
    for evidence in evidences:
        latest = max((one.time for one in evidence.observations), default=None)
        for days in (limits.presence_days, limits.quality_days) if latest else ():
            yield from _shifted(latest, days)
        for fact in evidence.device.facts:
            if fact.name == "certificate.not_after" and (end := moment_of(str(fact.value))):
                yield end
                yield from _shifted(end, -limits.certificate_days)
    for finding in findings if context.waivers else ():
        waiver = context.waivers.get(finding.id)
        last = _day(waiver.fields.get("expires", "")) if waiver is not None else None
        yield from _shifted(_begin(last), 1) if last is not None else ()
    for evidence in evidences if context.attested else ():
        yield from map(_begin, resting_turns(View(evidence, context)))
    yield from map(_begin, turns(about))
    for moment in said:
        yield from _shifted(moment, limits.attestation_days)


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _shifted(moment: datetime | None, days: float) -> Iterator[datetime]:
    try:
        if moment is not None:
            yield moment + timedelta(days=days)
    except (OverflowError, ValueError):  # beyond every calendar: never
        return


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def first(several: Iterable[datetime], today: datetime) -> str:
    """The first of the moments that is not past, as kept text; "" for none."""
    coming = min((one for one in several if one >= today), default=None)
    return stamp(coming) if coming else ""
