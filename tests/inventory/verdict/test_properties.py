"""Property tests of the domain model, 9.13, over random evidence of one device."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.model import Evidence, Verdict
from inventory.verdict import judge_device
from protocols.contract import Observation, Outcome
from tests.inventory.verdict.evidence import context, device, evidence, seen

PROTOCOLS = ("opcua", "modbus", "s7comm", "snmp", "ethernetip")
OUTCOMES = tuple(item for item in Outcome if item is not Outcome.NOT_ASKED)
DECIDED = ("T01", "T02", "A01", "A03", "A04")
"""Rules about services, whose truth a later observation could turn."""

ROLE = device(role="plc", vendor="Maker", product="CPU", serial="S1", firmware="1")


@st.composite
def observation(draw: st.DrawFn, scan: str = "scan-1") -> Observation:
    return seen(
        draw(st.sampled_from(PROTOCOLS)),
        draw(st.sampled_from(OUTCOMES)),
        scan=scan,
        seconds=draw(st.integers(0, 600)),
    )


def once_each(items: list[Observation]) -> list[Observation]:
    """One observation per protocol: one scan asks each door once."""
    return list({item.question.protocol: item for item in items}.values())


def judged(items: list[Observation]) -> Verdict:
    found: Evidence = evidence(*items, about=ROLE)
    return judge_device(found, context(found))


def fired(verdict: Verdict) -> set[str]:
    return {item.rule for item in verdict.findings}


@settings(max_examples=150, deadline=None)
@given(st.lists(observation(), max_size=5), observation(scan="scan-2"))
def test_a_second_scan_that_contradicts_is_recorded_as_a_conflict(
    items: list[Observation], later: Observation
) -> None:
    before = once_each(items)
    one, two = judged(before), judged([*before, later])
    lost = {rule for rule in fired(one) & set(DECIDED) if rule not in fired(two)}
    open_now = {item.rule for item in two.questions}
    turned = lost - open_now
    if turned and _same_door(before, later):
        assert two.conflicts or _adds_a_service(later)


def _same_door(before: list[Observation], later: Observation) -> bool:
    return any(item.question.protocol == later.question.protocol for item in before)


def _adds_a_service(later: Observation) -> bool:
    """A refinement of a refusal is no contradiction: the same service still speaks."""
    return later.outcome.value.startswith(("refused", "empty", "partial", "complete"))


@settings(max_examples=150, deadline=None)
@given(st.lists(observation(), min_size=1, max_size=5))
def test_dropping_a_premise_never_gives_the_opposite(items: list[Observation]) -> None:
    whole = once_each(items)
    verdict = judged(whole)
    for finding in verdict.findings:
        cited = {item.observation for item in finding.because if item.observation}
        for item in whole:
            if item.id not in cited:
                continue
            less = judged([other for other in whole if other is not item])
            assert less.category not in ("sufficient", "covered")
            still = finding.rule in fired(less)
            assert still or less.category or less.questions
            before, after = verdict.level, less.level
            if after.lo is not None and before.hi is not None:
                assert after.lo <= before.hi


@settings(max_examples=150, deadline=None)
@given(st.lists(observation(), max_size=6))
def test_the_order_of_doors_does_not_matter(items: list[Observation]) -> None:
    whole = once_each(items)
    other = sorted(whole, key=lambda item: item.question.protocol)
    assert fired(judged(whole)) == fired(judged(other))


@settings(max_examples=150, deadline=None)
@given(st.lists(observation(), max_size=6))
def test_levels_are_intervals_and_no_gap_is_without_proof(items: list[Observation]) -> None:
    verdict = judged(once_each(items))
    level = verdict.level
    assert level.lo is not None
    assert level.hi is not None
    assert 0 <= level.lo <= level.hi <= 5
    for finding in verdict.findings:
        assert any(item.observation for item in finding.because)
        assert finding.remedies
    if not verdict.findings:
        assert verdict.questions or verdict.category == "covered"
