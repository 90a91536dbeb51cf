"""The walk-down sheet: printed, filled in, and read back as attestations."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest

from inventory.imports import ListError, read_list
from inventory.model import Kind
from inventory.outputs import Request, walkdown
from inventory.store import Store
from tests.inventory.making import SITE
from tests.inventory.outputs.connecting import plant


def sheet(folder: Path) -> list[dict[str, str]]:
    with Store.open(plant(folder), SITE) as store:
        walkdown.write(store, Request(folder / "w.csv"))
    return list(csv.DictReader(io.StringIO((folder / "w.csv").read_text("utf-8-sig"))))


def saved(folder: Path, rows: list[dict[str, str]]) -> Path:
    with (folder / "w.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, walkdown.HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return folder / "w.csv"


def test_what_was_filled_in_comes_back_as_a_statement(tmp_path: Path) -> None:
    rows = sheet(tmp_path)
    gone = next(row for row in rows if row["Subject"] == "GONE-1")
    assert gone["Statement"] == "out of service"
    assert gone["Address on file"] == "10.0.0.99"
    missing = next(
        row for row in rows if row["Subject"] == "P-1" and row["Statement"] == "not instrumented"
    )
    assert "sensor" in missing["Look at"]
    gone |= {"Value": "yes", "Author": "A. Smith", "Date": "2026-11-20"}
    missing |= {"Value": "vibration", "Author": "A. Smith", "Date": "2026-11-20"}
    found = read_list(Kind.ATTEST, saved(tmp_path, rows), SITE, {})
    assert len(found.declarations) == 2  # the empty lines state nothing
    by = {one.fields["subject"]: one for one in found.declarations}
    assert by["GONE-1"].fields["statement"] == "out of service"
    assert by["GONE-1"].fields["value"] == "yes"
    assert (by["P-1"].author, by["P-1"].fields["value"]) == ("A. Smith", "vibration")
    assert set(found.ignored) == set(walkdown.HEADER) - set(walkdown.STATED)


def test_a_sheet_that_nobody_filled_in_states_nothing(tmp_path: Path) -> None:
    rows = sheet(tmp_path)
    assert len(rows) > 5
    with pytest.raises(ListError, match="no row below the header"):
        read_list(Kind.ATTEST, saved(tmp_path, rows), SITE, {}, author="A. Smith")


def test_as_a_workbook(tmp_path: Path) -> None:
    with Store.open(plant(tmp_path, hostile=True), SITE) as store:
        walkdown.write(store, Request(tmp_path / "w.xlsx"))
    found = openpyxl.load_workbook(tmp_path / "w.xlsx").active
    assert found is not None
    rows = list(found.iter_rows())
    assert tuple(cell.value for cell in rows[0]) == walkdown.HEADER
    assert all(cell.data_type != "f" for row in rows for cell in row)
