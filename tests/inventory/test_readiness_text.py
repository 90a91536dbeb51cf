"""The six questions in words: figures as people write them."""

from __future__ import annotations

from inventory.readiness import repeating
from inventory.readiness.answer import Concluded
from inventory.readiness.census import Census
from inventory.readiness.repeating import Repeating
from inventory.readiness.review import six_questions


def test_shares_of_question_one_are_told_in_per_cent() -> None:
    line = {"index": {"lo": 0.306, "hi": 0.451}, "level4_share": 0.2, "level4_possible": 0.2}
    said = dict(six_questions(Census(), line, Concluded({}, 0, 0))[0].measures)
    assert said["accessibility index"] == "31 to 45 %"
    assert said["share of weight at level 4"] == "20 %"


def test_a_site_without_figures_is_not_assessed() -> None:
    said = dict(six_questions(Census(), None, Concluded({}, 0, 0))[0].measures)
    assert said["accessibility index"] == said["share of weight at level 4"] == "not assessed"


def test_question_five_says_how_to_have_a_use_case_counted() -> None:
    name = "machines that are ready, blocked and not known, variants, effort"
    for sites, says in ((0, "holds no other site"), (1, "--site NAME"), (2, "at the other site;"),
                        (3, "at the 2 other sites;")):  # fmt: skip
        (told,) = [value for one, value in repeating.answer(Repeating(), sites).measures
                   if one == name]  # fmt: skip
        assert says in told
        assert "untrap readiness --pilot SITE" in told
