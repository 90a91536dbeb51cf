"""Makes frozen values by the million, at a third of what their own constructor costs.

One rule keeps it simple: only what is made dozens of times for every asset of a site is made this
way (rows to values, deriving, judging); everybody else calls the class. A frozen dataclass sets
each field through `object.__setattr__` (4.3 µs for a sample of eight); a twin that is not frozen,
with the same slots, sets them directly (0.6 µs) and then takes the class of the frozen one, which
Python allows between classes of one layout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, field, fields, make_dataclass
from typing import Any, TypeVar, cast

V = TypeVar("V")


def quick(kind: type[V]) -> Callable[..., V]:
    """A function that takes what the class takes, then what its constructor does not take, and
    gives what the class gives.

    The class has slots, no `__post_init__`, and defaults that are values.
    """
    listed = [
        (one.name, Any, field() if one.default is MISSING else field(default=one.default))
        for one in fields(kind)  # type: ignore[arg-type]
    ]

    def become(made: object) -> None:
        made.__class__ = kind

    twin = make_dataclass(kind.__name__, listed, slots=True, namespace={"__post_init__": become})
    return cast("Callable[..., V]", twin)
