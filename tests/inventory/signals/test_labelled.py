"""Precision and recall of matching on the labelled names; abstentions are counted apart."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from inventory.signals.points import measure
from protocols.contract import Point

LABELLED = Path(__file__).with_name("labelled.csv")
PUBLIC = Path(__file__).with_name("public.csv")
FLOORS = {"first": (0.95, 0.7), "second": (0.88, 0.7)}
"""Precision and recall on names of public projects, as measured: a guard against getting worse.
What is taken wrongly are mostly settings that are called like a value ("Program 4 Power")."""


def table(path: Path) -> list[dict[str, str]]:
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def labelled(half: str = "") -> list[dict[str, str]]:
    return [row for row in table(LABELLED) if half in ("", row["half"])]


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


@pytest.mark.parametrize("draw", FLOORS)
def test_names_of_public_projects_are_read_no_worse_than_measured(draw: str) -> None:
    rows = [row for row in table(PUBLIC) if row["draw"] == draw]
    counts, wrong = judged(rows)
    found = counts["right"] + counts["wrong"]
    precision, recall = counts["right"] / found, counts["right"] / (found + counts["abstained"])
    assert (precision, recall) >= FLOORS[draw], (precision, recall, wrong)
    assert recall >= FLOORS[draw][1], (recall, counts)
