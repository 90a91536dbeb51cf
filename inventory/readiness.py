"""The six questions of a readiness review, and indicators for the other three barriers.

One rule keeps it simple: what a scan cannot answer is printed as such (domain model 7, 8).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from inventory.judge.openness import protocol
from inventory.judge.survey import addressed, row_of
from inventory.model import Device, Equipment, Evidence
from inventory.once import Once
from inventory.population import MADE_BY_SCAN, estimate
from inventory.rules.quality import has_unit
from inventory.signals.listing import listing
from inventory.signals.points import BINARY_TYPES, Meaning
from protocols.contract import SPOKE, Openness, Point


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the six questions, as far as a scan answers it."""

    number: int
    question: str
    measures: tuple[tuple[str, str], ...]
    unknown: float | None  # share of what it rests on that is not known; None: not computable
    stays_human: str


class _Listed(NamedTuple):
    """What one list of points adds to the counts."""

    access: bool
    writable: bool
    points: int
    named: int
    quantities: int  # that mean nothing without a unit
    united: int


def _count(points: tuple[Point, ...]) -> _Listed:
    values = [
        (point, meaning)
        for point, meaning in listing(points).measured
        if meaning.process and meaning.numeric
    ]
    quantities = [(point, meaning) for point, meaning in values if _is_quantity(point, meaning)]
    return _Listed(
        any(point.access in ("rw", "w", "r", "-") for point in points),
        any("w" in point.access for point in points),
        len(values),
        sum(meaning.known for _, meaning in values),
        len(quantities),
        sum(bool(point.unit or meaning.dimension) for point, meaning in quantities),
    )


def _is_quantity(point: Point, meaning: Meaning) -> bool:
    """Whether a value wants a unit: a state and a ratio have none."""
    if meaning.measurand:
        return has_unit(meaning.measurand)
    return not point.type.casefold().startswith(BINARY_TYPES)


_listed = Once(_count)
"""Siblings list the same points and are counted once."""


@dataclass(frozen=True, slots=True)
class Concluded:
    """What the questions and indicators count of the findings and open questions."""

    gaps: Mapping[str, int]  # by rule
    accepted: int
    open_assets: int  # assets of which something is asked


class Census:
    """Counts for the six questions, while the inventory streams by."""

    def __init__(self, equipment: Iterable[Equipment] = ()) -> None:
        self._addressed = addressed(equipment)
        self.devices = 0
        self.undeclared = 0
        self.unseen = 0
        self.identity = Counter[str]()
        self.classes = Counter[Openness]()
        self.models: dict[str, set[str]] = {}
        self.writable = 0
        self.access_known = 0
        self.points = 0
        self.named = 0
        self.quantities = 0
        self.united = 0
        self.insecure = 0
        self.modelled = 0
        self.clocked = 0
        self.certified = 0
        self.behind = Counter[str]()
        self.listed = 0  # devices that a register names and that were asked, themselves
        self.found = 0
        self.shared = 0
        self.from_scan = False  # the register was exported from an inventory

    def device(self, evidence: Evidence) -> None:
        """Counts one device in."""
        device = evidence.device
        self.devices += 1
        self.unseen += not device.seen
        self.undeclared += device.seen and row_of(device, self._addressed) is None
        for name in ("vendor", "serial", "firmware", "mac", "role"):
            self.identity[name] += bool(getattr(device, name))
        self._services(device)
        self._population(device)
        self.modelled += bool(device.model or device.product)
        facts = {fact.name for fact in device.facts}
        self.clocked += "clock_skew_seconds" in facts
        self.certified += "certificate.not_after" in facts
        if device.parent:
            self.behind[device.parent] += 1
        listed = _listed(evidence.points)
        self.access_known += listed.access
        self.writable += listed.writable
        self.points += listed.points
        self.named += listed.named
        self.quantities += listed.quantities
        self.united += listed.united

    def _population(self, device: Device) -> None:
        """For the estimate: not what is behind a gateway, nor what nobody asked."""
        if device.parent or not (device.seen or device.services):
            return
        row = row_of(device, self._addressed)
        self.listed += row is not None
        self.found += device.seen
        self.shared += device.seen and row is not None
        self.from_scan |= row is not None and MADE_BY_SCAN in row.document.casefold()

    def _services(self, device: Device) -> None:
        model = f"{device.vendor} {device.model or device.product}".strip()
        for service in device.services:
            about = protocol(service.protocol)
            if service.outcome in SPOKE and about is not None and about.data:
                self.classes[about.openness] += 1
                if model:
                    self.models.setdefault(device.role or "device", set()).add(
                        f"{service.protocol} {model}"
                    )


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.0%} of {whole:g}" if whole else "nothing to count"


def _span(held: object) -> str:
    """A share that is known within bounds: "31 to 45 %"."""
    if not isinstance(held, dict) or None in held.values():
        return "not assessed"
    low, high = (f"{100 * held[end]:.0f}" for end in ("lo", "hi"))
    return f"{low} %" if low == high else f"{low} to {high} %"


def _doubtful(line: Mapping[str, object]) -> float:
    """The share of weight of which it is not known whether it is at level 4; all where nothing is
    assessed."""
    bounds = [line.get(name) for name in ("level4_share", "level4_possible")]
    if None in bounds:
        return 1.0
    low, high = (float(str(one)) for one in bounds)
    return round(high - low, 3)


def six_questions(
    census: Census,
    site_line: Mapping[str, object] | None,
    concluded: Concluded,
) -> list[Answer]:
    """The six diagnostic questions with their measures and the share that is not known."""
    rules = Counter(concluded.gaps)
    unknown = concluded.open_assets / census.devices if census.devices else 1.0
    unknown = round(min(unknown, 1.0), 3)
    line = site_line or {}
    doubtful = _doubtful(line)
    services = sum(census.classes.values())
    easy = census.classes[Openness.O0]
    variants = sum(len(models) for models in census.models.values())
    return [
        Answer(
            1,
            "Is data access consistent and reliable across all sites?",
            (
                ("accessibility index", _span(line.get("index"))),
                ("share of weight at level 4", _span(
                    {"lo": line.get("level4_share"), "hi": line.get("level4_possible")})),
                ("stale values (Q02)", str(rules["Q02"])),
            ),
            doubtful,
            "whether people copy data by hand instead",
        ),
        Answer(
            2,
            "Can insight trigger action?",
            (
                ("indicator: devices with a writable value by their own attributes",
                 _share(census.writable, census.access_known)),
            ),
            round(1 - census.access_known / census.devices, 3) if census.devices else 1.0,
            "whether anything may write, and the safety case",
        ),
        Answer(
            3,
            "Is it visible what is connected, where data comes from and where gaps are?",
            (
                ("devices found and not declared", _share(census.undeclared, census.devices)),
                ("declared and not observed", _share(census.unseen, census.devices)),
                ("devices that there are, estimated (Chapman)", str(estimate(
                    census.listed, census.found, census.shared, census.from_scan))),
                ("maker known", _share(census.identity["vendor"], census.devices)),
                ("serial number known", _share(census.identity["serial"], census.devices)),
                ("networks that nobody looked at (T10)", str(rules["T10"])),
                ("questions not asked", str(line.get("not_asked", 0))),
            ),
            unknown,
            "who owns the register",
        ),
        Answer(
            4,
            "Are integrations standardised and governed?",
            (
                ("services that describe themselves", _share(easy, services)),
                ("variants (protocol and model)", str(variants)),
                ("devices per variant",
                 f"{census.devices / variants:.1f}" if variants else "nothing to count"),
                ("siblings that differ (Q11)", str(rules["Q11"])),
                ("insecure collection paths (G01)", str(rules["G01"])),
            ),
            unknown,
            "contracts and the quality of pipelines",
        ),
        Answer(
            5,
            "Would it work at ten sites without redesign?",
            (("run it", "untrap readiness --use-case FILE --pilot SITE"),
             ("values with a known meaning", _share(census.named, census.points)),
             ("values with a unit", _share(census.united, census.quantities))),
            round(1 - census.named / census.points, 3) if census.points else 1.0,
            "budget, people, bandwidth beyond the plant",
        ),
        Answer(
            6,
            "Is it funded and governed as an enterprise priority?",
            (("not answerable by a scan; supporting counts only", ""),
             ("assets without owner, criticality or place (G07)", str(rules["G07"])),
             ("gaps accepted with an expiry", str(concluded.accepted))),
            None,
            "the answer",
        ),
    ]  # fmt: skip


def barriers(census: Census, concluded: Concluded) -> list[tuple[str, str, str]]:
    """Indicators, never scores, of the other three barriers: barrier, indicator, its value."""
    rules = Counter(concluded.gaps)
    variants = sum(len(models) for models in census.models.values())
    services = sum(census.classes.values())
    hard = services - census.classes[Openness.O0]

    def of(value: object, known: int) -> str:
        return f"{value}; not known of {census.devices - known} of {census.devices} devices"

    return [
        ("handcrafted integrations", "variants of protocol and model",
         of(variants, census.modelled)),
        ("handcrafted integrations", "paths that do not describe themselves",
         _share(hard, services)),
        ("handcrafted integrations", "siblings configured differently (Q11)",
         of(rules["Q11"], census.modelled)),
        ("no write path", "devices that state a writable value",
         of(census.writable, census.access_known)),
        ("no write path", "written values that readers may write too: also a risk (G05)",
         of(rules["G05"], census.access_known)),
        ("not managed for AI", "wrong clocks (Q07)", of(rules["Q07"], census.clocked)),
        ("not managed for AI", "certificates ending (G04)", of(rules["G04"], census.certified)),
        ("not managed for AI", "most devices behind a single gateway",
         str(max(census.behind.values(), default=0))),
        ("not managed for AI", "intermittent paths (A07)", "not known: needs five scans in a day"),
    ]  # fmt: skip
