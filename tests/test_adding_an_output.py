"""A further format, or dialect of Thing Descriptions, is one file and no edit: `tests/added/`, laid
over a copy of the house."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.inventory.making import SITE
from tests.inventory.outputs.connecting import plant
from tests.support.house import house_with, python_in

ADDED = ("inventory/outputs/tag_list.py", "inventory/outputs/wot/registers.py")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = house_with(tmp_path_factory.mktemp("house"), *ADDED)
    plant(folder)
    return folder


def export(house: Path, *words: str) -> str:
    """`untrap export` of the changed house; what it wrote on stdout."""
    return python_in(
        house, *["-m", "scanner", "--db", "plant.db", "--site"], SITE, "export", *words
    )


def test_an_added_format_is_listed_and_written(house: Path) -> None:
    assert "tag-list" in export(house, "help")
    lines = export(house, "tag-list").splitlines()
    assert "modbus 10.0.0.1:502 Motor current" in lines
    assert "opcua 10.0.0.4:4840 Vibration" in lines


def test_an_added_dialect_is_written_with_what_all_share(house: Path) -> None:
    export(house, "wot", "--dialect", "registers", "-o", "things")
    (path,) = (house / "things").glob("Filler-drive*")
    thing = json.loads(path.read_text("utf-8"))
    (form,) = thing["properties"]["Motor-current"]["forms"]
    assert form == {"href": "plain://10.0.0.1/100", "op": ["readproperty"]}
    assert all(one["readOnly"] for one in thing["properties"].values())
    assert "input:7" in thing["untrap:leftOut"]
    assert not list((house / "things").glob("*opcua*"))
