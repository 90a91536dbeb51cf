"""Every frame that left, judged by somebody else: tshark for clear traffic, the peers for all.

A slice of it runs always; `make soak` goes on to a million requests under `bench` over every double
there is. Its scans take turns (points, samples, swept units, other flags; every fifth is killed and
resumed), dumpcap watches beside them and the devices count. The campaign keeps its count in
`build/soak`, so that it may be interrupted at any time and goes on where it was:
`UNTRAP_SOAK_SECONDS` bounds one sitting.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scanner.layer2.plan import raw_rights
from tests.scanner.test_resume import rows, stored
from tests.support import everything
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need
from tests.support.plants import ROOT, Played, patiently, played, started, untrap

ALLOWED = {
    "modbus.func_code": {1, 2, 3, 4, 17, 43},
    "snmp.data": {0, 1, 5},  # get, get-next, get-bulk (RFC 3416, 3)
    "cotp.type": {0x0E, 0x0F},  # connect request, data; a disconnect request is 0x08
    "s7comm.param.func": {0x00, 0xF0},  # CPU services (read SZL), setup
    "opcua.servicenodeid.numeric": {
        *(422, 428, 446, 452),  # FindServers, GetEndpoints, Open- and CloseSecureChannel
        *(461, 467, 473),  # Create-, Activate- and CloseSession
        *(527, 533, 554, 631),  # Browse, BrowseNext, TranslateBrowsePaths, Read
    },
}
"""What may leave, in tshark's fields (OPC UA: Opc.Ua.NodeIds.csv, encoding ids)."""
HEARD = re.compile(
    r"modbus (1|2|3|4|17|43/14)"
    r"|snmp (get|getnext|getbulk|v3 discovery|v3 refused)"
    r"|cotp connect|s7 (setup|szl [0-9a-f]{4}|szl next)"
    r"|opcua (Hello|OpenSecureChannel|CloseSecureChannel|FindServers|GetEndpoints|CreateSession"
    r"|ActivateSession|CloseSession|Browse|BrowseNext|TranslateBrowsePathsToNodeIds|Read)"
)
"""What may arrive, in the doubles' own words, encrypted or not."""
ENVELOPES = ("opcua.transport.type", "snmp.encryptedPDU")
"""What tshark calls a frame whose content only the peer can read."""
STANDARD = {"mbtcp": 502, "snmp": 161, "opcua": 4840, "tpkt": 102}
MILLION = 1_000_000
PREFIX = "127.39"
SHARE = 4


@dataclass
class Verdict:
    """What tshark makes of the payloads that were sent to a plant."""

    frames: int = 0
    sealed: int = 0  # whose content only the peer can read
    elsewhere: int = 0  # to a port that none of the probes asks
    unread: list[str] = field(default_factory=list)  # that tshark takes for nothing it knows
    functions: dict[str, Counter[int]] = field(
        default_factory=lambda: {name: Counter() for name in ALLOWED}
    )

    def take(self, line: str, ports: frozenset[str], sealed_to: str) -> None:
        """One frame, in tshark's words."""
        address, tcp, udp, kind, secret, *known = line.split("\t")
        self.frames += 1
        self.elsewhere += (tcp or udp) not in ports
        hidden = bool(tcp and sealed_to and address.startswith(sealed_to))
        if hidden or secret:
            self.sealed += 1
            known = []  # what a dissector makes of ciphertext is chance
        if not (secret or kind or any(known)):
            self.unread.append(line)
        for name, text in zip(ALLOWED, known, strict=False):
            self.functions[name].update(int(word, 0) for word in text.split(",") if word)


def judged(capture: Path, shift: int, to: str = "127", sealed_to: str = "") -> Verdict:
    """What was sent to the plant, by tshark; `sealed_to` begins the addresses of those whose
    OPC UA messages are encrypted."""
    ports = {name: shift + port for name, port in STANDARD.items()}
    decode = [
        word
        for name, port in ports.items()
        for word in ("-d", f"{'udp' if name == 'snmp' else 'tcp'}.port=={port},{name}")
    ]
    whole = ".".join((to.split(".") + ["0"] * 4)[:4]) + f"/{8 * len(to.split('.'))}"
    shown = ("ip.dst", "tcp.dstport", "udp.dstport", *ENVELOPES, *ALLOWED)
    # What a device answers leaves from its own address, and from one of the plant's ports.
    answers = " and ".join(
        f"not {'udp' if name == 'snmp' else 'tcp'}.srcport == {port}"
        for name, port in ports.items()
    )
    done = subprocess.run(
        [
            *(need("tshark"), "-n", "-r", str(capture), *decode),
            # What TCP repeats tshark does not read again; it was judged the first time.
            *(
                "-Y",
                f"ip.dst == {whole} and {answers} and (tcp.len > 0 or udp) and not icmp"
                " and not tcp.analysis.retransmission",
            ),
            *("-T", "fields", *(word for name in shown for word in ("-e", name))),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=HUNG_SECONDS,
    )
    verdict = Verdict()
    for line in done.stdout.splitlines():
        verdict.take(line, frozenset(map(str, ports.values())), sealed_to)
    return verdict


def seen_to_the_end(capture: Path, prefix: str) -> None:
    """Wait until a packet that leaves now is in the file: with it all that waited in the kernel."""
    last = b"the last packet of this capture"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((f"{prefix}.0.1", 0))
        sock.sendto(last, ("127.0.0.1", 9))
    until = time.monotonic() + HUNG_SECONDS
    while last not in capture.read_bytes()[-100_000:]:
        assert time.monotonic() < until
        time.sleep(0.05)


@contextmanager
def watched(capture: Path, prefix: str) -> Iterator[None]:
    """Everything on loopback to and from the plant, by dumpcap; nothing may be missed."""
    words = ("-q", "-i", "lo", "-B", "256", "-f", f"net {prefix}.0.0/16", "-w", str(capture))
    child = subprocess.Popen([need("dumpcap"), *words], stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    said = ""
    while "File:" not in said:
        line = child.stderr.readline()
        assert line, said
        said += line
    try:
        yield
        seen_to_the_end(capture, prefix)
    finally:
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=HUNG_SECONDS)[1]
    lost = re.search(r"received/dropped on interface .*: (\d+)/(\d+)", said)
    assert lost, said
    assert lost[2] == "0", said


@dataclass
class Tally:
    """What was sent and judged so far, over all sittings; kept in `file` where there is one."""

    file: Path | None = None
    requests: int = 0
    frames: int = 0
    sealed: int = 0
    scans: int = 0
    killed: int = 0
    excused: Counter[str] = field(default_factory=Counter)  # what `kill -9` left, this sitting
    functions: dict[str, Counter[int]] = field(
        default_factory=lambda: {name: Counter() for name in ALLOWED}
    )

    @classmethod
    def of(cls, file: Path) -> Tally:
        """The tally of an earlier sitting, or a new one."""
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            return cls(file)
        known = json.loads(file.read_text(encoding="utf-8"))
        functions = {
            name: Counter({int(number): n for number, n in counts.items()})
            for name, counts in known.pop("functions").items()
        }
        return cls(file, **known, functions=functions)

    def save(self) -> None:
        """Remember it for the next sitting; a reader never sees half of it."""
        if self.file is None:
            return
        known = {
            "requests": self.requests,
            "frames": self.frames,
            "sealed": self.sealed,
            "scans": self.scans,
            "killed": self.killed,
            "functions": self.functions,
        }
        draft = self.file.with_suffix(".part")
        draft.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        draft.replace(self.file)


MANNERS = (
    ("--depth", "points"),
    ("--depth", "sample", "--sample-seconds", "10", "--sample-every", "0.5"),
    ("--depth", "identify", "--units", "1-60"),
    ("--depth", "points", "--fc17", "--retries", "0", "--units", "1-20"),
)
NAMED = "reader,community,old-community,machine"


def scan(here: Played, folder: Path, tally: Tally, *more: str) -> dict[str, object]:
    """One scan, every fifth killed and resumed; its summary."""
    kill = tally.scans % 5 == 4
    database = folder / "scan.db"
    words = ("--db", database, "--config", here.config, "-q", "scan")
    asked = (
        *("-iL", here.folder / "targets.txt", "--profile", "bench"),
        *more,
    )
    if kill:
        before = Counter(left(here))
        child = started((*words, *asked), folder)
        patiently(
            lambda: stored(database) >= 50 or child.poll() is not None,
            lambda: stored(database),
        )
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        tally.excused += Counter(left(here)) - before
        asked = ("--resume",)
    ran = untrap(*words, *asked, "--json", cwd=folder, seconds=1_800)
    assert "Traceback" not in ran.err
    assert ran.code in (0, 4), ran.err
    (summary,) = ran.lines()
    assert summary["harm"]["writes_sent"] == summary["harm"]["refused_by_guard"] == 0
    assert summary["harm"]["connections_at_once_per_host"] <= 1
    # Whoever lets our question wait too long may have opened a session that we never hear of.
    tally.excused["open_sessions"] += unanswered(database)
    for file in folder.glob("scan.db*"):
        file.unlink()
    tally.scans += 1
    tally.killed += kill
    return dict(summary)


def unanswered(database: Path) -> int:
    """OPC UA requests that nobody answered in time."""
    statement = (
        "SELECT count(*) FROM observation WHERE protocol = 'opcua' "
        "AND outcome IN ('mute', 'silent')"
    )
    return sum(count for (count,) in rows(database, statement))


def left(here: Played) -> dict[str, int]:
    """What badly ended connections left at the devices; a killed program cannot end one well."""
    # The kernel ends them for it.
    patiently(
        lambda: not here.witness()["total"]["open_connections"],
        lambda: int(here.witness()["total"]["open_connections"]),
        0.1,
    )
    total = here.witness()["total"]
    return {name: total[name] for name in ("bare", "resets", "open_sessions")}


def accepted(tally: Tally, verdict: Verdict) -> None:
    """Nothing but reads in a capture."""
    assert verdict.frames > 0
    assert verdict.functions["modbus.func_code"]  # it does read what it judges
    assert verdict.elsewhere == 0
    assert not verdict.unread
    for name, functions in verdict.functions.items():
        strangers = functions.keys() - ALLOWED[name]
        assert not strangers, (name, {n: functions[n] for n in strangers})
        tally.functions[name] += functions
    tally.frames += verdict.frames
    tally.sealed += verdict.sealed


def witnessed(here: Played, tally: Tally) -> None:
    """What the devices themselves counted, encrypted traffic too."""
    found = here.witness()
    total = found["total"]
    assert total["forbidden"] == total["foreign"] == 0
    assert total["peak_connections"] <= 1
    strangers = [name for name in total["functions"] if not HEARD.fullmatch(name)]
    assert not strangers
    for name, count in left(here).items():
        assert count <= tally.excused[name], name


def campaign(here: Played, folder: Path, tally: Tally, until: float) -> None:
    """Scan until a million requests were sent, or until the time is up."""
    capture = folder / "scan.pcapng"
    sealed_to = everything.net(PREFIX, "secured-server") + "."
    while tally.requests < MILLION and time.monotonic() < until:
        more = MANNERS[tally.scans % len(MANNERS)]
        with watched(capture, PREFIX):
            summary = scan(here, folder, tally, *more, "--credentials", NAMED)
        accepted(tally, judged(capture, here.shift, PREFIX, sealed_to))
        witnessed(here, tally)
        sent = summary["sent"]
        assert isinstance(sent, dict)
        tally.requests += int(sent["requests"])
        tally.save()
        print(f"{tally.requests} requests, {tally.frames} frames", flush=True)  # noqa: T201


needs_raw = pytest.mark.skipif(not raw_rights(), reason="raw capture needs CAP_NET_RAW")


@pytest.mark.root
@pytest.mark.peer("tshark")
@needs_raw
@pytest.mark.parametrize("plant", ["bottling", "generate:60,prefix=127.38,misbehaving=0.1"])
def test_a_judge_finds_only_reads_in_a_recorded_scan(tmp_path: Path, plant: str) -> None:
    need("tshark")
    with played(plant, tmp_path) as here:
        tally, capture = Tally(), tmp_path / "scan.pcapng"
        summary = scan(here, tmp_path, tally, "--record", str(capture))
        accepted(tally, judged(capture, here.shift))
        assert here.witness()["total"]["forbidden"] == 0
    print(json.dumps({"plant": plant, "sent": summary["sent"]}))  # noqa: T201 - a figure


@pytest.mark.soak
@pytest.mark.root
@pytest.mark.peer("tshark")
@needs_raw
@pytest.mark.timeout(6 * 3_600)
def test_a_million_requests_hold_nothing_but_reads(tmp_path: Path) -> None:
    need("tshark")
    tally = Tally.of(ROOT / "build" / "soak" / "million.json")
    until = time.monotonic() + float(os.environ.get("UNTRAP_SOAK_SECONDS", "inf"))
    plant = everything.write(tmp_path / "everything.toml", PREFIX, SHARE)
    with played(plant, tmp_path) as here:
        campaign(here, tmp_path, tally, until)
    said = (
        f"{tally.requests} of {MILLION} requests in {tally.scans} scans ({tally.killed} killed), "
        f"{tally.frames} frames, {tally.sealed} of them encrypted"
    )
    print(said)  # noqa: T201 - a figure
    if tally.requests < MILLION:
        pytest.skip(f"time is up after {said}; run again to go on")
