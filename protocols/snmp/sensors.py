"""Measured values: which objects hold them (`sensors.csv`, ENTITY-SENSOR-MIB, Rittal's variables),
and how one becomes a point with a unit and a sample with a quality. Pure.

The scale travels in the point's description, so that a later rung reads the same value.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib.resources import files

from protocols.contract import Point, Quality, Sample, Value
from protocols.snmp import codec
from protocols.snmp.codec import Binding, Oid, oid
from protocols.snmp.exchange import number, spoilt, text
from protocols.snmp.identity import enterprise_oid
from protocols.snmp.walk import Harvest, Row, Table

_NUMERIC = re.compile(r"^\s*([+-]?\d+(?:[.,]\d+)?)\s*(?:[°%A-Za-z].{0,8})?$")
_SCALE = re.compile(r"raw value x ([\d.e+-]+)")
_NOTHING = re.compile(r"not measured: ([-<\d ]+)$")
_NOT_MEASURED = "not measured"
_OUT_OF_RANGE = "out of range"
_MOST_UPS_VOLTS = 1_000
# RFC 1628: upsInputVoltage, upsOutputVoltage, upsBypassVoltage: RMS volts
_UPS_VOLTS = tuple(oid(f"1.3.6.1.2.1.33.1.{at}") for at in ("3.3.1.3", "4.4.1.2", "5.3.1.2"))
# Raritan PDU2-MIB: SensorUnitsEnumeration, volt(1) first
_RARITAN = {1: "VLT", 2: "AMP", 3: "WTT", 4: "D46", 5: "WHR", 7: "CEL", 8: "HTZ", 9: "P1",
            14: "FAH", 19: "RPM", 23: "D44", 31: "KEL"}  # fmt: skip
# What a Raritan sensor is: the last arc of its index (SensorTypeEnumeration)
_RARITAN_KINDS = {1: "current", 2: "peak current", 3: "unbalanced current", 4: "voltage",
                  5: "active power", 6: "apparent power", 7: "power factor", 8: "active energy",
                  9: "apparent energy", 23: "frequency", 24: "phase angle", 25: "voltage L-N",
                  26: "residual current", 29: "reactive power",
                  35: "displacement power factor"}  # fmt: skip
# AKCP SPAGENT-MIB: a code in one series of devices, a letter in the other
_AKCP = {"0": "FAH", "1": "CEL", "F": "FAH", "C": "CEL"}
# HW group, sensUnit: POSEIDON-MIB counts from 0, STE-MIB from 1
_HWG = {"0": "CEL", "1": "FAH", "2": "KEL", "3": "P1"}
_HWG_STE = {"1": "CEL", "2": "FAH", "3": "KEL", "4": "P1"}
_CODES = {
    "@raritan": {str(code): unit for code, unit in _RARITAN.items()},
    "@akcp": _AKCP,
    "@hwg": _HWG,
    "@hwg-ste": _HWG_STE,
}
# RFC 3433: EntitySensorDataType, EntitySensorStatus
_KINDS = {
    3: "VLT",
    4: "VLT",
    5: "AMP",
    6: "WTT",
    7: "HTZ",
    8: "CEL",
    9: "P1",
    10: "RPM",
    11: "m3/min",
}
_TRUTH, _TRUTHS = 12, {1: "true", 2: "false"}  # truthvalue(12); RFC 2579: TruthValue
ENUMERATION = "Enumeration"  # the type of a state: its number is a name, no quantity
_UNITS_SCALE = 9
_OVERFLOW = 1_000_000_000
_NOT_THERE = frozenset({2**31 - 1, -(2**31 - 1), -(2**31), 2**32 - 1})
"""32 bits at their end: what agents hold where nothing is measured. Meters count on beyond 2^31."""
# What cannot be below zero, whoever says so
_NEVER_NEGATIVE = frozenset({"HTZ", "RPM", "KWH", "WHR", "P1", "SEC", "MIN"})
_BELOW_ZERO = "<0"  # in the column `nothing`: the module says so of every negative number
MOST_COLUMNS = 10
"""Columns that one request asks for: old agents refuse longer lists."""
_STATUS = {
    1: (Quality.GOOD, "ok"),
    2: (Quality.BAD, "unavailable"),
    3: (Quality.BAD, "nonoperational"),
}


@dataclass(frozen=True, slots=True)
class Sensor:
    """One line of `sensors.csv`, made for one agent."""

    value: Oid
    label: str
    label_column: Oid
    unit: str
    scale: float
    units_column: Oid
    digits_column: Oid
    nothing: tuple[str, ...] = ()  # the raw numbers that mean "not measured"; "<0": all below zero
    words: Mapping[int, str] = field(default_factory=dict)  # of a state: its numbers' meanings

    @property
    def columns(self) -> tuple[Oid, ...]:
        """The columns to walk together."""
        asked = (self.value, self.label_column, self.units_column, self.digits_column)
        return tuple(c for c in asked if c)


@cache
def _lines() -> tuple[tuple[str, ...], ...]:
    content = files(__package__).joinpath("sensors.csv").read_text("utf-8")
    rows = csv.reader(line for line in content.splitlines() if not line.startswith("#"))
    return tuple(tuple(row) for row in rows)


@cache
def states() -> tuple[tuple[str, ...], ...]:
    """The rows of `states.csv`: object, value, label, codes, the object's name in its module."""
    content = files(__package__).joinpath("states.csv").read_text("utf-8")
    rows = csv.reader(line for line in content.splitlines() if not line.startswith("#"))
    return tuple(tuple(row) for row in rows)


def sensors_for(object_id: Oid, *, served: bool = False) -> tuple[Sensor, ...]:
    """The objects that an agent with this object id may hold, what is measured first.

    `served`: it is a maker's whole subtree, of which no branch names the device.
    """

    def its(line: tuple[str, ...]) -> bool:
        return line[0] == "*" or _of(object_id, enterprise_oid(line[0]), served)

    measured = (_sensor(line, object_id) for line in _lines() if its(line))
    return (*measured, *(_state(line, object_id) for line in states() if its(line)))


def _state(line: tuple[str, ...], object_id: Oid) -> Sensor:
    top, value, label, codes, _ = line
    words = (code.partition("=") for code in codes.split())
    plain = _sensor((top, value, label, "", "1", "", "", ""), object_id)
    return replace(plain, words={int(number): word for number, _, word in words})


def _of(object_id: Oid, top: Oid, served: bool) -> bool:
    shorter = min(len(object_id), len(top)) if served else len(top)
    return object_id[:shorter] == top[:shorter]


def _sensor(line: tuple[str, ...], object_id: Oid) -> Sensor:
    _, value, label, unit, scale, units, digits, nothing = line
    column, _, words = label[1:].partition(" ") if label.startswith("@") else ("", "", label)
    return Sensor(
        (*object_id, *oid(value[1:])) if value.startswith("+") else enterprise_oid(value),
        words,
        enterprise_oid(column) if column else (),
        unit,
        float(scale),
        enterprise_oid(units) if units else (),
        enterprise_oid(digits) if digits else (),
        tuple(nothing.split()),
    )


def numeric(binding: Binding) -> float | None:
    """A number, or a text that begins with one ("21.5 C"); None for anything else."""
    found = number(binding)
    if found is not None:
        return float(found)
    match = _NUMERIC.match(text(binding)[:32])
    return float(match[1].replace(",", ".")) if match else None


def rounded(value: float) -> Value:
    """The value without the noise of a decimal scale; an integer where it is one."""
    kept = float(f"{value:.10g}")
    return int(kept) if kept.is_integer() else kept


def walks(wanted: Iterable[Sensor]) -> Iterator[Table]:
    """The walks that read all rows of these sensors: those of one table together, so that a page
    holds whole rows and costs one request, in the order of the first of each."""
    tables: dict[Oid, list[list[Sensor]]] = {}
    for sensor in wanted:
        entry = sensor.value[:-1]
        together = all(column[:-1] == entry for column in sensor.columns)
        groups = tables.setdefault(entry if together else sensor.value, [[]])
        if groups[-1] and len(_columns((*groups[-1], sensor))) > MOST_COLUMNS:
            groups.append([])
        groups[-1].append(sensor)
    for group in (tuple(group) for groups in tables.values() for group in groups):
        name = codec.dotted(group[0].value)
        yield Table(name, _columns(group), partial(_read_all, group))


def _columns(group: Iterable[Sensor]) -> tuple[Oid, ...]:
    return tuple(dict.fromkeys(column for sensor in group for column in sensor.columns))


def _read_all(group: Sequence[Sensor], index: Oid, row: Row) -> Harvest:
    found = [read(sensor, index, row) for sensor in group]
    points = tuple(point for one in found for point in one.points)
    return Harvest((), points, tuple(sample for one in found for sample in one.samples))


def read(sensor: Sensor, index: Oid, row: Row) -> Harvest:
    """Point and sample of one row; nothing where there is no number."""
    binding = row.get(sensor.value)
    raw = numeric(binding) if binding is not None and not binding.missing else None
    if binding is None or raw is None or spoilt(row.get(sensor.digits_column)):
        return Harvest()
    digits = number(row.get(sensor.digits_column)) if sensor.digits_column else 0
    scale = sensor.scale * 10.0 ** -min(max(digits or 0, -12), 12)
    unit = sensor.unit
    if unit in _CODES:
        unit = _coded(_CODES[unit], row.get(sensor.units_column))
    if not _measured(raw, unit, sensor.nothing):
        return Harvest()
    words = _called(sensor, index, row)
    if sensor.words:
        return _stood(binding, words, sensor.words, raw)
    read_out = harvest(binding, words, unit, scale, raw, nothing=sensor.nothing)
    return replace(
        read_out, samples=tuple(_plausible(binding.oid, one) for one in read_out.samples)
    )


def _plausible(held: Oid, sample: Sample) -> Sample:
    """The sample; without its value where it cannot be volts, as UPS-MIB has them.

    Agents of several makers give tenths there (recorded: MGE Galaxy 7000, Alpha CXC). Above 1 000 V
    begins medium voltage: 2 303 is no value then, and nobody says that 230.3 is one.
    """
    if held[: len(_UPS_VOLTS[0])] not in _UPS_VOLTS or not isinstance(sample.value, int | float):
        return sample
    if sample.value <= _MOST_UPS_VOLTS:
        return sample
    return replace(sample, value=None, quality=Quality.BAD, status=_OUT_OF_RANGE)


def _called(sensor: Sensor, index: Oid, row: Row) -> str:
    """The row's own words and what is measured there; its index where it has no words."""
    own = text(row.get(sensor.label_column))
    if own:
        return f"{own} {sensor.label}".strip()
    kind = _RARITAN_KINDS.get(index[-1], "") if sensor.unit == "@raritan" else ""
    if kind and len(index) > 1:
        return f"{sensor.label} {codec.dotted(index[:-1])} {kind}"
    instance = "" if index == (0,) else f" {codec.dotted(index)}"
    return (sensor.label or "sensor") + instance


def _measured(raw: float, unit: str, nothing: tuple[str, ...]) -> bool:
    """Whether a number is a value: a battery's voltage may be below zero, a frequency not."""
    if raw < 0 and (unit in _NEVER_NEGATIVE or _BELOW_ZERO in nothing):
        return False
    whole = f"{raw:.0f}" if raw.is_integer() else ""
    return raw not in _NOT_THERE and whole not in nothing


def _stood(binding: Binding, name: str, words: Mapping[int, str], raw: float) -> Harvest:
    """A state: its number, what the numbers mean, and the word of the moment."""
    address = codec.dotted(binding.oid)
    meanings = ", ".join(f"{number} {word}" for number, word in sorted(words.items()))
    point = Point(address, name, type=ENUMERATION, access="r", description=f"states: {meanings}")
    value = rounded(raw)
    sample = Sample(address, value, status=words.get(int(raw), "") if raw.is_integer() else "")
    return Harvest((), (point,), (sample,))


def _coded(codes: Mapping[str, str], said: Binding | None) -> str:
    """The unit that another column states; "" for none that is known: a value without its unit."""
    if said is None or said.missing:
        return ""
    found = number(said)
    return codes.get(text(said) if found is None else str(found), "")


def harvest(
    binding: Binding,
    name: str,
    unit: str,
    scale: float,
    raw: float | None,
    quality: Quality = Quality.GOOD,
    status: str = "",
    nothing: tuple[str, ...] = (),
) -> Harvest:
    """The point and its sample."""
    address = codec.dotted(binding.oid)
    absent = " ".join(nothing)
    point = Point(
        address,
        name,
        unit=unit,
        type=binding.type,
        access="r",
        description=f"raw value x {scale:g}" + (f", not measured: {absent}" if absent else ""),
        encoding=f"scale={scale:g}" if scale != 1 else "",
    )
    value = None if raw is None else rounded(raw * scale)
    return Harvest((), (point,), (Sample(address, value, quality, status),))


def scale_of(point: Point) -> float:
    """The scale that the point's description states."""
    match = _SCALE.search(point.description)
    return float(match[1]) if match else 1.0


def status_beside(held: Oid) -> Oid:
    """Where ENTITY-SENSOR-MIB has the status of the value at `held`; () for any other value."""
    entity, column = ENTITY_SENSOR, SENSOR[3]
    return (*entity, 5, *held[len(column) :]) if held[: len(column)] == column else ()


def again(point: Point, binding: Binding, status: Binding | None = None) -> Sample | None:
    """What a later answer says of a point, by the rules of the first; None where it is no number.

    A value that means "not measured" is a bad sample and not left out: the point was read before.
    """
    raw = numeric(binding)
    quality, word = _STATUS.get(
        number(status) or 1, (Quality.UNCERTAIN, f"status {number(status)}")
    )
    if quality is Quality.BAD and not binding.spoilt:
        return Sample(point.address, None, quality, word)
    if raw is None or binding.spoilt:
        return None
    if point.type == ENUMERATION:
        named = re.search(rf"(?:^states:|,) {raw:.0f} ([^,]+)", point.description)
        return Sample(point.address, rounded(raw), status=named[1] if named else "")
    said = _NOTHING.search(point.description)
    if not _measured(raw, point.unit, tuple(said[1].split()) if said else ()):
        return Sample(point.address, None, Quality.BAD, _NOT_MEASURED)
    if binding.oid[: len(ENTITY_SENSOR)] == ENTITY_SENSOR and abs(raw) >= _OVERFLOW:
        return Sample(point.address, None, Quality.BAD, _OUT_OF_RANGE)
    value = rounded(raw * scale_of(point))
    if quality is Quality.UNCERTAIN:
        return Sample(point.address, value, quality, word)
    return _plausible(binding.oid, Sample(point.address, value))


# ---- ENTITY-SENSOR-MIB (RFC 3433)

ENTITY_SENSOR: Oid = oid("1.3.6.1.2.1.99.1.1.1")
SENSOR = tuple((*ENTITY_SENSOR, n) for n in (1, 2, 3, 4, 5, 6))


def entity_table(names: Mapping[Oid, str]) -> Table:
    """The walk over entPhySensorTable; names come from entPhysicalTable by the same index."""
    return Table("entPhySensorTable", SENSOR, lambda i, row: read_entity(i, row, names))


def read_entity(index: Oid, row: Row, names: Mapping[Oid, str]) -> Harvest:
    """A sensor with scale, precision and status applied. Status 2 and 3 prove that it exists."""
    binding = row.get(SENSOR[3])
    if binding is None or any(spoilt(row.get(c)) for c in SENSOR[1:4]):
        return Harvest()  # a number whose scale is lost is no value
    kind, scale, precision, raw, status = (number(row.get(c)) for c in SENSOR[:5])
    exponent = 3 * ((scale if scale is not None else _UNITS_SCALE) - _UNITS_SCALE)
    # Below zero it counts accurate digits: a fan told to the nearest hundred reads 4200 (RFC 3433).
    exponent -= min(max(precision or 0, 0), 9)
    quality, word = _STATUS.get(status or 1, (Quality.UNCERTAIN, f"status {status}"))
    if spoilt(row.get(SENSOR[4])):
        quality, word = Quality.UNCERTAIN, "status malformed"
    out_of_range = raw is None or abs(raw) >= _OVERFLOW
    if out_of_range and quality is Quality.GOOD:
        quality, word = Quality.BAD, _OUT_OF_RANGE
    unit = _KINDS.get(kind or 0, "") or text(row.get(SENSOR[5]))
    value = None if out_of_range or quality is Quality.BAD or raw is None else float(raw)
    name = names.get(index) or f"sensor {codec.dotted(index)}"
    if kind == _TRUTH and value is not None:
        return _stood(binding, name, _TRUTHS, value)
    return harvest(
        binding, name, unit, math.pow(10.0, min(max(exponent, -30), 30)), value, quality, word
    )


# ---- Rittal CMC III: every variable with its own name, unit and scale (RITTAL-CMC-III-MIB)

CMC: Oid = enterprise_oid("2606.7")
CMC_VARIABLE = tuple((*CMC, 4, 2, 2, 1, n) for n in (3, 4, 5, 7, 11))
_CMC_VALUE = 2  # cmcIIIVarType: value
# The module's example is "degree C", and so recordings say it.
_CMC_UNITS = {"degree C": "CEL", "degree F": "FAH", "°C": "CEL", "C": "CEL", "°F": "FAH",
              "%": "P1", "V": "VLT", "A": "AMP", "mA": "4K", "W": "WTT", "Hz": "HTZ", "VA": "D46",
              "kWh": "KWH", "l/min": "L2", "s": "SEC"}  # fmt: skip


def cmc_table() -> Table:
    """The walk over the variables of a Rittal CMC III."""
    return Table("cmcIIIVarTable", CMC_VARIABLE, read_cmc)


def read_cmc(_index: Oid, row: Row) -> Harvest:
    """A variable of type value; a negative scale divides, a positive one multiplies."""
    binding, name = row.get(CMC_VARIABLE[4]), text(row.get(CMC_VARIABLE[0]))
    raw, given = number(binding), number(row.get(CMC_VARIABLE[3])) or 1
    if binding is None or raw is None or number(row.get(CMC_VARIABLE[1])) != _CMC_VALUE:
        return Harvest()
    if spoilt(row.get(CMC_VARIABLE[3])):
        return Harvest()
    scale = 1 / -given if given < 0 else float(given)
    unit = text(row.get(CMC_VARIABLE[2]))
    return harvest(binding, name, _CMC_UNITS.get(unit, unit), scale, float(raw))
