"""What changed between two scans of a site, by stable identity.

One rule keeps it simple: both sides are derived and judged by today's rules from the records up to
their scan, so a difference is one of the plant or of what was said of it, never of the program.
What was not asked again is `unknown`, never gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from inventory.derive.assets import derive
from inventory.derive.declared import in_force
from inventory.derive.nodes import END
from inventory.heard import UNASKED, Heard, absence, heard, presence
from inventory.judge.conflicts import lost_names
from inventory.judge.evidence import assemble
from inventory.judge.openness import protocols
from inventory.judge.site import judge_site
from inventory.model import (
    Declaration,
    Device,
    Equipment,
    Evidence,
    Finding,
    Gone,
    Kind,
    OpenQuestion,
    Scan,
    Severity,
)
from protocols.contract import SPOKE, Observation, Outcome

if TYPE_CHECKING:
    from inventory.derive.assets import Inventory
    from inventory.store import Store

SHOWN = frozenset("TAUQG")
FIELDS = ("firmware", "hardware", "serial", "product", "model")
"""Identity fields whose change is told; a change of `firmware` has a kind of its own."""


class Change(StrEnum):
    """What may have happened."""

    APPEARED = "appeared"
    VANISHED = "vanished"
    UNKNOWN = "unknown"  # it was there, and was not asked again
    MOVED = "moved"
    FIRMWARE = "firmware"
    CHANGED = "changed"
    SERVICE_OPENED = "service_opened"
    SERVICE_CLOSED = "service_closed"
    GAP_OPENED = "gap_opened"
    GAP_CLOSED = "gap_closed"
    GAP_UNKNOWN = "gap_unknown"  # it was TRUE, and can no longer be decided


ORDER = tuple(Change)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changed. `before` and `after` are the two values where there are any."""

    kind: Change
    asset: str  # key
    name: str
    text: str
    before: str = ""
    after: str = ""
    gap: str = ""
    severity: str = ""

    def line(self) -> dict[str, object]:
        """The JSON object of `diff --json`."""
        return {
            "kind": self.kind.value,
            "asset": self.asset,
            "asset_name": self.name,
            "text": self.text,
            "before": self.before,
            "after": self.after,
            "gap": self.gap or None,
            "severity": self.severity or None,
        }


@dataclass(frozen=True, slots=True)
class State:
    """A site as it was known after some scan."""

    devices: Mapping[str, Device]
    equipment: Mapping[str, Equipment]
    heard: Mapping[str, Heard]
    findings: Mapping[str, Finding]
    questions: Mapping[tuple[str, str, str], OpenQuestion]
    stated: Mapping[str, Declaration] = field(default_factory=dict)  # by id
    asked: frozenset[str] = frozenset()  # addresses that were ever asked
    gone: Mapping[str, tuple[Gone, ...]] = field(default_factory=dict)
    """By device the points that it listed once and lists no more."""


def between(store: Store, earlier: str, later: str) -> list[Difference]:
    """What changed from the end of one scan to the end of another.

    Raises ValueError when a scan is not one of the site, or the two are not in this order.
    """
    scans = store.scans()
    places = {one.id: place for place, one in enumerate(scans)}
    if earlier not in places or later not in places:
        raise ValueError("no such scan; `untrap scans` lists them")
    first, last = places[earlier], places[later]
    if first >= last:
        raise ValueError("the earlier scan comes first: untrap diff EARLIER LATER")
    observations, declarations = list(store.observations()), list(store.ever_stated())
    before = set(_ids(scans[: first + 1]))
    upto = set(_ids(scans[: last + 1]))
    known = {one.id for one in scans}
    end_a, end_b = _end(scans[first]), _end(scans[last])
    old = [one for one in observations if _within(one, before, known, end_a)]
    new = [one for one in observations if _within(one, upto, known, end_b)]
    return compare(
        state(store.site, old, _until(declarations, end_a), end_a),
        state(store.site, new, _until(declarations, end_b), end_b, since=old),
    )


def _ids(scans: Sequence[Scan]) -> Iterator[str]:
    return (one.id for one in scans)


def _end(scan: Scan) -> datetime:
    return scan.finished or datetime.now(UTC)


def _within(one: Observation, scans: set[str], known: set[str], end: datetime) -> bool:
    """An observation of a named scan, or one without a scan record that is old enough."""
    return one.scan in scans or (one.scan not in known and one.time <= end)


def _until(declarations: Iterable[Declaration], end: datetime) -> list[Declaration]:
    """What had been said by then. Keys and merges are identity and hold for both sides."""
    always = (Kind.KEY, Kind.MERGE, Kind.SPLIT)
    return [d for d in declarations if d.kind in always or d.time is None or d.time <= end]


def state(
    site: str,
    observations: Sequence[Observation],
    declarations: Sequence[Declaration],
    today: datetime,
    *,
    since: Sequence[Observation] = (),
) -> State:
    """A site derived and judged from records; `heard` leaves out what is in `since`."""
    openness = {name: one.openness for name, one in protocols().items()}
    holding = in_force(declarations)
    inventory = derive(site, observations, holding, openness)
    evidences = _evidences(inventory, observations)
    stated = [one for one in holding if one.kind is not Kind.KEY]
    findings: dict[str, Finding] = {}
    questions: dict[tuple[str, str, str], OpenQuestion] = {}
    for verdict in judge_site(lambda: evidences, inventory.equipment, stated, today, site):
        for one in verdict.findings:
            if one.rule[0] in SHOWN and one.severity is not Severity.INFO:
                findings[one.id] = one
        for asked in verdict.questions:
            questions[asked.rule, asked.asset, asked.subject] = asked
    old = {one.id for one in since}
    return State(
        {one.key: one for one in inventory.devices},
        {one.key: one for one in inventory.equipment},
        {one.device.key: heard(one, old) for one in evidences},
        findings,
        questions,
        {one.id: one for one in declarations if one.kind is not Kind.KEY},
        frozenset(one.target.address for one in observations if one.outcome not in UNASKED),
        {one.device.key: one.gone for one in evidences if one.gone},
    )


def _evidences(inventory: Inventory, observations: Iterable[Observation]) -> list[Evidence]:
    """The evidence of each device, by the places that derivation found."""
    places: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    here = {one.asset for one in inventory.places if one.until == END}
    for one in inventory.places:
        if one.until != END and one.asset in here:
            continue  # where it was before, as `store.evidences` leaves it out
        places.setdefault((one.address, one.part), []).append((one.since, one.until, one.asset))
    mine: dict[str, list[Observation]] = {}
    for item in observations:
        time = item.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for since, until, asset in places.get((item.target.address, item.question.part), ()):
            if since <= time <= until:
                mine.setdefault(asset, []).append(item)
    return [assemble(device, mine.get(device.key, ())) for device in inventory.devices]


# --- comparing -------------------------------------------------------------------------------


def compare(before: State, after: State) -> list[Difference]:
    """All differences, by kind and then by name."""
    gone: dict[str, str] = {}
    found = list(_devices(before, after, gone))
    found += _equipment(before, after)
    found += _gaps(before, after, gone)
    return sorted(found, key=lambda one: (ORDER.index(one.kind), one.name, one.text))


def _devices(before: State, after: State, gone: dict[str, str]) -> Iterator[Difference]:
    nothing = Heard()
    places = _changed_places(before.devices, after.devices)
    for key in dict.fromkeys((*before.devices, *after.devices)):
        old, new = before.devices.get(key), after.devices.get(key)
        then, now = before.heard.get(key, nothing), after.heard.get(key, nothing)
        device = new or old
        if device is None:
            continue
        name = name_of(device)
        if now.answered and not then.answered:
            where = ", ".join(sorted(now.addresses))
            seen, asked = bool(old and old.seen), bool(now.addresses & before.asked)
            text = f"{presence(then, now, known=seen, asked=asked)}: {_what(device, where)}"
            yield Difference(Change.APPEARED, key, name, text, "", where)
        elif then.answered and not now.answered:
            where = ", ".join(sorted(then.addresses))
            lost, why = _taken(new) or absence(then, now)
            text = f"{_what(device, where)} {why}"
            if lost:
                gone[key] = why
                yield Difference(Change.VANISHED, key, name, text, where, "")
            else:
                yield Difference(Change.UNKNOWN, key, name, text, where, "")
        elif then.answered and now.answered and old and new:
            yield from _one(key, name, (old, then), (new, now), places.get(key, ""))
            yield from _lost(key, name, before.gone.get(key, ()), after.gone.get(key, ()))


def _changed_places(before: Mapping[str, Device], after: Mapping[str, Device]) -> dict[str, str]:
    """Key of a device → what another one is called that stated before what it states now, and the
    other way round, where neither has a serial number to tell them apart by."""
    changed: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for key in before.keys() & after.keys():
        was, is_ = _kind_of(before[key]), _kind_of(after[key])
        if was != is_ and all(was) and all(is_) and not (before[key].serial or after[key].serial):
            changed.setdefault((was, is_), []).append(key)
    return {
        key: ", ".join(sorted(name_of(after[one]) for one in changed[is_, was])[:3])
        for (was, is_), keys in changed.items()
        if (is_, was) in changed
        for key in keys
    }


def _kind_of(device: Device) -> tuple[str, ...]:
    """What a device says that it is, and runs."""
    return device.vendor, device.model or device.product, device.firmware


def _taken(device: Device | None) -> tuple[bool, str] | None:
    """Why a device is gone from where another one answers now; None where none does."""
    why = device.away if device else ""
    return (True, f"is not there any more: {why}") if why else None


def _one(
    key: str,
    name: str,
    before: tuple[Device, Heard],
    after: tuple[Device, Heard],
    other: str = "",
) -> Iterator[Difference]:
    """What changed of a device that answered both times; `other` may stand in its place now."""
    (old, then), (new, now) = before, after
    if not then.addresses & now.addresses:
        was, is_ = ", ".join(sorted(then.addresses)), ", ".join(sorted(now.addresses))
        yield Difference(Change.MOVED, key, name, f"{was} → {is_}", was, is_)
    for word in FIELDS:
        was, is_ = getattr(old, word), getattr(new, word)
        if was != is_ and was and is_ and _comparable(old, new, word):
            kind = Change.FIRMWARE if word == "firmware" else Change.CHANGED
            text = f"{word} {was} → {is_}"
            if other:
                kind = Change.UNKNOWN
                text += f"; or it and {other} changed places: neither states a serial number"
            yield Difference(kind, key, name, text, was, is_)
    again = now.again(then)
    for place in sorted({*then.services, *now.services}):
        ends = then.services.get(place), now.services.get(place)
        if ends[0] not in SPOKE or ends[1] in SPOKE or place[1:3] in again:
            yield from _service(key, name, place, *ends)


def _lost(
    key: str, name: str, before: Sequence[Gone], after: Sequence[Gone]
) -> Iterator[Difference]:
    """Points that the later listing of the same service holds no more."""
    known = {one.point.address for one in before}
    lost = [one for one in after if one.point.address not in known]
    if lost:
        values = "1 value is" if len(lost) == 1 else f"{len(lost)} values are"
        text = f"{values} listed no more: {lost_names(lost)}"
        yield Difference(Change.CHANGED, key, name, text, lost_names(lost), "")


def _comparable(old: Device, new: Device, word: str) -> bool:
    """Whether both values of a field come from where they can be compared: one source says both, or
    people stated one. A server that hides its nameplate now is still the same product."""
    then, now = (_sources(one, word) for one in (old, new))
    return not then or not now or bool(then & now)


def _sources(device: Device, word: str) -> set[str]:
    """Who says the value of a field, without by which of our rules it was read, and of an SNMP
    table without the row: an upgrade may number the rows anew."""
    value = getattr(device, word)
    said = (one for one in device.facts if one.name == word and str(one.value) == value)
    return {_INSTANCE.sub(r"\1", one.source.partition(" rule ")[0]) for one in said}


_INSTANCE = re.compile(r"^(snmp [\d.]+)\.\d+$")


def _service(
    key: str,
    name: str,
    place: tuple[str, str, int, str],
    was: Outcome | None,
    now: Outcome | None,
) -> Iterator[Difference]:
    if now is None:
        return  # not asked again: nothing is known
    protocol, transport, port, part = place
    what = " ".join(text for text in (protocol, f"{transport}/{port}", part) if text)
    old = was.value if was else "not asked"
    if now in SPOKE and was not in SPOKE:
        text = f"{what}: {old} → {now.value}"
        yield Difference(Change.SERVICE_OPENED, key, name, text, old, now.value)
    elif was in SPOKE and now not in SPOKE:
        text = f"{what}: {old} → {now.value}"
        yield Difference(Change.SERVICE_CLOSED, key, name, text, old, now.value)


def _equipment(before: State, after: State) -> Iterator[Difference]:
    """Machines come and go by what people state."""
    for key, one in after.equipment.items():
        if key not in before.equipment:
            text = "a register names it now"
            yield Difference(Change.APPEARED, key, one.tag or one.name, text)
    for key, one in before.equipment.items():
        if key not in after.equipment:
            text = "no register names it any more"
            yield Difference(Change.VANISHED, key, one.tag or one.name, text)


def _gaps(before: State, after: State, gone: Mapping[str, str]) -> Iterator[Difference]:
    said = [one for name, one in after.stated.items() if name not in before.stated]
    for gap, one in after.findings.items():
        old = before.findings.get(gap)
        if (old is None or old.waived) and not one.waived:
            why = one.because[0].text if one.because else "the rule is met now"
            yield _gap(Change.GAP_OPENED, one, why)
    for gap, one in before.findings.items():
        if one.waived:
            continue
        now = after.findings.get(gap)
        if now is not None:
            if now.waived:
                yield _gap(Change.GAP_CLOSED, one, f"accepted: {now.waived}")
            continue
        asked = after.questions.get((one.rule, one.asset, one.subject))
        if asked is not None:
            yield _gap(Change.GAP_UNKNOWN, one, f"cannot be decided any more: {asked.missing}")
        elif mute := _no_longer_heard(one, before, after, gone):
            yield _gap(Change.GAP_UNKNOWN, one, mute)
        else:
            yield _gap(Change.GAP_CLOSED, one, _reason(one, before, after, said))


def _no_longer_heard(gap: Finding, before: State, after: State, gone: Mapping[str, str]) -> str:
    """Why nothing can be said of a gap any more: who spoke then says nothing now; "" otherwise.

    Silence mends nothing. A service that is plainly not offered any more (closed) is another case.
    """
    if gap.asset in gone:
        return f"its asset {gone[gap.asset]}"
    now = after.heard.get(gap.asset, Heard()).services
    lost = {
        place: now[place]
        for place, outcome in before.heard.get(gap.asset, Heard()).services.items()
        if outcome in SPOKE and place in now and now[place] not in {*SPOKE, Outcome.CLOSED}
    }
    if not lost or (SPOKE & set(now.values()) and gap.subject not in {one[0] for one in lost}):
        return ""
    place, outcome = min(lost.items())
    return f"{place[0]} on {place[1]}/{place[2]} says nothing of it any more ({outcome.value})"


def _reason(gap: Finding, before: State, after: State, said: Sequence[Declaration]) -> str:
    """Why a gap is not found any more, as far as the records tell."""
    if gap.asset not in after.devices and gap.asset not in after.equipment:
        return "its asset is no longer in the inventory (merged, or not declared any more)"
    heard = after.heard.get(gap.asset)
    if heard is not None and heard.asked:
        old = before.heard.get(gap.asset, Heard()).services
        for place, outcome in sorted(heard.services.items()):
            if old.get(place) != outcome and outcome in SPOKE:
                return f"{place[0]} on {place[1]}/{place[2]} now answers: {outcome.value}"
            if old.get(place) in SPOKE and outcome is Outcome.CLOSED:
                return f"{place[0]} on {place[1]}/{place[2]} is not offered any more (closed)"
    names = _names(after.devices.get(gap.asset) or after.equipment.get(gap.asset))
    about = [one for one in said if names & {*one.subject.split("|"), *one.fields.values()}]
    wide = [one for one in said if one.kind in SITE_WIDE]
    if about or wide:
        one = (about or wide)[-1]
        return f"stated since then: {one.kind.value} by {one.document or one.author}"
    if heard is not None and heard.asked:
        return "the later scan asked again and does not show it"
    return "what was learned of the site since then rules it out"


SITE_WIDE = frozenset({Kind.MAP, Kind.THRESHOLD, Kind.VANTAGE, Kind.ZONE, Kind.CREDENTIAL})
"""Statements that are about no asset of their own and may settle a gap of any."""


def _names(thing: Device | Equipment | None) -> set[str]:
    """What people call an asset by in a statement."""
    if thing is None:
        return set()
    named = {thing.key, thing.name}
    if isinstance(thing, Equipment):
        return named | {thing.tag} - {""}
    row = {thing.register.tag} if thing.register else set()
    return (named | row | {thing.serial, thing.mac, *thing.addresses}) - {""}


def _gap(kind: Change, one: Finding, why: str) -> Difference:
    subject = f" [{one.subject}]" if one.subject else ""
    text = f"{one.rule} {one.label}{subject}: {why}"
    return Difference(
        kind, one.asset, one.asset_name, text, "", "", one.id, one.severity.value
    )  # fmt: skip


def name_of(device: Device) -> str:
    """What people call a device; where it is, if nobody named it, as its gaps do."""
    where = " ".join((*device.addresses[:1], *((device.part,) if device.part else ())))
    return device.name or where or device.product or device.key[:8]


def _what(device: Device, where: str) -> str:
    return f"{device.product} at {where}" if device.product else where
