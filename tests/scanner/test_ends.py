"""How the program ends: one line for a mistake, no traceback for a stream that is lost."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanner import ends
from scanner.cli import COMMANDS, untrap
from tests.inventory.making import SITE
from tests.inventory.outputs.sample import address, plant

FULL = Path("/dev/full")
ROOT = Path(__file__).resolve().parents[2]
PRINTING = [
    *(("gaps", "--json"), ("export", "csv"), ("show", address(0)), ("simulate", "--list")),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("ends"), 10, twice=True)


class Ended:
    """What a child left."""

    def __init__(self, done: subprocess.CompletedProcess[bytes]) -> None:
        self.code, self.out = done.returncode, done.stdout
        self.err = done.stderr.decode()
        assert "Traceback" not in self.err
        assert "Exception ignored" not in self.err


def child(database: Path, words: tuple[str, ...], shell: str = "", **environment: str) -> Ended:
    """`untrap` as a child of a shell that sets its streams up; stderr and the exit code."""
    line = [sys.executable, "-m", "scanner", "--db", str(database), "--site", SITE, *words]
    done = subprocess.run(
        ["bash", "-c", f'"$@" {shell}', "sh", *line],
        cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
        capture_output=True, check=False,
    )  # fmt: skip
    return Ended(done)


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_stdout_is_one_line(
    database: Path, words: tuple[str, ...], unbuffered: str
) -> None:
    found = child(database, words, ">/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert found.code == 2
    assert [x for x in found.err.splitlines() if x.startswith("Error: ")] == [
        "Error: standard output: No space left on device; the output is not whole"
    ]


@pytest.mark.parametrize("words", [PRINTING[0], PRINTING[1]], ids=" ".join)
def test_a_reader_that_left_ends_it_quietly(database: Path, words: tuple[str, ...]) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "--db", str(database), "--site", SITE, *words],
        cwd=ROOT, stdout=theirs, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(theirs)
    assert done.returncode == -signal.SIGPIPE  # 141 in a shell, as `yes | head -1`
    assert b"Error" not in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_closed_stdout_is_no_place_for_a_database(database: Path) -> None:
    found = child(database, ("assets",), ">&-")
    assert (found.code, found.err.count("it is closed")) == (2, 1)
    asked = ("scan", "127.0.0.1:1/modbus", "--profile", "bench")
    assert child(database, asked, "2>&-").code == 3  # progress has nowhere to go, the scan goes on
    assert child(database, ("assets",), "<&-").code == 0
    assert database.read_bytes()[:15] == b"SQLite format 3"


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_remark_that_nobody_can_read_ends_nothing(database: Path) -> None:
    found = child(database, ("assets",), "2>/dev/full")
    assert found.code == 0
    assert found.out


@pytest.mark.parametrize("encoding", ["ascii", "cp437"])
def test_an_old_terminal_shows_every_command(database: Path, encoding: str) -> None:
    found = child(database, ("gaps", "--all"), PYTHONIOENCODING=encoding)
    assert found.code == 0
    assert found.out.decode(encoding)


def test_what_an_encoding_lacks_is_shown_in_signs_that_it_has() -> None:
    assert ends.encodable("a → b… é", "ascii") == "a -> b... \\xe9"
    assert ends.encodable("a → b… é", "latin-1") == "a -> b... é"
    stream = ends.Stdout(io.BytesIO(), encoding="ascii")
    stream.write("→\n")
    stream.seek(0)
    assert stream.read() == "->\n"


def mistaken(*words: str) -> str:
    """What is said of a mistake; exit code 2."""
    found = CliRunner().invoke(untrap, ["--db", "nowhere/t.db", *words])
    assert found.exit_code == 2, found.output
    assert found.stdout == ""
    return found.stderr


@pytest.mark.parametrize(
    ("words", "bad", "good"),
    [
        (("scam",), "scam", "scan"),
        (("--db",), "--db", "untrap"),
        (("--config", "nowhere.toml", "gaps"), "nowhere.toml", "does not exist"),
        (("show",), "ASSET", "untrap show 127.11.1.1"),
        (("waive", "1a2b3c4d"), "--owner", "--until 2027"),
        (("plan", "127.0.0.1", "--untis", "3"), "--untis", "--units"),
        (("plan", "127.0.0.1", "--zzz"), "--zzz", "untrap plan 127.20.1.0/24"),
        (("plan", "127.0.0.1", "--timeout", "long"), "long", "untrap plan"),
        (("gaps", "extra"), "extra", "untrap gaps"),
        (("gaps", "--fail-on", "awful"), "awful", "medium"),
        (("import", "registre", "a.csv"), "registre", "register"),
        (("diff", "a", "b", "c"), "c", "untrap diff"),
    ],
)
def test_a_mistake_is_one_line_with_a_good_value(
    words: tuple[str, ...], bad: str, good: str
) -> None:
    said = mistaken(*words)
    assert said.startswith("Error: ")
    assert said.count("\n") == 1
    assert bad in said
    assert good in said


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_an_unknown_option_of_every_command_is_one_line(name: str) -> None:
    said = mistaken(name, "--no-such-option")
    assert said.count("\n") == 1
    assert "--no-such-option" in said
    assert "As in `untrap" in said or "Did you mean" in said


def test_what_a_person_typed_cannot_act_on_the_terminal() -> None:
    assert "\x1b" not in mistaken("show\x1b[31m")
    assert mistaken("rules", "T\n01\x1b").count("\n") == 1


def test_control_c_is_told_by_its_exit_code(database: Path) -> None:
    program = (  # in the background of a shell that has no jobs, Ctrl-C is ignored
        "import os, signal, scanner.opening as opening\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "opening.site_name = lambda settings: os.kill(os.getpid(), signal.SIGINT)\n"
        "from scanner.cli import main; main()"
    )
    line = [sys.executable, "-c", program, "--db", str(database), "assets"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "interrupted")


@pytest.mark.parametrize("module", ["click", "scanner.ends", "scanner.commands.plan", "asyncio"])
def test_control_c_while_modules_are_imported_is_one_line(module: str, tmp_path: Path) -> None:
    """Sent by an import hook, at the moment when `module` is looked for."""
    program = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Hook:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Hook())\n"
        "import runpy; runpy.run_module('scanner', run_name='__main__', alter_sys=True)\n"
    )
    line = [sys.executable, "-c", program, "plan", "127.0.0.1"]
    done = subprocess.run(
        line, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "interrupted")
    assert not list(tmp_path.iterdir())
