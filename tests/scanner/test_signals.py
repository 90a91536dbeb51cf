"""Ctrl-C and SIGTERM, witnessed from outside: by the packets, and by how the program leaves.

What a device sees after a stop at many instants stands in `test_witness_matrix`, in virtual time.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scanner.layer2.plan import raw_rights
from tests.scanner.test_resume import sound, stored
from tests.support.patience import HUNG_SECONDS
from tests.support.plants import Played, played, started, untrap

ETH_P_IP = 0x0800
OUTGOING = 4  # linux/if_packet.h, PACKET_OUTGOING
SO_TIMESTAMPNS = 35  # asm-generic/socket.h
FIN, SYN, RST = 0x01, 0x02, 0x04
LAST_REQUEST, LAST_PACKET = 1.0, 3.0  # safety.md 5.5


@dataclass
class Left:
    """One packet that our side sent to the plant."""

    when: float
    flags: int  # of TCP; 0 for a datagram
    payload: bytes

    @property
    def asks(self) -> bool:
        """Whether it opens something or asks for data; a goodbye does neither."""
        if self.flags & SYN or (self.payload and not self.flags):
            return True
        goodbye = self.payload[:3] == b"CLO" or self.payload[24:28] == b"\x01\x00\xd9\x01"
        return bool(self.payload) and not goodbye  # 0x01D9: CloseSession (Opc.Ua.NodeIds.csv)


@dataclass
class Sniffer:
    """Every packet to the ports of a plant, with the kernel's own time."""

    prefix: bytes
    shift: int
    packets: list[Left] = field(default_factory=list)

    @contextmanager
    def listening(self) -> Iterator[None]:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP)) as raw:
            raw.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            raw.bind(("lo", 0))
            raw.settimeout(0.1)
            over = threading.Event()
            reader = threading.Thread(target=self._read, args=(raw, over))
            reader.start()
            try:
                yield
            finally:
                over.set()
                reader.join()

    def _read(self, raw: socket.socket, over: threading.Event) -> None:
        while True:
            try:
                data, ancillary, _, address = raw.recvmsg(65_535, 128)
            except TimeoutError:
                if over.is_set():
                    return
                continue
            if address[2] != OUTGOING:  # loopback shows every packet twice
                seconds, nanoseconds = struct.unpack("ll", ancillary[0][2][:16])
                self._take(seconds + nanoseconds / 1e9, data[14:])

    def _take(self, when: float, ip: bytes) -> None:
        head = (ip[0] & 0xF) * 4
        whole = int.from_bytes(ip[2:4], "big")
        port = int.from_bytes(ip[head + 2 : head + 4], "big")
        if ip[16:19] != self.prefix or not self.shift < port <= self.shift + 5_000:
            return
        if ip[9] == socket.IPPROTO_TCP:
            offset = head + (ip[head + 12] >> 4) * 4
            self.packets.append(Left(when, ip[head + 13], ip[offset:whole]))
        elif ip[9] == socket.IPPROTO_UDP:
            self.packets.append(Left(when, 0, ip[head + 8 : whole]))


SERVICES = {10: "modbus", 11: "modbus", 12: "snmp", 13: "opcua", 14: "opcua", 15: "s7comm"}


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("signals")
    file = folder / "signals.toml"
    file.write_text(
        '[plant]\nname = "signals"\nsite = "signals"\n'
        + "".join(
            f'[[device]]\nid = "d{n}"\naddress = "127.34.1.{n}"\nvendor = "Acme"\nproduct = "P"\n'
            f'[[device.service]]\nprotocol = "{name}"\nfaults = [{{kind = "slow", value = 0.3}}]\n'
            for n, name in SERVICES.items()
        ),
        encoding="utf-8",
    )
    with played(file, folder) as here:
        yield here


def words(here: Played, database: Path, profile: str) -> tuple[str | Path, ...]:
    targets = here.folder / "targets.txt"
    return ("--db", database, "--config", here.config, "scan", "-iL", targets, "--profile", profile)


def begun(database: Path, count: int) -> None:
    deadline = time.monotonic() + HUNG_SECONDS
    while stored(database) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_second_signal_leaves_at_once(plant: Played, tmp_path: Path) -> None:
    database = tmp_path / "t.db"
    child = started(words(plant, database, "gentle"), tmp_path)
    begun(database, 3)
    child.send_signal(signal.SIGINT)
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=HUNG_SECONDS)
    assert child.returncode == 130, err
    assert "Traceback" not in err
    assert "scan --resume" not in err  # it did not stay to say so
    sound(database)
    ran = untrap("--db", database, "--config", plant.config, "scan", "--resume", "--yes",
                 "--max-time", "1s", cwd=tmp_path)  # fmt: skip
    assert ran.code in (0, 4), ran.err


@pytest.mark.soak
@pytest.mark.root
@pytest.mark.skipif(not raw_rights(), reason="watching packets needs CAP_NET_RAW")
@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("profile", ["gentle", "standard", "brisk"])
def test_after_a_signal_the_last_packet_leaves_in_time(
    plant: Played, tmp_path: Path, profile: str, name: signal.Signals
) -> None:
    """On the clock of the kernel, for five instants; the figures are printed."""
    for number in range(5):
        database = tmp_path / f"{number}.db"
        sniffer = Sniffer(socket.inet_aton("127.34.1.0")[:3], plant.shift)
        with sniffer.listening():
            child = started(words(plant, database, profile), tmp_path)
            begun(database, 2)
            time.sleep(random.random())
            at = time.time()
            os.kill(child.pid, name)
            _, err = child.communicate(timeout=HUNG_SECONDS)
        assert child.returncode in (130, 0), err  # 0: it had just ended
        late = [packet for packet in sniffer.packets if packet.when > at]
        asked = max((packet.when - at for packet in late if packet.asks), default=0.0)
        last = max((packet.when - at for packet in late), default=0.0)
        print(f"{profile} {name.name}: asked {asked:.2f} s, left {last:.2f} s")  # noqa: T201
        assert sniffer.packets
        assert asked <= LAST_REQUEST
        assert last <= LAST_PACKET
        assert not [packet for packet in sniffer.packets if packet.flags & RST]
    witness = plant.witness()["total"]
    assert witness["open_connections"] == witness["open_sessions"] == 0
    assert witness["bare"] == witness["resets"] == witness["early"] == 0
