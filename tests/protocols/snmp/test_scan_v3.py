"""A whole scan of agents that speak SNMPv3 only: `untrap scan` on the production wire."""

from __future__ import annotations

from pathlib import Path

from scanner.health import raw_rights
from tests.support.database import sqlite
from tests.support.plants import played, untrap

AUTH, PRIVATE, WRONG = "Northfield-Auth-9", "Northfield-Priv-9", "Northfield-Else-9"
DESCRIPTION = (
    "Siemens, SIMATIC NET, SCALANCE S615, 6GK5 615-0AA00-2AA2, HW: Version 3, FW: Version V07.02.02"
)
AGENT = """
[[device]]
id = "{id}"
address = "{address}"
mac = "20:87:56:31:09:{last}"
vendor = "Siemens"
product = "SCALANCE S615"
model = "6GK5615-0AA00-2AA2"
firmware = "V07.02.02"
serial = "VPL00000{last}"
name = "{id}"
[[device.service]]
protocol = "snmp"
[device.service.options]
versions = ["v3"]
enterprise = 4329
object_id = "1.3.6.1.4.1.4329.6.1.2.1.1.41"
boots = 19
description = "{description}, VPL00000{last}"
interfaces = [{{ name = "vlan1" }}, {{ name = "vlan2" }}]
[[device.service.options.users]]
name = "ot-monitor"
auth = "SHA"
auth_secret = "{secret}"
privacy = "AES-128"
privacy_secret = "Northfield-Priv-9"
"""


def agent(name: str, last: str, secret: str) -> str:
    """The lines of one device."""
    address = f"127.31.9.{last}"
    return AGENT.format(id=name, address=address, last=last, secret=secret, description=DESCRIPTION)


PLANT = (
    """
[plant]
name = "secured"
site = "secured"

[site.credentials.ot-monitor]
type = "snmp-v3"
user = "ot-monitor"
auth = "SHA"
privacy = "AES-128"
secret_value = "Northfield-Auth-9"
privacy_secret_value = "Northfield-Priv-9"
entitlement = "full"
"""
    + agent("cell-router", "13", AUTH)
    + agent("locked-router", "14", WRONG)
)


def test_a_scan_identifies_secured_agents_and_tells_refusals(tmp_path: Path) -> None:
    file = tmp_path / "secured.toml"
    file.write_text(PLANT, "utf-8")
    database, record = tmp_path / "t.db", tmp_path / ("t.pcapng" if raw_rights() else "t.jsonl")
    with played(file, tmp_path) as here:
        words: list[str | Path] = ["--db", database, "--config", here.config, "scan"]
        words += [*here.targets, "--probe", "snmp", "--depth", "points", "--profile", "brisk"]
        ran = untrap(*words, "--record", record, "--yes", cwd=tmp_path)
        witness = here.witness()
    assert ran.code == 0, ran.err
    assert witness["total"]["forbidden"] == 0
    with sqlite(database) as store:
        asked = store.execute(
            "select address, operation, argument, outcome, reason, credential from observation"
            " order by address, sequence"
        ).fetchall()
    store.close()
    assert [row[1:] for row in asked if row[0] == "127.31.9.13"][:2] == [
        ("discover", "v3 engine", "complete", "", ""),
        ("get", "system", "complete", "", "ot-monitor"),
    ]
    assert [row[1:] for row in asked if row[0] == "127.31.9.14"] == [
        ("discover", "v3 engine", "complete", "", ""),
        ("get", "system", "refused_auth", "user_rejected", "ot-monitor"),
    ]
    shown = untrap(
        "--db", database, "--config", here.config, "show", "127.31.9.13", cwd=tmp_path
    ).out
    for said in ("VPL0000013", "6GK5 615-0AA00-2AA2", "V07.02.02"):
        assert said in shown
    spoken = ran.out + ran.err + shown
    stored = database.read_bytes() + record.read_bytes()
    for secret in (AUTH, PRIVATE):
        assert secret not in spoken
        assert secret.encode() not in stored
    assert b"SCALANCE" not in record.read_bytes()  # what left and came was ciphertext
