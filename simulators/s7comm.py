"""A SIMATIC S7-300 on ISO-on-TCP: connection, set-up, and the identity lists (SZL).

    TPKT 03 00 length(2) | COTP length, type, … | S7 32 kind …      (RFC 1006, ISO 8073, and the
    SZL lists of Siemens "System Software for S7-300/400, System and Standard Functions", 34)

Options: `pdu` (240), `hangs_on_disconnect` (true: a COTP disconnect request ends it, as a
CVE-2025-40944 device), `module_type` (text), `plant` (text), `copyright` (text). A record list
longer than the PDU is sent in parts, as the CPU does.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from simulators.contract import Bind, Device, Handle, Service, Simulator, Witness
from simulators.tcp import TcpDouble
from simulators.turns import ForeignBytesError, Turn

CONNECT, CONFIRM, DISCONNECT, DATA = 0xE0, 0xD0, 0x80, 0xF0  # ISO 8073, 13
SETUP, READ, WRITE = 0xF0, 0x04, 0x05
JOB, ACKNOWLEDGE, USERDATA = 1, 3, 7
NOT_AVAILABLE = 0xD401  # "SZL-ID not available"
FUNCTIONS = {
    0x00: "cpu services",
    0x04: "read",
    0x05: "write",
    0x1A: "request download",
    0x1B: "download block",
    0x1C: "download ended",
    0x1D: "start upload",
    0x1E: "upload",
    0x1F: "end upload",
    0x28: "plc control",
    0x29: "plc stop",
    0xF0: "setup",
}
FAULTS: frozenset[str] = frozenset()


def szl(device: Device, service: Service, number: int, index: int) -> tuple[int, list[bytes]]:
    """Record length and records of one list; no records: not available."""
    kind, partial = number & 0xFF, number >> 8 & 0x0F
    if kind == 0x11:
        records = _module(device)
        size = 28
    elif kind == 0x1C:
        records = _component(device, service)
        size = 34
    elif kind == 0x00 and not partial:
        return 2, [struct.pack(">H", one) for one in (0x0000, 0x0011, 0x0111, 0x001C, 0x011C)]
    else:
        return 0, []
    if partial:
        records = [one for one in records if one[:2] == struct.pack(">H", index)]
    return size, records


def _module(device: Device) -> list[bytes]:
    order = (device.model or device.product).encode().ljust(20)[:20]
    numbers = [int(part) for part in device.firmware.lstrip("Vv").split(".") if part.isdigit()]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    hardware = int(device.hardware) if device.hardware.isdigit() else 1
    firmware = bytes([ord("V"), major, minor, patch])
    return [
        struct.pack(">H20sHHH", 1, order, 0x00C0, hardware, 1),
        struct.pack(">H20sHHH", 6, order, 0x00C0, hardware, 1),
        struct.pack(">H20sH", 7, b" " * 20, 0x00C0) + firmware,
    ]


def _component(device: Device, service: Service) -> list[bytes]:
    options = service.options
    texts = {
        1: device.name or "SIMATIC 300",
        2: device.product,
        3: str(options.get("plant", "")),
        4: str(options.get("copyright", "Original Siemens Equipment")),
        5: device.serial,
        7: str(options.get("module_type", device.product)),
        8: "",
        9: "",
        10: "",
        11: device.location,
    }
    return [struct.pack(">H32s", key, text.encode("latin-1")) for key, text in texts.items()]


@dataclass(slots=True)
class Connection:
    """One ISO transport connection."""

    device: Device
    service: Service
    shared: dict[str, bool]
    connected: bool = False
    pdu: int = 240
    parts: list[bytes] = field(default_factory=list)
    sequence: int = 0

    def frame(self, buffer: bytes) -> int | None:
        """Length by the TPKT header."""
        if buffer[:1] != b"\x03":
            raise ForeignBytesError("no TPKT")
        if len(buffer) < 4:
            return None
        length = int.from_bytes(buffer[2:4], "big")
        if length < 7:
            raise ForeignBytesError("TPKT too short")
        return length

    def hear(self, request: bytes) -> Turn:
        """Answer one TPKT."""
        kind = request[5] & 0xF0
        if request[5] == DISCONNECT:
            self.shared["hung"] = bool(self.service.options.get("hangs_on_disconnect", True))
            return Turn("cotp disconnect", None, forbidden=True, close=not self.shared["hung"])
        if self.shared["hung"]:
            return Turn("s7 while hung", None)
        if kind == CONNECT:
            self.connected = True
            return Turn("cotp connect", self._confirm(request))
        if kind != DATA or not self.connected or request[7:8] != b"\x32":
            return Turn("s7 unknown", None, close=True)
        return self._s7(request[7:])

    def _confirm(self, request: bytes) -> bytes:
        theirs = request[8:10]
        variable = request[11 : 5 + request[4]]
        body = bytes([CONFIRM]) + theirs + b"\x00\x31\x00" + variable
        return tpkt(bytes([len(body)]) + body)

    def _s7(self, pdu: bytes) -> Turn:
        if len(pdu) < 10:
            return Turn("s7 short", None, close=True)
        kind, reference = pdu[1], pdu[4:6]
        parameters, size = struct.unpack(">HH", pdu[6:10])
        parameter = pdu[10 : 10 + parameters]
        data = pdu[10 + parameters : 10 + parameters + size]
        if kind == USERDATA:
            return self._userdata(reference, parameter, data)
        function = parameter[0] if parameter else -1
        label = f"s7 {FUNCTIONS.get(function, hex(function))}"
        if function == SETUP and len(parameter) == 8:
            asked = int.from_bytes(parameter[6:8], "big")
            self.pdu = min(asked, int(str(self.service.options.get("pdu", 240))))
            answer = bytes([SETUP, 0]) + struct.pack(">HHH", 1, 1, self.pdu)
            return Turn(label, data_tpdu(acknowledge(reference, answer)))
        if function == READ:  # object access not allowed: no data block is offered
            items = parameter[1] if len(parameter) > 1 else 1
            body = b"\x03\x00\x00\x00" * items
            return Turn(label, data_tpdu(acknowledge(reference, bytes([READ, items]), body)))
        refused = acknowledge(reference, parameter[:1], error=0x8500)
        return Turn(label, data_tpdu(refused), forbidden=True)

    def _userdata(self, reference: bytes, parameter: bytes, data: bytes) -> Turn:
        group = parameter[5] & 0x0F if len(parameter) >= 8 else 0
        if group != 4 or parameter[6] != 1:
            return Turn(f"s7 userdata {group}", None, forbidden=group not in (4, 7), close=True)
        if len(parameter) >= 12 and self.parts:  # "the next part, please"
            body, number, index = b"", 0, 0
        else:
            if len(data) < 8:
                return Turn("s7 szl", None, close=True)
            number, index = struct.unpack(">HH", data[4:8])
            size, records = szl(self.device, self.service, number, index)
            if not records:
                head = user_parameter(0, last=True, error=NOT_AVAILABLE)
                answer = data_tpdu(userdata(reference, head, b"\x0a\x00\x00\x00"))
                return Turn(f"s7 szl {number:04x}", answer)
            body = struct.pack(">HHHH", number, index, size, len(records)) + b"".join(records)
            room = self.pdu - 10 - 12 - 4
            self.parts = [body[at : at + room] for at in range(0, len(body), room)]
            self.sequence = (self.sequence % 255) + 1
        part = self.parts.pop(0)
        last = not self.parts
        more = 0 if last else self.sequence
        head = user_parameter(self.sequence, last=last, unit=more)
        answer = userdata(reference, head, b"\xff\x09" + struct.pack(">H", len(part)) + part)
        return Turn(f"s7 szl {number:04x}" if number else "s7 szl next", data_tpdu(answer))


def tpkt(payload: bytes) -> bytes:
    """RFC 1006, 6."""
    return b"\x03\x00" + struct.pack(">H", len(payload) + 4) + payload


def data_tpdu(payload: bytes) -> bytes:
    """A whole COTP data unit."""
    return tpkt(b"\x02\xf0\x80" + payload)


def acknowledge(reference: bytes, parameter: bytes, data: bytes = b"", error: int = 0) -> bytes:
    """An acknowledgement with data; the error stands in the header."""
    sizes = struct.pack(">HHH", len(parameter), len(data), error)
    return b"\x32\x03\x00\x00" + reference + sizes + parameter + data


def userdata(reference: bytes, parameter: bytes, data: bytes) -> bytes:
    """An answer to a user data request."""
    sizes = struct.pack(">HH", len(parameter), len(data))
    return b"\x32\x07\x00\x00" + reference + sizes + parameter + data


def user_parameter(sequence: int, *, last: bool, unit: int = 0, error: int = 0) -> bytes:
    """Head, method "answer", group 4 (CPU services), subfunction 1 (read SZL)."""
    tail = bytes([unit, not last]) + struct.pack(">H", error)
    return b"\x00\x01\x12\x08\x12\x84\x01" + bytes([sequence]) + tail


async def start(device: Device, service: Service, bind: Bind, witness: Witness) -> Handle:
    """Listen; a hang reaches every connection."""
    shared = {"hung": False}
    double = TcpDouble(device, service, bind, witness, lambda: Connection(device, service, shared))
    double.start()
    return double


SIMULATOR = Simulator("s7comm", "tcp", 102, start)
