"""The never-send list: every entry is refused, and no probe's guard lets one pass.

Judges: the list itself, an exhaustive sweep of function numbers, mutation of good requests, and
tshark's dissectors for what passed.
"""

from __future__ import annotations

import random
import struct
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from protocols import probes
from protocols.contract import Forbidden, Probe
from protocols.s7comm import codec as s7
from protocols.snmp import codec as snmp
from protocols.snmp import engine, message
from scanner.wire import guard
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need

PROBES = {probe.name: probe for probe in probes()}
DESCR = snmp.oid("1.3.6.1.2.1.1.1.0")
ENGINE_ID = bytes.fromhex("80001f8803001b1b001b1b")


def modbus(function: int, rest: bytes = b"\x00\x00\x00\x01") -> bytes:
    pdu = bytes((function,)) + rest
    return struct.pack(">HHHB", 1, 0, len(pdu) + 1, 1) + pdu


def opcua(number: int, *, form: int = 1) -> bytes:
    node = bytes((0, number)) if form == 0 else struct.pack("<BBH", 1, 0, number)
    body = struct.pack("<IIII", 7, 8, 9, 10) + node + bytes(40)
    return struct.pack("<3scI", b"MSG", b"F", 8 + len(body)) + body


def snmp_v2c(kind: int) -> bytes:
    return snmp.encode_request(snmp.V2C, b"public", kind, 9, (DESCR,))


def snmp_v1(kind: int) -> bytes:
    return snmp.encode_request(snmp.V1, b"public", kind, 9, (DESCR,))


def snmp_v3(kind: int) -> bytes:
    pdu = snmp.encode_pdu(kind, 9, (DESCR,), 0, 0)
    return message.encode_plain(9, ENGINE_ID, b"reader", pdu)


def long_form(frame: bytes) -> bytes:
    """The same message with its outer length written in three bytes."""
    start, end = snmp.inside(frame, 0, len(frame), snmp.SEQUENCE)
    return b"\x30\x82" + (end - start).to_bytes(2, "big") + frame[start:end]


def s7_job(function: int) -> bytes:
    return bytes.fromhex("0300001302f080320100000001000200 00") + bytes((function, 0))


SET_KINDS = (0xA2, 0xA3, 0xA4, 0xA6, 0xA7, 0xA8)
NEVER_SENT = [
    *(("modbus", modbus(f)) for f in sorted(guard.MODBUS_NEVER)),
    *(("modbus", modbus(f, b"\x00" * 9)) for f in sorted(guard.MODBUS_NEVER)),
    *(("opcua", opcua(n)) for n in sorted(guard.OPCUA_NEVER)),
    *(("snmp", shape(kind)) for shape in (snmp_v1, snmp_v2c, snmp_v3) for kind in SET_KINDS),
    *(("snmp", long_form(shape(0xA3))) for shape in (snmp_v1, snmp_v2c, snmp_v3)),
    ("s7comm", bytes.fromhex("0300000b06800000000100")),
    ("s7comm", bytes.fromhex("0300000b06810000000100")),
    *(("s7comm", s7_job(f)) for f in sorted(guard.S7_NEVER)),
]
GOOD = {
    "modbus": [
        modbus(0x2B, b"\x0e\x01\x00"),
        *(modbus(f, b"\x00\x00\x00\x0a") for f in (1, 2, 3, 4)),
        modbus(17, b""),
    ],
    "snmp": [
        *(shape(kind) for shape in (snmp_v1, snmp_v2c, snmp_v3) for kind in (0xA0, 0xA1)),
        snmp_v2c(0xA5),
        snmp_v3(0xA5),
        engine.encode_discovery(7),
    ],
    "opcua": [opcua(n) for n in (422, 428, 461, 467, 473, 527, 533, 631)],
    "s7comm": [s7.encode_connect(0x0102), s7.encode_setup(1), s7.encode_read_szl(2, 0x11)],
}


@pytest.mark.parametrize(("name", "frame"), NEVER_SENT)
def test_every_entry_is_refused_by_both_lists(name: str, frame: bytes) -> None:
    assert guard.never(PROBES[name], frame)
    with pytest.raises(Forbidden):
        PROBES[name].guard(frame)


@pytest.mark.parametrize(("name", "frame"), NEVER_SENT)
def test_a_probes_guard_that_is_wrong_lets_nothing_pass(name: str, frame: bytes) -> None:
    wrong = replace(PROBES[name], guard=lambda _: "harmless")
    with pytest.raises(Forbidden, match="never sent"):
        guard.judge(wrong, frame)


@pytest.mark.parametrize(
    ("name", "frame"), [(name, frame) for name, frames in GOOD.items() for frame in frames]
)
def test_what_is_read_only_passes(name: str, frame: bytes) -> None:
    assert guard.judge(PROBES[name], frame)


def test_every_probe_has_a_never_list_and_good_requests_here() -> None:
    assert set(guard.NEVER) == set(PROBES) == set(GOOD)


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES)
def test_an_empty_frame_is_refused(probe: Probe) -> None:
    with pytest.raises(Forbidden):
        guard.judge(probe, b"")


def test_a_datagram_that_could_be_cut_into_fragments_is_refused() -> None:
    def asking(names: int) -> bytes:
        return snmp.encode_request(snmp.V2C, b"public", 0xA0, 9, (DESCR,) * names)

    assert guard.judge(PROBES["snmp"], asking(60))
    with pytest.raises(Forbidden, match="fragments"):
        guard.judge(PROBES["snmp"], asking(90))


def test_ciphertext_is_refused() -> None:
    plain = message.decode(snmp_v3(0xA0))
    sealed = replace(plain, flags=7, digest=bytes(12), salt=bytes(8), payload=plain.payload)
    wrong = replace(PROBES["snmp"], guard=lambda _: "harmless")
    with pytest.raises(Forbidden, match="never sent"):
        guard.judge(wrong, message.encode(sealed))


@pytest.mark.parametrize("frame", [snmp_v2c(0xA0), snmp_v3(0xA0)], ids=["v2c", "v3"])
def test_a_cut_header_is_refused(frame: bytes) -> None:
    pdu_at = frame.index(b"\xa0\x19")
    for end in range(1, pdu_at + 1):
        assert guard.never(PROBES["snmp"], frame[:end])


# ---- every function number there is


def test_no_modbus_function_of_the_list_passes_in_any_length() -> None:
    for function in guard.MODBUS_NEVER:
        for length in range(20):
            with pytest.raises(Forbidden):
                PROBES["modbus"].guard(modbus(function, bytes(length)))


def test_of_all_opc_ua_services_only_the_known_readers_pass() -> None:
    passed = set()
    for number in range(0x1_0000):
        try:
            guard.judge(PROBES["opcua"], opcua(number))
        except Forbidden:
            continue
        passed.add(number)
    assert passed == {422, 428, 461, 467, 473, 527, 533, 554, 631}
    for number in range(256):
        with pytest.raises(Forbidden):
            PROBES["opcua"].guard(opcua(number, form=0))


def test_of_all_snmp_pdus_only_three_reads_pass() -> None:
    for shape in (snmp_v1, snmp_v2c, snmp_v3):
        passed = set()
        for kind in range(256):
            try:
                guard.judge(PROBES["snmp"], shape(kind))
            except Forbidden:
                continue
            passed.add(kind)
        assert passed == ({0xA0, 0xA1} if shape is snmp_v1 else {0xA0, 0xA1, 0xA5})


# ---- mutation


def mutated(frame: bytes, chance: random.Random) -> bytes:
    """One to four small changes."""
    changed = bytearray(frame)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed))
        kind = chance.randrange(4)
        if kind < 2:
            changed[at] = chance.randrange(256) if kind else changed[at] ^ 1 << chance.randrange(8)
        elif kind == 2 and len(changed) > 2:
            del changed[at]
        else:
            changed.insert(at, chance.randrange(256))
    return bytes(changed)


@cache
def passed(name: str, count: int = 20_000, seed: int = 1) -> tuple[bytes, ...]:
    """What a probe's guard alone lets pass of mutated good and bad requests."""
    chance = random.Random(seed)
    seeds = GOOD[name] + [frame for other, frame in NEVER_SENT if other == name]
    found = []
    for _ in range(count):
        frame = mutated(chance.choice(seeds), chance)
        try:
            PROBES[name].guard(frame)
        except Forbidden:
            continue
        found.append(frame)
    return tuple(found)


@pytest.mark.parametrize("name", PROBES)
def test_no_mutation_that_passes_a_guard_is_on_the_list(name: str) -> None:
    frames = passed(name)
    assert len(frames) > 20
    wrong = {found for frame in frames if (found := guard.never(PROBES[name], frame))}
    assert not {w for w in wrong if "form" not in w}


# ---- tshark judges


def capture(path: Path, name: str, frames: tuple[bytes, ...]) -> None:
    """A pcap of raw IPv4 packets, one a frame, each from a port of its own."""
    out = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101))
    for n, frame in enumerate(frames):
        source, port = 10_000 + n, PROBES[name].ports[0]
        if PROBES[name].transport == "udp":
            protocol, head = 17, struct.pack(">HHHH", source, port, 8 + len(frame), 0)
        else:
            protocol, head = 6, struct.pack(">HHIIHHHH", source, port, 1, 1, 0x5018, 9999, 0, 0)
        size = 20 + len(head) + len(frame)
        ip = struct.pack(">BBHHHBBH", 0x45, 0, size, n, 0, 64, protocol, 0)
        packet = ip + bytes((127, 0, 0, 1)) + bytes((127, 0, 0, 2)) + head + frame
        out += struct.pack("<IIII", n, 0, len(packet), len(packet)) + packet
    path.write_bytes(bytes(out))


READS = {
    "snmp": ("snmp.data", {0, 1, 5}),  # get, get-next, get-bulk
    "modbus": ("modbus.func_code", {1, 2, 3, 4, 17, 43}),
    "s7comm": ("cotp.type", {0x0E, 0x0F}),
    "opcua": (
        "opcua.servicenodeid.numeric",
        {422, 428, 446, 452, 461, 467, 473, 527, 533, 554, 631},
    ),
}
"""By which field tshark tells what a frame does, and what may be found there."""
AT_ONCE = 20_000


def judged(folder: Path, name: str, frames: tuple[bytes, ...]) -> set[int]:
    """What tshark takes these frames for."""
    seen: set[int] = set()
    for first in range(0, len(frames), AT_ONCE):
        capture(folder / "passed.pcap", name, frames[first : first + AT_ONCE])
        fields = ["-T", "fields", "-e", READS[name][0]]
        command = [need("tshark"), "-n", "-r", str(folder / "passed.pcap"), *fields]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=HUNG_SECONDS
        )
        seen |= {int(word, 0) for line in done.stdout.split() for word in line.split(",")}
    return seen


@pytest.mark.peer("tshark")
@pytest.mark.parametrize("name", READS)
def test_tshark_sees_only_reads_in_what_passed(tmp_path: Path, name: str) -> None:
    seen = judged(tmp_path, name, (*GOOD[name], *passed(name)[:2_000]))
    assert seen
    assert seen <= READS[name][1]


@pytest.mark.soak
@pytest.mark.peer("tshark")
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", READS)
def test_tshark_sees_only_reads_in_what_passed_of_a_million_mutations(
    tmp_path: Path, name: str
) -> None:
    frames = passed(name, 1_000_000, 2)
    wrong = {guard.never(PROBES[name], frame) for frame in frames}
    assert not {found for found in wrong if found and "form" not in found}
    kept = tuple(dict.fromkeys(frame for frame in frames if not guard.never(PROBES[name], frame)))
    seen = judged(tmp_path, name, kept)
    print(f"{name}: {len(frames)} of 1000000 passed, {len(kept)} unlike: {sorted(seen)}")  # noqa: T201
    assert seen <= READS[name][1]
