"""From bytes to gaps: what captures alone let the rules say, by the commands that people use."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from inventory.model import Declaration, Kind, Scan
from inventory.store import Store
from protocols.contract import Fact, Observation, Outcome, Question, Target
from scanner.cli import untrap
from tests.scanner.capture.packets import (
    CLIENT,
    PUSH,
    SERVER,
    SYN,
    SYN_ACK,
    down,
    ethernet,
    ipv4,
    pcap,
    record,
    segment,
    up,
    write,
)

MAP = """Vendor,Model,Table,Address,Type,Name,EngineeringUnit
Acme,M1,holding,100,float32,Bearing temperature,CEL
Acme,M1,holding,102,float32,Flow,MQH
"""


class Line:
    """One TCP connection between the usual client and server, message by message."""

    def __init__(self, port: int) -> None:
        self.port, self.sent, self.got = port, 10, 50
        self.frames = [(0.0, up(port, 9, SYN)), (0.0, down(port, 49, SYN_ACK))]

    def ask(self, at: float, data: bytes) -> None:
        self.frames.append((at, up(self.port, self.sent, PUSH, data)))
        self.sent += len(data)

    def answer(self, at: float, data: bytes) -> None:
        self.frames.append((at, down(self.port, self.got, PUSH, data)))
        self.got += len(data)

    def file(self, folder: Path, *others: tuple[float, bytes]) -> Path:
        rows = sorted([*self.frames, *others], key=lambda row: row[0])
        body = b"".join(record(frame, 1_770_000_000 + at) for at, frame in rows)
        return write(folder, pcap([]) + body)


def identity(number: int) -> tuple[bytes, bytes]:
    """Question and answer of 43/14: Acme, M1."""
    ask = struct.pack(">HHHBBBBB", number, 0, 5, 1, 0x2B, 0x0E, 1, 0)
    objects = b"".join(bytes((n, len(v))) + v for n, v in ((0, b"Acme"), (1, b"M1"), (2, b"1.0")))
    body = bytes((1, 0x2B, 0x0E, 1, 1, 0, 0, 3)) + objects
    return ask, struct.pack(">HHH", number, 0, len(body)) + body


def readings(values: Iterator[tuple[float, float]], every: float) -> Line:
    """A client that reads two float registers pair by pair, after asking who it is."""
    line = Line(502)
    line.ask(0.1, identity(1)[0])
    line.answer(0.2, identity(1)[1])
    for number, (one, other) in enumerate(values, 2):
        line.ask(number * every, struct.pack(">HHHBBHH", number, 0, 6, 1, 3, 100, 4))
        data = struct.pack(">HHHBBBff", number, 0, 11, 1, 3, 8, one, other)
        line.answer(number * every + 0.01, data)
    return line


class Site:
    """An inventory in a folder, filled by commands."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.database = folder, str(folder / "a.db")

    def run(self, *words: str) -> list[dict[str, object]]:
        done = CliRunner().invoke(untrap, ["--db", self.database, *words])
        assert done.exit_code == 0, done.output
        return [json.loads(one) for one in done.stdout.splitlines() if one.startswith("{")]

    def declare(self, *declarations: Declaration) -> None:
        with Store.open(self.database, "default", create=True) as store:
            store.declare(list(declarations))

    def scanned(self, *facts: Fact) -> None:
        """A scan of ours read the usual server by Modbus."""
        time = datetime(2026, 2, 3, tzinfo=UTC)
        where = Target("default", SERVER, "tcp", 502)
        asked = Question("modbus", "read", "", "holding:0-9")
        one = Observation("s", "here", where, asked, Outcome.COMPLETE, time, facts=facts)
        with Store.open(self.database, "default") as store:
            store.begin_scan(Scan("s", "default", "here", time, time, (SERVER,), status="done"))
            store.append([one])

    def gaps(self) -> dict[tuple[str, str], dict[str, object]]:
        return {(str(g["rule"]), str(g["subject"])): g for g in self.run("gaps", "--all", "--json")}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def with_map(site: Site) -> None:
    path = site.folder / "map.csv"
    path.write_text(MAP)
    site.run("import", "map", str(path))


def test_a_value_that_never_moved_while_another_did_is_a_gap(site: Site) -> None:
    with_map(site)
    line = readings(((71.25, 40 + n * 0.37) for n in range(130)), 10.0)
    site.run("import", "pcap", str(line.file(site.folder)))
    found = site.gaps()
    assert ("Q03", "") in found
    assert "Bearing temperature" in json.dumps(found["Q03", ""])
    assert "Flow" not in json.dumps(found["Q03", ""])


def test_values_that_move_are_no_gap_and_are_read(site: Site) -> None:
    with_map(site)
    line = readings(((70 + n * 0.1, 40 + n * 0.37) for n in range(130)), 10.0)
    site.run("import", "pcap", str(line.file(site.folder)))
    assert not [rule for rule, _ in site.gaps() if rule.startswith("Q")]
    assets = {str(a["addresses"]): a for a in site.run("assets", "--json")}
    assert "71" in json.dumps(site.run("show", SERVER, "--json")) or assets


def test_registers_without_a_map_give_no_value(site: Site) -> None:
    line = readings(((71.25, 40 + n * 0.37) for n in range(60)), 20.0)
    site.run("import", "pcap", str(line.file(site.folder)))
    assert not [rule for rule, _ in site.gaps() if rule.startswith("Q")]


def reported(place: int, value: float, flags: int, number: int) -> bytes:
    """IEC 104: a short float with its quality, spontaneous, station 3."""
    body = struct.pack("<BBBBH", 13, 1, 3, 0, 3) + place.to_bytes(3, "little")
    body += struct.pack("<fB", value, flags)
    return bytes((0x68, 4 + len(body))) + struct.pack("<HH", number << 1, 0) + body


def test_values_that_a_station_calls_invalid_are_a_gap(site: Site) -> None:
    line = Line(2404)
    line.ask(0.1, bytes.fromhex("680407000000"))
    for number in range(60):
        bad = 0x80 if number % 2 else 0
        line.answer(1 + number, reported(700, 20.0 + number, bad, 2 * number))
        line.answer(1.1 + number, reported(701, 5.0 + number, 0, 2 * number + 1))
    site.run("import", "pcap", str(line.file(site.folder)))
    found = site.gaps()
    assert ("Q01", "") in found
    assert "ioa:700" in json.dumps(found["Q01", ""])
    assert "ioa:701" not in json.dumps(found["Q01", ""])


def test_values_that_an_outstation_marks_offline_are_a_gap(site: Site) -> None:
    """DNP3: of two analog inputs one is offline half of the time."""
    from tests.protocols.passive.test_dnp3_values import frame

    line = Line(20000)
    for number in range(60):
        flags = number % 2
        inputs = struct.pack("<BiBi", flags, 200 + number, 1, 5 + number)
        line.answer(1 + number, frame(b"\xe0\x82\0\0\x1e\1\0\0\1" + inputs))
    site.run("import", "pcap", str(line.file(site.folder)))
    found = site.gaps()
    assert "analog:0" in json.dumps(found["Q01", ""])
    assert "analog:1" not in json.dumps(found["Q01", ""])


def test_a_reader_in_another_zone_is_an_undeclared_crossing(site: Site) -> None:
    line = readings(((1.0, 2.0) for _ in range(6)), 1.0)
    site.run("import", "pcap", str(line.file(site.folder)))
    zones = (
        Declaration("default", Kind.ZONE, "cell", {"name": "cell", "addresses": f"{SERVER}/32"}),
        Declaration(
            "default", Kind.ZONE, "office", {"name": "office", "addresses": f"{CLIENT}/32"}
        ),
    )
    site.declare(*zones)
    assert ("G06", "office") in site.gaps()
    conduit = Declaration("default", Kind.CONDUIT, "office", {"from": "office", "to": "cell"})
    site.declare(conduit)
    assert ("G06", "office") not in site.gaps()


@pytest.mark.parametrize("conduit", [True, False])
def test_zones_of_the_site_file_count_with_an_import_too(site: Site, conduit: bool) -> None:
    """No scan is needed to record what --config states."""
    file = site.folder / "site.toml"
    zones = f"""[[zone]]\nname = "cell"\naddresses = "{SERVER}/32"\n
        [[zone]]\nname = "office"\naddresses = "{CLIENT}/32"\n"""
    file.write_text(zones + ('[[conduit]]\nfrom = "office"\nto = "cell"\n' if conduit else ""))
    line = readings(((1.0, 2.0) for _ in range(6)), 1.0)
    site.run("--config", str(file), "import", "pcap", str(line.file(site.folder)))
    assert (("G06", "office") in site.gaps()) != conduit


def test_a_vlan_that_nobody_looked_into_is_an_unseen_network(site: Site) -> None:
    line = readings(((1.0, 2.0) for _ in range(4)), 1.0)
    tagged = [(at, f[:12] + b"\x81\0\0\x1e" + f[12:]) for at, f in line.frames]
    line.frames = tagged
    site.run("import", "pcap", str(line.file(site.folder)))
    assert ("T10", "vlan 30") in site.gaps()


def test_a_meter_that_only_reports_to_a_server_outside(site: Site) -> None:
    """The other half of T11, that its own doors are closed, is for a scan to say: it is asked."""
    cloud, meter, its_mac = "18.196.10.4", "10.1.0.40", "00:80:f4:00:00:40"
    hello = bytes.fromhex("1603010200010001fc0303") + bytes(505)
    frames = []
    for number in range(14):
        body = segment((50_000, 8883), 10 + number * 512, PUSH, hello[:512])
        frames.append((100.0 * number, ethernet(its_mac, "00:09:0f:00:00:01", 0x0800,
                                                ipv4(meter, cloud, 6, body))))  # fmt: skip
    site.run("import", "pcap", str(Line(502).file(site.folder, *frames)))
    questions = [q for q in site.run("questions", "--json") if q["rule"] == "T11"]
    assert len(questions) == 1


def test_a_device_whose_values_another_server_names_is_covered(site: Site) -> None:
    """Somebody reads "press-7.plc/Temperature" from a historian; a station has that name."""
    from tests.protocols.passive.test_examples import ua_answer, ua_read
    from tests.scanner.capture.double import answer as identified

    line = Line(4840)
    for number in range(4):
        line.ask(number, ua_read(number, "press-7.plc/Temperature"))
        value = b"\x01\x0b" + struct.pack("<d", 71.5 + number)
        line.answer(number + 0.1, ua_answer(number, value) + b"\xff" * 4)
    station = (1.5, identified(bytes(6), bytes(4)))  # PROFINET DCP: press-7.plc
    site.run("import", "pcap", str(line.file(site.folder, station)))
    register = site.folder / "register.csv"
    register.write_text(f"Tag,Kind,Class,Address\nH-1,device,historian,{SERVER}\n")
    site.run("import", "register", str(register))
    assets = {str(one["name"]): one for one in site.run("assets", "--json")}
    assert assets["press-7.plc"]["category"] == "covered"


def test_an_existing_collector_is_named_as_the_way_to_a_trapped_device(site: Site) -> None:
    """A scan read registers without a meaning (T03); the capture shows who reads them already."""
    line = readings(((71.25, 40 + n * 0.37) for n in range(30)), 2.0)
    site.run("import", "pcap", str(line.file(site.folder)))
    site.scanned(Fact("range", "holding:0-9", "modbus read"))
    (gap,) = [gap for (rule, _), gap in site.gaps().items() if rule == "T03"]
    texts = [one["text"] for one in gap["remedies"]]  # type: ignore[attr-defined]
    tap = f"Tap the existing collector: {CLIENT} already reads it by Modbus TCP every 2.000 s"
    assert tap in texts


def test_no_scan_is_proposed_of_a_device_without_an_ip_address(site: Site) -> None:
    from tests.scanner.capture.double import lldp

    site.run("import", "pcap", str(write(site.folder, pcap([lldp()]))))
    (one,) = site.run("questions", "--json")
    assert "scan" not in str(one["command"])
    assert str(one["next_step"]).startswith("find its IP address")
