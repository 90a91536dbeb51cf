"""Time and memory of the verdict for 1 000, 10 000 and 100 000 assets with 20 points each.

One rule keeps it simple: evidence is made as it is asked for and never held, as the store gives
it; making it is timed apart and taken off (CPU seconds).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.derive import peak_megabytes
from inventory.fixes import plan_fixes
from inventory.judge.site import judge_site
from inventory.model import Device, Equipment, Evidence, Finding, Link, Service
from inventory.rollup import Unit, roll_up
from protocols.contract import (
    Fact,
    Observation,
    Outcome,
    Point,
    Quality,
    Question,
    Sample,
    Target,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SEEN = NOW - timedelta(hours=2)
POINTS = 20
WORDS = ("Temperature", "Pressure", "Current", "Vibration", "Speed", "Flow", "Level", "Power")
UNITS = ("CEL", "BAR", "AMP", "C16", "RPM", "MQH", "MTR", "KWT")
MOST_PLANNED = 20_000  # findings that the fix planner is timed with
SIZES = (1_000, 10_000, 100_000)


def evidence(number: int) -> Evidence:
    """One device: a third speak OPC UA, a third Modbus without a map, a third S7 alone."""
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    kind = number % 3
    key = f"device-{number}"
    facts = (Fact("vendor", "Maker", "test"), Fact("serial", f"S{number}", "test"))
    points: tuple[Point, ...] = ()
    samples: tuple[Sample, ...] = ()
    if kind < 2:
        points = tuple(
            Point(
                f"nsu=urn:x;s={number}.{place}" if kind == 0 else f"holding:{place}",
                f"{WORDS[place % 8]}_{number % 97}_{place}" if kind == 0 else "",
                "Objects/Line",
                UNITS[place % 8] if kind == 0 else "",
                "Double" if kind == 0 else "uint16",
                "r",
            )
            for place in range(POINTS)
        )
        samples = tuple(
            Sample(point.address, 20.0 + place, Quality.GOOD, "Good", received_time=SEEN)
            for place, point in enumerate(points)
        )
    names = ("opcua", "modbus", "s7comm")
    ports = (4840, 502, 102)
    observations = tuple(
        Observation(
            "scan", "here", Target("site", address, "tcp", ports[place]),
            Question(names[place], "browse" if place == 0 else "read"),
            Outcome.COMPLETE if place == kind else Outcome.CLOSED,
            SEEN, facts=facts if place == kind else (),
            points=points if place == kind else (), samples=samples if place == kind else (),
        )
        for place in range(3)
    )  # fmt: skip
    services = (Service(names[kind], "tcp", ports[kind], Outcome.COMPLETE, address),)
    device = Device(
        key, "site", f"D{number}", "plc", "Maker", f"Model {kind}", firmware="1.0",
        serial=f"S{number}", addresses=(address,), services=services, facts=facts,
    )  # fmt: skip
    return Evidence(device, observations, points, samples)


def site(size: int) -> Iterator[Evidence]:
    """All devices, made one after the other."""
    return (evidence(number) for number in range(size))


def machines(size: int) -> list[Equipment]:
    """A machine for every fifth device."""
    return [
        Equipment(
            f"machine-{number}", "site", f"M-{number}", cls="motor", criticality="C3",
            links=(Link(f"M-{number}", f"device-{number}", complete=True),), links_complete=True,
        )
        for number in range(0, size, 5)
    ]  # fmt: skip


def measure(size: int) -> str:
    """One line of the table."""
    begin = time.process_time()
    for _ in range(2):
        for _item in site(size):
            pass
    making = time.process_time() - begin
    begin = time.process_time()
    findings: list[Finding] = []
    questions = gaps = 0
    units: list[Unit] = []
    for verdict in judge_site(lambda: site(size), machines(size), (), NOW, "site"):
        gaps += len(verdict.findings)
        if len(findings) < MOST_PLANNED:
            findings += verdict.findings
        questions += len(verdict.questions)
        units.append(Unit(verdict.level, scopes={"site": "site"}, category=verdict.category))
    roll_up(units)
    judging = time.process_time() - begin
    begin = time.process_time()
    fixes = plan_fixes(findings)
    planning = time.process_time() - begin
    peak = peak_megabytes()
    return (
        f"{size:>7} assets {size * POINTS * 2 // 3:>8} points  making {making:6.1f} s"
        f"  judging {judging - making:6.1f} s ({(judging - making) / size * 1e6:5.0f} us an asset)"
        f"  {gaps} gaps {questions} questions  {len(fixes)} fixes in {planning:.1f} s"
        f"  peak {peak:.0f} MB  Python {sys.version.split()[0]}"
    )


def main() -> None:
    """Prints one line per size; growth should be linear."""
    sizes = [int(text) for text in sys.argv[1:]] or list(SIZES)
    for size in sizes:
        print(measure(size), flush=True)


if __name__ == "__main__":
    main()
