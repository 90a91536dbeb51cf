"""Every recording imports, agrees with its labels, and with tshark on flows and protocols.

The labels were made with tshark and by reading; they name more than bytes can prove (an adapter's
maker as the device's), so each kind of statement has its own least share of agreement.
"""

from __future__ import annotations

import csv
import os
import subprocess
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from protocols.contract import DATA, Outcome
from scanner.capture.files import CaptureFile
from scanner.capture.walk import BROKEN, Walk
from scanner.imports.captures import Capture, read_file
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need

CORPUS = Path(os.environ.get("UNTRAP_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
RECORDINGS = sorted((CORPUS / "pcap").rglob("*.*cap*"))

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not RECORDINGS, reason="no recordings here: UNTRAP_CORPUS"),
    pytest.mark.xdist_group("capture-corpus"),
]

SERVICES = {
    "iso-tsap(s7/mms)": {"s7comm", "s7comm-plus", "mms", "iso-transport"},
    "pn-cm": {"profinet-cm"},
    "roc": {"roc-plus"},
    "sbus": {"s-bus"},
    "c37.118": {"synchrophasor"},
    "ads-udp": {"ads", "ads-udp"},
    "snmptrap": {"snmp"},
}
DISSECTORS = {
    "mbtcp": "modbus", "enip": "enip", "dnp3": "dnp3", "bacapp": "bacnet", "omron": "fins",
    "opcua": "opcua", "hart_ip": "hart-ip", "mqtt": "mqtt", "snmp": "snmp", "synphasor":
    "synchrophasor", "iec60870_104": "iec104", "ams": "ads",
}  # fmt: skip


@cache
def capture(path: Path) -> Capture:
    return read_file(path)


@dataclass
class Found:
    """One labelled asset as we see it: all addresses that are it, their facts and services."""

    facts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    services: set[str] = field(default_factory=set)
    asks: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)


def look(row: dict[str, str]) -> Found:
    """All observations about the addresses and hardware addresses of a label."""
    observations = capture(CORPUS / row["file"]).observations
    named = {word for word in (row["ip"] + ";" + row["mac"]).split(";") if word}
    zero = "00:00:00:00:00:00"
    same = {
        observation.target.address
        for observation in observations
        for fact in observation.facts
        if (fact.name == "mac" and fact.value in named and fact.value != zero)
        or (fact.name == "address" and fact.value in named)
    }
    found = Found()
    for observation in observations:
        if observation.target.address in named | same:
            found.addresses.add(observation.target.address)
            for fact in observation.facts:
                found.facts[fact.name].add(str(fact.value))
            if observation.question.operation in ("client", "peer"):
                found.asks.add(observation.question.protocol)
            if observation.target.transport != "link" and observation.outcome in DATA | {
                Outcome.MUTE
            }:
                found.services.add(observation.question.protocol)
    return found


def plain(value: str) -> str:
    return "".join(letter for letter in value.lower() if letter.isalnum())


def agrees(wanted: list[str], have: set[str]) -> bool:
    words = [plain(word) for word in wanted if plain(word)]
    return any(
        word in plain(said) or plain(said) in word for word in words for said in have if said
    )


def judge(row: dict[str, str]) -> dict[str, bool]:
    """What of a label we agree with."""
    found, facts = look(row), look(row).facts
    verdict = {"asset": bool(found.addresses)}
    products = facts["product"] | facts["description"] | facts["model"]
    names = facts["name"] | facts["device_instance"]
    if row["product"]:
        first = row["product"].split(" - ")[0][:30]
        verdict["product"] = agrees([first, *row["product"].split("|")], products)
    if row["firmware"]:
        verdict["firmware"] = agrees([row["firmware"]], facts["firmware"] | products)
    if row["serial"]:
        verdict["serial"] = agrees([row["serial"]], facts["serial"])
    if row["name"]:
        wanted = [word.replace("device,", "") for word in row["name"].split("|")]
        verdict["name"] = agrees(wanted, names)
    if row["vendor"] and row["vendor_source"] == "protocol":
        aliases = row["vendor_aliases"].split("|")
        verdict["vendor"] = agrees([row["vendor"], *aliases], facts["vendor"])
    if row["mac"] and row["mac"] != "00:00:00:00:00:00":
        verdict["mac"] = bool(set(row["mac"].split(";")) & (facts["mac"] | found.addresses))
    for word in words(row["protocols"]):
        verdict["protocol " + word] = bool(SERVICES.get(word, {word}) & found.services)
    for word in words(row["client_of"]):
        verdict["client " + word] = bool(SERVICES.get(word, {word}) & found.asks)
    return verdict


def words(column: str) -> list[str]:
    """The protocols of "tcp/502 modbus;udp/161 snmp (peer)"."""
    found = (one.strip().partition(" ")[2].replace(" (peer)", "") for one in column.split(";"))
    return [word for word in found if word]


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_every_recording_imports(path: Path) -> None:
    found = capture(path)
    assert found.observations
    assert found.problem == ""
    assert BROKEN not in dict(found.notes)
    assert len({observation.id for observation in found.observations}) == len(found.observations)


def test_labels_agree() -> None:
    with (CORPUS / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "pcap"]
    agreed: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for row in rows:
        if row["must_find"] != "yes":
            continue
        for what, right in judge(row).items():
            kind = what.partition(" ")[0]
            asked[kind] += 1
            agreed[kind] += right
    shares = {kind: agreed[kind] / asked[kind] for kind in asked}
    for kind in ("asset", "product", "firmware", "serial", "name", "protocol"):
        assert shares[kind] == 1.0, (kind, agreed[kind], asked[kind])
    assert shares["vendor"] >= 0.95
    # Some labels give a router's hardware address as the device's own: the TTL says otherwise.
    assert shares["mac"] >= 0.94, (agreed["mac"], asked["mac"])
    assert shares["client"] >= 0.96, (agreed["client"], asked["client"])


def tshark(path: Path, *fields: str) -> list[list[str]]:
    command = [need("tshark"), "-n", "-r", str(path), "-T", "fields", "-E", "occurrence=f"]
    for name in fields:
        command += ["-e", name]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=HUNG_SECONDS, check=False
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.peer("tshark")
def test_flows_and_protocols_agree_with_tshark() -> None:
    """A fifth of the recordings, since tshark takes half a second to start."""
    beside_tshark(RECORDINGS[::5], least=8)


@pytest.mark.peer("tshark")
@pytest.mark.soak
@pytest.mark.timeout(1800)  # half a second and more for each start of tshark
def test_all_flows_and_protocols_agree_with_tshark() -> None:
    beside_tshark(RECORDINGS, least=40)


def beside_tshark(paths: list[Path], least: int) -> None:
    """Packets, TCP and UDP flows file by file; protocols where both name one."""
    agreed, asked = 0, 0
    for path in paths:
        rows = tshark(
            path, "frame.number", "frame.protocols", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst",
            "tcp.srcport", "udp.srcport", "tcp.dstport", "udp.dstport", "ip.flags.mf",
            "ip.frag_offset",
        )  # fmt: skip
        walk = Walk()
        for batch in CaptureFile(path).batches():
            walk.feed(batch)
        assert walk.packets == len(rows), path.name
        ours = {(lane.transport, lane.source, lane.source_port, lane.destination,
                 lane.destination_port) for lane in walk._lanes.values()}  # fmt: skip
        theirs = set()
        said: set[str] = set()
        for row in rows:
            row += [""] * (12 - len(row))
            said |= set(row[1].split(":"))
            whole = row[10] in ("", "0", "False") and row[11] in ("", "0")
            if whole and "icmp" not in row[1] and (row[6] or row[7]):
                transport, ports = ("tcp", row[6::2]) if row[6] else ("udp", row[7::2])
                theirs.add(
                    (transport, row[2] or row[3], int(ports[0]), row[4] or row[5], int(ports[1]))
                )
        assert {flow[:1] + flow[2:3] for flow in ours} == {
            flow[:1] + flow[2:3] for flow in theirs
        }, path.name
        assert len(ours) == len(theirs), path.name
        heard = {c.passive.name for c in walk.conversations.values() if c.passive is not None}
        heard |= {name.partition(" ")[0] for names in walk.kinds.values() for name in names}
        for dissector, name in DISSECTORS.items():
            if dissector in said:
                asked += 1
                agreed += name in heard
    assert asked >= least
    assert agreed / asked >= 0.95, (agreed, asked)
