"""Field telemetry as overheard: GE-SRTP, GENISYS, ROC Plus, ANSI C12.22.

But for GE's controllers and the ApTitle of a meter, these name no device in clear; they show who is
master, which station answers, and what is asked.

Source: GE-SRTP as described by Denton et al., "Leveraging the SRTP protocol", DFRWS 2017,
and GFK-0529C (Series 90 PLC SNP Communications, chapter 6: the same services and codes); Alstom
P2346F (GENISYS serial protocol); Emerson A4199 (ROC Plus protocol specification, 2.2);
ANSI C12.22-2012, 5.3 (ACSE PDU) and 5.3.2.4 (services).
"""

from __future__ import annotations

from collections.abc import Iterator

from protocols._cursor import Cursor, printable, text
from protocols._passive_snmp import oid
from protocols.contract import Fact, Foreign, Garbled, Overheard, Segment
from protocols.passive import OTHER, READ, WRITE, Passive, Use, nothing, overheard

SRTP_PORT, GENISYS_PORT, ROC_PORT, C1222_PORT = 18245, 10001, 4000, 1153
SRTP_SERVICES = {0x00: ("PLC short status", READ), 0x03: ("program names", READ),
                 0x04: ("read system memory", READ), 0x05: ("read task memory", READ),
                 0x06: ("read program memory", READ), 0x07: ("write system memory", WRITE),
                 0x08: ("write task memory", WRITE), 0x09: ("write program block", WRITE),
                 0x20: ("programmer log on", OTHER), 0x21: ("change privilege level", OTHER),
                 0x22: ("set controller id", WRITE), 0x23: ("PLC run/stop", WRITE),
                 0x24: ("set time", WRITE), 0x25: ("read time", READ),
                 0x38: ("read fault table", READ), 0x39: ("clear fault table", WRITE),
                 0x3F: ("upload program", READ), 0x40: ("download program", WRITE),
                 0x43: ("controller type", READ), 0x44: ("force memory", WRITE)}  # fmt: skip
SRTP_MEMORY = {0x08: ("R", 1), 0x0A: ("AI", 1), 0x0C: ("AQ", 1),
               0x46: ("I", 1), 0x48: ("Q", 1), 0x4A: ("T", 1), 0x4C: ("M", 1), 0x4E: ("SA", 1),
               0x50: ("SB", 1), 0x52: ("SC", 1), 0x54: ("S", 1), 0x56: ("G", 1),
               0x10: ("I", 8), 0x12: ("Q", 8), 0x14: ("T", 8), 0x16: ("M", 8), 0x18: ("SA", 8),
               0x1A: ("SB", 8), 0x1C: ("SC", 8), 0x1E: ("S", 8), 0x38: ("G", 8)}  # fmt: skip
"""Memory by selector and how many of its items one counted unit holds: words and bits are counted
one by one, bits that are read byte by byte eight at a time."""
SERIES_90 = {12: {31: "90-70 Model 731", 32: "90-70 Model 732", 71: "90-70 Model 771",
                  72: "90-70 Model 772", 80: "90-70 Model 780", 81: "90-70 Model 781",
                  82: "90-70 Model 782", 88: "90-70 Model 788", 89: "90-70 Model 789",
                  92: "90-70 Model 914", 94: "90-70 Model 924"},
             16: {31: "90-20 Model 211", 30: "90-30 Model 311", 32: "90-30 Model 321",
                  33: "90-30 Model 313", 34: "90-30 Model 323", 35: "90-30 Model 331",
                  36: "90-30 Model 341"}}  # fmt: skip
"""Models by major and minor type (GFK-0529C, table 6-16); later CPUs have codes of their own."""

GENISYS_MASTER = {0xF9: ("common control", WRITE), 0xFA: ("acknowledge and poll", READ),
                  0xFB: ("poll", READ), 0xFC: ("control", WRITE), 0xFD: ("recall", READ),
                  0xFE: ("execute control", WRITE)}  # fmt: skip
GENISYS_FIELD = (0xF1, 0xF2, 0xF3)
ROC_OPCODES = {0: ("read I/O", READ), 6: ("read configuration", READ), 7: ("read clock", READ),
               8: ("set clock", WRITE), 10: ("read database", READ), 11: ("write database", WRITE),
               17: ("log on", OTHER), 100: ("access user points", READ),
               118: ("read alarms", READ), 119: ("read events", READ),
               166: ("write points", WRITE), 167: ("read points", READ),
               180: ("read parameters", READ), 181: ("write parameters", WRITE)}  # fmt: skip
CALLING_AP_TITLE, FIRST_SERVICE = 0xA6, 0x20  # codes below are results: ok 0, error 1, …
C1222_SERVICES = {0x20: ("identify", READ), 0x21: ("terminate", OTHER), 0x25: ("resolve", OTHER),
                  0x30: ("read table", READ), 0x3F: ("read part of table", READ),
                  0x40: ("write table", WRITE), 0x4F: ("write part of table", WRITE),
                  0x50: ("log on", OTHER), 0x27: ("register", OTHER)}  # fmt: skip


def _srtp_frame(data: bytes) -> int | None:
    if len(data) < 6:
        return None
    length = 56 + int.from_bytes(data[4:6], "little")
    if data[0] not in (0, 1, 2, 3, 8, 9) or data[1]:
        raise Foreign("expected a GE-SRTP mailbox")
    return length


def _srtp_uses(data: bytes) -> tuple[Use, ...]:
    if data[0] != 2 or len(data) < 43:
        return ()
    name, kind = SRTP_SERVICES.get(data[42], (f"service 0x{data[42]:02x}", OTHER))
    memory = SRTP_MEMORY.get(data[43]) if data[42] in (4, 7) and len(data) >= 48 else None
    if memory is None:
        return (Use(name, kind),)
    letter, each = memory
    first = int.from_bytes(data[44:46], "little") * each + 1  # shown from 1, sent from 0
    count = max(int.from_bytes(data[46:48], "little"), 1) * each
    return (Use(name, kind, f"%{letter}{first}-%{letter}{first + count - 1}"),)


def _srtp_identity(asked: Segment, answer: Segment) -> tuple[Overheard, ...]:
    """Controller id and model of an answer to service 0x43 (GFK-0529C, 6-39)."""
    question, data = asked.payload, answer.payload
    if len(question) < 43 or question[0] != 2 or question[42] != 0x43:
        return ()
    if len(data) < 56 + 10 or data[0] != 3 or data[2] != question[2]:
        return ()
    name, model = data[56:64].rstrip(b"\0 "), SERIES_90.get(data[64], {}).get(data[65], "")
    source = "GE-SRTP controller type"
    facts = [Fact("name", text(name) if printable(name) else "", source)]
    if model:
        facts += [Fact("model", f"Series {model} CPU", source), Fact("vendor", "GE Fanuc", source)]
    return (overheard(answer.source, "ge-srtp", facts, operation="controller_type"),)


def _srtp_role(segment: Segment) -> tuple[Overheard, ...]:
    if segment.payload[0] not in (1, 3):
        return ()
    facts = (Fact("role", "plc", "answers GE-SRTP"),)
    return (overheard(segment.source, "ge-srtp", facts, operation="mailbox"),)


def _genisys(data: bytes) -> bool:
    return (
        len(data) >= 3
        and (data[0] in GENISYS_MASTER or data[0] in GENISYS_FIELD)
        and data[-1] == 0xF6
    )


def _genisys_frame(data: bytes) -> int | None:
    if data[0] not in GENISYS_MASTER and data[0] not in GENISYS_FIELD:
        raise Foreign("expected a GENISYS header byte")
    end = data.find(b"\xf6")
    if end < 0 and len(data) > 1024:
        raise Garbled("a GENISYS message without its end")
    return end + 1 if end >= 0 else None


def _genisys_uses(data: bytes) -> tuple[Use, ...]:
    if data[0] not in GENISYS_MASTER:
        return ()
    name, kind = GENISYS_MASTER[data[0]]
    return (Use(name, kind, "", f"station {data[1]}"),)


def _roc(data: bytes) -> bool:
    return len(data) >= 8 and data[5] + 8 == len(data) and data[4] in ROC_KNOWN


ROC_KNOWN = frozenset(ROC_OPCODES) | {
    2, 3, 24, 50, 102, 103, 105, 107, 108, 120, 121, 122, 128, 131, 132, 133, 134, 135, 136, 137,
    138, 139, 162, 165, 168, 170, 171, 182, 203, 204, 206, 224, 225, 255,
}  # fmt: skip


def _roc_frame(data: bytes) -> int | None:
    return 8 + data[5] if len(data) >= 6 else None


def _roc_uses(data: bytes) -> tuple[Use, ...]:
    name, kind = ROC_OPCODES.get(data[4], (f"opcode {data[4]}", OTHER))
    return (Use(name, kind, "", f"unit {data[0]} group {data[1]}"),)


def _c1222_frame(data: bytes) -> int | None:
    if len(data) < 2:
        return None
    if data[0] != 0x60:
        raise Foreign("expected an ACSE PDU 0x60")
    if data[1] < 0x80:
        return 2 + data[1]
    count = data[1] & 0x7F
    if not 1 <= count <= 3:
        raise Garbled("BER length of more than three bytes")
    return 2 + count + int.from_bytes(data[2 : 2 + count]) if len(data) >= 2 + count else None


def _c1222(data: bytes) -> bool:
    if len(data) < 6 or data[0] != 0x60:
        return False
    first = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
    return data[first : first + 1] in (b"\xa1", b"\xa2", b"\xa6")


def _c1222_elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, value) of the elements of the ACSE PDU; the user information goes to the end."""
    cursor = Cursor(data, 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F))
    for _ in range(16):
        if cursor.left < 2:
            return
        tag, length = cursor.u8(), cursor.u8()
        yield tag, data[cursor.position :] if tag == 0xBE else cursor.take(length)
        if tag == 0xBE:
            return


def _c1222_service(body: bytes) -> tuple[bool, int]:
    """(whether it is in clear, service or result code) of user information; service 0: none."""
    at = body.find(b"\x81")  # EXTERNAL, octet aligned
    if at < 0 or at + 4 > len(body):
        return True, 0
    control = body[at + 2]
    if control & 0x0C:  # encrypted or authenticated: the services are not in clear
        return False, 0
    return True, body[at + 4] if control & 0x10 == 0 and at + 4 < len(body) else 0


def _c1222_uses(data: bytes) -> tuple[Use, ...]:
    for tag, body in _c1222_elements(data):
        if tag == 0xBE:
            clear, service = _c1222_service(body)
            if not clear:
                return (Use("protected service", OTHER),)
            known = C1222_SERVICES.get(service)
            return (Use(*known),) if known else ()
    return ()


def _c1222_name(segment: Segment) -> tuple[Overheard, ...]:
    """The address in the C12.22 network that an answering node gives as its own."""
    title, answers = "", False
    for tag, body in _c1222_elements(segment.payload):
        if tag == CALLING_AP_TITLE and len(body) > 2 and body[0] in (0x06, 0x80):
            title = oid(body[2 : 2 + body[1]]) if body[0] == 0x06 else ""
        elif tag == 0xBE:
            clear, code = _c1222_service(body)
            answers = clear and len(body) > 4 and code < FIRST_SERVICE
    if not title or not answers:
        return ()
    fact = Fact("name", f"ApTitle {title}", "C12.22 calling-AP-title")
    return (overheard(segment.source, "c12.22", [fact], operation="node"),)


PASSIVE = (
    Passive(
        "ge-srtp",
        "GE-SRTP",
        _srtp_role,
        ports=(SRTP_PORT, 18246),
        frame=_srtp_frame,
        uses=_srtp_uses,
        pair=_srtp_identity,
        alike=lambda data: data[:1] + data[42:52],
        side=lambda data: {0: "client", 1: "server", 2: "client", 3: "server"}.get(data[0], ""),
        least=56,
    ),
    Passive(
        "genisys",
        "GENISYS",
        nothing,
        ports=(GENISYS_PORT,),
        frame=_genisys_frame,
        uses=_genisys_uses,
        alike=lambda data: data[:2],
        recognise=_genisys,
        proof=lambda data: _genisys(data) and all(byte < 0xF1 for byte in data[1:-1]),
        side=lambda data: "client" if data[0] in GENISYS_MASTER else "server",
        least=3,
    ),
    Passive(
        "roc-plus",
        "ROC Plus",
        nothing,
        transports=("tcp", "udp"),
        ports=(ROC_PORT,),
        frame=_roc_frame,
        uses=_roc_uses,
        alike=lambda data: data[:5],
        recognise=_roc,
        least=8,
    ),
    Passive(
        "c12.22",
        "ANSI C12.22",
        _c1222_name,
        transports=("tcp", "udp"),
        ports=(C1222_PORT,),
        frame=_c1222_frame,
        uses=_c1222_uses,
        alike=lambda data: data[:64],
        recognise=_c1222,
        proof=lambda data: _c1222(data) and _c1222_frame(data) == len(data),
        least=6,
    ),
)
