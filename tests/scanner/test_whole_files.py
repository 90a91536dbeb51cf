"""What cannot be written whole is not written: a full disk leaves no half file and no traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from inventory.store import Store, StoreError
from inventory.store import engine as engines
from scanner.cli import untrap
from scanner.output import reachable, whole
from tests.inventory.making import SITE
from tests.inventory.outputs.sample import plant

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
mount -t tmpfs -o size=64k tmpfs "$1" && cd "$1" && head -c 61440 /dev/zero > fill
shift
"$@"
echo "rc $?"
ls -A
"""


def test_a_file_appears_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(OSError, match="full"), whole(path) as place:
        place.write_text("half", encoding="utf-8")
        raise OSError("full")
    assert path.read_text(encoding="utf-8") == "old"
    with whole(path) as place:
        place.write_text("new", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "old"
    assert path.read_text(encoding="utf-8") == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]


def test_a_folder_appears_whole_and_one_that_is_there_is_written_into(tmp_path: Path) -> None:
    path = tmp_path / "set"
    with pytest.raises(OSError, match="full"), whole(path) as place:
        place.mkdir()
        (place / "one").touch()
        raise OSError("full")
    assert not list(tmp_path.iterdir())
    with whole(path) as place:
        place.mkdir()
    with whole(path) as place:
        assert place == path
    for odd in (Path("/dev/null"), tmp_path / "no" / "such"):
        with whole(odd) as place:
            assert place == odd


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old", encoding="utf-8")
    link = tmp_path / "link"
    link.symlink_to("real")
    with whole(link) as place:
        place.write_text("new", encoding="utf-8")
    assert link.is_symlink()
    assert (tmp_path / "real").read_text(encoding="utf-8") == "new"


def test_a_place_that_cannot_be_is_refused_before_anything_is_derived(tmp_path: Path) -> None:
    database = plant(tmp_path)
    with Store.open(database, SITE) as store:
        before = store.derived_stamp()  # of another day: a command that reads derives again
    (tmp_path / "file").touch()
    words = ["--db", str(database), "--site", SITE, "export", "json", "-o"]
    done = CliRunner().invoke(untrap, [*words, str(tmp_path / "file" / "all.json")])
    assert done.exit_code == 2
    assert "Not a directory; name another place with -o" in done.stderr
    with Store.open(database, SITE) as store:
        assert store.derived_stamp() == before
    for fine in (Path("/dev/null"), tmp_path / "file", tmp_path / "no" / "such"):
        reachable(fine)


def test_an_inventory_that_could_not_be_made_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(engines, "make", fails)
    with pytest.raises(StoreError, match="full"), Store.open(tmp_path / "a.db", SITE):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.root
@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root for a small disk"
)
@pytest.mark.parametrize("kind", [("servicenow", "w.xlsx"), ("json", "all.json")], ids=" ".join)
def test_a_full_disk_leaves_no_half_result(tmp_path: Path, kind: tuple[str, str]) -> None:
    database = plant(tmp_path, 40)
    disk = tmp_path / "disk"
    disk.mkdir()
    alone = ["unshare", "-m", "sh", "-c", SCRIPT, "sh", str(disk), sys.executable]
    alone += ["-m", "scanner", "--db", str(database), "--site", SITE]
    done = subprocess.run(
        [*alone, "export", kind[0], "-o", kind[1]],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["rc", "2", "fill"]
    assert done.stderr.splitlines() == [
        f"Error: {kind[1]}: No space left on device; name another place with -o"
    ]
