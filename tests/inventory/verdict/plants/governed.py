"""Keys of the G rules and of the N rules."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from inventory.judge.context import Vantage, Zone
from inventory.model import Declaration, Evidence, Kind
from protocols.contract import Observation
from tests.inventory.verdict.plants import (
    CLOSED,
    NO_MODBUS,
    NO_UA,
    PLC,
    S7,
    TEMPERATURE,
    Fact,
    O,
    Quality,
    Row,
    Sample,
    device,
    evidence,
    listed,
    no,
    registers,
    row,
    seen,
    stating,
    tag,
    trap,
    window,
    yes,
)  # fmt: skip
from tests.inventory.verdict.plants.trapped import NAMED, attested

MODBUS = evidence(registers(1, 2, signal="power"), about=PLC)
HERE = {
    "zones": (Zone("cell", (ip_network("192.0.2.0/24"),)),),
    "vantages": {"here": Vantage("here", "cell")},
}
ACROSS = {**HERE, "vantages": {"here": Vantage("here", "dmz")}}
WALK = listed(tag("Temperature", "CEL"), protocol="snmp", operation="walk_whole",
              credential="community")  # fmt: skip


def kind(text: str) -> dict[str, object]:
    return {"credential_types": {"community": text}}


SOME = (Sample(TEMPERATURE.address, 3.0),)
OUTSIDE = {**ACROSS, "zones": (Zone("far", (ip_network("10.0.0.0/8"),)),)}
G01 = [
    yes("G01", "opcua=medium/high", evidence(
        seen("opcua", O.COMPLETE), seen("opcua", O.COMPLETE, "read", samples=SOME))).telling(
        "opcua read", "no zones are declared"),
    yes("G01", "opcua=medium/high", evidence(
        seen("opcua", O.COMPLETE), seen("opcua", O.COMPLETE, "list", points=(TEMPERATURE,)))
        ).telling("opcua list"),
    yes("G01", "opcua=medium/high",
        evidence(listed(TEMPERATURE), listed(TEMPERATURE, protocol="lldp"))),
    yes("G01", "opcua=medium/high", evidence(
        seen("opcua", O.COMPLETE, "session", credential="reader"), listed(TEMPERATURE))),
    yes("G01", "modbus=low/high", MODBUS, OUTSIDE).telling("!no zones"),
    yes("G01", "modbus=low/high", MODBUS, {**HERE, "vantages": {}}),
    yes("G01", "modbus=low/high", MODBUS, {**HERE, "vantages": {"here": Vantage("here")}}),
    no("G01", "", evidence(
        seen("opcua", O.COMPLETE, "list", points=(TEMPERATURE,), credential="reader"))),
    no("G01", "", evidence(seen("opcua", O.COMPLETE, "read", samples=SOME, credential="reader"))),
    yes("G01", "opcua=medium/high", evidence(listed(TEMPERATURE))),
    yes("G01", "opcua=medium/high", evidence(seen("opcua", O.COMPLETE, points=(TEMPERATURE,)))),
    yes("G01", "modbus=low/high", MODBUS),  # inside one zone
    yes("G01", "modbus=low/high", MODBUS, HERE),
    yes("G01", "modbus=medium/high", MODBUS, ACROSS),
    yes("G01", "snmp=medium/high", evidence(WALK), kind("snmp-v2c")),
    yes("G01", "snmp=medium/high", evidence(WALK), kind("snmp-v1")),
    yes("G01", "snmp=medium/high", evidence(replace(WALK, credential="snmp-public"))),
    yes("G01", "opcua=medium/high",
        evidence(listed(TEMPERATURE), seen("mms", O.COMPLETE), about=PLC)),  # it gave nothing
    no("G01", "", evidence(seen("opcua", O.COMPLETE))),  # nothing was read
    no("G01", "", evidence(WALK), kind("snmp-v3")),
    no("G01", "", evidence(listed(TEMPERATURE), about=replace(PLC, role="switch"))),
    no("G01", "", evidence(listed(TEMPERATURE, protocol="lldp"))),
    no("G01", "", evidence(listed(TEMPERATURE, protocol="mms"))),  # nothing says how
    trap("G01", "a secured service gave", "", evidence(listed(TEMPERATURE, credential="reader"))),
    trap("G01", "a secured service gave", "",
         evidence(listed(TEMPERATURE, credential="reader"), registers(1, 2), about=PLC)),
    trap("G01", "a secured service gave", "",
         evidence(listed(TEMPERATURE), listed(TEMPERATURE, credential="reader"))),
]  # fmt: skip

ELSEWHERE_MEANT = "a register row names its address, or its hardware address, and means another"

G02 = [
    yes("G02", "medium/high", evidence(S7, about=PLC), {"register": True}),
    yes("G02", "medium/high", evidence(NO_UA, about=PLC), {"register": True}),
    no("G02", "", evidence(S7, about=replace(PLC, register=row())), {"register": True}),
    no("G02", "", evidence(about=PLC), {"register": True}),
    no("G02", "", evidence(S7, about=replace(PLC, seen=False)), {"register": True}),
    trap("G02", "no register was given", "", evidence(S7, about=PLC)),
    trap("G02", "the register row of a machine names its address", "",
         evidence(S7, about=replace(PLC, addresses=("10.0.0.9",))),
         {"register": True, "addressed": {"10.0.0.9": row("P-9")}}),
    *(trap("G02", ELSEWHERE_MEANT, key, evidence(S7, about=replace(PLC, **about)),
           {"register": True, "claimed": {"00:1b:1b:00:00:09": "PLC-9"}})
      for key, about in (
          ("?", {"mac": "00:1b:1b:00:00:09"}),
          ("?", {"facts": (Fact("interface.mac", "00-1B-1B-00-00-09", "snmp"),)}),
          ("medium/high", {"mac": "00:1b:1b:00:00:08"}),
      )),
    trap("G02", ELSEWHERE_MEANT, "?",
         evidence(S7, about=replace(PLC, addresses=("10.0.0.9",))),
         {"register": True, "claimed": {"10.0.0.9": "PLC-9"}}).telling("PLC-9", "10.0.0.9"),
    trap("G02", ELSEWHERE_MEANT, "medium/high",
         evidence(S7, about=replace(PLC, addresses=("10.0.0.9",), part="unit 3")),
         {"register": True, "claimed": {"10.0.0.9": "PLC-9"}}),  # the row names its gateway
    *(trap("G02", "the register row of a machine names its address", key,
           evidence(registers(1, part=part), about=replace(PLC, parent=part and "g", part=part)),
           {"register": True, "addressed": dict.fromkeys(named, row("P-9"))})
      for key, part, named in (
          ("", "unit 4", ("192.0.2.10 unit 4", "via 192.0.2.10")),
          ("medium/high", "unit 7", ("192.0.2.10 unit 4", "via 192.0.2.10")),  # another's row
          ("", "unit 7", ("192.0.2.10",)),  # any of its units may be that machine's
          ("", "", ("192.0.2.10 unit 4", "via 192.0.2.10")),  # the gateway that it is behind
          ("", "unit 7", ("device-1",)))),  # proposed as that machine's by its parent
]  # fmt: skip

TWO = {"collisions": {"serial Maker S1234": ("device-1", "device-2")}}
MAC = "00:11:22:33:44:55"
SHARED_MAC = {"collisions": {f"mac {MAC}": ("device-1", "device-2")}}
GAP, MAC_GAP = "serial Maker S1234=medium/high", f"mac {MAC}=medium/high"
G03 = [
    yes("G03", "serial Maker S1234=medium/high", evidence(S7, about=PLC), TWO).telling(
        "device-2", "!device-1"),
    yes("G03", f"mac {MAC}=medium/high", evidence(S7, about=replace(PLC, mac=MAC)),
        {"collisions": {f"mac {MAC}": ("device-1", "device-2")}}),
    yes("G03", "engine_id 8000=medium/high", stating(Fact("engine_id", "8000", "snmp")),
        {"collisions": {"engine_id 8000": ("device-1", "device-2")}}),
    no("G03", "", evidence(S7, about=PLC)),
    no("G03", "", evidence(S7, about=PLC), {"collisions": {"serial Maker S9": ("a", "b")}}),
    no("G03", "", evidence(S7, about=replace(PLC, seen=False)), TWO),
    *((yes if facts else no)("G03", f"mac {MAC}=medium/high" if facts else "", evidence(
        S7, about=replace(PLC, serial="", mac=MAC, facts=facts, register=row("A", mac=MAC))),
        {"collisions": {f"mac {MAC}": ("device-1", "device-2")}})
      for facts in ((), (Fact("mac", MAC, "arp"),))),  # what only a row states is no word of it
    no("G03", "", evidence(S7, about=replace(PLC, parent="g", mac=MAC, serial="")),
       {"collisions": {f"mac {MAC}": ("device-1", "device-2")}}),  # the gateway's own
    trap("G03", "the identity is a placeholder", "",
         evidence(S7, about=replace(PLC, serial="0000")),
         {"collisions": {"serial Maker 0000": ("device-1", "device-2")}}),
    trap("G03", "the identity is a placeholder", "",
         evidence(S7, about=replace(PLC, serial="7")),
         {"collisions": {"serial Maker 7": ("device-1", "device-2")}}),
    trap("G03", "the identity is a placeholder", "",
         evidence(S7, about=replace(PLC, vendor="")),
         {"collisions": {"serial  S1234": ("device-1", "device-2")}}),
    trap("G03", "it is a virtual router", "",
         evidence(S7, about=replace(PLC, serial="", mac="00:00:5e:00:01:07")),
         {"collisions": {"mac 00:00:5e:00:01:07": ("device-1", "device-2")}}),
    trap("G03", "they are declared a redundant", "", evidence(S7, about=PLC),
         {**TWO, **attested("device-1", statement="redundant pair")}),
    trap("G03", "they are declared a redundant", "",
         evidence(S7, about=replace(PLC, register=row("PLC-A"))),
         {**TWO, **attested("plc-a", statement="Redundant with PLC-B")}),
    *(trap("G03", "they are declared a redundant", key,  # the other row of the pair says so
           evidence(S7, about=replace(PLC, register=row("PLC-B"))),
           {**TWO, "twins": frozenset({twin})})
      for twin, key in (("plc-b", ""), ("device-1", ""), ("plc", GAP), ("device-2", GAP))),
    trap("G03", "they are declared a redundant", GAP,
         evidence(S7, about=PLC), {**TWO, **attested("device-1", statement="no sensor")}),
    trap("G03", "they are declared a redundant", "serial Maker S1234=medium/high",
         evidence(S7, about=PLC), {**TWO, **attested("device-1", statement="not redundant")}),
    # What a register row alone states, the device does not.
    *(trap("G03", "only the register", key, evidence(S7, about=replace(
          PLC, serial="", mac=MAC, register=row(mac=stated), facts=facts)), SHARED_MAC)
      for stated, facts, key in (
          (MAC, (), ""), (MAC.upper(), (), ""),
          (MAC, (Fact("mac", MAC, "snmp"),), MAC_GAP), ("00:11:22:00:00:01", (), MAC_GAP))),
    *(trap("G03", "only the register", key, evidence(S7, about=replace(
          PLC, register=row(serial=stated), facts=facts)), TWO)
      for stated, facts, key in (
          ("S1234", (), ""), ("S999", (), GAP),
          ("S1234", (Fact("serial", "S1234", "opcua"),), GAP))),
    yes("G03", GAP, evidence(stating(Fact("serial", "S1234", "snmp")).observations[0], S7,
                             about=PLC), TWO).telling("snmp states serial = S1234"),
]  # fmt: skip


def ends(text: str) -> Row:
    return Row("G04", "positive", "", stating(Fact("certificate.not_after", text, "opcua")))


G04 = [
    replace(ends("2026-11-22T12:00:00Z"), key="2026-11-22T12:00:00Z=low/high").telling(
        "expired on 2026-11-22"
    ),
    replace(ends("2026-11-22T12:00:01Z"), key="2026-11-22T12:00:01Z=low/high").telling(
        "ends on 2026-11-22"
    ),
    replace(ends("2026-12-24T00:00:00Z"), key="2026-12-24T00:00:00Z=low/high"),
    replace(ends("2025-01-01T00:00:00"), key="2025-01-01T00:00:00=low/high"),
    replace(ends("2027-02-20T12:00:00Z"), key="2027-02-20T12:00:00Z=low/high"),  # 90 days
    replace(ends("2027-02-20T12:00:01Z"), kind="negative"),
    no("G04", "", stating()),
    replace(ends("soon"), kind="trap", not_if="its last day cannot be read"),
]

WRITABLE = replace(TEMPERATURE, access="rw")
G05 = [
    yes("G05", "opcua=medium/high",
        evidence(listed(TEMPERATURE, protocol="mystery"), listed(WRITABLE))),
    yes("G05", "opcua=medium/high", evidence(listed(WRITABLE))),
    yes("G05", "opcua=medium/high", evidence(listed(replace(TEMPERATURE, access="w")))),
    no("G05", "", evidence(listed(TEMPERATURE))),
    no("G05", "", evidence(seen("opcua", O.COMPLETE))),
    no("G05", "", evidence(listed(replace(WRITABLE, type="String")))),  # no process value
    no("G05", "", evidence(seen("opcua", O.COMPLETE), registers(1, access="rw"), about=PLC)),
    trap("G05", "the protocol states no access", "",
         evidence(registers(1, 2, access="rw"), about=PLC)),
]  # fmt: skip

G07 = [
    yes("G07", "low/high", evidence(S7, about=replace(PLC, register=row(owner="")))),
    yes("G07", "low/high", evidence(S7, about=replace(PLC, register=row(criticality="")))),
    yes("G07", "low/high", evidence(S7, about=replace(PLC, register=row(area="")))),
    no("G07", "", evidence(S7, about=replace(PLC, register=row()))),
    no("G07", "", evidence(S7, about=replace(PLC, register=row(area="", line="line 1")))),
    no("G07", "", evidence(S7, about=replace(PLC, register=row(criticality=""))),
       {"criticality": {"device-1": ("C3", "")}}),  # that of the machine it monitors
    trap("G07", "no register was given", "", evidence(S7, about=PLC)),
]  # fmt: skip

REFUSING = replace(PLC, seen=False)
MAP = Fact("map", "library: pm5000 (Maker, list)", "vendor and model")
MAPPED = replace(PLC, facts=(MAP,))
UNFIT = (
    seen("modbus", O.COMPLETE, "identity"),
    seen("modbus", O.EMPTY, "read"),
    seen("modbus", O.EMPTY, "read"),
)

NAMELESS = replace(PLC, role="")
READ_OUT = seen("snmp", O.COMPLETE, "walk_whole", credential="community")

# --- N rules: the category, and "?" where N05 is asked -----------------------------------------

MANY = [20.5 + n for n in range(24)]
GOOD = evidence(window(TEMPERATURE, list(MANY)), about=PLC)  # type: ignore[arg-type]
SECURE = replace(window(TEMPERATURE, list(MANY)), credential="reader")  # type: ignore[arg-type]
GAP = evidence(S7, *CLOSED, about=PLC)


def accepted(expires: str) -> dict[str, object]:
    from inventory.judge.verdict import judge_device
    from tests.inventory.verdict.evidence import context

    gap = next(i for i in judge_device(GAP, context(GAP)).findings if i.rule == "T01")
    fields = {"finding": gap.id, "owner": "O", "reason": "R", "expires": expires}
    return {"waivers": {gap.id: Declaration("site", Kind.WAIVER, gap.id, fields)}}


FULL_UP = (
    seen("opcua", O.COMPLETE, "get_endpoints"),
    seen("opcua", O.REFUSED_RESOURCE, "create_session", reason="BadTooManySessions"),
)


def elsewhere(port: int, *some: Observation) -> tuple[Observation, ...]:
    """The same at another port."""
    return tuple(replace(one, target=replace(one.target, port=port)) for one in some)


N = [
    yes("N01", "sufficient", evidence(SECURE, about=PLC)),
    yes("N01", "sufficient", GOOD),  # G01 stays a finding; its data is there all the same
    no("N01", "not-assessed?", evidence(replace(SECURE, samples=SECURE.samples[:2]), about=PLC)),
    no("N01", "poor-quality", evidence(
        seen("opcua", O.COMPLETE, "read_server"), SECURE, about=replace(PLC, serial=""))),
    no("N01", "not-assessed?", evidence(SECURE, about=replace(PLC, serial=""))),  # not asked it
    trap("N01", "a value is not good", "poor-quality",
         # type: ignore[arg-type]
         evidence(replace(window(TEMPERATURE, list(MANY), bad=6), credential="reader"),
                  about=PLC)),
    trap("N01", "a value is not good", "poor-quality",
         evidence(replace(SECURE, points=(replace(TEMPERATURE, unit=""),)), about=PLC)),
    yes("N02", "covered", evidence(NO_UA, about=replace(PLC, name="PLC-7")), NAMED),
    yes("N02", "covered", evidence(NO_UA, about=PLC), attested("device-1", statement="Covered by")),
    yes("N02", "covered", evidence(NO_UA, about=replace(PLC, register=row("PLC-7"))), NAMED),
    no("N02", "not-assessed?", evidence(NO_UA, about=PLC)),
    no("N02", "not-assessed?", evidence(NO_UA, about=replace(PLC, name="PLC-8")), NAMED),
    yes("N02", "covered", evidence(NO_UA, about=replace(PLC, name="PLC7")),
        {"origins": {"plc7": "server-1"}, "names": {}}),
    no("N02", "not-assessed?", evidence(NO_UA, about=PLC), attested("", statement="covered by")),
    trap("N02", "the name is too short", "not-assessed?",
         evidence(NO_UA, about=replace(PLC, name="P7")),
         {"origins": {"p7": "server-1"}, "names": {}}),
    trap("N02", "a server names itself", "not-assessed?",
         evidence(NO_UA, about=replace(PLC, name="PLC-7")),
         {"origins": {"plc-7": "device-1"}, "names": {}}),
    yes("N03", "not-data-bearing", evidence(seen("snmp", O.COMPLETE), about=device(role="switch"))),
    yes("N03", "not-data-bearing?", evidence(NO_UA, about=device(role="printer"))),
    no("N03", "not-assessed?", evidence(NO_UA, about=PLC)),
    yes("N03", "not-data-bearing", evidence(
        seen("opcua", O.COMPLETE), about=device(role="discovery server"))),
    trap("N03", "its role is not known", "not-assessed?",
         evidence(seen("snmp", O.SILENT), about=device())),
    yes("N04", "accepted", GAP, accepted("2027-01-01")),
    yes("N04", "accepted", GAP, accepted("2026-11-22")),
    no("N04", "trapped", GAP),
    trap("N04", "the waiver has expired", "trapped", GAP, accepted("2026-11-21")),
    trap("N04", "another gap of it is not accepted", "ungoverned", GAP,
         {**accepted("2027-01-01"), "register": True}),
    yes("N05", "not-assessed?", evidence(NO_MODBUS, about=PLC)),
    yes("N05", "not-assessed?", evidence(about=PLC)),
    yes("N05", "not-assessed?", evidence(NO_MODBUS, NO_UA, about=REFUSING)).telling(
        "it refuses Modbus TCP, OPC UA on the ports that were asked", "--port PROTOCOL=PORT"),
    yes("N05", "not-assessed?", evidence(about=PLC)).telling("ask it", "!--port"),
    yes("N05", "not-assessed?", evidence(*UNFIT, about=MAPPED)).telling(
        "map that was chosen (library: pm5000)", "refused all 2 reads by it", "import map FILE"),
    yes("N05", "not-assessed?", evidence(*UNFIT, about=PLC)).telling(
        "2 reads at the usual places were refused", "import map FILE"),
    yes("N05", "not-assessed?", evidence(UNFIT[0], about=MAPPED)).telling("scan it deeper"),
    yes("N05", "not-assessed?", evidence(*FULL_UP, about=PLC)).telling(
        "when it has room for one more client", "BadTooManySessions", "!--port"),
    yes("N05", "not-assessed?", evidence(*elsewhere(41239, *FULL_UP), about=PLC)).telling(
        "scan 192.0.2.10 --port opcua=41239 --depth points"),
    yes("N05", "not-assessed?", evidence(FULL_UP[0], *elsewhere(41239, *FULL_UP), about=PLC)
        ).telling("--port opcua=4840,opcua=41239 "),
    # No step leads back to itself: what was listed and read, or refused, is not asked for again.
    *(yes("N05", "ungoverned?", evidence(listed(*points, value=None, quality=Quality.BAD),
                                           about=PLC)).telling(*words)
      for points, words in (
          ((tag("Start", access="w"),), ("the only value that OPC UA lists could not be read",
                                         "--probe opcua --depth points --credentials NAME")),
          ((tag("A1"), tag("A2")), ("none of the 2 values", "!import map")))),
    yes("N05", "not-assessed?", evidence(
        seen("opcua", O.EMPTY, "browse"), UNFIT[1], about=PLC)).telling(
        "1 read at the usual places was refused", "import map FILE"),
    *(yes("N05", "not-assessed?", evidence(*several, *CLOSED, about=NAMELESS)).telling(word)
      for several, word in (
          ((READ_OUT,), "SNMP was read to its end"), ((READ_OUT,), "import register FILE"),
          ((replace(READ_OUT, outcome=O.PARTIAL),), "scan it deeper"),
          ((READ_OUT, seen("mystery", O.COMPLETE)), "scan it deeper"),
          ((seen("snmp", O.COMPLETE),), "scan it deeper"))),
    no("N05", "not-assessed", evidence(  # A08 asks for its first word, by the same scan
        about=replace(PLC, seen=False, register=row(address="192.0.2.10")))),
    no("N01", "not-assessed?", evidence(about=replace(PLC, seen=False))),  # no level at all
    yes("N05", "ungoverned?", evidence(seen("modbus", O.MUTE), about=PLC), {"register": True}),
    yes("N05", "ungoverned?", evidence(NO_UA, seen("modbus", O.HUNG_UP), about=PLC),
        {"register": True}),
    yes("N05", "ungoverned?", evidence(seen("modbus", O.OTHER), about=PLC), {"register": True}),
    yes("N05", "ungoverned?", evidence(seen("modbus", O.GARBLED), about=PLC), {"register": True}),
    yes("N05", "ungoverned?", evidence(seen("modbus", O.MUTE), seen("snmp", O.COMPLETE), about=PLC),
        {"register": True}),
    yes("N05", "ungoverned?", evidence(NO_MODBUS, about=PLC), {"register": True}),
    yes("N05", "poor-quality?", evidence(seen("snmp", O.COMPLETE), about=device())),
    no("N05", "trapped", GAP),
    no("N05", "inaccessible", evidence(seen("opcua", O.BLOCKED), about=PLC)),
    trap("N05", "a gap says what stands in the way of its data", "trapped", GAP,
         {"register": True}),
    trap("N05", "a value with a known meaning was read, and a gap is shown", "ungoverned",
         evidence(window(TEMPERATURE, list(MANY[:2])), about=PLC), {"register": True}),
]  # fmt: skip


def contradicted(own: str, stated: str, name: str = "serial", **more: object) -> Evidence:
    """A device that states `own`, and a register row that states something of it."""
    about = replace(PLC, facts=(Fact(name, own, "szl"),), register=row(**{name: stated}))
    return evidence(S7, about=replace(about, **{name: own, **more}))


OWN = "00:1b:1b:00:00:42"
G10 = [
    yes("G10", "serial=medium/high", contradicted("S1234", "S99")).telling("S99", "S1234"),
    yes("G10", "mac=medium/high", contradicted(OWN, MAC.replace("55", "66"), "mac")),
    no("G10", "", contradicted("S1234", "S1234")),
    yes("G10", "serial=medium/high", contradicted("S1234", "S12345")),  # one number in another
    yes("G10", "serial=medium/high", contradicted("4711002", "4711")),
    no("G10", "", contradicted("S1234", "")),
    no("G10", "", evidence(S7, about=replace(PLC, register=row(serial="S99")))),  # it states none
    no("G10", "", contradicted("S1234", "S99", seen=False)),
    trap("G10", "one is written otherwise", "", contradicted("00 0123-45", "12345")),
    trap("G10", "one is written otherwise", "", contradicted("s1234", "SN: S 1234")),
    trap("G10", "one is written otherwise", "", contradicted(OWN, "001b.1b00.0042", "mac")),
    trap("G10", "one is written otherwise", "", contradicted("SN-77123", "77123")),
    trap("G10", "the identity is a placeholder", "", contradicted("S1234", "0000")),
    trap("G10", "the identity is a placeholder", "", contradicted("S1234", "not specified")),
    trap("G10", "the identity is a placeholder", "", contradicted("12345678", "S99")),
    trap("G10", "a person stated the identity", "", contradicted("S1234", "S99", serial="S99")),
]  # fmt: skip

ROWS: list[Row] = [*G01, *G02, *G03, *G04, *G05, *G07, *G10, *N]
