"""Would the pilot work at the other sites? The whole answer, for four sites and the pilot."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inventory.model import Kind
from inventory.store import Store
from protocols.contract import Observation, Outcome, Point, Quality, Sample
from scanner.cli import untrap
from tests.inventory.making import listed, observed, stated

POINTS = {
    "current": Point("ns=2;s=I", "MotorCurrent", unit="AMP", type="Double", access="r"),
    "vibration": Point("ns=2;s=V", "Vibration", unit="C16", type="Double", access="r"),
    "running": Point("ns=2;s=R", "Running", type="Boolean", access="r"),
}


def server(
    site: str, *signals: str, model: str = "Drive 1", status: str = "Good"
) -> list[Observation]:
    """A drive whose OPC UA server lists these signals."""
    who = {"vendor": "Maker", "product": model, "serial": f"SN-{site}", "firmware": "1",
           "role": "drive"}  # fmt: skip
    hello = observed("10.0.0.1", who, protocol="opcua", operation="hello", port=4840, site=site,
                     scan=f"scan-{site}")  # fmt: skip
    points = tuple(POINTS[name] for name in signals)
    samples = tuple(
        Sample(point.address, 3.5 if status == "Good" else None,
               Quality.GOOD if status == "Good" else Quality.BAD, status)
        for point in points
    )  # fmt: skip
    listing = observed("10.0.0.1", protocol="opcua", operation="browse", port=4840, at=1, site=site,
                       scan=f"scan-{site}")  # fmt: skip
    return [hello, replace(listing, points=points, samples=samples)]


def plant(path: Path, site: str, seen: list[Observation], *, entitled: bool = True,
          linked: bool = True) -> None:  # fmt: skip
    """A site with one motor M-1, which the drive monitors."""
    device = "10.0.0.1" if linked else ""
    said = [
        listed(site=site, tag="M-1", kind_="equipment", class_="motor", criticality="C2",
               owner="ops", area="A"),
        listed(site=site, tag="D-1", address="10.0.0.1", owner="ops", criticality="C2", area="A"),
        stated(Kind.LINK, "M-1", site=site, equipment="M-1", device=device, complete="yes"),
    ]  # fmt: skip
    if entitled:
        said.append(stated(Kind.CREDENTIAL, "anonymous", site=site, name="anonymous",
                           entitlement="full"))  # fmt: skip
    with Store.open(path, site) as store:
        store.append(seen)
        store.declare(said)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "sites.db"
    plant(path, "pilot", server("pilot", "current", "vibration", "running"))
    plant(path, "berlin", server("berlin", "current", "vibration", "running", model="Drive 2"))
    plant(path, "lyon", server("lyon", "current", "running"))
    plant(path, "milan", server("milan", "current", "running"), entitled=False)
    plant(path, "oslo", [], linked=False)
    return path


def run(path: Path, *words: str) -> Result:
    done = CliRunner().invoke(untrap, ["--db", str(path), "--site", "pilot", *words])
    assert done.exit_code == 0, done.output
    return done


def test_the_whole_answer_to_the_pilot_question(database: Path) -> None:
    done = run(database, "readiness", "--pilot", "pilot", "--json")
    answers = {one["site"]: one for one in map(json.loads, done.stdout.splitlines())}
    short = {
        site: (
            one["unit"],
            one["verdict"],
            [(item["signal"], item["state"], item["effort"]) for item in one["missing"]],
            one["variants"],
        )
        for site, one in answers.items()
    }
    assert short == {
        "pilot": ("M-1", "ready", [], ["opcua Maker Drive 1"]),
        "berlin": ("M-1", "ready", [], ["opcua Maker Drive 2"]),
        "lyon": ("M-1", "blocked", [("vibration", "absent", "E0")], ["opcua Maker Drive 1"]),
        "milan": ("M-1", "unknown", [("vibration", "unknown", None)], ["opcua Maker Drive 1"]),
        "oslo": ("M-1", "blocked", [("current", "absent", "E2"), ("running", "absent", "E2"),
                                    ("vibration", "absent", "E2")], []),
    }  # fmt: skip
    (unknown,) = answers["milan"]["missing"]
    assert "may see everything" in unknown["text"]
    with Store.open(database, "lyon") as store:
        gaps = {one.id: one for one in store.findings()}
    assert gaps[answers["lyon"]["missing"][0]["gap"]].subject == "vibration|axial_flux"
    assert done.stderr.splitlines()[-12:] == [
        "pilot: 1 ready, 0 blocked, 0 unknown, 0 variants beyond the pilot's",
        "berlin: 1 ready, 0 blocked, 0 unknown, 1 variant beyond the pilot's",
        "lyon: 0 ready, 1 blocked, 0 unknown, 0 variants beyond the pilot's, fixes 1 E0",
        "milan: 0 ready, 0 blocked, 1 unknown, 0 variants beyond the pilot's",
        "oslo: 0 ready, 1 blocked, 0 unknown, variants beyond the pilot's: not known, fixes 1 E2",
        *OVER_ALL,
    ]
    shown = run(database, "readiness", "--pilot", "pilot").stdout
    assert shown.splitlines()[-7:] == OVER_ALL


OVER_ALL = [
    "5. Would it work at ten sites without redesign?  (25% of the sites not known)",
    "  of 4 other sites: works as it is at 1 (berlin), blocked at 2 (lyon, oslo), not known at 1"
    " (milan)",
    "  machines: 1 ready, 2 blocked, 1 unknown",
    "  blocked by: Machine without any digital presence (attested) (1 site, 1 machine);"
    " vibration absent (1 site, 1 machine)",
    "  to be built: 1 variant beyond the pilot's (not known of 1 machine)",
    "  to reach ready: fixes 1 E0, 1 E2",
    "  stays with people: budget, people, bandwidth beyond the plant",
]


def test_a_use_case_is_asked_of_every_site_unless_one_is_named(database: Path) -> None:
    case = ("readiness", "--use-case", "predictive-maintenance")
    done = CliRunner().invoke(untrap, ["--db", str(database), *case, "--json"])
    assert done.exit_code == 0
    sites = [json.loads(line)["site"] for line in done.stdout.splitlines()]
    assert sites == ["berlin", "lyon", "milan", "oslo", "pilot"]
    said = "works as it is at 0, blocked at 4 (berlin, lyon, oslo, pilot), not known at 1 (milan)"
    assert f"of 5 sites: {said}" in done.stderr
    named = run(database, *case, "--json")
    assert [json.loads(line)["site"] for line in named.stdout.splitlines()] == ["pilot"]
    assert "of 1" not in named.stderr


def test_a_pilot_without_another_site_says_how_to_get_one(tmp_path: Path) -> None:
    plant(tmp_path / "one.db", "pilot", server("pilot", "current", "vibration", "running"))
    shown = run(tmp_path / "one.db", "readiness", "--pilot", "pilot").stdout
    assert shown.splitlines()[-1].startswith("  of 0 other sites: scan another one")


def test_the_pilot_names_the_site_and_an_empty_one_is_not_an_answer(database: Path) -> None:
    done = CliRunner().invoke(untrap, ["--db", str(database), "readiness", "--pilot", "pilot"])
    assert done.exit_code == 0  # without --site
    dark = CliRunner().invoke(untrap, ["--db", str(database), "readiness", "--pilot", "oslo"])
    assert dark.exit_code == 2
    assert "--use-case" in dark.stderr


def test_a_site_without_such_a_machine_says_so(database: Path, tmp_path: Path) -> None:
    wanted = tmp_path / "chillers.toml"
    wanted.write_text('[class.chiller]\nsignals = ["power"]\n', "utf-8")
    done = run(database, "readiness", "--use-case", str(wanted), "--pilot", "pilot")
    assert "oslo: no machine that the use case is about" in done.output


def test_a_signal_that_nothing_is_wired_to_makes_no_machine_ready(database: Path) -> None:
    plant(database, "porto", server("porto", "current", "vibration", "running",
                                    status="BadNotConnected"))  # fmt: skip
    done = run(database, "readiness", "--pilot", "pilot", "--json")
    (porto,) = [one for one in map(json.loads, done.stdout.splitlines()) if one["site"] == "porto"]
    assert porto["verdict"] == "blocked"
    assert [item["state"] for item in porto["missing"]] == ["absent"] * 3


@pytest.mark.parametrize(
    ("status", "verdict", "state", "effort"),
    [
        ("BadSensorFailure", "blocked", "failing", "E1"),
        ("BadWaitingForInitialData", "unknown", "unknown", None),
        ("Good", "ready", "", None),
    ],
)
def test_what_gave_no_value_when_it_was_read_makes_no_machine_ready(
    database: Path, status: str, verdict: str, state: str, effort: str | None
) -> None:
    hello, listing = server("porto", "current", "vibration", "running")
    good, vibration, running = listing.samples
    quality = Quality.GOOD if status == "Good" else Quality.BAD
    value = 3.5 if status == "Good" else None
    vibration = replace(vibration, value=value, quality=quality, status=status)
    plant(database, "porto", [hello, replace(listing, samples=(good, vibration, running))])
    done = run(database, "readiness", "--pilot", "pilot", "--json")
    (porto,) = [one for one in map(json.loads, done.stdout.splitlines()) if one["site"] == "porto"]
    assert porto["verdict"] == verdict
    lacks = [(item["signal"], item["state"], item["effort"]) for item in porto["missing"]]
    assert lacks == ([("vibration", state, effort)] if state else [])
    assert all(status in item["text"] for item in porto["missing"])


def test_a_link_to_a_device_that_nobody_has_seen_is_no_absence(database: Path) -> None:
    plant(database, "oslo", [])
    done = run(database, "readiness", "--pilot", "pilot", "--json")
    (oslo,) = [one for one in map(json.loads, done.stdout.splitlines()) if one["site"] == "oslo"]
    assert oslo["verdict"] == "unknown"
    with Store.open(database, "oslo") as store:
        store.declare([stated(Kind.LINK, "M-1", site="oslo", equipment="M-1", device="10.9.9.9",
                              complete="yes")])  # fmt: skip
    done = run(database, "readiness", "--pilot", "pilot", "--json")
    (oslo,) = [one for one in map(json.loads, done.stdout.splitlines()) if one["site"] == "oslo"]
    assert {item["state"] for item in oslo["missing"]} == {"unknown"}
    assert "10.9.9.9" in oslo["missing"][0]["text"]


def registers(site: str) -> list[Observation]:
    """A controller that answers with registers of which nobody knows the meaning."""
    who = {"vendor": "Maker", "product": "PLC 1", "role": "plc"}
    hello = observed("10.0.0.1", who, site=site, scan=f"scan-{site}")
    read = observed("10.0.0.1", protocol="modbus", operation="read", part="", at=1, site=site,
                    scan=f"scan-{site}", points=("holding:0",), values=(7,))  # fmt: skip
    return [hello, read]


def test_what_no_device_hands_out_blocks_the_use_case_by_the_gap_of_the_device(
    database: Path,
) -> None:
    plant(database, "turin", registers("turin"))
    done = run(database, "readiness", "--pilot", "pilot", "--json")
    (turin,) = [one for one in map(json.loads, done.stdout.splitlines()) if one["site"] == "turin"]
    with Store.open(database, "turin") as store:
        (gap,) = [one for one in store.findings() if one.rule == "T03"]
    assert turin["verdict"] == "blocked"
    assert {(item["state"], item["gap"], item["effort"]) for item in turin["missing"]} == {
        ("unreadable", gap.id, "E0")
    }
    shown = run(database, "readiness", "--pilot", "pilot").stdout
    assert "current, running, vibration unreadable" in shown
    assert "fix E0" in shown


def test_what_is_blocked_is_told_by_the_gap_that_says_most(database: Path) -> None:
    """The maker's own protocol, not that SNMP was not asked for want of a community."""
    who = {"vendor": "Maker", "product": "CPU 1", "role": "plc", "serial": "S-1", "firmware": "1"}
    there = {"site": "turin", "scan": "scan-turin"}
    hello = observed("10.0.0.1", who, protocol="s7comm", port=102, **there)
    closed = observed("10.0.0.1", protocol="opcua", operation="hello", port=4840, at=1,
                      outcome=Outcome.CLOSED, **there)  # fmt: skip
    modbus = observed("10.0.0.1", protocol="modbus", operation="identity", port=502, at=2,
                      outcome=Outcome.CLOSED, **there)  # fmt: skip
    snmp = observed("10.0.0.1", protocol="snmp", operation="get", port=161, at=3,
                    outcome=Outcome.NOT_ASKED, **there)  # fmt: skip
    snmp = replace(snmp, reason="no_credential")
    plant(database, "turin", [hello, closed, modbus, snmp])
    done = run(database, "readiness", "--pilot", "pilot", "--json")
    (turin,) = [one for one in map(json.loads, done.stdout.splitlines()) if one["site"] == "turin"]
    assert {item["why"].partition(":")[0] for item in turin["missing"]} == {
        "Proprietary-only controller"
    }


def test_other_devices_that_may_monitor_it_leave_it_unknown(database: Path) -> None:
    plant(database, "turin", registers("turin"))
    with Store.open(database, "turin") as store:
        store.declare([stated(Kind.LINK, "M-1", site="turin", equipment="M-1", device="10.0.0.1",
                              complete="no")])  # fmt: skip
    done = run(database, "readiness", "--pilot", "pilot", "--json")
    (turin,) = [one for one in map(json.loads, done.stdout.splitlines()) if one["site"] == "turin"]
    assert turin["verdict"] == "unknown"


def test_a_part_that_a_machine_has_not_is_not_waited_for(database: Path) -> None:
    with Store.open(database, "milan") as store:
        store.declare([stated(Kind.ATTEST, "M-1", site="milan",
                              statement="not fitted", value="vibration")])  # fmt: skip
    done = run(database, "readiness", "--pilot", "pilot", "--json")
    (milan,) = [one for one in map(json.loads, done.stdout.splitlines()) if one["site"] == "milan"]
    assert milan["verdict"] == "blocked"
    (item,) = milan["missing"]
    assert (item["state"], item["gap"]) == ("absent", None)
    assert "variant without it" in item["text"]


def test_the_report_tells_the_use_cases_of_every_site(database: Path, tmp_path: Path) -> None:
    run(database, "report", "-o", str(tmp_path / "r.html"))
    page = (tmp_path / "r.html").read_text("utf-8")
    table = page.partition('<table class="sites">')[2].partition("</table>")[0]
    rows = re.findall(r'<th scope="row">(\w+)</th><td>([^<]*)', table)
    assert [site for site, _ in rows] == ["pilot", "berlin", "lyon", "milan", "oslo"]
    total = table.partition('<th scope="row">Sites in all</th>')[2]
    assert re.findall(r"<td>([^<]*)</td>", total) == [
        "4 work as they are, 1 blocked, 0 not known",  # energy: current and running
        "0 work as they are, 4 blocked, 1 not known",  # maintenance: no temperature anywhere
    ]
    assert len({share for _, share in rows}) > 1
    run(database, "report", "-o", str(tmp_path / "s.html"), "--redact")
    hidden = (tmp_path / "s.html").read_text("utf-8")
    assert '<table class="sites">' in hidden
    assert not any(site in hidden for site in ("berlin", "lyon", "milan", "oslo"))


def test_the_report_of_an_only_site_has_no_table_of_sites(tmp_path: Path) -> None:
    path = tmp_path / "one.db"
    plant(path, "pilot", server("pilot", "current", "vibration", "running"))
    run(path, "report", "-o", str(tmp_path / "r.html"))
    assert '<table class="sites">' not in (tmp_path / "r.html").read_text("utf-8")


def test_show_names_the_signals_and_asks_once_what_one_step_settles(database: Path) -> None:
    shown = CliRunner().invoke(untrap, ["--db", str(database), "--site", "lyon", "show", "M-1"])
    plain = " ".join(shown.stdout.split())
    assert "Required signal missing (not exposed) [vibration|axial_flux]" in plain
    asked = CliRunner().invoke(untrap, ["--db", str(database), "--site", "milan", "show", "M-1"])
    assert asked.stdout.count("\nunknown") == 2  # the signals (U01), and their share (U05)
    assert "vibration|axial_flux" in " ".join(asked.stdout.split())
