"""No question leads back to itself: what was asked and answered is not proposed again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inventory.judge.asking import read_out, refused, unread
from inventory.judge.view import View
from protocols.contract import Observation, Quality
from protocols.contract import Outcome as O
from tests.inventory.verdict.evidence import context, evidence, seen
from tests.inventory.verdict.plants import listed, tag

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
