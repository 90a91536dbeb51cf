"""Makes observations and declarations for the tests of this folder, in few words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from inventory.model import Declaration, Kind
from protocols.contract import (
    Fact,
    Observation,
    Outcome,
    Point,
    Question,
    Sample,
    Target,
    digest,
)

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
SITE = "plant"


def observed(
    address: str,
    facts: Mapping[str, object] | None = None,
    *,
    part: str = "",
    at: float = 0.0,
    scan: str = "scan-1",
    protocol: str = "modbus",
    operation: str = "43/14",
    port: int = 502,
    transport: str = "tcp",
    outcome: Outcome = Outcome.COMPLETE,
    source: str = "",
    points: tuple[str, ...] = (),
    values: tuple[object, ...] = (),
    raw: bytes = b"",
    origin: str = "scan",
    reason: str = "",
    site: str = SITE,
) -> Observation:
    """One observation at `at` seconds after the start; points get values as far as given."""
    said = source or f"{protocol} {operation}"
    return Observation(
        scan=scan,
        vantage="here",
        target=Target(site, address, transport, port),
        question=Question(protocol, operation, part),
        outcome=outcome,
        time=START + timedelta(seconds=at),
        sequence=int(at * 10),
        reason=reason,
        facts=tuple(Fact(name, value, said, part) for name, value in (facts or {}).items()),  # type: ignore[arg-type]
        points=tuple(Point(name, name=name, part=part) for name in points),
        samples=tuple(
            Sample(name, value, part=part)  # type: ignore[arg-type]
            for name, value in zip(points, values, strict=False)
        ),
        raw=raw,
        digest=digest(raw),
        origin=origin,
    )


def stated(kind: Kind, subject: str, site: str = SITE, **fields: str) -> Declaration:
    """One declaration; a trailing underscore of a field name is dropped (`class_`)."""
    tidy = {name.rstrip("_"): value for name, value in fields.items()}
    return Declaration(site, kind, subject, tidy, author="somebody", document="register.csv")


def listed(**fields: str) -> Declaration:
    """One register row."""
    return stated(Kind.REGISTER, fields.get("tag") or fields.get("address", ""), **fields)
