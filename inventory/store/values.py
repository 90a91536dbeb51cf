"""Derived values to rows and back: devices, equipment, findings, questions.

One rule keeps it simple: the column `value` (or `body`) holds the whole value as JSON; the other
columns repeat what SQL users filter by.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from inventory.model import (
    Because,
    Category,
    Confidence,
    Coverage,
    Device,
    Effort,
    Equipment,
    Finding,
    Level,
    Link,
    Merge,
    Need,
    OpenQuestion,
    RegisterRow,
    Remedy,
    Service,
    Severity,
    Truth,
    Verdict,
    Way,
)
from inventory.once import Once
from inventory.quick import quick
from inventory.store.codec import Row, moment, stamp
from inventory.store.filling import Rows
from inventory.text import storable
from protocols.contract import Fact, Openness, Outcome, compact, expand


def _flat(value: object) -> tuple[object, ...]:
    return _getter(value.__class__)(value)  # type: ignore[arg-type]


@cache
def _getter(kind: Hashable) -> Callable[[object], tuple[object, ...]]:
    return attrgetter(*(field.name for field in fields(kind)))  # type: ignore[arg-type]


def _time(value: datetime | None) -> str | None:
    return stamp(value) if value else None


_link = attrgetter(
    *("equipment", "device", "part", "signal", "complete", "proposed", "resolved", "declaration")
)
_fact = attrgetter("name", "value", "source", "part")
_service = attrgetter(
    *("protocol", "transport", "port", "outcome", "address", "reason", "security"),
    *("openness", "part"),
)


_NO_ROW = RegisterRow()


def device_row(one: Device, rank: int) -> Row:
    """One row of table `assets`."""
    register = one.register or _NO_ROW
    value = {
        "facts": [_fact(f) for f in one.facts],
        "services": [_service(s) for s in one.services],
        "merges": [_flat(m) for m in one.merges],
        "register": _flat(one.register) if one.register else None,
    }
    return {
        "key": one.key,
        "site": one.site,
        "kind": "device",
        "tag": storable(register.tag),
        "name": storable(one.name),
        "role": storable(one.role),
        "class": storable(register.cls),
        "vendor": storable(one.vendor),
        "product": storable(one.product),
        "model": storable(one.model),
        "firmware": storable(one.firmware),
        "hardware": storable(one.hardware),
        "serial": storable(one.serial),
        "mac": storable(one.mac),
        "addresses": compact(one.addresses),
        "aliases": compact(one.aliases) if one.aliases else "[]",
        "parent": one.parent,
        "part": one.part,
        "area": register.area,
        "line": register.line,
        "criticality": register.criticality,
        "redundancy": register.redundancy,
        "owner": register.owner,
        "first_seen": _time(one.first_seen),
        "last_seen": _time(one.last_seen),
        "seen": int(one.seen),
        "planned": "yes" if one.register else "",
        "points": one.points,
        "readable": one.readable,
        "rank": rank,
        "value": compact(value),
    }


def equipment_row(one: Equipment, rank: int) -> Row:
    """One row of table `assets`."""
    value = {
        "links": [(*_link(link), _time(link.stated)) for link in one.links],
        "links_complete": one.links_complete,
        "register": _flat(one.register) if one.register else None,
    }
    blank = "role vendor product model firmware hardware serial mac parent part".split()  # noqa: SIM905 - a list of words
    return {
        "key": one.key,
        "site": one.site,
        "kind": "equipment",
        "tag": storable(one.tag),
        "name": storable(one.name),
        "class": storable(one.cls),
        **dict.fromkeys(blank, ""),
        "addresses": "[]",
        "aliases": "[]",
        "area": one.area,
        "line": one.line,
        "criticality": one.criticality,
        "redundancy": one.redundancy,
        "owner": one.owner,
        "first_seen": None,
        "last_seen": None,
        "seen": 0,
        "planned": "yes" if one.register else "",
        "points": 0,
        "readable": 0,
        "rank": rank,
        "value": compact(value),
    }


def service_rows(one: Device) -> list[Row]:
    """Rows of table `services`."""
    return [
        {
            "asset": one.key,
            "site": one.site,
            "address": s.address,
            "protocol": s.protocol,
            "transport": s.transport,
            "port": s.port,
            "part": s.part,
            "outcome": s.outcome.value,
            "reason": s.reason,
            "security": compact(s.security),
            "openness": s.openness.value if s.openness else "",
        }
        for s in one.services
    ]


_new_device, _new_service, _new_fact = quick(Device), quick(Service), quick(Fact)

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
_OPENNESS = {one.value: one for one in Openness}


_TEXTS = (
    *("key", "site", "name", "role", "vendor", "product", "model", "firmware", "hardware"),
    *("serial", "mac"),
)
"""Columns that hold the first fields of a device as they are."""

DEVICE = (
    *_TEXTS,
    *("parent", "part"),
    *("addresses", "aliases", "first_seen", "last_seen", "points", "readable", "seen", "value"),
)
"""Columns in the order that `device_of` takes them."""


def device(row: Mapping[str, object]) -> Device:
    """The device of a row."""
    return device_of([row[name] for name in DEVICE])


def device_of(row: Sequence[object]) -> Device:
    """The device of a row that holds the columns `DEVICE` in order, first of all."""
    (
        key, site, name, role, vendor, product, model, firmware, hardware, serial, mac, parent,
        part, addresses, aliases, first, last, points, readable, seen, kept,
    ) = row[: len(DEVICE)]  # fmt: skip
    value = expand(str(kept))
    register, merges = value["register"], value["merges"]
    return _new_device(
        *(key, site, name, role, vendor, product, model, firmware, hardware, serial, mac),
        tuple(expand(str(addresses))),
        () if aliases == "[]" else tuple(expand(str(aliases))),
        parent,
        part,
        tuple(
            [
                _new_service(p, t, n, _OUTCOMES[o], a, r, tuple(s), _OPENNESS[x] if x else None, w)
                for p, t, n, o, a, r, s, x, w in value["services"]
            ]
        ),
        tuple([_new_fact(*fact) for fact in value["facts"]]),
        RegisterRow(*register) if register else None,
        tuple([Merge(*merge) for merge in merges]) if merges else (),
        moment(str(first)) if first else None,
        moment(str(last)) if last else None,
        points,
        readable,
        bool(seen),
    )


SURVEYED = (*_TEXTS, "parent", "part", "value")
"""Columns in the order that `surveyed_device` takes them."""

_TELLING = ('"application_uri"', '"engine_id"', '"clock_skew_seconds"')
"""Facts that a survey looks at, as they stand in the column `value`."""


_OWN = ((_TEXTS.index("serial"), '["serial",'), (_TEXTS.index("mac"), '["mac",'))
"""Columns of identities, and how a fact that states one stands in the column `value`: without it
a person states it, or the register."""

_UNREGISTERED = '"register":null}'
"""How the column `value` ends for a device without a register row."""


def surveyed_device(row: Sequence[object]) -> Device:
    """The part of a device that a survey of the site needs: what tells it apart. The row holds the
    columns `SURVEYED` in order, first of all."""
    parent, part, value = row[len(_TEXTS)], row[len(_TEXTS) + 1], str(row[len(_TEXTS) + 2])
    facts: tuple[Fact, ...] = ()
    listed = not value.endswith(_UNREGISTERED)
    rows_word = listed and any(row[at] and name not in value for at, name in _OWN)
    if rows_word or any(name in value for name in _TELLING):
        facts = tuple([_new_fact(*fact) for fact in expand(value)["facts"]])  # texts only
    register = RegisterRow(*expand(value)["register"]) if rows_word or (listed and parent) else None
    return _new_device(
        *row[: len(_TEXTS)], parent=parent, part=part, facts=facts, register=register
    )


def equipment(row: Mapping[str, object]) -> Equipment:
    """The equipment of a row."""
    value = expand(str(row["value"]))
    return Equipment(
        key=str(row["key"]),
        site=str(row["site"]),
        tag=str(row["tag"]),
        name=str(row["name"]),
        cls=str(row["class"]),
        area=str(row["area"]),
        line=str(row["line"]),
        criticality=str(row["criticality"]),
        redundancy=str(row["redundancy"]),
        owner=str(row["owner"]),
        links=tuple(_stated_link(*link) for link in value["links"]),
        links_complete=bool(value["links_complete"]),
        register=RegisterRow(*value["register"]) if value["register"] else None,
    )


def _stated_link(*kept: Any) -> Link:
    """A link of its kept values; one of an earlier version tells neither who stated it nor when."""
    *words, stated = kept if len(kept) == len(fields(Link)) else (*kept, None)
    return replace(Link(*words), stated=moment(stated) if stated else None)


class Concluded(NamedTuple):
    """What is concluded about some assets, as rows: short to send from process to process."""

    levels: Rows
    gaps: Rows
    questions: Rows
    meanings: Rows
    conflicts: Rows
    standing: Rows
    counts: Rows  # of points, where some that were listed are gone


LEVELS = (
    *("level_lo", "level_hi", "blocking", "coverage_lo", "coverage_hi", "coverage", "category"),
    *("judged", "stale", "read_at", "variant", "required"),
)
GAPS = (
    *("id", "site", "asset", "asset_name", "rule", "version", "category", "label", "subject"),
    *("severity", "confidence", "value", "unlocks", "waived", "body"),
)
MEANINGS = ("asset", "site", "body")
CONFLICTS = ("asset", "site", "observation", "text")
STANDING = ("asset", "kin", "listing", "identities", "networks", "named", "clocks", "until")


class Gathered:
    """Grows by one verdict at a time."""

    def __init__(self, site: str) -> None:
        self.site = site
        self._levels: list[tuple[object, ...]] = []
        self._gaps: list[tuple[object, ...]] = []
        self._questions: list[tuple[object, ...]] = []
        self._meanings: list[tuple[object, ...]] = []
        self._conflicts: list[tuple[object, ...]] = []
        self._standing: list[tuple[object, ...]] = []
        self._counts: list[tuple[object, ...]] = []

    def add(
        self,
        verdict: Verdict,
        meaning: str = "",
        standing: tuple[object, ...] = (),
        counts: tuple[int, int] | None = None,
    ) -> None:
        """Counts one verdict in, what the points of its asset were taken for (JSON), and its
        standing (the columns `STANDING`); `counts`: how many points it lists and reads, where some
        that it listed are gone."""
        if counts is not None:
            self._counts.append((*counts, verdict.asset))
        self._levels.append(_level(verdict))
        self._gaps += [_gap(one) for one in verdict.findings]
        self._questions += [_question(one) for one in verdict.questions]
        self._conflicts += [
            (verdict.asset, self.site, one.observation, one.text) for one in verdict.conflicts
        ]
        if meaning:
            self._meanings.append((verdict.asset, self.site, meaning))
        if standing:
            self._standing.append((*standing, self.site))

    def concluded(self) -> Concluded:
        """All that was counted in."""
        return Concluded(
            Rows((*LEVELS, "key"), self._levels),
            Rows(GAPS, self._gaps),
            Rows(_QUESTION, self._questions),
            Rows(MEANINGS, self._meanings),
            Rows(CONFLICTS, self._conflicts),
            Rows((*STANDING, "site"), self._standing),
            Rows(("points", "readable", "key"), self._counts),
        )


def concluded(verdict: Verdict, site: str) -> Concluded:
    """One verdict as rows."""
    gathered = Gathered(site)
    gathered.add(verdict)
    return gathered.concluded()


def _level(verdict: Verdict) -> tuple[object, ...]:
    """What a verdict adds to its row of table `assets` (the columns `LEVELS`), and the key of that
    row at the end."""
    coverage = verdict.coverage
    return (
        verdict.level.lo,
        verdict.level.hi,
        _blocking(verdict.level.blocking),
        coverage.lo if coverage else None,
        coverage.hi if coverage else None,
        compact([coverage.unseen, coverage.best_next]) if coverage else "",
        verdict.category,
        verdict.ages.judged,
        verdict.ages.stale,
        _time(verdict.ages.read),
        storable(verdict.variant),
        compact([_storable_need(one) for one in verdict.needs]) if verdict.needs else "",
        verdict.asset,
    )


def _storable_need(one: Need) -> tuple[object, ...]:
    return (one.signal, int(one.truth), one.way.value, one.device, one.part, one.address)


def needs(text: str) -> tuple[Need, ...]:
    """What `_storable_need` wrote of a machine, in the column `required`."""
    return tuple(
        [Need(name, Truth(truth), Way(way), *where) for name, truth, way, *where in expand(text)]
        if text
        else ()
    )


_blocking = lru_cache(maxsize=1_024)(compact)
"""Thousands of levels are blocked by the same."""


def level(row: Mapping[str, object]) -> Level:
    """The level of a row of table `assets`; not assessed when nothing was concluded."""
    return level_of_columns(row["level_lo"], row["level_hi"], row["blocking"])


def level_of_columns(low: object, high: object, blocking: object) -> Level:
    """The level that three columns of table `assets` hold."""
    return Level(
        None if low is None else int(str(low)),
        None if high is None else int(str(high)),
        tuple(expand(str(blocking))) if blocking and blocking != "[]" else (),
    )


def coverage(row: Mapping[str, object]) -> Coverage | None:
    """The coverage of a row of table `assets`, when there is one."""
    if row["coverage_lo"] is None:
        return None
    unseen, best_next = expand(str(row["coverage"] or '[[],""]'))
    low, high = float(str(row["coverage_lo"])), float(str(row["coverage_hi"]))
    return Coverage(low, high, tuple(unseen), best_next)


def _gap(one: Finding) -> tuple[object, ...]:
    """The columns `GAPS` of one finding. What the column `body` holds is an object: `because`,
    `remedies`, and `assumed`, whether the criticality is."""
    because = compact([_because(item) for item in one.because])
    assumed = "true" if one.criticality_assumed else "false"
    return (
        one.id,
        one.site,
        one.asset,
        storable(one.asset_name),
        one.rule,
        one.version,
        one.category.value,
        one.label,
        storable(one.subject),
        one.severity.value,
        one.confidence.value,
        one.value,
        one.unlocks,
        storable(one.waived),
        f'{{"because":{because},"remedies":{_remedies(one.remedies)},"assumed":{assumed}}}',
    )


_because = attrgetter(*(field.name for field in fields(Because)))


def _texts_of(several: tuple[Remedy, ...]) -> str:
    return compact([_flat(item) for item in several])


_remedies = Once(_texts_of, most=4_096)
"""Most findings of one rule offer the very same remedies."""


_new_because, _new_finding = quick(Because), quick(Finding)
_CATEGORIES = {one.value: one for one in Category}
_SEVERITIES = {one.value: one for one in Severity}
_CONFIDENCES = {one.value: one for one in Confidence}


def finding(row: Mapping[str, object]) -> Finding:
    """The finding of a row."""
    body = expand(str(row["body"]))
    return _new_finding(
        rule=str(row["rule"]),
        version=int(str(row["version"])),
        category=_CATEGORIES[str(row["category"])],
        label=str(row["label"]),
        asset=str(row["asset"]),
        asset_name=str(row["asset_name"]),
        site=str(row["site"]),
        subject=str(row["subject"]),
        severity=_SEVERITIES[str(row["severity"])],
        confidence=_CONFIDENCES[str(row["confidence"])],
        value=float(str(row["value"])),
        because=tuple([_new_because(*item) for item in body["because"]]),
        remedies=tuple(_remedy(*item) for item in body["remedies"]),
        unlocks=int(str(row["unlocks"])),
        criticality_assumed=bool(body["assumed"]),
        waived=str(row["waived"]),
    )


@lru_cache(maxsize=4096)
def _remedy(text: str, effort: str, outage: bool, cause: str) -> Remedy:
    """One value for all findings that say the same."""
    return Remedy(text, Effort(effort), outage, cause)


_QUESTION = ("rule", "asset", "asset_name", "site", "subject", "missing", "next_step", "command")


def _question(one: OpenQuestion) -> tuple[object, ...]:
    """The columns `_QUESTION` of one question."""
    return tuple([storable(text) for text in _asked(one)])


_asked = attrgetter(*_QUESTION)


def question(row: Mapping[str, object]) -> OpenQuestion:
    """The question of a row."""
    return OpenQuestion(*(str(row[name]) for name in _QUESTION))
