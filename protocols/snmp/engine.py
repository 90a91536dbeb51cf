"""SNMPv3 engine discovery: one fixed datagram that needs no credential (RFC 3414, 4). Pure.

The request is a reportable, unauthenticated Get without bindings and with an empty engine id; an
agent must answer with a Report that carries its engine id, boots and time. Nothing else of
version 3 passes through here.

    30 LL  02 01 03                      message, version 3
       30 LL  id, size, flags 04, model 3    header (RFC 3412, 6)
       04 LL  30 LL engine id, boots, time, user, auth, privacy   (RFC 3414, 2.4)
       30 LL  engine id, name, A0 PDU        scoped PDU
"""

from __future__ import annotations

from dataclasses import dataclass

from protocols.contract import Garbled, Stale
from protocols.snmp import codec
from protocols.snmp.codec import OCTETS, REPORT, SEQUENCE, V3

MAX_SIZE = 65_507
REPORTABLE = 0x04
USM = 3
USM_STATS = (1, 3, 6, 1, 6, 3, 15, 1, 1)  # RFC 3414, 5: usmStats
UNKNOWN_ENGINE_IDS = (*USM_STATS, 4, 0)


@dataclass(frozen=True, slots=True)
class Engine:
    """What an agent says of its engine. `time` is seconds since the last boot."""

    id: bytes
    boots: int
    time: int

    @property
    def enterprise(self) -> int | None:
        """The enterprise number in the id (RFC 3411, 5), or None for an id without one."""
        if len(self.id) < 5:
            return None
        return int.from_bytes(self.id[:4], "big") & 0x7FFF_FFFF

    @property
    def mac(self) -> str:
        """The hardware address that the id is made of (format 3), or ""."""
        if len(self.id) == 11 and self.id[0] & 0x80 and self.id[4] == 3:
            return self.id[5:].hex(":")
        return ""


@dataclass(frozen=True, slots=True)
class Discovery:
    """The parts of a version 3 message that need no key."""

    message_id: int
    flags: int
    engine: Engine
    user: bytes
    secured: bytes  # authentication and privacy parameters
    pdu: codec.Pdu


def encode_discovery(message_id: int) -> bytes:
    """The discovery request; message and request id are the same number."""
    header = codec.tlv(
        SEQUENCE,
        codec.encode_integer(message_id)
        + codec.encode_integer(MAX_SIZE)
        + codec.tlv(OCTETS, bytes((REPORTABLE,)))
        + codec.encode_integer(USM),
    )
    nothing = codec.tlv(OCTETS, b"")
    zero = codec.encode_integer(0)
    security = codec.tlv(SEQUENCE, nothing + zero + zero + nothing + nothing + nothing)
    pdu = codec.encode_pdu(codec.GET, message_id, (), 0, 0)
    return codec.tlv(
        SEQUENCE,
        codec.encode_integer(V3)
        + header
        + codec.tlv(OCTETS, security)
        + codec.tlv(SEQUENCE, nothing + nothing + pdu),
    )


def _octets(data: bytes, start: int, end: int) -> tuple[bytes, int]:
    first, last = codec.inside(data, start, end, OCTETS)
    return data[first:last], last


def decode(data: bytes) -> Discovery:
    """A clear-text version 3 message; raises `Garbled`, also for an encrypted one."""
    version, position, end = codec.decode_version(data)
    if version != V3:
        raise Garbled(f"expected version 3, got {version}")
    at, after_header = codec.inside(data, position, end, SEQUENCE)
    message_id, at = codec.integer(data, at, after_header)
    _, at = codec.integer(data, at, after_header)
    flags, at = _octets(data, at, after_header)
    model, at = codec.integer(data, at, after_header)
    if len(flags) != 1 or model != USM or at != after_header or flags[0] & 0x02:
        raise Garbled("expected an unencrypted message of the user-based security model")
    outer, after_security = codec.inside(data, after_header, end, OCTETS)
    at, last = codec.inside(data, outer, after_security, SEQUENCE)
    engine_id, at = _octets(data, at, last)
    boots, at = codec.integer(data, at, last)
    time, at = codec.integer(data, at, last)
    user, at = _octets(data, at, last)
    authentication, at = _octets(data, at, last)
    privacy, at = _octets(data, at, last)
    if at != last or last != after_security:
        raise Garbled("expected six security parameters")
    at, after_scope = codec.inside(data, after_security, end, SEQUENCE)
    if after_scope != end:
        raise Garbled(f"expected the message to end at byte {after_scope}, got {end}")
    _, at = _octets(data, at, end)
    _, at = _octets(data, at, end)
    return Discovery(
        message_id,
        flags[0],
        Engine(engine_id, boots, time),
        user,
        authentication + privacy,
        codec.decode_pdu(data, at, end),
    )


def decode_report(data: bytes, message_id: int) -> Engine:
    """The engine that a Report names; raises `Garbled`, or `Stale` for another message's."""
    message = decode(data)
    if message.message_id != message_id:
        raise Stale(f"expected message id {message_id}, got {message.message_id}")
    if message.pdu.kind != REPORT:
        raise Garbled(f"expected a Report (0xA8), got 0x{message.pdu.kind:02X}")
    reported = message.pdu.bindings
    if not reported or reported[0].oid[: len(USM_STATS)] != USM_STATS:
        raise Garbled("expected a counter of usmStats in the Report")
    engine = message.engine
    if not 5 <= len(engine.id) <= 32 or engine.boots < 0 or engine.time < 0:
        raise Garbled(f"expected an engine id of 5 to 32 bytes, got {len(engine.id)}")
    return engine
