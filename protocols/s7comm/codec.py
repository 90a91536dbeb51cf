"""S7 communication over ISO-on-TCP: four requests out, their answers in; pure bytes and values.

    0    1    2         4    5    6    7
    03   00   length    li   pdu  …            TPKT (RFC 1006, 6) and COTP (ISO 8073 / X.224, 13)
    03   00   length    02   F0   80   32  rosctr  0000  reference  parameters  data
                                       S7 header (10 bytes; 12 with the error word of an answer)

Only these requests can be written here, and `guard` lets nothing else pass: COTP connect request,
S7 "setup communication", and the userdata service "read SZL" with its continuation. There is no
disconnect request: a *valid* one hangs the ET 200SP until power cycle (CVE-2025-40944), so a
conversation ends with the TCP FIN alone.

The S7 header has no public standard; the layout was checked against recorded traffic of S7-300
and S7-400 stations. SZL contents: Siemens, System Software for S7-300/400, System and Standard
Functions, volume 2, chapter 33 (A5E02789976).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from protocols.contract import Forbidden, Foreign, Garbled, Outcome, Reason, Refused

TPKT_VERSION = 3
TPKT_BYTES = 4
LONGEST_ANSWER = 1_024
"""Bytes. We offer a 480-byte S7 PDU, so a conforming answer is far shorter."""

CONNECT_REQUEST = 0xE0  # X.224, 13.3
CONNECT_CONFIRM = 0xD0  # X.224, 13.4
DISCONNECT_REQUEST = 0x80  # X.224, 13.5: understood when it comes, never sent
DATA = 0xF0  # X.224, 13.7
LAST_DATA_UNIT = 0x80

SOURCE_REFERENCE = 1
OWN_TSAP = 0x0100  # connection type 1 (programming device), rack 0, slot 0

S7_PROTOCOL = 0x32
JOB = 1
ACK = 2
ACK_DATA = 3
USERDATA = 7

SETUP_COMMUNICATION = 0xF0
OFFERED_PDU_BYTES = 480
USERDATA_HEAD = bytes.fromhex("000112")
CPU_FUNCTIONS_REQUEST = 0x44  # request (4) of function group 4, CPU functions
CPU_FUNCTIONS_ANSWER = 0x84
READ_SZL = 0x01
SUCCESS = 0xFF
OCTET_STRING = 0x09
NO_DATA = bytes.fromhex("0a000000")

CONGESTED = frozenset({0x01, 0x81})  # X.224, 13.5.3 d): congestion at TSAP, at the entity
NO_RESOURCES = 0x83  # S7 error class
PROTECTED = 0xD241  # "protection level of the CPU does not permit this"
ACCESS_DENIED = 0x03  # data return code


@dataclass(frozen=True, slots=True)
class Fragment:
    """One piece of an SZL answer: its bytes, and how to ask for the next one if there is one."""

    data: bytes
    sequence: int
    more: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A system status list: `records` of equal length, `announced` as many as the head says."""

    id: int
    index: int
    announced: int
    records: tuple[bytes, ...]


def encode_connect(slot_tsap: int) -> bytes:
    """COTP class 0 connect request to the TSAP (0x0102: programming device, rack 0, slot 2)."""
    parameters = struct.pack(">BBBBBHBBH", 0xC0, 1, 10, 0xC1, 2, OWN_TSAP, 0xC2, 2, slot_tsap)
    head = struct.pack(">BBHHB", 6 + len(parameters), CONNECT_REQUEST, 0, SOURCE_REFERENCE, 0)
    return _tpkt(head + parameters)


def encode_setup(reference: int) -> bytes:
    """Job "setup communication": one job each way, PDU of 480 bytes."""
    parameters = struct.pack(">BBHHH", SETUP_COMMUNICATION, 0, 1, 1, OFFERED_PDU_BYTES)
    return _s7(JOB, reference, parameters, b"")


def encode_read_szl(reference: int, szl_id: int, index: int = 0) -> bytes:
    """Userdata "read SZL": system status list `szl_id`, extract `index`."""
    parameters = USERDATA_HEAD + bytes([4, 0x11, CPU_FUNCTIONS_REQUEST, READ_SZL, 0])
    data = struct.pack(">BBHHH", SUCCESS, OCTET_STRING, 4, szl_id, index)
    return _s7(USERDATA, reference, parameters, data)


def encode_next_szl(reference: int, previous: Fragment) -> bytes:
    """Ask for the fragment after `previous`: its sequence number, data unit reference 0.

    That is what recorded clients send; the reference that the CPU gave is not repeated.
    """
    parameters = USERDATA_HEAD + bytes(
        [8, 0x12, CPU_FUNCTIONS_REQUEST, READ_SZL, previous.sequence, 0, 0, 0, 0]
    )
    return _s7(USERDATA, reference, parameters, NO_DATA)


def answer_length(received: bytes) -> int | None:
    """Length of the TPKT that the bytes begin with (RFC 1006, 6), None while undecidable."""
    if received and received[0] != TPKT_VERSION:
        raise Foreign(f"expected TPKT version 3, got 0x{received[0]:02X}")
    if len(received) > 1 and received[1] != 0:
        raise Foreign(f"expected TPKT reserved byte 0, got 0x{received[1]:02X}")
    if len(received) < TPKT_BYTES:
        return None
    length = int.from_bytes(received[2:4], "big")
    if not 7 <= length <= LONGEST_ANSWER:
        raise Garbled(f"expected a TPKT of 7 to {LONGEST_ANSWER} bytes, got {length}")
    return length


def decode_connect(answer: bytes) -> None:
    """Accept a connect confirm that answers our request; a disconnect is the peer's refusal."""
    cotp = _cotp(answer)
    kind = cotp[1] & 0xF0
    if len(cotp) < 7 or kind not in (CONNECT_CONFIRM, DISCONNECT_REQUEST):
        raise Garbled(f"expected COTP connect confirm 0xD0, got {cotp[:7].hex()}")
    reference = int.from_bytes(cotp[2:4], "big")
    if reference != SOURCE_REFERENCE:
        raise Garbled(f"expected COTP reference {SOURCE_REFERENCE}, got {reference}")
    if kind == DISCONNECT_REQUEST:
        busy = cotp[6] in CONGESTED
        outcome = Outcome.REFUSED_RESOURCE if busy else Outcome.REFUSED_CAPABILITY
        raise Refused(outcome, f"cotp_{cotp[6]:02x}", "connect request answered by disconnect")
    if cotp[6] & 0xF0:
        raise Garbled(f"expected COTP class 0, got {cotp[6] >> 4}")


def decode_setup(answer: bytes, reference: int) -> int:
    """The PDU length in bytes that the peer grants."""
    rosctr, parameters, _data, error = _open(answer, reference)
    if rosctr not in (ACK, ACK_DATA):
        raise Garbled(f"expected an acknowledge of setup communication, got ROSCTR {rosctr}")
    if error:
        raise _refusal(error)
    if len(parameters) != 8 or parameters[0] != SETUP_COMMUNICATION:
        raise Garbled(f"expected setup communication, got {parameters[:8].hex()}")
    return int.from_bytes(parameters[6:8], "big")


def decode_fragment(answer: bytes, reference: int) -> Fragment:
    """One SZL fragment; raises `Refused` when the CPU does not give this list."""
    rosctr, parameters, data, error = _open(answer, reference)
    if error:
        raise _refusal(error)
    if rosctr != USERDATA:
        raise Garbled(f"expected userdata, got ROSCTR {rosctr}")
    wanted = USERDATA_HEAD + bytes([8, 0x12, CPU_FUNCTIONS_ANSWER, READ_SZL])
    if len(parameters) != 12 or parameters[:7] != wanted:
        raise Garbled(f"expected a read SZL answer, got {parameters[:12].hex()}")
    error = int.from_bytes(parameters[10:12], "big")
    if error:
        raise _refusal(error)
    if len(data) < 4:
        raise Garbled(f"expected an item head of 4 bytes, got {len(data)}")
    if data[0] != SUCCESS:
        raise _refusal(data[0])
    length = int.from_bytes(data[2:4], "big")
    if data[1] != OCTET_STRING or length > len(data) - 4:
        raise Garbled(f"expected {length} bytes of octet string, got {len(data) - 4}")
    return Fragment(data[4 : 4 + length], parameters[7], parameters[9] != 0)


def decode_table(data: bytes, szl_id: int) -> Table:
    """The list that the fragments hold so far; an incomplete last record is left out.

    The head: SZL-ID, INDEX, LENTHDR (bytes of one record), N_DR (number of records).
    """
    if len(data) < 8:
        raise Garbled(f"expected an SZL head of 8 bytes, got {len(data)}")
    got, index, size, announced = struct.unpack_from(">HHHH", data)
    if got != szl_id:
        raise Garbled(f"expected SZL 0x{szl_id:04X}, got 0x{got:04X}")
    if announced and not 2 <= size <= LONGEST_ANSWER:
        raise Garbled(f"expected records of 2 to {LONGEST_ANSWER} bytes, got {size}")
    count = min(announced, (len(data) - 8) // size) if announced else 0
    records = tuple(data[8 + n * size : 8 + (n + 1) * size] for n in range(count))
    return Table(got, index, announced, records)


def guard(request: bytes) -> str:
    """Name of the function that an outgoing frame performs; everything unknown is forbidden."""
    if len(request) < 7 or request[:2] != b"\x03\x00":
        raise Forbidden("s7comm: not a TPKT frame")
    if int.from_bytes(request[2:4], "big") != len(request):
        raise Forbidden("s7comm: TPKT length differs from the frame")
    if request[5] == CONNECT_REQUEST:
        return _guard_connect(request)
    if request[4:7] != bytes([2, DATA, LAST_DATA_UNIT]):
        raise Forbidden(f"s7comm: COTP {request[4:7].hex()} is not known as read-only")
    return _guard_s7(request[7:])


def _guard_connect(request: bytes) -> str:
    if request[4] != len(request) - 5 or len(request) < 11 or request[10] != 0:
        raise Forbidden("s7comm: malformed connect request")
    return "cotp connect"


def _guard_s7(pdu: bytes) -> str:
    if len(pdu) < 18 or pdu[0] != S7_PROTOCOL:
        raise Forbidden("s7comm: not an S7 PDU")
    parameter_bytes, data_bytes = struct.unpack_from(">HH", pdu, 6)
    if len(pdu) != 10 + parameter_bytes + data_bytes:
        raise Forbidden("s7comm: lengths differ from the frame")
    parameters = pdu[10 : 10 + parameter_bytes]
    if pdu[1] == JOB and parameter_bytes == 8 and parameters[0] == SETUP_COMMUNICATION:
        return "s7 setup"
    heads = (bytes([4, 0x11]), bytes([8, 0x12]))
    service = bytes([CPU_FUNCTIONS_REQUEST, READ_SZL])
    if (
        pdu[1] == USERDATA
        and parameters[:3] == USERDATA_HEAD
        and parameters[3:5] in heads
        and parameter_bytes == 4 + parameters[3]
        and parameters[5:7] == service
    ):
        return "s7 read szl"
    raise Forbidden(f"s7comm: ROSCTR {pdu[1]} {parameters[:8].hex()} is not known as read-only")


def _tpkt(payload: bytes) -> bytes:
    return struct.pack(">BBH", TPKT_VERSION, 0, TPKT_BYTES + len(payload)) + payload


def _s7(rosctr: int, reference: int, parameters: bytes, data: bytes) -> bytes:
    head = struct.pack(">BBHHHH", S7_PROTOCOL, rosctr, 0, reference, len(parameters), len(data))
    return _tpkt(bytes([2, DATA, LAST_DATA_UNIT]) + head + parameters + data)


def _cotp(answer: bytes) -> bytes:
    """The COTP header with its length byte; raises for a frame that is cut or lies."""
    if answer_length(answer) != len(answer):
        raise Garbled(f"expected a whole TPKT, got {len(answer)} bytes")
    header = answer[TPKT_BYTES : TPKT_BYTES + 1 + answer[TPKT_BYTES]]
    if answer[TPKT_BYTES] < 2 or len(header) != 1 + answer[TPKT_BYTES]:
        raise Garbled(f"expected a COTP header, got {answer[TPKT_BYTES:].hex()[:32]}")
    return header


def _open(answer: bytes, reference: int) -> tuple[int, bytes, bytes, int]:
    """(ROSCTR, parameters, data, error word) of an S7 answer that belongs to `reference`."""
    cotp = _cotp(answer)
    if cotp[1] & 0xF0 == DISCONNECT_REQUEST:
        code = f"cotp_{cotp[6]:02x}" if len(cotp) > 6 else "cotp"
        raise Refused(Outcome.REFUSED_CAPABILITY, code, "the peer disconnected the transport")
    if cotp != bytes([2, DATA, LAST_DATA_UNIT]):
        raise Garbled(f"expected one whole COTP data unit, got {cotp[:8].hex()}")
    pdu = answer[TPKT_BYTES + len(cotp) :]
    if not pdu or pdu[0] != S7_PROTOCOL:
        raise Foreign(f"expected S7 protocol id 0x32, got {pdu[:1].hex() or 'nothing'}")
    if len(pdu) < 10:
        raise Garbled(f"expected an S7 header of 10 bytes, got {len(pdu)}")
    _, rosctr, _, got, parameter_bytes, data_bytes = struct.unpack_from(">BBHHHH", pdu)
    start = 12 if rosctr in (ACK, ACK_DATA) else 10
    if len(pdu) != start + parameter_bytes + data_bytes:
        raise Garbled(f"expected {start + parameter_bytes + data_bytes} bytes, got {len(pdu)}")
    if got != reference:
        raise Garbled(f"expected PDU reference {reference}, got {got}")
    error = int.from_bytes(pdu[10:12], "big") if start == 12 else 0
    middle = start + parameter_bytes
    return rosctr, pdu[start:middle], pdu[middle:], error


def _refusal(error: int) -> Refused:
    """The contract's word for an S7 error: two bytes of a header or one return code."""
    reason = f"s7_{error:04x}" if error > 0xFF else f"s7_{error:02x}"
    if error in (PROTECTED, ACCESS_DENIED):
        return Refused(Outcome.REFUSED_AUTH, Reason.ACCESS_DENIED, f"S7 error {reason}")
    if error >> 8 == NO_RESOURCES:
        return Refused(Outcome.REFUSED_RESOURCE, reason)
    return Refused(Outcome.REFUSED_CAPABILITY, reason)
