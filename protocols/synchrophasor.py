"""IEEE C37.118 as overheard: PMUs and their station names.

    AA · type 1 · size 2 · id 2 · second 4 · fraction 4 · [configuration: base 4 · PMUs 2 ·
    station 16 · id 2 · format 2 · phasors 2 · analogs 2 · digitals 2 · channel names 16 each ·
    units 4 each · nominal frequency 2 · count 2] · check sum 2

A data frame has values only, in the order and form of the last configuration of the same source.

Source: IEEE C37.118.2-2011, 6.2 to 6.4.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from protocols._cursor import Cursor, printable, text
from protocols.contract import (
    Fact,
    Foreign,
    Garbled,
    Overheard,
    Point,
    Quality,
    Question,
    Sample,
    Segment,
)
from protocols.passive import OTHER, READ, Passive, Use

COMMANDS = {1: "data off", 2: "data on", 3: "send header", 4: "send configuration 1",
            5: "send configuration 2", 6: "send configuration 3"}  # fmt: skip
COMMAND = 4
SENT = 3
CONFIGURATIONS = frozenset({2, SENT})
MOST_STATIONS, MOST_CHANNELS = 32, 256
CLOCK_FAILED = 0x0F  # 6.2.2: the clock is not to be relied on
FINE = (Quality.GOOD, "")
STATUS = (
    (0xC000, 0x4000, Quality.BAD, "pmu_error"),
    (0xC000, 0x8000, Quality.BAD, "test_mode"),
    (0xC000, 0xC000, Quality.BAD, "do_not_use"),
    (0x0200, 0x0200, Quality.UNCERTAIN, "modified"),
)
"""STAT (6.3): mask, what it then is, what that makes of the values, the standard's word."""


def frame(data: bytes) -> int | None:
    """Length of the frame."""
    if len(data) < 4:
        return None
    if not recognise(data):
        raise Foreign("expected a synchrophasor frame 0xAA")
    return int.from_bytes(data[2:4])


def recognise(data: bytes) -> bool:
    """Sync byte, a known type and version, and a size that can be."""
    return (
        len(data) >= 4
        and data[0] == 0xAA
        and data[1] & 0x8F in (1, 2, 3)
        and data[1] >> 4 <= 5
        and int.from_bytes(data[2:4]) >= 16
    )


def uses(data: bytes) -> tuple[Use, ...]:
    """A command to the PMU."""
    if data[1] >> 4 != COMMAND or len(data) < 16:
        return ()
    code = int.from_bytes(data[14:16])
    name = COMMANDS.get(code, f"command {code}")
    return (Use(name, READ if code in COMMANDS else OTHER),)


@dataclass(frozen=True, slots=True)
class Station:
    """One PMU of a configuration: how its part of a data frame is written."""

    part: str
    name: str
    form: int  # bit 0 polar, 1 phasors, 2 analogs, 3 frequency as floating point (6.4, FORMAT)
    channels: tuple[str, ...]  # phasors, then analogs
    scales: tuple[int, ...]  # of the phasors: kind in the top byte, 10^-5 V or A in the others
    digitals: int
    nominal: int  # Hz

    @property
    def phasors(self) -> int:
        """How many there are."""
        return len(self.scales)


def stations(data: bytes) -> tuple[Station, ...]:
    """The PMUs of a configuration frame 1 or 2; those that the bytes hold whole."""
    cursor, found = Cursor(data, 18), []
    for _ in range(min(cursor.u16(), MOST_STATIONS)):
        try:
            found.append(_station(cursor))
        except Garbled:
            break
    return tuple(found)


def _station(cursor: Cursor) -> Station:
    raw = cursor.take(16)
    part, form = f"pmu {cursor.u16()}", cursor.u16()
    phasors, analogs, digitals = cursor.u16(), cursor.u16(), cursor.u16()
    if phasors + analogs > MOST_CHANNELS or digitals > MOST_CHANNELS:
        raise Garbled("more channels than a PMU has")
    channels = tuple(text(cursor.take(16)) for _ in range(phasors + analogs))
    cursor.skip(16 * 16 * digitals)
    scales = tuple(cursor.u32() for _ in range(phasors))
    cursor.skip(4 * (analogs + digitals))
    nominal = 50 if cursor.u16() & 1 else 60
    cursor.skip(2)
    name = text(raw) if printable(raw) else ""
    return Station(part, name, form, channels, scales, digitals, nominal)


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """Stations and channel names of a configuration frame."""
    kind = segment.payload[1] >> 4
    if kind not in CONFIGURATIONS:
        role = (Fact("role", "pmu", "sends synchrophasor data"),) if kind == 0 else ()
        return (Overheard(segment.source, Question("synchrophasor", "data"), role),) if role else ()
    facts: list[Fact] = []
    points: list[Point] = []
    for one in stations(segment.payload):
        own = "" if not facts else one.part
        facts.append(Fact("name", one.name, "C37.118 configuration", own))
        points += _points(one)
    facts.append(Fact("role", "pmu", "C37.118 configuration"))
    kept = tuple(fact for fact in facts if fact.value)
    question = Question("synchrophasor", "configuration")
    return (Overheard(segment.source, question, kept, tuple(points)),)


def _points(one: Station) -> Iterator[Point]:
    for index, channel in enumerate(one.channels):
        if index < one.phasors:
            unit = "A" if one.scales[index] >> 24 == 1 else "V"
            yield Point(f"phasor:{index}", channel, type="phasor", unit=unit, part=one.part)
        else:
            yield Point(f"analog:{index}", channel, type="analog", part=one.part)
    yield Point("frequency", "Frequency", type="float32", unit="Hz", part=one.part)


def is_configuration(data: bytes) -> bool:
    """Whether data frames that follow are to be read by this one."""
    return data[1] >> 4 in CONFIGURATIONS


def recall(kept: Sequence[Segment], segment: Segment) -> tuple[Overheard, ...]:
    """The values of a data frame, by the last configuration of its source that fits its length: the
    second one, which says what is sent, before the first, which says what could be (6.4)."""
    data = segment.payload
    if data[1] >> 4 != 0:
        return ()
    best_last = sorted(kept, key=lambda one: one.payload[1] >> 4 == SENT)
    for known in reversed(best_last):
        same = known.payload[4:6] == data[4:6]
        if same and (found := tuple(_values(known.payload, data))):
            told = Question("synchrophasor", "data")
            return (Overheard(segment.source, told, samples=found),)
    return ()


def _values(configuration: bytes, data: bytes) -> Iterator[Sample]:
    known = stations(configuration)
    if 16 + sum(map(_length, known)) != len(data):
        return
    cursor, when = Cursor(data, 14), _moment(configuration, data)
    for one in known:
        status = cursor.u16()
        quality, word = next(((q, w) for mask, is_, q, w in STATUS if status & mask == is_), FINE)
        if (
            status & 0x2000 and quality is Quality.GOOD
        ):  # its clock is not in step: so are its times
            quality, word = Quality.UNCERTAIN, "not_synchronised"
        for point, value in _measured(cursor, one):
            good = math.isfinite(value)
            yield Sample(
                point, value if good else None, quality if good else Quality.BAD,
                word if good else "not a number", one.part, when,
            )  # fmt: skip


def _length(one: Station) -> int:
    phasor, analog, other = (4 if one.form & bit else 2 for bit in (2, 4, 8))
    analogs = len(one.channels) - one.phasors
    return 2 + 2 * phasor * one.phasors + 2 * other + analog * analogs + 2 * one.digitals


def _measured(cursor: Cursor, one: Station) -> Iterator[tuple[str, float]]:
    """Magnitudes, frequency and analogs that have a meaning without a paper: as floating point."""
    for index, scale in enumerate(one.scales):
        if one.form & 2:
            first, second = struct.unpack(">ff", cursor.take(8))
            unit = 1.0
        else:
            first, second = struct.unpack(">Hh" if one.form & 1 else ">hh", cursor.take(4))
            unit = (scale & 0xFFFFFF) * 1e-5
        yield f"phasor:{index}", (first if one.form & 1 else math.hypot(first, second)) * unit
    if one.form & 8:
        yield "frequency", struct.unpack(">ff", cursor.take(8))[0]
    else:
        yield "frequency", one.nominal + struct.unpack(">hh", cursor.take(4))[0] / 1000
    for index in range(one.phasors, len(one.channels)):
        if one.form & 4:
            yield f"analog:{index}", struct.unpack(">f", cursor.take(4))[0]
        else:
            cursor.skip(2)  # an integer: its scale is "defined by the user" (6.4, ANUNIT)
    cursor.skip(2 * one.digitals)


def _moment(configuration: bytes, data: bytes) -> datetime | None:
    """The time of the measurement, UTC; None where the source says that its clock is wrong."""
    base = int.from_bytes(configuration[15:18])
    if data[10] & 0x0F == CLOCK_FAILED or not base:
        return None
    second, fraction = int.from_bytes(data[6:10]), int.from_bytes(data[11:14]) / base
    return datetime.fromtimestamp(second, UTC) + timedelta(seconds=min(fraction, 1.0))


def side(data: bytes) -> str:
    """Who speaks: only commands go to a PMU."""
    return "client" if data[1] >> 4 == COMMAND else "server"


def alike(data: bytes) -> bytes:
    """Type and source; configurations and commands in full but for their time."""
    return data[1:2] + data[4:6] + (b"" if data[1] >> 4 == 0 else data[14:-2])


PASSIVE = Passive(
    "synchrophasor",
    "IEEE C37.118",
    decode,
    transports=("tcp", "udp"),
    ports=(4712, 4713),
    frame=frame,
    uses=uses,
    alike=alike,
    side=side,
    remember=is_configuration,
    announces=True,
    recall=recall,
    recognise=recognise,
    proof=lambda data: recognise(data) and int.from_bytes(data[2:4]) == len(data),
    least=16,
)
