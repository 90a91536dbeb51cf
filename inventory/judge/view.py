"""One device's evidence, indexed once, in the words that rules use: doors, controls, points.

One rule keeps it simple: a door is one protocol at one address and port from one vantage, judged
by its latest scan; an older scan that says otherwise is kept as a conflict, never dropped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from shlex import quote
from typing import Any, TypeVar

from inventory.judge.conflicts import found
from inventory.judge.context import Context
from inventory.judge.door import (
    NOTHING,
    OPEN,
    PRESENT,
    SAYS_NOTHING,
    Door,
    identity,
    info,
    title_of,
)
from inventory.judge.logic import cite, declared, demote, derived, false, true, unknown
from inventory.judge.mapped import Chosen, chosen, unlisted
from inventory.judge.openness import plausible, protocol
from inventory.judge.superseded import ENDED, ended_listing, lost_items
from inventory.judge.survey import row_of
from inventory.model import (
    Because,
    Declaration,
    Device,
    Evidence,
    Proposition,
    RegisterRow,
    Strength,
)
from inventory.once import Lazily
from inventory.signals.listing import SETTINGS, Listing, listing
from inventory.signals.points import Meaning, has_meaning, measure
from protocols.contract import (
    NEGATIVE_CONTROL,
    SPOKE,
    Observation,
    Outcome,
    Point,
    Quality,
    Sample,
)

T = TypeVar("T")

ACTIVE = frozenset({"scan", "bundle"})
MANY_ACCEPT = 3
"""Ports of a host that accept before its refusals need the negative control (rulings 12)."""


_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


class View:
    """A device's evidence as rules read it. Built once per device and thrown away."""

    def __init__(self, evidence: Evidence, context: Context) -> None:
        self.evidence = evidence
        self.context = context
        self.device: Device = evidence.device
        self.live: dict[tuple[str, str, str], list[Observation]] = {}
        self.proxy: Observation | None = None
        self.controlled: set[tuple[str, str, str]] = set()
        self.accepting: dict[tuple[str, str, str], set[int]] = {}
        self.outcomes: set[Outcome] = set()
        self.reasons: set[str] = set()
        self.latest: datetime | None = None
        self._once: dict[Callable[[View], Any], Any] = {}
        doors: dict[tuple[str, str, str, int, str], Door] = {}
        for item in evidence.observations:
            self._add(item, doors)
        self.doors = list(doors.values())
        self.conflicts: list[Because] = found(evidence, self.doors) if self.doors else []
        for door in self.doors:
            door.close()
        self.here = [door for door in self.doors if self.is_collection(door)]

    def _add(self, item: Observation, doors: dict[tuple[str, str, str, int, str], Door]) -> None:
        target, question = item.target, item.question
        self.outcomes.add(item.outcome)
        self.reasons.add(item.reason)
        silent = bool(self.device.parent) and item.outcome is Outcome.REFUSED_DOWNSTREAM
        if self.latest is None or item.time > self.latest:
            self.latest = item.time
        if question.protocol == NEGATIVE_CONTROL.protocol and question == NEGATIVE_CONTROL:
            self.proxy = item if item.outcome in OPEN else self.proxy
            if item.outcome not in SAYS_NOTHING:
                self.controlled.add((item.scan, item.vantage, target.address))
            return
        if target.transport == "tcp" and item.outcome in OPEN and item.origin in ACTIVE:
            place_of = (item.scan, item.vantage, target.address)
            self.accepting.setdefault(place_of, set()).add(target.port)
        if item.outcome in PRESENT and not silent:
            key = (item.scan, item.vantage, target.address)
            self.live.setdefault(key, []).append(item)
        place = (question.protocol, target.address, target.transport, target.port, item.vantage)
        door = doors.get(place)
        if door is None:
            door = doors[place] = Door(
                question.protocol, target.transport, target.port, target.address, item.vantage,
                item.scan,
            )  # fmt: skip
        door.add(item, silent)

    def is_collection(self, door: Door) -> bool:
        """Whether a door was seen by asking from the collection vantage (or the assumed one)."""
        if door.observations[0].origin not in ACTIVE:
            return False
        return not self.context.collection or door.vantage == self.context.collection

    def once(self, make: Callable[[View], T]) -> T:
        """What `make` says of this view: worked out when it is first asked for, and kept."""
        if make not in self._once:
            self._once[make] = make(self)
        said: T = self._once[make]
        return said

    # --- services --------------------------------------------------------------------------

    @Lazily
    def spoke(self) -> list[Door]:
        """Doors seen from the collection vantage that spoke."""
        return [door for door in self.here if door.spoke]

    @Lazily
    def data_doors(self) -> list[Door]:
        """Doors of protocols that carry process data, from the collection vantage."""
        return [door for door in self.here if (info(door) or NOTHING).data]

    def of(self, name: str, *, anywhere: bool = False) -> list[Door]:
        """Doors of one protocol."""
        doors = self.doors if anywhere else self.here
        return [door for door in doors if door.protocol == name]

    def control(self, door: Door) -> Observation | None:
        """Another answer of the same address, same scan and vantage (domain model 2.4)."""
        answers = self.live.get((door.scan, door.vantage, door.address), ())
        place = (door.transport, door.port)
        for item in answers:
            if (item.target.transport, item.target.port) != place:
                return item
        return None

    def offered(self, name: str) -> Proposition:
        """Whether the device offers a service of that protocol, as seen from here."""
        doors = self.of(name)
        title = title_of(name)
        for door in doors:
            if door.spoke:
                return true(Strength.E4, cite(door.spoke))
        for door in doors:
            found = self._not_offered(door, title)
            if found is not None:
                return found
        return unknown(
            f"whether {title} is offered: it was not asked", f"ask for {title}", self.ask(name)
        )

    def _not_offered(self, door: Door, title: str) -> Proposition | None:
        if not door.asked:
            return None
        outcome, decided = door.decided.outcome, door.decided
        control = self.control(door)
        if outcome in (Outcome.CLOSED, Outcome.OTHER):
            if control is None:
                return unknown(
                    f"whether the refusal on {door.transport}/{door.port} comes from the device:"
                    " nothing else there answered",
                    "ask one more service of the same address",
                    self.ask(),
                    cite(decided),
                )
            where = (door.scan, door.vantage, door.address)
            if len(self.accepting.get(where, ())) >= MANY_ACCEPT and where not in self.controlled:
                return unknown(
                    "whether that host tells its ports apart: three or more of them accept, and no"
                    " port that nobody uses was tried",
                    "scan it again: the scan tries one by itself",
                    self.again(),
                    cite(decided),
                )
            return false(Strength.E2, cite(decided), cite(control, _live(control)))
        if outcome is Outcome.SILENT and door.transport == "udp" and control is not None:
            return false(Strength.E1, cite(decided), cite(control, _live(control)))
        return unknown(
            f"whether {title} is offered: {decided.outcome.value} on {door.transport}/{door.port}",
            "ask again from a place in the same zone, or read the device's configuration",
            self.ask(door.protocol),
            cite(decided),
        )

    def scan(self, options: str, name: str = "") -> str:
        """The command that asks this device for one protocol, or for all, where it was met; ""
        where no scan can ask it."""
        probe = f" --probe {name}" if name else ""
        if not self.target:
            return ""
        stand = "" if "--vantage" in options else self._stand()
        asked = f"untrap scan {self.target}{probe}{self._elsewhere(name)}{stand} {options}"
        return asked.rstrip()

    def _stand(self) -> str:
        """The option that names the collector's place, where one is declared: what is asked from
        elsewhere settles nothing about what the collector gets."""
        collection = self.context.collection
        return f" --vantage {quote(collection)}" if collection else ""

    def ask(self, name: str = "", depth: str = "identify") -> str:
        """The command that asks it for one protocol, or for all, so deep."""
        return self.scan(f"--depth {depth}", name)

    def _elsewhere(self, name: str) -> str:
        """The option that names the ports of what was met at others than a scan asks by itself: of
        a protocol that spoke where it did so, else where nobody refused it."""
        met: dict[str, dict[int, None]] = {}
        spoken = {door.protocol for door in self.doors if door.spoke}
        for door in self.doors:
            there = door.spoke or (
                door.protocol not in spoken and door.decided.outcome is not Outcome.CLOSED
            )
            if there and name in ("", door.protocol):
                met.setdefault(door.protocol, {})[door.port] = None
        named = [
            f"{one}={port}"
            for one, ports in met.items()
            if (usual := (protocol(one) or NOTHING).ports) and ports.keys() - usual
            for port in ports
        ]
        return f" --port {','.join(named)}" if named else ""

    def again(self) -> str:
        """The command that scans this device again, from the collector's place if it is named."""
        return self.scan("")

    @Lazily
    def target(self) -> str:
        """Where a scan can ask it; "" where only its hardware address is known, or where another
        device answers at its address."""
        if self.device.away:
            return ""
        known = (*self.device.addresses, self.address)
        return next((address for address in known if not _MAC.fullmatch(address)), "")

    @Lazily
    def address(self) -> str:
        """Where the device is found: an IP address, or the hardware address it was heard by."""
        if self.device.addresses:
            return self.device.addresses[0]
        if self.doors:
            return self.doors[0].address
        return self.device.register.address if self.device.register else ""

    @Lazily
    def row(self) -> RegisterRow | None:
        """The register row that declares it: its own, or that of a machine which names it."""
        return row_of(self.device, self.context.addressed)

    @Lazily
    def plausible(self) -> tuple[str, ...]:
        """Open process-data protocols that a device of this role may serve."""
        return plausible(self.device.role)

    @Lazily
    def present(self) -> Observation | None:
        """The answer that shows best that somebody is at that address: a word of its own, then a
        connection that it took, then a port that it refuses."""
        given = [item for items in self.live.values() for item in items]
        for outcomes in (SPOKE, OPEN, PRESENT):
            for item in given:
                if item.outcome in outcomes:
                    return item
        return None

    # --- points ----------------------------------------------------------------------------

    @Lazily
    def listing(self) -> Listing:
        """What its points say by themselves."""
        return listing(self.evidence.points)

    @Lazily
    def process(self) -> Sequence[tuple[Point, Meaning]]:
        """Points of the process: not the device's own housekeeping, not text."""
        return self.listing.process

    @Lazily
    def aligned(self) -> bool:
        """Whether there is one sample for each point, in the order of the listing: a device that
        was read once. Nobody has to look them up then."""
        samples, about = self.evidence.samples, self.listing
        if len(samples) != len(about.points) or not about.distinct:
            return False
        return about.keys == [(sample.part, sample.point) for sample in samples]

    @Lazily
    def plain(self) -> bool:
        """Whether every value was read once, is good, and has neither a word nor a time of its own:
        there is nothing to look at for rules on values that are bad, old or stand still."""
        if not self.aligned:
            return False
        for one in self.evidence.samples:
            if one.status or one.quality is not Quality.GOOD or one.source_time is not None:
                return False
        return True

    @Lazily
    def samples(self) -> dict[tuple[str, str], list[Sample]]:
        """Samples by (part, point address), oldest first, whichever door they came through."""
        found: dict[tuple[str, str], list[Sample]] = {}
        for sample in self.evidence.samples:
            found.setdefault((sample.part, sample.point), []).append(sample)
        for several in found.values():
            if len(several) > 1:
                several.sort(key=_age)
        return found

    def values(self, point: Point) -> list[Sample]:
        """Samples of one point; a sample without a part belongs to the only point of its name."""
        return self.samples.get((point.part, point.address)) or self.samples.get(
            ("", point.address), []
        )

    @Lazily
    def _history(self) -> dict[tuple[str, str], list[Sample]]:
        """Samples of all scans by (part, point address), oldest first."""
        telling = [one for one in self.evidence.observations if one.samples]
        if len({one.scan for one in telling}) < 2:
            return self.samples
        found: dict[tuple[str, str], list[Sample]] = {}
        for one in telling:
            for sample in one.samples:
                found.setdefault((sample.part, sample.point), []).append(sample)
        for several in found.values():
            several.sort(key=_age)
        return found

    def reads(self, point: Point) -> list[Sample]:
        """What was read of one point in all scans; see `values`."""
        found = self._history
        return found.get((point.part, point.address)) or found.get(("", point.address), [])

    @Lazily
    def valued(self) -> list[tuple[Point, Meaning, list[Sample]]]:
        """Process points with their samples, which may be none."""
        if not self.evidence.samples:
            return [(point, meaning, []) for point, meaning in self.process]
        if self.aligned:
            read = self.evidence.samples
            return [
                (point, meaning, [read[place]])
                for (point, meaning), place in zip(self.process, self.listing.places, strict=True)
            ]
        get = self.samples.get  # what `values` does, for millions of points
        return [
            (point, meaning, get((point.part, point.address)) or get(("", point.address)) or [])
            for point, meaning in self.process
        ]

    @Lazily
    def sampled(self) -> list[tuple[Point, Meaning, list[Sample]]]:
        """Process points that have at least one sample, but no parameters and limits."""
        if not self.evidence.samples:
            return []
        if self.aligned and not self.listing.settings:
            return self.valued
        return [row for row in self.valued if row[2] and row[1].kind not in SETTINGS]

    @Lazily
    def readable(self) -> bool:
        """Whether a value of a process point with known meaning was read (level 3)."""
        for point, meaning, samples in self.valued:
            if _was_read(samples) and has_meaning(point, meaning, self.typed):
                return True
        return False

    @Lazily
    def discovery(self) -> bool:
        """Whether it is an OPC UA discovery server: it names other servers, and holds no values
        (Part 12, 4.2.2)."""
        roles = (self.device.role, *self.fact("role"))
        return any("discovery" in role.casefold() for role in roles) and not self.process

    @Lazily
    def typed(self) -> bool:
        """Whether a self-describing protocol spoke here."""
        return any((info(door) or NOTHING).typed for door in self.spoke)

    def fact(self, name: str) -> list[str]:
        """Values of a fact, as text, each once."""
        return self._facts.get(name, [])

    @Lazily
    def _facts(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for item in self.device.facts:
            if item.value is not None:
                known, text = found.setdefault(item.name, []), str(item.value)
                if text not in known:
                    known.append(text)
        return found

    def statements(self) -> tuple[Declaration, ...]:
        """What people attested of the device, by any of its names."""
        if not self.context.attested:
            return ()
        return self.context.statements(*self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """All that people may call it by."""
        device = self.device
        tag = device.register.tag if device.register else ""
        names = (device.key, tag, device.name, *device.addresses)
        return tuple(name for name in names if name)

    def source(self, fact: str, value: object = None) -> Because:
        """The observation that stated a fact, as a premise."""
        for item in self.evidence.observations:
            for stated in item.facts:
                if stated.name == fact and (value is None or str(stated.value) == str(value)):
                    text = f"{stated.source} states {fact} = {stated.value}"
                    return Because(item.id, item.outcome.value, text)
        return derived(f"{fact} = {value}")

    def said_last(self, fact: str) -> dict[str, tuple[str, Because]]:
        """What was stated last under that name, by part, and the observation that stated it."""
        if fact not in self._facts:
            return {}
        return {
            stated.part: (
                str(stated.value),
                Because(
                    item.id, item.outcome.value, f"{stated.source} states {fact} = {stated.value}"
                ),
            )
            for item in self.evidence.observations
            for stated in item.facts
            if stated.name == fact
        }

    def proof(self) -> tuple[Because, ...]:
        """One observation that proves that the device answered, where there is one."""
        for door in self.spoke:
            if door.spoke:
                return (cite(door.spoke),)
        return (cite(self.present),) if self.present else ()

    def data_proof(self, point: Point) -> Because:
        """The observation that delivered a value or the listing of a point."""
        listed: Observation | None = None
        for item in self.evidence.observations:
            for sample in item.samples:
                if sample.point == point.address:
                    shown = "no value" if sample.value is None else str(sample.value)[:40]
                    status = sample.status or sample.quality.value
                    text = f"{point.name or point.address}: {shown} ({status})"
                    return Because(item.id, item.outcome.value, text)
            if listed is None and any(other.address == point.address for other in item.points):
                listed = item
        name = point.name or point.address
        return cite(listed, f"{name} is listed") if listed else derived(name)

    # --- licences --------------------------------------------------------------------------

    def entitlement(self, door: Door) -> str:
        """full, partial or unknown: what the operator declared of the identity used there."""
        return self.context.entitlements.get(identity(door), "unknown")

    def enumerated(self, door: Door) -> Proposition:
        """Whether everything that the service publishes was listed to an entitled identity."""
        about = info(door)
        title = title_of(door.protocol)
        if about is None or not about.listing:
            return self._mapped(door, title)
        listings = [item for item in door.observations if item.question.operation in about.listing]
        whole = ended_listing(door.observations, about.listing)
        if whole is None:
            return unknown(
                f"a complete listing of {title}",
                "list everything",
                self.ask(door.protocol, "points"),
                *(cite(item) for item in listings[:3]),
            )
        if lost := lost_items(door.observations, whole, about.described):
            return unknown(
                f"{lost} of the {whole.items} items that the listing of {title} counted: no answer"
                " that holds them is kept",
                "list everything again",
                self.ask(door.protocol, "points"),
                cite(whole),
            )
        state, proof = self.said_last("server_state").get("", ("running", cite(whole)))
        if state != "running":
            return unknown(
                f"what {title} lists while its server runs: it says that its state is {state}",
                "ask again when it runs; where it never does, look into the server's own log",
                self.ask(door.protocol, "points"),
                proof,
            )
        who = whole.credential or identity(door)
        if self.context.entitlements.get(who, "unknown") != "full":
            return unknown(
                f"whether the identity used on {title} may see everything",
                f'declare entitlement = "full" under [credentials.{who}] of the site'
                " file if that is so, or use a credential that has it",
                f"{self.ask(door.protocol, 'points')} --credentials NAME",
                cite(whole),
            )
        ended = [item for item in listings if item.outcome in ENDED]
        return true(Strength.E3, *(cite(item) for item in ended[-3:]))

    def _mapped(self, door: Door, title: str) -> Proposition:
        found, device = self.map, self.device
        if found.map is not None:
            text = f"the register map of {device.vendor} {found.model} is declared complete"
            read = [item for item in door.observations if item.points][:1]
            return true(
                Strength.E3,
                declared(text, found.map.declaration),
                *(cite(item) for item in read),
            )
        if found.others:
            mine = device.firmware or "(it states none)"
            return unknown(
                f"a register map of firmware {mine} that its author declares complete: the one that"
                f" is declared is of {', '.join(found.others)}",
                "obtain the map of that firmware, or state that it is the same in both",
                "untrap import map FILE",
            )
        if door.protocol != "modbus":
            return unknown(
                f"what {title} holds: it lists nothing that carries meaning",
                "free its data first: its own gaps say how",
                f"untrap show {self.address}" if self.address else "",
            )
        return unknown(
            f"a register map that its author declares complete ({title} carries no meaning)",
            "obtain the map from the manual and import it",
            "untrap import map FILE",
        )

    @Lazily
    def map(self) -> Chosen:
        """The register map of this device that its author declares complete, if there is one."""
        return chosen(self.context.maps_complete, self.device)

    @Lazily
    def unread(self) -> Sequence[tuple[Point, Meaning]]:
        """What the complete map of this device names, and no scan read: it is there by the map's
        own word, or the map is of another version."""
        if self.map.map is None or not any(door.protocol == "modbus" for door in self.spoke):
            return ()
        listed = (point.address for point in self.evidence.points)
        named = unlisted(self.map.map, self.device, listed)
        return [(point, meaning) for point in named if (meaning := measure(point)).numeric]

    def cap(self, strength: Strength, quality: bool = False) -> Strength:
        """A strength, one step of confidence lower when the evidence is old or in conflict."""
        limits = self.context.thresholds
        days = limits.quality_days if quality else limits.presence_days
        if self._age_seconds > days * 86_400:
            strength = demote(strength)
        return demote(strength) if self.conflicts else strength

    @Lazily
    def _age_seconds(self) -> float:
        """How old the newest evidence is; less than any where there is none."""
        if self.latest is None:
            return -math.inf
        return (self.context.today - self.latest).total_seconds()


def _live(item: Observation) -> str:
    return f"control: the same address answered on {item.target.transport}/{item.target.port}"


def _age(sample: Sample) -> float:
    return sample.received_time.timestamp() if sample.received_time else 0.0


def _was_read(samples: Sequence[Sample]) -> bool:
    for item in samples:  # noqa: SIM110 - asked of every point: a generator costs twice as much
        if item.value is not None and item.quality is not Quality.BAD:
            return True
    return False
