"""One pass over the assets of a site: what the page counts, and names, of them.

One rule keeps it simple: assets stream by; a site that is aggregated keeps of each at most where it
is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from inventory.model import Device, Equipment
from inventory.outputs.report import page
from inventory.outputs.report.naming import criticality, name_of
from inventory.outputs.report.sitemap import level_text, state_of
from inventory.store.reading import Asset

MOST_UNSEEN = 200
"""Planned devices that were not found and are named."""


@dataclass(slots=True)
class Census:
    """What was counted of the assets."""

    count: int = 0
    covered: int = 0
    low: float = 0.0
    high: float = 0.0
    unseen: list[tuple[str, str]] = field(default_factory=list)
    unseen_count: int = 0
    machines: dict[str, str] = field(default_factory=dict)  # tag → what it is called
    devices: set[str] = field(default_factory=set)  # names of devices that are such a tag

    def see(self, one: Asset) -> None:
        """Counts one in; equipment before devices, since a tag that a device has is no name."""
        thing = one.thing
        self.count += 1
        if one.coverage is not None:
            self.covered += 1
            self.low += one.coverage.lo
            self.high += one.coverage.hi
        if isinstance(thing, Equipment):
            if thing.name not in ("", thing.tag):
                self.machines[thing.tag] = thing.name
            return
        if thing.name in self.machines:
            self.devices.add(thing.name)
        if not thing.seen:
            self.unseen_count += 1
            if len(self.unseen) < MOST_UNSEEN:
                self.unseen.append((name_of(one), " ".join(thing.addresses[:1])))

    @property
    def coverage(self) -> tuple[float, float] | None:
        """Mean share of failure modes, at least and at most; None without a machine that has it."""
        if not self.covered:
            return None
        return (self.low / self.covered, self.high / self.covered)

    @property
    def names(self) -> dict[str, str]:
        """What the machines are called beside their tags; no tag that a device has for a name."""
        return {tag: name for tag, name in self.machines.items() if tag not in self.devices}


def light(one: Asset) -> Asset:
    """An asset without what the page does not show: of ten thousand, facts are most."""
    thing = one.thing
    if isinstance(thing, Equipment):
        return one
    return replace(one, thing=replace(thing, facts=(), services=(), aliases=(), merges=()))


def rows(assets: Iterable[Asset], gaps: Mapping[str, int]) -> Iterator[page.Asset]:
    """The table of assets."""
    named = list(assets)
    names = {one.thing.key: name_of(one) for one in named}
    for one in named:
        thing = one.thing
        if isinstance(thing, Device):
            what = " ".join(t for t in (thing.vendor, thing.model or thing.product) if t)
            where = " ".join([*thing.addresses[:2], thing.part]).strip()
            parent, kind = names.get(thing.parent, ""), "unit" if thing.part else "device"
        else:
            what, kind = thing.cls, "machine"
            parent = ", ".join(names.get(link.device, link.device) for link in thing.links[:3])
            where = " / ".join(text for text in (thing.area, thing.line) if text)
        yield page.Asset(
            thing.key, name_of(one), kind, what, where, parent, level_text(one.level),
            state_of(one.level, one.category), one.category, criticality(one),
            gaps.get(thing.key, 0),
        )  # fmt: skip
