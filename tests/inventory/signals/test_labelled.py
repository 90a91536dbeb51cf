"""Precision and recall of matching on the labelled names; abstentions are counted apart."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from inventory.signals.points import measure
from protocols.contract import Point

LABELLED = Path(__file__).with_name("labelled.csv")


def labelled(half: str = "") -> list[dict[str, str]]:
    lines = [line for line in LABELLED.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [row for row in csv.DictReader(lines) if half in ("", row["half"])]


def judged(rows: list[dict[str, str]]) -> tuple[Counter[str], list[str]]:
    """Right, wrong, abstained, missed; and the wrong ones in words."""
    counts: Counter[str] = Counter()
    wrong = []
    for row in rows:
        found = measure(Point("x", row["name"], unit=row["unit"]))
        said = found.measurand if found.known else "-"
        if said == "-":
            counts["abstained" if row["measurand"] != "-" else "rightly not matched"] += 1
        elif said == row["measurand"]:
            counts["right"] += 1
        else:
            counts["wrong"] += 1
            wrong.append(f"{row['name']} [{row['unit']}]: {said}, not {row['measurand']}")
    return counts, wrong


def test_there_are_600_names_in_eight_languages() -> None:
    rows = labelled()
    assert len(rows) >= 600
    assert len({row["language"] for row in rows} - {"isa", "kks", "brick"}) == 8


@pytest.mark.parametrize("half", ["tune", "held"])
def test_precision_and_recall(half: str) -> None:
    counts, wrong = judged(labelled(half))
    precision = counts["right"] / (counts["right"] + counts["wrong"])
    wanted = counts["right"] + counts["wrong"] + counts["abstained"]
    recall = counts["right"] / wanted
    assert precision >= 0.98, (precision, wrong)
    assert recall >= 0.7, (recall, counts)
