"""What a later scan must not turn into something else, over a real wire.

One rule keeps it simple: each test scans twice what it needs and no more.
"""

from __future__ import annotations

import ipaddress
import re
import struct
import time
from pathlib import Path
from typing import Any

from tests.scanner.capture.packets import (
    PUSH,
    SYN,
    SYN_ACK,
    datagram,
    ethernet,
    ipv4,
    modbus_answer,
    modbus_read,
    pcap,
    record,
    segment,
)
from tests.support.plants import Played, played, untrap

PLANT = Path(__file__).with_name("later.toml")


def said(here: Played, folder: Path, *words: str | Path) -> list[dict[str, Any]]:
    """What a command prints, as rows."""
    done = untrap("--db", folder / "later.db", "--config", here.config, *words, cwd=folder)
    assert done.code == 0, done.err
    return done.lines()


def scan(here: Played, folder: Path, config: Path, *more: str) -> None:
    words = ("scan", "-iL", here.folder / "targets.txt", "--profile", "bench", "--yes", "--json")
    words = (*words, *more)
    done = untrap("--db", folder / "later.db", "--config", config, *words, cwd=folder)
    assert done.code == 0, done.err


def test_a_scan_without_the_credential_opens_no_gap_about_it(tmp_path: Path) -> None:
    with played(PLANT, tmp_path) as here:
        scan(here, tmp_path, here.config)
        first = said(here, tmp_path, "gaps", "--all", "--json")
        (asset,) = said(here, tmp_path, "assets", "--json")
        without = tmp_path / "without.toml"
        text = here.config.read_text("utf-8")
        without.write_text(re.sub(r"(?ms)^\[credentials\..*?(?=^\[(?!credentials)|\Z)", "", text))
        scan(here, tmp_path, without)
        later = said(here, tmp_path, "gaps", "--all", "--json")
        (again,) = said(here, tmp_path, "assets", "--json")
    assert "A03" not in {one["rule"] for one in first}
    kept = {"A09"}  # what was not asked is counted
    assert {one["rule"] for one in later} - kept == {one["rule"] for one in first} - kept
    assert (again["level"], again["category"]) == (asset["level"], asset["category"])


# --- heard first, asked then -----------------------------------------------------------------

ROCKWELL, METER, FIELD, OFFICE, CLOUD = (
    "127.31.7.20", "127.31.7.21", "127.31.7.22", "10.9.3.20", "18.196.10.4"
)  # fmt: skip
MACS = {ROCKWELL: "00:00:bc:00:00:20", METER: "00:80:f4:00:00:21", FIELD: "00:80:f4:00:00:22"}
ZONES = """
[[zone]]
name = "cell"
addresses = ["127.31.7.0/24"]
[[zone]]
name = "office"
addresses = ["10.9.3.0/24"]
"""


def packet(source: str, target: str, protocol: int, body: bytes) -> bytes:
    macs = (MACS.get(one, "02:00:00:00:00:01") for one in (source, target))
    return ethernet(*macs, 0x0800, ipv4(source, target, protocol, body))


def list_identity() -> bytes:
    """EtherNet/IP ListIdentity, answered (CIP Networks Library, volume 2, 2-4.2)."""
    name = b"1756-L61/B"
    item = struct.pack("<H", 1) + struct.pack(">HH4s8x", 2, 44_818,
                                              ipaddress.ip_address(ROCKWELL).packed)  # fmt: skip
    item += struct.pack("<HHHBBHIB", 1, 14, 54, 20, 11, 0x30, 0xC0FFEE, len(name)) + name + b"\x03"
    body = struct.pack("<HHH", 1, 0x0C, len(item)) + item
    return struct.pack("<HHII8xI", 0x63, len(body), 0, 0, 0) + body


def overheard(begun: float) -> bytes:
    """Half an hour of a capture: a controller tells who it is, a meter reports outside, and an
    office machine reads a field device."""
    frames = [
        (0.0, packet(ROCKWELL, "127.31.7.99", 17, datagram((44_818, 50_000), list_identity())))
    ]
    hello = bytes.fromhex("1603010200010001fc0303") + bytes(505)
    frames += [
        (100.0 * n, packet(METER, CLOUD, 6, segment((50_000, 8883), 10 + n * 512, PUSH, hello)))
        for n in range(14)
    ]
    frames += [
        (1.0, packet(OFFICE, FIELD, 6, segment((40_000, 502), 9, SYN))),
        (1.1, packet(FIELD, OFFICE, 6, segment((502, 40_000), 49, SYN_ACK))),
    ]
    asked, got = 10, 50
    for n in range(5):
        ask, answer = modbus_read(n), modbus_answer(n)
        frames.append((2.0 + n, packet(OFFICE, FIELD, 6, segment((40_000, 502), asked, PUSH, ask))))
        frames.append(
            (2.1 + n, packet(FIELD, OFFICE, 6, segment((502, 40_000), got, PUSH, answer)))
        )
        asked, got = asked + len(ask), got + len(answer)
    rows = sorted(frames, key=lambda row: row[0])
    return pcap([]) + b"".join(record(frame, begun + at) for at, frame in rows)


def of(rows: list[dict[str, Any]], rule: str) -> list[tuple[str, str]]:
    """Severity and confidence of each finding of a rule."""
    return [(one["severity"], one["confidence"]) for one in rows if one["rule"] == rule]


def test_what_was_overheard_is_settled_by_a_scan(tmp_path: Path) -> None:
    """T02, T11 and G06: the capture gives one half, the closed doors of a real scan the other."""
    (tmp_path / "a.pcap").write_bytes(overheard(time.time() - 3600))
    with played(PLANT, tmp_path) as here:
        here.config.write_text(here.config.read_text("utf-8") + ZONES, "utf-8")
        said(here, tmp_path, "import", "pcap", tmp_path / "a.pcap")
        heard = said(here, tmp_path, "gaps", "--all", "--json")
        asked = said(here, tmp_path, "questions", "--json")
        scan(here, tmp_path, here.config, ROCKWELL, METER, FIELD)
        gaps = said(here, tmp_path, "gaps", "--all", "--json")
    assert (of(heard, "T02"), of(heard, "T11")) == ([], [])
    assert {"T02", "T11"} <= {one["rule"] for one in asked}
    assert of(gaps, "T02") == [("medium", "medium")]
    assert of(gaps, "T11") == [("medium", "medium")]
    assert of(gaps, "G06") == of(heard, "G06") == [("medium", "high")]


# --- frozen, by a real window ----------------------------------------------------------------


def test_a_value_that_stands_still_beside_one_that_moves_is_found_by_a_scan(
    tmp_path: Path,
) -> None:
    """Q03: the site file shortens the window, for which a test cannot wait."""
    with played(PLANT, tmp_path) as here:
        text = here.config.read_text("utf-8")
        here.config.write_text(
            f"{text}\n[thresholds]\nfrozen_seconds = 4\nfrozen_reads = 12\n", "utf-8"
        )
        window = ("--depth", "sample", "--sample-seconds", "7", "--sample-every", "0.5")
        scan(here, tmp_path, here.config, *window)
        (gap,) = [
            one for one in said(here, tmp_path, "gaps", "--all", "--json") if one["rule"] == "Q03"
        ]
    assert (gap["severity"], gap["confidence"]) == ("medium", "medium")
    texts = " | ".join(one["text"] for one in gap["because"])
    assert "Bearing temperature" in texts
    assert "Pressure" not in texts  # it moves
    assert "Flow" not in texts  # a whole number may stand
