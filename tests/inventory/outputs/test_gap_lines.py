"""A line of `gaps --json` that is written from a kept row is that of the finding itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inventory.model import (
    Because,
    Category,
    Confidence,
    Effort,
    Finding,
    Level,
    Remedy,
    Severity,
    Verdict,
)
from inventory.outputs import records
from inventory.outputs.gap_lines import line
from inventory.store import values
from inventory.text import storable
from protocols.contract import spaced
from tests.inventory.outputs.sample import HOSTILE

TELLING = ('",', ',"remedies":[', '],"assumed":true}', '{"because":', "\\\\", "\udc80", "\0")
TEXTS = st.sampled_from((*HOSTILE, *TELLING)) | st.text(max_size=20)
BECAUSE = st.lists(st.builds(Because, TEXTS, TEXTS, TEXTS, TEXTS), max_size=3).map(tuple)
REMEDIES = st.lists(
    st.builds(Remedy, TEXTS, st.sampled_from(Effort), st.booleans(), TEXTS), max_size=3
).map(tuple)
FINDINGS = st.builds(
    Finding, st.sampled_from(("T01", "Q03")), st.integers(1, 9), st.sampled_from(Category), TEXTS,
    st.uuids().map(str), TEXTS, TEXTS, TEXTS.map(storable), st.sampled_from(Severity),
    st.sampled_from(Confidence), st.floats(0, 1e9) | st.just(float("inf")), BECAUSE, REMEDIES,
    st.integers(0, 2**40), st.booleans(), TEXTS,
)  # fmt: skip


@given(FINDINGS)
def test_a_line_from_a_kept_row_is_that_of_the_finding(finding: Finding) -> None:
    verdict = Verdict(finding.asset, "trapped", Level(0, 5), findings=(finding,))
    [row] = values.concluded(verdict, finding.site).gaps.rows
    kept = values.finding(dict(zip(values.GAPS, row, strict=True)))
    assert line(row) == spaced(records.gap(kept))
