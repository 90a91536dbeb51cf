"""IP fragments put together again, a bounded number of packets at a time (RFC 791, 3.2; RFC 8200,
4.5).

One rule keeps it simple: pieces that overlap or lie outside a packet make it be forgotten, since
no honest sender makes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from scanner.capture.frames import fragment_header
from scanner.capture.links import IPV6

PENDING = 256  # packets that wait for their rest
PENDING_BYTES = 4 << 20
LARGEST = 65_515


@dataclass(slots=True)
class _Packet:
    head: bytes = b""
    size: int = -1  # bytes of the whole body, once the last piece came
    have: int = 0
    pieces: dict[int, bytes] = field(default_factory=dict)


_Piece = tuple[bytes, bytes, int, bool, bytes]  # key, head, place, whether more follows, bytes


def _piece4(frame: bytes) -> _Piece:
    begin = 14 + (frame[14] & 15) * 4
    body = frame[begin : 14 + max(int.from_bytes(frame[16:18]), begin - 14)]
    key = frame[18:20] + frame[23:24] + frame[26:34]
    place = (int.from_bytes(frame[20:22]) & 0x1FFF) * 8
    return key, frame[:begin], place, bool(frame[20] & 0x20), body


def _piece6(frame: bytes) -> _Piece | None:
    """The head is made plain: what stands between it and the fragment header is left out."""
    at = fragment_header(frame)
    if at is None:
        return None
    flags = int.from_bytes(frame[at + 2 : at + 4])
    body = frame[at + 8 : 54 + int.from_bytes(frame[18:20])]
    head = frame[:20] + frame[at : at + 1] + frame[21:54]
    return frame[at + 4 : at + 8] + frame[22:54], head, flags & 0xFFF8, bool(flags & 1), body


class Fragments:
    """Takes fragments, gives whole packets; `lost` counts packets that were given up."""

    def __init__(self) -> None:
        self.lost = 0
        self._waiting: dict[bytes, _Packet] = {}
        self._held = 0

    @property
    def waiting(self) -> int:
        """Packets whose rest has not come."""
        return len(self._waiting)

    def add(self, frame: bytes) -> bytes | None:
        """One fragment, as an Ethernet frame with IP; the whole frame where it was the last."""
        piece = _piece6(frame) if frame[12:14] == IPV6 else _piece4(frame)
        return self._add(*piece) if piece is not None else None

    def _add(self, key: bytes, head: bytes, place: int, more: bool, body: bytes) -> bytes | None:
        packet = self._waiting.get(key)
        if packet is None:
            self._room()
            packet = self._waiting[key] = _Packet()
        if place in packet.pieces or place + len(body) > LARGEST or not body:
            return None
        packet.pieces[place] = body
        packet.have += len(body)
        self._held += len(body)
        if place == 0:
            packet.head = head
        if not more:
            packet.size = place + len(body)
        return self._whole(key, packet) if packet.have == packet.size else None

    def _whole(self, key: bytes, packet: _Packet) -> bytes | None:
        self._forget(key)
        body = b"".join(packet.pieces[place] for place in sorted(packet.pieces))
        starts = sorted(packet.pieces)
        ends = [start + len(packet.pieces[start]) for start in starts]
        if not packet.head or starts[1:] != ends[:-1]:
            self.lost += 1
            return None
        head = packet.head
        if head[12:14] == IPV6:
            return head[:18] + len(body).to_bytes(2) + head[20:] + body
        start = head[:14] + b"\x45" + head[15:16] + (20 + len(body)).to_bytes(2)
        return start + head[18:20] + b"\0\0" + head[22:34] + body

    def _forget(self, key: bytes) -> None:
        self._held -= self._waiting.pop(key).have

    def _room(self) -> None:
        while len(self._waiting) >= PENDING or self._held > PENDING_BYTES:
            self._forget(next(iter(self._waiting)))
            self.lost += 1
