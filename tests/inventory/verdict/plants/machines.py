"""Keys of the U rules of machines, and of G07 there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from inventory.judge.context import Neighbour
from inventory.judge.mapped import CompleteMap, Line
from inventory.judge.thresholds import Thresholds
from inventory.model import Declaration, Kind, Link
from protocols.contract import Observation, Point
from tests.inventory.verdict.plants import (
    DRIVE,
    FULL,
    NO_MODBUS,
    NO_UA,
    NOW,
    O,
    Quality,
    Row,
    evidence,
    listed,
    monitored,
    motor,
    no,
    row,
    seen,
    tag,
    trap,
    yes,
)  # fmt: skip
from tests.inventory.verdict.plants.trapped import attested

CURRENT, VIBRATION = tag("MotorCurrent", "AMP"), tag("Vibration", "C16")
TEMP, RUN = tag("WindingTemp", "CEL"), tag("Running", type="Boolean")
FAULT = tag("Fault", type="Boolean")
M1 = motor()
NOBODY = Link("M-1", "", complete=True, resolved=False, declaration="statement-1")
THREE = monitored(CURRENT, VIBRATION, RUN)
UNKNOWN_4 = "current=? running=? temperature=? vibration|axial_flux=?"

PARTS = ("MotorCurrent", "Vibration", "Running")
BY_PART = motor(links=tuple(Link("M-1", "device-1", part, complete=True) for part in PARTS))
PUMP = (VIBRATION, tag("DischargePressure", "BAR"), tag("SuctionPressure", "BAR"),
        tag("Power", "KWT"))  # fmt: skip
SEEN = listed(CURRENT, VIBRATION, RUN)
NONE_FITTED = {"attested": {"m-1": tuple(
    Declaration("site", Kind.ATTEST, "m-1", {"statement": "not fitted", "value": name})
    for name in ("current", "vibration", "temperature", "running")
)}}  # fmt: skip
READ = listed(CURRENT, VIBRATION, RUN, credential="reader")


def asked(name: str, outcome: O = O.REFUSED_AUTH, operation: str = "session") -> Observation:
    """What became of a session under that name."""
    return seen("opcua", outcome, operation, credential=name)


SHARED = {
    "device-1": (Neighbour("m 1", "motor", whole=True), Neighbour("m 2", "motor", whole=True))
}
NO_USERS = seen("opcua", O.REFUSED_AUTH, "session", reason="username_not_offered",
                credential="a-user")  # fmt: skip
POSITION = tag("Valve position", "P1")
WANTED = tag("Valve position setpoint", "P1")
VALVE = motor(cls="control-valve")
ONE_PRESSURE = (VIBRATION, tag("Pressure", "BAR"), tag("Speed", "RPM"),
                tag("Discharge temperature", "CEL"))  # fmt: skip
INVERTER = (tag("Active power", "KWT"), tag("Energy", "KWH"), tag("Current", "AMP"),
            tag("Voltage", "VLT"), tag("Frequency", "HTZ"), RUN)  # fmt: skip
DC_INPUT = "|".join(
    f"{measurand}:{place}"
    for measurand in ("power", "current", "voltage") for place in ("dc_link", "input", "array")
)  # fmt: skip
U01 = [
    # A name that is let in opens what another one was refused; nothing else does.
    yes("U01", "temperature=medium/high",
        evidence(asked(""), asked("reader", O.COMPLETE), READ, about=DRIVE), FULL, M1),
    *(no("U01", "temperature=?", evidence(*several, READ, about=DRIVE), FULL, M1)
      for several in (
          (asked("", O.REFUSED_RESOURCE), asked("reader", O.COMPLETE)),
          (asked(""), asked("reader")),
          (asked(""), asked("reader", O.COMPLETE, "activate")),
          (asked("reader"), asked("reader", O.COMPLETE)))),
    yes("U01", "running=low/high", monitored(*PUMP), FULL, motor("pump")),  # one of five
    yes("U01", "flow|power=medium/high running=medium/high", monitored(*PUMP[:3]), FULL,
        motor("pump")),
    no("U01", "", THREE, {**FULL, **NONE_FITTED}, M1),
    no("U01", "temperature=?", evidence(SEEN, seen("snmp", O.REFUSED_AUTH), about=DRIVE), FULL, M1),
    no("U01", "temperature=?",
       evidence(SEEN, seen("snmp", O.SILENT), about=replace(DRIVE, role="ups")), FULL, M1),
    yes("U01", "temperature=medium/high",
        evidence(SEEN, seen("snmp", O.SILENT), about=DRIVE), FULL, M1),
    yes("U01", "temperature=medium/high", evidence(
        SEEN, seen("mystery", O.SILENT), seen("lldp", O.SILENT), about=DRIVE), FULL, M1),
    yes("U01", "temperature=medium/high",
        evidence(SEEN, seen("opcua", O.REFUSED_CAPABILITY, "read"), about=DRIVE), FULL, M1),
    no("U01", "temperature=?", evidence(SEEN, seen(  # the door itself was not opened
        "opcua", O.REFUSED_CAPABILITY, "hello", reason="endpoint_url"), about=DRIVE), FULL, M1),
    yes("U01", "temperature=medium/high", THREE, FULL, M1).telling(  # vibration shows as much
        "Publish what a controller"),
    yes("U01", "vibration|axial_flux=high/high", monitored(CURRENT, TEMP, RUN), FULL, M1),
    yes("U01", "temperature=high/high", THREE, FULL, replace(M1, criticality="C3")),
    yes("U01", "temperature=medium/high", THREE,
        {**FULL, **attested("m-1", statement="no sensor", value="speed")}, M1),
    yes("U01", "temperature=medium/high", THREE,
        {**FULL, **attested("m-1", statement="no sensor", value="temperature")}, M1).telling(
            "no sensor: temperature", "!Publish", "clamp-on or wireless"),
    yes("U01", "temperature=medium/medium", THREE,
        {**FULL, **attested("m-1", age=366, statement="no sensor", value="temperature")}, M1),
    yes("U01", "temperature=medium/high", THREE,
        {**FULL, **attested("m-1", age=365, statement="no sensor", value="temperature")}, M1),
    *(yes("U01", f"temperature=medium/{trust}", THREE, FULL, motor(links=(
          Link("M-1", "device-1", complete=True, stated=NOW - timedelta(days=days)),
          Link("M-1", "device-1", stated=NOW))))
      for trust, days in (("high", 365), ("medium", 366))),
    yes("U01", "temperature=high/high", THREE,  # a person's word, whatever monitors it
        attested("m-1", statement="no sensor", value="temperature"),
        motor(links=(), links_complete=False)),
    *(trap("U01", "a value that bears the tag", key, monitored(CURRENT, VIBRATION, RUN, other),
           FULL, BY_PART)
      for key, other in (
          ("temperature=?", tag("M-1 winding temperature", "CEL")),
          ("temperature=?", tag("WindingTemperature", "CEL", path="Hall 2/M_1")),
          ("temperature=?", tag("M1 AI 7", "CEL")),  # nobody knows what it is
          ("temperature=medium/high", tag("M-1 discharge pressure", "BAR")),
          ("temperature=medium/high", tag("M-12 winding temperature", "CEL")),
          ("temperature=medium/high", tag("TM-1 winding temperature", "CEL")),
          ("temperature=medium/high", tag("Winding temperature", "CEL")))),
    *(trap("U01", "a value that bears the tag", key, THREE, FULL, M1).beside(
          evidence(listed(other), about=replace(DRIVE, key="device-9", name=name)))
      for key, name, other in (
          ("temperature=?", "SCADA", tag("M-1 winding temperature", "CEL")),
          ("temperature=?", "SCADA", tag("Winding", "CEL", path="Hall 2/M_1")),
          ("temperature=?", "VFD-M-1", tag("Winding temperature", "CEL")),
          ("temperature=medium/high", "SCADA", tag("Winding temperature", "CEL")),
          ("temperature=medium/high", "SCADA", tag("M-1 discharge pressure", "BAR")),
          ("temperature=medium/high", "VFD-M-1", tag("M-2 winding temperature", "CEL")))),
    *(no("U01", UNKNOWN_4, evidence(*several, about=about), FULL, M1).telling(*words)
      for several, about, words in (  # it was asked, and serves nothing there
          ((NO_UA, NO_MODBUS), DRIVE, ("refuses OPC UA, Modbus TCP", "--port PROTOCOL=PORT")),
          ((NO_MODBUS, seen("snmp", O.SILENT)), DRIVE, ("refuses Modbus TCP", "!SNMP")),
          ((NO_UA, seen("snmp", O.COMPLETE)), replace(DRIVE, role="switch"),
           ("untrap set M-1 monitored_by=DEVICE", "only carries")),
          ((seen("snmp", O.COMPLETE),), replace(DRIVE, role="switch"), ("scan it",)))),
    trap("U01", "it is attested absent, and listed", "temperature=?",
         monitored(CURRENT, VIBRATION, TEMP, RUN),
         {**FULL, **attested("m-1", statement="no sensor", value="temperature")}, M1).telling(
             "attested by", "20.5 (", "import attest FILE"),
    no("U01", "", monitored(CURRENT, VIBRATION, TEMP, RUN), FULL, M1),
    no("N05", "uninstrumented", monitored(CURRENT, RUN), FULL, M1),  # what is there asks nothing
    no("U01", "", THREE, FULL, motor("no such class")),
    no("U01", "", THREE, FULL, replace(M1, links=(NOBODY,))),
    no("U01", "temperature=?", THREE, FULL, replace(M1, links_complete=False)),
    no("U01", "temperature=?", THREE, {}, M1),  # who knows what the identity may see
    no("U01", "temperature=?",
       evidence(replace(listed(CURRENT, VIBRATION, RUN), outcome=O.PARTIAL), about=DRIVE),
       FULL, M1),
    # A set point is no temperature; what may be one, by words that leave it open, blocks "absent".
    yes("U01", "temperature=medium/high", monitored(CURRENT, VIBRATION, RUN,
        tag("Temperature setpoint", "CEL")), FULL, M1),
    no("U01", "temperature=?", monitored(CURRENT, VIBRATION, RUN,
        tag("Start temperature", "CEL")), FULL, M1),
    no("U01", "temperature=?", monitored(CURRENT, VIBRATION, RUN,
        tag("High temperature circuit temperature", "CEL")), FULL, M1),
    no("U01", "temperature=?", monitored(CURRENT, VIBRATION, RUN,
        tag("Quibbled winding temperature")), FULL, M1),  # a phrase that is not understood
    yes("U01", "temperature=medium/high", monitored(CURRENT, VIBRATION, RUN,
        tag("Start pressure", "BAR")), FULL, M1),  # whatever it is, it is no temperature
    no("U01", UNKNOWN_4, evidence(NO_MODBUS, about=DRIVE), FULL, M1),
    no("U01", UNKNOWN_4, evidence(seen("snmp", O.COMPLETE, "walk_whole"), about=DRIVE), FULL, M1),
    # A user that the server has no use for locks nothing that it shows to anybody.
    yes("U01", "temperature=medium/high", evidence(
        NO_USERS,
        seen("opcua", O.COMPLETE, "session"), listed(CURRENT, VIBRATION, RUN), about=DRIVE),
        FULL, M1),
    no("U01", "temperature=?", evidence(
        seen("opcua", O.REFUSED_AUTH, "session", reason="user_rejected", credential="a-user"),
        listed(CURRENT, VIBRATION, RUN), about=DRIVE), FULL, M1),
    no("U01", "temperature=?", evidence(  # who was refused is entitled to nothing
        NO_USERS,
        seen("opcua", O.COMPLETE, "session"), listed(CURRENT, VIBRATION, RUN), about=DRIVE),
        {"entitlements": {"a-user": "full"}}, M1),
    trap("U01", "an equivalent signal", "",
         monitored(CURRENT, tag("Flux", "D33", signal="axial_flux"), TEMP, RUN), FULL, M1),
    trap("U01", "an equivalent signal", "",
         monitored(VIBRATION, tag("DischargePressure", "BAR"), tag("SuctionPressure", "BAR"),
                   tag("Power", "KWT"), RUN), FULL, motor("pump")),  # power for flow
    trap("U01", "a door is locked", "temperature=?",
         evidence(listed(CURRENT, VIBRATION, RUN), seen("modbus", O.SILENT), about=DRIVE),
         FULL, M1),
    trap("U01", "a door is locked", "temperature=?",
         evidence(listed(CURRENT, VIBRATION, RUN),
                  seen("modbus", O.NOT_ASKED, reason="budget"), about=DRIVE), FULL, M1),
    trap("U01", "a door is locked", "temperature=?",
         evidence(listed(CURRENT, VIBRATION, RUN),
                  seen("opcua", O.REFUSED_AUTH, "read"), about=DRIVE), FULL, M1),
    trap("U01", "a door is locked", "temperature=medium/high",
         evidence(listed(CURRENT, VIBRATION, RUN), NO_MODBUS, about=DRIVE), FULL, M1),
    *(trap("U01", "an unnamed value", key, monitored(POSITION, WANTED, tag(name, type=kind)),
           FULL, VALVE)
      for key, name, kind in (
          ("fault=?", "Device status", "UInt32"),  # a status word may hold it (NE 107)
          ("fault=?", "Status word", "UInt16"),
          ("fault=?", "Alarm active", "Boolean"),
          ("fault=?", "Sammelalarm", "Boolean"),
          ("fault=medium/high", "Position alarm", "Boolean"),  # of a quantity, not of the whole
          ("fault=medium/high", "Motor on", "Boolean"),
          ("", "Fault", "Boolean"))),
    trap("U01", "the complete register map", "current=? vibration|axial_flux=high/high",
         evidence(seen("modbus", O.COMPLETE, "read", points=(
             Point("holding:1", "Temp", unit="CEL", type="int16", signal="temperature"),
             Point("coil:0", "Run", type="bit", signal="running"))), NO_UA,
             about=replace(DRIVE, vendor="Acme", model="P70")), {**FULL, "maps_complete": (
                 CompleteMap("Acme", "P70", "", (Line("", Point(
                     "holding:0", "Amps", unit="A", type="uint16", signal="current")),)),)}, M1)
    .telling("Amps (holding:0)", "untrap scan 192.0.2.10 --probe modbus --depth points"),
    *(trap("U01", "it is listed as a text", key, evidence(
        listed(VIBRATION, TEMP, RUN), listed(tag("Motor current", type="String"), value=text),
        about=DRIVE), FULL, M1) for key, text in (
            ("current=?", "3.0 A"), ("current=?", "3,0"), ("current=high/high", "see manual"))),
    *(trap("U01", "it is listed as a text", key, evidence(
        listed(VIBRATION, TEMP, RUN), listed(point, value="3.0"), about=DRIVE), FULL, M1).telling(
            *words) for key, point, words in (
            ("current=?", tag("Motor current", type="String"),
             ("current as a number: Motor current", "untrap points 192.0.2.10")),
            ("current=high/high", tag("Speed", type="String"), ()),  # a text of another signal
            ("current=high/high", tag("Motor current", type="String", path="Nameplate"), ()))),
    trap("U01", "an unnamed value", "running=?",
         monitored(CURRENT, VIBRATION, TEMP, tag("Device status", type="UInt32")), FULL, M1),
    trap("U01", "an unnamed value", "temperature=?",
         monitored(CURRENT, VIBRATION, RUN, tag("AI_7")), FULL, M1).telling(
             "Part: its name, Signal", "untrap import links FILE"),  # no register: no map
    *(trap("U01", "an unnamed value", key, monitored(CURRENT, VIBRATION, RUN, tag("AI_7")), FULL,
           motor(links=(*M1.links, Link("M-1", "device-1", "AI_7", signal, complete=True))))
      for key, signal in (("", "temperature:winding"), ("temperature=medium/high", "level"))),
    trap("U01", "an unnamed value", "temperature=?", evidence(
        listed(CURRENT, VIBRATION, RUN), seen("modbus", O.COMPLETE, "read", points=(
            Point("holding:7", "holding:7", type="uint16"),)), about=DRIVE), FULL, M1).telling(
                "1 unclassified value", "untrap import map FILE"),
    trap("U01", "an unnamed value", "temperature=?",
         monitored(CURRENT, VIBRATION, RUN, tag("AI_7", "CEL")), FULL, M1),
    *(trap("U01", "an unnamed value", key,
           monitored(CURRENT, VIBRATION, RUN, tag("M-1 Pressure"), tag("M-1 Flow"), other),
           FULL, M1) for key, other in (  # the letter of its machine is no word for torque
               ("temperature=?", tag("M-1 Xyz")), ("temperature=?", tag("M-1 Wert 17")),
               ("temperature=medium/low", tag("M-1 Xyz", "BAR")))),
    trap("U01", "an unnamed value", "temperature=medium/high",
         monitored(CURRENT, VIBRATION, RUN, tag("AI_7", "BAR")), FULL, M1),  # it cannot be
    trap("U01", "an unnamed value", "temperature=medium/high",
         monitored(CURRENT, VIBRATION, RUN, tag("DI_7", type="Boolean")), FULL, M1),
    trap("U01", "an unnamed value", "running=?",
         monitored(CURRENT, VIBRATION, TEMP, tag("DI_7", type="Boolean")), FULL, M1),
    trap("U01", "an unnamed value", "temperature=medium/high",
         monitored(CURRENT, VIBRATION, RUN, tag("Temperature_SP", "CEL")), FULL, M1),
    *(trap("U01", "a value of a device that several machines share", key,
           monitored(*(replace(one, path=f"M-1/{one.name}") for one in (CURRENT, VIBRATION, RUN)),
                     other), {**FULL, "neighbours": SHARED, "tags": frozenset({"m 1", "m 2"})}, M1)
      for key, other in (
          ("temperature=?", TEMP),
          ("temperature=?", tag("AI_7")),
          ("temperature=medium/high", tag("Line pressure", "BAR")),
          ("temperature=medium/high", tag("M-2 winding temperature", "CEL")),
          ("", tag("M-1 winding temperature", "CEL")))),
    *(trap("U01", "the part or signal of a link", key, THREE, FULL,
           motor(links=(*M1.links, Link("M-1", "device-1", *more, complete=True))))
      for key, more in (
          ("temperature=?", ("slot 9",)), ("temperature=?", ("", "temperature:winding")),
          ("temperature=medium/high", ("Running", "running")))),
    # Fewer values than signals that only their places tell apart: which is missing is asked.
    no("U01", "pressure:discharge=? pressure:suction=?"
       " pressure:suction|pressure:discharge=low/high", monitored(*ONE_PRESSURE), FULL,
       motor("compressor")).telling("1 value is listed for 2 signals (Pressure)"),
    no("U01", "pressure:discharge=? pressure:suction=?",
       monitored(*ONE_PRESSURE, tag("Pressure 2", "BAR")), FULL, motor("compressor")),
    yes("U01", f"{DC_INPUT}=low/high", monitored(*INVERTER), FULL, motor("pv-inverter")).telling(
        "3 values are listed for 4 signals (Active power, Current, Voltage)"),
    no("U01", f"{DC_INPUT}=?", monitored(*INVERTER, tag("Power 2", "KWT")), FULL,
       motor("pv-inverter")),
    trap("U01", "the machine has no such part", "", THREE,
         {**FULL, **attested("m-1", statement="not fitted", value="temperature")}, M1),
    trap("U01", "the machine has no such part", "temperature=medium/high", THREE,
         {**FULL, **attested("m-1", statement="not fitted", value="speed")}, M1),
]  # fmt: skip

EMPTY = replace(M1, links=(NOBODY,))
LOST = Link("M-1", "PLC-9", resolved=False)


def ages(*days: float | None) -> tuple[Link, ...]:
    """Statements of so many days ago that no device monitors the machine."""
    times = [None if one is None else NOW - timedelta(days=one) for one in days]
    return tuple(replace(NOBODY, stated=one) for one in times)


U02 = [
    yes("U02", "high/high", evidence(about=DRIVE), {},
        replace(EMPTY, links=(NOBODY,))).telling("declared complete"),
    trap("U02", "a proposed link waits", "?", evidence(about=DRIVE), {},
         replace(EMPTY, links=(Link("M-1", "device-1", proposed=True),))).telling("is proposed"),
    trap("U02", "links were never declared", "?", evidence(about=DRIVE), {},
         replace(EMPTY, links=(), links_complete=False)).telling(
             "export links -o links.csv", "untrap set M-1 monitored_by=DEVICE"),
    yes("U02", "high/high", evidence(about=DRIVE), {}, EMPTY).telling("no device is linked to M-1"),
    yes("U02", "critical/high", evidence(about=DRIVE), {}, replace(EMPTY, criticality="C3")),
    *(yes("U02", key, evidence(about=DRIVE), {}, replace(EMPTY, links=ages(*days))).telling(word)
      for key, days, word in (  # a person's word; the last one counts (domain model 2.5)
          ("high/medium", (366,), "declared complete on 2025-"),
          ("high/high", (365,), "complete on 2025-"), ("high/high", (366, 3, 800), "on 2026-"),
          ("high/high", (None,), "declared complete"))),
    *(trap("U02", "a device or a value", key, evidence(about=DRIVE), {}, EMPTY).beside(
          evidence(listed(tag(value)), about=replace(DRIVE, key="device-9", name=name))
      ).telling(*words)
      for key, name, value, words in (
          ("?", "SCADA", "M-1 AI 7", ("whether SCADA monitors M-1", "export links")),
          ("?", "VFD-M-1", "AI 7", ("whether VFD-M-1 monitors M-1",)),
          ("high/high", "SCADA", "M-2 AI 7", ()))),
    no("U02", "", THREE, {}, M1),
    no("U02", "?", evidence(about=DRIVE), {},
       replace(EMPTY, links=(LOST,))).telling("no device matches", "PLC-9"),
    trap("U02", "links were never declared", "?", evidence(about=DRIVE), {},
         replace(EMPTY, links_complete=False)),
    trap("U02", "links were never declared", "?", evidence(about=DRIVE), {},
         replace(EMPTY, links=(Link("M-1", "device-1", proposed=True),), links_complete=False)),
    *(trap("U02", "a proposed link waits", "?", evidence(about=DRIVE), {},
           replace(EMPTY, links=(Link("M-1", "device-1", proposed=True),),
                   register=row(address=address, parent=parent, unit=unit))).telling(
                       f"whether {name} monitors", f"set M-1 monitored_by={exact}")
      for address, parent, unit, name, exact in (
          ("192.0.2.9", "", "", "192.0.2.9", "192.0.2.9"), ("", "GW-2", "", "GW-2", "device-1"),
          ("192.0.2.9", "GW-2", "", "192.0.2.9", "192.0.2.9"), ("", "", "", "device-1", "device-1"),
          ("192.0.2.9", "", "4", "192.0.2.9 unit 4", "device-1"),  # not the gateway there
          ("", "GW-2", "4", "GW-2 unit 4", "device-1"))),
]  # fmt: skip

HOLLOW = listed(CURRENT, value=None, quality=Quality.BAD, status="BadNotConnected")
U03 = [
    yes("U03", "current=medium/high", evidence(HOLLOW, about=DRIVE), {}, M1),
    yes("U03", "current=medium/high", evidence(HOLLOW, listed(VIBRATION), about=DRIVE), {}, M1),
    yes("U03", "current=low/high", evidence(HOLLOW, about=DRIVE), {}, motor("drive")),  # one of 5
    yes("U03", "pressure:suction=low/high", evidence(  # by the name that the profile has for it
        listed(tag("Suction pressure", "BAR"), value=None, status="BadNotConnected",
               quality=Quality.BAD), about=DRIVE), {}, motor("pump")),
    yes("U03", "humidity=medium/high", evidence(  # no signal of the profile
        listed(tag("Humidity", "P1"), value=None, status="BadNotConnected",
               quality=Quality.BAD), about=DRIVE), {}, motor()),
    no("U03", "", monitored(CURRENT), {}, M1),
    no("U03", "", evidence(HOLLOW, listed(tag("DriveCurrent", "AMP")), about=DRIVE), {}, M1),
    no("U03", "", evidence(listed(tag("AI_7"), value=None, status="BadNotConnected"),
                           about=DRIVE), {}, M1),
    trap("U03", "the sensor is reported", "",
         evidence(listed(CURRENT, quality=Quality.BAD, status="BadSensorFailure"), about=DRIVE),
         {}, M1),
]  # fmt: skip

U04 = [
    yes("U04", "medium/high", monitored(RUN), FULL, M1).telling("Running"),
    no("U04", "", monitored(RUN, tag("MotorSpeed", "RPM")), FULL, M1),  # not required, measured
    yes("U04", "medium/high", monitored(RUN, FAULT), FULL, M1),
    yes("U04", "medium/high", monitored(RUN), FULL, M1),
    no("U04", "", monitored(RUN, CURRENT), FULL, M1),  # one is measured
    no("U04", "", monitored(), FULL, M1),
    no("U04", "", monitored(RUN), FULL, motor("no such class")),
    no("U04", "", monitored(tag("Port", type="Boolean", signal="running")), FULL,
       motor("network")),  # it needs nothing else
    no("U04", "?", monitored(RUN), {}, M1),  # the licence is missing
    no("U04", "?", monitored(RUN), FULL, replace(M1, links_complete=False)),
    trap("U04", "an unnamed numeric value", "?", monitored(RUN, tag("AI_7")), FULL, M1),
    trap("U04", "an unnamed numeric value", "medium/high",
         monitored(RUN, tag("DI_7", type="Boolean")), FULL, M1),  # another on/off is none
]  # fmt: skip

# Motor, by Appendix A: what gives the whole online coverage is 9/9 seen once and 7/9 twice.
U05 = [
    yes("U05", "high/high", evidence(
        listed(VIBRATION, value=None, quality=Quality.BAD, status="BadNotConnected"),
        listed(CURRENT, RUN), about=DRIVE), FULL, M1),  # what nothing is wired to shows nothing
    no("U05", "", monitored(CURRENT, RUN), {**FULL, "thresholds": Thresholds(
        coverage_target=0.438)}, M1),  # 7 of 18 of 16 of 18, at the target
    no("U05", "?", monitored(CURRENT, RUN, tag("AI_7")), {**FULL, "thresholds": Thresholds(
        coverage_target=1.0)}, M1).telling("unclassified value", "untrap import links"),
    yes("U05", "high/high", monitored(CURRENT, RUN), FULL, M1).telling(  # 0.44 of 0.6
        "nobody can see: ", "MotorCurrent: 20.5", "opcua browse", "!none of which"),
    yes("U05", "critical/high", monitored(CURRENT, RUN, tag("AI_7", "VLT")), FULL,
        replace(M1, criticality="C3")).telling("to 0.62", "!AI_7"),  # what may be is no proof
    yes("U05", "high/high", monitored(CURRENT, RUN), FULL, motor(links=(
        replace(M1.links[0], declaration="statement-2"),))).telling("declared complete"),
    yes("U05", "high/low", monitored(tag("MotorCurrent"), RUN), FULL, M1),  # by a name alone
    yes("U05", "critical/high", monitored(
        CURRENT, tag("MotorVoltage", "VLT"), tag("MotorSpeed", "RPM"), tag("MotorTorque", "NU"),
        tag("MotorPower", "KWT"), RUN), FULL, replace(M1, criticality="C3")),  # 0.75 of 0.8
    no("U05", "", monitored(
        CURRENT, tag("MotorVoltage", "VLT"), tag("MotorSpeed", "RPM"), tag("MotorTorque", "NU"),
        tag("MotorPower", "KWT"), RUN), FULL, M1),  # 0.75 of 0.6
    no("U05", "", monitored(CURRENT, VIBRATION, TEMP, RUN), FULL, M1),
    no("U05", "", monitored(RUN), FULL, motor("conveyor")),  # no matrix for it
    no("U05", "", monitored(RUN), FULL, replace(M1, links=(NOBODY,))),
    no("U05", "?", monitored(CURRENT, RUN), {}, M1),
    trap("U05", "an unknown signal could", "?", monitored(CURRENT, RUN, tag("AI_7")), FULL, M1),
    trap("U05", "an unknown signal could", "high/high",
         monitored(CURRENT, RUN, tag("AI_7", "BAR")), FULL, M1),  # it could not
]  # fmt: skip

DECLARED = row("M-1")
NAMED = replace(M1, owner="O", criticality="C2", area="A", register=DECLARED)
G07 = [
    yes("G07", "low/high", THREE, {}, replace(NAMED, owner="")),
    yes("G07", "low/high", THREE, {}, replace(NAMED, criticality="")),
    yes("G07", "low/high", THREE, {}, replace(NAMED, area="")),
    no("G07", "", THREE, {}, NAMED),
    no("G07", "", THREE, {}, replace(NAMED, area="", line="L")),
    trap("G07", "no register was given", "", THREE, {}, replace(NAMED, owner="", register=None)),
]  # fmt: skip

ROWS: list[Row] = [*U01, *U02, *U03, *U04, *U05, *G07]
