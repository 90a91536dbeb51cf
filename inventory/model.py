"""The values of the inventory: what people declare, what is derived, what is concluded.

One rule keeps it simple: values only. `Declaration` and the scan records are stored; everything
else here is computed from them and from observations by pure functions, and can be computed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple

from protocols.contract import (
    Fact,
    Observation,
    Openness,
    Outcome,
    Point,
    Sample,
    compact,
    identifier,
)

# --- records ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scan:
    """One run. `plan` and `summary` are the JSON objects of `interface.md`."""

    id: str
    site: str
    vantage: str
    started: datetime
    finished: datetime | None = None
    targets: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    depth: str = ""
    profile: str = ""
    interface: str = ""
    source_address: str = ""
    status: str = "running"  # running, done, part, interrupted
    plan: Mapping[str, object] = field(default_factory=dict)
    summary: Mapping[str, object] = field(default_factory=dict)
    rules_version: str = ""


class Kind(StrEnum):
    """What a declaration states. `fields` of each kind are documented in `docs/schema.md`."""

    REGISTER = "register"  # one row of a register; fields: the canonical columns, lower-case
    LINK = "link"  # equipment, device, part, signal, complete
    MAP = "map"  # one line of a register map (fields of contract.MapEntry)
    ATTEST = "attest"  # subject, statement, value
    WAIVER = "waiver"  # finding, owner, reason, expires
    KEY = "key"  # key, identity: the identity that a key was first derived from
    MERGE = "merge"  # keep, drop
    SPLIT = "split"  # asset, identity
    FIELD = "field"  # asset, name, value: a person's word over a scan's
    SITE = "site"  # name, areas
    VANTAGE = "vantage"  # name, zone, level, covers, collection
    ZONE = "zone"  # name, addresses, level
    CONDUIT = "conduit"  # from, to, protocols
    CREDENTIAL = "credential"  # name, type, entitlement (never a secret)
    THRESHOLD = "threshold"  # name, value
    WITHDRAWN = "withdrawn"  # kind, subject of the statement, by its id, that holds no more


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a scan cannot see, and who says so. Append-only; a later one of the same `subject`
    and kind from the same `document` or author supersedes an earlier one when derived."""

    site: str
    kind: Kind
    subject: str  # tag, address, key or name that it is about
    fields: Mapping[str, str]
    author: str = ""
    document: str = ""  # file name and digest, "register.csv sha256:1a2b…"
    time: datetime | None = None  # aware, UTC

    @property
    def id(self) -> str:
        """Deterministic: importing a file twice stores each row once."""
        content = [self.site, self.kind.value, self.subject, sorted(self.fields.items())]
        content += [self.author, self.document]
        return identifier(compact(content))


# --- three-valued logic ----------------------------------------------------------------------


class Truth(IntEnum):
    """Strong Kleene: AND is min, OR is max, NOT is 2 - x."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2


class Strength(IntEnum):
    """How strong a premise is (domain model 2.5)."""

    E0 = 0  # silence without control, catalogue inference, name-only match
    E1 = 1  # silence with live control
    E2 = 2  # closed or blocked with controls
    E3 = 3  # licensed enumeration
    E4 = 4  # explicit answer of the target, or a signed attestation


class Severity(StrEnum):
    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Confidence(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Effort(StrEnum):
    """E0 configuration · E1 permit and a day · E2 small hardware · E3 project · E4 replacement."""

    E0 = "E0"
    E1 = "E1"
    E2 = "E2"
    E3 = "E3"
    E4 = "E4"


class Category(StrEnum):
    TRAPPED = "trapped"
    UNINSTRUMENTED = "uninstrumented"
    INACCESSIBLE = "inaccessible"
    POOR_QUALITY = "poor-quality"
    UNGOVERNED = "ungoverned"
    NONE = "none"  # N rules


@dataclass(frozen=True, slots=True)
class Proposition:
    """TRUE, FALSE or UNKNOWN(reason), with the evidence that it rests on."""

    truth: Truth
    strength: Strength = Strength.E0
    because: tuple[Because, ...] = ()
    unknown: str = ""  # the missing premise, when UNKNOWN
    next_step: str = ""  # the cheapest question that would settle it
    command: str = ""  # the very command to run, when there is one


# --- derived ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Service:
    """One protocol endpoint of a device; its outcome is that of its identity question."""

    protocol: str
    transport: str
    port: int
    outcome: Outcome
    address: str = ""
    reason: str = ""
    security: tuple[str, ...] = ()
    openness: Openness | None = None
    part: str = ""


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One row of a register, canonical columns (rulings 22)."""

    tag: str = ""
    kind: str = ""  # device, equipment, or empty
    name: str = ""
    cls: str = ""
    site: str = ""
    area: str = ""
    line: str = ""
    address: str = ""
    mac: str = ""
    protocol: str = ""
    unit: str = ""
    parent: str = ""
    vendor: str = ""
    model: str = ""
    serial: str = ""
    criticality: str = ""  # C1, C2, C3
    redundancy: str = ""  # A, B, C
    owner: str = ""
    document: str = ""
    declaration: str = ""  # id of the statement that it is


@dataclass(frozen=True, slots=True)
class Link:
    """Equipment is monitored by (a part or signal of) a device, by declaration."""

    equipment: str  # tag
    device: str  # key of the device, or the text that no device matched
    part: str = ""
    signal: str = ""
    complete: bool = False  # the link set of this equipment is declared complete
    proposed: bool = False  # guessed from names, waiting for a person
    resolved: bool = True
    declaration: str = ""  # id of the statement
    stated: datetime | None = None  # when a person stated it


ELSEWHERE = "elsewhere"
"""Identity of the explanation that another device stands at the address of a register row."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Why two identities are one device: explained by `show`, undone by `split`."""

    identity: str
    reason: str


@dataclass(frozen=True, slots=True)
class Device:
    """A network or bus participant."""

    key: str
    site: str
    name: str = ""
    role: str = ""
    vendor: str = ""
    product: str = ""
    model: str = ""
    firmware: str = ""
    hardware: str = ""
    serial: str = ""
    mac: str = ""
    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    parent: str = ""  # key
    part: str = ""  # "unit 3"
    services: tuple[Service, ...] = ()
    facts: tuple[Fact, ...] = ()
    register: RegisterRow | None = None
    merges: tuple[Merge, ...] = ()
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    points: int = 0  # how many points are listed
    readable: int = 0  # how many of them gave a value
    seen: bool = True  # False: declared only

    @property
    def away(self) -> str:
        """Why it is not where it was seen, or where the register puts it: another device stands
        there. "" where it may be."""
        if not self.merges:
            return ""
        return next((one.reason for one in self.merges if one.identity == ELSEWHERE), "")


@dataclass(frozen=True, slots=True)
class Equipment:
    """A physical thing that can fail. It has no address."""

    key: str
    site: str
    tag: str
    name: str = ""
    cls: str = ""
    area: str = ""
    line: str = ""
    criticality: str = ""
    redundancy: str = ""
    owner: str = ""
    links: tuple[Link, ...] = ()
    links_complete: bool = False
    register: RegisterRow | None = None

    @property
    def monitored_by(self) -> tuple[str, ...]:
        """Keys of the devices that people linked to it, each once; a proposed link is no fact."""
        found = (link.device for link in self.links if link.resolved and not link.proposed)
        return tuple(dict.fromkeys(found))


class Gone(NamedTuple):
    """A point that a service listed, and lists no more to the same identity at the same place."""

    point: Point
    before: Observation  # that gave it last
    after: Observation  # that ends the listing without it


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything known about one device: its observations, oldest first, points and samples.

    Points and samples are those that count: without what a later listing holds no more (`gone`).
    """

    device: Device
    observations: tuple[Observation, ...] = ()
    points: tuple[Point, ...] = ()
    samples: tuple[Sample, ...] = ()  # latest per point unless a window was sampled
    gone: tuple[Gone, ...] = ()


# --- concluded -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Because:
    """One premise of a conclusion. `observation` is an id, or "" for a declaration or log."""

    observation: str
    outcome: str
    text: str
    declaration: str = ""


@dataclass(frozen=True, slots=True)
class Remedy:
    text: str
    effort: Effort
    needs_outage: bool = False
    cause: str = ""  # same cause, same fix: "credential:opcua:zone-a", "map:Vendor Model"


def finding_id(rule: str, asset: str, subject: str) -> str:
    """Identifier of what a rule finds of an asset, and of what in it."""
    return identifier("\n".join((rule, asset, subject)))


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that is TRUE of a subject. `id` = UUIDv5(rule, asset key, subject)."""

    rule: str
    version: int
    category: Category
    label: str
    asset: str  # key
    asset_name: str
    site: str
    subject: str  # what in the asset: a service, a signal, a unit; "" for the whole
    severity: Severity
    confidence: Confidence
    value: float
    because: tuple[Because, ...]
    remedies: tuple[Remedy, ...]
    unlocks: int = 0
    criticality_assumed: bool = False
    waived: str = ""  # reason, when accepted (N04)

    @property
    def id(self) -> str:
        return finding_id(self.rule, self.asset, self.subject)


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A rule that cannot be decided: what is missing, and the cheapest next step."""

    rule: str
    asset: str
    asset_name: str
    site: str
    subject: str
    missing: str
    next_step: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """Data accessibility 0 to 5 as an interval; None where no licensed statement is possible."""

    lo: int | None
    hi: int | None
    blocking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """Failure-mode coverage, an interval of 0 to 1."""

    lo: float
    hi: float
    unseen: tuple[str, ...] = ()  # failure modes that nothing exposed can show
    best_next: str = ""  # the signal that adds most


class Way(StrEnum):
    """How a value comes, as far as connecting it goes (domain model 3.9, 7.4)."""

    DESCRIBED = "described"  # typed, or by a protocol that describes itself (O0)
    MAPPED = "mapped"  # an open protocol and a map (O1)
    VENDOR = "vendor"  # a vendor's protocol (O2 to O4)
    UNKNOWN = ""


class Need(NamedTuple):
    """A signal that the class of a machine requires, and the value that gives it, if any."""

    signal: str  # alternatives are joined by |
    truth: Truth  # whether it is exposed
    way: Way = Way.UNKNOWN
    device: str = ""  # key
    part: str = ""
    address: str = ""  # of the point


@dataclass(frozen=True, slots=True)
class Ages:
    """What the times of a device's values say."""

    judged: int = 0  # process values that state their time, or that they are old
    stale: int = 0  # of these, that are no longer those of the process (Q02)
    read: datetime | None = None  # when a value was read last


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that is concluded about one asset."""

    asset: str
    category: str  # rulings 19: trapped … not-assessed
    level: Level
    coverage: Coverage | None = None
    findings: tuple[Finding, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()
    conflicts: tuple[Because, ...] = ()  # observations that contradict each other, both kept
    ages: Ages = Ages()  # of a device
    needs: tuple[Need, ...] = ()  # of a machine whose class has a profile
    variant: str = ""  # of a machine: what must be connected for it
