"""What the evidence of a site gives a verdict on one asset: counted while it streams by.

One rule keeps it simple: parts of a site that are absorbed in their order give what the whole
would have given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from inventory.derive.identity import ROUTERS, placeholder
from inventory.judge.comparing import Said, broke_off, comparable, unnamed
from inventory.judge.context import Answered, address_of
from inventory.judge.evidence import assemble, of_today
from inventory.model import Device, Evidence
from inventory.signals.points import labelled, signature
from inventory.store import codec
from protocols.contract import SPOKE, Observation, Outcome

MOST_SIGNATURES = 16  # different point sets remembered per model
MOST_ANSWERS = 4096  # answers remembered per gateway
MOST_SEGMENTS = 200_000  # names of origin remembered over all aggregating servers
AGGREGATORS = frozenset({"server", "historian", "gateway", "aggregator", "broker", "scada"})
PLACEHOLDERS = frozenset(
    {"", "0", "00", "000000", "00000000", "na", "none", "null", "unknown", "default", "tbd"}
    | {"serialnumber", "serial", "notset", "123456", "12345678", "1234567890", "ffffffff"}
)
"""Serial numbers that say nothing; compared without punctuation and in lower case."""
SHARED_MACS = (*ROUTERS, "00:00:00:00:00")
"""Virtual router addresses (RFC 5798, HSRP) and zeros: no collision."""


class Gathered:
    """Grows while evidence streams by.

    `limited` is the whole of a site, which stays small; one that is not is a part of it, to be
    absorbed into the whole in the order of the parts: then the whole is what it would have been.
    """

    def __init__(self, *, limited: bool = True) -> None:
        self.limited = limited
        self.siblings: dict[tuple[str, ...], dict[frozenset[str], int]] = {}
        self.owners: dict[tuple[str, ...], dict[frozenset[str], str]] = {}
        self.first_owner: dict[str, str] = {}
        self.collisions: dict[str, list[str]] = {}
        self.origins: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.answered: dict[str, list[Answered]] = {}
        self.listed: set[str] = set()
        self.unlisted: dict[str, list[tuple[str, ...]]] = {}
        """Gateway → names of each unit that no row of its own declares: a machine's may."""
        self.asked: set[int] = set()
        self._asked_last = ""
        self.clocks_near = 0

    def add(self, evidence: Evidence) -> None:
        """Counts in one device."""
        device = evidence.device
        self._device(device)
        group = sibling_group(device)
        if group and evidence.points and comparable(evidence):
            self._sibling(group, signature(evidence.points), 1, device.key)
        if device.role in AGGREGATORS:
            self.names[device.key] = device.name
            self._origins(evidence)
        self._observations(evidence)

    def add_kept(self, device: Device, rows: Sequence[Sequence[object]]) -> None:
        """The same from rows of `codec.SURVEYED_COLUMNS`. Most devices list their points once, name
        no unit and collect nothing: of those no observation and no point is made."""
        listings = [str(one[_POINTS]) for one in rows if one[_POINTS]]
        again = bool(device.facts) and codec.several_scans(rows)
        if len(listings) > 1 or device.role in AGGREGATORS or any(map(_of_unit, rows)):
            site = device.site
            self.add(
                assemble(
                    device, (codec.surveyed(one, site, points=True, facts=again) for one in rows)
                )
            )
            return
        if again:
            told = (codec.surveyed(one, device.site, points=False, facts=True) for one in rows)
            device = of_today(device, told)
        self._device(device)
        group = sibling_group(device) if listings else ()
        if group and not broke_off(map(_said, rows)):
            listed = kept_signature(listings[0])
            if not unnamed(listed):
                self._sibling(group, listed, 1, device.key)
        for one in rows:
            if one[_OUTCOME] != Outcome.NOT_ASKED:
                self._ask(str(one[_ADDRESS]))

    def _device(self, device: Device) -> None:
        for identity in identities(device):
            self.own(identity, device.key)
        if device.parent and device.part:
            if device.register:
                self.listed.add(device.parent)
            else:
                self.unlisted.setdefault(device.parent, []).append(own_names(device))
        for fact in device.facts:
            if fact.name == "clock_skew_seconds" and isinstance(fact.value, (int, float)):
                self.clocks_near += abs(fact.value) <= 2

    def _ask(self, text: str) -> None:
        if text != self._asked_last:
            self._asked_last = text
            address = number_of(text)
            if address is not None:
                self.asked.add(address)

    def absorb(self, part: Gathered) -> None:
        """Counts in what another part of the site gave; parts come in the order of the site."""
        for identity, key in part.first_owner.items():
            for other in part.collisions.get(identity, (key,)):
                self.own(identity, other)
        for group, seen in part.siblings.items():
            for points, count in seen.items():
                self._sibling(group, points, count, part.owners[group][points])
        for segment, key in part.origins.items():
            self._origin(segment, key)
        self.names |= part.names
        for gateway, answers in part.answered.items():
            known = self.answered.setdefault(gateway, [])
            known += answers[: MOST_ANSWERS - len(known)]
        self.listed |= part.listed
        for gateway, units in part.unlisted.items():
            self.unlisted.setdefault(gateway, []).extend(units)
        self.asked |= part.asked
        self.clocks_near += part.clocks_near

    def own(self, identity: str, key: str) -> None:
        """Counts in that a device states an identity."""
        owner = self.first_owner.setdefault(identity, key)
        if owner != key:
            self.collisions.setdefault(identity, [owner]).append(key)

    def _sibling(
        self, group: tuple[str, ...], points: frozenset[str], count: int, owner: str
    ) -> None:
        seen = self.siblings.setdefault(group, {})
        if points in seen or not self.limited or len(seen) < MOST_SIGNATURES:
            seen[points] = seen.get(points, 0) + count
            self.owners.setdefault(group, {}).setdefault(points, owner)

    def _origins(self, evidence: Evidence) -> None:
        for point in evidence.points:
            if point.path:
                for segment in point.path.replace("\\", "/").split("/")[:6]:
                    if len(segment) >= 4:
                        self._origin(segment.casefold(), evidence.device.key)

    def _origin(self, segment: str, key: str) -> None:
        if not self.limited or len(self.origins) < MOST_SEGMENTS:
            self.origins.setdefault(segment, key)

    def _observations(self, evidence: Evidence) -> None:
        device = evidence.device
        gateway = device.parent or device.key
        for item in evidence.observations:
            if item.outcome is Outcome.NOT_ASKED:
                continue
            self._ask(item.target.address)
            part = unit_of(item)
            if part and item.outcome in SPOKE and item.outcome is not Outcome.REFUSED_DOWNSTREAM:
                answers = self.answered.setdefault(gateway, [])
                if not self.limited or len(answers) < MOST_ANSWERS:
                    answers.append(Answered(item.scan, item.time.timestamp(), part))


_ADDRESS, _PART, _ARGUMENT, _OUTCOME, _POINTS = map(
    codec.SURVEYED_COLUMNS.index, ("address", "part", "argument", "outcome", "points")
)


def _of_unit(one: Sequence[object]) -> bool:
    """Whether a row may be about a unit behind a gateway (`unit_of`)."""
    return str(one[_PART]).startswith(_UNITS) or str(one[_ARGUMENT]).startswith(_UNITS)


_UNITS = "unit"
_SAID = tuple(map(codec.SURVEYED_COLUMNS.index, ("scan", "protocol", "operation", "outcome")))


def _said(one: Sequence[object]) -> Said:
    scan, protocol, operation, outcome = (one[place] for place in _SAID)
    return Said(str(scan), str(protocol), str(operation), outcome, bool(one[_POINTS]))


def kept_signature(text: str) -> frozenset[str]:
    """`signature` of a listing as it is kept, without making its points."""
    return (_few_signatures if len(text) <= codec.CACHED_TEXT else _kept_signature)(text)


def _kept_signature(text: str) -> frozenset[str]:
    named = {(part, at): labelled(name or at, unit) for part, at, name, unit in codec.named(text)}
    return frozenset(named.values())


_few_signatures = lru_cache(maxsize=512)(_kept_signature)


def unit_of(item: Observation) -> str:
    """The unit that a question went to; the gateway's own stands in the argument (rulings 17)."""
    for text in (item.question.part, item.question.argument):
        if text.startswith(_UNITS) and (found := _UNIT.match(text)):
            return found[0]
    return ""


_UNIT = re.compile(r"unit [0-9]{1,3}(?![^ ])")
"""An argument may hold any name, as that of a credential does."""


def number_of(text: str) -> int | None:
    """An IPv4 address as a number, fast; IPv6 by the library; None for anything else."""
    parts = text.split(".")
    if len(parts) == 4:
        try:
            a, b, c, d = (int(part) for part in parts)
        except ValueError:
            return None
        return (a << 24) | (b << 16) | (c << 8) | d
    address = address_of(text)
    return None if address is None else int(address)


def plain(text: str) -> str:
    """Letters and digits only, lower case: how identities and names are compared."""
    folded = text.casefold()
    return folded if folded.isalnum() else "".join(filter(str.isalnum, folded))


def identities(device: Device) -> list[str]:
    """Identities that no two live assets may share (G03); placeholders left out, and what only a
    register row says of the device."""
    found = []
    serial = plain(device.serial)
    nothing = serial in PLACEHOLDERS or placeholder("serial", device.serial)
    row = device.register
    if (
        len(serial) >= 4
        and not nothing
        and device.vendor
        and not (row and row.serial == device.serial and not _states(device, "serial"))
    ):
        found.append(f"serial {device.vendor} {device.serial}")
    if (
        device.mac
        and not device.parent
        and not device.mac.startswith(SHARED_MACS)
        and not (row and row.mac.lower() == device.mac and not _states(device, "mac"))
    ):
        found.append(f"mac {device.mac}")
    found += [
        f"{fact.name} {fact.value}"
        for fact in device.facts
        if fact.name in ("application_uri", "engine_id") and fact.value and not device.parent
    ]
    return list(dict.fromkeys(found))


def _states(device: Device, name: str) -> bool:
    """Whether the device, or who saw it, states a fact of that name."""
    return any(fact.name == name for fact in device.facts)


def own_names(device: Device) -> tuple[str, ...]:
    """Names that a unit does not share with the others of its gateway."""
    own = f"{{}} {device.part}" if device.part else "via {}"
    return (device.key, *map(own.format, device.addresses))


def sibling_group(device: Device) -> tuple[str, ...]:
    """Manufacturer, model and firmware when all are known; else empty (Q11)."""
    group = (device.vendor, device.model or device.product, device.firmware)
    return group if all(group) else ()
