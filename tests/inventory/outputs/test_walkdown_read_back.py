"""A sheet that came back from the plant: what people write, and what they mean by it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from inventory.conclude import conclude
from inventory.imports import ListError, read_list
from inventory.model import Declaration, Kind
from inventory.outputs import Request, walkdown
from inventory.store import Store
from tests.inventory.making import SITE, listed

TODAY = datetime(2026, 11, 29, tzinfo=UTC)
SIGNED = {"Author": "A. Weber", "Date": "20.11.2026"}


def site(folder: Path) -> Store:
    store = Store.open(folder / "t.db", SITE)
    store.declare(
        [
            listed(tag="P-1", class_="pump", criticality="C2", owner="x", area="h"),
            listed(tag="D-9", class_="plc", address="10.9.9.9", criticality="C2", owner="x"),
        ]
    )
    conclude(store, today=TODAY)
    return store


def filled(store: Store, folder: Path, answers: Mapping[str, str], name: str = "w.csv") -> Path:
    """The sheet with a value per statement, and every line signed."""
    path = folder / name
    walkdown.write(store, Request(path))
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        page = book.active
        assert page is not None
        for line in page.iter_rows(min_row=2):
            line[2].value = answers.get(f"{line[0].value} {line[1].value}")
            line[3].value, line[4].value = "A. Weber", datetime(2026, 11, 20)  # noqa: DTZ001 - as Excel
        book.save(path)
        return path
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row |= {**SIGNED, "Value": answers.get(f"{row['Subject']} {row['Statement']}", "")}
    with path.open("w", encoding="cp1252", newline="") as file:  # as Excel in Germany saves it
        writer = csv.DictWriter(file, walkdown.HEADER, delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(store: Store, folder: Path, answers: Mapping[str, str], name: str = "w.csv") -> None:
    found = read_list(Kind.ATTEST, filled(store, folder, answers, name), SITE, {})
    store.declare(found.declarations)
    conclude(store, today=TODAY)


def asked(store: Store) -> set[tuple[str, str]]:
    return {(one.asset_name, one.rule) for one in store.questions()}


@pytest.mark.parametrize(
    ("name", "word"), [("w.csv", "none"), ("w.csv", "keine"), ("w.xlsx", "なし")]
)
def test_a_machine_that_nothing_monitors_is_uninstrumented_as_attested(
    tmp_path: Path, name: str, word: str
) -> None:
    with site(tmp_path) as store:
        before = asked(store)
        assert ("P-1", "U02") in before
        read(store, tmp_path, {"P-1 monitored by": word}, name)
        found = [(one.asset_name, one.rule, one.label) for one in store.findings()]
        assert ("P-1", "U02", "Machine without any digital presence (attested)") in found
        assert asked(store) == before - {("P-1", "U02")}


def test_a_device_that_somebody_found_is_linked(tmp_path: Path) -> None:
    with site(tmp_path) as store:
        read(store, tmp_path, {"P-1 monitored by": "10.9.9.9"})
        (machine,) = store.equipment()
        assert len(machine.monitored_by) == 1
        assert not machine.links_complete
        assert ("P-1", "U02") not in asked(store)


def test_a_line_that_was_signed_and_not_answered_states_nothing(tmp_path: Path) -> None:
    with site(tmp_path) as store:
        path = filled(store, tmp_path, {"P-1 monitored by": "none"})
        assert len(read_list(Kind.ATTEST, path, SITE, {}).declarations) == 1


@pytest.mark.parametrize(("answer", "open_still"), [("yes", False), ("no", True), ("Nein", True)])
def test_out_of_service_is_what_the_answer_says(
    tmp_path: Path, answer: str, open_still: bool
) -> None:
    with site(tmp_path) as store:
        read(store, tmp_path, {"D-9 out of service": answer})
        assert (("D-9", "A08") in asked(store)) is open_still


def test_a_later_no_takes_an_earlier_yes_back(tmp_path: Path) -> None:
    with site(tmp_path) as store:
        read(store, tmp_path, {"D-9 out of service": "yes"})
        assert ("D-9", "A08") not in asked(store)
        again = {"subject": "D-9", "statement": "out of service", "value": "no"}
        store.declare([Declaration(SITE, Kind.ATTEST, "D-9 | out of service", again)])
        conclude(store, today=TODAY)
        assert ("D-9", "A08") in asked(store)


@pytest.mark.parametrize(
    ("statement", "value", "said"),
    [
        ("monitored by", "yes", "tag or address, or none"),
        ("not instrumented", "Schwingung", "is no signal; write one like vibration"),
        ("not instrumented", "vibration|yes", "is no signal"),
        ("no sensor", "pressure:sideways", "is no signal"),
    ],
)
def test_an_answer_that_would_be_lost_is_refused_with_a_good_one(
    tmp_path: Path, statement: str, value: str, said: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"Subject,Statement,Value\nP-1,{statement},{value}\n", "utf-8")
    with pytest.raises(ListError, match=said):
        read_list(Kind.ATTEST, path, SITE, {})


@pytest.mark.parametrize("value", ["vibration", "vibration|axial_flux", "pressure:suction"])
def test_a_signal_is_taken_as_the_sheet_prints_it(tmp_path: Path, value: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"Subject,Statement,Value\nP-1,not instrumented,{value}\n", "utf-8")
    assert len(read_list(Kind.ATTEST, path, SITE, {}).declarations) == 1
