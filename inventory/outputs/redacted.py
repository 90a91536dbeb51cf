"""The inventory with pseudonyms, in the shape of a store, so that every format redacts alike.

One rule keeps it simple: what is *kept* is listed (types, versions, outcomes, units, our own
words); every other text is replaced or passes the pseudonyms. Bytes of answers are never given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from inventory.model import (
    Because,
    Declaration,
    Device,
    Equipment,
    Evidence,
    Finding,
    Kind,
    OpenQuestion,
    RegisterRow,
    Scan,
    Service,
)
from inventory.outputs.pseudonyms import KEPT, PLAIN_POINT, pseudonyms
from inventory.outputs.shelf import Shelf
from inventory.store.reading import Asset, Signal
from protocols.contract import Fact, Observation, Point, Sample, Value

if TYPE_CHECKING:
    from inventory.store import Store

PLAIN_PART = re.compile(r"[a-z]{1,12} [\d./]{1,20}|")
"""Parts that are numbered and hold no name: "unit 3", "if 2", "slot 4"."""

STATED = frozenset((Kind.CREDENTIAL, Kind.THRESHOLD))
"""Declarations that formats read; only their type is kept."""


class Redacted:
    """A store whose values carry pseudonyms. It reads; it never writes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._say = pseudonyms(store)
        self._keys = Shelf()
        keys = (str(row[0]) for row in store.rated(("key",)))
        self._keys.fill((self._say(key), key) for key in keys)
        self.site = self._say(store.site)

    @property
    def path(self) -> Path | None:
        """No file is named."""
        return None

    def scans(self, site: str | None = None) -> list[Scan]:
        """None: what a scan was aimed at stays here."""
        return []

    def tally(self, scan: str = "") -> dict[tuple[str, str], int]:
        """How many questions ended so."""
        return self._store.tally(scan)

    def lifeless(self) -> dict[str, int]:
        """Counts hold no name."""
        return self._store.lifeless()

    def declarations(self, site: str | None = None, *kinds: Kind) -> list[Declaration]:
        """What formats need of the credentials: label, type and methods under pseudonyms."""
        found = self._store.declarations(site, *kinds)
        return [self._declaration(one) for one in found if one.kind in STATED]

    def _declaration(self, one: Declaration) -> Declaration:
        fields = {k: v for k, v in one.fields.items() if k in ("type", "auth", "privacy", "value")}
        label = self._named(one.subject, "credential")
        fields |= {"name": label, "user": self._named(one.fields.get("user", ""), "user")}
        return Declaration(self.site, one.kind, label, fields)

    def assets(self, kind: str = "") -> Iterator[Asset]:
        """All assets; streams."""
        return map(self._asset, self._store.assets(kind))

    def asset(self, key: str) -> Asset | None:
        """One asset by its pseudonymous key."""
        found = self._store.asset(self._keys.get(key) or "")
        return self._asset(found) if found else None

    def ranked_as(self, key: str) -> tuple[str, int] | None:
        """Kind and place of an asset by its pseudonymous key."""
        return self._store.ranked_as(self._keys.get(key) or "")

    def devices(self) -> Iterator[Device]:
        """All devices; streams."""
        return map(self.device, self._store.devices())

    def equipment(self) -> list[Equipment]:
        """All equipment."""
        return [self._equipment(one) for one in self._store.equipment()]

    def findings(self, *assets: str) -> Iterator[Finding]:
        """All findings, or those of some assets."""
        return map(self._finding, self._store.findings(*self._real(assets)))

    def _real(self, keys: Iterable[str]) -> Iterator[str]:
        return (self._keys.get(key) or key for key in keys)

    def codes(self, kind: str = "") -> Iterator[tuple[str, str]]:
        """Asset and rule of every finding, in the order of `assets`."""
        return ((self._say(asset), rule) for asset, rule in self._store.codes(kind))

    def questions(self, *assets: str) -> Iterator[OpenQuestion]:
        """All open questions, or those of some assets."""
        return map(self._question, self._store.questions(*self._real(assets)))

    def namesakes(self) -> dict[str, tuple[str, str]]:
        """Devices with the same name, by pseudonymous key."""
        say = self._say
        return {
            say(key): (say.whole(name, "asset"), say(where))
            for key, (name, where) in self._store.namesakes().items()
        }

    def signals(self, asset: str) -> dict[tuple[str, str], Signal]:
        """What the points of one asset were taken for."""
        found = self._store.signals(self._keys.get(asset) or asset)
        changed = {}
        for (part, address), one in found.items():
            place = (self._part(part), self._place(address))
            changed[place] = replace(one, asset=asset, part=place[0], address=place[1])
        return changed

    def evidence(self, device: Device) -> Evidence:
        """Everything known about one device."""
        real = self._store.asset(self._keys.get(device.key) or "")
        if real is None or not isinstance(real.thing, Device):
            return Evidence(device)
        return self._evidence(self._store.evidence(real.thing))

    def evidences(self) -> Iterator[Evidence]:
        """Everything about every device; memory holds one device."""
        return map(self._evidence, self._store.evidences())

    # --- values ------------------------------------------------------------------------------

    def _named(self, text: str, kind: str) -> str:
        return self._say.named(text, kind) if text else ""

    def _asset(self, one: Asset) -> Asset:
        thing = one.thing
        shown = self.device(thing) if isinstance(thing, Device) else self._equipment(thing)
        level = replace(one.level, blocking=tuple(map(self._say, one.level.blocking)))
        return replace(one, thing=shown, level=level)

    def device(self, one: Device) -> Device:
        """A device with pseudonyms."""
        say = self._say
        return replace(
            one,
            key=say(one.key),
            site=self.site,
            name=say.whole(one.name, "asset"),
            vendor=say.known(one.vendor),
            product=say.known(one.product),
            model=say.known(one.model),
            firmware=say.known(one.firmware),
            hardware=say.known(one.hardware),
            serial=say.whole(one.serial, "serial"),
            mac=say.whole(one.mac, "host"),
            addresses=tuple(say.whole(text, "host") for text in one.addresses),
            aliases=tuple(self._named(text, "alias") for text in one.aliases),
            parent=say(one.parent),
            part=self._part(one.part),
            services=tuple(map(self._service, one.services)),
            facts=tuple(map(self._fact, one.facts)),
            register=self._row(one.register),
            merges=(),
        )

    def _service(self, one: Service) -> Service:
        return replace(one, address=self._say(one.address), part=self._part(one.part))

    def _fact(self, one: Fact) -> Fact:
        part, source = self._part(one.part), self._source(one.source)
        if one.name in KEPT:
            kept = self._say.known(one.value) if isinstance(one.value, str) else one.value
            return replace(one, value=kept, part=part, source=source)
        return replace(one, value=self._value(one.value, one.name), part=part, source=source)

    def _value(self, value: Value, kind: str) -> Value:
        return self._say.whole(value, kind.replace(".", "-")) if isinstance(value, str) else value

    def _part(self, part: str) -> str:
        return part if PLAIN_PART.fullmatch(part) else self._say.whole(part, "part")

    def _source(self, source: str) -> str:
        """Who said it, without the paths and addresses in it."""
        words = source.split()
        return self._say(" ".join(w if "/" not in w or w == "43/14" else "…" for w in words))

    def _row(self, one: RegisterRow | None) -> RegisterRow | None:
        if one is None:
            return None
        kinds = {"tag": "asset", "name": "asset", "parent": "asset", "address": "host"}
        names = ("tag", "name", "site", "area", "line", "address", "mac", "parent", "serial")
        changed = {n: self._say.whole(getattr(one, n), kinds.get(n, n)) for n in names}
        changed["owner"] = self._named(one.owner, "person")
        changed["unit"] = one.unit if one.unit.isdigit() else self._part(one.unit)
        changed |= {n: self._say.known(getattr(one, n)) for n in ("vendor", "model")}
        changed["declaration"] = self._named(one.declaration, "key")
        return replace(one, **changed, document=self._named(one.document, "document"))

    def _equipment(self, one: Equipment) -> Equipment:
        say = self._say
        links = tuple(
            replace(
                link,
                equipment=say(link.equipment),
                device=say.whole(link.device, "asset"),
                part=self._part(link.part),
            )
            for link in one.links
        )
        return replace(
            one,
            key=say(one.key),
            site=self.site,
            tag=say.whole(one.tag, "asset"),
            name=say.whole(one.name, "asset"),
            area=say.whole(one.area, "area"),
            line=say.whole(one.line, "line"),
            owner=self._named(one.owner, "person"),
            links=links,
            register=self._row(one.register),
        )

    def _finding(self, one: Finding) -> Finding:
        say = self._say
        remedies = tuple(replace(r, text=say(r.text), cause=say(r.cause)) for r in one.remedies)
        return replace(
            one,
            asset=say(one.asset),
            asset_name=say.whole(one.asset_name, "asset"),
            site=self.site,
            subject=self._subject(one.subject),
            because=tuple(map(self._because, one.because)),
            remedies=remedies,
            waived=self._named(one.waived, "reason"),
        )

    def _because(self, one: Because) -> Because:
        declaration, read = (self._named(i, "key") for i in (one.declaration, one.observation))
        text = self._say(one.text)
        return replace(one, text=text, declaration=declaration, observation=read)

    def _question(self, one: OpenQuestion) -> OpenQuestion:
        say = self._say
        return replace(
            one,
            asset=say(one.asset),
            asset_name=say.whole(one.asset_name, "asset"),
            site=self.site,
            subject=self._subject(one.subject),
            missing=say(one.missing),
            next_step=say(one.next_step),
            command=say(one.command),
        )

    def _subject(self, text: str) -> str:
        return self._place(text) if text.startswith(("nsu=", "ns=")) else self._say(text)

    def _evidence(self, one: Evidence) -> Evidence:
        return Evidence(
            self.device(one.device),
            tuple(map(self._observation, one.observations)),
            tuple(map(self._point, one.points)),
            tuple(map(self._sample, one.samples)),
        )

    def _observation(self, one: Observation) -> Observation:
        """The answer without its bytes; its id is the pseudonym that gaps name it by."""
        asked = one.question
        label = one.credential
        if label and label != "anonymous":
            label = self._named(label, "credential")
        shown = replace(
            one,
            scan=self._named(one.scan, "scan"),
            vantage=self._named(one.vantage, "place"),
            target=replace(one.target, site=self.site, address=self._say(one.target.address)),
            question=replace(
                asked, part=self._part(asked.part), argument=self._say(asked.argument)
            ),
            detail=self._say(one.detail),
            credential=label,
            facts=tuple(map(self._fact, one.facts)),
            points=tuple(map(self._point, one.points)),
            samples=tuple(map(self._sample, one.samples)),
            raw=b"",
            digest="",
        )
        object.__setattr__(shown, "stored", self._named(one.id, "key"))  # `replace` leaves none
        return shown

    def _place(self, address: str) -> str:
        return address if PLAIN_POINT.fullmatch(address) else self._named(address, "point")

    def _point(self, one: Point) -> Point:
        return replace(
            one,
            address=self._place(one.address),
            name=self._named(one.name, "point"),
            path=self._named(one.path, "path"),
            part=self._part(one.part),
            semantic=self._say(one.semantic),
            description="",
        )

    def _sample(self, one: Sample) -> Sample:
        value = self._named(one.value, "text") if isinstance(one.value, str) else one.value
        return replace(one, point=self._place(one.point), part=self._part(one.part), value=value)


def redacted(store: Store) -> Store:
    """The store with pseudonyms; formats read it as they read the real one."""
    found: object = Redacted(store)
    return found  # type: ignore[return-value]  # the reading half of a store


__all__ = ["Redacted", "redacted"]
