"""Values to rows and back, without loss.

One rule keeps it simple: a field that has its default is not written, and a field that is not
known is not read, so that an older or newer file stays readable.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

from inventory.derive.places import Seen
from inventory.model import Declaration, Kind, Scan
from inventory.quick import quick
from inventory.text import storable
from protocols.contract import (
    RAW_BYTES,
    Fact,
    Observation,
    Outcome,
    Point,
    Quality,
    Question,
    Sample,
    Target,
    Value,
    compact,
    expand,
)

Row = dict[str, object]
Item = Mapping[str, object]
V = TypeVar("V", Fact, Point, Sample)

_new_fact, _new_point, _new_sample = quick(Fact), quick(Point), quick(Sample)
_new_observation, _new_target = quick(Observation), quick(Target)

LARGEST = 2**63 - 1
"""Largest integer that JSON readers and SQL columns share; more becomes hexadecimal text."""

SHORT = 512
"""Bytes up to which a small window packs as well as a large one."""


def stamp(time: datetime) -> str:
    """RFC 3339 in UTC with microseconds, always 27 characters."""
    # `strftime` costs five times as much and writes years before 1000 without their zeros.
    here = time if time.tzinfo is UTC else time.astimezone(UTC)
    return here.isoformat(timespec="microseconds")[:26] + "Z"


def moment(text: str) -> datetime:
    """The time that `stamp` wrote."""
    return datetime.fromisoformat(text)


def plain(value: Value) -> Value:
    """The value as JSON and SQL can hold it: no NaN, no endless integer, bounded text."""
    if isinstance(value, str):
        return storable(value, RAW_BYTES)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bool) or value is None or abs(value) <= LARGEST:
        return value
    return hex(value)[:RAW_BYTES]


_DEFAULTS = {
    kind: tuple((f.name, None if f.default is MISSING else f.default) for f in fields(kind))
    for kind in (Fact, Point, Sample)
}
_KNOWN = {kind: frozenset(name for name, _ in pairs) for kind, pairs in _DEFAULTS.items()}


def pack(values: Sequence[Fact] | Sequence[Point] | Sequence[Sample]) -> str:
    """JSON array of objects that hold what differs from the defaults; "" for none."""
    return compact([_object(value) for value in values]) if values else ""


def _object(value: Fact | Point | Sample) -> Row:
    packed: Row = {}
    for name, default in _DEFAULTS[type(value)]:
        content = getattr(value, name)
        if content is default or (content == default and type(content) is type(default)):
            continue
        packed[name] = stamp(content) if isinstance(content, datetime) else plain(content)
    return packed


def unpack(kind: type[V], text: str) -> tuple[V, ...]:
    """The values that `pack` wrote, whatever version wrote them."""
    if not text:
        return ()
    if kind is Point:
        return (_few_points if len(text) <= CACHED_TEXT else _points)(text)  # type: ignore[return-value]
    value = _fact if kind is Fact else _sample
    return tuple([value(item) for item in expand(text)])  # type: ignore[misc]


CACHED_TEXT = 8192
"""Longest listing that is decoded once for all devices that give it: siblings share theirs."""


def _points(text: str) -> tuple[Point, ...]:
    items = expand(text)
    try:
        return tuple([_new_point(**item) for item in items])
    except TypeError:  # a field of another version
        known = _KNOWN[Point]
        return tuple(Point(**{n: c for n, c in item.items() if n in known}) for item in items)


_few_points = lru_cache(maxsize=512)(_points)


def _fact(item: dict[str, Any]) -> Fact:
    return _new_fact(item["name"], item.get("value"), item["source"], item.get("part", ""))


_QUALITIES = {quality.value: quality for quality in Quality}


def _sample(item: dict[str, Any]) -> Sample:
    get = item.get
    if len(item) == 3 and "received_time" in item and "value" in item:  # as most are
        return _new_sample(
            item["point"], item["value"], received_time=_moment(item["received_time"])
        )
    quality, source, server, received = (
        get("quality"), get("source_time"), get("server_time"), get("received_time")
    )  # fmt: skip
    return _new_sample(
        item["point"],
        get("value"),
        _QUALITIES[quality] if quality else Quality.GOOD,
        get("status", ""),
        get("part", ""),
        _moment(source) if source else None,
        _moment(server) if server else None,
        _moment(received) if received else None,
    )


_moment = lru_cache(maxsize=1024)(moment)
"""Values that came in one answer carry one time."""


def clean(observation: Observation) -> Observation:
    """The observation with texts that every database takes; itself when there is nothing to do.

    Done before its id is computed, so that storing it again finds the stored one.
    """
    asked = observation.question
    texts = (asked.protocol, asked.operation, asked.part, asked.argument)
    safe = tuple(storable(text) for text in texts)
    if safe != texts:
        observation = replace(observation, question=Question(*safe))
    reason, detail = storable(observation.reason), storable(observation.detail)
    if (reason, detail) != (observation.reason, observation.detail):
        observation = replace(observation, reason=reason, detail=detail)
    return observation


def observation_row(observation: Observation) -> Row:
    """One row of table `observation`; the raw bytes go to table `raw`."""
    observation = clean(observation)
    target, asked = observation.target, observation.question
    return {
        "id": observation.id,
        "scan": observation.scan,
        "site": target.site,
        "vantage": observation.vantage,
        "address": target.address,
        "transport": target.transport,
        "port": target.port,
        "protocol": asked.protocol,
        "operation": asked.operation,
        "part": asked.part,
        "argument": asked.argument,
        "sequence": observation.sequence,
        "outcome": observation.outcome.value,
        "reason": observation.reason,
        "detail": observation.detail,
        "credential": observation.credential,
        "tries": observation.tries,
        "time": stamp(observation.time),
        "duration_seconds": observation.duration_seconds,
        "items": observation.items,
        "digest": observation.digest,
        "origin": observation.origin,
        "facts": pack(observation.facts),
        "points": pack(observation.points),
        "samples": pack(observation.samples),
    }


OBSERVATION_COLUMNS = (
    "scan",
    "site",
    "vantage",
    "address",
    "transport",
    "port",
    "protocol",
    "operation",
    "part",
    "argument",
    "sequence",
    "outcome",
    "reason",
    "detail",
    "credential",
    "tries",
    "time",
    "duration_seconds",
    "items",
    "digest",
    "origin",
    "facts",
    "points",
    "samples",
)
"""Columns in the order that `observation` takes them."""

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
_question = lru_cache(maxsize=4096)(Question)


STORED_COLUMNS = (*OBSERVATION_COLUMNS, "id")
"""Columns in the order that `stored` takes them."""


def stored(row: Sequence[object]) -> Observation:
    """The observation of a row that holds `STORED_COLUMNS` in order, first of all: with the id that
    it is stored under, so that nobody computes it again."""
    return observation(row, b"", str(row[24]))


def observation(row: Sequence[object], raw: bytes = b"", known: str = "") -> Observation:
    """The observation of a row that holds `OBSERVATION_COLUMNS` in order, first of all; `known` is
    its id where that is known."""
    (
        scan, site, vantage, address, transport, port, protocol, operation, part, argument,
        sequence, outcome, reason, detail, credential, tries, time, seconds, items, digest,
        origin, facts, points, samples,
    ) = row[:24]  # fmt: skip
    return _new_observation(  # the columns were written by observation_row
        scan,
        vantage,
        _new_target(site, address, transport, port),
        _question(protocol, operation, part, argument),
        _OUTCOMES[outcome],  # type: ignore[index]
        datetime.fromisoformat(time),  # type: ignore[arg-type]
        sequence,
        reason,
        detail,
        credential,
        tries,
        seconds,
        unpack(Fact, facts) if facts else (),  # type: ignore[arg-type]
        unpack(Point, points) if points else (),  # type: ignore[arg-type]
        unpack(Sample, samples) if samples else (),  # type: ignore[arg-type]
        items,
        raw,
        digest,
        origin,
        known,
    )


SURVEYED_COLUMNS = (
    *("scan", "address", "part", "argument", "sequence", "outcome", "time", "points"),
    *("vantage", "transport", "port", "protocol", "operation", "credential", "origin", "facts"),
)
"""Columns in the order that `surveyed` takes them."""


def several_scans(rows: Sequence[Sequence[object]]) -> bool:
    """Whether rows of `SURVEYED_COLUMNS` come of more than one scan: then some may be had anew."""
    return any(row[0] != rows[0][0] for row in rows)


def surveyed(row: Sequence[object], site: str, *, points: bool, facts: bool) -> Observation:
    """The part of an observation that a survey of the site needs; the rest is empty."""
    scan, address, part, argument, sequence, outcome, time, listed = row[:8]
    vantage, transport, port, protocol, operation, credential, origin, told = row[8:16]
    return _new_observation(  # the columns were written by observation_row
        scan,
        vantage,
        _new_target(site, address, transport, port),
        _question(protocol, operation, part, argument),
        _OUTCOMES[outcome],  # type: ignore[index]
        datetime.fromisoformat(time),  # type: ignore[arg-type]
        sequence,
        credential=credential,
        facts=unpack(Fact, told) if facts and told else (),  # type: ignore[arg-type]
        points=unpack(Point, listed) if points and listed else (),  # type: ignore[arg-type]
        origin=origin,
    )


SEEN_COLUMNS = (
    "scan",
    "address",
    "transport",
    "port",
    "protocol",
    "part",
    "sequence",
    "outcome",
    "reason",
    "time",
    "origin",
    "facts",
    "points",
    "samples",
)
"""Columns in the order of `Seen`."""


def seen(row: Sequence[object]) -> Seen:
    """What derivation needs of a row that holds `SEEN_COLUMNS` in order."""
    facts, points, samples = str(row[11]), str(row[12]), str(row[13])
    those: tuple[tuple[str, str], ...] = ()
    if points:
        those = (_few_listed if len(points) <= CACHED_TEXT else listed)(points)
    return Seen(
        *row[:11],  # type: ignore[call-arg, arg-type]  # as observation_row wrote them
        tuple(
            [(f["name"], f.get("value"), f["source"], f.get("part", "")) for f in expand(facts)]
            if facts
            else ()
        ),
        those,
        sampled(samples) if samples else (),
    )


def sampled(text: str) -> tuple[tuple[str, str, bool], ...]:
    """Part and point of each sample that `pack` wrote, and whether a value came."""
    if _plain(text, '[{"point":"') and '"quality":' not in text:
        return tuple([("", point, bool(came)) for point, came in _POINT_READ.findall(text)])
    return tuple(
        [
            (
                s.get("part", ""),
                s["point"],
                s.get("value") is not None and s.get("quality") != "bad",
            )
            for s in expand(text)
        ]
    )


_POINT_READ = re.compile(r'\{"point":"([^"]*)"(,"value":(?!null))?')
_POINT_LISTED = re.compile(r'\{"address":"([^"]*)"')
_POINT_NAMED = re.compile(
    r'\{"address":"([^"]*)"(?:,"name":"([^"]*)")?(?:,"path":"[^"]*")?(?:,"unit":"([^"]*)")?'
)


def _plain(text: str, start: str) -> bool:
    """Whether a text that `pack` wrote names no part, and nothing in it needs an escape, as of most
    devices: then each quotation mark is one of JSON's own, and a pattern finds the first fields in
    half of the time or less."""
    return text.startswith(start) and "\\" not in text and '"part":' not in text


def listed(text: str) -> tuple[tuple[str, str], ...]:
    """Part and address of each point that `pack` wrote."""
    if _plain(text, '[{"address":"'):
        return tuple([("", address) for address in _POINT_LISTED.findall(text)])
    return tuple([(point.get("part", ""), point["address"]) for point in expand(text)])


_few_listed = lru_cache(maxsize=512)(listed)


def named(text: str) -> list[tuple[str, str, str, str]]:
    """Part, address, name and unit of each point that `pack` wrote."""
    if _plain(text, '[{"address":"'):
        return [("", *found) for found in _POINT_NAMED.findall(text)]
    return [
        (p.get("part", ""), p["address"], p.get("name", ""), p.get("unit", ""))
        for p in expand(text)
    ]


def raw_row(observation: Observation) -> Row:
    """One row of table `raw`: at most 64 KB, compressed."""
    kept = observation.raw[:RAW_BYTES]
    return {
        "digest": observation.digest,
        "length": len(kept),
        "compressed": squeezed(kept),
    }


def squeezed(data: bytes) -> bytes:
    """`data` as a zlib stream. Most answers are short, and for them the usual window of 32 KB is
    fifteen times the work: it is cleared first (117 µs against 8 µs for 120 bytes)."""
    if len(data) > SHORT:
        return zlib.compress(data, 6)
    packer = zlib.compressobj(6, zlib.DEFLATED, wbits=9, memLevel=1)
    return packer.compress(data) + packer.flush()


def raw_bytes(compressed: bytes) -> bytes:
    """The bytes that `raw_row` compressed, bounded even if the file was tampered with."""
    return zlib.decompressobj().decompress(compressed, RAW_BYTES)


def scan_row(scan: Scan) -> Row:
    """One row of table `scan`."""
    return {
        "id": scan.id,
        "site": scan.site,
        "vantage": scan.vantage,
        "started": stamp(scan.started),
        "finished": stamp(scan.finished) if scan.finished else None,
        "status": scan.status,
        "depth": scan.depth,
        "profile": scan.profile,
        "interface": scan.interface,
        "source_address": scan.source_address,
        "rules_version": scan.rules_version,
        "targets": compact(list(scan.targets)),
        "excluded": compact(list(scan.excluded)),
        "plan": compact(dict(scan.plan)),
        "summary": compact(dict(scan.summary)),
    }


def scan_value(row: Mapping[str, object]) -> Scan:
    """The scan of a row."""
    text = {name: str(value or "") for name, value in row.items()}
    return Scan(
        id=text["id"],
        site=text["site"],
        vantage=text["vantage"],
        started=moment(text["started"]),
        finished=moment(text["finished"]) if text["finished"] else None,
        targets=tuple(expand(text["targets"])),
        excluded=tuple(expand(text["excluded"])),
        depth=text["depth"],
        profile=text["profile"],
        interface=text["interface"],
        source_address=text["source_address"],
        status=text["status"],
        plan=expand(text["plan"]),
        summary=expand(text["summary"]),
        rules_version=text["rules_version"],
    )


def declaration_row(declaration: Declaration, now: datetime) -> Row:
    """One row of table `declaration`."""
    subject = storable(declaration.subject)
    safe = {storable(k): storable(v) for k, v in declaration.fields.items()}
    tidy = declaration
    if (subject, safe) != (declaration.subject, declaration.fields):
        tidy = replace(declaration, subject=subject, fields=safe)
    return {
        "id": tidy.id,
        "site": tidy.site,
        "kind": tidy.kind.value,
        "subject": tidy.subject,
        "fields": compact(dict(tidy.fields)),
        "author": storable(tidy.author),
        "document": storable(tidy.document),
        "time": stamp(tidy.time or now),
    }


def declaration_value(row: Mapping[str, object]) -> Declaration:
    """The declaration of a row."""
    return Declaration(
        site=str(row["site"]),
        kind=Kind(str(row["kind"])),
        subject=str(row["subject"]),
        fields=expand(str(row["fields"])),
        author=str(row["author"]),
        document=str(row["document"]),
        time=moment(str(row["time"])),
    )
