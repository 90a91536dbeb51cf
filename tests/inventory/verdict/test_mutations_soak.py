"""A mutation of what judges fails a test: all of them in the soak run, some always."""

from __future__ import annotations

import random
import warnings
from types import ModuleType

import pytest

from tests.inventory.verdict import mutating, mutating_judge
from tests.inventory.verdict.mutating import key
from tests.support.mutants import mutants

SEED = 20_261_129
RULES = pytest.param(mutating, 40, mutating.MODULES, id="rules")
JUDGE = pytest.param(mutating_judge, 20, [one for one, _ in mutating_judge.MODULES], id="judge")

pytestmark = pytest.mark.parametrize(("campaign", "some", "modules"), [RULES, JUDGE])


def left(campaign: ModuleType, some: int = 0) -> list[str]:
    """The mutants that no test notices, of all or of a handful."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # a mutant may compare oddly
        every = campaign.every()
        chosen = random.Random(SEED).sample(every, some) if some else every
        found = [str(one) for one in campaign.survivors(chosen)]
    print(f"{len(chosen)} mutants, {len(found)} not noticed")  # noqa: T201  (soak prints figures)
    return found


def test_some_mutations_are_all_noticed(
    campaign: ModuleType, some: int, modules: list[ModuleType]
) -> None:
    """The same handful at every run, for a run to mean the same twice."""
    assert left(campaign, some) == []


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_every_mutation_is_noticed(
    campaign: ModuleType, some: int, modules: list[ModuleType]
) -> None:
    assert left(campaign) == []


def test_mutants_that_are_let_be_still_exist(
    campaign: ModuleType, some: int, modules: list[ModuleType]
) -> None:
    assert set(campaign.SAME) <= {key(one) for module in modules for one in mutants(module)}
