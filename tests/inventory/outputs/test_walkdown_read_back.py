"""A sheet that came back from the plant: what people write, and what they mean by it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from inventory.conclude import conclude
from inventory.imports import ListError, read_list
from inventory.model import Declaration, Effort, Kind
from inventory.outputs import Request, walkdown
from inventory.store import Store
from protocols.contract import Outcome
from scanner.cli import untrap
from tests.inventory.making import SITE, listed, observed
from tests.inventory.outputs.connecting import plant

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


PLATE = {"serial number": "SN-77", "model": "M 7", "maker": "Acme"}


def run(folder: Path, *words: str) -> Result:
    done = CliRunner().invoke(untrap, ["--db", str(folder / "t.db"), *words])
    assert done.exit_code == 0, done.stderr
    return done


def test_a_nameplate_that_was_read_comes_back_as_the_devices(tmp_path: Path) -> None:
    with site(tmp_path) as store:
        path = filled(store, tmp_path, {f"D-9 {what}": word for what, word in PLATE.items()})
    done = run(tmp_path, "import", "attest", str(path))
    assert "3 nameplate entries taken" in done.stderr
    assert "no verdict reads" not in done.stderr
    with Store.open(tmp_path / "t.db", SITE) as store:
        conclude(store, today=TODAY)
        (device,) = store.devices()
        assert (device.serial, device.model, device.vendor) == ("SN-77", "M 7", "Acme")
        again = filled(store, tmp_path, {}, "again.csv").read_text("cp1252")
    assert "D-9;out of service" in again
    assert not any(f"D-9;{what}" in again for what in PLATE)  # nothing of it is lacking


def test_what_a_device_does_not_tell_is_asked_of_its_nameplate(tmp_path: Path) -> None:
    with Store.open(plant(tmp_path), SITE) as store:
        lacks = {one.asset for one in store.questions() if one.rule == "Q10"}
        lacks |= {one.asset for one in store.findings() if one.rule == "Q10"}
        lines = list(walkdown.rows(store))
        asked = {tuple(line[:2]) for line in lines}
        seen = [one for one in store.devices() if one.key in lacks and one.seen]
        assert seen
        for one in seen:
            subject = walkdown._subject(one)
            for name, known in {
                "maker": one.vendor,
                "model": one.model or one.product,
                "serial number": one.serial,
                "firmware": one.firmware,
            }.items():
                assert ((subject, name) in asked) is not bool(known)
        assert not any(line[1].startswith("Q10") for line in lines)
        gone = next(one for one in store.devices() if not one.seen)
        assert (walkdown._subject(gone), "serial number") in asked
        assert (walkdown._subject(gone), "firmware") not in asked  # no plate has it


def test_a_nameplate_of_nobody_or_of_a_machine_is_kept_and_told(tmp_path: Path) -> None:
    with site(tmp_path):
        pass
    (tmp_path / "a.csv").write_text(
        "Subject,Statement,Value\nP-1,serial,S1\nX-1,Serial No.,S2\nD-9,maker,no\n"
        "D-9,model,n/a\nD-9,firmware,V1\n",
        "utf-8",
    )
    done = run(tmp_path, "import", "attest", str(tmp_path / "a.csv"))
    assert "1 nameplate entry taken" in done.stderr
    told = " ".join(done.stderr.split())
    assert "kept as a note, no one device is called: P-1, X-1" in told
    with Store.open(tmp_path / "t.db", SITE) as store:
        conclude(store, today=TODAY)
        (device,) = store.devices()
        assert (device.firmware, device.vendor, device.model) == ("V1", "", "")


def test_a_nameplate_without_its_words_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Subject,Statement,Value,Author\nD-9,serial number,,A. Weber\n", "utf-8")
    with pytest.raises(ListError, match="write the serial number as the nameplate says it"):
        read_list(Kind.ATTEST, path, SITE, {})


def test_an_answer_to_a_question_of_a_rule_is_told_to_be_a_note(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Subject,Statement,Value\nD-9,T03,seen\nD-9,G01 modbus,ok\n", "utf-8")
    told = read_list(Kind.ATTEST, path, SITE, {}).told.splitlines()[1:]
    assert told == [
        "line 2: no verdict reads 'T03'; it is kept as a note",
        "line 3: no verdict reads 'G01 modbus'; it is kept as a note",
    ]


def test_what_somebody_accepted_is_not_looked_at_again(tmp_path: Path) -> None:
    with Store.open(plant(tmp_path), SITE) as store:
        before = {tuple(line[:2]) for line in walkdown.rows(store)}
        found = next(
            one
            for one in store.findings()
            if one.rule == "G01" and any(fix.effort is not Effort.E0 for fix in one.remedies)
        )
        fields = {"finding": found.id, "owner": "x", "reason": "lab", "expires": "2999-01-01"}
        store.declare([Declaration(SITE, Kind.WAIVER, found.id, fields)])
        conclude(store)
        lines = [line for line in walkdown.rows(store) if line[1].startswith("G01")]
        gone = before - {tuple(line[:2]) for line in walkdown.rows(store)}
        assert [statement.split()[0] for _, statement in gone] == ["G01"]
        assert len(lines) < sum(one[1].startswith("G01") for one in before)


def test_who_is_out_of_service_is_not_asked_for_its_first_word(tmp_path: Path) -> None:
    row = listed(tag="U-5", address="10.9.9.9", unit="5", parent="D-9", criticality="C2")
    with site(tmp_path) as store:
        store.declare([row])
        store.append(
            [
                observed("10.9.9.9", {"vendor": "Moxa", "model": "MB3180"}),
                observed("10.9.9.9", {"vendor": "x"}, part="unit 1", at=1),
                observed("10.9.9.9", part="unit 5", outcome=Outcome.REFUSED_DOWNSTREAM, at=2),
            ]
        )
        conclude(store, today=TODAY)
        before = {rule for name, rule in asked(store) if name == "U-5"}
        assert before
        rests = {"subject": "U-5", "statement": "out of service", "value": "yes"}
        store.declare([Declaration(SITE, Kind.ATTEST, "U-5 | out of service", rests)])
        conclude(store, today=TODAY)
        assert {rule for name, rule in asked(store) if name == "U-5"} <= {"G02"}
        store.declare([Declaration(SITE, Kind.ATTEST, "U-5 | x", rests | {"value": "no"})])
        conclude(store, today=TODAY)
        assert {rule for name, rule in asked(store) if name == "U-5"} == before
        heard = observed("10.9.9.9", {"vendor": "Acme"}, part="unit 5", at=900, scan="scan-2")
        store.append([heard])
        store.declare([Declaration(SITE, Kind.ATTEST, "U-5 | y", rests)])
        conclude(store, today=TODAY)
        assert "N05" in {rule for name, rule in asked(store) if name == "U-5"}


def test_a_tag_that_begins_like_a_formula_comes_back_as_it_was(tmp_path: Path) -> None:
    """IEC 81346 begins tags with = and +; a sheet must not hold them as formulas."""
    for name in ("w.csv", "w.xlsx"):
        with Store.open(tmp_path / f"{name}.db", SITE) as store:
            store.declare([listed(tag="=A1+P01", class_="pump"), listed(tag="D-9", class_="plc")])
            conclude(store, today=TODAY)
            path = filled(store, tmp_path, {"'=A1+P01 monitored by": "none"}, name)
            (found,) = read_list(Kind.ATTEST, path, SITE, {}).declarations
            assert found.fields["equipment"] == "=A1+P01"
