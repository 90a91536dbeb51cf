"""An inventory with readable services, for the tests of connectors and receivers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from inventory.conclude import conclude
from inventory.model import Kind, Scan
from inventory.store import Store
from protocols.contract import (
    Observation,
    Outcome,
    Point,
    Quality,
    Question,
    Sample,
    Target,
)
from tests.inventory.making import SITE, START, listed, observed, stated
from tests.inventory.outputs.sample import CANARY, HOSTILE

SCAN = "11111111-0000-4000-8000-000000000001"


def reading(
    address: str,
    protocol: str,
    port: int,
    points: tuple[Point, ...],
    values: tuple[object, ...],
    *,
    argument: str = "",
    part: str = "",
    credential: str = "",
    seconds: float = 0.02,
    sequence: int = 50,
) -> Observation:
    """One answer that listed points and gave values; None is a bad one."""
    samples = tuple(
        Sample(
            point.address,
            value,  # type: ignore[arg-type]
            Quality.BAD if value is None else Quality.GOOD,
            "BadNotConnected" if value is None else "",
            part,
        )
        for point, value in zip(points, values, strict=False)
    )
    return Observation(
        SCAN,
        "here",
        Target(SITE, address, "udp" if protocol == "snmp" else "tcp", port),
        Question(protocol, "read", part, argument),
        Outcome.COMPLETE,
        START + timedelta(seconds=sequence),
        sequence,
        credential=credential,
        duration_seconds=seconds,
        points=points,
        samples=samples,
    )


def observations(hostile: bool = False) -> Iterator[Observation]:
    """A mapped drive, an unmapped controller, a gateway's unit, an OPC UA server, a UPS."""
    name = HOSTILE[0] if hostile else "Filler drive"
    vendor = HOSTILE[5] if hostile else "Acme"
    drive = {"vendor": vendor, "product": "D1", "serial": "SN-1", "name": name}
    yield observed("10.0.0.1", drive | {"map": "declared: d1.csv"}, scan=SCAN)
    label = HOSTILE[1] if hostile else "Motor current"
    yield reading(
        "10.0.0.1",
        "modbus",
        502,
        (
            Point("holding:100", label, unit="AMP", type="uint16", access="r", signal="current",
                  encoding="scale=0.1"),
            Point("holding:102", "Power", unit="KWT", type="float32", access="r",
                  encoding="words=little"),
            Point("input:7", "Temperature", unit="CEL", type="int16", access="r",
                  encoding="scale=0.1 offset=-40"),
            Point("coil:3", "Running", type="bit", access="r"),
            Point("holding:200", "Energy", unit="KWH", type="uint64", access="r"),
            Point("holding:300", "Plate", type="string:16", access="r"),
        ),
        (123, 4.5, 20.5, 1, 77, "x"),
        argument="unit 255 holding:100-110",
    )  # fmt: skip
    yield observed("10.0.0.2", {"vendor": "Acme", "product": "C2", "name": "Mixer"}, scan=SCAN)
    said = "readable, not interpretable: no register map"
    yield reading(
        "10.0.0.2", "modbus", 502,
        tuple(Point(f"holding:{n}", type="uint16", access="r", description=said) for n in (0, 1)),
        (7, 8), argument="unit 1 holding:0-1",
    )  # fmt: skip
    yield observed("10.0.0.3", {"vendor": "Acme", "product": "GW", "name": "Gateway"}, scan=SCAN)
    yield observed("10.0.0.3", {"vendor": "Acme", "product": "M1"}, part="unit 3", scan=SCAN)
    meter = Point("holding:10", "Voltage", unit="VLT", type="float32", access="r", part="unit 3")
    yield reading(
        "10.0.0.3", "modbus", 502, (meter,), (230.5,), part="unit 3", argument="holding:10-11",
        seconds=0.5,
    )  # fmt: skip
    uri = "urn:acme:press"
    offers = {"name": "Press", "security": "None/None/username", "namespace": f"2={uri}"}
    yield observed("10.0.0.4", offers, protocol="opcua", port=4840, operation="get_endpoints",
                   scan=SCAN)  # fmt: skip
    yield reading(
        "10.0.0.4", "opcua", 4840,
        (
            Point(f"nsu={uri};s=P.V", "Vibration", "Objects/P/V", "C16", "Double", "r", low=0.0,
                  high=20.0),
            Point(f"nsu={uri};s=P.F", "Flow", "Objects/P/F", "MQH", "Float", "r"),
            Point(f"nsu={uri};s=P.W", "Setpoint", "Objects/P/W", "MQH", "Float", "w"),
        ),
        (1.5, None), credential="historian",
    )  # fmt: skip
    ups = {"name": "UPS", "vendor": "APC", "product": "Smart"}
    yield observed("10.0.0.5", ups, protocol="snmp", port=161, transport="udp", operation="get",
                   scan=SCAN)  # fmt: skip
    yield reading(
        "10.0.0.5", "snmp", 161,
        (
            Point("1.3.6.1.2.1.33.1.2.5.0", "Battery voltage", unit="VLT", type="INTEGER",
                  access="r", encoding="scale=0.1"),
            Point("1.3.6.1.2.1.33.1.2.4.0", "Charge", unit="P1", type="INTEGER", access="r"),
        ),
        (27.1, 100), credential="snmp-public",
    )  # fmt: skip
    for n, text in enumerate(HOSTILE if hostile else ()):
        facts = {"name": text, "vendor": text, "product": text, "serial": f"{text}{n}"}
        yield observed(f"10.0.1.{n + 1}", facts, scan=SCAN)


def statements() -> Iterator[object]:
    """The register, a zone, and the credentials (with a canary where a secret might be put)."""
    yield listed(tag="DRV-1", kind_="device", name="Filler drive", address="10.0.0.1",
                 area="Filling", line="Line 1", criticality="C2")  # fmt: skip
    yield listed(tag="GONE-1", kind_="device", name="Lost meter", address="10.0.0.99")
    yield listed(tag="P-1", kind_="equipment", name="Pump", class_="pump", criticality="C3",
                 area="Filling", line="Line 1")  # fmt: skip
    yield stated(Kind.LINK, "P-1|10.0.0.1", equipment="P-1", device="10.0.0.1", complete="yes")
    yield stated(Kind.ZONE, "cell", name="cell", addresses="10.0.0.0/29", level="1")
    yield stated(Kind.CREDENTIAL, "historian", name="historian", type="opcua-user", user="hist",
                 entitlement="full", secret=CANARY)  # fmt: skip


def plant(folder: Path, *, hostile: bool = False) -> Path:
    """A database with those services, concluded by today's rules."""
    path = folder / "plant.db"
    with Store.open(path, SITE) as store:
        scan = Scan(SCAN, SITE, "here", START, START + timedelta(seconds=60), status="done")
        store.begin_scan(scan)
        store.finish_scan(scan)
        store.append(observations(hostile))
        store.declare(statements())  # type: ignore[arg-type]
        conclude(store, today=START + timedelta(days=2))
    return path
