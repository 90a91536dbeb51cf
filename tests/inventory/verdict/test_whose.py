"""Whose a value is, where a device that several machines share names them or does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.judge.bearing import Bearing
from inventory.judge.context import Context
from inventory.judge.equipment import judge_equipment
from inventory.judge.naming import Whose, plain_tag, whose
from inventory.judge.survey import survey
from inventory.model import Equipment, Evidence, Link, Truth, Verdict
from protocols.contract import Point
from tests.inventory.verdict.evidence import NOW, evidence
from tests.inventory.verdict.plants import DRIVE, FULL, listed, tag
from tests.inventory.verdict.test_presence import exists, machine

MOTOR = ("current", "vibration", "winding temperature", "running")
UNITS = {"current": "AMP", "vibration": "C16", "winding temperature": "CEL", "running": ""}


def said(own: str, name: str, path: str = "", *, node: str = "i=7", near: str = "") -> str:
    """Whose a value is, for the machine `own` beside the machines `near`."""
    others = {plain_tag(one) for one in near.split()}
    return whose(Point(f"ns=2;{node}", name, path=path), own, others, others).value


@pytest.mark.parametrize(
    ("own", "name", "told"),
    [
        ("MOTOR-4712", "MOTOR-4711 vibration", Whose.OTHER),
        ("MOTOR-4712", "motor_4712.vibration", Whose.MINE),
        ("M-01", "M-1 current", Whose.MINE),  # zeros before a number are no other number
        ("M-9", "M-10 current", Whose.OTHER),
        ("M-50", "M51 current", Whose.LIKE),  # written in another way: it may be another count
        ("PUMP-7", "Pump 1 vibration", Whose.LIKE),
        ("MOTOR-4712", "Motor 1 current", Whose.NOBODY),
        ("P-101A", "P-101B flow", Whose.OTHER),
        ("P-101A", "P-101 flow", Whose.NOBODY),  # of the pair
        ("P-101", "P1 pressure", Whose.NOBODY),  # the first pressure
        ("T-1", "T2", Whose.NOBODY),  # a temperature
        ("T-1", "T-2 temperature", Whose.OTHER),
        ("L-1", "L2 current", Whose.NOBODY),  # a phase
        ("T1", "T2 current", Whose.OTHER),
        ("P-101", "PT-102 pressure", Whose.NOBODY),  # a loop of another number may be its own
        ("10LAC11AP001", "10LAC12AP001 XQ01", Whose.OTHER),
        ("KILN", "Kiln current", Whose.MINE),
        ("KILN", "Fan 3 current", Whose.NOBODY),
        ("", "M-1 current", Whose.NOBODY),
        ("M-1", "TM-1 current", Whose.NOBODY),
    ],
)
def test_whose_a_name_says_that_it_is(own: str, name: str, told: Whose) -> None:
    assert said(own, name) == told


@pytest.mark.parametrize("odd", ["²", "①", "9" * 5000, "٣"])
def test_a_digit_that_is_no_number_and_a_number_without_end_are_read(odd: str) -> None:
    """Python reads no superscript as a number, and none of thousands of digits."""
    text = f"{odd} flow"
    assert plain_tag(text)
    assert said(text, text) in (Whose.MINE, Whose.NOBODY)
    assert said("P-101", text) == Whose.NOBODY
    assert said(f"P-{odd}", "P-101 flow") in (Whose.OTHER, Whose.LIKE, Whose.NOBODY)
    assert not Bearing({"p 101"}).of(evidence(listed(Point("i=7", f"p {odd}")), about=DRIVE))


def test_the_words_nearest_to_a_value_decide() -> None:
    assert said("M-1", "M-2 current", "M-1/M-2 current") == Whose.OTHER
    assert said("M-1", "current", "M-2/M-1/current") == Whose.MINE
    assert said("M-1", "current", "M-2/Motor/current") == Whose.OTHER
    assert said("M-1", "current", node="s=PLC.M-2.current") == Whose.OTHER
    assert said("M-1", "current", node="i=2") == Whose.NOBODY


def test_a_machine_of_another_kind_is_known_by_what_the_device_monitors() -> None:
    assert said("P-101", "M-101 current") == Whose.NOBODY
    assert said("P-101", "M-101 current", near="M-101") == Whose.NEIGHBOUR
    assert said("P-101", "current", "P-101/M-101/current", near="M-101") == Whose.NEIGHBOUR
    assert said("P-101", "P-101B flow", near="P-101B") == Whose.OTHER
    assert said("P-101", "P-101B flow") == Whose.MINE  # nobody declared the letter
    assert said("MOTOR-4712", "Motor 17 current", near="MOTOR-17") == Whose.OTHER


# --- verdicts --------------------------------------------------------------------------------


def values(own: str, *without: str, folder: bool = True, name: bool = True) -> list[Point]:
    """A motor's four values, or fewer, which name it by folder, by name, or not at all."""
    return [
        tag(f"{own} {what}" if name else what, UNITS[what], "Double" if UNITS[what] else "Boolean",
            path=f"{own}/{what}" if folder else "", description=f"{own}{what}{len(without)}")
        for what in MOTOR if what not in without
    ]  # fmt: skip


def apart(points: list[Point]) -> list[Point]:
    """The same with addresses of their own."""
    return [replace(one, address=f"ns=2;i={place}") for place, one in enumerate(points)]


def unit(own: str, cls: str = "motor", *links: Link) -> Equipment:
    links = links or (Link(own, "device-1", complete=True),)
    return Equipment(f"key {own}", "site", own, cls=cls, links=links, links_complete=True)


def site(found: Evidence, *units: Equipment) -> Context:
    return replace(survey((found,), units, today=NOW), **FULL)  # type: ignore[arg-type]


def judged(points: list[Point], one: Equipment, *others: Equipment) -> Verdict:
    found = evidence(listed(*apart(points)), about=DRIVE)
    return judge_equipment(one, [found], site(found, one, *others))


def gaps(verdict: Verdict) -> set[str]:
    return {f"{one.rule} {one.subject}" for one in verdict.findings if one.rule != "U05"}


def asked(verdict: Verdict) -> dict[str, str]:
    return {one.subject: one.missing for one in verdict.questions if one.rule == "U01"}


VIBRATION = "vibration|axial_flux"


@pytest.mark.parametrize(("folder", "name"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("declared", [True, False])
def test_a_machine_is_not_credited_with_its_neighbours_values(
    folder: bool, name: bool, declared: bool
) -> None:
    points = values("MOTOR-4711", folder=folder, name=name)
    points += values("MOTOR-4712", "vibration", folder=folder, name=name)
    others = [unit("MOTOR-4711")] if declared else []
    verdict = judged(points, unit("MOTOR-4712"), *others)
    assert gaps(verdict) == {f"U01 {VIBRATION}"}
    first = next(one for one in verdict.findings if one.rule == "U01").because[0].text
    assert "lists 3 values of MOTOR-4712, none of which is" in first
    assert verdict.coverage is not None
    assert verdict.coverage.hi < 0.9
    if declared:
        assert gaps(judged(points, others[0], unit("MOTOR-4712"))) == set()


def test_a_value_that_names_nobody_may_be_of_each_machine_of_a_device() -> None:
    points = [*values("M-1", "vibration"), *values("M-2", "vibration"), tag("Vibration", "C16")]
    for own, other in (("M-1", "M-2"), ("M-2", "M-1")):
        verdict = judged(points, unit(own), unit(other))
        assert gaps(verdict) == set()
        assert asked(verdict).keys() == {VIBRATION}
        assert asked(verdict)[VIBRATION].startswith("of which machine Vibration of")
        bare = [*points[:-1], replace(points[-1], name="", path="Vibration")]
        told = asked(judged(bare, unit(own), unit(other)))[VIBRATION]
        assert told.startswith("of which machine ns=2;i=6 of")
        assert verdict.coverage is not None
        assert verdict.coverage.lo < verdict.coverage.hi


def test_a_device_that_names_nobody_gives_its_values_to_its_only_machine() -> None:
    points = values("", "vibration", folder=False, name=False)
    assert gaps(judged(points, unit("M-1"))) == {f"U01 {VIBRATION}"}
    assert asked(judged(points, unit("M-1"), unit("P-1", "pump"))) == {}  # of one train
    twin = judged(points, unit("M-1"), unit("M-2"))
    assert asked(twin).keys() == {"current", "temperature", "running"}
    by_part = unit("M-2", "motor", Link("M-2", "device-1", part="winding temperature"))
    assert asked(judged(points, unit("M-1"), by_part)) == {}


def test_a_device_that_names_other_machines_only_leaves_all_open() -> None:
    verdict = judged(values("M-1"), unit("M-2"), unit("M-1"))
    assert gaps(verdict) == set()
    assert all("they name others" in text for text in asked(verdict).values())
    assert len(asked(verdict)) == 4


def test_numbers_of_another_way_of_writing_leave_it_open_until_the_tag_is_named() -> None:
    like = values("Pump 1", folder=False)
    assert set(asked(judged(like, unit("PUMP-7")))) == {
        "current", "temperature", "running", VIBRATION
    }  # fmt: skip
    both = [*like, *values("PUMP-7", "vibration", folder=False)]
    assert gaps(judged(both, unit("PUMP-7"))) == {f"U01 {VIBRATION}"}


def test_a_motor_and_its_pump_on_one_device_have_each_its_own() -> None:
    points = [*values("M-101"), tag("P-101 discharge pressure", "BAR")]
    pump = unit("P-101", "pump")
    assert "U01 vibration" in gaps(judged(points, pump, unit("M-101")))
    assert gaps(judged(points, unit("M-101"), pump)) == set()


# --- links that name a part or a signal --------------------------------------------------------


def two() -> list[Point]:
    return [*values("M-1", name=False), *values("M-2", "vibration", name=False)]


@pytest.mark.parametrize("part", ["M-2", "m-2/", "PLC/M-2"])
def test_a_part_may_be_a_folder(part: str) -> None:
    points = [replace(one, path=f"PLC/{one.path}") for one in two()]
    own = unit("X-9", "motor", Link("X-9", "device-1", part=part, complete=True))
    verdict = judged(points, own)
    assert gaps(verdict) == {f"U01 {VIBRATION}"}
    assert asked(verdict) == {}


def test_a_part_may_be_the_tag_that_names_begin_with() -> None:
    points = [*values("M-1", folder=False), *values("M-2", "vibration", folder=False)]
    own = unit("X-9", "motor", Link("X-9", "device-1", part="M-2", complete=True))
    assert gaps(judged(points, own)) == {f"U01 {VIBRATION}"}


def test_links_with_signals_hold_those_and_no_other() -> None:
    links = [
        Link("X-9", "device-1", signal=name, complete=True)
        for name in ("current", "temperature:winding", "running")
    ]
    points = values("", folder=False, name=False)
    assert gaps(judged(points, unit("X-9", "motor", *links))) == {f"U01 {VIBRATION}"}


@pytest.mark.parametrize(
    ("link", "told"),
    [
        (Link("M-1", "device-1", part="slot 9"), "part slot 9"),
        (Link("M-1", "device-1", signal="torque"), "torque"),
        (Link("M-1", "device-1", part="MOTOR-4722"), "part MOTOR-4722"),
    ],
)
def test_a_part_or_signal_that_nothing_bears_is_asked_about(link: Link, told: str) -> None:
    verdict = judged(two(), unit("M-1", "motor", link))
    assert gaps(verdict) == set()
    assert set(asked(verdict)) == {"current", VIBRATION, "temperature", "running"}
    assert all(f"which value is {told} of" in text for text in asked(verdict).values())


def test_a_persons_link_to_a_value_counts_more_than_its_name() -> None:
    link = Link("M-2", "device-1", part="M-1 vibration", signal="vibration", complete=True)
    points = apart([*values("M-1", folder=False), *values("M-2", "vibration", folder=False)])
    found = evidence(listed(*points), about=DRIVE)
    one = unit("M-2", "motor", link, Link("M-2", "device-1", complete=True))
    assert exists(machine(found, unit=one), "vibration").truth is Truth.TRUE
