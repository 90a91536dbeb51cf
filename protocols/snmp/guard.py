"""What SNMP may send: Get, GetNext, GetBulk of at most 25 repetitions, v3 engine discovery.

The guard decodes the whole datagram and compares it with what the codec would write for the same
request: a frame that reads as harmless but is written otherwise does not pass. Of version 3 it
judges the plain message that the wire seals afterwards (`Sealed`): a frame that claims to be
signed or encrypted already cannot be judged and does not pass.
"""

from __future__ import annotations

from functools import lru_cache

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
    """Judge a version 1 or 2c request: its parts one by one, then that they are all there is."""
    version, position, end = codec.decode_version(frame)
    if version not in (codec.V1, codec.V2C):
        raise Forbidden(f"SNMP version {version}")
    start, at = codec.inside(frame, position, end, codec.OCTETS)
    community = frame[start:at]
    kind, body, last = codec.element(frame, at, end)
    request_id, behind = codec.integer(frame, body, last)
    tail = frame[behind:last]
    name = _judged(version, kind, tail)
    if frame != codec.encode_with(version, community, kind, request_id, tail):
        raise Forbidden("SNMP request with values or in an unusual encoding")
    return name


@lru_cache(maxsize=64)
def _judged(version: int, kind: int, tail: bytes) -> str:
    """The name of a request with these bytes behind its request id; raises `Forbidden`.

    A sweep asks everybody the same: its bytes are judged whole once, and then by being equal. The
    request id, the community and the lengths around them are compared for every frame.
    """
    pdu = codec.tlv(kind, codec.encode_integer(0) + tail)
    request = codec.decode_pdu(pdu, 0, len(pdu))
    name = _read_only(request, version)
    oids = tuple(binding.oid for binding in request.bindings)
    if tail != codec.encode_tail(oids, request.first, request.second):
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
