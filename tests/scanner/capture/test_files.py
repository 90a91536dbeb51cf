"""Capture files of every kind, and broken ones: a clear sentence, and the readable part kept."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest

from scanner.capture.files import CaptureError, CaptureFile
from scanner.imports.captures import read_file
from tests.scanner.capture.packets import CLIENT, SERVER, pcap, pcapng, polled, record, write


def frames_of(path: Path) -> tuple[list[bytes], str]:
    file = CaptureFile(path)
    return [frame for batch in file.batches() for frame in batch.frames], file.problem


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
def test_pcap_of_both_orders_and_units(tmp_path: Path, order: str, nano: bool) -> None:
    path = write(tmp_path, pcap(polled(), order=order, nano=nano))
    file = CaptureFile(path)
    batches = list(file.batches())
    assert [frame for batch in batches for frame in batch.frames] == polled()
    assert [time for batch in batches for time in batch.times][:2] == [100 * 10**9, 101 * 10**9]
    assert file.problem == ""


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_with_two_interfaces(tmp_path: Path, order: str) -> None:
    frames = polled()
    raw = [(1, frames[0][14:])] + [(0, frame) for frame in frames[1:]]
    path = write(tmp_path, pcapng(raw, (1, 101), order))
    batches = list(CaptureFile(path).batches())
    assert [(batch.link, len(batch.frames)) for batch in batches] == [
        (101, 1),
        (1, len(frames) - 1),
    ]
    assert batches[0].times == [100 * 10**9]
    addresses = {o.target.address for o in read_file(path).observations}
    assert addresses == {CLIENT, SERVER}


def test_gzip_reads_like_the_plain_file(tmp_path: Path) -> None:
    plain = write(tmp_path, pcap(polled()))
    packed = write(tmp_path, gzip.compress(pcap(polled())), "a.pcap.gz")
    assert frames_of(plain) == frames_of(packed)


def test_every_truncation_keeps_what_can_be_read(tmp_path: Path) -> None:
    whole = pcap(polled(2))
    complete = len(polled(2))
    for end in range(24, len(whole)):
        frames, problem = frames_of(write(tmp_path, whole[:end]))
        assert frames == polled(2)[: len(frames)]
        assert len(frames) < complete
        assert problem or end == 24 or whole[:end] == pcap(polled(2)[: len(frames)])


def test_truncated_gzip_keeps_what_can_be_read(tmp_path: Path) -> None:
    packed = gzip.compress(pcap(polled(2000)))
    frames, problem = frames_of(write(tmp_path, packed[: len(packed) // 2]))
    assert "damaged" in problem or "cut" in problem
    assert frames == polled(2000)[: len(frames)]


def test_every_truncation_of_pcapng(tmp_path: Path) -> None:
    whole = pcapng([(0, frame) for frame in polled(1)])
    for end in range(4, len(whole), 3):
        frames, _ = frames_of(write(tmp_path, whole[:end]))
        assert frames == polled(1)[: len(frames)]


@pytest.mark.parametrize("data", [b"", b"PK\3\4zip", b"<xml/>", b"\n\r"])
def test_what_is_no_capture_is_said_so(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(CaptureError, match="neither pcap nor pcapng"):
        read_file(write(tmp_path, data))


def test_a_lying_record_length_ends_the_reading(tmp_path: Path) -> None:
    bad = struct.pack("<IIII", 1, 0, 0xFFFFFFF0, 60)
    frames, problem = frames_of(write(tmp_path, pcap(polled()) + bad + bytes(100)))
    assert frames == polled()
    assert "claims 4294967280 bytes" in problem


def test_a_lying_block_length_ends_the_reading(tmp_path: Path) -> None:
    data = pcapng([(0, polled()[0])]) + struct.pack("<II", 6, 0xFFFFFFFC) + bytes(64)
    frames, problem = frames_of(write(tmp_path, data))
    assert frames == polled()[:1]
    assert "block claims" in problem


def test_zero_length_records_are_counted_and_passed_over(tmp_path: Path) -> None:
    data = pcap([]) + record(b"", 5.0) * 3 + record(polled()[0], 6.0)
    capture = read_file(write(tmp_path, data))
    assert capture.packets == 1
    assert ("empty records", 3) in capture.notes


def test_snaplen_zero_gives_an_empty_reading(tmp_path: Path) -> None:
    head = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 0, 1)
    capture = read_file(write(tmp_path, head + struct.pack("<IIII", 9, 0, 0, 60) * 20))
    assert (capture.packets, capture.observations, capture.problem) == (0, (), "")


def test_a_sparse_file_of_ten_gigabytes_ends_at_the_hole(tmp_path: Path) -> None:
    path = write(tmp_path, pcap(polled()))
    with path.open("r+b") as file:
        file.truncate(10 << 30)
    capture = read_file(path)
    assert capture.packets == len(polled())
    assert "nothing but zeros" in capture.problem


def test_a_gzip_bomb_is_not_unpacked_to_the_end(tmp_path: Path) -> None:
    frame = bytes(60_000)
    rows = record(frame, 7.0) * 64
    with gzip.open(tmp_path / "bomb.pcap.gz", "wb", compresslevel=9) as packer:
        packer.write(pcap([]))
        for _ in range(160):
            packer.write(rows)
    tracemalloc.start()
    try:
        capture = read_file(tmp_path / "bomb.pcap.gz")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "times its size" in capture.problem
    assert peak < 100 << 20


@pytest.mark.parametrize(
    ("link", "strip", "prefix"),
    [
        (101, 14, b""),
        (228, 14, b""),
        (0, 14, b"\2\0\0\0"),
        (108, 14, b"\0\0\0\2"),
        (113, 12, bytes(4) + b"\0\6" + b"\2\0\0\0\0\5\0\0"),
        (276, 14, b"\x08\0" + bytes(9) + b"\6" + b"\2\0\0\0\0\5\0\0"),
    ],
)
def test_other_link_types(tmp_path: Path, link: int, strip: int, prefix: bytes) -> None:
    frames = [prefix + frame[strip:] for frame in polled()]
    capture = read_file(write(tmp_path, pcap(frames, link)))
    services = {(o.target.address, o.question.protocol) for o in capture.observations}
    assert (SERVER, "modbus") in services


def test_an_unknown_link_type_is_counted(tmp_path: Path) -> None:
    capture = read_file(write(tmp_path, pcap(polled(), 147)))
    assert capture.observations == ()
    assert capture.notes == (("link type 147 (private)", len(polled())),)


def test_importing_twice_gives_the_same_observations(tmp_path: Path) -> None:
    first = read_file(write(tmp_path, pcap(polled()), "one.pcap"), vantage="tap")
    second = read_file(write(tmp_path, pcap(polled()), "two.pcap"), vantage="tap")
    assert first.scan.id == second.scan.id
    assert [o.id for o in first.observations] == [o.id for o in second.observations]
    assert len({o.id for o in first.observations}) == len(first.observations)


@pytest.mark.parametrize("cut", [1, 8, 9, 50])
def test_a_cut_gzip_file_keeps_all_that_can_be_unpacked(tmp_path: Path, cut: int) -> None:
    whole = pcap(polled(40))
    packed = gzip.compress(whole)[:-cut]
    frames, problem = frames_of(write(tmp_path, packed, "cut.pcap.gz"))
    plain = zlib.decompressobj(31).decompress(packed)
    assert frames == frames_of(write(tmp_path, plain))[0] != []
    assert problem == "the gzip file is cut: it ends before its data does"


def test_a_damaged_gzip_file_keeps_what_came_before_the_damage(tmp_path: Path) -> None:
    packed = gzip.compress(pcap(polled(2000)))
    frames, problem = frames_of(write(tmp_path, packed[:-8] + b"\1" * 8))  # a wrong checksum
    assert frames == polled(2000)
    assert problem.startswith("the gzip data is damaged: ")


def test_gzip_members_and_their_padding_are_one_file(tmp_path: Path) -> None:
    whole = pcap(polled())
    packed = gzip.compress(whole[:100]) + gzip.compress(whole[100:]) + bytes(70_000)
    assert frames_of(write(tmp_path, packed)) == (polled(), "")


@pytest.mark.parametrize("end", [2, 10, 11, 13])
def test_a_gzip_file_cut_at_its_beginning_is_said_to_be_cut(tmp_path: Path, end: int) -> None:
    assert frames_of(write(tmp_path, gzip.compress(pcap(polled()))[:end])) == (
        [],
        "the gzip file is cut: it ends before its data does",
    )


def test_packets_without_an_interface_description_are_told(tmp_path: Path) -> None:
    capture = read_file(write(tmp_path, pcapng([(3, frame) for frame in polled()], (1,))))
    told = "packets of an interface that the file does not describe"
    assert capture.packets == 0
    assert (told, len(polled())) in capture.notes
