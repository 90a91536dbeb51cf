"""Cells of the gap list."""

from __future__ import annotations

from inventory.model import Because
from inventory.outputs.csv_file import evidence
from inventory.outputs.report.evidence import Proofs


def test_a_premise_that_rests_on_others_leaves_no_hole_in_the_evidence() -> None:
    because = (
        Because("o-1", "closed", "asked"),
        Because("", "answered", "control: another answered in between"),
        Because("", "declared", "the register declares it", "d-1"),
    )
    assert evidence(because) == "o-1 d-1"


def test_a_report_says_how_to_open_the_statement_that_a_gap_rests_on() -> None:
    proofs = Proofs({}, 64)
    told = [
        proofs.premise(Because("", "declared", "the register declares it", "d1234567-89ab-5cde")),
        proofs.premise(Because("o1234567-89ab-5cde", "silent", "asked")),
        proofs.premise(Because("", "derived", "computed")),
    ]
    assert [one.link for one in told] == [
        "untrap show d1234567-89ab",
        "untrap show o1234567-89ab",
        "",
    ]


def test_an_answer_that_shows_several_things_is_named_once() -> None:
    because = [Because("o-1", "complete", "a"), Because("o-2", "complete", "b")]
    assert evidence([*because, Because("o-1", "complete", "c")]) == "o-1 o-2"
