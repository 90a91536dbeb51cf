"""An error leaves the folder as it was: what is there stays, byte for byte, and nothing is added.

The name of every file and what it holds is compared before and after, for every command.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inventory.conclude import conclude
from inventory.store import Store
from scanner.cli import COMMANDS, untrap
from tests.inventory.outputs.sample import SITE, address, plant
from tests.support.plants import ROOT
from tests.support.rights import ordinary, unshared

WORDS: dict[str, tuple[str, ...]] = {
    "demo": ("demo-here", "--plant", "nope"),
    "plan": ("127.0.0.1",),
    "scan": ("127.0.0.1", "--yes"),
    "import": ("register", "good.csv"),
    "show": (address(0),),
    "set": (address(0), "owner=A. Weber"),
    "merge": (address(0), address(1)),
    "split": (address(0),),
    "waive": ("1a2b3c4d", "--owner", "A", "--reason", "b", "--until", "2999-01-01"),
    "export": ("csv", "-o", "out.csv"),
    "report": ("-o", "out.html"),
    "simulate": ("nope",),
}
"""What a command needs at least, where it needs anything; plants of that name are not there."""
WITHOUT_INVENTORY = {"demo", "probes", "rules", "simulate", "doctor"}
KINDS = ("register", "map", "links", "attest", "pcap", "nmap", "bundle")


OURS = (sys.executable, "-m", "scanner", "--db", "t.db", "--site", SITE)


def contents(folder: Path) -> dict[str, bytes]:
    """Every name below a folder, and what the file holds."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def called(*words: str) -> Result:
    """`untrap` for the inventory of this folder."""
    return CliRunner().invoke(untrap, ["--db", "t.db", "--site", SITE, *words])


def one_line(text: str) -> str:
    """The error; fails where there is none, or more than one."""
    (line,) = (line for line in text.splitlines() if line.startswith(("Error: ", "simulate: ")))
    return line


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inventory of three devices, judged."""
    database = plant(tmp_path_factory.mktemp("half"), 3)
    with Store.open(database, SITE) as store:
        conclude(store)
    return database


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: an inventory of ours and a register that can be read."""
    shutil.copy(made, tmp_path / "t.db")
    (tmp_path / "good.csv").write_text("Tag,Class\nP-1,pump\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"simulate", "demo"}))
def test_a_database_from_a_newer_version_is_left_alone(here: Path, name: str) -> None:
    with closing(sqlite3.connect(here / "t.db")) as store, store:
        store.execute("UPDATE alembic_version SET version_num = '9999_future'")
    before = contents(here)
    ran = called(name, *WORDS.get(name, ()))
    assert contents(here) == before
    if name not in WITHOUT_INVENTORY:
        assert ran.exit_code == 2, ran.output
        assert "newer untrap" in one_line(ran.stderr)


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - WITHOUT_INVENTORY))
def test_another_file_than_an_inventory_is_left_alone(here: Path, name: str) -> None:
    (here / "t.db").write_text("minutes of the meeting", encoding="utf-8")
    before = contents(here)
    ran = called(name, *WORDS.get(name, ()))
    assert (ran.exit_code, contents(here)) == (2, before), ran.output
    assert "is not an untrap database" in one_line(ran.stderr)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_wrong_flag_makes_nothing(here: Path, name: str) -> None:
    (here / "t.db").unlink()
    before = contents(here)
    ran = called(name, *WORDS.get(name, ()), "--no-such-option")
    assert (ran.exit_code, contents(here)) == (2, before)
    assert "--no-such-option" in one_line(ran.stderr)


UNREADABLE = {
    "missing": None,
    "empty": b"",
    "bytes": bytes(range(256)) * 50,
    "words": b"some,thing\nelse,entirely\n",
    "quote": b'Tag,Class,Equipment,Device,Subject,Statement\n"P-1,pump\n',
}


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("how", [*UNREADABLE, "folder"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_cannot_be_read_imports_nothing(
    here: Path, kind: str, how: str, there: bool
) -> None:
    if not there:
        (here / "t.db").unlink()
    if how == "folder":
        (here / "file").mkdir()
    elif (content := UNREADABLE[how]) is not None:
        (here / "file").write_bytes(content)
    before = contents(here)
    ran = called("import", kind, "file")
    assert (ran.exit_code, contents(here)) == (2, before), ran.output
    one_line(ran.stderr)


EARLY: list[tuple[str, int]] = [
    ("scan", 2),
    ("scan ''", 2),
    ("scan -iL /dev/null", 2),
    ("scan -iL missing", 2),
    ("scan 10.0.0.9-3", 2),
    ("scan 127.0.0.0/30 --exclude 127.0.0.0/8", 2),
    ("scan 127.0.0.1 --window x", 2),
    ("scan 127.0.0.1 --record x.txt", 2),
    ("scan 127.0.0.1 --record good.jsonl --record nowhere/x.jsonl", 2),
    ("scan 127.0.0.1 --credentials nobody", 2),
    ("scan 127.0.0.1 --resume", 2),
    ("scan --resume", 2),
    ("scan --resume cafe", 2),
    ("scan 192.0.2.1 --record x.jsonl", 5),  # nobody is there to confirm
    ("plan 192.0.2.1 -o nowhere/x.html", 2),
    ("export json -o nowhere/x.json", 2),
    ("export csv -o .", 2),
    ("export wot -o good.csv", 2),
    ("report -o nowhere/x.html", 2),
    ("show nobody", 2),
    (f"show {address(0)} --raw nowhere/x", 2),
    ("set nobody owner=a", 2),
    ("merge nobody nothing", 2),
    ("waive cafe --owner a --reason b --until 2999-01-01", 2),
    ("readiness --use-case good.csv", 2),
    ("diff cafe", 2),
    ("demo demo-here --plant nope", 2),
    ("simulate nope --write site", 2),
]


@pytest.mark.parametrize(("line", "code"), EARLY, ids=[line for line, _ in EARLY])
def test_what_is_refused_leaves_no_file(
    here: Path, line: str, code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    before = contents(here)
    ran = called(*shlex.split(line))
    assert (ran.exit_code, contents(here)) == (code, before), ran.output
    one_line(ran.stderr + capfd.readouterr().err)  # a child's error is on our own descriptor


@pytest.mark.parametrize("line", [line for line, _ in EARLY if line.startswith("scan")])
def test_a_scan_that_is_refused_makes_no_inventory(here: Path, line: str) -> None:
    (here / "t.db").unlink()
    before = contents(here)
    assert called(*shlex.split(line)).exit_code in (2, 5)
    assert contents(here) == before


def test_a_plan_reads_an_inventory_and_leaves_nothing_beside_it(here: Path) -> None:
    before = contents(here)
    assert called("plan", "127.0.0.1").exit_code == 0
    assert called("doctor").exit_code == 0
    assert contents(here) == before


@pytest.mark.parametrize("folder", ["demo", "."])
def test_a_demonstration_that_cannot_begin_keeps_the_one_before(
    here: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "demo" / "plant").mkdir(parents=True)
    (here / "demo" / "plant" / "site.toml").write_text("", "utf-8")  # as a demonstration leaves it
    shutil.copy("t.db", "demo/inventory.db")
    before = contents(here)
    if folder == ".":
        monkeypatch.chdir("demo")
    ran = called("demo", folder, "--plant", "nope")
    assert (ran.exit_code, contents(here)) == (2, before)
    assert "no plant 'nope'" in one_line(ran.stderr)
    assert ran.stderr.count("\n") == 1


def test_a_scan_that_another_one_keeps_out_makes_no_recording(here: Path) -> None:
    from inventory.store.lock import scanning

    with Store.open(here / "t.db", SITE) as store, scanning(store):
        before = set(contents(here))
        ran = called("scan", "127.0.0.1:1/modbus", "--record", "x.jsonl")
        assert set(contents(here)) == before
    assert ran.exit_code == 2
    assert "another scan" in one_line(ran.stderr)


CLOSED = (
    *("export csv -o closed/x.csv", "export wot -o closed/x"),
    *("report -o closed/x.html", "plan 127.0.0.1 -o closed/x.html", "import register closed/r.csv"),
    *("scan 127.0.0.1:1/modbus --record closed/x.jsonl", "demo closed/demo"),
    "simulate bottling --write closed/site --seconds 1",
)


@pytest.mark.parametrize("line", CLOSED)
def test_a_folder_without_permission_is_one_line(here: Path, line: str) -> None:
    closed = here / "closed"
    closed.mkdir()
    register = closed / "r.csv"
    register.write_text("Tag\nP-1\n", encoding="utf-8")
    before = set(contents(here))  # an ordinary user reads nothing there afterwards
    register.chmod(0)
    closed.chmod(0o555)
    if os.geteuid() == 0:
        os.chown(register, 65_534, 65_534)
        os.chown(closed, 65_534, 65_534)
    ran = subprocess.run(
        [*ordinary(), *OURS, *shlex.split(line)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    closed.chmod(0o755)
    register.chmod(0o644)
    assert ran.returncode == 2, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "closed/" in one_line(ran.stderr)
    assert set(contents(here)) == before


FULL = (
    *("export csv -o small/x.csv", "export bundle -o small/x", "report -o small/x.html"),
    *("--db small/new.db import register good.csv", "--db small/new.db scan 127.0.0.1:1/modbus"),
    "--db small/old.db gaps",
    "simulate tiny.toml --write small/site --base-port 23000 --seconds 1",
)
TINY = """
[plant]
name = "tiny"
site = "Tiny"
[[device]]
id = "meter"
address = "127.0.88.1"
[[device.service]]
protocol = "modbus"
port = 502
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(here: Path) -> None:
    """A disk that is full to the last byte, with an inventory of an older version on it."""
    (here / "small").mkdir()
    (here / "tiny.toml").write_text(TINY, encoding="utf-8")
    for name in ("t.db", "old.db"):
        shutil.copy("t.db", "old.db")
        with closing(sqlite3.connect(here / name)) as store, store:
            store.execute("PRAGMA journal_mode=DELETE")
    with closing(sqlite3.connect(here / "old.db")) as store, store:
        store.execute("UPDATE alembic_version SET version_num = '0001'")
    look = "(cd small; ls -A | sort; cksum old.db)"
    steps = [
        f"{shlex.join(OURS)} {line} >/dev/null 2>said.{number};"
        f"echo $? >code.{number}; {look} >look.{number}"
        for number, line in enumerate(FULL)
    ]
    script = (
        "mount -t tmpfs -o size=4m tmpfs small || exit 77; cp old.db small/;"
        f"head -c 9m /dev/zero >small/filler 2>/dev/null; {look} >look;" + ";".join(steps)
    )
    done = subprocess.run(
        [*unshared("-rm"), "sh", "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    if done.returncode == 77:
        pytest.skip("tmpfs cannot be mounted here")
    before = Path("look").read_text(encoding="utf-8")
    assert before.startswith("filler\nold.db\n")
    for number, line in enumerate(FULL):
        code, said, left = (
            Path(f"{what}.{number}").read_text(encoding="utf-8")
            for what in ("code", "said", "look")
        )
        assert (code, left) == ("2\n", before), (line, said)
        assert "Traceback" not in said
        one_line(said)
