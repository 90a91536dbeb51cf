"""Presence of a machine's signals: links, licences, stand-ins, candidates, absence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.judge.attested import speaks_of
from inventory.judge.bearing import Bearing, bearers, sought
from inventory.judge.bearing import beside as devices_beside
from inventory.judge.equipment import judge_equipment
from inventory.judge.licence import complete
from inventory.judge.openness import protocols
from inventory.judge.presence import Machine, class_of
from inventory.judge.profiles import signal_of
from inventory.judge.view import View
from inventory.model import (
    ELSEWHERE,
    Declaration,
    Equipment,
    Evidence,
    Kind,
    Link,
    Merge,
    Proposition,
    Strength,
    Truth,
)
from protocols.contract import Outcome, Point, Quality, Sample
from tests.inventory.verdict.evidence import context, device, evidence, seen
from tests.inventory.verdict.plants import DRIVE, FULL, PLC, listed, motor, tag

CURRENT, FREQUENCY = tag("MotorCurrent", "AMP"), tag("OutputFrequency", "HTZ")
NOT_ASKED = Truth.UNKNOWN


def machine(*items: Evidence, unit: Equipment | None = None, **changes: object) -> Machine:
    here = context(*items, **{**FULL, **changes})
    return Machine(unit or motor(), [View(item, here) for item in items], here)


def exists(found: Machine, name: str) -> Proposition:
    return found.exists(signal_of(name))


def linked(*links: Link) -> Equipment:
    return replace(motor(), links=links)


def owned(*points: Point, key: str = "device-1") -> Evidence:
    return evidence(listed(*points), about=replace(DRIVE, key=key))


# --- links -----------------------------------------------------------------------------------


def names(found: Machine) -> list[str]:
    return [point.name for _, point, _ in found.rows]


def test_a_link_without_a_part_brings_every_value_of_its_device_and_of_no_other() -> None:
    other = owned(tag("Pressure", "BAR"), key="device-2")
    assert names(machine(owned(CURRENT), other)) == ["MotorCurrent"]
    both = linked(Link("M-1", "device-1"), Link("M-1", "device-2", part="Pressure"))
    assert names(machine(owned(CURRENT), other, unit=both)) == ["MotorCurrent", "Pressure"]


def test_a_link_without_a_part_brings_the_values_of_every_part() -> None:
    unit = evidence(listed(replace(CURRENT, part="slot 3")), about=replace(DRIVE, part="unit 7"))
    assert names(machine(unit)) == ["MotorCurrent"]


@pytest.mark.parametrize("part", ["MotorCurrent", CURRENT.address, "slot 3", "unit 7"])
def test_a_link_to_a_part_brings_what_bears_that_name(part: str) -> None:
    point = replace(CURRENT, part="slot 3")
    item = evidence(listed(point, tag("Pressure", "BAR")), about=replace(DRIVE, part="unit 7"))
    found = machine(item, unit=linked(Link("M-1", "device-1", part=part)))
    wanted = ["MotorCurrent", "Pressure"] if part == "unit 7" else ["MotorCurrent"]
    assert names(found) == wanted


@pytest.mark.parametrize("part", ["MotorCurrent", CURRENT.address])
def test_a_link_to_one_value_states_what_it_is(part: str) -> None:
    link = Link("M-1", "device-1", part=part, signal="torque")
    found = machine(owned(CURRENT, tag("Pressure", "BAR")), unit=linked(link))
    assert [row[2].measurand for row in found.rows] == ["torque"]


@pytest.mark.parametrize("part", ["", "slot 3", "unit 7"])
def test_a_link_with_a_signal_brings_what_may_be_that_signal(part: str) -> None:
    """Of a whole device or of a slot, which holds many, it chooses and does not rename."""
    points = (replace(one, part="slot 3") for one in (CURRENT, tag("Pressure", "BAR"), tag("AI_7")))
    item = evidence(listed(*points), about=replace(DRIVE, part="unit 7"))
    link = Link("M-1", "device-1", part=part, signal="current")
    assert names(machine(item, unit=linked(link))) == ["MotorCurrent", "AI_7"]
    one = machine(owned(tag("Temperature", "CEL")), unit=linked(
        Link("M-1", "device-1", signal="temperature:bearing")))  # fmt: skip
    assert one.rows[0][2].places == {"bearing"}  # the only one that it can be


def test_a_link_states_a_signal_with_its_place_and_keeps_the_place_of_the_name() -> None:
    def places(signal: str) -> frozenset[str]:
        point = tag("OilTemperature", "CEL")
        link = Link("M-1", "device-1", part="OilTemperature", signal=signal)
        return machine(owned(point), unit=linked(link)).rows[0][2].places

    assert places("temperature:bearing") == {"bearing"}
    assert "oil" in places("temperature")


def test_a_proposed_or_unresolved_link_brings_nothing() -> None:
    for link in (
        Link("M-1", "device-1", proposed=True),
        Link("M-1", "device-1", resolved=False),
    ):
        assert machine(owned(CURRENT), unit=linked(link)).rows == []


@pytest.mark.parametrize(
    ("link", "asks"),
    [
        (Link("M-1", "device-1"), "whether other devices monitor M-1 too"),
        (Link("M-1", "device-1", proposed=True), "which devices monitor M-1: no link"),
        (Link("M-1", "device-1", resolved=False), "which devices monitor M-1: no link"),
    ],
)
def test_only_a_confirmed_link_to_a_device_that_is_known_counts_as_one(
    link: Link, asks: str
) -> None:
    unit = replace(linked(link), links_complete=False)
    assert complete(unit, context(owned(CURRENT))).unknown.startswith(asks)


# --- what is there ---------------------------------------------------------------------------


def test_speed_is_shown_by_the_frequency_of_a_drive_and_by_that_only_at_medium() -> None:
    said = exists(machine(owned(FREQUENCY)), "speed")
    assert (said.truth, said.strength) == (Truth.TRUE, Strength.E2)
    assert exists(machine(owned(FREQUENCY)), "speed:spindle").truth is not Truth.TRUE
    assert exists(machine(owned(FREQUENCY)), "torque").truth is Truth.FALSE
    assert exists(machine(owned(CURRENT)), "speed").truth is Truth.FALSE


def witnesses(found: Machine, *signals: str) -> list[str]:
    return [point.name for _, point, _ in found.witnesses([signal_of(name) for name in signals])]


def test_a_frequency_stands_for_a_speed_that_no_value_of_its_own_shows() -> None:
    speed = tag("MotorSpeed", "RPM")
    drive = machine(owned(CURRENT, FREQUENCY))
    assert witnesses(drive, "speed") == ["OutputFrequency"]
    assert witnesses(drive, "speed:spindle") == witnesses(drive, "torque") == []
    assert witnesses(drive, "current", "speed") == ["MotorCurrent", "OutputFrequency"]
    assert witnesses(machine(owned(FREQUENCY, speed)), "speed") == ["MotorSpeed"]


@pytest.mark.parametrize(
    ("name", "role", "truth"),
    [
        ("OutputFrequency", "meter", Truth.TRUE),
        ("Frequency", "drive", Truth.TRUE),
        ("Ausgangsfrequenz", "plc", Truth.TRUE),
        ("Frequency", "plc", Truth.UNKNOWN),
        ("Frequency", "meter", Truth.UNKNOWN),
        ("Mains frequency", "plc", Truth.FALSE),
        ("Netzfrequenz", "plc", Truth.FALSE),
        ("Grid frequency", "drive", Truth.FALSE),  # a drive states that of its supply too
        ("Line 3 motor frequency", "plc", Truth.UNKNOWN),
    ],
)
def test_only_the_frequency_of_a_drive_tells_of_a_speed(name: str, role: str, truth: Truth) -> None:
    item = evidence(listed(tag(name, "HTZ")), about=replace(DRIVE, role=role))
    said = exists(machine(item), "speed")
    assert said.truth is truth
    if truth is Truth.UNKNOWN:
        assert f"Part: {name}, Signal: speed" in said.next_step
        link = Link("M-1", "device-1", name, "speed", complete=True)
        assert exists(machine(item, unit=linked(*motor().links, link)), "speed").truth is Truth.TRUE
    if truth is Truth.TRUE:
        assert any("derived" in premise.text for premise in said.because)


def test_a_frequency_without_a_name_is_asked_about_by_its_address() -> None:
    point = Point("holding:7", "", signal="frequency", unit="HTZ", type="uint16")
    said = exists(machine(evidence(listed(point), about=replace(DRIVE, role="meter"))), "speed")
    assert said.unknown.startswith("whether holding:7 of ")
    assert "Part: holding:7, Signal: speed" in said.next_step


@pytest.mark.parametrize(
    ("statement", "truth"),
    [("no sensor", Truth.UNKNOWN), ("not instrumented", Truth.UNKNOWN), ("painted", Truth.TRUE)],
)
def test_a_persons_no_and_a_listed_value_contradict_each_other(
    statement: str, truth: Truth
) -> None:
    said = Declaration("site", Kind.ATTEST, "M-1", {"statement": statement, "value": "current"})
    found = machine(owned(CURRENT), attested={"m-1": (said,)})
    assert exists(found, "current").truth is truth


@pytest.mark.parametrize(
    ("value", "names", "leaves"),
    [
        ("pressure:suction", ["pressure:suction"], ["pressure:discharge"]),
        ("pressure", ["pressure:suction", "pressure:discharge"], ["vibration"]),
        ("flow|Power", ["flow", "power"], ["vibration"]),
    ],
)
def test_a_statement_is_about_the_signals_that_it_names(
    value: str, names: list[str], leaves: list[str]
) -> None:
    assert all(speaks_of(value, signal_of(name)) for name in names)
    assert not any(speaks_of(value, signal_of(name)) for name in leaves)


@pytest.mark.parametrize(
    ("cls", "signal", "point", "strength"),
    [
        ("robot", "mode", tag("Operating mode", type="Int32"), Strength.E1),  # by its name alone
        ("robot", "load", tag("Axis load", "P1"), Strength.E3),  # and by its unit
        ("motor", "current", tag("Current", "AMP"), Strength.E3),
        ("motor", "current", tag("Current"), Strength.E1),
        ("motor", "current", tag("I", "", signal="current"), Strength.E4),
    ],
)
def test_what_is_known_by_its_name_alone_is_weak(
    cls: str, signal: str, point: Point, strength: Strength
) -> None:
    said = exists(machine(owned(point), unit=motor(cls)), signal)
    assert (said.truth, said.strength) == (Truth.TRUE, strength)


def test_a_value_that_is_linked_as_what_no_scan_sees_is_measured_online() -> None:
    debris = tag("Ferrous particles", type="Double")
    link = Link("M-1", "device-1", debris.name, "oil_debris", complete=True)
    unit = linked(*motor().links, link)
    found = machine(owned(CURRENT, debris), unit=unit)
    assert found.cleared == {"oil debris", "oil debris/ contamination"}
    assert machine(owned(CURRENT, debris)).cleared == frozenset()
    bad = listed(debris, value=None, quality=Quality.BAD, status="BadNotConnected")
    hollow = evidence(listed(CURRENT), bad, about=replace(DRIVE, key="device-1"))
    assert machine(hollow, unit=unit).cleared == frozenset()  # nothing is wired to it
    verdict = judge_equipment(
        replace(unit, cls="pump"),
        [item := owned(tag("Vibration", "C16"), debris)],
        context(item, **FULL),
    )
    assert verdict.coverage is not None
    assert verdict.coverage.lo == pytest.approx(11 / 13, abs=1e-3)  # 8 and 3; all: 8 and 5


# --- what is not there -----------------------------------------------------------------------


def test_absence_by_the_names_of_other_values_is_weak() -> None:
    def strength(*points: Point) -> Strength:
        said = exists(machine(owned(*points)), "temperature")
        assert said.truth is Truth.FALSE
        return said.strength

    assert strength(CURRENT) is Strength.E3
    assert strength(tag("MotorCurrent")) is Strength.E1  # by its name alone
    assert strength(tag("Running", type="Boolean")) is Strength.E3  # a state is no measurand
    assert strength(tag("Pressure setpoint")) is Strength.E3  # nor is a set point


def test_absence_of_a_state_does_not_hang_on_the_names_of_measured_values() -> None:
    said = exists(machine(owned(tag("MotorCurrent", type="Double"))), "fault")
    assert (said.truth, said.strength) == (Truth.FALSE, Strength.E3)


def test_the_proof_of_an_absence_names_the_devices_and_counts_the_values() -> None:
    def text(*items: Evidence) -> str:
        unit = linked(*(Link("M-1", item.device.key) for item in items))
        return exists(machine(*items, unit=unit), "temperature").because[0].text

    assert "lists 1 value, which is not temperature" in text(owned(CURRENT))
    assert "lists 2 values, none of which is temperature" in text(owned(CURRENT, FREQUENCY))
    unit = linked(Link("M-1", owned(CURRENT).device.key))
    said = exists(machine(owned(CURRENT), unit=unit), "axial_flux:drive_end").because[0].text
    assert said.endswith("which is not drive end axial flux")  # no code of ours
    four = [
        evidence(listed(CURRENT), about=replace(DRIVE, key=f"device-{n}", name=f"drive {n}"))
        for n in range(4)
    ]
    assert "drive 0 and drive 1 and drive 2 lists" in text(*four[:3])
    assert "drive 0 and drive 1 and drive 2 and 1 more lists" in text(*four)


@pytest.mark.parametrize(
    ("point", "candidate"),
    [
        (tag("AI_7"), True),
        (tag("AI_7", "CEL"), True),
        (tag("AI_7", "BAR"), False),  # a unit of another kind
        (tag("DI_7", type="Boolean"), False),
        (tag("CT-101"), False),  # current or temperature? neither is certain, both are named
        (tag("Pressure", "CEL"), True),  # its unit contradicts its name: it may be either
        (tag("Temperature setpoint", "CEL"), False),
    ],
)
def test_a_value_without_a_name_that_could_be_it_blocks_absence(
    point: Point, candidate: bool
) -> None:
    said = exists(machine(owned(CURRENT, point)), "temperature")
    if point.name == "CT-101":
        assert said.truth is Truth.UNKNOWN or said.truth is Truth.FALSE
        return
    assert (said.truth is Truth.UNKNOWN) is candidate
    if candidate:
        assert f"1 unclassified value could be temperature: {point.name}" == said.unknown


def test_a_candidate_without_a_name_is_named_by_its_address() -> None:
    said = exists(machine(owned(CURRENT, replace(tag("x"), name=""))), "temperature")
    assert said.unknown.endswith(": nsu=urn:x;s=x")


@pytest.mark.parametrize(
    ("point", "signal", "candidate"),
    [
        (tag("Start current"), "current", True),
        (tag("Start current"), "temperature", False),
        (replace(tag("AI_7"), signal="start current"), "current", True),  # said by a map
        (tag("Start P-2"), "pressure", True),
        (tag("Start P-2"), "temperature", False),
        (tag("Start current", "BAR"), "current", True),  # its unit may be wrong
        (tag("Anlauf"), "temperature", True),  # it says nothing of what it is
        (tag("Anlauf", "CEL"), "temperature", True),
        (tag("Anlauf", "BAR"), "temperature", False),
    ],
)
def test_a_doubtful_value_may_be_what_its_words_say_or_anything_where_they_say_nothing(
    point: Point, signal: str, candidate: bool
) -> None:
    said = exists(machine(owned(tag("Level", "MTR"), point)), signal)
    assert said.truth is (Truth.UNKNOWN if candidate else Truth.FALSE)


def test_a_state_may_be_a_bit_or_a_value_of_no_type() -> None:
    for kind, truth in (("Boolean", Truth.UNKNOWN), ("", Truth.UNKNOWN), ("Double", Truth.FALSE)):
        assert exists(machine(owned(CURRENT, tag("DI_7", type=kind))), "running").truth is truth


TAGGED = tag("M-1 discharge pressure", "BAR")


def unlinked(*links: Link, items: tuple[Evidence, ...]) -> Proposition:
    """What is said of the pressure of a machine to whose parts these links lead."""
    return exists(machine(*items, unit=replace(linked(*links), links_complete=True)), "pressure")


def test_a_value_that_bears_the_tag_and_no_link_holds_blocks_absence() -> None:
    said = unlinked(Link("M-1", "device-1", part="MotorCurrent"), items=(owned(CURRENT, TAGGED),))
    assert said.truth is NOT_ASKED
    assert said.unknown.startswith("whether M-1 discharge pressure of")


def test_a_linked_value_that_bears_the_tag_is_what_its_link_says() -> None:
    link = Link("M-1", "device-1", part=TAGGED.name, signal="torque")
    assert unlinked(link, items=(owned(CURRENT, TAGGED),)).truth is Truth.FALSE


def test_the_link_to_a_value_of_one_device_holds_none_of_another() -> None:
    items = (owned(CURRENT, TAGGED), owned(TAGGED, key="device-2"))
    links = (
        Link("M-1", "device-1", part="MotorCurrent"),
        Link("M-1", "device-2", part=TAGGED.name, signal="torque"),
    )
    assert unlinked(*links, items=items).truth is NOT_ASKED
    links = (links[0], replace(links[1], device="device-1"))
    assert unlinked(*links, items=items[:1]).truth is Truth.FALSE


def test_a_value_under_the_tag_without_a_name_is_named_by_its_address() -> None:
    point = replace(TAGGED, name="", path="Hall 2/M-1", address="ns=2;i=77")
    said = unlinked(Link("M-1", "device-1", part="MotorCurrent"), items=(owned(CURRENT, point),))
    assert said.unknown.startswith("whether ns=2;i=77 of")


# --- devices that no link ties to it, and that bear its tag -----------------------------------


def beside(*points: Point, name: str = "SCADA", **fields: object) -> Evidence:
    about = replace(DRIVE, key="device-9", name=name, **fields)
    return evidence(listed(*points), about=about)


def with_others(*others: Evidence, unit: Equipment | None = None) -> Machine:
    here = context(owned(CURRENT), **FULL)
    views = [View(item, here) for item in others]
    return Machine(unit or motor(), [View(owned(CURRENT), here)], here, views)


def test_a_value_that_bears_the_tag_on_a_device_beside_holds_back_absence() -> None:
    assert exists(with_others(), "pressure").truth is Truth.FALSE
    said = exists(with_others(beside(TAGGED)), "pressure")
    assert said.truth is NOT_ASKED
    assert said.unknown == (
        "whether M-1 discharge pressure of SCADA is the pressure of M-1: it bears the tag, and no"
        " link holds it"
    )
    assert said.command == "untrap export links -o links.csv"


@pytest.mark.parametrize(
    ("point", "name", "truth"),
    [
        (tag("M-2 discharge pressure", "BAR"), "SCADA", Truth.FALSE),  # another machine's
        (tag("Discharge pressure", "BAR"), "SCADA", Truth.FALSE),  # nobody's, there
        (tag("Discharge pressure", "BAR"), "VFD-M-1", Truth.UNKNOWN),  # its device bears the tag
        (tag("M-2 discharge pressure", "BAR"), "VFD-M-1", Truth.FALSE),
        (tag("M-1 speed", "RPM"), "VFD-M-1", Truth.FALSE),  # it is something else
    ],
)
def test_beside_only_what_bears_the_tag_and_could_be_it_is_asked(
    point: Point, name: str, truth: Truth
) -> None:
    assert exists(with_others(beside(point, name=name)), "pressure").truth is truth


def test_what_a_device_beside_gives_is_not_credited() -> None:
    found = with_others(beside(TAGGED))
    assert [point.name for _, point, _ in found.rows] == ["MotorCurrent"]
    assert found.had(signal_of("pressure")).truth is NOT_ASKED


def test_a_machine_without_links_whose_tag_a_device_bears_is_not_dark() -> None:
    bare = replace(motor(), links=(), links_complete=True)
    here = context(beside(TAGGED), **FULL)
    alone = judge_equipment(bare, (), here)
    assert [one.rule for one in alone.findings if one.rule == "U02"] == ["U02"]
    assert (alone.level.lo, alone.level.hi) == (0, 0)
    asked = judge_equipment(bare, (), here, {}, [beside(TAGGED)])
    assert not [one for one in asked.findings if one.rule == "U02"]
    (question,) = (one for one in asked.questions if one.rule == "U02")
    assert question.missing.startswith("whether SCADA monitors M-1: it bears the tag")
    assert question.command == "untrap export links -o links.csv"
    assert asked.level.hi != 0


@pytest.mark.parametrize(
    ("tag_of", "complete", "count", "found"),
    [
        ("M-1", True, 1, True),
        ("M-1", False, 1, False),  # it is asked about its links anyway
        ("M-1", True, 5, True),
        ("M-1", True, 6, False),  # so many bear it that it is no tag of a machine
        ("MOTOR", True, 1, False),  # a word is no tag
        ("4711", True, 1, False),
    ],
)
def test_which_devices_bear_the_tag_of_a_machine(
    tag_of: str, complete: bool, count: int, found: bool
) -> None:
    unit = replace(motor(), tag=tag_of, links_complete=complete)
    value = tag(f"{tag_of} discharge pressure", "BAR")
    items = [evidence(listed(value), about=replace(PLC, key=f"d{n}")) for n in range(count)]
    tags = Bearing(sought([unit]))
    bearing = bearers((one.device.key, tags.of(one)) for one in items)
    keys = devices_beside(unit, bearing)
    assert keys == (tuple(one.device.key for one in items) if found else ())


def test_a_device_that_is_linked_or_gone_is_not_beside() -> None:
    unit = motor()
    tags = Bearing(sought([unit]))
    linked_one, gone = owned(TAGGED), beside(TAGGED, merges=(Merge(ELSEWHERE, "SN-2 answers"),))
    bearing = bearers((one.device.key, tags.of(one)) for one in (linked_one, gone))
    assert devices_beside(unit, bearing) == ()


# --- licences --------------------------------------------------------------------------------


def licence(*items: object, about: object = DRIVE) -> Proposition:
    return machine(evidence(*items, about=about)).licence  # type: ignore[arg-type]


def test_a_machine_whose_links_nobody_closed_is_asked_about_them() -> None:
    def missing(unit: Equipment) -> str:
        return machine(owned(CURRENT), unit=replace(unit, links_complete=False)).licence.unknown

    assert missing(motor()) == "whether other devices monitor M-1 too"
    assert missing(linked()) == "which devices monitor M-1: no link is declared"
    assert machine(owned(CURRENT)).licence.truth is Truth.TRUE


def test_a_device_without_a_data_service_gives_no_licence() -> None:
    silent = next(name for name, about in protocols().items() if not about.data)
    other = seen(silent, Outcome.COMPLETE)  # speaks, and carries no values
    assert licence(listed(CURRENT)).truth is Truth.TRUE
    assert licence(seen("opcua", Outcome.COMPLETE, "browse")).truth is Truth.TRUE  # lists nothing
    assert licence(other).truth is Truth.UNKNOWN
    assert "any data service" in licence(other).unknown
    assert licence(listed(CURRENT), other).truth is Truth.TRUE


def test_an_agent_of_the_host_is_no_source_and_one_with_values_is() -> None:
    host = seen("snmp", Outcome.COMPLETE, "system")
    assert licence(listed(CURRENT), host).truth is Truth.TRUE
    assert licence(host, about=PLC).truth is Truth.UNKNOWN
    point = Point("1.3.6.1.4.1.9.9.1", "Probe temperature", unit="CEL")
    sensor = seen("snmp", Outcome.COMPLETE, "walk", points=(point,))
    assert licence(listed(CURRENT), sensor).truth is Truth.UNKNOWN  # not walked to its end
    ups = replace(DRIVE, role="ups")
    assert licence(listed(CURRENT), host, about=ups).truth is Truth.UNKNOWN


# --- classes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cls"),
    [
        ("pump", "pump"),
        (" PV_Inverter ", "pv-inverter"),
        ("Kreiselpumpe", "pump"),
        ("quibbler", "quibbler"),
    ],
)
def test_the_class_that_a_word_means(text: str, cls: str) -> None:
    assert class_of(text) == cls


def test_a_device_key_is_not_its_name() -> None:
    assert device("a").key == "a"


def test_a_machine_without_a_device_is_known_by_what_a_person_says() -> None:
    said = Declaration("site", Kind.ATTEST, "M-1", {"statement": "no sensor", "value": "current"})
    alone = machine(unit=replace(linked(), links_complete=False), attested={"m-1": (said,)})
    assert exists(alone, "current").truth is Truth.FALSE
    assert exists(alone, "vibration").truth is Truth.UNKNOWN


def test_only_the_signal_that_a_person_speaks_of_is_attested() -> None:
    said = Declaration(
        "site", Kind.ATTEST, "M-1", {"statement": "not instrumented", "value": "temperature"}
    )
    found = evidence(listed(CURRENT, tag("Running", type="Boolean")), about=DRIVE)
    verdict = judge_equipment(motor(), [found], context(found, **FULL, attested={"m-1": (said,)}))
    labels = {f"{one.rule} {one.subject}".strip(): one.label for one in verdict.findings}
    assert labels["U01 temperature"].endswith("(attested)")
    assert labels["U01 vibration|axial_flux"].endswith("(not exposed)")
    assert labels["U05"].endswith("(not exposed)")


# --- soundness (use cases) -------------------------------------------------------------------

GOOD, FAILED, UNSURE = "Good", "BadSensorFailure", "BadWaitingForInitialData"
SECOND = tag("MotorCurrent2", "AMP")


def read(*statuses: str) -> Machine:
    """A motor with one current per status, read once; "" for one that was only listed."""
    points = (CURRENT, SECOND)[: len(statuses)]
    samples = tuple(
        Sample(point.address, 1.0 if status == GOOD else None,
               Quality.GOOD if status == GOOD else Quality.BAD, status)
        for point, status in zip(points, statuses, strict=True) if status
    )  # fmt: skip
    return machine(evidence(replace(listed(*points), samples=samples), about=DRIVE))


@pytest.mark.parametrize(
    ("statuses", "truth", "tells"),
    [
        ((GOOD,), Truth.TRUE, ""),
        (("",), Truth.UNKNOWN, "MotorCurrent gives a good value: it is listed, and was not read"),
        ((FAILED,), Truth.FALSE, "MotorCurrent: no value (BadSensorFailure)"),
        ((FAILED, FAILED), Truth.FALSE, "MotorCurrent: no value"),
        ((FAILED, GOOD), Truth.TRUE, ""),
        ((FAILED, ""), Truth.UNKNOWN, "it is listed, and was not read"),
        ((UNSURE, GOOD), Truth.TRUE, ""),
        ((UNSURE,), Truth.UNKNOWN, "gives a good value: its last read was bad (BadWait"),
        ((UNSURE, FAILED), Truth.UNKNOWN, "MotorCurrent gives"),
    ],
)
def test_a_signal_is_sound_when_one_value_of_it_is_known_to_be_good(
    statuses: tuple[str, ...], truth: Truth, tells: str
) -> None:
    said = read(*statuses).sound([signal_of("power"), signal_of("current")]).said
    assert said.truth is truth
    assert tells in (said.unknown or (said.because[0].text if said.because else ""))
    if truth is Truth.UNKNOWN:
        assert "--depth sample" in said.command
        assert said.because


@pytest.mark.parametrize(("name", "told"), [("MotorCurrent", "MotorCurrent"), ("", "ns=9;i=7")])
def test_a_bad_read_without_a_status_is_told_without_one(name: str, told: str) -> None:
    point = replace(CURRENT, name=name, path="MotorCurrent", address="ns=9;i=7")
    sample = (Sample(point.address, None, Quality.BAD, ""),)
    found = machine(evidence(replace(listed(point), samples=sample), about=DRIVE))
    assert found.sound([signal_of("current")]).said.unknown == (
        f"whether {told} gives a good value: its last read was bad"
    )


def test_only_the_values_of_a_signal_say_whether_it_is_sound() -> None:
    other = tag("Pressure", "BAR")
    samples = (
        Sample(CURRENT.address, None, Quality.BAD, FAILED),
        Sample(other.address, 1.0, Quality.GOOD, GOOD),
    )
    found = machine(evidence(replace(listed(CURRENT, other), samples=samples), about=DRIVE))
    assert found.sound([signal_of("current")]).truth is Truth.FALSE
    assert found.sound([signal_of("pressure")]).truth is Truth.TRUE
    assert found.sound([signal_of("vibration")]).truth is Truth.TRUE  # `exists` speaks of it


def test_a_device_that_a_link_names_and_nobody_has_seen_leaves_absence_open() -> None:
    lost = [Link("M-1", f"10.9.9.{n}", resolved=False, complete=True) for n in range(5)]
    unit = replace(motor(), links=(*motor().links, *lost), links_complete=True)
    said = exists(machine(owned(CURRENT), unit=unit), "vibration")
    assert said.truth is Truth.UNKNOWN
    assert (
        said.unknown == "which device 10.9.9.0, 10.9.9.1, 10.9.9.2 is: no device matches that link"
    )
    none = replace(motor(), links=(Link("M-1", "", resolved=False),), links_complete=True)
    assert machine(unit=none).unresolved == []
