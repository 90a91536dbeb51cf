"""Every command that is printed can be pasted into a shell and means the same inventory."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanner.cli import Settings, untrap
from scanner.program import ours, rebased, word
from tests.inventory.making import SITE
from tests.inventory.outputs.sample import address, plant

NEXT = re.compile(r"(?:next: |^ {9})(untrap (?:.*\\\n)*.*?)(?:   \(|$)", re.M)
HOSTILE = "a b;touch $(id)'\"`x`\\\t\x1b[31m\u202e!*?~#é"


def shell(line: str) -> list[str]:
    """The words that bash makes of a line; an expansion or a command in it would show."""
    script = f'printf "%s\\0" {line}'
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    assert not done.stderr
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program") / HOSTILE
    folder.mkdir()
    return plant(folder, 4, hostile=True, twice=True)


def said(database: Path, *words: str) -> str:
    found = CliRunner().invoke(untrap, ["--db", str(database), "--site", SITE, *words])
    assert found.exit_code in (0, 2), found.output
    return found.output


@pytest.mark.parametrize("text", ["plain", "", "it's", HOSTILE, "\udcff.db", "-x", "…", "a\nb"])
def test_a_word_reaches_the_shell_as_it_is(text: str) -> None:
    assert word(text).isprintable()
    assert shell(word(text)) == [text]


@pytest.mark.parametrize(
    "words",
    [
        *(("assets",), ("points",), ("gaps",), ("gaps", "--json"), ("questions",), ("sites",)),
        *(("scans",), ("diff",), ("rules",), ("probes",), ("doctor",), ("show", address(0))),
        *(("show", "P-2"), ("show", "nothing"), ("points", "nothing"), ("split", address(0))),
        *(("set", address(0), "owner=x"), ("export", "csv", "-o", "{tmp}/gaps.csv")),
        *(("plan", "127.9.0.1"), ("plan",), ("scan", "--resume", "cafe"), ("waive", "x")),
    ],
    ids=" ".join,
)
def test_a_printed_command_names_the_inventory(
    database: Path, words: tuple[str, ...], tmp_path: Path
) -> None:
    filled = [item.replace("{tmp}", str(tmp_path)) for item in words]
    if words[0] == "waive":
        filled += ["--owner", "a", "--reason", "b", "--until", "2999-01-01"]
    text = said(database, *filled)
    lines = [*NEXT.findall(text), *re.findall(r"`(untrap [^`]*`[^`]*`.*?)`(?=[; ]|$)", text)]
    assert lines or "`untrap" in text
    for line in lines:
        found = shell(line)
        assert found[:5] == ["untrap", "--db", str(database), "--site", SITE], line


def test_the_command_of_a_question_names_the_inventory(database: Path) -> None:
    import json

    said = CliRunner().invoke(
        untrap, ["--db", str(database), "--site", SITE, "questions", "--json"]
    )
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    commands = [line["command"] for line in lines if line["command"]]
    assert commands
    for command in commands:
        assert shell(command)[:5] == ["untrap", "--db", str(database), "--site", SITE]


def test_a_foreign_command_cannot_act() -> None:
    assert shell(rebased("untrap scan 10.0.0.5; touch /x $(id)"))[:3] == [
        *("untrap", "scan", "10.0.0.5;")
    ]
    assert rebased("untrap scan 10.0.0.5 --vantage 'the cell'").endswith("--vantage 'the cell'")
    assert shell(rebased("untrap scan it's")) == ["untrap", "scan", "it's"]
    assert rebased("") == ""


def test_what_the_environment_says_is_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ours("gaps", settings=Settings()) == "untrap gaps"
    monkeypatch.setenv("UNTRAP_DB", "other.db")
    assert ours("gaps", settings=Settings()) == "untrap --db untrap.db gaps"
    assert ours("gaps", settings=Settings("other.db")) == "untrap --db other.db gaps"


def test_a_password_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("postgresql://me:hunter2@host/x", "postgresql://host/x?password=hunter2"):
        monkeypatch.delenv("UNTRAP_DB", raising=False)
        line = ours("gaps", settings=Settings(url))
        assert "hunter2" not in line
        assert "--db postgresql://" in line.replace("'", "")
        monkeypatch.setenv("UNTRAP_DB", url)
        assert ours("gaps", settings=Settings(url)) == "untrap gaps"


def given_again(*words: str, given: str = "") -> list[str]:
    """The words of the next line of a plan."""
    found = CliRunner().invoke(untrap, ["plan", *words, "--json"], input=given)
    assert found.exit_code == 0, found.output
    return shell(NEXT.findall(found.stderr)[-1])


def test_a_plan_says_the_whole_scan(tmp_path: Path) -> None:
    targets = ["127.9.0.1", "127.9.0.2", "127.9.1.0/24", "127.9.2.1-9", "127.9.3.1:1502/modbus"]
    listed = tmp_path / "more targets.txt"
    listed.write_text("\ufeff127.9.4.1 # cell 4, ünused\r\n127.9.4.2, 127.9.4.3\r\n", "utf-8")
    options = [
        *("-iL", str(listed), "--exclude", "127.9.0.2", "--exclude", "127.9.1.7,127.9.1.8"),
        *("--depth", "identify", "--probe", "modbus,snmp", "--port", "modbus=1502"),
        *("--profile", "gentle", "--max-rate", "50.0", "--per-host-delay", "0.5"),
        *("--timeout", "2.0", "--retries", "0", "--units", "1-3", "--vantage", "the cell"),
        *("--no-arp", "--fc17", "--yes", "--window", "00:00-23:59", "--max-time", "40m"),
        *("--record", "x.pcapng", "--no-raw", "--fail-on", "high"),
    ]
    assert given_again(*options, *targets) == ["untrap", "scan", *options, *targets]


def test_a_plan_of_targets_from_a_pipe_names_them() -> None:
    found = given_again("-iL", "-", "--exclude", "127.9.0.3", given="127.9.0.1\n127.9.0.2-3\n")
    assert found == [*("untrap", "scan", "--exclude", "127.9.0.3", "127.9.0.1", "127.9.0.2-3")]
    many = "\n".join(f"127.9.1.{number}" for number in range(1, 200))
    assert given_again("-iL", "-", given=many) == ["untrap", "scan", "-iL", "-"]


def test_an_exclusion_list_from_a_pipe_is_not_lost() -> None:
    found = given_again("127.9.0.1-9", "--exclude-file", "-", given="127.9.0.3\n127.9.0.4\n")
    assert found == ["untrap", "scan", "--exclude", "127.9.0.3,127.9.0.4", "127.9.0.1-9"]
