"""Keys of T08: data of smart instruments that nothing hands on."""

from __future__ import annotations

from dataclasses import replace

from inventory.model import Evidence
from protocols.contract import Observation
from tests.inventory.verdict.plants import (
    NO_UA,
    Fact,
    O,
    Row,
    device,
    evidence,
    no,
    seen,
    trap,
    yes,
)

STATION = device(
    role="remote io", vendor="Siemens", product="IM 155-6 PN", serial="S1", firmware="1"
)
NO_HART, NO_WEB = seen("hart-ip", O.CLOSED, port=5094), seen("http", O.CLOSED, port=80)
HART, IO_LINK = "6ES7 134-6TD00-0CA1", "IO-Link master AL1920"


def made_of(
    *said: tuple[str, str], heard: tuple[Observation, ...] = (), name: str = "", **more: object
) -> Evidence:
    """A remote I/O that says so of itself, over SNMP, and what else was asked of it."""
    facts = tuple(Fact(fact, text, "snmp ENTITY-MIB") for fact, text in said)
    own = seen("snmp", O.COMPLETE, facts=facts)
    return evidence(own, *heard, about=replace(STATION, facts=facts, name=name, **more))  # type: ignore[arg-type]


def spoken(*namespaces: str, companion: str = "") -> Observation:
    """An OPC UA server that told its namespaces."""
    facts = tuple(Fact("namespace", uri, "opcua NamespaceArray") for uri in namespaces)
    facts += (Fact("companion", companion, "opcua NamespaceArray"),) if companion else ()
    return seen("opcua", O.COMPLETE, facts=facts)


def listing(*namespaces: str, companion: str = "", part: str = HART) -> Evidence:
    """A station with an OPC UA server beside its modules."""
    server = spoken(*namespaces, companion=companion)
    found = made_of(("part", part), heard=(NO_HART, NO_WEB, server))
    about = replace(found.device, facts=(*found.device.facts, *server.facts))
    return replace(found, device=about)


ALL_CLOSED = (NO_UA, NO_HART, NO_WEB)
T08 = [
    yes("T08", "HART=medium/medium", made_of(("part", HART), heard=(NO_UA, NO_HART))).telling(
        "HART", "6ES7 134-6TD00-0CA1"),
    yes("T08", "HART=medium/medium", made_of(("part", "6ES71346TD000CA1"), heard=ALL_CLOSED)),
    yes("T08", "HART=medium/medium", made_of(("model", "1756-IF8H/A"), heard=ALL_CLOSED)),
    yes("T08", "HART=medium/medium",
        made_of(("description", "AI 4xI 2-wire HART, slot 3"), heard=ALL_CLOSED)),
    yes("T08", "IO-Link=medium/medium", made_of(("product", IO_LINK), heard=ALL_CLOSED)).telling(
        "IO-Link", "NAMUR"),
    yes("T08", "IO-Link=medium/medium", made_of(("model", "al1102"), heard=ALL_CLOSED)),
    yes("T08", "PROFIBUS PA=medium/medium", made_of(("product", "DP/PA coupler"), heard=(NO_UA,))),
    yes("T08", "FOUNDATION Fieldbus=medium/medium",
        made_of(("model", "1757-FFLD"), heard=(NO_UA,))),
    yes("T08", "HART=medium/medium IO-Link=medium/medium",
        made_of(("part", HART), ("part", IO_LINK), heard=ALL_CLOSED)),
    yes("T08", "HART=medium/medium", listing("urn:station")),
    yes("T08", "HART=medium/medium", listing("x", companion="http://opcfoundation.org/UA/DI/")),
    yes("T08", "IO-Link=medium/medium", made_of(("product", IO_LINK), heard=(
        NO_UA, seen("tcp", O.CLOSED, "port", port=80)))),  # a scan of ports
    yes("T08", "HART=medium/medium", made_of(("part", HART), heard=(
        seen("tcp", O.CLOSED, "port", port=4840), seen("tcp", O.CLOSED, "port", port=5094)))),
    no("T08", "HART=?", made_of(("part", HART), heard=(
        NO_UA, seen("tcp", O.MUTE, "port", port=5094)))).telling("port 5094", "nmap"),
    no("T08", "HART=?", made_of(("part", HART), heard=(
        NO_UA, seen("tcp", O.CLOSED, "port", port=5095)))),
    no("T08", "HART=?", made_of(("part", HART), heard=(  # nothing answered in that scan
        NO_UA, seen("tcp", O.CLOSED, "port", port=5094, scan="scan-2")))),
    no("T08", "HART=?", made_of(("part", HART), heard=(
        NO_UA, seen("udp", O.CLOSED, "port", port=5094, transport="udp")))),
    no("T08", "", made_of(("part", "6ES7 131-6BF01-0BA0"), heard=ALL_CLOSED)),
    no("T08", "", made_of(("name", IO_LINK), heard=ALL_CLOSED)),  # what people call it
    no("T08", "", made_of(("description", "made by Hartmann"), heard=ALL_CLOSED)),
    no("T08", "", made_of(("model", "X-AL1102"), heard=ALL_CLOSED)),
    no("T08", "HART=?", made_of(("part", HART), heard=(NO_UA,))).telling(
        "HART-IP", "nmap", "import nmap FILE"),
    no("T08", "IO-Link=?", made_of(("part", IO_LINK), heard=(NO_UA, NO_HART))),
    no("T08", "HART=?", made_of(("part", HART), heard=(NO_HART,))),  # OPC UA was not asked
    no("T08", "HART=?", listing()).telling("no namespace was read", "--depth points"),
    no("T08", "HART=?", made_of(("part", HART), heard=(NO_UA, seen("hart-ip", O.MUTE, port=5094)))),
    no("T08", "", made_of(("part", HART), heard=(
        NO_UA, NO_HART, seen("control", O.MUTE, "negative_control", port=61_234)))),  # a proxy
    trap("T08", "only the family is known", "HART=? IO-Link=?",
         made_of(("product", "ET 200SP"), heard=ALL_CLOSED)).telling("is a family", "register"),
    trap("T08", "a service for the instruments answers", "",
         made_of(("part", HART), heard=(NO_UA, seen("hart-ip", O.COMPLETE, port=5094)))),
    trap("T08", "a service for the instruments answers", "",
         made_of(("part", IO_LINK), heard=(NO_UA, seen("http", O.COMPLETE, port=80)))),
    trap("T08", "a service for the instruments answers", "",
         listing("x", companion="http://opcfoundation.org/UA/PADIM/")),
    trap("T08", "a service for the instruments answers", "",
         listing("x", companion="http://opcfoundation.org/UA/IOLink/", part=IO_LINK)),
    trap("T08", "another server hands its values out", "",
         made_of(("part", HART), heard=ALL_CLOSED, name="PLC-7"),
         {"origins": {"plc-7": "server-1"}, "names": {"server-1": "Historian"}}),
]  # fmt: skip
ROWS: list[Row] = T08
