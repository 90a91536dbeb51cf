"""Hostile text is inert wherever people and programs read it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.text import cell, inert, slug, storable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Pump 7", "Pump 7"),
        ("Kühlturm größer", "Kühlturm größer"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\nb\rc\td", "a\\x0ab\\x0dc\\x09d"),
        ("nul\0", "nul\\x00"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("\ud800", "\\ud800"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\x9b31m", "\\x9b31m"),
        ("line\u2028sep", "line\\u2028sep"),
        ("nbsp\u00a0here", "nbsp here"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_acting_characters_are_shown_and_do_not_act(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_long_text_is_cut_with_a_mark() -> None:
    assert inert("x" * 5000, 10) == "x" * 9 + "…"


@given(st.text(alphabet=st.characters(), max_size=200), st.integers(1, 50))
def test_inert_text_is_one_printable_line_within_its_limit(text: str, limit: int) -> None:
    shown = inert(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()
    shown.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\\x09=1"),
        ("\r=1", "'\\x0d=1"),
        (" =1", "' =1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("-12.5", "-12.5"),
        ("+4", "+4"),
        ("plain", "plain"),
    ],
)
def test_no_cell_is_taken_for_a_formula(text: str, shown: str) -> None:
    assert cell(text) == shown


@given(st.text(max_size=100))
def test_a_cell_survives_a_csv_round_trip(text: str) -> None:
    file = io.StringIO()
    csv.writer(file).writerow([cell(text)])
    assert next(csv.reader(io.StringIO(file.getvalue())), [""]) == [cell(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("Line 4: Füller", "Line-4-Fuller"),
        ("", "unnamed"),
        ("...", "unnamed"),
        ("con", "x-con"),
        ("NUL.txt", "x-NUL.txt"),
        ("a\0b", "a-b"),
    ],
)
def test_file_names_are_safe(text: str, name: str) -> None:
    assert slug(text) == name


@given(st.text())
def test_file_names_hold_safe_letters_only(text: str) -> None:
    assert slug(text).replace("-", "").replace("_", "").replace(".", "").isalnum()


@given(st.text(alphabet=st.characters(), max_size=50))
def test_storable_text_encodes_and_holds_no_nul(text: str) -> None:
    kept = storable(text)
    kept.encode()
    assert "\0" not in kept
    assert storable(kept) == kept
