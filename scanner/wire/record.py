"""`--record`: everything that was sent and received, for somebody else to judge.

With raw rights a pcapng of whole packets, the kernel's own included (SYN, ACK, FIN); without them
JSON lines of payloads. Only packets to and from the scope are written. Secrets that travel in
clear (an SNMP community) are starred out, so their UDP checksums no longer fit.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import logging
import os
import socket
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO

from scanner.secrets import hidden
from scanner.targets import Scope

ETH_P_ALL = 3  # linux/if_ether.h
OUTGOING = 4  # linux/if_packet.h, PACKET_OUTGOING
LOOPBACK, ETHERNET, NO_HEADER = 772, 1, 65_534  # linux/if_arp.h
LINK_ETHERNET, LINK_RAW = 1, 101  # pcapng LinkType registry
SNAP = 65_535
DRAIN = 512


SOL_PACKET, PACKET_STATISTICS = 263, 6  # linux/socket.h, linux/if_packet.h
log = logging.getLogger(__name__)


class RecordError(Exception):
    """The recording cannot be made; says why."""


def padded(data: bytes) -> bytes:
    """`data` with zero bytes up to a multiple of four (pcapng, 3.1)."""
    return data + b"\0" * (-len(data) % 4)


def block(kind: int, body: bytes) -> bytes:
    """One pcapng block: type, length, body, length (pcapng, 3.1)."""
    length = len(body) + 12
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def section() -> bytes:
    """Section Header Block, little endian, length unknown (pcapng, 4.1)."""
    return block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(link: int, name: str) -> bytes:
    """Interface Description Block with its name (pcapng, 4.2)."""
    encoded = name.encode()
    option = struct.pack("<HH", 2, len(encoded)) + padded(encoded) + struct.pack("<HH", 0, 0)
    return block(1, struct.pack("<HHI", link, 0, SNAP) + option)


def packet(number: int, when: float, data: bytes) -> bytes:
    """Enhanced Packet Block; time in microseconds (pcapng, 4.3)."""
    stamp = int(when * 1_000_000)
    head = struct.pack("<IIIII", number, stamp >> 32, stamp & 0xFFFFFFFF, len(data), len(data))
    return block(6, head + padded(data))


@dataclass
class PacketRecorder:
    """Whole packets, from a raw socket on every interface. Needs CAP_NET_RAW."""

    file: BinaryIO
    scope: Scope
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    count: int = 0
    failure: str = ""  # why the recording ended before the scan did
    dropped: int = 0  # packets that came faster than they were written
    _numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    _socket: socket.socket | None = None

    def start(self) -> None:
        """Begin; call from the event loop. Raises `RecordError`."""
        try:
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        except OSError as error:
            raise RecordError(f"raw sockets: {error.strerror}") from error
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.file.write(section())
        self._socket = sock
        asyncio.get_running_loop().add_reader(sock, self._drain)

    def stop(self) -> None:
        """Write what is still waiting, and end."""
        if self._socket is not None:
            self._drain()
        self._end()
        self.failure = closed(self.file, self.failure)

    def _end(self) -> None:
        """Take no more packets; say how many were missed."""
        if self._socket is not None:
            missed = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
            self.dropped = int(struct.unpack("II", missed)[1])
            if self.dropped:
                log.warning("the recording is incomplete: packets=%d", self.dropped)
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def sent(self, address: str, port: int, transport: str, data: bytes) -> None:
        """Nothing to do: the raw socket saw it."""

    received = sent

    def _drain(self) -> None:
        for _ in range(DRAIN):
            if self._socket is None:
                return
            try:
                data, (name, _, kind, hardware, _) = self._socket.recvfrom(SNAP)
            except BlockingIOError:
                return
            # On loopback every packet is seen twice; the outgoing copy is enough elsewhere too.
            if hardware == LOOPBACK and kind == OUTGOING:
                continue
            if self._ours(data, hardware):
                try:
                    self._write(name, hardware, hidden(data, self.secrets))
                except OSError as error:
                    self.failure = ended(error)
                    self._end()

    def _ours(self, data: bytes, hardware: int) -> bool:
        start = 0 if hardware == NO_HEADER else 14
        kind = data[12:14] if start else b"\x08\x00"
        if kind == b"\x08\x00" and len(data) >= start + 20:
            ends = data[start + 12 : start + 16], data[start + 16 : start + 20]
            return any(self.scope.allows(socket.inet_ntop(socket.AF_INET, end)) for end in ends)
        if kind == b"\x86\xdd" and len(data) >= start + 40:
            ends = data[start + 8 : start + 24], data[start + 24 : start + 40]
            return any(self.scope.allows(socket.inet_ntop(socket.AF_INET6, end)) for end in ends)
        if kind == b"\x08\x06" and len(data) >= start + 28:
            return self.scope.allows(
                socket.inet_ntop(socket.AF_INET, data[start + 24 : start + 28])
            )
        return False

    def _write(self, name: str, hardware: int, data: bytes) -> None:
        key = name, hardware
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers)
            link = LINK_RAW if hardware == NO_HEADER else LINK_ETHERNET
            self.file.write(interface(link, name))
        self.file.write(packet(self._numbers[key], time.time(), data))
        self.count += 1


@dataclass
class PayloadRecorder:
    """Payloads as JSON lines; needs no rights."""

    file: TextIO
    count: int = 0
    failure: str = ""  # why the recording ended before the scan did

    def start(self) -> None:
        """Nothing to open."""

    def stop(self) -> None:
        """Close the file."""
        self.failure = closed(self.file, self.failure)

    def sent(self, address: str, port: int, transport: str, data: bytes) -> None:
        """One payload that left."""
        self._write("sent", address, port, transport, data)

    def received(self, address: str, port: int, transport: str, data: bytes) -> None:
        """One payload that came."""
        self._write("received", address, port, transport, data)

    def _write(self, way: str, address: str, port: int, transport: str, data: bytes) -> None:
        if self.failure:
            return
        line = {
            "time": time.time(),
            "way": way,
            "address": address,
            "port": port,
            "transport": transport,
            "bytes": data.hex(),
        }
        try:
            self.file.write(json.dumps(line) + "\n")
        except OSError as error:
            self.failure = ended(error)
        else:
            self.count += 1


def ended(error: OSError) -> str:
    """A recording that cannot be written ends, and the scan goes on; told once."""
    words = str(error.strerror or error)
    log.error("the recording ended before the scan did: %s", words)
    return words


def closed(file: BinaryIO | TextIO, failure: str) -> str:
    """Close the file; why the recording is not whole, or ""."""
    try:
        file.close()
    except OSError as error:  # what was still in its buffer
        return failure or ended(error)
    return failure


AnyRecorder = PacketRecorder | PayloadRecorder


def check(path: Path) -> None:
    """Raises `RecordError` for a name that tells no kind of recording, for one that is taken, and
    for a folder where none can be made."""
    if path.suffix not in (".pcapng", ".jsonl"):
        raise RecordError(f"{path}: name a .pcapng (or .jsonl) file, as in {path.stem}.pcapng")
    if os.path.lexists(path):
        raise RecordError(_taken(path))
    if not path.parent.is_dir():
        raise RecordError(f"{path}: {os.strerror(errno.ENOENT)}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise RecordError(f"{path}: {os.strerror(errno.EACCES)}")


def _taken(path: Path) -> str:
    """A recording is evidence: none is written over another."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in itertools.count(2))
    free = next(name for name in numbered if not name.exists())
    return f"{path} is there already; name another file, as in {free}"


def recorder(path: Path, scope: Scope, raw: bool, secrets: tuple[bytes, ...] = ()) -> AnyRecorder:
    """The recorder for `path`: packets where that is allowed, payloads otherwise.

    The name tells which it is: `.pcapng` packets, `.jsonl` payloads. Without raw rights a name in
    `.pcapng` becomes one in `.jsonl`. No file that is there is written over. Raises `RecordError`.
    """
    check(path)
    if not raw:
        path = path.with_suffix(".jsonl")
    try:
        if path.suffix == ".pcapng":
            return PacketRecorder(path.open("xb"), scope, secrets)
        return PayloadRecorder(path.open("x", encoding="utf-8"))
    except FileExistsError as error:
        raise RecordError(_taken(path)) from error
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from error
