"""From a case to a finding or an open question: severity, confidence, value, remedies.

One rule keeps it simple: confidence is about truth, severity about harm; they never mix
(domain model 2.5, 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from string import Formatter
from typing import TYPE_CHECKING

from inventory.judge.logic import assumed, confidence
from inventory.judge.openness import document
from inventory.model import (
    Because,
    Category,
    Confidence,
    Declaration,
    Effort,
    Finding,
    OpenQuestion,
    Remedy,
    Severity,
    Strength,
    Truth,
)
from inventory.once import Once
from inventory.quick import quick

if TYPE_CHECKING:
    from inventory.judge.context import Context
    from inventory.rules.rule import Case, Rule

LADDER = (Severity.INFO, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
_PLACES = {one: place for place, one in enumerate(LADDER)}
SHIFT = {"C1": -1, "C2": 0, "C3": 1}
WEIGHT = {"C1": 1.0, "C2": 3.0, "C3": 9.0}
TRUST = {Confidence.HIGH: 1.0, Confidence.MEDIUM: 0.6, Confidence.LOW: 0.3}
COST = {Effort.E0: 1.0, Effort.E1: 2.0, Effort.E2: 4.0, Effort.E3: 8.0, Effort.E4: 16.0}
RECORD_RULES = frozenset({"Q07", "Q10", "Q11"})
RECORD_LACK = 0.1
"""Most that governance and records add: the step from level 4 to 5; they free no value. At level 4
they are worth 0, as every gap there: domain model 5 counts what is missing up to level 4, where the
use of data begins, and ranks such gaps by severity."""
MOST_CONFLICTS = 3
"""Contradictions that one finding cites; `show` of the asset lists them all."""
SPARE = frozenset({"B", "C"})
"""Redundancy grades of NORSOK Z-008 with a spare: half the weight."""
UNREACHABLE_RULES = frozenset({"A01", "A02", "A08", "T01", "T06"})
"""Rules that rest on what is reachable from the collection vantage (rulings 20)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a finding is about, and how much that matters."""

    key: str
    name: str
    site: str
    criticality: str = ""  # "" is unrated: computed as C2
    redundancy: str = ""
    safety: bool = False  # a safety function: it is offered nothing that touches it
    behind: tuple[tuple[str, str], ...] = ()  # criticality and redundancy of what it monitors

    @property
    def rated(self) -> str:
        """The criticality that is computed with."""
        return self.criticality if self.criticality in SHIFT else "C2"

    @property
    def weight(self) -> float:
        """What closing its gaps is worth (domain model 5): its own weight, or that of all the
        machines whose data come by it, which is more."""
        machines = sum([weight_of(*one) for one in self.behind])
        return max(weight_of(self.criticality, self.redundancy), machines)


def weight_of(criticality: str, redundancy: str) -> float:
    """Weight in every sum (domain model 5); unrated counts as C2, one with a spare half."""
    return WEIGHT.get(criticality, WEIGHT["C2"]) * (0.5 if redundancy in SPARE else 1.0)


def severity(
    base: Severity, subject: Subject, steps_down: int = 0, *, records: bool = False
) -> Severity:
    """The matrix of domain model 3.1; an info stays an info.

    A device's gap harms the machines whose data come by it: the worst of them counts where it
    matters more than the device itself; not for what is only about `records` or governance.
    """
    if base is Severity.INFO:
        return base
    rated = [(subject.rated, subject.redundancy), *(() if records else subject.behind)]
    shift = max(SHIFT.get(grade, SHIFT["C2"]) - (spare in SPARE) for grade, spare in rated)
    place = _PLACES[base] + shift - steps_down
    return LADDER[max(0, min(place, len(LADDER) - 1))]


_new_finding, _new_question = quick(Finding), quick(OpenQuestion)


class _Fields(dict[str, str]):
    """Words for a text; what the case does not say is left out of the text."""

    def __missing__(self, key: str) -> str:
        return {"asset": "the asset", "parent": "the gateway"}.get(key, "it")


def frees_nothing(finding: Finding) -> bool:
    """Whether fixing it completes records or governance and makes no value readable."""
    return finding.category is Category.UNGOVERNED or finding.rule in RECORD_RULES


def remedies_of(rule: Rule, fields: Mapping[str, str]) -> tuple[Remedy, ...]:
    """The rule's remedies in the words of the case, cheapest first.

    A case gives an empty word where a remedy that uses it cannot be done, and that one is left out.
    """
    return _wording(rule.remedies).of(fields)


class _Wording:
    """Remedies of one rule in the words of cases: the same ones where the words that they use are
    the same, as they are for thousands of devices."""

    MOST = 8192

    def __init__(self, remedies: tuple[Remedy, ...]) -> None:
        self._remedies = remedies
        texts = [text for item in remedies for text in (item.text, item.cause)]
        named = (part[1] for text in texts for part in Formatter().parse(text))
        self._names = tuple(dict.fromkeys(name for name in named if name))
        self._known: dict[tuple[str | None, ...], tuple[Remedy, ...]] = {}

    def of(self, fields: Mapping[str, str]) -> tuple[Remedy, ...]:
        """The remedies in these words."""
        words = tuple([fields.get(name) for name in self._names])
        known = self._known.get(words)
        if known is None:
            if len(self._known) >= self.MOST:
                self._known.clear()
            known = self._known[words] = self._worded(words)
        return known

    def _worded(self, several: tuple[str | None, ...]) -> tuple[Remedy, ...]:
        said = dict(zip(self._names, several, strict=True))
        words = _Fields({name: word for name, word in said.items() if word is not None})
        never = tuple(f"{{{name}}}" for name, word in words.items() if not word)
        made = [
            replace(item, text=item.text.format_map(words), cause=item.cause.format_map(words))
            for item in self._remedies
            if not any(name in item.text for name in never)
        ]
        return tuple(sorted(made, key=lambda item: COST[item.effort]))


_wording = Once(_Wording)


def touches(remedy: Remedy) -> bool:
    """Whether a remedy changes the device, its program or its wiring, or stops it."""
    return remedy.needs_outage or remedy.cause.partition(":")[0] in document("rules")["intrusive"]


def finding_of(
    rule: Rule, case: Case, subject: Subject, strength: Strength, context: Context, lack: float
) -> Finding | None:
    """The finding of a TRUE case; None when its premises are too weak for any statement.

    `lack` is what the asset misses, 0 to 1: target minus coverage, or value of 4 minus of `lo`.
    """
    trust = confidence(strength)
    if trust is None or case.proposition.truth is not Truth.TRUE:
        return None
    records = rule.category is Category.UNGOVERNED or rule.id in RECORD_RULES
    if records:
        lack = min(lack, RECORD_LACK)
    remedies = remedies_of(rule, case.fields)
    if subject.safety:
        remedies = tuple(item for item in remedies if not touches(item))
    cheapest = COST[remedies[0].effort] if remedies else 1.0
    made = _new_finding(
        rule=rule.id,
        version=rule.version,
        category=rule.category,
        label=rule.label,
        asset=subject.key,
        asset_name=subject.name,
        site=subject.site,
        subject=case.subject,
        severity=severity(case.base or rule.base, subject, case.steps_down, records=records),
        confidence=trust,
        value=round(subject.weight * max(lack, 0.0) * TRUST[trust] / cheapest, 4),
        because=case.proposition.because + _assumptions(rule, context),
        remedies=remedies,
        unlocks=case.unlocks,
        criticality_assumed=subject.criticality not in SHIFT,
    )
    return _waived(made, context)


def once(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for each rule and subject, whatever the number of doors that show it: the most
    severe, the surest of those, with the premises of all."""
    merged: dict[tuple[str, str, str], Finding] = {}
    for one in findings:
        same = (one.rule, one.asset, one.subject)  # what its id is made of
        other = merged.get(same)
        merged[same] = one if other is None else _joined(other, one)
    return list(merged.values())


def _joined(one: Finding, other: Finding) -> Finding:
    def rank(item: Finding) -> tuple[int, float]:
        return LADDER.index(item.severity), TRUST[item.confidence]

    strong = other if rank(other) > rank(one) else one
    weak = one if strong is other else other
    remedies = dict.fromkeys((*strong.remedies, *weak.remedies))
    return replace(
        strong,
        value=max(one.value, other.value),
        unlocks=max(one.unlocks, other.unlocks),
        because=tuple(dict.fromkeys((*strong.because, *weak.because))),
        remedies=tuple(sorted(remedies, key=lambda item: COST[item.effort])),
    )


def contradicted(finding: Finding, conflicts: Sequence[Because]) -> Finding:
    """The finding with the contradictions that lowered its confidence, where there are any."""
    if not conflicts:
        return finding
    return replace(finding, because=(*finding.because, *conflicts[:MOST_CONFLICTS]))


def _assumptions(rule: Rule, context: Context) -> tuple[Because, ...]:
    """Ruling 20: without a declared collection vantage every finding says what was assumed."""
    if context.collection or rule.category is Category.UNGOVERNED:
        return ()
    return (_HERE,)


_HERE = assumed("no collection vantage is declared: here is taken as the collector's place")


def accepted(finding: str, context: Context) -> bool:
    """Whether a finding, by its id, is accepted today (N04)."""
    waiver = context.waivers.get(finding) if context.waivers else None
    return waiver is not None and _runs(waiver, context)


def _runs(waiver: Declaration, context: Context) -> bool:
    expires = waiver.fields.get("expires", "")
    try:
        return not expires or date.fromisoformat(expires[:10]) >= context.today.date()
    except ValueError:
        return False


def _waived(finding: Finding, context: Context) -> Finding:
    waiver = context.waivers.get(finding.id) if context.waivers else None
    if waiver is None:
        return finding
    expires = waiver.fields.get("expires", "")
    if not _runs(waiver, context):
        expired = assumed(f"it was accepted until {expires}; that has passed")
        return replace(finding, because=(*finding.because, expired))
    owner = waiver.fields.get("owner", "somebody")
    reason = f"{waiver.fields.get('reason', 'no reason')} (accepted by {owner}, until {expires})"
    return replace(finding, waived=reason)


def question_of(rule: str, case: Case, subject: Subject) -> OpenQuestion:
    """The open question of an UNKNOWN case."""
    said = case.proposition
    return _new_question(
        rule, subject.key, subject.name, subject.site, case.subject, said.unknown,
        said.next_step, said.command,
    )  # fmt: skip


def too_weak(rule: Rule, case: Case, subject: Subject, again: str) -> OpenQuestion:
    """A TRUE that rests on a premise too weak for a finding (E0)."""
    premise = case.proposition.because[-1].text if case.proposition.because else "its premise"
    missing = f"stronger evidence for {rule.label.lower()}: it rests on {premise}"
    return OpenQuestion(
        "N05", subject.key, subject.name, subject.site, case.subject, missing,
        "scan again: the evidence is old, contradicted or without a control", again,
    )  # fmt: skip
