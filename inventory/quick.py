"""Makes frozen values by the million, at a sixth of what their own constructor costs.

One rule keeps it simple: only what is made dozens of times for every asset of a site is made this
way (rows to values, deriving, judging); everybody else calls the class. A frozen dataclass sets
each field through `object.__setattr__` (2 µs for a sample of eight); a twin that is not frozen,
with the same slots, is set directly (0.3 µs) and then takes the class of the frozen one, which
Python allows between classes of one layout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, TypeVar, cast

V = TypeVar("V")


def quick(kind: type[V]) -> Callable[..., V]:
    """A function that takes what the class takes, then what its constructor does not take, and
    gives what the class gives.

    The class has slots, no `__post_init__`, and defaults that are values.
    """
    names = tuple(one.name for one in fields(kind))  # type: ignore[arg-type]
    usual = {
        f"_usual_{one.name}": one.default
        for one in fields(kind)  # type: ignore[arg-type]
        if one.default is not MISSING
    }
    taken = (f"{name}=_usual_{name}" if f"_usual_{name}" in usual else name for name in names)
    lines = (
        f"def make({', '.join(taken)}):",
        "    _made = _new(_twin)",
        *(f"    _made.{name} = {name}" for name in names),
        "    _made.__class__ = _kind",
        "    return _made",
    )
    twin = type(kind.__name__, (), {"__slots__": names})
    known: dict[str, Any] = {"_new": object.__new__, "_twin": twin, "_kind": kind, **usual}
    exec("\n".join(lines), known)  # noqa: S102 - names of our own fields, as `dataclass` does it
    return cast("Callable[..., V]", known["make"])
