"""A mutation of any rule's condition fails a test: all of them in the soak run, some always."""

from __future__ import annotations

import random
import warnings

import pytest

from tests.inventory.verdict.mutating import SAME, every, key, survivors

SOME, SEED = 40, 20_261_129


def test_some_mutations_of_the_rules_are_all_noticed() -> None:
    """The same handful at every run, for a run to mean the same twice; all of them in soak."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # a mutant may compare oddly
        chosen = random.Random(SEED).sample(every(), SOME)
        assert [str(one) for one in survivors(chosen)] == []


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_every_mutation_of_the_rules_is_noticed() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        chosen = every()
        left = [str(one) for one in survivors(chosen)]
    print(f"{len(chosen)} mutants, {len(left)} not noticed")  # noqa: T201  (soak prints figures)
    assert left == []


def test_mutants_that_are_let_be_still_exist() -> None:
    from tests.inventory.verdict.mutating import MODULES
    from tests.support.mutants import mutants

    names = {key(one) for module in MODULES for one in mutants(module)}
    assert set(SAME) <= names
