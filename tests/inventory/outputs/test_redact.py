"""`--redact`: stable pseudonyms in every format, and nothing that names the plant."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from inventory.outputs import Request, formats, load
from inventory.outputs.pseudonyms import Pseudonyms, salt_file
from inventory.store import Store
from tests.inventory.making import SITE
from tests.inventory.outputs.connecting import plant

TELLING = re.compile(
    r"10\.0\.0\.\d|Filler|Mixer|DRV-1|GONE-1|\bSN-1\b|\bhist\b|historian|urn:acme|Objects/P|"
    r"P\.V|Line 1|Lost meter|\bPress\b|register\.csv"
)
FILES = {"xlsx": "o.xlsx", "servicenow": "o.xlsx", "csv": "o.csv", "json": "o.json"} | {
    "maximo": "o.csv",
    "uns": "o.csv",
    "walkdown": "o.csv",
    "links": "o.csv",
}


def written(place: Path) -> str:
    """All text below a path, workbooks unpacked."""
    files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
    found = []
    for path in files:
        found.append(str(path.relative_to(place.parent)))
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                found += [book.read(name).decode("utf-8") for name in book.namelist()]
        else:
            found.append(path.read_text("utf-8"))
    return "\n".join(found)


@pytest.fixture(scope="module")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("plant"))


@pytest.mark.parametrize("name", [name for name in formats() if name != "bundle"])
def test_no_format_names_the_plant(store_path: Path, tmp_path: Path, name: str) -> None:
    place = tmp_path / FILES.get(name, "o")
    with Store.open(store_path, SITE) as store:
        real = {one.thing.key for one in store.assets()}
        tables = ("gaps", "questions", "assets", "points") if name == "csv" else ("gaps",)
        for table in tables:
            load(name).write(store, Request(place, table, redact=True))
            text = written(place)
            assert not TELLING.findall(text)
            assert not [key for key in real if key in text]
            assert salt_file(store).read_text("ascii").strip() not in text


def test_the_same_name_is_the_same_pseudonym_everywhere(store_path: Path, tmp_path: Path) -> None:
    with Store.open(store_path, SITE) as store:
        load("json").write(store, Request(tmp_path / "a.json", redact=True))
        load("json").write(store, Request(tmp_path / "b.json", redact=True))
        load("csv").write(store, Request(tmp_path / "g.csv", "assets", redact=True))
    first = (tmp_path / "a.json").read_text("utf-8")
    assert first == (tmp_path / "b.json").read_text("utf-8")
    names = {one["name"] for one in json.loads(first)["assets"] if one["name"]}
    assert names
    assert all(name in (tmp_path / "g.csv").read_text("utf-8-sig") for name in names)


def test_a_value_and_a_gap_name_the_same_answer_by_the_same_pseudonym(
    store_path: Path, tmp_path: Path
) -> None:
    def shared(name: str, *, redact: bool) -> set[str]:
        load("json").write(store, Request(tmp_path / name, redact=redact))
        content = json.loads((tmp_path / name).read_text("utf-8"))
        cited = {b["observation"] for one in content["gaps"] for b in one["because"]}
        return cited & {one["observation"] for one in content["points"]}

    with Store.open(store_path, SITE) as store:
        real, hidden = shared("a.json", redact=False), shared("b.json", redact=True)
    assert len(real) == len(hidden) > 0
    assert not real & hidden


def test_what_a_thing_is_stays_readable(store_path: Path, tmp_path: Path) -> None:
    with Store.open(store_path, SITE) as store:
        load("json").write(store, Request(tmp_path / "a.json", redact=True))
    content = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert "Acme" in {one["vendor"] for one in content["assets"]}
    points = {one["address"]: one for one in content["points"]}
    assert points["holding:100"]["unit"] == "AMP"
    keys = {one["key"] for one in content["assets"]}
    assert {one["asset"] for one in content["gaps"]} <= keys


def test_each_site_has_a_salt_of_its_own_for_its_owner_only(tmp_path: Path) -> None:
    paths = [plant(tmp_path / name) for name in _made(tmp_path, "a", "b")]
    said = []
    for path in paths:
        with Store.open(path, SITE) as store:
            load("json").write(store, Request(tmp_path / "o.json", redact=True))
            assert salt_file(store).stat().st_mode & 0o077 == 0
        said.append(json.loads((tmp_path / "o.json").read_text("utf-8"))["assets"][0]["name"])
    assert said[0] != said[1]


def _made(folder: Path, *names: str) -> tuple[str, ...]:
    for name in names:
        (folder / name).mkdir()
    return names


def test_a_bundle_is_not_redacted(store_path: Path, tmp_path: Path) -> None:
    assert "bundle" in formats()
    with Store.open(store_path, SITE) as store, pytest.raises(ValueError, match="csv or json"):
        load("bundle").write(store, Request(tmp_path / "b.zip", redact=True))


def test_names_are_found_whole_and_the_longest_first() -> None:
    names = ("P-1", "P-101", "Filler (old)", "x")
    say = Pseudonyms(b"k" * 32, [(name, "asset") for name in names])
    one, long = say("P-1"), say("P-101")
    assert one != long
    assert say("pump P-101, then P-1.") == f"pump {long}, then {one}."
    assert say("P-1012") == "P-1012"
    assert say("Filler (old) stands") == f"{say('Filler (old)')} stands"
    assert say("x") != "x"
    assert say("six") == "six"
    assert say("from 192.168.7.9 to 00:1b:1b:aa:bb:cc").count("host-") == 2
    assert say("1.3.6.1.2.1.33.1.2.5.0") == "1.3.6.1.2.1.33.1.2.5.0"


def test_ten_thousand_names_that_begin_alike_are_looked_up_and_not_tried() -> None:
    """Each text was compared with every name of the same first word: quadratic in the plant."""
    say = Pseudonyms(b"salt", ((f"PLC-{n:05}", "asset") for n in range(10_000)))
    assert say._places("plc") == ((9, 0),)
    shown = say("from plc-00042 to PLC-09999, not PLC-099991 nor PLC")
    assert shown.count("asset-") == 2
    assert shown.endswith("not PLC-099991 nor PLC")
    assert say("PLC-") == "PLC-"
