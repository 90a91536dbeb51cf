"""SNMPv3 engine discovery: one fixed datagram that needs no credential (RFC 3414, 4). Pure.

The request is a reportable, unauthenticated Get without bindings and with an empty engine id; an
agent must answer with a Report that carries its engine id, boots and time.
"""

from __future__ import annotations

from protocols.contract import Garbled, Stale
from protocols.snmp import codec, message
from protocols.snmp.codec import REPORT
from protocols.snmp.message import Engine

USM_STATS = (1, 3, 6, 1, 6, 3, 15, 1, 1)  # RFC 3414, 5: usmStats
UNKNOWN_ENGINE_IDS = (*USM_STATS, 4, 0)
LEAST_ID, MOST_ID = 5, 32  # RFC 3411, 5


def encode_discovery(message_id: int) -> bytes:
    """The discovery request; message and request id are the same number."""
    return message.encode_plain(
        message_id, b"", b"", codec.encode_pdu(codec.GET, message_id, (), 0, 0)
    )


def decode_report(data: bytes, message_id: int) -> Engine:
    """The engine that a Report names; raises `Garbled`, or `Stale` for another message's."""
    answer = message.decode(data)
    if answer.message_id != message_id:
        raise Stale(f"expected message id {message_id}, got {answer.message_id}")
    if answer.flags & message.PRIVACY:
        raise Garbled("expected a Report in clear, got an encrypted message")
    _, _, pdu = message.decode_scoped(answer.payload)
    if pdu.kind != REPORT:
        raise Garbled(f"expected a Report (0xA8), got 0x{pdu.kind:02X}")
    if not pdu.bindings or pdu.bindings[0].oid[: len(USM_STATS)] != USM_STATS:
        raise Garbled("expected a counter of usmStats in the Report")
    return checked(answer.engine)


def checked(engine: Engine) -> Engine:
    """The engine itself; raises `Garbled` where its id or clock cannot be one."""
    if not LEAST_ID <= len(engine.id) <= MOST_ID:
        raise Garbled(f"expected an engine id of 5 to 32 bytes, got {len(engine.id)}")
    if not (0 <= engine.boots < 2**31 and 0 <= engine.time < 2**31):
        raise Garbled(f"expected boots and time below 2^31, got {engine.boots}, {engine.time}")
    return engine
