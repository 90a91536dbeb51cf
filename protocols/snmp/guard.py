"""What SNMP may send: Get, GetNext, GetBulk of at most 25 repetitions, v3 engine discovery.

The guard decodes the whole datagram and compares it with what the codec would write for the same
request: a frame that reads as harmless but is written otherwise does not pass. Secured version 3
traffic is judged where it is still readable, at its encoder (rulings 5).
"""

from __future__ import annotations

from protocols.contract import Forbidden, Garbled
from protocols.snmp import codec, engine

NAMES = {codec.GET: "SNMP get", codec.GET_NEXT: "SNMP getnext", codec.GET_BULK: "SNMP getbulk"}
DISCOVERY = "SNMP v3 discovery"
MOST_OIDS = 64


def guard(frame: bytes) -> str:
    """The name of the function that a datagram performs; raises `Forbidden`."""
    try:
        version, _, _ = codec.decode_version(frame)
        return _discovery(frame) if version == codec.V3 else _request(frame)
    except Garbled as error:
        raise Forbidden(f"not an SNMP read request: {error}") from error


def _request(frame: bytes) -> str:
    message = codec.decode_message(frame)
    pdu = message.pdu
    if pdu.kind not in NAMES:
        raise Forbidden(f"SNMP PDU 0x{pdu.kind:02X} is not a read request")
    if pdu.kind == codec.GET_BULK:
        if message.version == codec.V1 or not 0 <= pdu.second <= codec.MOST_REPETITIONS:
            raise Forbidden(
                f"SNMP getbulk of {pdu.second} repetitions in version {message.version}"
            )
    elif pdu.first or pdu.second:
        raise Forbidden("SNMP request with an error status")
    oids = tuple(binding.oid for binding in pdu.bindings)
    if not 1 <= len(oids) <= MOST_OIDS or not 0 <= pdu.first <= len(oids):
        raise Forbidden(f"SNMP request for {len(oids)} OIDs")
    canonical = codec.encode_request(
        message.version, message.community, pdu.kind, pdu.request_id, oids, pdu.first, pdu.second
    )
    if frame != canonical:
        raise Forbidden("SNMP request with values or in an unusual encoding")
    return NAMES[pdu.kind]


def _discovery(frame: bytes) -> str:
    if frame != engine.encode_discovery(engine.decode(frame).message_id):
        raise Forbidden("SNMP version 3 beyond engine discovery")
    return DISCOVERY
