"""The judging functions one by one: logic, weight, severity, value, waivers, the next sensor."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from inventory.judge.context import Context
from inventory.judge.coverage import Matrix, best_next, parameters_of
from inventory.judge.logic import (
    both,
    cite,
    demote,
    derived,
    describe,
    either,
    false,
    negate,
    true,
    unknown,
)
from inventory.judge.profiles import Profile
from inventory.judge.weigh import (
    RECORD_LACK,
    Subject,
    _Wording,
    accepted,
    contradicted,
    finding_of,
    frees_nothing,
    once,
    remedies_of,
    severity,
    too_weak,
)
from inventory.model import (
    Category,
    Confidence,
    Declaration,
    Effort,
    Finding,
    Kind,
    Proposition,
    Remedy,
    Severity,
    Strength,
    Truth,
)
from inventory.rules.catalogue import catalogue
from inventory.rules.rule import Case, Rule
from protocols.contract import Outcome, Question
from tests.inventory.verdict.evidence import NOW, context, device, evidence, seen
from tests.inventory.verdict.plants import judged
from tests.inventory.verdict.plants.rows import ROWS

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
S = Severity
ANY = Subject("key", "asset", "site")
RULE = Rule(
    "A03", 1, Category.INACCESSIBLE, "Locked", S.MEDIUM, "", (), (),
    (Remedy("do {what}", Effort.E1, cause="c"), Remedy("cheap", Effort.E0, cause="d")),
)  # fmt: skip
GOVERNED = replace(RULE, id="G01", category=Category.UNGOVERNED)
NOWHERE: Context = context(evidence())


def said(truth: Truth, strength: Strength = Strength.E4) -> Proposition:
    return {TRUE: true(strength, derived("t")), FALSE: false(strength, derived("f"))}.get(
        truth, unknown("m", "s", "c", derived("u"))
    )


@pytest.mark.parametrize("one", [FALSE, UNKNOWN, TRUE])
@pytest.mark.parametrize("other", [FALSE, UNKNOWN, TRUE])
def test_strong_kleene(one: Truth, other: Truth) -> None:
    pair = said(one), said(other)
    assert both(*pair).truth == min(one, other)
    assert either(*pair).truth == max(one, other)
    assert negate(pair[0]).truth == TRUE - one


def test_a_conclusion_is_as_strong_as_its_weakest_premise_and_a_refutation_as_its_best() -> None:
    for a, b in itertools.product(Strength, Strength):
        assert both(true(a), true(b)).strength == min(a, b)
        assert both(false(a), false(b)).strength == max(a, b)
        assert either(true(a), true(b)).strength == max(a, b)


@pytest.mark.parametrize(
    ("strength", "lower"),
    [("E4", "E2"), ("E3", "E2"), ("E2", "E1"), ("E1", "E0"), ("E0", "E0")],
)
def test_one_step_of_confidence_down(strength: str, lower: str) -> None:
    assert demote(Strength[strength]) is Strength[lower]


def test_an_observation_is_told_with_what_was_asked_and_why_it_failed() -> None:
    item = seen("modbus", Outcome.REFUSED_RESOURCE)
    assert cite(item, "own words").text == "own words"
    assert cite(item).text == describe(item)
    assert "(refused_resource)" in describe(item)
    assert "(refused_resource: busy)" in describe(replace(item, reason="busy"))
    for argument, told in (("", False), ("x" * 40, True), ("x" * 41, False)):
        asked = replace(item, question=Question("modbus", "read", "", argument))
        assert ("x" in describe(asked)) is told
        assert "read  on" not in describe(asked)


@pytest.mark.parametrize(
    ("base", "c1", "c2", "c3"),
    [
        (S.HIGH, S.MEDIUM, S.HIGH, S.CRITICAL),
        (S.MEDIUM, S.LOW, S.MEDIUM, S.HIGH),
        (S.LOW, S.INFO, S.LOW, S.MEDIUM),
        (S.INFO, S.INFO, S.INFO, S.INFO),
    ],
)
def test_the_matrix_of_severity(base: Severity, c1: Severity, c2: Severity, c3: Severity) -> None:
    for criticality, wanted in (("C1", c1), ("C2", c2), ("C3", c3), ("", c2), ("C9", c2)):
        assert severity(base, replace(ANY, criticality=criticality)) is wanted


def test_breadth_and_a_spare_take_one_step_each() -> None:
    assert severity(S.HIGH, ANY, 1) is S.MEDIUM
    for redundancy, wanted in (("A", S.HIGH), ("B", S.MEDIUM), ("C", S.MEDIUM), ("", S.HIGH)):
        assert severity(S.HIGH, replace(ANY, redundancy=redundancy)) is wanted


@pytest.mark.parametrize(
    ("own", "behind", "wanted"),
    [
        ("C1", (("C3", ""),), S.HIGH),  # a device matters as much as the machines behind it
        ("C1", (("C1", ""), ("C2", "")), S.MEDIUM),
        ("C1", (("C3", "B"),), S.MEDIUM),  # one with a spare a step less
        ("C1", (("", ""),), S.MEDIUM),
        ("C3", (("C1", ""),), S.HIGH),
        ("C1", (), S.LOW),
    ],
)
def test_a_gap_is_as_severe_as_the_worst_machine_behind_the_device(
    own: str, behind: tuple[tuple[str, str], ...], wanted: Severity
) -> None:
    subject = replace(ANY, criticality=own, behind=behind)
    assert severity(S.MEDIUM, subject) is wanted
    assert severity(S.MEDIUM, subject, records=True) is severity(
        S.MEDIUM, replace(subject, behind=())
    )


@pytest.mark.parametrize(
    ("criticality", "redundancy", "weight"),
    [("C1", "", 1), ("C2", "", 3), ("C3", "", 9), ("", "", 3), ("C3", "B", 4.5), ("C3", "A", 9)],
)
def test_weight(criticality: str, redundancy: str, weight: float) -> None:
    assert replace(ANY, criticality=criticality, redundancy=redundancy).weight == weight


def made(
    rule: Rule = RULE, case: Case | None = None, lack: float = 1.0, here: Context = NOWHERE,
    subject: Subject = ANY, strength: Strength = Strength.E4,
) -> Finding | None:  # fmt: skip
    return finding_of(rule, case or Case("", said(TRUE)), subject, strength, here, lack)


def sure(**more: object) -> Finding:
    found = made(**more)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_only_a_true_case_with_some_strength_is_a_finding() -> None:
    assert made() is not None
    assert made(strength=Strength.E0) is None
    assert made(case=Case("", said(UNKNOWN)), strength=Strength.E4) is None
    assert made(case=Case("", said(FALSE)), strength=Strength.E4) is None


@pytest.mark.parametrize(
    ("strength", "trust", "share"),
    [("E4", Confidence.HIGH, 1.0), ("E2", Confidence.MEDIUM, 0.6), ("E1", Confidence.LOW, 0.3)],
)
def test_value_is_weight_times_lack_times_trust_by_the_cheapest_effort(
    strength: str, trust: Confidence, share: float
) -> None:
    found = sure(strength=Strength[strength], lack=0.5, subject=replace(ANY, criticality="C3"))
    assert found.confidence is trust
    assert found.value == pytest.approx(9 * 0.5 * share / 1)
    dear = replace(RULE, remedies=(Remedy("x", Effort.E2),))
    assert sure(rule=dear, lack=0.5).value == pytest.approx(3 * 0.5 / 4)


def test_governance_and_records_add_a_tenth_at_most() -> None:
    most = pytest.approx(3 * RECORD_LACK)
    assert sure(rule=GOVERNED).value == most
    assert sure(rule=replace(RULE, id="Q10")).value == most
    assert sure().value == pytest.approx(3.0)
    assert sure(rule=GOVERNED, lack=0.01).value == pytest.approx(0.03)


def test_records_are_as_severe_as_their_own_asset_is_rated() -> None:
    matters = replace(ANY, criticality="C1", behind=(("C3", ""),))
    own, worst = severity(RULE.base, replace(matters, behind=())), severity(RULE.base, matters)
    assert own is not worst
    assert sure(subject=matters).severity is worst
    for rule in (GOVERNED, replace(RULE, id="Q10")):
        assert sure(rule=rule, subject=matters).severity is own


def test_what_frees_nothing() -> None:
    assert frees_nothing(sure(rule=GOVERNED))
    assert frees_nothing(sure(rule=replace(RULE, id="Q10")))
    assert not frees_nothing(sure())


def test_a_rating_that_is_none_is_said_to_be_assumed() -> None:
    assert sure().criticality_assumed
    assert sure(subject=replace(ANY, criticality="C7")).criticality_assumed
    assert not sure(subject=replace(ANY, criticality="C2")).criticality_assumed


def test_without_a_collection_vantage_every_finding_but_governance_says_so() -> None:
    def assumes(found: Finding) -> bool:
        return any("no collection vantage" in premise.text for premise in found.because)

    assert assumes(sure())
    assert not assumes(sure(rule=GOVERNED))
    there = replace(NOWHERE, collection="dmz")
    assert not assumes(sure(here=there))
    assert not assumes(sure(rule=GOVERNED, here=there))


def test_remedies_come_cheapest_first_and_without_those_that_have_no_word() -> None:
    assert [item.text for item in remedies_of(RULE, {"what": "this"})] == ["cheap", "do this"]
    assert [item.text for item in remedies_of(RULE, {"what": ""})] == ["cheap"]
    assert [item.text for item in remedies_of(RULE, {"other": ""})] == ["cheap", "do it"]


def test_words_are_put_in_anew_for_each_case_and_kept_for_the_same_ones() -> None:
    wording = _Wording(RULE.remedies)
    wording.MOST = 2
    said = {word: wording.of({"what": word}) for word in ("this", "")}
    assert [item.text for item in said["this"]] == ["cheap", "do this"]
    assert [item.text for item in said[""]] == ["cheap"]
    assert wording.of({"what": "this", "other": "x"}) is said["this"]
    assert [item.text for item in wording.of({"other": ""})] == ["cheap", "do it"]
    assert wording.of({"what": "this"}) is not said["this"]  # no more than so many are kept


def waiving(**fields: str) -> Context:
    row = Declaration("site", Kind.WAIVER, sure().id, fields)
    return replace(NOWHERE, waivers={sure().id: row})


@pytest.mark.parametrize(
    ("expires", "runs"),
    [("", True), ("tomorrow", False), ("+0", True), ("+1", True), ("-1", False)],
)
def test_a_waiver_runs_to_the_end_of_its_day(expires: str, runs: bool) -> None:
    if expires[1:].isdigit():
        expires = f"{NOW + timedelta(days=int(expires)):%Y-%m-%d}"
    here = waiving(owner="Ann", reason="known", expires=expires)
    found = sure(here=here)
    assert bool(found.waived) is accepted(found.id, here) is runs
    assert not accepted("another", here)
    assert ("Ann" in found.waived) is runs
    told = any("that has passed" in premise.text for premise in found.because)
    assert told is not runs


def test_contradictions_are_cited_where_there_are_any() -> None:
    found = sure()
    assert contradicted(found, []) is found
    against = [derived(f"against {n}") for n in range(5)]
    assert contradicted(found, against).because == (*found.because, *against[:3])


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        ((S.LOW, Confidence.HIGH), (S.HIGH, Confidence.LOW), 1),  # severity before confidence
        ((S.HIGH, Confidence.LOW), (S.LOW, Confidence.HIGH), 0),
        ((S.LOW, Confidence.LOW), (S.LOW, Confidence.HIGH), 1),
        ((S.LOW, Confidence.HIGH), (S.LOW, Confidence.LOW), 0),
        ((S.LOW, Confidence.LOW), (S.LOW, Confidence.LOW), 0),  # alike: the first stands
    ],
)
def test_one_finding_stands_for_several_doors_with_the_premises_of_all(
    first: tuple[Severity, Confidence], second: tuple[Severity, Confidence], stands: int
) -> None:
    rows = [
        replace(sure(), severity=severity, confidence=trust, value=value, unlocks=4 - number,
                because=(derived(f"door {number}"),))
        for number, (severity, trust), value in ((0, first, 1.0), (1, second, 2.0))
    ]  # fmt: skip
    [joined] = once(rows)
    assert (joined.severity, joined.confidence) == (first, second)[stands]
    assert [premise.text for premise in joined.because] == [
        f"door {stands}", f"door {1 - stands}",
    ]  # fmt: skip
    assert (joined.value, joined.unlocks) == (2.0, 4)  # the most of either
    assert once([rows[0], rows[0]]) == [rows[0]]


def test_what_is_too_weak_becomes_a_question_that_names_its_premise() -> None:
    asked = too_weak(RULE, Case("s", said(TRUE)), ANY, "untrap scan 192.0.2.1")
    assert (asked.rule, asked.command, asked.subject) == ("N05", "untrap scan 192.0.2.1", "s")
    assert "rests on t" in asked.missing
    assert "rests on its premise" in too_weak(RULE, Case("s", true(Strength.E0)), ANY, "").missing


MATRIX = Matrix(
    ("a", "b", "c", "d"),
    {"x": frozenset({0, 1}), "y": frozenset({2}), "z": frozenset({2, 3}), "w": frozenset({3})},
    frozenset({"x", "y", "w"}),  # z is offline
)
PROFILE = Profile(
    "k", "K", 10.0, (), (), "k", {"sx": "x", "sy": "y", "sz": "z", "sw:place": "w"},
)  # fmt: skip


def test_the_next_sensor_is_online_missing_and_adds_most() -> None:
    assert best_next(PROFILE, MATRIX, frozenset()) == "sx"
    assert best_next(PROFILE, MATRIX, frozenset({"x"})) == "sy"  # the first of two that add alike
    assert best_next(PROFILE, MATRIX, frozenset({"x", "y"})) == "sw:place"
    assert best_next(PROFILE, MATRIX, frozenset({"x", "y", "w"})) == ""  # z would add, offline
    assert best_next(replace(PROFILE, parameters=None), MATRIX, frozenset()) == ""


def test_parameters_of_signals_with_and_without_their_place() -> None:
    assert parameters_of(PROFILE, ["sx:drive", "sw:place", "none"]) == {"x", "w"}
    assert parameters_of(replace(PROFILE, parameters=None), ["sx"]) == frozenset()


def test_every_rule_of_the_catalogue_makes_a_finding_in_words() -> None:
    for rule in catalogue().values():
        if rule.category is Category.NONE:
            continue
        found = sure(rule=rule)
        assert not any("{" in item.text or "{" in item.cause for item in found.remedies)


@pytest.mark.parametrize(
    ("role", "command"),
    [("ot-client", "untrap import register"), ("plc", "untrap scan"), ("hmi", "untrap scan")],
)
def test_what_was_only_heard_to_ask_others_is_no_target_before_somebody_said_what_it_is(
    role: str, command: str
) -> None:
    """An office machine in a capture was proposed for a scan of its points."""
    row = next(row for row in ROWS if row.rule == "N05" and row.key == "not-assessed?")
    about = device(role=role)
    found = judged(replace(row, found=evidence(about=about)))
    (question,) = [item for item in found.questions if item.rule == "N05"]
    assert question.command.startswith(command)
