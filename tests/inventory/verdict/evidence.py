"""Builders of evidence for verdict tests: small, explicit, nothing of ours is patched."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from inventory.judge.context import Context
from inventory.judge.survey import survey
from inventory.model import Device, Evidence, RegisterRow
from protocols.contract import Fact, Observation, Outcome, Point, Question, Sample, Target

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ADDRESS = "192.0.2.10"
PORTS = {"opcua": 4840, "modbus": 502, "s7comm": 102, "snmp": 161, "ethernetip": 44818}
_numbers = itertools.count()


def seen(
    protocol: str,
    outcome: Outcome,
    operation: str = "identify",
    *,
    reason: str = "",
    address: str = ADDRESS,
    part: str = "",
    seconds: float = 0.0,
    scan: str = "scan-1",
    vantage: str = "here",
    credential: str = "",
    facts: tuple[Fact, ...] = (),
    points: tuple[Point, ...] = (),
    samples: tuple[Sample, ...] = (),
    origin: str = "scan",
    port: int | None = None,
    transport: str = "",
) -> Observation:
    """One observation, one hour ago plus `seconds`."""
    transport = transport or ("udp" if protocol == "snmp" else "tcp")
    number = PORTS.get(protocol, 9) if port is None else port
    return Observation(
        scan,
        vantage,
        Target("site", address, transport, number),
        Question(protocol, operation, part),
        outcome,
        NOW - timedelta(hours=1) + timedelta(seconds=seconds),
        sequence=next(_numbers),
        reason=reason,
        credential=credential,
        facts=facts,
        points=points,
        samples=samples,
        origin=origin,
    )


def device(key: str = "device-1", **fields: object) -> Device:
    """A device at the test address."""
    return Device(key, "site", addresses=(ADDRESS,), **fields)  # type: ignore[arg-type]


def evidence(*observations: Observation, about: Device | None = None) -> Evidence:
    """Evidence of one device; points and samples are those of the observations."""
    about = about or device()
    points = tuple(point for item in observations for point in item.points)
    samples = tuple(sample for item in observations for sample in item.samples)
    return Evidence(about, observations, points, samples)


def row(tag: str = "P-101", **fields: str) -> RegisterRow:
    """A register row with owner, criticality and area filled."""
    usual = {"owner": "maintenance", "criticality": "C2", "area": "area 1"}
    usual |= {"document": "register.csv sha256:5eed", "declaration": "statement-1"}
    return RegisterRow(tag=tag, **{**usual, **fields})


def context(*items: Evidence, **changes: object) -> Context:
    """The context of a site that holds these devices."""
    from dataclasses import replace

    return replace(survey(items, today=NOW), **changes)  # type: ignore[arg-type]
