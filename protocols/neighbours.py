"""Protocols that only show who is there: time, files, discovery, S-Bus, MELSOFT, DLMS.

One rule keeps it simple: each is recognised by its header and says nothing of the device.

Source: RFC 5905 (NTP), RFC 1350 (TFTP), UPnP 2.0 (SSDP), DLMS UA 8th (wrapper), SAIA 26/739
(Ether-S-Bus), Mitsubishi SH-080008 (MC protocol frames), OMG DDSI-RTPS 2.5.
"""

from __future__ import annotations

from protocols._cursor import text
from protocols.contract import Fact, Foreign, Overheard, Segment
from protocols.passive import OTHER, Passive, Use, nothing, overheard


def _tftp_uses(data: bytes) -> tuple[Use, ...]:
    names = {1: "read file", 2: "write file"}
    return (Use(names[data[1]], OTHER),) if data[1] in names else ()


def _ssdp(segment: Segment) -> tuple[Overheard, ...]:
    for line in segment.payload[:4096].split(b"\r\n"):
        if line[:7].upper() == b"SERVER:":
            facts = (Fact("description", f"server {text(line[7:])}", "SSDP"),)
            return (overheard(segment.source, "ssdp", facts),)
    return ()


def _sbus(data: bytes) -> bool:
    """Length in the head agrees, protocol version 0 or 1, type 0."""
    return len(data) >= 11 and int.from_bytes(data[:4]) == len(data) and data[4] <= 1


def _melsec(data: bytes) -> bool:
    """3E/4E binary frames: subheader, network, and a length that agrees."""
    if data[:2] in (b"\x50\0", b"\xd0\0") and len(data) >= 11:
        return 9 + int.from_bytes(data[7:9], "little") == len(data)
    return data[:2] in (b"\x57\1", b"\xd7\0") and len(data) >= 20


def _wrapper(data: bytes) -> int | None:
    if len(data) < 8:
        return None
    if data[:2] != b"\0\1":
        raise Foreign("expected the DLMS wrapper version 1")
    return 8 + int.from_bytes(data[6:8])


DLMS_KINDS = frozenset({0x0F, 0x60, 0x61, 0x62, 0x63, *range(0xC0, 0xCF), 0xD8, 0xDB, 0xDC, 0xE6})


def _whole_wrapper(data: bytes) -> bool:
    """One wrapped APDU that fills the segment and is of a known kind (DLMS UA, 9.5)."""
    alike = len(data) > 8 and data[:2] == b"\0\1" and 8 + int.from_bytes(data[6:8]) == len(data)
    return alike and data[8] in DLMS_KINDS


PASSIVE = (
    Passive(
        "ntp",
        "NTP",
        nothing,
        transports=("udp",),
        ports=(123,),
        recognise=lambda data: len(data) >= 48 and data[0] >> 3 & 7 in (1, 2, 3, 4),
        alike=lambda data: b"",
        plant=False,
        side=lambda data: {3: "client", 4: "server"}.get(data[0] & 7, ""),
        least=48,
    ),
    Passive(
        "tftp",
        "TFTP",
        nothing,
        transports=("udp",),
        ports=(69,),
        uses=_tftp_uses,
        recognise=lambda data: len(data) >= 4 and data[0] == 0 and 1 <= data[1] <= 6,
        plant=False,
        least=4,
    ),
    Passive(
        "ssdp",
        "SSDP",
        _ssdp,
        transports=("udp",),
        ports=(1900,),
        recognise=lambda data: data.startswith((b"M-SEARCH", b"NOTIFY", b"HTTP/1.1")),
        alike=lambda data: data,
        plant=False,
        peers=True,
    ),
    Passive(
        "s-bus",
        "SAIA Ether-S-Bus",
        nothing,
        transports=("udp",),
        ports=(5050,),
        recognise=_sbus,
        alike=lambda data: data[8:14],
        side=lambda data: {0: "client", 1: "server"}.get(data[8], ""),
        least=11,
    ),
    Passive(
        "melsec",
        "MELSEC communication",
        nothing,
        transports=("tcp", "udp"),
        ports=(5001, 5002, 5006, 5007, 5008, 5560, 5562),
        recognise=_melsec,
        proof=lambda data: _melsec(data) and data[2:6] == b"\0\xff\xff\3",
        alike=lambda data: data[:2],
        side=lambda data: {0x50: "client", 0x57: "client", 0xD0: "server", 0xD7: "server"}.get(
            data[0], ""
        ),
        least=11,
    ),
    Passive(
        "dlms",
        "DLMS/COSEM",
        nothing,
        transports=("tcp",),
        ports=(4059,),
        frame=_wrapper,
        recognise=lambda data: len(data) >= 8 and data[:2] == b"\0\1",
        proof=_whole_wrapper,
        alike=lambda data: data[2:9],
        least=8,
    ),
)
