"""Bundles: twice is once, the other inventory ends equal, and nothing that was changed enters."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from inventory.outputs import Request, bundle
from inventory.store import Store
from scanner.cli import Settings
from scanner.imports.bundle import take
from scanner.imports.bundle_file import SIGNATURE, BundleError, checked
from scanner.imports.bundle_key import accept, sign
from tests.inventory.making import SITE
from tests.inventory.outputs.connecting import plant
from tests.inventory.outputs.sample import CANARY
from tests.support.plants import untrap

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("plant"))


@pytest.fixture(scope="module")
def made(source: Path) -> Path:
    with Store.open(source, SITE) as store:
        bundle.write(store, Request(source.with_name("b.zip")))
    return source.with_name("b.zip")


def imported(file: Path, database: Path) -> tuple[int, int]:
    with zipfile.ZipFile(file) as found, Store.open(database, SITE) as store:
        return take(store, found, checked(found))


def test_imported_twice_is_imported_once(source: Path, made: Path, tmp_path: Path) -> None:
    new, stated = imported(made, tmp_path / "n.db")
    assert new > 10
    assert stated > 5
    assert imported(made, tmp_path / "n.db") == (0, 0)
    with Store.open(source, SITE) as ours, Store.open(tmp_path / "n.db", SITE) as theirs:
        assert list(ours.observations(raw=True)) == list(theirs.observations(raw=True))
        assert {d.id for d in ours.declarations()} == {d.id for d in theirs.declarations()}
        assert [s.id for s in ours.scans()] == [s.id for s in theirs.scans()]


def changed(made: Path, place: Path, change: Callable[[Files], None]) -> Path:
    with zipfile.ZipFile(made) as found:
        files = {name: found.read(name) for name in found.namelist()}
    change(files)
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return place


def with_digests(files: Files) -> None:
    manifest = json.loads(files["manifest.json"])
    for name, entry in manifest["entries"].items():
        content = files[name]
        entry |= {"sha256": hashlib.sha256(content).hexdigest(), "lines": content.count(b"\n")}
    files["manifest.json"] = json.dumps(manifest).encode()


def value(files: Files) -> None:
    name = "observations.ndjson"
    files[name] = files[name].replace(b'"outcome":"complete"', b'"outcome":"partial"', 1)


def forged(files: Files) -> None:
    value(files)
    with_digests(files)


def broken(files: Files) -> None:
    files["observations.ndjson"] = b"[1]\n"
    with_digests(files)


def typed(files: Files) -> None:
    first, _, rest = files["observations.ndjson"].partition(b"\n")
    row = json.loads(first) | {"port": "502"}
    files["observations.ndjson"] = json.dumps(row).encode() + b"\n" + rest
    with_digests(files)


def other_site(files: Files) -> None:
    manifest = json.loads(files["manifest.json"])
    manifest["site"] = "elsewhere"
    for scan in manifest["scans"]:
        scan["site"] = "elsewhere"
    files["manifest.json"] = json.dumps(manifest).encode()


def newer(files: Files) -> None:
    files["manifest.json"] = files["manifest.json"].replace(b'"version": 1', b'"version": 2')


def escaping(files: Files) -> None:
    files["../../evil"] = b"x"


def bomb(files: Files) -> None:
    files["observations.ndjson"] = b" " * (40 << 20)
    with_digests(files)


def headless(files: Files) -> None:
    del files["manifest.json"]


def nonsense(files: Files) -> None:
    files["manifest.json"] = b"[" * 100_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (value, "digest is not the manifest's"),
        (forged, "does not agree with its id"),
        (broken, "no object"),
        (typed, "wrong type"),
        (other_site, "another site"),
        (newer, "version 2 is not known"),
        (escaping, "no bundle has"),
        (bomb, "unpacks to too much"),
        (headless, "expected manifest.json"),
        (nonsense, "malformed"),
    ],
)
def test_what_was_changed_is_refused(
    made: Path, tmp_path: Path, change: Callable[[Files], None], said: str
) -> None:
    file = changed(made, tmp_path / "c.zip", change)
    with pytest.raises(BundleError, match=said):
        imported(file, tmp_path / "n.db")


def test_the_first_signature_pins_the_key(made: Path, tmp_path: Path) -> None:
    settings = Settings(db=str(tmp_path / "n.db"))

    def verdict(file: Path) -> str:
        with zipfile.ZipFile(file) as found:
            return accept(found, checked(found), settings)

    assert "not signed" in verdict(made)
    ours, theirs = (changed(made, tmp_path / n, lambda files: None) for n in ("o.zip", "t.zip"))
    mark = sign(ours, tmp_path / "ours.pem")
    assert (tmp_path / "ours.pem").stat().st_mode & 0o077 == 0
    sign(theirs, tmp_path / "theirs.pem")
    assert f"signed by {mark}; pinned" in verdict(ours)
    assert "the pinned key" in verdict(ours)
    with pytest.raises(BundleError, match="another key"):
        verdict(theirs)
    with pytest.raises(BundleError, match="not signed, but"):
        verdict(made)

    def later(files: Files) -> None:
        files["manifest.json"] = files["manifest.json"].replace(b'"made"', b'"Made"')

    with pytest.raises(BundleError, match="changed after signing"):
        verdict(changed(ours, tmp_path / "later.zip", later))


def test_every_cut_of_a_bundle_is_one_line_and_no_traceback(made: Path, tmp_path: Path) -> None:
    content = made.read_bytes()
    for length in range(0, len(content), len(content) // 25):
        (tmp_path / "cut.zip").write_bytes(content[:length])
        with pytest.raises((BundleError, zipfile.BadZipFile)):
            imported(tmp_path / "cut.zip", tmp_path / "n.db")


def test_by_the_command_line(source: Path, made: Path, tmp_path: Path) -> None:
    file = changed(made, tmp_path / "b.zip", lambda files: None)
    done = untrap("--db", "n.db", "import", "bundle", file, cwd=tmp_path)
    assert (done.code, "new observations" in done.err) == (0, True)
    (tmp_path / "no.zip").write_bytes(b"PK no")
    done = untrap("--db", "n.db", "import", "bundle", "no.zip", cwd=tmp_path)
    assert (done.code, "Traceback" in done.err) == (2, False)


def test_a_bundle_holds_no_secret(made: Path) -> None:
    # The store keeps what a statement says; statements made from a site file name no secret.
    with zipfile.ZipFile(made) as found:
        text = found.read("observations.ndjson").decode() + found.read("manifest.json").decode()
    assert CANARY not in text
    assert SIGNATURE not in zipfile.ZipFile(made).namelist()


NMAP = """<?xml version="1.0"?><nmaprun scanner="nmap" start="1777881600" version="7.93">
<host endtime="1777881601"><status state="up"/><address addr="10.1.1.1" addrtype="ipv4"/>
<address addr="00:1B:1B:12:34:56" addrtype="mac" vendor="Siemens"/>
<ports><port protocol="tcp" portid="502"><state state="open" reason="syn-ack"/></port></ports>
</host></nmaprun>
"""


def test_import_nmap_by_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "n.xml").write_text(NMAP, "utf-8")
    done = untrap("--db", "n.db", "import", "nmap", "n.xml", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "1 hosts, 2 observations" in done.err
    again = untrap("--db", "n.db", "import", "nmap", "n.xml", cwd=tmp_path)
    assert "known already" in again.err
    listed = untrap("--db", "n.db", "assets", "--json", cwd=tmp_path)
    (one,) = listed.lines()
    assert one["addresses"] == ["10.1.1.1"]
