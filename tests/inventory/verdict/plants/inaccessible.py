"""Keys of the A rules."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from inventory.judge.context import Vantage, Zone
from inventory.model import ELSEWHERE, Declaration, Evidence, Kind, Merge
from protocols.contract import Fact, Observation
from tests.inventory.verdict.plants import (
    CLOSED,
    NO_MODBUS,
    NO_UA,
    NOT_MINE,
    PLC,
    PRESSURE,
    PROXY,
    S7,
    TEMPERATURE,
    O,
    Row,
    Sample,
    device,
    evidence,
    listed,
    no,
    row,
    seen,
    trap,
    yes,
)  # fmt: skip

QUIET = seen("modbus", O.SILENT)
BLOCKED = seen("modbus", O.BLOCKED)
UNSEEN = device(register=row(address="192.0.2.10"), seen=False)
NOWHERE = device(register=row(address=""), seen=False)
SILENT = seen("opcua", O.SILENT)
NET = ip_network("192.0.2.0/24")
CELL = {"zones": (Zone("cell", (NET,)),)}


GONE = Merge(ELSEWHERE, "another device answers at 192.0.2.9")


def vantages(**covers: tuple[str, ...]) -> dict[str, object]:
    """Vantages by name with the zones that they cover; the first zone is their own."""
    made = {name: Vantage(name, zones[0], zones[1:]) for name, zones in covers.items()}
    return {**CELL, "vantages": made}


def statement(key: str, text: str, value: str = "") -> dict[str, object]:
    made = Declaration("site", Kind.ATTEST, key, {"statement": text, "value": value})
    return {"attested": {key.casefold(): (made,)}}


A01 = [
    yes("A01", "modbus=medium/low",
        evidence(S7, seen("mystery", O.COMPLETE), NO_UA, QUIET, about=PLC)),
    no("A01", "", evidence(S7, NO_UA, QUIET,
                           about=replace(PLC, role="switch", register=row(protocol="modbus")))),
    no("A01", "", evidence(seen("opcua", O.COMPLETE, vantage="cell", seconds=-40 * 3600),
        seen("modbus", O.CLOSED, vantage="dmz", scan="s2"),
        seen("opcua", O.SILENT, vantage="dmz", scan="s2"), about=PLC),
       {"collection": "dmz"}),  # then the question of A02
    yes("A01", "modbus=medium/low", evidence(S7, NO_UA, QUIET, about=PLC)),
    yes("A01", "modbus=medium/medium", evidence(S7, NO_UA, BLOCKED, about=PLC)),
    yes("A01", "modbus=medium/medium", evidence(BLOCKED, about=PLC)),  # the filter itself says so
    yes("A01", "modbus=medium/low",
        evidence(seen("modbus", O.NO_PATH), seen("opcua", O.CLOSED), about=PLC)),
    yes("A01", "modbus=medium/low", evidence(NO_UA, QUIET, about=replace(PLC, role="server",
        register=row(protocol="Modbus")))),  # declared to speak it
    yes("A01", "modbus=medium/low",
        evidence(seen("snmp", O.COMPLETE), NO_UA, QUIET, about=PLC)),  # SNMP is no process data
    yes("A01", "bacnet=medium/medium", evidence(
        seen("bacnet", O.BLOCKED, transport="udp", port=47808), NO_UA,
        about=replace(PLC, register=row(protocol="bacnet")))),
    no("A01", "", evidence(S7, *CLOSED, about=PLC)),
    no("A01", "", evidence(NO_UA, QUIET, about=replace(PLC, role="server"))),  # not plausible
    no("A01", "", evidence(S7, NO_UA, seen("modbus", O.NOT_ASKED, reason="budget"), about=PLC)),
    no("A01", "", evidence(NO_UA, seen("fins", O.SILENT), about=replace(
        PLC, register=row(protocol="fins")))),  # no open service
    no("A01", "", evidence(NO_UA, seen("lldp", O.SILENT, transport="tcp"), about=replace(
        PLC, register=row(protocol="lldp")))),  # no data in it
    no("A01", "", evidence(S7, NO_UA, QUIET, about=replace(PLC, role="switch"))),
    no("A01", "", evidence(S7, NO_UA, QUIET, PROXY, about=PLC)),
    no("A01", "", evidence(seen("opcua", O.CLOSED, vantage="dmz", scan="s2"),
        seen("modbus", O.COMPLETE, vantage="cell"),
        seen("modbus", O.SILENT, vantage="dmz", scan="s2"), about=PLC),
       {"collection": "dmz"}),  # then A02
    # no control there
    no("A01", "modbus=?", evidence(NO_UA, replace(QUIET, scan="scan-2"), about=PLC)),
    trap("A01", "nothing at that address", "", evidence(QUIET, about=PLC)),
    trap("A01", "nothing at that address", "", evidence(QUIET, SILENT, about=PLC)),
    trap("A01", "the service is UDP", "", evidence(
        seen("bacnet", O.SILENT, transport="udp", port=47808), NO_UA,
        about=replace(PLC, register=row(protocol="bacnet")))),
    trap("A01", "another open data service", "",
         evidence(listed(TEMPERATURE), QUIET, about=PLC)),
]  # fmt: skip


def pair(*, hours: float = 1.0, cell: O = O.COMPLETE, dmz: O = O.SILENT, protocol: str = "opcua",
         **other: object) -> Evidence:  # fmt: skip
    """The same service asked from the cell, and some hours later from the DMZ."""
    return evidence(
        seen(protocol, cell, vantage="cell", seconds=-hours * 3600),
        seen(protocol, dmz, vantage="dmz", scan="scan-2", **other),  # type: ignore[arg-type]
        about=PLC,
    )


DMZ = {"collection": "dmz"}
A02 = [
    no("A02", "", pair(transport="udp"), DMZ),
    yes("A02", "opcua=high/high", pair(), DMZ),
    yes("A02", "opcua=high/high", pair(dmz=O.BLOCKED), DMZ),
    yes("A02", "opcua=high/high", pair(cell=O.REFUSED_AUTH), DMZ),
    yes("A02", "opcua=high/high", pair(hours=24), DMZ),
    no("A02", "opcua=?", pair(hours=24.1), DMZ).telling("untrap scan 192.0.2.10 --vantage dmz"),
    trap("A02", "the port answers the collector", "opcua=?", pair(dmz=O.CLOSED), DMZ),
    trap("A02", "the port answers the collector", "opcua=?", pair(dmz=O.MUTE), DMZ),
    trap("A02", "the port answers the collector", "opcua=?", pair(dmz=O.HUNG_UP, hours=30), DMZ)
    .telling("untrap scan 192.0.2.10 --vantage dmz"),
    no("A02", "", pair(dmz=O.GARBLED), DMZ),
    no("A02", "", pair(dmz=O.CLOSED), {}),
    no("A02", "", pair(dmz=O.COMPLETE), DMZ),
    no("A02", "", pair(cell=O.CLOSED), DMZ),
    no("A02", "", pair(cell=O.MUTE), DMZ),
    no("A02", "", pair(), {}),  # no collection vantage
    no("A02", "", pair(port=4841), DMZ),  # another port
    no("A02", "", pair(address="192.0.2.99"), DMZ),  # another address
    no("A02", "", pair(protocol="s7comm"), DMZ),  # T rules' business
    no("A02", "", pair(dmz=O.NOT_ASKED, reason="budget"), DMZ),
    trap("A02", "the collector is planned inside", "", pair(), {"collection": "cell"}),
    trap("A02", "only one of the two runs", "", evidence(
        seen("opcua", O.SILENT, vantage="dmz"), about=PLC), DMZ),
    trap("A02", "only one of the two runs", "", evidence(
        seen("opcua", O.COMPLETE, vantage="cell"), about=PLC), DMZ),
]  # fmt: skip

USER = seen("opcua", O.REFUSED_AUTH, "session", reason="user_rejected")
UNTRUSTED = seen("opcua", O.REFUSED_AUTH, "session", reason="certificate_untrusted")
KEPT = seen("opcua", O.NOT_ASKED, "session", reason="safety_hold", credential="historian")
NO_CREDENTIAL = seen("snmp", O.NOT_ASKED, reason="no_credential")
A03 = [
    yes("A03", "opcua=medium/high",
        evidence(USER, seen("opcua", O.NOT_ASKED, "session", reason="budget"))),
    no("A03", "", evidence(USER, seen("opcua", O.COMPLETE, "browse", points=(TEMPERATURE,)))),
    no("A03", "", evidence(USER, seen("opcua", O.COMPLETE, "read", samples=(
        Sample(TEMPERATURE.address, 3.0),)))),
    no("A03", "", evidence(KEPT)),
    *(yes("A03", "opcua=medium/high", evidence(USER, replace(USER, credential=label))).telling(word)
      for label, word in (
          ("historian", "Check credential historian with the owner"), ("anonymous", "!Check"))),
    yes("A03", "opcua=medium/high", evidence(USER)).telling("!Check", "read-only service account"),
    # Another name was refused for its certificate: as a user nobody was refused but the nameless.
    no("A03", "opcua=?", evidence(USER, KEPT, replace(UNTRUSTED, credential="x"))),
    yes("A03", "opcua=medium/high", evidence(USER, UNTRUSTED)),
    yes("A03", "snmp=medium/high", evidence(seen("snmp", O.REFUSED_AUTH, reason="user_rejected"))),
    yes("A03", "opcua=medium/high", evidence(USER, KEPT, replace(USER, credential="x"))),
    no("A03", "", evidence(seen("opcua", O.COMPLETE))),
    no("A03", "", evidence(USER, listed(TEMPERATURE))),  # we got in after all
    no("A03", "", evidence(KEPT, USER, listed(TEMPERATURE))),
    no("A03", "opcua=?", evidence(seen("opcua", O.NOT_ASKED, reason="no_credential"))).telling(
        "untrap scan 192.0.2.10 --probe opcua --credentials NAME"),
    no("A03", "", evidence(seen("opcua", O.NOT_ASKED, reason="no_credential"),
                           about=replace(PLC, role="switch"))),
    no("A03", "", evidence(seen("opcua", O.NOT_ASKED, reason="budget"))),
    no("A03", "", evidence(seen("opcua", O.COMPLETE),
                           seen("opcua", O.NOT_ASKED, "session", reason="no_credential"))),
    no("A03", "", evidence(seen("snmp", O.REFUSED_AUTH, reason="clock_skew"))),
    no("A03", "opcua=?", evidence(USER, KEPT)),  # a credential that was not sent
    trap("A03", "no credential was ever tried", "snmp=?", evidence(NO_CREDENTIAL)),
    # Nobody listens there, so no credential helps.
    no("A03", "", evidence(seen("snmp", O.CLOSED, "discover"), NO_CREDENTIAL)),
    trap("A03", "the refusal is about trust", "", evidence(UNTRUSTED)),
    trap("A03", "an earlier scan came in", "", evidence(
        listed(TEMPERATURE, credential="reader"), replace(USER, scan="scan-2"))),
    trap("A03", "an earlier scan came in", "opcua=medium/medium", evidence(  # it contradicts
        listed(TEMPERATURE, credential="reader"),
        replace(USER, scan="scan-2", credential="reader"))),
    trap("A03", "the server has no use for the user", "",
         evidence(seen("opcua", O.REFUSED_AUTH, reason="username_not_offered"),
                  seen("opcua", O.COMPLETE, "session"))),
]  # fmt: skip

NO_MODE = seen("opcua", O.REFUSED_AUTH, "session", reason="mode_not_offered")


USER_KEPT = seen("opcua", O.REFUSED_AUTH, "session", reason="username_not_offered")


def offering(*offers: str) -> Observation:
    facts = tuple(Fact("security", offer, "opcua GetEndpoints") for offer in offers)
    return seen("opcua", O.COMPLETE, "get_endpoints", facts=facts)


USERS_ONLY = offering(
    "Basic256Sha256/SignAndEncrypt/username", "Basic256Sha256/Sign/username+certificate"
)
A03 += [
    # A certificate alone opens nothing where every offer asks for a user too.
    yes("A03", "opcua=medium/high", evidence(USERS_ONLY, NO_MODE)).telling(
        "no offer takes an anonymous user: Basic256Sha256/SignAndEncrypt/username"
    ),
    no("A03", "", evidence(offering("Basic256Sha256/Sign/anonymous+username"), NO_MODE)),
    no("A03", "", evidence(NO_MODE)),  # nobody knows what it takes
    no("A03", "", evidence(USERS_ONLY, replace(NO_MODE, credential="historian"))),
    no("A03", "", evidence(USERS_ONLY, NO_MODE, listed(TEMPERATURE))),
    # What else the server states of itself is no offer.
    yes("A03", "opcua=medium/high", evidence(
        USERS_ONLY, seen("opcua", O.COMPLETE, facts=(Fact("product", "Server", "opcua"),)), NO_MODE
    )),
    # Nobody knows whom the second offer takes.
    no("A03", "", evidence(offering("Basic256Sha256/Sign/username", "None/None"), NO_MODE)),
    no("A03", "opcua=?", evidence(USERS_ONLY, NO_MODE, KEPT)),  # the name it asks for is held
    trap("A03", "the refusal is about trust", "", evidence(USERS_ONLY, UNTRUSTED)),
    no("A03", "", evidence(  # nothing was refused for good
        USERS_ONLY, USER_KEPT, seen("opcua", O.PARTIAL, "session", reason="mode_not_offered"))),
]  # fmt: skip
A04 = [
    yes("A04", "opcua=low/high", evidence(USERS_ONLY, NO_MODE)),
    yes("A04", "opcua=low/high", evidence(UNTRUSTED)),
    yes("A04", "opcua=low/high",
        evidence(seen("opcua", O.REFUSED_AUTH, reason="mode_not_offered"))),
    yes("A04", "opcua=low/high", evidence(UNTRUSTED, USER)),
    yes("A04", "opcua=low/high",
        evidence(UNTRUSTED, about=replace(PLC, register=row(redundancy="A")))),
    yes("A04", "opcua=info/high",
        evidence(UNTRUSTED, about=replace(PLC, register=row(redundancy="B")))),  # a spare
    no("A04", "", evidence(seen("opcua", O.COMPLETE))),
    no("A04", "", evidence(UNTRUSTED, listed(TEMPERATURE))),
    no("A04", "", evidence(seen("opcua", O.PARTIAL, reason="certificate_untrusted"))),
    trap("A04", "the refusal is about the user", "", evidence(USER)),
]  # fmt: skip

THREE = tuple(replace(TEMPERATURE, address=f"nsu=urn:x;s=T{n}", name=f"T{n}") for n in range(3))
A05 = [
    yes("A05", "opcua=medium/high",
        evidence(listed(PRESSURE, protocol="mystery"), listed(TEMPERATURE, NOT_MINE))),
    no("A05", "", evidence(seen("opcua", O.COMPLETE),
                           listed(TEMPERATURE, NOT_MINE, protocol="bacnet"))),
    yes("A05", "opcua=medium/high", evidence(listed(TEMPERATURE, NOT_MINE))),
    yes("A05", "opcua=medium/high", evidence(listed(*THREE, NOT_MINE))),  # a quarter
    yes("A05", "opcua=low/high", evidence(listed(*THREE, TEMPERATURE, NOT_MINE))),
    no("A05", "", evidence(listed(TEMPERATURE, NOT_MINE, protocol="bacnet"))),  # has no such right
    no("A05", "", evidence(seen("opcua", O.COMPLETE, "browse"))),
    no("A05", "", evidence(listed(TEMPERATURE, replace(NOT_MINE, type="String")))),
    trap("A05", "all of them are readable", "", evidence(listed(TEMPERATURE, PRESSURE))),
]  # fmt: skip

A08 = [
    yes("A08", "high/low", evidence(seen("opcua", O.BLOCKED, scan="scan-0"), SILENT,
                                    about=UNSEEN)),  # the two contradict each other
    yes("A08", "high/medium", evidence(SILENT, about=UNSEEN),
        {"vantages": {"here": Vantage("here", "dmz", ("x",))}}),  # no zones are declared
    no("A08", "?", evidence(about=replace(UNSEEN, seen=True))),
    yes("A08", "high/medium", evidence(SILENT, about=UNSEEN)),
    yes("A08", "high/medium", evidence(seen("opcua", O.NO_PATH), about=UNSEEN)),
    yes("A08", "high/medium", evidence(SILENT, about=UNSEEN), vantages(here=("dmz", "cell"))),
    yes("A08", "high/medium", evidence(SILENT, about=UNSEEN), vantages(here=("cell", "dmz"))),
    yes("A08", "high/medium", evidence(SILENT, about=UNSEEN), vantages(here=("dmz",))),
    yes("A08", "high/medium", evidence(SILENT, about=UNSEEN),
        vantages(here=("dmz", "10.0.0.0/8", str(NET)))),
    yes("A08", "high/medium", evidence(SILENT, about=UNSEEN), vantages(other=("dmz", "x"))),
    yes("A08", "high/medium", evidence(SILENT, about=UNSEEN), CELL),
    yes("A08", "high/medium", evidence(SILENT, about=replace(UNSEEN, parent="g", seen=True))),
    no("A08", "", evidence(SILENT, about=device(seen=False))),  # not in the register
    yes("A08", "high/medium", evidence(SILENT, about=device(seen=False)),  # a machine's row
        {"addressed": {"192.0.2.10": row("UMG-1")}}).telling("the register declares UMG-1"),
    no("A08", "", evidence(SILENT, NO_MODBUS, about=UNSEEN)),
    no("A08", "", evidence(SILENT, about=replace(UNSEEN, seen=True))),  # seen by a capture
    no("A08", "", evidence(SILENT, seen("modbus", O.REFUSED_DOWNSTREAM, part="unit 3"),
                           about=replace(UNSEEN, parent="g", part="unit 3"))),  # then T06
    no("A08", "", evidence(replace(NO_UA, scan="scan-0"), SILENT, about=UNSEEN)),  # a conflict
    trap("A08", "its address or zone was not", "?", evidence(about=UNSEEN)).telling(
        "a question to its declared address", "scan the declared address",
        "untrap scan 192.0.2.10"),
    trap("A08", "its address or zone was not", "?", evidence(about=NOWHERE)).telling(
        "an address of it", "the register gives none", "complete the register", "!untrap scan",
        "!which unit"),
    trap("A08", "its address or zone was not", "?", evidence(about=replace(  # its gateway has none
        NOWHERE, addresses=(), parent="g", part="unit 3",
        register=row("M", address="", parent="GW", unit="3")))).telling(
            "an address of it", "!which unit"),
    trap("A08", "its address or zone was not", "?",
         evidence(seen("opcua", O.NOT_ASKED, reason="budget"), about=UNSEEN)),
    trap("A08", "its address or zone was not", "?",
         evidence(seen("opcua", O.SILENT, origin="capture"), about=UNSEEN)),
    trap("A08", "its address or zone was not", "?",
         evidence(SILENT, about=UNSEEN), vantages(here=("dmz", "x"))),
    trap("A08", "its address or zone was not", "?",
         evidence(SILENT, about=UNSEEN), vantages(here=("dmz", "198.51.100.0/24"))),
    trap("A08", "its address or zone was not", "?",
         evidence(seen("opcua", O.SILENT, port=14_840), about=UNSEEN),
         vantages(here=("dmz", "198.51.100.0/24"))).telling(
            "untrap scan 192.0.2.10 --port opcua=14840 --vantage NAME"),
    trap("A08", "its address or zone was not", "?", evidence(about=replace(
        UNSEEN, parent="g", part="unit 3", register=row("M", parent="GW", unit="3")))).telling(
            "declared address, unit 3", "it asks declared units", "untrap scan 192.0.2.10"),
    trap("A08", "its address or zone was not", "?", evidence(about=replace(
        NOWHERE, parent="g", register=row("M", parent="GW")))).telling(
            "which unit it is behind GW", "import register", "!untrap scan"),
    *(trap("A08", "several register rows name", key,
           evidence(S7, about=replace(PLC, merges=tuple(
               Merge(f"register row {tag}", f"{by} is the same") for tag, by in rows))))
      for key, rows in (
          ("?", (("A", "address 10.0.0.5"), ("B", "address 10.0.0.5"))),
          ("?", (("A", "serial number 77"), ("B", "address 10.0.0.5"))),
          ("", (("A", "address 10.0.0.5"), ("A", "address 10.0.0.5"))),
          ("?", (("A", "serial number 77"), ("B", "serial number 77"))),
          ("?", (("A", "hardware address 0"), ("B", "hardware address 0"), ("C", "name c"))),
          ("?", (("A", "name a"), ("B", "name a"))),
          ("", (("A", "name a"), ("B", "serial number 77"))),
          ("", (("A", "serial number 77"), ("B", "hardware address 0")))) ),
    trap("A08", "several register rows name", "?", evidence(S7, about=replace(PLC, merges=(
        Merge("register row A", "serial number 77 is the same"),
        Merge("register row B", "serial number, but for case, zeros in front, 77 is the same")))),
        ).telling("A, B", "by one serial number", "correct the serial number", "!address"),
    trap("A08", "several register rows name", "?", evidence(S7, about=replace(PLC, merges=(
        Merge("register row GW", "serial number 77 is the same"),
        Merge("register row U-5", "it answers every unit alike")))),
        ).telling("GW, U-5", "units of one that answers every unit alike", "correct the unit"),
    trap("A08", "several register rows name", "", evidence(S7, about=replace(PLC, merges=(
        Merge("register row A", "address 10.0.0.5"), Merge("serial:77", "same serial number"))))),
    trap("A08", "several register rows name", "?", evidence(about=replace(UNSEEN, merges=tuple(
        Merge(f"register row {tag}", "address 192.0.2.10") for tag in "AB")))).telling(
            "a question to its declared address", "!which of"),  # nothing stands there yet
    trap("A08", "another device stands where it stood", "?",
         evidence(S7, about=replace(PLC, merges=(GONE,)))).telling("at 192.0.2.9", "taken away"),
    trap("A08", "another device stands where it stood", "?",
         evidence(SILENT, about=replace(UNSEEN, merges=(GONE,)))).telling("its address in"),
    trap("A08", "another device stands where it stood", "",
         evidence(S7, about=replace(PLC, merges=(GONE,))), statement("device-1", "removed")),
    trap("A08", "another device stands where it stood", "",
         evidence(SILENT, about=replace(UNSEEN, merges=(GONE,))), statement("P-101", "removed")),
    trap("A08", "another device stands where it stood", "",
         evidence(S7, about=replace(PLC, merges=(replace(GONE, identity="serial:x"),)))),
    trap("A08", "it was declared out of service", "",
         evidence(SILENT, about=UNSEEN), statement("P-101", "out of service")),
    trap("A08", "it was declared out of service", "",
         evidence(SILENT, about=UNSEEN), statement("192.0.2.10", "Removed")),
    trap("A08", "it was declared out of service", "high/medium",  # and those days are over
         evidence(SILENT, about=UNSEEN),
         statement("P-101", "out of service", "2020-01-01 to 2020-02-01")),
    trap("A08", "it was declared out of service", "high/medium",
         evidence(SILENT, about=UNSEEN), statement("P-101", "no sensor")),  # says nothing of that
]  # fmt: skip

A09 = [
    yes("A09", "info/high", evidence(seen("opcua", O.NOT_ASKED, reason="budget"))),
    yes("A09", "info/high", evidence(S7, seen("opcua", O.NOT_ASKED))),
    yes("A09", "info/high", evidence(seen("opcua", O.NOT_ASKED, reason="dependency"),
                                     seen("modbus", O.NOT_ASKED, reason="budget"))),
    no("A09", "", evidence(NO_UA)),
    no("A09", "", evidence()),
    trap("A09", "the port refuses", "", evidence(
        seen("snmp", O.CLOSED, "discover"), NO_CREDENTIAL)),
    trap("A09", "the port refuses", "info/high", evidence(
        seen("snmp", O.SILENT, "discover"), NO_CREDENTIAL)),
    trap("A09", "the port refuses", "info/high", evidence(
        seen("snmp", O.CLOSED, "discover"), seen("snmp", O.NOT_ASKED, reason="budget"))),
    trap("A09", "the question depended on another", "",
         evidence(seen("opcua", O.NOT_ASKED, reason="dependency"))),
]  # fmt: skip

ROWS: list[Row] = [*A01, *A02, *A03, *A04, *A05, *A08, *A09]
