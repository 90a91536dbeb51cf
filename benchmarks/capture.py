"""How fast captures are read: `python -m benchmarks.capture`. Prints ratios, asserts nothing.

Two made-up captures: headers only (many flows, cut payloads) and plant traffic (polled Modbus and
S7 with ARP between). tshark answers the same questions with `-T fields` where it is installed.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from protocols.passive import passives
from scanner.capture_import import read_file

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


def _measure(path: Path, count: int, name: str) -> float:
    start = time.perf_counter()
    capture = read_file(path)
    rate = count / (time.perf_counter() - start)
    if capture.packets != count:
        raise RuntimeError(f"{name}: {capture.packets} packets of {count}")
    print(f"{name}: {rate / 1000:.0f} k packets/s, {len(capture.observations)} observations")
    return rate


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
        command = [tshark, "-n", "-r", str(plant), "-T", "fields"]
        for field in FIELDS:
            command += ["-e", field]
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        theirs = PLANT / (time.perf_counter() - start)
        print(f"tshark -T fields: {theirs / 1000:.0f} k packets/s; ratio {ours / theirs:.1f}")


if __name__ == "__main__":
    main()
