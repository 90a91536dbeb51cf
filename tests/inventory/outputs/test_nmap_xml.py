"""The nmap report: what it says, and that `import nmap` reads the same hosts and ports back."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from inventory.derive.assets import derive
from inventory.outputs.nmap_xml import document
from protocols.contract import Outcome
from scanner.imports.nmap import read
from tests.inventory.making import SITE, observed
from tests.inventory.outputs.sample import HOSTILE

SEEN = [
    observed("10.0.0.5", {"vendor": "ABB", "product": "B23", "firmware": "1.4", "name": "M-5"}),
    observed("10.0.0.5", {}, protocol="s7comm", port=102, outcome=Outcome.CLOSED, at=1),
    observed("10.0.0.5", {}, protocol="opcua", port=4840, outcome=Outcome.SILENT, at=2),
    observed(
        "10.0.0.5", {}, protocol="snmp", port=161, transport="udp", outcome=Outcome.SILENT, at=3
    ),
    observed("10.0.0.6", {}, outcome=Outcome.MUTE, at=4),
    observed("10.0.0.6", {}, protocol="ads", port=48898, outcome=Outcome.NOT_ASKED, at=5),
    observed("10.0.0.7", {}, outcome=Outcome.CLOSED, at=6),
    observed("10.0.0.8", {"vendor": "Acme", "serial": "A-1234"}, part="unit 3", at=7),
]


def report(folder: Path) -> Path:
    path = folder / "report.xml"
    path.write_text("\n".join(document(lambda: derive(SITE, SEEN, ()).devices)), encoding="utf-8")
    return path


def test_states_are_said_in_nmaps_words(tmp_path: Path) -> None:
    root = ElementTree.parse(report(tmp_path)).getroot()  # noqa: S314 - our own file
    ports = {
        (host.find("address").get("addr"), port.get("portid")): (  # type: ignore[union-attr]
            port.find("state").get("state"),  # type: ignore[union-attr]
            port.find("service").get("name"),  # type: ignore[union-attr]
        )
        for host in root.findall("host")
        for port in host.iter("port")
    }
    assert ports == {
        ("10.0.0.5", "502"): ("open", "modbus"),
        ("10.0.0.5", "102"): ("closed", "s7comm"),
        ("10.0.0.5", "4840"): ("filtered", "opcua"),
        ("10.0.0.5", "161"): ("open|filtered", "snmp"),
        ("10.0.0.6", "502"): ("open", "modbus"),
        ("10.0.0.8", "502"): ("open", "modbus"),  # its unit 3 answered
    }
    assert "10.0.0.7" not in {address for address, _ in ports}


def test_import_nmap_reads_the_same_back(tmp_path: Path) -> None:
    _, again = read(report(tmp_path))
    outcomes = {(o.target.address, o.target.port): o.outcome for o in again}
    assert outcomes["10.0.0.5", 502] is Outcome.COMPLETE  # it spoke, as the report says
    assert outcomes["10.0.0.5", 102] is Outcome.CLOSED
    assert outcomes["10.0.0.5", 4840] is Outcome.SILENT
    assert outcomes["10.0.0.6", 502] is Outcome.MUTE
    facts = {(f.name, f.value) for o in again if o.target.address == "10.0.0.5" for f in o.facts}
    assert {("name", "M-5"), ("product", "B23"), ("firmware", "1.4")} <= facts
    before = {a for d in derive(SITE, SEEN, ()).devices if not d.part for a in d.addresses}
    assert {a for d in derive(SITE, again, ()).devices for a in d.addresses} == before


def test_a_report_of_an_earlier_version_is_known_as_ours(tmp_path: Path) -> None:
    """It called itself the scanner, against nmap's DTD."""
    path = report(tmp_path)
    text = path.read_text(encoding="utf-8").replace('scanner="nmap"', 'scanner="untrap"')
    path.write_text(text.replace(' args="untrap export nmap-xml"', ""), encoding="utf-8")
    _, again = read(path)
    assert ("firmware", "1.4") in {(f.name, f.value) for o in again for f in o.facts}


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_act_are_inert(name: str, tmp_path: Path) -> None:
    devices = derive(SITE, [observed("10.0.0.5", {"name": name, "product": name})], ()).devices
    path = tmp_path / "report.xml"
    path.write_text("\n".join(document(lambda: devices)), encoding="utf-8")
    (host,) = ElementTree.parse(path).getroot().findall("host")  # noqa: S314 - our own file
    assert host.find("hostnames/hostname") is not None
    assert len(read(path)[1]) == 2


def test_an_empty_inventory_is_an_empty_report(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text("\n".join(document(tuple)), encoding="utf-8")
    assert read(path)[1] == []
