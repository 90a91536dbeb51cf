"""Plants with answer keys: for each rule a positive, a negative, and the trap of each "not if"."""

from __future__ import annotations

import pytest

from inventory.rules import catalogue
from tests.inventory.verdict.plants import NEGATIVE, POSITIVE, TRAP, Row, answer, judged, unsaid
from tests.inventory.verdict.plants.rows import ROWS

FIRST_RELEASE = [
    *("T01", "T02", "T03", "T05", "T06", "T07", "T08", "T10", "T11"),
    *("A01", "A02", "A03", "A04", "A05", "A08", "A09"),
    *("U01", "U02", "U03", "U04", "U05"),
    *("Q01", "Q02", "Q03", "Q04", "Q05", "Q07", "Q10", "Q11", "Q12"),
    *("G01", "G02", "G03", "G04", "G05", "G06", "G07", "G10"),
    *("N01", "N02", "N03", "N04", "N05"),
]


@pytest.mark.parametrize("one", ROWS, ids=lambda one: f"{one.rule}-{one.kind}-{one.key}")
def test_the_key_of_a_plant(one: Row) -> None:
    assert answer(one) == one.key
    assert unsaid(one) == []


def test_every_gap_leads_to_an_answer_or_to_a_persons_word() -> None:
    gaps = [gap for one in ROWS for gap in judged(one).findings]
    assert len(gaps) > len(ROWS) / 2
    assert not [gap for gap in gaps if not any(b.observation or b.declaration for b in gap.because)]


def test_the_catalogue_holds_the_rules_of_the_first_release() -> None:
    assert list(catalogue()) == FIRST_RELEASE


@pytest.mark.parametrize("rule", FIRST_RELEASE)
@pytest.mark.parametrize("kind", [POSITIVE, NEGATIVE, TRAP])
def test_every_rule_has_a_positive_a_negative_and_a_trap(rule: str, kind: str) -> None:
    assert [one for one in ROWS if one.rule == rule and one.kind == kind]


@pytest.mark.parametrize("rule", FIRST_RELEASE)
def test_every_not_if_of_a_rule_has_its_trap(rule: str) -> None:
    texts = catalogue()[rule].not_if
    named = {one.not_if for one in ROWS if one.rule == rule and one.kind == TRAP}
    assert texts
    assert all(any(text.startswith(name) for name in named) for text in texts), texts
    assert all(any(text.startswith(name) for text in texts) for name in named), named


def test_a_positive_says_something_and_a_trap_differs_from_it() -> None:
    for one in ROWS:
        if one.kind == POSITIVE:
            assert one.key, one
            assert "?" not in one.key or one.rule.startswith("N"), one
