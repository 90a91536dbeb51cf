"""Readers of pcap and pcapng files, plain or gzip: packets in batches, memory bounded.

    pcap    magic 4 · version 4 · zone 4 · accuracy 4 · snaplen 4 · link type 4, then records:
            seconds 4 · fraction 4 · captured 4 · on the wire 4 · bytes
    pcapng  blocks: type 4 · total length 4 · body · total length 4 (draft-ietf-opsawg-pcapng)

One rule keeps it simple: whatever is wrong with a file ends the reading with a sentence in
`problem`, and every packet before that place has been handed out.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

CHUNK = 1 << 18
PACKED_CHUNK = 1 << 16
GZIP = 31  # wbits of zlib for a gzip header and trailer
PACKET_LIMIT = 262_144  # MAXIMUM_SNAPLEN of libpcap; no link carries more
BLOCK_LIMIT = 1 << 22  # a pcapng block that is no packet may be larger, but not without bound
HOLE = 4096  # so many records of zeros on end are a hole in the file, not packets
BOMB_BYTES = 1 << 28
BOMB_RATIO = 200  # measured on captures: below 60; DEFLATE reaches 1 032

UNDESCRIBED = -1  # link type of a packet whose interface the file does not describe
CAPTORS = 16  # interfaces whose hardware addresses are kept

NANOSECOND = 1_000_000_000
MAGIC = {
    b"\xa1\xb2\xc3\xd4": (">", 1000, 16),
    b"\xd4\xc3\xb2\xa1": ("<", 1000, 16),
    b"\xa1\xb2\x3c\x4d": (">", 1, 16),
    b"\x4d\x3c\xb2\xa1": ("<", 1, 16),
    b"\xa1\xb2\xcd\x34": (">", 1000, 24),  # Kuznetzov's variant, eight more bytes a record
    b"\x34\xcd\xb2\xa1": ("<", 1000, 24),
}
SECTION = b"\x0a\x0d\x0d\x0a"


class CaptureError(ValueError):
    """The file is no capture at all; the message says what was found."""


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Packets of one link type, in file order: times in nanoseconds since 1970, and bytes.

    Two lists, since a tuple per packet would keep the garbage collector busy. `captors` are
    hardware addresses that the file names as those of the capturing machine.
    """

    link: int
    times: list[int]
    frames: list[bytes]
    captors: tuple[bytes, ...] = ()


def is_capture(path: Path) -> bool:
    """Whether a file begins as a capture does, packed or not; too damaged to tell counts too."""
    with path.open("rb") as file:
        start = file.read(4)
        if start[:3] == b"\x1f\x8b\x08":
            file.seek(0)
            packed = _Unpacked(file)
            try:
                start = packed.read(4)
                if len(start) < 4:
                    packed.read(1)  # raises where more would follow but for damage
            except (EOFError, zlib.error):
                return True
    return start in MAGIC or start == SECTION


class _Hashed:
    """Reads a file and keeps the digest and the number of the bytes that were read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.hash = hashlib.sha256()
        self.count = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self.file.read(size)
        self.hash.update(data)
        self.count += len(data)
        return data


class _Unpacked:
    """Reads gzip members one after the other; gives all that came before damage, then raises."""

    def __init__(self, source: _Stream) -> None:
        self._source = source
        self._member = zlib.decompressobj(GZIP)
        self._packed = b""
        self._begun = False
        self._error: Exception | None = None

    def read(self, size: int, /) -> bytes:
        """`size` bytes, fewer only at the end. Raises `EOFError` (cut) and `zlib.error`."""
        parts: list[bytes] = []
        missing = size
        while missing and self._error is None:
            if not self._packed and not self._refill():
                break
            data = self._unpack(missing)
            parts.append(data)
            missing -= len(data)
        if self._error is not None and not any(parts):
            raise self._error
        return b"".join(parts)

    def _refill(self) -> bool:
        """Whether there is more to unpack; between members, zeros are padding."""
        self._packed = self._source.read(PACKED_CHUNK)
        if not self._packed and self._begun:
            self._error = EOFError("the gzip file is cut: it ends before its data does")
        return bool(self._packed)

    def _unpack(self, size: int) -> bytes:
        if not self._begun:
            self._packed = self._packed.lstrip(b"\0")
            if not self._packed:
                return b""
            self._begun = True
        before = self._member.copy()
        try:
            data = self._member.decompress(self._packed, size)
        except zlib.error as error:
            self._error = error
            return _bytewise(before, self._packed)
        self._packed = self._member.unconsumed_tail
        if self._member.eof:
            self._packed = self._member.unused_data
            self._member, self._begun = zlib.decompressobj(GZIP), False
        return data


def _bytewise(member: zlib._Decompress, packed: bytes) -> bytes:
    """What can be unpacked before the byte that is wrong."""
    found = bytearray()
    try:
        for position in range(len(packed)):
            found += member.decompress(packed[position : position + 1])
    except zlib.error:
        pass
    return bytes(found)


class CaptureFile:
    """One capture; iterate `batches` once, then read `problem`, `digest` and the counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""
        self.packets = 0
        self.empty = 0
        self.undescribed = 0  # packets of a pcapng interface that the file does not describe
        self.size = path.stat().st_size
        self._source: _Hashed | None = None
        self._unpacked = 0

    @property
    def position(self) -> int:
        """Bytes of the file that were read so far: for progress."""
        return self._source.count if self._source else 0

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes that were read, hexadecimal."""
        return self._source.hash.hexdigest() if self._source else ""

    def batches(self) -> Iterator[Batch]:
        """All packets that can be read. Raises `CaptureError` and `OSError`."""
        with self.path.open("rb") as file:
            self._source = _Hashed(file)
            start = self._source.read(4)
            stream: _Stream = self._source
            if start[:2] == b"\x1f\x8b":
                file.seek(0)
                self._source = _Hashed(file)
                stream = _Unpacked(self._source)
                start = self._more(stream, 4)
                if len(start) < 4:
                    self._more(stream, 1)  # says why, where the file is damaged
            if start in MAGIC:
                yield from self._pcap(stream, *MAGIC[start])
            elif start == SECTION:
                yield from self._pcapng(stream)
            elif self.problem:
                return
            else:
                found = f"it begins with {start.hex(' ')}" if start else "it is empty"
                raise CaptureError(f"{self.path.name} is neither pcap nor pcapng: {found}")

    def _more(self, stream: _Stream, size: int = CHUNK) -> bytes:
        """More bytes, or none at the end, at damage and at a gzip bomb."""
        try:
            data = stream.read(size)
        except EOFError as error:
            self.problem = str(error)
            return b""
        except zlib.error as error:
            self.problem = f"the gzip data is damaged: {error}"
            return b""
        self._unpacked += len(data)
        if self._unpacked > BOMB_BYTES and self._unpacked > BOMB_RATIO * self.position:
            self.problem = f"unpacks to more than {BOMB_RATIO} times its size: not read further"
            return b""
        return data

    def _pcap(self, stream: _Stream, order: str, unit: int, header: int) -> Iterator[Batch]:
        head = self._more(stream, 20)
        if len(head) < 20:
            self.problem = self.problem or "the file header is cut"
            return
        link = int(struct.unpack(order + "I", head[16:20])[0]) & 0xFFFF
        unpack = struct.Struct(order + "III").unpack_from
        buffer, zeros, second = b"", 0, NANOSECOND
        while more := self._more(stream):
            buffer = buffer + more if buffer else more
            position, size = 0, len(buffer)
            times: list[int] = []
            frames: list[bytes] = []
            put_time, put_frame = times.append, frames.append
            while position + header <= size:
                seconds, fraction, captured = unpack(buffer, position)
                begin = position + header
                end = begin + captured
                if captured > PACKET_LIMIT:
                    self.problem = f"a record claims {captured} bytes: not read further"
                    break
                if end > size:
                    break
                if captured:
                    put_time(seconds * second + fraction * unit)
                    put_frame(buffer[begin:end])
                    zeros = 0
                else:
                    self.empty += 1
                    zeros = zeros + 1 if not seconds else 0
                    if zeros >= HOLE:
                        self.problem = "nothing but zeros: not read further"
                        break
                position = end
            self.packets += len(frames)
            if frames:
                yield Batch(link, times, frames)
            if self.problem:
                return
            buffer = buffer[position:]
        if buffer and not self.problem:
            self.problem = f"the last record is cut: {len(buffer)} bytes of it are there"

    def _pcapng(self, stream: _Stream) -> Iterator[Batch]:
        section = _Section()
        buffer = SECTION
        while more := self._more(stream):
            buffer += more
            position, size = 0, len(buffer)
            times: list[int] = []
            frames: list[bytes] = []
            link = -1
            while position + 12 <= size:
                if buffer[position : position + 4] == SECTION:
                    section = _Section("<" if buffer[position + 8] == 0x4D else ">")
                kind, length = section.head(buffer, position)
                if length < 12 or length % 4 or length > BLOCK_LIMIT:
                    self.problem = f"a block claims {length} bytes: not read further"
                    break
                end = position + length
                if end > size:
                    break
                found = section.block(kind, buffer[position + 8 : end - 4])
                position = end
                if found is None:
                    continue
                if not found[2]:
                    self.undescribed += found[0] == UNDESCRIBED
                    self.empty += found[0] != UNDESCRIBED
                    continue
                if found[0] != link:
                    if frames:
                        self.packets += len(frames)
                        yield Batch(link, times, frames, section.captors)
                        times, frames = [], []
                    link = found[0]
                times.append(found[1])
                frames.append(found[2])
            if frames:
                self.packets += len(frames)
                yield Batch(link, times, frames, section.captors)
            if self.problem:
                return
            buffer = buffer[position:]
        if buffer and not self.problem:
            self.problem = f"the last block is cut: {len(buffer)} bytes of it are there"


class _Section:
    """One section of a pcapng file: its byte order and its interfaces."""

    __slots__ = ("_enhanced", "_head", "_old", "captors", "interfaces", "order")

    def __init__(self, order: str = "<") -> None:
        self.order = order
        self.interfaces: list[tuple[int, int, int]] = []  # link type, ticks per second, offset s
        self.captors: tuple[bytes, ...] = ()  # hardware addresses of its interfaces
        self._head = struct.Struct(order + "II")
        self._enhanced = struct.Struct(order + "IIII")
        self._old = struct.Struct(order + "HHIII")

    def head(self, buffer: bytes, position: int) -> tuple[int, int]:
        kind, length = self._head.unpack_from(buffer, position)
        return int(kind), int(length)

    def block(self, kind: int, body: bytes) -> tuple[int, int, bytes] | None:
        """(link type, time, bytes) of a packet block; None of every other."""
        if kind == 6 and len(body) >= 20:
            number, high, low, captured = self._enhanced.unpack_from(body)
            return self._packet(number, (high << 32) | low, body[20 : 20 + captured])
        if kind == 1 and len(body) >= 8 and len(self.interfaces) < 4096:
            self.interfaces.append(self._interface(body))
        elif kind == 3 and len(body) >= 4:  # simple packet: no time, first interface
            length = struct.unpack_from(self.order + "I", body)[0]
            return self._packet(0, 0, body[4 : 4 + length])
        elif kind == 2 and len(body) >= 20:  # the old packet block
            number, _, high, low, captured = self._old.unpack_from(body)
            return self._packet(number, (high << 32) | low, body[20 : 20 + captured])
        return None

    def _packet(self, number: int, ticks: int, data: bytes) -> tuple[int, int, bytes]:
        if number >= len(self.interfaces):
            return UNDESCRIBED, 0, b""
        link, rate, offset = self.interfaces[number]
        if rate == 1_000_000:
            return link, ticks * 1000 + offset * NANOSECOND, data
        return link, ticks * NANOSECOND // rate + offset * NANOSECOND, data

    def _interface(self, body: bytes) -> tuple[int, int, int]:
        link = struct.unpack_from(self.order + "H", body)[0]
        rate, offset, position = 1_000_000, 0, 8
        while position + 4 <= len(body):
            code, length = struct.unpack_from(self.order + "HH", body, position)
            value = body[position + 4 : position + 4 + length]
            position += 4 + (length + 3) // 4 * 4
            if code == 9 and len(value) == 1:  # if_tsresol
                exponent = value[0] & 0x7F
                rate = 2**exponent if value[0] & 0x80 else 10 ** min(exponent, 20)
            elif code == 6 and len(value) == 6 and len(self.captors) < CAPTORS:  # if_MACaddr
                self.captors = (*self.captors, value)
            elif code == 14 and len(value) == 8:  # if_tsoffset
                offset = struct.unpack(self.order + "q", value)[0]
            elif code == 0:
                break
        return int(link), rate, offset
