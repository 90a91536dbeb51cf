"""Random evidence of devices with doors, facts, points, units behind gateways, and machines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import strategies as st

from inventory.judge.context import Context
from inventory.model import Device, Equipment, Evidence, Link, RegisterRow
from protocols.contract import Fact, Observation, Outcome, Point, Quality, Sample
from tests.inventory.verdict.evidence import NOW, context, device, evidence, row, seen

PROTOCOLS = ("opcua", "modbus", "s7comm", "snmp", "ethernetip", "mms", "bacnet", "mystery")
ROLES = ("plc", "drive", "ups", "gateway", "switch", "server", "")
POINTS = (
    Point("nsu=urn:x;s=1", "MotorCurrent", unit="AMP", type="Double", access="r"),
    Point("nsu=urn:x;s=2", "Vibration", unit="C16", type="Double", access="rw"),
    Point("nsu=urn:x;s=3", "WindingTemp", unit="", type="Double", access="r"),
    Point("nsu=urn:x;s=4", "Running", type="Boolean", access="r"),
    Point("nsu=urn:x;s=5", "AI_7", type="Double", access="-"),
    Point("nsu=urn:x;s=6", "Temperature", unit="BAR", type="Double", access="r", low=0, high=9),
)
STATUSES = (
    ("Good", Quality.GOOD),
    ("BadNotConnected", Quality.BAD),
    ("BadSensorFailure", Quality.BAD),
    ("BadNoCommunication", Quality.BAD),
    ("UncertainLastUsableValue", Quality.UNCERTAIN),
)
FACTS = (
    Fact("network", "10.9.0.0/24", "ipAddrTable"),
    Fact("clock_skew_seconds", 90, "snmp"),
    Fact("certificate.not_after", "2026-12-01T00:00:00Z", "endpoint"),
    Fact("range", "holding:0-9", "modbus"),
)
CONTROLS = (Outcome.CLOSED, Outcome.SILENT, Outcome.MUTE, Outcome.OTHER, Outcome.NOT_ASKED)
REASONS = ("user_rejected", "certificate_untrusted", "")


@dataclass(frozen=True)
class Plant:
    """One device, what the context says of it, and perhaps a machine that it monitors."""

    about: Device
    items: tuple[Observation, ...]
    changes: dict[str, object]
    machine: Equipment | None

    def evidence(self, *more: Observation, without: Observation | None = None) -> Evidence:
        """The evidence, with more of it or without one observation."""
        return evidence(*(i for i in (*self.items, *more) if i is not without), about=self.about)

    def context(self, found: Evidence) -> Context:
        """The context of a site that holds this device alone."""
        return context(found, **self.changes)


@st.composite
def samples_of(draw: st.DrawFn, point: Point) -> tuple[Sample, ...]:
    status, quality = draw(st.sampled_from(STATUSES))
    count = draw(st.sampled_from([1, 1, 3, 20]))
    value = draw(st.sampled_from([20.5, 0.0, 3.0, 8750.0, True, None]))
    age = timedelta(seconds=draw(st.sampled_from([0, 0, 3600])))
    times = [NOW - timedelta(minutes=20) * (1 - n / 20) for n in range(count)]
    return tuple(
        Sample(point.address, value, quality, status, received_time=t, source_time=t - age)
        for t in times
    )


@st.composite
def observation(draw: st.DrawFn, scan: str = "scan-1", part: str = "") -> Observation:
    protocol = draw(st.sampled_from(PROTOCOLS))
    outcome = draw(st.sampled_from(tuple(Outcome)))
    made = seen(
        protocol,
        outcome,
        draw(st.sampled_from(["identify", "browse", "read"])),
        scan=scan,
        part=part,
        seconds=draw(st.integers(0, 600)) + (3600 if scan != "scan-1" else 0),
        vantage=draw(st.sampled_from(["here", "here", "here", "cell"])),
        reason=draw(st.sampled_from(REASONS)) if outcome is Outcome.REFUSED_AUTH else "",
    )
    if outcome not in (Outcome.COMPLETE, Outcome.PARTIAL):
        return made
    points = draw(st.lists(st.sampled_from(POINTS), max_size=4, unique=True))
    if protocol == "modbus":
        bare = (replace(point, name="", unit="") for point in points)
        points = [replace(point, address=f"holding:{n}") for n, point in enumerate(bare)]
    samples = tuple(s for point in points for s in draw(samples_of(point)))
    facts = tuple(draw(st.lists(st.sampled_from(FACTS), max_size=2, unique=True)))
    return replace(made, points=tuple(points), samples=samples, facts=facts)


def _moved(item: Observation, by: timedelta) -> Observation:
    """No two values come in one instant: which is the newer is never in doubt."""
    samples = (
        replace(one, received_time=one.received_time + by) if one.received_time else one
        for one in item.samples
    )
    return replace(item, samples=tuple(samples))


@st.composite
def plants(draw: st.DrawFn) -> Plant:
    behind = draw(st.booleans()) and draw(st.booleans())
    part = "unit 3" if behind else ""
    drawn = draw(st.lists(observation(part=part), max_size=6))
    control = draw(st.sampled_from([None, None, *CONTROLS]))
    if control is not None:
        drawn.append(seen("control", control, "negative_control", port=61_234))
    items = [_moved(item, timedelta(milliseconds=n)) for n, item in enumerate(drawn)]
    facts = tuple(fact for item in items for fact in item.facts)
    register: RegisterRow | None = draw(
        st.sampled_from([None, row(), row(owner="", address="192.0.2.10")])
    )
    about = device(
        role=draw(st.sampled_from(ROLES)), vendor=draw(st.sampled_from(["", "Maker"])),
        product="CPU", serial="S1234", facts=facts, register=register, part=part,
        parent="gateway" if behind else "", seen=draw(st.booleans()) or register is None,
    )  # fmt: skip
    changes: dict[str, object] = {
        "entitlements": {"anonymous": draw(st.sampled_from(["full", "unknown"]))},
        "collection": draw(st.sampled_from(["", "here"])),
        "register": draw(st.booleans()),
        "clock_synchronised": draw(st.sampled_from([True, None])),
    }
    machine = draw(st.sampled_from([None, "motor", "pump"]))
    whole = draw(st.booleans())
    return Plant(about, tuple(items), changes, _machine(machine, whole) if machine else None)


def _machine(cls: str, complete: bool) -> Equipment:
    links = (Link("M-1", "device-1", complete=complete),)
    return Equipment(
        "machine-1", "site", "M-1", cls=cls, links=links, links_complete=complete,
        criticality="C3",
    )  # fmt: skip
