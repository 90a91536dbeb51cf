"""Complete register maps: what their lines name is there, read or not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.judge.mapped import CompleteMap, Gathering, Line, chosen, unlisted
from inventory.judge.survey import survey
from inventory.judge.verdict import judge_device, judge_equipment
from inventory.judge.view import View
from inventory.model import Declaration, Equipment, Evidence, Kind, Link, Verdict
from protocols.contract import Observation, Outcome, Point
from tests.inventory.verdict.evidence import NOW, context, device, evidence, seen
from tests.inventory.verdict.plants import registers

ROWS = {
    "current": ("holding", "0", "uint16", "A"),
    "temperature:winding": ("holding", "10", "float32", "degC"),
    "running": ("coil", "0", "bool", ""),
}


def line(signal: str, **more: str) -> Declaration:
    table, address, kind, unit = ROWS[signal]
    fields = {
        "vendor": "Acme", "model": "P70", "table": table, "address": address, "type": kind,
        "engineeringunit": unit, "name": signal, "signal": signal, "complete": "yes", **more,
    }  # fmt: skip
    return Declaration("site", Kind.MAP, f"{table}:{address}", fields)


MAP = tuple(line(signal) for signal in ROWS)
DRIVE = device(vendor="Acme GmbH", model="P-70", firmware="9.9")


def point(signal: str) -> Point:
    table, address, kind, unit = ROWS[signal]
    return Point(f"{table}:{address}", signal, unit=unit, type=kind, signal=signal)


def motor(link: Link | None = None) -> Equipment:
    links = (link or Link("M-1", "device-1", complete=True),)
    return Equipment("machine", "site", "M-1", cls="motor", links=links, links_complete=True)


def read(argument: str, outcome: Outcome = Outcome.COMPLETE, *points: Point) -> Observation:
    item = seen("modbus", outcome, "read", points=points)
    return replace(item, question=replace(item.question, argument=argument))


def judged(found: Evidence, stated: tuple[Declaration, ...] = MAP) -> Verdict:
    one = motor()
    return judge_equipment(one, [found], survey([found], [one], stated, today=NOW))


def absent(said: Verdict) -> set[str]:
    return {item.subject for item in said.findings if item.rule == "U01"}


def asked(said: Verdict) -> dict[str, str]:
    return {item.subject: item.missing for item in said.questions if item.rule == "U01"}


def test_what_a_complete_map_names_and_nobody_read_is_asked_and_not_absent() -> None:
    said = judged(evidence(seen("modbus", Outcome.COMPLETE), about=DRIVE))
    assert absent(said) == {"vibration|axial_flux"}  # the map names all but this
    assert set(asked(said)) == {"current", "temperature", "running"}
    assert "current (holding:0)" in asked(said)["current"]
    assert "was not read" in asked(said)["current"]
    (one,) = (item for item in said.questions if item.subject == "current" and item.rule == "U01")
    assert one.next_step == "read it"
    assert one.command == "untrap scan 192.0.2.10 --probe modbus --depth points"
    assert said.level.hi == 5
    assert "U05" not in {item.rule for item in said.findings}


@pytest.mark.parametrize(("complete", "stated"), [("yes", "?"), ("", "?"), (None, "finding")])
def test_registers_that_were_read_before_their_map_was_declared_are_to_be_read_again(
    complete: str | None, stated: str
) -> None:
    found = evidence(registers(1, 2, 3), about=DRIVE)
    maps = [] if complete is None else [line(signal, complete=complete) for signal in ROWS]
    said = judge_device(found, survey([found], [], maps, today=NOW))
    assert ("T03" in {item.rule for item in said.findings}) == (stated == "finding")
    asked = [item for item in said.questions if item.rule == "T03"]
    assert [item.next_step for item in asked] == ["read it again under the map"] * (stated == "?")


def test_a_line_without_a_meaning_may_be_any_signal() -> None:
    fields = line("current", address="40", name="Var 40", engineeringunit="").fields
    nameless = Declaration("site", Kind.MAP, "40", {**fields, "signal": ""})
    said = judged(evidence(seen("modbus", Outcome.COMPLETE), about=DRIVE), (*MAP, nameless))
    assert "Var 40 (holding:40)" in asked(said)["vibration|axial_flux"]


def test_a_register_that_the_map_names_and_the_device_refuses_is_asked() -> None:
    found = evidence(
        read("holding:10-11", Outcome.COMPLETE, point("temperature:winding")),
        read("coil:0-0", Outcome.COMPLETE, point("running")),
        read("unit 1 holding:0-0", Outcome.EMPTY),
        about=DRIVE,
    )
    said = judged(found)
    assert set(asked(said)) == {"current"}
    assert "refuses that register" in asked(said)["current"]
    (one,) = (item for item in said.questions if item.rule == "U01")
    assert one.command == "untrap import map FILE"


@pytest.mark.parametrize(
    ("argument", "outcome", "refused"),
    [
        ("holding:0-0", Outcome.EMPTY, True),
        ("holding:0-3", Outcome.REFUSED_CAPABILITY, True),
        ("holding:0-4", Outcome.EMPTY, False),  # of more registers: perhaps its neighbours
        ("holding:1-4", Outcome.EMPTY, False),
        ("input:0-0", Outcome.EMPTY, False),
        ("basic 0x00", Outcome.REFUSED_CAPABILITY, False),
        ("holding:0-0", Outcome.REFUSED_RESOURCE, False),
        ("holding:0-0", Outcome.SILENT, False),
    ],
)
def test_only_a_refusal_of_that_register_alone_is_one(
    argument: str, outcome: Outcome, refused: bool
) -> None:
    found = evidence(
        seen("modbus", Outcome.COMPLETE, seconds=-1), read(argument, outcome), about=DRIVE
    )
    assert ("refuses that register" in asked(judged(found))["current"]) is refused


def test_a_map_that_nobody_calls_complete_and_a_map_of_another_device_name_nothing() -> None:
    found = evidence(seen("modbus", Outcome.COMPLETE), about=DRIVE)
    for stated in (
        tuple(line(signal, complete="") for signal in ROWS),
        tuple(line(signal, model="Q70") for signal in ROWS),
    ):
        assert View(found, survey([found], (), stated, today=NOW)).unread == ()


def test_one_line_that_says_so_makes_the_whole_map_complete() -> None:
    stated = (line("current"), line("running", complete=""), line("current", name="Amps"))
    gathering = Gathering()
    for item in stated:
        gathering.add(item)
    (one,) = gathering.complete()
    assert [item.point.name for item in one.lines] == ["Amps", "running"]


def test_the_statement_that_calls_a_map_complete_is_a_premise_by_its_id() -> None:
    stated = (line("current"), line("running"), line("temperature:winding", complete=""))
    found = evidence(seen("modbus", Outcome.COMPLETE), about=DRIVE)
    here = survey([found], (), stated, today=NOW)
    assert [one.declaration for one in here.maps_complete] == [stated[1].id]
    view = View(found, here)
    because = view.enumerated(view.doors[0]).because
    assert stated[1].id in {one.declaration for one in because}


def test_a_service_that_never_spoke_names_nothing() -> None:
    found = evidence(seen("opcua", Outcome.COMPLETE), about=DRIVE)
    assert View(found, survey([found], (), MAP, today=NOW)).unread == ()


@pytest.mark.parametrize(
    ("unit", "part", "counts"),
    [
        ("", "unit 3", True),
        ("3", "unit 3", True),
        ("4", "unit 3", False),
        ("1", "unit 3", False),
        ("1", "", True),
        ("255", "", True),
        ("4", "", False),
    ],
)
def test_a_line_for_one_unit_names_values_of_that_unit(unit: str, part: str, counts: bool) -> None:
    gathering = Gathering()
    gathering.add(line("current", unit=unit))
    (one,) = gathering.complete()
    assert bool(unlisted(one, replace(DRIVE, part=part), ())) is counts
    assert unlisted(one, replace(DRIVE, part=part), ("holding:0",)) == ()


def test_a_bit_of_a_register_has_an_address_of_its_own() -> None:
    gathering = Gathering()
    gathering.add(line("running", table="holding", address="5", type="bit:3"))
    assert gathering.complete()[0].lines[0].point.address == "holding:5.3"


@pytest.mark.parametrize(
    ("vendor", "model", "fits"),
    [
        ("Acme", "P70", True),  # letter by letter
        ("acme gmbh", "P-70 compact", False),
        ("ACME", "p70 Compact", True),  # whole words at the beginning, as the probe takes it
        ("Acmeline", "P70", False),
        ("", "P70", False),
        ("Acme", "", False),
        ("Other", "P70", False),
    ],
)
def test_a_map_is_chosen_as_the_probe_chooses_it(vendor: str, model: str, fits: bool) -> None:
    one = CompleteMap("Acme", "P70", "")
    found = chosen([one], device(vendor=vendor, model=model))
    assert (found.map is one) is fits
    assert found.model == (model if fits else "")


def test_a_map_without_vendor_or_without_model_fits_any_and_one_without_both_none() -> None:
    about = device(vendor="Acme", product="P70")
    assert chosen([CompleteMap("", "P70", "")], about).map is not None
    assert chosen([CompleteMap("Acme", "", "")], about).map is not None
    assert chosen([CompleteMap("", "", "")], about).map is None


def test_of_maps_of_other_firmware_the_versions_are_told() -> None:
    several = [CompleteMap("Acme", "P70", firmware) for firmware in ("2.0", "1.0", "2.0")]
    about = device(vendor="Acme", model="P70", product="P70", firmware="9.9")
    assert chosen(several, about).others == ("1.0", "2.0")
    assert chosen([*several, CompleteMap("Acme", "P70", "9")], about).others == ()


def test_a_map_that_is_for_two_machines_is_asked_only_for_what_a_link_leaves() -> None:
    about = evidence(seen("modbus", Outcome.COMPLETE), about=DRIVE)
    one = motor(Link("M-1", "device-1", part="coil:0", complete=True))
    said = judge_equipment(one, [about], survey([about], [one], MAP, today=NOW))
    assert "current" in absent(said)
    assert "running" in asked(said)


def test_lines_of_text_are_no_values() -> None:
    uptime = Line("", Point("holding:9", "Serial number", type="string:8"))
    found = evidence(seen("modbus", Outcome.COMPLETE), about=DRIVE)
    here = context(found, maps_complete=(CompleteMap("Acme", "P70", "", (uptime,)),))
    assert View(found, here).unread == []
