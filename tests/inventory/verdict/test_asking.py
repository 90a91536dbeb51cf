"""No question leads back to itself: what was asked and answered is not proposed again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.judge.asking import nameless, read_out, refused, unread
from inventory.judge.equipment import judge_equipment
from inventory.judge.verdict import judge_device
from inventory.judge.view import View
from protocols.contract import Fact, Observation, Point, Quality, Sample
from protocols.contract import Outcome as O
from tests.inventory.verdict.evidence import context, device, evidence, seen
from tests.inventory.verdict.plants import DRIVE, FULL, listed, motor, tag

MODBUS, OPCUA = seen("modbus", O.CLOSED), seen("opcua", O.CLOSED)
KEPT_BACK = seen("s7comm", O.NOT_ASKED)
SPOKE = seen("modbus", O.COMPLETE)
ONE, TWO = tag("A1"), tag("A2")
TEXT = tag("Maker", type="String")


def view(*observations: Observation) -> View:
    about = evidence(*observations)
    return View(about, context(about))


@pytest.mark.parametrize(
    ("answers", "titles"),
    [
        ((), ""),
        ((MODBUS,), "Modbus TCP"),
        ((MODBUS, OPCUA), "Modbus TCP, OPC UA"),
        ((MODBUS, replace(MODBUS, target=replace(MODBUS.target, port=503))), "Modbus TCP"),
        ((MODBUS, KEPT_BACK), "Modbus TCP"),  # what was not asked refused nothing
        ((KEPT_BACK,), ""),
        ((MODBUS, seen("opcua", O.SILENT)), ""),
        ((MODBUS, seen("opcua", O.COMPLETE)), ""),
    ],
)
def test_all_that_was_asked_and_refused_is_named(
    answers: tuple[Observation, ...], titles: str
) -> None:
    assert refused(view(*answers).doors) == titles


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ((listed(ONE, value=None),), "the only value that OPC UA lists could not be read"),
        ((listed(ONE, TWO, value=None),), "none of the 2 values that OPC UA lists could be read"),
        ((listed(ONE, quality=Quality.BAD),), "the only value that OPC UA lists could not"),
        ((listed(ONE, value=None, quality=Quality.BAD),), "the only value that OPC UA lists"),
        ((SPOKE, listed(ONE, value=None)), "the only value that OPC UA lists could not be read"),
    ],
)
def test_a_user_that_may_read_is_asked_for_where_no_value_could_be_read(
    answers: tuple[Observation, ...], words: str
) -> None:
    step = unread(view(*answers))
    assert step is not None
    assert step[0].startswith("name a user that may read, or give that right to the one")
    assert words in step[0]
    assert step[1].endswith("--probe opcua --depth points --credentials NAME")


@pytest.mark.parametrize(
    "answers",
    [
        (),
        (SPOKE,),  # nothing is listed
        (listed(ONE),),  # read, and good
        (listed(ONE, quality=Quality.UNCERTAIN),),
        (listed(TEXT, value=None),),  # no value of a process
        (listed(ONE, value=None, protocol="modbus", operation="read"),),  # it lists nothing
        (listed(ONE, value=None, protocol="mystery"),),  # nobody knows what it lists
    ],
)
def test_no_user_is_asked_for_elsewhere(answers: tuple[Observation, ...]) -> None:
    assert unread(view(*answers)) is None


def test_one_good_value_of_many_was_read() -> None:
    part = seen("opcua", O.PARTIAL, "browse", points=(ONE, TWO))
    values = listed(ONE, value=None).samples + listed(TWO).samples
    assert unread(view(replace(part, samples=values))) is None
    assert unread(view(replace(part, samples=values[:1]))) is not None
    assert unread(view(part)) is not None


READ_OUT = seen("snmp", O.COMPLETE, "walk_whole")
BROWSED = seen("opcua", O.COMPLETE, "browse")


@pytest.mark.parametrize(
    ("answers", "whole"),
    [
        ((READ_OUT,), "SNMP was read"),
        ((READ_OUT, BROWSED), "SNMP and OPC UA was read"),
        ((listed(TEXT),), "OPC UA was read"),  # a text is no value of a process
        ((READ_OUT, MODBUS), "SNMP was read"),  # a closed port has nothing to list
    ],
)
def test_what_listed_all_that_it_has_is_not_asked_again(
    answers: tuple[Observation, ...], whole: str
) -> None:
    step = read_out(view(*answers))
    assert step is not None
    assert f": {whole} to its end, and lists no process value" in step[0]
    assert step[1] == "untrap import register FILE"


@pytest.mark.parametrize(
    "answers",
    [
        (),
        (MODBUS,),  # nobody spoke
        (listed(ONE),),  # it has a value
        (replace(READ_OUT, outcome=O.PARTIAL),),
        (READ_OUT, SPOKE),  # one of the two lists nothing
        (READ_OUT, seen("mystery", O.COMPLETE)),
    ],
)
def test_what_may_have_more_is_not_read_out(answers: tuple[Observation, ...]) -> None:
    assert read_out(view(*answers)) is None


# --- from where, and by which port --------------------------------------------------------------


def asked_from(*observations: Observation, collection: str = "") -> str:
    about = evidence(*observations)
    return View(about, context(about, collection=collection)).ask("opcua", "points")


def test_what_is_asked_is_asked_from_the_collectors_place() -> None:
    spoke = seen("opcua", O.COMPLETE, vantage="cell")
    assert asked_from(spoke) == "untrap scan 192.0.2.10 --probe opcua --depth points"
    assert asked_from(spoke, collection="the dmz") == (
        "untrap scan 192.0.2.10 --probe opcua --vantage 'the dmz' --depth points"
    )


def test_an_odd_port_that_spoke_elsewhere_is_asked_here() -> None:
    spoke = seen("opcua", O.COMPLETE, vantage="cell", port=48010)
    assert asked_from(spoke, collection="dmz") == (
        "untrap scan 192.0.2.10 --probe opcua --port opcua=48010 --vantage dmz --depth points"
    )
    silent = seen("opcua", O.SILENT, vantage="dmz", port=48011)
    assert "48011" not in asked_from(spoke, silent, collection="dmz")


# --- N05 ----------------------------------------------------------------------------------------


def last_question(*observations: Observation, **about: str) -> tuple[str, str]:
    item = evidence(*observations, about=device(**about))
    said = judge_device(item, context(item, **FULL))
    (one,) = [q for q in said.questions if q.rule == "N05"]
    return one.next_step, one.command


def test_a_question_about_a_door_is_the_next_step_where_there_is_no_better_one() -> None:
    echo = tuple(Point(f"holding:{n}", f"holding:{n}", type="uint16") for n in range(12))
    same = tuple(Sample(point.address, 7, Quality.GOOD) for point in echo)
    read = seen("modbus", O.COMPLETE, "read", points=echo, samples=same)
    step, command = last_question(read, vendor="Acme", model="X", serial="1", firmware="1")
    assert step == "read them again while the machine runs"
    assert command == "untrap scan 192.0.2.10 --probe modbus --depth points"


def test_without_one_it_is_scanned_deeper() -> None:
    named = seen("modbus", O.COMPLETE)
    step, command = last_question(named, vendor="Acme", model="X", serial="1", firmware="1")
    assert step == "scan it deeper, with the credentials that you hold"
    assert command == "untrap scan 192.0.2.10 --depth points"


def test_a_question_about_quality_is_no_step_to_a_value() -> None:
    skewed = seen("modbus", O.COMPLETE, facts=(Fact("clock_skew_seconds", 90, "modbus"),))
    about = {"vendor": "Acme", "model": "X", "serial": "1", "firmware": "1"}
    item = evidence(
        skewed, about=device(**about, facts=(Fact("clock_skew_seconds", 90, "modbus"),))
    )
    said = judge_device(item, context(item, **FULL))
    assert {one.rule for one in said.questions} == {"N05", "Q07"}
    (one,) = [q for q in said.questions if q.rule == "N05"]
    assert one.next_step.startswith("scan it deeper")


def test_a_discovery_server_is_asked_for_no_values_and_no_nameplate() -> None:
    item = evidence(
        seen("opcua", O.COMPLETE, "get_endpoints"),
        seen("opcua", O.REFUSED_CAPABILITY, "create_session"),
        about=device(facts=(Fact("role", "discovery server", "opcua GetEndpoints"),)),
    )
    said = judge_device(item, context(item, **FULL))
    assert said.category == "not-data-bearing"
    assert said.questions == ()
    assert said.findings == ()


# --- doors of a machine's device -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("closed", "step", "command"),
    [
        (seen("opcua", O.REFUSED_RESOURCE, "create_session"), "ask again when it has room",
         "untrap scan 192.0.2.10 --depth points"),
        (seen("opcua", O.NOT_ASKED, "hello", reason="distress"), "ask it: that was left out",
         "untrap scan 192.0.2.10 --depth points"),
        (seen("opcua", O.REFUSED_AUTH, "session"), "open it first", "untrap show 192.0.2.10"),
        (seen("opcua", O.SILENT, "hello"), "open it first", "untrap show 192.0.2.10"),
    ],
)  # fmt: skip
def test_a_door_that_was_busy_or_left_out_is_asked_again(
    closed: Observation, step: str, command: str
) -> None:
    item = evidence(closed, seen("modbus", O.CLOSED), about=DRIVE)
    said = judge_equipment(motor(), [item], context(item, **FULL))
    for one in said.questions:
        if one.rule == "U01":
            assert one.next_step.startswith(step)
            assert one.command == command
    assert {one.rule for one in said.questions} >= {"U01"}


def test_what_needs_another_answer_of_the_host_asks_for_more_than_that_one() -> None:
    said = view(OPCUA).offered("opcua")
    assert said.next_step == "ask one more service of the same address"
    assert said.command == "untrap scan 192.0.2.10 --depth identify"


BUILD, BROWSED = seen("opcua", O.COMPLETE, "read_server"), seen("opcua", O.EMPTY, "browse")
CUT = seen("opcua", O.PARTIAL, "browse", reason="our_cap")
BROKE = seen("opcua", O.PARTIAL, "browse", reason="went_silent")
COUNTED = replace(listed(ONE), items=2)
PLATE = replace(seen("opcua", O.COMPLETE, "read_nameplate"), items=1)


@pytest.mark.parametrize(
    ("answers", "asks"),
    [
        ((SPOKE,), False),  # one question tells all that a Modbus device says of itself
        ((seen("enip", O.COMPLETE),), False),
        ((BUILD, BROWSED), False),
        ((BUILD, CUT), False),
        ((BUILD, seen("opcua", O.REFUSED_CAPABILITY, "browse")), False),
        ((BUILD, BROKE), True),
        ((BUILD, replace(BROKE, reason="continuation_lost")), True),
        ((BUILD,), True),
        ((BROWSED,), True),
        ((seen("opcua", O.HUNG_UP, "read_server"), seen("opcua", O.COMPLETE), BROWSED), True),
        ((SPOKE, seen("opcua", O.COMPLETE)), True),
        ((BUILD, COUNTED, PLATE), False),
        ((BUILD, COUNTED), True),  # the answer that held the nameplate is lost
    ],
)
def test_who_was_not_asked_all_that_tells_who_it_is_lacks_nothing_yet(
    answers: tuple[Observation, ...], asks: bool
) -> None:
    said = nameless(view(*answers))
    assert (said is not None) is asks
    if said is not None:
        assert said.unknown == "OPC UA was not asked all by which it says that"
        assert said.command.endswith("--probe opcua --depth points")
        assert said.because


def test_what_an_earlier_scan_asked_was_asked() -> None:
    earlier = [replace(one, scan="scan-0", sequence=0) for one in (BUILD, BROWSED)]
    assert nameless(view(*earlier, seen("opcua", O.COMPLETE, "get_endpoints"))) is None
