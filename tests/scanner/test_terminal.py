"""What a terminal shows: at most 80 columns, colour there and only there, none under NO_COLOR."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from inventory.store import Store
from scanner.cli import untrap
from tests.inventory.making import SITE
from tests.inventory.outputs.sample import WIDE, address, plant
from tests.support.patience import HUNG_SECONDS

ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
COMMANDS = (
    *(("gaps",), ("gaps", "--by", "fix"), ("gaps", "--all"), ("show", address(0))),
    *(("show", "P-2"), ("readiness",), ("readiness", "--use-case", "predictive-maintenance")),
    *(("assets",), ("questions",), ("diff",), ("points",), ("scans",), ("sites",)),
    *(("plan", "127.77.0.0/28"), ("rules",), ("doctor",), ("probes",), ("export", "help")),
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("terminal"), 10, hostile=True, twice=True)


def piped(database: Path, *words: str) -> str:
    done = CliRunner().invoke(untrap, ["--db", str(database), "--site", SITE, *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def on_a_terminal(database: Path, *words: str, **environment: str) -> str:
    """What the program writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
    run = "from scanner.cli import main; main()"
    child = subprocess.Popen(
        [sys.executable, "-c", run, "--db", str(database), "--site", SITE, *words],
        stdout=theirs, stdin=theirs, stderr=subprocess.DEVNULL,
        env=kept | {"TERM": "xterm-256color"} | environment,
    )  # fmt: skip
    os.close(theirs)
    found = b""
    while True:
        try:
            more = os.read(ours, 65_536)
        except OSError:  # Linux: the last writer has gone
            break
        if not more:
            break
        found += more
    os.close(ours)
    assert child.wait(HUNG_SECONDS) == 0
    return found.decode().replace("\r\n", "\n")


def widest(text: str) -> int:
    """The widest line as a terminal draws it: a Chinese letter takes two columns."""
    return max(map(cell_len, ESCAPE.sub("", text).splitlines()))


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_fits_eighty_columns_without_an_escape(
    database: Path, words: tuple[str, ...]
) -> None:
    said = piped(database, *words)
    assert said
    assert widest(said) <= 80
    assert "\x1b" not in said


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("wide"), 10, names=WIDE, twice=True)


@pytest.mark.parametrize("words", COMMANDS)
def test_wide_letters_and_long_names_fit_too(wide: Path, words: tuple[str, ...]) -> None:
    assert widest(piped(wide, *words)) <= 80


@pytest.mark.parametrize("words", [("gaps",), ("show", "P-2"), ("readiness",)])
def test_wide_letters_fit_on_a_terminal(wide: Path, words: tuple[str, ...]) -> None:
    assert widest(on_a_terminal(wide, *words)) <= 80


@pytest.mark.parametrize("words", [("gaps",), ("show", "P-2"), ("assets",)])
def test_a_terminal_gets_colour_and_the_same_width(database: Path, words: tuple[str, ...]) -> None:
    said = on_a_terminal(database, *words)
    assert ESCAPE.search(said)
    assert widest(said) <= 80


@pytest.mark.parametrize("words", [("gaps",), ("assets",)])
def test_no_color_is_obeyed(database: Path, words: tuple[str, ...]) -> None:
    codes = ESCAPE.findall(on_a_terminal(database, *words, NO_COLOR="1"))
    shown = {int(code) for several in codes for code in several.split(";") if code}
    assert not shown & {*range(30, 50), *range(90, 108)}


def test_the_words_are_the_same_with_and_without_a_terminal(database: Path) -> None:
    told = ESCAPE.sub("", on_a_terminal(database, "gaps"))
    assert told == piped(database, "gaps")


def test_each_gap_is_one_row_of_aligned_columns(database: Path) -> None:
    with Store.open(database, SITE) as store:
        ids = {one.id[:8] for one in store.findings()}
    lines = piped(database, "gaps").splitlines()[:-1]
    heads = [line for line in lines if not line.startswith(" ")]
    assert heads
    for line in lines:
        assert line[:10].strip() or line.startswith(" " * 11), line
        assert line[10] == " " and line[11] != " ", line
    assert sum(f"id {one}" in line for one in ids for line in lines) == len(heads)
