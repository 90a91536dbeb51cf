"""The sensor list as data, and the recordings' values as an analyst read them."""

from __future__ import annotations

import asyncio
import csv
import os
from collections import Counter, defaultdict

import pytest

from protocols.contract import Depth, Quality
from protocols.snmp import codec, sensors
from protocols.snmp.identity import enterprise_oid
from tests.protocols.snmp import measure
from tests.protocols.snmp.measure import PUBLIC
from tests.protocols.snmp.player import agent, encode_oid, octets, signed, tlv
from tests.protocols.snmp.test_probe import link_of, run
from tests.support.plain import PlainLink

SAME_UNIT = frozenset({"temperature", "humidity", "voltage", "current", "frequency", "charge"})
RAW_BY_DESIGN = ("pcoweb", "wut_57613", "rittal-lcp", "sentry")
"""Their agents give a unit of their own choice, or none: the raw number is kept without one."""


def test_every_line_is_complete_and_told_once() -> None:
    lines = sensors._lines()
    assert all(len(line) == 8 for line in lines)
    assert all(float(line[4]) > 0 for line in lines)
    keys = [(line[0], line[1]) for line in lines]
    assert len(set(keys)) == len(keys)


def test_every_state_is_complete_and_told_once_in_the_order_of_the_arcs() -> None:
    rows = sensors.states()
    assert all(len(row) == 5 and row[4] for row in rows)
    assert len({(row[0], row[1]) for row in rows}) == len(rows)
    tops = [codec.oid("1." + row[0]) if row[0] != "*" else () for row in rows]
    assert tops == sorted(tops)
    measured = {line[1] for line in sensors._lines()}
    assert not measured & {row[1] for row in rows}, "a state is no measured value as well"


@pytest.mark.parametrize("row", sensors.states()[::9], ids=lambda row: row[4])
def test_a_state_is_a_number_whose_meaning_is_told(row: tuple[str, ...]) -> None:
    top, value, label, codes, _ = row
    number, _, word = codes.split()[-1].partition("=")
    object_id = enterprise_oid("99999" if top == "*" else top)
    if value.startswith("+"):
        object_id = (*object_id, 7)
        column = (*object_id, *codec.oid("0." + value[1:])[1:])
    else:
        column = enterprise_oid(value)
    values = {
        "1.3.6.1.2.1.1.1.0": octets("device"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(object_id)),
        codec.dotted((*column, 3)): signed(int(number)),
    }
    named, _, words = label.partition(" ") if label.startswith("@") else ("", "", label)
    if named:
        values[codec.dotted((*enterprise_oid(named[1:]), 3))] = octets("Outlet A3")
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    points = [p for o in link.observations for p in o.points]
    samples = [s for o in link.observations for s in o.samples]
    assert [p.address for p in points] == [codec.dotted((*column, 3))]
    assert (samples[0].value, samples[0].status) == (int(number), word)
    assert points[0].type == sensors.ENUMERATION
    assert f"{number} {word}" in points[0].description
    assert points[0].name == (f"Outlet A3 {words}".strip() if named else f"{words} 3")


def test_a_state_that_the_module_does_not_name_keeps_its_number() -> None:
    values = {
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(enterprise_oid("318.1.3.2"))),
        "1.3.6.1.4.1.318.1.1.1.4.1.1.0": signed(99),
    }
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    assert [(s.value, s.status) for o in link.observations for s in o.samples] == [(99, "")]


@pytest.mark.parametrize(
    ("column", "raw", "kept"),
    [
        ("1718.3.2.2.1.7", -1, []),  # Sentry3-MIB: a negative value: not measured
        ("1718.3.2.2.1.7", 250, [2.5]),
        ("318.1.1.1.4.2.2", -1, []),  # no frequency is negative
        ("885.3.2.1.7", -12, [-12]),  # a battery's current is, where it is discharged
        (".1.3.6.1.2.1.33.1.4.4.1.2", -1, []),  # RFC 1628: upsOutputVoltage is NonNegativeInteger
        (".1.3.6.1.2.1.33.1.3.3.1.4", -1, []),
        (".1.3.6.1.2.1.33.1.2.6", -125, [-12.5]),  # upsBatteryCurrent is Integer32
    ],
)
def test_below_zero_is_a_value_only_where_it_can_be_one(
    column: str, raw: int, kept: list[float]
) -> None:
    top = "99999" if column.startswith(".") else ".".join(column.split(".")[:2])
    values = {
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(enterprise_oid(top))),
        codec.dotted((*enterprise_oid(column), 0)): signed(raw),
    }
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    assert [s.value for o in link.observations for s in o.samples] == kept


def test_a_text_that_begins_with_a_number_is_one() -> None:
    def of(words: str) -> float | None:
        return sensors.numeric(codec.Binding((1, 3), codec.OCTETS, words.encode()))

    assert (of("21.5"), of(" -7,25 C"), of("48 %")) == (21.5, -7.25, 48)
    assert (of(""), of("N/A"), of("1.2.3.4"), of("up 3 days")) == (None, None, None, None)


@pytest.mark.parametrize(
    ("status", "quality"),
    [(1, Quality.GOOD), (2, Quality.BAD), (3, Quality.BAD), (9, Quality.UNCERTAIN)],
)
def test_the_sensor_status_becomes_the_quality(status: int, quality: Quality) -> None:
    numbers = dict(zip(sensors.SENSOR, (8, 9, 0, 25, status), strict=False))
    row = {
        column: codec.Binding((*column, 1), codec.INTEGER, bytes((value,)))
        for column, value in numbers.items()
    }
    assert sensors.read_entity((1,), row, {}).samples[0].quality is quality


UNITS = {
    "temperature": {"CEL", "FAH", "KEL", ""},
    "humidity": {"P1", ""},
    "voltage": {"VLT"},
    "current": {"AMP", "4K"},
    "frequency": {"HTZ"},
    "power": {"WTT", "KWT", "D46", "D44"},
    "power_consumed": {"KWH", "WHR"},
    "load": {"P1"},
    "charge": {"P1"},
    "runtime": {"MIN", "SEC"},
    "fanspeed": {"RPM", "P1"},
}


@pytest.mark.corpus
def test_units_of_the_recordings_are_those_of_what_is_measured() -> None:
    """A number may agree though its unit is another's: both are compared."""
    wanted: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in recorded():
        if row["sensor_class"] in UNITS:
            wanted[row["file"]].append(row)
    read = 0
    wrong = []
    for name, rows in wanted.items():
        link = measure.link_to(measure.corpus() / name)
        asyncio.run(measure.climb(link, Depth.POINTS))
        unit = {p.address: p.unit for o in link.observations for p in o.points}
        for row in rows:
            at = row["oid"].strip(".")
            if unit.get(at):
                read += 1
                if unit[at] not in UNITS[row["sensor_class"]]:
                    wrong.append((name, at, row["sensor_class"], unit[at]))
    assert not wrong
    if measure.manifest_digest() in measure.TABLE.read_text("utf-8"):
        assert read >= 1_400


def recorded() -> list[dict[str, str]]:
    """What an analyst read in the recordings."""
    if not (measure.corpus() / "signals.csv").exists():
        if os.environ.get("CI") == "true":
            pytest.fail("the recordings are required in CI: set UNTRAP_CORPUS")
        pytest.skip("no recordings: set UNTRAP_CORPUS")
    with (measure.corpus() / "signals.csv").open(newline="", encoding="utf-8") as lines:
        return [row for row in csv.DictReader(lines) if row["file"].endswith(".snmprec")]


@pytest.mark.corpus
def test_values_of_the_recordings_are_read_as_an_analyst_reads_them() -> None:
    wanted: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in recorded():
        if row["sensor_class"] in SAME_UNIT:
            wanted[row["file"]].append(row)
    read = wrong = 0
    for name, rows in wanted.items():
        if any(word in name for word in RAW_BY_DESIGN):
            continue
        link = measure.link_to(measure.corpus() / name)
        asyncio.run(measure.climb(link, Depth.POINTS))
        found = {s.point: s.value for o in link.observations for s in o.samples}
        for row in rows:
            said = found.get(row["oid"].strip("."))
            if isinstance(said, int | float):
                read += 1
                meant = float(row["value_recorded"])
                wrong += abs(said - meant) > 0.02 * abs(meant) + 0.06
    if measure.manifest_digest() in measure.TABLE.read_text("utf-8"):
        assert read >= 550
    assert wrong <= 0.01 * read


@pytest.mark.parametrize(
    ("object_id", "column", "unit", "expected"),
    [
        ("3854.1", "3854.1.2.2.1.16.1", {"3854.1.2.2.1.16.1.12.0": signed(0)}, "FAH"),
        ("3854.1", "3854.1.2.2.1.16.1", {"3854.1.2.2.1.16.1.12.0": signed(1)}, "CEL"),
        ("3854.1", "3854.1.2.2.1.16.1", {"3854.1.2.2.1.16.1.12.0": signed(7)}, ""),
        ("3854.1", "3854.1.2.2.1.16.1", {}, ""),
        ("3854.3", "3854.3.5.2.1", {"3854.3.5.2.1.5.0": octets("C")}, "CEL"),
        ("3854.3", "3854.3.5.2.1", {"3854.3.5.2.1.5.0": octets("F")}, "FAH"),
        ("21796.3.3", "21796.3.3.3.1", {"21796.3.3.3.1.9.0": signed(0)}, "CEL"),
        ("21796.3.3", "21796.3.3.3.1", {"21796.3.3.3.1.9.0": signed(3)}, "P1"),
        ("21796.4.9", "21796.4.9.3.1", {"21796.4.9.3.1.7.0": signed(1)}, "CEL"),
        ("21796.4.9", "21796.4.9.3.1", {"21796.4.9.3.1.7.0": signed(0)}, ""),
    ],
)
def test_a_unit_that_the_device_may_change_is_what_it_says(
    object_id: str, column: str, unit: dict[str, bytes], expected: str
) -> None:
    degrees = {"3854.1": "3", "3854.3": "4", "21796.3.3": "6", "21796.4.9": "5"}[object_id]
    root = "1.3.6.1.4.1."
    values = {
        "1.3.6.1.2.1.1.1.0": octets("sensorProbe"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid(root + object_id))),
        f"{root}{column}.{degrees}.0": signed(23),
        **{root + oid: value for oid, value in unit.items()},
    }
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    points = [p for o in link.observations for p in o.points]
    assert [p.unit for p in points] == [expected]


def test_a_maker_behind_a_software_houses_agent_is_measured() -> None:
    """net-snmp with a maker's own subtree: its sensors are those of the maker."""
    values = {
        "1.3.6.1.2.1.1.1.0": octets("Linux controller 4.19 armv7l"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.8072.3.2.10"))),
        "1.3.6.1.4.1.6302.2.1.1.2.0": octets("NCU"),
        "1.3.6.1.4.1.6302.2.1.2.2.0": signed(53_900),
    }
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    points = [(p.name, p.unit) for o in link.observations for p in o.points]
    assert points == [("System voltage", "VLT")]
    assert [s.value for o in link.observations for s in o.samples] == [53.9]


@pytest.mark.parametrize(
    ("edition", "volts", "amperes"), [("8.6", "4", "7"), ("10.1", "5", "8")], ids=["UMG96", "UMG"]
)
def test_two_editions_of_a_meter_order_their_phases_differently(
    edition: str, volts: str, amperes: str
) -> None:
    root = "1.3.6.1.4.1.34278."
    values = {
        "1.3.6.1.2.1.1.1.0": octets("meter"),
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(codec.oid(root + edition))),
        f"{root}1.{volts}.0": signed(3_980),
        f"{root}1.{amperes}.0": signed(16_295),
    }
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    points = {p.name: p.unit for o in link.observations for p in o.points}
    assert points == {"Voltage L1-L2": "VLT", "Current L1": "AMP"}
    assert [s.value for o in link.observations for s in o.samples] == [398, 16.295]


@pytest.mark.parametrize("raw", [2**31 - 1, -(2**31)])
def test_an_integer_at_its_end_is_no_measured_value(raw: int) -> None:
    """Liebert's module says so; others do so."""
    eaton = sensors.sensors_for((1, 3, 6, 1, 4, 1, 534, 1))
    (sensor,) = (one for one in eaton if one.label == "Ambient humidity")
    held = codec.Binding((*sensor.value, 0), 2, raw.to_bytes(4, "big", signed=True))
    assert not sensors.read(sensor, (0,), {sensor.value: held}).samples
    fine = codec.Binding((*sensor.value, 0), 2, b"\x2a")
    (sample,) = sensors.read(sensor, (0,), {sensor.value: fine}).samples
    assert sample.value == 42


COUNTER, GAUGE, WIDE = 0x41, 0x42, 0x46  # RFC 3416, 3


@pytest.mark.parametrize(("tag", "raw"), [(GAUGE, 2**31), (COUNTER, 2**32 - 2), (WIDE, 3 * 10**12)])
def test_a_meter_that_counts_on_beyond_an_integers_end_is_read(tag: int, raw: int) -> None:
    """Watt-hours of a feeder pass 2 147 483 647 within years."""
    geist = sensors.sensors_for((1, 3, 6, 1, 4, 1, 21239, 5))
    (sensor,) = (one for one in geist if one.label == "Total energy")
    held = codec.Binding((*sensor.value, 0), tag, raw.to_bytes(9, "big"))
    (sample,) = sensors.read(sensor, (0,), {sensor.value: held}).samples
    assert sample.value == raw


@pytest.mark.parametrize(
    ("code", "kind", "unit", "words"),
    [
        (1, 4, "VLT", "Inlet 1.1 voltage"),
        (2, 1, "AMP", "Inlet 1.1 current"),
        (3, 5, "WTT", "Inlet 1.1 active power"),
        (4, 6, "D46", "Inlet 1.1 apparent power"),
        (5, 8, "WHR", "Inlet 1.1 active energy"),
        (8, 23, "HTZ", "Inlet 1.1 frequency"),
        (99, 99, "", "Inlet 1.1.99"),
    ],
)
def test_a_raritan_value_has_the_unit_that_its_module_numbers(
    code: int, kind: int, unit: str, words: str
) -> None:
    """PDU2-MIB: SensorUnitsEnumeration begins with volt(1)."""
    index = f"1.1.{kind}"
    values = {
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(enterprise_oid("13742.6"))),
        f"1.3.6.1.4.1.13742.6.5.2.3.1.4.{index}": signed(2_300),
        f"1.3.6.1.4.1.13742.6.3.3.4.1.6.{index}": signed(code),
        f"1.3.6.1.4.1.13742.6.3.3.4.1.7.{index}": signed(1),
    }
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    points = [(p.name, p.unit) for o in link.observations for p in o.points]
    assert points == [(words, unit)]
    assert [s.value for o in link.observations for s in o.samples] == [230]


def test_a_value_that_the_module_holds_for_not_measured_is_none() -> None:
    """PowerNet-MIB: -1 where an air conditioner has no such sensor; the first rung and the next."""
    (line,) = (one for one in sensors._lines() if one[1] == "318.1.1.18.1.3.1")
    assert line[7] == "-1"
    column = codec.dotted(enterprise_oid(line[1]))
    values = {
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(enterprise_oid("318.1.3.2"))),
        f"{column}.1": signed(-1),
        f"{column}.2": signed(131),
    }
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    assert [s.value for o in link.observations for s in o.samples] == [13.1]
    (point,) = (p for o in link.observations for p in o.points)
    held = codec.Binding(codec.oid(point.address), codec.INTEGER, b"\xff")
    later = sensors.again(point, held)
    assert later is not None
    assert (later.value, later.quality) == (None, Quality.BAD)


@pytest.mark.parametrize(("raw", "value"), [(2303, None), (230, 230), (690, 690)])
def test_tenths_of_volts_in_a_column_of_volts_are_no_value(raw: int, value: int | None) -> None:
    """RFC 1628 has volts; MGE Galaxy 7000 was recorded with 2303 and 1.0 as its index."""
    values = {
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(enterprise_oid("705.1"))),
        "1.3.6.1.2.1.33.1.4.4.1.2.1.0": signed(raw),
    }
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    samples = [s for o in link.observations for s in o.samples]
    assert [s.value for s in samples] == [value]
    assert (samples[0].quality is Quality.GOOD) == (value is not None)


def test_what_cannot_be_there_is_not_asked_for() -> None:
    """An agent that names its next object has said that nothing lies between: a thousand columns
    of a maker whose agent holds one cost a few requests."""
    apc = [s.value for s in sensors.sensors_for(enterprise_oid("318.1.3.2"))]
    values = {
        "1.3.6.1.2.1.1.2.0": tlv(6, encode_oid(enterprise_oid("318.1.3.2"))),
        codec.dotted((*apc[40], 0)): signed(230),
    }
    link = run(link_of(agent(values), PUBLIC), Depth.POINTS)
    asked = [o for o in link.observations if o.question.argument.startswith("tables")]
    assert len(apc) > 150
    assert len(asked) <= 8
    assert sum(len(o.points) for o in link.observations) == 1


def test_a_sampled_state_keeps_its_word_and_a_sampled_overflow_is_none() -> None:
    state = sensors.states()[0]
    (named,) = (
        s for s in sensors.sensors_for(enterprise_oid("99999")) if s.words and s.label == state[2]
    )
    held = codec.Binding((*named.value, 0), codec.INTEGER, b"\x02")
    (point,) = sensors.read(named, (0,), {named.value: held}).points
    later = sensors.again(point, codec.Binding(held.oid, codec.INTEGER, b"\x03"))
    assert later is not None
    assert (later.value, later.status) == (3, "batteryLow")
    entity = codec.Binding((*sensors.SENSOR[3], 7), codec.INTEGER, (2**30).to_bytes(5, "big"))
    far = sensors.again(sensors.harvest(entity, "x", "CEL", 0.1, 1.0).points[0], entity)
    assert far is not None
    assert (far.value, far.quality) == (None, Quality.BAD)


RECTIFIERS = "1.3.6.1.4.1.1918.2.13.10.60.30.1"
COLUMNS = (90, 95, 100, 105, 110, 170, 180, 190)


def _rectifiers(count: int) -> dict[str, bytes]:
    held = {f"{RECTIFIERS}.{c}.{n}": signed(c + n) for c in COLUMNS for n in range(1, count + 1)}
    object_id = tlv(6, encode_oid(codec.oid("1.3.6.1.4.1.1918.2.13")))
    return {"1.3.6.1.2.1.1.1.0": octets("rectifiers"), "1.3.6.1.2.1.1.2.0": object_id} | held


def _read(link: PlainLink) -> set[str]:
    return {p.address for o in link.observations for p in o.points if RECTIFIERS in p.address}


def test_the_columns_of_one_table_are_read_together() -> None:
    link = run(link_of(agent(_rectifiers(14)), PUBLIC), Depth.POINTS)
    pages = [o for o in link.observations if o.question.operation == "walk"]
    assert [o.items for o in pages if RECTIFIERS in o.question.argument] == [6, 12, 14]
    assert len(_read(link)) == 14 * len(COLUMNS)


@pytest.mark.parametrize("most", [1, 2, 3, 5])
@pytest.mark.parametrize("error", [codec.TOO_BIG, codec.GEN_ERR])
def test_an_agent_that_answers_few_objects_at_a_time_still_tells_all(most: int, error: int) -> None:
    single = [f"1.3.6.1.4.1.1918.2.13.10.{arcs}.0" for arcs in ("40.10", "50.10", "50.20")]
    whole = agent(_rectifiers(14) | dict.fromkeys(single, signed(7)))

    def answer(request: bytes) -> bytes | None:
        message = codec.decode_message(request)
        asked = [codec.dotted(b.oid) for b in message.pdu.bindings]
        many = len(asked) * (message.pdu.second if message.pdu.kind == codec.GET_BULK else 1)
        if many <= most or not any("1918.2.13.10" in one for one in asked):
            return whole(request)
        return whole.answer(message, error, 0, [])

    link = run(link_of(answer, PUBLIC, sample_seconds=2, sample_every_seconds=1), Depth.SAMPLE)
    assert len(_read(link)) == 14 * len(COLUMNS)
    times = Counter(s.point for o in link.observations for s in o.samples)
    assert {address: times[address] for address in single} == dict.fromkeys(single, 3)


def test_an_agent_that_refuses_every_question_is_soon_left_alone() -> None:
    whole = agent(_rectifiers(2))

    def answer(request: bytes) -> bytes | None:
        message = codec.decode_message(request)
        named = [b.oid for b in message.pdu.bindings if b.oid in whole.values]
        return whole(request) if named else whole.answer(message, codec.TOO_BIG, 0, [])

    link = run(link_of(answer, PUBLIC), Depth.POINTS)
    assert len(link.requests) < 40


@pytest.mark.parametrize("column", ["3.3.1.3", "4.4.1.2", "4.4.1.3", "4.4.1.4", "4.4.1.5"])
def test_what_a_ups_counts_below_zero_is_not_measured(column: str) -> None:
    """RFC 1628 has no negative volts, amperes or watts of a line: -1 is "I do not know"."""
    value = codec.oid(f"1.3.6.1.2.1.33.1.{column}")
    (sensor,) = [s for s in sensors.sensors_for(()) if s.value == value]
    told = sensors.read(sensor, (1,), {value: codec.Binding((*value, 1), codec.INTEGER, b"\xff")})
    assert not told.points
    kept = sensors.read(sensor, (1,), {value: codec.Binding((*value, 1), codec.INTEGER, b"\x05")})
    assert len(kept.samples) == 1
