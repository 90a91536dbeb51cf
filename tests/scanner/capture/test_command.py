"""`untrap import pcap`: the capture enters the inventory, once."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanner.cli import untrap
from scanner.imports.captures import read_files
from tests.scanner.capture.packets import (
    CLIENT,
    CLIENT_MAC,
    SERVER,
    SERVER_MAC,
    datagram,
    ethernet,
    ipv4,
    pcap,
    polled,
    write,
)


def test_a_capture_becomes_assets_and_is_stored_once(tmp_path: Path) -> None:
    path = write(tmp_path, pcap(polled())[:-3])
    given = ["--db", str(tmp_path / "a.db")]
    first = CliRunner().invoke(untrap, [*given, "import", "pcap", str(path)])
    assert first.exit_code == 0, first.output
    assert "2 addresses" in first.output
    assert "heard: Modbus/TCP (1 answers, 1 asks)" in first.output
    assert "the last record is cut" in first.output
    again = CliRunner().invoke(untrap, [*given, "import", "pcap", str(path)])
    assert "known already" in again.output
    assets = CliRunner().invoke(untrap, [*given, "assets"])
    assert assets.exit_code == 0, assets.output
    assert SERVER in assets.output


def test_a_capture_without_automation_says_so_and_where_to_capture(tmp_path: Path) -> None:
    query = bytes.fromhex("0007010000010000000000000161 0000010001")
    frame = ethernet(CLIENT_MAC, SERVER_MAC, 0x0800,
                     ipv4(CLIENT, SERVER, 17, datagram((40_000, 53), query)))  # fmt: skip
    given = ["--db", str(tmp_path / "a.db"), "import", "pcap"]
    found = CliRunner().invoke(untrap, [*given, str(write(tmp_path, pcap([frame])))])
    said = " ".join(found.output.split())
    assert "no automation protocol was heard: capture at a mirror of the port" in said
    assert "besides: DNS" in said


def test_what_is_no_capture_is_a_usage_error(tmp_path: Path) -> None:
    path = write(tmp_path, b"hello")
    given = ["--db", str(tmp_path / "a.db"), "import", "pcap", str(path)]
    found = CliRunner().invoke(untrap, given)
    assert found.exit_code == 2
    assert "neither pcap nor pcapng" in found.output


def turns(folder: Path, parts: int) -> list[Path]:
    """One capture written in turns: the same records over several files, named out of order."""
    whole = pcap(polled())
    head, rows = whole[:24], whole[24:]
    records, place = [], 0
    while place < len(rows):
        size = 16 + int.from_bytes(rows[place + 8 : place + 12], "little")
        records.append(rows[place : place + size])
        place += size
    each = -(-len(records) // parts)
    files = []
    for number in range(parts):
        file = folder / f"ring{parts - number}.pcap"
        file.write_bytes(head + b"".join(records[number * each : (number + 1) * each]))
        files.append(file)
    return files


def test_a_rotating_set_is_one_capture_whose_connections_go_on(tmp_path: Path) -> None:
    (whole,) = read_files([write(tmp_path, pcap(polled()))])
    files = turns(tmp_path, 3)
    (found,) = read_files([files[2], files[0], files[1]])
    assert found.packets == whole.packets
    assert found.scan.targets == tuple(file.name for file in files)
    kept = [
        (o.target, o.question, o.outcome, o.time, o.facts, o.points) for o in whole.observations
    ]
    assert kept == [
        (o.target, o.question, o.outcome, o.time, o.facts, o.points) for o in found.observations
    ]


def test_captures_of_one_time_are_each_their_own(tmp_path: Path) -> None:
    one, other = tmp_path / "one.pcap", tmp_path / "other.pcap"
    one.write_bytes(pcap(polled()))
    other.write_bytes(pcap(polled(), every=2.0))
    assert len(list(read_files([one, other]))) == 2


def test_a_set_is_stored_once_and_a_list_takes_one_file(tmp_path: Path) -> None:
    files = [str(file) for file in turns(tmp_path, 2)]
    given = ["--db", str(tmp_path / "a.db"), "import"]
    first = CliRunner().invoke(untrap, [*given, "pcap", *files])
    assert first.exit_code == 0, first.output
    assert "2 addresses" in first.output
    assert "heard: Modbus/TCP (1 answers, 1 asks)" in first.output
    again = CliRunner().invoke(untrap, [*given, "pcap", *reversed(files)])
    assert "known already" in again.output
    wrong = CliRunner().invoke(untrap, [*given, "register", *files])
    assert wrong.exit_code == 2
    assert "one file at a time" in wrong.output


def test_a_folder_is_its_captures_and_a_copy_counts_once(tmp_path: Path) -> None:
    folder = tmp_path / "ring"
    folder.mkdir()
    files = turns(folder, 2)
    (folder / "copy.pcap").write_bytes(files[0].read_bytes())
    (folder / "notes.txt").write_text("taken on Monday")
    given = ["--db", str(tmp_path / "a.db"), "import", "pcap", str(folder)]
    found = CliRunner().invoke(untrap, given)
    assert found.exit_code == 0, found.output
    assert f"{len(polled())} packets" in found.output
    assert "1 other file is left out" in " ".join(found.output.split())
    (tmp_path / "empty").mkdir()
    wrong = CliRunner().invoke(untrap, [*given[:-1], str(tmp_path / "empty")])
    assert wrong.exit_code == 2
    assert "no capture in this folder" in wrong.output


@pytest.mark.parametrize("other", [b"taken on Monday", b"no", b""])
def test_a_packed_file_of_a_folder_is_a_capture_only_where_it_holds_one(
    tmp_path: Path, other: bytes
) -> None:
    folder = tmp_path / "ring"
    folder.mkdir()
    (folder / "a.pcap.gz").write_bytes(gzip.compress(pcap(polled())))
    (folder / "notes.txt.gz").write_bytes(gzip.compress(other))
    given = ["--db", str(tmp_path / "a.db"), "import", "pcap", str(folder)]
    found = CliRunner().invoke(untrap, given)
    assert found.exit_code == 0, found.output
    assert f"{len(polled())} packets" in found.output
    assert "1 other file is left out" in " ".join(found.output.split())


def test_a_packed_file_of_a_folder_that_is_cut_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "ring"
    folder.mkdir()
    (folder / "a.pcap").write_bytes(pcap(polled()))
    (folder / "b.pcap.gz").write_bytes(gzip.compress(pcap(polled()))[:12])
    given = ["--db", str(tmp_path / "a.db"), "import", "pcap", str(folder)]
    found = CliRunner().invoke(untrap, given)
    assert found.exit_code == 0, found.output
    assert "b.pcap.gz: the gzip file is cut" in " ".join(found.output.split())


@pytest.mark.parametrize("kind", ["pcap", "nmap", "bundle"])
def test_a_pipe_is_refused_in_one_line_and_never_opened(tmp_path: Path, kind: str) -> None:
    """A pipe without a writer: whoever opens it waits for ever."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    given = ["--db", str(tmp_path / "a.db"), "import", kind, str(pipe)]
    found = CliRunner().invoke(untrap, given)
    assert found.exit_code == 2
    assert "is no regular file" in " ".join(found.output.split())
    assert not (tmp_path / "a.db").exists()
