"""Property tests of the domain model, 9.13, over all rules, on devices, units and machines.

A rule's word on a subject is a proposition; the tests look at those, not only at what is printed.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from inventory.judge.coverage import coverage_of
from inventory.judge.presence import Machine
from inventory.judge.verdict import judge_device, judge_equipment
from inventory.judge.view import View
from inventory.model import Evidence, Truth, Verdict
from inventory.rules import DEVICE_RULES
from inventory.rules.uninstrumented import u01, u02, u03, u04, u05
from protocols.contract import Observation
from tests.inventory.verdict.drawing import Plant, observation, plants

ABOUT_NOW = frozenset({"Q01", "Q02", "Q03", "Q05", "Q12", "G04", "Q07"})
"""Rules about the latest value, window or date: a newer one is a newer state of the plant."""
QUICK, SOAK = 60, 4000
Word = dict[tuple[str, str], Truth]


def words(plant: Plant, found: Evidence) -> Word:
    """What each rule says of each subject."""
    here = plant.context(found)
    view = View(found, here)
    said: Word = {}
    for name, rule in DEVICE_RULES.items():
        for case in rule(view):
            said[name, case.subject] = case.proposition.truth
    if plant.machine is not None:
        machine = Machine(plant.machine, [View(found, here)], here)
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
