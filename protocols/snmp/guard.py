"""What SNMP may send: Get, GetNext, GetBulk of at most 25 repetitions, v3 engine discovery.

The guard decodes the whole datagram and compares it with what the codec would write for the same
request: a frame that reads as harmless but is written otherwise does not pass. Of version 3 it
judges the plain message that the wire seals afterwards (`Sealed`): a frame that claims to be
signed or encrypted already cannot be judged and does not pass.
"""

from __future__ import annotations

from protocols.contract import Forbidden, Garbled
from protocols.snmp import codec, engine, message
from protocols.snmp.codec import Pdu

NAMES = {codec.GET: "SNMP get", codec.GET_NEXT: "SNMP getnext", codec.GET_BULK: "SNMP getbulk"}
DISCOVERY = "SNMP v3 discovery"
MOST_OIDS = 64
MOST_USER = 32


def guard(frame: bytes) -> str:
    """The name of the function that a datagram performs; raises `Forbidden`."""
    try:
        version, _, _ = codec.decode_version(frame)
        return _plain_v3(frame) if version == codec.V3 else _request(frame)
    except Garbled as error:
        raise Forbidden(f"not an SNMP read request: {error}") from error


def _request(frame: bytes) -> str:
    request = codec.decode_message(frame)
    pdu = request.pdu
    name = _read_only(pdu, request.version)
    canonical = codec.encode_request(
        request.version,
        request.community,
        pdu.kind,
        pdu.request_id,
        tuple(binding.oid for binding in pdu.bindings),
        pdu.first,
        pdu.second,
    )
    if frame != canonical:
        raise Forbidden("SNMP request with values or in an unusual encoding")
    return name


def _read_only(pdu: Pdu, version: int) -> str:
    """The name of a bounded read; raises `Forbidden`."""
    if pdu.kind not in NAMES:
        raise Forbidden(f"SNMP PDU 0x{pdu.kind:02X} is not a read request")
    if pdu.kind == codec.GET_BULK:
        if version == codec.V1 or not 0 <= pdu.second <= codec.MOST_REPETITIONS:
            raise Forbidden(f"SNMP getbulk of {pdu.second} repetitions in version {version}")
    elif pdu.first or pdu.second:
        raise Forbidden("SNMP request with an error status")
    if not 1 <= len(pdu.bindings) <= MOST_OIDS or not 0 <= pdu.first <= len(pdu.bindings):
        raise Forbidden(f"SNMP request for {len(pdu.bindings)} OIDs")
    return NAMES[pdu.kind]


def _plain_v3(frame: bytes) -> str:
    request = message.decode(frame)
    if request.flags != message.REPORTABLE or request.digest or request.salt:
        raise Forbidden("SNMP version 3 that is signed or encrypted before it was judged")
    if frame == engine.encode_discovery(request.message_id):
        return DISCOVERY
    engine_id, _, pdu = message.decode_scoped(request.payload)
    engine.checked(request.engine)
    if not 1 <= len(request.user) <= MOST_USER:
        raise Forbidden("SNMP version 3 without a user")
    name = _read_only(pdu, codec.V3)
    oids = tuple(binding.oid for binding in pdu.bindings)
    encoded = codec.encode_pdu(pdu.kind, pdu.request_id, oids, pdu.first, pdu.second)
    canonical = message.encode_plain(request.message_id, engine_id, request.user, encoded)
    if frame != canonical:
        raise Forbidden("SNMP request with values or in an unusual encoding")
    return name
