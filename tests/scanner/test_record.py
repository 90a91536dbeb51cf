"""A recording that Wireshark opens, judged by a decoder that is not ours."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from scanner.layer2.plan import raw_rights
from scanner.targets import parse
from scanner.wire.record import PacketRecorder, PayloadRecorder, RecordError, recorder
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need
from tests.support.plants import played, untrap

FIELDS = (
    *("ip.src", "ip.dst", "tcp.srcport", "tcp.dstport", "udp.dstport", "tcp.flags.str"),
    *("tcp.seq_raw", "tcp.ack_raw", "tcp.len", "_ws.col.Protocol", "modbus.func_code"),
)


def tshark(file: Path, *more: str) -> list[str]:
    shown = [item for field in FIELDS for item in ("-e", field)]
    done = subprocess.run(
        [need("tshark"), "-n", "-r", str(file), *more, "-T", "fields", *shown],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.peer("tshark")
@pytest.mark.root
@pytest.mark.skipif(not raw_rights(), reason="needs CAP_NET_RAW")
def test_every_packet_is_recorded_and_the_packet_model_holds(tmp_path: Path) -> None:
    """The documented model against what the kernel really sent (rulings 2).

    Where the loopback is shared, a recording holds what other programs send to the same addresses
    too: `test_fragile` scans them in a process beside this one, and that once made nine packets
    more than the model has. So the ports of this plant count, which nobody else has.
    """
    file = tmp_path / "scan.pcapng"
    with played("fragile", tmp_path) as here:
        shift = here.shift
        ran = untrap(
            *("--db", tmp_path / "t.db", "--config", here.config, "scan", "127.21.1.10-15"),
            *("--profile", "brisk", "--depth", "identify", "--json", "--record", file),
            cwd=tmp_path,
        )
    (summary,) = ran.lines()
    decode = [
        item
        for port, name in ((502, "mbtcp"), (4840, "opcua"), (102, "tpkt"))
        for item in ("-d", f"tcp.port=={shift + port},{name}")
    ]
    lines = [dict(zip(FIELDS, line.split("\t"), strict=True)) for line in tshark(file, *decode)]
    assert all(
        line["ip.src"].startswith("127.21.1.") or line["ip.dst"].startswith("127.21.1.")
        for line in lines
    )
    ports = {str(shift + port) for port in (102, 161, 502, 4840)}
    ours = [
        line
        for line in lines
        if line["ip.dst"].startswith("127.21.1.")
        and ports & {line["tcp.dstport"], line["udp.dstport"]}
    ]
    functions = Counter(code for line in ours for code in line["modbus.func_code"].split(","))
    assert set(functions) <= {"", "1", "2", "3", "4", "43"}
    assert {"Modbus/TCP", "OpcUa"} <= {line["_ws.col.Protocol"] for line in ours}
    sent, modelled = as_modelled(ours), summary["sent"]["packets"]
    assert abs(sent - modelled) <= 0.05 * modelled, (len(ours), sent, modelled)


def as_modelled(ours: list[dict[str, str]]) -> int:
    """How many packets of ours there are but for what the kernel alone decides, by the clock.

    It sends what is not acknowledged in time once more (RFC 6298), which is told by the sequence
    number; and an acknowledgement that is due travels with the next request where one leaves
    within 40 ms (RFC 1122, 4.2.3.2), so that the two that the model has are one packet. A busy
    machine does more of both.
    """
    count, seen, acknowledged = 0, set(), dict[tuple[str, ...], int]()
    for line in ours:
        count += 1
        flags = line["tcp.flags.str"]
        if not flags:
            continue  # a datagram
        talk = (line["ip.dst"], line["tcp.srcport"], line["tcp.dstport"])
        acknowledges = int(line["tcp.ack_raw"])
        if line["tcp.len"] != "0" or "S" in flags or "F" in flags:
            this = (*talk, line["tcp.seq_raw"], line["tcp.len"], flags)
            if this in seen:
                count -= 1
                continue
            seen.add(this)
            count += acknowledges > acknowledged.get(talk, acknowledges)
        if "S" not in flags:
            acknowledged[talk] = max(acknowledges, acknowledged.get(talk, 0))
    return count


def test_without_raw_rights_payloads_are_recorded_as_json_lines(tmp_path: Path) -> None:
    file = tmp_path / "scan.jsonl"
    with played("fragile", tmp_path) as here:
        ran = untrap(
            *("--db", tmp_path / "t.db", "--config", here.config, "scan", "127.21.1.10"),
            *("--profile", "brisk", "--probe", "modbus", "--json", "--record", file),
            cwd=tmp_path,
        )
    (summary,) = ran.lines()
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    ways = Counter(line["way"] for line in lines)
    assert ways["sent"] == summary["sent"]["requests"]
    total = sum(len(line["bytes"]) // 2 for line in lines)
    assert total == summary["sent"]["bytes"]


FULL = Path("/dev/full")
"""A file whose every write fails with "no space left on device"."""


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
def test_a_payload_recording_on_a_full_disk_ends_and_raises_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with FULL.open("w", encoding="utf-8") as file:
        record = PayloadRecorder(file)
        for _ in range(100):
            record.sent("10.0.0.1", 502, "tcp", bytes(1_000))
        record.stop()
    assert record.failure
    assert len(caplog.records) == 1
    assert "recording ended" in caplog.text


@pytest.mark.root
@pytest.mark.skipif(not raw_rights() or not FULL.exists(), reason="needs CAP_NET_RAW, /dev/full")
def test_a_packet_recording_on_a_full_disk_ends_and_raises_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> PacketRecorder:
        with socket.socket(type=socket.SOCK_DGRAM) as asking:
            record = PacketRecorder(file, parse(["127.0.0.1"]))  # type: ignore[arg-type]
            record.start()
            asking.sendto(b"?", ("127.0.0.1", 9))
            async with asyncio.timeout(HUNG_SECONDS):
                while not record.failure:  # noqa: ASYNC110 - the recorder has no event for it
                    await asyncio.sleep(0.01)
            record.stop()
            return record

    with FULL.open("wb", buffering=0) as full:
        file = Blank(full)
        assert "space" in asyncio.run(run()).failure
    assert len(caplog.records) == 1


class Blank:
    """A disk that takes the header of the file and is full then."""

    def __init__(self, file: object) -> None:
        self.file = file
        self.written = 0

    def write(self, data: bytes) -> int:
        self.written += 1
        return len(data) if self.written == 1 else self.file.write(data)  # type: ignore[attr-defined, no-any-return]

    def close(self) -> None:
        """Nothing is left to write."""


def test_a_recording_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="No such file"):
        recorder(tmp_path / "nowhere" / "x.pcapng", parse(["127.0.0.1"]), raw=False)


def test_without_rights_a_pcapng_becomes_json_lines(tmp_path: Path) -> None:
    made = recorder(tmp_path / "x.pcapng", parse(["127.0.0.1"]), raw=False)
    made.stop()
    assert isinstance(made, PayloadRecorder)
    assert (tmp_path / "x.jsonl").exists()


@pytest.mark.parametrize("name", ["z.txt", "z", "z.pcap", "z.jsonl.gz"])
def test_a_name_of_another_kind_is_refused_and_nothing_is_written(
    tmp_path: Path, name: str
) -> None:
    kept = tmp_path / "z.jsonl"
    kept.write_text("kept", encoding="utf-8")
    with pytest.raises(RecordError, match=r"z.*\.pcapng"):
        recorder(tmp_path / name, parse(["127.0.0.1"]), raw=False)
    assert kept.read_text(encoding="utf-8") == "kept"
    assert list(tmp_path.iterdir()) == [kept]


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("name", ["z.pcapng", "z.jsonl"])
def test_a_recording_takes_no_file_that_is_there(tmp_path: Path, name: str, raw: bool) -> None:
    taken = (tmp_path / "z.pcapng", tmp_path / "z.jsonl", tmp_path / "z-2.pcapng")
    for kept in taken:
        kept.write_text("kept", encoding="utf-8")
    with pytest.raises(RecordError, match=r"z.* is there already; .*z-[23]"):
        recorder(tmp_path / name, parse(["127.0.0.1"]), raw=raw)
    assert [kept.read_text(encoding="utf-8") for kept in taken] == ["kept"] * 3
    assert len(list(tmp_path.iterdir())) == 3


def test_payloads_take_no_file_that_nobody_named(tmp_path: Path) -> None:
    kept = tmp_path / "z.jsonl"
    kept.write_text("kept", encoding="utf-8")
    with pytest.raises(RecordError, match="there already"):
        recorder(tmp_path / "z.pcapng", parse(["127.0.0.1"]), raw=False)
    assert kept.read_text(encoding="utf-8") == "kept"
