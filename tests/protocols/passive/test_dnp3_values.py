"""Values in DNP3 answers: objects written from IEEE 1815-2012, and a recording beside tshark."""

from __future__ import annotations

import re
import struct
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from protocols.contract import Quality, Segment
from protocols.dnp3 import _crc, decode, values
from scanner.imports.captures import read_file
from tests.scanner.capture.test_corpus import CORPUS
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need

GOOD, BAD, UNSURE = Quality.GOOD, Quality.BAD, Quality.UNCERTAIN


def frame(body: bytes) -> bytes:
    """A link frame of outstation 4 to master 1 with CRCs, one whole fragment."""
    data = b"\xc0" + body
    head = b"\x05\x64" + bytes((5 + len(data), 0x44)) + struct.pack("<HH", 1, 4)
    blocks = (data[at : at + 16] for at in range(0, len(data), 16))
    parts = (part + _crc(part).to_bytes(2, "little") for part in blocks)
    return head + _crc(head).to_bytes(2, "little") + b"".join(parts)


def said(data: bytes) -> Segment:
    time = datetime(2026, 11, 29, tzinfo=UTC)
    return Segment(time, "tcp", "10.0.0.4", 20000, "10.0.0.1", 40000, data)


def heard(objects: bytes) -> dict[str, tuple[object, Quality, str]]:
    """Point → value, quality, the protocol's word, of an unsolicited report or an answer."""
    segment = said(frame(b"\xe0\x82\0\0" + objects))
    told = values(None, segment)
    points = {point.address for one in decode(segment) for point in one.points}
    samples = [sample for one in told for sample in one.samples]
    assert {one.point for one in samples} == points
    assert {one.part for one in samples} <= {"outstation 4"}
    return {one.point: (one.value, one.quality, one.status) for one in samples}


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ("1e01 00 0203 01e8030000 02e8030000",
         {"analog:2": (1000, GOOD, ""), "analog:3": (1000, BAD, "offline")}),
        ("1e02 01 00010001 0118fc", {"analog:256": (-1000, GOOD, "")}),
        ("1e05 28 0100 0900 21 0000c841", {"analog:9": (25.0, UNSURE, "over_range")}),
        ("1e05 28 0100 0900 01 0000c07f", {"analog:9": (None, BAD, "not a number")}),
        ("2003 17 01 07 05 0a000000 010203040506", {"analog:7": (10, BAD, "comm_lost")}),
        ("0102 00 0001 81 01", {"binary:0": (True, GOOD, ""), "binary:1": (False, GOOD, "")}),
        ("0101 00 0009 0502", {f"binary:{n}": (n in (0, 2, 9), GOOD, "") for n in range(10)}),
        ("3301 07 01 010203040506 0203 17 01 04 91 0500",
         {"binary:4": (True, UNSURE, "local_forced")}),
        ("1e02 07 01 0118fc", {}),  # a count and no index: of which point is not said
        ("0101 08 0900 0502", {}),
        ("1401 00 0000 01 05000000", {"counter:0": (5, GOOD, "")}),
        ("1401 00 0000 21 05000000", {"counter:0": (5, GOOD, "")}),  # rolled over: still a value
        ("6001 00 0000 01 1e01 00 0000 01 00000000", {}),  # an unknown group ends the reading
        ("1e01 06", {}),
        ("1e01 00 0001 01 e8030000 01 e8", {"analog:0": (1000, GOOD, "")}),  # cut: more follows
        ("1e01 02 00000000 ffffffff 01 e8030000", {"analog:0": (1000, GOOD, "")}),
    ],
)  # fmt: skip
def test_objects(objects: str, expected: dict[str, tuple[object, Quality, str]]) -> None:
    assert heard(bytes.fromhex(objects)) == expected


def test_a_masters_write_is_no_value() -> None:
    data = bytearray(frame(b"\xc0\x02\x1e\x01\0\0\0\x01\xe8\x03\0\0"))
    data[3] |= 0x80
    assert values(None, said(bytes(data))) == ()


@pytest.mark.corpus
@pytest.mark.peer("tshark")
@pytest.mark.skipif(not CORPUS.exists(), reason="no recordings here: UNTRAP_CORPUS")
def test_a_recording_gives_the_values_that_tshark_gives() -> None:
    path: Path = CORPUS / "pcap/zeek__zeek/dnp3_dnp3_read.pcap"
    command = [need("tshark"), "-r", str(path), "-V", "-Y", "dnp3.al.func == 129"]
    shown = subprocess.run(
        command, capture_output=True, text=True, timeout=HUNG_SECONDS, check=True
    ).stdout
    theirs = re.findall(r"Point Number (\d+) \(Quality: (\w+)\), Value: (-?\d+)", shown)
    ours = [
        (one.point.partition(":")[2], "Offline" if one.status == "offline" else "Online",
         str(int(one.value)))
        for o in read_file(path).observations
        for one in o.samples
        if isinstance(one.value, int)
    ]  # fmt: skip
    assert len(theirs) == 31
    assert sorted(ours) == sorted(theirs)
