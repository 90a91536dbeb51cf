"""What the commands print is what `docs/output.schema.json` says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import update

from inventory.rules import versions
from inventory.store import Store, rulebook, tables
from scanner.cli import untrap
from tests.inventory.making import SITE
from tests.inventory.outputs import connecting
from tests.inventory.outputs.sample import address, plant
from tests.inventory.outputs.schema import errors, unnamed


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield plant(tmp_path_factory.mktemp("plant"), twice=True, hostile=True)


CASES: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "assets": (((), "asset"), (("--kind", "equipment"), "asset")),
    "diff": (((), "difference"),),
    "doctor": (((), "check"),),
    "gaps": (
        ((), "gap"),
        (("--all",), "gap"),
        (("--by", "fix"), "fix"),
        (("--fail-on", "low", "--fail-on-questions"), "gap"),
    ),
    "plan": ((("127.9.9.1-4",), "plan|plan_total"),),
    "points": (((), "point"), (("127.0.0.1",), "point")),
    "probes": (((), "probe"),),
    "questions": (((), "question"), (("--rule", "QUESTION"), "question")),
    "readiness": (
        ((), "roll_up"),
        (("--use-case", "pump-efficiency"), "ready"),
        (("--pilot", "SITE"), "ready"),
    ),
    "rules": (((), "rule"), (("--changes",), "rule_change")),
    "scan": ((("127.0.0.1:9/modbus", "--yes"), "summary"),),
    "scans": (((), "scan"),),
    "show": (
        (("PLC-0",), "asset"),
        (("P-0",), "asset"),
        (("GAP",), "gap"),
        (("DECLARATION",), "declaration"),
        (("OBSERVATION", "--raw", "FILE"), "observation"),
    ),
    "sites": (((), "site"),),
}
"""What is run of each command with `--json`, and what every line must fit (`a|b`: the last line b).
Words in capitals are filled in. A command or an option that is not here fails the first test."""

SAME_SHAPE = {"plan", "scan"}
"""Commands of many options that change what is asked and never what the answer looks like."""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that takes `--json`, from the command line itself."""
    context = click.Context(untrap)
    for name in untrap.list_commands(context):
        command = untrap.get_command(context, name)
        assert command is not None and not isinstance(command, click.Group), name
        if "--json" in flags(command):
            yield name, command


def flags(command: click.Command) -> set[str]:
    """The options of a command."""
    return {flag for one in command.params for flag in one.opts if flag.startswith("--")}


def test_every_command_and_option_with_json_is_tried() -> None:
    found = dict(commands())
    assert set(found) == set(CASES)
    for name, command in found.items():
        tried = {word for words, _ in CASES[name] for word in words}
        missing = flags(command) - tried - {"--json", "--help"}
        assert name in SAME_SHAPE or not missing, (name, missing)


def printed(database: Path, *words: str) -> str:
    done = CliRunner().invoke(untrap, ["--db", str(database), *words])
    assert done.exit_code in (0, 1, 3), done.output
    return done.stdout


def filled(database: Path, words: tuple[str, ...]) -> list[str]:
    with Store.open(database, SITE) as store:
        gap = next(one for one in store.findings() if any(b.observation for b in one.because))
        question = next(iter(store.questions())).rule
        stated = next(store.stated()).id
        proof = next(one.id for one in store.observations(raw=True) if one.raw)
    known = {
        **{"SITE": SITE, "GAP": gap.id, "OBSERVATION": proof, "QUESTION": question},
        "DECLARATION": stated,
        **{"FILE": str(database.parent / "raw.bin"), "127.0.0.1": address(0)},
    }
    return [known.get(word, word) for word in words]


def fits(text: str, name: str) -> None:
    """Every line is valid by its definition, and has no key that the definition does not name."""
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines
    usual, _, last = name.partition("|")
    for place, line in enumerate(lines, 1):
        wanted = last if last and place == len(lines) else usual
        assert errors(line, wanted) == []
        assert unnamed(line, wanted) == []


@pytest.mark.parametrize(
    ("command", "words", "name"),
    [
        pytest.param(command, words, name, id=" ".join((command, *words)))
        for command, cases in CASES.items()
        for words, name in cases
    ],
)
def test_every_line_fits_the_published_schema(
    database: Path, tmp_path: Path, command: str, words: tuple[str, ...], name: str
) -> None:
    if name == "rule_change":
        _older_rules(database)
    where = tmp_path / "scan.db" if command == "scan" else database
    if "--pilot" in words:
        where = connecting.plant(tmp_path)
    site = () if "--pilot" in words else ("--site", SITE)
    fits(printed(where, *site, command, *filled(database, words), "--json"), name)


def _older_rules(database: Path) -> None:
    """Makes the inventory one that older versions of some rules judged."""
    with Store.open(database, SITE) as store:
        now = versions()
        rules = sorted({one.rule for one in store.findings()})[:2]
        rulebook.note(store, {**now, **{name: now[name] - 1 for name in rules}}, ())
        with store.writing() as connection:
            gaps = tables.gaps
            connection.execute(gaps.delete().where(gaps.c.rule == rules[0]))
            worse = update(gaps).where(gaps.c.rule == rules[1]).values(severity="critical")
            connection.execute(worse)
        store.set_stamp(store.derived_stamp().rsplit(" ", 2)[0] + " other-rules 2026-11-22")


def test_the_whole_inventory_fits_the_published_schema(database: Path) -> None:
    whole = json.loads(printed(database, "--site", SITE, "export", "json"))
    assert whole["assets"] and whole["points"] and whole["gaps"] and whole["questions"]
    assert errors(whole, "inventory") == []
    assert unnamed(whole, "inventory") == []


def test_a_scan_whose_conclusions_were_cut_fits_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(_: Store) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scanner.conduct.concluded", cut)
    words = ("--db", str(tmp_path / "t.db"), "scan", f"{address(0)}:9/modbus", "--yes", "--json")
    done = CliRunner().invoke(untrap, words)
    assert done.exit_code == 130
    line = json.loads(done.stdout)
    assert [line[name] for name in ("assets", "gaps", "questions")] == [None, None, None]
    fits(done.stdout, "summary")


def test_the_schema_refuses_what_is_wrong(database: Path) -> None:
    gap = json.loads(printed(database, "--site", SITE, "gaps", "--json").splitlines()[0])
    for name, bad in (("severity", "huge"), ("rule", "x"), ("because", [{}]), ("unlocks", -1)):
        assert errors(gap | {name: bad}, "gap")
    del gap["id"]
    assert errors(gap, "gap") == ["gap: no 'id'"]
