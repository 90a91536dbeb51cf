"""Alive, stale, flat, bad, at a sentinel, or not long enough watched: from the wire to the verdict.

A scripted server's values change with a clock that only the link's waits move; the probe samples it
over its stated window, and the rules judge what came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from asyncua import ua

from inventory.judge.evidence import assemble
from inventory.judge.verdict import judge_device
from inventory.model import Verdict
from protocols.contract import Depth, MapEntry, Options, Target
from protocols.modbus import PROBE as MODBUS
from protocols.opcua import PROBE
from tests.inventory.verdict.evidence import context, device, evidence
from tests.protocols.modbus.box import Box, Slave, floats, named
from tests.protocols.opcua.responder import Responder, reference, variable
from tests.protocols.opcua.test_probe import climb
from tests.support.plain import PlainLink

Value = Callable[[float], ua.DataValue]
"""What a variable holds so many seconds after the first question."""
UNITS = "http://www.opcfoundation.org/UA/units/un/cefact"
BEGUN = datetime.now(UTC)
YEARS = 55 * 365 * 86_400.0  # to about 1970
CELSIUS, BAR = (4408652, "°C"), (4342098, "bar")


@dataclass
class Clocked(PlainLink):
    """Time passes in its waits, for the server too."""

    start: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.waited_seconds)


def analog(
    peer: Responder, name: str, unit: tuple[int, str], low: float, high: float
) -> ua.ReferenceDescription:
    """A measured value with its unit and range."""
    node = f"ns=2;s={name}"
    variable(peer, node, ua.Variant(0.0))
    found = {
        f"{name}.Unit": ua.EUInformation(UNITS, unit[0], ua.LocalizedText(unit[1])),
        f"{name}.Range": ua.Range(low, high),
    }
    titles = ("EngineeringUnits", "EURange")
    peer.references[node] = [
        reference(f"ns=2;s={key}", title, kind=46, definition=68)
        for key, title in zip(found, titles, strict=True)
    ]
    for key, value in found.items():
        peer.values[f"ns=2;s={key}", 13] = ua.DataValue(ua.Variant(value))
    return reference(node, name, definition=2368)


def watched(
    temperature: Value,
    pressure: Value,
    *,
    every: float = 5.0,
    depth: Depth = Depth.SAMPLE,
    behind: float = 0.0,
    synchronised: bool | None = None,
) -> Verdict:
    """What is said of a server with these two values after a scan."""
    link = listened(temperature, pressure, every=every, depth=depth, behind=behind)
    return judged(link, synchronised=synchronised)


def listened(
    temperature: Value,
    pressure: Value,
    *,
    every: float = 5.0,
    depth: Depth = Depth.SAMPLE,
    behind: float = 0.0,
    later: float = 0.0,
) -> Clocked:
    """A scan of a server with these two values, begun so many seconds after the first."""
    peer = Responder()
    names = ["http://opcfoundation.org/UA/", "urn:double", "urn:plant"]
    peer.values["i=2255", 13] = ua.DataValue(ua.Variant(names))
    peer.references["i=85"] = [reference("ns=2;i=1", "Pump", 1, 35, 58)]
    peer.references["ns=2;i=1"] = [
        analog(peer, "Temperature", CELSIUS, -20.0, 120.0),
        analog(peer, "Pressure", BAR, 0.0, 16.0),
    ]
    options = Options(depth=depth, sample_seconds=60.0, sample_every_seconds=every)
    target = Target("site", "192.0.2.10", "tcp", 4840)
    link = Clocked(PROBE, target, responder=peer, options=options)
    link.start += timedelta(seconds=later)

    def read(inner: Responder, request: object) -> object:
        passed = link.waited_seconds + later
        inner.clock_shift = timedelta(seconds=passed - behind)
        inner.values["ns=2;s=Temperature", 13] = temperature(passed)
        inner.values["ns=2;s=Pressure", 13] = pressure(passed)
        return inner._Read(request)

    peer.special["Read"] = read
    peer.clock_shift = timedelta(seconds=later - behind)
    asyncio.run(climb(link, depth))
    return link


def judged(link: PlainLink, *, synchronised: bool | None = None) -> Verdict:
    """What the rules make of all that was heard."""
    facts = tuple(fact for seen in link.observations for fact in seen.facts)
    found = evidence(*link.observations, about=device(facts=facts))
    return judge_device(found, context(found, clock_synchronised=synchronised))


def good(value: float, age: float = 0.0) -> ua.DataValue:
    """A value that was taken so many seconds before it is asked for."""
    taken = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=age)
    return ua.DataValue(ua.Variant(value), SourceTimestamp=taken)


def moving(passed: float) -> ua.DataValue:
    return good(4.0 + passed / 1_000, age=-passed)


def still(passed: float) -> ua.DataValue:
    return good(61.25, age=-passed)


def old(value: float, age: float) -> ua.DataValue:
    """A value whose stamp stands still."""
    taken = BEGUN.replace(tzinfo=None) - timedelta(seconds=age)
    return ua.DataValue(ua.Variant(value), SourceTimestamp=taken)


def stamped(behind: float) -> Value:
    """A moving value that its source stamps by a clock so many seconds behind."""
    return lambda passed: good(4.0 + passed / 1_000, age=behind - passed)


def served(passed: float) -> ua.DataValue:
    """A moving value that only the server stamps."""
    now = datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=passed)
    return ua.DataValue(ua.Variant(4.0 + passed / 1_000), ServerTimestamp=now)


def bad(name: str) -> Value:
    code = getattr(ua.StatusCodes, name)
    return lambda _: ua.DataValue(StatusCode=ua.StatusCode(code))


def said(verdict: Verdict) -> set[str]:
    """The rules about values that found something, "?" after those that ask."""
    found = {item.rule for item in verdict.findings} | {f"{q.rule}?" for q in verdict.questions}
    return {rule for rule in found if rule[:3] in ("Q01", "Q02", "Q03", "Q05", "Q07", "Q12", "U03")}


CASES: dict[str, tuple[Value, Value, set[str]]] = {
    "alive": (moving, moving, set()),
    "stale": (lambda _: old(61.25, 7_200), moving, {"Q02"}),
    "stamped by a clock that was never set": (stamped(YEARS), moving, set()),
    "stamped in another zone": (stamped(5 * 3_600), moving, set()),
    "all stamped by a clock that was never set": (stamped(YEARS), stamped(YEARS), set()),
    "all stamped in a zone ahead": (stamped(-7_200), stamped(-7_200), set()),
    "never stamped since 1970": (lambda _: old(61.0, YEARS), moving, set()),
    "old beside one that is stamped ahead": (
        lambda _: old(61.0, 3_600),
        stamped(-7_200),
        {"Q02?"},
    ),
    "without a stamp": (lambda passed: ua.DataValue(ua.Variant(passed)), moving, set()),
    "with the server's stamp alone": (lambda passed: served(passed), moving, set()),
    "not a number": (lambda passed: good(float("nan"), age=-passed), moving, {"Q01"}),
    "infinite": (lambda passed: good(float("inf"), age=-passed), moving, {"Q01"}),
    "a counter that wraps": (
        lambda passed: good((2**32 - 20 + passed) % 2**32, age=-passed),
        moving,
        set(),
    ),
    "at the end of its range": (lambda passed: good(120.0, age=-passed), moving, set()),
    "still for the minute that a session may last": (still, moving, {"Q03?"}),
    "bad": (bad("BadNoCommunication"), moving, {"Q01"}),
    "failed": (bad("BadSensorFailure"), moving, {"Q01", "Q12"}),
    "never wired": (bad("BadNotConnected"), moving, {"U03"}),
    "a sentinel": (lambda passed: good(-9999.0, age=-passed), moving, {"Q05"}),
    "bad twice in thirteen": (
        lambda passed: bad("BadNoCommunication")(0) if 25 < passed < 36 else moving(passed),
        moving,
        set(),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_window_shows(name: str) -> None:
    temperature, pressure, rules = CASES[name]
    assert said(watched(temperature, pressure)) == rules


@pytest.mark.parametrize("shown", [{"depth": Depth.POINTS}, {"every": 10.0}])
def test_too_few_reads_are_a_question_whose_command_gives_enough(shown: dict[str, float]) -> None:
    verdict = watched(bad("BadNoCommunication"), moving, **shown)  # type: ignore[arg-type]
    assert said(verdict) == {"Q01?"}
    (asked,) = [item for item in verdict.questions if item.rule == "Q01"]
    assert asked.command == "untrap scan 192.0.2.10 --depth sample --sample-every 5"


def test_old_values_without_a_fresh_one_are_a_question() -> None:
    def aged(_: float) -> ua.DataValue:
        return old(6.25, 7_200)

    assert said(watched(aged, aged)) == {"Q02?"}


@pytest.mark.parametrize(("synchronised", "rules"), [(True, {"Q07"}), (None, {"Q07?"})])
def test_a_clock_an_hour_behind(synchronised: bool | None, rules: set[str]) -> None:
    verdict = watched(moving, moving, behind=3_600.0, synchronised=synchronised)
    assert said(verdict) == rules


@pytest.mark.parametrize(
    ("temperature", "apart", "rules"),
    [
        (still, 600.0, {"Q03"}),
        (still, 400.0, {"Q03?"}),
        (lambda passed: good(61.25 + (passed > 300), age=-passed), 600.0, {"Q03?"}),
        (moving, 600.0, set()),
    ],
    ids=["still", "too soon", "moved between", "alive"],
)
def test_a_session_of_a_minute_shows_ten_minutes_in_two_scans(
    temperature: Value, apart: float, rules: set[str]
) -> None:
    first, second = listened(temperature, moving), listened(temperature, moving, later=apart)
    found = assemble(
        device(facts=(*first.observations, *second.observations)[0].facts),
        (*first.observations, *(replace(seen, scan="later") for seen in second.observations)),
    )
    assert said(judge_device(found, context(found))) - {"Q07?"} == rules


# ---- flat while a neighbour moves takes ten minutes, which a Modbus window may last


def registers(first: Callable[[float], float], second: Callable[[float], float]) -> Verdict:
    """What is said of two mapped values that were read every half minute, for ten and a half."""
    entries = tuple(
        MapEntry("holding", address, "float32", name, "Acme", "P1", engineering_unit=unit)
        for address, name, unit in ((0, "Temperature", "CEL"), (2, "Pressure", "BAR"))
    )
    options = Options(depth=Depth.SAMPLE, sample_seconds=630.0, sample_every_seconds=30.0)
    slave = Slave(named())

    def answer(request: bytes) -> bytes | None:
        passed = link.waited_seconds
        slave.holding = floats(0, first(passed), second(passed))
        return Box({}, any_unit=slave)(request)

    target = Target("site", "192.0.2.10", "tcp", 502)
    link = Clocked(MODBUS, target, responder=answer, options=options, maps=entries)

    async def climb_all() -> None:
        for rung in Depth:
            await MODBUS.rungs[rung].run(link)

    asyncio.run(climb_all())
    return judged(link)


@pytest.mark.parametrize(
    ("first", "second", "rules"),
    [
        (lambda _: 61.25, lambda passed: 4.0 + passed / 1_000, {"Q03"}),
        (lambda _: 61.25, lambda _: 4.0, {"Q03?"}),  # fresh, and nothing at all moves
        (lambda _: 0.0, lambda passed: 4.0 + passed / 1_000, {"Q03?"}),  # coarse, or dead
        (lambda passed: 61.0 + passed / 1_000, lambda passed: 4.0 + passed / 1_000, set()),
    ],
    ids=["flat beside one that moves", "both flat", "flat at nought", "alive"],
)
def test_flat_is_said_where_a_neighbour_moves(
    first: Callable[[float], float], second: Callable[[float], float], rules: set[str]
) -> None:
    assert said(registers(first, second)) == rules
