"""Link types other than Ethernet, made to look like Ethernet so that one walk serves them all.

One rule keeps it simple: a made-up hardware address is all zeros, and zeros are never evidence.
Numbers: the list of LINKTYPE values, tcpdump.org/linktypes.html.
"""

from __future__ import annotations

from collections.abc import Callable

IPV4 = b"\x08\x00"
IPV6 = b"\x86\xdd"
NOBODY = bytes(12)
ETHERNET = 1


def _by_version(frame: bytes) -> bytes:
    version = frame[0] >> 4 if frame else 0
    kind = IPV4 if version == 4 else IPV6 if version == 6 else b"\0\0"
    return NOBODY + kind + frame


def _null(frame: bytes) -> bytes:
    return _by_version(frame[4:])  # the address family's number and order differ by system


def _cooked(frame: bytes) -> bytes:
    sender = frame[6:12] if frame[4:6] == b"\0\6" else bytes(6)
    return bytes(6) + sender + frame[14:]


def _cooked2(frame: bytes) -> bytes:
    sender = frame[12:18] if frame[11:12] == b"\6" else bytes(6)
    return bytes(6) + sender + frame[0:2] + frame[20:]


def _ppp(frame: bytes) -> bytes:
    body = frame[2:] if frame[:2] == b"\xff\x03" else frame
    kinds = {b"\0\x21": IPV4, b"\0\x57": IPV6}
    return NOBODY + kinds.get(body[:2], b"\0\0") + body[2:]


PREPARE: dict[int, Callable[[bytes], bytes] | None] = {
    ETHERNET: None,
    0: _null,
    9: _ppp,
    12: _by_version,
    14: _by_version,
    101: _by_version,
    108: _null,
    113: _cooked,
    228: _by_version,
    229: _by_version,
    276: _cooked2,
}
"""How to make a frame of this link type an Ethernet frame; None where it is one already."""
