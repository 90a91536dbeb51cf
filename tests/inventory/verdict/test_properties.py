"""Property tests of the domain model, 9.13, over all rules, on devices, units and machines.

A rule's word on a subject is a proposition; the tests look at those, not only at what is printed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from inventory.judge.context import Context
from inventory.judge.coverage import coverage_of
from inventory.judge.presence import Machine
from inventory.judge.verdict import judge_device, judge_equipment
from inventory.judge.view import View
from inventory.model import Equipment, Evidence, Truth, Verdict
from inventory.rules import DEVICE_RULES
from inventory.rules.uninstrumented import u01, u02, u03, u04, u05
from protocols.contract import Observation, Outcome
from tests.inventory.verdict.drawing import Plant, observation, plants
from tests.inventory.verdict.evidence import context, evidence
from tests.inventory.verdict.plants import NEGATIVE, Row
from tests.inventory.verdict.plants.rows import ROWS

ABOUT_NOW = frozenset({"Q01", "Q02", "Q03", "Q05", "Q12", "G04", "Q07"})
"""Rules about the latest value, window or date: a newer one is a newer state of the plant."""
QUICK, SOAK = 60, 4000
Word = dict[tuple[str, str], Truth]


def words(plant: Plant, found: Evidence) -> Word:
    """What each rule says of each subject."""
    return said_of([found], plant.context(found), plant.machine)


def said_of(several: list[Evidence], here: Context, unit: Equipment | None) -> Word:
    """What each rule says of each subject: of the first device, and of a machine of them all."""
    view = View(several[0], here)
    said: Word = {}
    for name, rule in DEVICE_RULES.items():
        for case in rule(view):
            said[name, case.subject] = case.proposition.truth
    if unit is not None:
        machine = Machine(unit, [View(one, here) for one in several], here)
        about = machine.profile
        covered = coverage_of(about, *machine.present()) if about else None
        groups = [("U01", u01(machine)), ("U02", u02(machine)), ("U03", u03(machine)),
                  ("U04", u04(machine)), ("U05", u05(machine, covered, 0.8))]  # fmt: skip
        for name, cases in groups:
            for case in cases:
                said[f"machine {name}", case.subject] = case.proposition.truth
    return said


def judged(plant: Plant, found: Evidence) -> list[Verdict]:
    here = plant.context(found)
    device = judge_device(found, here)
    if plant.machine is None:
        return [device]
    return [
        device, judge_equipment(plant.machine, [found], here, {device.asset: device}),
    ]  # fmt: skip


def asked_before(plant: Plant, later: Observation) -> bool:
    """Whether that very service was asked before: else it is news, and contradicts nobody."""
    return any(
        (item.question.protocol, item.vantage) == (later.question.protocol, later.vantage)
        for item in plant.items
    )


def nothing_flips_without_a_conflict(plant: Plant, later: Observation) -> None:
    """Adding an observation: TRUE becomes FALSE, or the other way, only with a conflict kept."""
    before, after = plant.evidence(), plant.evidence(later)
    one, two = words(plant, before), words(plant, after)
    conflicts = View(after, plant.context(after)).conflicts
    for key in one.keys() & two.keys():
        turned = {one[key], two[key]} == {Truth.TRUE, Truth.FALSE}
        if turned and key[0].split()[-1] not in ABOUT_NOW and asked_before(plant, later):
            assert conflicts, (key, one[key], two[key])


def dropping_never_gives_the_opposite(plant: Plant) -> None:
    """Without any one observation, what was TRUE stays so, or is open, or is not said."""
    whole = plant.evidence()
    said = words(plant, whole)
    for item in plant.items:
        less = words(plant, plant.evidence(without=item))
        for key, truth in said.items():
            if truth is not Truth.TRUE or key[0].split()[-1] in ABOUT_NOW:
                continue
            assert less.get(key, Truth.UNKNOWN) is not Truth.FALSE, (key, item)


def a_verdict_is_whole(plant: Plant) -> None:
    """Levels are intervals; a finding has proof and a remedy; silence about gaps asks something."""
    for verdict in judged(plant, plant.evidence()):
        level = verdict.level
        assert level.lo is not None
        assert level.hi is not None
        assert 0 <= level.lo <= level.hi <= 5
        for finding in verdict.findings:
            assert finding.because
            assert finding.remedies
        live = [one for one in verdict.findings if one.rule not in ("A09", "G07")]
        if not live and verdict.category == "not-assessed":
            assert verdict.questions


def the_order_does_not_matter(plant: Plant) -> None:
    """Doors may be asked in any order."""
    doors = sorted(plant.items, key=lambda item: (item.question.protocol, item.vantage))
    other = Plant(plant.about, tuple(doors), plant.changes, plant.machine)
    assert words(plant, plant.evidence()) == words(other, other.evidence())


FEW = settings(max_examples=QUICK, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=SOAK, deadline=None, suppress_health_check=list(HealthCheck))
LATER = observation(scan="scan-2")


@FEW
@given(plants(), LATER)
def test_nothing_flips_without_a_recorded_conflict(plant: Plant, later: Observation) -> None:
    nothing_flips_without_a_conflict(plant, later)


@FEW
@given(plants())
def test_dropping_a_premise_never_gives_the_opposite(plant: Plant) -> None:
    dropping_never_gives_the_opposite(plant)


@FEW
@given(plants())
def test_a_verdict_is_whole(plant: Plant) -> None:
    a_verdict_is_whole(plant)


@FEW
@given(plants())
def test_the_order_of_doors_does_not_matter(plant: Plant) -> None:
    the_order_does_not_matter(plant)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@MANY
@given(plants(), LATER)
def test_nothing_flips_without_a_recorded_conflict_often(plant: Plant, later: Observation) -> None:
    nothing_flips_without_a_conflict(plant, later)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@MANY
@given(plants())
def test_dropping_a_premise_never_gives_the_opposite_often(plant: Plant) -> None:
    dropping_never_gives_the_opposite(plant)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@MANY
@given(plants())
def test_a_verdict_is_whole_often(plant: Plant) -> None:
    a_verdict_is_whole(plant)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@MANY
@given(plants())
def test_the_order_of_doors_does_not_matter_often(plant: Plant) -> None:
    the_order_does_not_matter(plant)


# --- over every plant with a key: no rule is left to chance ----------------------------------

SHOWN = [one for one in ROWS if one.kind != NEGATIVE and "/" in one.key]
"""Plants in which their rule is TRUE."""
LATER_BY = timedelta(hours=1)


def plant_words(one: Row, *more: Observation, without: Observation | None = None) -> Word:
    """What the rules say of a plant, with more evidence of its first device, or with less."""
    items = list(one.found if isinstance(one.found, tuple) else (one.found,))
    kept = [item for item in (*items[0].observations, *more) if item is not without]
    items[0] = evidence(*kept, about=items[0].device)
    return said_of(items, context(*items, **one.changes), one.machine)


def is_about_now(key: tuple[str, str]) -> bool:
    return key[0].split()[-1] in ABOUT_NOW


def test_every_rule_of_today_is_true_in_a_plant_with_a_key() -> None:
    """What follows looks at each of them, those on conversations and registers too."""
    of_machines = {"U01", "U02", "U03", "U04", "U05"}
    assert {one.rule for one in SHOWN} >= DEVICE_RULES.keys() | of_machines


@pytest.mark.parametrize("one", SHOWN, ids=lambda one: f"{one.rule}-{one.kind}")
def test_less_evidence_of_a_plant_never_gives_the_opposite(one: Row) -> None:
    whole = plant_words(one)
    first = one.found[0] if isinstance(one.found, tuple) else one.found
    for item in first.observations:
        less = plant_words(one, without=item)
        turned = [
            key
            for key, truth in whole.items()
            if truth is Truth.TRUE and less.get(key) is Truth.FALSE and not is_about_now(key)
        ]
        assert turned == [], item


ENDS = (Outcome.COMPLETE, Outcome.EMPTY, Outcome.CLOSED, Outcome.SILENT, Outcome.REFUSED_AUTH,
        Outcome.OTHER, Outcome.NOT_ASKED)  # fmt: skip


@pytest.mark.parametrize("one", SHOWN, ids=lambda one: f"{one.rule}-{one.kind}")
def test_more_evidence_of_a_plant_turns_nothing_without_a_conflict(one: Row) -> None:
    whole = plant_words(one)
    items = one.found if isinstance(one.found, tuple) else (one.found,)
    for item in items[0].observations:
        for outcome in ENDS:
            later = replace(item, outcome=outcome, scan="later", time=item.time + LATER_BY)
            if outcome is not Outcome.COMPLETE:
                later = replace(later, facts=(), points=(), samples=())
            more = plant_words(one, later)
            turned = [
                key
                for key in whole.keys() & more.keys()
                if {whole[key], more[key]} == {Truth.TRUE, Truth.FALSE} and not is_about_now(key)
            ]
            if turned:
                found = evidence(*items[0].observations, later, about=items[0].device)
                here = context(found, *items[1:], **one.changes)
                assert View(found, here).conflicts, (turned, item, outcome)


@pytest.mark.parametrize(
    "one", [row for row in SHOWN if row.changes], ids=lambda one: f"{one.rule}-{one.kind}"
)
def test_what_is_stated_no_more_opens_a_verdict_and_never_turns_it(one: Row) -> None:
    """Entitlement, complete links and maps, zones, the register: each licence is a premise."""
    whole = plant_words(one)
    for name in one.changes:
        kept = {key: value for key, value in one.changes.items() if key != name}
        less = plant_words(replace(one, changes=kept))
        for key, truth in whole.items():
            if truth is Truth.TRUE and not is_about_now(key):
                assert less.get(key) is not Truth.FALSE, (key, name)


@pytest.mark.parametrize("one", [row for row in SHOWN if row.machine], ids=lambda one: one.rule)
def test_without_complete_links_nothing_is_absent_of_a_machine(one: Row) -> None:
    assert one.machine is not None
    unit = replace(one.machine, links_complete=False)
    whole, less = plant_words(one), plant_words(replace(one, machine=unit))
    for key, truth in whole.items():
        if truth is Truth.TRUE and not is_about_now(key):
            assert less.get(key) is not Truth.FALSE, key
