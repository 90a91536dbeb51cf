"""The plain data commands: what they print, what they refuse, how they end."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inventory.store import Store
from protocols.contract import digest
from scanner.cli import untrap
from tests.inventory.making import SITE, observed

RAW = b"\x00\x01\x1b[31mhello"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """An inventory with two devices, one of them hostile, and a unit behind a gateway."""
    path = tmp_path / "a.db"
    evil = {"vendor": "=cmd()", "name": "\x1b[31mred\u202e", "product": "<script>"}
    plc = {"vendor": "Acme", "serial": "SN-4711", "product": "PLC"}
    first = observed("10.0.0.1", plc, points=("holding:1",), values=(2**60,), raw=RAW)
    with Store.open(path, SITE) as store:
        store.append(
            [
                first,
                observed("10.0.0.2", evil),
                observed("10.0.0.5", {"vendor": "Gate"}, part="unit 255"),
                observed("10.0.0.5", {"vendor": "Meter"}, part="unit 3"),
                replace(first, target=replace(first.target, site="other")),
            ]
        )
    return path


def run(database: Path, *words: str) -> Result:
    return CliRunner().invoke(untrap, ["--db", str(database), "--site", SITE, *words])


def test_assets_as_json_lines_have_the_stable_keys(database: Path) -> None:
    done = run(database, "assets", "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    keys = (
        "key kind site name role vendor product model firmware hardware serial mac addresses "
        "aliases parent part services points readable level coverage category criticality "
        "first_seen last_seen facts"
    )
    assert all(set(keys.split()) <= one.keys() for one in found)
    assert [one["addresses"][0] for one in found] == [
        "10.0.0.1",
        "10.0.0.2",
        "10.0.0.5",
        "10.0.0.5",
    ]
    assert found[3]["parent"] == found[2]["key"]
    assert found[0]["first_seen"] == "2026-05-04T08:00:00.000Z"


@pytest.mark.parametrize(
    "words", [("assets",), ("show", "10.0.0.2"), ("export", "csv", "--table", "assets")]
)
def test_hostile_names_are_inert(database: Path, words: tuple[str, ...]) -> None:
    done = run(database, *words)
    assert done.exit_code == 0
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


def test_exported_cells_are_no_formulas(database: Path) -> None:
    done = run(database, "export", "csv", "--table", "assets")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert "'=cmd()" in {row["Vendor"] for row in rows}


def test_points_give_large_integers_as_text(database: Path) -> None:
    (line,) = run(database, "points", "10.0.0.1", "--json").stdout.splitlines()
    assert json.loads(line)["value"] == str(2**60)


@pytest.mark.parametrize("text", ["10.0.0.1", "SN-4711", "sn-4711"])
def test_show_finds_an_asset_by_what_people_call_it(database: Path, text: str) -> None:
    done = run(database, "show", text)
    assert done.exit_code == 0
    assert "serial     SN-4711" in done.stdout


def test_show_leads_to_the_raw_bytes(database: Path, tmp_path: Path) -> None:
    with Store.open(database, SITE) as store:
        name = next(one.id for one in store.observations() if one.digest == digest(RAW))
    done = run(database, "show", name, "--raw", str(tmp_path / "raw"))
    assert "00 01 1b 5b" in done.stdout
    assert (tmp_path / "raw").read_bytes() == RAW


def test_unknown_asset_is_one_clear_error(database: Path) -> None:
    done = run(database, "show", "nobody")
    assert done.exit_code == 2
    assert "no asset, gap, declaration or observation 'nobody'" in done.stderr


def test_several_matches_are_listed(database: Path) -> None:
    run(database, "set", "10.0.0.1", "name=twin")
    run(database, "set", "10.0.0.2", "name=twin")
    done = run(database, "show", "twin")
    assert done.exit_code == 2
    assert "2 assets match" in done.stderr


def test_set_merge_and_split_are_kept_and_undone(database: Path) -> None:
    assert run(database, "set", "10.0.0.1", "owner=A. Weber", "name=Filler").exit_code == 0
    assert run(database, "merge", "10.0.0.1", "10.0.0.2").exit_code == 0
    assert len(run(database, "assets", "--json").stdout.splitlines()) == 3
    assert run(database, "split", "Filler").exit_code == 0
    found = [json.loads(line) for line in run(database, "assets", "--json").stdout.splitlines()]
    assert len(found) == 4
    assert found[0]["name"] == "Filler"


def test_setting_a_field_back_counts_again(database: Path) -> None:
    for name in ("one", "two", "one"):
        run(database, "set", "10.0.0.1", f"name={name}")
    assert json.loads(run(database, "assets", "--json").stdout.splitlines()[0])["name"] == "one"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "10.0.0.1", "colour=red"), "colour=red"),
        (("set", "10.0.0.1", "criticality=9"), "C1"),
        (("export", "xslx"), "csv"),
        (("export", "csv", "--table", "nope"), "gaps"),
        (("import", "register", "nofile.csv"), "nofile.csv"),
        (("merge", "10.0.0.1", "10.0.0.1"), "one asset already"),
        (("split", "10.0.0.1"), "not merged"),
    ],
)
def test_wrong_use_names_the_bad_value(database: Path, words: tuple[str, ...], said: str) -> None:
    done = run(database, *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output


def test_json_export_is_one_document(database: Path) -> None:
    document = json.loads(run(database, "export", "json").stdout)
    assert list(document) == ["format", "version", "site", "assets", "points", "gaps", "questions"]
    assert len(document["assets"]) == 4


def test_wrong_register_writes_nothing(database: Path, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("Tag,Address\nA,10.0.0.9\nA,10.0.0.8\n", encoding="utf-8")
    new = tmp_path / "new.db"
    done = run(new, "import", "register", str(tmp_path / "r.csv"))
    assert (done.exit_code, new.exists()) == (2, False)
    assert "line 3" in done.stderr


def test_plain_tables_fit_eighty_columns(database: Path) -> None:
    for words in (("assets",), ("points",), ("sites",), ("scans",)):
        assert all(len(line) <= 80 for line in run(database, *words).stdout.splitlines())


def test_another_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_bytes(b"something else")
    done = run(tmp_path / "bad.db", "assets")
    assert done.exit_code == 2
    assert "not an untrap database" in done.stderr


def test_bytes_are_those_of_an_observation_and_of_nothing_else(
    database: Path, tmp_path: Path
) -> None:
    file = tmp_path / "raw.bin"
    first = json.loads(run(database, "gaps", "--all", "--json").stdout.splitlines()[0])
    for what in ("10.0.0.1", first["id"]):
        done = run(database, "show", what, "--raw", str(file))
        assert done.exit_code == 2
        assert "name an observation" in done.stderr
    assert not file.exists()


def test_what_names_no_site_goes_to_the_only_one(tmp_path: Path) -> None:
    """A walk-down sheet went to a site `default` that no list showed beside the only real one."""
    register, sheet = tmp_path / "r.csv", tmp_path / "a.csv"
    register.write_text("Tag,Class\nP-1,pump\n", "utf-8")
    sheet.write_text("Subject,Statement,Value\nP-1,monitored by,none\n", "utf-8")
    base = ["--db", str(tmp_path / "t.db")]
    runner = CliRunner()
    assert (
        runner.invoke(
            untrap, [*base, "--site", "north", "import", "register", str(register)]
        ).exit_code
        == 0
    )
    done = runner.invoke(untrap, [*base, "import", "attest", str(sheet)])
    assert "site: north (the only one in this inventory)" in done.stderr
    with Store.open(tmp_path / "t.db", "north") as store:
        assert store.sites() == ["north"]
    runner.invoke(untrap, [*base, "--site", "south", "import", "register", str(register)])
    refused = runner.invoke(untrap, [*base, "import", "attest", str(sheet)])
    assert refused.exit_code == 2
    assert "it holds 'north', 'south': name one with --site" in refused.stderr


def test_a_word_about_nobody_is_kept_and_told_and_one_of_tomorrow_refused(tmp_path: Path) -> None:
    register, sheet = tmp_path / "r.csv", tmp_path / "a.csv"
    register.write_text("Tag,Class\nP-1,pump\n", "utf-8")
    base = ["--db", str(tmp_path / "t.db"), "import"]
    runner = CliRunner()
    runner.invoke(untrap, [*base, "register", str(register)])
    head = "Subject,Statement,Value,Date\n"
    sheet.write_text(f"{head}p-1,monitored by,none,2026-05-04\nP-9,safety,yes,\n", "utf-8")
    done = runner.invoke(untrap, [*base, "attest", str(sheet)])
    assert done.exit_code == 0
    assert "nothing is called so here yet, and the word is kept for when it is: P-9" in done.stderr
    assert "P-1" not in done.stderr.partition("nothing is called")[2]
    sheet.write_text(f"{head}P-1,safety,yes,2999-01-01\n", "utf-8")
    refused = runner.invoke(untrap, [*base, "attest", str(sheet)])
    assert refused.exit_code == 2
    assert "'2999-01-01' lies ahead" in refused.stderr


def test_the_encoding_of_a_list_is_shown_and_can_be_named(tmp_path: Path) -> None:
    register = tmp_path / "r.csv"
    register.write_bytes("Tag;Name\nP-1;\u041d\u0430\u0441\u043e\u0441\n".encode("cp1251"))
    new = tmp_path / "new.db"
    guessed = run(new, "import", "register", str(register), "--dry-run")
    assert "Windows-1251, a guess by its letters" in " ".join(guessed.stderr.split())
    named = run(new, "import", "register", str(register), "--encoding", "cp1251")
    assert (named.exit_code, "CSV, delimiter ;, cp1251" in named.stderr) == (0, True)
    wrong = run(new, "import", "register", str(register), "--encoding", "klingon")
    assert (wrong.exit_code, "no encoding 'klingon'" in wrong.stderr) == (2, True)
    other = run(new, "import", "nmap", str(register), "--encoding", "utf-8")
    assert (other.exit_code, "--encoding is for lists" in other.stderr) == (2, True)
