"""Importing a hostile capture stays within 300 MB, ends clearly, and says what was dropped.

The whole command runs as a child; the figure is its own peak (VmHWM), the inventory included.
"""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.scanner.capture import hostile
from tests.support.patience import HUNG_SECONDS

MOST_MEGABYTES = 300
CHILD = """
import re, sys
from pathlib import Path
from scanner.cli import main
try:
    main()
except SystemExit as ended:
    print(ended.code or 0)
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""
BIG = {
    "hosts": 400_000, "stations": 200_000, "flows": 1_500_000, "held": 400_000,
    "unfinished": 200_000, "registers": 400_000, "names": 200_000, "questions": 8_000,
    "fragments": 400_000, "announced": 200_000, "doubles": 200_000, "objects": 500_000,
}  # fmt: skip
DROPS = {
    "hosts": "hosts beyond the limit",
    "stations": "hardware addresses beyond the limit",
    "flows": "packets",
    "held": "segments beyond the limit of memory",
    "unfinished": "messages beyond the limit of memory",
    "registers": "beyond the limit",
    "names": "beyond the limit",
    "questions": "packets",
    "fragments": "fragments are not all there",
    "announced": "hardware addresses beyond the limit",
    "doubles": "addresses in several VLANs beyond the limit",
    "objects": "beyond the limit",
}

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak is read from /proc"
)


@dataclass(frozen=True)
class Ended:
    """What became of an import."""

    code: int
    megabytes: float
    said: str


def imported(folder: Path, *paths: Path) -> Ended:
    command = [sys.executable, "-c", CHILD, "--db", str(folder / "x.db"), "import", "pcap"]
    done = subprocess.run(
        [*command, *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=HUNG_SECONDS,
        check=False,
    )
    code, peak = done.stdout.split()[-2:]
    assert "Traceback" not in done.stderr
    said = " ".join(done.stderr.split())  # lines are cut for the terminal
    return Ended(int(code), int(peak) / 1024, said)


def test_the_peak_of_a_mixture_is_bounded(tmp_path: Path) -> None:
    """All kinds, a few thousand packets of each: the quick look at what the campaign tries."""
    path = tmp_path / "a.pcap"
    with path.open("wb") as file:
        file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        for kind, make in hostile.KINDS.items():
            for frame in make(200 if kind == "questions" else 1_500):
                file.write(struct.pack("<IIII", 100, 0, len(frame), len(frame)) + frame)
    ended = imported(tmp_path, path)
    assert ended.code == 0
    assert ended.megabytes < MOST_MEGABYTES / 2, ended
    assert "packets" in ended.said


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", hostile.KINDS)
def test_the_peak_is_bounded(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.pcap"
    count = hostile.write(path, kind, BIG[kind])
    ended = imported(tmp_path, path)
    path.unlink()
    assert ended.code == 0
    assert f"{count} packets" in ended.said
    assert DROPS[kind] in ended.said, ended
    assert ended.megabytes < MOST_MEGABYTES, ended


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_ten_gigabytes_of_hole_and_a_bomb(tmp_path: Path) -> None:
    """A sparse file and a gzip bomb: what stood before them is kept."""
    import gzip

    sparse, bomb = tmp_path / "hole.pcap", tmp_path / "bomb.pcap.gz"
    hostile.write(sparse, "names", 100)
    with sparse.open("r+b") as file:
        file.truncate(10 << 30)
    with gzip.open(bomb, "wb", 9) as packed, sparse.open("rb") as file:
        packed.write(file.read(32_000))
        for _ in range(2_000):
            packed.write(bytes(1 << 20))
    for path in (sparse, bomb):
        ended = imported(tmp_path, path)
        assert ended.code == 0
        assert re.search(r"not read further", ended.said), ended
        assert ended.megabytes < MOST_MEGABYTES, ended
