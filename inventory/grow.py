"""Adds new observations, or a new day, to what is concluded: only what they reach is made again.

One rule keeps it simple: the result is that of deriving and judging everything anew, to the byte;
where that cannot be promised, nothing is done and the caller does so. A test compares the two over
random histories (`docs/decisions/0022`).
"""

from __future__ import annotations

import ipaddress
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from inventory.judge.bearing import Bearing, all_keys, bearers, beside, sought
from inventory.judge.context import Context
from inventory.judge.gathered import AGGREGATORS, MOST_SIGNATURES, Gathered, identities, number_of
from inventory.judge.naming import plain_tag
from inventory.judge.rows import STATED, added, judged_machine
from inventory.judge.standing import clocks_of, kin_of, kinship
from inventory.judge.survey import context_from
from inventory.judge.verdict import judge_device
from inventory.model import Device, Equipment, Evidence, Verdict
from inventory.reach import MOST, Reach
from inventory.rules.networks import networks_named
from inventory.signals.points import signature
from inventory.store import growing
from inventory.store.codec import stamp
from inventory.store.growing import Kept
from inventory.store.values import Concluded
from inventory.store.values import Gathered as Rows
from protocols.contract import compact

if TYPE_CHECKING:
    from inventory.derive.assets import Inventory
    from inventory.store import Store


def grow(store: Store, number: int, today: datetime) -> bool:
    """Concludes what came after observation `number`; False when everything must be made anew.

    What stands was made by today's code from all statements that there are, before `today`.
    """
    addresses = growing.touched(store, number)
    if len(addresses) > MOST:
        return False
    before = growing.standings(store)
    if not addresses:
        return _judge(store, _Change(before, before, frozenset(), frozenset(), ()), today)
    reach = Reach(store, addresses)
    found = reach.grown()
    if found is None:
        return False
    gone = reach.gone()
    old = growing.devices(store, gone)
    if any(one.role in AGGREGATORS for one in (*old, *found.devices)):
        return False  # whatever it names as an origin may be any device of the site
    store.declare(found.keys)
    moved = growing.replace_some(store, found, gone)
    left = growing.standings(store) if moved else [one for one in before if one.asset not in gone]
    keys = {one.key for one in found.devices} | {one.key for one in found.equipment}
    change = _Change(before, left, gone, frozenset(keys), _asked(reach, old, found))
    return _judge(store, change, today)


def _asked(reach: Reach, old: Iterable[Device], found: Inventory) -> tuple[str, ...]:
    said = {address for one in (*old, *found.devices) for address in one.addresses}
    return tuple(sorted(reach.addresses | said))


@dataclass(frozen=True, slots=True)
class _Change:
    """What was derived anew."""

    before: Sequence[Kept]  # the standing of everything, as it was
    left: Sequence[Kept]  # the same of what was not derived, where it stands now
    gone: Collection[str]
    made: frozenset[str]  # keys that stand now in the place of `gone`
    addresses: tuple[str, ...]  # that may be asked now, or asked no longer


# --- which verdicts -----------------------------------------------------------------------------


def _judge(store: Store, change: _Change, today: datetime) -> bool:
    """Makes the verdicts that the change or the time reaches; False when they are too many."""
    moment = stamp(today)
    fresh = growing.devices(store, change.made)
    equipment = store.equipment()
    tags = Bearing(sought(equipment))
    after = _after(store, fresh, tags)
    left = change.left
    due = {one.asset for one in left if one.until and one.until <= moment}
    due |= change.made | _by_time_and_place(left, change, after)
    due |= _by_identity(left, change, after) | _by_kin(left, change, after)
    due |= _by_tag(equipment, change, after)
    wanted = {one.key: set(one.monitored_by) for one in equipment}
    machines = [one for one in equipment if one.key in due or wanted[one.key] & due]
    due |= {key for one in machines for key in wanted[one.key]}
    if len(due) > 2 * MOST:
        return False
    devices = growing.devices(store, due)
    everything = sorted((*left, *after), key=itemgetter(0))
    context = _context(store, devices, everything, equipment, today)
    bearing = bearers((one.asset, json.loads(one.named)) for one in everything if one.named != "[]")
    named = {one.key: found for one in machines if (found := beside(one, bearing))}
    names = {one.key for one in devices} | {one.key for one in machines}
    some = _Some(devices, machines, named)
    growing.conclude_some(store, names, _verdicts(store, some, context, tags))
    return True


class _Some(NamedTuple):
    """What verdicts are made of."""

    devices: Sequence[Device]
    machines: Sequence[Equipment]
    named: Mapping[str, tuple[str, ...]]  # by machine, the devices beside that bear its tag


def _after(store: Store, fresh: Sequence[Device], tags: Bearing) -> list[Kept]:
    """What will be said of the devices that were made, as far as others need it."""
    ranks = store.ranks([one.key for one in fresh])
    found = []
    for evidence in store.evidences_of(fresh):
        device = evidence.device
        kin, listing = kinship(evidence)
        found.append(
            Kept(
                ranks[device.key], device.key, kin, listing, compact(identities(device)), "[]",
                compact(list(tags.of(evidence))), clocks_of(device), "",
            )
        )  # fmt: skip
    return found


def _by_time_and_place(left: Sequence[Kept], change: _Change, after: Sequence[Kept]) -> set[str]:
    """Devices whose clocks are compared with others', and those that name a network in which
    something may have been asked for the first time."""
    near = [sum(one.clocks or 0 for one in some) for some in (change.before, (*left, *after))]
    found = {one.asset for one in left if one.clocks is not None} if near[0] != near[1] else set()
    places = [place for one in change.addresses if (place := number_of(one)) is not None]
    for one in left:
        if one.networks != "[]" and places and _names_any(json.loads(one.networks), places):
            found.add(one.asset)
    return found


def _names_any(networks: Iterable[str], places: Iterable[int]) -> bool:
    for text in networks:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue
        first, last = int(network.network_address), int(network.broadcast_address)
        if any(first <= place <= last for place in places):
            return True
    return False


def _by_identity(left: Sequence[Kept], change: _Change, after: Sequence[Kept]) -> set[str]:
    """Devices that state an identity which a device that was made states, or stated."""
    old = [one for one in change.before if one.asset in change.gone]
    told = {text for one in (*old, *after) for text in json.loads(one.identities)}
    if not told:
        return set()
    return {one.asset for one in left if not told.isdisjoint(json.loads(one.identities))}


def _by_tag(equipment: Sequence[Equipment], change: _Change, after: Sequence[Kept]) -> set[str]:
    """Machines whose tag a device that was made bears, or bore."""
    old = [one for one in change.before if one.asset in change.gone]
    told = {tag for one in (*old, *after) for tag in json.loads(one.named)}
    if not told:
        return set()
    return {one.key for one in equipment if one.links_complete and plain_tag(one.tag) in told}


def _by_kin(left: Sequence[Kept], change: _Change, after: Sequence[Kept]) -> set[str]:
    """Siblings that are compared with another set of signals, or with another number of them."""
    old = [one for one in change.before if one.asset in change.gone]
    found: set[str] = set()
    for kin in {one.kin for one in (*old, *after)} - {""}:
        mine = [one for one in left if one.kin == kin]
        was = _listings(one for one in change.before if one.kin == kin)
        now = _listings(sorted(one for one in (*mine, *after) if one.kin == kin))
        if was == now:
            continue
        usual = _usual(was) if _usual(was) == _usual(now) else ""
        found |= {one.asset for one in mine if not one.listing or one.listing != usual}
    return found


def _listings(several: Iterable[Kept]) -> dict[str, int]:
    """How many offer each set of signals; the first sets of the site, as in a survey."""
    counted: dict[str, int] = {}
    for one in several:
        if one.listing and (one.listing in counted or len(counted) < MOST_SIGNATURES):
            counted[one.listing] = counted.get(one.listing, 0) + 1
    return counted


def _usual(counted: Mapping[str, int]) -> str:
    """The set that more than half offer, which no others outnumber however alike they are; ""
    where there is none."""
    best = Counter(counted).most_common(1)
    return best[0][0] if best and 2 * best[0][1] > sum(counted.values()) else ""


# --- in which context ---------------------------------------------------------------------------


def _context(
    store: Store,
    devices: Sequence[Device],
    everything: Sequence[Kept],
    equipment: Sequence[Equipment],
    today: datetime,
) -> Context:
    """The site as far as the verdicts on these devices look at it."""
    whole = Gathered()
    aggregators = Gathered()
    for evidence in store.evidences_of(
        growing.devices(store, growing.with_role(store, AGGREGATORS))
    ):
        aggregators.add(evidence)
    whole.origins, whole.names = aggregators.origins, aggregators.names
    families = Gathered()
    keys = {one.key for one in devices}
    behind = growing.family(store, keys) if any(one.parent for one in devices) else keys
    for evidence in store.evidences_of(growing.devices(store, behind)):
        families.add(evidence)
    whole.answered = families.answered
    whole.listed, whole.unlisted = families.listed, families.unlisted
    whole.clocks_near = sum(one.clocks or 0 for one in everything)
    _collisions(whole, devices, everything)
    _siblings(whole, store, devices, everything)
    if any(map(networks_named, devices)):
        found = map(number_of, growing.asked(store))
        whole.asked = {one for one in found if one is not None}
    return context_from(
        whole, equipment, store.declarations(None, *STATED), today=today, site=store.site
    )


def _collisions(whole: Gathered, devices: Iterable[Device], everything: Iterable[Kept]) -> None:
    mine = {text for one in devices for text in identities(one)}
    for kept in everything:
        if kept.rank >= 0 and mine:
            for text in json.loads(kept.identities):
                if text in mine:
                    whole.own(text, kept.asset)


def _siblings(
    whole: Gathered, store: Store, devices: Iterable[Device], everything: Iterable[Kept]
) -> None:
    wanted = {kin for one in devices if (kin := kin_of(one))}
    groups: dict[str, list[Kept]] = {}
    for kept in everything:
        if kept.kin in wanted and kept.kin:
            groups.setdefault(kept.kin, []).append(kept)
    for kin, several in groups.items():
        counted = _listings(several)
        first = {one.listing: one.asset for one in reversed(several)}
        examples = growing.devices(store, {first[listing] for listing in counted})
        sets = {one.device.key: signature(one.points) for one in store.evidences_of(examples)}
        group = tuple(json.loads(kin))
        whole.siblings[group] = {sets[first[name]]: count for name, count in counted.items()}
        whole.owners[group] = {sets[first[name]]: first[name] for name in counted}


# --- the verdicts -------------------------------------------------------------------------------


def _verdicts(store: Store, some: _Some, context: Context, tags: Bearing) -> Iterator[Concluded]:
    rows = Rows(store.site)
    known: dict[str, Verdict] = {}
    kept: dict[str, Evidence] = {}
    wanted = all_keys(some.machines, some.named)
    for evidence in store.evidences_of(some.devices):
        verdict = judge_device(evidence, context)
        added(rows, evidence, verdict, context, tags.of(evidence))
        if verdict.asset in wanted:
            known[verdict.asset], kept[verdict.asset] = verdict, evidence
    for evidence in store.evidences_of(growing.devices(store, wanted - kept.keys())):
        kept[evidence.device.key] = evidence
    for one in some.machines:
        judged_machine(rows, one, kept, some.named.get(one.key, ()), context, known)
    yield rows.concluded()
