"""TCP segments put in order and cut into messages (RFC 9293, 3.4; sequence numbers wrap).

One rule keeps it simple: a gap that is not filled within a few segments was never captured, so the
stream goes on behind it; what waits is bounded for all streams together.
"""

from __future__ import annotations

import struct

from protocols.contract import Foreign, Garbled
from protocols.passive import Passive
from scanner.capture.messages import Messages
from scanner.capture.model import HELD_BYTES, HOLD, STREAM_LIMIT, TRIES, Lane

COPY, COPY_NUMBERED = 2_000_000, 100_000_000  # nanoseconds within which equal datagrams are one
SHORTEST = 16  # bytes by which every protocol can be told

_TCP = struct.Struct(">IIBB").unpack_from


class Streams:
    """Looks into packets of lanes that can still teach something."""

    def __init__(self, messages: Messages) -> None:
        self.messages = messages

    def look(self, lane: Lane, time: int, frame: bytes) -> None:
        """One packet, as a plain Ethernet frame.

        A mirrored port gives packets twice, tagged and not, or before and behind a router: all
        lanes of one direction are one stream, and what it knows already does not count again.
        """
        offset = lane.offset
        if lane.stream is not None and lane.stream is not lane:
            lane.deep = lane.stream.deep
            lane = lane.stream
        end = (
            14 + int.from_bytes(frame[16:18])
            if offset == 34
            else (54 + int.from_bytes(frame[18:20]))
        )
        if end == 14 and offset == 34:  # length 0: left to the network card (TSO)
            end = len(frame)
        if lane.transport == "udp":
            payload = frame[offset + 8 : end]
            if payload and not _again(lane, time, frame, payload):
                self.messages.take(lane, time, payload)
            return
        if len(frame) < offset + 14:
            _vain(lane)
            return
        sequence, _, high, flags = _TCP(frame, offset + 4)
        if flags & 2:
            lane.expected = (sequence + 1) & 0xFFFFFFFF
            return
        begin = offset + (high >> 4) * 4
        payload = frame[begin:end]
        if not payload:
            if end > begin and end > len(frame):  # cut by the snap length
                _vain(lane)
            return
        self._ordered(lane, time, sequence, payload)

    def _ordered(self, lane: Lane, time: int, sequence: int, payload: bytes) -> None:
        """Put the segment in its place; hand on what is in order."""
        if lane.expected is None:
            lane.expected = sequence
        ahead = (sequence - lane.expected) & 0xFFFFFFFF
        if ahead:
            if ahead >= 0x80000000:  # sent again: keep only what is new
                known = 0x100000000 - ahead
                if known >= len(payload):
                    return
                payload = payload[known:]
            elif self._wait(lane, sequence, ahead, payload):
                return
            else:
                self.messages.ledger.note("gaps in TCP streams")
                self.drop(lane)
                lane.expected = sequence
        lane.expected = (lane.expected + len(payload)) & 0xFFFFFFFF
        self._bytes(lane, time, payload)
        while lane.held and lane.expected in lane.held:
            payload = lane.held.pop(lane.expected)
            self.messages.held -= len(payload)
            lane.expected = (lane.expected + len(payload)) & 0xFFFFFFFF
            self._bytes(lane, time, payload)

    def _wait(self, lane: Lane, sequence: int, ahead: int, payload: bytes) -> bool:
        """Keep a segment until the one before it comes; False where it is not awaited longer."""
        held = lane.held
        if held is None:
            held = lane.held = {}
        if sequence in held:
            return True
        if len(held) >= HOLD or ahead >= STREAM_LIMIT:
            return False
        if self.messages.held + len(payload) > HELD_BYTES:
            self.messages.ledger.note("segments beyond the limit of memory")
            return False
        held[sequence] = payload
        self.messages.held += len(payload)
        return True

    def drop(self, lane: Lane) -> None:
        """Forget what a lane waits with."""
        if lane.held:
            self.messages.held -= sum(map(len, lane.held.values()))
            lane.held.clear()
        if lane.parts is not None:
            self.messages.held -= len(lane.parts)
            lane.parts = None
        self._clear(lane)

    def _clear(self, lane: Lane) -> None:
        if lane.buffer is not None:
            self.messages.held -= len(lane.buffer)
            lane.buffer = None
        lane.need = 0

    def _bytes(self, lane: Lane, time: int, payload: bytes) -> None:
        """Cut a stream into messages."""
        passive = lane.connection.conversation.passive
        if passive is None and lane.buffer is not None:
            payload = bytes(lane.buffer) + payload
            self._clear(lane)
        if passive is None:
            passive = self.messages.which(lane, payload)
        if passive is None:
            self._short(lane, payload)
            return
        if passive.frame is None:
            self.messages.take(lane, time, payload)
            return
        if lane.buffer is not None:
            lane.buffer += payload
            self.messages.held += len(payload)
            if len(lane.buffer) < lane.need:
                if self.messages.held > HELD_BYTES:
                    self.messages.ledger.note("messages beyond the limit of memory")
                    self._clear(lane)
                return
            payload = bytes(lane.buffer)
            self._clear(lane)
        self._cut(lane, passive, time, payload)

    def _short(self, lane: Lane, payload: bytes) -> None:
        """Keep a beginning that is too short for any protocol to be recognised by."""
        if len(payload) < SHORTEST and lane.deep:
            lane.buffer = bytearray(payload)
            self.messages.held += len(payload)

    def _cut(self, lane: Lane, passive: Passive, time: int, data: bytes) -> None:
        length: int | None = None
        try:
            while data and passive.frame is not None:
                length = passive.frame(data)
                if length is None or length > len(data):
                    break
                if length <= 0:
                    return
                self.messages.take(lane, time, data[:length])
                data = data[length:]
                length = None
        except (Garbled, Foreign):
            return  # the stream was joined in its middle: try again with the next segment
        if not data or max(len(data), length or 0) > STREAM_LIMIT:
            return
        if self.messages.held + len(data) > HELD_BYTES:
            self.messages.ledger.note("messages beyond the limit of memory")
            return
        lane.buffer, lane.need = bytearray(data), length or 0
        self.messages.held += len(data)


def _again(lane: Lane, time: int, frame: bytes, payload: bytes) -> bool:
    """Whether this datagram was there a moment ago: a copy, and nobody sent it twice."""
    identification = frame[18:20] if lane.offset == 34 else b""
    mark = hash((identification, payload))
    pause = COPY_NUMBERED if identification not in (b"", b"\0\0") else COPY
    copy = mark == lane.mark and 0 <= time - lane.heard < pause
    lane.mark, lane.heard = mark, time
    return copy


def _vain(lane: Lane) -> None:
    lane.tries += 1
    lane.deep = lane.tries < TRIES
