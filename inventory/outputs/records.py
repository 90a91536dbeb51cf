"""The objects of `interface.md` (JSON lines): assets, points, gaps, questions.

One rule keeps it simple: pure functions from values to plain objects with stable keys; what cannot
be said in JSON (NaN, huge integers) becomes null or text (rulings 26).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from inventory.model import Coverage, Device, Equipment, Evidence, Finding, Level, OpenQuestion
from inventory.store.reading import Asset, Signal
from protocols.contract import Observation, Point, Sample, Value

Record = dict[str, object]

EXACT = 2**53
"""Largest integer that every JSON reader keeps exactly (RFC 8259, 6)."""


def time(moment: datetime | None) -> str | None:
    """RFC 3339 UTC with milliseconds and Z."""
    if moment is None:
        return None
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
    )


def number(value: Value) -> Value:
    """A value as JSON can say it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT:
        return str(value) if abs(value) < 10**40 else hex(value)
    return value


def level(one: Level) -> Record:
    """An accessibility level."""
    return {"lo": one.lo, "hi": one.hi, "blocking": list(one.blocking)}


def coverage(one: Coverage | None) -> Record | None:
    """Failure-mode coverage, or null."""
    return {"lo": one.lo, "hi": one.hi} if one else None


def asset(one: Asset) -> Record:
    """One line of `assets --json`."""
    thing = one.thing
    return _device(one, thing) if isinstance(thing, Device) else _equipment(one, thing)


def _device(one: Asset, thing: Device) -> Record:
    row = thing.register
    return {
        "key": thing.key,
        "kind": "device",
        "site": thing.site,
        "tag": row.tag if row else "",
        "name": thing.name,
        "role": thing.role,
        "vendor": thing.vendor,
        "product": thing.product,
        "model": thing.model,
        "firmware": thing.firmware,
        "hardware": thing.hardware,
        "serial": thing.serial,
        "mac": thing.mac,
        "addresses": list(thing.addresses),
        "aliases": list(thing.aliases),
        "parent": thing.parent or None,
        "part": thing.part,
        "services": [
            {
                "protocol": s.protocol,
                "transport": s.transport,
                "port": s.port,
                "outcome": s.outcome.value,
                "security": list(s.security),
                "address": s.address,
                "reason": s.reason,
            }
            for s in thing.services
        ],
        "points": thing.points,
        "readable": thing.readable,
        "level": level(one.level),
        "coverage": coverage(one.coverage),
        "category": one.category,
        "criticality": row.criticality if row else "",
        "first_seen": time(thing.first_seen),
        "last_seen": time(thing.last_seen),
        "seen": thing.seen,
        "planned": row is not None,
        "facts": [
            {"name": f.name, "value": number(f.value), "source": f.source, "part": f.part}
            for f in thing.facts
        ],
    }


def _equipment(one: Asset, thing: Equipment) -> Record:
    blank = ("role", "vendor", "product", "model", "firmware", "hardware", "serial", "mac")
    return {
        "key": thing.key,
        "kind": "equipment",
        "site": thing.site,
        "tag": thing.tag,
        "name": thing.name or thing.tag,
        **dict.fromkeys(blank, ""),
        "class": thing.cls,
        "area": thing.area,
        "line": thing.line,
        "addresses": [],
        "aliases": [],
        "parent": None,
        "part": "",
        "services": [],
        "links": [
            {
                "device": link.device,
                "part": link.part,
                "signal": link.signal,
                "proposed": link.proposed,
                "resolved": link.resolved,
            }
            for link in thing.links
        ],
        "points": 0,
        "readable": 0,
        "level": level(one.level),
        "coverage": coverage(one.coverage),
        "category": one.category,
        "criticality": thing.criticality,
        "first_seen": None,
        "last_seen": None,
        "facts": [],
    }


def points(
    evidence: Evidence, signals: Mapping[tuple[str, str], Signal] | None = None
) -> Iterator[Record]:
    """Lines of `points --json` for one device, in the device's own order."""
    samples = {(s.part, s.point): s for s in evidence.samples}
    seen = _seen(evidence.observations)
    for one in evidence.points:
        place = (one.part, one.address)
        known = (signals or {}).get(place)
        yield point(evidence.device, one, samples.get(place), known, seen.get(place, ""))


def _seen(observations: Iterable[Observation]) -> dict[tuple[str, str], str]:
    """Per part and address, the answer that gave the last value; else the one that lists it."""
    listed: dict[tuple[str, str], str] = {}
    read: dict[tuple[str, str], str] = {}
    for one in observations:
        if one.points or one.samples:
            name = one.id
            listed.update([((p.part, p.address), name) for p in one.points])
            read.update([((s.part, s.point), name) for s in one.samples])
    return listed | read


def point(
    device: Device, one: Point, sample: Sample | None, signal: Signal | None, seen: str
) -> Record:
    """One line of `points --json`; `seen` is the id of the observation that shows it."""
    return {
        "asset": device.key,
        "asset_name": device.name,
        "part": one.part or device.part,
        "address": one.address,
        "name": one.name,
        "path": one.path,
        "description": one.description,
        "unit": one.unit,
        "type": one.type,
        "access": one.access,
        "value": number(sample.value) if sample else None,
        "quality": sample.quality.value if sample else None,
        "status": sample.status if sample else "",
        "source_time": time(sample.source_time) if sample else None,
        "signal": signal.signal if signal else (one.signal or None),
        "match": signal.match if signal else ("map" if one.signal else "none"),
        "candidates": list(signal.candidates) if signal else [],
        "observation": seen,
    }


def gap(one: Finding) -> Record:
    """One line of `gaps --json`."""
    return {
        "id": one.id,
        "rule": one.rule,
        "version": one.version,
        "category": one.category.value,
        "label": one.label,
        "asset": one.asset,
        "asset_name": one.asset_name,
        "site": one.site,
        "subject": one.subject,
        "severity": one.severity.value,
        "confidence": one.confidence.value,
        "value": number(one.value),
        "because": [
            {
                "observation": item.observation,
                "outcome": item.outcome,
                "text": item.text,
                "declaration": item.declaration,
            }
            for item in one.because
        ],
        "remedies": [
            {
                "text": item.text,
                "effort": item.effort.value,
                "needs_outage": item.needs_outage,
                "cause": item.cause,
            }
            for item in one.remedies
        ],
        "unlocks": one.unlocks,
        "criticality_assumed": one.criticality_assumed,
        "waived": one.waived,
    }


def question(one: OpenQuestion) -> Record:
    """One line of `questions --json`."""
    return {
        "rule": one.rule,
        "asset": one.asset,
        "asset_name": one.asset_name,
        "site": one.site,
        "subject": one.subject,
        "missing": one.missing,
        "next_step": one.next_step,
        "command": one.command,
    }
