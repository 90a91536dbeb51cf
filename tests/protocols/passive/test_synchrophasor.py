"""Values of synchrophasors, by the configuration before them: IEEE C37.118.2-2011, and tshark."""

from __future__ import annotations

import math
import re
import struct
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from protocols.contract import Quality, Sample, Segment
from protocols.synchrophasor import decode, recall
from scanner.imports.captures import read_file
from tests.scanner.capture.packets import datagram, ethernet, ipv4, pcap, record, write
from tests.scanner.capture.test_corpus import CORPUS
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need

SECOND, BASE = 1_790_000_000, 1_000_000
INTEGERS, FLOATS = 0b0000, 0b1111
VOLT, AMPERE = 100_000, 1 << 24 | 200_000  # 1 V and 2 A for each step


def frame(kind: int, body: bytes, source: int = 7, quality: int = 0) -> bytes:
    """A frame of half past the second; its check sum is not looked at."""
    head = bytes((0xAA, kind << 4 | 1)) + struct.pack(">HHI", 16 + len(body), source, SECOND)
    return head + bytes((quality,)) + (BASE // 2).to_bytes(3) + body + b"\0\0"


def pmu(form: int, number: int = 1) -> bytes:
    """A PMU of one voltage, one current, one analog and one digital word, 50 Hz."""
    names = b"".join(name.ljust(16) for name in (b"VA", b"IA", b"POWER", *[b"D"] * 16))
    units = struct.pack(">IIII", VOLT, AMPERE, 0, 0)
    shape = struct.pack(">HHHHH", number, form, 2, 1, 1)
    return b"STATION".ljust(16) + shape + names + units + struct.pack(">HH", 1, 0)


def configuration(*pmus: bytes) -> bytes:
    return frame(3, struct.pack(">IH", BASE, len(pmus)) + b"".join(pmus) + b"\0\x32")


WHOLE = struct.pack(">hhhhhhhH", 3, -4, 0, 5, -250, 0, 77, 0)
BROKEN = struct.pack(">fffffffH", 230.5, 1.0, 9.25, 1.0, 49.9, 0.0, 4.5, 0)


def segment(data: bytes) -> Segment:
    time = datetime(2026, 11, 29, tzinfo=UTC)
    return Segment(time, "udp", "10.0.0.7", 4713, "10.0.0.1", 4713, data)


def heard(kept: Sequence[bytes], data: bytes) -> dict[tuple[str, str], Sample]:
    told = recall([segment(one) for one in kept], segment(data))
    return {(one.part, one.point): one for whole in told for one in whole.samples}


@pytest.mark.parametrize(
    ("form", "body", "expected"),
    [
        (INTEGERS, WHOLE, {"phasor:0": 5.0, "phasor:1": 10.0, "frequency": 49.75}),
        (0b0001, WHOLE, {"phasor:0": 3.0, "phasor:1": 0.0, "frequency": 49.75}),
        (FLOATS, BROKEN,
         {"phasor:0": 230.5, "phasor:1": 9.25, "frequency": 49.9, "analog:2": 4.5}),
    ],
)  # fmt: skip
def test_values_in_the_form_of_the_configuration(
    form: int, body: bytes, expected: dict[str, float]
) -> None:
    found = heard([configuration(pmu(form))], frame(0, b"\0\0" + body))
    assert {point: round(float(one.value or 0), 3) for (_, point), one in found.items()} == expected
    time = datetime.fromtimestamp(SECOND + 0.5, UTC)
    assert {one.source_time for one in found.values()} == {time}
    assert {one.quality for one in found.values()} == {Quality.GOOD}


@pytest.mark.parametrize(
    ("status", "quality", "word"),
    [
        (0x4000, Quality.BAD, "pmu_error"),
        (0x8000, Quality.BAD, "test_mode"),
        (0xC000, Quality.BAD, "do_not_use"),
        (0x2000, Quality.UNCERTAIN, "not_synchronised"),
        (0x6000, Quality.BAD, "pmu_error"),
        (0x0200, Quality.UNCERTAIN, "modified"),
        (0x0800, Quality.GOOD, ""),  # a trigger was seen: the value is good
    ],
)
def test_the_status_word_is_the_quality(status: int, quality: Quality, word: str) -> None:
    data = frame(0, struct.pack(">H", status) + WHOLE)
    found = heard([configuration(pmu(INTEGERS))], data).values()
    assert {(one.quality, one.status) for one in found} == {(quality, word)}


def test_two_pmus_in_one_frame_and_the_configuration_that_came_last() -> None:
    old, new = configuration(pmu(FLOATS)), configuration(pmu(INTEGERS), pmu(FLOATS, 2))
    data = frame(0, b"\0\0" + WHOLE + b"\0\0" + BROKEN)
    found = heard([old, new], data)
    assert found["pmu 1", "phasor:0"].value == 5.0
    assert found["pmu 2", "phasor:0"].value == 230.5


def test_data_follow_the_second_configuration_and_not_the_first() -> None:
    """CFG-1 says what a PMU could send, CFG-2 what it sends (6.4)."""
    could = bytearray(configuration(pmu(0b0001)))
    could[1] = 2 << 4 | 1
    found = heard([configuration(pmu(INTEGERS)), bytes(could)], frame(0, b"\0\0" + WHOLE))
    assert found["pmu 1", "phasor:0"].value == 5.0


def test_a_configuration_that_comes_back_is_the_last_one(tmp_path: Path) -> None:
    polar, plain = configuration(pmu(0b0001)), configuration(pmu(INTEGERS))
    rows = []
    for number, payload in enumerate((plain, polar, plain, frame(0, b"\0\0" + WHOLE))):
        packet = ipv4("10.0.0.7", "10.0.0.1", 17, datagram((4713, 4713), payload))
        rows.append(record(ethernet("00:a0:f4:00:00:07", "00:a0:f4:00:00:01", 0x0800, packet),
                           100 + number))  # fmt: skip
    found = read_file(write(tmp_path, pcap([]) + b"".join(rows)))
    series = [s.value for o in found.observations for s in o.samples if s.point == "phasor:0"]
    assert series == [5.0]


def test_what_fits_no_configuration_gives_no_value() -> None:
    data = frame(0, b"\0\0" + WHOLE)
    assert heard([], data) == {}
    assert heard([configuration(pmu(FLOATS))], data) == {}
    other = bytearray(configuration(pmu(INTEGERS)))
    other[5] = 8  # of another source
    assert heard([bytes(other)], data) == {}


def test_a_clock_that_failed_gives_no_time_and_no_number_no_value() -> None:
    broken = struct.pack(">fffffffH", math.nan, 0, 1, 0, 50, 0, 1, 0)
    found = heard([configuration(pmu(FLOATS))], frame(0, b"\0\0" + broken, quality=0x0F))
    assert {one.source_time for one in found.values()} == {None}
    assert (found["pmu 1", "phasor:0"].value, found["pmu 1", "phasor:0"].quality) == (
        None,
        Quality.BAD,
    )


@pytest.mark.parametrize("end", range(4, 120, 7))
def test_a_cut_configuration_names_no_point_beyond_its_bytes(end: int) -> None:
    (told,) = decode(segment(configuration(pmu(INTEGERS))[: max(end, 20)]))
    assert told.points == ()


def test_a_capture_with_a_configuration_every_now_and_then_gives_values(tmp_path: Path) -> None:
    """A hundred repeated configurations are one; the values move on."""
    rows = []
    for number in range(1_000):
        body = struct.pack(">hhhhhhhH", 100 + number % 50, 0, 0, 5, 0, 0, 77, 0)
        data = frame(0, b"\0\0" + body)
        sent = [configuration(pmu(INTEGERS)), data] if number % 10 == 0 else [data]
        for payload in sent:
            packet = ipv4("10.0.0.7", "10.0.0.1", 17, datagram((4713, 4713), payload))
            rows.append(record(ethernet("00:a0:f4:00:00:07", "00:a0:f4:00:00:01", 0x0800, packet),
                               100 + number))  # fmt: skip
    found = read_file(write(tmp_path, pcap([]) + b"".join(rows)))
    series = [s.value for o in found.observations for s in o.samples if s.point == "phasor:0"]
    assert 24 <= len(series) <= 48
    assert len(set(series)) > 10
    assert "requests beyond the limit" not in dict(found.notes)


@pytest.mark.corpus
@pytest.mark.peer("tshark")
@pytest.mark.skipif(not CORPUS.exists(), reason="no recordings here: UNTRAP_CORPUS")
def test_a_recording_gives_the_values_that_tshark_gives() -> None:
    name = "cisagov__icsnpp-synchrophasor/tests_traces_C37.118_1PMU_UDP_minimal.pcap"
    path = CORPUS / "pcap" / name
    command = [need("tshark"), "-r", str(path), "-V", "-Y", "synphasor.frtype == 0"]
    shown = subprocess.run(
        command, capture_output=True, text=True, timeout=HUNG_SECONDS, check=True
    ).stdout
    theirs = [float(one) for one in re.findall(r"Phasor #\d.*?,\s+([\d.]+)V", shown)]
    theirs += [float(one) for one in re.findall(r"actual frequency: ([\d.]+)Hz", shown)]
    ours = [float(s.value or 0) for o in read_file(path).observations for s in o.samples]
    assert len(theirs) == 4
    assert sorted(round(one, 3) for one in ours) == sorted(theirs)
