"""Keys of the Q rules and of U03 on a device."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from inventory.judge.evidence import assemble
from inventory.model import Evidence
from protocols.contract import AT_LIMIT, IMPLAUSIBLE, Observation, Point
from tests.inventory.verdict.evidence import device
from tests.inventory.verdict.plants import (
    NOW,
    PLC,
    PRESSURE,
    TEMPERATURE,
    Fact,
    O,
    Quality,
    Row,
    evidence,
    listed,
    no,
    registers,
    seen,
    stating,
    status,
    tag,
    trap,
    window,
    yes,
)  # fmt: skip
from tests.inventory.verdict.plants.trapped import attested

LOOP = tag("Flow", "4K", low=4.0, high=20.0)


def loop(value: object, point: Point = LOOP) -> Evidence:
    return evidence(listed(point, value=value))


U03 = [
    yes("U03", "medium/high", status("BadNotConnected")),
    yes("U03", "medium/high", status("BadConfigurationError")),
    yes("U03", "medium/high", loop(3.5)),
    yes("U03", "medium/high", loop(0, replace(LOOP, unit="mA"))),
    yes("U03", "medium/high", status("BadNotConnected"), {"monitors": {"device-9": {""}}}),
    yes("U03", "medium/high", status("BadNotConnected"), {"monitors": {"device-1": {"unit 5"}}}),
    yes("U03", "medium/high", status("BadNotConnected", point="AI_7"),
        {"monitors": {"device-1": {""}}}),  # nobody can say which signal of the machine it is
    no("U03", "", status("Good", Quality.GOOD)),
    no("U03", "", loop(3.6)),
    no("U03", "", loop(3.5, replace(LOOP, low=0.0))),  # 0 to 20 mA: a value like any other
    no("U03", "", loop(3.5, replace(LOOP, unit="MQH"))),
    no("U03", "", loop(None)),
    no("U03", "", loop("low")),
    no("U03", "", evidence(seen("opcua", O.COMPLETE, points=(TEMPERATURE,)))),
    no("U03", "", status("BadNotConnected"), {"monitors": {"device-1": {""}}}),  # the machine's
    no("U03", "", status("BadNotConnected"), {"monitors": {"device-1": {"Temperature"}}}),
    no("U03", "", evidence(listed(TEMPERATURE, status="BadNotConnected", value=None),
                           listed(TEMPERATURE))),  # the last read counts
    trap("U03", "the sensor is reported", "", status("BadSensorFailure")),
    trap("U03", "the sensor is reported", "", status("BadNoCommunication")),
]  # fmt: skip


def ten(bad: int, reads: int = 10, word: str = "BadNoCommunication") -> Evidence:
    return evidence(window(TEMPERATURE, [20.0 + n for n in range(reads)], bad=bad, word=word))


Q01 = [
    yes("Q01", "medium/high", ten(2)),
    yes("Q01", "medium/high", ten(10)),
    yes("Q01", "medium/high", ten(4, 20)),
    no("Q01", "", ten(1)),
    no("Q01", "", ten(0)),
    no("Q01", "", ten(3, 20)),
    no("Q01", "", ten(2, 10, "BadNotConnected")),  # then U03
    no("Q01", "", status("UncertainSubNormal", Quality.UNCERTAIN)),
    no("Q01", "", status("BadSensorFailure")),  # then Q12
    yes("Q01", "medium/high", ten(5, 10, "BadOutOfService")),  # and nobody declared it
    trap("Q01", "a person declared the device out", "", ten(5, 10, "BadOutOfService"),
         attested("device-1", statement="out of service", value="")),
    trap("Q01", "too few reads", "?", status("out_of_service")),
    trap("Q01", "too few reads", "?", ten(9, 9)),
    trap("Q01", "too few reads", "?", status("BadNoCommunication")),
]  # fmt: skip


def aged(seconds: float, point: Point = TEMPERATURE, **more: object) -> Observation:
    return listed(point, source_time=NOW - timedelta(seconds=seconds), **more)


def restamped(*behind: float | None) -> Observation:
    """Reads two seconds apart, each with a stamp of its own, so many seconds before its receipt;
    None for a read without one."""
    found = window(TEMPERATURE, [45.5] * len(behind), minutes=len(behind) / 60)
    return replace(found, samples=tuple(
        replace(s, source_time=None if b is None else s.received_time - timedelta(seconds=b))
        for s, b in zip(found.samples, behind, strict=True)))  # fmt: skip


def skewed(seconds: float) -> Fact:
    return Fact("clock_skew_seconds", seconds, "opcua ServerStatus CurrentTime")


SEVEN_BEHIND = replace(PLC, facts=(skewed(90), skewed(-25_200)))  # the last one counts
Q02 = [
    yes("Q02", "high/high", status("UncertainLastUsableValue", Quality.UNCERTAIN)),
    yes("Q02", "high/high", status("STALE", Quality.UNCERTAIN)),
    yes("Q02", "high/medium", evidence(aged(61), aged(0, PRESSURE))),
    yes("Q02", "high/medium", evidence(aged(61), aged(60, PRESSURE))),
    no("Q02", "", evidence(aged(60), aged(0, PRESSURE))),
    no("Q02", "", evidence(listed(TEMPERATURE))),  # no time of its own
    no("Q02", "", evidence(aged(3600, received_time=None), aged(0, PRESSURE))),
    no("Q02", "", evidence(aged(3600, quality=Quality.BAD, status="BadX"), aged(0, PRESSURE))),
    no("Q02", "", evidence(aged(3600, tag("Running", type="Boolean"), value=True),
                           aged(0, PRESSURE))),  # a state may stand for days
    no("Q02", "", evidence(aged(3600, replace(TEMPERATURE, type="Boolean")), aged(0, PRESSURE))),
    no("Q02", "", evidence(aged(3600, tag("AI_7")), aged(0, PRESSURE))),  # nobody knows what it is
    no("Q02", "", evidence(aged(3600, tag("Running")), aged(0, PRESSURE))),
    yes("Q02", "high/medium", evidence(
        aged(3600, received_time=None, server_time=NOW), aged(0, PRESSURE))),
    # A tank is read every minute: three of them are not old, four are.
    no("Q02", "", evidence(aged(180), aged(0, PRESSURE)), {"classes": {"device-1": "tank"}}),
    yes("Q02", "high/medium", evidence(aged(181), aged(0, PRESSURE)),
        {"classes": {"device-1": "tank"}}),
    yes("Q02", "high/medium", evidence(aged(61), aged(0, PRESSURE)),
        {"classes": {"device-1": "motor"}}),  # every ten seconds: the minute decides
    trap("Q02", "the server stamps on change", "?", evidence(aged(61))).telling(
        "untrap scan 192.0.2.10 --depth sample --sample-every 5"),
    # Its clock is seven hours behind ours: by its own, the first is fresh and the second is not.
    no("Q02", "", evidence(aged(25_205), about=SEVEN_BEHIND)),
    yes("Q02", "high/medium", evidence(
        aged(25_205), aged(36_000, PRESSURE), about=SEVEN_BEHIND)),
    # It is an hour ahead: a stamp in our future is old by its own clock.
    yes("Q02", "high/medium", evidence(
        aged(-3_000), aged(-3_600, PRESSURE), about=replace(PLC, facts=(skewed(3_600),)))),
    # What is fresh by our clock is fresh: its source has a clock of its own.
    no("Q02", "", evidence(aged(0), aged(0, PRESSURE), about=SEVEN_BEHIND)),
    yes("Q02", "high/medium", evidence(  # both times are the device's
        aged(3600, received_time=None, server_time=NOW), aged(25_200, PRESSURE),
        about=SEVEN_BEHIND)),
    trap("Q02", "the stamp moved on", "", evidence(restamped(18_000, 18_000), aged(0, PRESSURE))),
    trap("Q02", "the stamp moved on", "high/medium",
         evidence(restamped(18_000, 18_002), aged(0, PRESSURE))),  # it stands still
    trap("Q02", "the stamp moved on", "high/medium",
         evidence(restamped(None, 18_000), aged(0, PRESSURE))),  # seen once: nothing moved
    trap("Q02", "the stamp moved on", "", evidence(aged(-7_200), aged(0, PRESSURE))),
    trap("Q02", "the stamp moved on", "?", evidence(aged(61), aged(-61, PRESSURE))),
    trap("Q02", "the stamp moved on", "high/medium", evidence(aged(61), aged(-60, PRESSURE))),
    trap("Q02", "the stamp moved on", "", evidence(
        aged((NOW - datetime(1999, 12, 31, tzinfo=UTC)).total_seconds()), aged(0, PRESSURE))),
    trap("Q02", "the stamp moved on", "high/medium", evidence(
        aged((NOW - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds()), aged(0, PRESSURE))),
    trap("Q02", "the server stamps on change", "?", evidence(aged(61), aged(61, PRESSURE))),
]  # fmt: skip


def frozen(*more: Observation, point: Point = TEMPERATURE, value: object = 45.5, reads: int = 20,
           minutes: float = 10.0, stamped: float | None = None,
           unstamped: bool = False) -> Evidence:  # fmt: skip
    """Reads that are all alike; `stamped` so many minutes ago by the server itself, or never."""
    found = window(point, [value] * reads, minutes=minutes)
    if stamped is not None or unstamped:
        time = NOW - timedelta(minutes=stamped) if stamped is not None else None
        found = replace(found, samples=tuple(replace(s, source_time=time) for s in found.samples))
    return evidence(found, *more)


def glance(point: Point, reads: int) -> Observation:
    """Values that move in the last minute."""
    return window(point, [float(n) for n in range(reads)], minutes=1)


def twice(minutes: float, *, earlier: float = 45.5, reads: int = 10,
          others: tuple[float, float] | None = (3.0, 4.0),
          moving: int | None = None) -> Evidence:  # fmt: skip
    """Two windows of a minute, so many minutes apart: the temperature, and a pressure beside it.

    `moving`: the window in which a flow moves.
    """
    found = []
    for scan, ago in enumerate((minutes, 0.0)):
        values: dict[Point, list[object]] = {TEMPERATURE: [(earlier, 45.5)[scan]] * reads}
        values |= {PRESSURE: [others[scan]] * reads} if others else {}
        values |= {FLOW: [float(n) for n in range(reads)]} if moving == scan else {}
        for point, several in values.items():
            seen_then = window(point, several, minutes=1)
            samples = tuple(
                replace(item, received_time=item.received_time - timedelta(minutes=ago))
                for item in seen_then.samples
                if item.received_time
            )
            time = NOW - timedelta(minutes=ago)
            found.append(replace(seen_then, samples=samples, scan=f"scan-{scan}", time=time))
    return assemble(device(), found)


FLOW = tag("Flow", "MQH")
WEEK = 7 * 24 * 60.0
MOVING = window(PRESSURE, [float(n) for n in range(20)], minutes=10)
STATE = tag("Running", type="Boolean")
STILL = window(TEMPERATURE, [45.5] * 20, minutes=10)
FIRST = replace(STILL.samples[0], received_time=None)
LAST = replace(STILL.samples[-1], received_time=None)
Q03 = [
    no("Q03", "", evidence(replace(STILL, samples=(FIRST, *STILL.samples[1:])), MOVING)),
    no("Q03", "", evidence(replace(STILL, samples=(*STILL.samples[:-1], LAST)), MOVING)),
    yes("Q03", "medium/medium", frozen(MOVING)),
    yes("Q03", "medium/medium", frozen(MOVING, window(STATE, [True] * 20))),
    trap("Q03", "nothing at all moved", "?", frozen()).telling(
        "whether the value that was read over a window can be believed: nothing moved in 20 reads",
        "while the machine runs", "untrap scan 192.0.2.10 --depth sample --sample-every 5"),
    trap("Q03", "nothing at all moved", "?", frozen(window(PRESSURE, [3.5] * 20))).telling(
        "whether the 2 values that were read"),
    trap("Q03", "nothing at all moved", "?", frozen(reads=3)).telling("in 3 reads"),
    trap("Q03", "nothing at all moved", "", frozen(reads=2)),  # no window
    trap("Q03", "nothing at all moved", "?", frozen(value=50.0)),  # coarse, or dead
    trap("Q03", "nothing at all moved", "?", frozen(value=7)),
    trap("Q03", "nothing at all moved", "", frozen(value=None)),  # Q01 speaks of it
    trap("Q03", "nothing at all moved", "", frozen(window(PRESSURE, [3.5, 3.5, 3.6]), reads=9)),
    trap("Q03", "nothing at all moved", "?", frozen(window(STATE, [True] * 20))),
    trap("Q03", "nothing at all moved", "", frozen(window(STATE, [False] * 20))),  # it is stopped
    # What moved beside it need not be read as long.
    yes("Q03", "medium/medium", frozen(glance(PRESSURE, 10))),
    no("Q03", "", frozen(glance(PRESSURE, 9))),
    no("Q03", "", frozen(replace(MOVING, samples=tuple(
        replace(item, received_time=None) for item in MOVING.samples)))),  # nobody knows when
    # A whole number of a register is a value like any other once it is scaled.
    yes("Q03", "medium/medium", frozen(MOVING, point=replace(TEMPERATURE, type="UInt16"))),
    no("Q03", "", frozen(MOVING, reads=9)),
    trap("Q03", "the reads are too few", "?", frozen(MOVING, reads=10, unstamped=True)).telling(
        "untrap scan 192.0.2.10 --depth sample --sample-every 5"),
    trap("Q03", "the reads are too few", "?", frozen(MOVING, reads=19)),
    trap("Q03", "the reads are too few", "?", frozen(MOVING, reads=10)),
    trap("Q03", "the reads are too few", "?", frozen(MOVING, reads=10, point=FLOW)),  # no bounds
    trap("Q03", "the reads are too few", "?", frozen(MOVING, minutes=9.9)),
    trap("Q03", "the reads are too few", "?", frozen(glance(PRESSURE, 10), reads=10)),
    no("Q03", "", frozen(glance(PRESSURE, 9), reads=10)),
    trap("Q03", "nothing at all moved", "?", frozen(window(PRESSURE, [3.5] * 20), reads=10)),
    trap("Q03", "the machine is stopped", "",
         frozen(MOVING, window(STATE, [False] * 20), reads=10)),
    # The last that moved beside it did so just as it was read for the first time.
    no("Q03", "", frozen(window(PRESSURE, [1.0] * 10 + [2.0] * 11))),
    no("Q03", "", frozen(window(PRESSURE, [1.0] * 10 + [2.0] * 11), reads=19)),
    # A session lasts a minute (OPC UA): two scans show what one cannot.
    yes("Q03", "medium/medium", twice(11.0)),
    trap("Q03", "the reads are too few", "?", twice(8.0)),
    yes("Q03", "medium/medium", twice(61.0)),  # an hour from the end of one to the other
    trap("Q03", "hours lie between", "", twice(61.1)),  # nothing moved within the newer window
    trap("Q03", "hours lie between", "?", twice(WEEK, others=None, moving=1)),
    trap("Q03", "nothing at all moved", "?", twice(WEEK, others=None, moving=0)),  # not today
    trap("Q03", "nothing at all moved", "", twice(WEEK, earlier=45.0, others=None)),  # since then
    trap("Q03", "nothing at all moved", "?", assemble(device(), (
        *twice(WEEK, others=None).observations,
        *(replace(one, scan="scan-old", time=one.time - timedelta(minutes=2 * WEEK))
          for one in twice(2 * WEEK, earlier=45.0, others=None).observations[:1])))),  # long before
    trap("Q03", "nothing at all moved", "", frozen(reads=10, stamped=11.0)),  # Q02 speaks of it
    trap("Q03", "nothing at all moved", "?", frozen(reads=10, stamped=10.0)),
    trap("Q03", "nothing at all moved", "", frozen(point=tag("AI_7"))),  # nobody knows what it is
    trap("Q03", "nothing at all moved", "?", evidence(replace(STILL, samples=tuple(
        replace(item, received_time=None, source_time=NOW) for item in STILL.samples)))),
    trap("Q03", "hours lie between", "", twice(WEEK, reads=20)),  # a minute shows nothing
    no("Q03", "", twice(11.0, earlier=45.0)),  # it moved since: one read too few stand still
    trap("Q03", "nothing at all moved", "?", twice(11.0, others=(3.0, 3.0))).telling("in 20 reads"),
    trap("Q03", "the reads are too few", "?", twice(11.0, reads=9)),
    no("Q03", "", frozen(MOVING, reads=10, stamped=11.0)),  # its stamp stands still: Q02 speaks
    trap("Q03", "the reads are too few", "?", frozen(MOVING, reads=10, stamped=10.0)),
    no("Q03", "", frozen(MOVING, reads=10, point=replace(TEMPERATURE, low=50.0, high=90.0))),
    trap("Q03", "nothing at all moved", "?", twice(11.0, others=None)),
    no("Q03", "", frozen(window(PRESSURE, [1.0, 2.0]))),  # too few to say that it moved
    no("Q03", "", frozen(MOVING, point=tag("AI_7"))),
    no("Q03", "", evidence(replace(MOVING, samples=tuple(
        replace(item, received_time=None) for item in frozen().samples)), MOVING)),
    trap("Q03", "the machine is stopped", "", frozen(MOVING, window(STATE, [False] * 20))),
    trap("Q03", "the machine is stopped", "", frozen(MOVING, window(STATE, ["stopped"] * 20))),
    trap("Q03", "the machine is stopped", "", frozen(MOVING, listed(STATE, value=0))),
    trap("Q03", "the machine is stopped", "medium/medium",
         frozen(MOVING, listed(tag("Fault", type="Boolean"), value=False))),  # no fault is no stop
    trap("Q03", "the value stands at a limit", "",
         frozen(MOVING, point=replace(TEMPERATURE, low=0.0, high=45.5))),
    trap("Q03", "the value stands at a limit", "",
         frozen(MOVING, point=replace(TEMPERATURE, low=45.5, high=90.0))),
    trap("Q03", "the value stands at a limit", "",
         frozen(MOVING, point=replace(TEMPERATURE, low=0.0, high=90.0), value=0.0)),
    trap("Q03", "the value is an integer", "", frozen(MOVING, value=45)),
    trap("Q03", "the value is an integer", "",
         frozen(MOVING, value=50.0, point=replace(TEMPERATURE, type="uint16"))),  # Hz, scaled
    # A grid at 50.0 Hz, read to a tenth, or a sensor that is dead.
    trap("Q03", "the value is a whole number", "?", frozen(MOVING, value=50.0)).telling(
        "look at the instruments"),
    trap("Q03", "the value is a whole number", "?", frozen(MOVING, value=0.0)),
    trap("Q03", "the value is a whole number", "?", frozen(MOVING, value=0.0, minutes=5)).telling(
        "read them again"),
    trap("Q03", "the machine is stopped", "",
         frozen(MOVING, window(STATE, [False] * 20), value=0.0)),
]  # fmt: skip

BARE = replace(TEMPERATURE, unit="")
Q04 = [
    no("Q04", "", evidence(listed(tag("Druck", "Teilstriche")))),  # one that no table holds
    *(trap("Q04", "its name ends with", key, evidence(listed(tag(name))))
      for name, key in (
          ("Vorlauftemperatur [°C]", ""), ("Druck_bar", ""), ("Drehzahl (U/min)", ""),
          ("Motor power_kW", ""), ("Druck in mbar", ""), ("Pressure_in", "medium/high"),
          ("Druck_b", "medium/high"), ("Druck", "medium/high"))),
    yes("Q04", "medium/high", evidence(listed(BARE))),
    yes("Q04", "medium/high", evidence(listed(TEMPERATURE, replace(PRESSURE, unit="")))),
    no("Q04", "", evidence(listed(TEMPERATURE))),
    no("Q04", "", evidence(listed(tag("AI_7")))),
    no("Q04", "", evidence(listed(tag("Temperature SP")))),
    no("Q04", "", evidence(listed(BARE), about=replace(PLC, role="switch"))),
    no("Q04", "", evidence(listed(replace(BARE, semantic="sunspec:103:TmpCab")))),
    yes("Q04", "medium/high", evidence(listed(replace(BARE, signal="temperature")))),  # by a map
    no("Q04", "", evidence(listed(replace(BARE, signal="temperature", unit="CEL")))),
    trap("Q04", "the point is a state", "", evidence(listed(tag("Running", type="Boolean")))),
    trap("Q04", "the point is a state", "", evidence(listed(replace(BARE, type="Boolean")))),
    trap("Q04", "the point is a state", "", evidence(listed(tag("Running")))),
    trap("Q04", "the point is a state", "", evidence(listed(tag("Total power factor")))),
]  # fmt: skip

RANGED = replace(TEMPERATURE, low=0.0, high=100.0)
SWAPPED = {"quality": Quality.UNCERTAIN, "status": IMPLAUSIBLE}
Q05 = [
    # Round floats with their words swapped vanish, or grow beyond all bounds (60.0, 1e-5).
    yes("Q05", "high/high", evidence(listed(TEMPERATURE, value=2.4e-41))),
    yes("Q05", "high/high", evidence(listed(TEMPERATURE, value=-2.4e-41))),
    yes("Q05", "high/high", evidence(listed(TEMPERATURE, value=2.4e-41, **SWAPPED))),
    yes("Q05", "high/high", evidence(listed(TEMPERATURE, value=-3.4e38, **SWAPPED))),
    no("Q05", "", evidence(listed(TEMPERATURE, value=2.4e-41, quality=Quality.UNCERTAIN))),
    no("Q05", "", evidence(listed(TEMPERATURE, value=1e-30))),
    no("Q05", "", evidence(listed(TEMPERATURE, value=0.0))),
    no("Q05", "", evidence(listed(TEMPERATURE, value=-0.0, **SWAPPED))),
    no("Q05", "", evidence(listed(tag("AI_7"), value=2.4e-41))),
    *(yes("Q05", "high/high", evidence(
        listed(TEMPERATURE, value=2.4e-41), listed(tag("Motor current", "AMP"), value=value),
    )).telling("1 value contradicts") for value in (0.0, 1e18, 1e-30, None)),
    no("Q05", "", evidence(listed(replace(RANGED, low=50.0, high=50.0)))),
    yes("Q05", "high/high", evidence(listed(replace(TEMPERATURE, unit="BAR")))),
    yes("Q05", "high/high", evidence(listed(RANGED, value=110.1))),
    yes("Q05", "high/high", evidence(listed(RANGED, value=-10.1))),
    yes("Q05", "high/high", evidence(listed(TEMPERATURE, value=8750.0))),
    yes("Q05", "high/high", evidence(listed(TEMPERATURE, value=-274.0))),
    no("Q05", "", evidence(listed(TEMPERATURE))),
    no("Q05", "", evidence(listed(RANGED, value=110.0))),  # a tenth beyond is no contradiction
    no("Q05", "", evidence(listed(RANGED, value=-10.0))),
    no("Q05", "", evidence(listed(replace(RANGED, low=100.0, high=0.0), value=150.0))),
    no("Q05", "", evidence(listed(replace(RANGED, high=None), value=150.0))),
    no("Q05", "", evidence(listed(replace(RANGED, low=None), value=150.0))),
    no("Q05", "", evidence(listed(TEMPERATURE, value=2500.0))),
    no("Q05", "", evidence(listed(TEMPERATURE, value=-273.15))),
    no("Q05", "", evidence(listed(BARE, value=8750.0))),  # degrees of what is not said
    no("Q05", "", evidence(listed(tag("AI_7", "CEL"), value=8750.0))),
    no("Q05", "", evidence(listed(RANGED, value="hot"))),
    no("Q05", "", evidence(listed(replace(RANGED, high=0.5), value=True))),
    no("Q05", "", evidence(listed(tag("Temperature SP", "BAR")))),
    no("Q05", "", evidence(seen("opcua", O.COMPLETE, points=(RANGED,)))),
    no("Q05", "", evidence(seen("opcua", O.COMPLETE))),
    # No quantity is that large in any unit: what a register of four bytes holds, read wrongly.
    *(yes("Q05", "high/high", evidence(listed(tag("Motor current", unit), value=value)))
      for unit in ("AMP", "")
      for value in (3.4028234663852886e38, -3.4e38, 1.1e18, 2**64 - 1)),
    no("Q05", "", evidence(listed(tag("Motor current", "AMP"), value=1e18))),
    no("Q05", "", evidence(listed(tag("AI_7", "AMP"), value=3.4e38))),
    no("Q05", "", evidence(listed(tag("Motor current SP", "AMP"), value=3.4e38))),
    *(trap("Q05", "it is what devices give", "?", evidence(listed(tag("Motor current", "AMP"),
           value=value))).telling(f"Motor current reads {value:g}", "--depth points")
      for value in (-9999.0, 65535.0, 32767, -32768.0, 4294967295)),
    *(trap("Q05", "it is what devices give", "", evidence(found))
      for found in (
          listed(tag("Motor current", "AMP"), value=65534.0),
          listed(tag("Motor current", "AMP", low=0.0, high=1e5), value=65535.0),
          listed(tag("Motor current", "AMP"), value=65535.0, quality=Quality.BAD, status="BadX"),
          listed(tag("AI_7", "AMP"), value=65535.0),
          listed(tag("Running", type="Int32"), value=65535),
          window(tag("Motor current", "AMP"), [65533.0, 65534.0, 65535.0]))),
    trap("Q05", "it is what devices give", "?", evidence(
        window(tag("Motor current", "AMP"), [65535.0] * 3))),
    *(trap("Q05", "it is what devices give", "?", evidence(listed(
          tag("Motor current", "AMP", low=low, high=high), value=65535.0)))
      for low, high in ((0.0, 0.0), (0.0, None), (None, 1e5))),  # no range is stated
    trap("Q05", "it is what devices give", "?", evidence(
        seen("opcua", O.COMPLETE, points=(tag("Motor voltage", "VLT"),)),
        listed(tag("Motor current", "AMP"), value=65535.0))),
    trap("Q05", "it is what devices give", "?", evidence(
        listed(tag("Motor current", "AMP"), value=65535.0),
        listed(tag("Motor voltage", "VLT"), value=400.0))).telling("(1 of them)"),
    yes("Q05", "high/high", evidence(listed(RANGED, value=3.4e38))).telling("1 value contradicts"),
    yes("Q05", "high/high", evidence(listed(RANGED, tag("Motor current", "AMP"), value=3.4e38))
        ).telling("2 values contradict"),
    trap("Q05", "it is what devices give", "high/high", evidence(listed(
        tag("Motor current", "AMP"), tag("Motor temperature", "CEL"), value=-9999.0))),
    trap("Q05", "the status of the value", "",
         evidence(listed(RANGED, value=8750.0, quality=Quality.BAD, status="BadX"))),
    trap("Q05", "the status of the value", "",
         evidence(listed(TEMPERATURE, value=8750.0, quality=Quality.UNCERTAIN))),
    trap("Q05", "it is what devices give", "?", evidence(
        listed(TEMPERATURE, value=6553.5, quality=Quality.UNCERTAIN, status=AT_LIMIT))).telling(
        "1 of them", "NotAvailable"),
    *(trap("Q05", "it is what devices give", "", evidence(listed(  # what is no number has no limit
        TEMPERATURE, value=value, quality=Quality.UNCERTAIN, status=AT_LIMIT)))
      for value in (None, "OVER")),
    yes("Q05", "high/high", evidence(listed(replace(TEMPERATURE, unit="BAR"), value=6553.5,
                                            quality=Quality.UNCERTAIN, status=AT_LIMIT))),
    *(trap("Q05", "it is the unscaled current", key,
           evidence(listed(tag("Discharge pressure", unit), value=value)))
      for key, unit, value in (
          ("", "4K", 12.0), ("", "mA", 0.0), ("", "4K", 24.0), ("high/high", "4K", 24.1),
          ("high/high", "4K", -0.1), ("high/high", "AMP", 12.0))),
    trap("Q05", "it is the unscaled current", "",
         evidence(seen("opcua", O.COMPLETE, points=(tag("Discharge pressure", "4K"),)))),
]  # fmt: skip


def skew(seconds: object, duration: float = 0.0) -> Evidence:
    found = stating(Fact("clock_skew_seconds", seconds, "snmp"))  # type: ignore[arg-type]
    (item,) = found.observations
    return replace(found, observations=(replace(item, duration_seconds=duration),))


RIGHT = {"clock_synchronised": True}
Q07 = [
    yes("Q07", "medium/high", stating(Fact("clock_skew_seconds", 90, "snmp"),
                                      Fact("uptime_seconds", 1, "snmp")), RIGHT),
    yes("Q07", "medium/high", skew(2.1), RIGHT),
    yes("Q07", "medium/high", skew(-90), RIGHT),
    yes("Q07", "medium/medium", skew(90), {"clocks_near": 2}),
    yes("Q07", "medium/high", skew(3.1, 2.0), RIGHT),
    no("Q07", "", skew(2.0), RIGHT),
    no("Q07", "", skew(3.0, 2.0), RIGHT),  # half the answer time may be the way there
    no("Q07", "", stating(), RIGHT),
    no("Q07", "", skew("unknown"), RIGHT),
    trap("Q07", "our clock is not known", "?", skew(90)).telling("is 90 s ahead of ours"),
    trap("Q07", "our clock is not known", "?", skew(-90)).telling("is 90 s behind ours"),
    trap("Q07", "our clock is not known", "?", skew(90), {"clocks_near": 1}),
    trap("Q07", "our clock is not known", "?", skew(90),
         {"clock_synchronised": False, "clocks_near": 9}),
]  # fmt: skip

NAMELESS = replace(PLC, serial="")
SNMP = seen("snmp", O.COMPLETE)
BUILD = seen("opcua", O.COMPLETE, "read_server")
Q10 = [
    no("Q10", "", evidence(
        seen("opcua", O.COMPLETE, "get_endpoints"),
        about=device(role="discovery server"))),
    yes("Q10", "low/high", evidence(SNMP, about=NAMELESS)),
    yes("Q10", "low/high", evidence(SNMP, about=replace(PLC, vendor=""))),
    yes("Q10", "low/high", evidence(SNMP, about=replace(PLC, product=""))),
    yes("Q10", "low/high", evidence(SNMP, about=replace(PLC, firmware=""))),
    yes("Q10", "low/high", evidence(seen("snmp", O.EMPTY), about=NAMELESS)),
    yes("Q10", "low/high", evidence(seen("modbus", O.REFUSED_CAPABILITY), about=NAMELESS)),
    yes("Q10", "low/high",
        evidence(BUILD, listed(TEMPERATURE), about=replace(NAMELESS, parent="gateway"))),
    yes("Q10", "low/high", evidence(BUILD, listed(TEMPERATURE), about=NAMELESS)),
    yes("Q10", "low/high", evidence(
        SNMP, seen("snmp", O.NOT_ASKED, "walk", reason="dependency"), about=NAMELESS)),
    no("Q10", "", evidence(SNMP, about=PLC)),
    no("Q10", "", evidence(SNMP, about=replace(PLC, product="", model="M"))),
    no("Q10", "", evidence(seen("snmp", O.SILENT), about=NAMELESS)),  # said nothing at all
    no("Q10", "", evidence(seen("modbus", O.COMPLETE), about=replace(
        NAMELESS, parent="gateway", part="unit 1"))),  # a unit without values is T07's business
    no("Q10", "", evidence(seen("modbus", O.REFUSED_DOWNSTREAM), about=NAMELESS)),
    trap("Q10", "an identity question was", "?", evidence(
        SNMP, seen("opcua", O.REFUSED_RESOURCE, "create_session", reason="BadTooManySessions"),
        about=NAMELESS)).telling("too busy to be asked (BadTooManySessions)", "ask again when"),
    trap("Q10", "an identity question was", "?",
         evidence(seen("modbus", O.REFUSED_RESOURCE), about=NAMELESS)).telling("asked |"),
    trap("Q10", "an identity question was", "?", evidence(  # broken is not full
        SNMP, seen("opcua", O.REFUSED_RESOURCE, "create_session", reason="BadInternalError"),
        about=NAMELESS)).telling("could not answer then (BadInternalError)", "its own log"),
    trap("Q10", "an identity question was", "?", evidence(  # the door itself was not opened
        seen("opcua", O.REFUSED_CAPABILITY, "hello", reason="endpoint_url"), about=NAMELESS)
         ).telling("an identity question was refused", "read the nameplate"),
    trap("Q10", "an identity question was", "?",
         evidence(listed(TEMPERATURE), seen("opcua", O.REFUSED_AUTH, "read"), about=NAMELESS)
         ).telling("an identity question was refused", "!too busy"),
    no("Q10", "", evidence(SNMP, seen("snmp", O.REFUSED_AUTH, "walk"), about=NAMELESS)),  # A03
    trap("Q10", "an identity question was", "?",
         evidence(SNMP, seen("snmp", O.NOT_ASKED, "walk", reason="budget"), about=NAMELESS)),
    trap("Q10", "an identity question was", "?",
         evidence(SNMP, seen("snmp", O.SILENT, "walk"), about=NAMELESS)),
    trap("Q10", "an identity question was", "?",
         evidence(SNMP, seen("snmp", O.GARBLED, "walk"), about=NAMELESS)),
    yes("Q10", "low/high",  # it answered who it is, and broke off when values were read
        evidence(SNMP, seen("snmp", O.HUNG_UP, "walk"), about=NAMELESS)),
    trap("Q10", "an identity question was", "?",  # its endpoints say nothing of its maker
         evidence(seen("opcua", O.COMPLETE, "get_endpoints"), about=NAMELESS)
         ).telling("its serial number: OPC UA was not asked all", "--depth points"),
    trap("Q10", "an identity question was", "?", evidence(BUILD, about=NAMELESS)),
    trap("Q10", "an identity question was", "?", evidence(listed(TEMPERATURE), about=NAMELESS)),
]  # fmt: skip


def healthy(*states: tuple[str, str]) -> Evidence:
    """A server that states the health of its parts, one after the other."""
    facts = [Fact("health", word, "opcua DeviceHealth", part) for part, word in states]
    said = (
        seen("opcua", O.COMPLETE, "read_nameplate", facts=(fact,), seconds=number)
        for number, fact in enumerate(facts)
    )
    return evidence(*said, about=device(facts=tuple(facts)))


def sibling(names: str, number: int = 1, unit: str = "CEL") -> Evidence:
    points = tuple(tag(name, unit) for name in names)
    about = replace(PLC, key=f"device-{number}", serial=f"S{number}000")
    return evidence(listed(*points) if points else seen("opcua", O.COMPLETE), about=about)


def named(*names: str, by: int = 1) -> Evidence:
    """A device of the same model whose values are called so."""
    about = replace(PLC, key=f"device-{by}", serial=f"S{by}000")
    return evidence(listed(*map(tag, names)), about=about)


SIGNALS = ("vibration", "flow", "discharge pressure", "suction pressure", "speed")


def pump(pattern: str, by: int = 1) -> Evidence:
    return named(*map(pattern.format, SIGNALS), by=by)


def two_pumps(by: int) -> Evidence:
    return named(*(f"P{n} {name}" for n in (91, 92) for name in SIGNALS), by=by)


def broken(
    names: str,
    number: int = 1,
    *,
    protocol: str = "opcua",
    outcome: O = O.PARTIAL,
    operation: str = "read",
    scan: str = "scan-1",
) -> Evidence:
    """A sibling of whose listing one statement says that it broke off."""
    found = sibling(names, number)
    more = () if outcome is not O.PARTIAL else found.observations[0].points
    said = seen(protocol, outcome, operation, points=more, scan=scan)
    return replace(found, observations=(*found.observations, said))


def raw(number: int, by: int) -> Evidence:
    """A sibling that gave so many registers that nobody named."""
    about = replace(PLC, key=f"device-{by}", serial=f"S{by}000")
    return evidence(registers(*range(number)), about=about)


USUAL = (sibling("abcde", 2), sibling("abcde", 3))
TEN = tuple(tag(name, "CEL") for name in "abcdefghij")
OTHER_UNIT = (replace(TEN[0], unit="FAH"), *TEN[1:])
Q11: list[Row] = [
    Row("Q11", "positive", "medium/high", (
        evidence(listed(*OTHER_UNIT), about=PLC), *(evidence(
            listed(*TEN), about=replace(PLC, key=f"d{n}", serial=f"S{n}22")) for n in (2, 3)))),
    Row("Q11", "positive", "medium/high", (sibling("abc"), *USUAL)),
    Row("Q11", "positive", "medium/high", (sibling("abcdefg"), *USUAL)),
    Row("Q11", "positive", "medium/high", (sibling("abcde", unit="FAH"), *USUAL)),
    Row("Q11", "positive", "medium/high", (sibling("ab"), sibling("abcde", 2))),
    no("Q11", "", (sibling("abcde"), *USUAL)),
    no("Q11", "", (sibling("abcd"), *USUAL)),  # four of five: one option less
    no("Q11", "", (sibling("abcdef"), *USUAL)),
    no("Q11", "", (sibling("abcde"), sibling("ab", 2))),  # the other one is odd
    no("Q11", "", (sibling("abc"),)),
    no("Q11", "", (sibling(""), *USUAL)),
    no("Q11", "", (sibling(""), sibling("abcde", 2), sibling("ab", 3))),  # it was not listed
    no("Q11", "", (replace(sibling("abc"), device=replace(PLC, firmware="2")), *USUAL)),
    no("Q11", "", (replace(sibling("abc"), device=replace(PLC, firmware="")), *USUAL)),
    no("Q11", "", (pump("P101 {}"), pump("P102 {}", 2), pump("P103 {}", 3))),  # tags
    no("Q11", "", (pump("{}_1", 1), pump("{}_2", 2))),
    no("Q11", "", (two_pumps(1), pump("P93 {}", 2))),  # what they measure is the same
    no("Q11", "", (named("Druck", "Drehzahl"), named("Pressure", "Speed", by=2))),
    no("Q11", "", (named("A17", "B17", "Z17"), named("A18", "B18", "Z18", by=2))),  # tags only
    Row("Q11", "positive", "medium/high", (named("A17"), named("B17", by=2))),  # of another shape
    no("Q11", "", (named("P101 zork", "P101 quux"), named("zork_2", "quux_2", by=2))),
    Row("Q11", "positive", "medium/high", (
        named("P101 flow", "P101 speed"), pump("P102 {}", 2), pump("P103 {}", 3))),
    Row("Q11", "positive", "medium/high", (named("Lamp 1 on"), named("Valve 1 open", by=2))),
    *(trap("Q11", "they are declared to monitor", key, (
        named("P101 flow", "P101 speed"), pump("P102 {}", 2), pump("P103 {}", 3)),
           {"classes": classes}) for key, classes in (
        ("", {"device-1": "fan", "device-2": "pump", "device-3": "pump"}),
        ("medium/high", {"device-1": "pump", "device-2": "pump"}),
        ("medium/high", {"device-2": "pump", "device-3": "pump"}),
        ("medium/high", {"device-1": "fan", "device-2": "pump"}))),  # the third is of no class
    # A fan's device was the first with this pump's own set, which stays in what is compared.
    trap("Q11", "they are declared to monitor", "", (
        sibling("abc"), sibling("abc", 2), sibling("ab", 3)), {
            "classes": {"device-1": "pump", "device-2": "fan", "device-3": "pump"},
            "owners": {("Maker", "CPU", "1"): {
                frozenset({"a [CEL]", "b [CEL]", "c [CEL]"}): "device-2",
                frozenset({"a [CEL]", "b [CEL]"}): "device-3"}}}),
    # What was not read to its end, or not under its map, is neither odd nor an example.
    trap("Q11", "it was not read to its end", "?", (broken("abc"), *USUAL)).telling(
        "OPC UA lists", "no scan read it to its end", "read it to its end", "--depth points",
        "--probe opcua"),
    trap("Q11", "it was not read to its end", "?", (
        broken("abc", outcome=O.HUNG_UP, operation="browse"), *USUAL)),
    trap("Q11", "it was not read to its end", "?", (
        broken("abc", outcome=O.SILENT, operation="read"), *USUAL)),
    trap("Q11", "it was not read to its end", "", (broken("abcd"), *USUAL)),  # alike so far
    trap("Q11", "it was not read to its end", "", (
        sibling("abc"), broken("abcde", 2), broken("abcde", 3))),
    trap("Q11", "it was not read to its end", "?", (broken("abc"), sibling("abcde", 2))),
    trap("Q11", "it was not read to its end", "medium/high", (
        broken("abc", scan="scan-0"), *USUAL)),  # another scan did
    trap("Q11", "it was not read to its end", "medium/high", (
        broken("abc", protocol="snmp", outcome=O.SILENT, operation="walk"), *USUAL)),  # no values
    trap("Q11", "it was not read to its end", "?", (raw(2, 1), *USUAL)).telling(
        "what its registers measure", "read it again under its register map", "--probe modbus"),
    trap("Q11", "it was not read to its end", "", (sibling("abc"), raw(2, 2), raw(3, 3))),
    trap("Q11", "the machine that it monitors", "?", (sibling("abc"), *USUAL), {
        "classes": {"device-1": "", "device-2": "pump", "device-3": "pump"}}).telling(
        "of which class the machine is", "state the class", "untrap import register FILE"),
    trap("Q11", "the machine that it monitors", "", (sibling("abc"), *USUAL), {
        "classes": {"device-1": "pump", "device-2": "", "device-3": ""}}),
    trap("Q11", "they are declared to have", "", (sibling("abc"), *USUAL),
         attested("device-1", statement="different options")),
    trap("Q11", "they are declared to have", "medium/high", (sibling("abc"), *USUAL),
         attested("device-2", statement="different options")),  # another one's
]  # fmt: skip

Q12 = [
    yes("Q12", "high/high", status("BadSensorFailure")),
    yes("Q12", "high/high", status("BadDeviceFailure")),
    yes("Q12", "high/high", status("nonoperational")),
    yes("Q12", "high/high", status("NE107:F")),
    yes("Q12", "high/high", healthy(("", "failure"))),
    yes("Q12", "high/high", healthy(("IOBox", "failure"), ("Drive", "normal"))),
    no("Q12", "", healthy(("IOBox", "failure"), ("IOBox", "normal"))),  # repaired since
    no("Q12", "", healthy(("IOBox", "off specification"))),
    no("Q12", "", status("Good", Quality.GOOD)),
    no("Q12", "", status("", Quality.GOOD)),
    no("Q12", "", evidence(seen("opcua", O.COMPLETE, points=(TEMPERATURE,)))),
    no("Q12", "", evidence(listed(TEMPERATURE, status="BadSensorFailure", value=None),
                           listed(TEMPERATURE))),  # it recovered
    trap("Q12", "it is merely unavailable", "", status("unavailable")),
    trap("Q12", "it is merely unavailable", "", status("BadNoCommunication")),
    trap("Q12", "it is merely unavailable", "", status("NE107:C", Quality.UNCERTAIN)),
]  # fmt: skip

ROWS: list[Row] = [*U03, *Q01, *Q02, *Q03, *Q04, *Q05, *Q07, *Q10, *Q11, *Q12]
