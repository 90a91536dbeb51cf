"""IPv4 fragments put together again, a bounded number of packets at a time (RFC 791, 3.2).

One rule keeps it simple: pieces that overlap or lie outside a packet make it be forgotten, since
no honest sender makes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PENDING = 256  # packets that wait for their rest
PENDING_BYTES = 4 << 20
LARGEST = 65_515


@dataclass(slots=True)
class _Packet:
    head: bytes = b""
    size: int = -1  # bytes of the whole body, once the last piece came
    have: int = 0
    pieces: dict[int, bytes] = field(default_factory=dict)


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
        """One fragment, as an Ethernet frame with IPv4; the whole frame where it was the last."""
        begin = 14 + (frame[14] & 15) * 4
        body = frame[begin : 14 + max(int.from_bytes(frame[16:18]), begin - 14)]
        key = frame[18:20] + frame[23:24] + frame[26:34]
        place = (int.from_bytes(frame[20:22]) & 0x1FFF) * 8
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
            packet.head = frame[:begin]
        if not frame[20] & 0x20:
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
        head = packet.head[:14] + b"\x45" + packet.head[15:16] + (20 + len(body)).to_bytes(2)
        return head + packet.head[18:20] + b"\0\0" + packet.head[22:34] + body

    def _forget(self, key: bytes) -> None:
        self._held -= self._waiting.pop(key).have

    def _room(self) -> None:
        while len(self._waiting) >= PENDING or self._held > PENDING_BYTES:
            self._forget(next(iter(self._waiting)))
            self.lost += 1
