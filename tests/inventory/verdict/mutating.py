"""Which mutants of the rules' conditions no plant notices."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from types import ModuleType

from inventory.rules import (
    conversations,
    frozen,
    governance,
    inaccessible,
    informational,
    instruments,
    networks,
    quality,
    ranges,
    siblings,
    trapped,
    uninstrumented,
)
from tests.inventory.verdict.plants import answer, unsaid
from tests.inventory.verdict.plants.rows import ROWS
from tests.support.mutants import Mutant, mutants, planted
from tests.support.replay import LONGEST, TooLongError, within

MODULES: tuple[ModuleType, ...] = (
    trapped, inaccessible, uninstrumented, quality, ranges, frozen, governance, informational,
    conversations,
    instruments, networks, siblings,
)  # fmt: skip
FAMILY = {
    "trapped": "T",
    "inaccessible": "A",
    "uninstrumented": "U",
    "quality": "Q",
    "ranges": "Q",
    "frozen": "Q",
    "governance": "G",
    "informational": "N",
    "conversations": "TG",
    "instruments": "T",
    "networks": "T",
    "siblings": "Q",
}
WORDS = frozenset({"_fields", "_model", "name_of", "fields", "_plain"})
"""Functions that choose words for a text and decide nothing."""

SAME: dict[str, str] = {
    "trapped._no_open_service: drop filter door.spoke": "a door in `spoken` has always spoken",
    "trapped._no_open_service: negate filter door.spoke": "only the proof of a FALSE is lost",
    "governance.g03: drop not view.context.collisions of"
    " not view.device.seen or not view.context.collisions": "an early way out",
    "informational.sufficient: drop 0 of level.lo or 0": "a device that is judged has a level",
    "frozen.standing_still: drop not _watched(rows) of _stopped(rows) or not _watched(rows)":
        "an early way out",
    "inaccessible.a04: drop item.outcome is Outcome.REFUSED_AUTH of"
    " item.outcome is Outcome.REFUSED_AUTH and item.reason in TRUST":
        "a reason of trust stands with a refusal only",
    "inaccessible.a01: drop not view.outcomes & NOT_REACHED of view.device.role in no_data_roles()"
    " or view.proxy or (not view.outcomes & NOT_REACHED)": "an early way out",
    "inaccessible.a02: drop not view.outcomes & (NOT_REACHED | TURNED_AWAY) of"
    " not view.context.collection or not view.outcomes & (NOT_REACHED | TURNED_AWAY)":
        "an early way out",
    "frozen._watched: len(samples) > 1 -> len(samples) >= 1": "an early way out",
    "ranges._odd: drop value in none or not -most <= value <= most or"
    " (-least < value < least and value) of type(value) in _NUMBERS and"
    " (value in none or not -most <= value <= most or (-least < value < least and value))":
        "an early way out",
    "ranges._odd: -least < value < least and value -> -least < value < least or value":
        "an early way out",
    "ranges._odd: drop -least < value < least of -least < value < least and value":
        "an early way out",
    "ranges._odd: drop value of -least < value < least and value": "an early way out",
    "ranges._odd: -least < value < least -> -least <= value < least": "it is judged again",
    "ranges._odd: -most <= value <= most -> -most < value <= most": "it is judged again",
    "frozen._together: at > 0 -> at >= 0": "from the first read back to the last is no time",
    "quality.aged: ages[1] < 0 -> ages[1] <= 0": "an age of nothing is fresh",
    "quality.q07: value > 0 -> value >= 0": "a clock that agrees with ours is not wrong",
    "frozen._span: drop last of first and last": "samples without a time stand first",
}  # fmt: skip
"""Mutants that change nothing that can be told, each with the reason."""


def every(modules: Iterable[ModuleType] = MODULES) -> list[tuple[Mutant, ModuleType]]:
    """All mutants with their modules."""
    return [
        (one, module)
        for module in modules
        for one in mutants(module)
        if one.function not in WORDS and key(one) not in SAME
    ]


def survivors(chosen: Iterable[tuple[Mutant, ModuleType]]) -> Iterator[Mutant]:
    """Mutants under which every plant still gets its key."""
    for one, module in chosen:
        with planted(one, module):
            noticed = _noticed(module)
        if not noticed:
            yield one


def key(one: Mutant) -> str:
    """How a mutant is named in `SAME`: without its line, which moves."""
    return f"{one.module.rpartition('.')[2]}.{one.function}: {one.change}"


def _noticed(module: ModuleType) -> bool:
    ordered = _likely_first(module)
    for row in ordered:
        try:
            with within(LONGEST):
                if answer(row) != row.key or (row.words and unsaid(row)):
                    return True
        except TooLongError:
            return True
        except (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError):
            return True
        except StopIteration:
            return True
    return False


_ORDERS: dict[str, list[object]] = {}


def _likely_first(module: ModuleType) -> list:  # type: ignore[type-arg]
    """Rows of the module's own rules first: the sooner a mutant is noticed, the cheaper."""
    name = module.__name__
    if name not in _ORDERS:
        own = FAMILY.get(name.rpartition(".")[2], "U")
        _ORDERS[name] = sorted(ROWS, key=lambda row: row.rule[0] not in own)  # type: ignore[arg-type]
    return _ORDERS[name]


def sample(seed: int, count: int) -> list[tuple[Mutant, ModuleType]]:
    """Some mutants, drawn by a seed."""
    return random.Random(seed).sample(every(), count)
