"""Link types other than Ethernet, made to look like Ethernet so that one walk serves them all.

One rule keeps it simple: a made-up hardware address is all zeros, and zeros are never evidence.
Numbers: the list of LINKTYPE values, tcpdump.org/linktypes.html.
"""

from __future__ import annotations

from collections.abc import Callable

from scanner.capture.wireless import radiotap, wlan

IPV4 = b"\x08\x00"
IPV6 = b"\x86\xdd"
NOBODY = bytes(12)
ETHERNET, PPI = 1, 192


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
    if frame[:2] in (b"\x0f\0", b"\x8f\0"):
        return NOBODY + frame[2:]  # Cisco HDLC: address, control, Ethernet type (RFC 1547, 4.3.1)
    body = frame[2:] if frame[:2] == b"\xff\x03" else frame
    kinds = {b"\0\x21": IPV4, b"\0\x57": IPV6}
    return NOBODY + kinds.get(body[:2], b"\0\0") + body[2:]


def _after(count: int) -> Callable[[bytes], bytes]:
    return lambda frame: frame[count:]


def _directed(frame: bytes) -> bytes:
    return _ppp(frame[1:])


def _pppoe(frame: bytes) -> bytes:
    return NOBODY + b"\x88\x64" + frame


def _ppi(frame: bytes) -> bytes:
    """Per-packet information: version, flags, length, link type, fields (CACE PPI 1.0.10)."""
    length = int.from_bytes(frame[2:4], "little")
    kind = int.from_bytes(frame[4:8], "little")
    inner = PREPARE.get(kind) if kind != PPI else None
    if len(frame) < 8 or length < 8 or (kind != ETHERNET and inner is None):
        return NOBODY + b"\0\0"
    return inner(frame[length:]) if inner is not None else frame[length:]


def _nflog(frame: bytes) -> bytes:
    """Linux netfilter log: family, version, resource; then length 2, type 2, value, in the order
    of the machine that captured (nearly always little-endian); type 9 is the packet."""
    position = 4
    while position + 4 <= len(frame):
        length = int.from_bytes(frame[position : position + 2], "little")
        if length < 4:
            break
        if frame[position + 2 : position + 4] == b"\x09\0":
            return _by_version(frame[position + 4 : position + length])
        position += (length + 3) // 4 * 4
    return NOBODY + b"\0\0"


def _relay(frame: bytes) -> bytes:
    """Frame relay: two bytes of address, then NLPID (RFC 2427), or Cisco's Ethernet type."""
    if frame[2:4] in (IPV4, IPV6):
        return NOBODY + frame[2:]
    body = frame[4:] if frame[2:4] in (b"\x03\xcc", b"\x03\x8e") else b""
    kind = IPV4 if frame[3:4] == b"\xcc" else IPV6
    return NOBODY + (kind + body if body else b"\0\0" + frame)


PREPARE: dict[int, Callable[[bytes], bytes] | None] = {
    ETHERNET: None,
    0: _null,
    9: _ppp,
    50: _ppp,
    51: _pppoe,
    104: _ppp,
    105: wlan,
    107: _relay,
    127: radiotap,
    PPI: _ppi,
    204: _directed,
    239: _nflog,
    240: _after(4),  # Hilscher netANALYZER: four bytes of port and state
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

NAMES = {
    6: "token ring", 7: "ARCNET", 10: "FDDI", 119: "802.11 with Prism", 129: "ARCNET",
    147: "private", 163: "802.11 with AVS", 165: "BACnet MS/TP", 187: "Bluetooth", 189: "USB",
    195: "IEEE 802.15.4",
    201: "Bluetooth", 215: "IEEE 802.15.4", 220: "USB", 227: "CAN", 230: "IEEE 802.15.4",
    241: "netANALYZER transparent", 250: "RTAC serial", 251: "Bluetooth LE",
    257: "PROFIBUS DL", 283: "IEEE 802.15.4",
}  # fmt: skip
"""Link types that are said by name and not looked into."""


def outgoing(link: int, frame: bytes) -> bytes | None:
    """The hardware address of the capturing machine, where a cooked frame says that it sent it."""
    if link == 113 and frame[:2] == b"\0\4" and frame[4:6] == b"\0\6":
        return frame[6:12]
    if link == 276 and frame[10:12] == b"\4\6":
        return frame[12:18]
    return None
