"""Reads a concluded inventory into the values of the report.

One rule keeps it simple: it reads through the store's own functions, counts, and cuts at stated
limits; every cut says how many were left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from inventory.assemble import context_of, machines, units
from inventory.conclude import rules_digest
from inventory.connectable import connectable
from inventory.connection import logins
from inventory.fixes import Fix, plan_fixes
from inventory.judge.presence import Machine
from inventory.judge.survey import YES
from inventory.judge.weigh import frees_nothing
from inventory.model import Device, Equipment, Finding, Kind, OpenQuestion, Remedy, Scan, Severity
from inventory.outputs.records import time
from inventory.outputs.report import page
from inventory.outputs.report.evidence import Proofs
from inventory.outputs.report.page import Page, Share
from inventory.outputs.report.sitemap import level_text, networks, site_map, state_of
from inventory.outputs.report.use import cases, matrices
from inventory.outputs.report.words import spoken
from inventory.rollup import USABLE, USEFUL, reached, roll_up
from inventory.rules.catalogue import catalogue

if TYPE_CHECKING:
    from inventory.store import Store
    from inventory.store.reading import Asset

SHOWN = frozenset("TAUQG")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the page holds; beyond it, counts stand in for rows."""

    assets: int = 3_000  # more are aggregated per network
    gaps: int = 5_000
    big_gaps: int = 1_000  # the same of a site whose assets are aggregated
    full: int = 1_000  # gaps up to which each is shown in full
    first: int = 200  # how many are shown in full where there are more
    questions: int = 1_000
    fixes: int = 5
    names: int = 6
    rows: int = 150  # machines of one class in the signal table
    changes: int = 500
    compared: int = 3_000  # assets up to which the page says itself what changed


LIMITS = Limits()


def gather(store: Store, now: datetime | None = None, limits: Limits = LIMITS) -> Page:
    """The values of the report of one site; the store must be concluded."""
    now = now or datetime.now(UTC)
    assets = [_light(one) for one in store.assets()]
    big = len(assets) > limits.assets
    told = limits.big_gaps if big else limits.gaps
    ranked = list(_ranked(store, told))
    live = [one for one in ranked if one.severity is not Severity.INFO and not one.waived]
    counted = Counter(one.asset for one in live)
    everything = list(units(store))
    line: Mapping[str, object] = next(
        (one for one in roll_up(everything) if one["scope"] == "site"), {}
    )
    things = list(machines(store, context_of(store, now)))
    rated = [one for one in everything if one.criticality == "C3"]
    data = [one for one in live if not frees_nothing(one)]
    rest = [one for one in live if frees_nothing(one)]
    whole = ranked if len(ranked) <= limits.full else ranked[: limits.first]
    groups = tuple(_groups(ranked[len(whole) : told]))
    scans = store.scans()
    changes, note = _changes(store, scans, len(assets), limits)
    watched = _watched(things)
    fixes = _fixes(data, watched, limits)
    questions = list(store.questions())
    declarations = store.declarations(None, Kind.ZONE, Kind.VANTAGE)
    return Page(
        site=store.site,
        made=time(now) or "",
        critical=Share(*reached(rated or everything, USEFUL)),
        critical_named=bool(rated),
        everything=Share(*reached(everything, USEFUL)),
        index=_pair(line.get("index")),
        level4=Share(*reached(everything, USABLE)),
        connectable=_connectable(store),
        dark=_dark(assets, things, fixes),
        coverage=_coverage(assets),
        machines_covered=sum(one.coverage is not None for one in assets),
        unrated=_number(line.get("unrated")),
        fixes=tuple(todo for todo, _ in fixes),
        paperwork=tuple(todo for todo, _ in _fixes(rest, {}, limits)),
        nets=site_map(assets, networks(declarations), counted, whole=not big),
        gaps=tuple(_gaps(store, whole)),
        groups=groups,
        gap_count=len(ranked),
        gaps_shown=len(whole) + sum(one.count for one in groups),
        by_rule=_by_rule(ranked),
        questions=_asked(questions, limits),
        question_count=len(questions),
        matrices=tuple(matrices(things, limits.rows if not big else 0)),
        cases=tuple(cases(things)),
        honest=_honest(store, scans, assets),
        harm=_harm(scans),
        changes=changes,
        changes_note=note,
        assets=() if big else tuple(_rows(assets, counted)),
        asset_count=len(assets),
        aggregated=big,
        about=_about(scans),
        severities=Counter(one.severity.value for one in live),
        names=_names(assets),
    )


def _light(one: Asset) -> Asset:
    """An asset without what the page does not show: of ten thousand, facts are most."""
    thing = one.thing
    if isinstance(thing, Equipment):
        return one
    return replace(one, thing=replace(thing, facts=(), services=(), aliases=(), merges=()))


def _ranked(store: Store, told: int) -> Iterator[Finding]:
    """Findings in the order of `untrap gaps`; beyond those that are told, without premises."""
    alike: dict[tuple[Remedy, ...], tuple[Remedy, ...]] = {}
    for place, one in enumerate(store.ranked(sorted(SHOWN), everything=True)):
        if place < told:
            yield one
        else:
            yield replace(one, because=(), remedies=alike.setdefault(one.remedies, one.remedies))


def _connectable(store: Store) -> Share:
    """Devices for which a connector can be written today; a count, so nothing in it is unknown."""
    known = logins(store.declarations(None, Kind.CREDENTIAL))
    found = connectable(store.evidences(), known)
    return Share(found.ready, found.ready, found.assets)


def _dark(
    assets: Iterable[Asset], things: Iterable[Machine], fixes: Sequence[tuple[page.Todo, set[str]]]
) -> tuple[tuple[str, int], ...]:
    """Critical ones that give nothing, with the number of the first fix that is about them or a
    device that monitors them; such a device is named by its machine."""
    devices = {one.equipment.key: {link.device for link in one.links} for one in things}
    linked = set().union(*devices.values()) if devices else set()
    names: dict[str, int] = {}
    for one in assets:
        key = one.thing.key
        if _criticality(one) != "C3" or key in linked:
            continue
        if state_of(one.level, one.category) == page.NO:
            own = devices.get(key, set()) | {key}
            number = next((n for n, (_, freed) in enumerate(fixes, 1) if own & freed), 0)
            names.setdefault(name_of(one), number)
    return tuple(names.items())[:12]


def _names(assets: Sequence[Asset]) -> dict[str, str]:
    """What the machines are called beside their tags; no tag that a device has for a name."""
    devices = {one.thing.name for one in assets if isinstance(one.thing, Device)}
    return {
        one.thing.tag: one.thing.name
        for one in assets
        if isinstance(one.thing, Equipment)
        and one.thing.name not in ("", one.thing.tag)
        and one.thing.tag not in devices
    }


def _watched(things: Iterable[Machine]) -> dict[str, list[tuple[str, bool]]]:
    """Machines by the key of each device that monitors them: tag, and whether rated critical."""
    found: dict[str, list[tuple[str, bool]]] = {}
    for one in things:
        named = (one.equipment.tag or one.equipment.name, one.equipment.criticality == "C3")
        for key in dict.fromkeys(link.device for link in one.links):
            found.setdefault(key, []).append(named)
    return found


def name_of(one: Asset) -> str:
    """What people call an asset; a machine by its tag."""
    thing = one.thing
    if isinstance(thing, Equipment):
        return thing.tag or thing.name or thing.key[:8]
    where = thing.part or " ".join(thing.addresses[:1])
    return thing.name or thing.product or where or thing.key[:8]


def _criticality(one: Asset) -> str:
    thing = one.thing
    if isinstance(thing, Equipment):
        return thing.criticality
    return thing.register.criticality if thing.register else ""


def _coverage(assets: Iterable[Asset]) -> tuple[float, float] | None:
    known = [one.coverage for one in assets if one.coverage is not None]
    if not known:
        return None
    return (sum(c.lo for c in known) / len(known), sum(c.hi for c in known) / len(known))


def _pair(value: object) -> tuple[float, float]:
    if isinstance(value, Mapping):
        return (_number(value.get("lo")), _number(value.get("hi")))
    return (0.0, 1.0)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _fixes(
    findings: Sequence[Finding], watched: Mapping[str, Sequence[tuple[str, bool]]], limits: Limits
) -> list[tuple[page.Todo, set[str]]]:
    """The fixes that pay most, each with the keys of the assets that it is about."""
    known = {one.id: one for one in findings}
    return [
        (_todo(one, gaps, watched, limits), {gap.asset for gap in gaps})
        for one in plan_fixes(findings)[: limits.fixes]
        if (gaps := [known[gap] for gap in one.gaps])
    ]


def _todo(
    fix: Fix,
    gaps: Sequence[Finding],
    watched: Mapping[str, Sequence[tuple[str, bool]]],
    limits: Limits,
) -> page.Todo:
    machines = dict.fromkeys(one for gap in gaps for one in watched.get(gap.asset, ()))
    subjects = {spoken(gap.subject) for gap in gaps}
    return page.Todo(
        fix.text,
        fix.effort.value,
        fix.needs_outage,
        len(gaps),
        fix.assets[: limits.names],
        max(len(fix.assets) - limits.names, 0),
        tuple(dict.fromkeys(gap.label for gap in gaps))[:2],
        fix.value,
        subjects.pop() if len(subjects) == 1 else "",
        tuple(sorted(machines, key=lambda one: not one[1])[: limits.names]),
    )


def _gaps(store: Store, findings: Sequence[Finding]) -> Iterator[page.Gap]:
    proofs = Proofs.read(store, findings)
    for one in findings:
        fix = one.remedies[0] if one.remedies else None
        yield page.Gap(
            one.id, one.rule, one.category.value, one.label, one.asset_name, one.asset,
            spoken(one.subject), one.severity.value, one.confidence.value, one.value,
            fix.text if fix else "", fix.effort.value if fix else "",
            bool(fix and fix.needs_outage),
            tuple((other.effort.value, other.text) for other in one.remedies[1:]),
            tuple(proofs.premise(item) for item in one.because),
            one.waived, frees_nothing(one),
        )  # fmt: skip


def _groups(findings: Iterable[Finding]) -> Iterator[page.Group]:
    """Gaps of one kind with one fix, in the order of their most valuable one."""
    kinds: dict[tuple[object, ...], list[Finding]] = {}
    for one in findings:
        fix = one.remedies[0] if one.remedies else None
        kinds.setdefault((one.rule, one.label, one.severity, fix and fix.text), []).append(one)
    for several in kinds.values():
        first = several[0]
        fix = first.remedies[0] if first.remedies else None
        common = set.intersection(*({item.text for item in one.because} for one in several))
        yield page.Group(
            first.rule,
            first.category.value,
            first.label,
            first.severity.value,
            fix.text if fix else "",
            fix.effort.value if fix else "",
            bool(fix and fix.needs_outage),
            tuple(item.text for item in first.because if item.text in common),
            tuple((one.asset_name, spoken(one.subject), _own(one, common)) for one in several),
            len(several),
        )


def _own(one: Finding, common: set[str]) -> str:
    text = "; ".join(item.text for item in one.because if item.text not in common)
    return text if len(text) <= 160 else text[:159] + "…"


def _by_rule(findings: Iterable[Finding]) -> tuple[tuple[str, str, str, int, str], ...]:
    """How often each rule speaks; its label without what a case adds in brackets."""
    rules = catalogue()
    found = Counter((one.rule, one.category.value) for one in findings)
    return tuple(
        (rule, rules[rule].label, category, count, rules[rule].meaning)
        for (rule, category), count in found.most_common()
    )


def _asked(questions: Iterable[OpenQuestion], limits: Limits) -> tuple[page.Asked, ...]:
    """Questions with the same answer to give, once, with the assets that wait for it."""
    groups: dict[tuple[str, str, str], list[OpenQuestion]] = {}
    for one in questions:
        missing = _impersonal(one.missing, one.asset_name)
        groups.setdefault((one.rule, missing, one.next_step), []).append(one)
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(
        page.Asked(
            rule,
            missing,
            step,
            several[0].command,
            tuple(dict.fromkeys(one.asset_name for one in several))[: limits.names],
            len(several),
        )
        for (rule, missing, step), several in ranked[: limits.questions]
    )


def _impersonal(text: str, name: str) -> str:
    """The text without the asset's own name, so that equal questions are asked once."""
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "it", text) if len(name) > 2 else text


def _honest(store: Store, scans: Sequence[Scan], assets: Sequence[Asset]) -> page.Honest:
    last = _last_scan(scans)
    summary = last.summary if last else {}
    reasons: Counter[str] = Counter()
    for (outcome, reason), count in store.tally(last.id if last else "").items():
        if outcome == "not_asked":
            reasons[reason or "unstated"] += count
    stopped = summary.get("stopped")
    unseen = [
        (name_of(one), " ".join(one.thing.addresses[:1]))
        for one in assets
        if isinstance(one.thing, Device) and not one.thing.seen
    ]
    places = store.declarations(None, Kind.VANTAGE)
    collection = any(one.fields.get("collection", "").casefold() in YES for one in places)
    return page.Honest(
        int(_number(summary.get("hosts"))),
        int(_number(summary.get("answered"))),
        int(_number(summary.get("unasked_hosts"))),
        store.lifeless(),
        tuple(reasons.most_common()),
        last.excluded if last else (),
        tuple((str(i["host"]), str(i["reason"])) for i in stopped)
        if isinstance(stopped, list)
        else (),
        tuple(unseen),
        not collection,
    )


def _last_scan(scans: Sequence[Scan]) -> Scan | None:
    """The last scan that sent something; imports have no summary."""
    return next((one for one in reversed(scans) if one.summary), None)


def _harm(scans: Sequence[Scan]) -> page.Harm | None:
    last = _last_scan(scans)
    if last is None:
        return None
    summary = last.summary
    return page.Harm(
        last.id,
        time(last.started) or "",
        {name: _map(one) for name, one in _map(summary.get("planned")).items()},
        _map(summary.get("sent")),
        tuple((name, int(_number(n))) for name, n in _map(summary.get("outcomes")).items()),
        tuple((name, int(_number(n))) for name, n in _map(summary.get("functions")).items()),
        _map(summary.get("harm")),
        int(_number(summary.get("retries"))),
    )


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _changes(
    store: Store, scans: Sequence[Scan], assets: int, limits: Limits
) -> tuple[tuple[page.Change, ...] | None, str]:
    """What changed since the scan before, unless there is none or the site is too large."""
    if len(scans) < 2:
        return None, "first"
    if assets > limits.compared:
        return None, "large"
    from inventory.diff import between

    found = between(store, scans[-2].id, scans[-1].id)
    several = tuple(page.Change(one.kind.value, one.name, one.text) for one in found)
    note = str(len(several) - limits.changes) if len(several) > limits.changes else ""
    return several[: limits.changes], note


def _rows(assets: Iterable[Asset], gaps: Mapping[str, int]) -> Iterator[page.Asset]:
    named = list(assets)
    names = {one.thing.key: name_of(one) for one in named}
    for one in named:
        thing = one.thing
        if isinstance(thing, Equipment):
            what, parent = (
                thing.cls,
                ", ".join(names.get(link.device, link.device) for link in thing.links[:3]),
            )
            where, kind = " / ".join(text for text in (thing.area, thing.line) if text), "machine"
        else:
            what = " ".join(t for t in (thing.vendor, thing.model or thing.product) if t)
            where = " ".join([*thing.addresses[:2], thing.part]).strip()
            parent, kind = names.get(thing.parent, ""), "unit" if thing.part else "device"
        yield page.Asset(
            thing.key, name_of(one), kind, what, where, parent, level_text(one.level),
            state_of(one.level, one.category), one.category, _criticality(one),
            gaps.get(thing.key, 0),
        )  # fmt: skip


def _about(scans: Sequence[Scan]) -> page.About:
    rows = tuple(
        (
            one.id,
            time(one.started) or "",
            one.status,
            one.vantage,
            f"{len(one.targets)}" if len(one.targets) > 3 else " ".join(one.targets),
        )
        for one in scans[-10:]
    )
    return page.About(version("untrap"), rules_digest(), rows)
