"""How far an import is, and what Ctrl-C leaves: as people see it, on a terminal and in a log."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from inventory.model import Scan
from inventory.store import Store
from scanner.imports.captures import read_files
from scanner.imports.pcap import _Progress
from tests.scanner.capture import hostile
from tests.scanner.capture.packets import pcap, polled, record, write
from tests.support.plants import ROOT, Ran, untrap

RUN = (
    "import runpy, signal\n"
    # A shell that runs the tests in the background leaves SIGINT ignored, also to its children.
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "runpy.run_module('scanner', run_name='__main__', alter_sys=True)\n"
)


class Hands:
    """A clock that is moved by hand."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_log_gets_a_line_every_five_seconds_with_bytes_packets_and_time_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = tmp_path / "a.pcap", tmp_path / "b.pcap"
    for path in (one, other):
        with path.open("wb") as file:
            file.truncate(500_000_000)
    clock = Hands()
    progress = _Progress(False, (one, other), clock)
    for step in range(1, 51):  # ten megabytes a second
        clock.seconds += 1
        progress(one, step * 10_000_000, 500_000_000, step * 1_000)
    progress(other, 0, 500_000_000, 50_000)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 10
    assert said[0] == ("a.pcap: 5 % of 1.0 GB, 5000 packets, about 2 min left, file 1 of 2")
    assert said[-1] == ("a.pcap: 50 % of 1.0 GB, 50000 packets, about 50 s left, file 1 of 2")


def test_quiet_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, clock = write(tmp_path, pcap(polled())), Hands()
    progress = _Progress(True, (path,), clock)
    for _ in range(9):
        clock.seconds += 60
        progress(path, 10, 1_000, 1)
    assert capsys.readouterr().err == ""


def test_a_short_import_leaves_no_line_of_progress_in_a_log(tmp_path: Path) -> None:
    path = write(tmp_path, pcap(polled()))
    words = ["--db", str(tmp_path / "a.db"), "import", "pcap", str(path)]
    # Short by its clock: on a busy machine it may take longer than the five seconds of a line.
    code = f"import time; time.monotonic = lambda: 100.0\n{RUN}"
    said = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, cwd=ROOT
    ).stderr
    assert "a.pcap: 13 packets" in said
    assert "% of" not in said
    assert "\r" not in said


def on_a_terminal(folder: Path, path: Path, until: bytes) -> Ran:
    """Import on a terminal, with Ctrl-C as soon as `until` is seen on it (b"": never)."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    words = ["--db", str(folder / "a.db"), "import", "pcap", str(path)]
    with subprocess.Popen(
        [sys.executable, "-c", RUN, *words],
        stdout=subprocess.DEVNULL, stderr=theirs, stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}, start_new_session=True,
    ) as child:  # fmt: skip
        os.close(theirs)
        said = b""
        while True:
            try:
                more = os.read(ours, 65_536)
            except OSError:  # Linux: the last writer has gone
                break
            said += more
            if until and until in said:
                child.send_signal(signal.SIGINT)
                until = b""
        os.close(ours)
    return Ran(child.returncode, "", said.decode().replace("\r\n", "\n"))


def test_a_terminal_shows_a_bar_that_goes_away(tmp_path: Path) -> None:
    said = on_a_terminal(tmp_path, write(tmp_path, pcap(polled())), b"").err
    assert "\r\x1b[K[####################] 100 % of " in said
    shown = [part for part in said.split("\r\x1b[K") if part.startswith("[")]
    assert all(len(part) < 80 for part in shown)
    rest = said.rpartition("packets, about")[2]
    assert "\r\x1b[K" in rest
    assert "2 addresses" in rest


def long_capture(folder: Path) -> Path:
    """Three hundred thousand packets: the reading takes a good part of a second."""
    frame = record(polled(1)[3], 100)
    return write(folder, pcap([]) + frame * 300_000)


def scans(folder: Path) -> list[Scan]:
    with Store.open(str(folder / "a.db"), "default") as store:
        return list(store.scans())


def test_ctrl_c_while_reading_stores_nothing_and_says_so(tmp_path: Path) -> None:
    path = long_capture(tmp_path)
    ended = on_a_terminal(tmp_path, path, b"% of")
    assert ended.code == 130
    assert "reading a.pcap: nothing of it is stored; import it again" in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "a.db").exists() or scans(tmp_path) == []


def test_ctrl_c_while_storing_keeps_a_part_that_a_second_import_makes_whole(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.pcap"
    hostile.write(path, "hosts", 6_000)
    ended = on_a_terminal(tmp_path, path, b"storing:")
    said = " ".join(ended.err.split())
    assert ended.code == 130, ended.err
    assert "observations of it are stored; import it again to have all of it" in said
    (under_way,) = scans(tmp_path)
    assert under_way.status == "running"
    listed = untrap("--db", tmp_path / "a.db", "scans", cwd=tmp_path).err
    assert "import pcap a.pcap" in listed
    assert "--resume" not in listed
    again = untrap("--db", tmp_path / "a.db", "import", "pcap", path, cwd=tmp_path)
    assert again.code == 0, again.err
    (whole,) = read_files([path])
    with Store.open(str(tmp_path / "a.db"), "default") as store:
        assert {o.id for o in store.observations()} == {o.id for o in whole.observations}
        assert [scan.status for scan in store.scans()] == ["done"]


def test_a_damaged_capture_is_no_scan_to_resume(tmp_path: Path) -> None:
    path = write(tmp_path, pcap(polled())[:-3])
    base = ("--db", tmp_path / "a.db")
    assert untrap(*base, "import", "pcap", path, cwd=tmp_path).code == 0
    assert [scan.status for scan in scans(tmp_path)] == ["part"]
    said = untrap(*base, "scans", cwd=tmp_path).err
    assert "--resume" not in said
    assert "assets" in said
