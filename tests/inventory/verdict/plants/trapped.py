"""Keys of the T rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from inventory.judge.context import Answered, Zone
from inventory.judge.mapped import CompleteMap
from inventory.model import Declaration, Evidence, Kind
from protocols.contract import Observation, Point, Question, Sample
from tests.inventory.verdict.plants import (
    CLOSED,
    FULL,
    NO_MODBUS,
    NO_UA,
    NOW,
    PLC,
    PROXY,
    S7,
    TEMPERATURE,
    Fact,
    O,
    Row,
    device,
    evidence,
    listed,
    no,
    registers,
    row,
    seen,
    stating,
    trap,
    yes,
)  # fmt: skip

CIP = seen("ethernetip", O.COMPLETE)
SNMP = seen("snmp", O.COMPLETE)
UPS = device(role="ups", vendor="Maker", product="U", serial="S1", firmware="1")
UNIT = device("unit-3", parent="gateway", part="unit 3")
MAPPED = Fact("map", "Maker CPU", "library")
SUNSPEC = Fact("model_id", 103, "sunspec")
RANGE = Fact("range", "holding:0-99", "modbus")
NAMED = {"origins": {"plc-7": "server-1"}, "names": {"server-1": "Historian"}}
ATTESTED = Declaration(
    "site", Kind.ATTEST, "device-1", {"statement": "covered by", "value": "Historian"}
)


def attested(key: str, age: float | None = None, **fields: str) -> dict[str, object]:
    """A person's word about a subject, so many days old."""
    time = None if age is None else NOW - timedelta(days=age)
    return {"attested": {key: (Declaration("site", Kind.ATTEST, key, fields, time=time),)}}


MYSTERY = seen("mystery", O.COMPLETE)  # a protocol that the tables do not know
RICH = (seen("mystery", O.MUTE, port=80), seen("mystery", O.OTHER, port=443))
"""Two more ports that accept: then the refusals of a host need the negative control."""
T01 = [
    no("T01", "?", evidence(S7, *RICH, *CLOSED, about=PLC)),
    no("T01", "?", evidence(S7, *RICH, *CLOSED, seen("control", O.NOT_ASKED, "negative_control",
                                                   port=61_234), about=PLC)),
    no("T01", "?", evidence(S7, *RICH, *CLOSED, seen("control", O.CLOSED, "negative_control",
                                                   port=61_234, scan="scan-0"), about=PLC)),
    no("T01", "", evidence(S7, *RICH, *CLOSED, PROXY, about=PLC)),
    yes("T01", "high/medium", evidence(S7, *RICH, *CLOSED, seen(
        "control", O.CLOSED, "negative_control", port=61_234), about=PLC)),
    yes("T01", "high/medium", evidence(S7, *RICH, *CLOSED, seen(
        "control", O.SILENT, "negative_control", port=61_234), about=PLC)),
    yes("T01", "high/medium", evidence(S7, RICH[0], *CLOSED, about=PLC)),  # two are not many
    yes("T01", "high/medium", evidence(S7, RICH[0], replace(RICH[1], origin="capture"), *CLOSED,
                                       about=PLC)),  # overheard, not accepted from us
    yes("T01", "high/medium", evidence(S7, *CLOSED, about=PLC)).telling(
        "s7comm identify", "opcua identify", "modbus identify"),
    yes("T01", "high/medium", evidence(S7, seen("lldp", O.COMPLETE), MYSTERY, *CLOSED, about=PLC)),
    no("T01", "", evidence(S7, *CLOSED, seen("mms", O.COMPLETE), about=PLC)),
    yes("T01", "high/medium", evidence(S7, *CLOSED, about=PLC)),
    yes("T01", "high/medium", evidence(S7, SNMP, *CLOSED, about=PLC)),  # SNMP is no process data
    yes("T01", "high/medium", evidence(S7, *CLOSED, about=device())),  # role not known
    yes("T01", "high/low", evidence(S7, NO_MODBUS, seen("snmp", O.SILENT), about=UPS)),
    no("T01", "?", evidence(S7, NO_MODBUS, about=UPS)),  # SNMP was not asked
    yes("T01", "critical/medium",
        evidence(S7, *CLOSED, about=replace(PLC, register=row(criticality="C3")))),
    yes("T01", "medium/medium",
        evidence(S7, *CLOSED, about=replace(PLC, register=row(criticality="C1")))),
    yes("T01", "high/medium", evidence(S7, NO_MODBUS, about=replace(PLC, role="meter"))),
    yes("T01", "high/medium", evidence(S7, *CLOSED, about=PLC), {"origins": {"plc-7": "s"}}),
    no("T01", "", evidence(*CLOSED, about=PLC)),
    no("T01", "", evidence(S7, NO_UA, seen("modbus", O.COMPLETE), about=PLC)),
    no("T01", "", evidence(S7, *CLOSED, about=replace(PLC, role="switch"))),
    no("T01", "", evidence(S7, NO_MODBUS, SNMP, about=UPS)),  # a UPS gives its data by SNMP
    no("T01", "", evidence(S7, PROXY, *CLOSED, about=PLC)),
    no("T01", "", evidence(S7, *CLOSED, about=replace(PLC, name="PLC-7")), NAMED),
    no("T01", "", evidence(S7, *CLOSED, about=PLC), {"attested": {"device-1": (ATTESTED,)}}),
    trap("T01", "the maker's protocol is documented", "",
         evidence(S7, seen("ethernetip", O.COMPLETE), *CLOSED, about=PLC)),
    trap("T01", "an open data port is filtered", "",
         evidence(S7, NO_UA, seen("modbus", O.SILENT), about=PLC)),
    trap("T01", "an open service was not asked", "?", evidence(S7, NO_UA, about=PLC)),
    trap("T01", "an open service was not asked", "?",
         evidence(S7, NO_UA, seen("modbus", O.NOT_ASKED, reason="budget"), about=PLC)),
    trap("T01", "an open service was not asked", "?",
         evidence(S7, NO_UA, seen("modbus", O.MUTE), about=PLC)),
]  # fmt: skip


def overheard(protocol: str, outcome: O = O.COMPLETE, **where: object) -> Observation:
    """What a capture tells of a conversation."""
    return seen(protocol, outcome, origin="capture", vantage="a.pcap", **where)  # type: ignore[arg-type]


T02 = [
    # That there is data hangs on no vantage: a capture shows it, a scan shows the closed doors.
    yes("T02", "medium/medium", evidence(overheard("ethernetip"), *CLOSED, about=PLC)),
    no("T02", "?", evidence(overheard("ethernetip"), about=PLC)),
    no("T02", "", evidence(overheard("ethernetip", O.SILENT), *CLOSED, about=PLC)),
    no("T02", "", evidence(overheard("ethernetip", transport="link"), *CLOSED, about=PLC)),
    no("T02", "", evidence(overheard("profinet"), overheard("mystery"), overheard("ge-srtp"),
                           *CLOSED, about=PLC)),
    yes("T01", "high/medium", evidence(overheard("ge-srtp"), *CLOSED, about=PLC)),
    no("T01", "", evidence(overheard("ge-srtp"), overheard("ethernetip"), *CLOSED, about=PLC)),
    yes("T02", "medium/medium", evidence(CIP, *CLOSED, about=PLC),
        {"connectors": frozenset({""})}).telling("ethernetip identify"),
    no("T02", "", evidence(seen("profinet", O.COMPLETE), *CLOSED, about=PLC)),  # no data in it
    yes("T02", "medium/medium", evidence(CIP, *CLOSED, about=PLC)),
    yes("T02", "medium/medium", evidence(CIP, S7, *CLOSED, about=PLC)),
    no("T02", "", evidence(S7, *CLOSED, about=PLC)),
    no("T02", "", evidence(CIP, *CLOSED, about=replace(PLC, role="switch"))),
    no("T02", "", evidence(CIP, PROXY, *CLOSED, about=PLC)),
    no("T02", "?", evidence(CIP, NO_UA, about=PLC)),
    no("T02", "", evidence(CIP, *CLOSED, about=replace(PLC, name="PLC-7")), NAMED),
    trap("T02", "a connector for that protocol", "", evidence(CIP, *CLOSED, about=PLC),
         {"connectors": frozenset({"ethernetip"})}),
    trap("T02", "a connector for that protocol", "", evidence(CIP, *CLOSED, about=PLC),
         {"connectors": frozenset({"enip"})}),  # its other name
    trap("T02", "a connector for that protocol", "",
         evidence(CIP, *CLOSED, about=replace(PLC, name="PLC-7")),
         {"connectors": frozenset({"plc-7"})}),
    trap("T02", "a connector for that protocol", "medium/medium",
         evidence(CIP, *CLOSED, about=PLC), {"connectors": frozenset({"fins"})}),  # another's
    trap("T02", "an open data service answers", "",
         evidence(CIP, NO_UA, seen("modbus", O.COMPLETE), about=PLC)),
]  # fmt: skip

READ = seen("modbus", O.COMPLETE, "read", points=(Point("holding:0"),))
VALUES = seen("modbus", O.COMPLETE, "read", samples=(Sample("holding:0", 3),))
T03 = [
    yes("T03", "medium/high", evidence(registers(1, 2, 3), listed(TEMPERATURE), about=PLC)),
    yes("T03", "medium/high", evidence(MYSTERY, registers(1, 2, 3), about=PLC)),
    yes("T03", "medium/high", evidence(READ, about=PLC)).telling("modbus read"),
    yes("T03", "medium/high", evidence(VALUES, about=PLC)).telling("modbus read"),
    yes("T03", "medium/high", evidence(
        *(seen("modbus", O.COMPLETE, seconds=n) for n in range(4)), READ, about=PLC)).telling(
        "modbus read"),
    yes("T03", "medium/high", evidence(
        seen("modbus", O.EMPTY, facts=(RANGE,)), READ, about=PLC)).telling("!empty"),
    yes("T03", "medium/high", evidence(registers(1, 2), about=device())),
    yes("T03", "medium/high", evidence(registers(1, 2, 3), about=PLC)),
    yes("T03", "medium/high",
        evidence(seen("modbus", O.COMPLETE, "read", facts=(RANGE,)), about=PLC)).telling(
        "modbus read"),
    yes("T03", "medium/high", evidence(registers(*[7] * 7), about=PLC)),  # too few to say echo
    yes("T03", "medium/high", evidence(registers(*[7] * 11, 8), about=PLC)),
    yes("T03", "medium/high", evidence(registers(1, 2), about=replace(UNIT, vendor="Maker"))),
    no("T03", "", evidence(seen("modbus", O.COMPLETE), about=PLC)),  # identity only
    no("T03", "", evidence(seen("modbus", O.EMPTY, facts=(RANGE,)), about=PLC)),
    no("T03", "", evidence(listed(TEMPERATURE), about=PLC)),  # describes itself
    no("T03", "", evidence(registers(1, 2, 3), about=UNIT)),  # then T07
    trap("T03", "a map for vendor", "",
         evidence(registers(1, 2, 3), about=replace(PLC, facts=(MAPPED,)))),
    trap("T03", "a map for vendor", "", evidence(registers(1, 2, signal="power"), about=PLC)),
    trap("T03", "a map for vendor", "", evidence(registers(1, 2, unit="KWT"), about=PLC)),
    trap("T03", "the device describes itself", "",
         evidence(registers(1, 2, 3), about=replace(PLC, facts=(SUNSPEC,)))),
    trap("T03", "the device describes itself", "",
         evidence(registers(1, 2, semantic="sunspec:103:W"), about=PLC)),
    trap("T03", "such a map was declared", "?", evidence(registers(1, 2, 3), about=PLC), {
        "maps_known": (CompleteMap("Maker", "CPU", ""),)}).telling(
        "under the register map of Maker CPU", "read without it", "read it again under the map",
        "--probe modbus", "--depth points"),
    trap("T03", "such a map was declared", "medium/high",
         evidence(registers(1, 2, 3), about=PLC),
         {"maps_known": (CompleteMap("Maker", "CPU", "2"),)}),  # of another firmware
    trap("T03", "such a map was declared", "medium/high",
         evidence(registers(1, 2, 3), about=PLC),
         {"maps_known": (CompleteMap("Other", "CPU", ""),)}),
    trap("T03", "such a map was declared", "",
         evidence(registers(1, 2, unit="KWT"), about=PLC),
         {"maps_known": (CompleteMap("Maker", "CPU", ""),)}),  # and it was
    trap("T03", "every register holds", "?", evidence(registers(*[7] * 8), about=PLC)),
]  # fmt: skip


def server_in(state: str) -> Evidence:
    """An empty server that says in which state it is."""
    fact = Fact("server_state", state, "opcua ServerStatus State")
    return evidence(
        seen("opcua", O.COMPLETE, "read_server", facts=(fact,)),
        seen("opcua", O.EMPTY, "browse"),
        about=device(facts=(fact,)),
    )


T05 = [
    yes("T05", "opcua=medium/high", evidence(MYSTERY, seen("opcua", O.COMPLETE, "browse")),
        FULL).telling("no process value", "opcua browse"),
    trap("T05", "the server says that it does not run", "opcua=?", server_in("suspended"),
         FULL).telling("its state is suspended"),
    yes("T05", "opcua=medium/high", server_in("running"), FULL),
    no("T05", "", evidence(seen("ethernetip", O.COMPLETE, "tags")), FULL),
    yes("T05", "opcua=medium/high", evidence(seen("opcua", O.COMPLETE, "browse")), FULL),
    yes("T05", "opcua=medium/high", evidence(seen("opcua", O.EMPTY, "browse")), FULL),
    yes("T05", "opcua=medium/high",
        evidence(seen("opcua", O.COMPLETE, "browse", credential="reader")), FULL),
    no("T05", "", evidence(listed(TEMPERATURE)), FULL),
    no("T05", "", evidence(seen("opcua", O.COMPLETE, "hello")), FULL),  # nothing was listed
    no("T05", "opcua=?", evidence(seen("opcua", O.PARTIAL, "browse")), FULL),
    no("T05", "", evidence(seen("snmp", O.COMPLETE, "walk_whole"),
                           about=replace(PLC, role="plc")), FULL),
    no("T05", "", evidence(seen("modbus", O.COMPLETE, "browse")), FULL),
    no("T05", "", evidence(seen("lldp", O.COMPLETE, "browse")), FULL),
    no("T05", "", evidence(PROXY, seen("opcua", O.COMPLETE, "browse")), FULL),
    no("T05", "", evidence(seen("opcua", O.COMPLETE, "browse"),
                           seen("opcua", O.REFUSED_AUTH, "session", reason="user_rejected")),
       FULL),  # then A03
    trap("T05", "the identity may not see", "opcua=?",
         evidence(seen("opcua", O.COMPLETE, "browse"))),
    trap("T05", "the identity may not see", "opcua=?",
         evidence(seen("opcua", O.COMPLETE, "browse")), {"entitlements": {"anonymous": "partial"}}),
    trap("T05", "the server is a discovery", "",
         evidence(seen("opcua", O.COMPLETE, "browse"), about=device(role="discovery")), FULL),
    trap("T05", "the server is a discovery", "",
         evidence(seen("opcua", O.COMPLETE, "browse"),
                  about=device(facts=(Fact("role", "discovery server", "opcua"),))), FULL),
]  # fmt: skip

DEAD = replace(UNIT, register=row("M3"), seen=False)


def refusal(seconds: float, scan: str = "scan-1") -> Observation:
    return seen("modbus", O.REFUSED_DOWNSTREAM, part="unit 3", seconds=seconds, scan=scan)


TWICE = (refusal(0), refusal(10))


def answered(seconds: float, part: str = "unit 1", scan: str = "scan-1") -> dict[str, object]:
    time = (TWICE[0].time + timedelta(seconds=seconds)).timestamp()
    return {"answered": {"gateway": (Answered(scan, time, part),)}}


BOX = device(register=row("GW1"))
BEYOND = replace(
    seen("modbus", O.REFUSED_DOWNSTREAM),
    question=Question("modbus", "identity", "", "unit 1 basic"),
)


def swept(first: int, last: int) -> dict[str, object]:
    """Every unit from the first to the last answered."""
    answers = tuple(Answered("scan-1", 0.0, f"unit {n}") for n in range(first, last + 1))
    return {"answered": {"device-1": answers}}


T06 = [
    yes("T06", "high/medium",
        evidence(*TWICE, seen("modbus", O.SILENT, part="unit 3"), about=DEAD), answered(5)),
    yes("T06", "high/medium", evidence(*TWICE, about=DEAD), answered(5)).telling("!unit 3 ("),
    yes("T06", "high/medium", evidence(*TWICE, about=DEAD), answered(0)),
    yes("T06", "high/medium", evidence(*TWICE, about=DEAD), answered(10)),
    yes("T06", "high/high", evidence(*TWICE, refusal(90, "scan-2"), about=DEAD), answered(5)),
    yes("T06", "high/medium", evidence(*TWICE, refusal(12), about=DEAD), answered(5)),
    yes("T06", "high/medium", evidence(*TWICE, about=replace(DEAD, register=None)),
        {**answered(5), "addressed": {"192.0.2.10 unit 3": row("Z-3")}}).telling(
            "declares unit 3 (Z-3)", "the gateway at 192.0.2.10", "!unit 3 on that bus"),
    no("T06", "", evidence(seen("modbus", O.SILENT, part="unit 3"), about=DEAD), answered(5)),
    no("T06", "", evidence(*TWICE, seen("modbus", O.COMPLETE, part="unit 3", seconds=7),
                           about=DEAD), answered(5)),  # it answered after all
    yes("T06", "high/low", evidence(seen("modbus", O.COMPLETE, part="unit 3", seconds=-9_000,
                                            scan="scan-0"), *TWICE, about=DEAD), answered(5)),
    no("T06", "?", evidence(seen("modbus", O.COMPLETE, part="unit 3", seconds=-9_000,
                                 scan="scan-0"), refusal(0), about=DEAD), answered(5)),
    trap("T06", "it answered in the same", "", evidence(*TWICE, seen(
        "modbus", O.COMPLETE, part="unit 3", seconds=9_000, scan="scan-9"), about=DEAD),
         answered(5)),  # it came back
    no("T06", "", evidence(refusal(-9_000, "scan-0"), seen("modbus", O.COMPLETE, part="unit 3"),
                           about=DEAD), answered(5)),
    no("T06", "", evidence(refusal(0, "scan-0"), seen("modbus", O.COMPLETE, part="unit 3"),
                           about=DEAD), answered(5)),  # at the same moment is not later
    trap("T06", "it answered in the same", "", evidence(
        seen("modbus", O.EMPTY, part="unit 3", seconds=-5), *TWICE, about=DEAD), answered(5)),
    no("T06", "", evidence(*TWICE, about=replace(DEAD, parent="")), answered(5)),
    no("T06", "", evidence(*TWICE, about=replace(DEAD, part="")), answered(5)),
    trap("T06", "the unit was never declared", "",
         evidence(*TWICE, about=replace(DEAD, register=None)), answered(5)),
    trap("T06", "the gateway gives the same", "?", evidence(*TWICE, about=DEAD),
         answered(5, "unit 3")),  # its own answer under another number is no control
    trap("T06", "too few tries", "?", evidence(refusal(0), about=DEAD), answered(0)),
    trap("T06", "too few tries", "?", evidence(refusal(0), refusal(9), about=DEAD), answered(5)),
    trap("T06", "too few tries", "?", evidence(*TWICE, about=DEAD)),
    trap("T06", "too few tries", "?", evidence(*TWICE, about=DEAD), answered(30)),
    trap("T06", "too few tries", "?", evidence(*TWICE, about=DEAD), answered(-5)),
    trap("T06", "too few tries", "?", evidence(*TWICE, about=DEAD), answered(5, scan="scan-9")),
    trap("T06", "too few tries", "?",
         evidence(refusal(0), refusal(90, "scan-2"), about=DEAD), answered(5)),
    trap("T06", "nobody declared", "?", evidence(BEYOND, about=BOX)).telling(
        "whether anything is behind it", "!which units are behind"),
    trap("T06", "nobody declared", "?", evidence(seen("modbus", O.COMPLETE), about=BOX),
         {"unlisted": frozenset({"device-1"})}).telling(  # a unit answers that no row names
             "which units are behind this gateway"),
    trap("T06", "nobody declared", "?", evidence(BEYOND, about=BOX),
         {"listed": frozenset({"device-1"}), "unlisted": frozenset({"device-1"})}),
    trap("T06", "nobody declared", "?", evidence(
        seen("modbus", O.COMPLETE), about=replace(BOX, role="gateway"))).telling(
            "which units are behind this gateway"),
    no("T06", "", evidence(BEYOND, about=BOX), {"listed": frozenset({"device-1"})}),
    no("T06", "", evidence(seen("modbus", O.COMPLETE), about=BOX)),  # nothing says gateway
    no("T06", "", evidence(seen("opcua", O.COMPLETE), about=replace(BOX, role="gateway"))),
    no("T06", "", evidence(BEYOND, PROXY, about=BOX)),
    no("T06", "", evidence(NO_MODBUS, SNMP, about=replace(BOX, role="gateway"))),
    no("T06", "", evidence(BEYOND, about=BOX), swept(1, 247)),
    trap("T06", "nobody declared", "?", evidence(BEYOND, about=BOX), swept(1, 246)),
    *(trap("T06", "nobody declared", "?", evidence(
        BEYOND, replace(seen("opcua", O.COMPLETE), question=Question("opcua", "session", "", name)),
        about=BOX)) for name in ("unit", "units-reader", "unit reader", "unit \u00b2")),
]  # fmt: skip

T07 = [
    yes("T07", "medium/high", evidence(registers(1, 2), about=UNIT)),
    no("T07", "", evidence(registers(1, 2), about=device())),  # then T03
    no("T07", "", evidence(seen("modbus", O.COMPLETE), about=UNIT)),
    no("T07", "?", evidence(registers(*[7] * 8), about=UNIT)),
    trap("T07", "the unit identifies itself", "",
         evidence(registers(1, 2), about=replace(UNIT, vendor="Maker"))),
    trap("T07", "the unit identifies itself", "",
         evidence(registers(1, 2), about=replace(UNIT, model="M"))),
    trap("T07", "the unit identifies itself", "",
         evidence(registers(1, 2), about=replace(UNIT, product="P"))),
    trap("T07", "a map for it", "", evidence(registers(1, 2, signal="power"), about=UNIT)),
]  # fmt: skip


def network(text: str | None, *more: str) -> Evidence:
    return stating(*(Fact("network", one, "ipAddrTable") for one in (text, *more)))


def server(url: str) -> Evidence:
    return stating(Fact("endpoint_url", url, "opcua GetEndpoints"), protocol="opcua")


def zoned(name: str, text: str) -> dict[str, object]:
    import ipaddress

    return {"zones": (Zone(name, (ipaddress.ip_network(text),)),)}


T10 = [
    yes("T10", "fd00:9::/64=medium/high", network("fd00:9::/64"),
        zoned("management", "10.9.0.0/16")),
    yes("T10", "10.9.0.0/24=medium/high", network("10.9.0.0/24")),
    yes("T10", "rack 3=medium/high", network("rack 3")),
    yes("T10", "fd00:9::/64=medium/high", network("fd00:9::/64")),
    yes("T10", "10.9.0.0/24=medium/high", network("192.0.2.0/24", "10.9.0.0/24")),
    yes("T10", "10.9.0.0/24=medium/high", network("10.9.0.0/24"),
        zoned("cell", "10.9.0.0/16")),
    yes("T10", "10.9.0.0/24=medium/high", network("10.9.0.0/24"),
        zoned("management", "10.8.0.0/16")),
    yes("T10", "the network of 10.9.0.7=medium/medium", server("opc.tcp://10.9.0.7:4840/UA")),
    yes("T10", "the network of fd00:9::7=medium/medium", server("opc.tcp://[fd00:9::7]:4840")),
    yes("T10", "the network of 10.9.0.7=medium/medium",
        stating(Fact("server_known", "opc.tcp://10.9.0.8:4840", "FindServers", "Line B"),
                Fact("server_known", "opc.tcp://10.9.0.7:4840", "FindServers", "Line A"),
                protocol="opcua")),
    yes("T10", "10.9.0.0/16=medium/high",
        stating(Fact("network", "10.9.0.0/16", "ipAddrTable"),
                Fact("endpoint_url", "opc.tcp://10.9.0.7:4840", "GetEndpoints"))),
    yes("T10", "the network of 10.9.0.7=medium/medium", server("opc.tcp://10.9.0.7:4840"),
        zoned("cell", "10.9.0.0/16")),
    yes("T10", "10.8.0.0/16=medium/high the network of 10.9.0.7=medium/medium",
        stating(Fact("network", "10.8.0.0/16", "ipAddrTable"),
                Fact("endpoint_url", "opc.tcp://10.9.0.7:4840", "GetEndpoints"))),
    yes("T10", "rack 3=medium/high the network of 10.9.0.7=medium/medium",
        stating(Fact("network", "rack 3", "register"),
                Fact("endpoint_url", "opc.tcp://10.9.0.7:4840", "GetEndpoints"))),
    no("T10", "", network(None)),
    no("T10", "", stating(  # a page about it is no server
        Fact("product_uri", "http://10.9.0.7/product", "opcua ServerStatus BuildInfo"))),
    no("T10", "", stating(  # it stands in that network itself, and nobody asked it there
        Fact("endpoint_url", "opc.tcp://10.9.0.7:4840", "opcua GetEndpoints"), protocol="opcua",
        addresses=("192.0.2.10", "10.9.0.5"))),
    no("T10", "", server("opc.tcp://plc-7.cell.local:4840")),
    no("T10", "", server("opc.tcp://[::")),
    no("T10", "", server("urn:plc:7")),
    no("T10", "", stating(Fact("endpoint_url", "opc.tcp://10.9.0.7:4840", "OPC UA Hello"))),
    trap("T10", "an address near that server was asked", "", server("opc.tcp://192.0.2.77:4840")),
    trap("T10", "the network is link-local", "", server("opc.tcp://127.0.0.1:4840")),
    trap("T10", "the network is link-local", "", server("opc.tcp://0.0.0.0:4840")),
    trap("T10", "the network is link-local", "", server("opc.tcp://[fe80::1]:4840")),
    trap("T10", "it was declared as management", "", server("opc.tcp://10.9.0.7:4840"),
         zoned("Management LAN", "10.9.0.0/16")),
    no("T10", "", stating()),
    no("T10", "", network("192.0.2.0/24")),  # asked
    trap("T10", "the network is link-local", "", network("127.0.0.0/8")),
    trap("T10", "the network is link-local", "", network("169.254.3.0/24")),
    trap("T10", "the network is link-local", "", network("172.17.0.0/16")),
    trap("T10", "the network is link-local", "", network("fe80::/64")),
    trap("T10", "the network is link-local", "", network("0.0.0.0/0")),
    trap("T10", "the network is link-local", "", network("10.9.0.7/32")),
    trap("T10", "it was declared as management", "", network("10.9.0.0/24"),
         zoned("Management LAN", "10.9.0.0/16")),
]  # fmt: skip

ROWS: list[Row] = [*T01, *T02, *T03, *T05, *T06, *T07, *T10]
