"""802.11 frames made to look like Ethernet, where they carry data in clear.

    control 2 · duration 2 · addresses 18 · sequence 2 · [address 6] · [QoS 2] · LLC/SNAP 8

One rule keeps it simple: what is encrypted or manages the radio becomes a frame of a made-up
type that the walk counts by name; it is never taken for something else.

Source: IEEE 802.11-2020, 9.2.4 and 9.3.2; radiotap.org.
"""

from __future__ import annotations

ENCRYPTED, MANAGEMENT = b"\xff\xfe", b"\xff\xfd"
SAYS = {0xFFFE: "encrypted 802.11 frames", 0xFFFD: "802.11 frames without data"}
SNAP = b"\xaa\xaa\x03\0\0\0"


def wlan(frame: bytes) -> bytes:
    """A frame of link type 105."""
    if len(frame) < 24 or frame[0] & 0x0C != 0x08 or frame[0] & 0x40:
        sender = frame[10:16] if len(frame) >= 16 else bytes(6)
        return bytes(6) + sender.ljust(6, b"\0") + MANAGEMENT
    one, two, three = frame[4:10], frame[10:16], frame[16:22]
    to_system, from_system = frame[1] & 1, frame[1] & 2
    begin = 24 + 6 * bool(to_system and from_system) + 2 * bool(frame[0] & 0x80)
    destination = three if to_system else one
    source = two
    if from_system:
        source = frame[24:30] if to_system else three
    if frame[1] & 0x40:
        return destination + source.ljust(6, b"\0") + ENCRYPTED
    body = frame[begin:]
    kind = body[6:] if body[:6] == SNAP else len(body).to_bytes(2) + body
    return destination + source.ljust(6, b"\0") + kind


def radiotap(frame: bytes) -> bytes:
    """A frame of link type 127: the radio's own header first, its length in bytes 2 and 3."""
    length = int.from_bytes(frame[2:4], "little")
    return wlan(frame[length:] if 8 <= length <= len(frame) else b"")
