"""Runs the plain tests of a module inside this process: those that need no fixture, every case.

One rule keeps it simple: what a test marks as cases is what runs; a test that needs a fixture is
left out, because nothing here makes one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from types import ModuleType

import pytest

Case = Callable[[], object]


def cases(module: ModuleType) -> Iterator[Case]:
    """Every case of every plain test of a module, in order."""
    for name, function in vars(module).items():
        if name.startswith("test_") and inspect.isfunction(function):
            yield from _of(function)


def _of(function: Callable[..., object]) -> Iterator[Case]:
    marks = [mark for mark in getattr(function, "pytestmark", ()) if mark.name == "parametrize"]
    named = [_names(mark.args[0]) for mark in marks]
    if {name for names in named for name in names} != set(inspect.signature(function).parameters):
        return  # it wants a fixture
    if any(mark.name == "soak" for mark in getattr(function, "pytestmark", ())):
        return
    for chosen in product(*(mark.args[1] for mark in marks)):
        given: dict[str, object] = {}
        for names, values in zip(named, chosen, strict=True):
            values = values.values if hasattr(values, "marks") else values
            given |= zip(names, (values,) if len(names) == 1 else values, strict=True)
        yield partial(function, **given)


def _names(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if isinstance(text, str) else tuple(text)


def fails(case: Case) -> bool:
    """Whether a case fails, by whatever a broken program raises."""
    try:
        case()
    except (AssertionError, ArithmeticError, AttributeError, LookupError, NameError):
        return True
    except (TypeError, ValueError, StopIteration, RecursionError, pytest.fail.Exception):
        return True
    return False
