"""nmap reports become weak evidence; hostile XML is refused."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from inventory.derive.assets import derive
from inventory.derive.declared import rows
from inventory.judge.openness import protocol
from inventory.model import Kind
from inventory.store import Store
from protocols.contract import Outcome
from scanner.cli import untrap
from scanner.imports.nmap import NmapError, _scripts, read
from tests.support.patience import HUNG_SECONDS
from tests.support.peers import need

REPORT = """<?xml version="1.0"?>
<!DOCTYPE nmaprun>
<nmaprun scanner="nmap" start="1700000000" version="7.93">
<host endtime="1700000060"><status state="up" reason="arp-response"/>
<address addr="10.1.0.9" addrtype="ipv4"/>
<address addr="00:1B:1B:00:00:09" addrtype="mac" vendor="Siemens"/>
<hostnames><hostname name="plc9" type="user"/><hostname name="x" type="PTR"/></hostnames>
<ports><port protocol="tcp" portid="502"><state state="open" reason="syn-ack"/>
<service name="mbap" method="table"/></port>
<port protocol="tcp" portid="80"><state state="open" reason="syn-ack"/>
<service name="http" product="Web server" version="1.2" method="probed"/></port>
<port protocol="tcp" portid="22"><state state="closed" reason="reset"/></port>
<port protocol="udp" portid="161"><state state="open|filtered" reason="no-response"/></port>
</ports></host></nmaprun>
"""


def write(folder: Path, content: str) -> Path:
    path = folder / "scan.xml"
    path.write_text(content)
    return path


def test_ports_and_facts_of_a_report(tmp_path: Path) -> None:
    scan, found = read(write(tmp_path, REPORT))
    outcomes = {(o.target.transport, o.target.port): o.outcome for o in found}
    assert outcomes == {
        ("link", 0): Outcome.COMPLETE,
        ("tcp", 502): Outcome.MUTE,
        ("tcp", 80): Outcome.OTHER,
        ("tcp", 22): Outcome.CLOSED,
        ("udp", 161): Outcome.SILENT,
    }
    facts = {(fact.name, fact.value) for o in found for fact in o.facts}
    assert facts == {
        ("mac", "00:1b:1b:00:00:09"),
        ("name", "plc9"),
        ("description", "http: Web server 1.2"),  # a program's name and version, not the device's
    }
    assert {o.origin for o in found} == {"nmap"}
    assert scan.vantage == "nmap scan.xml"


def test_importing_twice_is_the_same(tmp_path: Path) -> None:
    path = write(tmp_path, REPORT)
    assert [o.id for o in read(path)[1]] == [o.id for o in read(path)[1]]


def test_billion_laughs_and_external_entities_are_refused(tmp_path: Path) -> None:
    laughs = '<!DOCTYPE nmaprun [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><nmaprun>&b;</nmaprun>'
    outside = '<!DOCTYPE nmaprun [<!ENTITY a SYSTEM "file:///etc/passwd">]><nmaprun>&a;</nmaprun>'
    for content in (laughs, outside):
        with pytest.raises(NmapError, match="entities"):
            read(write(tmp_path, content))


@pytest.mark.parametrize("content", ["", "not xml", "<html/>", "<nmaprun>" + "<a>" * 99])
def test_what_is_no_report_is_said_so(tmp_path: Path, content: str) -> None:
    with pytest.raises(NmapError):
        read(write(tmp_path, content))


def test_every_truncation_keeps_whole_hosts(tmp_path: Path) -> None:
    begin = REPORT.index("<nmaprun") + 80
    for end in range(begin, len(REPORT), 7):
        _, found = read(write(tmp_path, REPORT[:end]))
        assert not found or "</host>" in REPORT[:end]


def test_the_command_stores_it_once(tmp_path: Path) -> None:
    path = write(tmp_path, REPORT)
    given = ["--db", str(tmp_path / "a.db"), "import", "nmap", str(path)]
    first, second = (CliRunner().invoke(untrap, given) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert "1 hosts, 5 observations" in first.output
    assert "known already" in second.output


@pytest.mark.parametrize(
    ("more", "facts"),
    [
        ("", {("description", "snmp: Acme SNMP 5.7")}),
        ('devicetype="switch"', {("description", "snmp: Acme SNMP 5.7"), ("product", "Acme SNMP")}),
    ],
)
def test_a_detected_service_is_a_product_only_where_it_tells_a_kind_of_device(
    tmp_path: Path, more: str, facts: set[tuple[str, str]]
) -> None:
    service = f'name="snmp" product="Acme SNMP" version="5.7" method="probed" {more}'
    report = f"""<nmaprun start="1"><host><status state="up"/><address addr="10.1.0.9"
        addrtype="ipv4"/><ports><port protocol="tcp" portid="161"><state state="open"/>
        <service {service}/></port></ports></host></nmaprun>"""
    _, found = read(write(tmp_path, report))
    assert {(fact.name, fact.value) for o in found for fact in o.facts} == facts


SCRIPTS = """<nmaprun start="1700000000"><host><status state="up"/>
<address addr="10.1.0.9" addrtype="ipv4"/><ports>
<port protocol="tcp" portid="44818"><state state="open"/>
<script id="enip-info" output="&#xa;  type: Communications Adapter (12)">
<elem key="vendor">Rockwell Automation/Allen-Bradley (1)</elem>
<elem key="productName">1769-L32E Ethernet Port</elem><elem key="revision">3.7</elem>
<elem key="ipAddress">192.168.1.123</elem></script></port>
<port protocol="tcp" portid="502"><state state="open"/>
<script id="modbus-discover" output="sid 0x64"><table key="sid 0x64">
<elem key="Slave ID data">\\xFA\\xFF</elem>
<elem key="Device identification">Meter PM710 v03.110</elem></table></script>
<script id="unknown" output="x"><elem key="vendor">Nobody</elem></script></port></ports>
<hostscript><script id="nbstat" output="NetBIOS name: SCADA1">
<elem key="server_name">SCADA1</elem></script></hostscript></host>
<host><address addr="IP" addrtype="ipv4"/></host></nmaprun>"""


def test_what_scripts_quote_from_a_device_becomes_a_fact(tmp_path: Path) -> None:
    scan, found = read(write(tmp_path, SCRIPTS))
    facts = {
        (o.target.port, fact.name, fact.value, fact.part)
        for o in found
        for fact in o.facts
        if fact.name != "description"
    }
    assert facts == {
        (44818, "vendor", "Rockwell Automation/Allen-Bradley", ""),
        (44818, "product", "1769-L32E Ethernet Port", ""),
        (44818, "firmware", "3.7", ""),
        (502, "product", "Meter PM710 v03.110", "unit 100"),
        (0, "name", "SCADA1", ""),
    }
    assert scan.summary["problem"] == "1 hosts without an address"


def test_a_script_that_quotes_an_answer_shows_its_protocol(tmp_path: Path) -> None:
    """Such a device has data and speaks no open protocol that anybody asked for: T02 asks."""
    _, found = read(write(tmp_path, SCRIPTS))
    spoken = {(o.question.protocol, o.target.port): o.outcome for o in found}
    assert spoken["enip", 44818] is Outcome.COMPLETE
    assert spoken["modbus", 502] is Outcome.COMPLETE
    plain = SCRIPTS.replace("enip-info", "http-title").replace("modbus-discover", "banner")
    _, found = read(write(tmp_path, plain))
    assert {o.question.protocol for o in found} == {"tcp", "nmap"}
    path, database = write(tmp_path, SCRIPTS), str(tmp_path / "a.db")
    CliRunner().invoke(untrap, ["--db", database, "import", "nmap", str(path)])
    asked = CliRunner().invoke(untrap, ["--db", database, "questions", "--json"]).stdout
    (question,) = [one for one in map(json.loads, asked.splitlines()) if one["rule"] == "T02"]
    assert "whether OPC UA is offered" in json.dumps(question)
    assert "--probe opcua" in json.dumps(question)


@pytest.mark.parametrize(
    ("output", "spoken"),
    [("Acme switch 3.1", "snmp"), ("ERROR: Script execution failed", "udp"), ("", "udp")],
)
def test_a_text_without_elements_shows_its_protocol_too(
    tmp_path: Path, output: str, spoken: str
) -> None:
    report = f"""<nmaprun start="1"><host><status state="up"/><address addr="10.1.0.9"
        addrtype="ipv4"/><ports><port protocol="udp" portid="161"><state state="open"/>
        <script id="snmp-sysdescr" output="{output}"></script></port></ports></host>
        </nmaprun>"""
    (found,) = read(write(tmp_path, report))[1]
    assert found.question.protocol == spoken


def test_each_protocol_that_a_script_speaks_is_known() -> None:
    assert all(protocol(name) for name in _scripts()[1].values())


def test_a_host_with_an_open_port_is_an_asset(tmp_path: Path) -> None:
    _, found = read(write(tmp_path, REPORT.replace('addrtype="mac"', 'addrtype="other"')))
    (device,) = derive("default", [one for one in found if one.target.port == 502], ()).devices
    assert device.addresses == ("10.1.0.9",)


ASSUMED = """<nmaprun start="1700000000"><host><status state="up" reason="user-set"/>
<address addr="10.1.0.77" addrtype="ipv4"/>%s
<hostnames><hostname name="plc77" type="user"/></hostnames>
<ports><port protocol="tcp" portid="502"><state state="%s" reason="no-response"/></port></ports>
<hostscript><script id="%s" output="x"><elem key="server_name">SCADA1</elem></script></hostscript>
</host></nmaprun>"""
MAC = '<address addr="00:1B:1B:00:00:09" addrtype="mac"/>'


def test_a_host_that_only_the_user_called_up_is_no_asset(tmp_path: Path) -> None:
    _, found = read(write(tmp_path, ASSUMED % ("", "filtered", "whois-ip")))
    assert [(o.target.port, o.outcome) for o in found] == [(502, Outcome.SILENT)]
    assert derive("default", found, ()).devices == ()


@pytest.mark.parametrize(
    "given",
    [
        (MAC, "filtered", "whois-ip"),
        ("", "filtered", "nbstat"),
        ("", "open", "whois-ip"),
        ("", "closed", "whois-ip"),
        ("", "unfiltered", "whois-ip"),
    ],
)
def test_a_host_that_the_user_called_up_and_that_answered_is_there(
    tmp_path: Path, given: tuple[str, str, str]
) -> None:
    _, found = read(write(tmp_path, ASSUMED % given))
    (host,) = [o for o in found if o.target.transport == "link"]
    assert host.outcome is Outcome.COMPLETE
    assert ("name", "plc77") in {(fact.name, fact.value) for fact in host.facts}


def test_a_cut_report_says_so_and_keeps_its_whole_hosts(tmp_path: Path) -> None:
    path = write(tmp_path, SCRIPTS[: SCRIPTS.index('<host><address addr="IP"')])
    scan, found = read(path)
    assert scan.status == "part"
    assert {o.target.address for o in found} == {"10.1.0.9"}
    given = ["--db", str(tmp_path / "a.db"), "import", "nmap", str(path)]
    assert "damaged or cut" in CliRunner().invoke(untrap, given).output


@pytest.mark.peer("nmap")
def test_a_real_nmap_report(tmp_path: Path) -> None:
    nmap = need("nmap")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        target = tmp_path / "real.xml"
        command = [nmap, "-n", "-Pn", "-sT", "-p", str(port), "-oX", str(target), "127.0.0.1"]
        subprocess.run(command, check=True, capture_output=True, timeout=HUNG_SECONDS)
    _, found = read(target)
    assert [(o.target.port, o.outcome) for o in found] == [(port, Outcome.MUTE)]


@pytest.mark.parametrize(
    "words", [("--dry-run",), ("--sheet", "x"), ("--map", "a=b"), ("--author", "me")]
)
def test_what_is_for_lists_only_is_refused_and_nothing_stored(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Before, --dry-run of a report stored it."""
    path, database = write(tmp_path, REPORT), tmp_path / "a.db"
    given = ["--db", str(database), "import", "nmap", str(path), *words]
    done = CliRunner().invoke(untrap, given)
    assert done.exit_code == 2
    assert f"{words[0]} is for lists: register, links, map, attest" in done.output
    assert not database.exists()


def test_a_dry_run_of_a_list_stores_nothing(tmp_path: Path) -> None:
    path, database = tmp_path / "r.csv", tmp_path / "a.db"
    path.write_text("Tag,Name\nP-1,Pump\n", encoding="utf-8")
    given = ["--db", str(database), "import", "register", str(path), "--dry-run"]
    done = CliRunner().invoke(untrap, given)
    assert done.exit_code == 0
    assert "1 row is fine; nothing is stored" in done.output
    assert not database.exists()


def test_a_list_that_comes_again_is_the_last_word(tmp_path: Path) -> None:
    """A row is stored once: before, the list between went on counting."""
    one, other, database = (tmp_path / name for name in ("a.csv", "b.csv", "t.db"))
    one.write_text("Tag,Name\nP-1,Pump\nP-2,Fan\n", encoding="utf-8")
    other.write_text("Tag,Name\nP-1,Blower\n", encoding="utf-8")
    said = [
        CliRunner().invoke(untrap, ["--db", str(database), "import", "register", str(path)]).output
        for path in (one, one, other, one, one)
    ]
    assert ["in force again" in text for text in said] == [False, False, False, True, False]
    assert "1 row imported, of which 1 in force again, 1 were known already" in said[3]
    assert "2 were known already" in said[4]
    with Store.open(database, "default") as store:
        assert [row.name for row in rows(store.declarations(None, Kind.REGISTER))] == [
            "Pump",
            "Fan",
        ]


def test_an_attested_no_is_taken_back_by_the_same_yes(tmp_path: Path) -> None:
    database, words = tmp_path / "t.db", ("yes", "no", "yes", "yes")
    for word in words:
        path = tmp_path / f"{word}.csv"
        path.write_text(f"Subject,Statement,Value\nP-1,monitored,{word}\nP-1,safety,\n", "utf-8")
        CliRunner().invoke(untrap, ["--db", str(database), "import", "attest", str(path)])
    with Store.open(database, "default") as store:
        stated = store.declarations(None, Kind.ATTEST)
        told = [one.fields["value"] for one in stated if one.fields["statement"] == "monitored"]
        assert told == ["yes", "no", "yes"]


def test_a_site_file_that_is_put_back_counts_again(tmp_path: Path) -> None:
    database, listed = tmp_path / "t.db", tmp_path / "a.csv"
    listed.write_text("Tag,Name\nP-1,Pump\n", encoding="utf-8")
    for word in ("full", "unknown", "full"):
        site = tmp_path / "site.toml"
        site.write_text(f'[credentials.anonymous]\nentitlement = "{word}"\n', encoding="utf-8")
        given = ["--db", str(database), "--config", str(site), "import", "register", str(listed)]
        assert CliRunner().invoke(untrap, given).exit_code == 0
    with Store.open(database, "default") as store:
        last = store.declarations(None, Kind.CREDENTIAL)[-1]
        assert last.fields["entitlement"] == "full"


INSTRUMENTS = """<?xml version="1.0"?>
<nmaprun scanner="nmap" args="nmap --script enip-info 192.0.2.40" start="1793000000" version="7.94">
<host starttime="1793000000" endtime="1793000010"><status state="up" reason="syn-ack"/>
<address addr="192.0.2.40" addrtype="ipv4"/><ports>{ports}
<port protocol="tcp" portid="44818"><state state="open" reason="syn-ack"/>
<script id="enip-info" output="x"><elem key="productName">AL1320 IO-Link Master EIP</elem></script>
</port></ports></host><runstats><finished time="1793000011"/></runstats></nmaprun>
"""
CLOSED_PORT = """<port protocol="tcp" portid="{}"><state state="closed" reason="reset"/></port>"""


@pytest.mark.parametrize(("ports", "said"), [((80, 4840), "gap"), ((4840,), "question")])
def test_stranded_instruments_of_a_report(
    tmp_path: Path, ports: tuple[int, ...], said: str
) -> None:
    """T08 by what another scanner asked: a master whose web service is closed, or was not asked."""
    path = write(tmp_path, INSTRUMENTS.format(ports="".join(map(CLOSED_PORT.format, ports))))
    base = ["--db", str(tmp_path / "t.db")]
    runner = CliRunner()
    runner.invoke(untrap, [*base, "import", "nmap", str(path)], catch_exceptions=False)
    gaps = runner.invoke(untrap, [*base, "gaps", "--json"]).stdout.count('"T08"')
    asked = runner.invoke(untrap, [*base, "questions", "--json"]).stdout.count('"T08"')
    assert (gaps, asked) == ((1, 0) if said == "gap" else (0, 1))
