"""The fix planner against every possible choice, on cases small enough to try them all."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from inventory.fixes import plan_fixes
from inventory.judge.weigh import COST, Subject
from inventory.model import Category, Confidence, Effort, Finding, Remedy, Severity
from inventory.rules.catalogue import catalogue

EFFORTS = list(Effort)


def gap(number: int, worth: float, *remedies: Remedy) -> Finding:
    """A finding that is worth so much, whatever it costs to fix."""
    ordered = tuple(sorted(remedies, key=lambda item: COST[item.effort]))
    cheapest = COST[ordered[0].effort] if ordered else 1.0
    return Finding(
        "A03", 1, Category.INACCESSIBLE, "Locked", f"key-{number}", f"asset {number}", "site", "",
        Severity.MEDIUM, Confidence.HIGH, worth / cheapest, (), ordered,
    )  # fmt: skip


def fix(cause: str, effort: Effort = Effort.E1) -> Remedy:
    return Remedy(f"do {cause}", effort, cause=cause)


def drawn(seed: int) -> list[Finding]:
    draw = random.Random(seed)
    causes = [fix(f"c{n}", draw.choice(EFFORTS[:4])) for n in range(draw.randint(3, 8))]
    return [
        gap(n, draw.choice([1, 3, 9]) * 0.3, *draw.sample(causes, draw.randint(1, 3)))
        for n in range(draw.randint(3, 9))
    ]


def cheapest(gaps: Sequence[Finding]) -> float:
    """Least effort of any set of fixes that frees every gap."""
    efforts = {item.cause: COST[item.effort] for one in gaps for item in one.remedies}
    ways = [frozenset(item.cause for item in one.remedies) for one in gaps]
    return min(
        sum(efforts[cause] for cause in chosen)
        for size in range(1, len(efforts) + 1)
        for chosen in itertools.combinations(sorted(efforts), size)
        if all(way & set(chosen) for way in ways)
    )


def test_the_plan_frees_every_gap_once_and_is_nearly_always_the_cheapest() -> None:
    ratios = []
    for seed in range(120):
        gaps = drawn(seed)
        plan = plan_fixes(gaps)
        assert sorted(one for item in plan for one in item.gaps) == sorted(one.id for one in gaps)
        ratios.append(sum(COST[item.effort] for item in plan) / cheapest(gaps))
    assert min(ratios) >= 1.0 - 1e-9
    assert sum(ratio < 1.0 + 1e-9 for ratio in ratios) >= 0.9 * len(ratios)
    assert sum(ratios) / len(ratios) < 1.03


@pytest.mark.parametrize("seed", range(0, 120, 7))
def test_the_order_is_that_in_which_they_pay(seed: int) -> None:
    gaps = drawn(seed)
    worth = {one.id: one.value * COST[one.remedies[0].effort] for one in gaps}
    plan = plan_fixes(gaps)
    for item in plan:
        freed = sum(worth[one] for one in item.gaps)
        assert item.value == pytest.approx(freed / COST[item.effort], abs=1e-3)
    assert [item.value for item in plan] == sorted((item.value for item in plan), reverse=True)


def test_a_fix_that_another_one_makes_needless_is_left_out() -> None:
    small, whole = fix("small", Effort.E0), fix("whole", Effort.E2)
    plan = plan_fixes([gap(1, 9, small, whole), gap(2, 3, whole)])
    assert [(item.cause, len(item.gaps)) for item in plan] == [("whole", 2)]


def test_a_cheap_fix_that_frees_nothing_first_may_replace_a_dear_one() -> None:
    dear, other, cheap = fix("dear"), fix("other", Effort.E2), fix("cheap", Effort.E0)
    plan = plan_fixes([gap(1, 1, dear, cheap), gap(2, 9, dear, other), gap(3, 1, other)])
    assert {item.cause for item in plan} == {"cheap", "other"}  # 1 + 4, and not 2 + 4
    assert sum(len(item.gaps) for item in plan) == 3


def test_what_is_waived_or_has_no_remedy_needs_no_fix() -> None:
    waived = replace(gap(1, 3, fix("x")), waived="accepted")
    assert plan_fixes([waived, gap(2, 3)]) == []


def test_one_cause_costs_what_its_dearest_case_costs_and_names_each_asset_once() -> None:
    one = gap(1, 3, fix("gate", Effort.E0))
    two = replace(gap(1, 3, fix("gate", Effort.E3)), subject="another")
    namesake = replace(gap(2, 3, fix("gate", Effort.E0)), asset_name="asset 1")
    (item,) = plan_fixes([one, two, namesake])
    assert (item.effort, item.assets) == (Effort.E3, ("asset 1", "asset 1"))  # of two assets


def test_a_remedy_without_a_cause_is_the_fix_of_its_asset_alone() -> None:
    alone = Remedy("mend it", Effort.E1)
    assert len(plan_fixes([gap(1, 3, alone), gap(2, 3, alone)])) == 2


def test_what_each_asset_needs_is_paid_at_each_and_told_once() -> None:
    each = [gap(number, 3, fix("sensor:vibration", Effort.E2)) for number in range(4)]
    rule = [gap(number, 3, fix("conduit:cell", Effort.E2)) for number in range(4, 8)]
    first, second = plan_fixes(each + rule)
    assert (first.cause, first.each, first.value) == ("conduit:cell", False, 3.0)  # 4 x 3 for 4
    assert (second.cause, second.each, second.value) == ("sensor:vibration", True, 0.75)
    assert len(second.assets) == len(second.gaps) == 4


def test_the_sensor_of_a_critical_machine_is_not_told_with_those_of_others() -> None:
    minor = [gap(number, 1, fix("sensor:vibration", Effort.E2)) for number in range(9)]
    critical = gap(9, 9, fix("sensor:vibration", Effort.E2))
    assert [fix.assets for fix in plan_fixes([*minor, critical])] == [
        ("asset 9",),
        tuple(f"asset {number}" for number in range(9)),
    ]


def test_remedies_of_one_cause_are_one_thing_to_do() -> None:
    """Otherwise the plan would tell a person to do the one, and count the other as done."""
    texts: dict[str, set[str]] = {}
    for rule in catalogue().values():
        causes = [remedy.cause for remedy in rule.remedies]
        assert len(set(causes)) == len(causes), rule.id
        for remedy in rule.remedies:
            texts.setdefault(remedy.cause, set()).add(remedy.text)
    differ = {cause for cause, told in texts.items() if len(told) > 1}
    assert differ == {"connector:{protocol}"}  # beside it, or through a gateway: one driver


def test_what_is_shared_names_nothing_that_only_one_asset_has() -> None:
    """ "Check wiring of unit 3" stood for all units of the gateway: the first one's number."""
    stands = {"product": "model", "gateway": "parent", "secured": "protocol",
              "server": "model", "source": "",
              # One word each, of what helps against a refusal (`rules.refusals`).
              "certificates": "", "ours": "", "endpoint": "", "expired": "",
              "short": "", "discovery": ""}  # fmt: skip
    for rule in catalogue().values():
        for remedy in rule.remedies:
            named, cause = (set(re.findall(r"\{(\w+)\}", s)) for s in (remedy.text, remedy.cause))
            needed = {stands.get(name, name) for name in named} - {""}
            assert needed <= cause, (rule.id, remedy.text)


def test_certificates_are_exchanged_and_siblings_aligned_at_each() -> None:
    for cause in ("certificate:cell", "model:Maker X"):
        (one,) = plan_fixes([gap(1, 3, fix(cause)), gap(2, 3, fix(cause))])
        assert one.each, cause


def test_a_device_s_gap_is_worth_the_sum_of_the_machines_behind_it() -> None:
    """Domain model 5: one gateway that lifts thirty units ranks by the sum."""
    three = (("C3", ""), ("C3", "B"), ("", ""))
    assert Subject("k", "plc", "site", "C1").weight == 1
    assert Subject("k", "plc", "site", "C1", behind=three).weight == 9 + 4.5 + 3
    assert Subject("k", "plc", "site", "C3", behind=(("C1", ""),)).weight == 9  # its own is more
    assert Subject("k", "plc", "site", "C1", behind=three).rated == "C1"  # severity: by its own


def test_a_plan_keeps_the_keys_of_what_it_frees() -> None:
    (item,) = plan_fixes([gap(1, 3, fix("gate")), gap(2, 3, fix("gate"))])
    assert item.keys == ("key-1", "key-2")
