"""Frames of every kind made plain: tags, labels, tunnels and extension headers taken off.

    Ethernet 14 · [802.1Q 4]… · [PPPoE 8 | MPLS 4…] · IPv4 20 | IPv6 40 · [GRE | IP in IP]

One rule keeps it simple: what comes out is an Ethernet frame that begins with IPv4 without options
or IPv6 without extension headers, or the frame as it was with a word for what it holds.

Source: IEEE 802.1Q, RFC 2516 (PPPoE), RFC 3032 (MPLS), RFC 2784 and 2890 (GRE), RFC 2003 and 4213
(IP in IP), RFC 8200 4 (IPv6 extension headers), RFC 1042 (SNAP).
"""

from __future__ import annotations

import struct

from scanner.capture.links import IPV4, IPV6

TAGS = (b"\x81\x00", b"\x88\xa8", b"\x91\x00", b"\x92\x00")
PLAIN = IPV4 + b"\x45"  # IPv4 without options
SNAP = b"\xaa\xaa\x03\0\0\0"
KEY4 = struct.Struct(">6x9s5xHxB2x12s").unpack_from  # sender, kind · fragment · next · addresses
KEY6 = struct.Struct(">6x8s6xB1x36s").unpack_from
NESTED = 6  # wrappings around one packet before it is let be
EXTENSIONS = frozenset({0, 43, 60, 135, 139, 140})  # those of a length in eight bytes
FRAGMENT6, AUTHENTICATION, NO_NEXT = 44, 51, 59
GRE, IN4, IN6 = 47, 4, 41
TUNNELS = {IN4: IPV4, IN6: IPV6}

Key = tuple[object, ...]


def classify(frame: bytes) -> tuple[Key | None, bytes, int | None]:
    """(key, frame without tags, VLAN); the key is None for what is not plain IP."""
    vlan = None
    if frame[12:14] in TAGS:
        frame, vlan = untag(frame)
    key: Key
    if frame[12:15] == PLAIN and len(frame) >= 38:
        key = KEY4(frame)
    elif frame[12:14] == IPV6 and len(frame) >= 58 and frame[20] in (6, 17):
        key = KEY6(frame)
    else:
        return None, frame, vlan
    return (key if vlan is None else (vlan, key)), frame, vlan


def untag(frame: bytes) -> tuple[bytes, int | None]:
    """Take VLAN tags off (802.1Q, QinQ); the innermost number counts. 0 is priority only."""
    vlan = None
    for _ in range(4):
        if frame[12:14] not in TAGS or len(frame) < 18:
            break
        vlan = int.from_bytes(frame[14:16]) & 0xFFF or vlan
        frame = frame[:12] + frame[16:]
    return frame, vlan


def unwrap(frame: bytes) -> tuple[bytes, str]:
    """(the innermost packet as an Ethernet frame, what wrapped it or ""); (frame, "") as it was."""
    word = ""
    for _ in range(NESTED):
        inner, name = _peel(frame)
        if inner is None:
            break
        frame, word = inner, word or name
    return frame, word


def _peel(frame: bytes) -> tuple[bytes | None, str]:
    """One wrapping less, and its name; None where there is none that we know."""
    kind = frame[12:14]
    if kind in TAGS:
        return untag(frame)[0] if len(frame) >= 18 else None, "802.1Q"
    if kind == b"\x88\x64" and len(frame) >= 22:
        protocol = {b"\0\x21": IPV4, b"\0\x57": IPV6}.get(frame[20:22])
        return (frame[:12] + protocol + frame[22:] if protocol else None), "PPPoE"
    if kind in (b"\x88\x47", b"\x88\x48"):
        return _label(frame), "MPLS"
    if int.from_bytes(kind) <= 1500 and frame[14:20] == SNAP and frame[20:22] in (IPV4, IPV6):
        return frame[:12] + frame[20:], "SNAP"
    if kind == IPV4 and len(frame) >= 34 and frame[14] >> 4 == 4:
        return _inside(frame, 14 + (frame[14] & 15) * 4, frame[23])
    if kind == IPV6 and len(frame) >= 54:
        return _inside6(frame)
    return None, ""


def _label(frame: bytes) -> bytes | None:
    """The packet under a stack of MPLS labels: IP, or Ethernet behind a control word of zeros."""
    for position in range(14, min(len(frame) - 4, 14 + 4 * 8), 4):
        if not frame[position + 2] & 1:
            continue
        body = frame[position + 4 :]
        version = body[0] >> 4
        if version in (4, 6):
            return frame[:12] + (IPV4 if version == 4 else IPV6) + body
        return body[4:] if body[:4] == bytes(4) and len(body) >= 18 else None
    return None


def _inside(frame: bytes, offset: int, protocol: int) -> tuple[bytes | None, str]:
    """The packet in an IPv4 or IPv6 packet whose body begins at `offset`."""
    if frame[12:14] == IPV4 and int.from_bytes(frame[20:22]) & 0x3FFF:
        return None, ""
    if protocol in TUNNELS and len(frame) >= offset + 20:
        return bytes(12) + TUNNELS[protocol] + frame[offset:], "IP in IP"
    if protocol == GRE and len(frame) >= offset + 4:
        return _gre(frame[offset:]), "GRE"
    return None, ""


def _gre(body: bytes) -> bytes | None:
    flags, kind = body[0], body[2:4]
    start = 4 + 4 * (flags >> 7 & 1) + 4 * (flags >> 5 & 1) + 4 * (flags >> 4 & 1)
    if kind in (IPV4, IPV6):
        return bytes(12) + kind + body[start:]
    if kind == b"\x65\x58":  # transparent Ethernet bridging
        return body[start:]
    if kind == b"\x88\xbe":  # ERSPAN: type I has no sequence number and no header of its own
        return body[start + 8 :] if flags & 0x10 else body[start:]
    if kind == b"\x22\xeb" and len(body) >= start + 12:  # ERSPAN type III, perhaps with 8 more
        return body[start + 12 + 8 * (body[start + 11] & 1) :]
    return None


def _inside6(frame: bytes) -> tuple[bytes | None, str]:
    """IPv6 extension headers taken out, or the packet in the packet."""
    following, offset = frame[20], 54
    for _ in range(8):
        if following in EXTENSIONS and len(frame) >= offset + 8:
            following, offset = frame[offset], offset + 8 + 8 * frame[offset + 1]
        elif following == AUTHENTICATION and len(frame) >= offset + 8:
            following, offset = frame[offset], offset + 8 + 4 * frame[offset + 1]
        elif following == FRAGMENT6 and len(frame) >= offset + 8:
            if int.from_bytes(frame[offset + 2 : offset + 4]) & 0xFFF9:
                return None, ""
            following, offset = frame[offset], offset + 8
        else:
            break
    if offset == 54:
        return _inside(frame, offset, following)
    length = max(int.from_bytes(frame[18:20]) - (offset - 54), 0)
    head = frame[:18] + length.to_bytes(2) + bytes((following,)) + frame[21:54]
    return head + frame[offset:], ""


def fragment_header(frame: bytes) -> int | None:
    """Where the fragment header of an IPv6 frame begins; None where it has none."""
    following, offset = frame[20], 54
    for _ in range(8):
        if len(frame) < offset + 8:
            return None
        if following == FRAGMENT6:
            return offset
        if following not in EXTENSIONS:
            return None
        following, offset = frame[offset], offset + 8 + 8 * frame[offset + 1]
    return None


def vxlan(payload: bytes) -> bytes | None:
    """The Ethernet frame in a VXLAN datagram (RFC 7348, 5)."""
    return payload[8:] if len(payload) >= 22 and payload[0] == 8 and not any(payload[1:4]) else None
