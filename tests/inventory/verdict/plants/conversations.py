"""Keys of the rules on conversations: T11 and G06."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from inventory.judge.context import Zone
from inventory.model import Declaration, Evidence, Kind
from protocols.contract import Observation
from tests.inventory.verdict.plants import (
    CLOSED,
    NO_UA,
    Fact,
    O,
    Row,
    device,
    evidence,
    no,
    seen,
    stating,
    trap,
    yes,
)

METER = device(role="meter", vendor="Maker", product="M", serial="S1", firmware="1")
CLOUD, OURS = "18.196.10.4", "10.9.0.4"


def out(
    where: str = CLOUD, seconds: float = 7200.0, protocol: str = "tls", operation: str = "client"
) -> Observation:
    """A conversation that the device began, as a capture tells of it."""
    made = seen(protocol, O.COMPLETE, operation, transport="link", port=0, origin="capture")
    asked = replace(made.question, argument=f"tcp:{where}:8883")
    return replace(made, question=asked, duration_seconds=seconds)


def meter(*observations: Observation, **changes: str) -> Evidence:
    """A meter with these observations."""
    return evidence(*observations, about=replace(METER, **changes))  # type: ignore[arg-type]


def said(subject: str, statement: str) -> dict[str, object]:
    one = Declaration("site", Kind.ATTEST, subject, {"statement": statement})
    return {"attested": {subject: (one,)}}


def zones(*conduits: tuple[str, str], only: str = "") -> dict[str, object]:
    """Two zones: the cell, where devices stand, and the office."""
    cell = Zone("cell", (ipaddress.ip_network("192.0.2.0/24"),))
    office = Zone("office", (ipaddress.ip_network("10.9.0.0/16"),))
    return {"zones": (cell, office), "conduits": dict.fromkeys(conduits, frozenset(only.split()))}


def used(value: str, name: str = "consumer") -> Evidence:
    """A device that somebody uses."""
    return stating(Fact(name, value, "overheard"))


OUT = "the server is the operator's own"
T11 = [
    yes("T11", "medium/medium", meter(out(), *CLOSED)).telling("2.0 h", CLOUD, "Maker"),
    yes("T11", "medium/medium", meter(out(protocol="mqtt"), *CLOSED)),
    yes("T11", "medium/medium", meter(out(protocol="http", seconds=600.0), *CLOSED)),
    yes("T11", "medium/medium", meter(out(), *CLOSED, role="")),
    yes("T11", "medium/medium", meter(out(), *CLOSED, vendor="")).telling("its maker"),
    yes("T11", "medium/medium", meter(out(), *CLOSED), said(CLOUD, "seen by me")),
    yes("T11", "medium/medium", meter(out(), seen("s7comm", O.COMPLETE), *CLOSED)),
    yes("T11", "medium/medium",  # its neighbours are no data
        meter(out(), seen("lldp", O.COMPLETE), *CLOSED)),
    no("T11", "?", meter(out(), NO_UA)),  # nobody asked for Modbus
    no("T11", "", meter(out(seconds=599.0), *CLOSED)),
    no("T11", "", meter(out(protocol="modbus"), *CLOSED)),
    no("T11", "", meter(out(operation="banner"), *CLOSED)),
    no("T11", "", meter(out(where="no address"), *CLOSED)),
    no("T11", "", meter(out(where=OURS), *CLOSED)),
    no("T11", "", meter(out(), *CLOSED, role="", vendor="")),
    no("T11", "", meter(out(), *CLOSED, role="switch")),
    trap("T11", OUT, "", meter(out(), *CLOSED), said(CLOUD, "own endpoint")),
    trap("T11", OUT, "", meter(out(), *CLOSED),
         {"zones": (Zone("dmz", (ipaddress.ip_network("18.196.0.0/16"),)),)}),
    trap("T11", "it serves its data here too", "",
         meter(out(), NO_UA, seen("modbus", O.COMPLETE))),
    trap("T11", "it serves its data here too", "",
         meter(out(), *CLOSED, seen("bacnet", O.COMPLETE, origin="capture"))),
    trap("T11", "it only asks others", "", meter(out(), *CLOSED, role="ot-client")),
]  # fmt: skip

G06 = [
    yes("G06", "office=medium/high", used("10.9.0.4 modbus 1.000 s"), zones())
    .telling("10.9.0.4", "from office to cell"),
    yes("G06", "office=medium/high", used("10.9.0.4 modbus write coil", "writer"), zones()),
    yes("G06", "office=medium/high", used("10.9.0.4 modbus"), zones(("cell", "dmz"))),
    yes("G06", "office=medium/high", used("10.9.0.4"), zones(("cell", "dmz"))),
    no("G06", "", used("192.0.2.77 modbus 1.000 s"), zones()),
    no("G06", "", used("10.9.0.4 modbus 1.000 s")),
    trap("G06", "a conduit is declared in either", "", used("10.9.0.4 modbus"),
         zones(("office", "cell"))),
    trap("G06", "a conduit is declared in either", "", used("10.9.0.4 modbus"),
         zones(("cell", "office"))),
    trap("G06", "a conduit is declared in either", "", used("10.9.0.4 modbus"),
         zones(("cell", "office"), only="opcua modbus")),
    trap("G06", "a conduit is declared in either", "office=medium/high", used("10.9.0.4 modbus"),
         zones(("cell", "office"), only="opcua")),  # for another protocol
    trap("G06", "an end stands in no declared", "", used("10.77.0.4 modbus"), zones()),
    trap("G06", "an end stands in no declared", "", used("10.9.0.4 modbus"),
         {"zones": zones()["zones"][1:]}),  # type: ignore[index]
]  # fmt: skip

ROWS: list[Row] = [*T11, *G06]
