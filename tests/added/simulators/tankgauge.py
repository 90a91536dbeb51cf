"""A tank gauge that answers one report, from its serial interface manual."""

from __future__ import annotations

from dataclasses import dataclass

from simulators.contract import Bind, Device, Handle, Service, Simulator, Witness
from simulators.tcp import TcpDouble
from simulators.turns import ForeignBytesError, Turn


@dataclass(slots=True)
class Gauge:
    """Answers report 902, and 9999FF1B to all else."""

    device: Device

    def frame(self, buffer: bytes) -> int | None:
        """Length of a request."""
        if buffer[:1] != b"\x01":
            raise ForeignBytesError("no SOH")
        end = buffer.find(b"\r")
        return None if end < 0 else end + 1

    def hear(self, request: bytes) -> Turn:
        """The report, or the refusal."""
        if request[1:7] != b"I90200":
            return Turn("other", b"\x019999FF1B\x03")
        report = f"\x01I90200\r\nSOFTWARE# {self.device.firmware}\r\n\x03"
        return Turn("report 902", report.encode())


async def start(device: Device, service: Service, bind: Bind, witness: Witness) -> Handle:
    """Listen."""
    double = TcpDouble(device, service, bind, witness, lambda: Gauge(device))
    double.start()
    return double


SIMULATOR = Simulator("tankgauge", "tcp", 10001, start)
