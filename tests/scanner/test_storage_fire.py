"""Trouble with the inventory file: one clear line, exit code 2, nothing lost, sending stops."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scanner.test_demo import PLANT as TINY
from tests.scanner.test_resume import PLANT, functions, sound, stored, words
from tests.support.database import sqlite
from tests.support.patience import HUNG_SECONDS
from tests.support.plants import ROOT, Played, Ran, played, started, untrap
from tests.support.rights import ordinary, unshared

SCAN = ("--profile", "brisk")


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("fire")
    file = folder / "fire.toml"
    file.write_text(PLANT.replace("127.32.1", "127.33.1"), encoding="utf-8")
    with played(file, folder) as here:
        yield here


def shell(*command: str, cwd: Path) -> Ran:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=HUNG_SECONDS,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def humbly(*more: str | Path, cwd: Path) -> Ran:
    """`untrap` with the rights of an ordinary user."""
    return shell(*ordinary(), sys.executable, "-m", "scanner", *map(str, more), cwd=cwd)


def one_line(ran: Ran, *said: str) -> None:
    """Refused before anything was sent: exit code 2 and one line that names the trouble."""
    assert ran.code == 2, (ran.code, ran.err)
    assert "Traceback" not in ran.err
    (line,) = [text for text in ran.err.splitlines() if text.startswith("Error")]
    for word in said:
        assert word in line, line


def asked(here: Played) -> int:
    return sum(sum(one.values()) for one in functions(here).values())


def refuse(here: Played, database: Path, *said: str) -> None:
    before = asked(here)
    ran = humbly(*words(here, database), "-iL", here.folder / "targets.txt", *SCAN, cwd=here.folder)
    one_line(ran, *said)
    assert asked(here) == before


@pytest.fixture(scope="module")
def scanned(plant: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inventory that is well."""
    database = tmp_path_factory.mktemp("scanned") / "t.db"
    ran = untrap(*words(plant, database), "127.33.1.10", *SCAN, cwd=database.parent)
    assert ran.code == 0, ran.err
    return database


@pytest.fixture
def own(scanned: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "own" / "t.db"
    copy.parent.mkdir()
    with sqlite(scanned) as old, sqlite(copy) as new:
        old.backup(new)
    return copy


def test_a_file_that_is_no_database(plant: Played, tmp_path: Path) -> None:
    database = tmp_path / "notes.db"
    database.write_text("shopping list" * 100, encoding="utf-8")
    refuse(plant, database, "notes.db", "not an untrap database", "--db")
    assert database.read_text(encoding="utf-8").startswith("shopping")


def test_somebody_elses_database(plant: Played, tmp_path: Path) -> None:
    database = tmp_path / "other.db"
    with sqlite(database) as connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")
    refuse(plant, database, "not an untrap database")


def test_a_database_from_a_newer_version(plant: Played, own: Path) -> None:
    with sqlite(own) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_later'")
    refuse(plant, own, "newer untrap", "9999_later")
    with sqlite(own) as connection:
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert found == "9999_later"


def test_a_read_only_file(plant: Played, own: Path) -> None:
    own.chmod(0o400)
    refuse(plant, own, "is read-only", "--db")


def test_a_file_in_a_read_only_folder(plant: Played, own: Path) -> None:
    own.parent.chmod(0o500)
    try:
        refuse(plant, own, "t.db")
    finally:
        own.parent.chmod(0o700)
    sound(own)


def test_a_new_file_in_a_folder_without_permission(plant: Played, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir(mode=0o500)
    refuse(plant, folder / "t.db", "permission", "--db")


def test_a_folder_that_is_not_there(plant: Played, tmp_path: Path) -> None:
    refuse(plant, tmp_path / "nowhere" / "t.db", "folder does not exist")


def test_a_folder_instead_of_a_file(plant: Played, tmp_path: Path) -> None:
    refuse(plant, tmp_path, "is a folder")


def test_a_file_that_another_program_has_locked(plant: Played, own: Path) -> None:
    with sqlite(own) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        refuse(plant, own, "locked by another program")
        holder.rollback()
    sound(own)


def test_a_second_scan_of_the_same_site(plant: Played, tmp_path: Path) -> None:
    database = tmp_path / "t.db"
    targets = plant.folder / "targets.txt"
    first = started((*words(plant, database), "-iL", targets, "--profile", "gentle"), tmp_path)
    try:
        wait_for(database, 2)
        ran = untrap(*words(plant, database), "127.33.1.10", *SCAN, cwd=tmp_path)
        one_line(ran, "another scan of site", str(first.pid), "--site")
    finally:
        first.terminate()
        first.communicate(timeout=HUNG_SECONDS)
    assert first.returncode == 130  # and the first one was not disturbed


def wait_for(database: Path, count: int) -> None:
    deadline = time.monotonic() + HUNG_SECONDS
    while stored(database) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_lock_taken_during_the_scan_stops_the_sending(plant: Played, tmp_path: Path) -> None:
    database = tmp_path / "t.db"
    targets = plant.folder / "targets.txt"
    child = started((*words(plant, database), "-iL", targets, "--profile", "gentle"), tmp_path)
    wait_for(database, 8)
    with sqlite(database, autocommit=True, timeout=HUNG_SECONDS) as holder:
        holder.execute("BEGIN IMMEDIATE")
        before = asked(plant)
        kept = stored(database)
        out, err = child.communicate(timeout=HUNG_SECONDS)
        after = asked(plant)
        holder.rollback()
    assert child.returncode == 2, err
    assert "Traceback" not in err
    assert "locked by another program" in out + err
    assert "scan --resume" in err
    # One request that was under way, and what closes a session, for each of the five hosts.
    assert after - before <= 5 * 4
    assert stored(database) >= kept
    sound(database)
    ran = untrap(*words(plant, database), "--resume", "--yes", cwd=tmp_path)
    assert ran.code == 0, ran.err


def test_a_reader_beside_the_scan_costs_nothing_that_was_acknowledged(
    plant: Played, tmp_path: Path
) -> None:
    """Somebody looks again and again, with a tool that opens the file for writing too; then the
    scan is killed. What the reader saw is there, and a resume ends it."""
    database = tmp_path / "t.db"
    targets = plant.folder / "targets.txt"
    child = started((*words(plant, database), "-iL", targets, *SCAN), tmp_path)
    wait_for(database, 2)
    seen, runs = 0, True
    while seen < 20 and runs:
        runs = child.poll() is None
        with sqlite(database) as connection:  # opened, read and closed, as the last one or not
            (seen,) = connection.execute("SELECT count(*) FROM observation").fetchone()
    child.kill()
    _, err = child.communicate(timeout=HUNG_SECONDS)
    assert "disk" not in err
    assert stored(database) >= seen >= 20
    sound(database)
    ran = untrap(*words(plant, database), "--resume", "--yes", cwd=tmp_path)
    assert ran.code == 0, ran.err


@pytest.mark.parametrize(
    ("size", "said", "left"),
    [("8k", "No space left on device", 0), ("300k", "the disk is full", 1)],
)
def test_a_full_disk_under_a_demonstration(tmp_path: Path, size: str, said: str, left: int) -> None:
    """While the plant's files are written, and while the register is imported: one line, exit 2.

    What is left is known as a demonstration's own: with more room the same command goes through.
    """
    small, kept = tmp_path / "small", tmp_path / "kept"
    small.mkdir()
    tiny = tmp_path / "tiny.toml"
    tiny.write_text(TINY.format(port=502), encoding="utf-8")
    demo = shlex.join(
        [sys.executable, "-m", "scanner", "demo", "--plant", str(tiny), str(small / "demo")]
    )
    script = (
        f"ip link set lo up; mount -t tmpfs -o size={size} tmpfs {small} || exit 77; {demo};"
        f" code=$?; ls {small} | wc -l > {tmp_path}/left;"
        # An ordinary user may not remount: what is there moves to a larger one.
        f" cp -a {small} {kept}; umount {small}; mount -t tmpfs -o size=9m tmpfs {small};"
        f" cp -a {kept}/. {small};"
        f" {demo} > {tmp_path}/again 2>&1; echo $? > {tmp_path}/second; exit $code"
    )
    ran = shell(*unshared("-rmn"), "sh", "-c", script, cwd=tmp_path)
    if ran.code == 77:
        pytest.skip("tmpfs cannot be mounted here")
    assert ran.code == 2, ran.err
    assert "Traceback" not in ran.err
    (line,) = [one for one in ran.err.splitlines() if one.startswith("Error: ")]
    assert said in line
    assert int((tmp_path / "left").read_text()) == left
    again = (tmp_path / "again").read_text()
    assert (tmp_path / "second").read_text().strip() == "0", again


def test_a_full_disk(plant: Played, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    saved = tmp_path / "saved"
    saved.mkdir()
    database = small / "t.db"
    scan = shlex.join(
        map(
            str,
            (
                *(sys.executable, "-m", "scanner", *words(plant, database)),
                *("-iL", plant.folder / "targets.txt", *SCAN),
            ),
        )
    )
    script = (
        f"mount -t tmpfs -o size=1m tmpfs {small} || exit 77; {scan}; code=$?; "
        f"cp {small}/t.db* {saved}/; exit $code"
    )
    before = asked(plant)
    ran = shell(*unshared("-rm"), "sh", "-c", script, cwd=tmp_path)
    if ran.code == 77:
        pytest.skip("tmpfs cannot be mounted here")
    sent = asked(plant) - before
    assert ran.code == 2, ran.err
    assert "Traceback" not in ran.err
    assert "disk is full" in ran.out + ran.err
    assert "scan --resume" in ran.err
    kept = saved / "t.db"
    sound(kept)
    assert stored(kept) > 0
    assert sent <= stored(kept) + 5 * 4
    again = untrap(*words(plant, kept), "--resume", "--yes", cwd=tmp_path)
    assert again.code == 0, again.err
