"""Silent devices by the commands that people use: switch table, capture, register and scan."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scanner.capture.packets import ethernet, pcap, write
from tests.support.plants import played, untrap

SILENT, LISTED, HEARD = "00:1b:1b:00:00:07", "00:80:f4:00:00:09", "00:01:05:00:00:08"
ASKED, ROUTED, SWITCH = "00:a0:f8:00:00:0a", "00:0e:8c:00:00:0b", "ec:74:ba:00:00:02"
PLANT = f"""
[plant]
name = "ports"
site = "Ports"

[site.credentials.snmp-public]
type = "snmp-v2c"
secret_value = "public"

[[device]]
id = "switch-2"
address = "127.21.7.2"
mac = "{SWITCH}"
name = "SW-2"
[[device.service]]
protocol = "snmp"
[device.service.options]
description = "Industrial switch"
interfaces = [
  {{ name = "1/7" }}, {{ name = "1/8" }}, {{ name = "1/9" }}, {{ name = "1/10" }},
]
fdb = [
  {{ mac = "{SILENT}", port = 1 }}, {{ mac = "{LISTED}", port = 2 }},
  {{ mac = "{HEARD}", port = 3 }}, {{ mac = "{ASKED}", port = 4 }},
]

[[device]]
id = "router-1"
address = "127.21.7.1"
name = "R-1"
[[device.service]]
protocol = "snmp"
[device.service.options]
description = "Router"
interfaces = [{{ name = "eth0", mac = "ec:74:ba:00:00:01" }}]
arp = [{{ address = "10.7.0.10", mac = "{ASKED}" }}, {{ address = "10.7.0.11", mac = "{ROUTED}" }}]
"""
NMAP = """<nmaprun start="1700000000"><host><status state="up" reason="echo-reply"/>
<address addr="10.7.0.10" addrtype="ipv4"/><ports>
<port protocol="tcp" portid="80"><state state="open" reason="syn-ack"/>
<service name="http" product="M1 web server" devicetype="specialized" method="probed"/>
</port></ports></host></nmaprun>
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The assets by hardware address, with what `show` says of each as `shown`."""
    folder = tmp_path_factory.mktemp("silent")
    plant, register, nmap = (folder / name for name in ("p.toml", "register.csv", "nmap.xml"))
    plant.write_text(PLANT)
    nmap.write_text(NMAP)
    register.write_text(f"Tag,Kind,Name,MAC\nMTR-1,device,Meter,{LISTED}\n")
    heard = ethernet(HEARD, "01:0e:cf:00:00:00", 0x8899, bytes(46))
    with played(plant, folder) as here:
        base = ("--db", folder / "a.db", "--config", here.config)
        asks = ("--probe", "snmp", "--profile", "brisk", "--depth", "points")
        for words in (
            ("import", "register", register),
            ("import", "pcap", write(folder, pcap([heard]))),
            ("import", "nmap", nmap),
            ("scan", "-iL", here.folder / "targets.txt", *asks),
        ):
            ran = untrap(*base, *words, cwd=folder)
            assert ran.code == 0, ran.err
    assets = untrap(*base, "assets", "--json", cwd=folder).lines()
    for one in assets:
        one["shown"] = untrap(*base, "show", one["key"], cwd=folder).out
    assert len({one["mac"] for one in assets}) == len(assets), "no two of one hardware address"
    return {one["mac"]: one for one in assets}


def test_every_device_is_one_asset_whoever_knows_it(seen: dict[str, dict[str, Any]]) -> None:
    """A switch, a router, one that answers, and four that only others know of."""
    router = "ec:74:ba:00:00:01"
    assert set(seen) == {SWITCH, router, ASKED, ROUTED, SILENT, LISTED, HEARD}


@pytest.mark.parametrize(
    ("mac", "port"), [(SILENT, "1/7"), (LISTED, "1/8"), (HEARD, "1/9"), (ASKED, "1/10")]
)
def test_a_device_stands_on_its_port(seen: dict[str, dict[str, Any]], mac: str, port: str) -> None:
    device = seen[mac]
    attached = [fact["value"] for fact in device["facts"] if fact["name"] == "attached"]
    assert attached == [f"on port {port} of SW-2"]
    assert device["seen"]
    assert device["level"]["lo"] >= 1
    assert f"on port {port} of SW-2" in device["shown"]
    assert device["key"][:8] in device["shown"]


def test_what_each_source_knows_of_a_silent_device_is_told(
    seen: dict[str, dict[str, Any]],
) -> None:
    assert "Siemens" in seen[SILENT]["vendor"]
    assert seen[LISTED]["tag"] == "MTR-1"
    assert seen[ROUTED]["addresses"][0] == "10.7.0.11"
    assert seen[ASKED]["addresses"][0] == "10.7.0.10"
    assert seen[ASKED]["product"] == "M1 web server"
