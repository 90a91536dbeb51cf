"""IEEE C37.118 as overheard: PMUs and their station names.

    AA · type 1 · size 2 · id 2 · second 4 · fraction 4 · [configuration: base 4 · PMUs 2 ·
    station 16 · id 2 · format 2 · phasors 2 · analogs 2 · digitals 2 · channel names 16 each]

Source: IEEE C37.118.2-2011, 6.2 and 6.4.
"""

from __future__ import annotations

from protocols._cursor import Cursor, printable, text
from protocols.contract import Fact, Foreign, Overheard, Point, Question, Segment
from protocols.passive import OTHER, READ, Passive, Use

COMMANDS = {1: "data off", 2: "data on", 3: "send header", 4: "send configuration 1",
            5: "send configuration 2", 6: "send configuration 3"}  # fmt: skip
COMMAND = 4


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


def decode(segment: Segment) -> tuple[Overheard, ...]:
    """Stations and channel names of a configuration frame."""
    data = segment.payload
    kind = data[1] >> 4
    if kind not in (2, 3):
        role = (Fact("role", "pmu", "sends synchrophasor data"),) if kind == 0 else ()
        return (Overheard(segment.source, Question("synchrophasor", "data"), role),) if role else ()
    cursor = Cursor(data, 18)
    facts: list[Fact] = []
    points: list[Point] = []
    for _ in range(min(cursor.u16(), 32)):
        station = cursor.take(16)
        name = text(station) if printable(station) else ""
        part = f"pmu {cursor.u16()}"
        shape = cursor.u16()
        phasors, analogs, digitals = cursor.u16(), cursor.u16(), cursor.u16()
        facts.append(Fact("name", name, "C37.118 configuration", "" if not facts else part))
        for index in range(min(phasors + analogs, 256)):
            channel = text(cursor.take(16))
            kind_of = "phasor" if index < phasors else "analog"
            points.append(Point(f"{kind_of}:{index}", name=channel, type=kind_of, part=part))
        if phasors + analogs > 256:
            break
        cursor.skip(min(digitals, 64) * 16 * 16)
        cursor.skip(4 * (phasors + analogs + digitals) + 4)
        del shape
    facts.append(Fact("role", "pmu", "C37.118 configuration"))
    kept = tuple(fact for fact in facts if fact.value)
    question = Question("synchrophasor", "configuration")
    return (Overheard(segment.source, question, kept, tuple(points)),)


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
    recognise=recognise,
    proof=lambda data: recognise(data) and int.from_bytes(data[2:4]) == len(data),
    least=16,
)
