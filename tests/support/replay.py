"""Runs the plain tests of a module inside this process: those that need no fixture, every case.

One rule keeps it simple: what a test marks as cases is what runs; a test that needs a fixture is
left out, because nothing here makes one.
"""

from __future__ import annotations

import inspect
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from types import ModuleType

import pytest

Case = Callable[[], object]

LONGEST = 3.0
"""Seconds of processor time; every case is done in a tenth of it."""


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


class TooLongError(BaseException):
    """A case ran on: a broken loop, or a property whose failure is being made smaller. No
    `Exception`, so that nothing in between takes it for one of its own."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises TooLongError after that much processor time (pytest's own limit is of the clock)."""

    def over(*_: object) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def fails(case: Case) -> bool:
    """Whether a case fails, by whatever a broken program raises, or by never ending."""
    try:
        with within(LONGEST):
            case()
    except TooLongError:
        return True
    except (AssertionError, ArithmeticError, AttributeError, LookupError, NameError):
        return True
    except (TypeError, ValueError, StopIteration, RecursionError, pytest.fail.Exception):
        return True
    return False
