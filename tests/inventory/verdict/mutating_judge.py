"""Which mutants of the judging modules no plain test and no plant notices."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from inventory import fixes, pilot, population, rollup, usecases
from inventory.judge import (
    ages,
    anew,
    asking,
    attested,
    bearing,
    counting,
    coverage,
    doubts,
    equipment,
    fitting,
    levels,
    licence,
    logic,
    managed,
    mapped,
    presence,
    profiles,
    required,
    stand_ins,
    variants,
    weigh,
)
from inventory.readiness import (
    access,
    action,
    aging,
    answer,
    availability,
    barriers,
    census,
    clients,
    fields,
    integration,
    management,
    origins,
    priority,
    register,
    repeating,
    review,
    sites,
    taking,
    values,
    visibility,
)
from inventory.rules import refusals, standing
from inventory.store import history, reviewed
from tests.inventory import (
    test_barriers,
    test_fixes,
    test_had_anew,
    test_pairs,
    test_population,
    test_readiness_text,
    test_sums,
)
from tests.inventory.coverage import test_figures
from tests.inventory.readiness import (
    test_aging,
    test_answers,
    test_fields,
    test_origins,
    test_sites,
    test_taking,
)
from tests.inventory.signals import test_folders
from tests.inventory.verdict import (
    test_acceptance,
    test_asking,
    test_bearing,
    test_counting,
    test_judging,
    test_level_bounds,
    test_levels,
    test_machine_levels,
    test_machine_verdicts,
    test_mapped,
    test_pilot_totals,
    test_places,
    test_plants,
    test_presence,
    test_profiles,
    test_ready,
    test_refusals,
    test_required,
    test_rules,
    test_soundness,
    test_standing,
    test_whose,
)
from tests.inventory.verdict.mutating import key
from tests.support.mutants import Mutant, mutants, planted
from tests.support.replay import Case, cases, fails

READINESS = (
    *(access, action, aging, answer, availability, barriers, census, clients, fields),
    *(integration, management, origins, priority, register, repeating, review, sites, values),
    visibility,
)
"""The modules of the six questions and the other barriers."""
QUESTIONS = (
    *(test_answers, test_barriers, test_sums, test_readiness_text, test_population, test_sites),
    *(test_origins, test_fields, test_aging),
)

MODULES: tuple[tuple[ModuleType, tuple[ModuleType, ...]], ...] = (
    (logic, (test_judging, test_rules)),
    (weigh, (test_judging, test_standing)),
    (standing, (test_standing,)),
    (refusals, (test_refusals,)),
    (asking, (test_asking,)),
    (bearing, (test_bearing, test_whose, test_presence)),
    (stand_ins, (test_presence, test_acceptance)),
    (
        levels,
        (test_level_bounds, test_levels, test_acceptance, test_machine_levels, test_soundness),
    ),
    (managed, (test_levels,)),
    (
        presence,
        (
            test_presence,
            test_counting,
            test_mapped,
            test_soundness,
            test_whose,
            test_acceptance,
            test_machine_levels,
        ),
    ),
    (attested, (test_presence, test_machine_verdicts)),
    (licence, (test_presence, test_acceptance, test_asking)),
    (doubts, (test_presence, test_whose, test_mapped)),
    (mapped, (test_mapped,)),
    (anew, (test_had_anew,)),
    (counting, (test_counting,)),
    (fitting, (test_places, test_folders, test_counting, test_presence, test_profiles)),
    (profiles, (test_places, test_profiles, test_figures)),
    (coverage, (test_judging, test_figures)),
    (fixes, (test_fixes,)),
    (usecases, (test_ready, test_soundness, test_pilot_totals)),
    (pilot, (test_pilot_totals,)),
    (variants, (test_ready, test_required)),
    *((one, QUESTIONS) for one in READINESS),
    (history, (test_barriers, test_taking)),
    *((one, (test_taking,)) for one in (taking, reviewed)),
    (rollup, (test_sums, test_pairs)),
    (population, (test_population,)),
    *((one, (test_required, test_ready)) for one in (required, ages)),
    (
        equipment,
        (test_machine_verdicts, test_machine_levels, test_counting, test_soundness, test_judging),
    ),
)
"""Each module with the tests that are tried first; the plants come last, for all."""

SAME: dict[str, str] = {
    "fitting.fits: signal.places < one.places -> signal.places <= one.places": (
        "no two signals of a profile are at the same places"
    ),
    "fitting.fits: one.places < signal.places -> one.places <= signal.places": (
        "no two signals of a profile are at the same places"
    ),
    "fitting._said: drop about.alias of about is not None and about.alias": (
        "without any the places stay as they are: it spares the look"
    ),
    "logic.demote: strength >= Strength.E3 -> strength > Strength.E3": "one below E3 is E2 anyway",
    "coverage.best_next: drop parameter in present of"
    " parameter in present or parameter not in matrix.online": "what is there adds nothing",
    "coverage.best_next: gain > most + 1e-09 -> gain >= most + 1e-09": "no gain differs by that",
    "presence.Machine._absence_strength: drop not meaning.dimension of"
    " meaning.match == NAME_ONLY and (not meaning.dimension)": "a unit makes it both",
    "bearing.Bearing.of: drop not self._tags of"
    " not self._tags or device.away": "of no tags none is found: it spares the look",
    "equipment.judge_equipment: drop 0 of level.lo or 0": "a machine that is known has a level",
    "equipment._not_assessable: drop 0 of level.lo or 0": "a machine that is known has a level",
    "equipment._not_assessable: drop level.hi is not None of"
    " level.hi is not None and level.hi < 3": "a machine that is known has a level",
    "equipment._labelled: drop filter name": "no statement speaks of no signal",
    "equipment._usable: drop not about.required of"
    " about is None or not about.required": "every profile requires something",
    "equipment._usable: drop premise present of both(present, _good(machine), _alive(machine))": (
        "it is TRUE there"
    ),
    "usecases.bundled: drop filter item.name.endswith('.toml')": "the folder holds nothing else",
    "rollup._location: drop filter hi is not None": "none is None there",
    "rollup.Total.line: drop 1.0 of self.weight or 1.0": "a scope has a unit, a unit a weight",
    "fixes._chosen: worth < -heap[0][0] - 1e-12"
    " -> worth <= -heap[0][0] - 1e-12": "never by just that",
    "fixes._offers: COST[remedy.effort] > COST[offer.effort]"
    " -> COST[remedy.effort] >= COST[offer.effort]": "the same effort in its own place",
}
"""Mutants that change nothing that can be told, each with the reason."""


def every() -> list[tuple[Mutant, ModuleType]]:
    """All mutants of the judging modules."""
    return [
        (one, module) for module, _ in MODULES for one in mutants(module) if key(one) not in SAME
    ]


_CASES: dict[str, list[Case]] = {}


def _cases(module: ModuleType) -> list[Case]:
    if module.__name__ not in _CASES:
        own = next(tests for one, tests in MODULES if one is module)
        _CASES[module.__name__] = [case for one in (*own, test_plants) for case in cases(one)]
    return _CASES[module.__name__]


def survivors(chosen: list[tuple[Mutant, ModuleType]]) -> Iterator[Mutant]:
    """Mutants under which every test still passes."""
    for one, module in chosen:
        with planted(one, module):
            noticed = any(fails(case) for case in _cases(module))
        if not noticed:
            yield one
