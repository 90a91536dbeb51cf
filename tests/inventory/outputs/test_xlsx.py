"""The workbook, read back by another library (openpyxl)."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from inventory.conclude import conclude
from inventory.model import Category, Confidence, Effort, Finding, Level, Remedy, Severity, Verdict
from inventory.outputs import Request, csv_file, xlsx
from inventory.outputs.workbook import workbook
from inventory.store import Store
from tests.inventory.making import SITE, observed
from tests.inventory.outputs.sample import HOSTILE, plant

SHEETS = [
    "Summary", "Gaps", "Open questions", "Assets", "Signals", "Services", "Not reachable",
    "Planned not found", "About",
]  # fmt: skip


def written(folder: Path, database: Path, **wanted: bool) -> Path:
    path = folder / "book.xlsx"
    with Store.open(database, SITE) as store:
        xlsx.write(store, Request(path, **wanted))  # type: ignore[arg-type]
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("book")
    return written(folder, plant(folder, 20, hostile=True))


@pytest.fixture(scope="module")
def book(path: Path) -> Workbook:
    return load_workbook(path)


def test_the_sheets_are_those_of_the_interface(book: Workbook) -> None:
    assert book.sheetnames == SHEETS


def test_gap_columns_are_those_of_the_interface_and_then_three_hidden_ones(book: Workbook) -> None:
    sheet = book["Gaps"]
    header = [cell.value for cell in sheet[1]]
    assert header == [*csv_file.GAPS, "Id", "GapId", "Version"]
    hidden = [one for one in sheet.column_dimensions.values() if one.hidden]
    assert {n for one in hidden for n in range(one.min, one.max + 1)} == {25, 26, 27}


@pytest.mark.parametrize("name", SHEETS)
def test_every_sheet_can_be_filtered_and_keeps_its_header(book: Workbook, name: str) -> None:
    sheet = book[name]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref.startswith("A1:")
    assert sheet.max_row > 1
    assert sheet.column_dimensions["A"].width > 8


def test_hidden_columns_name_the_row_for_a_reimport(path: Path, tmp_path: Path) -> None:
    rows = list(load_workbook(path)["Gaps"].iter_rows(min_row=2, values_only=True))
    with Store.open(path.parent / "plant.db", SITE) as store:
        found = [(one.asset, one.id) for one in store.findings()]
    assert [(row[24], row[25]) for row in rows] == found
    assert all(str(row[26]).startswith(f"{xlsx.LAYOUT}.{row[12]}.") for row in rows)


def test_a_gap_links_to_the_row_of_its_asset(book: Workbook) -> None:
    checked = 0
    for row in book["Gaps"].iter_rows(min_row=2):
        link = row[3].hyperlink
        assert link is not None and link.target is None
        place = link.location.removeprefix("'Assets'!A")
        assert book["Assets"].cell(int(place), book["Assets"].max_column).value == row[24].value
        checked += 1
    assert checked


def test_severity_is_a_word_and_a_colour(book: Workbook) -> None:
    for row in book["Gaps"].iter_rows(min_row=2):
        fill, _ = xlsx.COLOURS[row[13].value]
        assert row[13].fill.fgColor.rgb == "FF" + fill[1:]


def test_hostile_names_are_text_and_no_formula(path: Path, book: Workbook) -> None:
    texts = []
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                if isinstance(cell.value, str):
                    texts.append(cell.value)
                    assert cell.value.isprintable()
    assert any(HOSTILE[0] in text for text in texts)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert not any(b"<f>" in body or b"vbaProject" in body for body in parts.values())
    assert not any("externalLink" in name for name in parts)
    links = [body for name, body in parts.items() if name.endswith(".rels")]
    assert not any(b'TargetMode="External"' in body for body in links)


def test_a_redacted_workbook_names_nobody(tmp_path: Path) -> None:
    path = written(tmp_path, plant(tmp_path, 8), redact=True)
    with zipfile.ZipFile(path) as archive:
        text = b" ".join(archive.read(name) for name in archive.namelist())
    for secret in (
        b"10.0.0.1",
        b"Controller 0",
        b"SN00000001",
        b"P-0<",
        b"11111111-0000",
        b"plant",
    ):
        assert secret not in text, secret


def test_it_needs_a_file(tmp_path: Path) -> None:
    with (
        Store.open(plant(tmp_path, 2), SITE) as store,
        pytest.raises(ValueError, match=r"-o workbook\.xlsx"),
    ):
        xlsx.write(store, Request(None))


def test_ten_thousand_gaps_are_written(tmp_path: Path) -> None:
    database = plant(tmp_path, 4)
    with Store.open(database, SITE) as store:
        asset = next(store.devices()).key
        one = Finding(
            "T03", 1, Category.TRAPPED, "No map", asset, "PLC", SITE, "", Severity.HIGH,
            Confidence.HIGH, 1.0, (), (Remedy("map it", Effort.E0),),
        )  # fmt: skip
        several = tuple(replace(one, subject=f"unit {n}") for n in range(10_000))
        store.replace_verdicts([Verdict(asset, "trapped", Level(1, 2), None, several, ())])
        xlsx.write(store, Request(tmp_path / "big.xlsx"))
    with zipfile.ZipFile(tmp_path / "big.xlsx") as archive:
        assert archive.read("xl/worksheets/sheet2.xml").count(b"<row ") == 10_001


def test_the_answer_and_the_fixes_come_first(book: Workbook) -> None:
    rows = list(book["Summary"].iter_rows(min_row=2, values_only=True))
    assert rows[0][0] == "Critical machines and devices that give usable readings today"
    assert " of " in str(rows[0][1])
    told = [str(row[0]) for row in rows]
    first = next(place for place, name in enumerate(told) if name.startswith("Fix 1"))
    assert {name.split(":")[0] for name in told[2:first]} == {"Critical, and without data"}
    assert [name[:5] for name in told[first : first + 5]] == [f"Fix {n}" for n in range(1, 6)]
    assert not any("1 gaps" in str(row[2]) for row in rows)


def test_rows_are_as_high_as_their_longest_wrapped_text(book: Workbook) -> None:
    """LibreOffice drew text over text where Excel sets heights by itself."""
    sheet, why = book["Gaps"], csv_file.GAPS.index("Why")
    wide = xlsx.WIDTHS["Why"]
    checked = 0
    for number, row in enumerate(sheet.iter_rows(min_row=2, values_only=True), 2):
        lines = min(-(-len(str(row[why])) // wide), xlsx.MOST_LINES)
        if lines > 1:
            height = sheet.row_dimensions[number].height
            assert height is not None and height >= lines * xlsx.LINE
            checked += 1
    assert checked


def test_a_sheet_that_is_cut_says_so(tmp_path: Path) -> None:
    """Excel takes 1 048 576 rows; two million points are more."""
    sheet = xlsx.Sheet("Signals", ("Asset",), lambda: ((f"plc-{n}",) for n in range(9)))
    with workbook(tmp_path / "cut.xlsx") as book:
        assert xlsx._sheet(book, xlsx._styles(book), sheet, most=3) == 3
    rows = [row[0].value for row in load_workbook(tmp_path / "cut.xlsx")["Signals"].rows]
    assert rows == ["Asset", "plc-0", "plc-1", "plc-2", xlsx.CUT]


def test_one_that_nobody_named_is_called_by_its_place_as_in_its_gaps(tmp_path: Path) -> None:
    with Store.open(tmp_path / "p.db", SITE) as store:
        store.append([observed("10.0.0.7", {"serial": "S1"})])
        conclude(store)
    sheet = load_workbook(written(tmp_path, tmp_path / "p.db"))["Assets"]
    assert [cell.value for cell in sheet["A"]] == ["Asset", "10.0.0.7"]
