"""How fast captures are read: `python -m benchmarks.capture`. Prints ratios, asserts nothing.

Processor time is printed beside wall time: it is what one core does, whatever else runs there.

Two made-up captures: headers only (many flows, cut payloads) and plant traffic (polled Modbus and
S7 with ARP between). tshark answers the same questions with `-T fields` where it is installed.
"""

from __future__ import annotations

import resource
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from protocols.passive import passives
from scanner.imports.captures import read_file

HEADERS, PLANT = 1_000_000, 200_000
FIELDS = ("frame.time_epoch", "eth.src", "ip.src", "ip.dst", "tcp.srcport", "tcp.dstport",
          "modbus.func_code", "modbus.reference_num", "mbtcp.unit_id", "s7comm.header.rosctr",
          "s7comm.param.func")  # fmt: skip


def _frame(client: bool, host: int, port: int, sequence: int, payload: bytes, cut: bool) -> bytes:
    here, there = bytes((10, 0, host >> 8, host & 255)), bytes((10, 1, 0, host % 50))
    ports = (40_000 + host % 20_000, port)
    if not client:
        here, there, ports = there, here, (ports[1], ports[0])
    head = struct.pack(
        ">BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 1, 0x4000, 64, 6, 0, here, there
    )
    tcp = struct.pack(">HHIIBBHHH", *ports, sequence & 0xFFFFFFFF, 1, 0x50, 0x18, 8192, 0, 0)
    mac = bytes((2, 0, *here))
    return bytes((2, 0, *there)) + mac + b"\x08\0" + head + tcp + (b"" if cut else payload)


def _write(path: Path, count: int, cut: bool) -> None:
    asked = dict.fromkeys(range(400), 1)
    answered = dict.fromkeys(range(400), 1)
    with path.open("wb") as file:
        file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        for number in range(count):
            host, client = number // 2 % 400, number % 2 == 0
            if client:
                payload = struct.pack(">HHHBBHH", number & 0xFFFF, 0, 6, 1, 3, host % 8 * 10, 10)
                sequence = asked[host]
                asked[host] += len(payload)
            else:
                values = (number & 0xFFFF).to_bytes(2) * 10
                payload = struct.pack(">HHHBBB", number & 0xFFFF, 0, 23, 1, 3, 20) + values
                sequence = answered[host]
                answered[host] += len(payload)
            frame = _frame(client, host, 502, sequence, payload, cut)
            seconds, micro = divmod(number * 250, 1_000_000)
            file.write(struct.pack("<IIII", seconds, micro, len(frame), len(frame) + 64))
            file.write(frame)


def _measure(path: Path, count: int, name: str) -> tuple[float, float]:
    """Packets per second: by the clock, and by processor time."""
    wall, busy = time.perf_counter(), time.process_time()
    capture = read_file(path)
    found = len(capture.observations)
    rates = (count / (time.perf_counter() - wall), count / (time.process_time() - busy))
    if capture.packets != count:
        raise RuntimeError(f"{name}: {capture.packets} packets of {count}")
    print(f"{name}: {_shown(rates)}, {found} observations")
    return rates


def _tshark(tshark: str, path: Path) -> tuple[float, float]:
    """The same of `tshark -T fields`; it uses one core."""
    command = [tshark, "-n", "-r", str(path), "-T", "fields"]
    for field in FIELDS:
        command += ["-e", field]
    wall, busy = time.perf_counter(), _children()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return PLANT / (time.perf_counter() - wall), PLANT / (_children() - busy)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _shown(rates: tuple[float, float]) -> str:
    return f"{rates[0] / 1000:.0f} k packets/s, {rates[1] / 1000:.0f} k per CPU second"


def main() -> None:
    """Measure and print."""
    passives()  # importing the decoders is not part of the rate
    with tempfile.TemporaryDirectory() as folder:
        headers, plant = Path(folder) / "headers.pcap", Path(folder) / "plant.pcap"
        _write(headers, HEADERS, cut=True)
        _write(plant, PLANT, cut=False)
        _measure(headers, HEADERS, "headers only")
        ours = _measure(plant, PLANT, "plant traffic")
        if (tshark := shutil.which("tshark")) is None:
            print("tshark is not installed: no ratio")
            return
        theirs = _tshark(tshark, plant)
        ratios = f"ratio {ours[0] / theirs[0]:.1f}, of CPU time {ours[1] / theirs[1]:.1f}"
        print(f"tshark -T fields: {_shown(theirs)}; {ratios}")


if __name__ == "__main__":
    main()
