"""A first signal in each phase of a scan: the command that is printed then is pasted, and works.

The child signals itself at a statement to its inventory, counted and not timed: so each phase is
met on any machine. Consent, which writes nothing, is met at its question.
"""

from __future__ import annotations

import os
import pty
import shlex
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.scanner.test_resume import PLANT, inventory, rows, sound, words
from tests.support.patience import HUNG_SECONDS
from tests.support.plants import ROOT, Played, Ran, played, untrap

THEIRS, OURS = "127.32.1.", "127.58.1."  # addresses that only these tests listen on
NAMES = ("plc", "cell", "switch")
SCAN = ("--profile", "brisk", "--credentials", "snmp-public")

CHILD = """
import os, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
words, number, name = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sys.argv[1:4] = []
seen = 0

@event.listens_for(Engine, "before_cursor_execute")
def look(connection, cursor, statement, parameters, context, many):
    global seen
    if " ".join(statement.split()).startswith(words):
        before, seen = seen, seen + (len(parameters) if many else 1)
        if before < number <= seen:
            os.kill(os.getpid(), name)

from scanner.start import main
main()
"""
HEARD, FINISHED = 'INSERT INTO "observation"', 'INSERT INTO "visit"'
PHASES = {
    "before the first packet": ('INSERT INTO "scan"', 1),
    "sweep": (HEARD, 1),
    "identify": (HEARD, 4),
    "points": (HEARD, 12),
    "close-down": (FINISHED, len(NAMES)),
    "derive": ("DELETE FROM place", 1),
    "the last word": ("UPDATE scan SET", 2),
}
SIGNALS = (signal.SIGINT, signal.SIGTERM)
OFTEN = ("points", "derive")
"""Looked at in every run of the suite; the other phases by `make soak`."""


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("phases")
    file = folder / "phases.toml"
    parts = PLANT.replace(THEIRS, OURS).split("\n[[device]]")
    parts = [part for part in parts[1:] if any(f'id = "{name}"' in part for name in NAMES)]
    head = '[plant]\nname = "phases"\nsite = "phases"\n'
    file.write_text(head + "".join(f"\n[[device]]{part}" for part in parts), encoding="utf-8")
    with played(file, folder) as here:
        yield here


@pytest.fixture(scope="module")
def whole(plant: Played, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a scan finds when nobody interferes."""
    folder = tmp_path_factory.mktemp("whole")
    targets = plant.folder / "targets.txt"
    ran = untrap(*words(plant, folder / "t.db"), "-iL", targets, *SCAN, cwd=folder)
    assert ran.code == 0, ran.err
    return inventory(plant, folder / "t.db", folder)


def signalled(folder: Path, at: tuple[str, int], name: signal.Signals, *more: str | Path) -> Ran:
    """`untrap`, which signals itself at that statement."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, at[0], str(at[1]), str(int(name)), *map(str, more)],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=HUNG_SECONDS,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def pasted(err: str, folder: Path) -> tuple[str, Ran | None]:
    """The command that was printed last, and how it ran."""
    (line,) = [line for line in err.splitlines() if line.startswith("next: ")]
    command = shlex.split(line.removeprefix("next: "))
    assert command[0] == "untrap"
    return line, untrap(*command[1:], cwd=folder)


@pytest.mark.parametrize(
    "phase",
    [pytest.param(p, marks=() if p in OFTEN else pytest.mark.soak, id=p) for p in PHASES],
)
def test_what_is_printed_after_a_first_signal_goes_on_to_the_same_end(
    phase: str, plant: Played, whole: dict[str, Any], tmp_path: Path
) -> None:
    name = SIGNALS[list(PHASES).index(phase) % 2]
    database, targets = tmp_path / "t.db", plant.folder / "targets.txt"
    ran = signalled(tmp_path, PHASES[phase], name, *words(plant, database), "-iL", targets, *SCAN)
    assert "Traceback" not in ran.err
    assert "ERROR" not in ran.err
    sound(database)
    heard = Counter(how for (how,) in rows(database, "SELECT outcome FROM observation"))
    if phase == "before the first packet":
        assert set(heard) <= {"not_asked"}
    ended = rows(database, "SELECT status FROM scan")
    line, again = pasted(ran.err, tmp_path)
    assert again is not None
    assert again.code == 0, again.err
    assert "Traceback" not in again.err
    if phase == "the last word":  # nothing was left to ask or to conclude
        assert (ran.code, ended) == (0, [("done",)])
        assert "--resume" not in line
    elif phase == "close-down" and "--resume" not in line:  # it had asked and concluded all
        assert (ran.code, ended) == (130, [("done",)])
    else:
        assert (ran.code, ended) == (130, [("interrupted",)])
        assert "scan --resume" in line
        assert "next: " in again.err
    if phase == "derive":
        assert "No conclusions were drawn yet" in ran.out
        assert "0 assets" not in ran.out
    assert rows(database, "SELECT status FROM scan") == [("done",)]
    assert inventory(plant, database, tmp_path) == whole
    sound(database)


def until_it_ends(child: subprocess.Popen[bytes], name: signal.Signals) -> None:
    """Sends a signal, again after half a minute: between the last letter of a question and the read
    behind it, Python remembers one and goes on reading. Whoever sees nothing happen presses again.
    """
    while child.poll() is None:
        child.send_signal(name)
        with suppress(subprocess.TimeoutExpired):
            child.wait(30)


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_at_the_question_leaves_nothing_behind(
    name: signal.Signals, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()  # somebody is there to be asked; nobody answers
    elsewhere = "192.0.2.1"  # RFC 5737; nothing leaves before the answer
    with subprocess.Popen(
        [sys.executable, "-m", "scanner", "--db", tmp_path / "t.db", "scan", elsewhere],
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as child:
        assert child.stderr is not None
        said = b""
        while b"[y/N]" not in said:
            byte = os.read(child.stderr.fileno(), 1)
            assert byte, said
            said += byte
        until_it_ends(child, name)
        err = child.stderr.read()
    os.close(ours)
    os.close(theirs)
    assert b"Traceback" not in err
    assert b"--resume" not in err  # there is nothing to resume
    assert child.returncode == (130 if name is signal.SIGINT else -signal.SIGTERM)
    assert list(tmp_path.iterdir()) == []
