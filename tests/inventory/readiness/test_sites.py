"""Sites side by side, and how far each class differs among them, by hand-made roll-ups."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from inventory.readiness.sites import Site, Spread, differing, side_by_side, spreads

TODAY = date(2026, 11, 29)


def line(low: float | None, high: float | None, **more: object) -> Mapping[str, object]:
    return {"level4_share": low, "level4_possible": high, **more}


def site(
    name: str, day: date | None = TODAY, holds: bool = True, **classes: tuple[float, float]
) -> Site:
    whole = line(0.2, 0.5, index={"lo": 0.31, "hi": 0.45}, c3_level4={"lo": 0.1, "hi": 0.1})
    lines = {("site", name): whole, ("area", "pump"): line(0.0, 1.0)}
    lines |= {("class", cls): line(*bounds) for cls, bounds in classes.items()}
    return Site(name, lines, day, holds)


def test_several_sites_are_told_one_beside_the_other() -> None:
    told = side_by_side([site("Lyon"), site("Oslo", date(2026, 11, 28))], TODAY)
    figures = "index 31 to 45 %, level 4 20 to 50 %, critical (C3) 10 %"
    assert told == (("Lyon", figures), ("Oslo", f"{figures}, as of 2026-11-28"))


def test_one_site_alone_is_not_compared_with_itself() -> None:
    assert side_by_side([site("Lyon")], TODAY) == ()
    assert spreads([site("Lyon", pump=(0.0, 1.0))]) == []


def test_a_site_that_changed_since_is_not_known_and_shows_no_old_figure() -> None:
    old = site("Oslo", date(2026, 11, 2), holds=False)
    never = Site("Rome", holds=False)
    told = side_by_side([site("Lyon"), old, never], TODAY)
    assert [name for name, _ in told] == ["Lyon", "Oslo", "Rome"]
    assert told[1][1].startswith("not known, its records or the rules changed since 2026-11-02")
    assert told[2][1].startswith("not known, never judged")
    assert not any("%" in text for _, text in told[1:])


def test_a_site_where_nothing_was_assessed_says_so() -> None:
    told = side_by_side([site("Lyon"), Site("Bern", {}, TODAY)], TODAY)
    nothing = "index not assessed, level 4 not assessed, critical (C3) not assessed"
    assert told[1] == ("Bern", nothing)


@pytest.mark.parametrize(
    ("bounds", "low", "high"),
    [
        (((0.8, 0.8), (0.3, 0.3)), 0.5, 0.5),
        (((0.8, 0.9), (0.3, 0.5)), 0.3, 0.6),  # 0.8 - 0.5; 0.9 - 0.3
        (((0.2, 0.9), (0.3, 0.5)), 0.0, 0.6),  # they overlap; 0.9 - 0.3, never 0.9 - 0.2 of one
        (((0.0, 1.0), (0.4, 0.4)), 0.0, 0.6),  # 1.0 - 0.4 beats 0.4 - 0.0
        (((0.5, 0.5), (0.5, 0.5)), 0.0, 0.0),
        (((0.1, 0.1), (0.4, 0.6), (0.9, 0.9)), 0.8, 0.8),
    ],
)
def test_the_difference_of_a_class_is_known_within_bounds(
    bounds: tuple[tuple[float, float], ...], low: float, high: float
) -> None:
    sites = [site(str(at), pump=each) for at, each in enumerate(bounds)]
    assert spreads(sites) == [Spread("pump", len(bounds), low, high)]


def test_only_classes_that_two_sites_have_are_compared_and_the_most_different_lead() -> None:
    one = site("A", pump=(0.1, 0.1), fan=(0.0, 0.9), motor=(0.0, 0.0), alone=(0.0, 1.0))
    two = site("B", pump=(0.5, 0.5), fan=(0.4, 0.4), motor=(0.5, 0.5))
    assert [one.cls for one in spreads([one, two])] == ["motor", "fan", "pump"]


def test_what_is_not_known_of_a_site_is_not_compared() -> None:
    other = site("B", pump=(0.9, 0.9))
    for unknown in (
        site("A", holds=False, pump=(0.0, 0.0)),
        site("A", None, pump=(0.0, 0.0)),
        Site("A", {("class", "pump"): line(None, 0.3)}, TODAY),
        Site("A", {("class", "pump"): line(0.3, None)}, TODAY),
    ):
        assert spreads([unknown, other]) == []


def test_differences_in_words() -> None:
    found = [Spread("pump", 2, 0.3, 0.6), Spread("fan", 3, 0.5, 0.5)]
    assert differing(found) == (
        ("pump", "30 to 60 points between 2 sites"),
        ("fan", "50 points between 3 sites"),
    )
