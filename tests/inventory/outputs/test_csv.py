"""Cells of the gap list."""

from __future__ import annotations

from inventory.model import Because
from inventory.outputs.csv_file import evidence


def test_a_premise_that_rests_on_others_leaves_no_hole_in_the_evidence() -> None:
    because = (
        Because("o-1", "closed", "asked"),
        Because("", "answered", "control: another answered in between"),
        Because("", "declared", "the register declares it", "d-1"),
    )
    assert evidence(because) == "o-1 d-1"
