"""Remembers what a function gave, by the very value that it was given.

One rule keeps it simple: values are never compared, so remembering costs the same for all of them;
the memory is small and is emptied when it is full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Once(Generic[K, T]):
    """A function of one value that is asked for the same value several times in a row."""

    MOST, LONGEST = 256, 512

    def __init__(self, make: Callable[[K], T]) -> None:
        self._make = make
        self._known: dict[int, tuple[K, T]] = {}

    def __call__(self, value: K) -> T:
        known = self._known.get(id(value))
        if known is not None and known[0] is value:
            return known[1]
        made = self._make(value)
        if not isinstance(value, Sequence) or len(value) <= self.LONGEST:
            if len(self._known) >= self.MOST:
                self._known.clear()
            self._known[id(value)] = (value, made)
        return made
