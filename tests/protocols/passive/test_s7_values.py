"""Values in S7 read jobs, where the client itself gave the type; and a download, which turns roles.

Layout as Wireshark shows it in recordings of S7-300 controllers; no public specification exists.
"""

from __future__ import annotations

import re
import struct
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from protocols._passive_s7comm import PASSIVE, uses, values
from protocols.contract import Garbled, Quality, Segment
from scanner.imports.captures import read_file
from tests.scanner.capture.packets import CLIENT, PUSH, SERVER, down, pcap, up, write
from tests.scanner.capture.test_corpus import CORPUS
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need

BIT, WORD, INT, DINT, REAL = 1, 4, 5, 7, 8
DB, MERKER, TIMER = 0x84, 0x83, 0x1D


def tpkt(body: bytes) -> bytes:
    return b"\3\0" + (7 + len(body)).to_bytes(2) + b"\2\xf0\x80" + body


def job(*items: bytes, reference: int = 5, function: int = 4) -> bytes:
    parameters = bytes((function, len(items))) + b"".join(items)
    return tpkt(struct.pack(">BBHHHH", 0x32, 1, 0, reference, len(parameters), 0) + parameters)


def item(kind: int, area: int, bits: int, block: int = 0, count: int = 1) -> bytes:
    return struct.pack(">BBBBHHB", 0x12, 10, 0x10, kind, count, block, area) + bits.to_bytes(3)


def answer(*rows: bytes, reference: int = 5, function: int = 4) -> bytes:
    data = b"".join(row + b"\0" * (len(row) % 2 and row is not rows[-1]) for row in rows)
    head = struct.pack(">BBHHHHH", 0x32, 3, 0, reference, 2, len(data), 0)
    return tpkt(head + bytes((function, len(rows))) + data)


def row(form: int, raw: bytes, code: int = 0xFF) -> bytes:
    length = len(raw) if form in (3, 7, 9) else 8 * len(raw)
    return bytes((code, form)) + length.to_bytes(2) + raw


def segment(data: bytes) -> Segment:
    return Segment(datetime(2026, 11, 29, tzinfo=UTC), "tcp", SERVER, 102, CLIENT, 40_000, data)


def read(asked: bytes, answered: bytes) -> dict[str, tuple[object, Quality, str]]:
    told = values(segment(asked), segment(answered))
    return {s.point: (s.value, s.quality, s.status) for one in told for s in one.samples}


GOOD, BAD = Quality.GOOD, Quality.BAD


def test_places_are_written_as_the_client_addressed_them() -> None:
    asked = job(
        item(BIT, DB, 8 * 2 + 3, 700), item(REAL, DB, 64, 1), item(WORD, MERKER, 80, count=4),
        item(0x1D, TIMER, 12),
    )  # fmt: skip
    places = [use.item for use in uses(asked)]
    assert places == ["DB700.2.3 BIT", "DB1.8 REAL", "M10 WORD x4", "T12 TIMER"]


def test_values_of_the_types_that_have_a_meaning() -> None:
    asked = job(
        item(BIT, MERKER, 9), item(INT, DB, 0, 1), item(DINT, DB, 16, 1), item(REAL, DB, 64, 1),
        item(WORD, DB, 0, 2), item(INT, DB, 0, 3, count=2),
    )  # fmt: skip
    answered = answer(
        row(3, b"\1"), row(5, b"\xff\xfe"), row(4, b"\0\0\1\0"), row(7, struct.pack(">f", 21.5)),
        row(4, b"\xba\xbe"), row(4, b"\0\1\0\2"),
    )  # fmt: skip
    assert read(asked, answered) == {
        "M1.1 BIT": (True, GOOD, ""),
        "DB1.0 INT": (-2, GOOD, ""),
        "DB1.2 DINT": (256, GOOD, ""),
        "DB1.8 REAL": (21.5, GOOD, ""),
    }


def test_what_the_controller_refuses_is_bad() -> None:
    asked = job(item(REAL, DB, 0, 9), item(REAL, DB, 64, 1))
    broken = row(7, b"\x7f\xc0\0\0")
    assert read(asked, answer(row(0, b"", 0x0A), broken)) == {
        "DB9.0 REAL": (None, BAD, "object does not exist"),
        "DB1.8 REAL": (None, BAD, "not a number"),
    }


def test_an_answer_to_another_job_or_to_a_write_gives_no_value() -> None:
    asked, told = job(item(BIT, MERKER, 9)), answer(row(3, b"\1"))
    assert read(asked, answer(row(3, b"\1"), reference=6)) == {}
    assert read(job(item(BIT, MERKER, 9), function=5), told) == {}
    assert read(told, asked) == {}


@pytest.mark.parametrize("end", range(0, 25))
def test_a_cut_answer_gives_no_value(end: int) -> None:
    told = answer(row(3, b"\1"))
    assert len(told) == 26
    with suppress(Garbled):
        assert read(job(item(BIT, MERKER, 9)), told[:end]) == {}


def test_a_controller_that_fetches_its_program_stays_the_server(tmp_path: Path) -> None:
    """In a capture that begins in the middle of a download, port 102 on the controller's side."""
    fetch = tpkt(struct.pack(">BBHHHH", 0x32, 1, 0, 9, 18, 0) + b"\x1b" + bytes(17))
    block = tpkt(struct.pack(">BBHHHHH", 0x32, 3, 0, 9, 2, 4, 0) + b"\x1b\0" + bytes(4))
    frames = []
    for number in range(6):
        frames.append(down(102, 50 + number * len(fetch), PUSH, fetch))
        frames.append(up(102, 10 + number * len(block), PUSH, block))
    found = read_file(write(tmp_path, pcap(frames))).conclusions.walk.conversations.values()
    assert [(one.server, one.port, one.client) for one in found] == [(SERVER, 102, CLIENT)]
    (side,) = {one.side for one in PASSIVE if one.name == "s7comm"}
    assert side is not None
    assert (side(fetch), side(block)) == ("server", "client")


@pytest.mark.corpus
@pytest.mark.peer("tshark")
@pytest.mark.skipif(not CORPUS.exists(), reason="no recordings here: UNTRAP_CORPUS")
def test_a_recording_reads_the_places_that_tshark_names() -> None:
    name = "ITI__ICS-Security-Tools/s7_wincc_s300_setup-alarm-read-write.pcapng"
    path = CORPUS / "pcap" / name
    command = [need("tshark"), "-r", str(path), "-V", "-Y", "s7comm.header.rosctr == 1"]
    shown = subprocess.run(
        command, capture_output=True, text=True, timeout=HUNG_SECONDS, check=True
    ).stdout
    theirs = set(re.findall(r"Item \[\d+\]: \((?:DB (\d+)\.DBX|(M)) (\d+)\.(\d) (\w+) 1\)", shown))
    wanted = {
        f"DB{block}.{byte}" + (f".{bit} BIT" if kind == "BIT" else f" {kind}")
        if block
        else f"{area}{byte}.{bit} BIT"
        for block, area, byte, bit, kind in theirs
    }
    points = {p.address for o in read_file(path).observations for p in o.points}
    assert len(wanted) >= 5
    assert wanted <= points
