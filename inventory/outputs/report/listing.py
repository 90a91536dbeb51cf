"""Gaps and open questions as the report lists them: in full, by kind, or counted.

One rule keeps it simple: what is alike is said once, with the assets that it is about.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from inventory.judge.weigh import frees_nothing
from inventory.model import Finding, OpenQuestion, Severity
from inventory.namesakes import Labels
from inventory.outputs.report import page
from inventory.outputs.report.evidence import Proofs
from inventory.outputs.report.limits import Limits
from inventory.outputs.report.words import spoken
from inventory.outputs.shelf import Ledger
from inventory.rules.catalogue import catalogue

if TYPE_CHECKING:
    from inventory.store import Store

SHOWN = frozenset("TAUQG")


@dataclass(slots=True)
class Ranked:
    """Findings in the order of `untrap gaps`: the first ones whole, of all others what a plan of
    fixes needs."""

    whole: list[Finding] = field(default_factory=list)
    data: Ledger[Finding] = field(default_factory=Ledger)  # live; closing one frees data
    rest: Ledger[Finding] = field(default_factory=Ledger)  # live; records and hardening
    count: int = 0
    severities: Counter[str] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)  # rule, category
    by_asset: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, store: Store, told: int, *, by_asset: bool) -> Ranked:
        """Reads them; `told` are kept whole, and counted by asset where that is asked for."""
        found = cls()
        for one in Labels(store).labelled(store.ranked(sorted(SHOWN), everything=True)):
            found.kinds[one.rule, one.category.value] += 1
            found.count += 1
            if found.count <= told:
                found.whole.append(one)
            if one.severity is Severity.INFO or one.waived:
                continue
            found.severities[one.severity.value] += 1
            if by_asset:
                found.by_asset[one.asset] += 1
            (found.rest if frees_nothing(one) else found.data).append(replace(one, because=()))
        return found

    def by_rule(self) -> tuple[tuple[str, str, str, int, str], ...]:
        """How often each rule speaks; its label without what a case adds in brackets."""
        rules = catalogue()
        return tuple(
            (rule, rules[rule].label, category, count, rules[rule].meaning)
            for (rule, category), count in self.kinds.most_common()
        )


def gaps(store: Store, findings: Sequence[Finding]) -> Iterator[page.Gap]:
    """Gaps in full, with their proof."""
    proofs = Proofs.read(store, findings)
    for one in findings:
        fix = one.remedies[0] if one.remedies else None
        yield page.Gap(
            one.id, one.rule, one.category.value, one.label, one.asset_name, one.asset,
            spoken(one.subject), one.severity.value, one.confidence.value, one.value,
            fix.text if fix else "", fix.effort.value if fix else "",
            bool(fix and fix.needs_outage),
            tuple((other.effort.value, other.text) for other in one.remedies[1:]),
            tuple(proofs.premise(item) for item in one.because),
            one.waived, frees_nothing(one),
        )  # fmt: skip


def groups(findings: Iterable[Finding]) -> Iterator[page.Group]:
    """Gaps of one kind with one fix, in the order of their most valuable one."""
    kinds: dict[tuple[object, ...], list[Finding]] = {}
    for one in findings:
        fix = one.remedies[0] if one.remedies else None
        kinds.setdefault((one.rule, one.label, one.severity, fix and fix.text), []).append(one)
    for several in kinds.values():
        first = several[0]
        fix = first.remedies[0] if first.remedies else None
        common = set.intersection(*({item.text for item in one.because} for one in several))
        yield page.Group(
            first.rule,
            first.category.value,
            first.label,
            first.severity.value,
            fix.text if fix else "",
            fix.effort.value if fix else "",
            bool(fix and fix.needs_outage),
            tuple(item.text for item in first.because if item.text in common),
            tuple((one.asset_name, spoken(one.subject), _own(one, common)) for one in several),
            len(several),
        )


def _own(one: Finding, common: set[str]) -> str:
    text = "; ".join(item.text for item in one.because if item.text not in common)
    return text if len(text) <= 160 else text[:159] + "…"


def asked(
    questions: Iterable[OpenQuestion], label: Callable[[str, str], str], limits: Limits
) -> tuple[tuple[page.Asked, ...], int]:
    """Questions with the same answer to give, once, with the assets that wait for it; and how many
    there are in all. `label` names an asset by key and name. Memory holds the groups."""
    groups: dict[tuple[str, str, str], _Asked] = {}
    count = 0
    for one in questions:
        count += 1
        missing = _impersonal(one.missing, one.asset_name)
        group = groups.setdefault((one.rule, missing, one.next_step), _Asked(one.command))
        group.count += 1
        if one.asset != group.last:  # those of one asset follow each other
            group.last, group.assets = one.asset, group.assets + 1
            if len(group.names) < limits.names:
                group.names.append(label(one.asset, one.asset_name))
    ranked = sorted(groups.items(), key=lambda item: (-item[1].count, item[0]))
    shown = tuple(
        page.Asked(
            rule,
            missing,
            step,
            group.command,
            tuple(group.names),
            group.count,
            group.assets - len(group.names),
        )
        for (rule, missing, step), group in ranked[: limits.questions]
    )
    return shown, count


@dataclass(slots=True)
class _Asked:
    command: str
    names: list[str] = field(default_factory=list)
    count: int = 0
    assets: int = 0
    last: str = ""


def _impersonal(text: str, name: str) -> str:
    """The text without the asset's own name, so that equal questions are asked once."""
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "it", text) if len(name) > 2 else text
