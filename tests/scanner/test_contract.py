"""The command line held against the tables of `contract.toml`, line by line as it is printed.

`docs/output.schema.json` says more than the contract (and `test_output_schema` holds every line to
it); here the other direction is held: what others build on is there, by name, type and order.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from scanner.cli import COMMANDS, untrap
from tests.inventory.making import SITE, listed
from tests.inventory.outputs import connecting
from tests.inventory.outputs.sample import plant
from tests.inventory.outputs.test_output_schema import CASES, filled

CONTRACT: Mapping[str, Any] = tomllib.loads(
    Path(__file__).with_name("contract.toml").read_text(encoding="utf-8")
)
GROUP = click.Context(untrap, info_name="untrap")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PLAIN: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "truth": (bool,),
}


def command_of(name: str) -> click.Command:
    found = untrap.get_command(GROUP, name)
    assert found is not None, name
    return found


# ------------------------------------------------------------------------- commands and options


def test_every_command_of_the_contract_is_there_and_no_command_is_outside_it() -> None:
    assert set(COMMANDS) == set(CONTRACT["command"])


def test_the_global_options_their_defaults_and_their_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {word: one for one in untrap.params for word in one.opts}
    assert set(CONTRACT["global"]["options"]) <= set(named)
    monkeypatch.chdir(tmp_path)
    register = Path("register.csv")
    register.write_text("Tag,Kind,Address\nD-1,device,127.9.9.9\n", encoding="utf-8")
    ((_, variable),) = CONTRACT["global"]["environment"].items()
    for database, named_by in ((CONTRACT["global"]["defaults"]["--db"], None), ("b.db", "b.db")):
        shell = CliRunner(env={variable: named_by})
        assert shell.invoke(untrap, ["import", "register", str(register)]).exit_code == 0
        assert Path(database).is_file()
        sites = shell.invoke(untrap, ["sites", "--json"]).stdout
        assert json.loads(sites)["site"] == CONTRACT["global"]["defaults"]["--site"]


@pytest.mark.parametrize("name", sorted(CONTRACT["command"]))
def test_a_command_takes_the_options_and_arguments_of_the_contract(name: str) -> None:
    command, wanted = command_of(name), CONTRACT["command"][name]
    assert set(wanted["options"]) <= {word for one in command.params for word in one.opts}
    names = ["-h", "--help"]  # a command keeps the first names of its help that it was told
    context = click.Context(command, info_name=f"untrap {name}", help_option_names=names)
    usage = command.get_usage(context)
    assert " ".join(usage.split()).endswith(f"[OPTIONS] {wanted.get('args', '')}".strip())


@pytest.mark.parametrize("name", ["plan", "scan", "gaps"])
def test_the_choices_of_an_option_are_those_of_the_contract(name: str) -> None:
    for one in command_of(name).params:
        for word in one.opts:
            if word in CONTRACT["choices"]:
                assert isinstance(one.type, click.Choice)
                assert [*one.type.choices] == CONTRACT["choices"][word]
            if word in CONTRACT["choice_defaults"]:
                assert one.default == CONTRACT["choice_defaults"][word]


# ------------------------------------------------------------------------------------ JSON lines


def wrong(value: object, kind: str, at: str) -> Iterator[str]:
    """What of a value is not as the contract says."""
    if kind.endswith("?"):
        if value is not None:
            yield from wrong(value, kind[:-1], at)
    elif kind.startswith("@"):
        yield from short(value, CONTRACT["line"][kind[1:]], at)
    elif kind.startswith("["):
        if not isinstance(value, list):
            yield f"{at}: {value!r} is no list"
            return
        for item in value:
            yield from wrong(item, kind[1:-1], f"{at}[]")
    elif kind.startswith("{"):
        if not isinstance(value, dict):
            yield f"{at}: {value!r} is no map"
            return
        for name, item in value.items():
            yield from wrong(item, kind[1:-1], f"{at}.{name}")
    elif kind.startswith("="):
        if value not in kind[1:].split("|"):
            yield f"{at}: {value!r} is none of {kind[1:]}"
    elif kind == "time":
        if not isinstance(value, str) or not TIME.fullmatch(value):
            yield f"{at}: {value!r} is no time"
    elif kind != "any" and (
        not isinstance(value, PLAIN[kind]) or (isinstance(value, bool) and kind != "truth")
    ):
        yield f"{at}: {value!r} is no {kind}"


def short(value: object, line: Mapping[str, str], at: str) -> Iterator[str]:
    """Keys that a line lacks or that hold something else."""
    if not isinstance(value, dict):
        yield f"{at}: {value!r} is no object"
        return
    for name, kind in line.items():
        if name in value:
            yield from wrong(value[name], kind, f"{at}.{name}")
        else:
            yield f"{at}: no {name!r}"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("contract"), twice=True)


def run(database: Path, *words: str, site: str = SITE) -> Result:
    return CliRunner().invoke(untrap, ["--db", str(database), "--site", site, *words])


def stated() -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Runs whose lines the contract speaks of."""
    for command, cases in CASES.items():
        for words, name in cases:
            if name.partition("|")[0] in CONTRACT["line"]:
                yield command, words, name


@pytest.mark.parametrize(
    ("command", "words", "name"),
    [pytest.param(*one, id=" ".join((one[0], *one[1]))) for one in stated()],
)
def test_every_line_has_the_keys_and_types_of_the_contract(
    database: Path, tmp_path: Path, command: str, words: tuple[str, ...], name: str
) -> None:
    where = connecting.plant(tmp_path) if "--pilot" in words else database
    where = tmp_path / "scan.db" if command == "scan" else where
    site = "default" if "--pilot" in words else SITE
    lines = run(where, command, *filled(database, words), "--json", site=site).stdout.splitlines()
    assert lines
    usual, _, last = name.partition("|")
    for place, text in enumerate(lines, 1):
        kind = last if last and place == len(lines) else usual
        assert list(short(json.loads(text), CONTRACT["line"][kind], kind)) == []


def test_what_is_missing_or_of_another_type_is_told() -> None:
    line = {"lo": None, "hi": True, "blocking": ["a", 1]}
    assert list(short(line, CONTRACT["line"]["level"], "level")) == [
        "level.hi: True is no integer",
        "level.blocking[]: 1 is no text",
    ]
    assert next(short({}, CONTRACT["line"]["amount"], "sent")) == "sent: no 'connections'"
    assert list(wrong("2026-11-29T09:00:00+00:00", "time", "t"))
    assert list(wrong("huge", CONTRACT["line"]["gap"]["severity"], "s"))


# --------------------------------------------------------------------------------------- formats


def test_the_gap_list_has_its_columns_in_order(database: Path, tmp_path: Path) -> None:
    from_output = run(database, "export", "csv").stdout
    assert next(csv.reader(io.StringIO(from_output))) == CONTRACT["order"]["gaps"]
    file = tmp_path / "gaps.csv"
    assert run(database, "export", "csv", "--table", "gaps", "-o", str(file)).exit_code == 0
    written = file.read_text(encoding="utf-8-sig")
    assert [*csv.reader(io.StringIO(written))] == [*csv.reader(io.StringIO(from_output))]


def test_the_workbook_has_its_sheets_and_the_gap_list_in_order(
    database: Path, tmp_path: Path
) -> None:
    file = tmp_path / "book.xlsx"
    assert run(database, "export", "xlsx", "-o", str(file)).exit_code == 0
    book = load_workbook(file, read_only=True)
    assert book.sheetnames == CONTRACT["order"]["sheets"]
    heads = next(book["Gaps"].iter_rows(values_only=True))
    wanted = CONTRACT["order"]["gaps"]
    assert [head for head in heads if head in wanted] == wanted


def test_the_json_document_holds_the_lines_that_the_commands_print(database: Path) -> None:
    document = json.loads(run(database, "export", "json").stdout)
    assert list(document) == CONTRACT["order"]["inventory"]
    assert list(short(document, CONTRACT["line"]["inventory"], "inventory")) == []
    for name in ("assets", "points", "gaps", "questions"):
        printed = set(map(same, map(json.loads, run(database, name, "--json").stdout.splitlines())))
        assert printed, name
        assert printed <= set(map(same, document[name])), name


def same(line: dict[str, Any]) -> str:
    """A line without its command: only what is printed here names this inventory's file."""
    return json.dumps({**line, "command": ""}, sort_keys=True)


def test_the_formats_and_tables_of_the_contract_are_offered(database: Path) -> None:
    offered = run(database, "export", "help").stdout.split()
    assert set(CONTRACT["order"]["formats"]) <= set(offered)
    for name in CONTRACT["order"]["tables"]:
        done = run(database, "export", "csv", "--table", name)
        assert (done.exit_code, bool(done.stdout)) == (0, True), name


# ------------------------------------------------------------------------------------ exit codes
# In this order where several hold: 130 (tests/scanner/test_signals), 5, 2, 4, 3, 1, 0.

REFUSED, CLOSED = "192.0.2.1", "127.9.9.0/24"  # documentation only; refuses every port
BENCH = (REFUSED, "--profile", "bench", "--yes")
DARK = ("127.9.9.9:9/modbus",)


def declared(folder: Path) -> None:
    """An inventory with one gap: a machine without an owner."""
    from inventory.store import Store

    with Store.open(folder / "t.db", "default") as store:
        store.declare([listed(tag="P-1", site="default", class_="pump", criticality="C3")])


def closed_window() -> str:
    now = datetime.now().astimezone() + timedelta(hours=2)
    return f"{now:%H}:00-{now + timedelta(hours=1):%H}:00"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param((*BENCH,), 5, id="5 alone"),
        pytest.param(("--window", "CLOSED", *DARK), 5, id="5 before 3: the window is closed"),
        pytest.param((*BENCH, "--record", "FILE"), 5, id="5 before 2: no place to record to"),
        pytest.param((*BENCH, "--credentials", "absent"), 5, id="5 before 2: a secret is missing"),
        pytest.param((*DARK, "--credentials", "absent"), 2, id="2 before 3: a secret is missing"),
        pytest.param((CLOSED, "--max-time", "1s"), 4, id="4 before 3: nobody answered so far"),
        pytest.param((CLOSED, "--max-time", "1s", "--fail-on", "low"), 4, id="4 before 1"),
        pytest.param(DARK, 3, id="3 alone"),
        pytest.param((*DARK, "--fail-on", "low"), 3, id="3 before 1: there is a gap"),
    ],
)
def test_the_graver_end_of_a_scan_names_the_code(
    tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    declared(tmp_path)
    site = tmp_path / "site.toml"
    absent = '[credentials.absent]\ntype = "snmp-v2c"\nsecret = "env:UNTRAP_ABSENT"\n'
    site.write_text(absent if "absent" in words else "", encoding="utf-8")
    assert "UNTRAP_ABSENT" not in os.environ
    known = {"CLOSED": closed_window(), "FILE": str(tmp_path / "none" / "r.pcapng")}
    given = ["--db", str(tmp_path / "t.db"), "--config", str(site), "scan", "--profile", "gentle"]
    given += [known.get(word, word) for word in words]
    done = CliRunner().invoke(untrap, given)
    assert done.exit_code == code, done.output


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 0),
        (("--fail-on", "critical"), 0),
        (("--fail-on", "info"), 1),
        (("--fail-on-questions",), 1),
        (("--fail-on", "low", "--fail-on-questions"), 1),
        (("--fail-on", "awful"), 2),
    ],
)
def test_gaps_fails_on_what_it_was_told_to(
    database: Path, words: tuple[str, ...], code: int
) -> None:
    assert run(database, "gaps", *words).exit_code == code


def test_open_questions_alone_are_no_failure_and_the_last_line_says_so(tmp_path: Path) -> None:
    from inventory.store import Store

    with Store.open(tmp_path / "t.db", SITE) as store:
        store.declare([listed(tag="P-1", class_="pump", owner="Production")])
    done = run(tmp_path / "t.db", "gaps")
    assert done.exit_code == 0
    assert "question" in (done.stdout + done.stderr).strip().splitlines()[-1]
    assert run(tmp_path / "t.db", "gaps", "--fail-on-questions").exit_code == 1


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"demo", "simulate"}))
def test_a_command_of_no_use_to_click_is_a_usage_error(name: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(untrap, ["--db", str(tmp_path / "t.db"), name, "--no-such-option"])
    assert (done.exit_code, done.stdout) == (2, "")
