"""Fewer values than signals: what is missing for sure though no name says which."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.judge.counting import shortfalls
from inventory.judge.equipment import judge_equipment
from inventory.judge.holding import Row
from inventory.judge.profiles import signal_of
from inventory.judge.view import View
from inventory.model import Level, Strength, Verdict
from inventory.signals.points import measure
from protocols.contract import Point
from tests.inventory.verdict.evidence import context
from tests.inventory.verdict.plants import DRIVE, FULL, evidence, listed, motor, tag
from tests.inventory.verdict.plants.trapped import attested
from tests.inventory.verdict.test_presence import machine, owned
from tests.inventory.verdict.test_profiles import asked, gaps, said

A, B, C, D = ((signal_of(f"temperature:{place}"),) for place in ("one", "two", "three", "four"))
PAIR = (signal_of("pressure:one"), signal_of("pressure:difference"))
OTHER = (signal_of("pressure:two"), signal_of("pressure:difference"))


def rows(count: int) -> list[Row]:
    item = owned(*(tag(f"T{number}", "CEL") for number in range(count)))
    here = context(item, **FULL)
    return [(View(item, here), point, measure(point)) for point in item.points]


def short(found: object) -> list[tuple[list[str], int, int]]:
    return [
        (["|".join(signal.name[12:] for signal in group) for group in one.groups], one.needed,
         one.missing)
        for one in found  # type: ignore[attr-defined]
    ]  # fmt: skip


def test_three_values_are_not_four_signals() -> None:
    some = rows(4)
    assert short(shortfalls(dict.fromkeys((A, B, C, D), some[:3]), {})) == [
        (["one", "two", "three", "four"], 4, 1)
    ]
    assert shortfalls(dict.fromkeys((A, B, C, D), some), {}) == []


def test_a_value_that_must_be_another_signal_is_left_for_none() -> None:
    first, second = rows(2)
    assert short(shortfalls({A: [first]}, {B: [first]})) == [(["one"], 2, 1)]
    assert shortfalls({A: [first]}, {B: [first, second]}) == []
    assert shortfalls({A: [first]}, {B: [second]}) == []
    both = shortfalls({A: [first], B: [first]}, {C: [first]})
    assert short(both) == [(["one"], 3, 1), (["two"], 3, 1)]  # neither is there
    assert [one.rows for one in both] == [(first,), (first,)]


def test_values_are_passed_on_to_where_they_are_needed() -> None:
    """The first value is taken for A, and A can do with the second."""
    first, second, third = rows(3)
    assert shortfalls({A: [first, second], B: [first]}, {}) == []
    assert shortfalls({A: [first, second], B: [second, third], C: [first]}, {}) == []
    assert short(shortfalls({A: [first, second], B: [first], C: [second]}, {})) == [
        (["one", "two", "three"], 3, 1)
    ]


def test_requirements_that_compete_for_no_value_are_counted_apart() -> None:
    first, second, third = rows(3)
    found = shortfalls({A: [first], B: [first], C: [second], D: [second, third]}, {})
    assert short(found) == [(["one", "two"], 2, 1)]


def test_a_value_that_may_meet_two_at_once_is_counted_for_neither() -> None:
    (first,) = rows(1)
    assert shortfalls({PAIR: [first], OTHER: [first]}, {}) == []
    assert shortfalls({A: [first]}, {B: [first], C: [first]}) == []  # it meets both of them


# --- machines -----------------------------------------------------------------------------------

FLOW = tag("Flow", "MQH")
SIDES = ("Primary inlet temperature", "Primary outlet temperature", "Secondary inlet temperature",
         "Secondary outlet temperature")  # fmt: skip


def exchanger(*names: str) -> tuple[list[str], list[str]]:
    verdict = said("heat-exchanger", FLOW, *(tag(name, "CEL") for name in names))
    firsts = [[part[12:] for part in one.split("|")] for one in gaps(verdict)]
    return [" ".join(one) for one in firsts], [one.split("|")[0][12:] for one in asked(verdict)]


@pytest.mark.parametrize(
    "names",
    [
        SIDES,
        ("Hot side inlet temperature", "Hot side outlet temperature",
         "Cold side inlet temperature", "Cold side outlet temperature"),
        ("Shell inlet temp", "Shell outlet temp", "Tube inlet temp", "Tube outlet temp"),
        ("Primary flow temperature", "Primary return temperature",
         "Secondary return temperature", "Secondary flow temperature"),
        ("T_VL_prim", "T_RL_prim", "T_RL_sek", "T_VL_sek"),
        ("Vorlauftemperatur primär", "Rücklauftemperatur primär", "Rücklauftemperatur sekundär",
         "Vorlauftemperatur sekundär"),
        ("Temperatur Warmseite Eintritt", "Temperatur Warmseite Austritt",
         "Temperatur Kaltseite Eintritt", "Temperatur Kaltseite Austritt"),
        ("Température départ primaire", "Température retour primaire",
         "Température retour secondaire", "Température départ secondaire"),
        ("Temperatura ida primario", "Temperatura retorno primario",
         "Temperatura retorno secundario", "Temperatura ida secundario"),
        ("Temperatura mandata primario", "Temperatura ritorno primario",
         "Temperatura ritorno secondario", "Temperatura mandata secondario"),
        ("Temperatura entrada primário", "Temperatura saída primário",
         "Temperatura entrada secundário", "Temperatura saída secundário"),
        ("Aanvoertemperatuur primair", "Retourtemperatuur primair",
         "Retourtemperatuur secundair", "Aanvoertemperatuur secundair"),
        ("Temperatura zasilania pierwotna", "Temperatura powrotu pierwotna",
         "Temperatura powrotu wtórna", "Temperatura zasilania wtórna"),
        ("Framledningstemperatur primär", "Returtemperatur primär", "Returtemperatur sekundär",
         "Framledningstemperatur sekundär"),
        ("一次侧供水温度", "一次侧回水温度", "二次侧回水温度", "二次侧供水温度"),
        ("热侧进口温度", "热侧出口温度", "冷侧进口温度", "冷侧出口温度"),
        ("一次側入口温度", "一次側出口温度", "二次側入口温度", "二次側出口温度"),
    ],
)  # fmt: skip
def test_the_two_sides_of_a_heat_exchanger_in_the_words_of_many_languages(
    names: tuple[str, ...],
) -> None:
    assert exchanger(*names) == ([], [])
    ends = ("primary+inlet", "primary+outlet", "secondary+inlet", "secondary+outlet")
    for place, end in enumerate(ends):
        ((lost,), questions) = exchanger(*names[:place], *names[place + 1 :])
        assert lost.startswith(end)
        assert questions == []


ALL = ["primary+inlet", "primary+outlet", "secondary+inlet", "secondary+outlet"]


@pytest.mark.parametrize(
    ("names", "lost", "asks"),
    [
        # No name says which: the count says that one is missing, and the questions ask which.
        (("T1", "T2", "T3"), [" ".join(ALL)], ALL),
        (("T1", "T2", "T3", "T4"), [], ALL),
        (("Inlet temperature 1", "Outlet temperature 1", "Outlet temperature 2"),
         ["primary+inlet secondary+inlet"], ALL),
        (("Oil inlet temperature", "Oil outlet temperature", "Water inlet temperature"),
         ["primary+outlet secondary+outlet"], ALL),
        ((*SIDES[:2], "Temperature 3"), ["secondary+inlet secondary+outlet"], ALL[2:]),
        ((*SIDES[:3], "Temperature 4"), [], ALL[3:]),
        ((*SIDES[:2], "Hot side outlet temperature"), [], ALL[3:]),
        # The hot side may be the secondary one; what the hot water leaves is no hot side.
        (("Primary supply temperature", "Primary return temperature",
          "Cold water inlet temperature", "Hot water outlet temperature"), [], ALL[2:]),
    ],
)  # fmt: skip
def test_what_the_count_says_where_the_names_do_not(
    names: tuple[str, ...], lost: list[str], asks: list[str]
) -> None:
    found, questions = exchanger(*names)
    assert (found if lost and len(lost[0].split()) > 1 else []) == lost
    assert questions == asks


@pytest.mark.parametrize(
    ("other", "changes"),
    [
        (tag("AI_7", "CEL"), {}),  # nobody knows what it is: it may be the fourth
        (tag("AI_7"), {}),
        (None, {"entitlements": {}}),  # who may see everything is not known
        (None, attested("m-1", statement="not fitted", value="temperature")),
    ],
)
def test_nothing_is_counted_where_more_than_the_place_is_open(
    other: Point | None, changes: dict[str, object]
) -> None:
    points = [FLOW, *(tag(f"Temperature {n}", "CEL") for n in range(2))]
    item = owned(*points, *((other,) if other else ()))
    found = machine(item, unit=motor("heat-exchanger"), **changes)
    assert found.short == []
    assert machine(owned(*points), unit=motor("heat-exchanger")).short


def test_the_gap_tells_the_values_and_what_they_cannot_all_be() -> None:
    points = (tag("Pressure", "BAR"), tag("Vibration", "C16"), tag("Speed", "RPM"),
              tag("Discharge temperature", "CEL"))  # fmt: skip
    ((_, proof),) = machine(owned(*points), unit=motor("compressor")).short
    assert proof.because[0].text == (
        "1 value is listed for 2 signals (Pressure): at least 1 of them is missing, and it is"
        " suction pressure or discharge pressure"
    )
    assert proof.strength is Strength.E3
    assert any("Pressure: 20.5" in one.text for one in proof.because)
    assert any("declared complete" in one.text for one in proof.because)
    nameless = [replace(point, name="", signal="temperature") for point in points[3:] * 7]
    nameless = [replace(one, address=f"holding:{n}") for n, one in enumerate(nameless)]
    (item,) = machine(owned(FLOW, *nameless[:3]), unit=motor("heat-exchanger")).short
    assert "3 values are listed for 4 signals (holding:0, holding:1, holding:2)" in (
        item[1].because[0].text
    )


def test_a_count_by_names_alone_is_weak() -> None:
    points = (tag("Pressure"), tag("Vibration", "C16"), tag("Speed", "RPM"))
    ((_, proof),) = machine(owned(*points), unit=motor("compressor")).short
    assert proof.strength is Strength.E1


def test_a_machine_with_too_few_values_is_not_usable() -> None:
    known = {"device-1": Verdict("device-1", "", Level(3, 5))}

    def level(count: int) -> Level:
        points = (FLOW, *(tag(f"Temperature {n}", "CEL") for n in range(count)))
        item = evidence(listed(*points), about=DRIVE)
        return judge_equipment(motor("heat-exchanger"), [item], context(item, **FULL), known).level

    assert (level(3).hi, level(4).hi) == (3, 5)


def test_the_count_is_one_gap_of_all_that_are_missing() -> None:
    """One of five is below a quarter: a step less severe; two are not."""

    def severities(*names: str) -> list[str]:
        verdict = said("heat-exchanger", *(tag(name, "CEL") for name in names), FLOW)
        return [one.severity.value for one in verdict.findings if one.rule == "U01"]

    assert severities("T1", "T2", "T3") == ["low"]
    verdict = said("heat-exchanger", *(tag(f"T{n}", "CEL") for n in range(3)))
    assert [one.severity.value for one in verdict.findings if one.rule == "U01"] == ["medium"] * 2
