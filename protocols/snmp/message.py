"""SNMPv3 messages as bytes (RFC 3412, 6 and RFC 3414, 2.4), whatever their security. Pure.

One rule keeps it simple: this module knows where things stand and nothing of keys. What is
encrypted, signed or believed is decided by who holds them (`usm`, `secured`).

    30 LL  02 01 03                            message, version 3
       30 LL  id, size, flags, model 3         header; flags: 01 signed, 02 encrypted, 04 reportable
       04 LL  30 LL engine id, boots, time, user, digest, salt
       30 LL  engine id, context, PDU          scoped PDU, or 04 LL with the same encrypted
"""

from __future__ import annotations

from dataclasses import dataclass

from protocols._cursor import hardware
from protocols.contract import Garbled
from protocols.snmp import codec
from protocols.snmp.codec import OCTETS, SEQUENCE, V3, Pdu

MAX_SIZE = 65_507
AUTH, PRIVACY, REPORTABLE = 0x01, 0x02, 0x04
USM = 3
MOST_PADDING = 15  # some agents fill ciphertext up to a whole AES block


FORMER_LENGTH = 12  # RFC 3411, 5: snmpEngineID by the former methods
_MOST_ENTERPRISE = 0x7FFF_FFFF


@dataclass(frozen=True, slots=True)
class Engine:
    """What an agent says of its engine. `time` is seconds since the last boot."""

    id: bytes
    boots: int
    time: int

    @property
    def enterprise(self) -> int | None:
        """The enterprise number in the id (RFC 3411, 5), or None for an id without one.

        Without the first bit an id is of the former form, which has 12 octets; any other was made
        up by somebody, and its first octets say nothing.
        """
        if len(self.id) < 5 or (not self.id[0] & 0x80 and len(self.id) != FORMER_LENGTH):
            return None
        number = int.from_bytes(self.id[:4], "big") & _MOST_ENTERPRISE
        return None if number == _MOST_ENTERPRISE else number

    @property
    def mac(self) -> str:
        """The hardware address that the id is made of (format 3), or ""."""
        if len(self.id) == 11 and self.id[0] & 0x80 and self.id[4] == 3:
            found = self.id[5:].hex(":")
            return found if hardware(found) else ""
        return ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `payload` is the scoped PDU's element, or the ciphertext where encrypted."""

    message_id: int
    flags: int
    engine: Engine
    user: bytes
    digest: bytes
    salt: bytes
    payload: bytes
    digest_at: int = 0  # where the digest stands in the bytes that were decoded


def encode(message: Message) -> bytes:
    """The datagram."""
    header = codec.tlv(
        SEQUENCE,
        codec.encode_integer(message.message_id)
        + codec.encode_integer(MAX_SIZE)
        + codec.tlv(OCTETS, bytes((message.flags,)))
        + codec.encode_integer(USM),
    )
    engine = message.engine
    security = codec.tlv(
        SEQUENCE,
        codec.tlv(OCTETS, engine.id)
        + codec.encode_integer(engine.boots)
        + codec.encode_integer(engine.time)
        + codec.tlv(OCTETS, message.user)
        + codec.tlv(OCTETS, message.digest)
        + codec.tlv(OCTETS, message.salt),
    )
    encrypted = message.flags & PRIVACY
    payload = codec.tlv(OCTETS, message.payload) if encrypted else message.payload
    version = codec.encode_integer(V3)
    return codec.tlv(SEQUENCE, version + header + codec.tlv(OCTETS, security) + payload)


def encode_scoped(engine_id: bytes, pdu: bytes) -> bytes:
    """The scoped PDU of the engine's own default context."""
    return codec.tlv(SEQUENCE, codec.tlv(OCTETS, engine_id) + codec.tlv(OCTETS, b"") + pdu)


def encode_plain(message_id: int, engine_id: bytes, user: bytes, pdu: bytes) -> bytes:
    """A request as it looks without security: what the guard judges, zeros for boots and time."""
    scoped = encode_scoped(engine_id, pdu)
    engine = Engine(engine_id, 0, 0)
    return encode(Message(message_id, REPORTABLE, engine, user, b"", b"", scoped))


def octets(data: bytes, start: int, end: int) -> tuple[bytes, int]:
    """An octet string and the position behind it; raises `Garbled`."""
    first, last = codec.inside(data, start, end, OCTETS)
    return data[first:last], last


def decode(data: bytes) -> Message:
    """A whole version 3 message of the user-based security model; raises `Garbled`."""
    version, position, end = codec.decode_version(data)
    if version != V3:
        raise Garbled(f"expected version 3, got {version}")
    at, after_header = codec.inside(data, position, end, SEQUENCE)
    message_id, at = codec.integer(data, at, after_header)
    _, at = codec.integer(data, at, after_header)
    flags, at = octets(data, at, after_header)
    model, at = codec.integer(data, at, after_header)
    if len(flags) != 1 or model != USM or at != after_header:
        raise Garbled("expected a message of the user-based security model")
    outer, after_security = codec.inside(data, after_header, end, OCTETS)
    at, last = codec.inside(data, outer, after_security, SEQUENCE)
    engine_id, at = octets(data, at, last)
    boots, at = codec.integer(data, at, last)
    time, at = codec.integer(data, at, last)
    user, at = octets(data, at, last)
    digest, after_digest = octets(data, at, last)
    salt, at = octets(data, after_digest, last)
    if at != last or last != after_security:
        raise Garbled("expected six security parameters")
    tag = OCTETS if flags[0] & PRIVACY else SEQUENCE
    first, stop = codec.inside(data, after_security, end, tag)
    if stop != end:
        raise Garbled(f"expected the message to end at byte {stop}, got {end}")
    return Message(
        message_id,
        flags[0],
        Engine(engine_id, boots, time),
        user,
        digest,
        salt,
        data[first:stop] if flags[0] & PRIVACY else data[after_security:stop],
        after_digest - len(digest),
    )


def decode_scoped(scoped: bytes, *, padded: bool = False) -> tuple[bytes, bytes, Pdu]:
    """Engine id, context and PDU of a scoped PDU; `padded` lets a few bytes follow it.

    Raises `Garbled`.
    """
    at, end = codec.inside(scoped, 0, len(scoped), SEQUENCE)
    if not 0 <= len(scoped) - end <= (MOST_PADDING if padded else 0):
        raise Garbled(f"expected a scoped PDU of {end} bytes, got {len(scoped)}")
    engine_id, at = octets(scoped, at, end)
    context, at = octets(scoped, at, end)
    return engine_id, context, codec.decode_pdu(scoped, at, end)
