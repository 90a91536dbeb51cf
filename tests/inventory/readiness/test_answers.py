"""Questions 1, 3 and 4 in words, by hand-made counts: unknown kept apart from no."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from inventory.model import Device, Evidence, Need, Truth, Way
from inventory.readiness.answer import Answer, BySite, Concluded, Listed, percent
from inventory.readiness.availability import Availability
from inventory.readiness.census import Census, Stale
from inventory.readiness.review import six_questions
from inventory.readiness.sites import Site
from protocols.contract import Outcome
from tests.inventory.readiness.test_sites import TODAY, line, site
from tests.inventory.test_barriers import every
from tests.inventory.verdict.evidence import seen

NOTHING = Concluded({}, 0, 0)


def asked(
    census: Census | None = None,
    counts: Concluded = NOTHING,
    sites: tuple[Site, ...] = (),
    **whole: object,
) -> list[Answer]:
    return six_questions(census or Census(), whole, counts, sites, TODAY)


def measure(answers: list[Answer], number: int, name: str) -> str:
    (value,) = (value for key, value in answers[number - 1].measures if key.startswith(name))
    return value


@pytest.mark.parametrize(
    ("part", "told"),
    [(0, "0%"), (0.001, "under 1%"), (0.0099, "under 1%"), (0.01, "1%"), (0.99, "99%"),
     (0.991, "over 99%"), (0.9999, "over 99%"), (1, "100%")],
)  # fmt: skip
def test_what_is_not_all_is_never_told_as_all(part: float, told: str) -> None:
    assert percent(part) == told


def test_the_weight_of_critical_assets_is_told_within_bounds() -> None:
    name = "share of the weight of critical"
    held = {"lo": 0.0, "hi": 0.4}
    assert measure(asked(c3_level4=held), 1, name) == "0 to 40 %"
    assert measure(asked(c3_level4=None), 1, name) == "nothing is rated C3"


@pytest.mark.parametrize(
    ("stale", "gaps", "told"),
    [
        (Stale(40, 4, 100), 1, "1 device; 10% of 40 values that tell their time; not known of 60"
                               " of 100 values"),
        (Stale(0, 0, 7), 0, "0 devices; not known of 7 of 7 values: none tells its time"),
        (Stale(3, 3, 2), 2, "2 devices; 100% of 3 values that tell their time; not known of 0"
                            " of 3 values"),
    ],
)  # fmt: skip
def test_old_values_are_a_share_of_those_that_tell_their_time(
    stale: Stale, gaps: int, told: str
) -> None:
    census = Census()
    census.stale = stale
    assert measure(asked(census, Concluded({"Q02": gaps}, 0, 0)), 1, "stale values") == told


def test_services_over_repeated_scans() -> None:
    census = Census()
    assert measure(asked(census), 1, "services that answer now") == "not known"
    census.availability = Availability([*every(6, "a", "11111"), *every(6, "b", "10101")], 5)
    answers = asked(census)
    assert measure(answers, 1, "later asks").startswith("75% of 8 (41 to 93 %")
    few = Availability(every(6, "a", "11"), 5)
    assert few.told == "not known: no service was asked in 5 scans over a day"
    assert measure(answers, 1, "services that answer now") == "50% of 2"


def test_sites_are_compared_where_there_are_several() -> None:
    name = "difference between sites"
    alone = asked(sites=(site("A"),))
    assert measure(alone, 1, name) == "not known: the inventory holds one site"
    assert alone[0].lists == (
        BySite("sites side by side", ()),
        Listed("most less least share at level 4, by class", ()),
    )
    sites = (site("A", pump=(0.2, 0.2)), site("B", pump=(0.7, 0.7)), site("C", holds=False))
    answers = asked(sites=sites)
    assert measure(answers, 1, name) == "at most 50 points, of 1 class; 1 of 3 sites not known"
    told, classes = answers[0].lists
    assert [name for name, _ in told.rows] == ["A", "B", "C"]
    assert classes.rows == (("pump", "50 points between 2 sites"),)
    strange = asked(sites=(site("A", pump=(0.2, 0.2)), site("B", fan=(0.2, 0.2))))
    assert measure(strange, 1, name) == "nothing to compare: no class that two sites have"
    never = asked(sites=(site("A"), site("B", None)))
    assert measure(never, 1, name).endswith("; 1 of 2 sites not known")


def test_question_three_names_source_age_and_what_was_not_asked() -> None:
    census = Census()
    census.origins.machine("pump", "", [
        Need("flow", Truth.TRUE, Way.MAPPED), Need("power", Truth.UNKNOWN)])  # fmt: skip
    census.seen.life, census.read.life = 30, 7
    census.seen.add({TODAY - timedelta(days=31): 1, TODAY: 3}, TODAY)
    census.read.add({date(2026, 11, 20): 1}, TODAY)
    before = seen("modbus", Outcome.COMPLETE, scan="scan-0")
    now = [seen("modbus", Outcome.COMPLETE), seen("opcua", Outcome.SILENT)]
    left = seen("snmp", Outcome.NOT_ASKED)
    census.device(Evidence(Device("a", "S"), (before, left, *now), (), ()))
    census.device(Evidence(Device("b", "S"), (), (), ()))
    answers = asked(census, not_asked=1)
    assert measure(answers, 3, "questions not asked") == "1; 33% of 3"
    assert measure(answers, 3, "required signals whose source") == (
        "50% of 2; absent 0%, not known 50%"
    )
    assert measure(answers, 3, "devices seen last") == (
        "median 0 days, oldest 31 days; older than 30 days: 25% of 4"
    )
    assert measure(answers, 3, "values read last").endswith("older than 7 days: 100% of 1")
    assert measure(answers, 3, "fields of an OT inventory") == "0% of 28"
    assert measure(answers, 3, "of these").startswith("active and supported protocols 0%, ")


def test_question_four_tells_by_what_signals_come_and_the_share_of_insecure_paths() -> None:
    census = Census()
    census.origins.machine("pump", "modbus A", [Need("flow", Truth.TRUE, Way.MAPPED)])
    for points, readable in ((3, 3), (0, 2), (2, 0), (0, 0)):
        device = Device("a", "S", points=points, readable=readable)
        census.device(Evidence(device, (), (), ()))
    answers = asked(census, Concluded({"G01": 1}, 0, 0))
    assert measure(answers, 4, "required signals, by").startswith("of 1: 0% describe themselves")
    assert measure(answers, 4, "devices whose only path") == "33% of 3"
    (reuse,) = answers[3].lists
    assert reuse.rows == (("pump", "1, variants 1, reuse 1.0"),)


def test_of_an_empty_inventory_everything_is_not_known_or_nothing_to_count() -> None:
    answers = six_questions(Census(), None, NOTHING)
    said = {name: value for one in (answers[0], answers[2], answers[3])
            for name, value in one.measures}  # fmt: skip
    assert not any("100%" in value or value.startswith("0%") for value in said.values())
    for name in ("devices seen last", "values read last", "of these",
                 "required signals whose source is known"):  # fmt: skip
        assert said[name] == "nothing to count"
    assert measure(answers, 3, "questions not asked") == "0; nothing to count"
    assert not any(listed.rows for one in answers for listed in one.lists)


def test_a_roll_up_line_without_bounds_is_not_assessed() -> None:
    assert measure(asked(**line(None, None)), 1, "share of weight") == "not assessed"
