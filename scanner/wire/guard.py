"""The last look at every outgoing frame: the probe's allow-list, then the never-send list.

Two lists on purpose (rulings 5): a probe's guard decodes the frame and lets pass only what it
knows as read-only; `NEVER` looks at the bytes again, knows nothing of the probe, and refuses what
harmed devices in the field, also when a probe's guard is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from protocols.contract import Forbidden, Probe

DATAGRAM_MOST = 1_200
"""Bytes of a datagram that passes every link whole: 1 280 (RFC 8200, 5) less the headers, and
32 for what encryption adds."""

MODBUS_NEVER = frozenset({5, 6, 8, 15, 16, 21, 22, 23, 90})
"""Writes, diagnostics (restart, listen-only), read/write, UMAS (safety.md 2)."""

COTP_DISCONNECT = 0x80
"""A valid COTP DR hangs ET 200SP until power cycle (CVE-2025-40944)."""

S7_NEVER = frozenset({0x05, *range(0x1A, 0x20), 0x28, 0x29})
"""S7 jobs: write, download and upload of blocks, start of a program service, stop."""

OPCUA_NEVER = frozenset(
    {
        437,  # RegisterServer
        *(488, 494, 500, 506),  # AddNodes, AddReferences, DeleteNodes, DeleteReferences
        *(673, 700, 712),  # Write, HistoryUpdate, Call
        *(751, 787, 793),  # CreateMonitoredItems, CreateSubscription, ModifySubscription
        12211,  # RegisterServer2
    }
)
"""Binary encoding ids of OPC UA requests (Opc.Ua.NodeIds.csv, `*_Encoding_DefaultBinary`)."""


def _modbus(frame: bytes) -> str:
    return f"Modbus function {frame[7]}" if len(frame) > 7 and frame[7] in MODBUS_NEVER else ""


def _snmp(frame: bytes) -> str:
    # The PDU tag follows version and community; a SET is tag 0xA3 (RFC 3416, 3). Scanning for it
    # would misread a community, so the lengths are walked, by no code of the probe's.
    bounds = _bounds(frame, _into(frame, 0, 0x30), 0x02)
    if bounds is None:
        return "SNMP with a header that cannot be walked"
    version, position = frame[slice(*bounds)], bounds[1]
    at = _scoped(frame, position) if version == b"\x03" else _after(frame, position, 0x04)
    if at is None:
        return "SNMP with a header that cannot be walked"
    tag = frame[at] if at < len(frame) else 0
    return "" if tag in (0xA0, 0xA1, 0xA5) else f"SNMP PDU 0x{tag:02X}"


def _scoped(frame: bytes, position: int) -> int | None:
    """Where the PDU of a version 3 message stands; None where it cannot be read, as in ciphertext.

    RFC 3412, 6: header, security parameters, then engine id, context and PDU in a sequence.
    """
    header = _into(frame, position, 0x30)
    flags = _content(frame, _after(frame, _after(frame, header, 0x02), 0x02), 0x04)
    if flags is None or len(flags) != 1 or flags[0] & 0x02:
        return None
    scoped = _into(frame, _after(frame, _after(frame, position, 0x30), 0x04), 0x30)
    return _after(frame, _after(frame, scoped, 0x04), 0x04)


def _bounds(frame: bytes, start: int | None, tag: int) -> tuple[int, int] | None:
    """First content byte and end of the element at `start`, which must carry `tag`."""
    if start is None or start + 2 > len(frame) or frame[start] != tag:
        return None
    length, first = frame[start + 1], start + 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 3 or first + count > len(frame):
            return None
        length = int.from_bytes(frame[first : first + count], "big")
        first += count
    return (first, first + length) if first + length <= len(frame) else None


def _into(frame: bytes, start: int | None, tag: int) -> int | None:
    bounds = _bounds(frame, start, tag)
    return bounds[0] if bounds else None


def _after(frame: bytes, start: int | None, tag: int) -> int | None:
    bounds = _bounds(frame, start, tag)
    return bounds[1] if bounds else None


def _content(frame: bytes, start: int | None, tag: int) -> bytes | None:
    bounds = _bounds(frame, start, tag)
    return frame[bounds[0] : bounds[1]] if bounds else None


def _s7(frame: bytes) -> str:
    # TPKT 4 + COTP (its length is at byte 4); then an S7 header of 10 bytes and, in a job, the
    # function (safety.md 2)
    if len(frame) > 5 and frame[5] & 0xF0 == COTP_DISCONNECT:
        return "COTP disconnect request"
    start = 5 + frame[4] if len(frame) > 5 else 0
    job = frame[start : start + 2] == b"\x32\x01" and len(frame) > start + 10
    return f"S7 function 0x{frame[start + 10]:02X}" if job and frame[start + 10] in S7_NEVER else ""


def _opcua(frame: bytes) -> str:
    # MSG header 8 + channel 4 + token 4 + sequence 4 + request 4, then a NodeId (Part 6, 6.7.2)
    if frame[:3] != b"MSG" or len(frame) < 28:
        return ""
    kind = frame[24]
    if kind == 0:
        number = frame[25]
    elif kind == 1:
        number = int.from_bytes(frame[26:28], "little")
    else:
        return f"OPC UA service id of form {kind}"
    return f"OPC UA service {number}" if number in OPCUA_NEVER else ""


NEVER: Mapping[str, Callable[[bytes], str]] = {
    "modbus": _modbus,
    "snmp": _snmp,
    "s7comm": _s7,
    "opcua": _opcua,
}


def judge(probe: Probe, frame: bytes) -> str:
    """The function that `frame` performs. Raises `Forbidden` unless both lists let it pass."""
    if not frame:
        raise Forbidden("an empty frame (no zero-length datagrams)")
    if probe.transport == "udp" and len(frame) > DATAGRAM_MOST:
        raise Forbidden(f"a datagram of {len(frame)} bytes could be cut into fragments")
    name = probe.guard(frame)
    if found := never(probe, frame):
        raise Forbidden(f"{found} is never sent")
    return name


def never(probe: Probe, frame: bytes) -> str:
    """What of the never-send list `frame` is, or "". Knows nothing of the probe but its name."""
    look = NEVER.get(probe.name)
    return look(frame) if look else ""
