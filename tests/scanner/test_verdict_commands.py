"""Gaps, questions, readiness, waivers, rules and `show`, as commands on a small inventory."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner, Result

from inventory.fixes import Fix
from inventory.model import Declaration, Effort, Kind
from inventory.rules import catalogue
from inventory.store import Store
from protocols.contract import Observation, Outcome, Point
from scanner.cli import untrap
from scanner.commands.gaps import _fix, _told
from tests.inventory.making import SITE, listed, observed, stated
from tests.support.database import sqlite

PLC = {"vendor": "Acme", "product": "PLC 5", "serial": "SN-4711", "firmware": "1"}
VALUES = (7, 900, 31, 4, 5, 88, 12, 3)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A controller with raw registers, a pump without devices, one without links."""
    path = tmp_path / "a.db"
    names = tuple(f"holding:{n}" for n in range(8))
    with Store.open(path, SITE) as store:
        store.append(
            [
                observed("10.0.0.1", PLC),
                observed("10.0.0.1", operation="read", points=names, values=VALUES, at=1,
                         raw=b"\x00\x01\xca\xfe"),
                observed("10.0.0.2", protocol="opcua", operation="hello", port=4840,
                         outcome=Outcome.MUTE),
            ]
        )  # fmt: skip
        store.declare(
            [
                listed(tag="PLC-1", address="10.0.0.1", owner="ops", criticality="C2", area="A"),
                listed(tag="PLC-2", address="10.0.0.2", owner="ops", criticality="C2", area="A"),
                listed(tag="P-1", kind_="equipment", class_="pump", owner="ops", criticality="C3",
                       area="A"),
                listed(tag="P-2", kind_="equipment", class_="pump", owner="ops", criticality="C1",
                       area="A"),
                stated(Kind.LINK, "P-1", equipment="P-1", device="", complete="yes"),
            ]
        )  # fmt: skip
    return path


def run(database: Path, *words: str) -> Result:
    return CliRunner().invoke(untrap, ["--db", str(database), "--site", SITE, *words])


def lines(database: Path, *words: str) -> list[dict[str, object]]:
    done = run(database, *words, "--json")
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def found(database: Path) -> dict[str, dict[str, object]]:
    return {str(row["rule"]): row for row in lines(database, "gaps", "--all")}


def test_gaps_have_the_stable_keys_and_their_proof(database: Path) -> None:
    keys = (
        "id rule version category label asset asset_name site subject severity confidence value "
        "because remedies unlocks criticality_assumed waived"
    )
    rows = lines(database, "gaps")
    assert {str(row["rule"]) for row in rows} == {"T03", "U02", "G01"}
    assert all(set(keys.split()) <= row.keys() and row["because"] for row in rows)


def test_gaps_that_free_data_stand_before_those_of_records(database: Path) -> None:
    rules = [str(row["rule"]) for row in lines(database, "gaps")]
    assert rules[-1] == "G01"


def test_gaps_by_fix_name_each_gap_once(database: Path) -> None:
    fixes = lines(database, "gaps", "--by", "fix")
    named = [gap for fix in fixes for gap in fix["gaps"]]  # type: ignore[attr-defined]
    assert sorted(named) == sorted(str(row["id"]) for row in lines(database, "gaps"))


def test_a_fix_that_is_told_twice_says_how_the_second_differs() -> None:
    one = Fix("secure", "Switch it on", Effort.E0, False, 0.9, ("g1",), ("a",), True)
    several = [one, replace(one, cause="renew"), replace(one, value=0.1, assets=("b",))]
    texts = [_fix(fix, {}, again).split("\n")[0] for fix, again in _told(several)]
    assert texts[0] == texts[1] == "fix E0     Switch it on"
    assert texts[2] == f"{texts[0]} (as above, where it frees less for the same effort)"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 0),
        (("--fail-on", "critical"), 1),
        (("--fail-on", "low"), 1),
        (("--fail-on-questions",), 1),
        (("--fail-on", "huge"), 2),
    ],
)
def test_the_exit_code_of_gaps(database: Path, words: tuple[str, ...], code: int) -> None:
    assert run(database, "gaps", *words).exit_code == code


def test_open_questions_alone_never_look_clean(tmp_path: Path) -> None:
    path = tmp_path / "q.db"
    with Store.open(path, SITE) as store:
        store.append([observed("10.0.0.2", outcome=Outcome.MUTE)])
    done = run(path, "gaps")
    assert done.exit_code == 0
    assert "this is not a clean result" in done.stdout
    assert run(path, "gaps", "--fail-on-questions").exit_code == 1


def test_questions_that_one_step_settles_are_told_once(database: Path) -> None:
    from inventory.model import OpenQuestion
    from scanner.commands.questions import grouped

    asked = [
        OpenQuestion("U01", "a", "M-1", SITE, subject, missing, "link it", "untrap import")
        for subject, missing in (("current", "links"), ("speed", "links"), ("level", "a map"))
    ]
    assert [[one.subject for one in alike] for alike in grouped(asked)] == [
        ["current", "speed"], ["level"],
    ]  # fmt: skip
    rows, text = lines(database, "questions"), run(database, "questions").stdout
    assert 0 < text.count("\n  next   ") <= len(rows)


def test_questions_name_the_missing_premise_and_a_command(database: Path) -> None:
    rows = lines(database, "questions")
    asked = {(row["rule"], row["asset_name"]): row for row in rows}
    assert ("U02", "P-2") in asked
    assert ("N05", "PLC-2") in asked
    assert all(row["missing"] and row["next_step"] for row in rows)
    assert asked["U02", "P-2"]["command"].endswith(" export links -o links.csv")


def waive(database: Path, rule: str, until: str) -> Result:
    name = str(found(database)[rule]["id"])
    return run(database, "waive", name[:10], "--owner", "J. Ito", "--reason", "shut down",
               "--until", until)  # fmt: skip


def day(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def test_a_waiver_makes_the_asset_accepted_and_hides_the_gap(database: Path) -> None:
    assert waive(database, "U02", day(30)).exit_code == 0
    assert "U02" not in {row["rule"] for row in lines(database, "gaps")}
    assert "J. Ito" in str(found(database)["U02"]["waived"])
    (pump,) = [row for row in lines(database, "assets") if row["tag"] == "P-1"]
    assert pump["category"] == "accepted"
    assert run(database, "gaps", "--fail-on", "critical").exit_code == 0


def test_an_expired_waiver_counts_no_more_and_says_so(database: Path) -> None:
    gap = found(database)["U02"]
    fields = {"finding": str(gap["id"]), "owner": "J. Ito", "reason": "x", "expires": day(-1)}
    with Store.open(database, SITE) as store:
        store.declare([Declaration(SITE, Kind.WAIVER, str(gap["id"]), fields, "J. Ito")])
    again = found(database)["U02"]
    assert again["waived"] == ""
    assert "that has passed" in json.dumps(again["because"])


@pytest.mark.parametrize("until", ["tomorrow", "2020-01-01", "2027-13-01"])
def test_a_waiver_needs_a_day_to_come(database: Path, until: str) -> None:
    done = waive(database, "U02", until)
    assert done.exit_code == 2
    assert until in done.output


def test_a_waiver_of_nothing_is_one_clear_line(database: Path) -> None:
    done = run(database, "waive", "ffffffff", "--owner", "a", "--reason", "b", "--until", day(1))
    assert done.exit_code == 2
    assert "no gap has the id 'ffffffff'" in done.output


def test_readiness_rolls_up_by_site_area_and_class(database: Path) -> None:
    rows = lines(database, "readiness")
    scopes = {(row["scope"], row["name"]) for row in rows}
    assert {("site", SITE), ("area", "A"), ("class", "pump")} <= scopes
    site = next(row for row in rows if row["scope"] == "site")
    assert site["c3_dark"] == {"lo": 1, "hi": 1}
    assert set(site) >= {"level4_share", "index", "unrated", "not_asked"}


def test_readiness_is_also_a_table_for_users_of_sql(database: Path) -> None:
    rows = lines(database, "readiness")
    with sqlite(database) as connection:
        stored = {
            (scope, name): json.loads(body)
            for scope, name, body in connection.execute("SELECT scope, name, body FROM readiness")
        }
    assert stored == {(row["scope"], row["name"]): row for row in rows}


def test_signals_are_a_table_and_a_column_of_points(database: Path) -> None:
    with Store.open(database, SITE) as store:
        store.append([observed("10.0.0.3", protocol="opcua", operation="read", port=4840,
                               points=("Motor current",), values=(4.2,))])  # fmt: skip
    points = {str(row["address"]): row for row in lines(database, "points")}
    assert points["Motor current"]["signal"] == "current"
    assert points["Motor current"]["match"] == "name"
    assert points["holding:0"]["signal"] in ("", None)
    with sqlite(database) as connection:
        count = connection.execute("SELECT count(*) FROM signals").fetchone()[0]
    assert count == 1  # a raw register says nothing and has no row


@pytest.mark.parametrize("case", ["predictive-maintenance", "energy-monitoring", "pump-efficiency"])
def test_a_bundled_use_case_answers_for_every_machine_of_its_class(
    database: Path, case: str
) -> None:
    rows = lines(database, "readiness", "--use-case", case)
    assert all(row["verdict"] in ("ready", "blocked", "unknown") for row in rows)
    assert all(row["verdict"] != "ready" for row in rows)


def test_a_use_case_that_is_none_is_one_clear_line(database: Path) -> None:
    done = run(database, "readiness", "--use-case", "mind-reading")
    assert done.exit_code == 2
    assert "mind-reading" in done.output


def test_the_pilot_question_is_asked_of_every_other_site(database: Path) -> None:
    with Store.open(database, "second") as store:
        store.declare([listed(site="second", tag="P-9", kind_="equipment", class_="pump")])
    case = ("--use-case", "predictive-maintenance")
    done = run(database, "readiness", *case, "--pilot", SITE, "--json")
    assert done.exit_code == 0, done.output
    assert {json.loads(line)["site"] for line in done.stdout.splitlines()} >= {"second"}


def test_the_only_site_of_an_inventory_is_meant_where_none_is_named(database: Path) -> None:
    done = CliRunner().invoke(untrap, ["--db", str(database), "gaps", "--json"])
    assert done.exit_code == 0, done.output
    assert {json.loads(line)["site"] for line in done.stdout.splitlines()} == {SITE}
    assert f"site: {SITE}" in done.stderr


@pytest.mark.parametrize("words", [("gaps",), ("--site", "plnat", "report")])
def test_a_site_that_is_not_there_is_no_empty_plant(database: Path, words: tuple[str, ...]) -> None:
    """A mistyped name once gave "nothing is known" and an empty report, and exit code 0."""
    with Store.open(database, "second") as store:
        store.declare([listed(site="second", tag="P-9", kind_="equipment", class_="pump")])
    done = CliRunner().invoke(untrap, ["--db", str(database), *words])
    assert done.exit_code == 2
    assert SITE in done.stderr and "second" in done.stderr


def test_rules_prints_every_rule_with_version_and_text() -> None:
    done = CliRunner().invoke(untrap, ["rules", "--json"])
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] if "id" in row else row["rule"] for row in rows] == list(catalogue())


def test_show_leads_from_the_gap_to_the_observation_to_its_bytes(database: Path) -> None:
    gap = found(database)["T03"]
    shown = run(database, "show", str(gap["id"]))
    assert shown.exit_code == 0
    assert "T03 version" in shown.output
    observations = [b["observation"] for b in gap["because"] if b["observation"]]  # type: ignore[attr-defined]
    dumps = [run(database, "show", name).output for name in observations]
    assert any("00 01 ca fe" in text for text in dumps)


def test_a_reading_command_sends_nothing_and_derives_once(database: Path) -> None:
    first = database.stat().st_mtime_ns if run(database, "gaps").exit_code == 0 else 0
    run(database, "questions")
    assert database.stat().st_mtime_ns == first


def test_show_leads_from_the_gap_to_the_declaration_that_it_rests_on(database: Path) -> None:
    because = found(database)["U02"]["because"]
    assert isinstance(because, list)
    (name,) = {item["declaration"] for item in because if item["declaration"]}
    shown = run(database, "show", name)
    assert shown.exit_code == 0, shown.output
    assert f"declaration {name}" in shown.stdout
    assert "states     complete = yes" in shown.stdout
    assert "by         somebody, register.csv" in shown.stdout
    assert "in force   yes" in shown.stdout
    assert run(database, "show", name[:8].upper()).stdout == shown.stdout
    (told,) = lines(database, "show", name)
    assert (told["kind"], told["subject"], told["in_force"]) == ("link", "P-1", True)
    raw = run(database, "show", name, "--raw", "x.bin")
    assert raw.exit_code == 2
    assert "a declaration has no bytes" in raw.output


def unit(number: int, at: float, outcome: Outcome) -> Observation:
    values = (at,) if outcome is Outcome.COMPLETE else ()
    return observed("10.0.0.3", part=f"unit {number}", operation="read", at=at, outcome=outcome,
                    points=("holding:0",), values=values)  # fmt: skip


def test_what_the_register_states_is_shown_by_the_id_that_a_gap_names(database: Path) -> None:
    """G07 of a device and of a machine, G10, A08 and T06 rest on a row of the register."""
    dead, alive = Outcome.REFUSED_DOWNSTREAM, Outcome.COMPLETE
    with Store.open(database, SITE) as store:
        store.append(
            [
                unit(1, 2, alive),
                unit(3, 3, dead),
                unit(1, 9, alive),
                unit(3, 15, dead),
                observed("10.0.0.4", outcome=Outcome.SILENT),
                observed("10.0.0.5", {"vendor": "Acme", "serial": "S-1000"}),
            ]
        )
        rows = [
            listed(tag="U-3", address="10.0.0.3", unit="3", owner="ops"),
            listed(tag="PLC-4", address="10.0.0.4"),
            listed(tag="PLC-5", address="10.0.0.5", serial="S-2000"),
            listed(tag="P-3", kind_="equipment", class_="pump"),
            stated(Kind.ZONE, "A", name="A", addresses="10.0.0.0/24"),
            stated(Kind.VANTAGE, "here", name="here", zone="A", covers="A"),
        ]
        store.declare(rows)
    known = {one.id: one.subject for one in rows}
    named = {
        (gap["rule"], known.get(premise["declaration"], premise["declaration"]))
        for gap in lines(database, "gaps", "--all")
        for premise in cast("list[dict[str, str]]", gap["because"])
        if "the register" in premise["text"] and premise["outcome"] == "declared"
    }
    assert named >= {("G07", "PLC-4"), ("G07", "P-3"), ("G10", "PLC-5"), ("A08", "PLC-4"),
                     ("T06", "U-3")}  # fmt: skip
    assert {name for _, name in named} <= set(known.values())
    gap = next(one for one in lines(database, "gaps", "--all") if one["rule"] == "T06")
    shown = run(database, "show", str(gap["id"])).stdout
    assert f"    declaration {rows[0].id}  (register.csv)" in shown
    assert "about      U-3" in run(database, "show", rows[0].id).stdout


def test_a_declaration_that_was_withdrawn_is_shown_as_such(database: Path) -> None:
    with Store.open(database, SITE) as store:
        (link,) = store.stated(None, Kind.LINK)
        store.declare([stated(Kind.WITHDRAWN, link.id, kind_="link", subject_="P-1")])
    assert "in force   no: it was withdrawn" in run(database, "show", link.id).stdout
    (told,) = lines(database, "show", link.id)
    assert told["in_force"] is False


def test_points_tell_the_description_that_the_device_gives(database: Path) -> None:
    with Store.open(database, SITE) as store:
        point = Point("1.3.6.1.4.1.9.1", "upsTemp", description="temperature of the battery")
        seen = observed("10.0.0.1", protocol="snmp", operation="walk", port=161, at=2)
        store.append([replace(seen, points=(point,))])
    told = {one["name"]: one["description"] for one in lines(database, "points")}
    assert told["upsTemp"] == "temperature of the battery"


def test_a_value_leads_to_the_answer_that_gave_it_and_an_item_to_its_listing(
    database: Path,
) -> None:
    """Two readings in two scans, and an item that is listed and was never read."""
    names = ("holding:0", "holding:1")
    with Store.open(database, SITE) as store:
        again = observed("10.0.0.1", operation="read", points=("holding:0",), values=(8,), at=60,
                         scan="scan-2", raw=b"\x00\x08")  # fmt: skip
        node = observed("10.0.0.6", protocol="opcua", operation="browse", port=4840,
                        points=names)  # fmt: skip
        store.append([again, node])
        first = next(store.observations(id_prefix=""))
        read = {one.time: one.id for one in store.observations() if one.samples}
    assert first.id not in read.values()
    told = {
        (str(one["asset_name"]), str(one["address"])): (one["value"], one["observation"])
        for one in lines(database, "points")
    }
    assert told["PLC-1", "holding:0"] == (8, again.id)
    assert told["PLC-1", "holding:1"] == (900, read[min(read)])
    assert {one for (name, _), one in told.items() if name != "PLC-1"} == {(None, node.id)}
    shown = run(database, "show", str(told["PLC-1", "holding:0"][1]))
    assert "00 08" in shown.stdout


def test_show_says_what_stands_in_a_clients_way(database: Path) -> None:
    shut = observed("10.0.0.1", operation="session", outcome=Outcome.REFUSED_AUTH, at=2,
                    reason="policy_not_offered")  # fmt: skip
    many = [
        replace(shut, question=replace(shut.question, argument=str(number)), detail=f"why {number}")
        for number in range(14)
    ]
    with Store.open(database, SITE) as store:
        store.append(many)
    shown = run(database, "show", "10.0.0.1").output
    assert "modbus tcp/502 session 0: refused_auth (policy_not_offered): why 0" in shown
    assert "why 12" not in shown
    assert "and 2 more" in shown
    notes = json.loads(run(database, "show", "10.0.0.1", "--json").stdout)["notes"]
    assert [one["text"] for one in notes] == [f"why {number}" for number in range(14)]
    assert notes[0]["service"] == "modbus tcp/502"
    assert run(database, "show", "P-1", "--json").exit_code == 0


def test_show_names_the_server_that_covers_a_device(database: Path) -> None:
    said = {"subject": "PLC-1", "statement": "covered by", "value": "Historian"}
    with Store.open(database, SITE) as store:
        store.declare([Declaration(SITE, Kind.ATTEST, "PLC-1", said, "J. Ito")])
    assert (
        "covered    attested: covered by Historian  (N02)" in run(database, "show", "PLC-1").stdout
    )
    assert "covered " not in run(database, "show", "PLC-2").stdout


def test_show_says_what_a_link_to_nothing_means(database: Path) -> None:
    assert "monitored by nothing, as declared" in run(database, "show", "P-1").stdout
    with Store.open(database, SITE) as store:
        store.declare([stated(Kind.LINK, "P-2", equipment="P-2", device="10.0.0.2")])
    assert "monitored by PLC-2" in run(database, "show", "P-2").stdout


def test_a_unit_that_a_machines_row_names_is_confirmed_as_pasted(database: Path) -> None:
    """The question named the gateway, whose address the unit shares."""
    with Store.open(database, SITE) as store:
        store.append([observed("10.0.0.1", part="unit 4", operation="read", points=("holding:0",),
                               values=(5,), at=2)])  # fmt: skip
        store.declare([listed(tag="Z-4", class_="energy meter", address="10.0.0.1", unit="4")])
    (asked,) = [one for one in lines(database, "questions") if one["asset_name"] == "Z-4"]
    assert "whether 10.0.0.1 unit 4 monitors Z-4" in str(asked["missing"])
    words = shlex.split(str(asked["command"]))
    assert run(database, *words[words.index("set") :]).exit_code == 0
    assert "monitored by 10.0.0.1 unit 4" in run(database, "show", "Z-4").stdout
