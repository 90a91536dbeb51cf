"""What the report shows, as plain values: the templates print them and decide nothing.

One rule keeps it simple: every count that is not wholly known is a `Share`, an interval; a lone
number is a number that was counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from inventory.readiness.answer import Answer

YES, UNKNOWN, NO, NONE = "yes", "unknown", "no", "none"
"""States of an asset: its data can be had, not known, cannot be had, carries no process data."""

STATES = (YES, UNKNOWN, NO, NONE)


@dataclass(frozen=True, slots=True)
class Share:
    """Of `whole` things, at least `lo` and at most `hi`."""

    lo: int
    hi: int
    whole: int

    @property
    def unknown(self) -> int:
        """How many may or may not be."""
        return self.hi - self.lo

    @property
    def not_(self) -> int:
        """How many certainly are not."""
        return self.whole - self.hi

    @property
    def exact(self) -> bool:
        """Whether nothing is unknown."""
        return self.lo == self.hi


@dataclass(frozen=True, slots=True)
class Todo:
    """One fix: what to do, how much work, what it frees."""

    text: str
    effort: str
    needs_outage: bool
    gaps: int
    assets: tuple[str, ...]
    more: int  # assets that are not named
    what: tuple[str, ...]  # what the gaps are called
    value: float
    subject: str = ""  # what in the asset, where the fix is about one thing
    machines: tuple[tuple[str, bool], ...] = ()  # watched by what it frees; rated critical
    machines_more: int = 0  # that are not named


@dataclass(frozen=True, slots=True)
class Dark:
    """Critical ones that certainly give no data, and the one fix that frees most of theirs."""

    names: tuple[str, ...]
    place: int = 0  # among the fixes of the first screen; 0: not one of those
    fix: str = ""  # "": no gap of theirs names a fix
    effort: str = ""
    needs_outage: bool = False
    at: tuple[str, ...] = ()  # what the fix is about, where that is not one of them


@dataclass(frozen=True, slots=True)
class Node:
    """One box of the site map. `depth` counts from the network; nodes stand in preorder."""

    key: str
    label: str
    sub: str
    kind: str  # device, unit, machine
    state: str
    level: str  # "3", "2 to 5"
    depth: int
    children: int = 0
    criticality: str = ""
    gaps: int = 0
    seen: bool = True


@dataclass(frozen=True, slots=True)
class Net:
    """One network of the site with what was found in it."""

    name: str
    zone: str
    counts: Mapping[str, int]  # state → assets
    nodes: tuple[Node, ...]  # empty in an aggregated report
    unseen: int = 0

    @property
    def size(self) -> int:
        """Assets in it."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Proof:
    """One observation, as people check it."""

    id: str
    asked: str
    where: str
    outcome: str
    reason: str
    time: str
    detail: str
    excerpt: str  # hexadecimal and text, or ""
    cut: int  # bytes that are not shown


@dataclass(frozen=True, slots=True)
class Premise:
    """One premise of a gap; `proof` is shown here, `link` names one that is shown elsewhere."""

    text: str
    outcome: str
    proof: Proof | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """One gap as the list shows it."""

    id: str
    rule: str
    category: str
    label: str
    asset: str
    asset_key: str
    subject: str
    severity: str
    confidence: str
    value: float
    fix: str
    effort: str
    needs_outage: bool
    others: tuple[tuple[str, str], ...]  # further fixes: effort, text
    because: tuple[Premise, ...]
    accepted: str = ""
    paper: bool = False  # records and governance: fixing it makes no value readable


@dataclass(frozen=True, slots=True)
class Group:
    """Gaps of one kind with the same fix, where there are too many to list each in full."""

    rule: str
    category: str
    label: str
    severity: str
    fix: str
    effort: str
    needs_outage: bool
    common: tuple[str, ...]  # premises of all of them
    members: tuple[tuple[str, str, str], ...]  # asset, subject, its own premises
    count: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Open questions with the same missing premise."""

    rule: str
    missing: str
    next_step: str
    command: str
    assets: tuple[str, ...]
    count: int  # questions: of one asset there may be several
    more: int = 0  # assets that are not named


@dataclass(frozen=True, slots=True)
class Matrix:
    """Signals of the machines of one class. A cell is yes, no, unknown, or "" (not wanted)."""

    title: str
    signals: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]  # machine, states
    totals: tuple[Share, ...]  # per signal
    count: int  # machines, those without a row too


@dataclass(frozen=True, slots=True)
class Case:
    """A use case against the machines of this site."""

    name: str
    share: Share
    blocked: tuple[tuple[str, str], ...]  # machine, what is missing
    unknown: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another site of the inventory, against the same use cases."""

    site: str
    shares: tuple[tuple[str, Share], ...]  # use case, machines that are ready


@dataclass(frozen=True, slots=True)
class Honest:
    """What was not looked at, and why."""

    scanned: int
    answered: int
    unasked: int
    closed: Mapping[str, int]  # outcome → addresses that are no asset
    not_asked: tuple[tuple[str, int], ...]  # reason, questions
    excluded: tuple[str, ...]
    stopped: tuple[tuple[str, str], ...]
    unseen: tuple[tuple[str, str], ...]  # planned and not found: name, address; the first ones
    unseen_count: int
    assumed_vantage: bool


@dataclass(frozen=True, slots=True)
class Harm:
    """What the last scan sent and did, in numbers."""

    scan: str
    started: str
    planned: Mapping[str, Mapping[str, object]]
    sent: Mapping[str, object]
    outcomes: tuple[tuple[str, int], ...]
    functions: tuple[tuple[str, int], ...]
    facts: Mapping[str, object]
    retries: int


@dataclass(frozen=True, slots=True)
class Change:
    """One line of what changed since last time."""

    kind: str
    asset: str
    text: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since last time: the first ones of each kind, and how many of each there are."""

    shown: tuple[Change, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    absent: str = ""  # why nothing was compared: `first`, `large`

    @property
    def more(self) -> int:
        """How many are not shown."""
        return sum(number for _, number in self.counts) - len(self.shown)


@dataclass(frozen=True, slots=True)
class Asset:
    """One row of the table of assets."""

    key: str
    name: str
    kind: str
    what: str
    where: str
    parent: str
    level: str
    state: str
    category: str
    criticality: str
    gaps: int


@dataclass(frozen=True, slots=True)
class About:
    """Which program, rules, scan and place this rests on."""

    version: str
    rules: str
    scans: tuple[tuple[str, str, str, str, str], ...]  # id, started, status, vantage, targets


@dataclass(frozen=True, slots=True)
class Page:
    """The whole report."""

    site: str
    made: str
    critical: Share  # machines and devices rated C3 whose data can be had
    critical_named: bool  # False: nothing is rated C3, so all assets stand in
    everything: Share
    index: tuple[float, float]
    level4: Share
    connectable: Share
    dark: tuple[Dark, ...]  # the critical ones that give nothing, by the fix that they wait for
    dark_more: int  # how many more there are
    unclear: tuple[str, ...]  # critical ones of which nobody knows yet; the first ones
    unclear_more: int
    spares: tuple[tuple[str, str], ...]  # spares that give no data, and what each stands in for
    coverage: tuple[float, float] | None
    machines_covered: int
    unrated: float
    fixes: tuple[Todo, ...]
    paperwork: tuple[Todo, ...]
    nets: tuple[Net, ...]
    gaps: tuple[Gap, ...]  # in full
    groups: tuple[Group, ...]  # all others, by kind
    gap_count: int
    gaps_shown: int
    by_rule: tuple[tuple[str, str, str, int, str], ...]  # rule, label, category, count, meaning
    questions: tuple[Asked, ...]
    question_count: int
    matrices: tuple[Matrix, ...]
    cases: tuple[Case, ...]
    honest: Honest
    harm: Harm | None
    changes: Changes
    assets: tuple[Asset, ...]
    asset_count: int
    aggregated: bool
    about: About
    severities: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)  # tag → what the machine is called
    elsewhere: tuple[Elsewhere, ...] = ()
    review: tuple[Answer, ...] = ()  # the six questions
    barriers: tuple[tuple[str, str, str], ...] = ()  # barrier, indicator, its value

    @property
    def case_names(self) -> tuple[str, ...]:
        """Every use case that is about a machine of any site."""
        named = [case.name for case in self.cases]
        named += [name for one in self.elsewhere for name, _ in one.shares]
        return tuple(dict.fromkeys(named))

    @property
    def case_sites(self) -> tuple[tuple[str, Mapping[str, Share | None]], ...]:
        """This site and the others, each with its share by use case; None: no such machine."""
        here = Elsewhere(self.site, tuple((case.name, case.share) for case in self.cases))
        return tuple(
            (one.site, dict.fromkeys(self.case_names) | dict(one.shares))
            for one in (here, *self.elsewhere)
        )

    @property
    def case_totals(self) -> tuple[tuple[int, int, int], ...]:
        """By use case the sites that have such machines: where all of them are ready, where one is
        blocked, and the rest, of which nobody knows."""
        found = []
        for name in self.case_names:
            shares = [share for _, by_case in self.case_sites if (share := by_case[name])]
            ready = sum(share.lo == share.whole for share in shares)
            blocked = sum(share.not_ > 0 for share in shares)
            found.append((ready, blocked, len(shares) - ready - blocked))
        return tuple(found)
