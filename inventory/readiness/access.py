"""Question 1: is data access consistent and reliable across all sites?

One rule keeps it simple: what is not known stays between the bounds, as no and as yes.
"""

from __future__ import annotations

from collections.abc import Mapping

from inventory.readiness.answer import Answer, Concluded, span


def answer(line: Mapping[str, object], concluded: Concluded) -> Answer:
    """Question 1, of the roll-up line of the site."""
    return Answer(
        1,
        "Is data access consistent and reliable across all sites?",
        (
            ("accessibility index", span(line.get("index"))),
            ("share of weight at level 4", span(
                {"lo": line.get("level4_share"), "hi": line.get("level4_possible")})),
            ("stale values (Q02)", str(concluded.of("Q02"))),
        ),
        _doubtful(line),
        "whether people copy data by hand instead",
    )  # fmt: skip


def _doubtful(line: Mapping[str, object]) -> float:
    """The share of weight of which it is not known whether it is at level 4; all where nothing is
    assessed."""
    bounds = [line.get(name) for name in ("level4_share", "level4_possible")]
    if None in bounds:
        return 1.0
    low, high = (float(str(one)) for one in bounds)
    return round(high - low, 3)
