"""Gateways as they are: exactly the real units, whatever is said of others (decision 24)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from protocols.contract import Depth, Options, Outcome, Target
from protocols.modbus import PROBE
from protocols.modbus.talk import LEAST_PATIENCE, PATIENCE, SAMPLES
from tests.protocols.modbus.box import Box, Scripted, Slave, asked, named, run
from tests.support.plain import PlainLink

TWO = {
    3: Slave(named("A", "x"), holding={0: 1}),
    7: Slave(named("B", "y"), holding={0: 2}),
}
GATE = Slave(named("G", "gate"))
DECLARED = ("unit 3", "unit 7", "unit 9")
UNTOLD = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08)
"""Exceptions that gateways were seen to give for units that are not there, beside 0A and 0B."""


def units(link: PlainLink, value: str) -> set[str]:
    found = (f for o in link.observations for f in o.facts if f.name == "unit")
    return {fact.part for fact in found if fact.value == value}


@pytest.mark.parametrize("own", [True, False], ids=["named", "nameless"])
@pytest.mark.parametrize("code", [*UNTOLD, 0x0A, 0x0B])
def test_declared_units_are_exactly_the_real_ones(code: int, own: bool) -> None:
    box = Box({**TWO, 255: GATE} if own else TWO, unknown=code)
    link = run(box, parts=DECLARED)
    assert units(link, "present") == {"unit 3", "unit 7"}
    assert not units(link, "echo")
    assert {point.part for o in link.observations for point in o.points} == {"unit 3", "unit 7"}
    said = "absent" if code in (0x0A, 0x0B) else "undetermined"
    assert units(link, said) == {"unit 9"}


@pytest.mark.parametrize("code", [*UNTOLD, 0x0A, 0x0B, None])
def test_a_sweep_makes_no_phantom(code: int | None) -> None:
    box = Box({**TWO, 255: GATE}, unknown=code)
    link = run(box, options=Options(units=tuple(range(1, 11))))
    assert units(link, "present") == {"unit 3", "unit 7"}
    assert not units(link, "echo")


@pytest.mark.parametrize("code", [0x01, 0x02, 0x0B])
def test_a_sweep_of_every_unit_compares_with_one_of_them(code: int) -> None:
    """No number is left that nobody named: another swept one stands for those not there."""
    box = Box({2: TWO[3], 3: TWO[7], 255: GATE}, unknown=code)
    link = run(box, Depth.IDENTIFY, options=Options(units=tuple(range(1, 248))))
    assert units(link, "present") == {"unit 2", "unit 3"}


def test_an_echo_of_every_unit_is_told_also_where_all_were_swept() -> None:
    same = Slave(named(), holding=dict.fromkeys(range(20), 4))
    box = Box({}, any_unit=same)
    link = run(box, Depth.IDENTIFY, options=Options(units=tuple(range(1, 248))))
    assert units(link, "echo") == {""}
    assert not units(link, "present")


@pytest.mark.parametrize("registers", [{0: 5}, {}], ids=["registers", "none"])
def test_a_unit_without_identification_is_there_behind_a_gateway_that_refuses_itself(
    registers: dict[int, int],
) -> None:
    bare = Slave(None, holding=registers)
    link = run(Box({4: bare, 255: GATE}), parts=("unit 4", "unit 9"))
    assert units(link, "present") == {"unit 4"}
    assert units(link, "absent") == {"unit 9"}


@pytest.mark.parametrize("own", [GATE, Slave(named("G"), conformity=0x82), None])
@pytest.mark.parametrize("declared", [("unit 1",), ("unit 1", "unit 3"), ("unit 3", "unit 1")])
def test_unit_one_without_identification_is_a_unit_like_any_other(
    own: Slave | None, declared: tuple[str, ...]
) -> None:
    """Its refusal was taken for a word of the gateway itself, so that nobody read it."""
    units_of = {1: Slave(None, holding={0: 12}), 3: Slave(None, holding={0: 9})}
    link = run(Box({**units_of, **({255: own} if own else {})}), parts=(*declared, "unit 9"))
    assert units(link, "present") == set(declared)
    assert units(link, "absent") == {"unit 9"}
    assert {point.part for o in link.observations for point in o.points} == set(declared)


@pytest.mark.parametrize("parts", [(), ("unit 2",), ("unit 1", "unit 2")])
def test_unit_one_that_nobody_declared_is_there_without_identification(
    parts: tuple[str, ...],
) -> None:
    """The gateway says 0B of 255 and unit 1 refuses 43/14: the visit broke off."""
    box = Box({n: Slave(None, holding={0: n}) for n in (1, 2)})
    link = run(box, parts=parts, options=Options(units=(1, 2, 3)))
    assert units(link, "present") == {"unit 1", "unit 2"}
    assert {point.part for o in link.observations for point in o.points} == {"unit 1", "unit 2"}


def test_a_silent_unit_does_not_hide_those_after_it() -> None:
    """Nobody is known yet but the gateway, which says at once that 255 and 1 are not there."""

    def sleeps(request: bytes, good: bytes) -> bytes | None:
        return None if request[6] == 3 else good

    box = Box(TWO, twist=sleeps)
    link = run(box, parts=("unit 3", "unit 7"))
    assert units(link, "present") == {"unit 7"}
    assert units(link, "silent") == {"unit 3"}
    assert sum(unit == 3 for unit, _ in box.asked) == 2


def test_a_silent_unit_one_does_not_hide_the_declared_ones() -> None:
    box = Box(TWO, twist=lambda request, good: None if request[6] == 1 else good)
    assert units(run(box, parts=("unit 3", "unit 7")), "present") == {"unit 3", "unit 7"}


def test_units_that_an_end_left_unasked_are_named() -> None:
    """A gateway that falls silent as a whole: nothing was asked of the last one."""

    def dies(request: bytes, good: bytes) -> bytes | None:
        return None if box.asked[2:] else good

    box = Box(TWO, twist=dies)
    link = run(box, Depth.IDENTIFY, parts=("unit 3", "unit 7"))
    (left,) = [o for o in link.observations if o.question.part == "unit 7"]
    assert (left.outcome, left.reason) == (Outcome.NOT_ASKED, "dependency")


def test_unit_one_that_refuses_as_every_other_is_no_phantom() -> None:
    """A device that names itself as 255 and keeps the same registers at every unit."""
    box = Box({255: GATE}, any_unit=Slave(None, holding=dict.fromkeys(range(20), 4)))
    link = run(box, parts=("unit 1", "unit 3"))
    assert not units(link, "present")
    assert units(link, "echo") == {""}


def test_a_gateway_that_does_not_pass_on_43_is_asked_by_reads() -> None:
    """It refuses 43/14 by itself for everybody: reads alone tell who is there."""

    def keeps(request: bytes, good: bytes) -> bytes:
        return good[:4] + b"\0\3" + request[6:7] + b"\xab\x01" if request[7] == 43 else good

    link = run(Box(TWO, twist=keeps), parts=DECLARED)
    assert units(link, "present") == {"unit 3", "unit 7"}
    assert units(link, "absent") == {"unit 9"}


def test_a_gateway_that_drops_43_and_refuses_reads_as_if_of_a_unit_makes_no_phantom() -> None:
    def drops(request: bytes, good: bytes) -> bytes | None:
        return None if request[7] == 43 and request[6] != 255 else good

    link = run(Box({**TWO, 255: GATE}, unknown=0x02, twist=drops), parts=DECLARED)
    assert units(link, "present") == {"unit 3", "unit 7"}
    assert units(link, "undetermined") == {"unit 9"}


def test_an_echo_for_some_units_only_is_not_an_echo_of_all() -> None:
    """Units 3 to 5 are one device under three numbers; the others are not there."""
    one = Slave(named("A", "x"), holding={0: 1})
    link = run(Box({3: one, 4: one, 5: one, 255: GATE}), parts=("unit 3", "unit 4", "unit 9"))
    assert not units(link, "echo")
    assert units(link, "present") == {"unit 3", "unit 4"}
    assert units(link, "absent") == {"unit 9"}


def test_a_device_that_gives_04_to_everything_is_soon_let_alone() -> None:
    box = Box({}, unknown=0x04)
    link = run(box, parts=DECLARED)
    assert len(box.asked) <= 5  # of three rungs; the wire ends the visit at two in a row
    assert not units(link, "present")


def test_a_device_that_says_04_of_43_alone_is_read() -> None:
    """Asked for its identity twice in a row it was left alone as one in trouble."""

    def refuses(request: bytes, good: bytes) -> bytes:
        return good[:4] + b"\0\3" + request[6:7] + b"\xab\x04" if request[7] == 43 else good

    same = Slave(None, holding=dict.fromkeys(range(20), 7))
    link = run(Box({}, any_unit=same, twist=refuses))
    assert len([p for o in link.observations for p in o.points]) == 10
    told = [o.reason for o in link.observations]
    assert ["server_device_failure"] * 2 not in [told[at : at + 2] for at in range(len(told))]


def test_busy_is_not_asked_for_again_to_tell_who_is_there() -> None:
    box = Box({**TWO, 255: GATE}, unknown=0x06)
    link = run(box, Depth.IDENTIFY, parts=DECLARED)
    assert [unit for unit, _ in box.asked].count(9) == 1
    (verdict,) = [o for o in asked(link, "units") if o.question.part == "unit 9"]
    assert (verdict.outcome, verdict.reason) == (Outcome.REFUSED_RESOURCE, "server_device_busy")
    assert "refuses alike" in verdict.detail


# ---- slow units: what the patience is


class Watched(Scripted):
    """A link on which unit 3 takes its time; keeps the patience with each unit."""

    async def ask(self, question, request, *, timeout_seconds=None, **options):  # type: ignore[no-untyped-def]
        unit = request[6]
        WAITS.setdefault(unit, []).append(timeout_seconds)
        answer = await super().ask(question, request, timeout_seconds=timeout_seconds, **options)
        return replace(answer, duration_seconds=SLOW if unit == 3 else 0.01)


SLOW = 0.7
WAITS: dict[int, list[float]] = {}


def test_patience_is_three_times_what_that_unit_took() -> None:
    WAITS.clear()
    target = Target("s", "127.0.0.1", "tcp", 502)
    link = Watched(PROBE, target, responder=Box({**TWO, 255: GATE}), parts=DECLARED[:2])

    async def climb() -> None:
        for depth in (Depth.DISCOVER, Depth.IDENTIFY, Depth.POINTS):
            await PROBE.rungs[depth].run(link)

    asyncio.run(climb())
    assert units(link, "present") == {"unit 3", "unit 7"}
    assert WAITS[3][:SAMPLES] == [PATIENCE] * SAMPLES
    assert WAITS[3][-1] == pytest.approx(3 * SLOW)
    assert WAITS[7][-1] == LEAST_PATIENCE


@pytest.mark.parametrize("code", [None, 0x01, 0x0B], ids=["silent", "refuses", "downstream"])
@pytest.mark.parametrize("parts", [("unit 1",), ("unit 1", "unit 3")], ids=["one", "two"])
def test_a_declared_unit_1_is_not_the_gateway_that_does_not_name_itself(
    code: int | None, parts: tuple[str, ...]
) -> None:
    """There are gateways that keep silent at 255; their first unit gave them its name."""
    link = run(Box({1: Slave(named("Meters", "M1"), holding={0: 5}), 3: TWO[3]}, unknown=code),
               parts=parts)  # fmt: skip
    facts = [fact for o in link.observations for fact in o.facts]
    assert {fact.part for fact in facts if fact.name == "vendor"} == set(parts)
    assert {point.part for o in link.observations for point in o.points} == set(parts)


def test_unit_1_is_the_device_itself_where_nobody_declared_it() -> None:
    link = run(Box({1: Slave(named("Meters", "M1"), holding={0: 5})}))
    vendors = [f for o in link.observations for f in o.facts if f.name == "vendor"]
    assert {fact.part for fact in vendors} == {""}
