"""Every branch of what decides whether a frame may leave goes both ways in the tests.

The probes come from the registry; the frames are those of `test_guard`, cut at every length and
changed at random.
"""

from __future__ import annotations

import importlib
import random
import struct
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from protocols import probes
from protocols.contract import Forbidden, Probe
from protocols.snmp import codec as snmp
from protocols.snmp import message
from scanner.wire import guard
from tests.scanner.test_guard import DESCR, ENGINE_ID, GOOD, NEVER_SENT, modbus, mutated, opcua
from tests.support.branches import Walked, functions

pytestmark = pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="reads the instructions of Python 3.11"
)
MUTATED = 200
POLICY = b"http://opcfoundation.org/UA/SecurityPolicy#None"


def asked(name: str) -> list[bytes]:
    """Frames of all kinds for one probe."""
    chance = random.Random(11)
    bad = [frame for other, frame in NEVER_SENT if other == name]
    good = [*GOOD[name], *SPECIAL.get(name, [])]
    short = [frame for frame in good if len(frame) < 100]
    cut = [frame[:end] for frame in short[:9] for end in range(len(frame))]
    changed = [mutated(chance.choice(good + bad), chance) for _ in range(MUTATED)]
    return [*good, *bad, *cut, *changed, *(one for frame in short[:9] for one in touched(frame))]


def touched(frame: bytes) -> Iterator[bytes]:
    """The frame with one byte at a time set to what limits and flags are tested with."""
    for at, byte in enumerate(frame):
        for value in {0, 0xFF, byte ^ 1} - {byte}:
            yield frame[:at] + bytes((value,)) + frame[at + 1 :]


def opened(number: int, policy: bytes = POLICY, certificate: bytes = b"\xff" * 8) -> bytes:
    """The plain form of an OpenSecureChannel (OPC 10000-6, 6.7.2) that holds some message."""
    node = struct.pack("<BBH", 1, 0, number)
    body = struct.pack("<Ii", 0, len(policy)) + policy + certificate + bytes(8) + node + bytes(20)
    return struct.pack("<3scI", b"OPN", b"F", 8 + len(body)) + body


def plain_v3(user: bytes = b"reader", oids: int = 1, trailing: bytes = b"") -> bytes:
    pdu = snmp.encode_pdu(0xA0, 9, (DESCR,) * oids, 0, 0)
    return message.encode_plain(9, ENGINE_ID, user, pdu) + trailing


def v2c(kind: int, first: int = 0, second: int = 0, oids: int = 1, version: int = 1) -> bytes:
    tail = snmp.encode_tail((DESCR,) * oids, first, second)
    return snmp.encode_with(version, b"public", kind, 9, tail)


def long_length(count: int) -> bytes:
    """A good request whose outer length takes `count` bytes."""
    body = v2c(0xA0)[2:]
    return bytes((0x30, 0x80 | count)) + len(body).to_bytes(max(count, 1), "big")[:count] + body


def long_node(number: int) -> bytes:
    """A request whose type is written in the longest form (Part 6, 5.2.2.9)."""
    body = bytes(16) + b"\x02\x00\x00" + number.to_bytes(4, "little") + bytes(40)
    return struct.pack("<3scI", b"MSG", b"F", 8 + len(body)) + body


def tampered(**changes: bytes) -> bytes:
    """A plain version 3 message with something that only a signed or encrypted one has."""
    return message.encode(replace(message.decode(plain_v3()), **changes))


def s7(parameters: str, kind: int = 1) -> bytes:
    """An S7 PDU in TPKT and COTP, padded with data to a length that is looked at."""
    raw, data = bytes.fromhex(parameters), bytes(8)
    pdu = struct.pack(">BBHHHH", 0x32, kind, 0, 1, len(raw), len(data)) + raw + data
    return struct.pack(">BBH", 3, 0, 7 + len(pdu)) + b"\x02\xf0\x80" + pdu


SPECIAL = {
    "modbus": [
        *(modbus(1, bytes.fromhex(text)) for text in ("00000000", "000007d0", "000007d1")),
        *(modbus(3, bytes(count)) for count in (3, 5)),
        *(modbus(0x2B, bytes.fromhex(text)) for text in ("0e0100ff", "0d0100", "0e0500")),
        *(modbus(3, bytes.fromhex(text)) for text in ("0000007d", "0000007e", "fff00020")),
    ],
    "opcua": [
        *(
            opened(446),
            opened(631),
            opened(446, POLICY[:-4] + b"Some"),
            opened(446, POLICY, b"cert" * 2),
        ),
        *(b"CLO" + opcua(number)[3:] for number in (452, 631)),
        b"HELF" + struct.pack("<I", 32) + bytes(24),
        *(long_node(number) for number in (631, 673)),
        opcua(3, form=5),
        *(b"MSGF" + struct.pack("<I", size) + bytes(size - 8) for size in (12, 24, 25, 26, 28)),
        *(
            b"MSGF" + struct.pack("<I", size) + bytes(16) + b"\1\0\0\0\0\0\0"[: size - 24]
            for size in (25, 26, 27)
        ),
    ],
    "s7comm": [
        bytes.fromhex("0300000a05e000000000"),
        *(s7(text) for text in ("f000000100010100", "f0000001000101000000", "0400000000000000")),
        *(s7(text, 7) for text in ("0001120411440100", "0001120812440100", "0001120511440100")),
        *(s7(text, 7) for text in ("0001120411440200", "0001130411440100", "000112041144010000")),
    ],
    "snmp": [
        *(plain_v3(b""), plain_v3(b"u" * 33), plain_v3(oids=65), plain_v3(oids=0)),
        *(v2c(0xA5, 0, repetitions) for repetitions in (-1, 0, 25, 26)),
        *(v2c(0xA5, skipped, 10) for skipped in (-1, 0, 1, 2)),
        *(v2c(0xA0, first, second) for first, second in ((1, 0), (0, 1))),
        *(v2c(0xA0, oids=count) for count in (0, 64, 65)),
        *(v2c(0xA0, version=version) for version in (0, 2, 7)),
        *(v2c(0xA5, 0, 5, version=0), long_length(1), long_length(3), long_length(4)),
        *(long_length(0), long_length(2), bytes.fromhex("300b02010104067075626c6963")),
        *(bytes.fromhex("308201"), b"\x30\x82\x00" + plain_v3()[1:]),
        *(tampered(digest=bytes(12)), tampered(salt=bytes(8))),
    ],
}
"""What chance would hardly hit: limits from both sides, and forms of their own."""


def judge(probe: Probe, frames: list[bytes]) -> int:
    """Judge all frames by both lists; how many passed."""
    passed = 0
    wrong = replace(probe, guard=lambda _: "anything")
    for frame in frames:
        for one in (probe, wrong):
            try:
                passed += bool(guard.judge(one, frame))
            except Forbidden:
                continue
    return passed


@pytest.mark.parametrize("probe", probes(), ids=lambda probe: probe.name)
def test_every_branch_of_a_probes_guard_goes_both_ways(probe: Probe) -> None:
    module = importlib.import_module(probe.guard.__module__)
    guards = [code for code in functions(module) if of_guard(module.__name__, code.co_name)]
    walked = Walked(guards)
    walked.run(lambda: judge(probe, asked(probe.name)))
    assert not walked.missed()


def of_guard(module: str, name: str) -> bool:
    """Whether a function decides: all of a module that is a guard, else those that are named so."""
    return module.endswith(".guard") or "guard" in name


def test_every_branch_of_the_never_send_list_goes_both_ways() -> None:
    walked = Walked(functions(guard))
    walked.run(lambda: [judge(probe, asked(probe.name)) for probe in probes()])
    walked.run(lambda: guard.never(replace(probes()[0], name="of no list"), b"x"))
    datagrams = [probe for probe in probes() if probe.transport == "udp"]
    walked.run(lambda: [judge(one, [bytes(guard.DATAGRAM_MOST + 1)]) for one in datagrams])
    assert not walked.missed()


def test_what_went_one_way_only_is_found() -> None:
    def both(number: int) -> str:
        return "large" if number > 3 and number % 2 else "small"

    walked = Walked([both.__code__])
    walked.run(lambda: [both(1), both(5)])
    assert len(walked.missed()) == 1
    walked.run(lambda: both(6))
    assert not walked.missed()
